"""A whole installation for torture runs and benchmarks: data directory, daemon, roster, sitting.

Only the standard library; everything is done through the programs, as a person would."""
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Failed(Exception):
    pass


def verdict(test, *broken):
    """Runs a test and says how it went; returns the exit status.  BROKEN are the exceptions that, like Failed,
    tell of a promise that was not kept; any other is a mistake of the test, and is told in full."""
    try:
        test()
    except (Failed, *broken) as e:
        print(f"FAILED: {e}")
        return 1
    print("passed")
    return 0


def run(*argv, check=True, **kw):
    p = subprocess.run(argv, capture_output=True, text=True, timeout=120, **kw)
    if check and p.returncode != 0:
        raise Failed(f"{' '.join(argv)}: exit {p.returncode}\n{p.stdout}{p.stderr}")
    return p


def until(what, seconds, test):
    """Polls a condition of another process; its absence after SECONDS is a failure."""
    end = time.monotonic() + seconds
    while True:
        value = test()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"waited {seconds} s in vain: {what}")
        time.sleep(0.01)


class Lines:
    """What a process prints, one JSON object a line, to be waited for with a limit."""

    def __init__(self, process):
        self.process = process
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def next(self, seconds=30):
        """None at the end."""
        try:
            return self._lines.get(timeout=seconds)
        except queue.Empty:
            raise Failed(f"{self.process.args[0]} said nothing for {seconds} s") from None

    def phase(self, name, seconds=30):
        """The line of this phase of the load generator."""
        while True:
            line = self.next(seconds)
            if line is None:
                raise Failed(f"{self.process.args[0]} ended before {name}: exit {self.process.wait()}")
            if line["phase"] == name:
                return line

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Room:
    """As `with Room(build) as room`: what comes to a good end is removed; what does not is ended and kept, for
    whoever looks into it."""
    password = "correct horse battery staple"

    def __init__(self, build, directory=None, env=None):
        self.build = build
        self.tmp = directory or tempfile.mkdtemp(prefix="examd-")
        os.makedirs(self.tmp, exist_ok=True)
        self.dir = os.path.join(self.tmp, "data")
        self.log = open(os.path.join(self.tmp, "log"), "ab")
        self.env = dict(os.environ, **(env or {}))
        self.port = 0
        self.pin = ""
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.remove()
        else:
            self.kill()
            print(f"kept: {self.tmp}", file=sys.stderr)

    def tool(self, name):
        path = {"examd": "examd", "exam": "exam", "examctl": "examctl",
                "load": "tests/load", "audit": "tests/audit", "crowd": "tests/crowd"}[name]
        return os.path.join(self.build, path)

    def secret(self, text):
        fd, path = tempfile.mkstemp(dir=self.tmp)
        os.write(fd, text.encode())
        os.close(fd)
        return path

    def init(self):
        out = run(self.tool("examd"), "init", self.dir, "--admin", "admin").stdout
        m = re.search(r"password[^:\n]*: *(\S+)", out)
        if not m:
            raise Failed("init printed no one-time password:\n" + out)
        self.first_password = m.group(1)

    def start(self, *options):
        self.process = subprocess.Popen(
            [self.tool("examd"), "run", "-d", self.dir, "-o", f"listen=127.0.0.1:{self.port}", *options],
            stdout=subprocess.PIPE, stderr=self.log, env=self.env)
        line = self._first_line(30)
        m = re.search(r"serving on \S+:(\d+), pin (\S+)", line)
        if not m:
            raise Failed(f"examd did not start: {line!r}; see {self.tmp}/log")
        self.port, self.pin = int(m.group(1)), m.group(2)

    def _first_line(self, seconds):
        """Empty when it ended; it waits as long as its disk is full."""
        lines = queue.Queue()
        threading.Thread(target=lambda p=self.process: lines.put(p.stdout.readline().decode()), daemon=True).start()
        try:
            return lines.get(timeout=seconds)
        except queue.Empty:
            raise Failed(f"examd said nothing for {seconds} s; see {self.tmp}/log") from None

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            if self.process.wait(10) != 0:
                raise Failed(f"examd ended with {self.process.returncode}")
            self.process.stdout.close()
            self.process = None

    def status(self):
        p = run(self.tool("examd"), "status", "-d", self.dir, "--json", check=False)
        return json.loads(p.stdout) if p.returncode == 0 else None

    def pids(self):
        """All processes of the installation that live now."""
        s = until("status", 30, self.status)
        return [self.process.pid, s["core_pid"], *[f["pid"] for f in s["fronts"]]]

    def kill(self):
        """Ends everything at once: children go with their supervisor."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def remove(self):
        self.kill()
        self.log.close()
        shutil.rmtree(self.tmp, ignore_errors=True)

    def clone(self, env=None):
        """Another installation that begins where this one, which does not run, stands."""
        other = Room(self.build, env=env)
        shutil.copytree(self.dir, other.dir)
        for name in ("session", "slips"):
            if os.path.exists(os.path.join(self.tmp, name)):
                shutil.copy(os.path.join(self.tmp, name), other.tmp)
        other.port, other.pin = self.port, self.pin
        other.sitting = self.sitting
        other.slips = os.path.join(other.tmp, "slips")
        return other

    def audit(self, *acks):
        """Of an installation that does not run: what was acknowledged is on file, and all is whole."""
        p = run(self.tool("audit"), self.dir, *acks, check=False)
        if not p.stdout:
            raise Failed(f"audit: exit {p.returncode}: {p.stderr}")
        result = json.loads(p.stdout)
        result["integrity"] = run("sqlite3", os.path.join(self.dir, "examd.db"),
                                  "pragma integrity_check").stdout.strip()
        result["held"] = p.returncode == 0 and result["integrity"] == "ok"
        return result

    def query(self, sql):
        """Rows of the database.  Of a running daemon's they are read as any reader of SQLite does: a copy of
        database and log, with a checkpoint between the two, would be of no moment.  What a dead one
        left is copied, so that nothing recovers it but the next start."""
        path = os.path.join(self.dir, "examd.db")
        if self.process is not None and self.process.poll() is None:
            out = run("sqlite3", "-readonly", "-cmd", ".timeout 10000", "-json", path, sql).stdout
            return json.loads(out) if out.strip() else []
        with tempfile.TemporaryDirectory(dir=self.tmp) as d:
            for name in (path, path + "-wal"):
                if os.path.exists(name):
                    shutil.copy(name, d)
            out = run("sqlite3", "-json", os.path.join(d, "examd.db"), sql).stdout
        return json.loads(out) if out.strip() else []

    def ctl(self, *argv, check=True, port=None, env=None):
        env = {**os.environ, "EXAMCTL_SERVER": f"127.0.0.1:{port or self.port}", "EXAMCTL_PIN": self.pin,
               "EXAMCTL_USER": "admin",
               "EXAMCTL_SESSION": os.path.join(self.tmp, f"session.{port}" if port else "session"),
               "HOME": self.tmp, **(env or {})}
        return run(self.tool("examctl"), *argv, check=check, env=env)

    def freeze(self):
        self.stopped = self.pids()
        for pid in self.stopped:
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in reversed(self.stopped):
            os.kill(pid, signal.SIGCONT)

    def log_in(self):
        first = self.secret(self.first_password + "\n")
        new = self.secret(self.password + "\n")
        self.ctl("login", "--password-file", first)
        self.ctl("passwd", "--password-file", first, "--new-password-file", new)

    def fill(self, candidates, exam="cpc-short"):
        """Bank, exam, roster, an open sitting that admits everybody; slips in a file, one a line."""
        banks = os.path.join(TOP, "questions/banks")
        self.ctl("bank", "load", os.path.join(banks, "cpc-style.yaml"))
        self.ctl("exam", "load", os.path.join(banks, exam + ".yaml"))
        roster = os.path.join(self.tmp, "roster.csv")
        with open(roster, "w", encoding="utf-8") as f:
            f.write("id,name,email,group,role,extra time\n")
            for i in range(candidates):
                f.write(f"c{i:05},Candidate {i},c{i}@example.org,room,candidate,0\n")
        self.ctl("people", "import", roster)
        out = self.ctl("--json", "sitting", "create", "--exam", exam, "--title", "Torture", "--group", "room")
        self.sitting = str(json.loads(out.stdout)["sitting"])
        self.ctl("sitting", "open", self.sitting)
        self.ctl("sitting", "admit", self.sitting)
        return self.new_slips()

    def new_sitting(self, exam="cpc-short", group="room"):
        """Another sitting of the same people, open; returns its number and its slips."""
        out = self.ctl("--json", "sitting", "create", "--exam", exam, "--title", "Torture", "--group", group)
        number = str(json.loads(out.stdout)["sitting"])
        self.ctl("sitting", "open", number)
        self.ctl("sitting", "admit", number)
        slips = json.loads(self.ctl("--json", "sitting", "slips", number).stdout)
        return number, [s["slip"] for s in slips]

    def new_slips(self):
        out = self.ctl("--json", "sitting", "slips", self.sitting)
        path = os.path.join(self.tmp, "slips")
        with open(path, "w", encoding="utf-8") as f:
            for line in json.loads(out.stdout):
                f.write(line["slip"] + "\n")
        self.slips = path
        return path

    def slip_list(self):
        with open(self.slips, encoding="utf-8") as f:
            return f.read().split()

    def pin_hex(self):
        import base64
        return base64.urlsafe_b64decode(self.pin + "=" * (-len(self.pin) % 4)).hex()

    def load(self, slips, seconds, *options, port=None):
        return subprocess.Popen(
            [self.tool("load"), "--server", f"127.0.0.1:{port or self.port}", "--pin", self.pin_hex(),
             "--slips", slips, "--seconds", str(seconds), *options],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
