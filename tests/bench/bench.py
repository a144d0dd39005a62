#!/usr/bin/env python3
"""bench.py: how fast, beside what the machine can do at all, in one run.

The load generator runs beside the server, on the same cores."""
import argparse
import glob
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "torture"))
from room import Room, run, until  # noqa: E402


def line(load, phase):
    while True:
        text = load.stdout.readline()
        if not text:
            raise SystemExit(f"the load generator ended before {phase}: exit {load.wait()}")
        d = json.loads(text)
        if d["phase"] == phase:
            return d


def pss_kib(room):
    """Proportional memory of all processes of the installation."""
    s = room.status()
    total = 0
    for pid in [room.process.pid, s["core_pid"], *[f["pid"] for f in s["fronts"]]]:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            total += int(re.search(r"^Pss:\s+(\d+)", f.read(), re.M).group(1))
    return total


def new_room(build, n, exam="cpc"):
    room = Room(build)
    room.init()
    room.start("-o", "frames_per_second=1000000", "-o", "frames_burst=1000000")
    room.log_in()
    return room, room.fill(n, exam)


def answers(build, n, seconds):
    room, slips = new_room(build, n)
    try:
        idle = pss_kib(room)
        load = room.load(slips, seconds)
        checkin = line(load, "checkin")["seconds"]
        waiting = (pss_kib(room) - idle) / n
        begun = time.monotonic()
        room.ctl("sitting", "start", room.sitting)
        start = line(load, "start")["seconds"]
        command = time.monotonic() - begun
        d = line(load, "answers")
        load.wait()
        return dict(d, checkin_s=checkin, start_s=start, start_with_command_s=round(command, 3),
                    kib_a_waiting=round(waiting, 1))
    finally:
        room.stop()


def recovery(build, n):
    """kill -9 of the core with N open attempts of about 50 answers: the longest silence."""
    room, slips = new_room(build, n)
    try:
        load = room.load(slips, 6)
        line(load, "checkin")
        room.ctl("sitting", "start", room.sitting)
        line(load, "start")
        time.sleep(1.5)
        os.kill(room.status()["core_pid"], signal.SIGKILL)
        d = line(load, "answers")
        load.wait()
        return d
    finally:
        room.stop()


def tool(build, name, *argv):
    found = glob.glob(os.path.join(build, "**", name), recursive=True)
    if not found:
        return ""
    return run(found[0], *argv, check=False).stdout


def append_limit(build, seconds):
    with tempfile.TemporaryDirectory() as d:
        return tool(build, "bench_append", d, str(seconds))


def echo_limit(build, connections, seconds):
    m = re.search(r"requests/s=(\d+)", tool(build, "bench_echo", str(connections), str(seconds)))
    return int(m.group(1)) if m else 0


def openssl_speed():
    out = run("openssl", "speed", "-seconds", "2", "ecdsap256", check=False).stdout
    m = re.search(r"256 bits ecdsa.*?\s([\d.]+)\s+[\d.]+\s*$", out, re.M)
    return float(m.group(1)) if m else 0.0


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", required=True)
    p.add_argument("--json")
    p.add_argument("--quick", action="store_true")
    a = p.parse_args()
    seconds, runs = (2, 1) if a.quick else (5, 3)
    result = {"machine": {"cores": os.cpu_count(), "kernel": os.uname().release},
              "commit": run("git", "rev-parse", "--short", "HEAD", check=False).stdout.strip(),
              "append": append_limit(a.build, seconds), "forms": tool(a.build, "bench_form", "200", str(seconds)),
              "p256_signatures_per_s": openssl_speed(), "answers": {}}
    print("The machine's own limits in this run\n")
    print("rows/s of a bare SQLite append loop with a sync a batch, and of the store:\n" + result["append"])
    print(f"P-256 signatures/s of openssl speed: {result['p256_signatures_per_s']:.0f}")
    print("\nforms: " + result["forms"])
    print("echo/s: bare TLS echo of 100-byte frames on as many connections, in the same run")
    print(f"\n{'connections':>11} {'echo/s':>8} {'answers/s':>10} {'ratio':>6} {'p50 ms':>8} {'p99 ms':>8} {'p99.9 ms':>9} {'check-in s':>11} "
          f"{'start s':>8} {'KiB waiting':>11}")
    for n in (50, 500, 1000, 2000):
        all_runs = [answers(a.build, n, seconds) for _ in range(runs)]
        d = {k: statistics.median(r[k] for r in all_runs) for k in all_runs[0] if k != "phase"}
        d["echo_per_second"] = echo_limit(a.build, n, seconds)
        result["answers"][n] = d
        ratio = d["per_second"] / d["echo_per_second"] if d["echo_per_second"] else 0
        print(f"{n:>11} {d['echo_per_second']:>8.0f} {d['per_second']:>10.0f} {ratio:>6.2f} {d['p50_ms']:>8.2f} {d['p99_ms']:>8.2f} {d['p999_ms']:>9.2f} "
              f"{d['checkin_s']:>11.3f} {d['start_s']:>8.3f} {d['kib_a_waiting']:>11.1f}", flush=True)
    d = recovery(a.build, 1000)
    result["recovery"] = d
    print(f"\nrecovery after kill -9 of the core, 1,000 open attempts, {d['acked'] / 1000:.0f} answers each at "
          f"the end: {d['max_gap_ms']:.0f} ms without any acknowledgement")
    if a.json:
        with open(a.json, "w", encoding="utf-8") as f:
            json.dump(result, f, indent=1)


if __name__ == "__main__":
    main()
