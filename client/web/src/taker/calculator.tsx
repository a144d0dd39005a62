// The four operations on decimal numbers, with parentheses: what a coder needs for units, doses and days.
import { useState } from "preact/hooks";
import { Dialog } from "../ui/dialog";
import { Field } from "../ui/field";

const MOST = 64;

// expression = term  { ("+" | "-") term };  term = factor { ("*" | "/") factor }
// factor     = ["-"] ( number | "(" expression ")" )
export function calculate(text: string): { value: string } | { wrong: string } {
  let at = 0;
  const peek = () => {
    while (text[at] === " ") at++;
    return text[at] ?? "";
  };
  const take = (c: string) => peek() === c && (at++, true);
  const number = () => {
    const digits = /^[0-9.,]+/.exec(text.slice(at))?.[0] ?? "";
    const plain = digits.replaceAll(",", ".");
    if (!/^(\d+\.?\d*|\.\d+)$/.test(plain)) throw new Error("a number is missing");
    at += digits.length;
    return Number(plain);
  };
  const factor = (): number => {
    if (take("-")) return -factor();
    if (!take("(")) {
      peek();
      return number();
    }
    const value = expression();
    if (!take(")")) throw new Error("a ) is missing");
    return value;
  };
  const term = (): number => {
    let value = factor();
    for (;;) {
      if (take("*") || take("\u00d7")) {
        value *= factor();
      } else if (take("/") || take("\u00f7")) {
        const by = factor();
        if (by === 0) throw new Error("nothing can be divided by 0");
        value /= by;
      } else {
        return value;
      }
    }
  };
  const expression = (): number => {
    let value = term();
    for (;;) {
      if (take("+")) value += term();
      else if (take("-")) value -= term();
      else return value;
    }
  };
  try {
    const value = expression();
    if (peek() !== "") throw new Error(peek() === ")" ? "a ( is missing" : "+ - * or / is missing");
    if (!Number.isFinite(value)) throw new Error("too large");
    return { value: String(Number(value.toPrecision(12))) };
  } catch (e) {
    return { wrong: e instanceof Error ? e.message : "" };
  }
}

export function Calculator({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const result = text.trim() === "" ? null : calculate(text);
  return (
    <Dialog title="Calculator" onClose={onClose}>
      <Field label="Calculation" value={text} onValue={setText} maxLength={MOST} autocomplete="off" inputMode="text" class="code"
        hint="With + - * / and parentheses" />
      <output class="result" aria-live="polite">
        {result === null ? "\u00a0" : "value" in result ? `= ${result.value}` : result.wrong}
      </output>
    </Dialog>
  );
}
