"""A note posted behind a file of 20 MB over a thin line: it goes first. Counted in what the line carried meanwhile, at 64 kbit/s."""
import os

import lib
from link import Line

RATE = 8000  # bytes a second


def test_note_before_file():
    ilo, iom = lib.network("ilo", "iom")
    daemon = ilo.daemon()
    small = ilo.json("post", "-", "--to", "all", "--title", "t", "--yes", data=b"a text of two paragraphs")["id"]
    iom.run("peer", "add", daemon.address)
    iom.run("sync")
    ilo.run("post", lib.write("film", os.urandom(20 << 20)), "--to", "all", "--symbol", "F/1", "--yes")
    for peer in iom.json("peer"):
        iom.run("peer", "remove", peer["address"])
    line = Line(daemon.address, rate=RATE)
    iom.run("peer", "add", line.address)
    reader = iom.daemon("--no-listen")

    def film_is_coming():
        return line.back > 60_000
    lib.until(film_is_coming, 120)
    worst = 0
    for n in range(3):
        def note():
            ilo.run("note", small, "deadline is near")

        def note_is_here():
            return len(iom.json("notes", small)) > n
        worst = max(worst, line.until_here(note, note_is_here, RATE // 4, 10 * RATE))
    assert iom.json("show", "F/1")["here"] is False
    print(f"   {worst / RATE:.1f} s of the line at most", flush=True)
    line.close()
    reader.kill()
    daemon.stop()


lib.main(test_note_before_file)
