"""Attachments on demand, and watch: what an office does not take by itself is fetched when it is read."""
import json
import os
import subprocess

import lib
from corpus import out, sync, three


def test_on_demand():
    offices = three()
    ilo, iom = offices[0], offices[1]
    with open(os.path.join(iom.home, "gmm.conf"), "a", encoding="utf-8") as conf:
        conf.write("\n[fetch]\nauto-max=1000\n")
    large = os.urandom(5 << 20)
    path = lib.write("large.bin", large)
    posted = ilo.json("post", path, "--to", "all", "--symbol", "L/1", "--yes", "--attach", path)
    sync(offices)
    assert iom.json("show", "L/1")["here"] is False
    assert offices[2].json("show", "L/1")["here"] is True
    # Fetched from whoever has it; equal chunks of document and attachment once.
    assert out(iom, "get", "L/1") == large
    assert iom.json("show", "L/1")["here"] is True
    assert out(iom, "get", posted["id"], "--attachment", "large.bin") == large
    # Nobody reachable has it.
    path = lib.write("other.bin", os.urandom(1 << 20))
    ilo.run("post", path, "--to", "all", "--symbol", "L/2", "--yes")
    sync(offices)
    lib.DAEMONS[0].stop()
    error = iom.error(5, "get", "L/2")
    assert "missing" in error["message"], error
    target = lib.path("target")
    iom.error(5, "get", "L/2", "-o", target)
    assert not os.path.exists(target)
    daemon = ilo.daemon()
    iom.run("peer", "add", daemon.address)
    iom.run("get", "L/2", "-o", target)
    assert lib.read("target") == lib.read("other.bin")
    daemon.stop()


def test_by_kind_and_marking():
    wb, unu = lib.network("wb", "unu")
    daemon = wb.daemon()
    unu.run("peer", "add", daemon.address)
    big = {name: lib.write(name, os.urandom(2 << 20)) for name in ("open", "closed", "attached")}
    attach = ("--to", "all", "--yes", "--attach", big["attached"])
    wb.run("post", big["open"], "--symbol", "O/1", *attach)
    wb.run("post", big["closed"], "--symbol", "C/1", "--marking", "confidential", "--to", "all", "--yes")
    with open(os.path.join(unu.home, "gmm.conf"), "a", encoding="utf-8") as conf:
        conf.write("\n[fetch]\nauto-kinds=document\nauto-marking=unclassified\n")
    unu.run("sync")
    assert unu.json("show", "O/1")["here"] is True
    assert unu.json("show", "C/1")["here"] is False
    held = sum(os.path.getsize(os.path.join(top, name)) for top, _, names in os.walk(os.path.join(unu.home, "chunks")) for name in names)
    assert 2 << 20 <= held < 3 << 20, held
    reader = unu.daemon("--no-listen")
    assert out(unu, "get", "C/1") == lib.read("closed")
    assert out(unu, "get", "O/1", "--attachment", "attached") == lib.read("attached")
    reader.stop()
    daemon.stop()


def test_watch():
    office = lib.found("unhcr")
    daemon = office.daemon()
    first = office.json("post", "-", "--to", "all", "--title", "a", "--yes", data=b"a")["id"]
    second = office.json("post", "-", "--to", "all", "--title", "b", "--yes", data=b"b")["id"]
    watching = subprocess.Popen([lib.GMM, "--home", office.home, "watch", "--after", first], stdout=subprocess.PIPE,
                                env=lib.environment())
    event = json.loads(watching.stdout.readline())
    assert event["id"] == second and event["event"] == "posted" and event["kind"] == "document", event
    note = office.json("note", second, "c")["id"]
    event = json.loads(watching.stdout.readline())
    assert event["id"] == note and event["kind"] == "note" and event["document"] == second and event["group"] == "all"
    office.json("erase", event["id"], "--yes")
    gone = json.loads(watching.stdout.readline())
    assert gone["event"] == "erased" and gone["id"] == event["id"] and gone["group"] == "all", gone
    assert gone["author"]["participant"] == "unhcr" and gone["entry"] != gone["id"] and gone["time"], gone
    watching.terminate()
    watching.wait(timeout=30)
    watching.stdout.close()
    office.error(3, "watch", "--after", "0" * 64)
    daemon.stop()


lib.main(test_on_demand, test_by_kind_and_marking, test_watch)
