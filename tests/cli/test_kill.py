"""SIGKILL at any moment, of daemons and of one-shot commands, while posting and while replicating: no acknowledged post is
lost, no log forks, nothing is repaired by hand. GMM_KILLS says how often each (60, fewer under sanitizers), GMM_KILL_SEED
replays the moments."""
import os
import random
import re
import subprocess
import threading
import time

from lib import GMM, Daemon, Failed, environment, gmm, main, many, network, one_unbroken_chain_each, path, until, write

KILLS = int(os.environ.get("GMM_KILLS", many("60", "12")))
POSTS = many(500, 60)
SEED = int(os.environ.get("GMM_KILL_SEED", "1"))


def post_all(office, acknowledged, lock, done):
    """Posts one document after the other; only an id that was printed with status 0 counts. A post whose daemon was killed
    may or may not stand; --once lets it be asked again without a second entry."""
    for number in range(POSTS):
        name = write(f"doc{number}", f"document {number} of {office.participant}\n" * 20)
        while not done.is_set():
            answer = gmm("--home", office.home, "post", name, "--to", "all", "--yes", "--once", f"key {number}",
                         status=None)
            if answer.returncode == 0:
                with lock:
                    acknowledged[number] = answer.stdout.decode().splitlines()[0]
                break
    done.set()


def kill_again_and_again(dice, offices, daemons, addresses, done):
    """The moment is random; the next daemon is up before the next kill."""
    kills = 0
    while kills < KILLS or not done.is_set():
        done.wait(dice.uniform(0.01, 0.6))
        which = dice.randrange(len(offices))
        daemons[which].kill()
        kills += 1
        daemons[which] = restart(offices[which], addresses[which])
        if kills > 40 * KILLS:
            raise Failed("the posts never end")
    return kills


def restart(office, address):
    """On the same address, so that the other office finds it again. A post may hold the home just then; a run waits."""
    def up():
        try:
            return Daemon(office.home, "--listen", address)
        except Failed:
            return None
    return until(up)


def holds_all(office, acknowledged):
    held = {row["id"] for row in office.json("list", "--kind", "document")}
    return set(acknowledged.values()) <= held


def test_kills():
    print(f"seed {SEED}")
    dice = random.Random(SEED)
    offices = network("ilo", "iom")
    chair, other = offices
    daemons = [chair.daemon("--listen", "127.0.0.1:0"), other.daemon("--listen", "127.0.0.1:0")]
    addresses = [daemon.address for daemon in daemons]
    other.run("peer", "add", addresses[0])
    acknowledged, lock, done = {}, threading.Lock(), threading.Event()
    poster = threading.Thread(target=post_all, args=(chair, acknowledged, lock, done))
    poster.start()
    try:
        kills = kill_again_and_again(dice, offices, daemons, addresses, done)
    finally:
        done.set()
        poster.join()
    arrived = len(other.json("list", "--kind", "document"))
    print(f"{kills} kills, {len(acknowledged)} posts acknowledged, {arrived} replicated meanwhile")
    assert len(acknowledged) == POSTS
    assert arrived > 0, "nothing was replicated between the kills"
    assert holds_all(chair, acknowledged), "the office that posted lost an acknowledged post"
    until(lambda: holds_all(other, acknowledged))
    for office in offices:
        rows = office.json("list", "--kind", "document")
        assert len(rows) == POSTS, f"{office.participant} shows {len(rows)} documents for {POSTS} keys"
        assert office.json("verify", "--all")["ok"]
    for daemon in list(daemons):
        daemon.stop()
    for office in offices:
        one_unbroken_chain_each(office.home)


class OneShots:
    """Commands of an office without a daemon, each killed at a random moment of its life, if it is still there. How long
    a life is, is learnt from those that ended by themselves, and taken for longer after each that did not."""

    def __init__(self, dice, office):
        self.dice, self.office = dice, office
        self.kills, self.longest = {}, {}

    def run(self, command, *args):
        """What it said."""
        begun = time.monotonic()
        longest = self.longest.get(command)
        process = subprocess.Popen([GMM, "--home", self.office.home, command, *args], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
        try:
            said, complained = process.communicate(timeout=self.dice.uniform(0, longest) if longest else 120)
            self.longest[command] = time.monotonic() - begun
        except subprocess.TimeoutExpired:
            process.kill()
            said, complained = process.communicate()
            self.longest[command] *= 1.2
        if process.returncode == -9:
            self.kills[command] = self.kills.get(command, 0) + 1
        elif process.returncode != 0:
            raise Failed(f"{command} ended with {process.returncode}: {complained.decode()}")
        return said.decode()


def post_under_kills(shots, number, acknowledged):
    """Asked again under its key until it is acknowledged: by its id on standard output, whatever came then."""
    name = write(f"one{number}", os.urandom(3000))
    attached = write(f"with{number}", os.urandom(300_000))
    while number not in acknowledged:
        more = ["--attach", attached] if number % 5 == 0 else []
        said = shots.run("post", name, *more, "--to", "all", "--yes", "--once", f"one {number}")
        printed = re.match("[0-9a-f]{64}\n", said)
        if printed:
            acknowledged[number] = printed.group().strip()


def test_kills_of_one_shots():
    dice = random.Random(SEED + 1)
    offices = network("unu", "who")
    chair, other = offices
    daemon = chair.daemon()
    other.run("peer", "add", daemon.address)
    shots, acknowledged, theirs = OneShots(dice, other), {}, set()
    number = 0
    while min(shots.kills.get(command, 0) for command in ("post", "sync")) < KILLS // 2:
        post_under_kills(shots, number, acknowledged)
        theirs.add(chair.post(f"one{number}", "--to", "all"))
        shots.run("sync", "--timeout", "60")
        number += 1
        assert number < 20 * KILLS, f"hardly anything was killed: {shots.kills}"
    print(f"{shots.kills} kills, {number} posts acknowledged")
    wanted = set(acknowledged.values()) | theirs
    assert len(wanted) == 2 * number
    assert set(acknowledged.values()) <= {row["id"] for row in other.json("list")}, "an acknowledged post is lost"
    other.run("sync", "--timeout", "60")
    for office in offices:
        assert {row["id"] for row in office.json("list")} == wanted, "more or fewer documents than keys"
        checked = office.json("verify", "--all")
        assert checked["ok"] and checked["faults"] == [] and checked["not_held"] == 0, checked
    with open(path(f"one{number - 1}"), "rb") as f:
        assert chair.run("get", acknowledged[number - 1]).stdout == f.read()
    daemon.stop()
    for office in offices:
        one_unbroken_chain_each(office.home)


main(test_kills, test_kills_of_one_shots)
