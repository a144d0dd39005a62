// What can be done in a room: a table of commands, and the draft of one from the button to the request.
// A draft carries the version that the proctor was looking at, so that the server can tell what has
// changed meanwhile.  A pause and a seat ask for nothing: nobody shall walk away from a question in the
// belief that it is done.
import { create } from "@bufbuild/protobuf";
import { AttemptState, Role, RoomCommandSchema, RoomVerb, SittingState, Stop,
  type RoomCommand, type RoomRow, type Sitting } from "../../gen/examd_pb";
import { commandId } from "../wire/link";
import { isOpen, nameOf, type Room, type Seen } from "./room";
import { many, stateWord, sittingWord } from "./words";

// minutes, text and reason must be given, why may stay empty; sure is a question, word the word itself,
// typed: it is for many and cannot be undone.
export type Asks = "minutes" | "text" | "reason" | "why" | "sure" | "word";

export interface Command {
  readonly key: string; // for candidates; its capital is for the room; "": none
  readonly verb: RoomVerb;
  readonly label: string;
  readonly done: string;
  readonly one: readonly Asks[];
  readonly several: readonly Asks[];
  readonly single: boolean; // never for several
  readonly teacher: boolean; // not for proctors
  readonly danger: boolean;
  readonly roomWhile: readonly SittingState[]; // when it is offered for the room; empty: never
  fits(row: RoomRow): boolean;
}

const { SITTING_CREATED: CREATED, SITTING_OPEN: OPEN, SITTING_STARTED: STARTED } = SittingState;
const S = AttemptState;

const plain = { one: [], several: [], single: false, teacher: false, danger: false } as const;

export const commands: readonly Command[] = [
  { ...plain, key: "", verb: RoomVerb.ROOM_OPEN, label: "Open the room", done: "Opened", roomWhile: [CREATED], fits: () => false },
  { ...plain, key: "a", verb: RoomVerb.ROOM_ADMIT, label: "Admit", done: "Admitted", roomWhile: [OPEN, STARTED],
    fits: (r) => r.state === S.CHECKED_IN },
  { ...plain, key: "s", verb: RoomVerb.ROOM_START, label: "Start", done: "Started", several: ["sure"], roomWhile: [OPEN],
    fits: (r) => r.state === S.READY || (r.state === S.RUNNING && (r.stopped & Stop.NOT_STARTED) !== 0) },
  { ...plain, key: "p", verb: RoomVerb.ROOM_PAUSE, label: "Pause", done: "Paused", roomWhile: [STARTED],
    fits: (r) => r.state === S.RUNNING && (r.stopped & Stop.ATTEMPT) === 0 },
  { ...plain, key: "r", verb: RoomVerb.ROOM_RESUME, label: "Resume", done: "Resumed", roomWhile: [STARTED],
    fits: (r) => isOpen(r) && (r.stopped & (Stop.ATTEMPT | Stop.SITTING | Stop.PARKED)) !== 0 },
  { ...plain, key: "m", verb: RoomVerb.ROOM_ADD_MINUTES, label: "Minutes", done: "Minutes changed", one: ["minutes", "reason"],
    several: ["minutes", "reason"], roomWhile: [OPEN, STARTED], fits: isOpen },
  { ...plain, key: "t", verb: RoomVerb.ROOM_MESSAGE, label: "Message", done: "Message sent", one: ["text"], several: ["text"],
    roomWhile: [OPEN, STARTED], fits: isOpen },
  { ...plain, key: "g", verb: RoomVerb.ROOM_RELEASE_SEAT, label: "Give the seat", done: "Seat given", single: true, roomWhile: [],
    fits: isOpen },
  { ...plain, key: "x", verb: RoomVerb.ROOM_REFUSE_SEAT, label: "Refuse the seat", done: "Seat refused", single: true, roomWhile: [],
    fits: (r) => r.takeoverAsked },
  { ...plain, key: "e", verb: RoomVerb.ROOM_CLOSE, label: "End", done: "Ended", one: ["why", "sure"], several: ["why", "word"],
    danger: true, roomWhile: [CREATED, OPEN, STARTED], fits: isOpen },
  { ...plain, key: "o", verb: RoomVerb.ROOM_REOPEN, label: "Reopen", done: "Reopened", one: ["minutes", "reason"], single: true,
    teacher: true, roomWhile: [], fits: (r) => r.attempt !== 0n && r.state >= S.SUBMITTED && r.state !== S.VOIDED },
  { ...plain, key: "v", verb: RoomVerb.ROOM_VOID, label: "Void", done: "Voided", one: ["reason", "sure"], single: true,
    teacher: true, danger: true, roomWhile: [], fits: (r) => r.attempt !== 0n && r.state !== S.VOIDED },
];

