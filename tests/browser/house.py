"""An installation for a test in another language: commands come as JSON, a line each, on standard
input; the answer to each is a line of JSON: {"ok": ...} or {"failed": "..."}."""
import argparse
import json
import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "torture"))
from room import Failed, Room, TOP, until  # noqa: E402


class House:
    def __init__(self, build):
        self.room = Room(build)

    def begin(self):
        """A server with an admin; its address."""
        self.room.init()
        self.room.start()
        self.room.log_in()
        return f"https://127.0.0.1:{self.room.port}"

    def load(self, exam):
        """An exam, as a path or by its file among the banks of the project, and the bank that it names
        beside it."""
        path = os.path.join(TOP, "questions/banks", exam)
        with open(path, encoding="utf-8") as f:
            bank = re.search(r'^bank: *"?([^\s"]+)', f.read(), re.M).group(1)
        self.room.ctl("bank", "load", os.path.join(os.path.dirname(path), bank + ".yaml"))
        self.room.ctl("exam", "load", path)

    def text(self, name, content):
        """A file with this content, for load()."""
        path = os.path.join(self.room.tmp, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(content)
        return path

    def people(self, rows):
        """The roster's rows; one-time passwords by user."""
        path = self.text("roster.csv", "id,name,email,group,role,extra time\n" + "".join(r + "\n" for r in rows))
        out = self.room.ctl("--json", "people", "import", path)
        return json.loads(out.stdout)

    def secret(self, user):
        """A one-time password."""
        return self.room.ctl("people", "reset-password", user).stdout.rsplit(" ", 1)[1].strip()

    def sitting(self, exam, group, title):
        """An open one that admits everybody: its number and slips by user."""
        out = self.room.ctl("--json", "sitting", "create", "--exam", exam, "--title", title, "--group", group)
        number = str(json.loads(out.stdout)["sitting"])
        self.room.ctl("sitting", "open", number)
        self.room.ctl("sitting", "admit", number)
        slips = json.loads(self.room.ctl("--json", "sitting", "slips", number).stdout)
        return {"sitting": number, "slips": {s["user"]: s["slip"] for s in slips}}

    def ctl(self, *argv):
        out = self.room.ctl(*argv).stdout
        try:
            return json.loads(out)
        except ValueError:
            return out

    def status(self):
        return self.room.status()

    def kill_core(self):
        """SIGKILL, and the next one has started."""
        before = self.room.status()["core_pid"]
        os.kill(before, signal.SIGKILL)

        def another():
            status = self.room.status()
            return status and status["core_pid"] != before and status["core_pid"]
        return until("a new core", 30, another)

    def freeze(self):
        self.room.freeze()

    def thaw(self):
        self.room.thaw()

    def audit(self, acks):
        """Stops the server: is each of these, "attempt item seat revision option", on file?"""
        self.room.stop()
        return self.room.audit(self.text("acks", "".join(a + "\n" for a in acks)))

    def end(self):
        self.room.remove()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", required=True)
    house = House(p.parse_args().build)
    try:
        for line in sys.stdin:
            name, *argv = json.loads(line)
            try:
                answer = {"ok": getattr(house, name)(*argv)}
            except (Failed, OSError, KeyError) as e:
                answer = {"failed": f"{name}: {e}"}
            print(json.dumps(answer), flush=True)
    finally:
        house.end()


if __name__ == "__main__":
    main()
