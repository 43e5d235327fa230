"""An office that is up only while it syncs: when `gmm sync` has ended, the other office holds all of what was posted,
bodies and attachments as well, though it had much to look through first."""
import os
import random

from lib import main, network, path, until, write

DICE = random.Random(7)
DOCUMENTS = 600


def test_all_is_there_when_sync_ends():
    ilo, iom = network("ilo", "iom")
    there = ilo.daemon("--listen", "127.0.0.1:0")
    iom.run("peer", "add", there.address)
    os.makedirs(path("many"))
    rows = ["path\ttitle"]
    for i in range(DOCUMENTS):
        write(f"many/{i}.txt", f"{i} {DICE.randbytes(400).hex()}")
        rows.append(f"many/{i}.txt\tNumber {i}")
    large = DICE.randbytes(3 << 20)
    write("large.bin", large)
    iom.run("post", "--batch", write("many.tsv", "\n".join(rows) + "\n"), "--to", "all", "--yes")
    posted = iom.post("large.bin", "--to", "all")
    iom.run("sync", "--timeout", "120")
    # nobody can be asked for more: iom is not running
    assert ilo.run("get", posted).stdout == large
    until(lambda: ilo.json("status")["documents"] == DOCUMENTS + 1)
    there.stop()


main(test_all_is_there_when_sync_ends)
