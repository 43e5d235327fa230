# tier: long
"""Over a link of 64 kbit/s, 700 ms and 5 % loss, which is cut every 30 s while the office behind it is killed: replication completes, goes on
each time where it was, and what the two programs send is at most 1.15 times the sealed bytes; beside it what TCP and IP make of it. Between
network namespaces; GMM_LONG: ten times the bytes."""
import json
import os
import sqlite3
import subprocess
import time

import lib
from badlink import NEAR, BadLink

LONG = "GMM_LONG" in os.environ
BYTES, CUT_S = (4_000_000 if LONG else 400_000), 30


def sealed_bytes(office):
    """All that the office holds sealed, beside the headers."""
    db = sqlite3.connect("file:%s?mode=ro" % os.path.join(office.home, "store.db"), uri=True)
    found = sum(db.execute(sql).fetchone()[0] or 0 for sql in (
        "SELECT sum(len) FROM chunk", "SELECT sum(length(body)) FROM entry WHERE type >= 64"))
    db.close()
    return found


def until_cut(link, office):
    """One session, until all is here or the link is cut; true: it was cut."""
    client = subprocess.Popen(link.within(link.far, lib.GMM, "--home", office.home, "--json", "sync"),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=lib.environment())
    try:
        assert client.wait(timeout=CUT_S) in (0, 5), client.returncode  # 5: no handshake came through within 10 s
        return client.returncode != 0
    except subprocess.TimeoutExpired:
        link.down = True
        client.kill()
        client.wait()
        time.sleep(1)
        link.down = False
        return True


def test_complete_and_cheap():
    ilo, iom = lib.network("ilo", "iom")
    link, office = BadLink(64, 700, 5), None
    try:
        for peer in iom.json("peer"):
            iom.run("peer", "remove", peer["address"])
        data = os.urandom(BYTES)
        before = sealed_bytes(ilo)
        ilo.run("post", lib.write("doc", data[:20_000]), "--to", "all", "--symbol", "D/1", "--yes")
        ilo.run("post", lib.write("large", data), "--to", "all", "--symbol", "D/2", "--yes")
        sealed = sealed_bytes(ilo) - before
        assert sealed >= len(data) + 20_000
        office = subprocess.Popen(link.within(link.near, lib.GMM, "--home", ilo.home, "run", "--listen", NEAR + ":7466"),
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=lib.environment())
        assert office.stdout.readline().startswith(b"listening")
        iom.run("peer", "add", NEAR + ":7466")
        begun, cuts = time.monotonic(), 0
        while iom.run("show", "D/2", status=None).returncode != 0 or not iom.json("show", "D/2")["here"]:
            cuts += until_cut(link, iom)
            assert cuts < 1000, "it never ends"
        print(json.dumps({"job": "64 kbit/s, 700 ms, 5 % loss", "seconds": round(time.monotonic() - begun, 1), "cuts": cuts,
                          "sealed": sealed, "said": link.said(), "back": link.said(1), "ratio": round(link.said() / sealed, 3),
                          "wire": round(link.wire / sealed, 3)}), flush=True)
        assert cuts > 0 and iom.run("get", "D/2").stdout == data
        assert link.said() <= 1.15 * sealed, (link.said(), sealed)
        office.terminate()
        office.wait(timeout=60)
        office.stdout.close()
    finally:
        if office is not None and office.poll() is None:
            office.kill()
            office.wait()
        link.remove()


lib.main(test_complete_and_cheap)
