// Practice: an exam to begin, whole or as a drill; attempts to go on with; those that are done, with their
// sections over time.
import { create } from "@bufbuild/protobuf";
import { useEffect, useState } from "preact/hooks";
import { ListAttemptsSchema, ListExamsSchema, PracticeResumeSchema, PracticeStartSchema, type AttemptInfo, type Exam,
} from "../../gen/examd_pb";
import { AttemptState } from "../../gen/examd_pb";
import { go, to, useRoute } from "../router";
import { Button } from "../ui/button";
import { Check, Field, Select } from "../ui/field";
import { Table } from "../ui/table";
import { day, percent, time } from "../ui/text";
import { sentence } from "../wire/errors";
import { commandId } from "../wire/link";
import { ResultCard, ReviewList, useResult } from "./after";
import { Bars, Line } from "./chart";
import type { Seat } from "./seat";

const LEVELS: readonly (readonly [string, string])[] =
  [["", "Any"], ["recall", "Recall"], ["application", "Application"], ["analysis", "Analysis"]];
const PAGES_MOST = 10;

const isOpen = (a: AttemptInfo) => a.state < AttemptState.SUBMITTED;
const scored = (a: AttemptInfo) => !isOpen(a) && a.resultReleased && a.score !== undefined;

function Begin({ seat, exam, onBegun }: { seat: Seat; exam: Exam; onBegun: () => void }) {
  const [drill, setDrill] = useState(false);
  const [tutor, setTutor] = useState(false);
  const [missed, setMissed] = useState(false);
  const [level, setLevel] = useState("");
  const [items, setItems] = useState("");
  const [minutes, setMinutes] = useState("");
  const [sections, setSections] = useState<readonly string[]>([]);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const start = () => {
    setBusy(true);
    setError("");
    const whole = { commandId: commandId(), exam: exam.name, tutor };
    const asked = drill ? { ...whole, sections: [...sections], level, items: Number(items) || 0, minutes: Number(minutes) || 0, missedOnly: missed } : whole;
    seat.leave();
    seat.session.link.command({ case: "practiceStart", value: create(PracticeStartSchema, asked) })
      .then(onBegun, (e: unknown) => setError(sentence(e))).finally(() => setBusy(false));
  };
  const flip = (name: string, on: boolean) => setSections(on ? [...sections, name] : sections.filter((s) => s !== name));
  return (
    <form class="stack" onSubmit={(e) => { e.preventDefault(); start(); }}>
      <div class="switch" role="group" aria-label="What to practise">
        <Button pressed={!drill} onClick={() => setDrill(false)}>The whole exam</Button>
        <Button pressed={drill} onClick={() => setDrill(true)}>A drill</Button>
      </div>
      {!drill && <p class="hint">{exam.items} questions in {exam.minutes} minutes.</p>}
      {drill && (
        <>
          <fieldset class="sections"><legend class="label">Sections <span class="hint">(none: all of them)</span></legend>
            {exam.sections.map((s) => (
              <Check key={s.name} label={s.title || s.name} hint={`${s.items} questions`} checked={sections.includes(s.name)}
                onChecked={(on) => flip(s.name, on)} />
            ))}
          </fieldset>
          <div class="fields">
            <Field label="Questions" type="number" min={1} max={500} value={items} onValue={setItems} hint="Empty: as the exam has them" />
            <Field label="Minutes" type="number" min={1} max={1440} value={minutes} onValue={setMinutes} hint="Empty: the exam's pace" />
            <Select label="Level" value={level} onValue={setLevel} options={LEVELS} />
          </div>
          <Check label="Only what I missed before" checked={missed} onChecked={setMissed} />
        </>
      )}
      <Check label="Tutor mode" hint="Answer and rationale can be seen after each question." checked={tutor} onChecked={setTutor} />
      {error !== "" && <p class="error" role="alert">{error}</p>}
      <div class="actions"><Button kind="primary" type="submit" busy={busy}>Begin</Button></div>
    </form>
  );
}

function Exams({ seat, exams, onBegun }: { seat: Seat; exams: readonly Exam[]; onBegun: () => void }) {
  const [name, setName] = useState(exams[0]?.name ?? "");
  const exam = exams.find((e) => e.name === name) ?? exams[0];
  if (exam === undefined) return <p class="hint">There is no exam to practise yet.</p>;
  return (
    <>
      <Select label="Exam" value={exam.name} onValue={setName} options={exams.map((e) => [e.name, e.title || e.name] as const)} />
      <Begin key={exam.name} seat={seat} exam={exam} onBegun={onBegun} />
    </>
  );
}

