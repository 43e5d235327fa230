#!/usr/bin/env python3
"""Erasures at offices that come late, from a copy of the home and by an old bundle; under a key that is revoked; of what stays."""
import datetime
import shutil

from lib import Office, main, network, path, refused, write
from test_erase import ANNEX, HOUR, MARK, START, TEXT, at, body_of, files_of, nothing_of_it, sync


def day(days):
    return datetime.datetime.fromtimestamp(START + days * 24 * HOUR, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def sync_all(env, *pairs):
    for one, other in pairs:
        sync(one, other, env)


def state(office, id, env):
    [said] = office.json("erase", "status", id, env=env)
    return said


def late_again_and_from_a_copy():
    """An office that was away deletes when it comes back; so does a home set back to a copy; an old bundle changes nothing."""
    ilo, iom, unu = network("ilo", "iom", "unu")
    write("draft.txt", TEXT)
    write("annex.txt", ANNEX)
    doc = ilo.post("draft.txt", "--to", "all", "--symbol", "GMG/1", "--title", "Secret title", "--attach", path("annex.txt"))
    sync_all(at(0), (ilo, iom), (ilo, unu))
    assert unu.run("get", doc, "--attachment", "1", "-o", "-").stdout == ANNEX
    ilo.run("bundle", "export", path("old"), "--for", "unu/hq", "--full", env=at(0))
    sealed = body_of(unu, doc).body[100:164]
    chunks = [data[100:164] for name, data in files_of(unu.home) if "/chunks/" in name]
    assert len(chunks) == 1
    shutil.copytree(unu.home, path("copy"))

    ilo.run("erase", doc, "--yes", env=at(1))
    refused(3, "not-found", ["erase", doc, "--yes"], "was erased on", home=ilo.home, env=at(1))
    sync(ilo, iom, at(2))
    sync(ilo, iom, at(80))
    sync(ilo, iom, at(81))
    assert state(ilo, doc, at(81))["confirmed"] == 2
    # away for a month: others let the 72 hours go by, so it deletes at once
    sync(ilo, unu, at(700))
    for env in at(701), at(702):
        sync(ilo, unu, env)
    said = state(ilo, doc, at(703))
    assert said["confirmed"] == 3 and said["waiting"] == 0, said

    def gone(env):
        nothing_of_it(unu, doc, env, "Secret title", "GMG/1")
        for name, data in files_of(unu.home):
            for word in [sealed, MARK, b"Secret title", *chunks]:
                assert word not in data, name
    gone(at(703))
    unu.run("bundle", "import", path("old"), env=at(704))
    gone(at(704))
    unu.run("doctor", "--rebuild", env=at(704))
    gone(at(704))
    shutil.rmtree(unu.home)
    shutil.copytree(path("copy"), unu.home)
    assert sealed in b"".join(data for _, data in files_of(unu.home))
    sync(ilo, unu, at(705))
    sync(ilo, unu, at(706))
    gone(at(706))
    assert state(unu, doc, at(706))["waiting"] == 0


def undone():
    """What a stolen key erases is shown again once a revocation cuts it off; what is kept, or said in a consultation, stays."""
    for home in "ilo", "iom", "unu":
        shutil.rmtree(path(home))
    ilo, iom, unu = network("ilo", "iom", "unu")
    write("draft.txt", TEXT)
    geneva = Office("iom", "geneva", folder="geneva")
    daemon = iom.daemon(env=at(0))
    geneva.run("join", iom.json("invite", "--office", "geneva", "--address", daemon.address, env=at(0))["invite"], env=at(0))
    iom.run("office", "add", "geneva", "--yes", env=at(0))
    geneva.run("sync", "--timeout", "60", env=at(0))
    daemon.stop()
    sync(ilo, iom, at(0))  # it hears of unu before it posts
    doc = iom.text("post", path("draft.txt"), "--yes", "--to", "all", "--symbol", "GMG/1", env=at(0)).splitlines()[0]
    note = iom.text("note", "GMG/1", "Zanzibarian note", env=at(0)).splitlines()[0]
    said = iom.text("note", "GMG/1", "--position", "support", "Zanzibarian support", env=at(0)).splitlines()[0]
    kept = iom.text("post", path("draft.txt"), "--yes", "--to", "all", "--symbol", "GMG/2", env=at(0)).splitlines()[0]
    iom.run("retain", "GMG/2", "--until", day(10), env=at(0))
    for office in ilo, geneva, unu:
        sync(iom, office, at(0))
    refused(4, "not-permitted", ["erase", "GMG/2", "--yes"], "kept until", home=iom.home, env=at(1))
    refused(4, "not-permitted", ["erase", "GMG/2", "--yes"], "kept until", home=ilo.home, env=at(1))  # the chair's office
    refused(4, "not-permitted", ["erase", said, "--yes"], "position", home=iom.home, env=at(1))
    refused(4, "not-permitted", ["erase", doc, "--yes"], "chair", home=unu.home, env=at(1))
    refused(2, "usage", ["erase", "status", "GMG/1"], "no id", home=iom.home, env=at(1))
    refused(3, "not-found", ["erase", "status", "0" * 12], home=iom.home, env=at(1))
    assert ilo.json("erase", note, env=at(1))[0]["by"]["participant"] == "ilo", "the chair leads `all`"

    geneva.run("erase", doc, "--yes", env=at(2))
    sync(ilo, geneva, at(2))
    sync(ilo, unu, at(2))
    for office in ilo, unu:
        nothing_of_it(office, doc, at(3))
    iom.run("office", "revoke", "geneva", "--yes", env=at(4))  # it has not heard of it: the revocation names what stood before
    sync(ilo, iom, at(5))
    sync(ilo, unu, at(5))
    for office in ilo, iom, unu:
        assert office.run("get", doc, "-o", "-", env=at(5)).stdout == TEXT
        assert doc in [hit["id"] for hit in office.json("search", "Zanzibarian", env=at(5))]
        assert doc not in [e["id"] for e in office.json("erase", "status", env=at(5))]
        assert office.json("verify", "--all", env=at(5))["ok"]
    assert ilo.run("get", doc, "-o", "-", env=at(100)).stdout == TEXT
    # and once more, by the right one, after it was shown again; the note went meanwhile
    iom.run("erase", "GMG/1", "--yes", env=at(101))
    sync(iom, ilo, at(102))
    nothing_of_it(ilo, doc, at(102))
    nothing_of_it(ilo, note, at(102))
    assert ilo.run("get", kept, "-o", "-", env=at(102)).stdout == TEXT
    ilo.run("erase", kept, "--yes", env=at(24 * 11))
    nothing_of_it(ilo, kept, at(24 * 11))


if __name__ == "__main__":
    main(late_again_and_from_a_copy, undone)
