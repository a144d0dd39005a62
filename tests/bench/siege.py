#!/usr/bin/env python3
"""siege.py: what a crowd of log-ins and of silent connections costs the honest.

  siege.py --build RELEASE logins    500 password log-ins in a minute beside a room that answers; ratio of the
                                     acknowledgements' latency (aim: at most 1.5), beside it that to clients which
                                     shake hands and say Hello as often; and known beside unknown user
  siege.py --build RELEASE crowd     10,000 idle or dripping connections that never log in beside 500 candidates;
                                     ratio of their p99 (aim: at most 2), and whether anybody was dropped; beside it the
                                     same crowd at a bare socket that only accepts.  Half say nothing, half drip a
                                     ClientHello, a byte a second; each that a time limit ends (5 s) comes back

The attackers run beside the server, on the same cores: what they take is in the ratio."""
import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "torture"), os.path.join(HERE, "..", "faults")]
from room import Failed, Lines, Room  # noqa: E402
from wire import Client, Gone, Refused  # noqa: E402

SKIP = 2  # seconds after the start that do not count: all have just opened their forms


def most_descriptors():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def honest(room, slips, number, seconds, rate, attack):
    """Acknowledgements of a room that answers at a steady rate, with an attack from its start on."""
    path = os.path.join(room.tmp, "slips." + number)
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(slips) + "\n")
    load = Lines(room.load(path, seconds + SKIP, "--rate", str(rate), "--skip", str(SKIP)))
    load.phase("checkin", 120)
    stop = attack(seconds + SKIP) if attack else None
    room.ctl("sitting", "start", number)
    load.phase("start", 60)
    result = load.phase("answers", seconds + 120)
    load.process.wait()
    if stop:
        stop()
    room.ctl("sitting", "close", number)
    return result


def in_turn(room, runs, seconds, rate, *attacks):
    """With each of the attacks in turn (None: without); lists of results."""
    results = [[] for _ in attacks]
    for _ in range(runs):
        for out, attack in zip(results, attacks):
            number, slips = room.new_sitting()
            out.append(honest(room, slips, number, seconds, rate, attack))
    return results


def ratio(name, quiet, loud, aim):
    a = statistics.median(r[name] for r in quiet)
    b = statistics.median(r[name] for r in loud)
    print(f"| {name} | {a:.2f} | {b:.2f} | {b / a:.2f} | {aim} |", flush=True)
    return b / a


def table(what, quiet, loud, aim):
    print(f"| acknowledgement, ms | without | with {what} | ratio | aim |\n|---|---|---|---|---|")
    out = {name: ratio(name, quiet, loud, aim) for name in ("p50_ms", "p99_ms")}
    lost = sum(r.get("reconnects", 0) for r in quiet + loud)
    print(f"\nanswers {sum(r['acked'] for r in loud)} with, {sum(r['acked'] for r in quiet)} without; "
          f"connections of honest candidates lost: {lost}")
    return {**out, "lost": lost}


# ---- Log-ins ------------------------------------------------------------------------------------

def make_staff(room, n):
    """Persons with one-time passwords, which only the reply to the import tells; 100 at once is the most."""
    c = Client(room.port, timeout=120)
    c.hello()
    c.log_in("admin", room.password)
    out = []
    for first in range(0, n, 50):
        roster = "id,name,role\n" + "".join(f"p{i},Proctor {i},proctor\n" for i in range(first, first + 50))
        c.do("upload", number=1, offset=0, data=roster.encode())
        r = c.do("people_import", command_id=os.urandom(16), upload=1, file="p.csv")
        if not r.diagnostics.changed:
            raise Failed("; ".join(e.text for e in r.diagnostics.entries))
        out += [(s.user, s.secret) for s in r.diagnostics.secrets]
    c.close()
    return out


def log_in(port, user, password):
    """Seconds that the answer took."""
    c = Client(port, timeout=60)
    try:
        c.hello()
        begun = time.perf_counter()
        try:
            c.log_in(user, password)
        except Refused as e:
            if e.error != "login_failed":
                raise
        return time.perf_counter() - begun
    finally:
        c.close()


def only_come(port, *_):
    """What comes before a log-in: a handshake and Hello."""
    c = Client(port, timeout=60)
    try:
        c.hello()
    finally:
        c.close()


