#!/usr/bin/env python3
# tier: long
"""A consultation of 2014 over twelve daemons (consultation.py): the same bytes at every invited office, nothing at the others."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib
from consultation import Story


def test_consultation_2014():
    Story().run()


if __name__ == "__main__":
    lib.main(test_consultation_2014)
