"""Whether clang takes every source file too, with its own warnings as errors: what the fuzzers are built with.

usage: check-clang.py FOLDER, a folder that `cmake --preset fuzz` has configured. Nothing is written there."""
import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor


def check(entry):
    """What clang says of one file; empty: it takes it."""
    words = shlex.split(entry["command"])
    at = words.index("-o")
    del words[at:at + 2]
    words[words.index("-c")] = "-fsyntax-only"
    done = subprocess.run(words, cwd=entry["directory"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.stdout.decode(errors="replace") or ("" if done.returncode == 0 else f"{entry['file']}: {done.returncode}\n")


def main():
    with open(os.path.join(sys.argv[1], "compile_commands.json"), encoding="utf-8") as f:
        entries = [e for e in json.load(f) if os.path.exists(e["file"])]
    if not entries:
        sys.exit(f"{sys.argv[1]} names no source file: run cmake --preset fuzz")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        said = [text for text in pool.map(check, entries) if text]
    sys.stdout.write("".join(said))
    print(f"clang: {len(entries)} files, {len(said)} with something to say")
    sys.exit(bool(said))


main()
