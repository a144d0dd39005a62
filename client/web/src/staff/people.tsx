// The roster: who is on it, changing it from a CSV file, and what can be done for one person.
import { create } from "@bufbuild/protobuf";
import { useMemo, useState } from "preact/hooks";
import { PeopleImportSchema, PersonChangeSchema, PersonVerb, Role, type Person, type Secret } from "../../gen/examd_pb";
import type { Session } from "../session";
import { Button } from "../ui/button";
import { Confirm, Dialog } from "../ui/dialog";
import { Field, Select } from "../ui/field";
import { Table, type Column } from "../ui/table";
import { toast } from "../ui/toast";
import { commandId } from "../wire/link";
import { listPeople, useLoad, useTask } from "./ask";
import { FileTask } from "./diagnostics";
import { isTeacher } from "./sittings";
import { many, roleWord } from "./words";

const SHOWN_MOST = 200;

interface Verb {
  readonly verb: PersonVerb;
  readonly label: string;
  readonly done: string;
  readonly least: Role;
  readonly sure: string; // "": it is done at once
  fits(p: Person): boolean;
}

const always = () => true;
const VERBS: readonly Verb[] = [
  { verb: PersonVerb.PERSON_UNLOCK, label: "Unlock", done: "Failed log-ins are forgotten", least: Role.PROCTOR, sure: "", fits: always },
  { verb: PersonVerb.PERSON_RESET_PASSWORD, label: "New password", done: "", least: Role.INSTRUCTOR,
    sure: "The old password and every session end. The new one is shown once.", fits: always },
  { verb: PersonVerb.PERSON_REVOKE, label: "End sessions", done: "Sessions ended", least: Role.INSTRUCTOR,
    sure: "Every device logs in again. An exam under way can be gone on with.", fits: always },
  { verb: PersonVerb.PERSON_DISABLE, label: "Disable", done: "Disabled", least: Role.INSTRUCTOR,
    sure: "Nobody can log in with this account until it is enabled again.", fits: (p) => !p.disabled },
  { verb: PersonVerb.PERSON_ENABLE, label: "Enable", done: "Enabled", least: Role.INSTRUCTOR, sure: "", fits: (p) => p.disabled },
];

// One-time passwords: they are told once, so they stay until somebody says that they are noted.
function Secrets({ secrets, onDone }: { secrets: readonly Secret[]; onDone: () => void }) {
  return (
    <Dialog title={secrets.length === 1 ? "One-time password" : "One-time passwords"} onClose={() => undefined}>
      <p class="note warn">Shown only now. They are good for one log-in, and a new password is chosen there.</p>
      <div class="secrets" tabIndex={0} role="region" aria-label="Passwords"><table><tbody>
        {secrets.map((s) => <tr key={s.user}><th scope="row">{s.user}</th><td><code>{s.secret}</code></td></tr>)}
      </tbody></table></div>
      <div class="actions"><Button kind="primary" onClick={onDone}>They are noted</Button></div>
    </Dialog>
  );
}

function One({ session, person, onClose, onChanged, onSecret }:
  { session: Session; person: Person; onClose: () => void; onChanged: () => void; onSecret: (s: Secret) => void }) {
  const [sure, setSure] = useState<Verb | null>(null);
  const { busy, error, run } = useTask();
  const role = session.who.value?.role ?? 0;
  const may = VERBS.filter((v) => role >= v.least && person.role <= role && v.fits(person));
  const change = (v: Verb) => run(async () => {
    setSure(null);
    const reply = await session.link.command({ case: "personChange",
      value: create(PersonChangeSchema, { commandId: commandId(), user: person.user, verb: v.verb }) });
    if (reply.body.case === "secret" && reply.body.value.secret === "") // the first reply was lost, and is told once
      toast(`${v.done}, but the new password was lost on its way: ${person.name || person.user}. Reset it once more.`, true);
    else if (reply.body.case === "secret") onSecret(reply.body.value);
    else toast(`${v.done}: ${person.name || person.user}.`);
    onChanged();
    onClose();
  });
  if (sure !== null) return (
    <Confirm title={`${sure.label}: ${person.name || person.user}`} yes={sure.label} danger={sure.verb === PersonVerb.PERSON_DISABLE}
      busy={busy} onYes={() => change(sure)} onNo={() => setSure(null)}><p>{sure.sure}</p></Confirm>
  );
  return (
    <Dialog title={person.name || person.user} onClose={onClose}>
      <dl class="person-facts">
        <dt>Id</dt><dd>{person.user}</dd>
        <dt>Role</dt><dd>{roleWord(person.role)}{person.disabled && ", disabled"}</dd>
        {person.group !== "" && <><dt>Group</dt><dd>{person.group}</dd></>}
        {person.email !== "" && <><dt>E-mail</dt><dd>{person.email}</dd></>}
        {person.extraPercent > 0 && <><dt>Extra time</dt><dd>{person.extraPercent} %</dd></>}
      </dl>
      {error !== "" && <p class="error" role="alert">{error}</p>}
      <div class="actions start">
        {may.map((v) => <Button key={v.verb} busy={busy} kind={v.verb === PersonVerb.PERSON_DISABLE ? "danger" : "plain"}
          onClick={() => (v.sure === "" ? change(v) : setSure(v))}>{v.label}</Button>)}
        {may.length === 0 && <p class="hint">Nothing that you may do for this person.</p>}
      </div>
    </Dialog>
  );
}

