#!/usr/bin/env python3
"""valgrind_demo.py: a whole small exam with every process of the daemon under valgrind."""
import argparse
import glob
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "torture"), os.path.join(HERE, "..", "faults")]
from room import Failed, Lines, Room, run  # noqa: E402

CANDIDATES = 3


class Watched(Room):
    """examd under valgrind, its children too; each process has a log of its own."""

    def __init__(self, build):
        super().__init__(build)
        self.wrapper = os.path.join(self.tmp, "examd")
        shim = os.path.join(self.tmp, "no_filter.so")
        run("cc", "-shared", "-fPIC", "-o", shim, os.path.join(HERE, "no_filter.c"))
        with open(self.wrapper, "w", encoding="utf-8") as f:
            f.write(f"#!/bin/sh\nexport LD_PRELOAD={shim}\nexec valgrind --quiet --trace-children=yes --leak-check=full "
                    f"--show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect "
                    f"--child-silent-after-fork=no --log-file={self.tmp}/valgrind.%p "
                    f"{super().tool('examd')} \"$@\"\n")
        os.chmod(self.wrapper, 0o755)

    def tool(self, name):
        return self.wrapper if name == "examd" else super().tool(name)


def demo(room):
    room.init()
    # Under valgrind a handshake takes its time.
    room.start("-o", "handshake_ms=60000", "-o", "first_frame_ms=60000", "-o", "fronts=1")
    room.log_in()
    room.fill(CANDIDATES)
    load = Lines(room.load(room.slips, 3, "--submit"))
    load.phase("checkin", 120)
    room.ctl("sitting", "start", room.sitting)
    answers = load.phase("answers", 120)
    load.process.wait()
    if answers["acked"] == 0:
        raise Failed("no answer was acknowledged")
    room.ctl("sitting", "close", room.sitting)
    room.ctl("--json", "results", room.sitting)
    room.process.terminate()
    if room.process.wait(120) != 0:
        raise Failed(f"examd ended with {room.process.returncode}")
    room.process.stdout.close()
    room.process = None
    return answers["acked"]


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--build", required=True)
    room = Watched(p.parse_args().build)
    try:
        acked = demo(room)
        logs = glob.glob(os.path.join(room.tmp, "valgrind.*"))
        bad = [f for f in logs if "==" in open(f, encoding="utf-8", errors="replace").read()]
        for f in bad:
            with open(f, encoding="utf-8", errors="replace") as text:
                print(f"{f}:\n{text.read()[:6000]}")
        print(json.dumps({"acked": acked, "processes": len(logs), "with_errors": len(bad)}))
        return 1 if bad or len(logs) < 4 else 0
    except Failed as e:
        print(f"valgrind_demo: {e}", file=sys.stderr)
        return 1
    finally:
        room.remove()


if __name__ == "__main__":
    sys.exit(main())
