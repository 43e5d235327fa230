"""Real documents and hostile file names, posted at ILO, come out byte for byte at IOM and at a government."""
import os
import pty
import subprocess
import sys

import lib
from corpus import folder, out, sync, three

CORPUS = folder()


def files_under(path):
    return [os.path.join(os.fsencode(path), name) for name in sorted(os.listdir(os.fsencode(path)))]


def title_of(name):
    """What the title becomes when none is given: the file's name, bytes that are not UTF-8 escaped."""
    return "".join("\\x%02x" % (ord(c) - 0xDC00) if 0xDC80 <= ord(c) <= 0xDCFF else c
                   for c in name.decode("utf-8", "surrogateescape"))


def on_a_terminal(office, *args):
    """What a person's terminal gets."""
    out = []
    code = None
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(lib.GMM, [lib.GMM, "--home", office.home, *args], lib.environment(NO_COLOR="1", COLUMNS="200"))
    while True:
        try:
            part = os.read(fd, 65536)
        except OSError:
            break
        if not part:
            break
        out.append(part)
    _, code = os.waitpid(pid, 0)
    os.close(fd)
    assert os.waitstatus_to_exitcode(code) == 0, (args, code)
    return b"".join(out)


def check_terminal(office):
    seen = on_a_terminal(office, "list").replace(b"\r\n", b"\n")
    text = seen.decode("utf-8")
    for c in text:
        assert c == "\n" or (c >= " " and not "\x7f" <= c <= "\x9f" and c not in "\u202e\u200b"), repr(c)
    assert "esc\\x1b[31mred\\x1b[0m.txt" in text and "new\\x0aline.txt" in text and "rapport\\u{202e}fdp.txt" in text


def post_all(ilo, paths):
    posted = {}
    for path in paths:
        result = ilo.json(b"post", b"--to", b"all", b"--yes", b"--", path)
        posted[result["id"]] = path
        assert result["group"] == "all" and result["bytes"] == os.path.getsize(path)
        assert result["readers"] == ["gov-xa", "ilo", "iom"] and result["offices"] == 3
    return posted


def check_office(office, posted):
    items = {item["id"]: item for item in office.json("list")}
    assert set(posted) <= set(items)
    for ident, path in posted.items():
        data = open(path, "rb").read()
        assert items[ident]["title"] == title_of(os.path.basename(path)), (items[ident], path)
        assert items[ident]["author"]["participant"] == "ilo" and items[ident]["bytes"] == len(data)
        assert out(office, "get", ident) == data, (office.participant, path)


def check_versions(offices):
    """Versions and languages of one symbol, and whom a reference names."""
    ilo, iom = offices[0], offices[1]

    def post(text, *args):
        return ilo.json("post", "-", "--to", "all", "--yes", *args, data=text)

    first = post(b"un", "--symbol", "V/1", "--lang", "fr")
    english = post(b"one", "--translates", "V/1", "--lang", "en")
    assert english["symbol"] == "V/1" and english["version"] == 1
    second = post(b"deux", "--revises", "V/1")
    assert second["version"] == 2 and second["symbol"] == "V/1"
    assert post(b"x", "--once", "key") == post(b"other bytes", "--once", "key")
    assert "--revises" in ilo.error(1, "post", "-", "--to", "all", "--symbol", "V/1", "--yes", data=b"x")["message"]
    ilo.error(2, "post", "-", "--to", "all", "--translates", "V/1", "--lang", "fr", "--yes", data=b"x")
    ilo.error(2, "post", "-", "--yes", data=b"x")
    ilo.error(2, "post", "-", "--to", "all", "--to", "iom", "--yes", data=b"x")
    ilo.error(3, "post", "-", "--to", "nobody", "--yes", data=b"x")
    dry = ilo.json("post", "-", "--to", "iom", "--marking", "Strictly Confidential,TLP:AMBER", "--dry-run", data=b"xyz")
    assert dry["id"] is None and dry["readers"] == ["ilo", "iom"] and dry["bytes"] == 3
    assert dry["marking"] == "strictly-confidential" and dry["tlp"] == "TLP:AMBER"
    sync(offices)
    assert out(iom, "get", "V/1") == b"deux"
    assert out(iom, "get", "V/1", "--version", "1") == b"un"
    assert out(iom, "get", "V/1", "--version", "1", "--lang", "EN") == b"one"
    r = iom.run("get", "V/1", "--lang", "en")
    assert r.stdout == b"deux" and b"no version 2 in en" in r.stderr, r
    assert out(iom, "get", first["id"][:12]) == b"un"
    iom.error(3, "get", "V/1", "--version", "9")
    iom.error(3, "get", "V/2")
    iom.error(3, "get", "0" * 64)
    target = os.path.join(lib.WORK, "target")
    open(target, "w").write("old")
    out(iom, "get", english["id"], "-o", target)
    assert open(target, "rb").read() == b"one"
    assert iom.json("show", english["id"])["stale"] is True


