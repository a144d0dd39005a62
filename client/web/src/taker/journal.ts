// The journal: every answer, on this device's disk before it is sent, and kept until the receipt; beside
// it the sealed form, so that a page that is loaded again need not fetch it, and what is only this
// device's (what was looked at, what is highlighted).  IndexedDB; what it holds is keyed by the attempt
// and its form, because a server that was set up anew counts attempts from 1 again.
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { AnswerSchema, type Answer } from "../../gen/examd_pb";

const DATABASE = "examd";
const STORES = ["answers", "forms", "traces"] as const;
type Store = (typeof STORES)[number];

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("no database"));
  });
}

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    for (const store of STORES) request.result.createObjectStore(store);
  };
  return done(request);
}

export class Journal {
  private constructor(private readonly db: IDBDatabase, private readonly key: string) {}

  // Throws when this browser lets nothing be stored.
  static async open(key: string): Promise<Journal> {
    void navigator.storage?.persist?.().catch(() => false);
    return new Journal(await open(), key);
  }

  private range(): IDBKeyRange {
    return IDBKeyRange.bound([this.key], [this.key, []]);
  }

  // On disk when it is resolved.
  private write(store: Store, key: IDBValidKey[], value: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      const change = this.db.transaction(store, "readwrite", { durability: store === "traces" ? "relaxed" : "strict" });
      change.oncomplete = () => resolve();
      change.onabort = change.onerror = () => reject(change.error ?? new Error("not written"));
      change.objectStore(store).put(value, [this.key, ...key]);
    });
  }

  private async all(store: Store): Promise<{ key: IDBValidKey[]; value: unknown }[]> {
    const from = this.db.transaction(store).objectStore(store);
    const [keys, values] = await Promise.all([done(from.getAllKeys(this.range())), done(from.getAll(this.range()))]);
    return keys.map((key, i) => ({ key: key as IDBValidKey[], value: values[i] as unknown }));
  }

  // Kept for each seat: what an earlier seat did not get saved is still sent.
  put(answer: Answer): Promise<void> {
    return this.write("answers", [answer.item, answer.seat], toBinary(AnswerSchema, answer));
  }

  async answers(): Promise<Answer[]> {
    return (await this.all("answers")).flatMap(({ value }) => {
      try {
        return [fromBinary(AnswerSchema, value as Uint8Array)];
      } catch {
        return []; // another release wrote it
      }
    });
  }

  putPart(part: number, sealed: Uint8Array): Promise<void> {
    return this.write("forms", [part], sealed);
  }

  async part(part: number): Promise<Uint8Array | undefined> {
    return done(this.db.transaction("forms").objectStore("forms").get([this.key, part]) as IDBRequest<Uint8Array | undefined>);
  }

  // May be lost.
  putTrace(kind: string, item: number, value: unknown): void {
    this.write("traces", [kind, item], value).catch(() => {});
  }

  async traces(): Promise<{ kind: string; item: number; value: unknown }[]> {
    return (await this.all("traces")).map(({ key, value }) => ({ kind: String(key[1]), item: Number(key[2]), value }));
  }

  // The receipt is here.
  remove(): Promise<void> {
    return new Promise((resolve, reject) => {
      const change = this.db.transaction([...STORES], "readwrite", { durability: "strict" });
      change.oncomplete = () => resolve();
      change.onabort = change.onerror = () => reject(change.error ?? new Error("not removed"));
      for (const store of STORES) change.objectStore(store).delete(this.range());
    });
  }

  close(): void {
    this.db.close();
  }
}
