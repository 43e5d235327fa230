"""Documents of 1,024 bytes: pseudo-English by default, of which zlib makes about 45 %, or with INCOMPRESSIBLE=1 texts of random letters."""
import base64
import os
import random

from lib import path, write

SIZE = 1024
SYLLABLES = [a + b + c for a in ("b", "d", "f", "gr", "l", "m", "n", "p", "r", "s", "st", "t", "v") for b in "aeiou"
             for c in ("", "n", "r", "s", "l")]


def vocabulary(rng, count=20_000):
    return ["".join(rng.choices(SYLLABLES, k=1 + n % 4)) for n in range(count)]


class Texts:
    """The same seed gives the same documents."""

    def __init__(self, seed, incompressible=None):
        self.rng = random.Random(seed)
        self.incompressible = os.environ.get("INCOMPRESSIBLE") == "1" if incompressible is None else incompressible
        self.words = vocabulary(random.Random(0))
        weights = [1 / (n + 3) for n in range(len(self.words))]
        self.cumulated = [0.0] * len(weights)
        total = 0.0
        for n, weight in enumerate(weights):
            total += weight
            self.cumulated[n] = total

    def document(self):
        if self.incompressible:
            return base64.b85encode(self.rng.randbytes(820))[:SIZE]
        words = self.rng.choices(self.words, cum_weights=self.cumulated, k=SIZE // 3)
        return " ".join(words).encode()[:SIZE]


def table(name, count, seed, files=None, incompressible=None):
    """A table that posts so many documents; of `files` different ones each again and again, under another title."""
    texts, files = Texts(seed, incompressible), min(count, files or count)
    os.makedirs(path(name), exist_ok=True)
    for n in range(files):
        write(f"{name}/{n}", texts.document())
    return write(f"{name}.tsv", "path\ttitle\n" + "".join(f"{name}/{n % files}\t{n}\n" for n in range(count)))
