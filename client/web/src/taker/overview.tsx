// All questions of the part with their state, and from here handing in, after one yes.
import { useState } from "preact/hooks";
import { useCell } from "../cell";
import { Button } from "../ui/button";
import { Confirm } from "../ui/dialog";
import { toast } from "../ui/toast";
import { sentence } from "../wire/errors";
import type { Progress, Seat } from "./seat";

type Filter = "all" | Progress | "flagged";
const FILTERS: readonly (readonly [Filter, string])[] =
  [["all", "All"], ["complete", "Complete"], ["incomplete", "Incomplete"], ["unseen", "Unseen"], ["flagged", "Flagged"]];

function HandIn({ seat, open, onClose }: { seat: Seat; open: number; onClose: () => void }) {
  const last = seat.part + 1 >= (seat.status?.parts.length ?? 0);
  const [busy, setBusy] = useState(false);
  const link = useCell(seat.session.link.state), { unsaved } = seat.saved();
  const yes = () => {
    setBusy(true);
    if (last) seat.submit();
    else seat.leavePart().then(onClose, (e: unknown) => { toast(sentence(e), true); setBusy(false); });
  };
  const waits = busy || seat.submitting;
  return (
    <Confirm title={last ? "Hand in?" : "Leave this part?"} yes={last ? "Hand in" : "Leave this part"} no="Not yet" busy={waits} onYes={yes}
      onNo={() => { if (!waits) onClose(); }}>
      {open > 0 && <p class="note warn">{open === 1 ? "One question is" : `${open} questions are`} not complete. A question without an
        answer counts as wrong; a guess costs nothing.</p>}
      <p>{last ? "You cannot change anything afterwards." : "You cannot come back to it. The next part begins at once."}</p>
      {waits && <p role="status">{unsaved > 0 ? `${unsaved} not saved yet. You are handed in as soon as everything is.`
        : link === "up" ? "Everything is saved. Waiting for the server." : "The connection is lost; it is tried again by itself."}</p>}
    </Confirm>
  );
}

export function Overview({ seat, at, onGo }: { seat: Seat; at: number; onGo: (item: number) => void }) {
  const [filter, setFilter] = useState<Filter>("all");
  const [handing, setHanding] = useState(false);
  const part = seat.partInfo;
  if (part === undefined) return null;
  const rows = Array.from({ length: part.items }, (_, i) => {
    const item = part.firstItem + i;
    return { item, number: i + 1, progress: seat.progress(item), flagged: seat.answer(item).flagged };
  });
  const shows = (f: Filter, r: (typeof rows)[number]) => f === "all" || (f === "flagged" ? r.flagged : r.progress === f);
  const count = (f: Filter) => rows.filter((r) => shows(f, r)).length;
  const shown = rows.filter((r) => shows(filter, r));
  const last = seat.part + 1 >= (seat.status?.parts.length ?? 0);
  return (
    <section class="card overview" aria-labelledby="all">
      <h2 id="all">{count("complete")} of {part.items} questions are complete</h2>
      <progress max={part.items} value={count("complete")} aria-labelledby="all" />
      {!seat.isLinear && (
        <>
          <div class="row filters" role="group" aria-label="Show">
            {FILTERS.map(([f, name]) => (
              <Button key={f} pressed={filter === f} onClick={() => setFilter(f)}>{name} <span class="badge">{count(f)}</span></Button>
            ))}
          </div>
          {shown.length === 0 && <p class="hint">None.</p>}
          <ol class="grid">
            {shown.map((r) => (
              <li key={r.item}>
                <button type="button" class={`cell ${r.progress} ${r.flagged ? "flagged" : ""}`} aria-current={r.item === at ? "true" : undefined}
                  onClick={() => onGo(r.item)} aria-label={`Question ${r.number}, ${r.progress}${r.flagged ? ", flagged" : ""}`}>{r.number}</button>
              </li>
            ))}
          </ol>
          <p class="hint legend"><span>{"\u2713"} complete</span><span>{"\u2026"} seen, not complete</span><span>{"\u2691"} flagged</span></p>
        </>
      )}
      <div class="actions"><Button kind="primary" onClick={() => setHanding(true)}>{last ? "Hand in \u2026" : "Leave this part \u2026"}</Button></div>
      {handing && <HandIn seat={seat} open={part.items - count("complete")} onClose={() => setHanding(false)} />}
    </section>
  );
}
