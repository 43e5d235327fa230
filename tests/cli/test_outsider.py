"""Who is not meant to know learns nothing: neither from commands, nor from the wire, nor from the bytes of any file.

Strangers of several kinds come to running daemons; a participant that is no member of a circle asks for it; then every byte
of every home is searched for what was said, called and looked for.
"""
import os
import random
import socket
import sqlite3

from lib import DAEMONS, Office, found, main, path, until, write

LETTERS = "abcdefghijklmnopqrstuvwxyz"
MARKS = {}  # what must nowhere be readable: where it was said -> text
DICE = random.SystemRandom()
# Each word of a mark begins with this and nothing else does: one look finds all of them, cut off or not.
BEGINNING = "".join(DICE.choices(LETTERS, k=8))


def mark(what):
    """A phrase that occurs once in the world, lower case so that a folded copy is found as well. Its words are its own."""
    assert what not in MARKS
    MARKS[what] = " ".join(BEGINNING + "".join(DICE.choices(LETTERS, k=8)) for _ in range(3))
    return MARKS[what]


def word(what):
    """One word instead of a phrase."""
    return mark(what).split()[0]


# ---- searching every byte ----


ENCODINGS = {"UTF-8": lambda text: text.encode(), "UTF-16LE": lambda text: text.encode("utf-16-le"),
             "UTF-16BE": lambda text: text.encode("utf-16-be"), "hexadecimal": lambda text: text.encode().hex().encode()}


def forms():
    return [(name, encode(BEGINNING)) for name, encode in ENCODINGS.items()]


def files_of(folder):
    for root, _, names in os.walk(folder):
        for name in names:
            yield os.path.join(root, name)


def bytes_of(name):
    if not os.path.isfile(name):
        return b""  # the control socket
    with open(name, "rb") as f:
        return f.read()


def search(names, wanted):
    """(what, file, what stands there) for everything wanted that a file or its name holds, case ignored."""
    names = list(names)
    assert names
    for name in names:
        data = (name.encode() + b"\0" + bytes_of(name)).lower()
        for what, needle in wanted:
            at = data.find(needle.lower())
            if at >= 0:
                yield what, name, data[at:at + 2 * len(needle)]


def nothing_readable(offices):
    for office in offices:
        names = list(files_of(office.home))
        assert any(n.endswith("store.db") for n in names), names
        if os.path.exists(office.home + ".log"):
            names.append(office.home + ".log")
        hits = list(search(names, forms()))
        assert not hits, f"{office.participant}: {hits}"


def the_search_finds():
    """Each mark, in each encoding, in the middle of other bytes and in capitals."""
    for what, text in MARKS.items():
        for one in text.split():
            for name, encode in ENCODINGS.items():
                write("one", os.urandom(101) + encode(one).upper() + os.urandom(100))
                assert name in [hit[0] for hit in search([path("one")], forms())], (what, one, name)
    os.unlink(path("one"))


# ---- what is said ----


def padding(size):
    """Bytes that no compression shortens, around a phrase: a chunk of its own is made of them."""
    return os.urandom(size).hex().encode()


def say_everything(office, group, where):
    """A document with attachments, small and large, and notes; every text of it is marked. Gives the document's id."""
    small, large = word(f"{where}: attachment's name") + ".txt", word(f"{where}: large attachment's name") + ".bin"
    name = word(f"{where}: file name") + ".txt"
    write(small, mark(f"{where}: attachment"))
    write(large, padding(150000) + mark(f"{where}: large attachment").encode() + padding(150000))
    write(name, (mark(f"{where}: content") + "\n\n" + mark(f"{where}: second paragraph") + "\n") * 3)
    document = office.text("post", path(name), "--to", group, "--title", mark(f"{where}: title"), "--symbol",
                           word(f"{where}: symbol"), "--attach", path(small), "--attach", path(large), "--once",
                           word(f"{where}: once"), "--yes").splitlines()[0]
    office.run("note", document, mark(f"{where}: note"))
    office.run("note", document, "--para", "2", "--position", "amendment", "--propose", mark(f"{where}: proposal"),
               mark(f"{where}: second note"))
    assert office.json("search", MARKS[f"{where}: content"])[0]["id"] == document
    office.json("search", word(f"{where}: word looked for in vain"))
    return document


