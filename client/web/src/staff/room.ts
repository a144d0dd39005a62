// A room as its proctor sees it: the rows, who needs a human, and what has happened since the page
// was opened.  It knows no page and asks no clock: the time is an argument, in ms of performance.now().
import { AttemptState, Stop, type Room as Told, type RoomRow, type Sitting } from "../../gen/examd_pb";
import { Cell, Listeners } from "../cell";
import { many, stateWord } from "./words";

const MINUTE = 60_000;
export const TIME_SHORT = 5 * MINUTE;
export const SILENT_LONG = 10 * MINUTE;
const EVENTS_MOST = 300;
const ALIKE_MOST = 3; // of one moment that stand in lines of their own
const BY_PEOPLE = Stop.ATTEMPT | Stop.SITTING | Stop.BREAK | Stop.NOT_STARTED;

// Why a candidate needs a human; one candidate has the most urgent one, in rising urgency.
export enum Need { NOTHING, KEPT, LET_IN, TIME, OFF_PAGE, SILENT, LOST, SEAT }

// A row, and when it was told.
export interface Seen {
  readonly row: RoomRow;
  readonly told: number;
  readonly runSince: number; // as far as was seen; 0: its clock stands
}

export interface Event {
  readonly key: number;
  readonly at: Date;
  readonly who: string;
  readonly what: string;
  readonly tone: "" | "warn" | "good";
}

export const runs = (row: RoomRow): boolean => row.state === AttemptState.RUNNING && row.stopped === 0;
export const isOpen = (row: RoomRow): boolean => row.attempt !== 0n && row.state < AttemptState.SUBMITTED;
export const nameOf = (row: RoomRow): string => row.name || row.user;

export function leftMs(seen: Seen, now: number): number {
  const used = runs(seen.row) ? Math.max(0, now - seen.told) : 0;
  return Math.max(0, Number(seen.row.remainingMs) - used);
}

// Since the last answer on disk; -1: none yet.
export function savedAge(seen: Seen, now: number): number {
  return seen.row.lastSavedAgeMs < 0n ? -1 : Number(seen.row.lastSavedAgeMs) + Math.max(0, now - seen.told);
}

function isSilent(seen: Seen, now: number): boolean {
  const running = now - seen.runSince, saved = savedAge(seen, now);
  return (saved < 0 || saved > running ? running : saved) >= SILENT_LONG;
}

function needOfRunning(seen: Seen, now: number): Need {
  const { row } = seen;
  if (!row.connected && (row.stopped & BY_PEOPLE) === 0) return Need.LOST;
  if (row.stopped !== 0) return Need.NOTHING;
  if (isSilent(seen, now)) return Need.SILENT;
  if (row.offPage) return Need.OFF_PAGE;
  return leftMs(seen, now) <= TIME_SHORT ? Need.TIME : Need.NOTHING;
}

export function needOf(seen: Seen, now: number): Need {
  const { row } = seen;
  let need = Need.NOTHING;
  if (row.attempt === 0n) return need;
  if (row.takeoverAsked) return Need.SEAT;
  if (row.state === AttemptState.RUNNING) need = needOfRunning(seen, now);
  else if (row.state === AttemptState.CHECKED_IN) need = Need.LET_IN;
  return need === Need.NOTHING && row.kept > 0 ? Need.KEPT : need;
}

// "here", "lost", "away", "".
export function lineWord(row: RoomRow): string {
  if (row.connected) return "here";
  if (!isOpen(row)) return "";
  return row.state === AttemptState.RUNNING ? "lost" : "away";
}

