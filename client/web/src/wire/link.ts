// The link: a tab that is kept up.  It opens one, says Hello, comes back after a lost connection
// (jittered back-off from 0.2 s to 5 s) and after the notice "restarted", and sends again what has no
// reply yet; a command keeps its id, so that is harmless.  The rules are those of PROTOCOL.md,
// sections 1 to 4.
import { create } from "@bufbuild/protobuf";
import { HelloSchema, NoticeKind, type Notice, type Reply } from "../../gen/examd_pb";
import { Cell, Listeners } from "../cell";
import { OUT_OF_TURN, Refusal, errorName, errorPasses } from "./errors";
import { Lost, Tab, type Body } from "./tab";

export { Lost } from "./tab";

// waiting: lost or not reached, another try follows; refused: no version in common; stopped: by us.
export type LinkState = "connecting" | "up" | "waiting" | "refused" | "stopped";

const VERSION = 1;
const PROGRAM = "web 0.1.0";
const BACK_OFF_MS = 200;
const BACK_OFF_MOST_MS = 5_000;
const REQUEST_LIMIT_MS = 30_000;
const TURN_MS = 250; // in which a restart that explains an "out of turn" is told of
const SLEPT_MS = 5_000;

interface Call {
  readonly body: Body;
  readonly resend: boolean;
  sent: boolean;
  resolve(reply: Reply): void;
  reject(why: Error): void;
}

export const jitter = (ms: number) => ms / 2 + (Math.random() * ms) / 2;
const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

// For one command; kept when it is sent again.
export function commandId(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(16));
}

