#!/usr/bin/env python3
"""log: who did what, when, under which key; filters; CSV that no spreadsheet executes."""
import csv
import io

import lib
from lib import path, refused, write

FORMULA = "=HYPERLINK(\"http://evil/\")"


def rows(office, *args):
    return office.json("log", *args)


def csv_rows(office, *args):
    text = office.run("log", "--format", "csv", *args).stdout.decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def who_what_when(chair, other, draft):
    everything = rows(chair)
    assert [r["time"] for r in everything] == sorted(r["time"] for r in everything), everything
    kinds = {r["what"] for r in everything}
    assert {"charter", "certificate", "admit", "epoch", "document"} <= kinds, kinds
    admit = [r for r in everything if r["what"] == "admit"]
    assert [(r["participant"], r["subject"], r["stands"]) for r in admit] == [("ilo", "iom", True)], admit
    document = [r for r in everything if r["id"] == draft][0]
    node = [o["node"] for o in chair.json("office", "list") if o["participant"] == "ilo"][0]
    assert document["key"] == node and document["office"] == "hq" and document["group"] == "all", document
    assert document["subject"] == "GMG/1" and document["text"] == FORMULA, document
    certificates = [r for r in everything if r["what"] == "certificate"]
    assert {r["participant"] for r in certificates} == {"ilo", "iom"}, certificates
    assert all(r["key"] != node for r in certificates)  # a root's
    # Both sides hold the same control records and documents.
    shared = ("charter", "certificate", "admit", "document")
    mine = [(r["id"], r["time"], r["key"]) for r in everything if r["what"] in shared]
    theirs = [(r["id"], r["time"], r["key"]) for r in rows(other) if r["what"] in shared]
    assert mine == theirs, (mine, theirs)


def filters(chair, draft):
    assert [r["id"] for r in rows(chair, "--what", "document")] == [draft]
    assert rows(chair, "--what", "document", "--until", "2014-01-01") == []
    assert [r["id"] for r in rows(chair, "--what", "document", "--since", "1d")] == [draft]
    assert {r["participant"] for r in rows(chair, "--from", "iom")} == {"iom"}
    assert {r["office"] for r in rows(chair, "--from", "ilo/hq")} == {"hq"}
    assert {r["group"] for r in rows(chair, "--to", "all")} == {"all"}
    node = [o["node"] for o in chair.json("office", "list") if o["participant"] == "ilo"][0]
    assert {r["key"] for r in rows(chair, "--key", node[:10])} == {node}
    everything = rows(chair)
    assert rows(chair, "--limit", "3") == everything[-3:]
    assert rows(chair, "--void") == []
    both = rows(chair, "--what", "document", "--what", "admit")
    assert {r["what"] for r in both} == {"document", "admit"}, both
    for args, word in ((["--what", "nonsense"], "nonsense"), (["--limit", "0"], "--limit"), (["--key", "xyz"], "--key"),
                       (["--format", "xml"], "--format"), (["--format", "table", "-o", path("x")], "-o")):
        refused(2, "usage", ["log", *args], word, home=chair.home)
    for args in (["--from", "nobody"], ["--from", "ilo/no-office"], ["--to", "no-group"]):
        refused(3, "not-found", ["log", *args], args[1].split("/")[-1], home=chair.home)


def a_spreadsheet_executes_nothing(chair, draft):
    table = csv_rows(chair, "--what", "document")
    assert len(table) == 1 and table[0]["id"] == draft and table[0]["text"] == "'" + FORMULA, table
    shown = chair.run("log", "--what", "document").stdout.decode()
    assert table[0]["key"][:12] in shown and draft[:12] in shown, shown
    raw = chair.run("log", "--format", "csv").stdout.decode()
    for cell in (c for line in csv.reader(io.StringIO(raw, newline="")) for c in line):
        assert not cell.startswith(("=", "+", "-", "@")), cell
    chair.run("log", "--what", "document", "-o", path("log.csv"))
    assert lib.read("log.csv").decode() == chair.run("log", "--what", "document", "--format", "csv").stdout.decode()
    assert len(raw.splitlines()) == len(rows(chair)) + 1
    text = chair.text("log", "--what", "document")
    assert "GMG/1" in text and draft[:12] in text, text


def as_of(chair):
    """verify --as-of: who took part and what stood then."""
    founded = [r["time"] for r in rows(chair, "--what", "charter")][0]
    report = chair.json("verify", "--all", "--as-of", founded)
    then = report["as_of"]
    assert report["ok"] and then["time"] == founded, report
    assert then["chair"] == {"participant": "ilo", "term": 1}, then
    assert [(p["participant"], p["chair"]) for p in then["roster"]] == [("ilo", True)], then
    assert then["documents"] == 0, then
    admitted = [r["time"] for r in rows(chair, "--what", "admit")][0]
    then = chair.json("verify", "--as-of", admitted)["as_of"]
    assert [p["participant"] for p in then["roster"]] == ["ilo", "iom"] and then["documents"] == 0, then
    now = chair.json("verify", "--all", "--as-of", "0d")["as_of"]
    assert now["documents"] == 1 and now["void"] == 0 and now["entries"] > then["entries"], now
    text = chair.text("verify", "--as-of", admitted)
    assert "As of" in text and "roster then: ilo, iom" in text, text
    assert "as_of" not in chair.json("verify", "--all")
    refused(1, "state", ["verify", "--as-of", "2014-01-01"], "founded later", home=chair.home)
    refused(2, "usage", ["verify", "--as-of", "then"], "no time", home=chair.home)


def test_all():
    chair, other = lib.network("ilo", "iom")
    write("draft.txt", "Nobody pays for being recruited.\n")
    draft = chair.post("draft.txt", "--to", "all", "--title", FORMULA, "--symbol", "GMG/1")
    daemon = chair.daemon()
    other.run("peer", "add", daemon.address)
    other.run("sync", "--timeout", "60")
    who_what_when(chair, other, draft)
    daemon.stop()
    filters(chair, draft)
    a_spreadsheet_executes_nothing(chair, draft)
    as_of(chair)


lib.main(test_all)
