#!/usr/bin/env python3
"""Two offices revise at once: both versions stand until one follows both; translations are stale by what they render."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib

S = "GMG/2014/3"


def test_heads():
    ilo, iom = lib.network("ilo", "iom")

    def post(office, text, *args):
        return office.json("post", "-", "--yes", *args, data=text)

    def sync():
        daemon = ilo.daemon()
        for peer in iom.json("peer"):
            iom.run("peer", "remove", peer["address"], status=None)
        iom.run("peer", "add", daemon.address)
        iom.run("sync", "--timeout", "60")
        iom.run("sync", "--timeout", "60")
        daemon.stop()

    first = post(ilo, b"1. Un", "--symbol", S, "--lang", "fr", "--to", "all")
    english = post(ilo, b"1. One", "--translates", S, "--lang", "en")
    sync()
    assert not iom.json("show", english["id"])["stale"]
    here = post(ilo, b"1. Un, deux", "--revises", S, "--lang", "fr")
    there = post(iom, b"1. Un, trois", "--revises", S, "--lang", "fr")
    assert here["version"] == there["version"] == 2
    sync()
    both = {here["id"], there["id"]}
    for office in (ilo, iom):
        for command in (("show", S), ("get", S, "-o", lib.path("x"))):
            error = office.error(2, *command)
            assert {c["id"] for c in error["choices"]} == both, error
        shown = office.json("show", here["id"])
        assert set(shown["heads"]) == both and shown["version"] == 2, shown
        assert "joins them" in office.text("show", here["id"])
        assert office.json("show", english["id"])["stale"]
    ilo.error(2, "post", "-", "--revises", S, "--yes", data=b"x")
    other = post(ilo, b"y", "--symbol", "GMG/2014/4", "--to", "all")["id"]
    ilo.error(2, "post", "-", "--revises", here["id"], "--revises", other, "--yes", data=b"x")
    ilo.error(2, "post", "-", "--revises", here["id"], "--revises", there["id"], "--revises", other, "--yes", data=b"x")
    # One that follows one of the two leaves the other standing; one that follows both ends it.
    third = post(ilo, b"1. Un, deux, trois", "--revises", here["id"])
    assert third["version"] == 3 and set(ilo.json("show", S)["heads"]) == {third["id"], there["id"]}
    fourth = post(ilo, b"1. Un, deux, trois, quatre", "--revises", third["id"], "--revises", there["id"])
    sync()
    shown = iom.json("show", S)
    assert shown["heads"] == [fourth["id"]] and shown["version"] == fourth["version"] == 4, shown
    assert shown["revises"] == third["id"] and shown["merges"] == there["id"], shown
    assert iom.text("get", S) == "1. Un, deux, trois, quatre"
    assert iom.text("get", S, "--version", "1", "--lang", "en") == "1. One"
    assert iom.json("show", first["id"])["heads"] == [fourth["id"]]
    assert iom.json("verify", "--all")["ok"]


if __name__ == "__main__":
    lib.main(test_heads)
