import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Check } from "../ui/field";
import { LookFields } from "../ui/look";
import { keysOn } from "./keys";
import { useCell } from "../cell";

const KEYS: readonly (readonly [string, string])[] = [
  ["A \u2026 J", "choose that answer"],
  ["1 \u2026 9", "choose that answer"],
  ["N  \u2192", "next question"],
  ["P  \u2190", "question before"],
  ["R", "flag for review, or take the flag off"],
  ["X, then a letter", "strike an answer out, or bring it back"],
  ["W", "note"],
  ["U", "highlight what is selected, or word by word"],
  ["V", "all questions, and handing in"],
  ["T", "hide the clock, or show it"],
  ["=", "calculator, where the exam allows it"],
  ["?", "this page"],
  ["Tab, arrows, Space, Esc", "as everywhere"],
];

const BY_WORDS: readonly (readonly [string, string])[] = [
  ["\u2190 \u2192", "from word to word"],
  ["\u2191 \u2193", "from line to line"],
  ["Shift and these", "take words together"],
  ["Home  End", "first and last word"],
  ["Enter", "highlight, or take it off"],
  ["Esc", "done"],
];

function Keys({ keys }: { keys: typeof KEYS }) {
  return <dl class="keys">{keys.map(([key, what]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div>)}</dl>;
}

export function Help({ onClose }: { onClose: () => void }) {
  const on = useCell(keysOn);
  return (
    <Dialog title="Keys and display" onClose={onClose} wide>
      <LookFields />
      <Check label="Single keys work" checked={on} onChecked={(v) => keysOn.set(v)}
        hint="Take this away when a speech or switch program types letters by itself." />
      <Keys keys={KEYS} />
      <h3>While highlighting word by word</h3>
      <Keys keys={BY_WORDS} />
      <p class="hint">The corner says "saved" only for what the server has told to have on its disk. Should the connection go, go on
        answering: everything is kept on this device and sent when it is back.</p>
      <div class="actions"><Button kind="primary" onClick={onClose}>Close</Button></div>
    </Dialog>
  );
}
