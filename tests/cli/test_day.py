#!/usr/bin/env python3
"""A focal point's whole day takes four commands, none of them from a manual: each is what the one before printed as "Next:", with
a paragraph, a position and words put in. And each command's help has an example."""
import json
import os
import re
import shlex
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib
from lib import Office, network

S = "GMG/2014/WG.5/CRP.3"
DRAFT = "1. Tous les êtres humains naissent libres.\n\n2. Chacun a droit à un recours effectif.\n"


class Person:
    """Who only types what she was told to, and what is hers to choose."""

    def __init__(self, office):
        self.office, self.typed, self.next, self.said = office, [], ["gmm inbox"], ""

    def types(self, **chosen):
        words = [chosen.get(word, word) for word in shlex.split(self.next[0])]
        assert words[0] == "gmm" and not any(word.isupper() and word not in (S,) for word in words), words
        done = self.office.run(*words[1:])
        self.typed.append(words[1])
        self.said = (done.stdout + done.stderr).decode()
        self.next = re.findall(r"^Next: (gmm .*)$", self.said, re.M)
        return self.said


def meet(hub, *others):
    daemon = hub.daemon()
    for office in others + others[:-1]:
        office.run("peer", "add", daemon.address)
        office.run("sync", "--timeout", "60")
    daemon.stop()


def second_office(first):
    office = Office(first.participant, "dakar", folder="dakar")
    daemon = first.daemon()
    office.run("join", first.json("invite", "--office", "dakar", "--address", daemon.address)["invite"])
    first.run("office", "add", "dakar", "--yes")
    office.run("sync", "--timeout", "60")
    daemon.stop()
    return office


def test_day():
    ilo, iom = network("ilo", "iom")
    dakar = second_office(iom)
    ilo.run("post", "-", "--to", "all", "--symbol", S, "--lang", "fr", "--title", "Projet", "--yes", data=DRAFT.encode())
    ilo.run("consult", "open", S, "--deadline", "2100-01-01T17:00+01:00")
    meet(ilo, iom)
    meet(iom, dakar)

    amina = Person(dakar)
    assert S in amina.types() and "2100-01-01 16:00 UTC" in amina.said, amina.said
    assert "2. Chacun a droit" in amina.types(), amina.said
    assert "amendment" in amina.said  # what may stand for POSITION
    assert "not yet released" in amina.types(N="2", POSITION="amendment", TEXT="Un recours dans sa langue."), amina.said
    assert "amendment" in amina.types(), amina.said
    assert amina.typed == ["inbox", "get", "note", "release"], amina.typed

    meet(iom, dakar)
    meet(ilo, iom)
    rows = ilo.json("matrix", S, "--format", "json")
    assert [(r["participant"], r["paragraph"], r["position"], r["comment"]) for r in rows] == [
        ("iom", 2, "amendment", "Un recours dans sa langue.")], rows
    # The next rows of her inbox say what else there is; the coordinator is led to the matrix.
    left = dakar.json("inbox")
    assert [(r["what"], r["next"]) for r in left] == [("deadline", f"gmm consult show {S}")], left
    assert [r["next"] for r in ilo.json("inbox")] == [f"gmm matrix {S}", f"gmm notes {S}"], ilo.json("inbox")
    ilo.run("resolve", rows[0]["id"], "--as", "accepted")
    meet(ilo, iom)
    assert ("disposition", f"gmm notes {S}") in [(r["what"], r["next"]) for r in iom.json("inbox")], iom.json("inbox")


def test_a_symbol_is_no_command():
    """What another chose as a symbol is not handed to a shell."""
    ilo, iom = network("unhcr", "wfp")
    ilo.run("post", "-", "--to", "all", "--symbol", "A/1;reboot", "--yes", data=b"1. Un\n")
    ilo.run("consult", "open", "A/1;reboot", "--deadline", "2100-01-01T17:00+01:00")
    meet(ilo, iom)
    rows = iom.json("inbox")
    assert rows and all(re.fullmatch(r"gmm [a-z ]+ [0-9a-f]{12}", r["next"]) for r in rows), rows
    got = iom.run(*rows[0]["next"].split()[1:])
    assert got.stdout == b"1. Un\n" and b"reboot" not in got.stderr, got


def test_examples():
    """Of every command there is one, and its help shows it."""
    commands = json.loads(lib.gmm("--json", "help").stdout)["commands"]
    for command in commands:
        assert (command["example"] or "").startswith("gmm " + command["name"].split()[0]), command
    assert len(commands) > 60, len(commands)
    shown = lib.gmm("help", "release").stdout.decode()
    assert "Example:\n  gmm release GMG/2014/1" in shown, shown


if __name__ == "__main__":
    lib.main(test_day, test_a_symbol_is_no_command, test_examples)
