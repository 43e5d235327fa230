#!/usr/bin/env python3
"""export-proof and verify FILE: an auditor with the file alone learns who signed what; a changed byte ends with 6."""
import json
import os

import lib
from lib import gmm, path, read, refused, write

AUDITOR = None  # a machine with nothing: an empty folder is all it has


def verify(name, *args, status=0):
    done = gmm("--json", "verify", path(name), *args, status=status, env=AUDITOR)
    assert done.stderr == b"", done
    return json.loads(done.stdout)


def export(office, ref, name):
    office.run("export-proof", ref, "-o", path(name))


def documents(chair, other):
    write("draft.txt", "Nobody pays for being recruited.\n")
    write("large.bin", os.urandom(1500000))
    draft = chair.post("draft.txt", "--to", "all", "--title", "Fair recruitment", "--symbol", "GMG/1")
    large = chair.post("large.bin", "--to", "all", "--symbol", "GMG/2")
    chair.post("draft.txt", "--to", "all", "--symbol", "GMG/3")
    return draft, large


def shows_who_signed_what(chair, draft):
    export(chair, "GMG/1", "draft.proof")
    report = verify("draft.proof", "--content", path("draft.txt"))
    shown = report["evidence"]
    assert report["ok"] and report["faults"] == [], report
    assert shown["id"] == draft and shown["kind"] == "document" and shown["content"] == "same", shown
    assert shown["document"]["title"] == "Fair recruitment" and shown["document"]["bytes"] == 33, shown
    assert shown["author"]["participant"] == "ilo" and shown["author"]["office"] == "hq", shown
    assert shown["author"]["fingerprint"] == chair.json("key", "fingerprint")["fingerprint"], shown
    assert shown["network"]["id"] == chair.json("network", "show")["id"], shown
    assert shown["group"] == "all" and shown["chair"] == {"participant": "ilo", "term": 1}, shown
    assert sorted(p["participant"] for p in shown["roster"]) == ["ilo", "iom"], shown
    assert shown["members"] == ["ilo", "iom"] and shown["stored"] == [], shown
    text = gmm("verify", path("draft.proof"), env=AUDITOR).stdout.decode()
    for words in ("PROVEN", "Not proven", "Compare", shown["network"]["id"], shown["author"]["fingerprint"], "ilo/hq"):
        assert words in text, (words, text)
    secret = b"Nobody pays"
    assert secret not in read("draft.proof")


def a_circle_names_nobody(chair):
    """Its members are nobody's business but theirs: neither they nor anchors of theirs are in the file."""
    chair.run("group", "create", "Drafters", "--with", "iom")
    chair.post("draft.txt", "--to", "Drafters", "--symbol", "GMG/5")
    export(chair, "GMG/5", "circle.proof")
    shown = verify("circle.proof")["evidence"]
    assert shown["group"] is None and shown["members"] is None and shown["stored"] == [], shown
    assert b"Drafters" not in read("circle.proof")


def who_was_in_the_group_then(chair):
    """Before and after a removal, both shown by files that are made behind it."""
    chair.post("draft.txt", "--to", "decent-work", "--symbol", "GMG/6")
    chair.run("group", "remove", "decent-work", "iom")
    chair.post("draft.txt", "--to", "decent-work", "--symbol", "GMG/7")
    for symbol, members in (("GMG/6", ["ilo", "iom"]), ("GMG/7", ["ilo"])):
        export(chair, symbol, "group.proof")
        shown = verify("group.proof")["evidence"]
        assert (shown["group"], shown["members"]) == ("decent-work", members), shown


def other_content_is_told(chair):
    write("other.txt", "Nobody pays for being recruitet.\n")
    report = verify("draft.proof", "--content", path("other.txt"), status=6)
    assert not report["ok"] and report["faults"][0]["kind"] == "content", report
    export(chair, "GMG/2", "large.proof")
    assert verify("large.proof", "--content", path("large.bin"))["evidence"]["content"] == "same"
    data = bytearray(read("large.bin"))
    data[-1] ^= 1
    write("large-altered.bin", bytes(data))
    assert not verify("large.proof", "--content", path("large-altered.bin"), status=6)["ok"]
    write("large-short.bin", bytes(data[:-1]))
    assert not verify("large.proof", "--content", path("large-short.bin"), status=6)["ok"]


