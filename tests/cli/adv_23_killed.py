# tier: long
"""Adversarial 23, with processes: a daemon is killed with SIGKILL again and again while 1,000 posts go to it. No log forks, and no post
is lost whose id was printed. (Loss of power is simulated: adversarial/adv_23_loss_of_power.c.)"""
import random
import threading

import lib

POSTS = lib.many(1000, 100)


def adv_23_no_fork_no_loss():
    ilo, iom = lib.network("ilo", "iom")
    other = iom.daemon()
    ilo.run("peer", "add", other.address)
    done, acknowledged, kills = threading.Event(), {}, 0

    def post_all():
        for number in range(POSTS):
            name = lib.write(f"doc{number}", f"document {number}\n" * 20)
            while number not in acknowledged:
                answer = ilo.run("post", name, "--to", "all", "--yes", "--once", f"key {number}", status=None)
                if answer.returncode == 0:
                    acknowledged[number] = answer.stdout.decode().splitlines()[0]
        done.set()

    dice = random.Random(23)
    daemon = ilo.daemon()
    posting = threading.Thread(target=post_all)
    posting.start()

    def up():
        try:
            return ilo.daemon()
        except lib.Failed:
            return None  # a post holds the home just then
    while not done.wait(dice.uniform(0.05, 0.8)):
        daemon.kill()
        kills += 1
        daemon = lib.until(up)
    posting.join()
    assert kills >= 5, kills
    daemon.stop()
    ilo.run("sync", "--timeout", "120")
    for office in (ilo, iom):
        held = {row["id"] for row in office.json("list", "--limit", "100000")}
        assert set(acknowledged.values()) <= held, office.participant
        lib.one_unbroken_chain_each(office.home)
    assert ilo.json("verify", "--all")["ok"]
    other.stop()


lib.main(adv_23_no_fork_no_loss)
