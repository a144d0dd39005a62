#!/usr/bin/env python3
"""against_nginx.py: a room's check-in and start beside nginx that sends 80 KB, in turn in one run."""
import argparse
import json
import subprocess
import time

from contest import Hall, Nginx, Report, cpu_ns, in_turn, missing, most_descriptors, peer, pss_kib

SETTLED_S = 2.5  # a front gives memory back a second after the last handshake


def waiting_memory(pids, idle, n):
    time.sleep(SETTLED_S)
    return (pss_kib(pids) - idle) / n


def nginx_room(build, nginx, n, cold):
    """Cold: handshake and 80 KB; then the memory of those connections; warm: 80 KB on them."""
    idle = pss_kib(nginx.pids())
    p = subprocess.Popen([f"{build}/tests/peer", "get", "--server", f"127.0.0.1:{nginx.port}", "--connections", str(n),
                          "--hold", *([] if cold else ["--warm"])],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    result = json.loads(p.stdout.readline())
    if cold:
        result["waiting_kib"] = waiting_memory(nginx.pids(), idle, n)
    p.stdin.close()
    p.wait()
    p.stdout.close()
    return result


def examd_room(hall, n):
    number, slips = hall.scheduled(f"g{n}")
    pids = hall.pids()
    idle = pss_kib(pids)
    load = hall.crowd(slips, 1, "--open", "--rate", "1")
    form = load.phase("form", 120)["seconds"]
    checkin = load.phase("checkin", 120)["seconds"]
    memory = waiting_memory(pids, idle, n)
    begun = time.monotonic_ns()
    hall.ctl("sitting", "start", number)
    start = load.phase("start", 60)["at_ns"]
    opened = load.phase("open", 60)["at_ns"]
    load.phase("answers", 60)
    load.process.wait()
    hall.close(number)
    return {"form": form, "checkin": checkin, "waiting_kib": memory, "start": (start - begun) / 1e9,
            "open": (opened - begun) / 1e9}


def handshakes(build, server, n, *options):
    pids = server.pids()
    before = cpu_ns(pids)
    result = peer(build, "shake", server.port, "--connections", n, *options)
    time.sleep(0.2)  # what is left to be done after the last one
    return {"us": (cpu_ns(pids) - before) / 1e3 / n, "per_second": n / result["seconds"]}


def rooms(report, hall, nginx, n, runs):
    cold, warm, ours = in_turn(runs, lambda: nginx_room(hall.build, nginx, n, True),
                               lambda: nginx_room(hall.build, nginx, n, False), lambda: examd_room(hall, n))
    report.row(f"start of {n:,}, from command to the last with its key", warm["seconds"], ours["start"], "", None, "s", 3)
    report.row(f"... to the last with its first item open, {n:,}", warm["seconds"], ours["open"], "< nginx",
               ours["open"] < warm["seconds"], "s", 3)
    report.row(f"check-in of {n:,}: handshake, slip, sealed form", cold["seconds"], ours["form"], "<= 1.5 of nginx",
               ours["form"] <= 1.5 * cold["seconds"], "s", 3)
    report.row("... and confirmed", cold["seconds"], ours["checkin"], "", None, "s", 3)
    report.row(f"memory of one that waits, all processes, of {n:,}", cold["waiting_kib"], ours["waiting_kib"],
               "<= 18 KiB", ours["waiting_kib"] <= 18, "KiB", 1)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", required=True)
    p.add_argument("--json")
    p.add_argument("--quick", action="store_true")
    a = p.parse_args()
    missing("nginx", "openssl")
    most_descriptors()
    runs = 1 if a.quick else 3
    nginx = hall = None
    try:
        nginx = Nginx()
        hall = Hall(a.build, {"g1000": 1000, "g5000": 5000}, "cpc", "-o", "connections_per_address=20000")
        report = Report("Against nginx, TLS 1.3, a file of 80 KB")
        for n in (1000, 5000):
            rooms(report, hall, nginx, n, runs)
        n = 1000 if a.quick else 4000
        other, ours = in_turn(runs, lambda: handshakes(hall.build, nginx, n),
                              lambda: handshakes(hall.build, hall, n, "--alpn", "examd/1"))
        report.row("server CPU of a full handshake", other["us"], ours["us"], "<= 220 us", ours["us"] <= 220, "us")
        report.row("... handshakes/s, 32 under way", other["per_second"], ours["per_second"], "", None, "/s")
        report.write(a.json)
    finally:
        for server in (hall, nginx):
            if server is not None:
                server.remove()


if __name__ == "__main__":
    main()