def a_note_and_another_reader(chair, other, draft):
    note = other.text("note", draft, "--para", "1", "--position", "concern", "Who is nobody?").splitlines()[0]
    export(other, note, "note.proof")
    report = verify("note.proof")
    shown = report["evidence"]
    assert shown["note"]["text"] == "Who is nobody?" and shown["note"]["document"] == draft, shown
    assert shown["author"]["participant"] == "iom", shown
    error = json.loads(gmm("--json", "verify", path("note.proof"), "--content", path("draft.txt"), status=2,
                           env=AUDITOR).stdout)["error"]
    assert "document" in error["message"], error
    export(other, draft, "same.proof")  # whoever can read it can prove it, not its author only
    assert verify("same.proof")["evidence"]["author"]["participant"] == "ilo"


def the_chair_of_that_time(chair, other, draft):
    """After a handover: each proof shows who presided when its text was posted, made now or before."""
    chair.run("role", "give", "chair", "iom", "--from", "2020-01-01", "--until", "2099-12-31")
    daemon = chair.daemon()
    other.run("peer", "add", daemon.address)
    other.run("sync", "--timeout", "60")
    other.run("role", "accept")
    other.run("sync", "--timeout", "60")
    daemon.stop()

    def handed_over():
        return other.json("network", "show")["chair"]["participant"] == "iom"
    lib.until(handed_over)
    late = other.post("draft.txt", "--to", "all", "--symbol", "GMG/4")
    export(other, late, "late.proof")
    export(other, draft, "early.proof")
    assert verify("late.proof")["evidence"]["chair"] == {"participant": "iom", "term": 2}
    for name in ("early.proof", "draft.proof"):
        assert verify(name)["evidence"]["chair"] == {"participant": "ilo", "term": 1}
    founded = [row["time"] for row in other.json("log", "--what", "charter")][0]
    assert other.json("verify", "--as-of", founded)["as_of"]["chair"]["participant"] == "ilo"
    assert other.json("verify", "--as-of", "0d")["as_of"]["chair"] == {"participant": "iom", "term": 2}


def a_changed_byte_is_six(name):
    whole = read(name)
    places = sorted(set(range(0, len(whole), max(1, len(whole) // 40))) | {len(whole) - 1})
    for at in places:
        changed = bytearray(whole)
        changed[at] ^= 0x10
        write("changed.proof", bytes(changed))
        report = verify("changed.proof", status=6)
        assert not report["ok"] and report["faults"][0]["reason"] and report["evidence"] is None, report
    write("changed.proof", whole[:-1])
    verify("changed.proof", status=6)
    write("changed.proof", whole + b"\0")
    verify("changed.proof", status=6)
    write("changed.proof", b"")
    verify("changed.proof", status=6)
    text = gmm("verify", path("changed.proof"), status=6, env=AUDITOR).stdout.decode()
    assert "FAULT evidence" in text and "NOT PROVEN" in text, text


def misuse(chair):
    refused(3, "not-found", ["export-proof", "GMG/9", "-o", path("x.proof")], "GMG/9", home=chair.home)
    assert not os.path.exists(path("x.proof"))
    refused(2, "usage", ["export-proof", "GMG/1"], "-o", home=chair.home)
    refused(2, "usage", ["verify", path("draft.proof"), "--all"], "--all")
    refused(2, "usage", ["verify", "--content", path("draft.txt")], "--content", home=chair.home)
    refused(1, "io", ["verify", path("no-such.proof")], "no-such.proof")
    os.mkdir(path("folder"))
    refused(1, "io", ["verify", path("folder")], "folder")
    assert os.stat(path("draft.proof")).st_mode & 0o777 == 0o600


def test_all():
    global AUDITOR
    AUDITOR = lib.environment(HOME=path("nobody"))
    os.mkdir(path("nobody"))
    chair, other = lib.network("ilo", "iom")
    draft, _ = documents(chair, other)
    daemon = chair.daemon()
    other.run("peer", "add", daemon.address)
    other.run("sync", "--timeout", "60")
    shows_who_signed_what(chair, draft)  # by the daemon
    daemon.stop()
    a_circle_names_nobody(chair)  # without one
    who_was_in_the_group_then(chair)
    other_content_is_told(chair)
    a_note_and_another_reader(chair, other, draft)
    a_changed_byte_is_six("draft.proof")
    misuse(chair)
    the_chair_of_that_time(chair, other, draft)
    assert os.listdir(path("nobody")) == []


lib.main(test_all)
