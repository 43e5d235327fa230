#!/usr/bin/env python3
"""A home that is absent, sealed, damaged, open to others, configured wrongly, of a newer program, in use, or read-only."""
import json
import os
import pty
import shutil
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403


def init_args(*more, kind="member", level="hq", participant="ilo"):
    return ["init", "--participant", participant, "--name", "ILO", "--kind", kind, "--office", "hq", "--level", level, *more]


def no_home():
    where = path("nowhere")
    for args in (["list"], ["sync"], ["run"], ["status"], ["verify"], ["post", write("a.txt", "a"), "--to", "all"]):
        refused(1, "no-home", args, where, "gmm init", home=where)
    assert not os.path.exists(where)
    write("file", "not a folder")
    refused(1, "no-home", ["list"], path("file"), home=path("file"))


def making_a_home():
    home = path("made")
    refused(2, "usage", init_args("--no-passphrase", kind="membr"), "membr", "member", home=home)
    refused(2, "usage", init_args("--no-passphrase", level="top"), "top", "hq", home=home)
    refused(2, "usage", init_args("--no-passphrase", participant="I L O"), "I L O", home=home)
    refused(1, "passphrase", init_args(), "terminal", "GMM_PASSPHRASE_FILE", home=home)
    assert not os.path.exists(home)
    made = json.loads(gmm("--json", "--home", home, *init_args("--no-passphrase")).stdout)
    assert {"participant", "office", "fingerprint"} <= set(made), made
    refused(1, "exists", init_args("--no-passphrase"), home, home=home)
    write("made-file", "")
    refused(1, "io", init_args("--no-passphrase"), path("made-file"), home=path("made-file"))


def passphrases():
    home = path("sealed")
    right, wrong, empty = write("right", "correct horse\n"), write("wrong", "battery staple\n"), write("empty", "")
    sealed = {"home": home}
    gmm("--home", home, *init_args(), env=environment(GMM_PASSPHRASE_FILE=right))
    gmm("--home", home, "status", env=environment(GMM_PASSPHRASE_FILE=right))
    for command in (["status"], ["list"], ["run"], ["network", "create", "X"]):
        refused(1, "passphrase", command, "terminal", "GMM_PASSPHRASE_FILE", **sealed)
    for command in (["status"], ["verify"], ["run"]):
        refused(1, "passphrase", command, "wrong passphrase", env=environment(GMM_PASSPHRASE_FILE=wrong), **sealed)
    refused(1, "passphrase", ["status"], empty, env=environment(GMM_PASSPHRASE_FILE=empty), **sealed)
    refused(1, "io", ["status"], path("absent"), env=environment(GMM_PASSPHRASE_FILE=path("absent")), **sealed)
    refused(1, "io", ["status"], WORK, "directory", env=environment(GMM_PASSPHRASE_FILE=WORK), **sealed)
    os.mkdir(path("credentials"))
    write("credentials/gmm.passphrase", "correct horse\n")
    gmm("--home", home, "status", env=environment(CREDENTIALS_DIRECTORY=path("credentials")))
    done = gmm("--home", home, "verify")  # without the keys: what can be checked is
    assert b"keys are not open" in done.stderr, done


