#!/usr/bin/env python3
"""Some hundred documents and notes of the corpus: versions, languages, notes, replies, dispositions as the manifest has them."""
import lib
from dossiers import imported


def test_dossiers():
    imported(lib.many(400, 150))


if __name__ == "__main__":
    lib.main(test_dossiers)
