#!/usr/bin/env python3
"""run.py --build BUILD STORY.scn ...: tells a story to the real programs, one sentence a line.

Prints each sentence when it has come true.  A line that is no sentence, or one that does not come true
within 30 seconds, is an error with file and line; the screens of everybody are shown with it.
  --check   only whether every line is a sentence
  --list    all sentences
  --keep    leave the directory of the installation
Exit status: 0 the story came true, 1 it did not, 2 a line is no sentence, or wrong usage."""
import argparse
import difflib
import os
import re
import subprocess
import sys
import time

from sentences import SENTENCES, WHOEVER, Story
from terminal import Failed


def near(line):
    """Forms that are like it, whoever it is about."""
    plain = {re.sub(r"\[[^\]]*\]|\(\w+\)", "", s.form.replace("LIST", "WHO")): s.form for s in SENTENCES}
    return [plain[p] for p in difflib.get_close_matches(WHOEVER.sub("WHO", line), list(plain), n=3, cutoff=0.4)]


def meaning(line):
    """(function, arguments), or None."""
    for s in SENTENCES:
        m = s.pattern.fullmatch(line)
        if m:
            return s.act, m.groups()
    return None


def read(path):
    """Lines of a story: (place, sentence, function, arguments); errors are printed and make it None."""
    steps, wrong = [], False
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = " ".join(line.split("#")[0].split())
            if not line:
                continue
            found = meaning(line)
            if found is None:
                wrong = True
                print(f"{path}:{number}: no such sentence: {line}", file=sys.stderr)
                for form in near(line):
                    print(f"  near: {form}", file=sys.stderr)
                continue
            steps.append((f"{path}:{number}", line, *found))
    if not steps and not wrong:
        print(f"{path}:1: tells nothing", file=sys.stderr)
    return None if wrong or not steps else steps


def tell(steps, build, keep):
    story = Story(build)
    begun = time.monotonic()
    ok, place, line = False, "", ""
    try:
        for place, line, act, arguments in steps:
            act(story, *arguments)
            story.must_be_sane()
            print(f"{time.monotonic() - begun:6.1f} s  {line}", flush=True)
        ok = True
    except (Failed, OSError, KeyError, subprocess.SubprocessError) as e:
        print(f"{place}: did not come true: {line}\n  {type(e).__name__}: {e}", file=sys.stderr)
        story.show(sys.stderr)
    finally:
        try:
            story.end(keep)
        except (Failed, OSError, subprocess.SubprocessError) as e:
            print(f"{place}: at the end: {e}", file=sys.stderr)
            ok = False
    return ok


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build")
    p.add_argument("--check", action="store_true")
    p.add_argument("--list", action="store_true")
    p.add_argument("--keep", action="store_true")
    p.add_argument("stories", nargs="*")
    a = p.parse_args()
    if a.list:
        print("\n".join(s.form for s in SENTENCES))
        return 0
    if not a.stories or not (a.check or a.build):
        p.print_usage(sys.stderr)
        return 2
    stories = [read(path) for path in a.stories]
    if None in stories:
        return 2
    if a.check:
        return 0
    return 0 if all([tell(steps, os.path.abspath(a.build), a.keep) for steps in stories]) else 1


if __name__ == "__main__":
    sys.exit(main())
