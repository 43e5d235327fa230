#!/usr/bin/env python3
"""Offices of one participant: renewed, revoked while half of the network is cut off, and begun anew. Product story 21."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403


def second_office(head, daemon, name, folder):
    """An office of the head's participant, certified over the network; what `office add` shows of it."""
    office = Office(head.participant, name, folder=folder)
    invite = head.json("invite", "--office", name, "--address", daemon.address)["invite"]
    office.run("join", invite)
    more(head.json("office", "add", name, "--yes"), 1)
    office.run("sync", "--timeout", "60")
    return office


def more(done, offices):
    """Who reads is shown before and after: the members stay the same, an office comes or goes."""
    shown = {group["name"]: group for group in done["groups"]}
    assert "all" in shown and "internal" in shown, done
    for group in done["groups"]:
        assert group["member"] and group["members"] == group["before"]["members"], group
        assert group["offices"] == group["before"]["offices"] + offices, group


def offices(of, participant, name):
    """Every key that this office's name had, as one home sees it: node → row."""
    return {row["node"]: row for row in of.json("office") if (row["participant"], row["office"]) == (participant, name)}


def one(of, participant, name):
    rows = list(offices(of, participant, name).values())
    assert len(rows) == 1, rows
    return rows[0]


def titles(office):
    return sorted(item["title"] for item in office.json("list", "--kind", "document"))


def meet(here, there, seconds="60"):
    """One sync of a home with another's daemon, and nobody else."""
    for peer in here.json("peer"):
        here.run("peer", "remove", peer["address"], status=None)
    daemon = there.daemon()
    here.run("peer", "add", daemon.address)
    done = here.run("sync", "--timeout", seconds, status=None)
    daemon.stop()
    return done.returncode


def renewals(ilo, iom, dhaka):
    before = one(ilo, "ilo", "dhaka")
    assert before["status"] == "active" and before["roles"] == [], before
    assert "root" in dhaka.error(4, "office", "renew", "dhaka")["message"]
    assert ilo.error(3, "office", "renew", "lima")["code"] == "not-found"
    assert "ended" in ilo.error(2, "office", "renew", "dhaka", "--until", "2001-01-01")["message"]
    assert "not an address" in ilo.error(2, "office", "renew", "dhaka", "--address", "no port")["message"]
    assert "--role" in ilo.error(2, "office", "renew", "dhaka", "--role", "king")["message"]
    ilo.error(2, "office", "renew", "dhaka", "--role", "none", "--role", "vote")
    after = ilo.json("office", "renew", "dhaka", "--until", "2099-01-01", "--role", "revoke", "--role", "vote")
    assert after["node"] == before["node"] and after["expires"] == "2099-01-01T00:00:00Z", after
    assert after["roles"] == ["vote", "revoke"], after
    assert "Renewed" in ilo.text("office", "renew", "dhaka", "--address", "dhaka.example.org:4460")
    kept = one(ilo, "ilo", "dhaka")
    assert kept["roles"] == ["vote", "revoke"] and kept["expires"] != after["expires"], kept
    assert meet(iom, ilo) == 0
    assert one(iom, "ilo", "dhaka")["roles"] == ["vote", "revoke"]


def warnings_of_expiry(ilo, dhaka):
    """Where the root is, and in the office itself; no office is lost by it, for a renewal lets it in again."""
    import datetime
    soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=10)).strftime("%Y-%m-%d")
    ilo.run("office", "renew", "dhaka", "--until", soon)
    assert any("office dhaka ends" in w for w in ilo.json("status")["warnings"]), ilo.json("status")
    assert meet(dhaka, ilo) == 0
    assert any("ends on " + soon in w for w in dhaka.json("status")["warnings"]), dhaka.json("status")
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=30)
    clock = environment(GMM_TEST_CLOCK=str(int(later.timestamp() * 1000)))
    assert any("ended on" in w for w in dhaka.json("status", env=clock)["warnings"])
    assert {r["status"] for r in ilo.json("office", env=clock) if r["office"] == "dhaka"} == {"expired"}
    ilo.run("office", "renew", "dhaka")
    assert meet(dhaka, ilo) == 0
    assert not any("certificate" in w for w in dhaka.json("status")["warnings"])


def who_may_not_revoke(ilo, iom, dhaka):
    assert "you work at" in ilo.error(2, "office", "revoke", "hq")["message"]
    assert ilo.error(3, "office", "revoke", "lima")["code"] == "not-found"
    # iom's offices are iom's
    node = one(ilo, "iom", "hq")["node"]
    ilo.error(3, "office", "revoke", node[:12])
    iom.error(3, "office", "revoke", "dhaka")
    assert "control characters" in ilo.error(2, "office", "revoke", "dhaka", "--reason", "a\nb")["message"]


