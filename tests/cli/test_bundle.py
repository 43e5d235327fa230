"""A stick only, no network at all: everything arrives by bundles, in any order, partly, repeatedly.

Offices join by files, post, attach, make a circle, and carry bundles to and fro. No daemon runs, no address is known.
"""
import os
import random

from lib import found, held, join_by_files, main, network, path, read, refused, write


def export(office, name, *args):
    """The files of a bundle, in their order."""
    result = office.json("bundle", "export", path(name), *args)
    files = [file["path"] for file in result["files"]]
    for file in result["files"]:
        assert os.path.getsize(file["path"]) == file["bytes"], result
    return files, result


def carry(source, target, name="stick", *args):
    files, _ = export(source, name, "--for", f"{target.participant}/{target.office}", *args)
    result = target.json("bundle", "import", *files)
    assert result["refused"] == 0 and result["waiting"] == 0 and result["lost"] == [], result
    return result


def state(office):
    """What everybody must agree on."""
    return (sorted((row["id"], row["title"], row["group"]) for row in office.json("list") if row["group"] == "all"),
            sorted((row["participant"], row["status"]) for row in office.json("roster")))


def test_a_stick_only():
    """Three offices, none of which ever reaches another; what iom knows of unhcr came with the chair's bundle."""
    ilo = found()
    iom = join_by_files(ilo, "iom")
    unhcr = join_by_files(ilo, "unhcr")
    big = random.Random(4).randbytes(3_000_000)
    write("big.bin", big)
    posted = {}
    for office in (ilo, iom, unhcr):
        name = f"of {office.participant}.txt"
        data = f"a paper of {office.participant}\n".encode()
        write(name, data)
        posted[office.post(name, "--to", "all", "--attach", path("big.bin"))] = data
    write("secret.txt", "for two\n")
    carry(ilo, iom)
    carry(iom, ilo)
    carry(unhcr, ilo)
    circle = ilo.post("secret.txt", "--to", "iom")
    note = ilo.text("note", circle, "a note in it").splitlines()[0]
    for office in (iom, unhcr):
        carry(ilo, office)
    for office in (ilo, iom, unhcr):
        assert set(posted) <= held(office), (office.participant, held(office))
        for document, data in posted.items():
            assert office.run("get", document).stdout == data
            assert office.run("get", document, "--attachment", "1").stdout == big
        assert office.json("verify", "--all")["ok"]
        assert state(office) == state(ilo)
    assert circle in held(iom) and [n["id"] for n in iom.json("notes", circle)] == [note]
    assert circle not in held(unhcr)
    # The same again brings nothing, and takes nothing away; what is known to be there is not carried twice.
    carry(ilo, iom)
    assert carry(ilo, iom)["received"] == 0
    carry(iom, ilo)
    files, result = export(ilo, "again", "--for", "iom")
    assert result["offices"][0]["entries"] == 0 and result["offices"][0]["chunks"] == 0, result
    assert sum(map(os.path.getsize, files)) < 20_000
    _, result = export(ilo, "all-of-it", "--for", "iom", "--full")
    assert result["offices"][0]["entries"] > 0 and result["offices"][0]["chunks"] > 0, result


def test_any_order_partly_repeatedly():
    """Small media; the last part first; a part that was lost is named until it, or what holds it, comes."""
    ilo = found("unfpa")
    iom = join_by_files(ilo, "undp")
    content = random.Random(5).randbytes(700_000)
    write("attached.bin", content)
    for n in range(40):
        write(f"{n}.txt", random.Random(n).randbytes(4000).hex())
        document = ilo.post(f"{n}.txt", "--to", "all", *(["--attach", path("attached.bin")] if n == 20 else []))
        if n == 20:
            attached = document
    files, result = export(ilo, "parts", "--max-size", "96K")
    assert len(files) > 5 and all(os.path.getsize(file) <= 98304 for file in files), files
    lost = iom.json("bundle", "import", files[-1])["lost"]
    assert [row["part"] for row in lost] == list(range(1, len(files))), lost
    order = files[1:-1]
    random.Random(6).shuffle(order)
    missing = order.pop()
    for file in order:
        iom.run("bundle", "import", file)
        iom.run("bundle", "import", file)
    lost = iom.json("bundle", "import", files[0])["lost"]
    assert [row["part"] for row in lost] == [files.index(missing) + 1], (lost, missing)
    assert (lost[0]["participant"], lost[0]["office"], lost[0]["bundle"]) == ("unfpa", "hq", 1), lost
    said = iom.run("bundle", "import", files[0]).stderr.decode()
    assert f"part {files.index(missing) + 1} of bundle 1 of unfpa/hq has not arrived" in said, said
    # Half of a part is part of it.
    with open(missing, "rb") as f:
        half = f.read(50_000)
    write("half", half)
    assert "ends too early" in iom.run("bundle", "import", path("half")).stderr.decode()
    result = iom.json("bundle", "import", missing)
    assert result["lost"] == [] and result["waiting"] == 0, result
    assert held(iom) == held(ilo)
    assert iom.run("get", attached, "--attachment", "1").stdout == content
    assert iom.json("verify", "--all")["ok"]


