// One question: what it asks, what can be answered, and the record that it is about beside it.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { ItemKind, type FormItem } from "../../gen/examd_pb";
import { Button } from "../ui/button";
import { announce, toast } from "../ui/toast";
import { sentence } from "../wire/errors";
import { Calculator } from "./calculator";
import { useKeys } from "./keys";
import { Reviewed, letter } from "./reviewed";
import { Marked, isMarked, selectedIn, toggle } from "./marked";
import type { Mark, Seat } from "./seat";
import { useWalk } from "./walk";

const CODE_MOST = 16;
const NOTE_MOST = 500;

// "Choose two."
function told(item: FormItem): string {
  const words = ["", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
  if (item.kind === ItemKind.MULTIPLE) return `Choose ${words[item.choose] ?? item.choose}.`;
  return item.kind === ItemKind.CODES ? "Type the codes." : "Choose one.";
}

function Options({ seat, at, item, striking, onStruck }:
  { seat: Seat; at: number; item: FormItem; striking: boolean; onStruck: () => void }) {
  const answer = seat.answer(at), multiple = item.kind === ItemKind.MULTIPLE;
  const mayStrike = seat.status?.tools.includes("strike-out") === true;
  const choose = (option: number) => {
    const was = answer.chosen.includes(option);
    const chosen = !multiple ? [option] : was ? answer.chosen.filter((o) => o !== option)
      : [...answer.chosen, option].sort((a, b) => a - b);
    seat.change(at, { chosen, struck: answer.struck.filter((o) => o !== option) });
    if (multiple) announce(`${chosen.length} of ${item.choose} chosen`);
  };
  const strike = (option: number) => {
    const was = answer.struck.includes(option);
    const struck = was ? answer.struck.filter((o) => o !== option) : [...answer.struck, option].sort((a, b) => a - b);
    seat.change(at, { struck, chosen: was ? answer.chosen : answer.chosen.filter((o) => o !== option) });
    announce(`${letter(option)} ${was ? "brought back" : "struck out"}`);
    onStruck();
  };
  useKeys((key) => {
    const option = /^[a-j]$/.test(key) ? key.charCodeAt(0) - 97 : /^[1-9]$/.test(key) ? Number(key) - 1 : -1;
    if (option < 0 || option >= item.options.length) return false;
    if (striking) strike(option);
    else if (!multiple && answer.chosen[0] === option) seat.change(at, { chosen: [] });
    else choose(option);
    return true;
  });
  return (
    <div class="options" role={multiple ? "group" : "radiogroup"} aria-labelledby="ask" aria-describedby="told">
      {item.options.map((text, option) => {
        const chosen = answer.chosen.includes(option), struck = answer.struck.includes(option);
        return (
          <div key={option} class={`option ${chosen ? "chosen" : ""} ${struck ? "struck" : ""}`}>
            <label>
              <input type={multiple ? "checkbox" : "radio"} name={`item-${at}`} checked={chosen} onChange={() => choose(option)} />
              <span class="letter" aria-hidden="true">{letter(option)}</span>
              <span class="option-text" dir="auto">{text}{struck && <span class="hidden"> (struck out)</span>}</span>
            </label>
            {mayStrike && (
              <Button kind="quiet" class="square strike" pressed={struck} title={struck ? "Bring back" : "Strike out"}
                aria-label={`Strike out ${letter(option)}`} onClick={() => strike(option)}>
                <s aria-hidden="true">{letter(option)}</s>
              </Button>
            )}
          </div>
        );
      })}
    </div>
  );
}

function Codes({ seat, at, item }: { seat: Seat; at: number; item: FormItem }) {
  const answer = seat.answer(at);
  const set = (field: number, text: string) => {
    const code = text.toUpperCase().replace(/[^A-Z0-9.-]/g, "").slice(0, CODE_MOST);
    seat.change(at, { codes: item.fields.map((_, i) => (i === field ? code : (answer.codes[i] ?? ""))) }, true);
  };
  return (
    <div class="codes">
      {item.fields.map((label, field) => (
        <div class="field" key={field}>
          <label for={`code-${at}-${field}`}>{label || `Code ${field + 1}`}</label>
          <input id={`code-${at}-${field}`} class="code" type="text" value={answer.codes[field] ?? ""} maxLength={CODE_MOST} autocomplete="off"
            autocapitalize="characters" spellcheck={false} onInput={(e) => set(field, e.currentTarget.value)} />
        </div>
      ))}
    </div>
  );
}

function Note({ seat, at }: { seat: Seat; at: number }) {
  const area = useRef<HTMLTextAreaElement>(null);
  const cut = (text: string) => {
    while (new TextEncoder().encode(text).length > NOTE_MOST) text = text.slice(0, -1);
    return text;
  };
  useLayoutEffect(() => area.current?.focus(), []); // before the next key
  return (
    <div class="field">
      <label for="note">Note to yourself</label>
      <textarea id="note" ref={area} rows={3} maxLength={NOTE_MOST} value={seat.answer(at).note}
        onInput={(e) => seat.change(at, { note: cut(e.currentTarget.value) }, true)} />
    </div>
  );
}

// Tutor mode: after an answer, what is right and why.
function Reveal({ seat, at }: { seat: Seat; at: number }) {
  const [busy, setBusy] = useState(false);
  const review = seat.shownKey(at);
  if (review !== undefined) return <Reviewed review={review} brief />;
  const reveal = () => {
    setBusy(true);
    seat.reveal(at).catch((e: unknown) => toast(sentence(e), true)).finally(() => setBusy(false));
  };
  return <div class="row"><Button busy={busy} disabled={seat.progress(at) !== "complete"} onClick={reveal}>Show the answer</Button></div>;
}

export function Item({ seat, at, number, of }: { seat: Seat; at: number; number: number; of: number }) {
  const item = seat.item(at), stimulus = seat.stimulus(at), answer = seat.answer(at);
  const tools = seat.status?.tools ?? [];
  const [noting, setNoting] = useState(answer.note !== "");
  const [calculating, setCalculating] = useState(false);
  const [striking, setStriking] = useState(false);
  const stem = useRef<HTMLDivElement>(null), record = useRef<HTMLDivElement>(null), head = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => head.current?.focus(), [at]); // a note that is there does not keep it

  const flag = () => {
    seat.change(at, { flagged: !answer.flagged });
    announce(answer.flagged ? "Flag taken off" : "Flagged");
  };
  const mark = (change: Mark) => {
    const marks = toggle(seat.marks(at), change);
    seat.mark(at, marks);
    return isMarked(marks, change);
  };
  const texts = [{ where: "stimulus" as const, text: stimulus, of: record }, { where: "stem" as const, text: item?.stem ?? "", of: stem }];
  const walker = useWalk(texts, seat.marks(at), mark);
  // What is selected; where nothing is, by words.
  const highlight = () => {
    for (const { where, of } of texts) {
      const selected = selectedIn(of.current);
      if (selected === null) continue;
      mark({ where, ...selected });
      document.getSelection()?.removeAllRanges();
      return;
    }
    if (walker.isOn) walker.end();
    else walker.begin();
  };
  const walked = (where: Mark["where"]) => ({ walked: walker.in(where), onKeyDown: walker.onKeyDown, onBlur: walker.left });
  useKeys((key) => {
    if (key === "r" && tools.includes("flag")) flag();
    else if (key === "w" && tools.includes("note")) setNoting(true);
    else if (key === "u" && tools.includes("highlight")) highlight();
    else if (key === "=" && tools.includes("calculator")) setCalculating(true);
    else if (key === "x" && tools.includes("strike-out")) setStriking(true);
    else if (key === "escape" && striking) setStriking(false);
    else return false;
    return true;
  });
  if (item === undefined) return null;
  return (
    <div class={stimulus === "" ? "item" : "item with-record"}>
      {stimulus !== "" && (
        <section class="card record" aria-label="Record" tabIndex={0}>
          <h2 class="label">Record</h2>
          <Marked text={stimulus} marks={seat.marks(at)} where="stimulus" of={record} {...walked("stimulus")} />
        </section>
      )}
      <section class="card question" aria-labelledby="number">
        <div class="item-head">
          <h2 id="number" ref={head} tabIndex={-1}>Question {number} <span class="of">of {of}</span></h2>
          <div class="tools" role="group" aria-label="Tools">
            {tools.includes("flag") && <Button kind="quiet" pressed={answer.flagged} onClick={flag}><span aria-hidden="true">{"\u2691"}</span>
              {answer.flagged ? "Flagged" : "Flag"}</Button>}
            {tools.includes("note") && <Button kind="quiet" pressed={noting} onClick={() => setNoting(!noting)}>Note</Button>}
            {tools.includes("highlight") && <Button kind="quiet" pressed={walker.isOn} onMouseDown={(e) => e.preventDefault()} onClick={highlight}>Highlight</Button>}
            {tools.includes("calculator") && <Button kind="quiet" onClick={() => setCalculating(true)}>Calculator</Button>}
          </div>
        </div>
        <div id="ask" class="stem"><Marked text={item.stem} marks={seat.marks(at)} where="stem" of={stem} {...walked("stem")} /></div>
        <p id="told" class="hint">{told(item)}{item.kind === ItemKind.MULTIPLE && ` ${answer.chosen.length} of ${item.choose} chosen.`}
          {striking && " Strike out which letter? Esc: none."}</p>
        {walker.isOn && <p class="note">Highlighting: <kbd>{"\u2190"}</kbd> <kbd>{"\u2192"}</kbd> go from word to word, with <kbd>Shift</kbd> they
          take words together, <kbd>Enter</kbd> highlights, <kbd>Esc</kbd> ends. Or select the text with the mouse first.</p>}
        {item.kind === ItemKind.CODES ? <Codes seat={seat} at={at} item={item} />
          : <Options seat={seat} at={at} item={item} striking={striking} onStruck={() => setStriking(false)} />}
        {noting && <Note seat={seat} at={at} />}
        {seat.status?.tutor && <Reveal seat={seat} at={at} />}
      </section>
      {calculating && <Calculator onClose={() => setCalculating(false)} />}
    </div>
  );
}
