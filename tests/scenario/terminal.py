"""Programs on the full screen of a real terminal, driven as a person does it: by keys, and by waiting
for what the screen shows."""
import os
import re
import shlex
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "torture"))
from room import Failed, until  # noqa: E402

PATIENCE = 30  # seconds until a screen must show what is waited for


class Desktop:
    """One tmux server; each terminal is a session of its own."""

    def __init__(self, directory):
        self.socket = os.path.join(directory, "tmux")
        self.stderr = os.path.join(directory, "terminals.log")
        self.env = {k: v for k, v in os.environ.items() if k != "TMUX"}
        self.env.update(HOME=directory, LC_ALL="C.UTF-8",
                        EXAMD_KNOWN_SERVERS=os.path.join(directory, "known_servers"))
        self.terminals = []

    def tmux(self, *argv, check=True):
        p = subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", "-u", *argv], env=self.env,
                           capture_output=True, encoding="utf-8", errors="replace", timeout=60)
        if check and p.returncode != 0:
            raise Failed(f"tmux {' '.join(argv)}: {p.stderr}")
        return p.stdout if p.returncode == 0 else None

    def open(self, title, argv, width=80, height=24):
        terminal = Terminal(self, f"t{len(self.terminals)}", title)
        self.tmux("new-session", "-d", "-s", terminal.name, "-x", str(width), "-y", str(height),
                  "exec " + shlex.join(argv) + f" 2>>{shlex.quote(self.stderr)}")
        self.terminals.append(terminal)
        return terminal

    def close(self):
        self.tmux("kill-server", check=False)


class Terminal:
    def __init__(self, desktop, name, title):
        self.desktop, self.name, self.title = desktop, name, title

    def _tmux(self, verb, *argv, check=True):
        return self.desktop.tmux(verb, "-t", f"={self.name}:", *argv, check=check)

    def screen(self):
        """None when the program has ended."""
        return self._tmux("capture-pane", "-p", check=False)

    def press(self, *keys):
        self._tmux("send-keys", *keys)

    def type(self, text):
        self._tmux("send-keys", "-l", text)

    def shows(self, *patterns):
        """Waits until the screen shows all of these at once; returns the match of the last."""
        def look():
            text = self.screen()
            if text is None:
                raise Failed(f"the program of {self.title} has ended; it should show: {' and '.join(patterns)}")
            found = [re.search(p, text, re.MULTILINE) for p in patterns]
            return found[-1] if all(found) else None
        return until(f"{self.title} shows {' and '.join(patterns)}", PATIENCE, look)

    def no_longer_shows(self, pattern):
        def look():
            text = self.screen()
            return text is not None and re.search(pattern, text, re.MULTILINE) is None
        until(f"{self.title} no longer shows {pattern}", PATIENCE, look)

    def has_ended(self):
        until(f"the end of the program of {self.title}", PATIENCE, lambda: self.screen() is None)

    def kill(self):
        """As when the battery is taken out."""
        pid = int(self._tmux("display-message", "-p", "#{pane_pid}"))
        os.kill(pid, signal.SIGKILL)
        self.has_ended()
