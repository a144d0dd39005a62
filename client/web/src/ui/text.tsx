// Text of banks, names and messages, always as text: line ends are kept, nothing in it is markup.
export function Text({ children, class: extra = "" }: { children: string; class?: string }) {
  return <div class={`text ${extra}`} dir="auto">{children}</div>;
}

// "1:02:03" from an hour on, else "02:03"; a second begun counts as one.
export function time(ms: number): string {
  const s = ms > 0 ? Math.ceil(ms / 1000) : 0;
  const two = (n: number) => String(n).padStart(2, "0");
  const rest = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return s >= 3600 ? `${Math.floor(s / 3600)}:${rest}` : rest;
}

// Hundredths of a point.
export function points(hundredths: number): string {
  return (hundredths / 100).toFixed(hundredths % 100 === 0 ? 0 : 2);
}

export function percent(part: number, whole: number): number {
  return whole > 0 ? Math.round((100 * Math.max(0, part)) / whole) : 0;
}

export function day(ms: bigint): string {
  return ms > 0n ? new Date(Number(ms)).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }) : "";
}
