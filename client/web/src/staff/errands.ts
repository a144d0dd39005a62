// Commands on their way to the server and back.  One that was refused because somebody was faster is
// kept until the proctor has looked and decided.
import { Cell } from "../cell";
import { toast } from "../ui/toast";
import { Refusal, sentence } from "../wire/errors";
import type { Link } from "../wire/link";
import { doneWords, requestOf, type Draft } from "./commands";
import type { Room } from "./room";

export interface Changed {
  readonly draft: Draft;
  readonly detail: string; // who did what, in the server's words
}

export class Errands {
  // How many have no answer yet, and since when the first of them.
  readonly open = new Cell(0);
  readonly changed = new Cell<readonly Changed[]>([]);

  constructor(private readonly link: Link, private readonly room: Room) {}

  // False: nothing was sent, and nothing will be.  What is pressed without a connection would be done
  // later, to a room that has changed.
  send(draft: Draft, force = false): boolean {
    if (this.link.state.value !== "up") {
      toast(`Not sent: ${draft.command.label.toLowerCase()}, ${draft.who}. There is no connection.`, true);
      return false;
    }
    this.open.set(this.open.value + 1);
    this.link.command({ case: "roomCommand", value: requestOf(draft, force) }).then((reply) => {
      if (reply.body.case === "room") this.room.take(reply.body.value, performance.now(), false);
      this.room.note("You", doneWords(draft));
      toast(doneWords(draft));
    }, (e: unknown) => this.refused(draft, e)).finally(() => this.open.set(this.open.value - 1));
    return true;
  }

  force(changed: Changed): void {
    if (this.send(changed.draft, true)) this.drop(changed);
  }

  drop(changed: Changed): void {
    this.changed.set(this.changed.value.filter((c) => c !== changed));
  }

  private refused(draft: Draft, e: unknown): void {
    if (e instanceof Refusal && e.reason === "changed_meanwhile")
      this.changed.set([...this.changed.value, { draft, detail: e.detail }]);
    else
      toast(`Not done: ${draft.command.label.toLowerCase()}, ${draft.who}. ${sentence(e)}`, true);
  }
}
