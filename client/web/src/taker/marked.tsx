// Text with highlights, and the place of a selection in it.
import type { RefObject } from "preact";
import type { Mark } from "./seat";

// WALKED is where highlighting by keys is; while it is here the text takes the keys.
export function Marked({ text, marks, where, of, walked = null, onKeyDown, onBlur }:
  { text: string; marks: readonly Mark[]; where: Mark["where"]; of: RefObject<HTMLDivElement>; walked?: { from: number; to: number } | null;
    onKeyDown?: (e: KeyboardEvent) => void; onBlur?: () => void }) {
  const mine = marks.filter((m) => m.where === where);
  const cuts = [0, text.length, ...mine.flatMap((m) => [m.from, m.to]), ...(walked === null ? [] : [walked.from, walked.to])];
  const places = [...new Set(cuts.filter((at) => at >= 0 && at <= text.length))].sort((a, b) => a - b);
  const pieces = places.slice(1).map((to, i) => {
    const from = places[i] ?? 0, piece = text.slice(from, to);
    const isWalked = walked !== null && walked.from <= from && walked.to >= to;
    if (mine.some((m) => m.from <= from && m.to >= to)) return <mark key={from} class={isWalked ? "walked" : ""}>{piece}</mark>;
    return isWalked ? <span key={from} class="walked">{piece}</span> : piece;
  });
  const keys = walked === null ? {} : { role: "application" as const, "aria-label": "Text to highlight", onKeyDown, onBlur, onMouseDown: onBlur };
  return <div class="text" dir="auto" ref={of} data-where={where} tabIndex={-1} {...keys}>{pieces}</div>;
}

// From one place in the text of ELEMENT to another.
export function rangeIn(element: HTMLElement | null, from: number, to: number): Range | null {
  if (element === null) return null;
  const range = document.createRange(), texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let begun = false;
  for (let at = 0, node = texts.nextNode(); node !== null; at += node.nodeValue?.length ?? 0, node = texts.nextNode()) {
    const end = at + (node.nodeValue?.length ?? 0);
    if (!begun && from < end) {
      range.setStart(node, from - at);
      begun = true;
    }
    if (begun && to <= end) {
      range.setEnd(node, to - at);
      return range;
    }
  }
  return null;
}

// What is selected inside ELEMENT, as places in its text; null: nothing is.
export function selectedIn(element: HTMLElement | null): { from: number; to: number } | null {
  const selection = document.getSelection();
  if (element === null || selection === null || selection.rangeCount === 0 || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  if (!element.contains(range.startContainer) || !element.contains(range.endContainer)) return null;
  const before = document.createRange();
  before.selectNodeContents(element);
  before.setEnd(range.startContainer, range.startOffset);
  const from = before.toString().length, to = from + range.toString().length;
  return from < to ? { from, to } : null;
}

// All of it has a highlight.
export function isMarked(marks: readonly Mark[], what: Mark): boolean {
  return marks.some((m) => m.where === what.where && m.from <= what.from && m.to >= what.to);
}

// Highlights what is between, or takes the highlight off it when all of it has one.
export function toggle(marks: readonly Mark[], change: Mark): Mark[] {
  const others = marks.filter((m) => m.where !== change.where);
  const mine = marks.filter((m) => m.where === change.where);
  if (isMarked(marks, change)) {
    return [...others, ...mine.flatMap((m) => m.to <= change.from || m.from >= change.to ? [m]
      : [{ ...m, to: change.from }, { ...m, from: change.to }].filter((piece) => piece.from < piece.to))];
  }
  const touching = mine.filter((m) => m.from <= change.to && m.to >= change.from);
  const joined = { where: change.where, from: Math.min(change.from, ...touching.map((m) => m.from)),
    to: Math.max(change.to, ...touching.map((m) => m.to)) };
  return [...others, ...mine.filter((m) => !touching.includes(m)), joined];
}
