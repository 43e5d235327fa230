#!/usr/bin/env python3
"""A clock that is wrong: status says by how much, and with three others heard nothing is signed until it is set."""
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403

WRONG_MS = 20 * 60 * 1000


def wrong():
    """The environment of a machine whose clock is 20 minutes ahead."""
    return environment(GMM_TEST_CLOCK=str(int(time.time() * 1000) + WRONG_MS))


def offset(office, **how):
    return office.json("status", **how)["clock_offset_ms"]


def hear(office, *others, **how):
    """The office runs, with this clock, while the others sync with it."""
    daemon = office.daemon(**how)
    for other in others:
        other.run("peer", "add", daemon.address)
        other.run("sync", "--timeout", "60")
        other.run("peer", "remove", daemon.address)
    daemon.stop()


def test_all():
    text = write("text.txt", "text")
    alone = found("who")
    assert offset(alone) is None
    ilo, iom, unhcr, undp = network("ilo", "iom", "unhcr", "undp")
    for office in (ilo, iom):
        status = office.json("status")
        assert abs(status["clock_offset_ms"]) < 60000 and status["warnings"] == [], status
    posted = ilo.json("post", text, "--to", "all")["id"]

    hear(ilo, iom, unhcr, env=wrong())
    if abs(offset(ilo)) < 60000:
        print("skipped: this build takes no clock from the environment")
        shutil.rmtree(WORK)
        sys.exit(77)
    status = ilo.json("status", env=wrong())
    assert abs(status["clock_offset_ms"] - WRONG_MS) < 60000, status
    assert len(status["warnings"]) == 1 and "ahead" in status["warnings"][0], status
    ilo.run("post", text, "--to", "all", "--once", "two are not enough")

    hear(ilo, undp, env=wrong())
    status = ilo.json("status", env=wrong())
    assert abs(status["clock_offset_ms"] - WRONG_MS) < 60000, status
    assert len(status["warnings"]) == 1 and "nothing is signed" in status["warnings"][0], status
    before = ilo.json("list")
    for command in (["post", text, "--to", "all"], ["note", posted, "x"], ["group", "create", "c", "--with", "iom"]):
        refused(1, "clock", command, "ahead of", "this machine's clock", home=ilo.home, env=wrong())
    assert ilo.json("list") == before and ilo.run("get", posted).stdout == b"text"

    refused(1, "clock", ["post", text, "--to", "all"], "ahead of", home=ilo.home)  # it is set: two others will confirm it
    hear(ilo, iom, unhcr)
    assert abs(offset(ilo)) < 60000
    ilo.run("post", text, "--to", "all")
    assert ilo.json("status")["warnings"] == []


main(test_all)
