#!/usr/bin/env python3
"""New keys for an office, where the root of its participant is and where it is not."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403


def second_office(head, name, folder):
    daemon = head.daemon()
    office = Office(head.participant, name, folder=folder)
    office.run("join", head.json("invite", "--office", name, "--address", daemon.address)["invite"])
    head.run("office", "add", name, "--yes")
    office.run("sync", "--timeout", "60")
    daemon.stop()
    return office


def meet(here, there, seconds="60"):
    for peer in here.json("peer"):
        here.run("peer", "remove", peer["address"])
    daemon = there.daemon()
    here.run("peer", "add", daemon.address)
    done = here.run("sync", "--timeout", seconds, status=None)
    daemon.stop()
    return done.returncode


def titles(office):
    return sorted(item["title"] for item in office.json("list", "--kind", "document"))


def node_of(office):
    """This home's present key, as it sees itself in the roster."""
    digits = office.json("key", "fingerprint")["fingerprint"]
    return digits


def states(of, participant, name):
    return sorted((row["status"], row["why"]) for row in of.json("office")
                  if (row["participant"], row["office"]) == (participant, name))


def text(name, words):
    return write(name, words + "\n") and name


def where_the_root_is(ilo, iom):
    ilo.post(text("one.txt", "before"), "--to", "all")
    circle = ilo.post(text("circle.txt", "a circle, which keeps no history"), "--to", "iom")
    assert meet(iom, ilo) == 0
    before = node_of(ilo)
    iom.post(text("meanwhile.txt", "sealed to the old key"), "--to", "ilo")
    done = ilo.json("key", "rotate")
    assert done["state"] == "active" and done["fingerprint"] == node_of(ilo) != before, done
    assert "takes" not in ilo.text("status")
    ilo.post(text("two.txt", "after"), "--to", "all")
    assert ilo.run("get", circle).stdout == b"a circle, which keeps no history\n"
    assert meet(iom, ilo) == 0
    assert titles(iom) == ["circle.txt", "meanwhile.txt", "one.txt", "two.txt"], titles(iom)
    assert titles(ilo) == titles(iom)  # also what was sealed to the old key
    assert states(iom, "ilo", "hq") == [("active", ""), ("revoked", "the office has other keys by now")]
    iom.post(text("three.txt", "to the new key"), "--to", "ilo")
    assert meet(ilo, iom) == 0 and "three.txt" in titles(ilo)
    assert ilo.json("verify", "--all")["ok"] and iom.json("verify", "--all")["ok"]


def under_a_running_daemon(ilo, iom):
    """Sessions end and come again, with the new key; nobody is restarted."""
    i, o = ilo.daemon(), iom.daemon()
    for peer in iom.json("peer"):
        iom.run("peer", "remove", peer["address"])
    iom.run("peer", "add", i.address)

    def connected():
        return [p for p in iom.json("peer") if p["state"] == "connected" and p["office"] == "hq"]
    until(connected)
    before = node_of(ilo)
    assert ilo.json("key", "rotate")["state"] == "active" and node_of(ilo) != before
    ilo.post(text("live.txt", "by a daemon with new keys"), "--to", "all")

    def arrived():
        return "live.txt" in titles(iom)
    until(arrived)
    until(connected)
    i.stop()
    o.stop()
    assert len(states(iom, "ilo", "hq")) == 3


def where_it_is_not(ilo, iom, dhaka):
    dhaka.post(text("dhaka.txt", "from dhaka"), "--to", "all")
    assert meet(dhaka, ilo) == 0
    before = node_of(dhaka)
    asked = dhaka.json("key", "rotate", "-o", path("request"))
    assert asked["state"] == "requested" and asked["request"].startswith("gmm-rekey1:"), asked
    assert read("request").decode().strip() == asked["request"]
    assert dhaka.json("key", "rotate")["request"] == asked["request"]  # the same keys wait
    assert node_of(dhaka) == before
    # what the holder of the root refuses
    assert "digits" not in ilo.error(4, "office", "renew", "dhaka", "--card", path("request"), "--fingerprint",
                                     "11111 " * 8)["message"]
    assert "not of the office" in ilo.error(4, "office", "renew", "hq", "--card", path("request"))["message"]
    iom.error(4, "office", "renew", "dhaka", "--card", path("request"))
    ilo.error(2, "office", "renew", "dhaka", "--card", path("request"), "--role", "vote")
    ilo.error(1, "office", "renew", "dhaka", "--card", write("junk", "gmm-rekey1:AAAA"))
    dhaka.error(4, "office", "renew", "dhaka", "--card", path("request"))  # no root there
    renewed = ilo.json("office", "renew", "dhaka", "--card", path("request"), "--fingerprint", asked["fingerprint"],
                       "-o", path("answer"))
    assert renewed["status"] == "active" and renewed["fingerprint"] == asked["fingerprint"], renewed
    again = ilo.json("office", "renew", "dhaka", "--card", path("request"))
    assert again["certificate"] == renewed["certificate"] == read("answer").decode().strip()
    # over the network: its old key is refused, but it is told why
    assert meet(dhaka, ilo) == 0
    assert node_of(dhaka) == asked["fingerprint"]
    dhaka.post(text("dhaka2.txt", "from dhaka's new key"), "--to", "all")
    assert meet(dhaka, ilo) == 0 and meet(iom, ilo) == 0
    assert {"dhaka.txt", "dhaka2.txt"} <= set(titles(iom)), titles(iom)
    # by hand
    asked = dhaka.json("key", "rotate", "-o", path("request"))
    ilo.run("office", "renew", "dhaka", "--card", path("request"), "-o", path("answer2"))
    assert "not for the keys" in dhaka.error(4, "key", "rotate", "--certificate", path("answer"))["message"]
    dhaka.error(1, "key", "rotate", "--certificate", path("request"))
    assert dhaka.json("key", "rotate", "--certificate", path("answer2"))["state"] == "active"
    assert node_of(dhaka) == asked["fingerprint"]
    assert meet(dhaka, ilo) == 0
    assert [s for s, _ in states(ilo, "ilo", "dhaka")] == ["active", "revoked", "revoked"]


def usage(ilo):
    ilo.error(2, "key", "rotate", "--root", "-o", path("x"))
    alone = Office("unu")
    assert alone.error(1, "key", "rotate")["code"]


def main_tests():
    ilo, iom = network("ilo", "iom")
    usage(ilo)
    where_the_root_is(ilo, iom)
    under_a_running_daemon(ilo, iom)
    dhaka = second_office(ilo, "dhaka", "ilo-dhaka")
    assert meet(iom, ilo) == 0
    where_it_is_not(ilo, iom, dhaka)


main(main_tests)
