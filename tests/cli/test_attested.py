#!/usr/bin/env python3
# tier: long
"""What others anchored before the silence ended is attested: an objection that came in time breaks it, also afterwards, and an
office that the coordinator sees no receipt of is reached when its anchors say so."""
import datetime
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib
from consultation import Clock

S = "GMG/2014/WG.1/CRP.2"
DAY = 24 * 3600


def test_attested():
    clock = Clock("2014-03-03T09:00:00")
    ilo, iom, who = offices = lib.network("ilo", "iom", "who")
    hub = ilo.daemon()
    daemons = [hub]
    for office in (iom, who):
        office.run("peer", "add", hub.address)
        daemons.append(office.daemon())
    ilo.run("post", "-", "--to", "all", "--symbol", S, "--lang", "fr", "--yes", data=b"1. Un\n\n2. Deux\n")

    def shown(office):
        done = office.run("--json", "consult", "show", S, status=None)
        return json.loads(done.stdout) if done.returncode == 0 else {"state": None, "objections": []}

    def later(seconds):
        """The clock goes on so far with each question: anchors follow within a day, and within a minute of what is consulted on."""
        clock.set(clock.told(seconds))
        return True

    # Held for days before it is consulted on: the anchor says since when.
    lib.until(lambda: S in who.text("list"))
    lib.until(lambda: later(3600) and all(r["stored"] for r in ilo.json("receipts", S)))
    later(2 * DAY)
    ilo.run("consult", "open", S, "--deadline", clock.told(60 * DAY) + "Z")
    lib.until(lambda: not shown(ilo)["unreached"])
    opened = datetime.datetime.fromisoformat(shown(ilo)["opened"].replace("Z", "+00:00"))
    for one in shown(ilo)["invited"]:
        stored = datetime.datetime.fromisoformat(one["stored"].replace("Z", "+00:00"))
        assert (opened - stored).days >= 1, shown(ilo)

    later(DAY)
    ilo.run("consult", "silence", S, "--until", clock.told(20 * DAY) + "Z")
    lib.until(lambda: shown(who)["state"] == "silence")
    objection = who.json("note", S, "--position", "objection", "Non")["id"]
    lib.until(lambda: shown(iom)["state"] == "broken" and shown(ilo)["state"] == "broken")
    anchored = len(iom.json("log", "--what", "group-anchor", "--from", "iom"))
    lib.until(lambda: later(60) and len(ilo.json("log", "--what", "group-anchor", "--from", "iom")) > anchored)
    clock.set(max(clock.told(0), shown(ilo)["deadline"].rstrip("Z")))
    later(3600)
    for office in offices:
        lib.until(lambda o=office: shown(o)["objections"] and not shown(o)["objections"][0]["asserted"])
        assert shown(office)["state"] == "broken" and shown(office)["objections"][0]["id"] == objection, shown(office)
    for daemon in daemons:
        daemon.stop()
    clock.stop()


if __name__ == "__main__":
    lib.main(test_attested)
