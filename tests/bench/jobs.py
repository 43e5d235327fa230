"""The jobs: each a JSON line, at the end a table with every figure beside the limit that it can at best reach.

Called by run.sh: jobs.py LIMITS DOCUMENTS MEBIBYTES POSTS. Whole processes are measured, as a person would see them.
"""
import base64
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time

import ssh
from lib import GMM, environment, main, network, path, until, write

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


def timed(function):
    begin = time.monotonic()
    result = function()
    return time.monotonic() - begin, result


def memory(daemon):
    """MiB, anonymous and private: now, and the most of all that it ever had resident."""
    with open(f"/proc/{daemon.process.pid}/status") as f:
        fields = dict(line.split(":", 1) for line in f)
    return int(fields["RssAnon"].split()[0]) / 1024, int(fields["VmHWM"].split()[0]) / 1024


def processor(daemon):
    """Seconds of it that a process has used."""
    with open(f"/proc/{daemon.process.pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def at_rest(daemon):
    """Until it has nothing left to do: its search index is made behind what was posted."""
    before = -1
    while processor(daemon) > before:
        before = processor(daemon)
        time.sleep(0.5)


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


def table_of(count, seed):
    """Incompressible texts of 1 KiB, and the table that posts them."""
    rng = random.Random(seed)
    os.makedirs(path(f"d{seed}"), exist_ok=True)
    lines = ["path\ttitle"]
    for n in range(count):
        write(f"d{seed}/{n}", base64.b85encode(rng.randbytes(820))[:1024])
        lines.append(f"d{seed}/{n}\t{n}")
    return write(f"t{seed}.tsv", "\n".join(lines) + "\n")


def j1_and_j4():
    """A cold replica of N documents; then ten new ones on reconnection."""
    ilo, iom = network("ilo", "iom")
    table = table_of(DOCUMENTS, 1)
    seconds, _ = timed(lambda: ilo.run("post", "--batch", table, "--to", "all", "--yes", timeout=3600))
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
    say("J1 cold replica", DOCUMENTS * 1024 / seconds / 1e6, "MB/s", "blake2b_1k")
    say("receiver, resident at most", memory(receiver)[1], "MiB")
    say("sender, resident at most", memory(daemon)[1], "MiB")
    receiver.stop()
    seconds, receiver = timed(iom.daemon)
    say("start of a daemon that holds them", seconds, "s")
    say("status of a daemon that holds them", timed(lambda: iom.json("status"))[0], "s")
    say("memory idle, holding them", memory(receiver)[0], "MiB")
    receiver.stop()
    others()
    ten = table_of(10, 2)
    ilo.run("post", "--batch", ten, "--to", "all", "--yes")
    seconds, result = timed(lambda: iom.json("sync", "--timeout", "60"))
    say("J4 ten new: a whole gmm sync", seconds, "s")
    say("J4 ten new: bytes on the wire", result["bytes_in"] + result["bytes_out"], "bytes", "their bytes", 10 * 1024)
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


def j3_and_j5():
    """From the post to its event at the peer; durable posts a second, by whole processes."""
    ilo, iom = network("ilo3", "iom3")
    daemons = [ilo.daemon()]
    iom.run("peer", "add", daemons[0].address)
    daemons.append(iom.daemon())
    until(lambda: any(p["state"] == "connected" for p in iom.json("peer")))
    write("paper", os.urandom(512).hex())
    watch = subprocess.Popen([GMM, "--home", iom.home, "watch"], stdout=subprocess.PIPE, env=environment())
    seen = {}
    begun = threading.Event()

    def listen():
        for line in watch.stdout:
            event = json.loads(line)
            if "id" in event:
                seen.setdefault(event["id"], time.monotonic())
                begun.set()

    threading.Thread(target=listen, daemon=True).start()
    while not begun.is_set():  # the listener is there once it hears of one
        ilo.post("paper", "--to", "all")
        begun.wait(0.2)
    posted, begin = {}, time.monotonic()
    for _ in range(POSTS):
        before = time.monotonic()
        posted[ilo.post("paper", "--to", "all")] = before
    seconds = time.monotonic() - begin
    until(lambda: set(posted) <= set(seen))
    delays = [1000 * (seen[document] - before) for document, before in posted.items()]
    watch.terminate()
    watch.wait()
    say("J3 post to visible, whole process, p50", percentile(delays, 0.5), "ms")
    say("J3 post to visible, whole process, p99", percentile(delays, 0.99), "ms")
    say("J5 posts, one client", POSTS / seconds, "1/s", "file_fsync_rename")
    threads = [threading.Thread(target=lambda: [ilo.post("paper", "--to", "all") for _ in range(max(1, POSTS // 16))])
               for _ in range(16)]
    seconds, _ = timed(lambda: [t.start() for t in threads] and [t.join() for t in threads])
    say("J5 posts, sixteen clients", 16 * max(1, POSTS // 16) / seconds, "1/s", "file_fsync_rename")
    for daemon in daemons:
        daemon.stop()


def show():
    print(f"{'job':44} {'value':>14} {'unit':6} {'ratio':>8} limit")
    for row in ROWS:
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.3f}"
        print(f"{row['job']:44} {row['value']:14,.1f} {row['unit']:6} {ratio:>8} {row['limit'] or ''}")


with open(sys.argv[1]) as limits:
    for text in limits:
        item = json.loads(text)
        LIMITS[item["limit"]] = item["value"]
main(j1_and_j4, j2, j3_and_j5, show)
