# tier: long
"""A file of many chunks, whose list is chunks itself: posted, replicated, read, fetched on demand; memory stays bounded."""
import hashlib
import os

import lib
from corpus import sync, three

MIB = 1 << 20


def peak(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM")) // 1024


def sha(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def test_large():
    offices = three()
    ilo, iom, gov = offices
    with open(os.path.join(gov.home, "gmm.conf"), "a", encoding="utf-8") as conf:
        conf.write("\n[fetch]\nauto-max=0\n")
    path, target = lib.path("large.bin"), lib.path("target")
    with open(path, "wb") as f:
        for _ in range(400):
            f.write(os.urandom(MIB))
    before = peak(lib.DAEMONS[0].process.pid)
    posted = ilo.json("post", path, "--to", "all", "--symbol", "L/1", "--yes")
    assert posted["bytes"] == 400 * MIB
    iom.run("sync", "--timeout", "300", timeout=400)
    sync(offices)
    assert iom.json("show", "L/1")["here"] is True and gov.json("show", "L/1")["here"] is False
    for office in offices:
        office.run("get", "L/1", "-o", target, timeout=400)
        assert sha(target) == sha(path), office.participant
        os.unlink(target)
    after = peak(lib.DAEMONS[0].process.pid)
    assert after - before < 128, (before, after)
    # A next version with a stretch put in shares all but a few chunks.
    with open(path, "r+b") as f:
        f.seek(100 * MIB)
        f.write(os.urandom(1000))
    ilo.run("post", path, "--to", "all", "--revises", "L/1", "--yes")
    result = iom.json("sync", "--timeout", "300", timeout=400)
    assert result["bytes_in"] < 16 * MIB, result
    iom.run("get", "L/1", "-o", target, timeout=400)
    assert sha(target) == sha(path)
    lib.DAEMONS[0].stop()


lib.main(test_large)
