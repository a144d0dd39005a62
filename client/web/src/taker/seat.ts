// The candidate's seat: the way in from a session to a confirmed form, the attempt that is held, every
// answer into the journal and then to the server until the receipt, the clock.  The rules of PROTOCOL.md
// and of client/lib (entry.c, hold.c, recall.c).
import { create } from "@bufbuild/protobuf";
import { AnswerSchema, AttemptState, CheckInSchema, ConfirmFormSchema, EndBreakSchema, GetAnswersSchema, GetFormPieceSchema,
  GetResultSchema, GetStatusSchema, LeavePartSchema, NoticeKind, PracticeResumeSchema, PutAnswersSchema, ReportEventSchema, RevealSchema, Stop, SubmitSchema,
  TakeBreakSchema, type Answer, type Clock, type FormItem, type ItemReview, type Notice, type PartInfo, type Reply, type Status,
} from "../../gen/examd_pb";
import { Cell, Listeners } from "../cell";
import type { Session } from "../session";
import { announce, toast } from "../ui/toast";
import { time } from "../ui/text";
import { Refusal, errorName, errorPasses, sentence } from "../wire/errors";
import { commandId, jitter } from "../wire/link";
import { Answers, isGiven, type Order } from "./answers";
import { Form, hex } from "./form";
import { Journal } from "./journal";

const TYPED_MS = 700;        // what is typed is put when so long nothing more was
const STATUS_OLD_MS = 20_000;
const RETRY_MS = 200;
const RETRY_MOST_MS = 5_000;
const HIDDEN_STOPS = Stop.ATTEMPT | Stop.SITTING | Stop.BREAK | Stop.PARKED;

export interface Mark {
  readonly where: "stem" | "stimulus";
  readonly from: number;
  readonly to: number;
}

export type Progress = "unseen" | "incomplete" | "complete";
export type Change = Partial<Pick<Answer, "chosen" | "codes" | "flagged" | "struck" | "note">>;
// How far the way in has come, as far as no status says it.
export type Entry = "" | "not open" | "seat asked" | "refused";

export class Seat {
  // Raised with every change of what can be read here.
  readonly changed = new Cell(0);
  readonly messages = new Listeners<Notice>();
  status: Status | null = null;
  entry: Entry = "";
  entryText = "";
  takenOver = false;
  agreed = false; // to the rules
  confirmed = false;
  journalFailed = false;
  submitting = false;
  focusLost = 0;
  readonly left = new Set<bigint>(); // the attempts that are over and looked at
  place = -1; // where they were at this device; -1: not known
  state = AttemptState.ATTEMPT_STATE_NONE;
  stopped = 0;
  part = 0;
  budgetMs = 0;

  private attempt = 0n;
  private seat = 0;
  private remaining = 0;
  private clockRead = 0;
  private clockVersion = 0n;
  private statusRead = 0;
  private answers = new Answers();
  private form = new Form(() => this.journal);
  private journal: Journal | null = null;
  private journalKey = "";
  private filed = false;
  private readonly drafts = new Map<number, { answer: Answer; timer: number }>();
  private readonly marked = new Map<number, Mark[]>();
  private readonly seen = new Set<number>();
  private readonly revealed = new Map<number, ItemReview>();
  private readonly lookedMs = new Map<number, number>();
  private lookingAt = -1;
  private lookingSince = 0;
  private advancing = false;
  private putting = false;
  private handing = false;
  private recallFrom = 0;
  private recalling = false;
  private wantStatus = false;
  private inDoubt = false;
  private retryMs = RETRY_MS;
  private putMs = RETRY_MS;
  private waiting = 0;
  private putWaiting = 0;
  private sitting = 0n; // to check in to; 0: that of the slip
  private readonly ends: (() => void)[] = [];

  constructor(readonly session: Session) {
    const link = session.link;
    this.ends.push(
      link.heard.add((reply) => this.hear(reply)),
      link.greeted.add((reply) => this.greeted(reply)),
      link.noticed.add((notice) => this.notice(notice)),
      link.woke.add(() => this.probe()),
      link.state.watch((state) => {
        if (state !== "up") this.clockVersion = 0n; // the next server may be one of an earlier backup
        this.tell();
      }),
      session.who.watch(() => this.advance()),
    );
    const beat = setInterval(() => this.beat(), 1000);
    this.ends.push(() => clearInterval(beat));
    const hide = () => {
      if (!this.isLinear) this.putDrafts();
    };
    addEventListener("pagehide", hide);
    document.addEventListener("visibilitychange", hide);
    this.ends.push(() => removeEventListener("pagehide", hide), () => document.removeEventListener("visibilitychange", hide));
    // Whoever is here was greeted, or logged in, already.
    this.wantStatus = (session.who.value?.attempt ?? 0n) > 0n;
    if (session.who.value?.takeoverAsked) this.entry = "seat asked";
    this.advance();
  }

