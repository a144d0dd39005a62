"""The sentences of the stories: what a proctor reads on the left, what is done and seen on the right.

In a form, WHO is one person, LIST one or several ("Ana, Ben and Chloé"), NUMBER a number, LETTER an
option, THEIR his, her or their, and [x] may be left out."""
import csv
import json
import os
import re
import signal
import subprocess
import tempfile
import time
from collections import namedtuple

from terminal import PATIENCE, Desktop, Failed, until
from room import TOP, Room

FULL_NAMES = {
    "Ana": "Ana Ruiz", "Ben": "Ben Okafor", "Chloé": "Chloé Martin", "Dmitri": "Dmitri Sokolov",
    "Emi": "Emi Tanaka", "Farah": "Farah Haddad", "George": "George Pappas", "Hanna": "Hanna Virtanen",
    "Pat": "Pat Lindqvist", "Ines": "Ines Moreau",
}
TITLE = "Mock exam, Tuesday 9:00"

Sentence = namedtuple("Sentence", "form pattern act")
SENTENCES = []

_WHO = r"[A-Z][^\W\d_]+"
WHOEVER = re.compile(rf"\b{_WHO}(?:, {_WHO})*(?: and {_WHO})?\b")
_WORDS = {
    "WHO": f"({_WHO})",
    "LIST": f"({_WHO}(?:, {_WHO})*(?: and {_WHO})?)",
    "NUMBER": r"(\d+)",
    "LETTER": r"([A-H])",
    "THEIR": r"(?:his|her|their)",
    "TEXT": r'"([^"]+)"',
    "EXAM": r"([a-z][a-z0-9-]*)",
}


def says(form):
    """Puts a sentence into the table; verbs may be written for one or several: see(s)."""
    pattern = re.sub(r"\[([^\]]*)\]", r"(?:\1)?", re.sub(r"\((\w+)\)", r"(?:\1)?", form))
    pattern = re.sub(r"\b[A-Z]{3,}\b", lambda m: _WORDS.get(m.group(), m.group()), pattern)

    def keep(act):
        SENTENCES.append(Sentence(form, re.compile(pattern), act))
        return act
    return keep


def names(text):
    return re.split(r", | and ", text)


class Candidate:
    """One person with a slip, perhaps at the second machine by now."""

    def __init__(self, name, user):
        self.name, self.user, self.full_name = name, user, FULL_NAMES[name]
        self.join = ""
        self.machines = 0
        self.terminal = None
        self.answers = {}  # question -> letter
        self.question = 1
        self.stands_at = self.stands_since = None

    def saved(self):
        n = len(self.answers)
        return rf"(?<!not )saved {n}/{n}$"


class Staff:
    def __init__(self, name):
        self.name, self.user, self.full_name = name, name.lower(), FULL_NAMES[name]
        self.console = None