export function allowed(command: Command, role: Role): boolean {
  return !command.teacher || role === Role.INSTRUCTOR || role === Role.ADMIN;
}

export function offeredToRoom(command: Command, s: Sitting): boolean {
  if (!command.roomWhile.includes(s.state)) return false;
  if (command.verb === RoomVerb.ROOM_PAUSE) return !s.paused;
  return command.verb !== RoomVerb.ROOM_RESUME || s.paused;
}

// ---- One command, from the button to what came of it ------------------------------------------------

export interface Draft {
  readonly command: Command;
  readonly attempts: readonly bigint[]; // empty: the room
  readonly who: string;
  readonly passedOver: number; // selected, but it does not fit them
  readonly asks: readonly Asks[];
  readonly version: bigint;
  readonly before: Seen | null; // of the one candidate, as it was looked at
  readonly sittingBefore: Sitting;
  readonly minutes: number;
  readonly text: string; // the message, or the reason
}

export function draftForRoom(command: Command, room: Room): Draft | null {
  const s = room.sitting.value;
  return s && { command, attempts: [], who: "the room", passedOver: 0, asks: command.several, version: s.version, before: null,
    sittingBefore: s, minutes: 0, text: "" };
}

// Null: it fits none of them.
export function draftFor(command: Command, room: Room, users: readonly string[]): Draft | null {
  const s = room.sitting.value;
  const chosen = users.map((u) => room.seen(u)).filter((x): x is Seen => x !== undefined);
  const fit = chosen.filter((x) => command.fits(x.row));
  const only = fit.length === 1 ? fit[0] ?? null : null;
  if (s === null || fit.length === 0 || (command.single && only === null)) return null;
  return { command, attempts: fit.map((x) => x.row.attempt), who: only ? nameOf(only.row) : many(fit.length, "candidate"),
    passedOver: chosen.length - fit.length, asks: only ? command.one : command.several,
    version: only ? only.row.version : s.version, before: only, sittingBefore: s, minutes: 0, text: "" };
}

export function requestOf(draft: Draft, force: boolean): RoomCommand {
  const isMessage = draft.command.verb === RoomVerb.ROOM_MESSAGE;
  return create(RoomCommandSchema, {
    commandId: commandId(), sitting: draft.sittingBefore.sitting, attempts: [...draft.attempts], verb: draft.command.verb,
    minutes: draft.minutes, version: draft.version, force,
    ...(isMessage ? { text: draft.text } : { reason: draft.text }),
  });
}

export function doneWords(draft: Draft): string {
  const minutes = draft.minutes === 0 ? "" : `, ${draft.minutes > 0 ? "+" : ""}${draft.minutes} min`;
  const not = draft.passedOver === 0 ? "" : `; not for ${draft.passedOver} whom it does not fit`;
  return `${draft.command.done}: ${draft.who}${minutes}${not}.`;
}

// What is different now from what the proctor looked at; "": nothing that this page knows of.
export function changeWords(draft: Draft, room: Room): string {
  const now = room.sitting.value;
  if (draft.before !== null) {
    const was = draft.before.row, is = room.seen(was.user)?.row ?? was;
    if (stateWord(was) !== stateWord(is)) return `${nameOf(is)} was ${stateWord(was)} and is ${stateWord(is)} now.`;
    return is.seat !== was.seat ? `${nameOf(is)} goes on at another device now.` : "";
  }
  const was = sittingWord(draft.sittingBefore), is = now === null ? was : sittingWord(now);
  return was !== is ? `The room was ${was} and is ${is} now.` : "";
}
