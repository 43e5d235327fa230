"""An initiator of Noise_XKpsk3_25519_ChaChaPoly_BLAKE2b as docs/protocol.md tells it, with libsodium's primitives: what a
stranger could write who knows a network's id and an office's Noise key."""
import ctypes
import hashlib
import hmac
import os
import struct

from keystore import keyed, sodium

NAME = b"Noise_XKpsk3_25519_ChaChaPoly_BLAKE2b"


def hashed(data):
    return hashlib.blake2b(data).digest()


def labelled(label):
    return bytes([len(label)]) + label


def gate_key(nid, noise_pk):
    return hashlib.blake2b(labelled(b"GMM1/gate") + nid + noise_pk, digest_size=32).digest()


def preamble(purpose):
    return b"GMM\x01" + bytes([purpose]) + b"\0\0\0"


def gated(purpose, nid, noise_pk, message):
    """Preamble, right gate, first message."""
    head = preamble(purpose)
    return head + keyed(gate_key(nid, noise_pk), b"gate-mac", head + message)[:16] + message


def public(secret):
    out = ctypes.create_string_buffer(32)
    sodium.crypto_scalarmult_base(out, secret)
    return out.raw


def shared(secret, other):
    out = ctypes.create_string_buffer(32)
    assert sodium.crypto_scalarmult(out, secret, other) == 0
    return out.raw


class Cipher:
    def __init__(self, key):
        self.key, self.count = key, 0

    def nonce(self):
        self.count += 1
        return bytes(4) + struct.pack("<Q", self.count - 1)

    def seal(self, plain, associated=b""):
        out = ctypes.create_string_buffer(len(plain) + 16)
        sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
            out, None, plain, ctypes.c_ulonglong(len(plain)), associated, ctypes.c_ulonglong(len(associated)), None,
            self.nonce(), self.key)
        return out.raw

    def open(self, sealed, associated=b""):
        out = ctypes.create_string_buffer(max(len(sealed) - 16, 1))
        assert sodium.crypto_aead_chacha20poly1305_ietf_decrypt(
            out, None, None, sealed, ctypes.c_ulonglong(len(sealed)), associated, ctypes.c_ulonglong(len(associated)),
            self.nonce(), self.key) == 0, "what came does not open"
        return out.raw[:len(sealed) - 16]


class Initiator:
    """first() goes out, then last(answer, hello); after it send and receive are the session's."""

    def __init__(self, purpose, nid, noise_pk, secret=None):
        self.purpose, self.nid, self.remote = purpose, nid, noise_pk
        self.secret, self.ephemeral = secret or os.urandom(32), os.urandom(32)
        self.chain = self.hash = NAME.ljust(64, b"\0")
        self.cipher = None
        self.mix_hash(labelled(b"GMM1/noise") + preamble(purpose) + nid)
        self.mix_hash(noise_pk)

    def mix_hash(self, data):
        self.hash = hashed(self.hash + data)

    def derive(self, data, count):
        secret = hmac.new(self.chain, data, hashlib.blake2b).digest()
        out = [b""]
        for i in range(1, count + 1):
            out.append(hmac.new(secret, out[-1] + bytes([i]), hashlib.blake2b).digest())
        return out[1:]

    def mix_key(self, data):
        self.chain, key = self.derive(data, 2)
        self.cipher = Cipher(key[:32])

    def seal(self, plain):
        sealed = self.cipher.seal(plain, self.hash)
        self.mix_hash(sealed)
        return sealed

    def ephemeral_key(self, key):
        self.mix_hash(key)
        self.mix_key(key)  # as every pattern with a psk does

    def first(self):
        key = public(self.ephemeral)
        self.ephemeral_key(key)
        self.mix_key(shared(self.ephemeral, self.remote))
        return gated(self.purpose, self.nid, self.remote, key + self.seal(b""))

    def last(self, answer, hello):
        theirs, sealed = answer[:32], answer[32:]
        self.ephemeral_key(theirs)
        self.mix_key(shared(self.ephemeral, theirs))
        assert self.cipher.open(sealed, self.hash) == b""
        self.mix_hash(sealed)
        static = self.seal(public(self.secret))
        self.mix_key(shared(self.secret, theirs))
        self.chain, extra, key = self.derive(bytes(32), 3)
        self.mix_hash(extra)
        self.cipher = Cipher(key[:32])
        message = static + self.seal(hello)
        forth, back = self.derive(b"", 2)
        self.send, self.receive = Cipher(forth[:32]), Cipher(back[:32])
        return struct.pack(">H", len(message)) + message

    def frame(self, plain):
        return struct.pack(">H", len(plain) + 16) + self.send.seal(plain)

    def frames(self, data):
        """The plaintexts of whole frames."""
        out = []
        while len(data) >= 2 and len(data) >= 2 + struct.unpack(">H", data[:2])[0]:
            n = struct.unpack(">H", data[:2])[0]
            out.append(self.receive.open(data[2:2 + n]))
            data = data[2 + n:]
        return out
