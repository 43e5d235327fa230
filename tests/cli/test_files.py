#!/usr/bin/env python3
"""Files that the command line names: what is read, what is written, what is left on failure; with a daemon and without."""
import json
import os
import pty
import stat
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403

ODD = "r\u00e9sum\u00e9 \u202egpj.exe"


def inputs(ilo):
    os.mkdir(path("folder"))
    assert "is a directory" in ilo.error(1, "post", path("folder"), "--to", "all", "--yes")["message"]
    assert "missing.txt" in ilo.error(1, "post", path("missing.txt"), "--to", "all", "--yes")["message"]
    secret = write("unreadable.txt", "x")
    if os.geteuid() != 0:
        os.chmod(secret, 0)
        ilo.error(1, "post", secret, "--to", "all", "--yes")
    write("plain.txt", "plain")
    plain = ilo.post("plain.txt", "--to", "all")
    assert ilo.run("get", plain).stdout == b"plain"
    large = os.urandom(3 << 20)
    piped = ilo.text("post", "-", "--to", "all", "--title", "piped", "--yes", data=large).splitlines()[0]
    assert ilo.run("get", piped).stdout == large
    with open(write("offset.txt", "skipped" + "kept"), "rb") as f:
        f.seek(len("skipped"))
        half = ilo.text("post", "-", "--to", "all", "--title", "half", "--yes", stdin=f).splitlines()[0]
    assert ilo.run("get", half).stdout == b"kept"
    os.mkfifo(path("fifo"))
    feeder = threading.Thread(target=lambda: open(path("fifo"), "wb").write(b"through a pipe"))
    feeder.start()
    through = ilo.text("post", path("fifo"), "--to", "all", "--yes").splitlines()[0]
    feeder.join()
    assert ilo.run("get", through).stdout == b"through a pipe"
    os.unlink(path("fifo"))
    return piped, large


def words_from_standard_input(ilo, document):
    ilo.run("note", document, "-", data="une observation\n".encode())
    assert [n["text"] for n in ilo.json("notes", document)] == ["une observation"]
    ilo.error(2, "note", document, "-", data=b"\xff")
    ilo.error(1, "note", document, "-", data=b"x" * (1 << 20))


def outputs(ilo, document, content):
    out = path("out.bin")
    ilo.run("get", document, "-o", out)
    assert read("out.bin") == content and os.stat(out).st_mode & 0o777 == 0o666 & ~umask()
    write("old.bin", "old")
    os.chmod(path("old.bin"), 0o640)
    ilo.run("get", "nothing-of-that-name", "-o", path("old.bin"), status=3)
    assert read("old.bin") == b"old"
    before = sorted(os.listdir(WORK))
    os.symlink("old.bin", path("link"))
    ilo.run("get", document, f"--output={path('link')}")
    assert read("old.bin") == content and os.path.islink(path("link"))
    assert os.stat(path("old.bin")).st_mode & 0o777 == 0o640
    os.unlink(path("link"))
    assert sorted(os.listdir(WORK)) == before
    assert "is a directory" in ilo.error(1, "get", document, "-o", path("folder"))["message"]
    ilo.error(1, "get", document, "-o", path("no-such-folder", "x"))
    ilo.error(1, "get", document, "-o", "/dev/full")
    ilo.run("get", document, "-o", "/dev/null")
    assert ilo.run("get", document, "-o", "-").stdout == content
    ilo.error(2, "get", document, "-o", "-")
    os.mkfifo(path("sink"))
    got = []
    reader = threading.Thread(target=lambda: got.append(open(path("sink"), "rb").read()))
    reader.start()
    ilo.run("get", document, "-o", path("sink"))
    reader.join()
    assert got == [content] and stat.S_ISFIFO(os.stat(path("sink")).st_mode)
    ilo.run("key", "export-root", path("root.key"), "--no-passphrase")
    assert os.stat(path("root.key")).st_mode & 0o777 == 0o600


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def on_a_terminal(ilo, folder, *args):
    """Runs gmm with a terminal for standard output, in a folder of its own."""
    os.makedirs(folder, exist_ok=True)
    master, slave = pty.openpty()
    process = subprocess.Popen([GMM, "--home", ilo.home, *args], stdin=subprocess.DEVNULL, stdout=slave,
                               stderr=subprocess.PIPE, cwd=folder, env=environment(TERM="xterm"))
    os.close(slave)
    _, err = process.communicate(timeout=60)
    os.close(master)
    return process.returncode, err.decode()


def the_posted_name(ilo):
    """On a terminal: a safe form of the posted name, and never over what is there."""
    write(ODD, "odd")
    odd = ilo.post(ODD, "--to", "all")
    folder = path("downloads")
    for expected in ("r\u00e9sum\u00e9 _gpj.exe", "r\u00e9sum\u00e9 _gpj-2.exe"):
        status, err = on_a_terminal(ilo, folder, "get", odd)
        assert status == 0 and "saved as" in err, err
        assert expected in os.listdir(folder), os.listdir(folder)
    assert len(os.listdir(folder)) == 2
    status, err = on_a_terminal(ilo, folder, "get", "nothing-of-that-name")
    assert status == 3 and len(os.listdir(folder)) == 2, err


def run_all(ilo):
    document, content = inputs(ilo)
    words_from_standard_input(ilo, document)
    outputs(ilo, document, content)
    the_posted_name(ilo)


def in_process():
    run_all(found("ilo"))


def through_a_daemon():
    for name in os.listdir(WORK):
        subprocess.run(["rm", "-rf", path(name)], check=True)
    ilo = found("ilo")
    daemon = ilo.daemon()
    run_all(ilo)
    daemon.stop()


main(in_process, through_a_daemon)