class Story:
    """Everything there is in one story; the end of it ends everything."""

    def __init__(self, build):
        self.room = Room(build, tempfile.mkdtemp(prefix="scn-"))
        self.desktop = Desktop(self.room.tmp)
        self.candidates, self.staff = {}, {}
        self.crowd, self.crowd_joins = [], []
        self.acks = []
        self.sitting = ""
        self.started = False

    # ---- People ------------------------------------------------------------------------------

    def who(self, name):
        if name not in self.candidates:
            raise Failed(f"{name} is not a candidate of this room")
        return self.candidates[name]

    def all(self, text):
        return [self.who(name) for name in names(text)]

    def examctl(self, staff, *argv, check=True):
        """A command of this member of the staff."""
        return self.room.ctl(*argv, check=check, env=self.staff_env(staff))

    def staff_env(self, staff):
        return {"EXAMCTL_USER": staff.user, "EXAMCTL_SESSION": os.path.join(self.room.tmp, "session." + staff.user),
                "LC_ALL": "C.UTF-8"}

    def person(self, name):
        if name not in self.staff:
            raise Failed(f"{name} does not work here")
        return self.staff[name]

    def first_log_in(self, staff, one_time):
        first, new = self.room.secret(one_time + "\n"), self.room.secret(f"correct horse battery {staff.user}\n")
        self.examctl(staff, "login", "--password-file", first)
        self.examctl(staff, "passwd", "--password-file", first, "--new-password-file", new)

    def console(self, name):
        """The live console of this person, opened when it is looked at first."""
        staff = self.person(name)
        if staff.console is None:
            env = {"EXAMCTL_SERVER": f"127.0.0.1:{self.room.port}", "EXAMCTL_PIN": self.room.pin,
                   **self.staff_env(staff)}
            staff.console = self.desktop.open(
                f"{name}'s console", ["env", *[f"{k}={v}" for k, v in env.items()],
                                      self.room.tool("examctl"), "console", self.sitting])
            staff.console.shows(re.escape(TITLE), r"connected")
        return staff.console

    def at(self, name, candidate):
        """The console with the cursor on this candidate alone, as '/' finds him."""
        console = self.console(name)
        console.press("/")
        console.type(candidate.full_name)
        console.shows(r"Found 1\b")
        console.press("Enter")
        console.shows(rf"^> +{candidate.user} ")
        return console

    def whole_room(self, console):
        console.press("Escape")
        console.no_longer_shows("Found")

    # ---- Machines ----------------------------------------------------------------------------

    def sit(self, candidate, join=None):
        """A machine that nobody has used yet."""
        candidate.machines += 1
        place = f"{candidate.user}.{candidate.machines}"
        acks = os.path.join(self.room.tmp, "acks." + place)
        self.acks.append(acks)
        candidate.terminal = self.desktop.open(
            f"{candidate.name} at machine {candidate.machines}",
            [self.room.tool("exam"), "--state-dir", os.path.join(self.room.tmp, "machine." + place),
             "--log-acks", acks, join or candidate.join])
        return candidate.terminal

    def attempt(self, candidate):
        for row in self.rows(self.person("Ines"), "attempt", "list", candidate.user):
            return str(row["attempt"])
        raise Failed(f"{candidate.name} has no attempt")

    def rows(self, staff, *argv):
        return json.loads(self.examctl(staff, "--json", *argv).stdout)

    def must_be_sane(self):
        """No program has said that its memory is not in order."""
        for path in (self.room.log.name, self.desktop.stderr):
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    m = re.search(r".*(?:ERROR: \w+Sanitizer|runtime error:).*(?:\n.*){0,12}", f.read())
                if m:
                    raise Failed(m.group())

    # ---- The end -----------------------------------------------------------------------------

    def show(self, out):
        for t in self.desktop.terminals:
            screen = t.screen()
            if screen is not None:
                print(f"---- {t.title}\n{screen.rstrip()}", file=out)

    def end(self, keep):
        self.desktop.close()
        for process in self.crowd:
            if process.poll() is None:
                process.kill()
            process.wait()
        if keep:
            self.room.kill()
            print(self.room.tmp)
        else:
            self.room.remove()


# ---- The room ------------------------------------------------------------------------------------

def write_roster(story, crowd):
    path = os.path.join(story.room.tmp, "roster.csv")
    with open(path, "w", encoding="utf-8", newline="") as f:
        rows = csv.writer(f)
        rows.writerow(["id", "name", "email", "group", "role", "extra time"])
        for c in story.candidates.values():
            rows.writerow([c.user, c.full_name, c.user + "@example.org", "tuesday", "candidate", 0])
        for i in range(crowd):
            rows.writerow([f"guest{i + 1}", f"Guest {i + 1}", f"guest{i + 1}@example.org", "tuesday", "candidate", 0])
        for s, role in zip(story.staff.values(), ("proctor", "instructor")):
            rows.writerow([s.user, s.full_name, s.user + "@example.org", "", role, 0])
    return path


def new_slips(story, users):
    """User -> join line."""
    lines = story.examctl(story.person("Pat"), "sitting", "slips", story.sitting, "--users", ",".join(users),
                          "--print-join").stdout
    return {user: join for user, join in re.findall(r"^(\S+)\s.*(exam:\S+)", lines, re.MULTILINE)}


