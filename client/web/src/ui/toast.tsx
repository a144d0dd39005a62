// What is said in passing, and to a screen reader: two live regions that stay in the page.
import { useEffect, useState } from "preact/hooks";
import { Listeners } from "../cell";
import { Button } from "./button";

interface Saying {
  readonly text: string;
  readonly urgent: boolean;
  readonly silent: boolean; // for screen readers alone
}
const said = new Listeners<Saying>();
const cleared = new Listeners<void>();
const SHOWN_MS = 8_000;

// Shown for a while; an urgent one stays until it is put away.
export function toast(text: string, urgent = false): void {
  said.tell({ text, urgent, silent: false });
}

// Read out, and not shown.
export function announce(text: string, urgent = false): void {
  said.tell({ text, urgent, silent: true });
}

// Where they are shown: a page of their own, because an open dialog must have them inside.  What is beside a
// modal dialog is neither read out nor can it be pressed.
export const toastPlace = document.createElement("div");

// Of the person before.
export function clearToasts(): void {
  cleared.tell();
}

interface Shown extends Saying {
  readonly key: number;
}

export function Toasts() {
  const [shown, setShown] = useState<Shown[]>([]);
  const [polite, setPolite] = useState("");
  const [assertive, setAssertive] = useState("");
  useEffect(() => {
    let key = 0;
    const ends = [cleared.add(() => setShown([])), said.add((saying) => {
      (saying.urgent ? setAssertive : setPolite)(saying.text);
      if (saying.silent) return;
      const it = { ...saying, key: ++key };
      setShown((all) => [...all.slice(-3), it]);
      if (!saying.urgent) setTimeout(() => setShown((all) => all.filter((s) => s.key !== it.key)), SHOWN_MS);
    })];
    return () => { for (const end of ends) end(); };
  }, []);
  return (
    <>
      <div class="hidden" role="status" aria-live="polite">{polite}</div>
      <div class="hidden" role="alert" aria-live="assertive">{assertive}</div>
      <div class="toasts" role="region" aria-label="Said just now">
        {shown.map((s) => (
          <div key={s.key} class={`toast ${s.urgent ? "urgent" : ""}`}>
            <p>{s.text}</p>
            <Button kind="quiet" class="square" aria-label="Put away"
              onClick={() => setShown((all) => all.filter((o) => o.key !== s.key))}>{"\u2715"}</Button>
          </div>
        ))}
      </div>
    </>
  );
}
