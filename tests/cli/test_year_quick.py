#!/usr/bin/env python3
"""The year of tests/cli/year.py with six participants and a laptop."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import main  # noqa: E402
from year import Year  # noqa: E402


def a_year():
    rows = [(p, p.upper(), "observer" if p == "unu" else "member") for p in ("ilo", "iom", "wb", "undp", "who", "unu")]
    Year(rows, suspended="who", expelled="undp").run()


main(a_year)
