#!/usr/bin/env python3
"""A note posted behind a file of 20 MB over 64 kbit/s, 700 ms and 5 % loss: seconds until it is at the other end, five times.

    GMM=build/release/gmm python3 tests/bench/urgent.py [NOTES]

Needs root (network namespaces). One JSON line; 10 s is wanted. No test of the tiers: it measures time.
"""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
import lib
from badlink import NEAR, BadLink

NOTES = int(sys.argv[1]) if len(sys.argv) > 1 else 5


def daemon(link, space, office, *args):
    process = subprocess.Popen(link.within(space, lib.GMM, "--home", office.home, "run", *args), stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, env=lib.environment())
    process.stdout.readline()
    return process


def measured():
    ilo, iom = lib.network("ilo", "iom")
    small = ilo.json("post", "-", "--to", "all", "--title", "t", "--yes", data=b"a text")["id"]
    for office in (ilo, iom):
        for peer in office.json("peer"):
            office.run("peer", "remove", peer["address"])
    link = BadLink(64, 700, 5)
    running = []
    try:
        iom.run("peer", "add", NEAR + ":7466")
        running = [daemon(link, link.near, ilo, "--listen", NEAR + ":7466"), daemon(link, link.far, iom, "--no-listen")]
        lib.until(lambda: any(row["id"] == small for row in iom.json("list")), 120)
        ilo.run("post", lib.write("film", os.urandom(20 << 20)), "--to", "all", "--symbol", "F/1", "--yes")
        lib.until(lambda: link.said(0) + link.said(1) > 200_000, 300)
        seconds = []
        for n in range(NOTES):
            begin = time.monotonic()
            ilo.run("note", small, f"urgent {n}")
            lib.until(lambda n=n: len(iom.json("notes", small)) > n, 300)
            seconds.append(round(time.monotonic() - begin, 1))
            time.sleep(5)
        print(json.dumps({"job": "a note behind 20 MB, 64 kbit/s, 700 ms, 5 % loss", "seconds": seconds, "most": max(seconds),
                          "wanted": 10, "film here": iom.json("show", "F/1")["here"]}), flush=True)
    finally:
        for process in running:
            process.terminate()
            process.wait(timeout=60)
            process.stdout.close()
        link.remove()


if __name__ == "__main__":
    lib.main(measured)
