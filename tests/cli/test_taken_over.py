#!/usr/bin/env python3
"""A revision or a translation without a marking of its own is handled as what it revises or translates is now."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib

S = "GMG/2014/WG.3/CRP.1"


def test_taken_over():
    ilo = lib.found()

    def post(*args):
        said = ilo.json("post", "-", "--yes", *args, data=b"1. Un\n" + " ".join(args).encode())
        return said["id"], said["marking"], said["tlp"]

    first, *marked = post("--to", "all", "--symbol", S, "--lang", "fr", "--marking", "confidential, TLP:AMBER")
    assert marked == ["confidential", "AMBER"] or marked[0] == "confidential", marked
    english, *same = post("--translates", S, "--lang", "en")
    assert same == marked, same
    ilo.run("mark", first, "--marking", "strictly-confidential, TLP:RED")
    second, *raised = post("--revises", first)
    assert raised[0] == "strictly-confidential" and raised[1] != marked[1], raised
    assert [d["marking"] for d in ilo.json("list") if d["id"] == second] == ["strictly-confidential"]
    # Of two that it joins the graver one; and a marking that is given counts.
    third, *low = post("--revises", first, "--marking", "unclassified", "--lang", "en")
    assert low[0] == "unclassified" and not low[1], low
    both, *joined = post("--revises", third, "--revises", second, "--lang", "es")
    assert joined == raised, joined
    plan = ilo.json("post", "-", "--revises", both, "--dry-run", data=b"1. Deux\n")
    assert plan["marking"] == "strictly-confidential", plan


if __name__ == "__main__":
    lib.main(test_taken_over)
