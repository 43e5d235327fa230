"""Documents and notes of the corpus between two daemons: posted as one table, replicated, verified, taken out again one by one at the
receiver, and compared by SHA-256 with what was made.

    GMM=build/release/gmm PYTHONPATH=tests/cli python3 tests/bench/cold.py [ITEMS]      (10,000; 100,000 take half an hour)
"""
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import lib
from corpus import folder, three

MAKE = os.path.join(folder(), "make-corpus.py")
ITEMS = int(sys.argv[1]) if len(sys.argv) > 1 else 10000


def make(*words):
    done = subprocess.run([sys.executable, MAKE, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
    print(done.stdout.decode().strip().splitlines()[-1], flush=True)


def timed(what, function):
    begin = time.monotonic()
    result = function()
    print(f"{what}: {time.monotonic() - begin:.1f} s", flush=True)
    return result


def corpus():
    offices = three()
    ilo, iom, made, tree = offices[0], offices[1], lib.path("made"), lib.path("tree")
    make(made, "-n", str(ITEMS))
    lines = timed("posted", lambda: ilo.text("post", "--batch", os.path.join(made, "MANIFEST.tsv"), "--yes", timeout=3600))
    ids = [line.split("\t")[0] for line in lines.splitlines()]
    assert len(ids) == ITEMS, len(ids)
    timed("replicated, with the catalogue", lambda: iom.run("sync", "--timeout", "3600", timeout=3600))
    for office in (ilo, iom):
        assert timed("verified", lambda: office.json("verify", "--all", timeout=3600))["ok"]
    daemon = timed("daemon started", lambda: iom.daemon("--no-listen"))
    status = timed("status", lambda: iom.json("status"))
    print(status["documents"], "documents,", status["notes"], "notes", flush=True)
    os.mkdir(tree)

    def get(entry):
        iom.run("get", entry, "-o", os.path.join(tree, entry))

    with ThreadPoolExecutor(4) as pool:
        timed("taken out", lambda: list(pool.map(get, ids)))
    make("--verify", made, "--tree", tree)
    daemon.stop()
    lib.DAEMONS[0].stop()


lib.main(corpus)
