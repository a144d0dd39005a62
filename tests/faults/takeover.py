#!/usr/bin/env python3
"""takeover.py: take-over with unsent answers on the first client, in all orders.

Promise: nothing is called saved that is not.  A sits at the first machine, B at the second; what A
sends before the seat is B's counts and is B's to see; what it sends afterwards is kept for the
proctor, and A is told so.

First by the protocol alone, every order of both sides' steps, with and without a restart of the core
in between; then with exam --script on two state directories."""
import argparse
import itertools
import json
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "torture"))
from proxy import Proxy  # noqa: E402
from room import Failed, Room, until, verdict  # noqa: E402
from wire import ERR_NAME, Client, Gone, Refused  # noqa: E402

# A's ways: its connection is lost and it comes back; it only sends; it is lost and sends at once with
# what it still believes, without having been told anything.
WAYS_OF_A = [["cut", "back", "send"], ["send"], ["send", "cut", "back"]]
WAY_OF_B = ["ask", "grant", "answer"]


def orders():
    """Every merge of a way of A with the way of B."""
    for way in WAYS_OF_A:
        n = len(way) + len(WAY_OF_B)
        for places in itertools.combinations(range(n), len(way)):
            a, b = iter(way), iter(WAY_OF_B)
            yield [("A", next(a)) if i in places else ("B", next(b)) for i in range(n)]


class Pair:
    """Two clients of one candidate, and what each was told."""

    def __init__(self, room, slip, proctor, acks):
        self.room, self.slip, self.proctor, self.acks = room, slip, proctor, acks
        self.granted = False
        self.kept = 0
        self.seats = {}
        self.a = Client(room.port)
        self.a.become_ready(slip)
        self.attempt = self.a.attempt
        self.b = None

    def put(self, who, client, item, revision, choice, seat):
        ack = client.answer(item, revision, choice, seat)
        expected = "ok" if who == "B" or not self.granted else "kept_for_proctor"
        told = ERR_NAME[ack.error]
        if told != expected:
            raise Failed(f"{who} was told {told}, not {expected}, for item {item} revision {revision} seat {seat}")
        if told == "ok":
            self.acks.write(f"{self.attempt} {item} {seat} {revision} {choice}\n")
            self.seats[item] = (seat, revision)
        else:
            self.kept += 1

    def begin(self):
        self.a.wait_notice("NOTICE_STARTED")
        self.put("A", self.a, 0, 1, 0, 1)

    def step(self, who, what):
        getattr(self, f"{who.lower()}_{what}")()

    def a_cut(self):
        self.a.close()

    def a_back(self):
        self.a = Client(self.room.port, client_id=self.a.client_id, token=self.a.token)
        self.a.hello()

    def a_send(self):
        self.put("A", self.a, 0, 2, 1, 1)
        self.put("A", self.a, 1, 1, 1, 1)

    def b_ask(self):
        self.b = Client(self.room.port)
        self.b.hello()
        self.b.use_slip(self.slip)
        r = self.b.ask("check_in", command_id=os.urandom(16))
        if ERR_NAME[r.error] != "seat_taken":
            raise Failed(f"B asked for a held seat and was told {ERR_NAME[r.error]}")

    def b_grant(self):
        self.proctor.do("room_command", command_id=os.urandom(16), sitting=int(self.room.sitting),
                        attempts=[self.attempt], verb="ROOM_RELEASE_SEAT", reason="another machine")
        self.granted = True

    def b_answer(self):
        self.b.wait_notice("NOTICE_SEAT_GRANTED")
        status = self.b.hello().status
        if status is None:
            status = self.b.do("check_in", command_id=os.urandom(16)).status
        have = {h.item: (h.seat, h.revision) for h in status.have}
        for item, order in self.seats.items():
            if have.get(item) != order:
                raise Failed(f"B sees {have.get(item)} for item {item}, not {order}")
        if self.b.clock.seat != 2:
            raise Failed(f"B's seat is {self.b.clock.seat}")
        self.put("B", self.b, 0, 1, 0, 2)
        self.put("B", self.b, 2, 1, 1, 2)

    def end(self):
        have = {h.item: (h.seat, h.revision) for h in self.b.do("get_status").status.have}
        if have != self.seats:
            raise Failed(f"the server has {have}, was told {self.seats}")
        for c in (self.a, self.b):
            c.close()


def reconnect(pair, restarted):
    """After a restart of the core, over the living fronts: Hello with the token, everybody."""
    for c in (pair.a, pair.b):
        if c is None or c.tls.fileno() < 0:
            continue
        c.wait_notice("NOTICE_RESTARTED")
        c.hello()
        if c is pair.b and not pair.granted:
            c.ask("check_in", command_id=os.urandom(16))
    restarted.append(pair)


