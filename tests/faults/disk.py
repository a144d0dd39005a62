#!/usr/bin/env python3
"""disk.py: the disk fails at every write and sync in the life of a small sitting.

Promise: no false acknowledgement.  After the fault and a restart every acknowledged answer is found,
once, the database is whole, chains verify, and the sitting went on to its end.

A life: start, check-in, start of the room, answers, handing in, stop.  Life number n has its fault at
the n-th operation; the last one is the first whose fault was never reached."""
import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "torture"))
from faultbox import ACTIONS, SYNC, WRITE, FaultBox  # noqa: E402
from room import Failed, Lines, Room, run, until  # noqa: E402

CONNECTIONS, ANSWERS = 3, 12
KINDS = [(o, a) for o in (WRITE, SYNC) for a in ACTIONS if not (o == SYNC and a == "short")]


def template(build):
    """An installation with an open sitting, stopped."""
    room = Room(build)
    room.init()
    room.start()
    room.log_in()
    room.fill(CONNECTIONS)
    room.stop()
    return room


class Life:
    """Room with a box; finished or failed, nothing of it stays."""

    def __init__(self, origin):
        self.room = origin.clone()
        self.box = FaultBox(os.path.join(self.room.tmp, "box"))
        self.room.env.update(self.box.env(origin.build, self.room.dir))
        self.acks = os.path.join(self.room.tmp, "acks")
        open(self.acks, "w").close()
        self.load = None
        self.refused_start = False

    def start(self):
        """A daemon that meets the fault at its start may say so and end; then it is started again."""
        try:
            self.room.start()
        except Failed:
            self.refused_start = True
            if self.room.process.wait(20) == 0:
                raise Failed("examd could not start and ended with 0") from None
            self.room.process.stdout.close()
            if self.box.fired == 0:
                raise
            self.box.disarm()
            self.room.start()

    def sit(self):
        self.load = Lines(self.room.load(self.room.slips, 0, "--answers", str(ANSWERS), "--submit",
                                         "--log-acks", self.acks))
        self.load.phase("checkin")
        self.room.ctl("sitting", "start", self.room.sitting)
        line = self.load.phase("answers", 60)
        if self.load.process.wait(10) != 0:
            raise Failed(f"the clients ended with {self.load.process.returncode}")
        return line

    def heal_when_it_hurts(self):
        """Somebody makes room on the disk, half a second after it was full."""
        def heal():
            end = time.monotonic() + 20
            while self.box.fired == 0 and time.monotonic() < end:
                time.sleep(0.005)
            time.sleep(0.5)
            self.box.disarm()
        threading.Thread(target=heal, daemon=True).start()

    def check(self):
        self.room.stop()
        result = self.room.audit(self.acks)
        closed = self.room.query("select count(*) as n from result")[0]["n"]
        if not result["held"]:
            raise Failed(f"promise broken: {json.dumps(result)}")
        if result["acknowledged"] != CONNECTIONS * ANSWERS or closed != CONNECTIONS:
            raise Failed(f"not all came to its end: {json.dumps(result)}, {closed} closed")

    def end(self, keep):
        if self.load is not None:
            self.load.kill()
        if keep:
            self.room.kill()
            print(f"kept: {self.room.tmp}", file=sys.stderr)
        else:
            self.room.remove()


def live(origin, operation, action, n, lasting=False):
    """True when the fault was reached."""
    life = Life(origin)
    good = False
    try:
        life.box.arm(operation, ACTIONS[action], n, lasting)
        if lasting:
            life.heal_when_it_hurts()
        life.start()
        life.sit()
        fired = life.box.fired > 0
        life.box.disarm()
        life.check()
        good = True
        return fired
    except Failed as e:
        raise Failed(f"{action} at {'write' if operation == WRITE else 'sync'} {n}"
                     f"{' and later' if lasting else ''}: {e}") from e
    finally:
        life.end(not good)


def count_operations(origin):
    """Writes and syncs of a life without a fault."""
    life = Life(origin)
    good = False
    try:
        life.start()
        life.sit()
        life.check()
        good = True
        return life.box.writes, life.box.syncs
    finally:
        life.end(not good)


