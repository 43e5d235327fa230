#!/usr/bin/env python3
"""A disk that fills up under a home: what does not fit is refused with its reason, nothing is damaged, the daemon stays
up, and replication goes on by itself once there is room.

The disk is a small tmpfs in a mount namespace of this test's own: it goes with the test, however that ends."""
import errno
import json
import os
import shutil
import subprocess
import sys

SPACES = (["unshare", "--mount"], ["unshare", "--map-root-user", "--mount"])
INSIDE = "GMM_TEST_OWN_MOUNTS"


def enter_own_mounts():
    """Runs this test again where it may mount."""
    if os.environ.get(INSIDE):
        return
    for space in SPACES:
        if subprocess.run([*space, "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
            os.execvpe(space[0], [*space, sys.executable, os.path.abspath(__file__)], dict(os.environ, **{INSIDE: "1"}))
    print("skipped: mounting a small disk needs root, or user namespaces")
    sys.exit(77)


enter_own_mounts()
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403

DISK_BYTES = 12 << 20
DISK_FILES = 300
BALLAST = "ballast"


def mount_disk(name):
    os.mkdir(path(name))
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},nr_inodes={DISK_FILES},mode=0755", "tmpfs", path(name)])
    if done.returncode != 0:
        print("skipped: a small disk cannot be mounted here")
        sys.exit(77)


def free_bytes(name):
    disk = os.statvfs(path(name))
    return disk.f_bavail * disk.f_frsize


def fill(name, leave=0):
    """Leaves at most that many bytes free on the disk. A daemon may write there meanwhile."""
    with open(path(name, BALLAST), "ab", buffering=0) as f:
        while (size := free_bytes(name) - leave) > 0:
            try:
                f.write(bytes(min(size, 1 << 16)))
            except OSError as fault:
                assert fault.errno == errno.ENOSPC


def empty(name):
    os.unlink(path(name, BALLAST))


def ids(office, *how):
    return {row["id"] for row in office.json(*how, "list")}


def held(office):
    """Read beside the daemon: no command reaches it, so none can wake it."""
    return ids(office, "--read-only", "--socket", path("no-such-socket"))


def is_no_space(error):
    assert error["code"] == "no-space" and "space" in error["remedy"], error
    return error


def sound(office):
    checked = office.json("verify", "--all")
    assert checked["ok"] and checked["faults"] == [], checked


def a_full_disk_is_named(office):
    """Nothing at all is free: what would write says so, what only reads can still be read."""
    before = ids(office)
    fill("disk")
    for words in (["post", path("small.txt"), "--to", "all", "--yes"], ["note", next(iter(before)), "words"], ["list"],
                  ["verify", "--all"], ["run", "--no-listen"]):
        is_no_space(office.error(1, *words))
    assert ids(office, "--read-only") == before
    assert office.json("--read-only", "verify", "--all")["ok"]
    init = ["--home", path("disk", "fresh"), "--json", "init", "--participant", "unu", "--name", "UNU", "--kind", "member",
            "--office", "hq", "--level", "hq", "--no-passphrase"]
    is_no_space(json.loads(gmm(*init, status=1).stdout)["error"])
    empty("disk")
    gmm(*init)  # what the failed one left is not in the way
    shutil.rmtree(path("disk", "fresh"))
    assert ids(office) == before
    sound(office)


def no_more_files(office):
    """Bytes are free, but no further file can be made: a full disk as well."""
    before = ids(office)
    os.mkdir(path("disk", "files"))
    try:
        for n in range(DISK_FILES):
            open(path("disk", "files", str(n)), "x").close()
    except OSError as fault:
        assert fault.errno == errno.ENOSPC
    for words in (["post", path("small.txt"), "--to", "all", "--yes"], ["list"], ["run", "--no-listen"]):
        is_no_space(office.error(1, *words))
    assert ids(office, "--read-only") == before
    shutil.rmtree(path("disk", "files"))
    assert ids(office) == before
    sound(office)


def every_little_space(office, how):
    """Whatever is left, a post stands whole or not at all: its answer says which."""
    before, refused, stood = ids(office), 0, 0
    for left in (*range(0, 160, 16), 192, 256, 384, 512, 1024):
        write("some.bin", os.urandom(100_000))
        write("more.bin", os.urandom(60_000))
        fill("disk", left << 10)
        answer = office.run("--json", "post", path("some.bin"), "--attach", path("more.bin"), "--to", "all", "--yes",
                            status=None)
        empty("disk")
        if answer.returncode == 0:
            posted = json.loads(answer.stdout)["id"]
            before.add(posted)
            assert office.run("get", posted).stdout == read("some.bin")
            stood += 1
        else:
            assert answer.returncode == 1, answer
            is_no_space(json.loads(answer.stdout)["error"])
            refused += 1
        assert ids(office) == before, f"with {left} KiB left, {how}"
    assert refused > 0 and stood > 0, f"{refused} refused and {stood} posted: no edge was met"
    sound(office)
    return before


def files_that_do_not_fit(office, posted, big):
    """A file to write, where there is no space for it: nothing is left of it."""
    fill("disk", 64 << 10)
    is_no_space(office.error(1, "get", posted, "-o", path("disk", "out.bin")))
    empty("disk")
    assert os.listdir(path("disk")) == ["home"], os.listdir(path("disk"))
    office.run("get", posted, "-o", path("out.bin"))
    assert read("out.bin") == big


def a_daemon_on_a_full_disk(office, peer):
    """It says so and stays up; what a peer has comes once there is room, and no command asks for it."""
    daemon = office.daemon()
    peer.run("peer", "add", daemon.address)
    other = peer.daemon()
    until(lambda: [p for p in office.json("peer") if p["state"] == "connected"])
    before = every_little_space(office, "under a daemon")
    until(lambda: before <= held(peer))
    fill("disk", 32 << 10)
    coming = set()
    for n in range(8):
        write("coming.bin", os.urandom(200_000))
        coming.add(peer.post("coming.bin", "--to", "all"))
    until(lambda: "no space" in daemon.said())
    assert not coming <= ids(office) and before <= ids(office)
    is_no_space(office.error(1, "post", path("coming.bin"), "--to", "all", "--yes"))
    assert daemon.process.poll() is None
    empty("disk")
    until(lambda: coming <= held(office))
    for entry in coming:
        assert office.run("get", entry).stdout == peer.run("get", entry).stdout
    posted = office.post("coming.bin", "--to", "all")
    until(lambda: posted in held(peer))
    for each in (office, peer):
        sound(each)
    daemon.stop()
    other.stop()
    assert ids(office) == ids(peer)
    sound(office)


def test_all():
    mount_disk("disk")
    peer, office = found("iom"), Office("ilo", folder="disk/home")
    daemon = peer.daemon()
    office.run("join", peer.json("invite", "--for", "ilo", "--address", daemon.address)["invite"])
    peer.run("roster", "add", "ilo", "--yes")
    office.run("sync", "--timeout", "60")
    daemon.stop()
    write("small.txt", "a small document")
    office.post("small.txt", "--to", "all")
    a_full_disk_is_named(office)
    no_more_files(office)
    every_little_space(office, "without a daemon")
    big = os.urandom(300_000)
    write("big.bin", big)
    posted = office.post("big.bin", "--to", "all")
    files_that_do_not_fit(office, posted, big)
    a_daemon_on_a_full_disk(office, peer)


main(test_all)
