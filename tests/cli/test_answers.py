#!/usr/bin/env python3
"""Every kind of refusal: its exit status, its error object on stdout alone, and as text what was wrong and what to do.

Those of a home as such stand in test_homes.py.
"""
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403

NOBODY = 65534


def words_of_the_command_line():
    """What needs no home."""
    refused(2, "usage", ["statsu"], "statsu", "status", choices=lambda c: "status" in c)
    refused(2, "usage", ["roster", "ad"], "roster ad", "roster add", choices=lambda c: c[0] == "roster add")
    refused(2, "usage", ["key"], "key", choices=lambda c: "key fingerprint" in c)
    refused(2, "usage", [], "command", "gmm help")
    refused(2, "usage", ["list", "--limt", "3"], "--limt", "--limit", choices=lambda c: c == ["--limit"])
    refused(2, "usage", ["--hom", "x", "list"], "--hom", "--home", choices=lambda c: c == ["--home"])
    refused(2, "usage", ["list", "--limit"], "--limit", "gmm help list")
    refused(2, "usage", ["list", "--json=yes"], "--json", "gmm help list")
    refused(2, "usage", ["list", "more"], "more", "gmm help list")
    refused(2, "usage", ["get"], "REF", "gmm help get")
    refused(2, "usage", ["network", "create"], "NAME", "gmm help network create")
    refused(2, "usage", ["get", "a", "--version", "1", "--version", "2"], "--version", "twice")
    refused(2, "usage", ["list", "--limit", "-1"], "-1")
    refused(2, "usage", ["list", "--limit", "many"], "many")
    refused(2, "usage", ["list", "--limit", "99999999999999999999"], "99999999999999999999")
    refused(2, "usage", ["list", "--since", "yesterday"], "yesterday", "7d")
    refused(2, "usage", ["list", "--since", "2026-02-30"], "2026-02-30")
    refused(2, "usage", ["list", "--since", "2026-02-03T10:00"], "2026-02-03T10:00", "zone")
    refused(2, "usage", ["invite", "--expires", "2026-02-03"], "2026-02-03", "span")
    refused(2, "usage", ["help", "statsu"], "statsu", "status", choices=lambda c: "status" in c)
    refused(2, "usage", ["completion", "tcsh"], "tcsh", "bash")


def files(office):
    document = write("document.txt", "text")
    refused(1, "io", ["post", path("absent.txt"), "--to", "all"], path("absent.txt"), home=office.home)
    refused(1, "io", ["post", WORK, "--to", "all"], WORK, "directory", home=office.home)
    refused(1, "io", ["post", document, "--attach", path("absent.txt"), "--to", "all"], path("absent.txt"), home=office.home)
    refused(1, "io", ["post", "--batch", path("absent.tsv")], path("absent.tsv"), home=office.home)
    refused(1, "io", ["join", "@" + path("absent")], path("absent"), home=office.home)
    refused(1, "io", ["card", "-o", path("absent", "card")], path("absent", "card"), home=office.home)
    refused(1, "io", ["card", "-o", WORK], WORK, "directory", home=office.home)
    refused(2, "usage", ["post", "-", "--attach", "-", "--to", "all"], "standard input", home=office.home)


def audiences(office):
    document = write("document.txt", "text")
    here = {"home": office.home}
    refused(2, "usage", ["post", document], "audience", "gmm help post", **here)
    for to in ("", ",", " "):
        refused(2, "usage", ["post", document, "--to", to], "audience is empty", **here)
    refused(3, "not-found", ["post", document, "--to", "nobody"], "nobody", "gmm roster", **here)
    refused(3, "not-found", ["post", document, "--to", "iom,nobody"], "nobody", **here)
    refused(2, "usage", ["post", document, "--to", "all", "--to", "decent-work"], "gmm group create", **here)
    refused(2, "usage", ["post", document, "--to", "all,iom"], "gmm group create", **here)
    refused(2, "usage", ["post", document, "--to", "all", "--marking", "secret"], "secret", "unclassified", **here)
    refused(3, "not-found", ["group", "show", "nothing"], "nothing", "gmm group list", **here)
    refused(3, "not-found", ["group", "add", "nothing", "iom"], "nothing", **here)
    refused(2, "usage", ["group", "create", "empty", "--with", ""], "--with", **here)
    refused(3, "not-found", ["group", "create", "empty", "--with", "nobody"], "nobody", **here)
    refused(1, "exists", ["group", "create", "all", "--with", "iom"], "all", **here)
    refused(2, "usage", ["list", "--kind", "letter"], "letter", "document", **here)
    refused(3, "not-found", ["list", "--to", "nothing"], "nothing", **here)
    assert office.json("list") == []