@says("the room has LIST[ and a crowd of NUMBER] for EXAM; Pat is the proctor, Ines the instructor")
def the_room(story, people, crowd, exam):
    story.candidates = {name: Candidate(name, f"c{i + 1}") for i, name in enumerate(names(people))}
    story.staff = {name: Staff(name) for name in ("Pat", "Ines")}
    room = story.room
    room.init()
    room.start()
    room.log_in()
    roster = write_roster(story, int(crowd or 0))
    imported = room.ctl("--json", "people", "import", roster).stdout
    for user, secret in re.findall(r'"user":\s*"(pat|ines)",\s*"secret":\s*"([^"]*)"', imported):
        story.first_log_in(story.person(user.capitalize()), secret)
    banks = os.path.join(TOP, "questions/banks")
    room.ctl("bank", "load", os.path.join(banks, "cpc-style.yaml"))
    room.ctl("exam", "load", os.path.join(banks, exam + ".yaml"))
    made = story.examctl(story.person("Ines"), "--json", "sitting", "create", "--exam", exam, "--title", TITLE,
                         "--group", "tuesday")
    story.sitting = str(json.loads(made.stdout)["sitting"])
    guests = [f"guest{i + 1}" for i in range(int(crowd or 0))]
    joins = new_slips(story, [c.user for c in story.candidates.values()] + guests)
    for c in story.candidates.values():
        c.join = joins[c.user]
    story.crowd_joins = [joins[g] for g in guests]


@says("WHO opens the room")
def opens(story, name):
    console = story.console(name)
    console.shows("O open")
    console.press("O")
    console.shows("Opened: the room")


@says("WHO admits the room")
def admits_room(story, name):
    console = story.console(name)
    console.shows("A admit")
    console.press("A")
    console.shows("Admitted: the room")


@says("WHO admits WHO")
def admits_one(story, name, candidate):
    c = story.who(candidate)
    console = story.at(name, c)
    console.shows(rf"^> +{c.user} .*wants in")
    console.press("a")
    console.shows(f"Admitted: {c.user} {c.full_name}")
    story.whole_room(console)


@says("WHO sees that NUMBER are ready")
def sees_ready(story, name, number):
    story.console(name).shows(rf"{number} ready")


@says("WHO starts the room")
def starts(story, name):
    console = story.console(name)
    console.press("S")
    console.shows(r"Start the room: \d+ ready")
    console.press("y")
    console.shows("Started: the room")


@says("[the fire alarm goes: ]WHO pauses the room")
def pauses(story, name):
    console = story.console(name)
    console.press("P")
    console.shows("Paused: the room")


@says("WHO resumes the room")
def resumes(story, name):
    now = time.monotonic()
    for c in story.candidates.values():
        c.stands_since = now
    console = story.console(name)
    console.press("R")
    console.shows("Resumed: the room")


@says("WHO tells the room TEXT")
def tells(story, name, text):
    console = story.console(name)
    console.press("T")
    console.shows("Message to")
    console.type(text)
    console.shows(re.escape(text))
    console.press("Enter")
    console.shows("Told:")


@says("WHO ends the room")
def ends(story, name):
    console = story.console(name)
    console.press("E")
    console.shows("Enter: no reason")
    console.press("Enter")
    console.shows("Type the word end")
    console.type("end")
    console.press("Enter")
    console.shows("Ended: the room")


# ---- Coming in -----------------------------------------------------------------------------------

def agree(terminal):
    terminal.shows("The rules of this exam")
    terminal.press("y")
    terminal.no_longer_shows("The rules of this exam")


@says("LIST check(s) in at [a ]terminal(s)")
def check_in(story, people):
    for c in story.all(people):
        agree(story.sit(c))
    for c in story.all(people):
        c.terminal.shows(f"Name +{c.full_name}", "You are checked in|READY")


@says("WHO comes late to a room that lets everybody in, and starts when ready")
def comes_late(story, name):
    c = story.who(name)
    agree(story.sit(c))
    see_question(story, name, "1")