def the_lost_laptop(ilo, iom, wb, unu, dhaka):
    """The thief goes on with the laptop where nobody has heard; when the halves meet, all that it did there is gone."""
    write("known.txt", "what all hold\n")
    write("stolen.txt", "what the thief wrote\n")
    dhaka.post("known.txt", "--to", "all")
    for other in (ilo, iom, wb, unu):
        assert meet(dhaka, other) == 0
    node = one(ilo, "ilo", "dhaka")["node"]
    revoked = ilo.json("office", "revoke", "dhaka", "--reason", "laptop lost")
    assert revoked["status"] == "revoked" and revoked["node"] == node and revoked["logs"] >= 1, revoked
    more(revoked, -1)
    assert "already" in ilo.error(1, "office", "revoke", "dhaka")["message"]
    assert "already" in ilo.error(1, "office", "revoke", node[:8])["message"]
    assert "revoked" in ilo.error(4, "office", "renew", "dhaka")["message"]
    assert meet(iom, ilo) == 0  # one half: ilo and iom
    assert offices(iom, "ilo", "dhaka")[node]["status"] == "revoked"

    # the other half: wb and unu trade with the thief
    dhaka.post("stolen.txt", "--to", "all")
    assert meet(dhaka, wb) == 0 and meet(unu, wb) == 0
    assert "stolen.txt" in titles(wb) and "stolen.txt" in titles(unu)
    # nobody of the first half opens a session with it, whoever dials
    assert meet(dhaka, iom, "20") == 5 and meet(iom, dhaka, "20") == 5 and meet(dhaka, ilo, "20") == 5
    assert "stolen.txt" not in titles(iom)

    # healed, while the thief has an open session
    w, i = wb.daemon(), iom.daemon()
    for peer in dhaka.json("peer"):
        dhaka.run("peer", "remove", peer["address"])
    dhaka.run("peer", "add", w.address)
    d = dhaka.daemon("--no-listen")

    def thief_connected():
        return any(p["office"] == "dhaka" and p["state"] == "connected" for p in wb.json("peer"))
    until(thief_connected)
    wb.run("peer", "add", i.address)

    def wb_knows():
        return offices(wb, "ilo", "dhaka")[node]["status"] == "revoked"
    until(wb_knows)

    def thief_gone():
        return not thief_connected()
    until(thief_gone)
    # it was told as well, and is let in no more
    assert any("revoked" in warning for warning in dhaka.json("status")["warnings"])
    assert "stolen.txt" not in titles(wb) and "known.txt" in titles(wb)
    d.stop()
    w.stop()
    i.stop()
    assert meet(dhaka, wb, "20") == 5
    assert meet(unu, iom) == 0
    for office in (ilo, iom, wb, unu):
        assert titles(office) == ["known.txt"], (office.participant, titles(office))
        assert office.json("verify", "--all")["ok"]
    # kept as evidence: an auditor sees what was tried, under which key, and why it has no effect
    void = wb.json("log", "--void", "--what", "document")
    assert [(row["key"], row["office"], row["stands"]) for row in void] == [(node, "dhaka", False)], void
    assert "revoked from entry" in void[0]["reason"], void
    told = unu.json("log", "--what", "revocation")
    assert [(row["participant"], row["subject"], row["text"]) for row in told] == [("ilo", "dhaka", "laptop lost")], told
    assert void[0]["id"] in [row["id"] for row in wb.json("log", "--from", "ilo/dhaka")]


def nothing_is_lost(ilo, unu):
    """The office begins anew under its name, and reads what there was."""
    daemon = ilo.daemon()
    again = second_office(ilo, daemon, "dhaka", "ilo-dhaka-again")
    write("back.txt", "we are back\n")
    again.post("back.txt", "--to", "all")
    again.run("sync", "--timeout", "60")
    assert titles(again) == ["back.txt", "known.txt"], titles(again)
    rows = offices(ilo, "ilo", "dhaka")
    assert sorted(row["status"] for row in rows.values()) == ["active", "revoked"], rows
    unu.run("peer", "add", daemon.address)
    unu.run("sync", "--timeout", "60")
    daemon.stop()
    assert titles(unu) == ["back.txt", "known.txt"]


def by_the_role(ilo, iom):
    """The root may be far away: an office with the role revokes; without it, it may not."""
    daemon = ilo.daemon()
    geneva = second_office(ilo, daemon, "geneva", "ilo-geneva")
    lima = second_office(ilo, daemon, "lima", "ilo-lima")
    geneva.run("sync", "--timeout", "60")
    assert "role revoke" in geneva.error(4, "office", "revoke", "lima")["message"]
    ilo.run("office", "renew", "geneva", "--role", "revoke")
    geneva.run("sync", "--timeout", "60")
    revoked = geneva.json("office", "revoke", "lima")
    assert revoked["by"] == "office" and revoked["status"] == "revoked", revoked
    geneva.run("sync", "--timeout", "60")
    assert one(ilo, "ilo", "lima")["status"] == "revoked"
    lima.run("sync", "--timeout", "20", status=5)
    daemon.stop()
    # the root of ilo is not at geneva: hq has the last word over it
    said = ilo.text("office", "revoke", "geneva")
    assert "who could read before" in said and "who can read now" in said, said
    assert one(ilo, "ilo", "geneva")["status"] == "revoked"


def main_tests():
    ilo, iom, wb, unu = network("ilo", "iom", "wb", "unu")
    daemon = ilo.daemon()
    dhaka = second_office(ilo, daemon, "dhaka", "ilo-dhaka")
    daemon.stop()
    for office in (iom, wb, unu):
        assert meet(office, ilo) == 0
    renewals(ilo, iom, dhaka)
    warnings_of_expiry(ilo, dhaka)
    who_may_not_revoke(ilo, iom, dhaka)
    the_lost_laptop(ilo, iom, wb, unu, dhaka)
    nothing_is_lost(ilo, unu)
    by_the_role(ilo, iom)


main(main_tests)
