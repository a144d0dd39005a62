// Text with highlights, and the place of a selection in it.
import type { RefObject } from "preact";
import type { Mark } from "./seat";

export function Marked({ text, marks, where, of }:
  { text: string; marks: readonly Mark[]; where: Mark["where"]; of: RefObject<HTMLDivElement> }) {
  const mine = marks.filter((m) => m.where === where).sort((a, b) => a.from - b.from);
  const pieces = [];
  let at = 0;
  for (const m of mine) {
    if (m.from > at) pieces.push(text.slice(at, m.from));
    pieces.push(<mark key={m.from}>{text.slice(Math.max(at, m.from), m.to)}</mark>);
    at = Math.max(at, m.to);
  }
  pieces.push(text.slice(at));
  return <div class="text" dir="auto" ref={of} data-where={where}>{pieces}</div>;
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

// Highlights what is between, or takes the highlight off it when all of it has one.
export function toggle(marks: readonly Mark[], change: Mark): Mark[] {
  const others = marks.filter((m) => m.where !== change.where);
  const mine = marks.filter((m) => m.where === change.where);
  const isCovered = mine.some((m) => m.from <= change.from && m.to >= change.to);
  if (isCovered) {
    return [...others, ...mine.flatMap((m) => m.to <= change.from || m.from >= change.to ? [m]
      : [{ ...m, to: change.from }, { ...m, from: change.to }].filter((piece) => piece.from < piece.to))];
  }
  const touching = mine.filter((m) => m.from <= change.to && m.to >= change.from);
  const joined = { where: change.where, from: Math.min(change.from, ...touching.map((m) => m.from)),
    to: Math.max(change.to, ...touching.map((m) => m.to)) };
  return [...others, ...mine.filter((m) => !touching.includes(m)), joined];
}
