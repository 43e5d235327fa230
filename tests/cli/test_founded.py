#!/usr/bin/env python3
"""A circle goes on when the key of the office that founded it is revoked: its participant says that the founding stands, or two others do."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403


def second_office(head, name):
    daemon = head.daemon()
    office = Office(head.participant, name, folder=f"{head.participant}-{name}")
    office.run("join", head.json("invite", "--office", name, "--address", daemon.address)["invite"])
    head.run("office", "add", name, "--yes")
    office.run("sync", "--timeout", "60")
    daemon.stop()
    return office


def posts(office, name, group):
    write(name, f"{name}, from {office.home}\n")
    office.post(name, "--to", group)


def members(office, group):
    return sorted(office.json("group", "show", group)["members"])


def its_participant_speaks(ilo, iom, wb, unu):
    """The office that revokes holds the circles: it says there, at once, what stands."""
    dhaka = second_office(ilo, "dhaka")
    for office in (iom, wb, unu):
        meet(office, ilo)
    dhaka.run("group", "create", "drafting", "--with", "iom,wb", "--history", "full")
    dhaka.run("group", "create", "wide", "--with", "iom,unu", "--history", "full")
    posts(dhaka, "old.txt", "drafting")
    posts(dhaka, "wide.txt", "wide")
    meet(iom, dhaka)
    posts(iom, "iom.txt", "drafting")
    meet(wb, iom)
    meet(ilo, iom)
    assert titles(wb) == ["iom.txt", "old.txt"] and titles(ilo) == titles(iom) == ["iom.txt", "old.txt", "wide.txt"]
    assert titles(unu) == []  # it has met nobody who holds it
    ilo.run("office", "revoke", "dhaka", "--reason", "laptop lost")
    for office in (wb, iom, unu):
        meet(office, ilo)
    assert titles(wb) == ["iom.txt", "old.txt"] and titles(unu) == ["wide.txt"], (titles(wb), titles(unu))
    assert titles(ilo) == titles(iom) == ["iom.txt", "old.txt", "wide.txt"]
    # and goes on: whom its participant adds reads all, whom it takes out nothing new
    ilo.run("group", "add", "drafting", "unu")
    ilo.run("group", "remove", "drafting", "wb")
    posts(ilo, "new.txt", "drafting")
    for office in (iom, wb, unu):
        meet(office, ilo)
    posts(iom, "reply.txt", "drafting")
    meet(unu, iom)
    meet(ilo, iom)
    everything = ["iom.txt", "new.txt", "old.txt", "reply.txt", "wide.txt"]
    assert titles(unu) == titles(ilo) == titles(iom) == everything, titles(unu)
    assert titles(wb) == ["iom.txt", "old.txt"], titles(wb)
    assert members(iom, "drafting") == members(unu, "drafting") == ["ilo", "iom", "unu"]
    for office in (ilo, iom, wb, unu):
        assert office.json("verify", "--all")["ok"]


def two_others_speak(ilo, iom, wb, unu):
    """The office was lost before its participant had heard of the circle: two of its members say what they hold."""
    lima = second_office(ilo, "lima")
    for office in (iom, wb):
        meet(office, ilo)
    lima.run("group", "create", "late", "--with", "iom,wb", "--history", "full")
    posts(lima, "late.txt", "late")
    for office in (iom, wb):
        meet(office, lima)
        assert "late.txt" in titles(office)
    ilo.run("office", "revoke", "lima", "--reason", "laptop lost")
    for office in (iom, wb):
        meet(office, ilo)
        assert "late.txt" not in titles(office)
        office.error(3, "group", "show", "late")
        warnings = office.json("status")["warnings"]
        assert any("in doubt" in w and "gmm office vouch" in w for w in warnings), warnings
    iom.run("office", "vouch", "ilo/lima", "--yes")
    assert "late.txt" not in titles(iom)  # one is not enough
    meet(wb, iom)
    wb.run("office", "vouch", "ilo/lima", "--yes")
    meet(iom, wb)
    meet(ilo, iom)
    for office in (ilo, iom, wb):
        assert "late.txt" in titles(office), titles(office)
        assert members(office, "late") == ["ilo", "iom", "wb"]
        assert not any("in doubt" in w for w in office.json("status")["warnings"])
    posts(ilo, "after.txt", "late")
    meet(wb, ilo)
    assert "after.txt" in titles(wb)


def main_tests():
    offices = network("ilo", "iom", "wb", "unu")
    its_participant_speaks(*offices)
    two_others_speak(*offices)


main(main_tests)