def at_terminal(answers, *args, env):
    """The program on a terminal of its own, where these lines are typed when it asks. Its status and what was shown."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(WORK)
        os.execve(GMM, [GMM, *args], env)
    shown, answers = b"", list(answers)
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:  # the terminal is gone with the program
            break
        if not data:
            break
        shown += data
        if answers and shown.count(b": ") > shown.count(b"\r\n") and shown.endswith(b": "):
            os.write(terminal, answers.pop(0).encode() + b"\n")
    os.close(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status, shown.decode()


def passphrases_at_a_terminal():
    """Who sits there is asked, whatever the environment names; nothing of it is echoed."""
    home, wrong = path("asked"), write("wrong", "battery staple\n")
    env = environment(GMM_PASSPHRASE_FILE=wrong, TERM="dumb")
    status, shown = at_terminal(["correct horse", "correct mule"], "--home", home, *init_args(), env=env)
    assert status == 2 and "differ" in shown and not os.path.exists(home), shown
    status, shown = at_terminal(["correct horse", "correct horse"], "--home", home, *init_args(), env=env)
    assert status == 0 and "fingerprint" in shown and "horse" not in shown, shown
    status, shown = at_terminal(["correct horse"], "--home", home, "status", env=env)
    assert status == 0 and "participant: ilo" in shown and "horse" not in shown, shown
    status, shown = at_terminal(["battery staple"], "--home", home, "verify", env=env)
    assert status == 1 and "wrong passphrase" in shown and "staple" not in shown, shown
    refused(1, "passphrase", ["status"], "wrong passphrase", home=home, env=env)
    gmm("--home", home, "status", env=environment(GMM_PASSPHRASE_FILE=write("right", "correct horse")))


def damaged_keys(office):
    home = path("damaged")
    shutil.copytree(office.home, home)
    store = os.path.join(home, "keys", "office.keystore")
    whole = read(store)
    for name, data in (("a byte", whole[:100] + bytes([whole[100] ^ 1]) + whole[101:]), ("cut", whole[:-1]), ("empty", b"")):
        with open(store, "wb") as f:
            f.write(data)
        for command in (["status"], ["run"], ["list"], ["key", "passphrase", "--no-passphrase"]):
            refused(6, "damaged", command, store, "backup", home=home)
        assert json.loads(gmm("--json", "--home", home, "verify", status=6).stdout)["faults"][0]["kind"] == "keystore", name
    # an impostor's keys are worse than no keys, and so are keys that others may read
    with open(store, "wb") as f:
        f.write(whole)
    os.chmod(store, 0o644)
    refused(1, "home", ["status"], store, "chmod", home=home)
    os.remove(store)
    refused(1, "no-home", ["status"], home, home=home)


def homes_that_others_may_enter(office):
    home = path("open")
    shutil.copytree(office.home, home)
    for mode in (0o777, 0o720, 0o702):
        os.chmod(home, mode)
        refused(1, "home", ["status"], home, "chmod 700", home=home)
    os.chmod(home, 0o755)
    status = json.loads(gmm("--json", "--home", home, "status").stdout)
    assert any("chmod 700" in warning for warning in status["warnings"]), status
    report = json.loads(gmm("--json", "--home", home, "doctor").stdout)
    assert [c["check"] for c in report["checks"] if not c["ok"]] == ["privacy"], report
    os.chmod(home, 0o700)
    assert json.loads(gmm("--json", "--home", home, "status").stdout)["warnings"] == []


def damaged_configuration(office):
    home = path("configured")
    shutil.copytree(office.home, home)
    for text, line, words in (("[control]\nsocket=/x\nnonsense\n", 3, []), ("[contrl]\nsocket=/x\n", 1, ["contrl"]),
                              ("[control]\n\nsokcet=/x\n", 3, ["sokcet"]), ("[people]\namina=read,fly\n", 2, ["read,fly"]),
                              ("[node]\nlisten=1\n" + "x" * 5000 + "=1\n", 2, [])):
        with open(os.path.join(home, "gmm.conf"), "w", encoding="utf-8") as f:
            f.write(text)
        for command in (["status"], ["list"], ["run"]):
            refused(1, "malformed", command, "gmm.conf", f"line {line}", *words, home=home)


def another_store(office):
    """A store newer than the program, of another program, or none where one was: untouched."""
    home = path("stored")
    shutil.copytree(office.home, home)
    store = os.path.join(home, "store.db")
    with sqlite3.connect(store) as db:
        db.execute("pragma user_version=9999")
    db.close()
    before = read(store)
    for command in (["status"], ["list"], ["run"], ["verify"], ["doctor", "--rebuild"]):
        refused(1, "version", command, "9999", home=home)
    assert read(store) == before and sorted(os.listdir(home)) == sorted(os.listdir(office.home))
    with open(store, "wb") as f:
        f.write(b"no database at all, but longer than a header of one\n" * 100)
    refused(6, "damaged", ["list"], store, home=home)
    os.remove(store)
    for command in (["status"], ["list"], ["run"], ["verify"]):
        refused(6, "damaged", command, store, "backup", home=home)
    assert not os.path.exists(store)


def homes_in_use(office):
    daemon = office.daemon()
    began = time.monotonic()
    refused(1, "busy", ["run", "--no-listen"], office.home, "daemon", home=office.home)
    assert time.monotonic() - began < 9, "a second daemon waited for the first one's home"
    daemon.stop()
    held = subprocess.Popen(["flock", os.path.join(office.home, "lock"), "cat"], stdin=subprocess.PIPE)
    until(lambda: subprocess.run(["flock", "-n", os.path.join(office.home, "lock"), "true"], check=False).returncode != 0)
    done = office.run("--json", "list", status=1)
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "busy" and office.home in error["message"] and error["remedy"], error
    held.communicate()
    office.run("list")


def snapshot(folder):
    found = {}
    for at, folders, names in os.walk(folder):
        for name in folders + names:
            full = os.path.join(at, name)
            info = os.lstat(full)
            data = read(full) if name in names and not os.path.islink(full) else b""
            found[os.path.relpath(full, folder)] = (info.st_mode, info.st_mtime_ns, info.st_ino, data)
    return found


READING = (["status"], ["list"], ["show", "S/1"], ["get", "S/1", "-o", "got"], ["notes", "S/1"], ["search", "one"], ["roster"], ["office"],
           ["group", "list"], ["peer"], ["network", "show"], ["card"], ["verify", "--all"], ["doctor"], ["key", "fingerprint"],
           ["invite", "list"])
WRITING = (["post", "a.txt", "--to", "all"], ["note", "S/1", "x"], ["sync"], ["group", "create", "x", "--with", "iom"],
           ["peer", "add", "127.0.0.1:1"], ["invite", "--offline"], ["run"], ["doctor", "--rebuild"],
           ["key", "passphrase", "--no-passphrase"], ["network", "create", "X"], ["join", "gmm-invite1:x"], ["roster", "add", "x"])


def read_only(office):
    """Nothing changes in the home; on a mount that cannot be written the same commands give the same answers."""
    office.run("post", write("a.txt", "one"), "--to", "all", "--symbol", "S/1")
    office.run("note", "S/1", "a note")
    os.remove(os.path.join(office.home, "lock"))
    before = snapshot(office.home)
    answers = {}
    for command in READING:
        answers[tuple(command)] = office.run("--read-only", "--json", *command).stdout
    for command in WRITING:
        refused(2, "usage", ["--read-only", *command], "--read-only", home=office.home)
    assert snapshot(office.home) == before
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        print("   a read-only mount: needs root, left out")
        return
    for command in READING:
        if command[0] in ("status", "doctor"):  # they tell the disk's free space
            continue
        script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 99; shift; exec "$@"'
        done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", office.home, GMM, "--home", office.home, "--read-only",
                               "--json", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), cwd=WORK,
                              stdin=subprocess.DEVNULL, check=False)
        if done.returncode == 99:
            print("   a read-only mount: cannot be made here, left out")
            return
        assert done.returncode == 0 and done.stdout == answers[tuple(command)], (command, done)
    assert snapshot(office.home) == before


def test_all():
    no_home()
    making_a_home()
    passphrases()
    passphrases_at_a_terminal()
    ilo = found()
    for test in (damaged_keys, homes_that_others_may_enter, damaged_configuration, another_store, homes_in_use, read_only):
        print(f"   {test.__name__}", flush=True)
        test(ilo)


main(test_all)
