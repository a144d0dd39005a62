// Sittings: the list, a new one, and the page of one with the ways to its room, slips and results.
import { create } from "@bufbuild/protobuf";
import { useEffect, useState } from "preact/hooks";
import { ResultsReleaseSchema, Role, RoomCommandSchema, RoomVerb, SittingCreateSchema, SittingState,
  type Exam, type Person, type Sitting } from "../../gen/examd_pb";
import { go, to } from "../router";
import type { Session } from "../session";
import { Button } from "../ui/button";
import { Confirm } from "../ui/dialog";
import { Check, Field, Select } from "../ui/field";
import { Table, type Column } from "../ui/table";
import { toast } from "../ui/toast";
import { commandId } from "../wire/link";
import { ask, listExams, listPeople, listSittings, useLoad, useTask } from "./ask";
import { everySecond } from "./tick";
import { many, sittingTone, sittingWord } from "./words";

const LOOK_S = 5;

export const isTeacher = (session: Session): boolean => (session.who.value?.role ?? 0) >= Role.INSTRUCTOR;

const COLUMNS: readonly Column<Sitting>[] = [
  { name: "Sitting", cell: (s) => <><a href={to("sittings", s.sitting)} dir="auto"><b>{s.title}</b></a><small>{s.exam}</small></> },
  { name: "State", cell: (s) => <span class={`badge ${sittingTone(s)}`}>{sittingWord(s)}</span> },
  { name: "Candidates", number: true, cell: (s) => s.candidates },
  { name: "Here", number: true, cell: (s) => s.checkedIn },
  { name: "Ready", number: true, cell: (s) => s.ready },
  { name: "Running", number: true, cell: (s) => s.running },
  { name: "Closed", number: true, cell: (s) => s.closed },
  { name: "Room", number: true, cell: (s) => <a class="button" href={to("sittings", s.sitting, "room")} aria-label={`Enter the room of ${s.title}`}>Enter</a> },
];

// Looks again every few seconds: a list of sittings is not watched.
function useSittings(session: Session) {
  const loaded = useLoad("sittings", () => listSittings(session.link));
  useEffect(() => {
    let n = 0;
    return everySecond(() => {
      if (++n % LOOK_S === 0 && document.visibilityState === "visible" && session.link.state.value === "up") loaded.again();
    });
  }, []);
  return loaded;
}

export function Sittings({ session }: { session: Session }) {
  const sittings = useSittings(session);
  return (
    <main id="main" class="page staff" tabIndex={-1}>
      <div class="row between">
        <h1>Sittings</h1>
        {isTeacher(session) && <a class="button primary" href={to("sittings", "new")}>New sitting</a>}
      </div>
      {sittings.error !== "" && <p class="error" role="alert">{sittings.error}</p>}
      {sittings.value && <Table caption="Sittings" columns={COLUMNS} rows={sittings.value} keyOf={(s) => String(s.sitting)}
        empty="No sitting has been created yet." />}
    </main>
  );
}

// ---- A new one -------------------------------------------------------------------------------------

