#!/usr/bin/env python3
"""Who holds a document follows from what offices anchor; who opened it is told where gmm.conf allows that."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403


def main_tests():
    ilo, iom, wb = network("ilo", "iom", "wb")
    write("report.txt", "who holds it?\n")
    report = ilo.post("report.txt", "--to", "all")
    with open(os.path.join(iom.home, "gmm.conf"), "a", encoding="utf-8") as conf:
        conf.write("\n[receipts]\nopened=no\n")
    ilo_daemon = ilo.daemon()
    for office in (iom, wb):
        office.run("peer", "add", ilo_daemon.address)
    daemons = [ilo_daemon, iom.daemon("--no-listen"), wb.daemon("--no-listen")]

    def rows(of=ilo):
        return {row["participant"]: row for row in of.json("receipts", report)}

    def all_hold():
        got = rows()
        return got["iom"]["stored"] and got["wb"]["stored"]
    until(all_hold)
    got = rows()
    assert set(got) == {"ilo", "iom", "wb"} and got["ilo"]["stored"], got
    assert all(row["opened"] is None for row in got.values()), got
    assert got["iom"]["heard"] and got["wb"]["heard"], got
    assert "LAST HEARD" in ilo.text("receipts", report)

    # What is anchored goes into evidence: whoever has the file sees who else held the text, by signatures.
    ilo.run("export-proof", report, "-o", path("report.proof"))
    proven = json.loads(gmm("--json", "verify", path("report.proof"), env=environment(HOME=path("nobody"))).stdout)
    stored = {row["participant"]: row["time"] for row in proven["evidence"]["stored"]}
    assert stored == {name: got[name]["stored"] for name in ("iom", "wb")}, (stored, got)
    assert proven["evidence"]["members"] == ["ilo", "iom", "wb"], proven
    text = gmm("verify", path("report.proof"), env=environment(HOME=path("nobody"))).stdout.decode()
    assert "members of the group then: ilo, iom, wb" in text and "held by wb/hq" in text, text

    for office in (iom, wb):
        office.run("get", report, "-o", "got-" + office.participant + ".txt")

    def wb_opened():
        return rows()["wb"]["opened"]
    until(wb_opened)
    assert rows()["iom"]["opened"] is None
    for daemon in daemons:
        daemon.stop()
    with open(os.path.join(wb.home, "gmm.conf"), "w", encoding="utf-8") as conf:
        conf.write("[receipts]\nopened=perhaps\n")
    assert "yes or no" in wb.error(1, "list")["message"]


main(main_tests)
