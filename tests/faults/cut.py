#!/usr/bin/env python3
"""cut.py: the connection is cut at every byte of request and reply, for each changing request.

Promise: exactly one effect.  Each command is first carried out without a cut; what it added to the
database is its effect.  Then it is done again and again, the connection cut after k bytes in one
direction (from the end of the handshake on), and each time it must end well and add the same.

Staff: every command of examctl that changes something.  Candidates: the steps of an attempt, over
connections that are cut at a byte, in the way that the protocol asks of every client: come back with
the token and send again, with the same command id."""
import argparse
import json
import os
import random
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "torture"))
from proxy import DOWN, UP, Cut, Proxy  # noqa: E402
from room import TOP, Failed, Lines, Room, verdict  # noqa: E402
from wire import Client, Gone, Refused, answer  # noqa: E402

# Small, so that it can be cut at every byte.  One version follows another.
BANK = """bank: cut
title: Cut
version: "{version}"
code_year: FY2026
licence: CC-BY-4.0
copyright: nobody
notice: none
items:
  - id: one
    sections: {{cut: all}}
    level: recall
    kind: single
    stem: Which one?
    options: [{{text: This, right: true}}, {{text: That}}]
    rationale: This one.
    references: [none]
"""

# What a person or a command has added: counts that only grow, and what stands now.
EFFECTS = """
select 'record ' || kind as what, count(*) as n from record group by kind
union all select 'command', count(*) from command
union all select 'person', count(*) from person
union all select 'disabled', sum(disabled) from person
union all select 'slip', count(*) from slip
union all select 'bank', count(*) from bank
union all select 'exam', count(*) from exam
union all select 'text', count(*) from text
union all select 'transcript ' || n, count(*) from transcript group by n
"""


def effects(room):
    return {row["what"]: row["n"] for row in room.query(EFFECTS)}


def difference(before, after):
    keys = set(before) | set(after)
    d = {k: (after.get(k) or 0) - (before.get(k) or 0) for k in keys}
    return {k: v for k, v in sorted(d.items()) if v}


