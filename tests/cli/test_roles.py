#!/usr/bin/env python3
"""Who takes part, presides and leads: suspended, restored, amended, expelled by two thirds; the chair handed over,
replaced by an election; leads; who reads in a group before and after each change. Each refusal names its rule."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403

FAR, FARTHER = "2098-01-01", "2099-12-31"


def spread(*offices):
    """Everybody hears what everybody else holds: twice through the one that listens."""
    for _ in range(2):
        for office in offices[1:]:
            office.run("sync", "--timeout", "60")


def status(of, participant):
    rows = [row for row in of.json("roster") if row["participant"] == participant]
    return rows[0]["status"] if rows else None


def same(offices, *command):
    shown = [office.json(*command) for office in offices]
    assert all(s == shown[0] for s in shown), (command, shown)
    return shown[0]


def suspension(ilo, iom, who):
    refused(4, "not-permitted", ["roster", "suspend", "who"], "only the chair of term 1 (ILO)", home=iom.home)
    refused(4, "not-permitted", ["roster", "suspend", "ilo"], "cannot be suspended", home=ilo.home)
    refused(3, "not-found", ["roster", "suspend", "nobody"], "nobody", home=ilo.home)
    refused(2, "usage", ["roster", "suspend", "who", "--reason", "a\nb"], "reason", home=ilo.home)
    refused(1, "exists", ["roster", "restore", "who"], "neither suspended nor expelled", home=ilo.home)
    done = ilo.json("roster", "suspend", "who", "--reason", "office closed")
    assert done["status"] == "suspended" and done["logs"] >= 1 and done["waits"] is None, done
    groups = {group["name"]: group for group in done["groups"]}
    assert groups["all"]["member"] is False and "who" not in groups["all"]["members"], done
    assert "who" in groups["all"]["before"]["members"], done
    refused(1, "exists", ["roster", "suspend", "who"], "suspended already", home=ilo.home)
    spread(ilo, iom, who)
    assert status(iom, "who") == "suspended" and status(who, "who") == "suspended"
    write("no.txt", "no")
    refused(4, "not-permitted", ["post", path("no.txt"), "--to", "all"], "suspended", home=who.home)
    assert "who" not in iom.json("post", write("yes.txt", "yes"), "--to", "all")["readers"]
    text = ilo.text("roster", "restore", "who")
    assert "who could read before (4 offices): " in text and "who can read now (5 offices): " in text, text
    spread(ilo, iom, who)
    assert "who" in iom.json("group", "show", "all")["members"]
    who.run("post", path("no.txt"), "--to", "all")


def amendment(ilo, iom):
    refused(2, "usage", ["roster", "amend", "who"], "--name", home=ilo.home)
    refused(2, "usage", ["roster", "amend", "who", "--kind", "king"], "member", home=ilo.home)
    refused(4, "not-permitted", ["roster", "amend", "who", "--kind", "observer"], "only the chair", home=iom.home)
    assert ilo.json("roster", "amend", "who", "--kind", "observer")["kind"] == "observer"
    refused(1, "exists", ["roster", "amend", "who", "--kind", "observer"], "already", home=ilo.home)
    changed = ilo.json("roster", "amend", "who", "--kind", "member", "--name", "World Health")
    assert (changed["kind"], changed["name"]) == ("member", "World Health"), changed


def groups(ilo, iom):
    made = ilo.json("group", "create", "drafting", "--with", "iom", "--history", "full")
    assert made["history"] == "full" and made["members"] == ["ilo", "iom"] or sorted(made["members"]) == ["ilo", "iom"]
    refused(2, "usage", ["group", "create", "x", "--with", "iom", "--history", "half"], "full", home=ilo.home)
    added = ilo.json("group", "add", "drafting", "undp")
    assert sorted(added["before"]["members"]) == ["ilo", "iom"] and "undp" in added["members"], added
    assert added["offices"] == added["before"]["offices"] + 1, added
    text = ilo.text("group", "remove", "drafting", "undp")
    assert "who could read before (3 offices): " in text and "who can read now (2 offices): " in text, text
    rotated = ilo.json("group", "rotate", "drafting")
    assert rotated["members"] == rotated["before"]["members"], rotated
    ilo.run("group", "rotate", "all")
    refused(3, "not-found", ["group", "rotate", "nothing"], "nothing", home=ilo.home)


def leads(ilo, iom, everybody):
    give = ["role", "give", "lead", "iom", "--from", "2020-01-01", "--group"]
    refused(4, "not-permitted", [*give, "capacity"], "only the chair of term 1", home=iom.home)
    refused(2, "usage", [*give, "all"], "thematic", home=ilo.home)
    refused(3, "not-found", ["role", "accept"], "no role waits", home=iom.home)
    shown = ilo.json(*give, "capacity")
    assert [(o["what"], o["participant"]) for o in shown["offers"]] == [("capacity", "iom")], shown
    ilo.run(*give, "decent-work")
    spread(*everybody)
    error = refused(2, "ambiguous", ["role", "accept"], "2 roles wait", home=iom.home)
    assert error["choices"] == ["decent-work", "capacity"], error
    iom.run("role", "accept", "capacity")
    assert {row["group"]: row["participant"] for row in iom.json("role", "show")["leads"]}["capacity"] == "iom"
    iom.run("group", "remove", "capacity", "undp")
    refused(4, "not-permitted", ["group", "remove", "decent-work", "undp"], "or the lead (ILO)", home=iom.home)
    spread(*everybody)
    assert "undp" not in ilo.json("group", "show", "capacity")["members"]


def expulsion(ilo, iom, undp, who, everybody):
    """Five participants: of the four others three."""
    refused(4, "not-permitted", ["roster", "expel", "undp"], "its own", home=undp.home)
    done = iom.json("roster", "expel", "undp", "--reason", "gone")
    assert done["status"] == "active" and done["waits"]["have"] == 1 and done["waits"]["need"] == 3, done
    refused(1, "exists", ["roster", "expel", "undp"], "gmm roster cosign undp", home=iom.home)
    refused(1, "exists", ["roster", "cosign", "undp"], "already", home=iom.home)
    spread(*everybody)
    assert "World" not in ilo.text("roster", "proposals")
    assert ilo.json("roster", "cosign", done["waits"]["subject"][:12])["waits"]["have"] == 2
    refused(3, "not-found", ["roster", "cosign", "iom"], "no proposal", home=ilo.home)
    spread(*everybody)
    assert status(who, "undp") == "active"
    done = who.json("roster", "cosign", "undp")
    assert done["status"] == "expelled" and done["waits"] is None, done
    rest = [office for office in everybody if office is not undp]
    spread(*rest)
    assert [status(office, "undp") for office in rest] == ["expelled"] * len(rest)
    until(lambda: status(undp, "undp") == "expelled")  # it was in session: what ended that came before the end
    refused(4, "not-permitted", ["sync", "--timeout", "20"], "gmm roster", home=undp.home)
    assert undp.json("role", "history") == ilo.json("role", "history")
    history = same(rest, "roster", "history")
    assert [(e["what"], e["participant"]) for e in history if e["what"] != "admit"] == [
        ("suspend", "who"), ("restore", "who"), ("amend", "who"), ("amend", "who"), ("expel", "undp")], history
    assert history[-1]["by"] == "iom" and history[-1]["text"] == "gone", history
    refused(3, "not-found", ["roster", "at", "2001-01-01"], "founded", home=ilo.home)
    at = ilo.json("roster", "at", history[-2]["time"])
    assert {row["participant"]: row["status"] for row in at}["undp"] == "active", at


def lost_root(ilo, iom, who, fao, hub):
    """fao begins anew under its id: its groups go on, its old keys are out. Of the other three all of four's two thirds."""
    refused(1, "exists", ["invite", "--for", "fao", "--address", hub.address], "--replace", home=ilo.home)
    refused(2, "usage", ["invite", "--for", "new", "--replace", "--address", hub.address], "--replace", home=ilo.home)
    invite = ilo.json("invite", "--for", "fao", "--replace", "--address", hub.address)["invite"]
    again = Office("fao", folder="fao-again")
    again.run("join", invite)
    refused(4, "not-permitted", ["roster", "add", "fao", "--yes"], "gmm roster replace fao", home=ilo.home)
    done = ilo.json("roster", "replace", "fao", "--yes")
    assert done["waits"]["have"] == 1 and done["waits"]["what"] == "replace", done
    for office in (iom, who):
        spread(ilo, iom, who, fao)
        done = office.json("roster", "cosign", done["waits"]["subject"])
    assert done["waits"] is None and done["status"] == "active", done
    spread(ilo, iom, who)
    again.run("sync", "--timeout", "60")
    assert sorted(row["status"] for row in ilo.json("roster") if row["participant"] == "fao") == ["active", "expelled"]
    assert "fao" in ilo.json("group", "show", "all")["members"]
    fao.run("sync", "--timeout", "20", status=5)
    return again


