#!/usr/bin/env python3
"""test_canaries_wire.py: what is marked is in no byte that a hostile candidate gets before the release.

What test_canaries.c does in one process, through the real daemon: over examd/1 and over HTTP/2 beside it, two
candidates send requests of every kind with values by chance, in every state of their attempts; every byte that they
get, and every field of a head, is searched.  Then the review is released, and the marks are seen."""
import argparse
import glob
import json
import os
import random
import ssl
import struct
import sys

from h2 import Browser
from room import Failed, Room, until, verdict
from wire import EXAMD, Client, Gone, Refused, answer, frame

CANARY = "cnry"
CODE = b"CNRY"  # begins the accepted codes
BATCH = 24      # requests under way; a tab may have 32
NUMBERS = [0, 1, 2, 3, 4, 5, -1, (1 << 63) - 1]
TEXTS = ["", "exam", "first", "two", "admin", "csv", "A00.0", "0000000000", "../..", "a' or 1=1 --", "%n%s",
         CANARY + "-user", "mallory0", "mallory1"]
# What ends the session or the attempt; the state would be left with it.  Passwords cost what a log-in costs.
NOT_NOW = ("log_out", "submit", "log_in", "change_password")


# ---- What is planted --------------------------------------------------------------------------


def bank():
    lines = [f"bank: marked\ntitle: {CANARY}-bank\nversion: \"1\"\ncode_year: FY2026\nlicence: CC-BY-4.0",
             f"copyright: {CANARY}-copyright\nitems:"]
    for i in range(8):
        lines.append(f"  - id: {CANARY}-id-{i}\n    sections: {{exam: {'one' if i < 4 else 'two'}}}")
        lines.append(f"    topic: [{CANARY}-topic]\n    level: recall\n    kind: single\n    stem: {CANARY}-form stem {i}?")
        lines.append("    options:")
        for k in range(4):
            right = "\n        right: true" if k == 0 else ""
            lines.append(f"      - text: {CANARY}-form option {i}-{k}{right}\n        why: {CANARY}-why-{i}-{k}")
        lines.append(f"    rationale: {CANARY}-rationale-{i}\n    references: [{CANARY}-reference-{i}]")
        lines.append(f"    review: {{status: reviewed, by: {CANARY}-by, note: {CANARY}-note}}")
    for i in range(8, 12):
        lines.append(f"  - id: {CANARY}-id-{i}\n    sections: {{exam: two}}\n    kind: codes\n    stem: {CANARY}-form stem {i}")
        lines.append(f"    fields:\n      - label: {CANARY}-form label\n        accept: [CNRY{i}]")
        lines.append(f"    rationale: {CANARY}-rationale-{i}\n    review: {{status: reviewed}}")
    return "\n".join(lines) + "\n"


EXAM = f"""exam: exam
title: Examination
version: "1"
bank: marked
parts:
  - {{name: first, title: First, minutes: 60, sections: [{{name: one, title: {CANARY}-section-one, items: 4}}]}}
  - {{name: second, title: Second, minutes: 60, sections: [{{name: two, title: {CANARY}-section-two, items: 4}}]}}
pretest: 0
total: 8
order: shuffled
breaks: clock-stops
tools: [flag, note]
pass: {{rule: percent, cut: 60}}
release: {{result: by-hand, review: by-hand}}
"""


class Watch:
    """Searches what comes; a mark that is cut by the end of a piece is found with the next one."""

    def __init__(self):
        self.secrets = {"a marked text": CANARY.encode(), "an accepted code": CODE}
        self.leaks, self.seen, self.sent, self.replies, self.done = [], 0, 0, 0, 0

    def plant(self, name, data):
        self.secrets[name] = data

    def look(self, who, data, kept=b""):
        self.seen += len(data)
        both = kept + data
        for name, secret in self.secrets.items():
            at = both.find(secret)
            if at >= 0:
                self.leaks.append(f"{who}, request {self.sent}: {name}: {both[at:at + 48]!r}")
        return both[-64:]

    def count(self, message):
        """Of the beginning of a Reply: id is field 1, error field 2."""
        r = EXAMD.decode("Reply", message)
        if r.id:
            self.replies += 1
            self.done += r.error == 0
        return r


# ---- Two ways to talk ---------------------------------------------------------------------------


