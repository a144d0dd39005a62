#!/usr/bin/env python3
"""against_redis.py: durable answers beside Redis with appendfsync always, in turn in one run."""
import argparse
import threading

from contest import Hall, Redis, Report, in_turn, missing, most_descriptors, peer

RATE = 10000
MANY = 5000
SKIP = 2  # seconds: 5,000 clients have just shaken hands, and examd's have opened their forms, beside the server


class Exports:
    """Exports of a sitting, one after the other, until it is left."""

    def __init__(self, hall, number):
        self.hall, self.number, self.stop, self.count = hall, number, threading.Event(), 0
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        while not self.stop.is_set():
            self.hall.ctl("export", self.number, "-o", "-")
            self.count += 1
            self.stop.wait(0.2)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def closed_loop(report, hall, redis, n, seconds, runs):
    other, ours = in_turn(
        runs,
        lambda: peer(hall.build, "set", redis.port, "--connections", n, "--seconds", seconds),
        lambda: hall.answers(f"g{n}", seconds))
    aim = 1.2 if n == 50 else 1.0
    report.row(f"durable answers/s, {n:,} connections", other["per_second"], ours["per_second"], f">= {aim} of Redis",
               ours["per_second"] >= aim * other["per_second"], "/s")
    report.row(f"... p99, {n:,} connections", other["p99_ms"], ours["p99_ms"], "<= 1.5 of Redis",
               ours["p99_ms"] <= 1.5 * other["p99_ms"], "ms", 2)
    report.row(f"... server CPU of an answer, {n:,} connections", None, ours["cpu_us"], "", None, "us", 1)


def open_loop(report, hall, redis, seconds, runs):
    number, slips = hall.scheduled("g1000")
    load = hall.crowd(slips, 2)
    load.phase("checkin", 60)
    hall.ctl("sitting", "start", number)
    load.phase("answers", 60)
    load.process.wait()
    hall.close(number)

    def ours():
        with Exports(hall, number) as exports:
            result = hall.answers(f"g{MANY}", seconds + SKIP, "--rate", str(RATE), "--window", "8", "--skip", str(SKIP))
        return dict(result, exports=exports.count)

    other, examd = in_turn(
        runs, lambda: peer(hall.build, "set", redis.port, "--connections", MANY, "--seconds", seconds + SKIP, "--rate", RATE,
                           "--skip", SKIP), ours)
    work = f"{RATE:,} answers/s offered on {MANY:,} connections"
    report.row(f"{work}: answered", other["per_second"], examd["per_second"], "", None, "/s")
    report.row(f"... p99 after {SKIP} s, a running export and checkpoints included", other["p99_ms"], examd["p99_ms"], "<= 2.5 ms",
               examd["p99_ms"] <= 2.5, "ms", 2)
    report.row("... longest", other["max_ms"], examd["max_ms"], "<= 10 ms", examd["max_ms"] <= 10, "ms", 2)
    report.row("... exports that ran to their end meanwhile", None, examd["exports"], "", None, "")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", required=True)
    p.add_argument("--json")
    p.add_argument("--quick", action="store_true")
    p.add_argument("--only", choices=["closed", "open"])
    a = p.parse_args()
    missing("redis-server", "openssl")
    most_descriptors()
    seconds, runs = (2, 1) if a.quick else (5, 3)
    redis = hall = None
    try:
        redis = Redis()
        hall = Hall(a.build, {"g50": 50, "g500": 500, "g1000": 1000, f"g{MANY}": MANY})
        report = Report("Against Redis 7 with TLS and appendfsync always, SETs of 100 bytes")
        for n in (50, 500, 1000) if a.only != "open" else ():
            closed_loop(report, hall, redis, n, seconds, runs)
        if a.only != "closed":
            open_loop(report, hall, redis, seconds, runs)
        report.write(a.json)
    finally:
        for server in (hall, redis):
            if server is not None:
                server.remove()


if __name__ == "__main__":
    main()
