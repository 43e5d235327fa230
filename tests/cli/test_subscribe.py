"""What a field office takes by itself: since a date, nothing, over a metered link; bytes in proportion; older documents by get; the rest is
checked all the same."""
import os

import lib


def synced(office, *args):
    return office.json("sync", "--timeout", "120", *args)


def test_since():
    # ILO and IOM have half a year behind them: 8 documents of 100 kB before May, 2 after.
    offices = lib.network("ilo", "iom", "gov-xa", "unhcr")
    ilo, iom, gov, unhcr = offices
    daemon = ilo.daemon()
    for office in (iom, gov, unhcr):
        for peer in office.json("peer"):
            office.run("peer", "remove", peer["address"])
        office.run("peer", "add", daemon.address)
    old, new = [], []
    for n in range(8):
        old.append((os.urandom(100_000), None))
        path = lib.write("doc", old[n][0])
        old[n] = (old[n][0], ilo.json("post", path, "--to", "all", "--title", f"old {n}", "--symbol", f"O/{n}", "--yes")["id"])
    border = ilo.json("show", "O/7")["time"]
    for n in range(2):
        path = lib.write("doc", os.urandom(100_000))
        new.append(ilo.json("post", path, "--to", "all", "--title", f"new {n}", "--symbol", f"N/{n}", "--yes")["id"])
    since = ilo.json("show", "N/0")["time"]
    assert since > border
    whole = synced(iom)["bytes_in"]
    assert whole > 1_000_000, whole
    # Since a date: bytes in proportion.
    assert gov.json("subscribe", "all", "--since", since) == {"group": "all", "takes": "since", "since": since}
    part = synced(gov)["bytes_in"]
    assert part < whole * 0.3, (part, whole)
    listed = {item["id"] for item in gov.json("list")}
    assert listed == set(new), listed
    # What is held is checked to the beginning; what is not here is said to be not held.
    checked = gov.json("verify", "--all")
    assert checked["ok"] and checked["not_held"] >= 8 and checked["faults"] == [], checked
    # An older document by get; and as a whole it is in the catalogue then.
    assert gov.run("get", old[3][1]).stdout == old[3][0]
    assert gov.json("show", "O/3")["id"] == old[3][1]
    assert gov.json("verify", "--all")["ok"]
    gov.error(3, "get", "0" * 64)
    # Nothing of a group; then all of it.
    unhcr.run("subscribe", "all", "--none")
    none = synced(unhcr)["bytes_in"]
    assert none < 60_000, none
    assert unhcr.json("list") == []
    # Through one that does not hold it all: headers from there, bodies from whoever has them.
    unhcr.run("subscribe", "all", "--all")
    synced(unhcr)
    assert {item["id"] for item in unhcr.json("list")} == {i for _, i in old} | set(new)
    assert unhcr.run("get", "O/5").stdout == old[5][0]
    daemon.stop()
    # Nobody reachable has it: exit 5; a name never heard: 3.
    gov.error(5, "get", old[1][1])
    assert gov.json("subscribe", "all")["takes"] == "since"


def test_metered():
    ilo, iom, _, _ = (lib.Office.__new__(lib.Office) for _ in range(4))
    for office, name in ((ilo, "ilo"), (iom, "iom")):
        office.participant, office.office, office.home = name, "hq", lib.path(name)
    daemon = ilo.daemon()
    for peer in iom.json("peer"):
        iom.run("peer", "remove", peer["address"])
    iom.run("peer", "add", daemon.address)
    synced(iom)
    iom.run("peer", "set", "ilo", "--metered")
    data = os.urandom(200_000)
    large = ilo.json("post", lib.write("doc", data), "--to", "all", "--symbol", "M/1", "--yes")["id"]
    small = ilo.json("post", "-", "--to", "all", "--symbol", "M/2", "--yes", data=b"short")["id"]
    film = ilo.json("post", lib.write("film", os.urandom(3 << 20)), "--to", "all", "--symbol", "M/3", "--yes")["id"]
    came = synced(iom)["bytes_in"]
    assert came < 50_000, came
    assert {item["id"] for item in iom.json("list", "--limit", "100")} >= {small, film}
    assert iom.json("show", "M/3")["here"] is False
    assert large not in {item["id"] for item in iom.json("list", "--limit", "100")}
    # On demand both come, over the metered link too.
    assert iom.run("get", large).stdout == data
    iom.run("get", "M/3", "-o", lib.path("copy"))
    # And when it is metered no longer, the rest by itself.
    other = ilo.json("post", lib.write("doc", data[::-1]), "--to", "all", "--symbol", "M/4", "--yes")["id"]
    synced(iom)
    iom.run("peer", "set", "ilo", "--unmetered")
    synced(iom)
    assert iom.run("get", other).stdout == data[::-1]
    daemon.stop()


lib.main(test_since, test_metered)
