#!/usr/bin/env python3
"""Erasing: hidden at once at every office that hears of it, deleted after 72 hours with nothing left in any file, confirmed
office by office; not before its retention ends, and by nobody else."""
import os
import time

from lib import environment, main, network, path, refused, write
from walker import entries

HOUR = 3600
START = int(time.time()) + HOUR  # behind the founding
MARK = b"Zanzibarian remittances, paragraph nine"
TEXT = b"A draft that must go.\n" + MARK + b".\n"
ONE_CHUNK = (256 << 10) + 40  # as long as the shortest chunk: where longer content is cut, each network draws anew
ANNEX = b"".join(b"Annex line %07d of the draft that must go.\n" % i for i in range(20_000))[:ONE_CHUNK]
SHARED = b"".join(b"Shared line %07d of two documents at once.\n" % i for i in range(20_000))[:ONE_CHUNK]


def at(hours):
    return environment(GMM_TEST_CLOCK=str(1000 * (START + hours * HOUR)))


def sync(one, other, env):
    daemon = one.daemon(env=env)
    other.run("peer", "add", daemon.address, env=env)
    other.run("sync", "--timeout", "60", env=env)
    daemon.stop()


def files_of(home):
    for folder, _, names in os.walk(home):
        for name in names:
            if name != "control":
                with open(os.path.join(folder, name), "rb") as f:
                    yield os.path.join(folder, name), f.read()


def body_of(office, id):
    """The sealed body as the store holds it, and the entry."""
    return next(entry for entry in entries(office.home) if entry.id.hex() == id)


def nothing_of_it(office, id, env, *words):
    """Everything that shows it finds nothing."""
    refused(3, "not-found", ["get", id, "-o", path("out")], "erased on", home=office.home, env=env)
    refused(3, "not-found", ["show", id], "erased on", home=office.home, env=env)
    assert not os.path.exists(path("out"))
    assert id not in [item["id"] for item in office.json("list", env=env)]
    assert id not in [item["id"] for item in office.json("search", "Zanzibarian", env=env)]
    for command in ["inbox"], ["log"], ["erase", "status"]:
        said = office.text("--json", *command, env=env)
        for word in words:
            assert word not in said, (command, word)
    assert office.json("verify", "--all", env=env)["ok"]


def three_offices():
    ilo, iom, unu = network("ilo", "iom", "unu")
    write("draft.txt", TEXT)
    write("annex.txt", ANNEX)
    write("shared.txt", SHARED)
    doc = ilo.post("draft.txt", "--to", "all", "--symbol", "GMG/1", "--title", "Secret title", "--attach", path("annex.txt"),
                   "--attach", path("shared.txt"))
    other = ilo.post("shared.txt", "--to", "all", "--symbol", "GMG/2", "--title", "The other")
    now = at(0)
    for office in iom, unu:
        sync(ilo, office, now)
        assert office.run("get", doc, "-o", "-").stdout == TEXT
    refused(4, "not-permitted", ["erase", "GMG/1", "--yes"], "chair", home=iom.home)
    sealed = {office: body_of(office, doc).body for office in (ilo, iom, unu)}
    assert len(sealed[ilo]) > 256

    before = at(1)
    said = ilo.json("erase", "GMG/1", env=before)
    assert [e["id"] for e in said] == [doc] and said[0]["state"] == "hidden" and said[0]["waiting"] == 3, said
    nothing_of_it(ilo, doc, before, "Secret title", "GMG/1")
    sync(ilo, iom, before)
    nothing_of_it(iom, doc, before, "Secret title", "GMG/1")
    assert ilo.run("get", other, "-o", "-", env=before).stdout == SHARED
    assert iom.run("get", other, "-o", "-", env=before).stdout == SHARED

    early = at(72)
    assert ilo.json("erase", "--status", env=early)[0]["state"] == "hidden"
    late = at(75)
    for office in ilo, iom:
        said = office.json("erase", "--status", doc[:12], env=late)
        assert said[0]["state"] == "deleted" and said[0]["deleted"], said
    sync(ilo, iom, late)
    for office in ilo, iom:
        [said] = office.json("erase", "status", doc, env=late)
        status = {o["participant"]: o["status"] for o in said["offices"]}
        assert status == {"ilo": "confirmed", "iom": "confirmed", "unu": "waiting"}, said
        assert said["confirmed"] == 2 and said["waiting"] == 1
        assert office.run("get", other, "-o", "-", env=late).stdout == SHARED
        nothing_of_it(office, doc, late, "Secret title", "GMG/1")
        for name, data in files_of(office.home):
            for word in sealed[ilo][100:164], MARK, b"Secret title":
                assert word not in data, (name, word)
        assert sum(len(files) for _, _, files in os.walk(os.path.join(office.home, "chunks"))) == 1, "the shared one"


if __name__ == "__main__":
    main(three_offices)