def references(office):
    here = {"home": office.home}
    for command in (["get"], ["show"], ["notes"], ["note"]):
        more = ["text"] if command == ["note"] else []
        refused(3, "not-found", command + ["SYMBOL/1"] + more, "SYMBOL/1", "gmm sync" if command == ["get"] else "gmm", **here)
        refused(3, "not-found", command + ["0" * 64] + more, "0" * 64, **here)
        refused(3, "not-found", command + ["01234567"] + more, "01234567", **here)
    refused(3, "not-found", ["post", write("b.txt", "b"), "--to", "all", "--revises", "X"], "X", **here)
    first = office.json("post", write("a.txt", "one"), "--to", "all", "--symbol", "S/1")
    assert {"id", "symbol", "version", "group", "readers", "offices", "bytes"} <= set(first), first
    refused(3, "not-found", ["get", "S/1", "--version", "7"], "7", **here)
    refused(3, "not-found", ["get", "S/1", "--attachment", "2"], "2", **here)
    refused(1, "exists", ["post", write("b.txt", "two"), "--to", "all", "--symbol", "S/1"], "S/1", "--revises", "--translates",
            **here)
    refused(2, "usage", ["note", "S/1"], "text", **here)
    refused(2, "usage", ["note", "S/1", "--position", "maybe", "x"], "maybe", "objection", **here)
    refused(2, "usage", ["search", "..."], "search", **here)
    refused(2, "usage", ["list", "--limit", "0"], "--limit", **here)


def one_symbol_twice(one, two):
    """Two offices took the same symbol before they heard of each other: by symbol it is ambiguous."""
    ids = [office.json("post", write("t.txt", office.participant), "--to", "all", "--symbol", "T/1")["id"] for office in (one, two)]
    daemon = one.daemon()
    two.run("peer", "add", daemon.address)
    two.run("sync", "--timeout", "60")
    daemon.stop()
    for command in (["get", "T/1"], ["show", "T/1"], ["note", "T/1", "text"], ["notes", "T/1"]):
        refused(2, "ambiguous", command, "T/1", home=one.home, choices=lambda c: sorted(x["id"] for x in c) == sorted(ids))
    for office, posted in ((one, ids[0]), (two, ids[1])):
        assert one.run("get", posted).stdout.decode() == office.participant


def waiting_for_admission(chair):
    home = Office("unhcr")
    daemon = chair.daemon()
    invite = chair.json("invite", "--for", "unhcr", "--address", daemon.address)
    assert home.json("join", invite["invite"])["state"] == "requested"
    for command in (["post", write("a.txt", "a"), "--to", "all"], ["list"], ["note", "S/1", "text"], ["sync", "--timeout", "30"]):
        refused(4, "not-permitted", command, "not admitted", "roster add" if command[0] == "sync" else "sync", home=home.home)
    refused(3, "not-found", ["roster", "add", "who"], "who", "gmm invite list", home=chair.home)
    refused(4, "not-permitted", ["invite", "--offline", "--for", "undp"], "chair", home=path("iom"))
    refused(1, "exists", ["network", "create", "Second"], "Test Group", "init a new home", home=chair.home)
    refused(1, "exists", ["join", invite["invite"]], "Test Group", "init a new home", home=chair.home)
    refused(2, "usage", ["join", "gmm-invite1:nonsense"], "invite", home=home.home)
    refused(2, "usage", ["peer", "add", "nonsense"], "nonsense", "HOST:PORT", home=chair.home)
    refused(2, "usage", ["run", "--listen", "nonsense"], "nonsense", "HOST:PORT", home=home.home)
    daemon.stop()


