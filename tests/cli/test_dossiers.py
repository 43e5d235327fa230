#!/usr/bin/env python3
"""20,000 documents and notes of the corpus: versions, languages, notes, replies, dispositions as the manifest has them."""
# tier: long
import lib
from dossiers import imported


def test_dossiers():
    imported(lib.many(20_000, 2_000))


if __name__ == "__main__":
    lib.main(test_dossiers)
