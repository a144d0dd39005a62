// The sealed form of one attempt: fetched piece by piece as ciphertext, opened when the keys come
// (PROTOCOL.md, section 7).
import { fromBinary } from "@bufbuild/protobuf";
import { FormPartSchema, type FormItem, type FormPart, type FormPiece, type PartInfo } from "../../gen/examd_pb";
import type { Journal } from "./journal";

const PARTS_MOST = 16;
const SEALED_MOST = 32 * 1024 * 1024;
const NONCE = new Uint8Array(12);

interface Part {
  readonly hash: Uint8Array;
  readonly firstItem: number;
  sealed: Uint8Array<ArrayBuffer>;
  fetched: number;
  open: FormPart | null;
  opening: boolean;
}

export const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i]);

export const hex = (bytes: Uint8Array) => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");

export class Form {
  private parts: Part[] = [];

  constructor(private readonly journal: () => Journal | null) {}

  // What the server says about the parts; another one than before is dropped.
  async expect(infos: readonly PartInfo[]): Promise<void> {
    if (infos.length > PARTS_MOST || infos.some((i) => i.sealedSize > SEALED_MOST)) throw new Error("impossible sizes");
    const isKnown = () => infos.length === this.parts.length &&
      infos.every((info, i) => same(info.hash, this.parts[i]?.hash ?? NONCE) && info.sealedSize === this.parts[i]?.sealed.length);
    if (isKnown()) return;
    const parts: Part[] = infos.map((i) => ({ hash: i.hash, firstItem: i.firstItem, sealed: new Uint8Array(i.sealedSize), fetched: 0,
      open: null, opening: false }));
    for (const [i, part] of parts.entries()) {
      const kept = await this.journal()?.part(i).catch(() => undefined);
      if (kept?.length !== part.sealed.length) continue;
      part.sealed.set(kept);
      part.fetched = kept.length;
    }
    if (!isKnown()) this.parts = parts;
  }

  // The next piece to ask for; null: nothing is missing, or nothing is known.
  missing(): { part: number; offset: number } | null {
    const part = this.parts.findIndex((p) => p.fetched < p.sealed.length);
    return part < 0 ? null : { part, offset: this.parts[part]?.fetched ?? 0 };
  }

  // False: it does not fit; ask for the status.
  add(piece: FormPiece): boolean {
    const part = this.parts[piece.part];
    if (part === undefined || piece.size !== part.sealed.length || piece.offset !== part.fetched || piece.data.length === 0 ||
        piece.offset + piece.data.length > part.sealed.length)
      return false;
    part.sealed.set(piece.data, piece.offset);
    part.fetched += piece.data.length;
    if (part.fetched === part.sealed.length) void this.journal()?.putPart(piece.part, part.sealed).catch(() => {});
    return true;
  }

  get isComplete(): boolean {
    return this.parts.length > 0 && this.parts.every((p) => p.sealed.length > 0 && p.fetched === p.sealed.length);
  }

  get fetched(): number {
    return this.parts.reduce((n, p) => n + p.fetched, 0);
  }

  get size(): number {
    return this.parts.reduce((n, p) => n + p.sealed.length, 0);
  }

  get hashes(): Uint8Array[] {
    return this.parts.map((p) => p.hash);
  }

  isOpen(part: number): boolean {
    return this.parts[part]?.open != null;
  }

  drop(): void {
    for (const part of this.parts) {
      part.fetched = 0;
      part.open = null;
    }
  }

  // "wrong": it does not fit its key or its hash, was dropped, and must be fetched again.
  async open(at: number, key: Uint8Array): Promise<"opened" | "not yet" | "wrong"> {
    const part = this.parts[at];
    if (part === undefined || part.open !== null || part.opening || part.fetched < part.sealed.length) return "not yet";
    part.opening = true;
    try {
      const secret = await crypto.subtle.importKey("raw", new Uint8Array(key), "AES-GCM", false, ["decrypt"]);
      const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: NONCE }, secret, part.sealed);
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", plain));
      if (!same(hash, part.hash)) throw new Error("another form");
      part.open = fromBinary(FormPartSchema, new Uint8Array(plain));
      return "opened";
    } catch {
      part.fetched = 0;
      return "wrong";
    } finally {
      part.opening = false;
    }
  }

  private of(item: number): Part | undefined {
    return this.parts.find((p) => p.open !== null && item >= p.firstItem && item < p.firstItem + p.open.items.length);
  }

  // undefined: not open yet.
  item(item: number): FormItem | undefined {
    const part = this.of(item);
    return part?.open?.items[item - part.firstItem];
  }

  stimulus(item: number): string {
    const place = this.item(item)?.stimulus ?? 0;
    return place > 0 ? (this.of(item)?.open?.stimuli[place - 1]?.text ?? "") : "";
  }
}
