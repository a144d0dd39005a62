// What the candidate has put for each item, and the server's word on it.  The rules of
// client/lib/answers.c: ordered by (seat, revision); nothing is saved before the server said so.
import { create } from "@bufbuild/protobuf";
import { AnswerSchema, type Answer, type ItemOrder } from "../../gen/examd_pb";

type PutState = "writing" | "open" | "underWay" | "saved" | "kept" | "refused";

interface Put {
  readonly answer: Answer;
  state: PutState;
  told?: PutState; // by the server, whatever was sent again since
}

interface Slot {
  puts: Put[]; // the latest last
  haveSeat: number;
  haveRevision: number;
}

export interface Order {
  readonly item: number;
  readonly seat: number;
  readonly revision: number;
}

const BATCH = 64;
// A batch stays well below the 65,536 bytes of a message.
const BATCH_BYTES = 48_000;
const ITEMS_MOST = 4096;

const order = (seat: number, revision: number, seat2: number, revision2: number) =>
  seat !== seat2 ? seat - seat2 : revision - revision2;

const weight = (a: Answer) => 80 + 3 * a.note.length + a.codes.length * 20;

// Has it an option or a code?  The server drops what is neither letter nor digit.
export const isGiven = (a: Answer): boolean => a.chosen.length > 0 || a.codes.some((c) => /[a-z0-9]/i.test(c));

export class Answers {
  private readonly slots = new Map<number, Slot>();

  private slot(item: number): Slot {
    let slot = this.slots.get(item);
    if (slot === undefined) this.slots.set(item, (slot = { puts: [], haveSeat: 0, haveRevision: 0 }));
    return slot;
  }

  private add(slot: Slot, answer: Answer, state: PutState): void {
    // One of the same seat is replaced; one under way will have its reply, which must find it.
    slot.puts = slot.puts.filter((p) => p.state === "underWay" || p.state === "writing" ||
      (p.state === "open" && p.answer.seat !== answer.seat));
    slot.puts.push({ answer, state });
  }

  // A change by the candidate, to be written to the journal now.
  put(seat: number, answer: Answer): Answer {
    const slot = this.slot(answer.item), latest = slot.puts.at(-1)?.answer;
    const revision = Math.max(slot.haveRevision, latest?.revision ?? 0) + 1;
    const copy = create(AnswerSchema, { ...answer, seat, revision });
    this.add(slot, copy, "writing");
    return copy;
  }

  // The journal has it, or cannot: it may go out.
  written(answer: Answer): void {
    const slot = this.slot(answer.item);
    const i = slot.puts.findIndex((p) => p.answer === answer), put = slot.puts[i];
    if (put === undefined || put.state !== "writing") return;
    put.state = "open";
    if (slot.puts.slice(i + 1).some((p) => p.answer.seat === answer.seat)) slot.puts.splice(i, 1);
  }

  private laterSlot(answer: Answer): Slot | null {
    if (answer.item >= ITEMS_MOST || answer.revision === 0 || answer.seat === 0) return null;
    const slot = this.slot(answer.item), latest = slot.puts.at(-1)?.answer;
    const later = latest === undefined || order(answer.seat, answer.revision, latest.seat, latest.revision) > 0;
    return later ? slot : null;
  }

  // From the journal.
  restore(answer: Answer): void {
    const slot = this.laterSlot(answer);
    if (slot !== null) this.add(slot, answer, "open");
  }

  // From the server, which has it.
  learn(answer: Answer): void {
    const slot = this.laterSlot(answer);
    if (slot === null) return;
    this.add(slot, answer, "saved");
    if (order(answer.seat, answer.revision, slot.haveSeat, slot.haveRevision) > 0) {
      slot.haveSeat = answer.seat;
      slot.haveRevision = answer.revision;
    }
  }

  // The first item, from FROM on, of which the server has an answer that is unknown here; -1: none.
  lack(from: number): number {
    let first = -1;
    for (const [item, slot] of this.slots) {
      const latest = slot.puts.at(-1)?.answer;
      if (item < from || slot.haveRevision === 0 || (first >= 0 && item > first)) continue;
      if (latest === undefined || order(slot.haveSeat, slot.haveRevision, latest.seat, latest.revision) > 0) first = item;
    }
    return first;
  }