// What of a change is worth a line, and how it is said.
function changesOf(was: RoomRow, is: RoomRow): (readonly [string, Event["tone"]])[] {
  const said: (readonly [string, Event["tone"]])[] = [];
  const before = stateWord(was), after = stateWord(is);
  if (is.takeoverAsked && !was.takeoverAsked) said.push(["asks for the seat from another device", "warn"]);
  if (is.seat > was.seat && was.seat > 0) said.push(["goes on at another device", ""]);
  if (before !== after) said.push([after, after === "running" ? "good" : ""]);
  if (was.connected && !is.connected && is.state === AttemptState.RUNNING) said.push(["lost the connection", "warn"]);
  if (!was.connected && is.connected && was.state === AttemptState.RUNNING && is.state === AttemptState.RUNNING)
    said.push(["is connected again", "good"]);
  if (is.focusLost > was.focusLost) said.push([is.focusLost === 1 ? "left the page of the exam" : `left the page of the exam, ${is.focusLost} times by now`, "warn"]);
  else if (was.offPage && !is.offPage && runs(is)) said.push(["is back at the page of the exam", "good"]);
  if (is.kept > was.kept)
    said.push([`${many(is.kept - was.kept, "answer")} kept that ${is.kept - was.kept === 1 ? "does" : "do"} not count by itself`, "warn"]);
  if (is.address !== was.address && is.address !== "" && was.address !== "" && is.seat === was.seat)
    said.push([`has another address, ${is.address}`, ""]);
  return said;
}

export class Room {
  readonly sitting = new Cell<Sitting | null>(null);
  // The users that have a row, as they came; a new array when one came.
  readonly users = new Cell<readonly string[]>([]);
  readonly whole = new Cell(false);
  readonly events = new Cell<readonly Event[]>([]);
  // Something of this has changed.
  readonly changed = new Listeners<void>();
  private readonly cells = new Map<string, Cell<Seen>>();
  private readonly asOf = new Map<string, bigint>(); // of rows and ("") the sitting, as this connection has told them
  private next = 0;

  cell(user: string): Cell<Seen> | undefined {
    return this.cells.get(user);
  }

  seen(user: string): Seen | undefined {
    return this.cells.get(user)?.value;
  }

  // Another connection begins.
  anew(): void {
    this.asOf.clear();
  }

  // Replies and notices come in streams of their own, so that the older may come last.
  private isNew(what: string, asOf: bigint): boolean {
    if (asOf < (this.asOf.get(what) ?? 0n)) return false;
    this.asOf.set(what, asOf);
    return true;
  }

  // WATCHED: it is told because the room is watched, and so tells when every row has come.
  take(told: Told, now: number, watched: boolean): void {
    const come: string[] = [], news: Event[] = [];
    for (const row of told.rows) if (this.isNew(row.user, told.asOfMs) && this.takeRow(row, now, news)) come.push(row.user);
    if (told.sitting !== undefined && this.isNew("", told.asOfMs)) this.sitting.set(told.sitting);
    if (come.length > 0) this.users.set([...this.users.value, ...come]);
    if (watched && !told.more) this.whole.set(true);
    if (news.length > 0) this.events.set([...this.together(news).reverse(), ...this.events.value].slice(0, EVENTS_MOST));
    this.changed.tell();
  }

  // What staff or this page did.
  note(who: string, what: string, tone: Event["tone"] = ""): void {
    this.events.set([this.event(who, what, tone), ...this.events.value].slice(0, EVENTS_MOST));
  }

  private event(who: string, what: string, tone: Event["tone"]): Event {
    return { key: ++this.next, at: new Date(), who, what, tone };
  }

  // What happened to many at the same moment is one line.
  private together(news: readonly Event[]): Event[] {
    const alike = new Map<string, Event[]>();
    for (const e of news) {
      const list = alike.get(e.what);
      if (list === undefined) alike.set(e.what, [e]);
      else list.push(e);
    }
    return [...alike].flatMap(([what, list]) =>
      list.length <= ALIKE_MOST ? list : [this.event(many(list.length, "candidate"), what, list[0]?.tone ?? "")]);
  }

