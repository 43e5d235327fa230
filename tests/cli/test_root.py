#!/usr/bin/env python3
"""The root: out of the home and back, rotated under a thief's eyes, and what is left when the office that had it is lost."""
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import *  # noqa: E402,F403


def second_office(head, name, folder):
    daemon = head.daemon()
    office = Office(head.participant, name, folder=folder)
    office.run("join", head.json("invite", "--office", name, "--address", daemon.address)["invite"])
    head.run("office", "add", name, "--yes")
    office.run("sync", "--timeout", "60")
    daemon.stop()
    return office


def meet(here, there, seconds="60"):
    for peer in here.json("peer"):
        here.run("peer", "remove", peer["address"])
    daemon = there.daemon()
    here.run("peer", "add", daemon.address)
    done = here.run("sync", "--timeout", seconds, status=None)
    daemon.stop()
    return done.returncode


def titles(office):
    return sorted(item["title"] for item in office.json("list", "--kind", "document"))


def states(of, participant, name):
    return sorted((row["status"], row["why"]) for row in of.json("office")
                  if (row["participant"], row["office"]) == (participant, name))


def text(name, words):
    return write(name, words + "\n") and name


def the_root_goes_and_comes(ilo, iom):
    old = write("old-pass", "an old passphrase")
    new = write("new-pass", "another passphrase")
    assert ilo.json("key", "export-root", path("root.file"), env=environment(GMM_NEW_PASSPHRASE_FILE=new))["protected"]
    assert oct(os.stat(path("root.file")).st_mode)[-3:] == "600"
    ilo.run("office", "renew", "hq")
    refused = ilo.run("key", "export-root", "-", "--remove", status=2, env=environment(GMM_NEW_PASSPHRASE_FILE=new))
    assert b"needs a file" in refused.stderr, refused
    ilo.run("office", "renew", "hq")  # it is still here
    gone = ilo.json("key", "export-root", path("root.file"), "--remove", env=environment(GMM_NEW_PASSPHRASE_FILE=new))
    assert gone["removed"], gone
    assert "import-root" in ilo.error(4, "office", "renew", "hq")["message"]
    assert ilo.error(4, "key", "export-root", path("root2.file"))
    assert not os.path.exists(path("root2.file"))
    assert "root" in ilo.error(4, "key", "rotate", "--root")["message"]
    ilo.post(text("rootless.txt", "no root is needed for this"), "--to", "all")
    # back: only with its passphrase, only to its participant, only whole
    assert ilo.error(1, "key", "import-root", path("root.file"))["code"] == "passphrase"
    ilo.error(1, "key", "import-root", path("root.file"), env=environment(GMM_ROOT_PASSPHRASE_FILE=old))
    assert "another participant" in iom.error(4, "key", "import-root", path("root.file"),
                                              env=environment(GMM_ROOT_PASSPHRASE_FILE=new))["message"]
    data = read("root.file")
    for at in (0, 20, 60, 100, len(data) - 1):
        write("bad.file", data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
        ilo.error(6, "key", "import-root", path("bad.file"), env=environment(GMM_ROOT_PASSPHRASE_FILE=new))
    ilo.error(6, "key", "import-root", write("no.file", "nothing of a root"))
    ilo.run("key", "import-root", path("root.file"), env=environment(GMM_ROOT_PASSPHRASE_FILE=new))
    ilo.run("office", "renew", "hq")


def a_new_root(ilo, iom, dhaka):
    """Who stole the old one (here: a copy of the home) comes to nothing."""
    ilo.run("key", "export-root", path("root0.file"))
    thief = path("thief")
    shutil.copytree(ilo.home, thief)
    done = ilo.json("key", "rotate", "--root")
    assert done["root"] == 1 and done["standing"] >= 5, done
    assert "root 1" in ilo.error(4, "key", "import-root", path("root0.file"))["message"]
    assert meet(iom, ilo) == 0 and meet(dhaka, ilo) == 0
    assert [s for s, _ in states(iom, "ilo", "hq")].count("active") == 1
    gmm("--home", thief, "office", "revoke", "dhaka", "--yes")
    gmm("--home", thief, "office", "renew", "hq", "--role", "none")

    class Thief(Office):
        def __init__(self):
            self.participant, self.office, self.home = "ilo", "hq", thief
    assert meet(iom, Thief()) == 0
    for office in (iom, ilo, dhaka):
        if office is not iom:
            assert meet(office, iom) == 0
        rows = [row for row in office.json("office") if row["participant"] == "ilo" and row["status"] == "active"]
        assert sorted((row["office"], "decide" in row["roles"]) for row in rows) == [("dhaka", False), ("hq", True)], rows
    # the new root works, and so does the next one
    ilo.run("office", "renew", "dhaka", "--role", "vote")
    assert ilo.json("key", "rotate", "--root")["root"] == 2
    ilo.run("office", "renew", "dhaka")
    assert meet(iom, ilo) == 0 and meet(dhaka, ilo) == 0
    ilo.post(text("last.txt", "under root 2"), "--to", "all")
    assert meet(iom, ilo) == 0 and "last.txt" in titles(iom)
    assert "rootless.txt" in titles(iom)
    for office in (ilo, iom, dhaka):
        assert office.json("verify", "--all")["ok"]


def the_office_is_lost(ilo, iom, dhaka):
    """The home of the chair's office burns. Its root was kept elsewhere: another office goes on, and nothing is gone."""
    new = write("burnt-pass", "kept in a safe")
    ilo.run("key", "export-root", path("safe.file"), "--remove", env=environment(GMM_NEW_PASSPHRASE_FILE=new))
    kept = titles(dhaka)
    assert kept and titles(ilo) == kept
    shutil.rmtree(ilo.home)
    assert "import-root" in str(dhaka.error(4, "office", "renew", "dhaka"))
    dhaka.run("key", "import-root", path("safe.file"), env=environment(GMM_ROOT_PASSPHRASE_FILE=new))
    assert dhaka.json("office", "revoke", "hq", "--reason", "fire")["by"] == "root"
    dhaka.run("office", "renew", "dhaka", "--role", "decide", "--role", "vote", "--role", "revoke")
    assert titles(dhaka) == kept  # what the lost office wrote stands
    # it decides for the chair now
    unu = Office("unu")
    daemon = dhaka.daemon()
    unu.run("join", dhaka.json("invite", "--for", "unu", "--address", daemon.address)["invite"])
    dhaka.run("roster", "add", "unu", "--yes")
    unu.run("sync", "--timeout", "60")
    daemon.stop()
    # a new office under the old name reads all that there was
    again = second_office(dhaka, "hq", "ilo-hq-again")
    assert titles(again) == kept, titles(again)
    again.post(text("again.txt", "the new headquarters"), "--to", "all")
    assert meet(dhaka, again) == 0 and meet(iom, dhaka) == 0 and meet(unu, dhaka) == 0
    assert titles(iom) == titles(again) == sorted(kept + ["again.txt"])
    assert states(iom, "ilo", "hq")[0] == ("active", "")
    for office in (dhaka, again, iom, unu):
        assert office.json("verify", "--all")["ok"]


def main_tests():
    ilo, iom = network("ilo", "iom")
    dhaka = second_office(ilo, "dhaka", "ilo-dhaka")
    ilo.post(text("first.txt", "before anything"), "--to", "all")
    assert meet(iom, ilo) == 0 and meet(dhaka, ilo) == 0
    the_root_goes_and_comes(ilo, iom)
    a_new_root(ilo, iom, dhaka)
    assert meet(dhaka, ilo) == 0
    the_office_is_lost(ilo, iom, dhaka)


main(main_tests)