  end(): void {
    if (!this.isLinear) this.putDrafts();
    for (const end of this.ends) end();
    clearTimeout(this.waiting);
    clearTimeout(this.putWaiting);
    this.journal?.close();
  }

  private tell(): void {
    this.changed.set(this.changed.value + 1);
  }

  // ---- What can be read ------------------------------------------------------------------------

  get isClosed(): boolean {
    return this.state >= AttemptState.SUBMITTED;
  }

  // The candidate's part of the form may be shown and answered.
  get showsItems(): boolean {
    return this.state === AttemptState.RUNNING && (this.stopped & (HIDDEN_STOPS | Stop.NOT_STARTED)) === 0 &&
      this.status?.onBreak !== true && this.form.isOpen(this.part) && !this.takenOver;
  }

  get isPaused(): boolean {
    return this.state === AttemptState.RUNNING && ((this.stopped & HIDDEN_STOPS) !== 0 || this.status?.onBreak === true);
  }

  get partInfo(): PartInfo | undefined {
    return this.status?.parts[this.part];
  }

  get isLinear(): boolean {
    return this.partInfo?.linear === true;
  }

  // Of a linear part: the one to be answered now, or the last.
  get linearItem(): number {
    const part = this.partInfo;
    if (part === undefined) return 0;
    const end = part.firstItem + part.items;
    for (let item = part.firstItem; item < end; item++) if (!this.answers.isGiven(item)) return item;
    return end - 1;
  }

  // By a clock that nobody can set, from the last word of the server.
  get remainingMs(): number {
    const runs = this.state === AttemptState.RUNNING && this.stopped === 0;
    return Math.max(0, this.remaining - (runs ? performance.now() - this.clockRead : 0));
  }

  get formBytes(): { fetched: number; size: number } {
    return { fetched: this.form.fetched, size: this.form.size };
  }

  item(item: number): FormItem | undefined {
    return this.form.item(item);
  }

  stimulus(item: number): string {
    return this.form.stimulus(item);
  }

  answer(item: number): Answer {
    return this.drafts.get(item)?.answer ?? this.answers.latest(item) ?? create(AnswerSchema, { item });
  }

  progress(item: number): Progress {
    const answer = this.drafts.get(item)?.answer ?? this.answers.latest(item), shown = this.form.item(item);
    if (answer === undefined) return this.answers.has(item) ? "complete" : this.seen.has(item) ? "incomplete" : "unseen";
    if (shown === undefined) return "incomplete";
    const wanted = shown.fields.length > 0 ? shown.fields.length : Math.max(1, shown.choose);
    const given = shown.fields.length > 0 ? answer.codes.filter((c) => c !== "").length : answer.chosen.length;
    return given >= wanted ? "complete" : "incomplete";
  }

  saved(): { put: number; saved: number; unsaved: number } {
    const { put, saved } = this.answers.count();
    return { put, saved, unsaved: this.answers.unsettled() + this.drafts.size };
  }

  marks(item: number): readonly Mark[] {
    return this.marked.get(item) ?? [];
  }

  // ---- What the candidate does -----------------------------------------------------------------

  // Asks for the seat of this sitting; 0: that of the slip.  What was put here is kept.
  take(sitting: bigint): void {
    this.sitting = sitting;
    this.takenOver = this.inDoubt = this.wantStatus = false;
    this.entry = this.entryText = "";
    this.status = null;
    this.attempt = 0n;
    this.state = AttemptState.ATTEMPT_STATE_NONE;
    this.session.link.greetAgain();
    this.tell();
  }

  // To the rules.
  agree(): void {
    this.agreed = true;
    this.tell();
    this.advance();
  }

  // The last attempt is over, and looked at.
  leave(): void {
    if (this.isClosed) this.left.add(this.attempt);
    this.status = null;
    this.state = AttemptState.ATTEMPT_STATE_NONE;
    this.attempt = 0n;
    this.forget();
    this.tell();
  }

