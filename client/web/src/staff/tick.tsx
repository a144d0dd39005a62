// Texts that change by themselves, once a second: written straight into the page, so that a room of
// clocks costs no rendering.
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

const EVERY_MS = 1000;
const writers = new Set<() => void>();
let timer = 0;

// Calls WRITE once a second until the returned function is called.
export function everySecond(write: () => void): () => void {
  writers.add(write);
  if (timer === 0) timer = setInterval(() => { for (const w of [...writers]) w(); }, EVERY_MS) as unknown as number;
  return () => {
    writers.delete(write);
    if (writers.size > 0) return;
    clearInterval(timer);
    timer = 0;
  };
}

export function Tick({ text }: { text: (now: number) => string }) {
  const span = useRef<HTMLSpanElement>(null), latest = useRef(text);
  latest.current = text;
  const write = () => {
    const is = latest.current(performance.now());
    if (span.current !== null && span.current.textContent !== is) span.current.textContent = is;
  };
  useLayoutEffect(write);
  useEffect(() => everySecond(write), []);
  return <span ref={span} />;
}
