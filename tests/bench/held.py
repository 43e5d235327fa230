"""What depends on how many entries are held, and what must not: for each number a cold replica (J1), what it costs to start a
daemon that holds them, and three times ten new documents on reconnection (J4).

    GMM=build/release/gmm PYTHONPATH=tests/cli python3 tests/bench/held.py [NUMBER...]      (10,000, 100,000, 1,000,000)

Documents as texts.py makes them; of 10,000 files each stands in the table again and again, under another title. One JSON
line a number.
"""
import json
import resource
import sys
import time

from lib import main, network, path, until
from measure import at_rest, memory, processor, timed
from texts import table

NUMBERS = [int(n) for n in sys.argv[1:]] or [10_000, 100_000, 1_000_000]
FILES = 10_000


def process(command):
    """Medians of eleven: what the client's own process takes, and how long it takes in all."""
    takes = []
    for _ in range(11):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds, _ = timed(command)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        takes.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, seconds))
    return [round(1000 * sorted(values)[5], 1) for values in zip(*takes)]


def held(number):
    ilo, iom = network(f"ilo{number}", f"iom{number}")
    row = {"held": number}

    def post(count, seed, incompressible=None):
        rows = table(f"d{number}.{seed}", count, seed, FILES, incompressible)
        return timed(lambda: ilo.run("post", "--batch", rows, "--to", "all", "--yes", timeout=3600))[0]

    row["batch, documents/s"] = number / post(number, 1)
    sender = ilo.daemon()
    at_rest(sender)
    iom.run("peer", "add", sender.address)
    begin, receiver = time.monotonic(), iom.daemon()
    until(lambda: iom.json("status")["entries"] >= number, 3600)
    row["until stored, documents/s"] = number / (time.monotonic() - begin)
    row["receiver, us of processor each"] = 1e6 * processor(receiver) / number
    until(lambda: iom.json("status")["documents"] >= number, 3600)
    row["with the catalogue, documents/s"] = number / (time.monotonic() - begin)
    at_rest(receiver)
    row["until searchable, documents/s"] = number / (time.monotonic() - begin)
    row["receiver, MiB anonymous, resident at most"] = memory(receiver)
    row["sender, MiB anonymous, resident at most"] = memory(sender)
    receiver.stop()
    row["start, s"], daemon = timed(lambda: iom.daemon("--no-listen"))
    row["first status, s"], _ = timed(lambda: iom.json("status"))
    at_rest(daemon)
    row["idle, MiB anonymous, resident at most"] = memory(daemon)
    daemon.stop()
    bytes_of_ten, seconds = [], []
    for seed in (2, 3, 4):
        post(10, seed, True)
        took, result = timed(lambda: iom.json("sync", "--timeout", "60"))
        seconds.append(round(took, 3))
        bytes_of_ten.append(result["bytes_in"] + result["bytes_out"])
    row["ten new, bytes on the wire"], row["ten new, a whole gmm sync, s"] = bytes_of_ten, seconds
    daemon = iom.daemon("--no-listen")
    word = iom.json("list", "--limit", "1")[0]["id"]
    for name, words in (("list", ["list", "--limit", "20"]), ("get", ["get", word, "-o", path("got")]),
                        ("search", ["search", "sunmin", "sesmalstosror", "--limit", "20"]),
                        ("post", ["post", path(f"d{number}.1", "0"), "--to", "all", "--yes"])):
        row[f"{name} through the daemon: ms of processor, ms in all"] = process(lambda: iom.run(*words))
    daemon.stop()
    sender.stop()
    print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}), flush=True)


def all_numbers():
    for number in NUMBERS:
        held(number)


main(all_numbers)
