"""The jobs: each a JSON line, at the end a table with every figure beside the limit that it can at best reach.

Called by run.sh: jobs.py LIMITS DOCUMENTS MEBIBYTES POSTS [JOB...], all jobs where none is named. Whole processes are measured, as a person would see them.
"""
import json
import os
import shutil
import subprocess
import sys
import threading
import time

import ssh
from asker import Asker
from lib import GMM, environment, main, network, path, until, write
from measure import at_rest, memory, processor, timed
from texts import SIZE, Texts, table

LIMITS = {}
ROWS = []
DOCUMENTS, MEBIBYTES, POSTS = (int(a) for a in sys.argv[2:5])


def say(job, value, unit, limit=None, of=None):
    """limit: the name of one; of: what the limit gives in the same unit, when it is not simply the limit's value."""
    best = of if of is not None else LIMITS.get(limit)
    row = {"job": job, "value": round(value, 3), "unit": unit, "limit": limit,
           "ratio": round(value / best, 4) if best else None}
    ROWS.append(row)
    print(json.dumps(row), flush=True)


def against(job, value, unit, limit):
    """Beside one more limit, where that was measured."""
    if limit in LIMITS:
        say(job, value, unit, limit)


def rsync_over_ssh(job, source, target, amount, unit):
    """What J1 and J2 are held against: a limit of that name for later rows."""
    if not ssh.installed():
        return
    with ssh.Server() as server:
        rate = amount / server.rsync(source, target)
    LIMITS[job] = rate
    say(job, rate, unit)
    shutil.rmtree(server.folder)
    if os.path.isdir(target):
        shutil.rmtree(target)
    else:
        os.unlink(target)


def others():
    """What people use else, on the same documents and the same disk; without ssh, so without its encryption."""
    if shutil.which("rsync"):
        seconds, _ = timed(lambda: subprocess.run(["rsync", "-a", path("d1") + "/", path("rsynced")], check=True))
        say("rsync of the same documents, local, no fsync", DOCUMENTS / seconds, "1/s")
    if shutil.which("git"):
        git = ["git", "-c", "user.name=x", "-c", "user.email=x@x", "-c", "gc.auto=0", "-C", path("d1")]
        for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
            subprocess.run(git + words, check=True)
        seconds, _ = timed(lambda: subprocess.run(
            ["git", "clone", "-q", "--bare", "file://" + path("d1"), path("cloned")], check=True))
        say("git clone of the same documents, local", DOCUMENTS / seconds, "1/s")


def j1_and_j4():
    """A cold replica of N documents; then ten new ones on reconnection."""
    ilo, iom = network("ilo", "iom")
    rows = table("d1", DOCUMENTS, 1)
    seconds, _ = timed(lambda: ilo.run("post", "--batch", rows, "--to", "all", "--yes", timeout=3600))
    say("J5 posts, one batch", DOCUMENTS / seconds, "1/s", "sqlite_rows")
    rsync_over_ssh("rsync over ssh, documents", path("d1") + "/", path("rsynced-ssh"), DOCUMENTS, "1/s")
    daemon = ilo.daemon()
    at_rest(daemon)
    say("memory idle", memory(daemon)[0], "MiB")
    iom.run("peer", "add", daemon.address)
    begin = time.monotonic()
    receiver = iom.daemon()
    before = processor(receiver), processor(daemon)
    until(lambda: iom.json("status")["entries"] >= DOCUMENTS, 3600)
    seconds = time.monotonic() - begin
    say("J1 cold replica, until stored", DOCUMENTS / seconds, "1/s", "sqlite_rows")
    against("J1 cold replica, until stored", DOCUMENTS / seconds, "1/s", "rsync over ssh, documents")
    say("J1 receiver's processor, until stored", 1e6 * (processor(receiver) - before[0]) / DOCUMENTS, "us each")
    say("J1 sender's processor", 1e6 * (processor(daemon) - before[1]) / DOCUMENTS, "us each")
    until(lambda: iom.json("status")["documents"] == DOCUMENTS, 3600)
    seconds = time.monotonic() - begin
    say("J1 cold replica (with its catalogue)", DOCUMENTS / seconds, "1/s", "sqlite_rows")
    against("J1 cold replica (with its catalogue)", DOCUMENTS / seconds, "1/s", "rsync over ssh, documents")
    say("J1 cold replica", DOCUMENTS * SIZE / seconds / 1e6, "MB/s", "blake2b_1k")
    say("receiver, resident at most", memory(receiver)[1], "MiB")
    say("sender, resident at most", memory(daemon)[1], "MiB")
    receiver.stop()
    seconds, receiver = timed(iom.daemon)
    say("start of a daemon that holds them", seconds, "s")
    say("status of a daemon that holds them", timed(lambda: iom.json("status"))[0], "s")
    say("memory idle, holding them", memory(receiver)[0], "MiB")
    receiver.stop()
    others()
    ten = table("d2", 10, 2, incompressible=True)
    ilo.run("post", "--batch", ten, "--to", "all", "--yes")
    seconds, result = timed(lambda: iom.json("sync", "--timeout", "60"))
    say("J4 ten new: a whole gmm sync", seconds, "s")
    say("J4 ten new: bytes on the wire", result["bytes_in"] + result["bytes_out"], "bytes", "their bytes", 10 * SIZE)
    daemon.stop()


