#!/usr/bin/env python3
"""A small consultation over real processes: five offices of four participants, a French draft with translations, internal
drafts and a release, dispositions, a silence procedure broken by an objection that arrives late, the signed report.
Product stories 3, 7, 10, 12 to 15."""
import datetime
import hashlib
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib
from corpus import folder, out

HOUR = 3600 * 1000
START = 1394000000000
S = "GMG/2014/WG.4/CRP.1"


def at(hours):
    """The environment of a command at this hour of the story."""
    return lib.environment(GMM_TEST_CLOCK=str(START + hours * HOUR))


def stamp(hours, zone="Z"):
    return datetime.datetime.fromtimestamp((START + hours * HOUR) / 1000, datetime.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%S") + zone


def near(time, hours):
    """The clock of the story goes on while a command runs."""
    told = datetime.datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp() * 1000
    return abs(told - (START + hours * HOUR)) < HOUR / 2


class Story:
    """Five offices; only those named meet, at an hour of the story."""

    def __init__(self):
        self.hour = 0
        made = []
        for participant, kind in (("ilo", "member"), ("iom", "member"), ("gov-xa", "government"), ("csn", "observer")):
            office = object.__new__(lib.Office)
            office.participant, office.office, office.home = participant, "hq", lib.path(participant)
            lib.gmm("--home", office.home, "init", "--participant", participant, "--name", participant.upper(), "--kind",
                    kind, "--office", "hq", "--level", "hq", "--no-passphrase", env=at(0))
            made.append(office)
        self.ilo, self.iom, self.gov, self.csn = made
        self.do(self.ilo, "network", "create", "Groupe", "--term-until", "2014-12-31")
        daemon = self.ilo.daemon(env=at(0))
        for office in made[1:]:
            self.join(office, self.ilo, daemon, "--for", office.participant)
        self.dhaka = object.__new__(lib.Office)
        self.dhaka.participant, self.dhaka.office, self.dhaka.home = "iom", "dhaka", lib.path("dhaka")
        lib.gmm("--home", self.dhaka.home, "init", "--participant", "iom", "--name", "IOM", "--kind", "member",
                "--office", "dhaka", "--level", "country", "--no-passphrase", env=at(0))
        daemon.stop()
        daemon = self.iom.daemon(env=at(0))
        invite = self.say(self.iom, "invite", "--office", "dhaka", "--address", daemon.address)["invite"]
        self.do(self.dhaka, "join", invite)
        self.do(self.iom, "office", "add", "dhaka", "--yes")
        self.do(self.dhaka, "sync", "--timeout", "60")
        daemon.stop()
        self.all = [self.ilo, self.iom, self.gov, self.csn, self.dhaka]

    def join(self, office, chair, daemon, *how):
        self.do(office, "join", self.say(chair, "invite", "--address", daemon.address, *how)["invite"])
        self.do(chair, "roster", "add", office.participant, "--yes")
        self.do(office, "sync", "--timeout", "60")

    def do(self, office, *args, **how):
        return office.run(*args, env=at(self.hour), **how)

    def say(self, office, *args, **how):
        return office.json(*args, env=at(self.hour), **how)

    def refused(self, status, office, *args, **how):
        return office.error(status, *args, env=at(self.hour), **how)

    def meet(self, *offices):
        """The first one's daemon; all but the last come twice, so that each has what the others brought."""
        daemon = offices[0].daemon(env=at(self.hour))
        for office in offices[1:] + offices[1:-1]:
            for peer in self.say(office, "peer"):
                self.do(office, "peer", "remove", peer["address"], status=None)
            self.do(office, "peer", "add", daemon.address)
            self.do(office, "sync", "--timeout", "60")
        daemon.stop()

    def shown(self, *offices):
        """What `consult show` says: the same bytes at each of them."""
        said = {out(office, "--json", "consult", "show", S, env=at(self.hour)) for office in offices}
        assert len(said) == 1, said
        return json.loads(said.pop())


def invited(shown):
    return {one["participant"]: one for one in shown["invited"]}


def opened(story, corpus):
    """A French draft; the clock stands until the translation exists."""
    ilo, iom, gov = story.ilo, story.iom, story.gov
    text = open(os.path.join(corpus, "udhr", "fr.txt"), "rb").read()
    draft = story.say(ilo, "post", "-", "--to", "all", "--symbol", S, "--lang", "fr", "--title", "Projet", "--yes",
                      data=text)
    story.refused(2, ilo, "consult", "open", S, "--deadline", "2014-03-20T17:00")
    story.refused(2, ilo, "consult", "open", S, "--deadline", stamp(-1))
    story.refused(3, ilo, "consult", "open", S, "--deadline", stamp(100), "--invite", "who")
    story.refused(2, ilo, "consult", "open", S, "--deadline", stamp(100), "--invite", "csn")
    story.refused(3, ilo, "consult", "show", S)
    consult = story.say(ilo, "consult", "open", S, "--deadline", stamp(100), "--require-lang", "fr,en")
    assert consult["state"] == "waiting" and consult["deadline"] is None, consult
    assert sorted(invited(consult)) == ["gov-xa", "iom"] and consult["document"] == draft["id"], consult
    story.refused(1, ilo, "consult", "open", S, "--deadline", stamp(100))
    story.hour = 10
    story.meet(ilo, iom, gov)
    story.refused(4, iom, "consult", "extend", S, "--deadline", stamp(200))
    story.do(ilo, "post", "-", "--translates", S, "--lang", "en", "--yes",
             data=open(os.path.join(corpus, "udhr", "en.txt"), "rb").read())
    consult = story.say(ilo, "consult", "show", S)
    assert consult["state"] == "open" and near(consult["deadline"], 110), consult
    story.meet(ilo, iom, gov, story.csn)
    rows = {(r["participant"], r["office"]): r for r in story.say(ilo, "receipts", S)}
    assert rows["gov-xa", "hq"]["stored"] and not rows["gov-xa", "hq"]["opened"], rows
    assert not rows["iom", "dhaka"]["stored"], rows
    awaits = story.say(gov, "inbox")
    assert [(r["what"], r["symbol"]) for r in awaits] == [("deadline", S), ("unread", S), ("unread", S)], awaits
    assert near(awaits[0]["deadline"], 110) and not awaits[0]["answered"], awaits
    assert out(gov, "get", S, env=at(10)) == text
    assert len(story.say(gov, "inbox")) == 2
    story.meet(ilo, gov)
    rows = {(r["participant"], r["office"]): r for r in story.say(ilo, "receipts", S)}
    assert near(rows["gov-xa", "hq"]["opened"], 10), rows
    return draft


def one_voice(story):
    """IOM has two offices: its notes stay inside until one position is released. A government with one office speaks at
    once."""
    ilo, iom, dhaka, gov = story.ilo, story.iom, story.dhaka, story.gov
    story.meet(ilo, dhaka)
    story.hour = 20
    drafted = story.do(dhaka, "note", S, "--para", "7", "--position", "amendment", "--propose", "Mieux", "Dhaka dit")
    assert b"not yet released" in drafted.stderr, drafted
    note = drafted.stdout.decode().splitlines()[0]
    story.do(iom, "note", S, "--para", "1", "--internal", "--position", "support", "Genève dit")
    spoken = story.say(gov, "note", S, "--para", "2", "--position", "concern", "Souci")
    assert spoken["group"] == "all", spoken
    story.meet(iom, dhaka)
    story.meet(ilo, iom, dhaka, gov)
    assert [n["text"] for n in story.say(ilo, "notes", S)] == ["Souci"]
    assert sorted(n["text"] for n in story.say(iom, "notes", S)) == ["Dhaka dit", "Genève dit", "Souci"]
    story.refused(3, gov, "release", S)
    story.refused(4, ilo, "release", S)
    awaits = [(r["what"], r["count"]) for r in story.say(iom, "inbox") if r["what"] in ("clear", "release")]
    assert awaits == [("clear", 2), ("release", 2)], awaits
    assert [(r["what"], r["count"]) for r in story.say(ilo, "inbox") if r["what"] != "deadline"] == [], awaits
    assert len(story.say(iom, "clear", note)["cleared"]) == 1
    story.refused(3, iom, "clear", note)
    story.hour = 21
    released = story.say(iom, "release", S)["released"]
    assert [(r["para"], r["position"], r["cleared"], r["notes"]) for r in released] == [(7, "amendment", True, [note])]
    story.meet(ilo, iom, dhaka, gov)
    consult = story.shown(ilo, iom, gov, dhaka)
    one = invited(consult)["iom"]
    assert one["released"] and one["cleared"] and not one["conflict"] and one["position"] == "amendment", one
    assert invited(consult)["gov-xa"]["position"] == "concern" and consult["silent"] == [], consult
    # Two offices that do not know of one another release at once: a conflict, until one release stands for both.
    story.hour = 22
    first = story.say(iom, "release", S, "--para", "7", "--position", "objection", "Non")
    second = story.say(dhaka, "release", S, "--para", "7", "--position", "comment", "Oui mais")
    story.meet(ilo, iom, dhaka, gov)
    one = invited(story.shown(ilo, iom, gov, dhaka))["iom"]
    assert one["conflict"] and one["position"] == "objection", (one, first, second)
    story.hour = 23
    both = story.say(iom, "release", S, "--para", "7", "--position", "amendment", "Les deux")
    story.meet(ilo, iom, dhaka, gov)
    one = invited(story.shown(ilo, iom, gov, dhaka))["iom"]
    assert not one["conflict"] and one["position"] == "amendment", one
    return spoken["id"], both["id"]


def answered(story, spoken, released):
    ilo, gov = story.ilo, story.gov
    story.hour = 24
    story.refused(4, gov, "resolve", released, "--as", "accepted")
    story.refused(2, ilo, "resolve", spoken, "--as", "perhaps")
    assert "author" in story.refused(4, ilo, "resolve", spoken, "--as", "withdrawn")["message"]
    story.do(ilo, "resolve", spoken, "--as", "noted", "--reason", "Au paragraphe 3")
    story.hour = 25
    story.do(ilo, "resolve", spoken, "--as", "accepted-in-part", "--reason", "Au paragraphe 4")
    story.do(ilo, "resolve", released, "--as", "accepted")
    story.meet(ilo, story.iom, gov)
    awaits = [r for r in story.say(gov, "inbox") if r["what"] == "disposition"]
    assert {(r["id"], r["disposition"], r["from"]) for r in awaits} == {
        (spoken, "noted", "ilo"), (spoken, "accepted-in-part", "ilo")}, awaits
    said = {n["id"]: n["disposition"] for n in story.say(gov, "notes", S)}
    assert [r for r in story.say(gov, "inbox") if r["what"] == "disposition"] == []
    assert said[spoken] == "accepted-in-part" and said[released] == "accepted", said
    matrices = {out(office, "matrix", S, "--format", "json", env=at(story.hour)) for office in (ilo, story.iom, gov)}
    assert len(matrices) == 1, matrices
    rows = json.loads(matrices.pop())
    assert [(r["paragraph"], r["participant"], r["disposition"], r["reason"]) for r in rows if r["disposition"]] == [
        (2, "gov-xa", "accepted-in-part", "Au paragraphe 4"), (7, "iom", "accepted", None)], rows


def silence(story):
    """Signed before the end, arrived after it: the adoption is suspended."""
    ilo, iom, gov = story.ilo, story.iom, story.gov
    story.hour = 120
    assert "72" in story.refused(2, ilo, "consult", "silence", S, "--until", stamp(130))["message"]
    consult = story.say(ilo, "consult", "silence", S, "--until", stamp(200))
    assert consult["state"] == "silence" and consult["deadline"] == stamp(200), consult
    story.meet(ilo, iom, gov)
    story.hour = 199
    story.do(gov, "note", S, "--position", "objection", "Non")  # and its office is cut off now
    story.hour = 201
    assert story.say(ilo, "consult", "show", S)["state"] == "adopted"
    closed = story.say(ilo, "consult", "close", S)
    assert closed["state"] == "closed" and closed["outcome"] == "adopted", closed
    report = story.say(ilo, "consult", "report", S)
    assert report["report"] == closed["report"] and report["unreached"] == [], report
    assert {o["participant"]: o["position"] for o in report["invited"]} == {"gov-xa": "concern", "iom": "amendment"}
    assert len(report["dispositions"]) == 2 and len(report["versions"]) == 2, report
    for version in report["versions"]:
        content = ilo.run("get", version["id"], env=at(201)).stdout
        assert version["sha256"] == hashlib.sha256(content).hexdigest() and version["bytes"] == len(content), version
    shown = ilo.text("consult", "report", S, env=at(201))
    assert all(version["sha256"] in shown for version in report["versions"]), shown
    story.refused(1, ilo, "consult", "extend", S, "--deadline", stamp(300))
    story.hour = 202
    story.meet(ilo, iom, gov)
    consult = story.shown(ilo, iom, gov)
    assert consult["state"] == "suspended" and consult["outcome"] is None, consult
    assert [(o["participant"], o["asserted"]) for o in consult["objections"]] == [("gov-xa", True)], consult
    story.hour = 203
    assert story.say(ilo, "consult", "reopen", S, "--deadline", stamp(300))["state"] == "open"
    story.do(ilo, "post", "-", "--revises", S, "--lang", "fr", "--yes", data=b"1. Rev.1\n")
    story.hour = 204
    consult = story.say(ilo, "consult", "round", S, "--deadline", stamp(400), "--require-lang", "fr")
    assert consult["round"] == 2 and consult["version"] == 2, consult
    story.meet(ilo, iom, gov, story.dhaka)
    consult = story.shown(ilo, iom, gov, story.dhaka)
    assert invited(consult)["iom"]["position"] is None and sorted(consult["silent"]) == ["gov-xa", "iom"], consult
    assert [(c["symbol"], c["round"]) for c in story.say(gov, "consult", "list")] == [(S, 2)]
    assert "round 2: open" in story.do(gov, "consult", "show", S).stdout.decode()


def test_consult():
    corpus = folder()
    story = Story()
    opened(story, corpus)
    spoken, released = one_voice(story)
    answered(story, spoken, released)
    silence(story)
    for office in story.all:
        assert story.say(office, "verify", "--all")["ok"], office.home


if __name__ == "__main__":
    lib.main(test_consult)
