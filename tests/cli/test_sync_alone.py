#!/usr/bin/env python3
"""A command that waits for the network, where nobody is there: it ends by itself."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403


def test_all():
    ilo = found("ilo")
    # no address is known, no event will ever come: the answer must not wait for one
    ilo.error(5, "sync")
    ilo.error(5, "sync", "--timeout", "60")
    daemon = ilo.daemon("--no-listen")
    ilo.error(5, "sync")
    daemon.stop()


main(test_all)