def full_tmpfs(origin):
    """A really full disk: a tmpfs of 3 MiB, then one that somebody has made larger."""
    life = Life(origin)
    room, good = life.room, False
    data = room.dir + ".small"
    os.mkdir(data)
    try:
        run("mount", "-t", "tmpfs", "-o", "size=3m,mode=700", "examd-small", data)
        run("cp", "-a", room.dir + "/.", data)
        room.dir = data
        life.start()
        life.load = Lines(room.load(room.slips, 0, "--answers", "4000", "--submit", "--log-acks", life.acks,
                                    "--window", "16"))
        life.load.phase("checkin")
        room.ctl("sitting", "start", room.sitting)

        def is_full():
            s = os.statvfs(data)
            return s.f_bavail * s.f_bsize < 64 * 1024

        until("the disk is full", 60, is_full)
        time.sleep(1)
        acked = os.path.getsize(life.acks)
        time.sleep(1)
        silent = os.path.getsize(life.acks) == acked
        run("mount", "-o", "remount,size=64m", data)
        line = life.load.phase("answers", 120)
        if life.load.process.wait(10) != 0:
            raise Failed(f"the clients ended with {life.load.process.returncode}")
        room.stop()
        result = room.audit(life.acks)
        if not result["held"] or result["acknowledged"] < CONNECTIONS * 4000:
            raise Failed(f"promise broken: {json.dumps(result)}")
        if not silent:
            raise Failed("answers were acknowledged while the disk was full")
        good = True
        print(f"full tmpfs: {json.dumps(result)}, restarted {line['restarted']} times")
    except Failed as e:
        raise Failed(f"full tmpfs: {e}") from e
    finally:
        life.room.kill()
        subprocess.run(["umount", data], check=False)
        life.end(not good)


def may_mount():
    return os.geteuid() == 0 and subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False).returncode == 0


def sample(rnd, writes, syncs, seconds_each, budget):
    """Faults by seed, spread over all kinds and over the whole life."""
    rounds = max(1, int(budget / seconds_each / len(KINDS)))
    picks = []
    for i in range(rounds):
        for operation, action in KINDS:
            most = writes if operation == WRITE else syncs
            lo, hi = most * i // rounds, most * (i + 1) // rounds
            picks.append((operation, action, rnd.randint(lo + 1, max(lo + 1, hi)),
                          action == "enospc" and rnd.random() < 0.5))
    return picks


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", required=True, help="a release: the shims are preloaded")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--seconds", type=float, default=50, help="how long the sample may take")
    p.add_argument("--all", action="store_true", help="every write and sync, every kind of fault")
    p.add_argument("--one", help="WRITE|SYNC,ACTION,N[,lasting]: this fault only")
    p.add_argument("--full-tmpfs", action="store_true", help=argparse.SUPPRESS)
    a = p.parse_args()
    origin = template(a.build)
    failed = []
    try:
        if a.full_tmpfs:
            full_tmpfs(origin)
            return 0
        begun = time.monotonic()
        writes, syncs = count_operations(origin)
        each = time.monotonic() - begun
        print(f"a life: {writes} writes, {syncs} syncs, {each:.2f} s", flush=True)
        if a.one:
            w = a.one.lower().split(",")
            picks = [({"write": WRITE, "sync": SYNC}[w[0]], w[1], int(w[2]), "lasting" in w)]
        elif a.all:
            picks = [(o, k, n, lasting) for o, k in KINDS for lasting in ((False, True) if k == "enospc" else (False,))
                     for n in range(1, 2 * (writes if o == WRITE else syncs))]
        else:
            picks = sample(random.Random(a.seed), writes, syncs, each * 1.5, a.seconds)
        lives = reached = 0
        over = set()
        end = time.monotonic() + a.seconds
        for o, k, n, lasting in picks:
            if (o, k, lasting) in over or (not a.all and not a.one and time.monotonic() > end):
                continue
            try:
                hit = live(origin, o, k, n, lasting)
            except Failed as e:
                failed.append(str(e))
                print(f"FAILED: {e}", flush=True)
                if not a.all:
                    break
                continue
            lives += 1
            reached += hit
            if not hit and n > (writes if o == WRITE else syncs):
                over.add((o, k, lasting))
        print(f"seed {a.seed}: {lives} lives, {reached} with a fault, {len(failed)} broken promises", flush=True)
        if reached == 0:
            failed.append("no fault was reached")
    except Failed as e:
        failed.append(str(e))
        print(f"FAILED: {e}", file=sys.stderr)
    finally:
        origin.remove()
    if not failed and not a.one:
        if may_mount():
            again = [sys.executable, os.path.abspath(__file__), "--build", a.build, "--full-tmpfs"]
            if subprocess.run(["unshare", "-m", *again], check=False).returncode != 0:
                failed.append("full tmpfs")
        else:
            print("SKIPPED: a really full disk needs root and a mount; only the simulated one was tried")
    print("FAILED" if failed else "passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
