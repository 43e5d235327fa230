#!/usr/bin/env python3
"""Documents under embargo: a curious office that reads its own store with its own keys finds nothing before the author's
office discloses the key, and everything after."""
import datetime
import os
import time

from keystore import keyed, opened
from lib import environment, main, network, path, refused, write
from walker import Walker, entries, hashed

HOUR = 3600
SECRET = b"Embargoed: remittances fell by 12.7 per cent.\n"
SECRET_NAME = "remittances-fell.txt"
BIG = b"".join(b"A line of the annex, number %d, that nobody reads before.\n" % i for i in range(12_000))
START = int(time.time())
DUE = datetime.datetime.fromtimestamp(START + 2 * HOUR, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def at(hours):
    return environment(GMM_TEST_CLOCK=str(1000 * (START + hours * HOUR)))


def sync(one, other, env):
    daemon = one.daemon(env=env)
    other.run("peer", "add", daemon.address, env=env)
    other.run("sync", "--timeout", "60", env=env)
    daemon.stop()


def everything_read(office, other):
    """What the office's files and keys give: all records that open, and all its files as they are."""
    walker = Walker(office.home, [other.home])
    found = b""
    for entry in entries(office.home):
        if entry.type >= 64:
            plain = walker.opens(entry)
            found += plain if plain else b""
    for folder, _, names in os.walk(office.home):
        for name in names:
            if name != "control":
                with open(os.path.join(folder, name), "rb") as f:
                    found += f.read()
    return found


def behind(plain, key):
    """The bytes of a bin behind this key of a msgpack map."""
    at = plain.index(bytes([0xa0 + len(key)]) + key) + 1 + len(key)
    size = {0xc4: 1, 0xc5: 2, 0xc6: 4}[plain[at]]
    length = int.from_bytes(plain[at + 1:at + 1 + size], "big")
    return plain[at + 1 + size:at + 1 + size + length]


def disclosed_key_opens(office, other):
    """By the text of docs/protocol.md alone: the key of the DISCLOSE opens what the document sealed, in its place only."""
    walker = Walker(office.home, [other.home])
    records = {entry.type: (entry, walker.opens(entry)) for entry in entries(office.home) if entry.type in (64, 75)}
    document, plain = records[64]
    key, sealed = behind(records[75][1], b"key"), behind(plain, b"sealed")
    assert behind(records[75][1], b"document") == document.id
    assert hashed(b"embargo-commit", key) == sealed[:32]
    place = document.network + document.group + document.author
    label = b"GMM1/embargo-ad"
    inner = opened(keyed(key, b"embargo-key", document.author), bytes(24), bytes([len(label)]) + label + place, sealed[32:])
    assert SECRET in inner and SECRET_NAME.encode() in inner


def nothing_before_everything_after():
    ilo, iom = network("ilo", "iom")
    write(SECRET_NAME, SECRET)
    write("annex-of-it.txt", BIG)
    refused(2, "usage", ["post", path(SECRET_NAME), "--to", "all", "--embargo", "2001-01-01"], "date to come", home=ilo.home)
    posted = ilo.json("post", path(SECRET_NAME), "--to", "all", "--yes", "--symbol", "GMG/2026/1", "--title", "Report",
                      "--attach", path("annex-of-it.txt"), "--embargo", DUE)
    assert posted["embargo"] == DUE, posted
    assert ilo.run("get", "GMG/2026/1", "-o", "-").stdout == SECRET, "the author's own office reads it"
    sync(ilo, iom, environment())
    shown = iom.json("show", "GMG/2026/1")
    assert shown["title"] == "Report" and shown["embargo"] == DUE and shown["covered"] is True, shown
    assert shown["name"] is None and shown["attachments"] == [], shown
    refused(4, "not-permitted", ["get", "GMG/2026/1", "-o", path("out")], "embargo", "until", home=iom.home)
    assert not os.path.exists(path("out"))
    assert iom.json("search", "remittances") == [] and iom.json("list")[0]["title"] == "Report"
    found = everything_read(iom, ilo)
    assert b"GMG/2026/1" in found, "the records themselves are read"
    for word in SECRET, b"remittances", b"annex-of-it", BIG[:60]:
        assert word not in found, word
    assert iom.json("verify", "--all")["ok"] and ilo.json("verify", "--all")["ok"]

    early, late = at(1), at(3)
    sync(ilo, iom, early)
    assert iom.json("show", "GMG/2026/1", env=early)["covered"] is True
    sync(ilo, iom, late)
    shown = iom.json("show", "GMG/2026/1", env=late)
    assert shown["covered"] is False and shown["name"] == SECRET_NAME, shown
    assert iom.run("get", "GMG/2026/1", "-o", "-", env=late).stdout == SECRET
    sync(ilo, iom, late)
    assert iom.run("get", "GMG/2026/1", "--attachment", "1", "-o", "-", env=late).stdout == BIG
    assert [hit["id"] for hit in iom.json("search", "remittances", env=late)] == [posted["id"]]
    disclosed_key_opens(iom, ilo)
    log = iom.json("log", "--what", "disclose", env=late)
    assert len(log) == 1 and log[0]["participant"] == "ilo" and log[0]["stands"], log
    for office in ilo, iom:
        assert office.json("verify", "--all", env=late)["ok"]
        office.run("doctor", "--rebuild", env=late)
        assert office.run("get", "GMG/2026/1", "-o", "-", env=late).stdout == SECRET


if __name__ == "__main__":
    main(nothing_before_everything_after)
