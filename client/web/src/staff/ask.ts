// What the pages of staff ask the server for: one answer, whole lists, files up and down.
import { create } from "@bufbuild/protobuf";
import { useEffect, useRef, useState } from "preact/hooks";
import { DownloadSchema, ListExamsSchema, PeopleListSchema, ResultsListSchema, SittingListSchema, UploadSchema,
  type Exam, type File as Sent, type Person, type Reply, type Result, type Sitting } from "../../gen/examd_pb";
import { Refusal, sentence } from "../wire/errors";
import type { Link } from "../wire/link";
import type { Body } from "../wire/tab";

const PIECE = 32_768;
const UPLOAD = 1; // one at a time is enough here
const DOWNLOAD = 1;
const PROTOCOL = 1;

type Answer = Reply["body"];
type Case = NonNullable<Answer["case"]>;
type Of<C extends Case> = Extract<Answer, { case: C }>["value"];

function of<C extends Case>(reply: Reply, expected: C): Of<C> {
  if (reply.body.case !== expected) throw new Refusal(PROTOCOL, "");
  return reply.body.value as Of<C>;
}

// The answer to what may be sent again; survives lost connections.
export async function ask<C extends Case>(link: Link, body: Body, expected: C): Promise<Of<C>> {
  return of(await link.command(body), expected);
}

// ---- Lists --------------------------------------------------------------------------------------

export async function listSittings(link: Link): Promise<Sitting[]> {
  const found = await ask(link, { case: "sittingList", value: create(SittingListSchema) }, "sittings");
  return found.sittings.reverse(); // the newest first
}

export async function listExams(link: Link): Promise<Exam[]> {
  return (await ask(link, { case: "listExams", value: create(ListExamsSchema) }, "exams")).exams;
}

export async function listPeople(link: Link): Promise<Person[]> {
  const all: Person[] = [];
  for (let more = true; more;) {
    const page = await ask(link, { case: "peopleList", value: create(PeopleListSchema, { afterUser: all.at(-1)?.user ?? "" }) }, "people");
    all.push(...page.people);
    more = page.more && page.people.length > 0;
  }
  return all;
}

export async function listResults(link: Link, sitting: bigint): Promise<Result[]> {
  const all: Result[] = [];
  for (let more = true; more;) {
    const page = await ask(link, { case: "resultsList",
      value: create(ResultsListSchema, { sitting, afterAttempt: all.at(-1)?.attempt ?? 0n }) }, "results");
    all.push(...page.results);
    more = page.more && page.results.length > 0;
  }
  return all;
}

// ---- Files: they live as long as the connection, so nothing of this is sent again -----------------

// Returns the number that a request names it by.
export async function upload(link: Link, data: Uint8Array): Promise<number> {
  for (let at = 0; at === 0 || at < data.length; at += PIECE)
    await link.ask({ case: "upload",
      value: create(UploadSchema, { number: UPLOAD, offset: BigInt(at), data: data.subarray(at, at + PIECE) }) });
  return UPLOAD;
}

async function whole(link: Link, file: Sent): Promise<Uint8Array<ArrayBuffer>> {
  const all = new Uint8Array(Number(file.size));
  for (let at = 0; at < all.length;) {
    const piece = of(await link.ask({ case: "download",
      value: create(DownloadSchema, { number: file.number, offset: BigInt(at) }) }), "filePiece");
    if (piece.data.length === 0) throw new Refusal(PROTOCOL, "the file ends too early");
    all.set(piece.data, at);
    at += piece.data.length;
  }
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", all));
  if (!hash.every((b, i) => b === file.sha256[i])) throw new Refusal(PROTOCOL, "the file came damaged");
  return all;
}

function save(name: string, type: string, bytes: Uint8Array<ArrayBuffer>): void {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(new Blob([bytes], { type }));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
}

// Asks for a file and gives it to the browser to keep.  BODY gets the number of the download.
export async function download(link: Link, body: (number: number) => Body, type: string): Promise<string> {
  const file = of(await link.ask(body(DOWNLOAD)), "file");
  save(file.name, type, await whole(link, file));
  return file.name;
}

// ---- In a page ------------------------------------------------------------------------------------

export interface Loaded<T> {
  readonly value: T | undefined;
  readonly error: string;
  again(): void;
}

// Loads when KEY changes, and when asked to.
export function useLoad<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [state, set] = useState<{ key: string; value: T | undefined; error: string }>({ key, value: undefined, error: "" });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    let wanted = true;
    latest.current().then(
      (value) => wanted && set({ key, value, error: "" }),
      (e: unknown) => wanted && set((was) => ({ key, value: was.key === key ? was.value : undefined, error: sentence(e) })));
    return () => void (wanted = false);
  }, [key, turn]);
  return { value: state.key === key ? state.value : undefined, error: state.error, again: () => setTurn((n) => n + 1) };
}

// Something under way: busy meanwhile, and what went wrong.
export function useTask(): { busy: boolean; error: string; run(what: () => Promise<void>): void; fail(why: string): void } {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const run = (what: () => Promise<void>) => {
    setBusy(true);
    setError("");
    what().catch((e: unknown) => setError(sentence(e))).finally(() => setBusy(false));
  };
  return { busy, error, run, fail: setError };
}