  // The server's word on one; "" is: on disk, and it counts.  Null: none such; else whether that is news.
  settle(o: Order, reason: string): boolean | null {
    const put = this.slots.get(o.item)?.puts.find((p) => p.answer.seat === o.seat && p.answer.revision === o.revision);
    if (put === undefined) return null;
    const before = put.told;
    if (reason === "") put.state = "saved";
    else if (reason === "kept_for_proctor") put.state = put.state === "refused" ? "refused" : "kept";
    else if (put.state !== "kept") put.state = "refused";
    put.told = put.state;
    return before !== put.told;
  }

  // The whole list of what the server has; returns what was found to be saved.
  compare(have: readonly ItemOrder[]): Answer[] {
    const found: Answer[] = [];
    for (const slot of this.slots.values()) slot.haveSeat = slot.haveRevision = 0;
    for (const h of have) {
      if (h.item >= ITEMS_MOST) continue;
      const slot = this.slot(h.item);
      slot.haveSeat = h.seat;
      slot.haveRevision = h.revision;
    }
    for (const slot of this.slots.values()) {
      for (const put of slot.puts) {
        const c = order(slot.haveSeat, slot.haveRevision, put.answer.seat, put.answer.revision);
        if (c === 0 && put.state === "open") {
          put.state = "saved";
          found.push(put.answer);
        } else if (c < 0 && put.state === "saved") {
          put.state = "open";
        }
      }
    }
    return found;
  }

  // A batch to send, at most one of an item, those of an earlier seat first.
  take(): Answer[] {
    const out: Answer[] = [];
    let bytes = 0;
    for (const slot of this.slots.values()) {
      const put = slot.puts.find((p) => p.state === "open");
      if (put === undefined) continue;
      bytes += weight(put.answer);
      if (out.length === BATCH || (out.length > 0 && bytes > BATCH_BYTES)) break;
      put.state = "underWay";
      out.push(put.answer);
    }
    return out;
  }

  // No word on those that are under way: they are open again, unless a later one replaces them.
  lost(): void {
    for (const slot of this.slots.values()) {
      for (const put of slot.puts) if (put.state === "underWay") put.state = "open";
      slot.puts = slot.puts.filter((p, i) => p.state !== "open" ||
        !slot.puts.slice(i + 1).some((later) => later.answer.seat === p.answer.seat && later.state !== "writing"));
    }
  }

  latest(item: number): Answer | undefined {
    return this.slots.get(item)?.puts.at(-1)?.answer;
  }

  // Put here, or held by the server.
  has(item: number): boolean {
    const slot = this.slots.get(item);
    return slot !== undefined && (slot.puts.length > 0 || slot.haveRevision > 0);
  }

  // An answer that was put here is one; of what only the server has it is not known before it comes.
  isGiven(item: number): boolean {
    const latest = this.latest(item);
    return latest === undefined ? this.has(item) : isGiven(latest);
  }

  isSaved(item: number): boolean {
    const slot = this.slots.get(item), put = slot?.puts.at(-1);
    if (slot === undefined) return false;
    if (put === undefined) return slot.haveRevision > 0;
    if (put.state === "saved") return true;
    return (put.state === "kept" || put.state === "refused") &&
      order(slot.haveSeat, slot.haveRevision, put.answer.seat, put.answer.revision) > 0;
  }

  // Items with an answer, and those of them that are saved.
  count(): { put: number; saved: number } {
    let put = 0, saved = 0;
    for (const item of this.slots.keys()) {
      if (!this.has(item)) continue;
      put++;
      if (this.isSaved(item)) saved++;
    }
    return { put, saved };
  }

  // Neither saved nor kept nor refused.
  unsettled(): number {
    let n = 0;
    for (const slot of this.slots.values())
      for (const p of slot.puts) if (p.state === "writing" || p.state === "open" || p.state === "underWay") n++;
    return n;
  }
}
