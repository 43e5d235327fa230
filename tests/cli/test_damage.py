#!/usr/bin/env python3
"""One altered byte anywhere that matters: verify names the item, exit status 6. What is derived, doctor --rebuild mends."""
import json
import os
import shutil
import sqlite3
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403

QUESTIONS = (["list"], ["list", "--kind", "note"], ["search", "recrutement"], ["search", "accord"], ["search", "S/1"],
             ["show", "S/1"], ["show", "S/2"], ["notes", "S/1"], ["group", "list"])


def flipped(value):
    if isinstance(value, int):
        return value ^ 1
    middle = len(value) // 2
    return value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1:]


class Damaged:
    """Copies of one home, each with its own damage."""

    def __init__(self, office):
        self.office, self.kept = office, office.home + ".kept"
        shutil.copytree(office.home, self.kept)
        self.answers = self.ask()

    def again(self):
        shutil.rmtree(self.office.home)
        shutil.copytree(self.kept, self.office.home)

    def ask(self):
        return [self.office.json(*question) for question in QUESTIONS]

    def store(self):
        return sqlite3.connect(os.path.join(self.office.home, "store.db"))

    def change(self, *statements):
        self.again()
        db = self.store()
        for statement, *values in statements:
            assert db.execute(statement, values).rowcount != 0, statement
        db.commit()
        db.close()

    def flip(self, table, column, where="1"):
        """A byte of the first such row's column; gives the row's value before."""
        self.again()
        db = self.store()
        value, = db.execute(f"select {column} from {table} where {column} is not null and {where} limit 1").fetchone()
        assert db.execute(f"update {table} set {column} = ? where {column} = ? and {where}", (flipped(value), value)).rowcount
        db.commit()
        db.close()
        return value

    def file(self, *names, change):
        self.again()
        name = os.path.join(self.office.home, *names)
        changed = change(read(name))
        if changed is None:
            os.remove(name)
            return
        with open(name, "wb") as f:
            f.write(changed)

    def named(self, kinds, item=None, args=("--all",)):
        """verify exits with 6; its first fault is of one of these kinds, and of this item. As text it says the same."""
        report = json.loads(self.office.run("--json", "verify", *args, status=6).stdout)
        assert report["ok"] is False and report["faults"], report
        for fault in report["faults"]:
            assert sorted(fault) == ["id", "kind", "reason"] and fault["reason"], fault
        first = report["faults"][0]
        assert first["kind"] in kinds, (kinds, report["faults"])
        assert item is None or item in [fault["id"] for fault in report["faults"]], (item, report["faults"])
        if many(False, True):
            return
        text = self.office.run("verify", *args, status=6).stdout.decode()
        which = f"{first['kind']} {first['id']}" if first["id"] else first["kind"]
        assert f"FAULT {which}: {first['reason']}" in text, (first, text)


def entries(d):
    document = d.office.json("show", "S/1")["id"]
    key = f"id8 = {int.from_bytes(bytes.fromhex(document)[:8], 'big', signed=True)}"
    for column, kinds in (("header", ("header",)), ("body", ("body",)), ("id8", ("index",)), ("type", ("index",))):
        d.flip("entry", column, key)
        d.named(kinds, document)
        d.named(kinds, document, args=())
    for where in ("type < 64", "type = 35", "type >= 64"):
        d.flip("entry", "header", where)
        d.named(("header", "index", "log"))
        d.flip("entry", "body", where)
        d.named(("body",))
        d.flip("entry", "sig", where)
        d.named(("signature",))
    for column in ("instance", "author", "grp", "head_seq", "head_id", "head_time", "head_sig"):
        d.flip("log", column)
        d.named(("header", "log", "signature"))
    d.change(("delete from entry where " + key,))
    d.named(("log", "header"))
    d.change(("delete from log where no = (select min(no) from log)",))
    d.named(("log",))


