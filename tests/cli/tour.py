#!/usr/bin/env python3
"""Writes docs/tour.md: the consultation of 2014 (consultation.py) with what its offices print.

    GMM=build/test/gmm GMM_TEST_DATA=../shared python3 tests/cli/tour.py > docs/tour.md
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib
from consultation import Story

HEAD = """# A consultation, from the draft to the closing report

Twelve offices of nine participants hold the consultation of 2014. Each is a process of its own (`gmm run`); the prompt says at
which office a command is typed. All that stands in boxes is what the program printed: `tests/cli/tour.py` wrote this text while
it ran `tests/cli/consultation.py`, which is a test as well. Ids are shortened, and the clock of that run is turned to 2014.
"""


PAGE, sys.stdout = sys.stdout, sys.stderr  # lib says which test runs


def tour():
    story = Story()
    story.run()
    text = HEAD + "\n" + story.tour.text()
    PAGE.write(text.replace(lib.WORK + "/desk-", "/media/"))
    PAGE.flush()


if __name__ == "__main__":
    lib.main(tour)
