"""What the benchmarks share: an examd with a room, the servers that it is compared with, and
contenders in turn.  Only the standard library; everything on loopback, in temporary directories."""
import glob
import json
import os
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "torture"))
from room import Failed, Lines, Room, run, until  # noqa: E402,F401


def most_descriptors():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def machine():
    model = "unknown"
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        m = re.search(r"^model name\s*: (.*)$", f.read(), re.M)
        model = m.group(1) if m else model
    return {"processor": model, "cores": os.cpu_count(), "kernel": os.uname().release,
            "file system": run("findmnt", "-no", "FSTYPE", "-T", tempfile.gettempdir(), check=False).stdout.strip(),
            "load at the beginning": os.getloadavg()[0],
            "commit": run("git", "rev-parse", "--short", "HEAD", check=False).stdout.strip()}


def missing(*programs):
    """Says what is not installed, and ends."""
    absent = [p for p in programs if shutil.which(p, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None]
    if absent:
        raise SystemExit(f"{', '.join(absent)}: not installed; sh daemon/packages.sh bench installs what the "
                         "benchmarks need")


def cpu_ns(pids):
    """Time on a processor of all threads of these processes."""
    total = 0
    for pid in pids:
        for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
            try:
                with open(path, encoding="ascii") as f:
                    total += int(f.read().split()[0])
            except OSError:
                pass  # the thread has ended
    return total


def pss_kib(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
            total += int(re.search(r"^Pss:\s+(\d+)", f.read(), re.M).group(1))
    return total


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def is_listening(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


def median_of(dicts):
    """The median of each number over the runs."""
    keys = [k for k, v in dicts[0].items() if isinstance(v, (int, float))]
    return {k: statistics.median(d[k] for d in dicts) for k in keys}


def in_turn(runs, *contenders):
    """A B A B ...: each contender is called RUNS times; the medians, one a contender."""
    results = [[] for _ in contenders]
    for _ in range(runs):
        for i, contender in enumerate(contenders):
            results[i].append(contender())
    return [median_of(r) for r in results]


# ---- examd ----------------------------------------------------------------------------------------


class Hall(Room):
    """An installation with persons in groups of several sizes, and a sitting for each run."""

    def __init__(self, build, groups, exam="cpc", *options):
        super().__init__(build)
        self.exam = exam
        self.init()
        self.start("-o", "frames_per_second=1000000", "-o", "frames_burst=1000000", *options)
        self.log_in()
        self.set_up(groups)

    def copy(self):
        """Another installation with the same data; neither runs."""
        other = Hall.__new__(Hall)
        Room.__init__(other, self.build)
        other.exam = self.exam
        shutil.copytree(self.dir, other.dir)
        return other

    def set_up(self, groups):
        banks = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../questions/banks")
        self.ctl("bank", "load", os.path.join(banks, "cpc-style.yaml"))
        self.ctl("exam", "load", os.path.join(banks, self.exam + ".yaml"))
        roster = os.path.join(self.tmp, "roster.csv")
        with open(roster, "w", encoding="utf-8") as f:
            f.write("id,name,email,group,role,extra time\n")
            for name, size in groups.items():
                for i in range(size):
                    f.write(f"{name}{i:05},Candidate {i},{name}{i}@example.org,{name},candidate,0\n")
        self.ctl("people", "import", roster)

    def scheduled(self, group):
        """A new sitting of the group: its number, and a file with its slips."""
        number, slips = self.new_sitting(self.exam, group)
        path = os.path.join(self.tmp, f"slips.{number}")
        with open(path, "w", encoding="utf-8") as f:
            f.write("".join(s + "\n" for s in slips))
        return number, path

    def crowd(self, slips, seconds, *options):
        return Lines(self.load(slips, seconds, *options))

    def close(self, number):
        self.ctl("sitting", "close", number)

    def answers(self, group, seconds, *options):
        """One run of answers: what the load generator says of it, with the server's time on a processor."""
        number, slips = self.scheduled(group)
        load = self.crowd(slips, seconds, *options)
        load.phase("checkin", 120)
        pids = self.pids()
        self.ctl("sitting", "start", number)
        load.phase("start", 120)
        before = cpu_ns(pids)
        result = load.phase("answers", seconds + 120)
        result["cpu_us"] = (cpu_ns(pids) - before) / 1e3 / max(1, result["acked"])
        load.process.wait()
        self.close(number)
        return result


def peer(build, mode, port, *options):
    """One run of the load generator for the others."""
    p = run(os.path.join(build, "tests/peer"), mode, "--server", f"127.0.0.1:{port}", *map(str, options), check=False)
    if p.returncode != 0:
        raise Failed(f"peer {mode}: exit {p.returncode}: {p.stderr}")
    return json.loads(p.stdout)


# ---- The others -------------------------------------------------------------------------------------


class Other:
    """A server of somebody else's, in a directory of its own, with a P-256 key as examd's."""

    def __init__(self):
        self.tmp = tempfile.mkdtemp(prefix="examd-peer-")
        self.port = free_port()
        self.process = None
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-keyout", self.path("key.pem"), "-out", self.path("cert.pem"))

    def path(self, name):
        return os.path.join(self.tmp, name)

    def serve(self, *argv):
        with open(self.path("log"), "ab") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.tmp)
        try:
            until(f"{argv[0]} to listen", 20, lambda: self.process.poll() is not None or is_listening(self.port))
            if self.process.poll() is not None:
                raise Failed(f"{argv[0]} ended with {self.process.returncode}: see {self.path('log')}")
        except Failed:
            self.stop()
            raise

    def pids(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as f:
            return [self.process.pid, *map(int, f.read().split())]

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.tmp, ignore_errors=True)


class Redis(Other):
    """Every SET is on disk before its OK, as examd's answers are."""

    def __init__(self):
        super().__init__()
        self.serve("redis-server", "--port", "0", "--tls-port", str(self.port), "--bind", "127.0.0.1",
                   "--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem", "--tls-ca-cert-file", "cert.pem",
                   "--tls-auth-clients", "no", "--tls-protocols", "TLSv1.3", "--appendonly", "yes",
                   "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0", "--save", "",
                   "--maxclients", "12000", "--dir", self.tmp)


FORM_BYTES = 81920
NGINX_CONF = """
daemon off;
worker_processes auto;
worker_rlimit_nofile 20000;
pid {tmp}/pid;
error_log {tmp}/error.log;
events {{ worker_connections 12000; }}
http {{
	access_log off;
	keepalive_timeout 600s;
	keepalive_requests 1000000;
	ssl_protocols TLSv1.3;
	ssl_session_tickets off;
	ssl_session_cache off;
	open_file_cache max=16;
	client_body_temp_path {tmp}/body;
	proxy_temp_path {tmp}/proxy;
	fastcgi_temp_path {tmp}/fastcgi;
	uwsgi_temp_path {tmp}/uwsgi;
	scgi_temp_path {tmp}/scgi;
	server {{
		listen 127.0.0.1:{port} ssl backlog=8192;
		ssl_certificate {tmp}/cert.pem;
		ssl_certificate_key {tmp}/key.pem;
		root {tmp}/www;
	}}
}}
"""


class Nginx(Other):
    """Sends a file of 80 KB."""

    def __init__(self):
        super().__init__()
        os.chmod(self.tmp, 0o755)  # its workers are another user
        os.mkdir(self.path("www"))
        with open(self.path("www/form"), "wb") as f:
            f.write(os.urandom(FORM_BYTES))
        with open(self.path("conf"), "w", encoding="utf-8") as f:
            f.write(NGINX_CONF.format(tmp=self.tmp, port=self.port))
        self.serve(shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"), "-c", self.path("conf"), "-p", self.tmp)


# ---- What is printed ----------------------------------------------------------------------------------


class Report:
    """Rows of a table in Markdown, and the same as JSON."""

    def __init__(self, title):
        self.result = {"title": title, "machine": machine(), "rows": []}
        m = self.result["machine"]
        print(f"### {title}\n\n{m['processor']}, {m['cores']} cores, Linux {m['kernel']}, {m['file system']}, "
              f"load {m['load at the beginning']:.1f} at the beginning, commit {m['commit']}\n")
        print("| work | peer | examd | ratio | aim | |\n|---|---|---|---|---|---|", flush=True)

    def row(self, work, other, ours, aim, met, unit, digits=0, ratio=True):
        """OTHER None: there is no peer.  MET None: there is no aim, it is only told."""
        number = f"{{:,.{digits}f}}"
        self.result["rows"].append({"work": work, "peer": other, "examd": ours, "aim": aim, "met": met, "unit": unit})
        print(f"| {work} | {'' if other is None else number.format(other) + ' ' + unit} "
              f"| {number.format(ours)} {unit} | {f'{ours / other:.2f}' if other and ratio else ''} | {aim} "
              f"| {'' if met is None else 'met' if met else '**missed**'} |", flush=True)

    def write(self, path):
        print()
        if path:
            with open(path, "w", encoding="utf-8") as f:
                json.dump(self.result, f, indent=1)
                f.write("\n")
