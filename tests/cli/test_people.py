#!/usr/bin/env python3
"""Several people at one office, each with a Unix account: who may what, whose name a record bears, whose files are opened.
And two commands of one account at once, without a daemon: one chain."""
import grp
import json
import os
import pwd
import resource
import shutil
import socket
import stat
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403

GROUP = "users"
if os.geteuid() != 0:
    print("skipped: only root can run clients under several accounts")
    sys.exit(77)
try:
    OWNER, A, B, OUTSIDER, UNNAMED = [pwd.getpwnam(name) for name in ("bin", "daemon", "nobody", "games", "man")]
    GID = grp.getgrnam(GROUP).gr_gid
except KeyError as missing:
    print(f"skipped: an account or group that this test runs under is not here: {missing}")
    sys.exit(77)

PROGRAM = path("gmm-of-all")


def prepare():
    """A copy of the program where every account may run it; a folder for each account; memory to lock for all."""
    os.chmod(WORK, 0o711)
    shutil.copy(GMM, PROGRAM)
    os.chmod(PROGRAM, 0o755)
    for account in (OWNER, A, B, OUTSIDER, UNNAMED):
        os.mkdir(path(account.pw_name), 0o700)
        os.chown(path(account.pw_name), account.pw_uid, account.pw_gid)
    os.mkdir(path("run"), 0o755)
    os.chown(path("run"), OWNER.pw_uid, GID)
    try:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (OSError, ValueError):
        pass


def may_connect(account):
    return [] if account is OUTSIDER else [GID]


class Person:
    """An account's client: it knows the socket and nothing else of the home."""

    def __init__(self, account):
        self.account, self.name = account, account.pw_name

    def how(self):
        """USER and LOGNAME lie: the daemon knows the account from the kernel."""
        env = environment(GMM_SOCKET=path("run", "control"), HOME=path(self.name), USER="root", LOGNAME="root")
        return {"env": env, "cwd": path(self.name), "user": self.account.pw_uid, "group": self.account.pw_gid,
                "extra_groups": may_connect(self.account)}

    def run(self, *args, status=0, data=b""):
        done = subprocess.run([PROGRAM, *args], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                              **self.how())
        if done.returncode != status:
            raise Failed(f"{self.name}: gmm {' '.join(args)}: exit {done.returncode}, not {status}\n"
                         f"{done.stdout.decode(errors='replace')}{done.stderr.decode(errors='replace')}")
        return done

    def json(self, *args, **how):
        return json.loads(self.run("--json", *args, **how).stdout)

    def error(self, status, *args, **how):
        return self.json(*args, status=status, **how)["error"]

    def file(self, name, data, mode=0o600):
        """A file of this account's own."""
        whole = path(self.name, name)
        with open(whole, "wb") as f:
            f.write(data)
        os.chmod(whole, mode)
        os.chown(whole, self.account.pw_uid, self.account.pw_gid)
        return whole


