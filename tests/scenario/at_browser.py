"""People at browsers: a candidate at the page of the exam, a member of the staff at the pages of staff.

What they can do and see is the same as at a terminal (at_terminal.py), and every verb is carried out by
browsers.mjs.  The environment names the packages that drive a browser (BROWSER_MODULES) and the browser
(CHROMIUM)."""
import json
import os
import re
import subprocess

from terminal import PATIENCE, Failed
from room import Lines

HERE = os.path.dirname(os.path.abspath(__file__))


class Browsers:
    """The process that all pages of a story belong to."""

    def __init__(self, room):
        self.room = room
        self.process = None
        self.places = []

    def open(self, kind, title, *arguments):
        """A device of its own, at the way in."""
        if self.process is None:
            self._begin()
        place = kind(self, title)
        self.places.append(place)
        self.ask(title, kind.verb, f"https://127.0.0.1:{self.room.port}", *arguments)
        return place

    def _begin(self):
        if "BROWSER_MODULES" not in os.environ:
            raise Failed("browsers need BROWSER_MODULES, the folder of the packages that drive them")
        self.process = subprocess.Popen(["node", os.path.join(HERE, "browsers.mjs")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.room.log, text=True)
        self.lines = Lines(self.process)

    def ask(self, who, verb, *arguments):
        self.process.stdin.write(json.dumps([who, verb, *arguments]) + "\n")
        self.process.stdin.flush()
        answer = self.lines.next(4 * PATIENCE)  # a verb may wait for more than one thing
        if answer is None:
            raise Failed(f"the browsers have ended at {who}: {verb}")
        if "failed" in answer:
            raise Failed(f"{who}: {verb} {' '.join(map(str, arguments))}: {answer['failed']}")
        return answer["ok"]

    def must_be_sane(self):
        """No page has complained of anything."""
        for place in self.places if self.process is not None else ():
            said = self.ask(place.title, "complained")
            if said:
                raise Failed(f"{place.title}: {said}")

    def show(self, out):
        for place in self.places if self.process is not None else ():
            try:
                print(f"---- {place.title}\n{place.look()}", file=out)
            except (Failed, OSError) as e:
                print(f"---- {place.title}: {e}", file=out)

    def close(self):
        if self.process is None:
            return
        self.process.stdin.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            pass
        self.lines.kill()
        self.process = None


class Place:
    def __init__(self, browsers, title):
        self.browsers, self.title = browsers, title

    def __getattr__(self, verb):
        """Every other verb is one of browsers.mjs; who misspells it is told so there."""
        if verb.startswith("_"):
            raise AttributeError(verb)
        return lambda *arguments: self.browsers.ask(self.title, verb, *arguments)


class Exam(Place):
    """The page of a candidate, on a device that nobody has used yet; it is entered with a slip."""
    kind, verb = "browser", "exam"


class Console(Place):
    """The room of one sitting as a page; it is entered with user, password, sitting and title."""
    verb = "console"


def slip_of(join):
    """Of a join line, exam:HOST:PORT/SLIP#PIN."""
    return re.search(r"/([^/#]+)#", join).group(1)