function columns(onOne: (p: Person) => void): readonly Column<Person>[] {
  return [
    { name: "Name", cell: (p) => <><button type="button" class="link" onClick={() => onOne(p)}><b dir="auto">{p.name || p.user}</b></button><small>{p.user}</small></> },
    { name: "Role", cell: (p) => roleWord(p.role) },
    { name: "Group", cell: (p) => p.group },
    { name: "E-mail", cell: (p) => p.email },
    { name: "Extra time", number: true, cell: (p) => p.extraPercent > 0 ? `${p.extraPercent} %` : "" },
    { name: "Account", cell: (p) => p.disabled && <span class="badge warn">disabled</span> },
  ];
}

function useFound(all: readonly Person[], find: string, group: string): readonly Person[] {
  return useMemo(() => {
    const what = find.trim().toLocaleLowerCase();
    return all.filter((p) => (group === "" || p.group === group) &&
      [p.user, p.name, p.email, roleWord(p.role)].some((t) => t.toLocaleLowerCase().includes(what)));
  }, [all, find, group]);
}

const NOBODY: readonly Person[] = [];

export function People({ session }: { session: Session }) {
  const { link } = session, people = useLoad("people", () => listPeople(link));
  const [find, setFind] = useState("");
  const [group, setGroup] = useState("");
  const [imports, setImports] = useState(false);
  const [one, setOne] = useState<Person | null>(null);
  const [secrets, setSecrets] = useState<readonly Secret[]>([]);
  const all = people.value ?? NOBODY, found = useFound(all, find, group);
  const groups = [...new Set(all.map((p) => p.group))].filter((g) => g !== "").sort();
  return (
    <main id="main" class="page staff" tabIndex={-1}>
      <div class="row between">
        <h1>People</h1>
        {isTeacher(session) && <Button pressed={imports} onClick={() => setImports(!imports)}>Import a roster</Button>}
      </div>
      {imports && (
        <section class="card">
          <h2>Import a roster</h2>
          <FileTask link={link} label="Roster" accept=".csv,text/csv" take="Check and import"
            hint="CSV with the columns id and name; also email, group, role, extra time. Who is there already is updated, nobody is removed."
            body={(upload, file, checkOnly) => ({ case: "peopleImport", value: create(PeopleImportSchema, { commandId: commandId(), upload, file, checkOnly }) })}
            onDone={(of) => {
              if (of.secrets.length > 0) setSecrets(of.secrets);
              if (of.changed) people.again();
            }} />
        </section>
      )}
      {people.error !== "" && <p class="error" role="alert">{people.error}</p>}
      {people.value && (
        <section class="stack">
          <div class="row finders">
            <div class="grow"><Field label="Find" type="search" value={find} onValue={setFind} placeholder="Name, id, e-mail, role" /></div>
            <Select label="Group" value={group} onValue={setGroup} options={[["", "Everybody"], ...groups.map((g) => [g, g] as const)]} />
          </div>
          <Table caption="People" columns={columns(setOne)} rows={found.slice(0, SHOWN_MOST)} keyOf={(p) => p.user} empty="Nobody matches." />
          <p class="hint">{found.length > SHOWN_MOST ? `The first ${SHOWN_MOST} of ${many(found.length, "person", "people")}. Find the others by name.` : many(found.length, "person", "people")}</p>
        </section>
      )}
      {one !== null && <One session={session} person={one} onClose={() => setOne(null)} onChanged={people.again} onSecret={(s) => setSecrets([s])} />}
      {secrets.length > 0 && <Secrets secrets={secrets} onDone={() => setSecrets([])} />}
    </main>
  );
}
