#!/usr/bin/env python3
"""Offices that are apart and meet again: what was posted without a daemon and without any network arrives at the next
sync or the next run; who was down catches up by itself; who posted at the same time converges."""
import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403

DOCUMENTS = many(60, 20)
NOTES = many(15, 5)
AT_ONCE = 8


def no_network():
    """The words that put a program where there is not even a loopback address; none where this account may not."""
    tried = subprocess.run(["unshare", "--net", "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return ["unshare", "--net"] if tried.returncode == 0 else []


def post_cut_off(office, name, data):
    write(name, data)
    done = subprocess.run([*no_network(), GMM, "--home", office.home, "post", path(name), "--to", "all", "--yes"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
                          timeout=120)
    assert done.returncode == 0, done
    return done.stdout.decode().splitlines()[0]


def held(office):
    """What an office holds, read beside its daemon: no command reaches the daemon, so none can wake it."""
    rows = office.json("--read-only", "--socket", path("no-such-socket"), "list")
    return {row["id"] for row in rows}


def same_everywhere(offices, contents):
    """Equal lists, byte-equal documents, and nothing that verify would name."""
    lists = [office.json("list") for office in offices]
    for office, rows in zip(offices, lists):
        assert rows == lists[0], f"{office.participant} and {offices[0].participant} list differently"
        for posted, data in contents.items():
            assert office.run("get", posted).stdout == data, f"{posted} differs at {office.participant}"
        checked = office.json("verify", "--all")
        assert checked["ok"] and checked["faults"] == [], checked


def settle(offices):
    """Addresses that stay: every office listens where the others look for it."""
    for office in offices:
        for peer in office.json("peer"):
            office.run("peer", "remove", peer["address"])
    daemons = [office.daemon() for office in offices]
    addresses = [daemon.address for daemon in daemons]
    for office in offices:
        for other, address in zip(offices, addresses):
            if other is not office:
                office.run("peer", "add", address)
    for office in offices:
        until(lambda o=office: all(peer["state"] == "connected" for peer in o.json("peer")))
    for daemon in daemons:
        daemon.stop()
    return addresses


def posts_of_the_cut_off(offices, addresses):
    ilo, iom, unhcr = offices
    contents = {}
    for name, meets in (("sync.txt", "sync"), ("run.txt", "run")):
        data = f"posted alone, before the next {meets}\n".encode()
        posted = post_cut_off(iom, name, data)
        contents[posted] = data
        assert posted in held(iom) and posted not in held(ilo) | held(unhcr)
        daemons = [ilo.daemon("--listen", addresses[0]), unhcr.daemon("--listen", addresses[2])]
        if meets == "sync":
            iom.run("sync", "--timeout", "60")
            # sync ends when neither side lacks anything: there is nothing to wait for
            assert posted in held(ilo) and posted in held(unhcr), "sync ended before its post had arrived"
        else:
            daemons.append(iom.daemon("--listen", addresses[1]))
            until(lambda: posted in held(ilo) & held(unhcr))
        for daemon in daemons:
            daemon.stop()
        same_everywhere(offices, contents)


def down_for_a_whole_posting(offices, addresses):
    """unhcr is down; whoever starts later does so without any command."""
    ilo, iom, unhcr = offices
    daemons = [ilo.daemon("--listen", addresses[0]), iom.daemon("--listen", addresses[1])]
    table = "path\ttitle\tto\tkind\tid\tparent\tanchor\tposition\n"
    for n in range(DOCUMENTS):
        write(f"long{n}.txt", f"document {n} of a long posting\n" * (1 + 40 * (n % 7)))
        table += f"long{n}.txt\tDocument {n}\tall\tdocument\td{n}\t\t\t\n"
    for n in range(NOTES):
        write(f"note{n}.txt", f"an observation on document {n}\n")
        table += f"note{n}.txt\tNote {n}\tall\tnote\tn{n}\td{n}\t{n + 1}\tcomment\n"
    write("posting.tsv", table)
    posted = {}
    for line in ilo.text("post", "--batch", path("posting.tsv"), "--yes").splitlines():
        entry, name = line.split("\t")
        posted[entry] = name
    assert len(posted) == DOCUMENTS + NOTES, len(posted)
    until(lambda: set(posted) <= held(iom))
    assert not set(posted) & held(unhcr)
    daemons.append(unhcr.daemon("--listen", addresses[2]))
    until(lambda: set(posted) <= held(unhcr))
    documents = {entry: read(name) for entry, name in posted.items() if name.startswith("long")}
    for n, entry in enumerate(documents):
        notes = unhcr.json("notes", entry)
        assert notes == ilo.json("notes", entry) and len(notes) == (1 if n < NOTES else 0), notes
    same_everywhere([unhcr, ilo], documents)
    for daemon in daemons:
        daemon.stop()


def post_many(office, mark, contents, lock, faults):
    try:
        for n in range(AT_ONCE):
            name = f"{mark} {office.participant} {n}"
            data = f"{name}\n".encode() * (n + 1)
            write(name, data)
            posted = office.post(name, "--to", "all", "--symbol", f"{mark}/{office.participant}/{n}")
            with lock:
                contents[posted] = data
    except Exception as fault:  # a thread's exception would pass unseen
        faults.append(fault)


def all_at_once(offices, mark, contents):
    lock, faults = threading.Lock(), []
    threads = [threading.Thread(target=post_many, args=(office, mark, contents, lock, faults)) for office in offices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == [], faults


def two_at_the_same_time(offices, addresses):
    """Connected, and again apart. Both apart take the same symbol, too: nobody can choose for both, alike at both."""
    contents = {}
    daemons = [office.daemon("--listen", address) for office, address in zip(offices, addresses)]
    all_at_once(offices, "together", contents)
    for office in offices:
        until(lambda o=office: set(contents) <= held(o))
    same_everywhere(offices, contents)
    for daemon in daemons:
        daemon.stop()

    all_at_once(offices, "apart", contents)
    for office in offices:
        data = f"the draft of {office.participant}\n".encode()
        write("draft.txt", data)
        contents[office.post("draft.txt", "--to", "all", "--symbol", "DRAFT/1")] = data
    assert set(contents) - held(offices[0]) and set(contents) - held(offices[1])
    daemons = [office.daemon("--listen", address) for office, address in zip(offices, addresses)]
    for office in offices:
        until(lambda o=office: set(contents) <= held(o))
    same_everywhere(offices, contents)
    answers = [office.run("--json", "get", "DRAFT/1", "-o", path("draft.out"), status=None) for office in offices]
    assert len({(answer.returncode, answer.stdout) for answer in answers}) == 1, answers
    for daemon in daemons:
        daemon.stop()


def test_all():
    offices = network("ilo", "iom", "unhcr")
    addresses = settle(offices)
    if not no_network():
        print("with the machine's network: this account may not unshare it")
    posts_of_the_cut_off(offices, addresses)
    down_for_a_whole_posting(offices, addresses)
    two_at_the_same_time(offices[:2], addresses[:2])


main(test_all)
