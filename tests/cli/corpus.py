"""The public corpus, for tests of documents; and a network of three whose first office runs."""
import os
import sys

import lib


def folder():
    """The folder of the corpus, or the test is skipped."""
    data = os.path.join(os.environ.get("GMM_TEST_DATA", ""), "corpus")
    if not os.path.isfile(os.path.join(data, "make-corpus.py")):
        print("skipped: no corpus at %r (GMM_TEST_DATA names the folder that holds corpus/)" % data)
        sys.exit(77)
    return data


def three():
    offices = lib.network("ilo", "iom", "gov-xa")
    daemon = offices[0].daemon()
    for office in offices[1:]:
        office.run("peer", "add", daemon.address)
    sync(offices)
    return offices


def sync(offices):
    """What the first has reaches the others, and what they have each other."""
    for office in offices[1:] + offices[1:]:
        office.run("sync", "--timeout", "120")


def out(office, *args, **how):
    """The bytes on standard output of a command that must succeed."""
    return office.run(*args, **how).stdout
