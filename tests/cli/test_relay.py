"""Two members of a circle whom nobody can dial meet through a relay: an office of a participant that is no member of it.

The relay stores and forwards; it opens nothing, and its files hold no word of what it carries. An office that the circle's records
do not name gets nothing, and neither does one that they name no more.
"""
import os
import random
import sqlite3

from lib import chains, main, network, path, read, refused, until, write

SECRET = b"the quorum is eleven"


def rows_of(office, gid):
    """How many entries of a group lie in the store."""
    return sum(len(seqs) for (group, _), logs in chains(office.home).items() if group == bytes.fromhex(gid) for _, seqs in logs)


def asked(office, question):
    db = sqlite3.connect(f"file:{os.path.join(office.home, 'store.db')}?mode=ro", uri=True)
    answer = {row[0] for row in db.execute(question)}
    db.close()
    return answer


def holds(home, words):
    for folder, _, names in os.walk(home):
        for name in names:
            if not os.path.islink(os.path.join(folder, name)) and os.path.isfile(os.path.join(folder, name)):
                with open(os.path.join(folder, name), "rb") as f:
                    if words in f.read():
                        return os.path.join(folder, name)
    return None


def test_two_meet():
    iom, undp, unhcr, wfp = network("iom", "undp", "unhcr", "wfp")
    relay = undp.daemon()
    for office in (iom, unhcr, wfp):
        for peer in office.json("peer"):
            office.run("peer", "remove", peer["address"])
        office.run("peer", "add", relay.address)
    daemons = [office.daemon("--no-listen") for office in (iom, unhcr, wfp)]
    circle = iom.json("group", "create", "drafting", "--with", "unhcr")
    gid = circle["id"]
    refused(2, "usage", ["group", "relay", "add", "drafting", "undp"], "PARTICIPANT/OFFICE", home=iom.home)
    refused(3, "not-found", ["group", "relay", "add", "drafting", "undp/none"], "gmm office", home=iom.home)
    refused(4, "not-permitted", ["group", "relay", "add", "drafting", "unhcr/hq"], "is a member of", home=iom.home)
    refused(3, "not-found", ["group", "relay", "remove", "drafting", "undp/hq"], "is no relay", home=iom.home)
    refused(4, "not-permitted", ["group", "relay", "add", "all", "undp/hq"], "is a member of", home=iom.home)
    said = iom.text("group", "relay", "add", "drafting", "undp/hq")
    assert "Who can read stays as it was" in said and "A relay reads nothing" in said, said
    refused(1, "exists", ["group", "relay", "add", "drafting", "undp/hq"], "already", home=iom.home)
    shown = iom.json("group", "show", "drafting")
    assert shown["relays"] == [{"participant": "undp", "office": "hq", "relays": True}], shown
    assert shown["members"] == circle["members"] and shown["offices"] == circle["offices"], shown
    write("draft.txt", SECRET + b"\n")
    write("annex.bin", SECRET * 30000)
    document = iom.post("draft.txt", "--to", "drafting", "--title", "the eleventh draft", "--attach", path("annex.bin"))

    def it_is_there():
        return unhcr.run("get", document, status=None).stdout == read("draft.txt")

    def the_annex_too():
        return unhcr.run("get", document, "--attachment", "1", status=None).stdout == read("annex.bin")

    until(it_is_there)
    until(the_annex_too)
    through = {(row["participant"], row["state"]): row["through"] for row in iom.json("peer", "list", "--all") if "through" in row}
    assert through == {("unhcr", "through"): ["undp/hq"], ("wfp", "through"): ["undp/hq"]}, through
    # The relay sees the circle and its members, and no more than that.
    shown = undp.json("group", "show", gid)
    assert sorted(shown["members"]) == ["iom", "unhcr"] and "drafting" not in str(shown), shown
    assert undp.run("get", document, status=None).returncode == 3
    refused(3, "not-found", ["show", document], home=undp.home)
    refused(4, "not-permitted", ["post", path("draft.txt"), "--to", gid, "--yes"], home=undp.home)
    assert not [row for row in undp.json("list") if row["id"] == document]
    assert rows_of(undp, gid) == rows_of(iom, gid) > 0
    # Nobody else has heard of it.
    assert rows_of(wfp, gid) == 0
    refused(3, "not-found", ["group", "show", gid], home=wfp.home)
    # Taken back, it gets nothing more.
    iom.run("group", "relay", "remove", "drafting", "undp/hq")
    held = rows_of(undp, gid)
    write("second.txt", b"a second one\n")
    second = iom.post("second.txt", "--to", "drafting")
    marker = iom.post("second.txt", "--to", "all")

    def the_marker_is_there():
        return [row for row in undp.json("list") if row["id"] == marker]

    until(the_marker_is_there)
    iom.run("sync", "--timeout", "60")
    assert rows_of(undp, gid) == held
    assert unhcr.run("get", second, status=None).returncode == 3
    through = {row["participant"]: row["state"] for row in iom.json("peer", "list", "--all") if "through" in row}
    assert through == {"unhcr": "apart", "wfp": "through"}, through
    for daemon in daemons:
        daemon.stop()
    relay.stop()
    for words in (SECRET, b"eleventh draft", b"drafting", b"annex.bin"):
        assert holds(undp.home, words) is None, (words, holds(undp.home, words))
    assert asked(undp, "SELECT hex(id) FROM chunk WHERE gid = x'" + gid + "'"), "the annex lay there"
    # No key either: of those that iom has and who is not in the circle has not, none.
    keys = {office.participant: asked(office, "SELECT hex(epoch) FROM secret") for office in (iom, undp, wfp)}
    assert keys["iom"] - keys["wfp"] and keys["undp"] & keys["iom"] <= keys["wfp"], keys
    assert undp.json("verify", "--all")["ok"]


