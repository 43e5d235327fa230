"""A client of the control socket that stays: what the daemon itself takes for a request, without the start of a process.

docs/formats.md has the messages: 4 bytes of length, then msgpack; one request a connection.
"""
import os
import socket
import struct


def packed(value):
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return bytes([value]) if 0 <= value < 128 else b"\xcf" + struct.pack(">Q", value)
    if isinstance(value, str):
        raw = value.encode()
        return (bytes([0xa0 + len(raw)]) if len(raw) < 32 else b"\xd9" + bytes([len(raw)])) + raw
    if isinstance(value, list):
        return bytes([0x90 + len(value)]) + b"".join(map(packed, value))
    return bytes([0x80 + len(value)]) + b"".join(packed(key) + packed(value[key]) for key in sorted(value, key=packed))


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, form):
        return struct.unpack(">" + form, self.take(struct.calcsize(form)))[0]

    def value(self):
        head = self.number("B")
        if head < 0x80:
            return head
        if head < 0x90 or head in (0xde, 0xdf):
            count = head & 15 if head < 0x90 else self.number("H" if head == 0xde else "I")
            return {self.value(): self.value() for _ in range(count)}
        if head < 0xa0 or head in (0xdc, 0xdd):
            count = head & 15 if head < 0xa0 else self.number("H" if head == 0xdc else "I")
            return [self.value() for _ in range(count)]
        if head < 0xc0 or head in (0xd9, 0xda, 0xdb):
            count = head & 31 if head < 0xc0 else self.number({0xd9: "B", 0xda: "H", 0xdb: "I"}[head])
            return self.take(count).decode()
        if head in (0xc0, 0xc2, 0xc3):
            return {0xc0: None, 0xc2: False, 0xc3: True}[head]
        if head >= 0xe0:
            return head - 256
        return self.number({0xcc: "B", 0xcd: "H", 0xce: "I", 0xcf: "Q", 0xd0: "b", 0xd1: "h", 0xd2: "i", 0xd3: "q"}[head])


class Asker:
    def __init__(self, home):
        self.path = os.path.join(home, "control")

    def post(self, name, to="all"):
        """Posts this file; its id once the daemon has said that it is on the disk."""
        fd = os.open(name, os.O_RDONLY)
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.path)
            hello = self.message(s)
            args = {"file": {"fd": 0, "name": os.path.basename(name).encode().hex(), "path": name}, "to": [to], "yes": True}
            request = packed([0, 1, "post", [hello[2], args]])
            socket.send_fds(s, [struct.pack(">I", len(request)) + request], [fd])
            os.close(fd)
            _, _, error, result = self.message(s)
        if error is not None:
            raise RuntimeError(error)
        return result["id"]

    @staticmethod
    def message(s):
        length = struct.unpack(">I", s.recv(4, socket.MSG_WAITALL))[0]
        return Reader(s.recv(length, socket.MSG_WAITALL)).value()
