// Single keys, where nothing is being typed.
import { useLayoutEffect, useRef } from "preact/hooks";
import { Cell } from "../cell";

const KEPT = "examd.keys";

function read(): boolean {
  try {
    return localStorage.getItem(KEPT) !== "off";
  } catch {
    return true;
  }
}

export const keysOn = new Cell(read());
keysOn.watch((on) => {
  try {
    localStorage.setItem(KEPT, on ? "on" : "off");
  } catch {
    // it lasts as long as the page
  }
});

// Calls ON_KEY with the key in small letters; true: it was taken.
export function useKeys(onKey: (key: string) => boolean): void {
  const latest = useRef(onKey);
  latest.current = onKey;
  useLayoutEffect(() => { // before the next key
    const listen = (e: KeyboardEvent) => {
      const at = e.target instanceof Element ? e.target : null;
      if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || !keysOn.value) return;
      if (at?.closest("input:not([type=radio]):not([type=checkbox]), textarea, select, dialog") !== null) return;
      if ((e.key === "ArrowLeft" || e.key === "ArrowRight") && at?.closest("input, [tabindex='0']") != null) return;
      if (latest.current(e.key.toLowerCase())) e.preventDefault();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
}
