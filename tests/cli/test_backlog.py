"""Many documents at once: stored first, then in the catalogue and the index, and nobody who asks sees less than all."""
from lib import main, network, path, until, write

MANY = 300


def table(name, word):
    lines = ["path\ttitle"]
    for n in range(MANY):
        write(f"{name}-{n}", f"{word} {n}\n")
        lines.append(f"{name}-{n}\t{word} number{n}")
    return write(f"{name}.tsv", "\n".join(lines) + "\n")


def post(office, name, word):
    office.run("post", "--batch", table(name, word), "--to", "all", "--yes")


def found(office, word):
    return len(office.json("search", word, "--limit", "1000"))


def in_process():
    """What a command alone posted and received."""
    ilo, iom = network("ilo", "iom")
    post(ilo, "one", "quittance")
    assert len(ilo.json("list", "--limit", "1000")) == MANY
    assert found(ilo, "quittance") == MANY
    daemon = ilo.daemon()
    iom.run("peer", "add", daemon.address)
    iom.run("sync", "--timeout", "60")
    assert iom.json("status")["documents"] == MANY
    assert len(iom.json("list", "--limit", "1000")) == MANY
    assert found(iom, "quittance") == MANY
    daemon.stop()


def in_daemons():
    """What a daemon received: whoever reads or searches sees it once it is stored; nobody asks for it to be indexed."""
    ilo, iom = network("ilo2", "iom2")
    daemons = [ilo.daemon()]
    iom.run("peer", "add", daemons[0].address)
    daemons.append(iom.daemon())
    post(ilo, "two", "courrier")
    until(lambda: iom.json("status")["documents"] == MANY)
    assert len(iom.json("list", "--limit", "1000")) == MANY
    until(lambda: found(iom, "courrier") == MANY)
    assert found(ilo, "number7") == 1
    post(ilo, "three", "facture")
    until(lambda: iom.json("status")["documents"] == 2 * MANY)
    for office, daemon in zip((ilo, iom), daemons):
        daemon.kill()  # whatever is not indexed yet is so after the next start
        assert found(office, "facture") == MANY, path(office.home)
        assert office.json("verify", "--all")["ok"]


main(in_process, in_daemons)
