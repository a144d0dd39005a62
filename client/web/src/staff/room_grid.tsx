// The grid of a room: a row for each candidate, which renders alone when it changes.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { AttemptState } from "../../gen/examd_pb";
import { Cell, useCell } from "../cell";
import { Field, Select } from "../ui/field";
import { points, time } from "../ui/text";
import { Need, NEED_WORDS, arrange, isOpen, leftMs, lineWord, nameOf, needOf, savedAge, type Order, type Room, type Seen } from "./room";
import { Tick, everySecond } from "./tick";
import { age, focusWords, many, roundTrip, stateWord } from "./words";

export type Selection = Cell<ReadonlySet<string>>;

const ORDERS: readonly (readonly [Order, string])[] = [["user", "Id"], ["name", "Name"], ["state", "State"],
  ["answered", "Fewest answers"], ["left", "Least time left"], ["saved", "Longest unsaved"]];

export function toggle(selection: Selection, user: string): void {
  const next = new Set(selection.value);
  if (!next.delete(user)) next.add(user);
  selection.set(next);
}

function useSelected(selection: Selection, user: string): boolean {
  const [is, set] = useState(selection.value.has(user));
  useEffect(() => {
    set(selection.value.has(user));
    return selection.watch((all) => set(all.has(user)));
  }, [selection, user]);
  return is;
}

function stateTone(seen: Seen): string {
  if (seen.row.state !== AttemptState.RUNNING) return seen.row.state === AttemptState.VOIDED ? "bad" : "";
  return seen.row.stopped === 0 ? "good" : "warn";
}

function Line({ seen }: { seen: Seen }) {
  const { row } = seen, word = lineWord(row);
  if (word === "lost") return <span class="badge bad">Lost</span>;
  return <>{word === "here" && row.roundTripMs > 0 ? roundTrip(row.roundTripMs) : word}</>;
}

function NeedBadge({ seen }: { seen: Seen }) {
  // What only time brings is seen by the next notice of this row, or by the list above at once.
  const need = needOf(seen, performance.now());
  if (need === Need.NOTHING || need === Need.LOST || need === Need.LET_IN) return null; // another cell tells of these
  return <span class={`badge ${need >= Need.SILENT ? "bad" : "warn"}`}>{NEED_WORDS[need]}</span>;
}

// How often the page of the exam was left; the words are for who points at it, or listens.
function FocusMark({ seen }: { seen: Seen }) {
  const { focusLost } = seen.row, words = focusWords(seen.row);
  if (focusLost === 0) return null;
  return <> <small class="focus-mark" title={words}><span aria-hidden="true">{"\u2197"}{focusLost}</span><span class="hidden">{words}</span></small></>;
}

function Progress({ seen }: { seen: Seen }) {
  const { row } = seen;
  if (row.attempt === 0n || row.items === 0) return null;
  return (
    <span class="progressing">
      <span>{row.answered}<small>/{row.items}</small></span>
      <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="whole" width="100" height="6" /><rect class="part" width={(100 * row.answered) / row.items} height="6" />
      </svg>
    </span>
  );
}

interface RowProps {
  readonly user: string;
  readonly room: Room;
  readonly selection: Selection;
  readonly under: Cell<string>;
}

function Row({ user, room, selection, under }: RowProps) {
  const cell = useMemo(() => room.cell(user), [room, user]);
  if (cell === undefined) return null;
  return <ToldRow user={user} cell={cell} selection={selection} under={under} />;
}

function ToldRow({ user, cell, selection, under }: Omit<RowProps, "room"> & { cell: Cell<Seen> }) {
  const seen = useCell(cell), selected = useSelected(selection, user), { row } = seen;
  const tr = useRef<HTMLTableRowElement>(null);
  useLayoutEffect(() => { // one row of the grid can be come to by Tab: the one that was last
    const mark = (now: string) => tr.current?.setAttribute("tabindex", now === user ? "0" : "-1");
    mark(under.value);
    return under.watch(mark);
  }, [under, user]);
  const open = isOpen(row);
  return (
    <tr ref={tr} data-user={user} aria-selected={selected} onFocus={() => under.set(user)}
      class={`${open ? "" : "gone"} ${row.takeoverAsked ? "urgent" : ""}`}
      onClick={(e) => { if (!(e.target instanceof HTMLInputElement)) toggle(selection, user); }}>
      <td class="pick">
        <input type="checkbox" checked={selected} tabIndex={-1} aria-label={`Select ${nameOf(row)}`} onChange={() => toggle(selection, user)} />
      </td>
      <th scope="row"><span class="name" dir="auto">{nameOf(row)}</span><small>{user}</small></th>
      <td><span class={`badge ${stateTone(seen)}`}>{stateWord(row)}</span> <NeedBadge seen={seen} /><FocusMark seen={seen} /></td>
      <td class="number"><Progress seen={seen} /></td>
      <td class="number">{open && row.state === AttemptState.RUNNING && <Tick text={(now) => age(savedAge(seen, now)) || "none"} />}</td>
      <td class="number left">{open
        ? <Tick text={(now) => time(leftMs(seen, now))} />
        : row.score !== undefined && <>{points(row.score.points)}<small>/{points(row.score.pointsMost)} pt</small></>}</td>
      <td class="number"><Line seen={seen} /></td>
      <td class="wide-only"><small>{row.address}</small></td>
    </tr>
  );
}

