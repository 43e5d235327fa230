#!/usr/bin/env python3
"""The arrows between the files of the program point one way: python3 tests/check-structure.py SOURCE NM FOLDER=OBJECTS...

OBJECTS is a library or an object made of the files in FOLDER; folders stand in the order of their arrows, keys=... first.
Who defines an exported symbol and who uses it is read from them by NM, the rest from the includes in SOURCE. Fails when

- files use one another in a circle;
- headers include one another in a circle;
- a file uses, or includes, something of a folder that stands behind its own.
"""
import glob
import os
import re
import subprocess
import sys

SYMBOL = re.compile(r"(\w+)\.c\.o:[0-9a-f ]* ([A-Za-z]) (\w+)$")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def symbol_arrows(nm, objects):
    """{(from, to): symbols} between files such as keys/seal.c; objects: [(folder, path)]."""
    defined, used = {}, []
    for folder, path in objects:
        listing = subprocess.run([nm, "-A", "-g", path], check=True, capture_output=True, text=True).stdout
        for line in listing.splitlines():
            found = SYMBOL.search(line)
            if found is None:
                continue
            file, kind, symbol = f"{folder}/{found.group(1)}.c", found.group(2), found.group(3)
            if kind == "U":
                used.append((file, symbol))
            else:
                defined[symbol] = file
    arrows = {}
    for file, symbol in used:
        if symbol in defined and defined[symbol] != file:
            arrows.setdefault((file, defined[symbol]), []).append(symbol)
    return arrows


def include_arrows(folders, pattern):
    """{(from, to): [to]} between files of the folders that match the pattern and the headers that they include."""
    arrows = {}
    for folder in folders:
        for path in glob.glob(f"{folder}/{pattern}"):
            with open(path, encoding="utf-8") as file:
                for to in INCLUDE.findall(file.read()):
                    arrows[(path, to)] = [to]
    return arrows


def circles(arrows):
    """The sets of more than one file in which each leads to each other."""
    heads, reach = {}, {}
    for tail, head in arrows:
        heads.setdefault(tail, set()).add(head)
    for start in heads:
        reach[start], waiting = set(), [start]
        while waiting:
            new = heads.get(waiting.pop(), set()) - reach[start]
            reach[start] |= new
            waiting.extend(new)
    parts = {frozenset(b for b in reach[a] if a in reach.get(b, ())) for a in reach if a in reach[a]}
    return sorted(sorted(part) for part in parts)


def main():
    os.chdir(sys.argv[1])
    objects = [tuple(given.split("=", 1)) for given in sys.argv[3:]]
    folders = list(dict.fromkeys(folder for folder, _ in objects))
    symbols, headers = symbol_arrows(sys.argv[2], objects), include_arrows(folders, "*.h")
    if not symbols or not headers:
        sys.exit("no symbols or no headers were found: the objects or the folder given are not the program's")
    defects = []
    for kind, arrows in (("use", symbols), ("include", headers)):
        for part in circles(arrows):
            defects.append(f"these {kind} one another in a circle: {' '.join(part)}")
            defects += [f"    {a} -> {b}: {' '.join(sorted(set(what)))}"
                        for (a, b), what in sorted(arrows.items()) if a in part and b in part]
    for arrows in (symbols, include_arrows(folders, "*.[ch]")):
        for (a, b), what in sorted(arrows.items()):
            upper, lower = os.path.dirname(b), os.path.dirname(a)
            if upper in folders and folders.index(upper) > folders.index(lower):
                defects.append(f"an arrow points up: {a} -> {b}: {' '.join(sorted(set(what)))}")
    print("\n".join(defects) if defects else f"{len(symbols)} arrows between files, {len(headers)} between headers: no circle")
    return 1 if defects else 0


if __name__ == "__main__":
    sys.exit(main())
