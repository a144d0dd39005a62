// The console of a sitting as a page: who needs somebody on top, then the grid, and what can be done
// always at the same place below.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { RoomVerb, SittingState, type Sitting } from "../../gen/examd_pb";
import { Cell, useCell } from "../cell";
import { to } from "../router";
import type { Session } from "../session";
import { Button } from "../ui/button";
import { toast } from "../ui/toast";
import { time } from "../ui/text";
import { bellOn, setBell } from "./bell";
import { allowed, commands, draftFor, draftForRoom, offeredToRoom, type Command, type Draft } from "./commands";
import { Errands } from "./errands";
import { Need, NEED_ADVICE, NEED_WORDS, leftMs, lineWord, nameOf, needOf, type Room, type Seen } from "./room";
import { AskDialog, ChangedDialog, KeysDialog } from "./room_dialogs";
import { Grid, type Selection } from "./room_grid";
import { Tick } from "./tick";
import { useRoomChanges, useWatch, type Watched } from "./watch";
import { focusWords, many, roundTrip, sittingTone, sittingWord, stateWord, stopWords } from "./words";

const SHOWN_EACH = 4; // of those with the same need
const EXPECTED: ReadonlySet<Need> = new Set([Need.LET_IN, Need.TIME]); // of everybody at some time: many are told as a number
const MOVED_MS = 400;

const ORDER_OF_NEEDS = [Need.SEAT, Need.LOST, Need.SILENT, Need.OFF_PAGE, Need.TIME, Need.LET_IN, Need.KEPT] as const;
// What can be done about a need right there.
const REMEDIES: Partial<Record<Need, readonly RoomVerb[]>> = {
  [Need.SEAT]: [RoomVerb.ROOM_RELEASE_SEAT, RoomVerb.ROOM_REFUSE_SEAT],
  [Need.LOST]: [RoomVerb.ROOM_PAUSE],
  [Need.OFF_PAGE]: [RoomVerb.ROOM_MESSAGE],
  [Need.LET_IN]: [RoomVerb.ROOM_ADMIT],
};

const commandOf = (verb: RoomVerb) => commands.find((c) => c.verb === verb);

interface Doing {
  begin(draft: Draft | null, command: Command): void;
}

// ---- On top: who needs somebody -----------------------------------------------------------------------

function OneNeed({ seen, need, room, doing, steady }: { seen: Seen; need: Need; room: Room; doing: Doing; steady: () => boolean }) {
  const { row } = seen;
  return (
    <li class="need-one">
      <span class="grow"><b dir="auto">{nameOf(row)}</b> <small>{row.user}</small>
        {need === Need.TIME && <small class="told"><Tick text={(now) => `${time(leftMs(seen, now))} left`} /></small>}
        {need === Need.OFF_PAGE && <small class="told">{focusWords(row)}</small>}
        {need === Need.SILENT && <small class="told">{row.connected ? "connected" : "not connected"}</small>}
        {need === Need.KEPT && <small class="told">{many(row.kept, "answer")}</small>}
      </span>
      {(REMEDIES[need] ?? []).map((verb) => {
        const command = commandOf(verb);
        return command && (
          <Button key={verb} kind={verb === RoomVerb.ROOM_RELEASE_SEAT ? "primary" : "plain"}
            aria-label={`${command.label}: ${nameOf(row)}`}
            onClick={(e: MouseEvent) => {
              if (e.detail > 0 && !steady()) toast("The list has just moved. Press again.");
              else doing.begin(draftFor(command, room, [row.user]), command);
            }}>{command.label}</Button>
        );
      })}
    </li>
  );
}

function NeedGroup({ need, users, room, doing, steady, onShow }:
  { need: Need; users: readonly string[]; room: Room; doing: Doing; steady: () => boolean; onShow: (find: string) => void }) {
  const shown = EXPECTED.has(need) && users.length > SHOWN_EACH ? [] : users.slice(0, SHOWN_EACH);
  const admit = need === Need.LET_IN && users.length > 1 ? commandOf(RoomVerb.ROOM_ADMIT) : undefined;
  return (
    <section class={`need ${need >= Need.SILENT ? "bad" : "warn"}`}>
      <header>
        <h2>{NEED_WORDS[need]} <span class="count">{users.length}</span></h2>
        <small class="grow">{NEED_ADVICE[need]}</small>
        {shown.length === 0 && <Button kind="quiet" onClick={() => onShow(NEED_WORDS[need])}>Show them</Button>}
        {admit && <Button kind="primary" onClick={() => doing.begin(draftFor(admit, room, users), admit)}>{`Admit all ${users.length}`}</Button>}
      </header>
      <ul>
        {shown.map((user) => {
          const cell = room.cell(user);
          return cell && <OneNeedOf key={user} cell={cell} need={need} room={room} doing={doing} steady={steady} />;
        })}
      </ul>
      {shown.length > 0 && users.length > SHOWN_EACH && (
        <Button kind="quiet" onClick={() => onShow(NEED_WORDS[need])}>{`Show all ${users.length} in the grid`}</Button>
      )}
    </section>
  );
}

