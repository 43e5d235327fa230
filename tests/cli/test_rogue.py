#!/usr/bin/env python3
# tier: long
"""The chair of term 2 turns: it admits sixty puppets and suspends everybody. Who was on the roster when its term was opened
replaces it, over real processes; nothing that it did beyond the ballots' cuts is left."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import Office, main, network, path, refused  # noqa: E402

PUPPETS = 60
SOON, FAR = "2026-01-01", "2099-01-01"


def meet(hub, *others):
    """Twice, so that each has what the others brought."""
    daemon = hub.daemon()
    for office in others:
        office.run("peer", "add", daemon.address)
    for office in [*others, *others]:
        office.run("sync", "--timeout", "120")
    for office in others:
        office.run("peer", "remove", daemon.address)
    daemon.stop()


def puppet(rogue, name):
    office = Office(name)
    rogue.run("invite", "--for", name, "--offline", "-o", path("inv"))
    office.run("join", "@" + path("inv"), "--offline", "-o", path("card"))
    rogue.run("roster", "add", "--card", path("card"), "--yes")
    for file in ("inv", "card"):
        os.unlink(path(file))


def statuses(office):
    return {row["participant"]: row["status"] for row in office.json("roster")}


def a_rogue_chair():
    ilo, iom, wb, who = every = network("ilo", "iom", "wb", "who")
    ilo.run("role", "give", "chair", "wb", "--from", SOON, "--until", FAR)
    meet(ilo, iom, wb, who)
    wb.run("role", "accept")
    meet(wb, ilo, iom, who)
    assert [office.json("role", "show")["chair"] for office in every] == ["wb"] * 4
    ilo.run("role", "elect", "iom", "--until", FAR)  # its cuts: what ilo holds of the chair
    for i in range(PUPPETS):
        puppet(wb, f"puppet-{i}")
    for office in (ilo, iom, who):
        wb.run("roster", "suspend", office.participant, "--reason", "in the way")
    meet(wb, ilo, iom, who)
    assert all(len(office.json("roster")) == 4 + PUPPETS for office in every)
    assert statuses(who)["iom"] == "suspended" and who.json("role", "show")["chair"] == "wb"
    iom.run("role", "ballot", "iom")
    meet(ilo, iom, who)
    assert who.json("role", "show")["chair"] == "wb"  # two of four
    who.run("role", "ballot", "iom")
    meet(ilo, iom, who, wb)
    for office in every:
        shown = office.json("role", "show")
        assert (shown["term"], shown["chair"], shown["terms"][2]["how"]) == (3, "iom", "election"), shown
        assert statuses(office) == {"ilo": "active", "iom": "active", "wb": "active", "who": "active"}, statuses(office)
    refused(4, "not-permitted", ["roster", "suspend", "iom"], "only the chair of term 3", home=wb.home)
    iom.run("roster", "suspend", "wb", "--reason", "turned")
    meet(iom, ilo, who, wb)
    for command in (["roster"], ["role", "history"], ["roster", "history"], ["group", "show", "all"]):
        shown = [office.json(*command) for office in every]
        assert all(s == shown[0] for s in shown), (command, shown)


main(a_rogue_chair)
