"""The synthetic consultations of the corpus, imported with their structure: the matrix of each dossier says what the manifest says."""
import json
import os
import subprocess
import sys

import lib
from corpus import folder

CORPUS = folder()
ANSWERS = {"accepted", "accepted-in-part", "not-accepted", "noted", "deferred", "withdrawn"}


def manifest(path):
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines()
    names = lines[0].lstrip("#").split("\t")
    return [dict(zip(names, line.split("\t"))) for line in lines[1:]]


def expected(rows, made):
    """What the matrix of one dossier holds, by the manifest: from each note on a text to its row."""
    texts = {row["id"]: row for row in rows if row["kind"] == "document"}
    notes = {row["id"]: row for row in rows if row["kind"] == "note"}

    def words(row):
        with open(os.path.join(made, row["path"]), encoding="utf-8", newline="") as f:
            return f.read()

    def thread(row):
        while row["parent"] in notes:
            row = notes[row["parent"]]
        return row["id"]

    matrix = {}
    for row in notes.values():
        if row["parent"] in texts:
            matrix[row["id"]] = {"symbol": texts[row["parent"]]["symbol"], "comment": words(row), "replies": [],
                                 "version": int(texts[row["parent"]]["version"]),
                                 "paragraph": int(row["anchor"]) if row["anchor"] else None, "position": row["position"],
                                 "said": [], "marking": row["marking"].lower().replace(" ", "-")}
        elif row["position"] in ANSWERS:
            found = matrix.get(row["parent"])  # that of a reply stands with the reply
            if found is not None:
                found["said"].append((row["position"], words(row)))
        else:
            matrix[thread(row)]["replies"].append(words(row))
    return matrix


def compare(office, symbol, wanted):
    got = json.loads(office.text("matrix", symbol, "--format", "json"))
    assert {row["id"] for row in got} == set(wanted), symbol
    assert [row["number"] for row in got] == list(range(1, len(got) + 1)), symbol
    for row in got:
        row["replies"] = [reply["text"] for reply in row["replies"]]
        said = wanted[row["id"]].pop("said") or [(None, None)]
        assert (row["disposition"], row["reason"]) == said[-1], (symbol, row, said)
        for name, value in wanted[row["id"]].items():
            assert name == "symbol" or row[name] == value, (symbol, row["id"], name, row[name], value)
    return len(got)


def imported(count):
    office, made = lib.found(), lib.path("made")
    subprocess.run([sys.executable, os.path.join(CORPUS, "make-corpus.py"), made, "-n", str(count)], check=True,
                   capture_output=True)
    table = os.path.join(made, "MANIFEST.tsv")
    rows = manifest(table)
    daemon = office.daemon("--no-listen")
    lines = office.text("post", "--batch", table, "--yes", timeout=1800).splitlines()
    assert len(lines) == len(rows) == count, (len(lines), len(rows))
    ids = {row["id"]: line.split("\t")[0] for line, row in zip(lines, rows)}
    dossiers = {}
    for row in rows:
        dossiers.setdefault(row["dossier"], []).append(row)
    compared = 0
    for of in dossiers.values():
        matrix = expected(of, made)
        for symbol in {row["symbol"] for row in of if row["kind"] == "document"}:  # a revision may bear another one
            texts = sorted((int(row["version"]), row["lang"]) for row in of
                           if row["kind"] == "document" and row["symbol"] == symbol)
            shown = office.json("show", symbol)
            assert sorted((text["version"], text["lang"]) for text in shown["texts"]) == texts, (symbol, shown["texts"])
            compared += compare(office, symbol, {ids[note]: row for note, row in matrix.items() if row["symbol"] == symbol})
    assert compared > count // 4, compared
    daemon.stop()
    assert office.json("verify", "--all")["ok"]