def reads_everything(office, document, where):
    """The office can open it: so the marks were really there."""
    until(lambda: document in [d["id"] for d in office.json("list")])
    assert MARKS[f"{where}: content"].encode() in office.run("get", document).stdout
    until(lambda: len(office.json("notes", document)) == 2)
    assert {n["text"] for n in office.json("notes", document)} == {MARKS[f"{where}: note"], MARKS[f"{where}: second note"]}
    for number in ("1", "2"):
        office.run("get", document, "--attachment", number, "-o", path("opened"))
        os.unlink(path("opened"))
    assert office.json("search", MARKS[f"{where}: title"])[0]["id"] == document


# ---- a participant that is no member ----


def circle_of(office):
    """The gid of the office's one circle, and what its store holds in it: entry ids and chunk ids."""
    with sqlite3.connect(f"file:{office.home}/store.db?mode=ro", uri=True) as store:
        gids = [bytes(row[0]) for row in store.execute("SELECT gid FROM p_group")]
        assert len(gids) == 1, gids
        items = [bytes(row[0]) for row in store.execute("SELECT id FROM p_item WHERE gid = ?", gids)]
        chunks = [bytes(row[0]) for row in store.execute("SELECT id FROM chunk WHERE gid = ?", gids)]
        bodies = [bytes(row[0]) for row in store.execute(
            "SELECT entry.body FROM entry JOIN log ON log.no = entry.key >> 40 WHERE log.grp = ?", gids)]
    assert len(items) >= 3 and chunks and len(bodies) >= 4, (items, chunks, len(bodies))
    return gids[0], items, chunks, bodies


def refused_like_nothing(office, *args, of):
    """The answer names what was asked for and nothing else: it is the one that an invented reference gets."""
    invented = "f" * len(of)
    refused = office.error(3, *(of if a is None else a for a in args))
    unknown = office.error(3, *(invented if a is None else a for a in args))
    assert {k: str(v).replace(of, "REF") for k, v in refused.items()} == \
        {k: str(v).replace(invented, "REF") for k, v in unknown.items()}, (refused, unknown)


def no_member_knows(outsider, member, document, note, name):
    """Neither through commands nor in the store."""
    gid, items, chunks, bodies = circle_of(member)
    for args in (("get", None), ("show", None), ("notes", None), ("note", None, "text")):
        refused_like_nothing(outsider, *args, of=document)
        refused_like_nothing(outsider, *args, of=document[:12])
    refused_like_nothing(outsider, "show", None, of=note)
    refused_like_nothing(outsider, "get", None, of=MARKS["circle: symbol"].split()[0])
    refused_like_nothing(outsider, "group", "show", None, of=name)
    refused_like_nothing(outsider, "list", "--to", None, of=name)
    refused_like_nothing(outsider, "post", write("own.txt", "x"), "--to", None, "--yes", of=name)
    refused_like_nothing(outsider, "watch", "--after", None, of=document)
    assert document not in [d["id"] for d in outsider.json("list")]
    assert name not in [g["name"] for g in outsider.json("group", "list")]
    for what in ("content", "title", "note", "attachment"):
        assert outsider.json("search", MARKS[f"circle: {what}"].split()[0]) == []
    seen = outsider.text("list") + outsider.text("group", "list") + outsider.text("status") + outsider.text("roster")
    assert not [what for what, text in MARKS.items() if what.startswith("circle") for one in text.split() if one in seen]
    # an entry's first 8 bytes are what a store finds it by
    secret = [("the circle's gid", gid), ("the circle's gid", gid.hex().encode())]
    secret += [("an entry's id", i[:8]) for i in items] + [("an entry's id", i.hex()[:16].encode()) for i in items]
    secret += [("a chunk's id", c[:16]) for c in chunks] + [("a chunk's id", c.hex().encode()) for c in chunks]
    secret += [("a sealed body", b[:48]) for b in bodies]
    here = list(files_of(outsider.home)) + [outsider.home + ".log"]
    hits = list(search(here, secret))
    assert not hits, hits
    # and the member's own files hold them: the search would have found them
    found_there = {what for what, _, _ in search(files_of(member.home), secret)}
    assert found_there == {what for what, _ in secret}, found_there


# ---- strangers ----


def states(office):
    return {peer["address"]: peer["state"] for peer in office.json("peer")}