def apart(first, second, *settings):
    """Two members of a circle and a relay that alone runs; the relay's daemon and the circle's id too."""
    undp, iom, unhcr = network("oecd" if settings else "fao", first, second)
    write(os.path.join(undp.home, "gmm.conf"), "\n".join(settings).encode() + b"\n")
    relay = undp.daemon()
    for office in (iom, unhcr):
        for peer in office.json("peer"):
            office.run("peer", "remove", peer["address"])
        office.run("peer", "add", relay.address)
    iom.run("sync", "--timeout", "60")
    gid = iom.json("group", "create", "drafting", "--with", second)["id"]
    iom.run("group", "relay", "add", "drafting", undp.participant + "/hq")
    return undp, iom, unhcr, relay, gid


def test_never_up_together():
    """The one posts and is gone when its sync ends; the other comes later, and gets text and attachments in one sync."""
    undp, iom, unhcr, relay, gid = apart("wb", "imf")
    annex = random.Random(42).randbytes(3_000_000)
    write("apart.txt", b"of one who is gone\n")
    write("apart.bin", annex)
    document = iom.post("apart.txt", "--to", "drafting", "--attach", path("apart.bin"))
    iom.run("sync", "--timeout", "120")
    assert not undp.json("group", "show", gid)["kept"]["full"]
    unhcr.run("sync", "--timeout", "120")
    assert unhcr.run("get", document).stdout == read("apart.txt")
    assert unhcr.run("get", document, "--attachment", "1").stdout == annex
    relay.stop()
    assert undp.json("verify", "--all")["ok"]


def test_full():
    """What there is no room for is not kept, the relay says so, and entries go on."""
    undp, iom, unhcr, relay, gid = apart("wto", "itu", "[relay]", "keep-group=5000000")
    for n in range(3):
        write(f"annex{n}.bin", random.Random(n).randbytes(1_500_000))
    write("full.txt", b"one that has room\n")
    documents = [iom.post("full.txt", "--to", "drafting", "--attach", path(f"annex{n}.bin")) for n in range(3)]
    iom.run("sync", "--timeout", "120")
    kept = undp.json("group", "show", gid)["kept"]
    assert kept["full"] and 0 < kept["bytes"] <= kept["most"] == 5000000, kept
    assert "no room for more" in undp.text("group", "show", gid)
    assert any("as a relay" in warning for warning in undp.json("status")["warnings"]), undp.json("status")
    assert "as a relay" in relay.said(), relay.said()
    unhcr.run("sync", "--timeout", "120")
    for document in documents:
        assert unhcr.run("get", document).stdout == read("full.txt")
    assert undp.json("group", "show", gid)["kept"]["bytes"] == kept["bytes"]
    relay.stop()
    sizes = asked(undp, "SELECT sum(len) FROM chunk WHERE gid = x'" + gid + "'")
    assert sizes == {kept["bytes"]}, (sizes, kept)
    assert undp.json("verify", "--all")["ok"]


main(test_two_meet, test_never_up_together, test_full)
