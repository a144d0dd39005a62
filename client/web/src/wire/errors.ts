// The errors of PROTOCOL.md, section 15: number, name, and a sentence for a person.
const ROWS: readonly (readonly [number, string, string])[] = [
  [1, "protocol", "The message does not follow the protocol."],
  [2, "version", "This page and the server are of different releases. Load the page again."],
  [3, "too_large", "The message or the file is larger than allowed."],
  [4, "too_many", "There are too many of these at once; try again in a moment."],
  [5, "busy", "The server is busy; try again in a moment."],
  [6, "not_found", "There is no such thing."],
  [7, "invalid", "A value is missing, malformed or out of its bounds."],
  [8, "exists", "There is one already."],
  [9, "changed_meanwhile", "Somebody changed this after you looked at it."],
  [10, "command_reused", "This command id was used for another command."],
  [11, "closed", "The connection was closed."],
  [12, "timeout", "There was no answer in time."],
  [100, "too_late", "The time is over or the attempt is closed."],
  [101, "no_item", "The form has no such item."],
  [102, "no_option", "The item has no such option."],
  [103, "locked", "This part or item cannot be changed any more."],
  [104, "out_of_turn", "This is not possible in the present state."],
  [105, "paused", "The exam is paused."],
  [106, "conflict", "An answer with the same number but other content is already kept."],
  [107, "kept_for_proctor", "The answer is kept for the proctor but does not count by itself."],
  [108, "not_admitted", "The proctor has not admitted you yet."],
  [109, "not_ready", "The form has not been fetched and confirmed yet."],
  [110, "not_open", "The sitting is not open, or its window is over."],
  [111, "not_released", "The result has not been released yet."],
  [112, "wrong_form", "This device holds another form; it is fetched again."],
  [113, "seat_taken", "Another device holds this seat; the proctor has been asked."],
  [114, "not_in_sitting", "This person is not on the list of the sitting."],
  [115, "no_breaks", "This exam has no breaks."],
  [200, "forbidden", "You may not do this."],
  [201, "login_failed", "The name, the password or the slip is wrong."],
  [202, "throttled", "Too many attempts; wait a little and try again."],
  [203, "disabled", "This account is disabled."],
  [204, "login_needed", "Log in first."],
  [205, "password_weak", "The password is too short."],
  [206, "password_change", "The one-time password must be changed first."],
  [300, "bad_input", "The input has errors; nothing was changed."],
  [301, "bank_too_small", "The bank cannot fill the blueprint."],
  [302, "no_bank", "The bank that the exam names is not loaded."],
  [303, "no_exam", "There is no such exam."],
  [400, "io", "The system reported an input or output error."],
  [401, "disk_full", "The disk of the server is full."],
  [402, "undecided", "It is not known whether the commit reached the disk."],
  [403, "corrupt", "Stored data is damaged."],
  [404, "newer_schema", "The data was written by a newer release."],
  [405, "in_use", "Another process uses this data directory."],
  [406, "no_memory", "There is not enough memory."],
  [407, "untrusted", "The server's key is not the one that was expected."],
];
const KNOWN = new Map(ROWS.map(([number, name, sentence]) => [number, { name, sentence }]));
const PASSING = new Set(["busy", "too_many", "throttled", "timeout", "closed", "io", "disk_full", "undecided", "no_memory"]);

export const OUT_OF_TURN = 104;

export function errorName(number: number): string {
  return KNOWN.get(number)?.name ?? "protocol";
}

// Worth another try, after a wait that grows.
export function errorPasses(number: number): boolean {
  return PASSING.has(errorName(number));
}

// The server said no.
export class Refusal extends Error {
  readonly reason: string;

  constructor(readonly number: number, readonly detail: string) {
    const known = KNOWN.get(number) ?? KNOWN.get(1);
    super(known?.sentence ?? "");
    this.reason = errorName(number);
  }
}

// What to tell a person of anything that was caught.
export function sentence(e: unknown): string {
  if (e instanceof Refusal) return e.detail === "" ? e.message : `${e.message} (${e.detail})`;
  return "The connection was lost. Try again.";
}
