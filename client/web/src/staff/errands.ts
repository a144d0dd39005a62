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

  send(draft: Draft, force = false): void {
    this.open.set(this.open.value + 1);
    this.link.command({ case: "roomCommand", value: requestOf(draft, force) }).then((reply) => {
      if (reply.body.case === "room") this.room.take(reply.body.value, performance.now(), false);
      this.room.note("You", doneWords(draft));
      toast(doneWords(draft));
    }, (e: unknown) => this.refused(draft, e)).finally(() => this.open.set(this.open.value - 1));
  }

  force(changed: Changed): void {
    this.drop(changed);
    this.send(changed.draft, true);
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