class Terminal:
    def __init__(self, room, watch):
        self.room, self.watch, self.client = room, watch, None
        self.client_id, self.token, self.cookie = os.urandom(16), b"", None

    def connect(self):
        if self.client is not None:
            self.client.close()
        self.client = Client(self.room.port, client_id=self.client_id, token=self.token)
        self.kept = b""
        self.client.hello()

    def send_all(self, bodies):
        """(member, message) each; False: the connection has ended, and is made again."""
        c = self.client
        wanted = len(bodies)
        try:
            c.send_raw(b"".join(frame(m) for _, m in bodies))
            while wanted > 0:
                data = c.tls.recv(65536)
                if not data:
                    raise Gone("closed")
                self.kept = self.watch.look("terminal", data, self.kept)
                c.buffer += data
                while len(c.buffer) >= 4 and len(c.buffer) >= 4 + struct.unpack(">I", c.buffer[:4])[0]:
                    size = struct.unpack(">I", c.buffer[:4])[0]
                    wanted -= self.watch.count(c.buffer[4:4 + size]).id != 0
                    c.buffer = c.buffer[4 + size:]
        except (Gone, OSError, ssl.SSLError):
            self.connect()

    def ask(self, member, /, **fields):
        c = self.client
        c.last_id = max(c.last_id, 1 << 40)
        r = c.ask(member, **fields)
        if r.session is not None and r.session.token:
            self.token = c.token = r.session.token
        return r


class Page:
    def __init__(self, room, watch):
        self.room, self.watch, self.b = room, watch, None
        self.client_id, self.token, self.cookie = os.urandom(16), b"", None

    def connect(self):
        if self.b is not None:
            self.b.close()
        self.b = Browser(self.room.port)
        self.searched, self.kept = 0, b""
        self.b.open_tab()
        self.ask("hello", min_version=1, max_version=1, client="h2", client_id=self.client_id)

    def request(self, member, message):
        n = self.b.new_stream()
        self.b.send(self.b.request_bytes(n, "POST", "/examd.v1/" + member, message, examd_tab=self.b.tab,
                                         cookie=self.cookie))
        return n

    def search(self, streams):
        raw, self.b.raw_seen = bytes(self.b.raw_seen), bytearray()
        self.kept = self.watch.look("browser", raw, self.kept)
        for n in [*streams, self.b.stream]:
            a = self.b.answers[n]
            self.watch.look("browser", a.body + json.dumps(a.fields).encode())
        self.b.answers[self.b.stream].body = b""

    def send_all(self, bodies):
        try:
            streams = [self.request(member, m) for member, m in bodies]
            for n in streams:
                a = self.b.finish(n)
                if a.status == 200:
                    self.watch.count(a.body)
                    self.cookie = self.cookie_of(a)
            self.search(streams)
            for n in streams:
                del self.b.answers[n]
            if self.b.answers[self.b.stream].ended:
                raise Gone("the tab has ended")
        except Gone:
            self.connect()

    def cookie_of(self, a):
        set_it = a.fields.get("set-cookie", "").split(";")[0]
        return set_it if len(set_it) == len("__Host-examd=") + 64 else self.cookie

    def ask(self, member, /, **fields):
        self.b.last_id = max(self.b.last_id, 1 << 40) + 1
        a = self.b.finish(self.request(member, EXAMD.encode("Request", {"id": self.b.last_id, member: fields})))
        if a.status != 200:
            raise Failed(f"{member}: {a.status}")
        self.cookie = self.cookie_of(a)
        return EXAMD.decode("Reply", a.body)


def fields_in(message):
    """The numbers of the fields of a message that may be broken; what follows what cannot be read is not seen by
    the daemon either, which refuses the whole."""
    at = 0

    def varint():
        nonlocal at
        v = shift = 0
        while True:
            v |= (message[at] & 127) << shift
            shift += 7
            at += 1
            if message[at - 1] < 128:
                return v
    try:
        while at < len(message):
            tag = varint()
            yield tag >> 3
            if tag & 7 == 0:
                varint()
            else:
                at += {1: 8, 2: None, 5: 4}[tag & 7] or varint()
    except (IndexError, KeyError):
        return


# ---- Requests by chance ---------------------------------------------------------------------------


