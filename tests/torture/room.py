"""A whole installation for torture runs and benchmarks: data directory, daemon, roster, sitting.

Only the standard library; everything is done through the programs, as a person would."""
import json
import os
import re
import subprocess
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Failed(Exception):
    pass


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


class Room:
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

    def tool(self, name):
        path = {"examd": "daemon/examd", "exam": "client/term/exam", "examctl": "client/ctl/examctl",
                "load": "tests/load", "audit": "tests/audit"}[name]
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
        line = self.process.stdout.readline().decode()
        m = re.search(r"serving on \S+:(\d+), pin (\S+)", line)
        if not m:
            raise Failed(f"examd did not start: {line!r}; see {self.tmp}/log")
        self.port, self.pin = int(m.group(1)), m.group(2)

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

    def ctl(self, *argv, check=True):
        env = dict(os.environ, EXAMCTL_SERVER=f"127.0.0.1:{self.port}", EXAMCTL_PIN=self.pin,
                   EXAMCTL_USER="admin", EXAMCTL_SESSION=os.path.join(self.tmp, "session"),
                   HOME=self.tmp)
        return run(self.tool("examctl"), *argv, check=check, env=env)

    def log_in(self):
        first = self.secret(self.first_password + "\n")
        new = self.secret("correct horse battery staple\n")
        self.ctl("login", "--password-file", first)
        self.ctl("passwd", "--old-password-file", first, "--new-password-file", new)

    def fill(self, candidates, exam="cpc-short"):
        """Bank, exam, roster, an open sitting that admits everybody; slips in a file, one a line."""
        banks = os.path.join(TOP, "questions/banks")
        self.ctl("bank", "load", os.path.join(banks, "cpc-starter.yaml"))
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

    def new_slips(self):
        out = self.ctl("--json", "sitting", "slips", self.sitting)
        path = os.path.join(self.tmp, "slips")
        with open(path, "w", encoding="utf-8") as f:
            for line in json.loads(out.stdout):
                f.write(line["slip"] + "\n")
        return path

    def pin_hex(self):
        import base64
        return base64.urlsafe_b64decode(self.pin + "=" * (-len(self.pin) % 4)).hex()

    def load(self, slips, seconds, *options):
        return subprocess.Popen(
            [self.tool("load"), "--server", f"127.0.0.1:{self.port}", "--pin", self.pin_hex(),
             "--slips", slips, "--seconds", str(seconds), *options],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