@says("LIST read(s) the rules, and agree(s)")
def read_rules(story, people):
    for c in story.all(people):
        agree(c.terminal)


@says("LIST see(s) that the proctor has not admitted them yet")
def not_admitted(story, people):
    for c in story.all(people):
        c.terminal.shows("The proctor has not admitted you yet")


@says("LIST see(s) READY")
def see_ready(story, people):
    for c in story.all(people):
        c.terminal.shows("READY", f"Name +{c.full_name}")


@says("the crowd checks in")
def crowd_checks_in(story):
    script = os.path.join(story.room.tmp, "crowd.script")
    with open(script, "w", encoding="utf-8") as f:
        f.write("answers random:1\nthink 100\nsubmit\nexpect saved 40\nexpect submitted\n")
    for i, join in enumerate(story.crowd_joins):
        acks = os.path.join(story.room.tmp, f"acks.guest{i + 1}")
        story.acks.append(acks)
        story.crowd.append(subprocess.Popen(
            [story.room.tool("exam"), "--script", script, "--log-acks", acks,
             "--state-dir", os.path.join(story.room.tmp, f"machine.guest{i + 1}"), join],
            stdout=story.room.log, stderr=story.room.log, env=story.desktop.env))


@says("the crowd has handed in, and each of them got everything saved")
def crowd_done(story):
    for i, process in enumerate(story.crowd):
        until(f"guest {i + 1} hands in", 2 * PATIENCE, lambda p=process: p.poll() is not None)
        if process.returncode != 0:
            raise Failed(f"guest {i + 1} ended with {process.returncode}; see {story.room.tmp}/log")


@says("WHO types a wrong slip, and is told so")
def wrong_slip(story, name):
    c = story.who(name)
    slip = re.search(r"/([^/#]+)#", c.join).group(1)
    for at in range(len(slip) - 1, -1, -1):  # one symbol is another one
        if slip[at].isdigit():
            break
    other = str((int(slip[at]) + 1) % 10) if slip[at].isdigit() else ("B" if slip[at] != "B" else "C")
    terminal = story.sit(c, c.join.replace(slip, slip[:at] + other + slip[at + 1:]))
    terminal.shows("You were not let in", "slip", "Ask the proctor")
    terminal.press("q")
    terminal.shows(r"y/n|y Yes|Leave")
    terminal.press("y")
    terminal.has_ended()


@says("LIST take each other's slips, and check in")
def swapped(story, people):
    one, other = story.all(people)
    one.join, other.join = other.join, one.join
    for c in (one, other):
        agree(story.sit(c))


@says("WHO sees the name of WHO on THEIR screen, and calls the proctor")
def other_name(story, name, other):
    story.who(name).terminal.shows(f"Name +{FULL_NAMES[other]}")


@says("WHO gives LIST new slips, and the machines with the old ones are left")
def renewed(story, name, people):
    joins = new_slips(story, [c.user for c in story.all(people)])
    for c in story.all(people):
        c.join = joins[c.user]
        leave(c)


def leave(candidate):
    candidate.terminal.press("q")
    candidate.terminal.press("y")
    candidate.terminal.has_ended()


# ---- The questions -------------------------------------------------------------------------------

@says("LIST see(s) question NUMBER[ again]")
def see_question(story, people, number):
    for c in story.all(people):
        c.terminal.shows(rf"\b{number} of \d+ .*left", r"^.* A [(\[]")
        c.question = int(number)


@says("WHO answers LETTER")
def answers(story, name, letter):
    c = story.who(name)
    c.terminal.press(letter.lower())
    c.answers[c.question] = letter
    c.terminal.shows(rf" {letter} [(\[]x")


@says("WHO answers LETTER and sees saved NUMBER/NUMBER")
def answers_saved(story, name, letter, of, all_of):
    answers(story, name, letter)
    story.who(name).terminal.shows(rf"(?<!not )saved {of}/{all_of}$")