def check_attachments(offices):
    """Attachments of any size, an empty document, and content in chunks that is not held everywhere at once."""
    ilo, iom, gov = offices
    small, large = os.path.join(lib.WORK, "small.bin"), os.path.join(lib.WORK, "large.bin")
    open(small, "wb").write(b"\0small")
    open(large, "wb").write(b"".join(i.to_bytes(8, "big") * 512 for i in range(2500)) + os.urandom(3 << 20))
    empty = ilo.json("post", "-", "--to", "gov-xa", "--title", "empty", "--yes", "--attach", small, "--attach", large,
                     data=b"")
    assert empty["bytes"] == 0
    sync(offices)
    assert out(gov, "get", empty["id"]) == b""
    assert out(gov, "get", empty["id"], "--attachment", "small.bin") == b"\0small"
    assert out(gov, "get", empty["id"], "--attachment", "2") == open(large, "rb").read()
    gov.error(3, "get", empty["id"], "--attachment", "3")
    attached = gov.json("show", empty["id"])["attachments"]
    assert [(a["name"], a["here"]) for a in attached] == [("small.bin", True), ("large.bin", True)]
    # A circle is for its members: others have neither the document nor its title.
    iom.error(3, "get", empty["id"])
    assert "empty" not in [item["title"] for item in iom.json("list")]


def check_notes(offices):
    ilo, iom = offices[0], offices[1]
    document = ilo.json("post", "-", "--to", "all", "--symbol", "N/1", "--yes", data=b"1. Paragraphe")
    sync(offices)
    note = iom.json("note", "N/1", "--para", "1", "--position", "Amendment", "--propose", "-", "Pourquoi", data=b"Mieux\n")
    assert note["document"] == document["id"]
    assert iom.json("note", "N/1", "x", "--once", "k") == iom.json("note", "N/1", "y", "--once", "k")
    sync(offices)
    out(ilo, "note", "N/1", "--reply-to", note["id"][:10], "Merci")
    internal = iom.json("note", "N/1", "--internal", "Entre nous")
    iom.error(2, "note", "N/1")
    iom.error(2, "note", "N/1", "x", "--position", "perhaps")
    iom.error(3, "note", "N/9", "x")
    iom.error(2, "note", "N/1", "x", "--reply-to", internal["id"])
    sync(offices)
    at_ilo, at_iom = ilo.json("notes", "N/1"), iom.json("notes", "N/1")
    assert [n["text"] for n in at_ilo] == ["Pourquoi", "x", "Merci"]
    assert at_ilo[0]["proposed"].strip() == "Mieux" and at_ilo[0]["para"] == 1 and at_ilo[0]["position"] == "amendment"
    assert at_ilo[2]["parent"] == note["id"] and at_ilo[0]["author"]["participant"] == "iom"
    assert sorted(n["text"] for n in at_iom) == ["Entre nous", "Merci", "Pourquoi", "x"]
    assert out(ilo, "get", note["id"]) == b"Pourquoi"


def test_documents():
    offices = three()
    names = lib.path("names")
    subprocess.run([sys.executable, os.path.join(CORPUS, "make-corpus.py"), names, "--names"], check=True,
                   capture_output=True)
    paths = [path for place in (os.path.join(CORPUS, "documents"), os.path.join(CORPUS, "udhr"), names)
             for path in files_under(place)]
    assert len(paths) == 10 + 24 + 32
    posted = post_all(offices[0], paths)
    sync(offices)
    for office in offices:
        check_office(office, posted)
    check_terminal(offices[1])
    check_versions(offices)
    check_attachments(offices)
    check_notes(offices)
    lib.DAEMONS[0].stop()


lib.main(test_documents)
