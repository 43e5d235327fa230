"""Hostile bytes to a running daemon, from the network and through its control socket: it stays up, does not grow, answers,
and serves the peer that behaves. GMM_HOSTILE_SEED replays the bytes."""
import json
import os
import random
import resource
import selectors
import socket
import sqlite3
import struct
import threading
import time

import noise
from lib import Failed, environment, main, network, path, until, write

SEED = int(os.environ.get("GMM_HOSTILE_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
DICE = random.Random(SEED)
GROWTH_KIB = 32 << 10
AT_ONCE = 48  # below what a node keeps half open
HALF_OPEN = 10000
PREAMBLE = b"GMM\x01\x01\0\0\0"
FIRST_BYTES = 72
JOIN_HELLO_BYTES = 2 + 3 + 16


# ---- the daemon under attack ----


class Watched:
    """The daemon that is attacked, and the peer that must not notice."""

    def __init__(self, office, daemon, peer, env):
        self.office, self.daemon, self.peer, self.env, self.posts = office, daemon, peer, env, 0
        self.serves()
        self.before = self.rss()

    def rss(self):
        with open(f"/proc/{self.daemon.process.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))

    def serves(self):
        """Up, answering, and what is posted on either side arrives at the other."""
        assert self.daemon.process.poll() is None, f"the daemon ended: {self.daemon.said()}"
        assert self.office.json("status")["participant"] == self.office.participant
        for here, there in ((self.office, self.peer), (self.peer, self.office)):
            self.posts += 1
            text = f"post {self.posts}"
            posted = here.post(os.path.basename(write("post.txt", text)), "--to", "all")
            until(lambda: there.run("get", posted, status=None).stdout == text.encode())

    def survived(self, what):
        self.serves()
        grown = self.rss() - self.before
        print(f"{what}: {grown} KiB more", flush=True)
        assert grown < GROWTH_KIB, f"{what}: the daemon grew by {grown} KiB"


# ---- many connections ----


def local_address(number):
    return f"127.0.{number // 250 % 4}.{2 + number % 250}"


class Connection:
    """Sends its bytes, then ends its side and keeps what is answered."""

    def __init__(self, address, number, data):
        self.left, self.answer, self.done = data, b"", False
        self.socket = socket.socket()
        self.socket.bind((local_address(number), 0))
        self.socket.setblocking(False)
        self.socket.connect_ex(address)

    def go_on(self, events):
        try:
            if events & selectors.EVENT_WRITE:
                if self.left:
                    self.left = self.left[self.socket.send(self.left):]
                if not self.left:
                    self.socket.shutdown(socket.SHUT_WR)
            if events & selectors.EVENT_READ:
                part = self.socket.recv(65536)
                self.answer += part
                self.done = not part
        except BlockingIOError:
            pass
        except OSError:
            self.done = True
        if self.done:
            self.socket.close()
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self.left else 0)


def where(address):
    host, port = address.rsplit(":", 1)
    return host, int(port)


def answers(address, payloads, seconds=240):
    """What came back for each; all of them have been closed by the other side."""
    selector, out, waiting, end = selectors.DefaultSelector(), [], enumerate(payloads), time.monotonic() + seconds
    running = 0
    more = True
    while more or running:
        while more and running < AT_ONCE:
            number, data = next(waiting, (None, None))
            more = number is not None
            if more:
                connection = Connection(where(address), number, data)
                out.append(connection)
                selector.register(connection.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, connection)
                running += 1
        for key, events in selector.select(1):
            fd, connection = key.fileobj, key.data
            wanted = connection.go_on(events)
            if connection.done:
                selector.unregister(key.fd)
                running -= 1
            else:
                selector.modify(fd, wanted, connection)
        if time.monotonic() > end:
            raise Failed(f"{running} connections are not closed by the daemon after {seconds} s")
    selector.close()
    return [connection.answer for connection in out]


def rest_of(s):
    """Until the other side closes."""
    out = b""
    try:
        while part := s.recv(65536):
            out += part
    except ConnectionError:
        pass
    return out


def nothing_is_said(address, payloads):
    said = [(data[:16], answer) for data, answer in zip(payloads, answers(address, payloads)) if answer]
    assert not said, said[:3]


# ---- what is sent ----


def random_bytes(watched):
    payloads = [DICE.randbytes(DICE.choice((0, 1, 7, 8, 24, 71, 72, 73, 200, 5000, 70000))) for _ in range(400)]
    nothing_is_said(watched.daemon.address, payloads)


def preambles(watched):
    """Every byte of a preamble with every other value, alone and before what could be a first message."""
    rest = DICE.randbytes(FIRST_BYTES - len(PREAMBLE))
    payloads = []
    for at in range(len(PREAMBLE)):
        for value in range(256):
            changed = PREAMBLE[:at] + bytes([value]) + PREAMBLE[at + 1:]
            payloads.append(changed + rest if (at + value) % 3 else changed)
    payloads += [PREAMBLE[:n] for n in range(len(PREAMBLE))]
    nothing_is_said(watched.daemon.address, payloads)


class Proxy:
    """Stands between two daemons; keeps what passes, and may change a byte or cut the stream at a place."""

    def __init__(self, address):
        self.target, self.passed = where(address), []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.server.getsockname()[1]}"
        self.harm = None  # (0 forth or 1 back, offset, None to cut, else what is changed)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.server.accept()
                server = socket.create_connection(self.target, timeout=60)
            except OSError:
                return
            streams = [bytearray(), bytearray()]
            self.passed.append(streams)
            for direction, (source, sink) in enumerate(((client, server), (server, client))):
                threading.Thread(target=self.pump, args=(source, sink, streams[direction], direction, self.harm),
                                 daemon=True).start()

    @staticmethod
    def pump(source, sink, kept, direction, harm):
        try:
            while part := source.recv(65536):
                start = len(kept)
                kept += part
                if harm is not None and harm[0] == direction and start <= harm[1] < len(kept):
                    at = harm[1] - start
                    if harm[2] is None:
                        sink.sendall(part[:at])
                        break
                    part = part[:at] + bytes([part[at] ^ harm[2]]) + part[at + 1:]
                sink.sendall(part)
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.server.close()


def recorded(watched, third):
    """A real session of a third office through a proxy: its bytes forth and back."""
    proxy = Proxy(watched.daemon.address)
    for address in [p["address"] for p in third.json("peer")]:
        third.run("peer", "remove", address)
    third.run("peer", "add", proxy.address)
    write("large.bin", DICE.randbytes(100000))
    posted = third.post("large.bin", "--to", "all")
    third.run("sync", "--timeout", "60")
    assert watched.office.run("get", posted).stdout
    forth, back = max(proxy.passed, key=lambda streams: len(streams[0]))
    assert len(forth) > 100000 and len(back) > 1000, (len(forth), len(back))
    return proxy, bytes(forth), bytes(back)


def replays(watched, forth):
    """Whole, cut off and changed: a recorded first message is never answered again, whatever follows it."""
    cuts = sorted(set(range(0, 200)) | {DICE.randrange(len(forth)) for _ in range(60)} | {len(forth)})
    payloads = [forth[:n] for n in cuts]
    for _ in range(300):
        changed = bytearray(forth[:DICE.choice((80, 300, 5000, len(forth)))])
        for _ in range(DICE.choice((1, 1, 2, 10))):
            changed[DICE.randrange(len(changed))] ^= 1 << DICE.randrange(8)
        payloads.append(bytes(changed))
    nothing_is_said(watched.daemon.address, payloads)


def replay_to_one_that_forgot(watched, forth):
    """After a restart the message is new once: it gets the answer of the handshake, and no session."""
    address = watched.daemon.address
    watched.daemon.stop()
    watched.daemon = watched.office.daemon("--listen", address, env=watched.env)
    watched.serves()
    watched.before = watched.rss()
    with socket.create_connection(where(address), timeout=60) as s:
        s.sendall(forth[:FIRST_BYTES])
        assert len(s.recv(48, socket.MSG_WAITALL)) == 48
        s.sendall(forth[FIRST_BYTES:])
        assert rest_of(s) == b""
    nothing_is_said(address, [forth, forth[:FIRST_BYTES], forth[:FIRST_BYTES] + DICE.randbytes(1000)])


def harmed_sessions(watched, third, proxy):
    """A live session with one changed byte, or an end in the middle, on both sides: it ends, nobody falls."""
    ended = 0
    for number in range(24):
        proxy.harm = (number % 2, DICE.choice((3, 20, 60, 73, 100, 200, 1000, 2000)) + DICE.randrange(30),
                      None if number % 3 == 0 else 1 << DICE.randrange(8))
        done = third.run("sync", "--timeout", "10", status=None)
        assert done.returncode in (0, 5), (proxy.harm, done.returncode, done.stderr)
        ended += done.returncode == 5
    proxy.harm = None
    assert ended > 12, f"only {ended} of 24 harmed sessions ended"
    third.run("sync", "--timeout", "60")
    assert third.json("verify", "--all")["ok"] and watched.office.json("verify", "--all")["ok"]


def known_keys(office):
    """nid and Noise keys by participant: what a member could give away."""
    with sqlite3.connect(f"file:{office.home}/store.db?mode=ro", uri=True) as store:
        certificates = [bytes(row[0]) for row in store.execute("SELECT bytes FROM object") if bytes(row[0])[0] == 2]
    keys = {c[142:174]: (c[2:34], c[174:206]) for c in certificates}  # sign_pk -> nid, noise_pk
    by_node = {bytes.fromhex(o["node"]): o["participant"] for o in office.json("office", "list")}
    return {by_node[sign]: both for sign, both in keys.items() if sign in by_node}


def bogus_behind_the_gate(watched, third):
    """Each would cost Diffie-Hellman: 50 a second do, none gets an answer; then the office is let in again."""
    nid, noise_pk = known_keys(watched.office)[watched.office.participant]
    first = noise.gated(1, nid, noise_pk, DICE.randbytes(48))
    nothing_is_said(watched.daemon.address, [first] * 200)
    nothing_is_said(watched.daemon.address, [noise.gated(1, nid, noise_pk, DICE.randbytes(48)) for _ in range(1000)])
    nothing_is_said(watched.daemon.address, [noise.gated(1, nid, noise_pk, bytes(48))])
    until(lambda: third.run("sync", "--timeout", "20", status=None).returncode == 0)


# ---- a stranger that speaks the protocol ----


def stranger(watched, purpose, hello, frames=None, secret=None):
    """A whole handshake with a key that nobody has certified; then frames. Gives the plain frames that came back."""
    nid, noise_pk = known_keys(watched.office)[watched.office.participant]
    speaker = noise.Initiator(purpose, nid, noise_pk, secret)
    with socket.create_connection(where(watched.daemon.address), timeout=60) as s:
        s.sendall(speaker.first())
        answer = s.recv(48, socket.MSG_WAITALL)
        assert len(answer) == 48, len(answer)
        said = b""
        try:
            s.sendall(speaker.last(answer, hello))
            if purpose == 2 and not hello:
                said = s.recv(JOIN_HELLO_BYTES, socket.MSG_WAITALL)
            for one in frames(speaker) if frames else ():
                s.sendall(one)
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        said += rest_of(s)
    return speaker.frames(said)


def hello_with(certificate, token=b"", ver=1):
    return struct.pack(">BIQIH", ver, 0, int(time.time() * 1000), 1, len(certificate)) + certificate + \
        bytes([len(token)]) + token + bytes(32)


def office_sessions_of_strangers(watched):
    """Without a certificate of ours for its own key nobody hears a frame, whatever its hello says."""
    with sqlite3.connect(f"file:{watched.office.home}/store.db?mode=ro", uri=True) as store:
        certificates = [bytes(row[0]) for row in store.execute("SELECT bytes FROM object") if bytes(row[0])[0] == 2]
    certificate = certificates[0]
    changed = bytearray(certificate)
    changed[180] ^= 1
    hellos = [b"", b"x", DICE.randbytes(500), bytes(8192), bytes(8193), hello_with(b"\2"), hello_with(b""),
              hello_with(bytes(changed)), hello_with(certificate, DICE.randbytes(255)), hello_with(certificate) + b"x",
              hello_with(certificate, ver=2), hello_with(certificate)[:-1]] + [hello_with(c) for c in certificates]
    for hello in hellos:
        frames = (lambda s: [s.frame(b"\0\1\3"), s.frame(b"\2\1" + DICE.randbytes(60000))])
        assert stranger(watched, 1, hello, frames) == [], hello[:40]


def join_connections_of_strangers(watched):
    """Anybody with the network's id and our key may ask to join, once and briefly; nothing else comes of it."""
    name = watched.office.json("status")["network"].encode()
    hostile = [[]]
    hostile += [[b"\0\1" + bytes([kind]) + DICE.randbytes(100)] for kind in range(0, 64, 3)]
    hostile += [[bytes([stream, flags]) + b"\x10" + DICE.randbytes(10)]
                for stream, flags in ((1, 1), (2, 1), (3, 1), (4, 1), (255, 1), (0, 2), (0, 3), (0, 0x80), (0, 0xff))]
    hostile += [[b"\0\1"], [b"\0"], [b""], [b"\0\0" + bytes(8000)] * 9, [b"\0\0x"] * 9000, [bytes(65519)],
                [b"\0\1\2" + struct.pack(">BI", 1, 1 << 30)], [b"\0\1\1"]]
    for plains in hostile:
        said = stranger(watched, 2, b"", lambda s, plains=plains: [s.frame(plain) for plain in plains])
        assert said[:1] == [b"\0\1\1"] and len(said) <= 2, said
        assert not any(name in one for one in said), "the charter was given away"
    for raw in (b"\0\0", b"\0\1x", b"\xff\xff" + DICE.randbytes(65535), b"\0\x12" + DICE.randbytes(18), b"\xff"):
        assert len(stranger(watched, 2, b"", lambda s, raw=raw: [raw])) == 1
    assert stranger(watched, 2, b"not empty") == []


# ---- half-open connections ----


def half_open(watched):
    """Waves of connections that say nothing, or begin and stop; each wave stands until the next one does."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))
    wave = max(100, min(2500, limit[1] // 3))
    old, opened, peak = [], 0, 0
    beginnings = (b"", b"G", PREAMBLE[:5], PREAMBLE, PREAMBLE + bytes(20), PREAMBLE + bytes(63))
    try:
        while opened < HALF_OPEN:
            new = []
            for _ in range(min(wave, HALF_OPEN - opened)):
                s = socket.socket()
                s.settimeout(60)
                s.bind((local_address(opened), 0))
                s.connect(where(watched.daemon.address))
                try:
                    s.send(beginnings[opened % len(beginnings)])
                except OSError:
                    pass  # it was among too many already
                new.append(s)
                opened += 1
                if opened % 500 == 0:
                    peak = max(peak, watched.rss())
            for s in old:
                s.close()
            old = new
            watched.serves()
            peak = max(peak, watched.rss())
            assert peak - watched.before < GROWTH_KIB, f"the daemon grew by {peak - watched.before} KiB"
            fds = len(os.listdir(f"/proc/{watched.daemon.process.pid}/fd"))
            assert fds < 200, f"the daemon holds {fds} descriptors"
    finally:
        for s in old:
            s.close()
    print(f"{opened} half-open connections in waves of {wave}: {peak - watched.before} KiB more at most", flush=True)


# ---- the control socket ----


def control(home):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(60)
    s.connect(os.path.join(home, "control"))
    length = struct.unpack(">I", s.recv(4, socket.MSG_WAITALL))[0]
    assert b"hello" in s.recv(length, socket.MSG_WAITALL)
    return s


def asked(home, data):
    """All that the control socket says to these bytes behind its greeting."""
    said = b""
    with control(home) as s:
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            while part := s.recv(65536):
                said += part
        except OSError:
            pass
    return said


def frame(body):
    return struct.pack(">I", len(body)) + body


def text(s):
    data = s.encode()
    return (bytes([0xa0 + len(data)]) if len(data) < 32 else b"\xd9" + bytes([len(data)])) + data


def request(command, args, version):
    return frame(b"\x94\x00\x01" + text(command) + b"\x92" + text(version) + args)


def is_refusal(said):
    """A response whose error is a map and whose result is nil."""
    return said[4:7] == b"\x94\x01\x01" and said[7] & 0xf0 == 0x80 and said.endswith(b"\xc0")


def vectors():
    name = os.path.join(os.environ.get("GMM_TEST_DATA", ""), "vectors", "generated-msgpack-reject.json")
    if not os.path.exists(name):
        print("not asked: the msgpack reject list is not here (GMM_TEST_DATA)")
        return []
    with open(name, encoding="utf-8") as f:
        return [bytes.fromhex(one["hex"]) for one in json.load(f)["reject"]]


def bombs():
    """Well-formed or nearly: many values from few bytes, deep ones, and counts without what they count."""
    yield b"\x81" + text("a") + b"\xdd" + struct.pack(">I", 1000000) + b"\xc0" * 1000000
    yield b"\x81" + text("a") + b"\xdc\xff\xff" + b"\x90" * 65535
    yield b"\xdf" + struct.pack(">I", 200000) + b"".join(b"\xa4" + struct.pack(">I", 0x30303030 + n) for n in range(9)) * 9
    yield b"\x81" + text("a") + b"\x91" * 100000 + b"\xc0"
    for head in (b"\xdd", b"\xdf", b"\xdb", b"\xc6"):
        for count in (1 << 20, (1 << 22) + 1, (1 << 27) + 1, (1 << 32) - 1):
            yield head + struct.pack(">I", count)
            yield b"\x81" + text("a") + head + struct.pack(">I", count)
    yield (b"\xdd" + struct.pack(">I", 1 << 22)) * 31


def hostile_requests(watched):
    home = watched.office.home
    version = watched.office.text("version").split()[-1]
    well_formed = asked(home, request("network show", b"\x80", version))
    assert well_formed[4:8] == b"\x94\x01\x01\xc0", well_formed  # a good request in this form is answered
    for value in vectors():
        for body in (frame(value), frame(b"\x94\x00\x01" + text("list") + value), request("list", value, version)):
            assert is_refusal(asked(home, body)), value.hex()
    for value in bombs():
        for body in (frame(value), request("list", value, version)):
            assert is_refusal(asked(home, body)), value[:20].hex()
    for length in (0, 1, (1 << 20) + 1, 1 << 27, (1 << 31) - 1, 1 << 31, (1 << 32) - 1):
        said = asked(home, struct.pack(">I", length) + b"\x94" * min(length, 4000))
        assert said == b"" or is_refusal(said), (length, said[:40])
    good = request("network show", b"\x80", version)
    for n in range(len(good)):
        assert asked(home, good[:n]) == b"", n
    for _ in range(300):
        changed = bytearray(good)
        changed[DICE.randrange(4, len(good))] = DICE.randrange(256)
        asked(home, bytes(changed))
        asked(home, frame(DICE.randbytes(DICE.randrange(1, 300))))


def slow_requests(watched):
    """Requests that are announced and never come hold up nobody else."""
    idle = [control(watched.office.home) for _ in range(40)]
    for s in idle:
        s.sendall(struct.pack(">I", 1 << 20) + b"\x94")
    watched.serves()
    for s in idle:
        s.close()


# ---- all of it ----


def test_hostile():
    print(f"GMM_HOSTILE_SEED={SEED}", flush=True)
    # what the sanitizer keeps back from reuse is no growth of the daemon's
    options = os.environ.get("ASAN_OPTIONS", "")
    env = environment(ASAN_OPTIONS=f"{options}:quarantine_size_mb=1:malloc_context_size=0")
    ilo, iom, unhcr = network("ilo", "iom", "unhcr")
    target = ilo.daemon("--listen", "127.0.0.1:0", env=env)
    honest = iom.daemon()
    iom.run("peer", "add", target.address)
    watched = Watched(ilo, target, iom, env)
    for attack in (random_bytes, preambles, hostile_requests, slow_requests):
        attack(watched)
        watched.survived(attack.__name__.replace("_", " "))
    proxy, forth, _ = recorded(watched, unhcr)
    replays(watched, forth)
    watched.survived("replays")
    harmed_sessions(watched, unhcr, proxy)
    watched.survived("harmed sessions")
    for attack in (office_sessions_of_strangers, join_connections_of_strangers):
        attack(watched)
        watched.survived(attack.__name__.replace("_", " "))
    bogus_behind_the_gate(watched, unhcr)
    watched.survived("bogus first messages behind a right gate")
    half_open(watched)
    watched.survived("half-open connections")
    replay_to_one_that_forgot(watched, forth)
    watched.survived("replay after a restart")
    proxy.close()
    honest.stop()
    watched.daemon.stop()
    assert ilo.json("verify", "--all")["ok"] and iom.json("verify", "--all")["ok"]


main(test_hostile)