class Dice:
    def __init__(self, seed, numbers):
        self.rnd = random.Random(seed)
        self.numbers = NUMBERS + numbers
        self.hashes, self.kept, self.serial = [], [], 0
        self.ends = {number for number, (name, _, _) in EXAMD.messages["Request"].items() if name in NOT_NOW}

    def value(self, what, field, who):
        r = self.rnd
        if what in EXAMD.messages:
            return self.fields(what, who)
        if what == "string":
            return r.choice(TEXTS)
        if what == "bytes":
            if field == "client_id" and r.random() < 0.9:
                return who.client_id  # or one would soon be a stranger
            if field == "token":
                return who.token if r.random() < 0.9 else r.randbytes(32)
            if field == "hash":
                return r.choice(self.hashes) if self.hashes and r.random() < 0.5 else r.randbytes(32)
            return r.choice([r.randbytes(16), bytes([r.randrange(4)]) * 16, r.randbytes(r.randrange(64))])
        if what == "bool":
            return r.random() < 0.5
        if what in EXAMD.enums or what in ("uint32", "int32"):
            return r.randrange(9) if r.random() < 0.9 else r.randrange(1 << 32)
        return r.choice(self.numbers)

    def fields(self, name, who):
        out = {}
        for field, what, many in EXAMD.messages[name].values():
            if many:
                out[field] = [self.value(what, field, who) for _ in range(self.rnd.randrange(4))]
            else:
                out[field] = self.value(what, field, who)
        return out

    def request(self, who):
        """The member and the bytes; some are mangled, some sent again."""
        members = [(f, w) for f, w, _ in EXAMD.messages["Request"].values() if f != "id"]
        member, what = self.rnd.choice(members)
        while member in NOT_NOW:
            member, what = self.rnd.choice(members)
        self.serial += 1
        message = EXAMD.encode("Request", {"id": self.serial, member: self.fields(what, who)})
        if self.rnd.random() < 0.1 and self.kept:
            old, text = self.rnd.choice(self.kept)
            return old, EXAMD.encode("Request", {"id": self.serial}) + text
        self.kept = self.kept[-64:] + [(member, EXAMD.encode("Request", {member: self.fields(what, who)}))]
        if self.rnd.random() < 0.004:
            at = self.rnd.randrange(len(message))
            mangled = message[:at] + bytes([message[at] ^ 1 << self.rnd.randrange(8)]) + message[at + 1:]
            if not self.ends.intersection(fields_in(mangled)):  # a bit makes log_out of many a member
                message = mangled
        return member, message


# ---- The siege ------------------------------------------------------------------------------------


