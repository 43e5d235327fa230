"""Attachments over lines that are cut: what came is never fetched again, not after a cut and not after the process was killed; several
offices give the same file at once."""
import os
import shutil
import signal
import sqlite3
import subprocess

import lib
from corpus import sync
from link import Line

MIB = 1 << 20


OFFICES = []


def offices():
    """One network for all tests; nobody dials anybody yet."""
    if not OFFICES:
        OFFICES.extend(lib.network("ilo", "iom", "gov-xa"))
    for office in OFFICES:
        for peer in office.json("peer"):
            office.run("peer", "remove", peer["address"])
    return OFFICES


def posted(office, size, symbol):
    data = os.urandom(size)
    office.run("post", lib.write(symbol.replace("/", "-"), data), "--to", "all", "--symbol", symbol, "--yes")
    return data


def staged(office):
    folder = os.path.join(office.home, "partial")
    return sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)) if os.path.isdir(folder) else 0


def test_cuts():
    ilo, iom, _ = offices()
    daemon = ilo.daemon()
    data = posted(ilo, 8 * MIB, "C/1")
    line = Line(daemon.address, rate=2_000_000, cut_after=1_000_000)
    iom.run("peer", "add", line.address)
    reader = iom.daemon("--no-listen")

    def is_here():
        return iom.run("show", "C/1", status=None).returncode == 0 and iom.json("show", "C/1")["here"]
    lib.until(is_here, 120)
    assert iom.run("get", "C/1").stdout == data
    assert line.cuts >= 7, line.cuts
    assert line.back <= 1.15 * len(data), (line.back, len(data), line.cuts)
    assert staged(iom) == 0
    line.close()
    reader.stop()
    daemon.stop()


def held(office):
    """Bytes of sealed chunks that the office has written down: whole ones of which it knows, and parts."""
    store = sqlite3.connect(f"file:{os.path.join(office.home, 'store.db')}?mode=ro", uri=True, timeout=60)
    whole = store.execute("SELECT COALESCE(SUM(len), 0) FROM chunk").fetchone()[0]
    store.close()
    return whole + staged(office)


def test_killed():
    """What a killed process had written down is not fetched again; what was still in buffers on the way is nobody's fault."""
    ilo, iom, _ = offices()
    daemon = ilo.daemon()
    data = posted(ilo, 2 * MIB, "K/1")
    line = Line(daemon.address, rate=500_000)
    iom.run("peer", "add", line.address)
    before, kept, kills = held(iom), 0, 0
    while True:
        client = subprocess.Popen([lib.GMM, "--home", iom.home, "sync"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  env=lib.environment())
        start = line.back

        def is_under_way():
            return client.poll() is not None or (kills < 3 and held(iom) - before - kept >= 300_000)
        lib.until(is_under_way, 120)
        if client.poll() is not None:
            break
        client.send_signal(signal.SIGKILL)
        client.wait()
        kills += 1
        kept = held(iom) - before  # less than a moment ago, perhaps: a chunk that was whole, and not yet known
    assert kills >= 2 and client.returncode == 0, (kills, client.returncode)
    assert iom.run("get", "K/1").stdout == data
    rest = len(data) - kept
    assert line.back - start <= 1.15 * rest + 65_536, (line.back - start, rest, kept)
    line.close()
    daemon.stop()


def chunks(office):
    """Paths of its chunk files, from the home on."""
    return {os.path.relpath(os.path.join(folder, name), office.home)
            for folder, _, names in os.walk(os.path.join(office.home, "chunks")) for name in names}


def test_written_and_not_known():
    """Chunks that were written when the office was killed, before the store knew of them, are not fetched again; those that a loss
    of power spoiled are."""
    ilo, iom, _ = offices()
    daemon = ilo.daemon()
    before = chunks(ilo)
    data = posted(ilo, 6 * MIB, "W/1")
    left = sorted(chunks(ilo) - before, key=lambda name: os.path.getsize(os.path.join(ilo.home, name)))
    assert len(left) >= 3 and not set(left) & chunks(iom), left
    for name in left:
        os.makedirs(os.path.dirname(os.path.join(iom.home, name)), exist_ok=True)
        shutil.copyfile(os.path.join(ilo.home, name), os.path.join(iom.home, name))
    spoiled = os.path.join(iom.home, left[0])
    with open(spoiled, "r+b") as f:
        f.seek(1000)
        f.write(b"spoiled")
    line = Line(daemon.address)
    iom.run("peer", "add", line.address)
    iom.run("sync", "--timeout", "120")
    assert iom.run("get", "W/1").stdout == data
    assert line.back <= 1.15 * os.path.getsize(spoiled) + 65_536, (line.back, os.path.getsize(spoiled))
    assert iom.json("verify", "--all")["ok"]
    line.close()
    daemon.stop()


def test_several():
    ilo, iom, gov = offices()
    first = ilo.daemon()
    iom.run("peer", "add", first.address)
    data = posted(ilo, 12 * MIB, "S/1")
    sync([ilo, iom])
    second = iom.daemon()
    lines = [Line(daemon.address, rate=3_000_000) for daemon in (first, second)]
    for line in lines:
        gov.run("peer", "add", line.address)
    gov.run("sync", "--timeout", "120")
    assert gov.run("get", "S/1").stdout == data
    came, held = [line.back for line in lines], len(data) + 16 * MIB  # with what the tests before posted
    assert min(came) > held // 5 and sum(came) <= 1.15 * held, (came, held)
    for line in lines:
        line.close()
    first.stop()
    second.stop()


lib.main(test_cuts, test_killed, test_written_and_not_known, test_several)