@says("WHO answers LETTER and sees that it is not saved yet, reconnecting")
def answers_unsaved(story, name, letter):
    answers(story, name, letter)
    story.who(name).terminal.shows("1 not saved yet, reconnecting")


@says("LIST see(s) that everything is saved")
def all_saved(story, people):
    for c in story.all(people):
        c.terminal.shows(c.saved())


def go_to(candidate, question):
    while candidate.question != question:
        step = 1 if question > candidate.question else -1
        candidate.terminal.press("n" if step > 0 else "p")
        candidate.question += step
        candidate.terminal.shows(rf"\b{candidate.question} of \d+ ")


@says("LIST go(es) to question NUMBER")
def goes_to(story, people, number):
    for c in story.all(people):
        go_to(c, int(number))


@says("LIST see(s) THEIR answers there")
def sees_answers(story, people):
    for c in story.all(people):
        c.question = int(c.terminal.shows(r"\b(\d+) of \d+ .*left").group(1))
        if not c.answers:
            raise Failed(f"{c.name} has answered nothing")
        for question, letter in sorted(c.answers.items()):
            go_to(c, question)
            c.terminal.shows(rf"\b{question} of \d+ ", c.saved(), rf" {letter} [(\[]x")


@says("LIST see(s) no question, and that the room is paused")
def paused(story, people):
    for c in story.all(people):
        m = c.terminal.shows("paused for the whole room", r"stands at (\S+)\.")
        c.stands_at = m.group(1)
        if re.search(r"\d+ of \d+ |^.* A [(\[]", c.terminal.screen(), re.MULTILINE):
            raise Failed(f"{c.name} sees a question in the pause")


def seconds(clock):
    total = 0
    for part in clock.split(":"):
        total = total * 60 + int(part)
    return total


@says("for NUMBER seconds the clocks of LIST do not move")
def clocks_stand(story, number, people):
    end = time.monotonic() + int(number)
    while time.monotonic() < end:
        for c in story.all(people):
            if f"stands at {c.stands_at}." not in (c.terminal.screen() or ""):
                raise Failed(f"the clock of {c.name} has left {c.stands_at}")


@says("LIST ha(s)(ve) lost no time by it")
def lost_no_time(story, people):
    for c in story.all(people):
        left = seconds(c.terminal.shows(r"([\d:]+) left").group(1))
        ran = time.monotonic() - c.stands_since
        if not seconds(c.stands_at) - ran - 2 <= left <= seconds(c.stands_at):
            raise Failed(f"{c.name}: the clock stood at {c.stands_at}, ran {ran:.0f} s, and shows {left} s")


@says("LIST ha(s)(ve) all the NUMBER minutes")
def all_the_time(story, people, minutes):
    for c in story.all(people):
        left = seconds(c.terminal.shows(r"([\d:]+) left").group(1))
        if not 60 * int(minutes) - PATIENCE < left <= 60 * int(minutes):
            raise Failed(f"{c.name} has {left} s left of {minutes} minutes")


@says("LIST read(s) TEXT")
def reads(story, people, text):
    for c in story.all(people):
        c.terminal.shows(re.escape(text))
        c.terminal.press("Escape")
        c.terminal.no_longer_shows(re.escape(text))


# ---- Machines that die ---------------------------------------------------------------------------

@says("WHO's laptop dies")
def laptop_dies(story, name):
    story.who(name).terminal.kill()


@says("WHO sees that WHO is lost")
def sees_lost(story, name, candidate):
    story.console(name).shows(rf"^[> ] *\*? *{story.who(candidate).user} .*LOST")


@says("WHO sits down at another machine, and waits for the proctor")
def another_machine(story, name):
    c = story.who(name)
    story.sit(c).shows("held by another machine", f"Name +{c.full_name}")


@says("WHO sees at the top that WHO wants the seat, and agrees")
def agrees(story, name, candidate):
    c = story.who(candidate)
    console = story.console(name)
    console.shows(rf"NEEDS YOU *\n[> ] +{c.user} .*wants the seat")
    story.at(name, c)
    console.press("g")
    console.shows(f"Seat given: {c.user}")
    story.whole_room(console)