// 16 bytes, made once per device and kept.  Without storage they last as long as the page.
function clientId(): Uint8Array {
  const key = "examd.client";
  let text: string | null = null;
  try {
    text = localStorage.getItem(key);
    if (text === null || !/^[0-9a-f]{32}$/.test(text)) {
      text = [...commandId()].map((b) => b.toString(16).padStart(2, "0")).join("");
      localStorage.setItem(key, text);
    }
  } catch {
    text ??= [...commandId()].map((b) => b.toString(16).padStart(2, "0")).join("");
  }
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export class Link {
  readonly state = new Cell<LinkState>("stopped");
  // Each reply to Hello, before anything is sent again.
  readonly greeted = new Listeners<Reply>();
  // Each reply and notice, before whoever asked for it: for the clock.
  readonly heard = new Listeners<Reply>();
  readonly noticed = new Listeners<Notice>();
  // The device has slept, or the page is looked at again: ask for what may have changed.
  readonly woke = new Listeners<void>();
  roundTripMs = 0;

  private readonly id = clientId();
  private readonly calls = new Set<Call>();
  private tab: Tab | null = null;
  private epoch = 0; // of the Hello that is answered or under way
  private wait = BACK_OFF_MS;
  private timer = 0;
  private lastTick = Date.now();

  constructor() {
    addEventListener("online", () => this.hurry());
    addEventListener("offline", () => this.tab?.close());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.wake();
    });
    setInterval(() => {
      const now = Date.now(); // only to see that time was skipped
      if (Math.abs(now - this.lastTick) > SLEPT_MS + 1000) this.wake();
      this.lastTick = now;
    }, 1000);
  }

  start(): void {
    if (this.state.value !== "stopped") return;
    this.wait = BACK_OFF_MS;
    void this.connect();
  }

  // Ends it; what has no reply is Lost.
  stop(): void {
    clearTimeout(this.timer);
    this.epoch++;
    this.state.set("stopped");
    const tab = this.tab;
    this.tab = null;
    tab?.close();
    for (const call of [...this.calls]) this.finish(call, new Lost("stopped"));
  }

  // The reply, when it has no error.  Throws Refusal, or Lost when the connection goes meanwhile.
  ask(body: Body): Promise<Reply> {
    return this.put(body, false);
  }

  // The same of what may be sent again (all that PROTOCOL.md says of command ids): survives lost
  // connections, and errors that pass.  Throws Refusal, or Lost when the link is stopped.
  async command(body: Body): Promise<Reply> {
    for (let wait = BACK_OFF_MS; ; wait = Math.min(wait * 2, BACK_OFF_MOST_MS)) {
      try {
        return await this.put(body, true);
      } catch (e) {
        if (!(e instanceof Refusal) || !errorPasses(e.number)) throw e;
        await sleep(jitter(wait));
      }
    }
  }

  // Says Hello again on this connection: when a seat was granted.
  greetAgain(): void {
    if (this.tab !== null) void this.greet(this.tab);
  }

  private put(body: Body, resend: boolean): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const call: Call = { body, resend, sent: false, resolve, reject };
      this.calls.add(call);
      if (this.state.value === "up") void this.send(call);
      else if (this.state.value === "stopped" || this.state.value === "refused") this.finish(call, new Lost("stopped"));
    });
  }

  private finish(call: Call, how: Reply | Error): void {
    if (!this.calls.delete(call)) return;
    if (how instanceof Error) call.reject(how);
    else call.resolve(how);
  }

  private async send(call: Call): Promise<void> {
    const tab = this.tab, epoch = this.epoch;
    if (tab === null) return;
    call.sent = true;
    let reply: Reply;
    try {
      reply = await this.exchange(tab, call.body);
      // A core that has just started calls what it does not know of out of turn, and tells of its
      // start on another stream.
      if (reply.error === OUT_OF_TURN) await sleep(TURN_MS);
    } catch {
      if (epoch === this.epoch && !tab.isOver) this.greetLater(tab);
      return; // who greets, or opens the next tab, sends it again
    }
    if (epoch !== this.epoch) return;
    this.heard.tell(reply);
    this.finish(call, reply.error === 0 ? reply : new Refusal(reply.error, reply.detail));
  }

  private async exchange(tab: Tab, body: Body): Promise<Reply> {
    const limit = setTimeout(() => tab.close(), REQUEST_LIMIT_MS);
    const sent = performance.now();
    try {
      const reply = await tab.call(body);
      this.roundTripMs = Math.max(1, Math.round(performance.now() - sent));
      return reply;
    } finally {
      clearTimeout(limit);
    }
  }

  private async connect(): Promise<void> {
    const epoch = ++this.epoch;
    this.state.set("connecting");
    let tab: Tab;
    try {
      tab = await Tab.open({ notice: (reply) => this.hear(reply), gone: () => this.lost(tab) });
    } catch {
      if (epoch === this.epoch) this.later();
      return;
    }
    if (epoch !== this.epoch) {
      tab.close();
      return;
    }
    this.tab = tab;
    await this.greet(tab);
  }

  private lost(tab: Tab): void {
    if (tab !== this.tab) return;
    this.tab = null;
    this.later();
  }

  private later(): void {
    this.epoch++;
    this.unsend();
    this.state.set("waiting");
    this.again(() => void this.connect());
  }

  private again(what: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(what, jitter(this.wait)) as unknown as number;
    this.wait = Math.min(this.wait * 2, BACK_OFF_MOST_MS);
  }

  // What may not be sent twice ends here.
  private unsend(): void {
    for (const call of [...this.calls]) {
      if (call.sent && !call.resend) this.finish(call, new Lost("connection lost"));
      call.sent = false;
    }
  }

  private greetLater(tab: Tab): void {
    this.epoch++;
    this.unsend();
    this.state.set("waiting");
    this.again(() => {
      if (tab === this.tab) void this.greet(tab);
    });
  }

  private async greet(tab: Tab): Promise<void> {
    clearTimeout(this.timer);
    const epoch = ++this.epoch;
    this.unsend();
    this.state.set("connecting");
    const hello = create(HelloSchema, { minVersion: VERSION, maxVersion: VERSION, client: PROGRAM, clientId: this.id });
    let reply: Reply;
    try {
      reply = await this.exchange(tab, { case: "hello", value: hello });
    } catch {
      if (epoch === this.epoch && !tab.isOver) this.greetLater(tab);
      return;
    }
    if (epoch !== this.epoch) return;
    if (reply.error === 0 && reply.body.case === "hello") {
      this.wait = BACK_OFF_MS;
      this.state.set("up");
      this.heard.tell(reply);
      this.greeted.tell(reply);
      for (const call of [...this.calls]) if (!call.sent && this.state.value === "up") void this.send(call);
    } else if (errorName(reply.error) === "version") {
      this.stop();
      this.state.set("refused");
    } else {
      tab.close();
    }
  }

  private hear(reply: Reply): void {
    if (reply.body.case !== "notice") return; // why the stream is about to end: it is opened again
    if (reply.body.value.kind === NoticeKind.NOTICE_RESTARTED) {
      this.greetAgain();
      return;
    }
    this.heard.tell(reply);
    this.noticed.tell(reply.body.value);
  }

  // A try that waits is made now.
  private hurry(): void {
    if (this.state.value !== "waiting") return;
    this.wait = BACK_OFF_MS;
    clearTimeout(this.timer);
    if (this.tab === null) void this.connect();
    else void this.greet(this.tab);
  }

  private wake(): void {
    this.hurry();
    this.woke.tell();
  }
}