def objects_and_keys(d):
    for kind, name in (("01", "charter"), ("02", "certificate")):
        for column in ("bytes", "hash"):
            d.flip("object", column, f"substr(bytes, 1, 1) = x'{kind}'")
            d.named((name,))
    for column in ("sealed", "epoch"):
        d.flip("secret", column)
        d.named(("secret",))
    d.flip("invite", "sealed")
    d.named(("invite",))
    size = os.path.getsize(os.path.join(d.kept, "keys", "office.keystore"))
    for at in (0, 7, 8, 20, 60, 92, 93, size // 2, size - 33, size - 1):
        d.file("keys", "office.keystore", change=lambda data, at=at: data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
        d.named(("keystore",))
    d.file("keys", "office.keystore", change=lambda data: data[:-1])
    d.named(("keystore",))
    d.file("keys", "office.keystore", change=lambda data: data + b"\0")
    d.named(("keystore",))


def chunks(d):
    found = [os.path.relpath(os.path.join(at, name), d.kept) for at, _, names in os.walk(os.path.join(d.kept, "chunks"))
             for name in names]
    assert found
    for name in found:
        item = os.path.basename(name)
        for at in (0, 1000, -1):
            d.file(name, change=lambda data, at=at: data[:at] + bytes([data[at] ^ 1]) + (data[at + 1:] if at != -1 else b""))
            d.named(("chunk",))
        for change in (lambda data: data[:-1], lambda data: data + b"x", lambda data: b"", lambda data: None):
            d.file(name, change=change)
            d.named(("chunk",))
            d.named(("chunk",), args=())
        report = json.loads(d.office.run("--json", "verify", status=6).stdout)
        assert any(item in (fault["id"] or "") and "missing" in fault["reason"] for fault in report["faults"]), report
    d.flip("chunk", "len")
    d.named(("chunk",))
    d.flip("chunk", "id")
    d.named(("chunk",))


def pages(d):
    """The store's file itself: cut, overwritten, replaced."""
    name = os.path.join(d.kept, "store.db")
    size, page = os.path.getsize(name), 16384
    for change in (lambda data: data[:size // 2], lambda data: data[:page], lambda data: b"", lambda data: None,
                   lambda data: data[:page] + bytes(page) + data[2 * page:],
                   lambda data: b"not a database" + data[14:]):
        d.file("store.db", change=change)
        done = d.office.run("--json", "verify", status=6)
        answer = json.loads(done.stdout)
        told = json.dumps(answer)
        assert ("error" in answer and "store" in told) or answer["faults"], answer


DERIVED = (
    ["drop table p_item"], ["drop table p_log"], ["drop table p_group"], ["drop table p_deferred"], ["drop table p_gap"],
    ["drop table p_chunk"], ["drop table s_entry"], ["drop table s_words"], ["drop table s_words", "drop table s_entry"],
    ["delete from p_item"], ["delete from p_log"], ["delete from p_group"], ["delete from s_entry"],
    ["delete from s_words_data"], ["delete from s_words_idx"], ["delete from s_words_docsize"],
    ["delete from p_item where no = 1"], ["delete from s_entry where no = 1"], ["update p_log set next = next + 5"],
    ["update p_log set next = 0"], ["update p_item set time = time + 1000"], ["update p_item set type = 65"],
    ["update p_item set summary = zeroblob(100)"], ["update p_group set name = zeroblob(60)"],
    ["update value set bytes = x'00' where name = 'search.version'"], ["delete from value where name = 'search.version'"],
    ["update s_entry set id = zeroblob(32) where no = 1"],
)


def derived(d):
    for statements in DERIVED:
        d.again()
        db = d.store()
        for statement in statements:
            try:
                db.execute(statement)
            except sqlite3.OperationalError as e:  # this library knows no tokenizer "gmm": the table's rows go by its parts
                assert "tokenizer" in str(e), (statement, e)
                for part in ("data", "idx", "docsize"):
                    db.execute(f"delete from s_words_{part}")
        db.commit()
        db.close()
        d.office.run("doctor", "--rebuild")
        assert d.ask() == d.answers, statements
        assert d.office.json("verify", "--all")["ok"], statements
        assert d.office.json("doctor")["ok"], statements
    for table, column in (("p_item", "id"), ("p_item", "log"), ("p_item", "seq"), ("p_item", "gid"), ("p_item", "author"),
                          ("p_item", "type"), ("p_item", "time"), ("p_item", "document"), ("p_item", "symbol"),
                          ("p_item", "summary"), ("p_group", "name")):
        d.flip(table, column)
        d.named(("catalogue",))
        d.office.run("doctor", "--rebuild")
        assert d.ask() == d.answers and d.office.json("verify", "--all")["ok"], (table, column)
    d.change(("delete from s_words_data",))
    d.named(("search",))


def a_cut_write_ahead_log(d):
    """What a crash left of the last commits is taken up to the cut: never half a commit, and nothing before it is lost."""
    d.again()
    before = d.office.json("list")
    daemon = d.office.daemon()
    posted = [d.office.json("post", path("second.txt"), "--to", "all")["id"] for _ in range(3)]
    daemon.kill()
    crashed = d.office.home + ".crashed"
    shutil.copytree(d.office.home, crashed, ignore=shutil.ignore_patterns("control"))
    log = os.path.join(d.office.home, "store.db-wal")
    size = os.path.getsize(log)
    for keep in (size, size - 1, size // 2, 32, 0):
        shutil.rmtree(d.office.home)
        shutil.copytree(crashed, d.office.home)
        os.truncate(log, keep)
        assert d.office.json("verify", "--all")["ok"], keep
        listed = [item["id"] for item in d.office.json("list")]
        held = [item for item in posted if item in listed]
        assert held == posted[:len(held)] and (keep < size or held == posted), (keep, held)
        assert [item for item in listed if item not in posted] == [item["id"] for item in before], keep


def under_a_daemon(d):
    """The running daemon says the same of what is altered below it."""
    d.again()
    chunk = next(os.path.join(at, names[0]) for at, _, names in os.walk(os.path.join(d.office.home, "chunks")) if names)
    daemon = d.office.daemon()
    assert d.office.json("verify", "--all")["ok"]
    os.remove(chunk)
    d.named(("chunk",))
    daemon.stop()


def test_all():
    ilo, iom = network("ilo", "iom")
    write("large.bin", os.urandom(900000))
    write("first.txt", "Les travailleurs migrants ne paient pas de frais de recrutement.\n")
    write("second.txt", "Un accord de deux pages.\n")
    daemon = ilo.daemon()
    iom.run("peer", "add", daemon.address)
    ilo.run("group", "create", "drafting", "--with", "iom")
    ilo.run("post", path("first.txt"), "--to", "all", "--symbol", "S/1", "--attach", path("large.bin"), "--yes")
    iom.run("sync", "--timeout", "60")
    iom.run("post", path("second.txt"), "--to", "drafting", "--symbol", "S/2")
    iom.run("note", "S/1", "--para", "1", "accord")
    iom.run("sync", "--timeout", "60")
    iom.run("get", "S/1", "--attachment", "1", "-o", "attached")
    assert read("attached") == read("large.bin")
    daemon.stop()
    ilo.run("invite", "--offline", "--for", "unhcr")
    for office in (ilo, iom):
        for args in ((), ("--all",)):
            report = office.json("verify", *args)
            assert report["ok"] and report["faults"] == [] and report["checked"] > 10, report
    d = Damaged(ilo)
    for test in (entries, objects_and_keys, chunks, pages, derived, a_cut_write_ahead_log,
                 under_a_daemon):
        print(f"   {test.__name__}", flush=True)
        test(d)


main(test_all)
