"""What tests with real processes share: homes, daemons, a network of offices, waiting for a condition.

The program is $GMM; without it a test is skipped (77). Nothing is left behind: daemons are ended by their process, folders removed.
"""
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

GMM = os.environ.get("GMM", "")
if not os.path.exists(GMM):
    print("skipped: GMM does not name the program")
    sys.exit(77)

WORK = tempfile.mkdtemp(prefix="gmm-cli-")
DAEMONS = []


SANITIZER = 99  # how a process ends that leaked, or worse, in a sanitized build (tests/CMakeLists.txt)


def many(plain, sanitized):
    """How often to repeat: a sanitizer costs a process ten times the time, and sees in few rounds what it would see in many."""
    return sanitized if "ASAN_OPTIONS" in os.environ else plain


class Failed(AssertionError):
    pass


def path(*names):
    return os.path.join(WORK, *names)


def write(name, data):
    with open(path(name), "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    return path(name)


def read(name):
    with open(path(name), "rb") as f:
        return f.read()


def environment(**more):
    """This process's, without what would lead gmm elsewhere."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("GMM_") and k not in ("XDG_DATA_HOME", "NO_COLOR")}
    return dict(env, LC_ALL="C.UTF-8", **more)


SEEN = {}


def leaks_looked_for(args, status, env):
    """The environment for a client in a sanitized build: looking for leaks takes as long as all the rest, so that is done
    the first times that a test gives a command (with this outcome), in daemons always."""
    words = tuple(a for a in map(str, args) if a[:1].isalpha())[:2]
    SEEN[words, status] = SEEN.get((words, status), 0) + 1
    if SEEN[words, status] <= 2 or "ASAN_OPTIONS" not in env:
        return env
    return dict(env, ASAN_OPTIONS=env["ASAN_OPTIONS"].replace("detect_leaks=1", "detect_leaks=0"))


def gmm(*args, status=0, stdin=subprocess.DEVNULL, data=None, cwd=None, env=None, timeout=120):
    """Runs the program; fails unless it ends with this status (None: any that is its own). Gives stdout and stderr."""
    how = {"input": data} if data is not None else {"stdin": stdin}
    done = subprocess.run([GMM, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd or WORK,
                          env=leaks_looked_for(args, status, env or environment()), timeout=timeout, **how)
    fell = done.returncode < 0 or done.returncode == SANITIZER
    if done.returncode != status and (status is not None or fell):
        raise Failed(f"gmm {' '.join(map(str, args))}: exit {done.returncode}, not {status}\n"
                     f"{done.stdout.decode(errors='replace')}{done.stderr.decode(errors='replace')}")
    return done


def refused(status, code, args, *words, home=None, choices=None, **how):
    """One row of the table: both forms of the same refusal. The words stand in the message or the remedy."""
    args = ["--home", home, *args] if home else list(args)
    done = gmm(*args, status=status, **how)
    text = done.stderr.decode()
    assert done.stdout == b"" and text.startswith("gmm: "), (args, done)
    done = gmm("--json", *args, status=status, **how)
    assert done.stderr == b"", (args, done)
    document = json.loads(done.stdout)
    assert list(document) == ["error"], document
    error = document["error"]
    assert sorted(error) == ["choices", "code", "exit", "message", "remedy"], error
    assert error["exit"] == status and error["code"] == code, (args, error)
    assert error["message"] and error["remedy"], (args, error)
    both = error["message"] + " " + error["remedy"]
    for word in words:
        assert word in both and word in text, (args, word, both, text)
    if choices is not None:
        assert choices(error["choices"]), (args, error)
    for choice in error["choices"]:
        for shown in [choice] if isinstance(choice, str) else [choice["id"], choice["title"], str(choice["version"])]:
            assert shown in text, (choice, text)
    return error


def until(condition, seconds=60):
    """Asks again until the answer is true; gives it. Each question is a process of its own, so this does not spin."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Failed(f"still not so after {seconds} s: {condition.__name__}")


class Daemon:
    def __init__(self, home, *args, env=None):
        self.log = home + ".log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([GMM, "--home", home, "run", *args], stdin=subprocess.DEVNULL, cwd=WORK,
                                            stdout=subprocess.PIPE, stderr=log, env=env or environment())
        DAEMONS.append(self)
        self.line = self.process.stdout.readline().decode().rstrip("\n")
        self.address = self.line.removeprefix("listening on ")
        if not self.line:
            raise Failed(f"the daemon of {home} did not start: {self.said()}")

    def said(self):
        with open(self.log, encoding="utf-8") as f:
            return f.read()

    def stop(self, status=0):
        self.process.terminate()
        ended = self.process.wait(timeout=30)
        self.process.stdout.close()
        DAEMONS.remove(self)
        if ended != status:
            raise Failed(f"a daemon ended with {ended}, not {status}: {self.said()}")

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=30)
        self.process.stdout.close()
        DAEMONS.remove(self)


