#!/usr/bin/env python3
"""The matrix in a spreadsheet: LibreOffice reads the csv and writes it again without loss (accents, Arabic, line breaks, quotes), and
no cell becomes a formula. Skipped where soffice is not installed."""
import csv
import io
import os
import shutil
import subprocess
import sys

import lib

SOFFICE = shutil.which("soffice")
S = "GMG/2014/1"
UTF8 = "44,34,76,1"  # comma, quotation mark, UTF-8, from line 1
TEXTS = ["=1+1", "+5 %", "-3", "@SUM(A1)", "=cmd|' /C calc'!A0", "Évidemment, \"oui\"; non, où ?", "Ligne une\nligne deux\n\nquatre",
         "الإعلان العالمي لحقوق الإنسان", "世界人权宣言", "\tdébut", "'cité", "simple"]


def converted(name, to, how=None):
    """The file in another form, by an office suite of its own profile and without a screen."""
    profile = "-env:UserInstallation=file://" + lib.path("profile")
    done = subprocess.run([SOFFICE, profile, "--headless", "--norestore", f"--infilter=CSV:{UTF8}", "--convert-to",
                           f"{to}:{how}" if how else to, "--outdir", lib.path("converted"), lib.path(name)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=240,
                          env=dict(lib.environment(), HOME=lib.WORK))
    path = lib.path("converted", os.path.splitext(name)[0] + "." + to)
    assert done.returncode == 0 and os.path.exists(path), done.stdout.decode(errors="replace")
    with open(path, encoding="utf-8", newline="") as f:
        return f.read()


def rows(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def formulas(page):
    return page.count("table:formula=")


def test_spreadsheet():
    ilo = lib.found()
    ilo.run("post", "-", "--to", "all", "--symbol", S, "--lang", "fr", "--title", "Projet", "--yes", data=b"1. Un\n")
    for i, text in enumerate(TEXTS):
        note = ilo.json("note", S, "--para", str(i + 1), "--position", "amendment", "--propose=" + text, "--", text)["id"]
        ilo.run("note", S, "--reply-to", note, "--", "Réponse à : " + text)
        ilo.run("resolve", note, "--as", "not-accepted", "--reason=" + text)
    ilo.run("matrix", S, "--format", "csv", "-o", lib.path("matrix.csv"))
    ours = rows(lib.read("matrix.csv").decode())
    assert len(ours) == len(TEXTS)

    again = rows(converted("matrix.csv", "csv", "Text - txt - csv (StarCalc):" + UTF8 + ",,0,false,true,false"))
    assert len(again) == len(ours), again
    for mine, theirs in zip(ours, again):
        for column in "comment", "proposed text", "reason", "reply", "participant", "id", "disposition":
            assert theirs[column] == mine[column], (column, mine[column], theirs[column])

    page = converted("matrix.csv", "fods")
    assert formulas(page) == 0, "a cell became a formula"
    for text in "الإعلان العالمي لحقوق الإنسان", "世界人权宣言", "ligne deux":
        assert text in page, text
    lib.write("naive.csv", "comment\n=1+1\n")
    assert formulas(converted("naive.csv", "fods")) == 1, "the check would see one"


if __name__ == "__main__":
    if SOFFICE is None:
        print("skipped: soffice (LibreOffice Calc) is not installed")
        sys.exit(77)
    lib.main(test_spreadsheet)