def logins_attack(room, staff, per_minute, failures, what):
    """Known and unknown users by turns, at the rate, each in a thread of its own."""
    def one(i):
        user, password = staff[i // 2 % len(staff)] if i % 2 else (f"nobody{random.random()}", "a wrong password")
        try:
            what(room.port, user, password)
        except (Gone, Refused, OSError) as e:
            failures.append(str(e))

    def attack(seconds):
        ended = threading.Event()

        def run():
            for i in range(int(per_minute * seconds / 60)):
                if ended.wait(60 / per_minute):
                    return
                threading.Thread(target=one, args=(i,), daemon=True).start()
        thread = threading.Thread(target=run)
        thread.start()

        def stop():
            ended.set()
            thread.join()
        return stop
    return attack


def alike(room, staff, n):
    """Right, wrong and unknown by turns, on an idle server; medians in ms."""
    took = {"known, right": [], "known, wrong": [], "unknown": []}
    for i in range(n):
        user, password = staff[i % len(staff)]
        took["known, right"].append(log_in(room.port, user, password))
        took["known, wrong"].append(log_in(room.port, staff[-1 - i % len(staff)][0], "a wrong password"))
        took["unknown"].append(log_in(room.port, f"unknown{i}", "a wrong password"))
    medians = {k: statistics.median(v) * 1000 for k, v in took.items()}
    print("\n| log-in | median, ms |\n|---|---|")
    for k, v in medians.items():
        print(f"| {k} | {v:.2f} |")
    apart = abs(medians["known, wrong"] - medians["unknown"])
    print(f"\nknown and unknown user, wrong password: {apart:.2f} ms apart (aim: 1)")
    return {**medians, "apart_ms": apart}


def logins(room, a):
    """Without anybody, with clients that come and do not log in, with log-ins, in turn."""
    staff = make_staff(room, 250)
    failures = []
    quiet, come, loud = in_turn(room, a.runs, a.seconds, a.rate, None,
                                logins_attack(room, staff, 500, failures, only_come),
                                logins_attack(room, staff, 500, failures, log_in))
    result = table("500 log-ins a minute", quiet, loud, 1.5)
    print()
    result["beside as many who only come"] = table("500 log-ins a minute, beside as many handshakes without", come, loud, "")
    print(f"log-ins that got no answer of their own: {len(failures)} {sorted(set(failures))[:3]}")
    result.update(alike(room, staff, 40))
    return result


# ---- A crowd ------------------------------------------------------------------------------------


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Processors:
    """How many processors each takes, from the beginning to the end."""

    def __init__(self, pids):
        self.pids, self.begun = pids, time.monotonic()
        self.was = {name: sum(map(cpu_seconds, of)) for name, of in pids.items()}

    def end(self):
        took = time.monotonic() - self.begun
        return {name: round((sum(map(cpu_seconds, of)) - self.was[name]) / took, 2) for name, of in self.pids.items()}


class Attack:
    """The crowd, aimed at the daemon or, with SINK, at a bare socket that only accepts."""

    def __init__(self, room, a, sink):
        self.room, self.a, self.sink, self.said = room, a, sink, []

    def program(self, *argv):
        return Lines(subprocess.Popen([self.room.tool("crowd"), *map(str, argv)], stdout=subprocess.PIPE, text=True))

    def __call__(self, seconds):
        status = self.room.status()
        pids = {"core": [status["core_pid"]], "fronts": [f["pid"] for f in status["fronts"]]}
        port, target = self.room.port, None
        if self.sink:
            target = self.program("sink", seconds + 60, 5000)  # as handshake_ms has it
            port = target.phase("port")["port"]
            pids["sink"] = [target.process.pid]
        crowd = self.program("attack", port, self.a.count, seconds + 20, "--back", self.a.back,
                             *(["--noise"] if self.a.noise else []))
        there = crowd.phase("there", 30)
        pids["crowd"] = [crowd.process.pid]
        used = Processors(pids)

        def stop():
            said = {"made": -there["made"], "processors": used.end(), "machine's load": os.getloadavg()[0]}
            end = crowd.phase("end", seconds + 60)
            said["made"] += end["made"]
            said.update({"open": end["open"], "refused": end["refused"]})
            self.said.append(said)
            for program in (crowd, target):
                if program is not None:
                    program.kill()
        return stop


def crowd(room, a):
    """Without a crowd, with one elsewhere, with one here, in turn."""
    elsewhere, here = Attack(room, a, True), Attack(room, a, False)
    results = in_turn(room, a.runs, a.seconds, a.rate, None, elsewhere, here)
    what = f"{a.count} silent or dripping connections" + (", a third of noise" if a.noise else "")
    result = table(what, results[0], results[2], 2)
    print()
    result["beside a bare socket"] = table(what + ", beside those that talk to a bare socket", results[1], results[2], "")
    for name, attack in (("a bare socket", elsewhere), ("examd", here)):
        print(f"the crowd of {name}: " + "; ".join(json.dumps(s) for s in attack.said))
    return result


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", required=True)
    p.add_argument("--seconds", type=int, default=60)
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--candidates", type=int, default=500)
    p.add_argument("--rate", type=int, default=500, help="answers a second of all candidates")
    p.add_argument("--count", type=int, default=10000, help="connections of the crowd")
    p.add_argument("--back", type=int, default=2500, help="connections a second that come back when they are cut")
    p.add_argument("--noise", action="store_true", help="every third sends noise, is cut at once, and comes back")
    p.add_argument("what", choices=["logins", "crowd"])
    a = p.parse_args()
    hard = most_descriptors()
    if a.what == "crowd" and hard < a.count + a.candidates + 200:
        raise Failed(f"only {hard} descriptors are allowed here")
    room = Room(a.build)
    try:
        room.init()
        room.start("-o", f"connections_most={a.count + a.candidates + 100}")
        room.log_in()
        room.fill(a.candidates)
        result = logins(room, a) if a.what == "logins" else crowd(room, a)
        print(json.dumps(result))
        room.stop()
    finally:
        room.remove()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as e:
        print(f"siege: {e}", file=sys.stderr)
        sys.exit(1)
