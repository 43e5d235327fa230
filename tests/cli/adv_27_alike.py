"""Adversarial 27: a participant that is no member of a circle asks an office for the circle's log, for a chunk and for the body of an
entry that are there, and for such as never were. The answers are byte for byte alike: each only repeats what was asked."""
import os
import socket
import sqlite3
import struct
import time

import lib
import noise
from keystore import secrets_of, sodium

if sodium is None:
    print("skipped: no libsodium for Python")
    raise SystemExit(77)

WANT, CHUNK_WANT, CHUNK_NONE, WANT_NONE = 7, 10, 12, 18


def rows(office, sql):
    db = sqlite3.connect(f"file:{os.path.join(office.home, 'store.db')}?mode=ro", uri=True)
    found = db.execute(sql).fetchall()
    db.close()
    return found


class Session:
    """An office's own session, with its keys and certificate, spoken after docs/protocol.md."""

    def __init__(self, office, other, address):
        with open(os.path.join(office.home, "keys", "office.keystore"), "rb") as f:
            secret = secrets_of(f.read())["noise key"]
        key = noise.public(secret)
        objects = [row[0] for row in rows(office, "SELECT bytes FROM object")]
        certificate = next(o for o in objects if o[0] == 2 and key in o)
        theirs = next(o for o in objects if o[0] == 2 and office_key(other) in o)
        nid = theirs[2:34] if theirs[1] == 1 else None
        assert nid is not None, "a certificate of another version"
        hello = (b"\x01" + struct.pack(">IQI", 0, int(time.time() * 1000), 1) + struct.pack(">H", len(certificate)) + certificate +
                 b"\0" + bytes(32))
        self.speaker = noise.Initiator(1, nid, office_key(other), secret)
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        self.socket.sendall(self.speaker.first())
        self.socket.sendall(self.speaker.last(self.exactly(48), hello))
        self.parts = {}

    def exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            assert more, "the office closed the session"
            data += more
        return data

    def message(self):
        """The next whole message on any stream: type, payload."""
        while True:
            length = self.exactly(2)
            frame, = self.speaker.frames(length + self.exactly(struct.unpack(">H", length)[0]))
            self.parts[frame[0]] = self.parts.get(frame[0], b"") + frame[2:]
            if frame[1] & 1:
                whole = self.parts.pop(frame[0])
                return whole[0], whole[1:]

    def ask(self, kind, payload, answer):
        """The answer of this type to a message of ours; what else the office says is passed over."""
        self.socket.sendall(self.speaker.frame(b"\0\x01" + bytes([kind]) + payload))
        while True:
            got, data = self.message()
            if got == answer:
                return data


def office_key(office):
    with open(os.path.join(office.home, "keys", "office.keystore"), "rb") as f:
        return noise.public(secrets_of(f.read())["noise key"])


def adv_27_alike():
    ilo, iom, gov = lib.network("ilo", "iom", "gov-xa")
    ilo.run("group", "create", "Inner", "--with", "iom")
    ilo.run("post", lib.write("large", os.urandom(600_000)), "--to", "Inner", "--symbol", "S/1", "--yes")
    chunk, gid = rows(ilo, "SELECT id, gid FROM chunk LIMIT 1")[0]
    instance, author = rows(ilo, "SELECT instance, author FROM log WHERE grp = x'%s' LIMIT 1" % gid.hex())[0]
    instance = struct.pack(">q", instance)
    entry = noise.hashlib.blake2b(b"\x0aGMM1/entry" + rows(
        ilo, "SELECT header FROM entry WHERE type >= 64 ORDER BY key DESC LIMIT 1")[0][0], digest_size=32).digest()
    nothing = os.urandom(32)
    daemon = ilo.daemon()
    session = Session(gov, ilo, daemon.address)
    for group, who in ((gid, author), (gid, nothing), (nothing, author), (nothing, nothing)):
        want = b"\0\x01" + group + who + instance + struct.pack(">QQ", 0, 0)
        assert session.ask(WANT, want, WANT_NONE) == want
    for group, piece in ((gid, chunk), (gid, entry), (gid, nothing), (nothing, chunk), (nothing, entry), (nothing, nothing)):
        for offset in (0, 1000):
            answer = session.ask(CHUNK_WANT, group + b"\0\x01" + piece + struct.pack(">I", offset), CHUNK_NONE)
            assert answer == group + b"\0\x01" + piece, (group == gid, piece == chunk)
    # The office is alive and gives a member all of it.
    iom.run("peer", "add", daemon.address)
    iom.run("sync", "--timeout", "60")
    assert iom.run("get", "S/1").stdout == lib.read("large")
    daemon.stop()


lib.main(adv_27_alike)