def test_since_last_and_what_was_lost():
    ilo = found("wfp")
    iom = join_by_files(ilo, "unep")
    ids = []
    for n in range(3):
        write("paper.txt", f"paper {n}\n")
        ids.append(ilo.post("paper.txt", "--to", "all"))
        files, result = export(ilo, f"bundle{n}", "--since-last")
        assert result["offices"][0]["rests_on"] == (1 if n else 0), result
        assert n == 0 or result["offices"][0]["entries"] == 1, result
    # The second never arrives: it is named, and what it brought comes again once the maker hears of it.
    iom.run("bundle", "import", path("bundle0"))
    result = iom.json("bundle", "import", path("bundle2"))
    assert [(row["bundle"], row["part"]) for row in result["lost"]] == [(2, None)], result
    assert held(iom) == {ids[0]} and result["waiting"] == 1, (held(iom), result)
    export(iom, "back")
    ilo.run("bundle", "import", path("back"))
    files, result = export(ilo, "bundle3", "--since-last")
    assert result["offices"][0]["rests_on"] == 0, result
    result = iom.json("bundle", "import", *files)
    assert result["lost"] == [] and held(iom) == set(ids), result


def test_a_session_acknowledges():
    """What two offices told one another over a network is not carried again."""
    ilo, iom = network("ifad", "who")
    write("paper.txt", "paper\n")
    ids = {ilo.post("paper.txt", "--to", "all")}
    export(ilo, "first", "--since-last")
    daemon = iom.daemon()
    ilo.run("peer", "add", daemon.address)
    ilo.run("sync", "--timeout", "60")
    daemon.stop()
    ids.add(ilo.post("paper.txt", "--to", "all"))
    files, result = export(ilo, "after")
    assert result["offices"][0]["entries"] == 1, result
    result = iom.json("bundle", "import", *files)
    assert result["received"] == 1 and held(iom) == ids, result
    # It numbers on from a bundle that was never carried, and rests on nothing: nothing is missing.
    assert result["lost"] == [], result


def test_what_is_refused():
    ilo = found("unesco")
    iom = join_by_files(ilo, "unicef")
    other = found("itu")
    write("paper.txt", "paper\n")
    ilo.post("paper.txt", "--to", "all")
    files, _ = export(ilo, "bundle")
    refused(1, "malformed", ["bundle", "import", path("paper.txt")], "is no bundle", home=iom.home)
    refused(4, "not-permitted", ["bundle", "import", files[0]], "nothing in it is for this office", home=ilo.home)
    refused(4, "not-permitted", ["bundle", "import", files[0]], "nothing in it is for this office", home=other.home)
    refused(3, "not-found", ["bundle", "export", path("none"), "--for", "ghost"], "ghost", home=ilo.home)
    refused(3, "not-found", ["bundle", "export", path("none")], "no other office", home=other.home)
    refused(2, "usage", ["bundle", "export", path("none"), "--max-size", "10"], "at least 64K", home=ilo.home)
    refused(2, "usage", ["bundle", "export", path("none"), "--max-size", "many"], "--max-size", home=ilo.home)
    assert not os.path.exists(path("none"))
    data = bytearray(read("bundle"))
    for at in (100, 200, len(data) // 2, len(data) - 40):
        data[at] ^= 1
        write("altered", bytes(data))
        refused(6, "damaged", ["bundle", "import", path("altered")], "was altered", home=iom.home)
        data[at] ^= 1
    # Nothing of what was posted stands in it for whoever finds it.
    assert b"paper" not in data and b"unesco" not in data
    iom.run("bundle", "import", files[0])
    assert len(held(iom)) == 1


main(test_a_stick_only, test_any_order_partly_repeatedly, test_since_last_and_what_was_lost,
     test_a_session_acknowledges, test_what_is_refused)
