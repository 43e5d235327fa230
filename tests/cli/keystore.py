"""What a home's keystore holds, opened with libsodium from the text of docs/formats.md alone."""
import ctypes
import ctypes.util
import hashlib
import struct

_name = ctypes.util.find_library("sodium")
sodium = ctypes.CDLL(_name) if _name else None


def keyed(key, label, data):
    name = b"GMM1/" + label
    return hashlib.blake2b(bytes([len(name)]) + name + data, digest_size=32, key=key).digest()


def opened(key, nonce, associated, sealed):
    plain, length = ctypes.create_string_buffer(len(sealed)), ctypes.c_ulonglong()
    if sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
            plain, ctypes.byref(length), None, sealed, ctypes.c_ulonglong(len(sealed)), associated,
            ctypes.c_ulonglong(len(associated)), nonce, key) != 0:
        raise ValueError("it does not open")
    return plain.raw[:length.value]


def master_of(method, passphrase, salt, ops, mem_kib):
    if method == 0:
        return bytes(32)
    out = ctypes.create_string_buffer(32)
    if sodium.crypto_pwhash(out, ctypes.c_ulonglong(32), passphrase, ctypes.c_ulonglong(len(passphrase)), salt,
                            ctypes.c_ulonglong(ops), ctypes.c_size_t(mem_kib * 1024), 2) != 0:
        raise ValueError("no memory for Argon2id")
    return out.raw


def secrets_of(file, passphrase=b""):
    """The secrets by name: everything that must never leave guarded memory."""
    assert file[:8] == b"GMMKEYS1", file[:8]
    method, ops, mem_kib = struct.unpack(">BII", file[8:17])
    salt, nonce = file[17:33], file[33:57]
    length, = struct.unpack(">I", file[89:93])
    master = master_of(method, passphrase, salt, ops, mem_kib)
    key = keyed(master, b"keystore-key", salt)
    payload = opened(key, nonce, file[:93], file[93:93 + length])
    assert payload[0] == 1, payload[0]
    found = {"node secret": payload[2:34], "sign seed": payload[34:66], "noise key": payload[66:98],
             "root seed": payload[102:134], "next root seed": payload[134:166]}
    count, = struct.unpack(">H", payload[198:200])
    for i in range(count):
        found[f"wrap key {i}"] = payload[200 + 48 * i:232 + 48 * i]
    if method != 0:
        found["key of the passphrase"] = master
        found["key of the keystore"] = key
        found["passphrase"] = passphrase
    return found