function OneNeedOf({ cell, ...rest }: { cell: Cell<Seen>; need: Need; room: Room; doing: Doing; steady: () => boolean }) {
  return <OneNeed seen={useCell(cell)} {...rest} />;
}

function Needs({ watched, doing, onShow }: { watched: Watched; doing: Doing; onShow: (find: string) => void }) {
  const found = useCell(watched.needs), moved = useRef(0);
  useEffect(() => void (moved.current = performance.now()), [found]);
  const steady = () => performance.now() - moved.current > MOVED_MS;
  const groups = ORDER_OF_NEEDS.filter((need) => found.has(need));
  if (groups.length === 0) return null;
  return (
    <section class="needs" aria-label="Who needs you">
      {groups.map((need) => <NeedGroup key={need} need={need} users={found.get(need) ?? []} room={watched.room} doing={doing} steady={steady} onShow={onShow} />)}
    </section>
  );
}

// ---- Head ---------------------------------------------------------------------------------------------

function Counts({ s, needing }: { s: Sitting; needing: number }) {
  const all: readonly (readonly [number, string])[] = [[s.candidates, "on the list"], [s.checkedIn, "here"], [s.ready, "ready"],
    [s.running, "running"], [s.closed, "closed"]];
  return (
    <dl class="counts">
      {all.map(([n, what]) => <div key={what}><dd>{n}</dd><dt>{what}</dt></div>)}
      <div class={needing > 0 ? "needing" : ""}><dd>{needing}</dd><dt>{needing === 1 ? "needs you" : "need you"}</dt></div>
    </dl>
  );
}

function needingOf(found: ReadonlyMap<Need, readonly string[]>): number {
  let n = 0;
  for (const users of found.values()) n += users.length;
  return n;
}

function Head({ watched, onKeys, onEvents, events }: { watched: Watched; onKeys: () => void; onEvents: () => void; events: boolean }) {
  const s = useCell(watched.room.sitting), found = useCell(watched.needs), bell = useCell(bellOn);
  const needing = needingOf(found), title = s?.title ?? "";
  useEffect(() => {
    document.title = (needing > 0 ? `(${needing}) ` : "") + title;
  }, [needing, title]);
  useEffect(() => () => void (document.title = "examd"), []);
  if (s === null) return <h1>Sitting</h1>;
  return (
    <header class="room-head">
      <div class="row between">
        <div>
          <h1 dir="auto">{s.title}</h1>
          <p class="hint">{s.exam} <span class={`badge ${sittingTone(s)}`}>{sittingWord(s)}</span></p>
        </div>
        <div class="row">
          <Button pressed={bell} onClick={() => setBell(!bell)}>{bell ? "Bell on" : "Bell off"}</Button>
          <Button pressed={events} onClick={onEvents}>Incidents</Button>
          <Button kind="quiet" onClick={onKeys}>Keys</Button>
        </div>
      </div>
      <Counts s={s} needing={needing} />
      {s.paused && <p class="note warn">The room is paused. The clocks stand, and nobody sees an item.</p>}
    </header>
  );
}

function Events({ room }: { room: Room }) {
  const events = useCell(room.events);
  return (
    <section class="card events" aria-label="Incidents">
      <h2>Since this page was opened</h2>
      {events.length === 0 ? <p class="hint">Nothing has happened yet.</p> : (
        <ol tabIndex={0}>{events.map((e) => (
          <li key={e.key} class={e.tone}><time>{e.at.toLocaleTimeString()}</time> <span><b dir="auto">{e.who}</b> <span dir="auto">{e.what}</span></span></li>
        ))}</ol>
      )}
    </section>
  );
}

// ---- Below: what can be done ----------------------------------------------------------------------------

function One({ seen }: { seen: Seen }) {
  const { row } = seen, need = needOf(seen, performance.now()), stops = stopWords(row);
  const line = row.connected ? `connected${row.address ? ` from ${row.address}` : ""}${row.roundTripMs ? `, ${roundTrip(row.roundTripMs)}` : ""}` : lineWord(row);
  const told = [stateWord(row), stops, line, row.attempt !== 0n && `attempt ${row.attempt}`, row.seat > 0 && `seat ${row.seat}`,
    row.kept > 0 && `${many(row.kept, "answer")} kept`, focusWords(row), NEED_ADVICE[need]];
  return <p class="hint one">{[...new Set(told.filter((t) => t))].join(" \u00b7 ")}</p>;
}

// They stand on top of the page, which may be far away.
const toNeeds = () => scrollTo({ top: 0, behavior: "smooth" });

