#!/usr/bin/env python3
# tier: long
"""The year of tests/cli/year.py with the sixteen of the group, as the corpus names them."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from corpus import folder  # noqa: E402
from lib import main  # noqa: E402
from year import Year  # noqa: E402


def rows():
    """Fifteen headquarters, ilo first, and UNU, which joins as an observer."""
    found = []
    with open(os.path.join(folder(), "participants.tsv"), encoding="utf-8") as f:
        names = f.readline().lstrip("#").rstrip("\n").split("\t")
        for line in f:
            row = dict(zip(names, line.rstrip("\n").split("\t")))
            participant, _, level = row["id"].partition("-")
            if level == "hq" or participant == "unu":
                found.append((participant, row["name_en"], row["kind"]))
    return found


def a_year():
    sixteen = rows()
    assert len(sixteen) == 16, sixteen
    Year(sixteen, suspended="who", expelled="undp").run()


main(a_year)
