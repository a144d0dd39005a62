// Hash routes: "#/results/12" is ["results", "12"].  A fragment without the slash is a slip, from the
// link that a candidate was given; it is taken out of the address at once.
import { Cell, useCell } from "./cell";

function read(): string[] {
  if (!location.hash.startsWith("#/")) return [];
  return location.hash.slice(2).split("/").filter((s) => s !== "").map((s) => {
    try {
      return decodeURIComponent(s);
    } catch {
      return s;
    }
  });
}

const route = new Cell<string[]>(read());
addEventListener("hashchange", () => route.set(read()));

export function useRoute(): string[] {
  return useCell(route);
}

// The address of a page, for a link.
export function to(...path: (string | number | bigint)[]): string {
  return "#/" + path.map((s) => encodeURIComponent(String(s))).join("/");
}

export function go(...path: (string | number | bigint)[]): void {
  location.hash = to(...path);
}

// The slip of the address, once; "": none.
export function takeSlip(): string {
  const text = decodeURIComponent(location.hash.slice(1)).replace(/^slip=/, "");
  if (text === "" || text.startsWith("/")) return "";
  history.replaceState(null, "", location.pathname);
  return /^[0-9A-Za-z -]{10,16}$/.test(text) ? text : "";
}
