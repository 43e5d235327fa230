#!/usr/bin/env python3
"""verify names what was altered, exit status 6; doctor --rebuild mends what is derived."""
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

GMM = os.environ.get("GMM")
if not GMM or not os.path.exists(GMM):
    print("skipped: GMM does not name the program")
    sys.exit(77)
WORK = tempfile.mkdtemp(prefix="gmm-cli-")
HOME, KEPT = os.path.join(WORK, "home"), os.path.join(WORK, "kept")
ENV = dict(os.environ, GMM_HOME=HOME, LC_ALL="C.UTF-8")


def gmm(status, *args):
    done = subprocess.run([GMM, *args], env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=120, text=True)
    assert done.returncode == status, f"gmm {' '.join(args)}: exit {done.returncode}, not {status}\n{done.stdout}{done.stderr}"
    return done.stdout


def again():
    shutil.rmtree(HOME)
    shutil.copytree(KEPT, HOME)


def in_store(*statements):
    again()
    db = sqlite3.connect(os.path.join(HOME, "store.db"))
    for statement in statements:
        assert db.execute(statement).rowcount != 0, statement
    db.commit()
    db.close()


def flip(table, column, where):
    return (f"update {table} set {column} = cast(substr({column}, 1, 40) || case when substr({column}, 41, 1) = x'00' then "
            f"x'01' else x'00' end || substr({column}, 42) as blob) where rowid = (select min(rowid) from {table} where {where})")


def found(kinds, *args):
    report = json.loads(gmm(6, "--json", "verify", *args))
    assert not report["ok"] and report["faults"], report
    assert report["faults"][0]["kind"] in kinds, report["faults"][0]


def main():
    gmm(0, "init", "--participant", "ilo", "--name", "ILO", "--kind", "member", "--office", "hq", "--level", "hq",
        "--no-passphrase")
    gmm(0, "network", "create", "Global Migration Group")
    large = os.path.join(WORK, "large.bin")
    with open(large, "wb") as out:
        out.write(os.urandom(900000))
    text = os.path.join(WORK, "draft.txt")
    with open(text, "w", encoding="utf-8") as out:
        out.write("Les travailleurs migrants ne paient pas de frais de recrutement.\n")
    gmm(0, "post", large, "--to", "all", "--yes")
    posted = gmm(0, "post", text, "--to", "all", "--yes").splitlines()[0]
    report = json.loads(gmm(0, "--json", "verify", "--all"))
    assert report["ok"] and report["faults"] == [] and report["checked"] > 3, report
    shutil.copytree(HOME, KEPT)

    in_store(flip("entry", "header", "type >= 64"))
    found(("header", "index", "log"))
    in_store(flip("entry", "body", "type >= 64"))
    found(("body",))
    in_store(flip("object", "bytes", "substr(bytes, 1, 1) = x'02'"))
    found(("certificate",))
    in_store(flip("object", "bytes", "substr(bytes, 1, 1) = x'01'"))
    found(("charter",))
    again()
    chunks = [os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(HOME, "chunks")) for name in names]
    assert chunks
    with open(chunks[0], "r+b") as chunk:
        chunk.seek(1000)
        byte = chunk.read(1)
        chunk.seek(1000)
        chunk.write(bytes([byte[0] ^ 1]))
    found(("chunk",), "--all")
    os.remove(chunks[0])
    found(("chunk",), "--all")
    again()
    with open(os.path.join(HOME, "keys", "office.keystore"), "r+b") as keys:
        keys.seek(100)
        byte = keys.read(1)
        keys.seek(100)
        keys.write(bytes([byte[0] ^ 1]))
    found(("keystore",))
    gmm(6, "status")

    for table in ("p_item", "p_log", "p_group", "s_entry"):
        in_store(f"drop table {table}")
        gmm(0, "doctor", "--rebuild")
        listed = json.loads(gmm(0, "--json", "list"))
        assert posted in [row["id"] for row in listed], (table, listed)
        hits = json.loads(gmm(0, "--json", "search", "recrutement"))
        assert posted in [hit["id"] for hit in hits], (table, hits)
        gmm(0, "verify", "--all")


try:
    main()
finally:
    shutil.rmtree(WORK, ignore_errors=True)