function Bar({ watched, session, selection, errands, doing }:
  { watched: Watched; session: Session; selection: Selection; errands: Errands; doing: Doing }) {
  const { room } = watched;
  useRoomChanges(room);
  const needing = needingOf(useCell(watched.needs));
  const chosen = [...useCell(selection)], s = useCell(room.sitting), open = useCell(errands.open), link = useCell(session.link.state);
  const role = session.who.value?.role ?? 0;
  if (s === null) return null;
  const may = commands.filter((c) => allowed(c, role));
  const rows = chosen.map((u) => room.seen(u)).filter((x): x is Seen => x !== undefined);
  const only = rows.length === 1 ? rows[0] : undefined;
  const offered: { command: Command; draft: () => Draft | null }[] = chosen.length > 0
    ? may.filter((c) => rows.some((x) => c.fits(x.row)) && !(c.single && rows.length > 1))
      .map((command) => ({ command, draft: () => draftFor(command, room, chosen) }))
    : may.filter((c) => offeredToRoom(c, s)).map((command) => ({ command, draft: () => draftForRoom(command, room) }));
  const main = chosen.length > 0 ? undefined : s.state === SittingState.SITTING_CREATED ? RoomVerb.ROOM_OPEN
    : s.paused ? RoomVerb.ROOM_RESUME : s.state === SittingState.SITTING_OPEN ? RoomVerb.ROOM_START : undefined;
  return (
    <div class="room-bar" role="toolbar" aria-label="Commands">
      <div class="room-bar-inside">
        <div class="for">
          <p><b dir="auto">{only ? nameOf(only.row) : chosen.length > 0 ? `${chosen.length} selected` : "The whole room"}</b>
            {needing > 0 && <button type="button" class="badge warn to-needs" onClick={toNeeds}>{needing === 1 ? "1 needs you" : `${needing} need you`}</button>}
            {open > 0 && <span class="badge warn">{open} sent, no answer yet</span>}</p>
          {only && <One seen={only} />}
        </div>
        <div class="row">
          {offered.map(({ command, draft }) => (
            <Button key={command.verb} kind={command.danger ? "danger" : command.verb === main ? "primary" : "plain"} disabled={link !== "up"}
              onClick={() => doing.begin(draft(), command)}>{command.label}</Button>
          ))}
          {offered.length === 0 && <span class="hint">{chosen.length > 0 ? "Nothing can be done for them now." : "The room is closed."}</span>}
          {chosen.length > 0 && <Button kind="quiet" onClick={() => selection.set(new Set())}>Deselect</Button>}
        </div>
      </div>
    </div>
  );
}

// ---- The page -------------------------------------------------------------------------------------------

export function RoomPage({ session, sitting }: { session: Session; sitting: bigint }) {
  const watched = useWatch(session.link, sitting), { room } = watched;
  const errands = useMemo(() => new Errands(session.link, room), [session, room]);
  const selection = useMemo<Selection>(() => new Cell<ReadonlySet<string>>(new Set()), [room]);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [shows, setShows] = useState<"" | "keys">("");
  const [events, setEvents] = useState(false);
  const [find, setFind] = useState("");
  const finder = useRef<HTMLInputElement | null>(null);
  const changed = useCell(errands.changed)[0], error = useCell(watched.error);
  const doing: Doing = {
    begin: (next, command) => {
      if (next === null) toast(`${command.label} does not fit now.`);
      else if (next.asks.length > 0) setDraft(next);
      else errands.send(next);
    },
  };
  const role = session.who.value?.role ?? 0;
  const onKey = (key: string, user: string): boolean => {
    if (key === "/") finder.current?.focus();
    else if (key === "?") setShows("keys");
    else if (key === "Escape") selection.set(new Set());
    else return onCommandKey(key, user);
    return true;
  };
  const onCommandKey = (key: string, user: string): boolean => {
    const command = commands.find((c) => c.key !== "" && c.key === key.toLowerCase() && allowed(c, role));
    const s = room.sitting.value, forRoom = key !== key.toLowerCase();
    if (command === undefined || s === null || session.link.state.value !== "up" || (forRoom && !offeredToRoom(command, s))) return false;
    const chosen = selection.value.size > 0 ? [...selection.value] : [user];
    doing.begin(forRoom ? draftForRoom(command, room) : draftFor(command, room, chosen), command);
    return true;
  };
  const onShow = (what: string) => {
    setFind(what);
    finder.current?.scrollIntoView({ block: "start" });
  };
  return (
    <>
      <main id="main" class="page staff room-page" tabIndex={-1}>
        <p class="crumbs"><a href={to("sittings")}>Sittings</a> / <a href={to("sittings", sitting)}>{String(sitting)}</a></p>
        {error !== "" && <p class="note bad" role="alert">{error}</p>}
        <Head watched={watched} onKeys={() => setShows("keys")} events={events} onEvents={() => setEvents(!events)} />
        <Needs watched={watched} doing={doing} onShow={onShow} />
        {events && <Events room={room} />}
        <Grid room={room} selection={selection} find={find} onFind={setFind} onKey={onKey} findRef={finder} />
        <Bar watched={watched} session={session} selection={selection} errands={errands} doing={doing} />
      </main>
      {draft !== null && <AskDialog draft={draft} onDrop={() => setDraft(null)} onSend={(d) => { if (errands.send(d)) setDraft(null); }} />}
      {draft === null && changed !== undefined && (
        <ChangedDialog changed={changed} room={room} onDrop={() => errands.drop(changed)} onForce={() => errands.force(changed)} />
      )}
      {shows === "keys" && <KeysDialog onClose={() => setShows("")} />}
    </>
  );
}
