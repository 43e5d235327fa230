#!/usr/bin/env python3
"""Ten thousand notes on one document: how long notes, matrix and inbox take, as whole processes, with and without a daemon.

    GMM=build/release/gmm python3 tests/bench/notes.py [NOTES]

Each is to stay below one second. The exit status is 1 when one does not: this is no test of the tiers, for it measures time.
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
import lib

NOTES = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
LIMIT_S = 1.0


def seconds(office, *args):
    best = 1e9
    for _ in range(3):
        begin = time.monotonic()
        office.run(*args)
        best = min(best, time.monotonic() - begin)
    return best


def measured():
    ilo = lib.found()
    lib.write("draft.txt", "".join(f"{i}. Paragraph number {i} of the draft.\n\n" for i in range(1, 201)))
    lib.write("note.txt", "A remark of some words, as people write them in the margin of a draft.")
    ilo.post("draft.txt", "--to", "all", "--symbol", "GMG/2014/1")
    lib.write("notes.tsv", "path\tkind\tparent\tanchor\tposition\n" +
              "".join(f"note.txt\tnote\tGMG/2014/1\t{i % 200 + 1}\tcomment\n" for i in range(NOTES)))
    ilo.run("post", "--batch", lib.path("notes.tsv"), timeout=600)
    slow = []
    for where in "command", "daemon":
        daemon = ilo.daemon("--no-listen") if where == "daemon" else None
        for args in (["notes", "GMG/2014/1"], ["--json", "notes", "GMG/2014/1"], ["matrix", "GMG/2014/1", "--format", "csv"],
                     ["matrix", "GMG/2014/1", "--format", "json"], ["inbox"]):
            took = seconds(ilo, *args)
            print(f"{where:8} {' '.join(args):40} {took:7.3f} s", flush=True)
            if took >= LIMIT_S:
                slow.append(args)
        if daemon:
            daemon.stop()
    assert not slow, slow


if __name__ == "__main__":
    lib.main(measured)
