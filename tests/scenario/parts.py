#!/usr/bin/env python3
"""parts.py: what a candidate leaves for good, at `exam --plain`.

In a part without going back only an answer leaves a question behind: the first one is flagged, with a note, the program
is left and started again, and the question is the first one still.

A part that is left while the line is cut, and whose time ends before the line is back, is the part that was left: the
next one has begun, and is not left with it."""
import argparse
import json
import os
import queue
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in "torture", "faults":
    sys.path.insert(0, os.path.join(HERE, "..", folder))
from proxy import Proxy  # noqa: E402
from room import TOP, Failed, Room, until, verdict  # noqa: E402


class Person:
    """Types at exam --plain, and reads what it says."""

    def __init__(self, room, line):
        self.process = subprocess.Popen(
            [room.tool("exam"), "--plain", "--state-dir", os.path.join(room.tmp, "state"), line],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.said, self.all = queue.Queue(), []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.said.put(line)
        self.said.put(None)

    def types(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hears(self, text):
        """The next line with this TEXT."""
        while True:
            try:
                line = self.said.get(timeout=60)
            except queue.Empty:
                line = None
            if line is None:
                raise Failed(f"not said: {text}\n{''.join(self.all)}")
            self.all.append(line)
            if text in line:
                return line

    def leaves(self):
        self.types("quit")
        self.process.wait(60)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def only_an_answer_leaves_a_question_behind(room, sitting, line, people):
    people.append(Person(room, line))
    people[0].hears("Rules")
    people[0].types("agree")
    people[0].hears("Ready")
    room.ctl("sitting", "start", sitting)
    people[0].hears("Question 1 of")
    people[0].types("flag")
    people[0].types("note think of this one")
    people[0].types("saved")
    people[0].hears("aved")
    people[0].leaves()
    people.append(Person(room, line))
    people[1].hears("Question 1 of")
    people[1].types("a")
    people[1].types("next")
    people[1].hears("Question 2 of")
    people[1].types("a")
    people[1].types("next")
    people[1].hears("Question 3 of")
    people[1].types("saved")
    print(people[1].hears("aved").strip())


def left_now(room, sitting):
    """In ms, of the only candidate."""
    return json.loads(room.ctl("--json", "sitting", "watch", sitting, "--until", "all-ready").stdout)["remaining_ms"]


def no_other_part_is_left(room, sitting, line, people):
    cable = Proxy(room.port)
    try:
        p = Person(room, line.replace(f":{room.port}/", f":{cable.port}/"))
        people.append(p)
        p.hears("Rules")
        p.types("agree")
        p.hears("Ready")
        room.ctl("sitting", "start", sitting)
        p.hears("Question 1 of")
        cable.hold()
        p.types("a")
        p.types("end")
        p.hears("yes")
        p.types("yes")
        p.types("saved")
        p.hears("not saved")
        room.ctl("sitting", "add-minutes", sitting, "--reason", "the time ends", "--", "-15")
        until("the next part has begun", 60, lambda: left_now(room, sitting) > 60_000)
        cable.cut_all()
        cable.let_go()
        p.hears("cannot be changed any more")  # what was not saved is settled
        p.types("next")
        p.hears("Question 2 of")
        p.types("next")
        print(p.hears("Question 3 of").strip())
    finally:
        cable.close()


def story(build):
    with Room(build) as room:
        room.init()
        room.start()
        room.log_in()
        room.fill(1)
        banks = os.path.join(TOP, "questions/banks")
        room.ctl("bank", "load", os.path.join(banks, "kinds-starter.yaml"))
        room.ctl("exam", "load", os.path.join(banks, "kinds.yaml"))
        for tale in only_an_answer_leaves_a_question_behind, no_other_part_is_left:
            sitting, slips = room.new_sitting("kinds")
            people = []
            try:
                tale(room, sitting, f"exam://127.0.0.1:{room.port}/{slips[0]}#{room.pin}", people)
            finally:
                for p in people:
                    p.kill()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", required=True)
    a = p.parse_args()
    return verdict(lambda: story(a.build))


if __name__ == "__main__":
    sys.exit(main())
