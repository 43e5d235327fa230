"""SIGKILL at any moment, while posting and while replicating: no acknowledged post is lost, no log forks, nothing is
repaired by hand. GMM_KILLS says how often (60), GMM_KILL_SEED replays the moments."""
import os
import random
import threading

from lib import Daemon, Failed, gmm, main, network, until, write

KILLS = int(os.environ.get("GMM_KILLS", "60"))
POSTS = 500
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


main(test_kills)
