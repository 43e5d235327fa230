#!/usr/bin/env python3
"""A closing report of more than 256 KiB is fetched by every office, as a document is; an inbox without a deadline says so."""
import lib

NOTES = 1_500


def sync(one, other):
    daemon = one.daemon()
    other.run("peer", "add", daemon.address)
    other.run("sync", "--timeout", "120")
    daemon.stop()


def test_report():
    ilo, iom = lib.network("ilo", "iom")
    lib.write("draft.txt", "1. One paragraph.\n")
    lib.write("note.txt", "A remark.")
    ilo.post("draft.txt", "--to", "all", "--symbol", "GMG/2014/1")
    sync(ilo, iom)
    row = [line for line in iom.text("inbox").splitlines() if "GMG/2014/1" in line]
    assert len(row) == 1 and "never" not in row[0] and " - " in row[0], row
    ilo.run("consult", "open", "GMG/2014/1", "--deadline", "2100-01-01T00:00Z")
    sync(ilo, iom)
    table = "path\tkind\tparent\tanchor\tposition\tid\n"
    for i in range(NOTES):
        table += f"note.txt\tnote\tGMG/2014/1\t1\tcomment\tn{i}\nnote.txt\tnote\tn{i}\t\tnoted\td{i}\n"
    lib.write("notes.tsv", table)
    ilo.run("post", "--batch", lib.path("notes.tsv"))
    ilo.run("consult", "close", "GMG/2014/1")
    here = ilo.run("--json", "consult", "report", "GMG/2014/1").stdout
    assert len(here) > 256 << 10, len(here)
    sync(ilo, iom)
    sync(ilo, iom)
    assert iom.run("--json", "consult", "report", "GMG/2014/1").stdout == here
    assert iom.json("verify", "--all")["ok"]


if __name__ == "__main__":
    lib.main(test_report)
