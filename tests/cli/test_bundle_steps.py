"""A bundle is taken in by steps: clients and peers are answered meanwhile, and who ends it in between loses nothing.

The file ends when the test wants it to: behind the bundle stand sections for another network, mostly holes, and more of them
are put there while the program reads. So "meanwhile" is an order of events here, whatever the speed.
"""
import os
import random
import struct
import subprocess

from lib import GMM, environment, found, held, join_by_files, main, path, read, until, write

FRAME = 8 << 20  # of a section that is passed over


class Growing:
    """A file whose reader does not come to its end before it may."""

    def __init__(self, name, begin):
        self.path = write(name, begin + b"GMMBNDL\x01" + bytes(72))
        self.file = open(self.path, "r+b", buffering=0)
        self.end = len(begin) + 80
        self.grow(0)

    def grow(self, reader):
        """Far before the reader: holes take no room, and it cannot read so much while a client asks something."""
        while self.end < reader + (1 << 36):
            os.pwrite(self.file.fileno(), struct.pack(">I", FRAME), self.end)
            self.end += 4 + FRAME
        os.truncate(self.path, self.end + 4)  # zeros: the section ends, and so does the file

    def close(self, reader):
        """It ends a little before the reader; if that has gone on meanwhile, it finds an early end."""
        while self.end - (4 + FRAME) > reader + 32 * FRAME:
            self.end -= 4 + FRAME
        os.truncate(self.path, self.end + 4)
        self.file.close()


class Import:
    """A client that has asked for an import; the place in the file is shared with the daemon, which reads it."""

    def __init__(self, office, growing):
        self.growing = growing
        self.client = subprocess.Popen([GMM, "--home", office.home, "--json", "bundle", "import", growing.path],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       env=environment())

    def reader(self):
        folder = f"/proc/{self.client.pid}/fd"
        for fd in os.listdir(folder):
            try:
                if os.readlink(os.path.join(folder, fd)) == self.growing.path:
                    with open(f"/proc/{self.client.pid}/fdinfo/{fd}", encoding="ascii") as f:
                        return int(f.readline().split()[1])
            except FileNotFoundError:
                continue  # closed since the folder was listed
        return 0

    def goes_on(self):
        assert self.client.poll() is None, self.client.communicate()
        self.growing.grow(self.reader())

    def ends(self):
        self.growing.close(self.reader())
        out, err = self.client.communicate(timeout=120)
        assert self.client.returncode == 0, (out, err)
        return out

    def kill(self):
        self.client.kill()
        self.client.communicate()


def test_others_are_answered():
    ilo = found()
    iom = join_by_files(ilo, "iom")
    unhcr = join_by_files(ilo, "unhcr")
    unhcr.run("bundle", "import", bundle_for(ilo, "unhcr"))
    iom.run("bundle", "import", bundle_for(ilo, "iom"))
    write("paper.txt", "paper\n")
    write("big.bin", random.Random(1).randbytes(3_000_000))
    paper = ilo.post("paper.txt", "--to", "all", "--attach", path("big.bin"))
    peer, daemon = unhcr.daemon(), iom.daemon("--no-listen")
    iom.run("peer", "add", peer.address)
    iom.run("sync", "--timeout", "60")
    running = Import(iom, Growing("growing", read(os.path.basename(bundle_for(ilo, "iom")))))

    def it_brought_something():
        running.goes_on()
        return paper in held(iom)

    def a_peer_is_heard():
        running.goes_on()
        return note in held(iom)

    until(it_brought_something)
    status = iom.json("status")
    assert status, status
    running.goes_on()  # answered, and the import is not over
    write("meanwhile.txt", "meanwhile\n")
    note = unhcr.post("meanwhile.txt", "--to", "all")
    until(a_peer_is_heard)
    running.goes_on()
    # Another import waits its turn, and is answered too.
    second = subprocess.Popen([GMM, "--home", iom.home, "bundle", "import", bundle_for(ilo, "iom")],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment())
    assert b'"lost":[]' in running.ends().replace(b" ", b"")
    assert second.wait(timeout=120) == 0
    assert iom.run("get", paper, "--attachment", "1").stdout == read("big.bin")
    daemon.stop()
    peer.stop()


def bundle_for(office, participant):
    office.run("bundle", "export", path(f"for-{participant}"), "--for", participant)
    return path(f"for-{participant}")


def has_asked(process):
    """It is connected to the daemon."""
    folder = f"/proc/{process.pid}/fd"
    try:
        return any(os.readlink(os.path.join(folder, fd)).startswith("socket:") for fd in os.listdir(folder))
    except FileNotFoundError:
        return False  # closed meanwhile


def test_ended_in_between():
    """The client goes, then the daemon is killed; each time the same file is taken in again."""
    ilo = found("wfp")
    iom = join_by_files(ilo, "unep")
    ids, size = set(), 0
    for n in range(3):
        write(f"{n}.txt", f"paper {n}\n")
        write(f"{n}.bin", random.Random(n).randbytes(1_500_000))
        ids.add(ilo.post(f"{n}.txt", "--to", "all", "--attach", path(f"{n}.bin")))
    whole = read(os.path.basename(bundle_for(ilo, "unep")))
    daemon = iom.daemon("--no-listen")
    running = Import(iom, Growing("first", whole))

    def it_has_begun():
        running.goes_on()
        return running.reader() > 0

    def all_is_here():
        running.goes_on()
        return held(iom) == ids

    until(it_has_begun)
    running.kill()
    assert iom.json("status")
    running = Import(iom, Growing("second", whole))
    until(all_is_here)
    daemon.kill()
    running.kill()
    daemon = iom.daemon("--no-listen")
    result = iom.json("bundle", "import", path("for-unep"))
    assert result["lost"] == [] and result["refused"] == 0 and result["received"] == 0, result
    for n, document in enumerate(sorted(ids, key=lambda d: iom.json("show", d)["title"])):
        assert iom.run("get", document, "--attachment", "1").stdout == read(f"{n}.bin")
    # An export that waits behind an import: who ends it leaves no file, and the daemon goes on.
    running = Import(iom, Growing("third", whole))
    until(it_has_begun)  # there are 64 GiB of it to come
    export = subprocess.Popen([GMM, "--home", iom.home, "bundle", "export", path("ended")], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, env=environment())
    until(lambda: has_asked(export))
    export.kill()
    export.wait()
    running.kill()
    assert iom.json("status") and not os.path.exists(path("ended"))
    assert iom.json("bundle", "export", path("ended"), "--for", "wfp")["offices"][0]["bundle"] == 1
    assert os.path.exists(path("ended"))
    running = Import(iom, Growing("fourth", whole))
    until(it_has_begun)
    daemon.stop()  # does not wait for it
    assert running.client.wait(timeout=60) != 0
    running.kill()
    assert iom.json("verify", "--all")["ok"]


main(test_others_are_answered, test_ended_in_between)