def by_protocol(build, with_restart):
    all_orders = list(orders())
    with Room(build) as room:
        room.init()
        room.start()
        room.log_in()
        room.fill(len(all_orders))
        proctor = Client(room.port)
        proctor.hello()
        proctor.log_in("admin", room.password)
        path = os.path.join(room.tmp, "acks")
        with open(path, "w", encoding="utf-8") as acks:
            pairs = [Pair(room, slip, proctor, acks) for slip in room.slip_list()]
            room.ctl("sitting", "start", room.sitting)
            for pair in pairs:
                pair.begin()
            depth = max(len(o) for o in all_orders)
            for at in range(depth):
                for pair, order in zip(pairs, all_orders):
                    if at < len(order):
                        try:
                            pair.step(*order[at])
                        except (Failed, Gone, Refused) as e:
                            raise Failed(f"order {order}, step {at}: {e}") from e
                if with_restart and at == depth // 2:
                    before = room.status()["core_pid"]
                    os.kill(before, signal.SIGKILL)
                    until("another core", 20, lambda: (room.status() or {"core_pid": before})["core_pid"] != before)
                    proctor.wait_notice("NOTICE_RESTARTED")
                    proctor.hello()
                    done = []
                    for pair in pairs:
                        reconnect(pair, done)
            for pair in pairs:
                pair.end()
        kept = sum(p.kept for p in pairs)
        proctor.close()
        room.stop()
        result = room.audit(path)
        on_file = room.query("select count(*) as n from record where kind = 26")[0]["n"]
        if not result["held"] or on_file != kept:
            raise Failed(f"{json.dumps(result)}; {kept} told kept, {on_file} on file")
        print(f"by protocol{', core killed in between' if with_restart else ''}: {len(all_orders)} orders, "
              f"{result['acknowledged']} saved and found, {kept} kept for the proctor")


class Machine:
    """exam --script at one machine, through a cable that can be pulled."""

    def __init__(self, room, name, slip, script):
        self.cable = Proxy(room.port)
        path = os.path.join(room.tmp, name + ".script")
        with open(path, "w", encoding="utf-8") as f:
            f.write(script)
        self.acks = os.path.join(room.tmp, name + ".acks")
        self.said = os.path.join(room.tmp, name + ".out")
        self.out = open(self.said, "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [room.tool("exam"), "--script", path, "--state-dir", os.path.join(room.tmp, name), "--log-acks",
             self.acks, f"exam://127.0.0.1:{self.cable.port}/{slip}#{room.pin}"],
            stdout=self.out, stderr=subprocess.STDOUT)

    def text(self):
        with open(self.said, encoding="utf-8") as f:
            return f.read()

    def saved(self):
        return self.text().count("\nsaved")

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.out.close()
        self.cable.close()


MOMENTS = ["before B asks", "before the grant", "after the grant", "after B has handed in"]


def pull_and_put_back(room, machines):
    room.init()
    room.start()
    room.log_in()
    room.fill(len(MOMENTS))
    slips = room.slip_list()
    first = [Machine(room, f"a{i}", s, f"think 40\nanswers random:{i}\nno-submit\n") for i, s in enumerate(slips)]
    machines += first
    room.ctl("sitting", "watch", room.sitting, "--until", "all-ready")
    room.ctl("sitting", "start", room.sitting)
    for m in first:
        until("A's first answers", 20, lambda m=m: m.saved() >= 5)
        m.cable.hold()
    time.sleep(0.4)  # A goes on answering, unheard
    first[0].cable.let_go()
    second = [Machine(room, f"b{i}", s, f"think 5\nanswers random:{i + 50}\nsubmit\n") for i, s in enumerate(slips)]
    machines += second

    def asked(n):
        out = room.ctl("--json", "sitting", "watch", room.sitting, "--until", "1-ready").stdout
        rows = [json.loads(line) for line in out.splitlines()]
        return rows if sum(bool(r["takeover_asked"]) for r in rows) == n else None

    rows = until("all B ask for the seat", 20, lambda: asked(len(slips)))
    first[1].cable.let_go()
    time.sleep(0.5)
    for row in rows:
        room.ctl("sitting", "release-seat", room.sitting, row["user"])
    first[2].cable.let_go()
    for m in second:
        if m.process.wait(60) != 0:
            raise Failed(f"{m.said} ended with {m.process.returncode}")
    first[3].cable.let_go()
    until("A hears of the take-over", 20, lambda: all("kept for the proctor" in m.text() for m in first[2:]))
    for m in machines:
        m.end()
    room.stop()
    result = room.audit(*[m.acks for m in machines if os.path.exists(m.acks)])
    if not result["held"] or result["acknowledged"] == 0:
        raise Failed(json.dumps(result))
    print(f"by programs: {len(MOMENTS)} moments, {result['acknowledged']} saved and found")


def by_programs(build):
    """A's cable is pulled after some answers, B takes over; the cable is put back at each moment."""
    machines = []
    with Room(build) as room:
        try:
            pull_and_put_back(room, machines)
        finally:
            for m in machines:
                m.end()


def take_overs(build):
    by_protocol(build, False)
    by_protocol(build, True)
    by_programs(build)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", required=True)
    a = p.parse_args()
    return verdict(lambda: take_overs(a.build), Gone, Refused)


if __name__ == "__main__":
    sys.exit(main())
