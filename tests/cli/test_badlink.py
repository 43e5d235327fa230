# tier: long
"""Over a link of 64 kbit/s, 700 ms and 5 % loss: replication completes, is cut now and then and goes on, and less than twice the sealed bytes
goes over it. Between network namespaces; cut every 30 s; GMM_LONG: ten times the bytes."""
import json
import os
import subprocess
import time

import lib
from badlink import FAR, NEAR, BadLink

LONG = "GMM_LONG" in os.environ
BYTES, CUT_S = (1_200_000 if LONG else 120_000), 30


def test_complete_and_cheap():
    ilo, iom = lib.network("ilo", "iom")
    link, office = BadLink(64, 700, 5), None
    try:
        for peer in iom.json("peer"):
            iom.run("peer", "remove", peer["address"])
        data = os.urandom(BYTES)
        ilo.run("post", lib.write("doc", data[:20_000]), "--to", "all", "--symbol", "D/1", "--yes")
        ilo.run("post", lib.write("large", data), "--to", "all", "--symbol", "D/2", "--yes")
        office = subprocess.Popen(link.within(link.near, lib.GMM, "--home", ilo.home, "run", "--listen", NEAR + ":7466"),
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=lib.environment())
        assert office.stdout.readline().startswith(b"listening")
        iom.run("peer", "add", NEAR + ":7466")
        begun, rounds, carried = time.monotonic(), 0, 0
        while iom.run("show", "D/2", status=None).returncode != 0 or not iom.json("show", "D/2")["here"]:
            client = subprocess.run(link.within(link.far, lib.GMM, "--home", iom.home, "--json", "sync", "--timeout", str(CUT_S)),
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=lib.environment(), timeout=600, check=False)
            assert client.returncode in (0, 5), client
            rounds += 1
            assert rounds < 400, "it never ends"
        passed = time.monotonic() - begun
        sealed = len(data) + 20_000
        print(json.dumps({"job": "64 kbit/s, 700 ms, 5 % loss", "seconds": round(passed, 1), "cuts": rounds - 1,
                          "sealed": sealed, "said": link.said(), "back": link.said(1),
                          "ratio": round(link.said() / sealed, 3), "wire": round(link.wire / sealed, 3)}), flush=True)
        assert iom.run("get", "D/2").stdout == data
        # With the headers of TCP and IP, acknowledgements, handshakes, what was lost and sent again.
        assert link.wire <= 2.0 * sealed, (link.wire, sealed)
        office.terminate()
        office.wait(timeout=60)
        office.stdout.close()
    finally:
        if office is not None and office.poll() is None:
            office.kill()
            office.wait()
        link.remove()


lib.main(test_complete_and_cheap)