class Home(Person):
    """The account that owns the home and runs the daemon."""

    def run(self, *args, **how):
        return super().run("--home", path(self.name, "home"), *args, **how)

    def configure(self, text):
        self.file("home/gmm.conf", text.encode())

    def daemon(self):
        how = self.how()
        how["env"].pop("GMM_SOCKET")
        process = subprocess.Popen([PROGRAM, "--home", path(self.name, "home"), "run", "--no-listen"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=open(path("daemon.log"), "ab"), **how)
        line = process.stdout.readline()
        assert line == b"ready\n", (line, read("daemon.log"))
        return process


def end(process):
    process.terminate()
    assert process.wait(timeout=30) == 0
    process.stdout.close()


def forbidden(error, person, right):
    assert error["message"] == f"account '{person.name}' may not {right} here", error
    assert "ask the IT officer" in error["remedy"] and error["code"] == "not-permitted", error


def who_may_what(home, a, b, outsider, unnamed):
    control = os.stat(path("run", "control"))
    assert stat.S_IMODE(control.st_mode) == 0o660 and control.st_gid == GID, oct(control.st_mode)
    draft = a.file("draft.txt", b"the draft of a\n")
    posted = a.run("post", draft, "--to", "all", "--symbol", "D/1", "--yes").stdout.decode().split()[0]
    noted = a.run("note", "D/1", "--para", "2", "--position", "concern", "the words of a").stdout.decode().split()[0]
    mine = b.file("mine.txt", b"what b would like to post\n")
    table = b.file("table.tsv", b"path\tto\nmine.txt\tall\n")
    forbidden(b.error(4, "post", mine, "--to", "all", "--yes"), b, "post")
    forbidden(b.error(4, "post", "--batch", table, "--yes"), b, "post")
    forbidden(b.error(4, "note", "D/1", "words"), b, "note")
    for person in (a, b):
        forbidden(person.error(4, "peer", "add", "127.0.0.1:7466"), person, "admin")
        forbidden(person.error(4, "group", "create", "Circle", "--with", "ilo"), person, "admin")
        forbidden(person.error(4, "invite", "--offline"), person, "admin")
    forbidden(unnamed.error(4, "list"), unnamed, "read")
    refused = outsider.error(4, "list")
    assert "may not use the control socket" in refused["message"], refused
    rows = b.json("list")
    assert {row["id"] for row in rows} == {posted, noted}, rows
    for row in [*rows, b.json("show", "D/1"), *b.json("notes", "D/1")]:
        assert row["author"] == {"participant": "ilo", "office": "hq", "person": a.name}, row
    assert [note["text"] for note in b.json("notes", "D/1")] == ["the words of a"]
    assert b.run("get", "D/1").stdout == b"the draft of a\n"
    own = home.run("note", "D/1", "--", "from the officer").stdout.decode().split()[0]
    authors = {note["id"]: note["author"]["person"] for note in b.json("notes", "D/1")}
    assert authors == {noted: a.name, own: home.name}, authors
    return posted


def whose_files(home, a, b):
    """The client opens what its own account may open; the daemon is handed descriptors, and no path."""
    before = {row["id"] for row in b.json("list")}
    only_a = a.file("only-a.bin", os.urandom(5000))
    posted = a.run("post", only_a, "--attach", only_a, "--to", "all", "--yes").stdout.decode().split()[0]
    assert b.run("get", posted).stdout == read(only_a) == b.run("get", posted, "--attachment", "1").stdout
    a.run("get", posted, "-o", path(a.name, "back.bin"))
    back = os.stat(path(a.name, "back.bin"))
    assert back.st_uid == a.account.pw_uid and read(path(a.name, "back.bin")) == read(only_a)

    secret = home.file("secret.txt", b"only the daemon's account may read this")
    os.symlink(secret, path(a.name, "link"))
    os.lchown(path(a.name, "link"), a.account.pw_uid, a.account.pw_gid)
    table = a.file("table.tsv", f"path\tto\n{secret}\tall\n".encode())
    for words in (["post", secret, "--to", "all", "--yes"], ["post", "link", "--to", "all", "--yes"],
                  ["post", only_a, "--attach", secret, "--to", "all", "--yes"], ["post", "--batch", table, "--yes"],
                  ["get", posted, "-o", path(home.name, "written-by-the-daemon")],
                  ["get", posted, "-o", path(home.name, "home", "gmm.conf")]):
        refused = a.error(1, *words)
        assert "ermission denied" in refused["message"], refused
    assert {row["id"] for row in b.json("list")} == before | {posted}
    assert not os.path.exists(path(home.name, "written-by-the-daemon"))
    assert read(path(home.name, "home", "gmm.conf")).startswith(b"[control]")


def as_account(account, function):
    """What the function gives, run by a process of this account."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups(may_connect(account))
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
            os.write(writing, function())
        except Exception as fault:
            os.write(writing, repr(fault).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as f:
        answer = f.read()
    os.waitpid(child, 0)
    return answer


def text(t):
    return bytes([0xa0 | len(t)]) + t.encode()


def post_a_descriptor(version, file, flags):
    """A client of somebody's own making, which passes any descriptor that it can get."""
    body = (bytes([0x94, 0, 1]) + text("post") + bytes([0x92]) + text(version) + bytes([0x82]) + text("to")
            + bytes([0x91]) + text("all") + text("file") + bytes([0x83]) + text("fd") + bytes([0]) + text("name")
            + text("73") + text("path") + text("s"))
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path("run", "control"))
        socket.send_fds(s, [struct.pack(">I", len(body)) + body], [os.open(file, flags)])
        answer = b""
        while more := s.recv(65536):
            answer += more
        return answer


def a_descriptor_is_no_more_than_it_is(home, a):
    """A file that others may name, but not read, is not read for them; one that they may read is, in the same way."""
    count = len(home.json("list"))
    version = json.loads(a.run("--json", "version").stdout)["version"]
    shared = path("run", "shared.txt")
    write(shared, "words")
    os.chown(shared, home.account.pw_uid, home.account.pw_gid)
    for mode, flags, says in ((0o600, os.O_PATH, b"cannot be read"), (0o644, os.O_RDONLY, b"readers")):
        os.chmod(shared, mode)
        answer = as_account(a.account, lambda how=flags: post_a_descriptor(version, shared, how))
        assert says in answer, (flags, answer)
    assert len(home.json("list")) == count + 1


def two_at_once_without_a_daemon(home):
    before = {row["id"] for row in home.json("list")}
    posted = set()
    for n in range(6):
        files = [home.file(f"at-once-{n}-{m}.txt", f"{n} {m}".encode()) for m in range(2)]
        runs = [subprocess.Popen([PROGRAM, "--home", path(home.name, "home"), "post", each, "--to", "all", "--yes"],
                                 stdout=subprocess.PIPE, **home.how()) for each in files]
        for run in runs:
            posted.add(run.communicate(timeout=60)[0].split()[0].decode())
            assert run.returncode == 0
    assert len(posted) == 12
    assert {row["id"] for row in home.json("list")} == before | posted
    assert one_unbroken_chain_each(path(home.name, "home")) >= 12
    checked = home.json("verify", "--all")
    assert checked["ok"] and checked["faults"] == [], checked


def test_all():
    prepare()
    home, a, b, outsider, unnamed = Home(OWNER), Person(A), Person(B), Person(OUTSIDER), Person(UNNAMED)
    home.run("init", "--participant", "ilo", "--name", "ILO", "--kind", "member", "--office", "hq", "--level", "hq",
             "--no-passphrase")
    home.run("network", "create", "Test Group")
    home.configure(f"[control]\nsocket={path('run', 'control')}\ngroup={GROUP}\n\n[people]\n{a.name}=read,post,note\n"
                   f"{b.name}=read\n{home.name}=read,post,note,admin\n")
    daemon = home.daemon()
    try:
        who_may_what(home, a, b, outsider, unnamed)
        whose_files(home, a, b)
        a_descriptor_is_no_more_than_it_is(home, a)
    finally:
        end(daemon)
    two_at_once_without_a_daemon(home)


main(test_all)