def an_observer(chair):
    """Reads what all read, and writes to its own offices only."""
    observer = Office("unu", kind="observer")
    daemon = chair.daemon()
    observer.run("join", chair.json("invite", "--for", "unu", "--address", daemon.address)["invite"])
    chair.run("roster", "add", "unu", "--yes")
    some = write("some.txt", "some text")
    document = chair.post("some.txt", "--to", "all")
    observer.run("sync", "--timeout", "60")
    daemon.stop()
    assert observer.run("get", document).stdout == b"some text"
    before = observer.json("status")["entries"]
    for command in (["post", some, "--to", "all"], ["post", some, "--to", "all", "--dry-run"], ["note", document, "No."]):
        refused(4, "not-permitted", command, "observer", home=observer.home)
    assert observer.json("status")["entries"] == before
    observer.post("some.txt", "--to", "internal")


def once_and_dry_run(office):
    document = write("once.txt", "posted once")
    count = len(office.json("list"))
    dry = office.json("post", document, "--to", "all", "--dry-run")
    assert dry["id"] is None and dry["bytes"] == 11 and dry["readers"] and dry["marking"] == "unclassified", dry
    assert len(office.json("list")) == count
    ids = {office.json("post", document, "--to", "all", "--once", "key-1")["id"] for _ in range(3)}
    assert len(ids) == 1 and len(office.json("list")) == count + 1, ids
    notes = {office.json("note", ids.copy().pop(), "text", "--once", "key-2")["id"] for _ in range(3)}
    assert len(notes) == 1 and len(office.json("notes", ids.pop())) == 1, notes


def quiet_and_colour(office):
    """--quiet silences messages, not results; no escape sequence reaches what is no terminal."""
    document = write("quiet.txt", "quiet")
    posted = office.run("--quiet", "post", document, "--to", "all")
    assert len(posted.stdout.split(b"\n")[0]) == 64 and posted.stderr == b"", posted
    done = office.run("get", posted.stdout.decode().split("\n")[0], "--lang", "fr")
    assert done.stdout == b"quiet" and done.stderr != b"", done
    done = office.run("--quiet", "get", posted.stdout.decode().split("\n")[0], "--lang", "fr")
    assert done.stdout == b"quiet" and done.stderr == b"", done
    done = office.run("--quiet", "get", "nothing", status=3)
    assert done.stderr.startswith(b"gmm: "), done
    for command in (["list"], ["status"], ["help"], ["roster"]):
        assert b"\x1b" not in office.run(*command).stdout
    for before, after in ((["--json"], []), ([], ["--json"])):
        assert json.loads(gmm(*before, "--home", office.home, "list", *after).stdout) == office.json("list")
    assert json.loads(gmm("list", "--json", "--home", office.home).stdout) == office.json("list")


def another_account(office):
    """Files that this account may not read, and a home of another one. As root the command runs as nobody."""
    secret, home = write("secret.txt", "secret"), path("theirs")
    os.chmod(secret, 0)
    program, become = GMM, []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            print("   another account: no setpriv, left out")
            return
        become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        program = path("gmm")
        shutil.copy(GMM, program)
        os.chmod(WORK, 0o755)
        shutil.copytree(office.home, home)
        for at, folders, names in os.walk(home):
            for name in (".", *folders, *names):
                os.chown(os.path.join(at, name), NOBODY, NOBODY)
    else:
        shutil.copytree(office.home, home)

    def theirs(status, *args):
        done = subprocess.run([*become, program, "--home", home, "--json", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, env=environment(), cwd="/", check=False)
        assert done.returncode == status and done.stderr == b"", (args, done)
        return json.loads(done.stdout)
    before = theirs(0, "list")
    for args in (["post", secret, "--to", "all"], ["post", write("a.txt", "a"), "--attach", secret, "--to", "all"]):
        error = theirs(1, *args)["error"]
        assert error["code"] == "io" and secret in error["message"] and error["remedy"], error
    assert theirs(0, "list") == before
    if os.geteuid() == 0:
        error = theirs(4, "--home", office.home, "list")["error"]
        assert error["code"] == "not-permitted" and office.home in error["message"] and "owner" in error["remedy"], error
    os.chmod(WORK, 0o700)


def test_all():
    words_of_the_command_line()
    ilo, iom = network("ilo", "iom")
    for test in (files, audiences, references):
        print(f"   {test.__name__}", flush=True)
        test(ilo)
    one_symbol_twice(ilo, iom)
    waiting_for_admission(ilo)
    for test in (once_and_dry_run, quiet_and_colour, another_account):
        print(f"   {test.__name__}", flush=True)
        test(ilo)
    an_observer(ilo)


main(test_all)
