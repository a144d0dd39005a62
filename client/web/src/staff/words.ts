// States and numbers in the words that staff see; the same as those of the terminal console.
import { AttemptState, Role, SittingState, Stop, type RoomRow, type Sitting } from "../../gen/examd_pb";

const ATTEMPT = ["not here", "checked in", "admitted", "ready", "running", "submitted", "expired", "closed", "voided"];
const SITTING = ["none", "created", "open", "started", "closed"];
const ROLE = ["none", "candidate", "proctor", "instructor", "admin"];
const STOPS: readonly (readonly [Stop, string, string])[] = [
  [Stop.ATTEMPT, "paused", "paused by staff"],
  [Stop.SITTING, "room paused", "the room is paused"],
  [Stop.BREAK, "break", "on a break"],
  [Stop.NOT_STARTED, "not started", "the room has started, this candidate is not ready"],
  [Stop.LOST, "stands", "the clock stands while the connection is lost"],
  [Stop.RESTART, "stands", "the clock stands until the candidate is back, after a restart of the server"],
  [Stop.PARKED, "parked", "asleep"],
];

export const attemptWord = (state: AttemptState): string => ATTEMPT[state] ?? "unknown";
export const roleWord = (role: Role): string => ROLE[role] ?? "unknown";

export function sittingWord(s: Sitting): string {
  return s.paused && s.state === SittingState.SITTING_STARTED ? "paused" : SITTING[s.state] ?? "unknown";
}

export function sittingTone(s: Sitting): string {
  if (s.paused) return "warn";
  return s.state === SittingState.SITTING_OPEN || s.state === SittingState.SITTING_STARTED ? "good" : "";
}

export function stateWord(row: RoomRow): string {
  const stop = row.state === AttemptState.RUNNING && STOPS.find(([bit]) => (row.stopped & bit) !== 0);
  return stop ? stop[1] : attemptWord(row.state);
}

// Why the clock of a row stands; "" when it does not.
export function stopWords(row: RoomRow): string {
  return STOPS.filter(([bit]) => (row.stopped & bit) !== 0).map(([, , words]) => words).join(", ");
}

// How often the page of the exam was left, and when it last was; "" for never.
export function focusWords(row: RoomRow): string {
  if (row.focusLost === 0) return "";
  return `left the page ${row.focusLost === 1 ? "once" : `${row.focusLost} times`}, last at ${new Date(Number(row.focusLostWallMs)).toLocaleTimeString()}`;
}

// "7 s", "12 min", "1 h 05"; "" for none.
export function age(ms: number): string {
  const s = Math.floor(ms / 1000);
  if (ms < 0) return "";
  if (s < 100) return `${s} s`;
  if (s < 6000) return `${Math.floor(s / 60)} min`;
  return `${Math.floor(s / 3600)} h ${String(Math.floor(s / 60) % 60).padStart(2, "0")}`;
}

export function roundTrip(ms: number): string {
  if (ms === 0) return "";
  return ms < 1000 ? `${ms} ms` : ms < 100_000 ? `${(ms / 1000).toFixed(1)} s` : "> 99 s";
}

export function many(n: number, one: string, more = `${one}s`): string {
  return `${n} ${n === 1 ? one : more}`;
}
