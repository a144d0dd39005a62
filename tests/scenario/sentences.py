"""The sentences of the stories: what a proctor reads on the left, what is done and seen on the right.

In a form, WHO is one person, LIST one or several ("Ana, Ben and Chloé"), NUMBER a number, LETTER an
option, THEIR his, her or their, KIND terminal or browser, and [x] may be left out.

People sit at a terminal or at a browser; the sentences are the same for both.  at_terminal.py and
at_browser.py know how each is done and seen there."""
import csv
import json
import os
import re
import signal
import subprocess
import tempfile
import time
from collections import namedtuple

import at_browser
import at_terminal
from terminal import PATIENCE, Desktop, Failed, until
from room import TOP, Room

FULL_NAMES = {
    "Ana": "Ana Ruiz", "Ben": "Ben Okafor", "Chloé": "Chloé Martin", "Dmitri": "Dmitri Sokolov",
    "Emi": "Emi Tanaka", "Farah": "Farah Haddad", "George": "George Pappas", "Hanna": "Hanna Virtanen",
    "Pat": "Pat Lindqvist", "Quinn": "Quinn Abara", "Ines": "Ines Moreau",
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
    "KIND": r"(terminal|browser)s?",
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
        self.at = None  # where they sit: an Exam of at_terminal or at_browser
        self.places = []
        self.answers = {}  # question -> letter
        self.question = 1
        self.stands_at = self.stands_since = None

    @property
    def saved(self):
        return len(self.answers)


class Staff:
    def __init__(self, name, role):
        self.name, self.user, self.full_name = name, name.lower(), FULL_NAMES[name]
        self.role = role
        self.password = f"correct horse battery {self.user}"
        self.kind = "terminal"
        self.console = None


class Story:
    """Everything there is in one story; the end of it ends everything."""

    def __init__(self, build):
        self.room = Room(build, tempfile.mkdtemp(prefix="scn-"))
        self.desktop = Desktop(self.room.tmp)
        self.browsers = at_browser.Browsers(self.room)
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
        first, new = self.room.secret(one_time + "\n"), self.room.secret(staff.password + "\n")
        self.examctl(staff, "login", "--password-file", first)
        self.examctl(staff, "passwd", "--password-file", first, "--new-password-file", new)

    def console(self, name):
        """The live console of this person, opened when it is looked at first."""
        staff = self.person(name)
        if staff.console is None:
            open_one = self.console_page if staff.kind == "browser" else self.console_terminal
            staff.console = open_one(staff, f"{name}'s console")
        return staff.console

    def console_page(self, staff, title):
        return self.browsers.open(at_browser.Console, title, staff.user, staff.password, self.sitting, TITLE)

    def console_terminal(self, staff, title):
        env = {"EXAMCTL_SERVER": f"127.0.0.1:{self.room.port}", "EXAMCTL_PIN": self.room.pin, **self.staff_env(staff)}
        terminal = self.desktop.open(title, ["env", *[f"{k}={v}" for k, v in env.items()],
                                             self.room.tool("examctl"), "console", self.sitting], height=48)
        return at_terminal.Console(terminal, TITLE)

    # ---- Machines ----------------------------------------------------------------------------

    def sit(self, candidate, kind=None, join=None):
        """At a machine that nobody has used yet; of the kind that they had, when none is named."""
        candidate.machines += 1
        kind = kind or (candidate.at.kind if candidate.at is not None else "terminal")
        sit_down = self.sit_at_browser if kind == "browser" else self.sit_at_terminal
        candidate.at = sit_down(candidate, f"{candidate.name} at machine {candidate.machines}", join or candidate.join)
        candidate.places.append(candidate.at)
        return candidate.at

    def sit_at_browser(self, candidate, title, join):
        return self.browsers.open(at_browser.Exam, title, at_browser.slip_of(join))

    def sit_at_terminal(self, candidate, title, join):
        place = f"{candidate.user}.{candidate.machines}"
        acks = os.path.join(self.room.tmp, "acks." + place)
        self.acks.append(acks)
        return at_terminal.Exam(self.desktop.open(
            title, [self.room.tool("exam"), "--state-dir", os.path.join(self.room.tmp, "machine." + place),
                    "--log-acks", acks, join]))

    def browser_acks(self):
        """Notes what pages were told is saved, as exam --log-acks does."""
        for c in self.candidates.values():
            pages = [p for p in c.places if p.kind == "browser"]
            if not pages:
                continue
            path = os.path.join(self.room.tmp, f"acks.{c.user}.pages")
            self.acks.append(path)
            attempt = self.attempt(c)
            with open(path, "w", encoding="utf-8") as f:
                f.writelines(f"{attempt} {line}\n" for p in pages for line in p.acknowledged())

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
        self.browsers.must_be_sane()

    # ---- The end -----------------------------------------------------------------------------

    def show(self, out):
        for t in self.desktop.terminals:
            screen = t.screen()
            if screen is not None:
                print(f"---- {t.title}\n{screen.rstrip()}", file=out)
        self.browsers.show(out)

    def end(self, keep):
        self.browsers.close()
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
        for s in story.staff.values():
            rows.writerow([s.user, s.full_name, s.user + "@example.org", "", s.role, 0])
    return path


def new_slips(story, users):
    """User -> join line."""
    lines = story.examctl(story.person("Pat"), "sitting", "slips", story.sitting, "--users", ",".join(users),
                          "--print-join").stdout
    return {user: join for user, join in re.findall(r"^(\S+)\s.*(exam:\S+)", lines, re.MULTILINE)}


@says("the room has LIST[ and a crowd of NUMBER] for EXAM; Pat is the proctor, Ines the instructor")
def the_room(story, people, crowd, exam):
    given_room(story, people, crowd, exam, ["Pat"])


@says("the room has LIST[ and a crowd of NUMBER] for EXAM; Pat and Quinn are the proctors, Ines the instructor")
def the_room_of_two(story, people, crowd, exam):
    given_room(story, people, crowd, exam, ["Pat", "Quinn"])


def given_room(story, people, crowd, exam, proctors):
    story.candidates = {name: Candidate(name, f"c{i + 1}") for i, name in enumerate(names(people))}
    story.staff = {name: Staff(name, "proctor") for name in proctors}
    story.staff["Ines"] = Staff("Ines", "instructor")
    room = story.room
    room.init()
    room.start()
    room.log_in()
    roster = write_roster(story, int(crowd or 0))
    imported = room.ctl("--json", "people", "import", roster).stdout
    for user, secret in re.findall(r'"user":\s*"(pat|quinn|ines)",\s*"secret":\s*"([^"]*)"', imported):
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


@says("LIST sit(s) at [a ]browser(s)")
def staff_at_browsers(story, people):
    for name in names(people):
        story.person(name).kind = "browser"


@says("WHO opens the room")
def opens(story, name):
    story.console(name).opens()


@says("WHO admits the room")
def admits_room(story, name):
    story.console(name).admits_room()


@says("WHO admits WHO")
def admits_one(story, name, candidate):
    c = story.who(candidate)
    story.console(name).admits(c.user, c.full_name)


@says("LIST see(s) that NUMBER are ready")
def sees_ready(story, people, number):
    for name in names(people):
        story.console(name).sees_ready(int(number))


@says("WHO starts the room")
def starts(story, name):
    story.console(name).starts()


@says("[the fire alarm goes: ]WHO pauses the room")
def pauses(story, name):
    story.console(name).pauses()


@says("WHO resumes the room")
def resumes(story, name):
    now = time.monotonic()
    for c in story.candidates.values():
        c.stands_since = now
    story.console(name).resumes()


@says("WHO tells the room TEXT")
def tells(story, name, text):
    story.console(name).tells(text)


@says("WHO takes NUMBER minutes from WHO, because TEXT")
def takes_minutes(story, name, minutes, candidate, why):
    c = story.who(candidate)
    story.console(name).changes_minutes(c.user, c.full_name, -int(minutes), why)


@says("WHO ends the room")
def ends(story, name):
    story.console(name).ends()


@says("LIST see(s) the same room")
def see_the_same(story, people):
    """The same numbers, and the same of each candidate, once what happens has come to all of them."""
    one, *others = [story.console(name) for name in names(people)]
    everybody = len(story.candidates) + len(story.crowd_joins)

    def alike():
        counts, rows = one.counts(), one.rows()
        return len(rows) == everybody and all(o.counts() == counts and o.rows() == rows for o in others)
    try:
        until(f"{people} see the same room", PATIENCE, alike)
    except Failed as e:
        raise Failed(f"{e}: {[(c.counts(), c.rows()) for c in (one, *others)]}") from None


# ---- Coming in -----------------------------------------------------------------------------------

@says("LIST check(s) in at [a ]KIND")
def check_in(story, people, kind):
    for c in story.all(people):
        story.sit(c, kind).agrees()
    for c in story.all(people):
        c.at.is_checked_in_as(c.full_name)


@says("WHO comes late[ at a KIND] to a room that lets everybody in, and starts when ready")
def comes_late(story, name, kind):
    c = story.who(name)
    story.sit(c, kind).agrees()
    see_question(story, name, "1")


@says("LIST read(s) the rules, and agree(s)")
def read_rules(story, people):
    for c in story.all(people):
        c.at.agrees()


@says("LIST see(s) that the proctor has not admitted them yet")
def not_admitted(story, people):
    for c in story.all(people):
        c.at.is_not_admitted()


@says("LIST see(s) READY")
def see_ready(story, people):
    for c in story.all(people):
        c.at.is_ready_as(c.full_name)


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


@says("WHO types a wrong slip[ at a KIND], and is told so")
def wrong_slip(story, name, kind):
    c = story.who(name)
    slip = at_browser.slip_of(c.join)
    for at in range(len(slip) - 1, -1, -1):  # one symbol is another one
        if slip[at].isdigit():
            break
    other = str((int(slip[at]) + 1) % 10) if slip[at].isdigit() else ("B" if slip[at] != "B" else "C")
    story.sit(c, kind, c.join.replace(slip, slip[:at] + other + slip[at + 1:])).is_not_let_in()


@says("LIST take each other's slips, and check in[ at a KIND and a KIND]")
def swapped(story, people, *kinds):
    one, other = story.all(people)
    one.join, other.join = other.join, one.join
    for c, kind in zip((one, other), kinds):
        story.sit(c, kind).agrees()


@says("WHO sees the name of WHO on THEIR screen, and calls the proctor")
def other_name(story, name, other):
    story.who(name).at.is_named(FULL_NAMES[other])


@says("WHO gives LIST new slips, and the machines with the old ones are left")
def renewed(story, name, people):
    joins = new_slips(story, [c.user for c in story.all(people)])
    for c in story.all(people):
        c.join = joins[c.user]
        c.at.leaves()


# ---- The questions -------------------------------------------------------------------------------

@says("LIST see(s) question NUMBER[ again]")
def see_question(story, people, number):
    for c in story.all(people):
        c.at.is_at(int(number))
        c.question = int(number)


@says("WHO answers LETTER")
def answers(story, name, letter):
    c = story.who(name)
    c.answers[c.question] = letter
    c.at.answers(letter)


@says("WHO answers LETTER and sees saved NUMBER/NUMBER")
def answers_saved(story, name, letter, of, all_of):
    answers(story, name, letter)
    if of != all_of or int(of) != story.who(name).saved:
        raise Failed(f"{name} has answered {story.who(name).saved}")
    story.who(name).at.has_saved(int(of))


@says("WHO answers LETTER and sees that it is not saved yet, reconnecting")
def answers_unsaved(story, name, letter):
    answers(story, name, letter)
    story.who(name).at.has_unsaved(1)


@says("LIST see(s) that everything is saved")
def all_saved(story, people):
    for c in story.all(people):
        c.at.has_saved(c.saved)


def go_to(candidate, question):
    while candidate.question != question:
        forward = question > candidate.question
        candidate.question += 1 if forward else -1
        candidate.at.steps(forward)
        candidate.at.has_come_to(candidate.question)


@says("LIST go(es) to question NUMBER")
def goes_to(story, people, number):
    for c in story.all(people):
        go_to(c, int(number))


@says("LIST see(s) THEIR answers there")
def sees_answers(story, people):
    for c in story.all(people):
        c.question = c.at.question()
        if not c.answers:
            raise Failed(f"{c.name} has answered nothing")
        for question, letter in sorted(c.answers.items()):
            go_to(c, question)
            c.at.has_saved(c.saved)
            c.at.has_chosen(letter)


@says("LIST see(s) no question, and that the room is paused")
def paused(story, people):
    for c in story.all(people):
        c.stands_at = c.at.is_paused()


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
            if c.at.stands_now() != c.stands_at:
                raise Failed(f"the clock of {c.name} has left {c.stands_at}")


@says("LIST ha(s)(ve) lost no time by it")
def lost_no_time(story, people):
    for c in story.all(people):
        left = seconds(c.at.left())
        ran = time.monotonic() - c.stands_since
        if not seconds(c.stands_at) - ran - 2 <= left <= seconds(c.stands_at):
            raise Failed(f"{c.name}: the clock stood at {c.stands_at}, ran {ran:.0f} s, and shows {left} s")


@says("LIST ha(s)(ve) all the NUMBER minutes")
def all_the_time(story, people, minutes):
    for c in story.all(people):
        left = seconds(c.at.left())
        if not 60 * int(minutes) - PATIENCE < left <= 60 * int(minutes):
            raise Failed(f"{c.name} has {left} s left of {minutes} minutes")


@says("LIST read(s) TEXT")
def reads(story, people, text):
    for c in story.all(people):
        c.at.reads(text)


# ---- Who does not stay -------------------------------------------------------------------------

@says("WHO leaves the page of the exam, and reads that it is on record")
def leaves_page(story, name):
    story.who(name).at.looks_away()


@says("WHO comes back to the page of the exam")
def back_at_page(story, name):
    story.who(name).at.looks_back()


@says("WHO loads the page of the exam again")
def loads_page_again(story, name):
    story.who(name).at.loads_again()


@says("LIST see(s) that WHO has left the page")
def sees_off_page(story, people, candidate):
    c = story.who(candidate)
    for name in names(people):
        story.console(name).sees_off_page(c.user, c.full_name)


@says("LIST see(s) that WHO is back, and had left the page NUMBER time(s)")
def sees_was_off_page(story, people, candidate, times):
    c = story.who(candidate)
    for name in names(people):
        story.console(name).sees_was_off_page(c.user, c.full_name, int(times))


@says("WHO finds among the incidents of THEIR page that WHO left the page of the exam")
def finds_incident(story, name, candidate):
    story.console(name).finds_incident(story.who(candidate).full_name, "left the page of the exam")


# ---- Machines that die ---------------------------------------------------------------------------

@says("WHO's laptop dies")
def laptop_dies(story, name):
    story.who(name).at.dies()


@says("LIST see(s) that WHO is lost")
def sees_lost(story, people, candidate):
    for name in names(people):
        story.console(name).sees_lost(story.who(candidate).user)


@says("WHO sits down at another machine[, a KIND], and waits for the proctor")
def another_machine(story, name, kind):
    c = story.who(name)
    story.sit(c, kind).waits_for_the_seat_as(c.full_name)


@says("WHO sees at the top that WHO wants the seat, and agrees")
def agrees(story, name, candidate):
    c = story.who(candidate)
    story.console(name).gives_seat(c.user, c.full_name)


@says("the server loses power")
def power_cut(story):
    for pid in story.room.pids():
        os.kill(pid, signal.SIGKILL)
    story.room.kill()


@says("LIST see(s) that the server is away")
def server_away(story, people):
    for c in story.all(people):
        c.at.has_no_server()


@says("LIST see(s) [in the corner ]that there is no connection")
def console_away(story, people):
    for name in names(people):
        story.console(name).has_no_server()


@says("the server starts again")
def power_back(story):
    story.room.start()


@says("LIST see(s) the room again")
def console_back(story, people):
    for name in names(people):
        story.console(name).has_server()


@says("LIST go(es) on by themselves, nothing is lost")
def go_on(story, people):
    for c in story.all(people):
        c.at.goes_on(c.question, c.saved)


# ---- Handing in ----------------------------------------------------------------------------------

@says("LIST hand(s) in[ by mistake]")
def hands_in(story, people):
    for c in story.all(people):
        c.at.hands_in(c.saved)


@says("WHO reopens the attempt of WHO with NUMBER minutes, because TEXT")
def reopens(story, name, candidate, minutes, why):
    c, staff = story.who(candidate), story.person(name)
    if staff.kind == "browser":
        story.console(name).reopens(c.user, c.full_name, int(minutes), why)
    else:
        story.examctl(staff, "attempt", "reopen", story.attempt(c), "--minutes", minutes, "--reason", why)


@says("WHO reads that it was reopened, and is back at question NUMBER")
def back_at_question(story, name, number):
    c = story.who(name)
    c.at.is_told_of_the_reopening()
    c.at.has_come_to(int(number))


@says("WHO may not reopen the attempt of WHO")
def may_not_reopen(story, name, candidate):
    c, staff = story.who(candidate), story.person(name)
    p = story.examctl(staff, "attempt", "reopen", story.attempt(c), "--minutes", "5", "--reason", "asked", check=False)
    if p.returncode != 1 or not p.stderr:
        raise Failed(f"exit {p.returncode}: {p.stdout}{p.stderr}")
    if staff.kind == "browser":
        story.console(name).may_not_reopen(c.user)


@says("LIST see(s) that THEIR time is over")
def time_is_over(story, people):
    for c in story.all(people):
        c.at.has_no_time()


# ---- Afterwards ----------------------------------------------------------------------------------

@says("LIST see(s) THEIR score")
def see_score(story, people):
    for c in story.all(people):
        c.at.has_a_score()


@says("LIST see(s) that all NUMBER attempts are closed")
def all_closed(story, people, number):
    for name in names(people):
        story.console(name).sees_closed(int(number))


@says("the scores of everybody are shown")
def scores(story):
    shown = story.examctl(story.person("Ines"), "results", story.sitting).stdout
    for c in story.candidates.values():
        if not re.search(rf"{c.full_name}.*\d", shown):
            raise Failed(f"no score of {c.name} in:\n{shown}")


@says("WHO sees the results of everybody on THEIR page, the same that examctl has")
def results_page(story, name):
    told = story.rows(story.person(name), "results", story.sitting)
    expected = {r["name"]: [f"{r['answered']}/{r['items']}", r["points"] / 100, r["points_most"] / 100] for r in told}
    shown = {n: [done, *map(float, score.split("/"))] for n, (_, done, score) in story.console(name).results(len(told)).items()}
    if shown != expected:
        raise Failed(f"the page has {shown}, and examctl {expected}")


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
    story.browser_acks()
    story.browsers.close()
    story.desktop.close()
    story.room.stop()
    result = story.room.audit(*[a for a in story.acks if os.path.exists(a)])
    answered = sum(len(c.answers) for c in story.candidates.values()) + 40 * len(story.crowd_joins)
    if not result["held"] or result["acknowledged"] < answered:
        raise Failed(f"{answered} answers were seen saved; audit says {result}")
