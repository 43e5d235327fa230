#!/usr/bin/env python3
"""Who admits, by each policy that a charter can have: the chair; the chair and a sponsor; two thirds. And a participant
whose root is lost goes on under a new one without any network. What waits says so, to both sides."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403


def found(name, *policy):
    ilo = Office("ilo", folder=f"{name}-ilo")
    shown = ilo.json("network", "create", name, *policy)
    return ilo, shown["admission"]


def ask(host, participant, folder, kind="member"):
    """Without a network; gives the newcomer and its card."""
    office = Office(participant, folder=folder, kind=kind)
    host.run("invite", "--for", participant, "--offline", "-o", path(folder + ".invite"))
    office.run("join", "@" + path(folder + ".invite"), "--offline", "-o", path(folder + ".card"))
    return office, path(folder + ".card")


def enter(host, office, card):
    host.run("roster", "add", "--card", card, "-o", card + ".welcome", "--yes")
    assert office.json("join", "@" + card + ".welcome")["state"] == "active"


def trade(hub, *others):
    """All hear what all hold: by bundles would do as well."""
    daemon = hub.daemon()
    for _ in range(2):
        for office in others:
            office.run("peer", "add", daemon.address)
            office.run("sync", "--timeout", "60")
    daemon.stop()


def row(of, participant):
    return {r["participant"]: r["status"] for r in of.json("roster")}.get(participant)


def by_the_chair():
    ilo, policy = found("chair")
    assert policy == "chair"
    iom, card = ask(ilo, "iom", "chair-iom")
    done = ilo.json("roster", "add", "--card", card, "--yes")
    assert done["status"] == "active" and done["waits"] is None, done
    groups = {group["name"]: group for group in done["groups"]}
    assert groups["all"]["before"]["members"] == ["ilo"] and sorted(groups["all"]["members"]) == ["ilo", "iom"], done
    assert (groups["all"]["before"]["offices"], groups["all"]["offices"]) == (1, 2), done
    enter(ilo, iom, card)
    refused(4, "not-permitted", ["invite", "--offline"], "only the chair of term 1 (ILO)", home=iom.home)


def by_chair_and_sponsor():
    ilo, policy = found("sponsor", "--admission", "chair-and-sponsor")
    assert policy == "chair-and-sponsor"
    iom, card = ask(ilo, "iom", "sponsor-iom")
    assert ilo.json("roster", "add", "--card", card, "--yes")["status"] == "active"  # nobody there to ask
    enter(ilo, iom, card)
    unu, card = ask(ilo, "unu", "sponsor-unu", "observer")
    refused(4, "not-permitted", ["invite", "--offline"], "only the chair of term 1 (ILO)", home=iom.home)
    refused(1, "state", ["roster", "add", "--card", card, "-o", path("early"), "--yes"], "others must support",
            home=ilo.home)
    assert not os.path.exists(path("early"))
    done = ilo.json("roster", "add", "--card", card, "--yes")
    assert done["status"] == "requested" and (done["waits"]["have"], done["waits"]["need"]) == (0, 1), done
    refused(1, "exists", ["roster", "add", "--card", card, "--yes"], "supports this admission already", home=ilo.home)
    assert row(iom, "unu") is None
    trade(ilo, iom)
    assert [(p["what"], p["participant"], p["by"]) for p in iom.json("roster", "proposals")] == [("admit", "unu", "ilo")]
    waits = [r for r in iom.json("log", "--void") if r["what"] == "admit"]
    assert [(r["subject"], r["stands"], r["reason"]) for r in waits] == [
        ("unu", False, "it waits for support: 0 of 1 have given theirs")], waits
    done = iom.json("roster", "cosign", "unu")
    assert done["status"] == "active" and done["waits"] is None, done
    assert [r for r in iom.json("log", "--void") if r["what"] == "admit"] == []
    assert "unu" not in {g["name"]: g for g in done["groups"]}["all"]["before"]["members"], done
    trade(ilo, iom)
    enter(ilo, unu, card)
    assert row(unu, "iom") == "active"
    wb, card = ask(ilo, "wb", "sponsor-wb")
    ilo.run("roster", "add", "--card", card, "--yes")
    trade(ilo, unu)
    refused(4, "not-permitted", ["roster", "cosign", "wb"], "observers do not cosign", home=unu.home)


def by_two_thirds():
    ilo, policy = found("thirds", "--admission", "two-thirds")
    assert policy == "two-thirds"
    offices = {"ilo": ilo}
    for participant in ("iom", "who"):
        office, card = ask(ilo, participant, f"thirds-{participant}")
        done = ilo.json("roster", "add", "--card", card, "--yes")
        if done["waits"] is not None:
            trade(*offices.values())
            for other in list(offices.values())[1:]:
                other.run("roster", "cosign", participant)
            trade(*offices.values())
        enter(ilo, office, card)
        offices[participant] = office
    trade(*offices.values())
    # not the chair: any elector proposes; over the network the newcomer is told how it stands
    iom, who = offices["iom"], offices["who"]
    daemon = iom.daemon()
    wb = Office("wb", folder="thirds-wb")
    invite = iom.json("invite", "--for", "wb", "--address", daemon.address)["invite"]
    asked = wb.json("join", invite)
    assert asked["state"] == "requested" and "two thirds must admit it" in asked["next"], asked
    done = iom.json("roster", "add", "wb", "--yes")
    assert done["status"] == "requested" and (done["waits"]["have"], done["waits"]["need"]) == (1, 2), done
    assert row(iom, "wb") == "requested"
    asked = wb.json("join", invite)
    assert "supported by 1 of 2" in asked["next"] and "gmm roster cosign wb" in asked["next"], asked
    for office in (ilo, who):
        office.run("peer", "add", daemon.address)
        office.run("sync", "--timeout", "60")
    assert ilo.json("roster", "cosign", "wb")["status"] == "active"
    ilo.run("sync", "--timeout", "60")
    wb.run("sync", "--timeout", "60")
    assert row(wb, "ilo") == row(iom, "wb") == "active"
    iom.run("post", write("welcome.txt", "welcome"), "--to", "all", "--yes")
    wb.run("sync", "--timeout", "60")
    assert [d["title"] for d in wb.json("list")] == ["welcome.txt"]
    daemon.stop()
    return ilo, iom, who, wb


def without_a_network(ilo, iom, who, wb):
    """The chair itself lost its root: two thirds of the four let it go on, proposed by another."""
    again = Office("ilo", folder="again-ilo")
    iom.run("invite", "--for", "ilo", "--replace", "--offline", "-o", path("again.invite"))
    again.run("join", "@" + path("again.invite"), "--offline", "-o", path("again.card"))
    refused(4, "not-permitted", ["roster", "add", "--card", path("again.card"), "--yes"], "gmm roster replace ilo",
            home=iom.home)
    replace = ["roster", "replace", "--card", path("again.card"), "--yes"]
    refused(2, "usage", ["roster", "replace", "--yes"], "--card", home=iom.home)
    refused(4, "not-permitted", [*replace, "--fingerprint", "12345 " * 8], "fingerprint", home=iom.home)
    refused(1, "state", [*replace, "-o", path("early")], "others must support", home=iom.home)
    done = iom.json(*replace)
    assert done["waits"]["participant"] == "ilo" and done["waits"]["have"] == 1, done
    refused(1, "exists", replace, "gmm roster cosign ilo", home=iom.home)
    need = done["waits"]["need"]
    for office in (who, wb)[:need - 1]:
        trade(iom, who, wb)
        done = office.json("roster", "cosign", "ilo")
    assert done["waits"] is None and done["status"] == "active", done
    trade(iom, who, wb)
    shown = iom.json(*replace, "-o", path("again.welcome"))
    assert shown["welcome"] is True and shown["status"] == "active", shown
    assert again.json("join", "@" + path("again.welcome"))["state"] == "active"
    assert sorted(r["status"] for r in again.json("roster") if r["participant"] == "ilo") == ["active", "expelled"]
    mine = again.json("key", "fingerprint")["fingerprint"]
    assert [r["fingerprint"] for r in wb.json("roster") if r["participant"] == "ilo" and r["status"] == "active"] == [mine]


def test_all():
    refused(2, "usage", ["network", "create", "x", "--admission", "lottery"], "chair-and-sponsor",
            home=Office("ilo", folder="no").home)
    by_the_chair()
    by_chair_and_sponsor()
    without_a_network(*by_two_thirds())


main(test_all)