  private takeRow(row: RoomRow, now: number, news: Event[]): boolean {
    const cell = this.cells.get(row.user), was = cell?.value;
    const saved = Number(row.lastSavedAgeMs);
    let runSince = 0;
    if (runs(row)) runSince = was?.runSince || (was === undefined && saved > 0 ? now - saved : now);
    const seen: Seen = { row, told: now, runSince };
    if (was !== undefined)
      for (const [what, tone] of changesOf(was.row, row)) news.push(this.event(nameOf(row), what, tone));
    if (cell !== undefined) cell.set(seen);
    else this.cells.set(row.user, new Cell(seen));
    return cell === undefined;
  }
}

// ---- Order, and who needs somebody ------------------------------------------------------------------

export type Order = "user" | "name" | "state" | "answered" | "left" | "saved";

const STATE_ORDER: Partial<Record<AttemptState, number>> = { [AttemptState.RUNNING]: 0, [AttemptState.READY]: 1,
  [AttemptState.ADMITTED]: 2, [AttemptState.CHECKED_IN]: 3, [AttemptState.ATTEMPT_STATE_NONE]: 4 };
const words = new Intl.Collator(undefined, { numeric: true });

const RANK: Record<Order, (s: Seen, now: number) => number> = {
  user: () => 0,
  name: () => 0,
  state: (s) => STATE_ORDER[s.row.state] ?? 5,
  answered: (s) => isOpen(s.row) ? s.row.answered : Infinity,
  left: (s, now) => isOpen(s.row) ? leftMs(s, now) : Infinity,
  saved: (s, now) => isOpen(s.row) && s.row.state === AttemptState.RUNNING ? -savedAge(s, now) : Infinity,
};

function passes(s: Seen, find: string, now: number): boolean {
  if (find === "") return true;
  const text = [s.row.user, s.row.name, s.row.address, stateWord(s.row), lineWord(s.row), NEED_WORDS[needOf(s, now)]];
  return text.some((t) => t.toLocaleLowerCase().includes(find));
}

// The users to show.
export function arrange(room: Room, order: Order, find: string, now: number): string[] {
  const what = find.trim().toLocaleLowerCase();
  const shown = room.users.value.map((u) => room.seen(u)).filter((s): s is Seen => s !== undefined && passes(s, what, now));
  const rank = RANK[order];
  const key = (s: Seen) => order === "name" ? s.row.name : s.row.user;
  const placed = shown.map((s) => ({ rank: rank(s, now), key: key(s), user: s.row.user }));
  placed.sort((a, b) => (a.rank === b.rank ? 0 : a.rank - b.rank) || words.compare(a.key, b.key));
  return placed.map((p) => p.user);
}

export const NEED_WORDS: Record<Need, string> = {
  [Need.NOTHING]: "",
  [Need.KEPT]: "Answers kept",
  [Need.LET_IN]: "Wants in",
  [Need.TIME]: "Time is short",
  [Need.OFF_PAGE]: "Left the page",
  [Need.SILENT]: "Not saving",
  [Need.LOST]: "No connection",
  [Need.SEAT]: "Asks for the seat",
};

export const NEED_ADVICE: Record<Need, string> = {
  [Need.NOTHING]: "",
  [Need.KEPT]: "They do not count by themselves; the transcript has them.",
  [Need.LET_IN]: "Checked in, and not admitted yet.",
  [Need.TIME]: "Five minutes or less are left.",
  [Need.OFF_PAGE]: "The exam is not in front on their screen. It is on record; go and look.",
  [Need.SILENT]: "Nothing was saved for ten minutes. Go and look.",
  [Need.LOST]: "The clock may run on. Pausing stops it.",
  [Need.SEAT]: "Another device wants to go on with this exam.",
};

// Users by need.
export function needs(room: Room, now: number): Map<Need, string[]> {
  const found = new Map<Need, string[]>();
  for (const user of room.users.value) {
    const seen = room.seen(user), need = seen === undefined ? Need.NOTHING : needOf(seen, now);
    if (need === Need.NOTHING) continue;
    const list = found.get(need);
    if (list === undefined) found.set(need, [user]);
    else list.push(user);
  }
  return found;
}
