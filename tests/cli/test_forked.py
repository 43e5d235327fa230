#!/usr/bin/env python3
"""Two copies of one home write: everybody sees it, and the office is told what to do and goes on."""
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403


def meet(here, there):
    """One sync of a home with another's daemon, and nobody else."""
    for peer in here.json("peer"):
        here.run("peer", "remove", peer["address"], status=None)
    daemon = there.daemon()
    here.run("peer", "add", daemon.address)
    here.run("sync", "--timeout", "60", status=None)
    daemon.stop()


class Copy(Office):
    """The same home once more, as a copied machine has it."""

    def __init__(self, office):
        self.participant, self.office, self.home = office.participant, office.office, office.home + "-copy"
        shutil.copytree(office.home, self.home)


def titles(office):
    return sorted(item["title"] for item in office.json("list", "--kind", "document"))


def main_tests():
    ilo, iom, wb = network("ilo", "iom", "wb")
    for name in ("first", "here", "there", "again"):
        write(name + ".txt", name + "\n")
    iom.post("first.txt", "--to", "all")
    meet(iom, ilo)
    assert ilo.json("log", "--forks") == [] and iom.json("log", "--forks") == []
    copy = Copy(iom)
    iom.post("here.txt", "--to", "all")
    copy.post("there.txt", "--to", "all")
    meet(iom, ilo)
    meet(copy, wb)
    assert "here.txt" in titles(ilo) and "there.txt" in titles(wb)

    meet(wb, ilo)

    def all_know():
        return ilo.json("log", "--forks") and wb.json("log", "--forks")
    for _ in range(5):
        if all_know():
            break
        meet(wb, ilo)
    rows = [row for row in ilo.json("log", "--forks") if row["group"] == "all"]
    assert len(rows) == 1, rows
    row = rows[0]
    assert (row["participant"], row["office"], row["ours"]) == ("iom", "hq", False), row
    assert row["parts_at"] >= 1 and row["stands_to"] >= row["parts_at"] and row["proofs"] >= 1, row
    assert "PARTS AT" in ilo.text("log", "--forks")
    assert any("signed twice" in warning for warning in wb.json("status")["warnings"])

    meet(iom, ilo)
    meet(iom, ilo)
    warnings = iom.json("status")["warnings"]
    assert any("two copies of this office" in warning and "gmm log --void" in warning for warning in warnings), warnings
    assert any(row["ours"] for row in iom.json("log", "--forks"))
    # a new log is opened by itself, and everybody takes it
    iom.post("again.txt", "--to", "all")
    meet(iom, ilo)
    assert "again.txt" in titles(ilo) and "first.txt" in titles(ilo), titles(ilo)
    # both see the same of the forked log
    assert [(r["instance"], r["parts_at"], r["stands_to"]) for r in ilo.json("log", "--forks")] == \
           [(r["instance"], r["parts_at"], r["stands_to"]) for r in iom.json("log", "--forks")]


main(main_tests)
