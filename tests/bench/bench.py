#!/usr/bin/env python3
"""bench.py: what examd does alone, beside what the machine can do at all, in one run.

The load generator runs beside the server, on the same cores."""
import argparse
import glob
import json
import os
import re
import signal
import sqlite3
import time

from contest import Failed, Hall, Report, in_turn, missing, most_descriptors, run

MANY = 100000
EXAM, MINUTES = "cpc-short", 96
SUBJECT_KINDS, SUBJECT_ATTEMPT = 4, 1  # proto/base/ids.h


def tool(build, name, *argv):
    found = glob.glob(os.path.join(build, "**", name), recursive=True)
    if not found:
        raise Failed(f"{name} is not built")
    return run(found[0], *argv, check=False).stdout


def limits(build, seconds, directory):
    """What nobody can be faster than here, for those who compare machines."""
    speed = run("openssl", "speed", "-seconds", "2", "ecdsap256", check=False).stdout
    m = re.search(r"256 bits ecdsa.*?\s([\d.]+)\s+[\d.]+\s*$", speed, re.M)
    out = {"append": tool(build, "bench_append", directory, str(seconds)), "p256_signatures_per_s": float(m.group(1))}
    print("```\n" + out["append"].rstrip())
    for n in (50, 500, 1000):
        m = re.search(r"requests/s=(\d+)", tool(build, "bench_echo", str(n), str(seconds)))
        out[f"echo_{n}"] = int(m.group(1))
        print(f"echo of 100 bytes over TLS, {n} connections: {m.group(1)}/s")
    print(f"P-256 signatures: {out['p256_signatures_per_s']:.0f}/s\n```\n", flush=True)
    return out


def forms(report, build, seconds):
    made = json.loads(tool(build, "bench_form", "200", str(seconds)))["forms_per_s"]
    report.row("forms/s", None, made, ">= 10,000/s", made >= 10000, "/s")


def recovery(report, build, runs):
    """kill -9 of the core with 1,000 open attempts of 50 answers each; each run in an installation of its own,
    because earlier rooms stay in the log for a while, and a core that has died within a minute is started later."""

    def one():
        hall = Hall(build, {"g1000": 1000}, EXAM)
        try:
            number, slips = hall.scheduled("g1000")
            load = hall.crowd(slips, 600, "--tell-at", "50")
            load.phase("checkin", 60)
            hall.ctl("sitting", "start", number)
            load.phase("start", 60)
            pid = hall.status()["core_pid"]
            load.phase("answered", 60)
            begun = time.monotonic_ns()
            os.kill(pid, signal.SIGKILL)
            again = load.phase("again", 60)["at_ns"]
            load.kill()
        finally:
            hall.remove()
        return {"seconds": (again - begun) / 1e9}

    (ours,) = in_turn(runs, one)
    s = ours["seconds"]
    report.row("recovery after kill -9, 1,000 open attempts x 50 answers, to the first acknowledgement", None, s, "< 0.3 s",
               s < 0.3, "s", 3)


def closing(report, hall, runs):
    """Everybody's minutes end in one command: all are due in the same second."""

    def one():
        number, slips = hall.scheduled("g1000")
        load = hall.crowd(slips, 90, "--rate", "500")
        load.phase("checkin", 60)
        hall.ctl("sitting", "start", number)
        load.phase("start", 60)
        hall.ctl("sitting", "add-minutes", number, "--reason", "the run is to end", "--", str(-MINUTES))
        result = load.phase("closed", 120)
        load.process.wait()
        return result

    (ours,) = in_turn(runs, one)
    report.row("close of 1,000 due in the same second: until the last is told its score", None, ours["seconds"], "<= 0.5 s",
               ours["seconds"] <= 0.5, "s", 3)
    report.row("... lateness after deadline and grace, p99", None, ours["p99_ms"], "< 100 ms", ours["p99_ms"] < 100, "ms", 1)


def multiply(directory, times):
    """TIMES as many attempts on file more: closed practice of the same persons, taken long ago."""
    db = sqlite3.connect(os.path.join(directory, "examd.db"))
    with db:
        step = db.execute("select max(attempt) from result").fetchone()[0] + 1
        db.execute("create temp table had as select attempt from result")
        db.execute("create temp table k as with recursive c(i) as (select 1 union all select i + 1 from c where i < ?) "
                   "select i from c", (times,))
        own = {"attempt": "attempt + i * :step", "sitting": "0", "practice": "1"}
        fields = [own.get(r[1], r[1]) for r in db.execute("pragma table_info(result)")]
        # Nobody reads transcripts while answers come: of theirs, only the size counts.
        db.execute("insert into transcript select (attempt + i * :step) * :kinds + :kind, 60, zeroblob(32), "
                   "randomblob(6000) from k, had order by i, attempt",
                   {"step": step, "kinds": SUBJECT_KINDS, "kind": SUBJECT_ATTEMPT})
        db.execute(f"insert into result select {', '.join(fields)} from k, result where attempt < :step "
                   "order by i, attempt", {"step": step})
        db.execute("update highest set attempt = ?", (step * (times + 1),))
        counts = [db.execute(f"select count(*) from {t}").fetchone()[0] for t in ("result", "transcript")]
    db.close()
    return counts


def cost_by_attempts_on_file(report, build, seconds, runs):
    """Two installations, 100 and 100,000 attempts on file; answers on 50 connections."""
    few = Hall(build, {"g100": 100, "g50": 50})
    many = None
    try:
        few.answers("g100", 2)
        few.stop()
        many = few.copy()
        on_file = multiply(many.dir, MANY // 100 - 1)
        if on_file[0] < MANY or on_file[1] < MANY - 100:
            raise Failed(f"{on_file} results and transcripts on file, not {MANY}")
        for hall in (few, many):
            hall.start("-o", "frames_per_second=1000000", "-o", "frames_burst=1000000")
            hall.ctl("login", "--password-file", hall.secret(hall.password + "\n"))
        a, b = in_turn(runs, lambda: few.answers("g50", seconds), lambda: many.answers("g50", seconds))
    finally:
        few.remove()
        if many is not None:
            many.remove()
    report.row("answers/s with 100 and with 100,000 attempts on file (in place of peer)", a["per_second"],
               b["per_second"], "equal within 10 %", b["per_second"] >= 0.9 * a["per_second"], "/s")
    report.row("... server CPU of an answer", a["cpu_us"], b["cpu_us"], "equal within 10 %",
               b["cpu_us"] <= 1.1 * a["cpu_us"], "us", 1)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", required=True)
    p.add_argument("--json")
    p.add_argument("--quick", action="store_true")
    p.add_argument("--only", choices=["recovery", "closing", "forms", "cost"])
    a = p.parse_args()
    missing("openssl")
    most_descriptors()
    seconds, runs = (2, 1) if a.quick else (4, 3)
    report = Report("Alone")
    hall = None
    try:
        if a.only in (None, "forms"):
            forms(report, a.build, seconds)
        if a.only in (None, "recovery"):
            recovery(report, a.build, runs)
        if a.only in (None, "closing"):
            hall = Hall(a.build, {"g1000": 1000}, EXAM)
            closing(report, hall, runs)
        if a.only in (None, "cost"):
            cost_by_attempts_on_file(report, a.build, seconds, runs)
        if a.only is None:
            report.result["limits"] = limits(a.build, 2, hall.tmp)
        report.write(a.json)
    finally:
        if hall is not None:
            hall.remove()


if __name__ == "__main__":
    main()
