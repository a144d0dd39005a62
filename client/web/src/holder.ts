// Which of this browser's tabs speaks for its candidate.  The server knows a device by one client id and
// closes its older connection, so two tabs would close each other's: one holds a lock and the others
// wait, or take it.  Staff may have as many tabs as they like: theirs let the lock go.
import { Cell } from "./cell";
import type { Link } from "./wire/link";

const NAME = "examd.seat";
const SOON_MS = 400;

// asking: for the lock; elsewhere: another tab has it; lost: another tab took it.
export type Holding = "asking" | "held" | "elsewhere" | "lost";

export class Holder {
  readonly state = new Cell<Holding>("asking");
  private letGo: (() => void) | null = null;

  constructor(private readonly link: Link) {
    if (navigator.locks === undefined) this.held();
    else this.ask(false);
  }

  // For whoever asks at this tab.
  take(): void {
    this.ask(true);
  }

  // Nobody is at an exam here: other tabs may.
  release(): void {
    this.letGo?.();
    this.letGo = null;
  }

  // Somebody is, from now on.
  reclaim(): void {
    if (this.letGo === null && this.state.value === "held" && navigator.locks !== undefined) this.ask(false);
  }

  private held(): void {
    this.state.set("held");
    this.link.start();
  }

  private ask(steal: boolean): void {
    const soon = setTimeout(() => {
      this.link.stop();
      this.state.set("elsewhere");
    }, SOON_MS);
    navigator.locks.request(NAME, steal ? { steal: true } : {}, () => {
      clearTimeout(soon);
      const until = new Promise<void>((done) => (this.letGo = done));
      this.held();
      return until;
    }).catch(() => { // another tab took it
      clearTimeout(soon);
      this.letGo = null;
      this.link.stop();
      this.state.set("lost");
    });
  }
}
