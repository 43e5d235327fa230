"""What an office's own files and keys open, given every record that others hold: read from the homes, after the text of
docs/protocol.md and docs/formats.md alone. The program is not asked whether they may."""
import ctypes
import hashlib
import os
import sqlite3
import struct

from keystore import keyed, opened, secrets_of, sodium


def hashed(label, data):
    name = b"GMM1/" + label
    return hashlib.blake2b(bytes([len(name)]) + name + data, digest_size=32).digest()


def shared(sk, pk):
    out = ctypes.create_string_buffer(32)
    return out.raw if sodium.crypto_scalarmult(out, sk, pk) == 0 else None


def public(sk):
    out = ctypes.create_string_buffer(32)
    sodium.crypto_scalarmult_base(out, sk)
    return out.raw


def unwrapped(kek, wrap):
    plain, length = ctypes.create_string_buffer(32), ctypes.c_ulonglong()
    failed = sodium.crypto_aead_chacha20poly1305_ietf_decrypt(plain, ctypes.byref(length), None, wrap,
                                                              ctypes.c_ulonglong(48), None, ctypes.c_ulonglong(0),
                                                              bytes(12), kek)
    return None if failed else plain.raw[:32]


class Entry:
    def __init__(self, header, body):
        self.header, self.body, self.id = header, body, hashed(b"entry", header)
        self.type, = struct.unpack(">H", header[2:4])
        self.network, self.group, self.author, self.instance = header[8:40], header[40:72], header[72:104], header[104:112]
        self.time_ms = struct.unpack(">Q", header[152:160])[0] >> 16
        self.epoch = header[160:192]


class Epoch:
    def __init__(self, entry):
        body = entry.body
        self.entry, self.gen = entry, body[1:5]
        at = 6 + 32 * body[5]
        self.parents = [body[6 + 32 * i:38 + 32 * i] for i in range(body[5])]
        self.eph_pk, self.commit = body[at:at + 32], body[at + 32:at + 64]
        at += 65
        self.history = [(self.parents[body[at + 1 + 49 * i]], body[at + 2 + 49 * i:at + 50 + 49 * i])
                        for i in range(body[at])]
        at += 1 + 49 * body[at]
        count, = struct.unpack(">H", body[at:at + 2])
        self.recipients = [body[at + 2 + 88 * i:at + 90 + 88 * i] for i in range(count)]

    def is_secret(self, secret):
        e = self.entry
        return secret is not None and hashed(b"epoch-commit", secret + e.network + e.group + self.gen + self.eph_pk) == self.commit


def entries(home):
    db = sqlite3.connect(f"file:{os.path.join(home, 'store.db')}?mode=ro", uri=True)
    found = [Entry(header, body) for header, body in db.execute("SELECT header, body FROM entry") if body]
    db.close()
    return found


class Walker:
    """Everything that one home's keys come to over the records of these homes."""

    def __init__(self, home, others):
        with open(os.path.join(home, "keys", "office.keystore"), "rb") as f:
            keys = secrets_of(f.read())
        self.wraps = [(sk, public(sk)) for name, sk in keys.items() if name.startswith("wrap key")]
        every = {entry.id: entry for of in [home, *others] for entry in entries(of)}
        self.epochs = {entry.id: Epoch(entry) for entry in every.values() if entry.type == 35}
        self.secrets = {}
        self.held(home, keys["node secret"])
        for epoch in self.epochs.values():
            for recipient in epoch.recipients:
                self.tried(epoch, epoch.entry.author, epoch.eph_pk, recipient[:32], recipient[40:])
        for wrap in every.values():
            if wrap.type == 36 and wrap.body[1:33] in self.epochs:
                self.tried(self.epochs[wrap.body[1:33]], wrap.author, wrap.body[33:65], wrap.body[65:97], wrap.body[105:])
        self.ancestors()

    def held(self, home, node_secret):
        db = sqlite3.connect(f"file:{os.path.join(home, 'store.db')}?mode=ro", uri=True)
        for epoch, sealed in db.execute("SELECT epoch, sealed FROM secret"):
            self.secrets[epoch] = opened(keyed(node_secret, b"ring", epoch), sealed[:24], epoch, sealed[24:])
        db.close()

    def tried(self, epoch, author, eph_pk, sign_pk, wrap):
        e = epoch.entry
        for sk, pk in self.wraps:
            common = shared(sk, eph_pk)
            if common is None:
                continue
            kek = keyed(common, b"kek", e.network + e.group + author + epoch.gen + eph_pk + sign_pk + pk + epoch.commit + bytes(32))
            secret = unwrapped(kek, wrap)
            if epoch.is_secret(secret):
                self.secrets[e.id] = secret

    def ancestors(self):
        waiting = list(self.secrets)
        while waiting:
            epoch = self.epochs.get(waiting.pop())
            for parent, wrap in epoch.history if epoch else []:
                key = keyed(self.secrets[epoch.entry.id], b"history-wrap", parent + epoch.commit)
                secret = unwrapped(key, wrap)
                if parent not in self.secrets and parent in self.epochs and self.epochs[parent].is_secret(secret):
                    self.secrets[parent] = secret
                    waiting.append(parent)

    def opens(self, entry):
        """What stands in a sealed body, or nothing."""
        secret, nonce = self.secrets.get(entry.epoch), entry.body[:24]
        if secret is None:
            return b""
        key = keyed(secret, b"body-key", entry.author + entry.instance + nonce)
        if hashed(b"body-commit", key + nonce) != entry.body[24:56]:
            return b""
        associated = bytes([len(b"GMM1/body-ad")]) + b"GMM1/body-ad" + entry.header[:192]
        return opened(key, nonce, associated, entry.body[56:])

    def reads(self, entry):
        return len(self.opens(entry)) > 0
