// Highlighting without a mouse: a mode in which the words of a question are walked by arrows, taken
// together with Shift, and marked.  It begins and ends with the focus on the text, and says by the live
// region what it is at.
import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { announce } from "../ui/toast";
import { isMarked, rangeIn } from "./marked";
import type { Mark } from "./seat";

// One of the texts of a question, in the order of the page.
export interface Walkable {
  readonly where: Mark["where"];
  readonly text: string;
  readonly of: RefObject<HTMLDivElement>;
}

interface Word {
  readonly text: number; // of the texts
  readonly from: number;
  readonly to: number;
}

// From the word where it began to the one where it is: both in the same text.
interface Walk {
  readonly began: number;
  readonly at: number;
}

export interface Walker {
  readonly isOn: boolean;
  begin(): void;
  end(): void;
  // The focus went elsewhere.
  left(): void;
  // What is walked in this text; null: nothing.
  in(where: Mark["where"]): { from: number; to: number } | null;
  onKeyDown(e: KeyboardEvent): void;
}

function wordsOf(texts: readonly Walkable[]): Word[] {
  return texts.flatMap(({ text }, i) => [...text.matchAll(/\S+/g)]
    .map((m) => ({ text: i, from: m.index, to: m.index + m[0].length })));
}

// The nearest word of the next line; where there is none, the word itself.
function line(words: readonly Word[], texts: readonly Walkable[], at: number, by: 1 | -1): number {
  const place = (word: Word | undefined) => word === undefined ? undefined
    : rangeIn(texts[word.text]?.of.current ?? null, word.from, word.to)?.getBoundingClientRect();
  const here = place(words[at]);
  if (here === undefined) return at;
  const middle = (r: DOMRect) => r.left + r.width / 2;
  let best = at, bottom: DOMRect | undefined, off = Infinity;
  for (let i = at + by; words[i]?.text === words[at]?.text; i += by) {
    const there = place(words[i]);
    if (there === undefined || (by > 0 ? there.top < here.bottom - 1 : there.bottom > here.top + 1)) continue;
    bottom ??= there;
    if (by > 0 ? there.top > bottom.bottom - 1 : there.bottom < bottom.top + 1) break;
    if (Math.abs(middle(there) - middle(here)) >= off) continue;
    off = Math.abs(middle(there) - middle(here));
    best = i;
  }
  return best;
}

// MARK is told what to highlight, or to take the highlight off; it says whether there is one now.
export function useWalk(texts: readonly Walkable[], marks: readonly Mark[], mark: (change: Mark) => boolean): Walker {
  const [walk, setWalk] = useState<Walk | null>(null);
  const before = useRef<Element | null>(null);
  const words = walk === null ? [] : wordsOf(texts);
  const first = Math.min(walk?.began ?? 0, walk?.at ?? 0), last = Math.max(walk?.began ?? 0, walk?.at ?? 0);
  const text = texts[words[first]?.text ?? 0], from = words[first]?.from ?? 0, to = words[last]?.to ?? 0;
  const isOn = walk !== null;
  useLayoutEffect(() => {
    if (!isOn) return;
    text?.of.current?.focus();
    text?.of.current?.querySelector(".walked")?.scrollIntoView({ block: "nearest" });
  }, [isOn, text?.where, walk?.at]);

  const say = (now: Walk) => {
    const a = words[Math.min(now.began, now.at)], z = words[Math.max(now.began, now.at)], whole = texts[a?.text ?? 0];
    if (a === undefined || z === undefined || whole === undefined) return;
    const change = { where: whole.where, from: a.from, to: z.to };
    announce(whole.text.slice(a.from, z.to) + (now.began === now.at ? "" : ", taken together") + (isMarked(marks, change) ? ", highlighted" : ""));
  };
  const move = (next: number, extend: boolean) => {
    if (walk === null || words[next] === undefined) return;
    if (extend && words[next].text !== words[walk.at]?.text) return;
    const now = { began: extend ? walk.began : next, at: next };
    setWalk(now);
    say(now);
  };
  const end = () => {
    setWalk(null);
    if (before.current instanceof HTMLElement && before.current.isConnected) before.current.focus();
  };
  const edge = (by: 1 | -1) => {
    let next = walk?.at ?? 0;
    while (words[next + by] !== undefined && words[next + by]?.text === words[next]?.text) next += by;
    return next;
  };
  const put = () => {
    if (walk === null || text === undefined) return;
    const isNow = mark({ where: text.where, from, to });
    announce(`${isNow ? "Highlighted" : "Highlight taken off"}: ${text.text.slice(from, to)}`);
    setWalk({ began: walk.at, at: walk.at });
  };
  const keys: Record<string, (extend: boolean) => void> = {
    ArrowRight: (extend) => move((walk?.at ?? 0) + 1, extend),
    ArrowLeft: (extend) => move((walk?.at ?? 0) - 1, extend),
    ArrowDown: (extend) => move(line(words, texts, walk?.at ?? 0, 1), extend),
    ArrowUp: (extend) => move(line(words, texts, walk?.at ?? 0, -1), extend),
    Home: (extend) => move(edge(-1), extend),
    End: (extend) => move(edge(1), extend),
    Enter: put,
    " ": put,
    u: put,
    Escape: () => {
      end();
      announce("Done with highlighting");
    },
  };
  return {
    isOn,
    begin: () => {
      const all = wordsOf(texts), focused = document.activeElement;
      const inside = texts.findIndex(({ of }) => of.current?.closest("[tabindex='0']")?.contains(focused) === true);
      const asked = texts.findIndex(({ where }) => where === "stem");
      const at = all.findIndex((w) => w.text === (inside >= 0 ? inside : asked));
      if (at < 0) return;
      before.current = focused;
      document.getSelection()?.removeAllRanges();
      setWalk({ began: at, at });
      announce("Highlighting. Arrows go from word to word, with Shift they take words together, Enter highlights, Escape ends.");
    },
    end,
    left: () => setWalk(null),
    in: (where) => (isOn && text?.where === where ? { from, to } : null),
    onKeyDown: (e) => {
      if (!isOn || e.ctrlKey || e.metaKey || e.altKey || e.key === "Tab" || e.key === "Shift") return;
      keys[e.key.length === 1 ? e.key.toLowerCase() : e.key]?.(e.shiftKey);
      e.preventDefault(); // no letter answers by mistake meanwhile
      e.stopPropagation();
    },
  };
}
