#!/usr/bin/env python3
"""kill.py: kill -9 of core, front and supervisor at random moments under load.

Promise: every acknowledged answer is found, none twice, the database is whole, chains verify, time
used is within 1 s of the truth for each kill; children are gone within 1 s of their supervisor."""
import argparse
import fcntl
import glob
import json
import os
import random
import signal
import sys
import time

from room import Failed, Lines, Room, until


def gone(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().split()[2] == "Z"
    except OSError:
        return True


def threads(pid):
    """The state of each thread of a process: D waits for the disk in the kernel, Z has ended."""
    states = []
    for task in glob.glob(f"/proc/{pid}/task/*/stat"):
        try:
            with open(task) as f:
                states.append(f.read().rsplit(")", 1)[1].split()[0])
        except OSError:
            pass
    return states


def lock_frees(room, children):
    """Within 1 s of its holder's end; else the failure says who holds it, and what the children do."""
    try:
        until("the lock is free", 1, lambda: lock_is_free(room))
    except Failed as e:
        inode = os.stat(os.path.join(room.dir, "lock")).st_ino
        with open("/proc/locks") as f:
            held = [line.strip() for line in f if f":{inode} " in line]
        raise Failed(f"{e}; held: {held}; threads: { {pid: threads(pid) for pid in children} }") from e


def lock_is_free(room):
    with open(os.path.join(room.dir, "lock"), "a") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            return False


def pids(room):
    s = until("status", 20, room.status)
    return {"core": [s["core_pid"]], "front": [f["pid"] for f in s["fronts"]],
            "supervisor": [room.process.pid]}


def kill(room, who, rnd):
    all_pids = until("fronts", 20, lambda: (lambda p: p if p["front"] else None)(pids(room)))
    pid = rnd.choice(all_pids[who])
    os.kill(pid, signal.SIGKILL)
    if who == "supervisor":
        begun = time.monotonic()
        room.process.wait()
        room.process.stdout.close()
        for child in all_pids["core"] + all_pids["front"]:
            until("children gone with their supervisor", 1, lambda c=child: gone(c))
        lock_frees(room, all_pids["core"] + all_pids["front"])
        room.slowest_exit = max(room.slowest_exit, time.monotonic() - begun)
        room.start()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", required=True)
    p.add_argument("--cycles", type=int, default=100)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--connections", type=int, default=12)
    p.add_argument("--keep", action="store_true")
    a = p.parse_args()
    rnd = random.Random(a.seed)
    room = Room(a.build)
    room.slowest_exit = 0.0
    acks = os.path.join(room.tmp, "acks")
    open(acks, "w").close()
    load = None
    ok = False
    begun = time.monotonic()
    try:
        room.init()
        room.start()
        room.log_in()
        slips = room.fill(a.connections)
        load = Lines(room.load(slips, 100000, "--log-acks", acks))
        load.phase("checkin")
        room.ctl("sitting", "start", room.sitting)
        load.phase("start")
        kills = {"core": 0, "front": 0, "supervisor": 0}
        for cycle in range(a.cycles):
            time.sleep(rnd.random() * 0.3)
            who = rnd.choices(["core", "front", "supervisor"], [5, 3, 2])[0]
            kill(room, who, rnd)
            kills[who] += 1
            size = os.path.getsize(acks)
            until(f"acknowledgements after kill {cycle} of the {who}", 20,
                  lambda: os.path.getsize(acks) > size or load.process.poll() is not None)
            if load.process.poll() is not None:
                raise Failed(f"the clients ended: exit {load.process.returncode}; see {room.tmp}/log")
        load.kill()
        room.stop()
        result = room.audit(acks)
        print(json.dumps({"seed": a.seed, "kills": kills, "seconds": round(time.monotonic() - begun, 1),
                          "slowest_exit_s": round(room.slowest_exit, 3), **result}))
        ok = result["held"] and result["time_off_ms"] <= 1000 * a.cycles and result["acknowledged"] > 0
    except Failed as e:
        print(e, file=sys.stderr)
    finally:
        if load is not None:
            load.kill()
        room.kill()
        if ok and not a.keep:
            room.remove()
        else:
            print(f"kept: {room.tmp}", file=sys.stderr)
    print("passed" if ok else "FAILED")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
