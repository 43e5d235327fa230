#!/usr/bin/env python3
"""Four offices that no network joins say late, contradictory and double things about one consultation; each takes the bundles of
the others in an order of its own, some twice. All come to the same, byte for byte."""
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib

S = "GMG/2014/O.1"
LATER = "2040-01-01T00:00Z"


class Post:
    """Who carries what: every bundle holds what came since the last one, so an order that is wrong leaves gaps at first."""

    def __init__(self, offices):
        self.offices, self.files = offices, []

    def send(self, office):
        path = lib.path(f"bundle-{len(self.files)}")
        office.run("bundle", "export", path, "--since-last")
        self.files.append((office, path))
        return path

    def deliver(self, order):
        for office in self.offices:
            others = [path for maker, path in self.files if maker is not office]
            mixed = others + order.sample(others, len(others) // 2)
            order.shuffle(mixed)
            for path in mixed:
                office.run("bundle", "import", path)


def said_apart(post, ilo, iom, gov, unhcr):
    """The author's office, the chair's, and two others; none hears of what another said after the first bundle."""
    iom.run("post", "-", "--to", "all", "--symbol", S, "--lang", "fr", "--marking", "confidential", "--yes", data=b"1. Un\n\n2. Deux\n")
    iom.run("consult", "open", S, "--deadline", LATER)
    first = post.send(iom)
    for office in (ilo, gov, unhcr):
        office.run("bundle", "import", first)

    objection = gov.json("note", S, "--para", "1", "--position", "objection", "Non.")["id"]
    gov.run("note", S, "--para", "2", "--position", "support", "Oui.")
    post.send(gov)
    mine = unhcr.json("note", S, "--para", "1", "--position", "concern", "Peut-être.")["id"]
    unhcr.run("resolve", mine, "--as", "withdrawn")
    unhcr.run("note", S, "--para", "1", "--position", "comment", "Plutôt ceci.")
    post.send(unhcr)

    # The chair prolongs, closes, and opens another one; the author begins a round and a silence that it believes to be the next.
    own = ilo.json("note", S, "--para", "2", "--position", "amendment", "--propose", "Deux et demi", "Plus.")["id"]
    ilo.run("consult", "extend", S, "--deadline", "2041-01-01T00:00Z")
    ilo.run("resolve", own, "--as", "noted")
    post.send(ilo)
    ilo.run("consult", "close", S)
    ilo.run("consult", "open", S, "--deadline", "2042-01-01T00:00Z")
    post.send(ilo)
    iom.run("post", "-", "--revises", S, "--yes", data=b"1. Un bis\n\n2. Deux\n")
    iom.run("consult", "round", S, "--deadline", "2043-01-01T00:00Z")
    iom.run("consult", "silence", S, "--until", "2044-01-01T00:00Z")
    iom.run("consult", "close", S)
    post.send(iom)
    gov.run("note", S, "--para", "2", "--position", "reservation", "Trop tard, sans le savoir.")
    gov.run("resolve", objection, "--as", "withdrawn")
    post.send(gov)


def seen(office):
    shown = office.run("--json", "consult", "show", S).stdout
    return shown, office.run("matrix", S, "--format", "json").stdout, office.run("--json", "consult", "list").stdout


def test_any_order_at_every_office():
    offices = ilo, iom, gov, unhcr = lib.network("ilo", "iom", "gov-xa", "unhcr")
    daemon = ilo.daemon()
    for office in offices[1:]:
        office.run("peer", "add", daemon.address)
        office.run("sync", "--timeout", "60")  # all know of one another
    daemon.stop()
    post = Post(offices)
    said_apart(post, ilo, iom, gov, unhcr)
    order = random.Random(7)
    post.deliver(order)
    # Whoever took a text in said so: these receipts go round too, again in any order.
    for _ in range(2):
        post.files = []
        for office in offices:
            post.send(office)
        post.deliver(order)
    views = [seen(office) for office in offices]
    for office, view in zip(offices, views):
        assert view == views[0], (office.participant, view, views[0])
    shown = ilo.json("consult", "show", S)
    # The one that the chair opened later stands; what was said of the closed one meanwhile fits no more, everywhere alike.
    assert (shown["state"], shown["round"], shown["coordinator"]) == ("open", 1, "ilo"), shown
    assert [row["reason"] for row in shown["ignored"]] == ["contradictory"] * 3, shown["ignored"]
    assert sorted(row["as"] for row in shown["dispositions"]) == ["noted", "withdrawn", "withdrawn"], shown
    assert len({row["id"] for row in ilo.json("matrix", S, "--format", "json")}) == 6
    for office in offices:
        assert office.json("verify", "--all")["ok"]


if __name__ == "__main__":
    lib.main(test_any_order_at_every_office)