def another_network(ilo, address):
    """A node of another network dials; it gets no session, and neither side learns of the other's documents."""
    stranger = found("stranger")
    write("strange.txt", "strange")
    own = stranger.post("strange.txt", "--to", "all")
    stranger.run("peer", "add", address)
    assert stranger.error(5, "sync", "--timeout", "60")["code"] == "unreachable"
    daemon = stranger.daemon()
    until(lambda: states(stranger)[address] == "unreachable")
    assert [d["id"] for d in stranger.json("list")] == [own]
    assert [r["participant"] for r in stranger.json("roster")] == ["stranger"]
    # and the other way round
    ilo.run("peer", "add", daemon.address)
    until(lambda: states(ilo)[daemon.address] != "connecting")
    assert states(ilo)[daemon.address] in ("unreachable", "unbound"), states(ilo)
    ilo.run("peer", "remove", daemon.address)
    assert own not in [d["id"] for d in ilo.json("list")]
    daemon.stop()
    return stranger


def not_admitted(ilo, address):
    """It holds an invite and asked to join: it knows the charter, and has nothing else before it is admitted."""
    invite = ilo.json("invite", "--for", "unu", "--address", address)["invite"]
    unu = Office("unu")
    assert unu.json("join", invite)["state"] == "requested"
    unu.run("sync", "--timeout", "30", status=None)
    daemon = unu.daemon("--no-listen")
    unu.run("sync", "--timeout", "5", status=None)
    unu.run("list", status=None)
    with sqlite3.connect(f"file:{unu.home}/store.db?mode=ro", uri=True) as store:
        for table in ("entry", "chunk", "log", "secret"):
            assert store.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    daemon.stop()
    # the same invite is of no use to somebody else
    thief = Office("thief")
    thief.run("join", invite, status=4)
    return [unu, thief]


def raw(address, data):
    """What a server answers to these bytes, until it closes."""
    host, port = address.rsplit(":", 1)
    answer = b""
    with socket.create_connection((host, int(port)), timeout=60) as s:
        try:
            s.sendall(data)
            while part := s.recv(65536):
                answer += part
        except ConnectionError:
            pass
    return answer


def sockets_of_strangers(address):
    """Whoever does not know the network is not answered with a single byte."""
    for data in (b"GET / HTTP/1.1\r\nHost: gmm\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(200),
                 os.urandom(500), b"GMM\x01\x01\0\0\0" + os.urandom(64), b"GMM\x01\x02\0\0\0" + os.urandom(64),
                 b"GMM\x01\x01\0\0\0" + bytes(64), b"GMM\x02\x01\0\0\0" + os.urandom(64)):
        assert raw(address, data) == b"", data[:8]


# ---- the day ----


def test_outsiders():
    ilo = found("ilo")
    chair = ilo.daemon()
    members = []
    for participant in ("iom", "unhcr"):
        office = Office(participant)
        office.run("join", ilo.json("invite", "--for", participant, "--address", chair.address)["invite"])
        ilo.run("roster", "add", participant, "--yes")
        office.run("sync", "--timeout", "60")
        members.append((office, office.daemon()))
    (iom, iom_daemon), (unhcr, unhcr_daemon) = members
    unhcr.run("peer", "add", iom_daemon.address)  # the outsider is a neighbour of both members
    until(lambda: states(unhcr)[iom_daemon.address] == "connected")
    name = word("circle: name")
    ilo.run("group", "create", name, "--with", "iom")
    in_circle = say_everything(ilo, name, "circle")
    to_all = say_everything(iom, "all", "all")
    inside = say_everything(unhcr, "internal", "internal")
    reads_everything(iom, in_circle, "circle")
    for office in (ilo, unhcr):
        reads_everything(office, to_all, "all")
    assert MARKS["internal: content"].encode() in unhcr.run("get", inside).stdout
    note = ilo.json("notes", in_circle)[0]["id"]
    iom.run("note", in_circle, mark("circle: a member's note"))
    until(lambda: len(ilo.json("notes", in_circle)) == 3)
    strangers = [another_network(ilo, chair.address)] + not_admitted(ilo, chair.address)
    sockets_of_strangers(chair.address)
    unhcr.run("sync", "--timeout", "60")
    no_member_knows(unhcr, ilo, in_circle, note, name)
    for office in (ilo, iom):
        refused_like_nothing(office, "get", None, of=inside)
    the_search_finds()
    nothing_readable([ilo, iom, unhcr] + strangers)  # with write-ahead logs as they are under running daemons
    for office in (ilo, iom, unhcr):
        assert office.json("verify", "--all")["ok"]
    for daemon in list(DAEMONS):
        daemon.stop()
    nothing_readable([ilo, iom, unhcr] + strangers)
    no_member_knows(unhcr, ilo, in_circle, note, name)
    assert not list(search(files_of(strangers[0].home), [("the circle's gid", circle_of(ilo)[0])]))


main(test_outsiders)