  private forget(): void {
    this.journal?.close();
    this.journal = null;
    this.journalKey = "";
    this.filed = false;
    this.answers = new Answers();
    this.form = new Form(() => this.journal);
    this.drafts.clear();
    this.marked.clear();
    this.seen.clear();
    this.lookedMs.clear();
    this.lookingAt = -1;
    this.confirmed = this.agreed = this.takenOver = this.submitting = this.inDoubt = false;
    this.clockVersion = 0n;
    this.entry = "";
    this.focusLost = 0;
    this.place = -1;
    this.revealed.clear();
  }

  // An item is on the screen now; -1: none is.
  look(item: number): void {
    if (item === this.lookingAt) return;
    const now = performance.now();
    if (this.lookingAt >= 0) {
      if (!this.isLinear) this.putDraft(this.lookingAt);
      this.lookedMs.set(this.lookingAt, this.seenMs(this.lookingAt));
    }
    this.lookingAt = item;
    this.lookingSince = now;
    if (item < 0) return;
    if (!this.seen.has(item)) {
      this.seen.add(item);
      this.journal?.putTrace("seen", item, true);
      this.tell();
    }
    this.place = item;
    this.journal?.putTrace("place", 0, item);
  }

  private seenMs(item: number): number {
    const before = this.lookedMs.get(item) ?? this.answers.latest(item)?.seenMs ?? 0;
    return Math.round(before + (item === this.lookingAt ? performance.now() - this.lookingSince : 0));
  }

  // Changes an answer: at once, or, while it is TYPED, when the typing stops.
  change(item: number, change: Change, typed = false): void {
    if (!this.showsItems || this.form.item(item) === undefined || this.remainingMs <= 0) return;
    if (this.answers.lack(item) === item) {
      toast("What you answered elsewhere is still on its way. Try again in a moment.");
      return;
    }
    const answer = create(AnswerSchema, { ...this.answer(item), ...change, item, seenMs: this.seenMs(item) });
    const before = this.drafts.get(item);
    if (before !== undefined) clearTimeout(before.timer);
    const timer = typed && !this.isLinear ? setTimeout(() => this.putDraft(item), TYPED_MS) as unknown as number : 0;
    this.drafts.set(item, { answer, timer });
    if (typed || this.isLinear) this.tell(); // there an answer is final: not before the candidate goes on
    else this.putDraft(item);
  }

  putDrafts(): void {
    for (const item of [...this.drafts.keys()]) this.putDraft(item);
  }

  // Before the time is up.  Of a linear part, where an answer is final, only what is one: a flag alone is
  // none, and the question stays the one to be answered, should there be more time.
  putInTime(): void {
    for (const [item, { answer }] of [...this.drafts]) if (!this.isLinear || isGiven(answer)) this.putDraft(item);
  }

  private putDraft(item: number): void {
    const draft = this.drafts.get(item);
    if (draft === undefined) return;
    clearTimeout(draft.timer);
    this.drafts.delete(item);
    const answer = this.answers.put(this.seat, draft.answer);
    this.tell();
    const written = () => {
      this.answers.written(answer);
      this.flush();
    };
    if (this.journal === null) written();
    else this.journal.put(answer).then(written, () => {
      this.journalFailed = true;
      written();
    });
  }

  mark(item: number, marks: Mark[]): void {
    this.marked.set(item, marks);
    this.journal?.putTrace("marks", item, marks);
    this.tell();
  }

  // Hands in, once everything is saved.
  submit(): void {
    this.putDrafts();
    this.submitting = true;
    this.tell();
    this.flush();
  }

  // Leaves an item of a linear part for good; resolved when its answer is saved.
  async goOn(): Promise<void> {
    this.putDrafts();
    await this.settled();
  }

  // Of tutor mode: key and rationale, once they were asked for.
  shownKey(item: number): ItemReview | undefined {
    return this.revealed.get(item);
  }

  // Each throws Refusal or Lost.
  async reveal(item: number): Promise<void> {
    this.putDrafts();
    await this.settled();
    const reply = await this.session.link.command({ case: "reveal", value: create(RevealSchema, { item }) });
    if (reply.body.case === "itemReview") this.revealed.set(item, reply.body.value);
    this.tell();
  }

  // Leaves the part that is open now, and no other: its time may end before everything is saved.
  async leavePart(): Promise<void> {
    const part = this.part;
    this.putDrafts();
    await this.settled();
    if (this.part !== part || this.isClosed) return;
    await this.session.link.command({ case: "leavePart", value: create(LeavePartSchema, { commandId: commandId(), part }) });
  }

