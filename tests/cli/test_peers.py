#!/usr/bin/env python3
"""Dialling: addresses without an office, peers that come and go, what sync says of those that cannot be reached."""
import os
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return f"127.0.0.1:{s.getsockname()[1]}"


def states(office):
    return {peer["address"]: peer for peer in office.json("peer")}


def drop_all(office):
    for address in states(office):
        office.run("peer", "remove", address)


def sync_without_anybody(iom):
    drop_all(iom)
    assert "no peer is known" in iom.error(5, "sync")["message"]
    nobody = closed_port()
    iom.run("peer", "add", nobody)
    assert iom.error(5, "sync", "--timeout", "30")["code"] == "unreachable"
    return nobody


def an_address_finds_its_office(ilo, iom, unhcr, nobody):
    """Three offices are known, one of them answers at the address; it is bound, and stays so."""
    daemon = unhcr.daemon()
    iom.run("peer", "add", daemon.address)
    done = iom.run("sync", "--timeout", "60")
    assert nobody.encode() in done.stderr, done.stderr
    report = iom.json("sync", "--timeout", "60")
    bound = {p["address"]: (p["participant"], p["state"]) for p in report["peers"]}
    assert bound[daemon.address] == ("unhcr", "connected") and bound[nobody][1] == "unreachable", bound
    assert states(iom)[daemon.address]["participant"] == "unhcr"
    daemon.stop()
    moved = ilo.daemon("--listen", daemon.address)  # another office of the network is there now
    report = iom.json("sync", "--timeout", "60")
    assert {p["address"]: p["participant"] for p in report["peers"]}[daemon.address] in ("unhcr", "ilo"), report
    moved.stop()
    iom.run("peer", "remove", nobody)


def somebody_else_answers(iom):
    """A port that speaks no protocol of ours is no peer, and does not keep sync waiting."""
    drop_all(iom)
    with socket.create_server(("127.0.0.1", 0)) as s:
        address = f"127.0.0.1:{s.getsockname()[1]}"
        iom.run("peer", "add", address)

        import threading

        def greet():
            while True:
                try:
                    c, _ = s.accept()
                except OSError:
                    return
                c.sendall(b"220 mail.example.org ready\r\n")
                c.close()
        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        assert iom.error(5, "sync", "--timeout", "60")["code"] == "unreachable"
    drop_all(iom)


def daemons_find_each_other_again(ilo, unhcr):
    here = ilo.daemon()
    there = unhcr.daemon()
    drop_all(ilo)
    ilo.run("peer", "add", there.address)
    until(lambda: states(ilo)[there.address]["state"] == "connected")
    address = there.address
    there.kill()
    until(lambda: states(ilo)[address]["state"] != "connected")
    there = unhcr.daemon("--listen", address)
    until(lambda: states(ilo)[address]["state"] == "connected")
    write("doc.txt", "over the new connection")
    posted = ilo.post("doc.txt", "--to", "all")
    until(lambda: posted in [d["id"] for d in unhcr.json("list")])
    assert unhcr.run("get", posted).stdout == b"over the new connection"
    here.stop()
    there.stop()


def bad_addresses(iom):
    for address in ("nonsense", "host", "host:0", "host:99999", "[::1:7466", ":7466", "a b:1"):
        iom.error(2, "peer", "add", address)


def test_all():
    ilo, iom, unhcr = network("ilo", "iom", "unhcr")
    for office in (ilo, iom, unhcr):  # everybody knows everybody
        daemon = ilo.daemon() if office is not ilo else None
        if daemon is not None:
            office.run("peer", "add", daemon.address)
            office.run("sync", "--timeout", "60")
            daemon.stop()
    nobody = sync_without_anybody(iom)
    an_address_finds_its_office(ilo, iom, unhcr, nobody)
    somebody_else_answers(iom)
    daemons_find_each_other_again(ilo, unhcr)
    bad_addresses(iom)


main(test_all)
