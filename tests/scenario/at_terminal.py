"""People at terminals: a candidate at exam, a member of the staff at examctl console.

What they can do and see is the same as at a browser (at_browser.py): the sentences ask either of them.
Whatever must be seen is waited for."""
import re

from terminal import Failed


class Exam:
    """A machine with the program exam.  KIND is how a story calls it."""
    kind = "terminal"

    def __init__(self, terminal):
        self.terminal = terminal

    # ---- Coming in ---------------------------------------------------------------------------

    def agrees(self):
        self.terminal.shows("The rules of this exam")
        self.terminal.press("y")
        self.terminal.no_longer_shows("The rules of this exam")

    def is_checked_in_as(self, full_name):
        self.terminal.shows(f"Name +{full_name}", "You are checked in|READY")

    def is_named(self, full_name):
        self.terminal.shows(f"Name +{full_name}")

    def is_not_admitted(self):
        self.terminal.shows("The proctor has not admitted you yet")

    def is_ready_as(self, full_name):
        self.terminal.shows("READY", f"Name +{full_name}")

    def is_not_let_in(self):
        """And is left."""
        self.terminal.shows("You were not let in", "slip", "Ask the proctor")
        self.terminal.press("q")
        self.terminal.shows(r"y/n|y Yes|Leave")
        self.terminal.press("y")
        self.terminal.has_ended()

    def leaves(self):
        self.terminal.press("q")
        self.terminal.press("y")
        self.terminal.has_ended()

    def waits_for_the_seat_as(self, full_name):
        self.terminal.shows("held by another machine", f"Name +{full_name}")

    # ---- The questions -----------------------------------------------------------------------

    def question(self):
        """The number of the one that is shown, when one is."""
        return int(self.terminal.shows(r"\b(\d+) of \d+ .*left").group(1))

    def is_at(self, question):
        self.terminal.shows(rf"\b{question} of \d+ .*left", r"^.* A [(\[]")

    def steps(self, forward):
        self.terminal.press("n" if forward else "p")

    def has_come_to(self, question):
        self.terminal.shows(rf"\b{question} of \d+ ")

    def answers(self, letter):
        self.terminal.press(letter.lower())
        self.has_chosen(letter)

    def has_chosen(self, letter):
        self.terminal.shows(rf" {letter} [(\[]x")

    def has_saved(self, number):
        self.terminal.shows(rf"(?<!not )saved {number}/{number}$")

    def has_unsaved(self, number):
        self.terminal.shows(f"{number} not saved yet, reconnecting")

    # ---- The clock, and what interrupts ------------------------------------------------------

    def left(self):
        return self.terminal.shows(r"([\d:]+) left").group(1)

    def is_paused(self):
        """Where the clock stands.  No question is seen."""
        clock = self.terminal.shows("paused for the whole room", r"stands at (\S+)\.").group(1)
        if re.search(r"\d+ of \d+ |^.* A [(\[]", self.terminal.screen(), re.MULTILINE):
            raise Failed(f"{self.terminal.title} shows a question in the pause")
        return clock

    def stands_now(self):
        """Where the clock stands at this moment; None: it does not."""
        m = re.search(r"stands at (\S+)\.", self.terminal.screen() or "")
        return m and m.group(1)

    def reads(self, text):
        """And puts it away."""
        self.terminal.shows(re.escape(text))
        self.terminal.press("Escape")
        self.terminal.no_longer_shows(re.escape(text))

    def dies(self):
        self.terminal.kill()

    def has_no_server(self):
        self.terminal.shows("reconnecting")

    def goes_on(self, question, saved):
        self.terminal.shows(rf"\b{question} of \d+ .*left", rf"(?<!not )saved {saved}/{saved}$")

    # ---- The end -----------------------------------------------------------------------------

    def hands_in(self, saved):
        self.terminal.press("s")
        self.terminal.shows("questions are complete")
        self.terminal.press("s")
        self.terminal.shows("Hand in now")
        self.terminal.press("y")
        self.terminal.shows("You have handed in", rf"(?<!not )saved {saved}/{saved}$")

    def is_told_of_the_reopening(self):
        self.terminal.shows("exam was reopened")
        self.terminal.press("Escape")
        self.terminal.no_longer_shows("exam was reopened")

    def has_a_score(self):
        self.terminal.shows(r"PASSED +[\d.]+ of \d+ points")

    def has_no_time(self):
        self.terminal.shows("The time is over")


