#!/usr/bin/env python3
"""A lost office wrote what the holder of the root had not seen: its revocation does not name it, and two others vouch for it."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403


def main_tests():
    ilo, iom, wb = network("ilo", "iom", "wb")
    daemon = ilo.daemon()
    dhaka = Office("ilo", "dhaka", folder="ilo-dhaka")
    dhaka.run("join", ilo.json("invite", "--office", "dhaka", "--address", daemon.address)["invite"])
    ilo.run("office", "add", "dhaka", "--yes")
    dhaka.run("sync", "--timeout", "60")
    daemon.stop()
    for office in (iom, wb):
        meet(office, ilo)
    ilo.run("group", "create", "drafting", "--with", "iom", "--history", "full")
    ilo.run("group", "create", "three", "--with", "iom,wb", "--history", "full")
    meet(dhaka, ilo)
    write("circle.txt", "what the circle has of dhaka\n")
    dhaka.post("circle.txt", "--to", "drafting")
    meet(ilo, dhaka)
    meet(iom, ilo)
    meet(iom, ilo)
    assert "circle.txt" in titles(iom)
    write("report.txt", "what iom and wb have and ilo has not\n")
    dhaka.post("report.txt", "--to", "all")
    write("three.txt", "likewise, in a circle\n")
    dhaka.post("three.txt", "--to", "three")
    assert "not revoked" in iom.error(3, "office", "vouch", "ilo/dhaka", "--yes")["message"]
    meet(iom, dhaka)
    meet(wb, ilo)
    meet(wb, dhaka)
    meet(wb, dhaka)
    meet(iom, dhaka)
    assert titles(wb) == ["report.txt", "three.txt"] and titles(iom) == ["circle.txt", "report.txt", "three.txt"] and titles(ilo) == ["circle.txt"]

    ilo.run("office", "revoke", "dhaka", "--reason", "laptop lost")
    assert "nothing of this key is held" in ilo.error(3, "office", "vouch", "dhaka", "--yes")["message"]
    meet(iom, ilo)
    meet(wb, ilo)
    # who revokes says inside its circles what stands there
    assert titles(iom) == titles(ilo) == ["circle.txt"] and titles(wb) == []
    assert [row["what"] for row in iom.json("log", "--to", "drafting") if row["what"] == "cut"] == ["cut"]

    assert iom.error(3, "office", "vouch", "ilo/lima", "--yes")["code"] == "not-found"
    vouched = iom.json("office", "vouch", "ilo/dhaka", "--yes")
    assert vouched["by"] == "office" and vouched["logs"] >= 1 and vouched["office"] == "dhaka", vouched
    assert titles(iom) == ["circle.txt"]  # one participant is not enough
    meet(wb, iom)
    assert titles(wb) == []
    assert "second participant" in wb.text("office", "vouch", vouched["node"][:12], "--yes")
    assert titles(wb) == ["report.txt", "three.txt"]
    meet(ilo, wb)
    meet(iom, ilo)
    for office in (ilo, iom, wb):
        assert titles(office) == [*(["circle.txt"] if office is not wb else []), "report.txt", "three.txt"], titles(office)
        assert office.json("verify", "--all")["ok"]
    # now that it is held where the root is, the root may say so as well
    assert ilo.json("office", "vouch", "dhaka", "--yes")["by"] == "root"
    meet(iom, ilo)
    assert titles(iom) == ["circle.txt", "report.txt", "three.txt"] and iom.json("verify", "--all")["ok"]


main(main_tests)
