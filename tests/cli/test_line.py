"""Three offices in a line: A and C are never up together, and only meet B. Everything arrives, both ways, attachments too."""
import os

import lib


def meet(office, other):
    """B and one end, alone."""
    daemon = other.daemon()
    office.run("peer", "add", daemon.address)
    office.run("sync", "--timeout", "60")
    office.run("peer", "remove", daemon.address)
    daemon.stop()


def test_a_line():
    a, b, c = lib.network("ilo", "iom", "gov-xa")
    daemon = a.daemon()
    for office in (b, c):  # everybody has heard of everybody
        for peer in office.json("peer"):
            office.run("peer", "remove", peer["address"])
        office.run("peer", "add", daemon.address)
        office.run("sync", "--timeout", "60")
        office.run("peer", "remove", daemon.address)
    daemon.stop()
    content = {}
    large = os.urandom(1_500_000)
    lib.write("large", large)
    for office in (a, b, c):
        name = f"of-{office.participant}"
        lib.write(name, f"a paper of {office.participant}\n")
        content[office.post(name, "--to", "all", "--attach", lib.path("large"))] = lib.read(name)
    for other in (a, c, a):
        meet(b, other)
    # An answer of C to what A wrote, and back.
    first = next(iter(content))
    note = c.text("note", first, "read at the other end of the line").splitlines()[0]
    for other in (c, a):
        meet(b, other)
    for office in (a, b, c):
        assert {row["id"] for row in office.json("list")} == {*content, note}, office.participant
        for document, data in content.items():
            assert office.run("get", document).stdout == data
            assert office.run("get", document, "--attachment", "1").stdout == large
        assert [n["id"] for n in office.json("notes", first)] == [note]
        assert office.json("verify", "--all")["ok"]


lib.main(test_a_line)