@says("the server loses power")
def power_cut(story):
    for pid in story.room.pids():
        os.kill(pid, signal.SIGKILL)
    story.room.kill()


@says("LIST see(s) that the server is away")
def server_away(story, people):
    for c in story.all(people):
        c.terminal.shows("reconnecting")


@says("WHO sees in the corner that there is no connection")
def console_away(story, name):
    story.console(name).shows("NO CONNECTION")


@says("the server starts again")
def power_back(story):
    story.room.start()


@says("WHO sees the room again")
def console_back(story, name):
    story.console(name).shows("connected, ")


@says("LIST go(es) on by themselves, nothing is lost")
def go_on(story, people):
    for c in story.all(people):
        c.terminal.shows(rf"\b{c.question} of \d+ .*left", c.saved())


# ---- Handing in ----------------------------------------------------------------------------------

@says("LIST hand(s) in[ by mistake]")
def hands_in(story, people):
    for c in story.all(people):
        c.terminal.press("s")
        c.terminal.shows("questions are complete")
        c.terminal.press("s")
        c.terminal.shows("Hand in now")
        c.terminal.press("y")
        c.terminal.shows("You have handed in", c.saved())


@says("WHO reopens the attempt of WHO with NUMBER minutes, because TEXT")
def reopens(story, name, candidate, minutes, why):
    c = story.who(candidate)
    story.examctl(story.person(name), "attempt", "reopen", story.attempt(c), "--minutes", minutes, "--reason", why)


@says("WHO reads that it was reopened, and is back at question NUMBER")
def back_at_question(story, name, number):
    c = story.who(name)
    c.terminal.shows("exam was reopened")
    c.terminal.press("Escape")
    c.terminal.no_longer_shows("exam was reopened")
    c.terminal.shows(rf" {number} of \d+ ")


@says("WHO may not reopen the attempt of WHO")
def may_not_reopen(story, name, candidate):
    number = story.attempt(story.who(candidate))
    p = story.examctl(story.person(name), "attempt", "reopen", number, "--minutes", "5", "--reason", "asked", check=False)
    if p.returncode != 1 or not p.stderr:
        raise Failed(f"exit {p.returncode}: {p.stdout}{p.stderr}")


# ---- Afterwards ----------------------------------------------------------------------------------

@says("LIST see(s) THEIR score")
def see_score(story, people):
    for c in story.all(people):
        c.terminal.shows(r"PASSED +[\d.]+ of \d+ points")


@says("WHO sees that all NUMBER attempts are closed")
def all_closed(story, name, number):
    story.console(name).shows(rf"0 ready, 0 running, {number} closed")


@says("the scores of everybody are shown")
def scores(story):
    shown = story.examctl(story.person("Ines"), "results", story.sitting).stdout
    for c in story.candidates.values():
        if not re.search(rf"{c.full_name}.*\d", shown):
            raise Failed(f"no score of {c.name} in:\n{shown}")


@says("the export has every candidate, with as many answers as they saw saved")
def export(story):
    path = os.path.join(story.room.tmp, "scores.csv")
    story.examctl(story.person("Ines"), "export", story.sitting, "--format", "csv", "-o", path)
    with open(path, encoding="utf-8-sig", newline="") as f:
        found = sorted((row["name"], int(row["answered"])) for row in csv.DictReader(f))
    expected = [(c.full_name, len(c.answers)) for c in story.candidates.values()]
    expected += [(f"Guest {i + 1}", 40) for i in range(len(story.crowd_joins))]
    if found != sorted(expected):
        raise Failed(f"the export has {found}, and should have {sorted(expected)}")


@says("every acknowledged answer is found")
def audit(story):
    story.desktop.close()
    story.room.stop()
    result = story.room.audit(*[a for a in story.acks if os.path.exists(a)])
    answered = sum(len(c.answers) for c in story.candidates.values()) + 40 * len(story.crowd_joins)
    if not result["held"] or result["acknowledged"] < answered:
        raise Failed(f"{answered} answers were seen saved; audit says {result}")