class Siege:
    def __init__(self, room, requests, seed):
        self.room, self.requests, self.watch = room, requests, Watch()
        self.plant_installation()
        self.victim = self.plant_victim()
        self.number, slips = self.sitting("mallory", "Examination")
        self.dice = Dice(seed, [self.victim.attempt, self.victim.attempt + 1, self.victim.attempt + 2,
                                int(self.number), self.victims_sitting])
        self.everybody = [(Terminal(room, self.watch), slips[0]), (Page(room, self.watch), slips[1])]

    def text(self, name, content):
        path = os.path.join(self.room.tmp, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(content)
        return path

    def plant_installation(self):
        for path in glob.glob(os.path.join(self.room.dir, "secrets", "*.key")):
            with open(path, "rb") as f:
                data = f.read()
            self.watch.plant(os.path.basename(path), data if len(data) == 32 else data.splitlines()[1][:48])
        self.room.ctl("bank", "load", self.text("marked.yaml", bank()))
        self.room.ctl("exam", "load", self.text("exam.yaml", EXAM))
        self.room.ctl("people", "import", self.text("roster.csv", "id,name,email,group,role\n"
                      f"{CANARY}-user,{CANARY}-name,{CANARY}@mail.example,{CANARY}-group,candidate\n"
                      "mallory0,Mallory,m@example.org,mallory,candidate\n"
                      "mallory1,Mallory,m@example.org,mallory,candidate\n"))

    def sitting(self, group, title):
        out = self.room.ctl("--json", "sitting", "create", "--exam", "exam", "--title", title, "--group", group)
        number = str(json.loads(out.stdout)["sitting"])
        self.room.ctl("sitting", "open", number)
        return number, [s["slip"] for s in json.loads(self.room.ctl("--json", "sitting", "slips", number).stdout)]

    def plant_victim(self):
        number, slips = self.sitting(CANARY + "-group", CANARY + "-room")
        self.victims_sitting = int(number)
        self.room.ctl("sitting", "admit", number)
        c = Client(self.room.port)
        c.become_ready(slips[0])
        self.room.ctl("sitting", "start", number)
        key = c.wait_notice("NOTICE_STARTED").status["keys"][0]
        c.do("put_answers", answers=[{**answer(0, 1, 0, 1), "note": CANARY + "-note-of-another"}])
        self.room.ctl("sitting", "message", number, CANARY + "-message")
        self.watch.plant("another's token", c.token)
        self.watch.plant("another's token in a cookie", c.token.hex().encode())
        self.watch.plant("another's slip", slips[0].encode())
        self.watch.plant("another's key", key)
        return c

    # ---- The states

    def state(self, who):
        status = who.ask("hello", min_version=1, max_version=1, client_id=who.client_id,
                         **({"token": who.token} if isinstance(who, Terminal) else {})).hello.status
        names = {v: k for k, v in EXAMD.enums["AttemptState"].items()}
        return status, names[status.state] if status is not None else None

    def each(self, step):
        for who, slip in self.everybody:
            who.connect()
            step(who, slip)

    def confirm(self, who, _):
        status, _ = self.state(who)
        self.dice.hashes += [p.hash for p in status.parts]
        for part in range(len(status.parts)):
            who.ask("get_form_piece", part=part, offset=0)
        who.ask("confirm_form", command_id=os.urandom(16), hash=[p.hash for p in status.parts])

    def use_slip(self, who, slip):
        r = who.ask("use_slip", slip=slip)
        if r.error:
            raise Failed(f"use_slip: {r.error} {r.detail}")

    def stages(self):
        """Each: its name, and the state that the attempts are in then."""
        ctl = self.room.ctl
        self.each(self.use_slip)  # first: strangers who guess slips are throttled, and so is their address
        known = [(who.token, who.cookie) for who, _ in self.everybody]
        for who, _ in self.everybody:
            who.token, who.cookie = b"", None
        self.each(lambda who, slip: None)
        yield "strangers", None
        for (who, _), kept in zip(self.everybody, known):
            who.token, who.cookie = kept
        self.each(lambda who, slip: None)
        yield "known", (None, "CHECKED_IN")
        self.each(lambda who, _: who.ask("check_in", command_id=os.urandom(16)))
        yield "checked in", ("CHECKED_IN",)
        ctl("sitting", "admit", self.number)
        yield "admitted", ("ADMITTED", "READY")
        self.each(self.confirm)
        yield "ready", ("READY",)
        ctl("sitting", "start", self.number)
        yield "running", ("RUNNING",)
        ctl("sitting", "pause", self.number)
        yield "paused", ("RUNNING", "SUBMITTED")
        ctl("sitting", "resume", self.number)
        self.each(lambda who, _: who.ask("submit", command_id=os.urandom(16)))
        yield "handed in", ("SUBMITTED",)
        ctl("sitting", "close", self.number)
        yield "closed", ("SUBMITTED", None)  # None: it has left memory

    def run(self):
        for name, states in self.stages():
            before = self.watch.replies
            for who, _ in self.everybody:
                if states is not None:
                    status, state = self.state(who)
                    who.attempt = status.attempt if status is not None else getattr(who, "attempt", 0)
                    if state not in states:
                        raise Failed(f"{name}: the attempt is {state}")
                for _ in range(self.requests // 18 // BATCH + 1):
                    bodies = [self.dice.request(who) for _ in range(BATCH)]
                    self.watch.sent += len(bodies)
                    who.send_all(bodies)
            print(f"{name}: {self.watch.replies - before} replies, {len(self.watch.leaks)} leaks", flush=True)
            if self.watch.leaks:
                raise Failed("; ".join(self.watch.leaks[:5]))

    def release(self):
        """The marks are seen then, by both: the search finds what is there."""
        c = Client(self.room.port)
        c.hello()
        c.log_in("admin", self.room.password)
        c.do("results_release", command_id=os.urandom(16), sitting=int(self.number), result=True, review=True)
        c.close()
        for who, _ in self.everybody:
            who.connect()
            before = len(self.watch.leaks)
            who.send_all([("get_review", EXAMD.encode("Request", {"id": 1 << 30, "get_review": {"attempt": who.attempt}}))])
            if len(self.watch.leaks) == before:
                raise Failed(f"{type(who).__name__}: a review that is released shows no mark")


def candidates_find_no_mark(a):
    with Room(a.build) as room:
        room.init()
        room.start("-o", "frames_per_second=1000000", "-o", "frames_burst=1000000")
        room.log_in()
        siege = Siege(room, a.requests, a.seed)
        siege.run()
        w = siege.watch
        print(f"seed {a.seed}: {w.sent} requests, {w.replies} replies, {w.done} carried out, {w.seen} bytes, "
              f"{len(w.leaks)} leaks")
        if w.replies < w.sent / 2 or w.done < w.sent / 50:
            raise Failed("hardly anything was answered, or let in: this proves nothing")
        siege.release()
        until("status", 10, room.status)
        room.stop()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", required=True)
    p.add_argument("--requests", type=int, default=20000)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    return verdict(lambda: candidates_find_no_mark(a), Gone, Refused)


if __name__ == "__main__":
    sys.exit(main())