def election(ilo, iom, who, fao):
    """Of four electors three; the chair has no say in when."""
    rest = [ilo, iom, who, fao]
    refused(3, "not-found", ["role", "ballot", "iom"], "gmm role elect iom", home=who.home)
    shown = who.json("role", "elect", "iom", "--until", FAR)
    assert [(b["candidate"], b["have"], b["need"]) for b in shown["ballots"]] == [("iom", 1, 3)], shown
    refused(1, "exists", ["role", "elect", "iom"], "gmm role ballot iom", home=who.home)
    spread(*rest)
    assert fao.json("role", "ballot", "iom")["term"] == 1
    refused(1, "exists", ["role", "ballot", "iom"], "already", home=fao.home)
    spread(*rest)
    assert [row["have"] for row in iom.json("role", "ballot")] == [2]
    shown = iom.json("role", "ballot", "iom")
    assert (shown["term"], shown["chair"]) == (2, "iom"), shown
    spread(*rest)
    assert [office.json("role", "show")["chair"] for office in rest] == ["iom"] * 4
    refused(4, "not-permitted", ["roster", "suspend", "who"], "only the chair of term 2 (IOM)", home=ilo.home)


def handover(ilo, iom, who, rest):
    give = ["role", "give", "chair"]
    refused(4, "not-permitted", [*give, "who", "--from", FAR], "only the chair of term 2 (IOM)", home=ilo.home)
    refused(4, "not-permitted", [*give, "undp", "--from", FAR], "expelled", home=iom.home)
    refused(2, "usage", [*give, "who", "--from", FAR, "--until", FAR], "--until", home=iom.home)
    refused(4, "not-permitted", [*give, "who", "--from", FAR, "--deputy", "who"], "deputy", home=iom.home)
    iom.run(*give, "who", "--from", FAR, "--until", FARTHER, "--deputy", "ilo")
    spread(*rest)
    refused(3, "not-found", ["role", "accept"], "no role waits", home=ilo.home)
    accepted = who.json("role", "accept")
    assert accepted["what"] == "chair" and accepted["begins"].startswith(FAR) and accepted["chair"] == "iom", accepted
    refused(3, "not-found", ["role", "accept"], "no role waits", home=who.home)
    spread(*rest)
    refused(1, "exists", [*give, "ilo", "--from", FAR], "accepted already", home=iom.home)
    terms = same(rest, "role", "show")["terms"]
    assert [(t["term"], t["chair"], t["how"]) for t in terms] == [
        (1, "ilo", "founding"), (2, "iom", "election"), (3, "who", "handover")], terms
    history = same(rest, "role", "history")
    assert [e["what"] for e in history].count("handover") == 1 and "deputy" in who.text("role", "show").lower(), history


def test_all():
    ilo, iom, who, undp, fao = everybody = network("ilo", "iom", "who", "undp", "fao")
    hub = ilo.daemon()
    daemons = [hub]
    for office in everybody[1:]:
        office.run("peer", "add", hub.address)
        daemons.append(office.daemon("--no-listen"))
    spread(*everybody)
    suspension(ilo, iom, who)
    amendment(ilo, iom)
    groups(ilo, iom)
    leads(ilo, iom, everybody)
    expulsion(ilo, iom, undp, who, everybody)
    daemons.pop().stop()
    again = lost_root(ilo, iom, who, fao, hub)
    election(ilo, iom, who, again)
    handover(ilo, iom, who, [ilo, iom, who, again])
    for daemon in daemons:
        daemon.stop()


main(test_all)