def j2():
    """One large file."""
    ilo, iom = network("ilo2", "iom2")
    size = MEBIBYTES << 20
    with open(path("large"), "wb") as f:
        for _ in range(MEBIBYTES):
            f.write(os.urandom(1 << 20))
    rsync_over_ssh("rsync over ssh, one file", path("large"), path("large.ssh"), size / 1e6, "MB/s")
    seconds, document = timed(lambda: ilo.post("large", "--to", "all"))
    say("J2 posting one file", size / seconds / 1e6, "MB/s", "chacha20poly1305_64k")
    daemon = ilo.daemon()
    iom.run("peer", "add", daemon.address)
    seconds, _ = timed(lambda: iom.run("sync", "--timeout", "3600", timeout=3600))
    say("J2 replicating one file", size / seconds / 1e6, "MB/s", "chacha20poly1305_64k")
    against("J2 replicating one file", size / seconds / 1e6, "MB/s", "rsync over ssh, one file")
    say("sender, resident at most", memory(daemon)[1], "MiB")
    seconds, _ = timed(lambda: iom.run("get", document, "-o", path("large.out"), timeout=600))
    say("J2 getting it out again", size / seconds / 1e6, "MB/s", "chacha20poly1305_64k")
    daemon.stop()


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, int(p * len(values)))]


def processes(post, clients):
    """Posts a second of so many clients at once, a process a post."""
    each = max(1, POSTS // clients)
    threads = [threading.Thread(target=lambda: [post() for _ in range(each)]) for _ in range(clients)]
    seconds, _ = timed(lambda: [t.start() for t in threads] and [t.join() for t in threads])
    return clients * each / seconds


def staying(office, clients):
    """Posts a second of so many clients at once that stay (asks.c)."""
    words = [os.environ["ASKS"], os.path.join(office.home, "control"), path("paper"), str(clients), str(20 * POSTS)]
    return float(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)


def j3_and_j5():
    """From the post to its event at the peer; durable posts a second: of clients that stay, and of whole processes."""
    ilo, iom = network("ilo3", "iom3")
    daemons = [ilo.daemon()]
    iom.run("peer", "add", daemons[0].address)
    daemons.append(iom.daemon())
    until(lambda: any(p["state"] == "connected" for p in iom.json("peer")))
    write("paper", Texts(3).document())
    client = Asker(ilo.home)
    watch = subprocess.Popen([GMM, "--home", iom.home, "watch"], stdout=subprocess.PIPE, env=environment())
    seen = {}

    def listen():
        for line in watch.stdout:
            event = json.loads(line)
            if "id" in event:
                seen.setdefault(event["id"], time.monotonic())

    def by_client():
        return client.post(path("paper"))

    def by_process():
        return ilo.post("paper", "--to", "all")

    threading.Thread(target=listen, daemon=True).start()
    until(lambda: by_client() and seen)  # the listener is there once it hears of one
    for how, post in (("", by_client), (", whole processes", by_process)):
        posted, begin = {}, time.monotonic()
        for _ in range(POSTS):
            before = time.monotonic()
            posted[post()] = before
            time.sleep(0.02)  # one at a time: how many go through at once is J5
        until(lambda: set(posted) <= set(seen))
        delays = [1000 * (seen[document] - before) for document, before in posted.items()]
        say(f"J3 post to visible{how}, p50", percentile(delays, 0.5), "ms")
        say(f"J3 post to visible{how}, p99", percentile(delays, 0.99), "ms")
    watch.terminate()
    watch.wait()
    daemons.pop().stop()
    for how, rate in (("", lambda n: staying(ilo, n)), (", whole processes", lambda n: processes(by_process, n))):
        one = rate(1)
        say(f"J5 posts, one client{how}", one, "1/s", "file_fsync_rename")
        say(f"J5 posts, sixteen clients{how}", rate(16), "1/s", "one client", one)
    daemons.pop().stop()


def show():
    print(f"{'job':44} {'value':>14} {'unit':6} {'ratio':>8} limit")
    for row in ROWS:
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.3f}"
        print(f"{row['job']:44} {row['value']:14,.1f} {row['unit']:6} {ratio:>8} {row['limit'] or ''}")


with open(sys.argv[1]) as limits:
    for text in limits:
        item = json.loads(text)
        LIMITS[item["limit"]] = item["value"]
JOBS = (j1_and_j4, j2, j3_and_j5)
main(*[job for job in JOBS if job.__name__ in sys.argv[5:] or not sys.argv[5:]], show)
