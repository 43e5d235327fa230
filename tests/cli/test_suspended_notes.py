#!/usr/bin/env python3
"""A suspended participant's earlier honest notes stay: among the notes, in the matrix and for the outcome of a
consultation. What it says afterwards, not having heard of it, counts nowhere, whoever took it."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib
from test_consult import Story, at, invited, stamp

FIRST, SECOND = "GMG/2014/1", "GMG/2014/2"


class Small(Story):
    """Three of three participants."""

    def __init__(self):
        self.hour = 0
        made = []
        for participant in ("ilo", "iom", "who"):
            office = object.__new__(lib.Office)
            office.participant, office.office, office.home = participant, "hq", lib.path(participant)
            lib.gmm("--home", office.home, "init", "--participant", participant, "--name", participant.upper(), "--kind",
                    "member", "--office", "hq", "--level", "hq", "--no-passphrase", env=at(0))
            made.append(office)
        self.ilo, self.iom, self.who = made
        self.do(self.ilo, "network", "create", "Group", "--term-until", "2014-12-31")
        daemon = self.ilo.daemon(env=at(0))
        for office in made[1:]:
            self.join(office, self.ilo, daemon, "--for", office.participant)
        daemon.stop()

    def texts(self, office, symbol):
        return sorted(note["text"] for note in self.say(office, "notes", symbol))

    def rows(self, office, symbol):
        return sorted((row["participant"], row["comment"]) for row in self.say(office, "matrix", symbol, "--format", "json"))


def test_suspended_notes():
    story = Small()
    ilo, iom, who = story.ilo, story.iom, story.who
    for symbol in (FIRST, SECOND):
        story.do(ilo, "post", "-", "--to", "all", "--symbol", symbol, "--title", symbol, "--yes", data=b"1. All.\n\n2. Each.\n")
        story.do(ilo, "consult", "open", symbol, "--deadline", stamp(3))
    story.meet(ilo, iom, who)
    story.hour = 4
    for symbol in (FIRST, SECOND):
        story.do(ilo, "consult", "silence", symbol, "--until", stamp(100))
    story.meet(ilo, iom, who)
    story.hour = 10
    honest = story.say(who, "note", FIRST, "--para", "1", "--position", "objection", "Honest")["id"]
    story.do(who, "note", SECOND, "--para", "2", "--position", "support", "Also honest")
    story.do(iom, "note", SECOND, "--para", "1", "--position", "support", "Well")
    story.meet(ilo, iom, who)
    story.do(ilo, "resolve", honest, "--as", "not-accepted", "--reason", "The text stays")  # attests when it was there
    story.meet(ilo, iom, who)
    story.hour = 20
    story.do(ilo, "roster", "suspend", "who", "--reason", "no longer answers")
    story.hour = 30  # who has not heard of it, nor has iom
    story.do(who, "note", FIRST, "--para", "1", "--position", "support", "We take it back")
    story.do(who, "note", SECOND, "--para", "2", "--position", "objection", "Never")
    story.meet(who, iom)
    assert story.texts(iom, SECOND) == ["Also honest", "Never", "Well"]
    story.meet(ilo, iom, who)
    story.hour = 31
    story.refused(4, who, "note", FIRST, "--para", "1", "Later still")
    for office in (ilo, iom, who):
        assert story.texts(office, FIRST) == ["Honest"], story.texts(office, FIRST)
        assert story.texts(office, SECOND) == ["Also honest", "Well"], story.texts(office, SECOND)
        assert story.rows(office, FIRST) == [("who", "Honest")], story.rows(office, FIRST)
        assert story.rows(office, SECOND) == [("iom", "Well"), ("who", "Also honest")], story.rows(office, SECOND)
    story.hour = 101
    for symbol, state, objections, position in ((FIRST, "broken", ["who"], "objection"), (SECOND, "adopted", [], "support")):
        for office in (ilo, iom):
            shown = story.say(office, "consult", "show", symbol)
            assert shown["state"] == state, (symbol, shown)
            assert [o["participant"] for o in shown["objections"]] == objections, (symbol, shown)
            assert invited(shown)["who"]["position"] == position and not invited(shown)["who"]["counts"], (symbol, shown)


if __name__ == "__main__":
    lib.main(test_suspended_notes)
