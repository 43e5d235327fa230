#!/usr/bin/env python3
"""The comment matrix: by paragraph, in every format; what the coordinator fills in comes back. Product stories 5 and 10."""
import csv
import io
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib

S = "GMG/2014/WG.2/CRP.3"
TEXTS = ["=1+1", "Ligne une\nligne deux", "الإعلان العالمي", "Évidemment, \"oui\"; non", "+5 %", "simple"]


def table(office, *args):
    return list(csv.DictReader(io.StringIO(office.text("matrix", S, "--format", "csv", *args))))


def test_matrix():
    ilo = lib.found()
    ilo.run("post", "-", "--to", "all", "--symbol", S, "--lang", "fr", "--title", "Projet", "--marking", "confidential",
            "--yes", data=b"1. Un\n\n2. Deux\n")
    notes = [ilo.json("note", S, "--para", str(9 - i), "--position", "amendment", "--propose", text, text)["id"]
             for i, text in enumerate(TEXTS)]
    reply = ilo.json("note", S, "--reply-to", notes[0], "Merci")["id"]
    ilo.run("note", S, "--reply-to", reply, "De rien")
    ilo.run("note", S, "--internal", "Entre nous")
    ilo.run("note", S, "Sur l'ensemble")

    rows = json.loads(ilo.text("matrix", S, "--format", "json"))
    assert [r["paragraph"] for r in rows] == [None, 4, 5, 6, 7, 8, 9], rows
    assert [r["comment"] for r in rows[1:]] == TEXTS[::-1] and [r["number"] for r in rows] == list(range(1, 8)), rows
    assert [(r["participant"], r["text"]) for r in rows[6]["replies"]] == [("ilo", "Merci"), ("ilo", "De rien")], rows[6]
    assert {r["marking"] for r in rows} == {"confidential"}

    cells = table(ilo)
    assert [c["paragraph"] for c in cells] == ["", "4", "5", "6", "7", "8", "9"], cells
    assert [c["comment"] for c in cells[1:]] == ["simple", "'+5 %", *TEXTS[3:0:-1], "'=1+1"], cells
    assert cells[6]["reply"] == "ilo: Merci\nilo: De rien" and cells[6]["id"] == notes[0], cells[6]

    page = ilo.text("matrix", S, "--format", "html")
    assert "confidential" in page and "<td dir=\"auto\">الإعلان العالمي</td>" in page, page
    assert ilo.text("matrix", S, "--format", "md").startswith("# Projet\n\nconfidential\n")
    assert "csv" in ilo.error(2, "matrix", S, "--format", "doc")["message"]
    ilo.error(3, "matrix", "GMG/none")
    path = lib.path("matrix.csv")
    ilo.run("matrix", S, "-o", path)
    assert lib.read("matrix.csv").decode() == ilo.text("matrix", S)

    # Filled in with semicolons, as a spreadsheet may write it; a wrong row stops all of it.
    filled = io.StringIO()
    writer = csv.DictWriter(filled, fieldnames=list(cells[0]), delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    for i, cell in enumerate(cells):
        cell["disposition"], cell["reason"] = ("accepted-in-part", "Voir; le § 3\n(fin)") if i == 1 else (
            ("noted", "") if i == 2 else ("", ""))
        writer.writerow(cell)
    wrong = filled.getvalue().replace("noted", "perhaps")
    error = ilo.error(2, "matrix", "import", lib.write("wrong.csv", wrong))
    assert "row 3" in error["message"] and "perhaps" in error["message"], error
    assert not any(r["disposition"] for r in json.loads(ilo.text("matrix", S, "--format", "json")))
    done = ilo.json("matrix", "import", lib.write("filled.csv", filled.getvalue()))
    assert done == {"rows": 7, "posted": 2, "unchanged": 0}, done
    rows = json.loads(ilo.text("matrix", S, "--format", "json"))
    assert [(r["disposition"], r["reason"]) for r in rows[:4]] == [
        (None, None), ("accepted-in-part", "Voir; le § 3\n(fin)"), ("noted", None), (None, None)], rows
    assert ilo.json("matrix", "import", lib.path("filled.csv")) == {"rows": 7, "posted": 0, "unchanged": 2}
    ilo.error(2, "matrix", "import", lib.write("no.csv", "a,b\n1,2\n"))
    assert {n["disposition"] for n in ilo.json("notes", S)} == {None, "accepted-in-part", "noted"}


def test_one_millisecond():
    """With a clock that stands, everything is signed in one millisecond: the order of signing still counts, at every office."""
    ilo, iom = lib.network("unhcr", "iom")
    still = lib.environment(GMM_TEST_CLOCK=lib.write("clock", str(int(time.time() * 1000))))
    ilo.run("post", "-", "--to", "all", "--symbol", S, "--lang", "fr", "--yes", data=b"Un\n\nDeux\n", env=still)
    notes = [ilo.json("note", S, "--para", "1", f"note {i}", env=still)["id"] for i in range(8)]
    said = ["noted", "deferred", "accepted", "not-accepted"]
    for turn in range(3):
        for i, note in enumerate(notes):
            ilo.run("resolve", note, "--as", said[(i + turn) % 4], "--reason", f"{turn}", env=still)
    rows = ilo.json("matrix", S, "--format", "json")
    assert len({row["time"] for row in rows}) == 1, rows
    assert [row["id"] for row in rows] == notes == [note["id"] for note in ilo.json("notes", S)]
    assert [(row["disposition"], row["reason"]) for row in rows] == [(said[(i + 2) % 4], "2") for i in range(8)], rows
    assert [note["disposition"] for note in ilo.json("notes", S)] == [row["disposition"] for row in rows]
    listed = [item["id"] for item in ilo.json("list", "--kind", "note")]
    assert listed == notes[::-1] and [item["id"] for item in ilo.json("list", "--kind", "note", "--after", notes[5])] == notes[4::-1]

    daemon = ilo.daemon()
    iom.run("peer", "add", daemon.address)
    iom.run("sync", "--timeout", "60")
    daemon.stop()
    assert iom.text("matrix", S, "--format", "json") == ilo.text("matrix", S, "--format", "json")
    assert iom.json("notes", S) == ilo.json("notes", S)


if __name__ == "__main__":
    lib.main(test_matrix, test_one_millisecond)
