// A tab: what a connection of examd/1 is to a terminal client.  A stream of notices that stays open, and
// a POST for each call (PROTOCOL.md, "Browsers").  It knows nothing of sessions or exams: who uses it
// says Hello, and calls again what was lost (link.ts).
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ReplySchema, RequestSchema, type Reply, type Request } from "../../gen/examd_pb";

export const SILENCE_MS = 25_000; // two heartbeats and a bit: the connection is dead
const OPEN = "/examd.v1/open";

// The connection, or the core behind it, was lost: it is not known whether the call was carried out.
export class Lost extends Error {}

export type Body = Request["body"];
export type Member = NonNullable<Body["case"]>;

const snake = (name: string) => name.replace(/[A-Z]/g, (c) => "_" + c.toLowerCase());

export interface TabEvents {
  notice(reply: Reply): void;
  // Once: the stream has ended.
  gone(): void;
}

export class Tab {
  private next = 1n;
  private readonly stop = new AbortController();
  private heard = 0;
  private watch = 0;
  private over = false;

  private constructor(private readonly name: string, private readonly events: TabEvents) {}

  // Its stream has ended.
  get isOver(): boolean {
    return this.over;
  }

  // Throws Lost.
  static async open(events: TabEvents): Promise<Tab> {
    const stop = new AbortController();
    const limit = setTimeout(() => stop.abort(), SILENCE_MS);
    let response: Response;
    try {
      response = await fetch(OPEN, { method: "POST", headers: { "content-type": "application/proto" },
        signal: stop.signal, cache: "no-store" });
    } catch (e) {
      throw new Lost(String(e));
    } finally {
      clearTimeout(limit);
    }
    const name = response.headers.get("examd-tab");
    if (!response.ok || name === null || response.body === null) throw new Lost(`open: ${response.status}`);
    const tab = new Tab(name, events);
    tab.stop.signal.addEventListener("abort", () => stop.abort());
    void tab.read(response.body.getReader());
    return tab;
  }

  // The Reply, whatever it says.  Throws Lost.
  async call(body: Body): Promise<Reply> {
    const id = this.next++;
    const request = create(RequestSchema, { id, body });
    const path = "/examd.v1/" + snake(body.case ?? "");
    let response: Response, bytes: Uint8Array;
    try {
      response = await fetch(path, { method: "POST", cache: "no-store", signal: this.stop.signal,
        headers: { "content-type": "application/proto", "examd-tab": this.name },
        body: toBinary(RequestSchema, request) as Uint8Array<ArrayBuffer> });
      bytes = new Uint8Array(await response.arrayBuffer());
    } catch (e) {
      this.close();
      throw new Lost(String(e));
    }
    if (response.status !== 200) {
      if (response.status !== 503) this.close(); // 503: the tab is good, its core is a new one
      throw new Lost(`${path}: ${response.status}`);
    }
    return fromBinary(ReplySchema, bytes);
  }

  close(): void {
    if (this.over) return;
    this.over = true;
    clearInterval(this.watch);
    this.stop.abort();
    this.events.gone();
  }

  private async read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    let kept = new Uint8Array(0);
    this.heard = performance.now();
    this.watch = setInterval(() => {
      if (performance.now() - this.heard > SILENCE_MS) this.close();
    }, 1000) as unknown as number;
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        this.heard = performance.now();
        const joined = new Uint8Array(kept.length + value.length);
        joined.set(kept);
        joined.set(value, kept.length);
        kept = this.frames(joined);
      }
    } catch {
      // told by close()
    }
    this.close();
  }

  // Hands on whole frames; returns what is left.  A frame of length 0 is a heartbeat.
  private frames(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (bytes.length - at >= 4) {
      const length = view.getUint32(at);
      if (bytes.length - at - 4 < length) break;
      if (length > 0 && !this.over) this.events.notice(fromBinary(ReplySchema, bytes.subarray(at + 4, at + 4 + length)));
      at += 4 + length;
    }
    return bytes.slice(at) as Uint8Array<ArrayBuffer>;
  }
}
