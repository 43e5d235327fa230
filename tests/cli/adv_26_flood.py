# tier: long
"""Adversarial 26: a member floods its group with entries. What others post elsewhere does not wait for them: on a link that the flood
fills for minutes, an entry of another group arrives within a stated bound, twelve seconds of what the link carries."""
import os

import lib
from link import Line

RATE = 40_000        # bytes a second
BOUND = 12 * RATE     # of the line; mostly it is three seconds: a run, what was queued before it, what the kernel has, a look
ENTRIES = 4000


def flood(office):
    lines = ["title\tto\tpath"]
    lib.write("flood.txt", os.urandom(750).hex())
    lines += [f"flood {n}\tall\tflood.txt" for n in range(ENTRIES)]
    office.run("post", "--batch", lib.write("flood.tsv", "\n".join(lines) + "\n"), "--yes", timeout=300)


def adv_26_other_groups_go_on():
    hub, flooder, reader = lib.network("ilo", "iom", "gov-xa")
    daemon = hub.daemon()
    for office in (flooder, reader):
        for peer in office.json("peer"):
            office.run("peer", "remove", peer["address"])
        office.run("peer", "add", daemon.address)
        office.run("sync")
    flood(flooder)
    flooder.run("sync", "--timeout", "120")
    reader.run("peer", "remove", daemon.address)
    line = Line(daemon.address, rate=RATE)
    reader.run("peer", "add", line.address)
    reading = reader.daemon("--no-listen")

    def flood_is_coming():
        return line.back > 5 * RATE
    lib.until(flood_is_coming, 120)
    for n in range(3):
        def post():
            hub.run("post", "-", "--to", "decent-work", "--symbol", f"W/{n}", "--yes", data=b"of another group")

        def is_here():
            return reader.run("show", f"W/{n}", status=None).returncode == 0
        carried = line.until_here(post, is_here, RATE // 4, BOUND)
        print(f"   {carried / RATE:.1f} s of the line", flush=True)
    assert reader.json("status")["documents"] < ENTRIES, "the flood was over before it could delay anything"
    line.close()
    reading.kill()
    daemon.stop()


lib.main(adv_26_other_groups_go_on)
