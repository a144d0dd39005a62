#!/usr/bin/env python3
"""no_going_back.py: in a part without going back only an answer leaves a question behind.

A candidate at `exam --plain` flags the first question, takes a note, leaves the program and comes back: the question is
the first one still, and its answer and the next one's are saved."""
import argparse
import os
import queue
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "torture"))
from room import TOP, Failed, Room, verdict  # noqa: E402


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


def story(build):
    with Room(build) as room:
        room.init()
        room.start()
        room.log_in()
        room.fill(1)
        banks = os.path.join(TOP, "questions/banks")
        room.ctl("bank", "load", os.path.join(banks, "kinds-starter.yaml"))
        room.ctl("exam", "load", os.path.join(banks, "kinds.yaml"))
        sitting, slips = room.new_sitting("kinds")
        line = f"exam://127.0.0.1:{room.port}/{slips[0]}#{room.pin}"
        people = [Person(room, line)]
        try:
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
