#!/usr/bin/env python3
"""The marking stands on every output of a document, in text, JSON and files; a new command must be put into one of the tables."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib

S, NEXT = "GMG/2014/M.1", "GMG/2014/M.2"
POSTED, LEVEL, TLP = "unclassified,TLP:GREEN", "confidential", "TLP:AMBER"

# What shows nothing of a document: its own words aside, only ids, counts, names of offices.
SILENT = {
    "the program, the home, keys": "run, help, version, completion, init, doctor, status, key fingerprint, key passphrase, "
                                   "key export-root, key import-root, key rotate",
    "the network, its offices and groups":
        "network create, network show, card, invite, invite list, invite revoke, join, roster list, roster add, roster suspend, "
        "roster restore, roster expel, roster amend, roster replace, roster cosign, roster proposals, roster history, roster at, "
        "office list, office add, office renew, office revoke, office vouch, role show, role history, role give chair, "
        "role give lead, role accept, role elect, role ballot, group list, group show, group create, group add, group remove, "
        "group relay add, group relay remove, group rotate, peer list, peer add, peer remove, peer set, subscribe",
    "how much went over": "sync, bundle export, bundle import, matrix import",
    "ids of what was just said, and the caller's own words": "note, resolve, release, clear, practice post",
    "which offices hold it, or have erased it; nothing of it is left to be shown": "receipts, erase, erase status",
}


def silent():
    return {name for names in SILENT.values() for name in names.split(", ")}


def test_marking_and_language_not_given():
    """Nothing falls back to unclassified by being revised or translated; a language that nobody said is said to be assumed."""
    office = lib.found("unhcr")

    def post(*args):
        return office.json("post", "-", "--yes", *args, data=b"Un.")

    first = post("--to", "all", "--symbol", S, "--marking", POSTED)
    assert (first["lang"], first["lang_assumed"]) == ("en", True), first
    assert "Language: en (assumed" in office.text("post", "-", "--to", "all", "--dry-run", data=b"x")
    assert "assumed" not in office.text("post", "-", "--to", "all", "--dry-run", "--lang", "fr", data=b"x")
    office.run("mark", first["id"], "--marking", f"{LEVEL},{TLP}")
    marked(post("--translates", S, "--lang", "fr"))
    second = post("--revises", S)
    marked(second)
    assert (second["lang"], second["lang_assumed"]) == ("en", False), second
    marked(post("--revises", S, "--marking", "unclassified"), "unclassified", None)
    assert office.json("note", S, "--yes", "Oui")["document"]
    assert "Language: en (assumed" in office.text("practice", "post", "--theme", "capacity", "--title", "x", "y")


class Scene:
    """An office that reads what another one posted, and a consultation on it."""

    def __init__(self):
        self.ilo, self.iom = lib.network("ilo", "iom")
        self.daemon = self.iom.daemon()
        self.ilo.run("peer", "add", self.daemon.address)
        lib.write("draft.txt", "Un projet de recrutement.\n\nDeux.\n")
        lib.write("rev.txt", "Un projet de recrutement.\n\nTrois.\n")
        self.first = self.iom.post("draft.txt", "--to", "all", "--symbol", S, "--lang", "fr", "--marking", POSTED)
        second = self.iom.post("rev.txt", "--to", "all", "--revises", S, "--lang", "fr", "--marking", POSTED)
        for document in (self.first, second):
            self.iom.run("mark", document, "--marking", f"{LEVEL},{TLP}")
        self.iom.run("consult", "open", S, "--deadline", "2040-01-01T00:00Z")
        self.note = self.iom.json("note", S, "--para", "1", "une observation")["id"]
        self.sync()

    def sync(self):
        self.ilo.run("sync", "--timeout", "60")


def in_text(office, *args):
    done = office.run(*args)
    return done.stdout.decode() + done.stderr.decode()


def marked(objects, level=LEVEL, tlp=TLP):
    assert objects
    for one in objects if isinstance(objects, list) else [objects]:
        assert (one["marking"], one["tlp"]) == (level, tlp), one


def both(office, *args, level=LEVEL, tlp=TLP):
    """The text has level and TLP; gives the JSON, whose objects have them."""
    text = in_text(office, *args)
    assert level in text and tlp in text, (args, text)
    return office.json(*args)


def post(scene):
    lib.write("other.txt", "Autre.\n")
    text = in_text(scene.iom, "post", lib.path("other.txt"), "--to", "all", "--marking", f"{LEVEL},{TLP}", "--dry-run")
    assert f"{LEVEL}, {TLP}" in text, text
    marked(scene.iom.json("post", lib.path("other.txt"), "--to", "all", "--symbol", NEXT, "--marking", f"{LEVEL},{TLP}", "--yes"))
    scene.sync()


def inbox(scene):
    marked(both(scene.ilo, "inbox"))
    assert {row["what"] for row in scene.ilo.json("inbox")} >= {"deadline", "unread"}
    assert {row["what"] for row in scene.iom.json("inbox")} == {"deadline"}
    marked(scene.iom.json("inbox"))


def get(scene):
    for reference in (S, scene.note):
        done = scene.ilo.run("get", reference, "-o", "-")
        assert LEVEL in done.stderr.decode() and TLP in done.stderr.decode(), done
        assert TLP.encode() not in done.stdout, done
        marked(scene.ilo.json("get", reference, "-o", lib.path("got")))
    assert "confidentiel" in scene.ilo.run("--lang", "fr", "get", S, "-o", lib.path("got")).stderr.decode()
    assert scene.ilo.run("--quiet", "get", S, "-o", "-").stderr == b""


def show(scene):
    for reference in (S, scene.first, scene.note):
        marked(both(scene.ilo, "show", reference))


def listing(scene):
    marked(both(scene.ilo, "list"))
    marked(both(scene.ilo, "list", "--kind", "note"))


def notes(scene):
    marked(both(scene.ilo, "notes", S))


def search(scene):
    for words in ("recrutement", "observation"):
        marked(both(scene.ilo, "search", words))


def watch(scene):
    watching = subprocess.Popen([lib.GMM, "--home", scene.iom.home, "watch", "--after", scene.first], stdout=subprocess.PIPE,
                                env=lib.environment())
    events = [json.loads(watching.stdout.readline()) for _ in range(3)]
    watching.kill()
    watching.wait()
    watching.stdout.close()
    assert {event["kind"] for event in events} >= {"document", "note"}, events
    marked(events)


def consult_list(scene):
    marked(both(scene.ilo, "consult", "list"))


def consult_show(scene):
    marked(both(scene.ilo, "consult", "show", S))


def consult_changes(scene):
    for args in (["extend", "--deadline", "2041-01-01T00:00Z"], ["round", "--deadline", "2042-01-01T00:00Z"],
                 ["silence", "--until", "2040-01-01T00:00Z"], ["close"], ["reopen", "--deadline", "2043-01-01T00:00Z"],
                 ["close"]):
        text = in_text(scene.iom, "consult", args[0], S, *args[1:])
        assert LEVEL in text and TLP in text, (args, text)
    opened = scene.iom.json("consult", "open", S, "--deadline", "2044-01-01T00:00Z")
    marked(opened)
    marked(scene.iom.json("consult", "close", S))
    marked(both(scene.iom, "consult", "report", S))


def matrix(scene):
    for form in ("csv", "html", "md", "json"):
        text = in_text(scene.ilo, "matrix", S, "--format", form)
        assert f"{LEVEL}, {TLP}" in text, (form, text)
        scene.ilo.run("matrix", S, "--format", form, "-o", lib.path("table"))
        assert f"{LEVEL}, {TLP}" in lib.read("table").decode(), form
    assert "confidentiel, TLP:AMBER" in scene.ilo.text("--lang", "fr", "matrix", S, "--format", "html")


def export_proof(scene):
    for reference in (S, scene.note):
        text = in_text(scene.ilo, "export-proof", reference, "-o", lib.path("proof"))
        assert LEVEL in text and TLP in text, text
        marked(scene.ilo.json("export-proof", reference, "-o", lib.path("proof")))


def verify(scene):
    """The file proves what was signed: the marking that the document was posted with."""
    scene.ilo.run("export-proof", S, "-o", lib.path("proof"))
    text = lib.gmm("verify", lib.path("proof")).stdout.decode()
    assert "unclassified" in text and "TLP:GREEN" in text, text


def log(scene):
    rows = [row for row in both(scene.ilo, "log") if row["what"] in ("document", "note", "consult")]
    assert {row["what"] for row in rows} == {"document", "note", "consult"}
    marked(rows)
    lines = scene.ilo.text("log", "--what", "document", "--format", "csv").splitlines()
    assert len(lines) > 2 and all(f'"{LEVEL}","{TLP}"' in line for line in lines[1:]), lines


def diff(scene):
    shown = both(scene.ilo, "diff", S, "1", "2")
    marked([shown["from"], shown["to"]])


def practice(scene):
    """A practice bears no marking of its own: it is unclassified, and that is said."""
    practised = scene.iom.json("practice", "post", "--theme", "capacity", "--title", "Cours", "Des cours")["id"]
    for args in (["list"], ["show", practised]):
        assert "unclassified" in in_text(scene.iom, "practice", *args), args
    marked(scene.iom.json("practice", "list"), "unclassified", None)
    marked(scene.iom.json("practice", "show", practised), "unclassified", None)
    marked([i for i in scene.iom.json("list", "--kind", "practice")], "unclassified", None)


def mark(scene):
    marked(scene.iom.json("mark", scene.first, "--marking", f"{LEVEL},{TLP}"))
    text = in_text(scene.iom, "mark", scene.first, "--marking", f"{LEVEL},{TLP}")
    assert LEVEL in text and TLP in text, text


def retain(scene):
    marked(scene.iom.json("retain", scene.first, "--until", "2040-01-01"))
    text = in_text(scene.iom, "retain", scene.first, "--until", "2041-01-01")
    assert LEVEL in text and TLP in text, text


# In this order: what changes the scene comes last.
SHOWN = [
    (inbox, ["inbox"]), (get, ["get"]), (show, ["show"]), (listing, ["list"]), (notes, ["notes"]), (search, ["search"]),
    (watch, ["watch"]), (consult_list, ["consult list"]), (consult_show, ["consult show"]), (matrix, ["matrix"]),
    (export_proof, ["export-proof"]), (verify, ["verify"]), (log, ["log"]), (diff, ["diff"]),
    (practice, ["practice list", "practice show"]), (mark, ["mark"]), (retain, ["retain"]), (post, ["post"]),
    (consult_changes, ["consult open", "consult round", "consult extend", "consult silence", "consult close", "consult reopen",
                       "consult report"]),
]


def test_every_command_is_in_a_table():
    """A new command: does it print anything of a document? Then it goes into SHOWN and shows the marking, else into SILENT."""
    names = [command["name"] for command in json.loads(lib.gmm("help", "--json").stdout)["commands"]]
    shown = [name for _, commands in SHOWN for name in commands]
    assert len(shown) == len(set(shown)) and not silent() & set(shown)
    assert set(names) == silent() | set(shown), set(names) ^ (silent() | set(shown))


def test_every_output():
    scene = Scene()
    for shows, _ in SHOWN:
        print(f"   {shows.__name__}", flush=True)
        shows(scene)
    scene.daemon.stop()


if __name__ == "__main__":
    lib.main(test_every_command_is_in_a_table, test_every_output, test_marking_and_language_not_given)