class Console:
    """examctl console of one sitting."""

    def __init__(self, terminal, title):
        self.terminal = terminal
        self.terminal.shows(re.escape(title), r"connected")

    def _at(self, user, full_name):
        """The cursor on this candidate alone, as '/' finds them."""
        self.terminal.press("/")
        self.terminal.type(full_name)
        self.terminal.shows(r"Found 1\b")
        self.terminal.press("Enter")
        self.terminal.shows(rf"^> +{user} ")

    def _all(self):
        self.terminal.press("Escape")
        self.terminal.no_longer_shows("Found")

    def _room(self, key, done):
        self.terminal.press(key)
        self.terminal.shows(f"{done}: the room")

    # ---- What is done ------------------------------------------------------------------------

    def opens(self):
        self.terminal.shows("O open")
        self._room("O", "Opened")

    def admits_room(self):
        self.terminal.shows("A admit")
        self._room("A", "Admitted")

    def admits(self, user, full_name):
        self._at(user, full_name)
        self.terminal.shows(rf"^> +{user} .*wants in")
        self.terminal.press("a")
        self.terminal.shows(f"Admitted: {user} {full_name}")
        self._all()

    def starts(self):
        self.terminal.press("S")
        self.terminal.shows(r"Start the room: \d+ ready")
        self._room("y", "Started")

    def pauses(self):
        self._room("P", "Paused")

    def resumes(self):
        self._room("R", "Resumed")

    def tells(self, text):
        self.terminal.press("T")
        self.terminal.shows("Message to")
        self.terminal.type(text)
        self.terminal.shows(re.escape(text))
        self.terminal.press("Enter")
        self.terminal.shows("Told:")

    def ends(self):
        self.terminal.press("E")
        self.terminal.shows("Enter: no reason")
        self.terminal.press("Enter")
        self.terminal.shows("Type the word end")
        self.terminal.type("end")
        self._room("Enter", "Ended")

    def gives_seat(self, user, full_name):
        """Which is asked for at the top."""
        self.sees_asked(user, full_name)
        self._at(user, full_name)
        self.terminal.press("g")
        self.terminal.shows(f"Seat given: {user}")
        self._all()

    # ---- What is seen ------------------------------------------------------------------------

    def sees_asked(self, user, full_name):
        self.terminal.shows(rf"NEEDS YOU *\n[> ] +{user} .*wants the seat")

    def sees_lost(self, user):
        self.terminal.shows(rf"^[> ] *\*? *{user} .*LOST")

    def sees_off_page(self, user, full_name):
        self.terminal.shows(rf"^[> ] *\*? *{user} .*left the page *$")

    def sees_was_off_page(self, user, full_name, times):
        """The mark stays, the need does not."""
        self.terminal.shows(rf"^[> ] *\*? *{user} .* \^{times} (?!.*left the page)")

    def sees_ready(self, number):
        self.terminal.shows(rf"\b{number} ready")

    def sees_closed(self, number):
        self.terminal.shows(rf"0 ready, 0 running, {number} closed")

    def has_no_server(self):
        self.terminal.shows("NO CONNECTION")

    def has_server(self):
        self.terminal.shows("connected, ")

    def counts(self):
        """On the list, here, ready, running, closed."""
        m = self.terminal.shows(r"(\d+) here of (\d+): (\d+) ready, (\d+) running, (\d+) closed")
        here, of, *rest = m.groups()
        return [int(n) for n in (of, here, *rest)]

    def rows(self):
        """What the screen says now: user -> [state, "answered/questions" or ""]."""
        lines = (self.terminal.screen() or "").splitlines()
        head = next((i for i, line in enumerate(lines) if re.match(r" *USER +NAME +STATE +DONE ", line)), None)
        if head is None:
            return {}
        at = {name: lines[head].index(name) for name in ("USER", "NAME", "STATE", "SAVED")}
        found = {}
        for line in lines[head + 1:]:
            user = line[at["USER"]:at["NAME"]].strip()
            if not user:
                break
            m = re.match(r"(.*?)(?: \^\d+)? *(\d+/\d+)? *$", line[at["STATE"]:at["SAVED"] - 1].rstrip())
            found[user] = [m.group(1), m.group(2) or ""]
        return found