function groupsOf(people: readonly Person[]): [string, string][] {
  const counts = new Map<string, number>();
  for (const p of people)
    if (p.group !== "" && p.role === Role.CANDIDATE && !p.disabled) counts.set(p.group, (counts.get(p.group) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([group, n]) => [group, `${group} (${many(n, "candidate")})`]);
}

// Of an <input type="datetime-local">, in the time of this device; 0: none.
const wall = (text: string): bigint => text === "" ? 0n : BigInt(new Date(text).getTime());

function NewForm({ session, exams, people }: { session: Session; exams: readonly Exam[]; people: readonly Person[] }) {
  const groups = groupsOf(people);
  const [exam, setExam] = useState(exams[0]?.name ?? "");
  const [title, setTitle] = useState("");
  const [group, setGroup] = useState(groups[0]?.[0] ?? "");
  const [users, setUsers] = useState("");
  const [opens, setOpens] = useState("");
  const [closes, setCloses] = useState("");
  const [ends, setEnds] = useState("");
  const { busy, error, run, fail } = useTask();
  const submit = () => {
    const named = users.split(/[\s,;]+/).filter((u) => u !== "");
    if (title.trim() === "") return fail("It needs a title.");
    if (group === "" && named.length === 0) return fail("For whom? Choose a group, or name candidates.");
    if (opens !== "" && closes !== "" && wall(opens) >= wall(closes)) return fail("It closes before it opens.");
    run(async () => {
      const made = await ask(session.link, { case: "sittingCreate", value: create(SittingCreateSchema, { commandId: commandId(), exam,
        title: title.trim(), group, users: named, opensWallMs: wall(opens), closesWallMs: wall(closes), roomEndsWallMs: wall(ends) }) }, "sittings");
      const sitting = made.sittings[0];
      go("sittings", ...(sitting ? [sitting.sitting] : []));
    });
  };
  return (
    <form class="card" onSubmit={(e) => { e.preventDefault(); submit(); }}>
      <div class="fields">
        <Select label="Exam" value={exam} onValue={setExam} options={exams.map((e) => [e.name, `${e.title || e.name}: ${many(e.items, "item")}, ${e.minutes} min`])} />
        <Field label="Title" value={title} onValue={setTitle} maxLength={200} autocomplete="off" placeholder="Mock exam, Tuesday" />
        <Select label="Group" value={group} onValue={setGroup} options={[["", "No group"], ...groups]} />
        <Field label="Also these candidates" value={users} onValue={setUsers} autocomplete="off" autocapitalize="none" spellcheck={false}
          hint="Their ids, with spaces or commas between." />
      </div>
      <fieldset class="stack">
        <legend><h2>Times, if there are any</h2></legend>
        <div class="fields">
          <Field label="Candidates may start from" type="datetime-local" value={opens} onValue={setOpens} />
          <Field label="until" type="datetime-local" value={closes} onValue={setCloses} />
          <Field label="The room ends at" type="datetime-local" value={ends} onValue={setEnds} hint="Who starts late has less time." />
        </div>
      </fieldset>
      {error !== "" && <p class="error" role="alert">{error}</p>}
      <div class="actions">
        <a class="button" href={to("sittings")}>Cancel</a>
        <Button kind="primary" type="submit" busy={busy} disabled={exams.length === 0}>Create</Button>
      </div>
    </form>
  );
}

export function NewSitting({ session }: { session: Session }) {
  const { link } = session;
  const loaded = useLoad("new", async () => ({ exams: await listExams(link), people: await listPeople(link) }));
  return (
    <main id="main" class="page staff" tabIndex={-1}>
      <p class="crumbs"><a href={to("sittings")}>Sittings</a></p>
      <h1>New sitting</h1>
      {loaded.error !== "" && <p class="error" role="alert">{loaded.error}</p>}
      {loaded.value?.exams.length === 0 && <p class="note warn">No exam is loaded. <a href={to("exams")}>Load one</a> first.</p>}
      {loaded.value && <NewForm session={session} {...loaded.value} />}
    </main>
  );
}

// ---- One -------------------------------------------------------------------------------------------

function Release({ session, s, onDone }: { session: Session; s: Sitting; onDone: () => void }) {
  const [result, setResult] = useState(true);
  const [review, setReview] = useState(s.reviewReleased);
  const [asks, setAsks] = useState(false);
  const { busy, error, run } = useTask();
  if (s.resultReleased && s.reviewReleased) return <p class="note good">Results and rationales are released to the candidates.</p>;
  const release = () => run(async () => {
    setAsks(false);
    await session.link.command({ case: "resultsRelease", value: create(ResultsReleaseSchema, { commandId: commandId(), sitting: s.sitting, result, review }) });
    toast("Released.");
    onDone();
  });
  return (
    <section class="card">
      <h2>Release to the candidates</h2>
      {s.resultReleased ? <p class="note good">Results are released.</p>
        : <Check label="Results" hint="Score and sections." checked={result} onChecked={setResult} />}
      {!s.reviewReleased && <Check label="Review" hint="Every item with its key and rationale: the form is spent." checked={review} onChecked={setReview} />}
      {error !== "" && <p class="error" role="alert">{error}</p>}
      <div class="actions start"><Button disabled={!(result && !s.resultReleased) && !review} busy={busy} onClick={() => setAsks(true)}>Release</Button></div>
      {asks && (
        <Confirm title={review ? "Release keys and rationales, too?" : "Release the results?"} yes="Release" onYes={release} onNo={() => setAsks(false)}>
          <p>{many(s.candidates, "candidate")} of {s.title} will see {review ? "their results and every item with its key" : "their results"}. This cannot be taken back.</p>
        </Confirm>
      )}
    </section>
  );
}

export function SittingPage({ session, sitting }: { session: Session; sitting: bigint }) {
  const sittings = useSittings(session), { busy, error, run } = useTask();
  const s = sittings.value?.find((x) => x.sitting === sitting);
  const open = (it: Sitting) => run(async () => {
    await session.link.command({ case: "roomCommand",
      value: create(RoomCommandSchema, { commandId: commandId(), sitting, verb: RoomVerb.ROOM_OPEN, version: it.version }) });
    toast("Opened: candidates can check in.");
    sittings.again();
  });
  return (
    <main id="main" class="page staff" tabIndex={-1}>
      <p class="crumbs"><a href={to("sittings")}>Sittings</a></p>
      {(sittings.error || error) !== "" && <p class="error" role="alert">{error || sittings.error}</p>}
      {sittings.value && !s && <h1>There is no sitting {String(sitting)}</h1>}
      {s && (
        <>
          <div>
            <h1 dir="auto">{s.title}</h1>
            <p class="hint">{s.exam} <span class={`badge ${sittingTone(s)}`}>{sittingWord(s)}</span></p>
          </div>
          <p>{many(s.candidates, "candidate")} on the list: {s.checkedIn} here, {s.ready} ready, {s.running} running, {s.closed} closed.</p>
          <nav class="ways" aria-label="This sitting">
            {s.state === SittingState.SITTING_CREATED && <Button busy={busy} onClick={() => open(s)}>Open check-in</Button>}
            <a class={`button ${s.state === SittingState.SITTING_CLOSED ? "" : "primary"}`} href={to("sittings", sitting, "room")}>{s.state === SittingState.SITTING_CLOSED ? "See the room" : "Run the room"}</a>
            {s.state !== SittingState.SITTING_CLOSED && <a class="button" href={to("sittings", sitting, "slips")}>Slips to print</a>}
            {isTeacher(session) && <a class="button" href={to("sittings", sitting, "results")}>Results</a>}
          </nav>
          {isTeacher(session) && s.closed > 0 && <Release session={session} s={s} onDone={sittings.again} />}
        </>
      )}
    </main>
  );
}
