// What an import or a check says, line by line, and the choosing of its file.
import { useRef, useState } from "preact/hooks";
import type { Diagnostic, Diagnostics } from "../../gen/examd_pb";
import type { Link } from "../wire/link";
import type { Body } from "../wire/tab";
import { Button } from "../ui/button";
import { ask, upload, useTask } from "./ask";
import { many } from "./words";

const UPLOAD_MOST = 16 * 1024 * 1024; // PROTOCOL.md, section 14
const LEVELS = ["error", "warning", "note"] as const;
const TONES = ["bad", "warn", ""] as const;

function place(d: Diagnostic): string {
  return [d.file, d.line > 0 && d.line, d.line > 0 && d.column > 0 && d.column].filter(Boolean).join(":");
}

// SAID: what was checked only, or done.
export function DiagnosticList({ of, checkOnly }: { of: Diagnostics; checkOnly: boolean }) {
  const counts = [of.errors > 0 && many(of.errors, "error"), of.warnings > 0 && many(of.warnings, "warning")].filter(Boolean).join(", ");
  const verdict = of.errors > 0 ? "Nothing was changed." : checkOnly ? "Checked; nothing was changed." : of.changed
    ? `Done: ${of.added} added, ${of.updated} updated.` : "Nothing was to be changed.";
  return (
    <section class="stack" aria-label="What the check says">
      <p class={`note ${of.errors > 0 ? "bad" : of.warnings > 0 ? "warn" : "good"}`} role="status">
        {verdict} {counts !== "" && `${counts}.`} {of.summary}
      </p>
      {of.entries.length > 0 && (
        <ul class="diagnostics" tabIndex={0} aria-label="Diagnostics">
          {of.entries.map((d, i) => (
            <li key={i}>
              <span class={`badge ${TONES[d.level] ?? ""}`}>{LEVELS[d.level] ?? "note"}</span>
              <span><code>{place(d)}</code> <span dir="auto">{d.text}</span> {d.rule !== "" && <small>{d.rule}</small>}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

// A file, checked first or taken over at once.  BODY names the upload that it went up as.
export function FileTask({ link, label, accept, take, hint, body, onDone }:
  { link: Link; label: string; accept: string; take: string; hint: string;
    body: (upload: number, file: string, checkOnly: boolean) => Body; onDone: (of: Diagnostics, checkOnly: boolean) => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [said, setSaid] = useState<{ of: Diagnostics; checkOnly: boolean } | null>(null);
  const { busy, error, run, fail } = useTask();
  const input = useRef<HTMLInputElement>(null);
  const go = (checkOnly: boolean) => {
    if (file === null) return input.current?.focus();
    if (file.size > UPLOAD_MOST) return fail("The file is larger than 16 MiB.");
    run(async () => {
      const number = await upload(link, new Uint8Array(await file.arrayBuffer()));
      const of = await ask(link, body(number, file.name, checkOnly), "diagnostics");
      setSaid({ of, checkOnly });
      onDone(of, checkOnly);
    });
  };
  return (
    <form class="stack" onSubmit={(e) => { e.preventDefault(); go(true); }}>
      <div class="field">
        <label>{label}
          <input ref={input} type="file" accept={accept} onChange={(e) => { setFile(e.currentTarget.files?.[0] ?? null); setSaid(null); }} />
        </label>
        <p class="hint">{hint}</p>
      </div>
      {error !== "" && <p class="error" role="alert">{error}</p>}
      <div class="actions start">
        <Button type="submit" busy={busy} disabled={file === null}>Check only</Button>
        <Button kind="primary" busy={busy} disabled={file === null} onClick={() => go(false)}>{take}</Button>
      </div>
      {said !== null && <DiagnosticList {...said} />}
    </form>
  );
}
