#!/usr/bin/env python3
"""Checks that what comments quote still stands in the documents: python3 tests/check-quotes.py [SOURCE]

A quotation is a text of four words or more between double quotes in a comment of keys/, proto/, node/ or their tests. It
must stand in docs/protocol.md, docs/cli.md or docs/formats.md, whatever the case, line breaks, `code` and *stress* marks.
Other sayings in comments stand between single quotes.
"""
import glob
import os
import re
import sys

SOURCES = ["keys/*.[ch]", "proto/*.[ch]", "node/*.[ch]", "tests/keys/*.c", "tests/proto/*.c", "tests/node/*.[ch]", "tests/sim/*.[ch]"]
DOCUMENTS = ["docs/protocol.md", "docs/cli.md", "docs/formats.md"]
WORDS_MIN = 4
# Strings and characters are matched too, so that what looks like a comment inside them is none.
TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|(/\*.*?\*/|//[^\n]*)', re.S)


def plain(text):
    return re.sub(r"\s+", " ", re.sub(r"[`*]", "", text)).strip(" .,:;").lower()


def quotations(source):
    """(line, text) of each quotation in the comments of a C source."""
    for token in TOKEN.finditer(source):
        comment = token.group(1)
        if comment is None:
            continue
        for quote in re.finditer(r'"([^"]*)"', comment):
            text = re.sub(r"\n\s*\*? ?", " ", quote.group(1))
            if len(text.split()) >= WORDS_MIN:
                yield source.count("\n", 0, token.start() + quote.start()) + 1, text


def main():
    os.chdir(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    documents = []
    for path in DOCUMENTS:
        with open(path, encoding="utf-8") as file:
            documents.append(plain(file.read()))
    checked = wrong = 0
    for path in sorted(sum((glob.glob(pattern) for pattern in SOURCES), [])):
        with open(path, encoding="utf-8") as file:
            for line, text in quotations(file.read()):
                checked += 1
                if not any(plain(text) in document for document in documents):
                    wrong += 1
                    print(f"{path}:{line}: stands in none of {', '.join(DOCUMENTS)}: \"{text}\"")
    print(f"{checked} quotations checked, {wrong} wrong")
    return 1 if wrong or checked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
