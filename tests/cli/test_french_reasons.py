#!/usr/bin/env python3
"""What was put into words in English before anybody asked: by a daemon about its peers, by another office about a request."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib


def test_a_peer_that_is_away():
    ilo, iom = lib.network("ilo", "iom")
    daemon = ilo.daemon()
    iom.run("peer", "add", daemon.address)
    iom.run("sync", "--timeout", "60")
    daemon.stop()
    noting = iom.daemon("--no-listen")
    said = iom.run("--lang", "fr", "sync", "--timeout", "30", status=5).stderr.decode()
    assert "connexion refusée" in said and "refused" not in said, said
    assert "connection refused" in iom.run("sync", "--timeout", "30", status=5).stderr.decode()
    noting.stop()


def test_a_request_that_is_refused():
    ilo = lib.found("unhcr")
    daemon = ilo.daemon()
    invite = ilo.json("invite", "--for", "unu", "--address", daemon.address)["invite"]
    unu = lib.Office("unu")
    asked = unu.run("--lang", "fr", "join", invite)
    both = (asked.stdout + asked.stderr).decode()
    assert "gmm roster add unu" in both and "must admit" not in both, both
    ilo.run("invite", "revoke", ilo.json("invite", "list")[0]["id"])
    said = unu.run("--lang", "fr", "sync", "--timeout", "30", status=4).stderr.decode()
    assert "révoquée" in said and "revoked" not in said, said
    daemon.stop()


if __name__ == "__main__":
    lib.main(test_a_peer_that_is_away, test_a_request_that_is_refused)