class Office:
    """A home with keys, of its own folder."""

    def __init__(self, participant, office="hq", kind="member", folder=None):
        self.participant, self.office = participant, office
        self.home = path(folder or participant)
        self.run("init", "--participant", participant, "--name", participant.upper(), "--kind", kind, "--office", office,
                 "--level", "hq", "--no-passphrase")

    def run(self, *args, **how):
        return gmm("--home", self.home, *args, **how)

    def text(self, *args, **how):
        return self.run(*args, **how).stdout.decode()

    def json(self, *args, **how):
        return json.loads(self.run("--json", *args, **how).stdout)

    def error(self, status, *args, **how):
        """The error object of a command that fails with this status; nothing else is written anywhere."""
        done = self.run("--json", *args, status=status, **how)
        if done.stderr:
            raise Failed(f"stderr beside --json: {done.stderr.decode(errors='replace')}")
        error = json.loads(done.stdout)["error"]
        assert sorted(error) == ["choices", "code", "exit", "message", "remedy"], error
        assert error["exit"] == status and error["message"], error
        return error

    def daemon(self, *args, **how):
        return Daemon(self.home, *(args or ("--listen", "127.0.0.1:0")), **how)

    def post(self, name, *args):
        return self.text("post", path(name), "--yes", *args).splitlines()[0]


def chains(home):
    """(group, author) → the logs that the store holds of it, each as (its newest seq, its entries' seqs)."""
    db = sqlite3.connect(f"file:{os.path.join(home, 'store.db')}?mode=ro", uri=True)
    logs = {}
    for number, author, group, head in db.execute("SELECT no, author, grp, head_seq FROM log"):
        seqs = [key & ((1 << 40) - 1) for (key,) in
                db.execute("SELECT key FROM entry WHERE key >> 40 = ? ORDER BY key", (number,))]
        logs.setdefault((group, author), []).append((head, seqs))
    db.close()
    return logs


def one_unbroken_chain_each(home):
    """No author began a second log in a group, and no seq is missing or there twice. Gives the longest."""
    logs = chains(home)
    for found_logs in logs.values():
        assert len(found_logs) == 1, f"{len(found_logs)} logs of one author in one group"
        for head, seqs in found_logs:
            assert seqs == list(range(head + 1)), seqs
    return max(head + 1 for ((head, _),) in logs.values())


def found(participant="ilo"):
    """A network of one."""
    office = Office(participant)
    office.run("network", "create", "Test Group")
    return office


def network(*participants):
    """Offices of one network, the first one its chair; none of them runs."""
    chair = found(participants[0])
    offices = [chair]
    daemon = chair.daemon()
    for participant in participants[1:]:
        office = Office(participant)
        office.run("join", chair.json("invite", "--for", participant, "--address", daemon.address)["invite"])
        chair.run("roster", "add", participant, "--yes")
        office.run("sync", "--timeout", "60")
        offices.append(office)
    daemon.stop()
    return offices


def join_by_files(chair, participant):
    """A newcomer without any network."""
    office = Office(participant)
    chair.run("invite", "--for", participant, "--offline", "-o", path("invite"))
    office.run("join", "@" + path("invite"), "--offline", "-o", path("card"))
    chair.run("roster", "add", "--card", path("card"), "-o", path("welcome"), "--yes")
    office.run("join", "@" + path("welcome"))
    return office


def held(office):
    return {row["id"] for row in office.json("list")}


def titles(office):
    return sorted(item["title"] for item in office.json("list", "--kind", "document"))


def meet(here, there):
    """One sync of a home with another's daemon, and nobody else."""
    for peer in here.json("peer"):
        here.run("peer", "remove", peer["address"], status=None)
    daemon = there.daemon()
    here.run("peer", "add", daemon.address)
    here.run("sync", "--timeout", "60")
    daemon.stop()


def main(*tests):
    """Runs each test; ends the process."""
    status = 0
    try:
        for test in tests:
            print(f"-- {test.__name__}", flush=True)
            test()
    finally:
        for daemon in list(DAEMONS):
            daemon.kill()
            status = 1
        shutil.rmtree(WORK, ignore_errors=True)
    sys.exit(status)
