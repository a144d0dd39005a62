// How it looks on this device: colours, size of text, hand.  Kept here, never sent.
import { Cell, useCell } from "../cell";
import { Select } from "./field";

export interface Look {
  readonly colours: "auto" | "light" | "dark" | "contrast";
  readonly size: "normal" | "large" | "larger";
  readonly hand: "right" | "left";
}
const KEY = "examd.look";
const PLAIN: Look = { colours: "auto", size: "normal", hand: "right" };

function read(): Look {
  try {
    return { ...PLAIN, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Look>) };
  } catch {
    return PLAIN;
  }
}

function apply(look: Look): void {
  Object.assign(document.documentElement.dataset, look);
}

const look = new Cell<Look>(read());
apply(look.value);
look.watch((now) => {
  apply(now);
  try {
    localStorage.setItem(KEY, JSON.stringify(now));
  } catch {
    // it lasts as long as the page
  }
});

export function useLook(): Look {
  return useCell(look);
}

export function LookFields() {
  const now = useLook();
  const set = (change: Partial<Look>) => look.set({ ...now, ...change });
  return (
    <div class="fields">
      <Select label="Colours" value={now.colours} onValue={(v) => set({ colours: v as Look["colours"] })}
        options={[["auto", "As the device"], ["light", "Light"], ["dark", "Dark"], ["contrast", "High contrast"]]} />
      <Select label="Text" value={now.size} onValue={(v) => set({ size: v as Look["size"] })}
        options={[["normal", "Normal"], ["large", "Large"], ["larger", "Very large"]]} />
      <Select label="Hand" value={now.hand} onValue={(v) => set({ hand: v as Look["hand"] })}
        options={[["right", "Right: buttons on the right"], ["left", "Left: buttons on the left"]]} />
    </div>
  );
}