class Staff:
    """The commands of examctl; each makes ready what it needs and says its arguments."""

    def __init__(self, room, proxy):
        self.room, self.proxy = room, proxy
        self.n = 10000  # of one length, so that every run has as many bytes
        self.clients = []
        room.ctl("login", "--password-file", room.secret(room.password + "\n"), port=proxy.port)
        self.running, slips = room.new_sitting(group="solo")
        self.runner = self.ready(slips[0])
        room.ctl("sitting", "start", self.running)
        self.attempt = str(self.runner.attempt)

    def ready(self, slip):
        c = Client(self.room.port)
        c.become_ready(slip)
        self.clients.append(c)
        return c

    def file(self, name, text):
        path = os.path.join(self.room.tmp, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def sitting(self, step="create"):
        create = json.loads(self.room.ctl("--json", "sitting", "create", "--exam", "cpc-short", "--title",
                                          "Cut", "--group", "solo").stdout)
        number = str(create["sitting"])
        if step == "create":
            return number
        self.room.ctl("sitting", "open", number)
        if step == "open":
            return number
        self.room.ctl("sitting", "admit", number)
        slips = json.loads(self.room.ctl("--json", "sitting", "slips", number).stdout)
        client = self.ready(slips[0]["slip"])
        if step == "ready":
            return number
        self.room.ctl("sitting", "start", number)
        if step == "started":
            return number
        self.room.ctl("sitting", "close", number)
        return number, str(client.attempt), slips[0]["slip"]

    # ---- One a command

    def people_import(self):
        rows = f"new{self.n},New {self.n},n@example.org,other,candidate,{10 + self.n % 40}\n"
        return ["people", "import", self.file("roster.csv", "id,name,email,group,role,extra time\n" + rows)]

    def people_disable(self):
        self.room.ctl("people", "enable", "c00001")
        return ["people", "disable", "c00001"]

    def people_enable(self):
        self.room.ctl("people", "disable", "c00001")
        return ["people", "enable", "c00001"]

    def people_reset_password(self):
        return ["people", "reset-password", "c00001"]

    def people_revoke(self):
        return ["people", "revoke", "c00001"]

    def people_unlock(self):
        return ["people", "unlock", "c00001"]

    def bank_load(self):
        return ["bank", "load", self.file("cut.yaml", BANK.format(version=self.n))]

    def exam_load(self):
        with open(os.path.join(TOP, "questions/banks/cpc-demo.yaml"), encoding="utf-8") as f:
            text, n = re.subn('(?m)^version: .*$', f'version: "{self.n}"', f.read())
        if n != 1:
            raise Failed("cpc-demo.yaml has no line of its version")
        return ["exam", "load", self.file("exam.yaml", text)]

    def sitting_create(self):
        return ["--json", "sitting", "create", "--exam", "cpc-short", "--title", f"Cut {self.n}", "--group", "solo"]

    def sitting_slips(self):
        # Of a room that nobody is in: each use of a slip is a take-over asked for, which are bounded.
        return ["--json", "sitting", "slips", self.sitting("open")]

    def sitting_open(self):
        return ["sitting", "open", self.sitting()]

    def sitting_admit(self):
        return ["sitting", "admit", self.sitting("open")]

    def sitting_start(self):
        return ["sitting", "start", self.sitting("ready")]

    def sitting_pause(self):
        self.room.ctl("sitting", "resume", self.running, check=False)
        return ["sitting", "pause", self.running]

    def sitting_resume(self):
        self.room.ctl("sitting", "pause", self.running, check=False)
        return ["sitting", "resume", self.running]

    def sitting_add_minutes(self):
        self.room.ctl("sitting", "resume", self.running, check=False)
        return ["sitting", "add-minutes", self.running, "1", "--reason", f"cut {self.n}"]

    def attempt_add_minutes(self):
        return ["sitting", "add-minutes", self.running, "1", "--attempts", self.attempt, "--reason", f"cut {self.n}"]

    def sitting_message(self):
        return ["sitting", "message", self.running, f"Message {self.n}"]

    def sitting_release_seat(self):
        number, slips = self.room.new_sitting(group="solo")
        self.ready(slips[0])
        other = Client(self.room.port)
        other.hello()
        other.use_slip(slips[0])
        other.ask("check_in", command_id=os.urandom(16))
        self.clients.append(other)
        return ["sitting", "release-seat", number, "solo0"]

    def sitting_refuse_seat(self):
        return ["sitting", "refuse-seat", *self.sitting_release_seat()[2:]]

    def sitting_close(self):
        return ["sitting", "close", self.sitting("started")]

    def attempt_reopen(self):
        _, attempt, _ = self.sitting("closed")
        return ["attempt", "reopen", attempt, "--minutes", "5", "--reason", f"cut {self.n}"]

    def attempt_void(self):
        _, attempt, _ = self.sitting("closed")
        return ["attempt", "void", attempt, "--reason", f"cut {self.n}"]

    def results_release(self):
        number, _, _ = self.sitting("closed")
        return ["results", "release", number, "--result", "--review"]

    def passwd(self):
        old, self.room.password = self.room.password, f"correct horse battery {self.n}"
        return ["passwd", "--password-file", self.room.secret(old + "\n"),
                "--new-password-file", self.room.secret(self.room.password + "\n")]

    COMMANDS = [people_import, people_disable, people_enable, people_reset_password, people_revoke, people_unlock,
                bank_load, exam_load, sitting_create, sitting_slips, sitting_open, sitting_admit, sitting_start,
                sitting_pause, sitting_resume, sitting_add_minutes, attempt_add_minutes, sitting_message,
                sitting_release_seat, sitting_refuse_seat, sitting_close, attempt_reopen, attempt_void,
                results_release, passwd]

    def carry_out(self, command, plan):
        """Its effect, through a connection that is cut by the plan."""
        self.n += 1
        argv = command(self)
        before = effects(self.room)
        self.proxy.reset_counts(plan)
        p = self.room.ctl(*argv, check=False, port=self.proxy.port)
        if p.returncode != 0:
            raise Failed(f"{' '.join(argv)}: exit {p.returncode}: {p.stderr.strip()}")
        self.still_good(argv, p.stdout)
        for c in self.clients[1:]:
            c.close()
        del self.clients[1:]
        return difference(before, effects(self.room))

    def still_good(self, argv, said):
        """What was printed is what is true: slips open the door; a new password ends other log-ins."""
        if argv[0] == "passwd":
            self.room.ctl("login", "--password-file", self.room.secret(self.room.password + "\n"))
        if argv[1:3] == ["sitting", "slips"]:
            c = Client(self.room.port)
            c.hello()
            c.use_slip(json.loads(said)[0]["slip"])
            c.close()


class Candidate:
    """The steps of an attempt.  Each reconnects and sends again until it has its reply, whatever Hello
    has already told of its success."""

    def __init__(self, room, proxy):
        self.room, self.proxy = room, proxy
        self.slip, self.client, self.command_id = None, None, None

    def fresh(self, step):
        """An attempt just before STEP, over a connection that is not cut."""
        number, slips = self.room.new_sitting(group="solo", exam=self.exam_of(step))
        self.slip = slips[0]
        c = self.client = Client(self.room.port)
        c.hello()
        if step == "use_slip":
            return
        c.use_slip(self.slip)
        if step == "check_in":
            return
        self.status = c.do("check_in", command_id=os.urandom(16)).status
        c.fetch_form(self.status)
        if step == "confirm_form":
            return
        c.do("confirm_form", command_id=os.urandom(16), hash=[p.hash for p in self.status.parts])
        self.room.ctl("sitting", "start", number)
        c.wait_notice("NOTICE_STARTED")

    @staticmethod
    def exam_of(step):
        return "kinds" if step in ("leave_part", "take_break", "end_break") else "cpc-short"

    def request(self, step):
        if step == "use_slip":
            return {"slip": self.slip}
        if step == "put_answers":
            return {"answers": [answer(i, 1, 1, 1) for i in range(3)]}
        body = {"command_id": self.command_id}
        if step == "confirm_form":
            body["hash"] = [p.hash for p in self.status.parts]
        if step == "report_event":
            body["kind"] = 1
        return body

    def again(self, step):
        """Over the proxy: Hello with what we have, then the step; once more when it was cut."""
        for _ in range(5):
            try:
                c = Client(self.proxy.port, client_id=self.client.client_id, token=self.client.token)
            except Gone:
                continue
            try:
                hello = c.hello()
                if step not in ("use_slip", "check_in") and hello.status is None:
                    raise Failed(f"{step}: Hello with the token gave no attempt")
                return c.do(step, **self.request(step))
            except Gone:
                pass
            finally:
                c.close()
        raise Failed(f"{step}: no reply in five tries")

    STEPS = ["use_slip", "check_in", "confirm_form", "put_answers", "submit", "leave_part", "take_break", "end_break",
             "report_event"]

    def carry_out(self, step, plan):
        self.fresh(step)
        if step == "end_break":
            self.client.do("take_break", command_id=os.urandom(16))
        self.client.close()
        self.command_id = os.urandom(16)
        before = effects(self.room)
        self.proxy.reset_counts(plan)
        self.again(step)
        return difference(before, effects(self.room))


def positions(sent, rnd, how_many):
    """Cuts over all bytes of both directions; HOW_MANY of them by chance, 0: all.

    The last byte of each direction is always among them: all was said, nothing was heard."""
    up, down = sent
    every = [(UP, k) for k in range(up + 1)] + [(DOWN, k) for k in range(down)]
    if how_many == 0 or how_many >= len(every):
        picks = every
    else:
        picks = [(UP, up), (DOWN, max(0, down - 1))] + rnd.sample(every, how_many - 2)
    return [Cut(d, k, rnd.random() < 0.3) for d, k in picks]


def try_all(name, carry_out, proxy, rnd, how_many):
    reference = carry_out(lambda n: None)
    sent = proxy.sent[0]
    done = 0
    for cut in positions(sent, rnd, how_many):
        effect = carry_out(lambda n, cut=cut: cut if n == 0 else None)
        if effect != reference:
            raise Failed(f"{name}, cut {cut}: the effect was {effect}, without a cut {reference}")
        done += proxy.cuts_done
    print(f"{name}: {sent[0]} bytes up, {sent[1]} down, {done} cuts, each time {json.dumps(reference)}", flush=True)
    return done


def whole_exams(room, rnd):
    """The real clients, each connection cut at a byte by chance until there were enough: they come to
    their end, and what they were told is true (the caller's audit).  Returns the files of
    acknowledgements and the number of cuts."""
    number, slips = room.new_sitting()

    def plan(n):
        after = rnd.randrange(rnd.choice((2000, 9000, 40000)))
        return Cut(rnd.choice((UP, DOWN)), after, rnd.random() < 0.3) if n < 60 else None

    proxy = Proxy(room.port, plan)
    path = {name: os.path.join(room.tmp, name) for name in ("load.slips", "load.acks", "exam.acks", "script", "said")}
    with open(path["load.slips"], "w", encoding="utf-8") as f:
        f.write(slips[0] + "\n")
    with open(path["script"], "w", encoding="utf-8") as f:
        f.write("think 60\nanswers random:1\nsubmit\n")
    load = exam = None
    with open(path["said"], "w", encoding="utf-8") as said:
        try:
            load = Lines(room.load(path["load.slips"], 0, "--answers", "1500", "--submit", "--log-acks",
                                   path["load.acks"], port=proxy.port))
            exam = subprocess.Popen(
                [room.tool("exam"), "--script", path["script"], "--state-dir", os.path.join(room.tmp, "state"),
                 "--log-acks", path["exam.acks"], f"exam://127.0.0.1:{proxy.port}/{slips[1]}#{room.pin}"],
                stdout=said, stderr=subprocess.STDOUT)
            room.ctl("sitting", "watch", number, "--until", "all-ready")
            room.ctl("sitting", "start", number)
            load.phase("answers", 60)
            if load.process.wait(10) != 0 or exam.wait(60) != 0:
                raise Failed(f"load ended with {load.process.returncode}, exam with {exam.returncode}: {path['said']}")
        finally:
            if load is not None:
                load.kill()
            if exam is not None and exam.poll() is None:
                exam.kill()
                exam.wait()
            proxy.close()
    return [path["load.acks"], path["exam.acks"]], proxy.cuts_done


def breaks_exam(room):
    """The exam of all kinds, with breaks and lost connections that do not stop the clock."""
    banks = os.path.join(TOP, "questions/banks")
    with open(os.path.join(banks, "kinds.yaml"), encoding="utf-8") as f:
        text = f.read()
    for old, new in (("breaks: none", "breaks: clock-stops"),
                     ("lost_connection: clock-stops", "lost_connection: clock-runs")):
        if old not in text:
            raise Failed(f"kinds.yaml has no line {old!r}")
        text = text.replace(old, new)
    path = os.path.join(room.tmp, "kinds-cut.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    room.ctl("bank", "load", os.path.join(banks, "kinds-starter.yaml"))
    room.ctl("exam", "load", path)


def each_cut_has_one_effect(a):
    rnd, failed, total = random.Random(a.seed), [], 0
    with Room(a.build) as room:
        room.init()
        room.start()
        room.log_in()
        room.fill(2)
        solo = os.path.join(room.tmp, "solo.csv")
        with open(solo, "w", encoding="utf-8") as f:
            f.write("id,name,email,group,role,extra time\nsolo0,Solo,s@example.org,solo,candidate,0\n")
        room.ctl("people", "import", solo)
        breaks_exam(room)
        proxy = Proxy(room.port)
        staff, candidate = Staff(room, proxy), Candidate(room, proxy)
        work = [(f"examctl {c.__name__.replace('_', ' ')}", lambda plan, c=c: staff.carry_out(c, plan))
                for c in Staff.COMMANDS]
        work += [(f"candidate {s}", lambda plan, s=s: candidate.carry_out(s, plan)) for s in Candidate.STEPS]
        for name, carry_out in work:
            if a.only and a.only not in name:
                continue
            try:
                total += try_all(name, carry_out, proxy, rnd, a.cuts)
            except (Failed, Gone, Refused) as e:
                failed.append(f"{name}: {e}")
                print(f"FAILED: {failed[-1]}", flush=True)
        proxy.close()
        for client in staff.clients:
            client.close()
        acks, cuts = ([], 0) if a.only else whole_exams(room, rnd)
        room.stop()
        if acks:
            result = room.audit(*acks)
            print(f"whole exams by load and exam --script: {cuts} cuts, {json.dumps(result)}")
            if not result["held"] or result["acknowledged"] < 1500 or cuts < 5:
                failed.append("whole exams")
        print(f"seed {a.seed}: {total} cuts, {len(failed)} requests broke the promise")
        if failed or total == 0:
            raise Failed("; ".join(failed) or "nothing was cut")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", required=True)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--cuts", type=int, default=6, help="of each request; 0: every byte")
    p.add_argument("--only", help="these requests: part of a name")
    a = p.parse_args()
    return verdict(lambda: each_cut_has_one_effect(a), Gone, Refused)


if __name__ == "__main__":
    sys.exit(main())
