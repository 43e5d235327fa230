"""2,000 documents and notes of the corpus through post --batch, equal at three offices; what a table may not say."""
import hashlib
import os
import subprocess
import sys

import lib
from corpus import folder, out, sync, three

CORPUS = folder()
ROWS = lib.many(2000, 300)


def sha(data):
    return hashlib.sha256(data).hexdigest()


def manifest(path):
    lines = open(path, encoding="utf-8").read().splitlines()
    names = lines[0].lstrip("#").split("\t")
    return [dict(zip(names, line.split("\t"))) for line in lines[1:]]


def check_structure(rows, ids, listed):
    """Versions, languages, notes under their documents: as the manifest says."""
    by_id = {item["id"]: item for item in listed}
    local = {row["id"]: ids[row["path"]] for row in rows}
    document_of = {}
    for row in rows:
        item = by_id[ids[row["path"]]]
        assert item["kind"] == row["kind"] and item["bytes"] == int(row["bytes"]), (row, item)
        if row["kind"] == "document":
            document_of[row["id"]] = row["id"]
            assert item["title"] == row["title"] and item["symbol"] == row["symbol"] and item["lang"] == row["lang"]
            assert item["version"] == int(row["version"]), (row, item)
            assert item["marking"] == row["marking"].lower().replace(" ", "-")
            assert item["group"] == row["group"]
        else:
            document_of[row["id"]] = document_of[row["parent"]]
            assert item["document"] == local[document_of[row["id"]]], (row, item)
    return local, document_of


def check_notes(office, rows, ids, local, document_of):
    busiest = {}
    for row in rows:
        if row["kind"] == "note":
            busiest.setdefault(document_of[row["id"]], []).append(row)
    for document, wanted in sorted(busiest.items(), key=lambda pair: -len(pair[1]))[:3]:
        notes = {note["id"]: note for note in office.json("notes", local[document])}
        assert len(notes) == len(wanted)
        for row in wanted:
            note = notes[ids[row["path"]]]
            assert note["para"] == int(row["anchor"])
            assert note["position"] == (None if row["position"] == "reply" else row["position"])
            parent = None if row["parent"] == document else local[row["parent"]]
            assert note["parent"] == parent, (row, note)


def check_bytes(office, rows, ids, step):
    for row in rows[::step]:
        got = out(office, "get", ids[row["path"]])
        assert sha(got) == row["sha256"], (office.participant, row)


def check_refusals(ilo):
    """All rows are checked before the first is posted: nothing stands of a table that is wrong."""
    table = lib.path("wrong.tsv")
    open(os.path.join(lib.WORK, "a.txt"), "w").write("a\n")
    before = len(ilo.json("list"))
    for text, status, part in (
            ("path\tto\na.txt\tall\na.txt\tnowhere\n", 3, "line 3"),
            ("path\tto\tmarking\na.txt\tall\tsecret\n", 2, "'secret' is no marking"),
            ("path\tto\na.txt\t\n", 2, "audience"),
            ("path\tto\nmissing.txt\tall\n", 1, "missing.txt"),
            ("path\tto\n.\tall\n", 2, "names no file"),
            ("title\nx\n", 2, "no column 'path'"),
            ("path\tkind\tparent\na.txt\tnote\tnothing\n", 3, "no earlier row"),
            ("path\tkind\tsymbol\tposition\na.txt\tnote\tX\tmaybe\n", 3, "'X'"),
            ("path\tto\tid\na.txt\tall\t1\na.txt\tall\t1\n", 2, "twice"),
            ("path\tto\tlang\na.txt\tall\tno such\n", 2, "language tag"),
            ("path\tto\n", 2, "no row")):
        open(table, "w").write(text)
        error = ilo.error(status, "post", "--batch", table, "--yes")
        assert part in error["message"], (text, error)
    assert len(ilo.json("list")) == before


def check_relations(ilo):
    """A repeated symbol is the next version in the same language, a translation in another; once posts once."""
    table = lib.path("small.tsv")
    open(os.path.join(lib.WORK, "n.txt"), "w").write("une note\n")
    text = ("path\tto\tsymbol\tlang\tid\tkind\tparent\tonce\n"
            "a.txt\tall\tS/1\tfr\t\t\t\tk1\n"
            "a.txt\tall\tS/1\ten\t\t\t\tk2\n"
            "a.txt\tall\tS/1\tfr\tv2\t\t\tk3\n"
            "a.txt\tall\tS/1\ten\t\t\t\tk4\n"
            "n.txt\t\t\t\tn1\tnote\tv2\tk5\n"
            "n.txt\t\t\t\t\tnote\tn1\tk6\n")
    open(table, "w").write(text)
    first = ilo.json("post", "--batch", table, "--yes")
    assert ilo.json("post", "--batch", table, "--yes") == first
    texts = ilo.json("show", "S/1")["texts"]
    assert [(t["version"], t["lang"], t["translates"]) for t in texts] == [
        (2, "fr", None), (2, "en", first[2]["id"]), (1, "fr", None), (1, "en", first[0]["id"])]
    notes = ilo.json("notes", "S/1")
    assert [(n["parent"], n["text"]) for n in notes] == [(None, "une note\n"), (first[4]["id"], "une note\n")]
    open(table, "w").write("path\tto\tsymbol\tlang\na.txt\tall\tS/1\tes\n")
    assert "held already" in ilo.error(1, "post", "--batch", table, "--yes")["message"]
    # From standard input, relative to where we are; columns that options fill.
    r = out(ilo, "post", "--batch", "-", "--to", "all", "--yes", data=b"path\na.txt\n", cwd=lib.WORK)
    assert r.endswith(b"\ta.txt\n") and len(r.split(b"\t")[0]) == 64


def test_corpus():
    offices = three()
    ilo, made = offices[0], lib.path("corpus")
    subprocess.run([sys.executable, os.path.join(CORPUS, "make-corpus.py"), made, "-n", str(ROWS)], check=True,
                   capture_output=True)
    rows = manifest(os.path.join(made, "MANIFEST.tsv"))
    lines = out(ilo, "post", "--batch", os.path.join(made, "MANIFEST.tsv"), "--yes").decode().splitlines()
    assert len(lines) == len(rows) == ROWS
    ids = {}
    for line, row in zip(lines, rows):
        entry, path = line.split("\t")
        assert path == row["path"]
        ids[path] = entry
    sync(offices)
    for office in offices:
        daemon = None if office is ilo else office.daemon()
        listed = office.json("list")
        assert len(listed) == ROWS, (office.participant, len(listed))
        local, document_of = check_structure(rows, ids, listed)
        check_notes(office, rows, ids, local, document_of)
        check_bytes(office, rows, ids, 9)
        if daemon is not None:
            daemon.stop()
    check_refusals(ilo)
    check_relations(ilo)
    lib.DAEMONS[0].stop()


lib.main(test_corpus)
