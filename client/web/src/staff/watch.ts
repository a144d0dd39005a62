// Watches a sitting for as long as its page is shown, and works out who needs somebody.
import { create } from "@bufbuild/protobuf";
import { useEffect, useMemo, useState } from "preact/hooks";
import { NoticeKind, WatchSittingSchema } from "../../gen/examd_pb";
import { Cell } from "../cell";
import { sentence } from "../wire/errors";
import type { Link } from "../wire/link";
import { ring, wakeBell } from "./bell";
import { Need, Room, needs } from "./room";
import { everySecond } from "./tick";

export interface Watched {
  readonly room: Room;
  readonly needs: Cell<ReadonlyMap<Need, readonly string[]>>;
  readonly error: Cell<string>;
}

function same(a: ReadonlyMap<Need, readonly string[]>, b: ReadonlyMap<Need, readonly string[]>): boolean {
  if (a.size !== b.size) return false;
  for (const [need, users] of a) {
    const others = b.get(need);
    if (others?.length !== users.length || !users.every((u, i) => u === others[i])) return false;
  }
  return true;
}

// Rings for who is new among those who need somebody, and not for what was so when the page was opened.
class Alarm {
  private known: Set<string> | null = null;

  hear(now: ReadonlyMap<Need, readonly string[]>, whole: boolean): void {
    const all = new Set<string>();
    for (const [need, users] of now) if (need > Need.KEPT) for (const u of users) all.add(`${need} ${u}`);
    const known = this.known;
    if (known !== null && [...all].some((one) => !known.has(one))) ring();
    if (whole) this.known = all;
  }
}

export function useWatch(link: Link, sitting: bigint): Watched {
  const watched = useMemo<Watched>(() => ({ room: new Room(), needs: new Cell<ReadonlyMap<Need, readonly string[]>>(new Map()), error: new Cell("") }), [sitting]);
  useEffect(() => {
    const { room, error } = watched, alarm = new Alarm();
    const tell = (off: boolean) => link.ask({ case: "watchSitting", value: create(WatchSittingSchema, { sitting, off }) });
    const begin = () => {
      if (link.state.value !== "up") return; // the greeting that comes begins it
      room.anew();
      tell(false).then(() => error.set(""), (e: unknown) => link.state.value === "up" && error.set(sentence(e)));
    };
    const look = () => {
      const now = needs(room, performance.now());
      if (!same(now, watched.needs.value)) watched.needs.set(now);
      alarm.hear(now, room.whole.value);
    };
    const ends = [
      link.noticed.add((n) => {
        if (n.kind === NoticeKind.NOTICE_ROOM && n.room?.sitting?.sitting === sitting) room.take(n.room, performance.now(), true);
      }),
      link.greeted.add((reply) => { if (reply.body.case === "hello" && reply.body.value.session) begin(); }),
      link.woke.add(begin),
      room.changed.add(look),
      everySecond(look),
    ];
    addEventListener("pointerdown", wakeBell);
    addEventListener("keydown", wakeBell);
    begin();
    return () => {
      for (const end of ends) end();
      removeEventListener("pointerdown", wakeBell);
      removeEventListener("keydown", wakeBell);
      if (link.state.value === "up") tell(true).catch(() => undefined);
    };
  }, [watched]);
  return watched;
}

// Renders again whenever anything of the room has changed.
export function useRoomChanges(room: Room): void {
  const [, again] = useState(0);
  useEffect(() => room.changed.add(() => again((n) => n + 1)), [room]);
}