  async takeBreak(): Promise<void> {
    if (!this.isLinear) this.putDrafts(); // there it is final only when the candidate goes on
    await this.session.link.command({ case: "takeBreak", value: create(TakeBreakSchema, { commandId: commandId() }) });
  }

  // Of practice that was put aside.
  async goOnWithPractice(): Promise<void> {
    await this.session.link.command({ case: "practiceResume", value: create(PracticeResumeSchema, { commandId: commandId(), attempt: this.attempt }) });
    this.wantStatus = true;
  }

  async endBreak(): Promise<void> {
    await this.session.link.command({ case: "endBreak", value: create(EndBreakSchema, { commandId: commandId() }) });
  }

  // The window lost the focus, or has it again: on record in a sitting, and shown to the candidate.
  focus(back: boolean): void {
    if (this.status === null || this.status.practice || !this.showsItems) return;
    if (!back) this.focusLost++;
    const event = create(ReportEventSchema, { commandId: commandId(), kind: back ? 2 : 1 });
    this.session.link.command({ case: "reportEvent", value: event }).catch(() => {});
    this.tell();
  }

  private settled(): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (this.saved().unsaved > 0) return;
        end();
        resolve();
      };
      const end = this.changed.watch(look);
      look();
    });
  }

  // ---- What the server says --------------------------------------------------------------------

  private hear(reply: Reply): void {
    const status = reply.body.case === "status" ? reply.body.value
      : reply.body.case === "hello" ? reply.body.value.status
      : reply.body.case === "notice" ? reply.body.value.status : undefined;
    if (status !== undefined && this.left.has(status.attempt) && status.state >= AttemptState.SUBMITTED) return;
    if (status !== undefined && status.attempt !== this.attempt && this.attempt !== 0n) this.forget();
    // Replies come on streams of their own: an older one may come last.
    const late = reply.clock !== undefined && reply.clock.version < this.clockVersion;
    if (reply.clock !== undefined && !late && (this.attempt !== 0n || status !== undefined)) this.takeClock(reply.clock);
    if (status !== undefined && !late && reply.error === 0) this.takeStatus(status, reply.clock, reply.body.case !== "notice");
    this.advance();
    this.flush();
    this.tell();
  }

  private takeClock(clock: Clock): void {
    if (clock.state === AttemptState.ATTEMPT_STATE_NONE) return;
    this.remaining = Number(clock.remainingMs);
    this.clockRead = performance.now();
    this.clockVersion = clock.version;
    this.budgetMs = Number(clock.budgetMs);
    this.stopped = clock.stopped;
    this.part = clock.part;
    this.state = clock.state;
    if (clock.seat > 0) this.seat = clock.seat;
    // The status says more than the clock: keys, the receipt.
    if (this.status !== null && (this.status.state !== clock.state || this.status.part !== clock.part)) this.wantStatus = true;
  }

  private takeStatus(status: Status, clock: Clock | undefined, withAnswers: boolean): void {
    if (status.attempt === 0n) return;
    const reopened = this.filed && status.receipt === undefined;
    this.attempt = status.attempt;
    this.status = status;
    if (clock === undefined) this.state = status.state;
    this.entry = "";
    this.wantStatus = false;
    this.inDoubt = false;
    this.takenOver = false;
    this.statusRead = performance.now();
    if (this.isClosed) this.submitting = false;
    if (reopened) {
      this.filed = false;
      this.journalKey = "";
    }
    void this.hold(status, withAnswers);
  }

  // Journal, form and answers of this attempt.
  private async hold(status: Status, withAnswers: boolean): Promise<void> {
    const first = status.parts[0];
    const key = first === undefined || first.hash.length === 0 ? "" : `${status.attempt}-${hex(first.hash)}`;
    if (key !== "" && key !== this.journalKey && !this.filed) {
      this.journalKey = key;
      await this.openJournal(key);
    }
    if (this.status !== status) {
      if (this.status === null || this.status.attempt !== status.attempt) return;
      if (!withAnswers) return; // the later one sees to all of it
    }
    if (withAnswers) {
      this.answers.compare(status.have);
      this.recallFrom = 0;
      void this.recall();
    }
    if (status.parts.length > 0) await this.form.expect(status.parts);
    await this.openParts();
    this.advance();
    this.flush();
    this.tell();
  }

  private async openJournal(key: string): Promise<void> {
    try {
      const journal = await Journal.open(key);
      if (key !== this.journalKey) {
        journal.close();
        return;
      }
      const [answers, traces] = await Promise.all([journal.answers(), journal.traces()]);
      answers.sort((a, b) => a.seat - b.seat || a.revision - b.revision);
      for (const answer of answers) this.answers.restore(answer);
      for (const { kind, item, value } of traces) {
        if (kind === "seen") this.seen.add(item);
        else if (kind === "marks" && Array.isArray(value)) this.marked.set(item, value as Mark[]);
        else if (kind === "place" && typeof value === "number") this.place = value;
      }
      this.journal = journal;
      this.journalFailed = false;
    } catch {
      this.journalFailed = true;
    }
  }

  private async openParts(): Promise<void> {
    const keys = this.status?.keys ?? [];
    for (const [part, key] of keys.entries()) {
      if (key.length !== 32) break;
      const how = await this.form.open(part, key);
      if (how === "wrong") {
        this.confirmed = false;
        this.wantStatus = true;
      }
      if (how !== "not yet") this.tell();
    }
  }

  private greeted(reply: Reply): void {
    if (reply.body.case !== "hello") return;
    const { session, status } = reply.body.value;
    this.confirmed = false;
    this.putting = false;
    this.answers.lost();
    if (status === undefined && session !== undefined) {
      this.wantStatus = session.attempt > 0n;
      // It held an attempt and does not any more: another device has the seat, or it is closed.
      if (session.attempt === 0n && this.attempt > 0n && !this.takenOver && !this.isClosed) this.inDoubt = true;
    }
    if (session?.takeoverAsked) this.entry = "seat asked";
    this.retryMs = RETRY_MS;
    clearTimeout(this.waiting);
    this.waiting = 0;
    this.advance();
    this.flush();
  }

  private notice(notice: Notice): void {
    switch (notice.kind) {
      case NoticeKind.NOTICE_ADMITTED:
      case NoticeKind.NOTICE_STARTED:
      case NoticeKind.NOTICE_PART:
      case NoticeKind.NOTICE_CLOSED:
      case NoticeKind.NOTICE_VOIDED:
      case NoticeKind.NOTICE_RELEASED:
        if (notice.status === undefined) this.wantStatus = true;
        break;
      case NoticeKind.NOTICE_MINUTES_ADDED: {
        const minutes = Number(notice.addedMs) / 60_000;
        toast(`${Math.abs(minutes)} minutes ${minutes < 0 ? "fewer" : "more"}${notice.text === "" ? "" : `: ${notice.text}`}`, true);
        break;
      }
      case NoticeKind.NOTICE_MESSAGE:
        toast(`The proctor says: ${notice.text}`, true);
        break;
      case NoticeKind.NOTICE_PAUSED:
        announce("The exam is paused. The clock stands.", true);
        break;
      case NoticeKind.NOTICE_RESUMED:
        announce(`The exam goes on. ${time(this.remainingMs)} left.`, true);
        break;
      case NoticeKind.NOTICE_REOPENED:
      case NoticeKind.NOTICE_SEAT_GRANTED:
        this.entry = "";
        this.session.link.greetAgain();
        break;
      case NoticeKind.NOTICE_TAKEN_OVER:
        this.takenOver = true;
        this.entryText = notice.text;
        break;
      case NoticeKind.NOTICE_SEAT_REFUSED:
        this.entry = "refused";
        this.entryText = notice.text === "" ? "The proctor did not agree." : notice.text;
        break;
    }
    this.messages.tell(notice);
    this.advance();
    this.tell();
  }

  // ---- The way in: the first step that is needed is made, one at a time ------------------------

  private advance(): void {
    if (this.advancing || this.waiting !== 0 || this.session.link.state.value !== "up") return;
    const step = this.step();
    if (step === null) return;
    this.advancing = true;
    step().then(() => (this.retryMs = RETRY_MS), (e: unknown) => {
      if (e instanceof Refusal) {
        if (e.reason === "login_needed") this.session.end("You were logged out. Log in again to go on.");
        this.later();
      }
    }).finally(() => {
      this.advancing = false;
      this.tell();
      this.advance();
    });
  }

  private later(): void {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      this.waiting = 0;
      this.advance();
    }, jitter(this.retryMs)) as unknown as number;
    this.retryMs = Math.min(this.retryMs * 2, RETRY_MOST_MS);
  }

  private step(): (() => Promise<void>) | null {
    const who = this.session.who.value;
    if (who === null || who === undefined || this.takenOver) return null;
    if (this.inDoubt) return () => this.askOutcome();
    if (this.attempt === 0n && who.attempt === 0n && this.entry !== "seat asked" && this.entry !== "refused" &&
        (who.sitting > 0n || this.sitting > 0n))
      return () => this.checkIn();
    if (this.wantStatus) return () => this.askStatus();
    if (this.mayFetch() && this.form.missing() !== null) return () => this.fetchPiece();
    if (this.needsConfirm()) return () => this.confirmForm();
    return null;
  }

  private mayFetch(): boolean {
    return this.status !== null && this.status.parts.length > 0 &&
      (this.state === AttemptState.ADMITTED || this.state === AttemptState.READY || this.state === AttemptState.RUNNING);
  }

  private needsConfirm(): boolean {
    const waitedFor = this.state === AttemptState.ADMITTED || (this.stopped & Stop.NOT_STARTED) !== 0;
    return this.mayFetch() && waitedFor && !this.confirmed && this.form.isComplete && (this.agreed || this.status?.rules === "");
  }

  private async checkIn(): Promise<void> {
    try {
      await this.session.link.command({ case: "checkIn", value: create(CheckInSchema, { commandId: commandId(), sitting: this.sitting }) });
      if (this.status === null) this.wantStatus = true;
      this.entry = "";
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      if (e.reason === "seat_taken") {
        this.entry = "seat asked";
        this.statusRead = performance.now();
      } else if (e.reason === "not_open") {
        this.entry = "not open";
        throw e;
      } else {
        this.entry = "refused";
        this.entryText = sentence(e);
      }
    }
  }

  // An attempt that has a result is closed, whether it may be seen or not.
  private async askOutcome(): Promise<void> {
    try {
      const reply = await this.session.link.ask({ case: "getResult", value: create(GetResultSchema, { attempt: this.attempt }) });
      if (reply.body.case === "result") this.state = reply.body.value.state;
    } catch (e) {
      if (!(e instanceof Refusal) || errorPasses(e.number)) throw e;
      if (e.reason === "not_released") this.state = AttemptState.CLOSED;
      else this.takenOver = true;
    }
    this.inDoubt = false;
  }

  // A refusal means that the log-in holds no attempt: the next Hello or notice tells more.
  private async askStatus(): Promise<void> {
    this.wantStatus = false;
    try {
      await this.session.link.ask({ case: "getStatus", value: create(GetStatusSchema, { roundTripMs: this.session.link.roundTripMs }) });
    } catch (e) {
      if (e instanceof Refusal && e.reason === "seat_taken" && this.attempt !== 0n) this.takenOver = true;
      if (!(e instanceof Refusal) || errorPasses(e.number)) this.wantStatus = true;
      throw e;
    }
  }

  private async fetchPiece(): Promise<void> {
    const missing = this.form.missing();
    if (missing === null) return;
    try {
      const reply = await this.session.link.ask({ case: "getFormPiece", value: create(GetFormPieceSchema, missing) });
      if (reply.body.case !== "formPiece" || !this.form.add(reply.body.value)) this.wantStatus = true;
    } catch (e) {
      if (e instanceof Refusal) this.wantStatus = true;
      throw e;
    }
    if (this.form.isComplete) await this.openParts();
  }

  private async confirmForm(): Promise<void> {
    try {
      await this.session.link.command({ case: "confirmForm",
        value: create(ConfirmFormSchema, { commandId: commandId(), hash: this.form.hashes }) });
      this.confirmed = true;
    } catch (e) {
      if (e instanceof Refusal) {
        if (e.reason === "wrong_form") this.form.drop();
        this.wantStatus = true;
      }
      throw e;
    }
  }

  // ---- Answers out, answers back ---------------------------------------------------------------

  private flush(): void {
    if (this.attempt === 0n || this.putting || this.putWaiting !== 0 || this.session.link.state.value !== "up" ||
        !this.session.who.value) return;
    const batch = this.answers.take();
    if (batch.length > 0) {
      this.putting = true;
      void this.send(batch);
    } else if (this.submitting && this.answers.unsettled() === 0 && this.drafts.size === 0) {
      void this.handIn();
    } else {
      void this.fileAway();
    }
  }

  private settle(order: Order, reason: string): boolean {
    const news = this.answers.settle(order, reason);
    if (news === true && reason !== "") toast(`Question ${order.item + 1}: ${said(reason)}`, true);
    return news !== null;
  }

  // Of a session that is at no attempt: for good when it is closed or another's.
  private outOfTurn(): string {
    return this.isClosed ? "too_late" : this.takenOver ? "seat_taken" : "busy";
  }

  private async send(batch: Answer[]): Promise<void> {
    let settled = 0;
    const link = this.session.link;
    try {
      const reply = await link.ask({ case: "putAnswers",
        value: create(PutAnswersSchema, { answers: batch, roundTripMs: link.roundTripMs }) });
      for (const ack of reply.body.case === "answerAcks" ? reply.body.value.acks : []) {
        const reason = ack.error === 0 ? "" : errorName(ack.error);
        if ((ack.error === 0 || !errorPasses(ack.error)) && reason !== "login_needed" && this.settle(ack, reason)) settled++;
      }
    } catch (e) {
      if (e instanceof Refusal) {
        const reason = e.reason === "out_of_turn" ? this.outOfTurn() : e.reason;
        if (reason === "login_needed") this.session.end("You were logged out. Log in again to go on.");
        else if (reason !== "busy" && !errorPasses(e.number))
          for (const answer of batch) if (this.settle(answer, reason)) settled++;
      } else {
        settled = batch.length; // no word: after the next Hello
      }
    }
    this.putting = false;
    this.answers.lost();
    if (settled >= batch.length) {
      this.putMs = RETRY_MS;
    } else {
      this.putWaiting = setTimeout(() => {
        this.putWaiting = 0;
        this.flush();
      }, jitter(this.putMs)) as unknown as number;
      this.putMs = Math.min(this.putMs * 2, RETRY_MOST_MS);
    }
    this.tell();
    this.flush();
  }

  private async handIn(): Promise<void> {
    if (this.handing || this.isClosed) return;
    this.handing = true;
    try {
      await this.session.link.command({ case: "submit", value: create(SubmitSchema, { commandId: commandId() }) });
    } catch (e) {
      this.submitting = false;
      if (!this.isClosed) toast(sentence(e), true);
    }
    this.handing = false;
    this.tell();
    this.flush();
  }

  // All is said and signed: nothing here is needed any more.
  private async fileAway(): Promise<void> {
    if (this.filed || !this.isClosed || this.status?.receipt === undefined || this.answers.unsettled() > 0) return;
    this.filed = true;
    const journal = this.journal;
    this.journal = null;
    await journal?.remove().catch(() => {});
    journal?.close();
  }

  // Answers that only the server has: given at another device, or here before the journal was lost.
  private async recall(): Promise<void> {
    if (this.recalling) return;
    this.recalling = true;
    const attempt = this.attempt, answers = this.answers;
    try {
      for (;;) {
        const first = answers.lack(this.recallFrom);
        if (first < 0 || this.isClosed || this.takenOver || attempt !== this.attempt) break;
        const reply = await this.session.link.ask({ case: "getAnswers", value: create(GetAnswersSchema, { firstItem: first }) });
        if (reply.body.case !== "answers" || reply.body.value.answers.length === 0) break;
        for (const answer of reply.body.value.answers) {
          answers.learn(answer);
          this.recallFrom = Math.max(this.recallFrom, answer.item + 1);
        }
        this.tell();
        if (!reply.body.value.more) break;
      }
    } catch (e) {
      if (e instanceof Refusal && errorPasses(e.number)) this.wantStatus = true; // the next status begins anew
    }
    this.recalling = false;
    this.advance();
  }

  // ---- Once a second ---------------------------------------------------------------------------

  private probe(): void {
    if (this.status === null || this.isClosed) return;
    this.wantStatus = true;
    this.advance();
  }

  private beat(): void {
    if (performance.now() - this.statusRead < STATUS_OLD_MS || this.session.link.state.value !== "up") return;
    this.statusRead = performance.now();
    if (this.entry === "seat asked") this.session.link.greetAgain(); // the proctor's word may have been lost
    else this.probe();
  }
}

function said(reason: string): string {
  if (reason === "kept_for_proctor") return "this answer came late or from an earlier seat; it is kept for the proctor, and does not count by itself.";
  if (reason === "locked") return "this part or question cannot be changed any more.";
  return "this answer was refused; it is not saved.";
}
