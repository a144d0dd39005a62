#!/usr/bin/env python3
"""clock.py: clocks step, everything freezes, the disk stalls, the machine is off for three days.

Promise: what is kept is time used.  Wall-clock steps change nothing; a failure of the server costs a
candidate at most a second, which is what service time may run past its last committed heartbeat."""
import argparse
import json
import os
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "torture"))
from faultbox import STALL, SYNC, FaultBox  # noqa: E402
from room import Failed, Room, until, verdict  # noqa: E402
from wire import EXAMD, Client, Gone, Refused  # noqa: E402

HOUR_MS = 3600 * 1000
CAP_S = 0.7    # and NOISE_S: 1 s, what a failure of the server may cost
NOISE_S = 0.3  # of a busy machine
STOP = {name: EXAMD.number(name) for name in ("STOP_SITTING", "STOP_RESTART")}


class Watch:
    """A candidate whose time is measured, through every way to lose the connection."""

    def __init__(self, room, slip):
        self.room, self.slip = room, slip
        self.client = Client(room.port)
        self.client.become_ready(slip)

    def back(self):
        """The same client again, with its token or, should that have ended, with its slip."""
        old = self.client
        old.close()
        self.client = Client(self.room.port, client_id=old.client_id, token=old.token)
        hello = self.client.hello()
        if hello.status is None:
            if hello.session is None:
                self.client.use_slip(self.slip)
            self.client.do("check_in", command_id=os.urandom(16))

    def remaining_s(self):
        try:
            self.client.do("get_status")
        except (Gone, Refused):
            self.back()
            self.client.do("get_status")
        return self.client.clock.remaining_ms / 1000


class Bench:
    def __init__(self, room):
        self.room = room
        self.box = FaultBox(os.path.join(self.room.tmp, "box"))
        self.room.env.update(self.box.env(room.build, self.room.dir))
        self.room.init()
        self.room.start()
        self.room.log_in()
        self.room.fill(1)
        self.watch = Watch(self.room, self.room.slip_list()[0])
        self.room.ctl("sitting", "start", self.room.sitting)
        self.watch.client.wait_notice("NOTICE_STARTED")
        self.figures = {}

    def used_by(self, what, action, least_s, most_s):
        """ACTION returns how long the clock should have run; used time may be off by LEAST .. MOST."""
        before = self.watch.remaining_s()
        begun = time.monotonic()
        standing = action() or 0.0
        after = self.watch.remaining_s()
        off = (before - after) - (time.monotonic() - begun - standing)
        self.figures[what] = round(off, 3)
        print(f"{what}: used time is off by {off:+.3f} s", flush=True)
        if not least_s <= off <= most_s:
            raise Failed(f"{what}: used time is off by {off:+.3f} s, allowed {least_s:+.1f} .. {most_s:+.1f}")

    # ---- Faults; each returns the seconds that should not have counted

    def wall_step(self, ms):
        self.box.set("wall_ms", ms)
        time.sleep(2)

    def mono_step(self):
        """As after a freeze of the whole machine that its monotonic clock saw."""
        self.box.set("mono_ms", HOUR_MS)
        time.sleep(1)

    def frozen(self, seconds):
        begun = time.monotonic()
        self.room.freeze()
        time.sleep(seconds)
        self.room.thaw()
        return time.monotonic() - begun

    def stalled(self, seconds):
        self.box.arm(SYNC, STALL, 1, stall_ms=int(seconds * 1000))
        until("a sync that stalls", 10, lambda: self.box.fired)
        time.sleep(seconds + 0.2)
        self.box.disarm()
        return seconds

    def core_killed(self):
        """Until the client is back the clock stands."""
        begun = time.monotonic()
        core = self.room.status()["core_pid"]
        self.watch.client.close()
        os.kill(core, signal.SIGKILL)
        until("another core", 20, lambda: (self.room.status() or {"core_pid": core})["core_pid"] != core)
        time.sleep(2)
        self.watch.back()
        return time.monotonic() - begun

    def restarted(self, off_ms, kill):
        begun = time.monotonic()
        if kill:
            self.room.kill()
        else:
            self.room.stop()
        self.box.set("wall_ms", self.box.wall_ms + off_ms)
        self.room.start()
        time.sleep(1)
        self.watch.back()
        return time.monotonic() - begun

    def stopped_by(self, bit, wanted):
        self.watch.remaining_s()
        if bool(self.watch.client.clock.stopped & STOP[bit]) != wanted:
            raise Failed(f"{bit} is {'not ' if wanted else ''}set: stopped = {self.watch.client.clock.stopped}")

    def three_days(self, kill):
        what = f"restart after three days, {'killed' if kill else 'stopped'}"
        self.used_by(what, lambda: self.restarted(3 * 24 * HOUR_MS, kill), -1, 1)
        self.stopped_by("STOP_SITTING", True)

        def wait():
            time.sleep(1.5)
            return 1.5
        self.used_by("  paused until a person resumes it", wait, -NOISE_S, NOISE_S)
        self.room.ctl("sitting", "resume", self.room.sitting)
        until("the clock runs again", 10, lambda: self.watch.remaining_s() and not self.watch.client.clock.stopped)
        self.used_by("  and runs from then on", lambda: time.sleep(1.5), -1, NOISE_S)

    def all(self, seconds):
        self.used_by("nothing happens", lambda: time.sleep(2), -NOISE_S, NOISE_S)
        self.used_by("wall clock +1 h", lambda: self.wall_step(HOUR_MS), -1, NOISE_S)
        self.used_by("wall clock -1 h", lambda: self.wall_step(-HOUR_MS), -1, NOISE_S)
        self.used_by("wall clock back", lambda: self.wall_step(0), -1, NOISE_S)
        self.used_by(f"all processes stopped for {seconds:g} s", lambda: self.frozen(seconds), -1, CAP_S + NOISE_S)
        self.used_by("  and afterwards", lambda: time.sleep(2), -1, NOISE_S)
        self.used_by(f"disk stalled for {seconds:g} s", lambda: self.stalled(seconds), -1, CAP_S + NOISE_S)
        self.used_by("  and afterwards", lambda: time.sleep(2), -1, NOISE_S)
        self.used_by("monotonic clock +1 h", self.mono_step, -1, CAP_S + NOISE_S)
        self.used_by("core killed, client away for 2 s", self.core_killed, -1, 1)
        self.stopped_by("STOP_RESTART", False)
        self.used_by("restart while the wall clock goes back 1 h", lambda: self.restarted(-HOUR_MS, True), -1, 1)
        self.stopped_by("STOP_SITTING", False)
        self.three_days(kill=False)
        self.three_days(kill=True)

    def agree(self):
        """The proctor's table shows the same time."""
        mine = self.watch.remaining_s()
        out = self.room.ctl("--json", "sitting", "watch", self.room.sitting, "--until", "1-ready").stdout
        theirs = json.loads(out.splitlines()[0])["remaining_ms"] / 1000
        if abs(mine - theirs) > 1:
            raise Failed(f"the candidate has {mine} s left, the proctor sees {theirs} s")


def time_used_is_kept(a):
    with Room(a.build) as room:
        bench = Bench(room)
        bench.all(a.seconds)
        bench.agree()
        bench.watch.client.close()
        room.stop()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", required=True, help="a release: the shims are preloaded")
    p.add_argument("--seconds", type=float, default=5, help="of freezing and stalling (more than 3)")
    a = p.parse_args()
    return verdict(lambda: time_used_is_kept(a), Gone, Refused)


if __name__ == "__main__":
    sys.exit(main())
