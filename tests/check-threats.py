#!/usr/bin/env python3
"""Walks docs/threat-model.md, "what is held, what is not": python3 tests/check-threats.py [SOURCE]

Each row that claims something names the tests that show it, and each of them is there; each adversarial test is named by a row.
(That "who may do what" is what the code says and does: tests/proto/test_authority.c and test_who_may.c.)
"""
import glob
import os
import re
import sys

SOURCE = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NONE = "–"


def rows(text):
    """The cells of each row of the first table."""
    table = text.split("\n| adversary |", 1)[1].split("\n\n", 1)[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.split("\n")[2:]]


def main():
    with open(os.path.join(SOURCE, "docs/threat-model.md"), encoding="utf-8") as f:
        text = f.read()
    wrong, named = [], set()
    for row in rows(text):
        if len(row) != 4 or not all(row):
            wrong.append(f"a row has not four cells: {row}")
            continue
        adversary, held, _, shown = row
        tests = re.findall(r"`([^`]+)`", shown)
        named.update(tests)
        if (held == NONE) != (not tests):
            wrong.append(f"'{adversary}': what is held is shown by a test, and by nothing where nothing is")
        wrong += [f"'{adversary}' names {test}, which is not there" for test in tests
                  if not os.path.isfile(os.path.join(SOURCE, "tests", test))]
    present = [os.path.relpath(path, os.path.join(SOURCE, "tests")) for folder in ("adversarial", "cli")
               for path in glob.glob(os.path.join(SOURCE, "tests", folder, "adv_*"))]
    wrong += [f"{test} shows what no row claims" for test in sorted(set(present) - named)]
    for line in wrong:
        print(line)
    print(f"{len(named)} tests named, {len(wrong)} wrong")
    return bool(wrong) or not named


if __name__ == "__main__":
    sys.exit(main())