function GoOn({ seat, attempts }: { seat: Seat; attempts: readonly AttemptInfo[] }) {
  const [busy, setBusy] = useState(0n);
  const [error, setError] = useState("");
  const resume = (a: AttemptInfo) => {
    setBusy(a.attempt);
    setError("");
    seat.leave();
    if (!a.practice) {
      seat.take(a.sitting);
      return;
    }
    seat.session.link.command({ case: "practiceResume", value: create(PracticeResumeSchema, { commandId: commandId(), attempt: a.attempt }) })
      .catch((e: unknown) => setError(sentence(e))).finally(() => setBusy(0n));
  };
  return (
    <section class="card">
      <h2>Go on with</h2>
      {error !== "" && <p class="error" role="alert">{error}</p>}
      <ul class="plain-list">
        {attempts.map((a) => (
          <li key={String(a.attempt)} class="row between">
            <span><strong>{a.exam}</strong><small>{a.practice ? "practice" : "sitting"}, {a.answered} of {a.items} answered,
              {" "}{time(Number(a.usedMs))} used</small></span>
            <Button busy={busy === a.attempt} onClick={() => resume(a)}>Go on</Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function History({ attempts }: { attempts: readonly AttemptInfo[] }) {
  const shown = attempts.filter(scored);
  const sections = new Map<string, { title: string; points: number; most: number }>();
  for (const a of shown) for (const s of a.sections) {
    const sum = sections.get(s.section) ?? { title: s.title || s.section, points: 0, most: 0 };
    sections.set(s.section, { title: sum.title, points: sum.points + s.points, most: sum.most + s.pointsMost });
  }
  return (
    <section class="card">
      <h2>Done</h2>
      {shown.length > 1 && <Line title="Points over time" values={shown.map((a) => percent(a.score?.points ?? 0, a.score?.pointsMost ?? 0)).reverse()} />}
      {sections.size > 0 && <Bars title="All of it by section" rows={[...sections.values()].filter((s) => s.most > 0)
        .map((s) => ({ name: s.title, value: percent(s.points, s.most), text: `${s.points / 100}/${s.most / 100}` }))} />}
      <Table caption="Attempts that are done" rows={attempts} keyOf={(a) => String(a.attempt)} columns={[
        { name: "Exam", cell: (a) => <a href={to("attempt", a.attempt)}>{a.exam}</a> },
        { name: "Closed", cell: (a) => day(a.closedWallMs) },
        { name: "Answered", number: true, cell: (a) => `${a.answered}/${a.items}` },
        { name: "Time", number: true, cell: (a) => time(Number(a.usedMs)) },
        { name: "Result", number: true, cell: (a) => (scored(a) ? `${percent(a.score?.points ?? 0, a.score?.pointsMost ?? 0)} %` : "not released") },
      ]} />
    </section>
  );
}

function One({ seat, attempt }: { seat: Seat; attempt: bigint }) {
  const { result, error } = useResult(seat, attempt, undefined);
  return (
    <>
      <div class="row"><Button onClick={() => go()}><span aria-hidden="true">{"\u2039"}</span>Practice</Button></div>
      {result !== null && <h1>{result.examTitle}</h1>}
      {error !== "" && <p class="hint" role="status">{error}</p>}
      {result !== null && <ResultCard result={result} practice />}
      <ReviewList seat={seat} attempt={attempt} />
    </>
  );
}

export function Practice({ seat }: { seat: Seat }) {
  const [exams, setExams] = useState<readonly Exam[] | null>(null);
  const [attempts, setAttempts] = useState<readonly AttemptInfo[]>([]);
  const [error, setError] = useState("");
  const [page, id] = useRoute();
  useEffect(() => {
    let over = false;
    const link = seat.session.link;
    void (async () => {
      try {
        const reply = await link.command({ case: "listExams", value: create(ListExamsSchema) });
        if (!over && reply.body.case === "exams") setExams(reply.body.value.exams);
        const all: AttemptInfo[] = [];
        for (let pages = 0; pages < PAGES_MOST; pages++) {
          const more = await link.command({ case: "listAttempts",
            value: create(ListAttemptsSchema, { beforeAttempt: all.at(-1)?.attempt ?? 0n }) });
          if (over || more.body.case !== "attempts") return;
          all.push(...more.body.value.attempts);
          setAttempts([...all]);
          if (!more.body.value.more) break;
        }
      } catch (e) {
        if (!over) setError(sentence(e));
      }
    })();
    return () => { over = true; };
  }, [seat]);
  if (page === "attempt" && id !== undefined && /^\d+$/.test(id)) return <One seat={seat} attempt={BigInt(id)} />;
  const open = attempts.filter(isOpen), done = attempts.filter((a) => !isOpen(a));
  return (
    <>
      <h1>Practice</h1>
      {error !== "" && <p class="error" role="alert">{error}</p>}
      {open.length > 0 && <GoOn seat={seat} attempts={open} />}
      <section class="card">
        <h2>Begin</h2>
        {exams === null ? <p class="waiting" role="status">Loading</p> : <Exams seat={seat} exams={exams} onBegun={() => go()} />}
      </section>
      {done.length > 0 && <History attempts={done} />}
    </>
  );
}
