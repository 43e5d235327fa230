#!/usr/bin/env python3
"""Who was removed from a group is told so, also later: `group show` and `post` say by whom and when, and nothing new is opened."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403


def says_so(office, group, by):
    shown = office.json("group", "show", group)
    assert shown["removed"]["by"] == by and office.participant not in shown["members"], shown
    assert f"you were removed by {by} on {shown['removed']['time'][:10]}" in office.text("group", "show", group)
    write("late.txt", "what the removed one would say\n")
    refused = office.error(4, "post", "late.txt", "--to", group)["message"]
    assert f"was removed from the group '{group}' by" in refused and shown["removed"]["time"][:10] in refused, refused


def main_tests():
    ilo, iom, wb = network("ilo", "iom", "wb")
    meet(iom, ilo)
    meet(wb, ilo)
    for group in ("decent-work", "three"):
        if group == "three":
            created = ilo.json("group", "create", "three", "--with", "wb,iom", "--history", "full")
            assert created["members"] == ["ilo", "iom", "wb"], created
        write(f"{group}.txt", f"before, in {group}\n")
        ilo.post(f"{group}.txt", "--to", group)
    meet(iom, ilo)
    meet(wb, ilo)
    assert titles(wb) == titles(iom) == ["decent-work.txt", "three.txt"]
    # wb is away; what is posted afterwards, before the two meet again, is not for it
    for group in ("decent-work", "three"):
        ilo.run("group", "remove", group, "wb")
        write(f"after-{group}.txt", f"afterwards, in {group}\n")
        ilo.post(f"after-{group}.txt", "--to", group)
    meet(iom, ilo)
    assert "removed" not in iom.json("group", "show", "three") and "removed" not in wb.json("group", "show", "three")
    meet(wb, ilo)
    for group in ("decent-work", "three"):
        says_so(wb, group, "ilo")
    assert titles(wb) == ["decent-work.txt", "three.txt"], titles(wb)
    assert len(titles(iom)) == 4
    assert wb.json("verify", "--all")["ok"] and wb.json("status")["warnings"] == [], wb.json("status")
    # added again, it reads on, and nothing is said any more
    ilo.run("group", "add", "three", "wb")
    meet(wb, ilo)
    assert "removed" not in wb.json("group", "show", "three")
    assert "after-three.txt" in titles(wb) and "after-decent-work.txt" not in titles(wb), titles(wb)


main(main_tests)
