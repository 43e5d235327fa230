#!/usr/bin/env python3
"""What docs/tour.md types can still be typed: its commands exist, and their help knows each option. (What they print is held by
test_consultation_2014.py, which plays the same story.)"""
import os
import re
import shlex
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib

SOURCE = os.environ["GMM_SOURCE"]
PROMPT = re.compile(r"^[a-z-]+/[a-z]+\$ gmm (.+)$", re.M)


def text(*names):
    with open(os.path.join(SOURCE, *names), encoding="utf-8") as f:
        return f.read()


def help_of(words):
    """The command that these words begin with, and its help."""
    for n in (2, 1):
        done = lib.gmm("help", *words[:n], status=None)
        if len(words) >= n and done.returncode == 0:
            return " ".join(words[:n]), done.stdout.decode()
    raise lib.Failed(f"docs/tour.md types 'gmm {' '.join(words)}', and there is no such command")


def test_tour():
    typed = [shlex.split(line) for line in PROMPT.findall(text("docs", "tour.md"))]
    seen = set()
    for words in typed:
        command, said = help_of(words)
        seen.add(command)
        for option in (w for w in words[1:] if re.fullmatch(r"-[a-z]|--[a-z-]+", w)):
            assert re.search(rf"^  {option}\b", said, re.M), f"docs/tour.md: gmm {command} has no {option}\n{said}"
    wanted = {"group create", "post", "inbox", "get", "note", "clear", "release", "matrix", "matrix import", "diff", "consult open",
              "consult round", "consult silence", "consult show", "consult reopen", "consult close", "consult report", "resolve",
              "bundle export", "bundle import", "verify"}
    assert wanted <= seen, wanted - seen
    assert "docs/tour.md" in text("README.md")


if __name__ == "__main__":
    lib.main(test_tour)
