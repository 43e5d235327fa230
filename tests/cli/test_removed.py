#!/usr/bin/env python3
"""Who was removed: with its own files and keys, and every record that others hold, it opens nothing written after its
removal; and what it wrote after its cut appears nowhere. The program is not asked whether it may (tests/cli/walker.py)."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403
from walker import Walker, entries  # noqa: E402


def meet(hub, *others):
    daemon = hub.daemon()
    for office in others:
        office.run("peer", "add", daemon.address)
        office.run("sync", "--timeout", "60")
    for office in others:
        office.run("peer", "remove", daemon.address)
    daemon.stop()


def say(office, text, to):
    return bytes.fromhex(office.json("post", "-", "--to", to, "--title", text, "--yes", data=text.encode())["id"])


def opens(office, homes, ids):
    """Which of these entries its keys open, whoever holds the records."""
    walker = Walker(office.home, homes)
    held = {entry.id: entry for home in homes for entry in entries(home)}
    return [entry.hex()[:8] for entry in ids if walker.reads(held[entry])]


def nowhere(office, entry, text):
    hexed = entry.hex()
    office.run("doctor", "--rebuild")
    assert text not in [item["title"] for item in office.json("list")]
    assert office.json("search", text) in ([], {"hits": []}), office.json("search", text)
    for command in ("show", "notes", "receipts"):
        refused(3, "not-found", [command, hexed], home=office.home)
    refused(3, "not-found", ["get", hexed, "-o", path("never")], home=office.home)
    assert not os.path.exists(path("never"))
    assert all(row["stands"] is False for row in office.json("log") if row["id"] == hexed)
    for folder, _, names in os.walk(office.home):
        for name in names:
            if os.path.isfile(os.path.join(folder, name)):
                with open(os.path.join(folder, name), "rb") as file:
                    assert text.encode() not in file.read(), name


def main_tests():
    ilo, iom, wb = network("ilo", "iom", "wb")
    homes = [office.home for office in (ilo, iom, wb)]
    ilo.run("group", "create", "drafting", "--with", "iom,wb", "--history", "full")
    before = [say(ilo, "before" + to, to) for to in ("all", "drafting", "decent-work")]
    meet(ilo, iom, wb)
    assert opens(wb, homes, before) == opens(iom, homes, before) == [entry.hex()[:8] for entry in before]

    # Taken out of the circle and of a thematic group, not of the network.
    ilo.run("group", "remove", "drafting", "wb")
    ilo.run("group", "remove", "decent-work", "wb")
    after = [say(ilo, "later" + to, to) for to in ("drafting", "decent-work")]
    meet(ilo, iom, wb)
    meet(iom, wb)
    after += [say(iom, "still" + to, to) for to in ("drafting", "decent-work")]
    meet(ilo, iom, wb)
    assert opens(wb, homes, after) == [] and len(opens(iom, homes, after)) == 4
    common = say(ilo, "common", "all")
    meet(ilo, iom, wb)
    assert len(opens(wb, homes, [common])) == 1

    # Suspended, and it has not heard of it: iom, who has not either, takes what it says until ilo tells it.
    ilo.run("roster", "suspend", "wb", "--reason", "no longer answers", "--yes")
    void = say(wb, "toolate", "all")
    meet(wb, iom)
    assert "toolate" in [item["title"] for item in iom.json("list")]
    meet(ilo, iom)
    meet(ilo, wb)
    last = [say(office, "last" + to, to) for office in (ilo, iom) for to in ("all", "drafting", "decent-work")]
    meet(ilo, iom, wb)
    meet(iom, wb)
    assert opens(wb, homes, last) == [] and len(opens(iom, homes, last)) == 6
    assert len(opens(wb, homes, before + [common])) == 4  # it keeps what it had
    assert iom.json("search", "common") not in ([], {"hits": []})
    assert [row["stands"] for row in iom.json("log") if row["id"] == void.hex()] == [False]
    for office in (ilo, iom, wb):
        nowhere(office, void, "toolate")


main(main_tests)
