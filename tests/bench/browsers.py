#!/usr/bin/env python3
"""browsers.py: browsers' worth of sessions beside terminals, and the files of the page by h2load.

A session saves an answer every 30 s of thinking and is idle otherwise.  The load runs beside the server, on the same
cores."""
import argparse
import json
import os
import re
import sys
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "hostile")]
from contest import Failed, Hall, Lines, cpu_ns, machine, missing, most_descriptors, pss_kib, run  # noqa: E402
from h2 import Browser  # noqa: E402
import subprocess  # noqa: E402

THINK = 30


class Browsers(Hall):
    def browsers(self, slips, seconds):
        return Lines(subprocess.Popen(
            [os.path.join(self.build, "tests/load_h2"), "--server", f"127.0.0.1:{self.port}", "--slips", slips,
             "--seconds", str(seconds), "--think", str(THINK * 1000)], stdout=subprocess.PIPE, stderr=self.log, text=True))

    def terminals(self, slips, seconds, n):
        return Lines(self.load(slips, seconds, "--rate", str(max(1, n // THINK))))


def session_run(hall, seconds, groups):
    """GROUPS: kind -> name of the group.  What each kind measured, and what the server used."""
    fronts = [f["pid"] for f in hall.status()["fronts"]]
    everybody = hall.pids()
    time.sleep(2.5)  # what the last ones left is given back
    front_kib, all_kib = pss_kib(fronts), pss_kib(everybody)
    loads, numbers, out = {}, {}, {}
    n = sum(size for size, _ in groups.values())
    for kind, (size, group) in groups.items():
        numbers[kind], slips = hall.scheduled(group)
        loads[kind] = hall.browsers(slips, seconds) if kind == "browsers" else hall.terminals(slips, seconds, size)
    for kind, load in loads.items():
        out[kind] = {"checkin_s": load.phase("checkin", 300)["seconds"]}
    time.sleep(2.5)
    memory = {"front_kib_each": round((pss_kib(fronts) - front_kib) / n, 1),
              "all_kib_each": round((pss_kib(everybody) - all_kib) / n, 1)}
    for number in numbers.values():
        hall.ctl("sitting", "start", number)
    for load in loads.values():
        load.phase("start", 120)
    begun, before = time.monotonic(), cpu_ns(everybody)
    for kind, load in loads.items():
        line = load.phase("answers", seconds + 120)
        out[kind].update({k: line[k] for k in ("acked", "p50_ms", "p99_ms", "max_ms")},
                         lost=line.get("lost", line.get("reconnects", 0)))
        if load.process.wait(30) != 0:
            raise Failed(f"{kind}: exit {load.process.returncode}; see {hall.tmp}/log")
    memory["server_core_used"] = round((cpu_ns(everybody) - before) / 1e9 / (time.monotonic() - begun), 4)
    for number in numbers.values():
        hall.close(number)
    return {**out, "server": memory}


def row(n, what, kind, r):
    s, m = r[kind], r["server"]
    print(f"| {n} {kind}{what} | {s['checkin_s']:.2f} s | {s['acked']} | {s['p50_ms']:.2f} / {s['p99_ms']:.2f} / "
          f"{s['max_ms']:.2f} ms | {s['lost']} | {m['front_kib_each']} / {m['all_kib_each']} KiB | "
          f"{m['server_core_used'] * 100:.1f} % |", flush=True)


def sessions(build, sizes, seconds):
    hall = Browsers(build, {f"{kind}{n}": n for n in sizes for kind in "bt"}, "cpc",
                    "-o", f"connections_most={2 * max(sizes) + 200}")
    out = {}
    print(f"| sessions that save every {THINK} s | check-in | answers | p50 / p99 / max | lost | memory of the front / of all, "
          "each | server's CPU |\n|---|---|---|---|---|---|---|")
    try:
        for n in sizes:
            out[n] = {"terminals": session_run(hall, seconds, {"terminals": (n, f"t{n}")}),
                      "browsers": session_run(hall, seconds, {"browsers": (n, f"b{n}")})}
            row(n, "", "terminals", out[n]["terminals"])
            row(n, "", "browsers", out[n]["browsers"])
            both = out[n]["both"] = session_run(hall, seconds, {"terminals": (n, f"t{n}"), "browsers": (n, f"b{n}")})
            row(n, " beside as many browsers", "terminals", both)
            row(n, " beside as many terminals", "browsers", both)
        hall.stop()
    finally:
        hall.remove()
    return out


# ---- Files --------------------------------------------------------------------------------------


def paths_of_the_page(port):
    b = Browser(port)
    a = b.ask("GET", "/", accept_encoding="gzip")
    b.close()
    if a.status != 200:
        raise Failed(f"the page: status {a.status}")
    page = zlib.decompress(a.body, 31) if a.fields.get("content-encoding") == "gzip" else a.body
    return ["/", *re.findall(r'(?:src|href)="(/[^"]+)"', page.decode())]


def h2load(port, path, requests):
    p = run("h2load", "-n", str(requests), "-c", "8", "-m", "10", "-H", "accept-encoding: br, gzip",
            f"https://127.0.0.1:{port}{path}", check=False)
    rate = re.search(r"finished in .*?, ([\d.]+) req/s", p.stdout)
    done = re.search(r"requests: (\d+) total, \d+ started, \d+ done, (\d+) succeeded, (\d+) failed, (\d+) errored, "
                     r"(\d+) timeout", p.stdout)
    good = re.search(r"status codes: (\d+) 2xx", p.stdout)
    size = re.search(r"\((\d+)\) data", p.stdout)
    if p.returncode != 0 or not (rate and done and good):
        raise Failed(f"h2load {path}: exit {p.returncode}: {p.stdout}{p.stderr}")
    failed = sum(int(x) for x in done.groups()[2:])
    if failed or int(done.group(2)) != requests or int(good.group(1)) != requests:
        raise Failed(f"h2load {path}: {done.group(0)}; {good.group(0)}")
    return {"path": path, "requests": requests, "per_second": float(rate.group(1)), "failed": failed,
            "bytes": int(size.group(1)) // requests if size else 0}


def files(build, requests):
    hall = Browsers(build, {"g": 1})
    out = []
    print("\n| file by h2load, 8 connections of 10 streams | bytes | requests/s | failed |\n|---|---|---|---|")
    try:
        for path in paths_of_the_page(hall.port):
            out.append(r := h2load(hall.port, path, requests))
            print(f"| {r['path']} | {r['bytes']} | {r['per_second']:,.0f} | {r['failed']} |", flush=True)
        hall.stop()
    finally:
        hall.remove()
    return out


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", required=True)
    p.add_argument("--json", help="a file for the figures")
    p.add_argument("--quick", action="store_true")
    p.add_argument("--sizes", default="500,2000")
    p.add_argument("--seconds", type=int, default=60)
    p.add_argument("--requests", type=int, default=20000)
    p.add_argument("--only", choices=["files", "sessions"])
    a = p.parse_args()
    missing("h2load")
    most_descriptors()
    sizes = [100] if a.quick else [int(n) for n in a.sizes.split(",")]
    result = {"machine": machine()}
    if a.only != "files":
        result["sessions"] = sessions(a.build, sizes, 35 if a.quick else a.seconds)
    if a.only != "sessions":
        result["files"] = files(a.build, 2000 if a.quick else a.requests)
    if a.json:
        with open(a.json, "w", encoding="utf-8") as f:
            json.dump(result, f, indent=1)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as e:
        print(f"browsers: {e}", file=sys.stderr)
        sys.exit(1)