// The users in their order.  An order that time changes stands still while somebody is at the grid.
function useArranged(room: Room, order: Order, find: string, busy: { current: boolean }): readonly string[] {
  const [shown, setShown] = useState<readonly string[]>([]);
  useEffect(() => {
    const arrangeNow = (always: boolean) => {
      if (!always && busy.current) return;
      const next = arrange(room, order, find, performance.now());
      setShown((was) => was.length === next.length && was.every((u, i) => u === next[i]) ? was : next);
    };
    arrangeNow(true);
    const ends = [room.users.watch(() => arrangeNow(true)), everySecond(() => arrangeNow(false))];
    return () => { for (const end of ends) end(); };
  }, [room, order, find]);
  return shown;
}

function neighbour(from: Element, key: string): Element | null {
  switch (key) {
    case "ArrowDown": case "j": return from.nextElementSibling;
    case "ArrowUp": case "k": return from.previousElementSibling;
    case "Home": return from.parentElement?.firstElementChild ?? null;
    case "End": return from.parentElement?.lastElementChild ?? null;
    default: return null;
  }
}

// onKey: a key that the grid itself has no use for, at this candidate.
export function Grid({ room, selection, find, onFind, onKey, findRef }:
  { room: Room; selection: Selection; find: string; onFind: (find: string) => void;
    onKey: (key: string, user: string) => boolean; findRef: { current: HTMLInputElement | null } }) {
  const [order, setOrder] = useState<Order>("user");
  const busy = useRef(false);
  const under = useMemo(() => new Cell(""), [room]);
  const shown = useArranged(room, order, find, busy);
  const whole = useCell(room.whole);
  useEffect(() => {
    if (!shown.includes(under.value)) under.set(shown[0] ?? "");
  }, [shown]);
  const onKeyDown = (e: KeyboardEvent) => {
    const tr = e.target instanceof HTMLElement ? e.target.closest("tr") : null, user = tr?.dataset["user"];
    if (tr === null || user === undefined || e.ctrlKey || e.metaKey || e.altKey) return;
    const to = neighbour(tr, e.key);
    if (to instanceof HTMLElement) to.focus();
    else if (e.key === " ") toggle(selection, user);
    else if (e.key === "*") selection.set(new Set(shown));
    else if (!onKey(e.key, user)) return;
    e.preventDefault();
  };
  return (
    <section class="stack grid-of-room" aria-label="Candidates">
      <div class="row finders">
        <div class="grow"><Field label="Find" type="search" value={find} onValue={onFind} inputRef={findRef} placeholder="Name, id, state, address" /></div>
        <Select label="Order by" value={order} onValue={(v) => setOrder(v as Order)} options={ORDERS} />
      </div>
      <div class="table-scroll" onPointerEnter={() => (busy.current = true)} onPointerLeave={() => (busy.current = false)}>
        <table class="room" onKeyDown={onKeyDown} onFocusIn={() => (busy.current = true)} onFocusOut={() => (busy.current = false)}>
          <caption class="hidden">Candidates of this sitting. Arrow keys move, space selects, letters are commands, question mark is help.</caption>
          <thead>
            <tr>
              <th class="pick"><SelectAll selection={selection} shown={shown} /></th>
              <th scope="col">Candidate</th><th scope="col">State</th><th scope="col" class="number">Answered</th>
              <th scope="col" class="number">Saved</th><th scope="col" class="number">Left</th>
              <th scope="col" class="number">Line</th><th scope="col" class="wide-only">Address</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((user) => <Row key={user} user={user} room={room} selection={selection} under={under} />)}
          </tbody>
        </table>
        {shown.length === 0 && <p class="nobody hint">{!whole ? "Loading" : find ? `Nobody matches "${find}".` : "Nobody is on the list of this sitting."}</p>}
      </div>
      {find !== "" && shown.length > 0 && <p class="hint">{many(shown.length, "candidate")} shown.</p>}
    </section>
  );
}

function SelectAll({ selection, shown }: { selection: Selection; shown: readonly string[] }) {
  const chosen = useCell(selection);
  const all = shown.length > 0 && shown.every((u) => chosen.has(u));
  return <input type="checkbox" checked={all} aria-label="Select all that are shown"
    onChange={() => selection.set(all ? new Set() : new Set(shown))} />;
}
