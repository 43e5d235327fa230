#!/usr/bin/env python3
"""Good practices by theme, country and level; markings raised and lowered by whom it may, retention. Stories 24 and 25."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib


def practices(ilo, iom):
    first = ilo.json("practice", "post", "--theme", "decent-work", "--country", "ph", "--level", "country", "--title",
                     "Recrutement équitable", "--results", "Moins de frais", "--lang", "fr", "-",
                     data="Accord bilatéral".encode())
    iom.run("practice", "post", "--theme", "capacity", "--title", "Training", "Courses")
    ilo.error(2, "practice", "post", "--theme", "work", "--title", "x", "y")
    ilo.error(2, "practice", "post", "--theme", "capacity", "--country", "PHL", "--title", "x", "y")
    ilo.error(2, "practice", "list", "--level", "city")
    return first["id"]


def seen(ilo, iom, first):
    assert {p["title"] for p in iom.json("practice", "list")} == {"Recrutement équitable", "Training"}
    for args in (("--theme", "decent-work"), ("--country", "PH"), ("--level", "country")):
        assert [p["id"] for p in iom.json("practice", "list", *args)] == [first], args
    assert iom.json("practice", "list", "--country", "FR") == []
    shown = iom.json("practice", "show", first[:12])
    assert (shown["text"], shown["results"], shown["country"], shown["level"], shown["author"]["participant"]) == (
        "Accord bilatéral", "Moins de frais", "PH", "country", "ilo"), shown
    hits = iom.json("search", "bilateral", "--kind", "practice")
    assert [h["id"] for h in hits] == [first] and "bilatéral" in hits[0]["snippet"], hits
    assert {i["title"] for i in iom.json("list", "--kind", "practice")} == {"Recrutement équitable", "Training"}


def marked(ilo, iom, gov, sync):
    document = iom.json("post", "-", "--to", "all", "--symbol", "M/1", "--marking", "confidential", "--yes", data=b"x")["id"]
    sync()
    assert "lower" in gov.error(4, "mark", "M/1", "--marking", "unclassified")["message"]
    gov.error(4, "mark", "M/1", "--marking", "strictly-confidential")
    ilo.error(4, "mark", "M/1", "--marking", "unclassified")
    ilo.error(2, "mark", "M/1", "--marking", "secret")
    raised = ilo.json("mark", "M/1", "--marking", "strictly-confidential,TLP:RED", "--reason", "names")  # the chair
    assert (raised["marking"], raised["tlp"]) == ("strictly-confidential", "TLP:RED"), raised
    gov.error(4, "retain", "M/1", "--until", "2040-01-01")
    sync()
    assert iom.json("show", "M/1")["marking"] == "strictly-confidential"
    iom.run("mark", "M/1", "--marking", "unclassified", "--reason", "published")
    assert iom.json("retain", "M/1", "--until", "2040-01-01")["retain_until"] == "2040-01-01T00:00:00Z"
    iom.error(1, "retain", "M/1", "--until", "2039-01-01")
    sync()
    for office in (ilo, iom, gov):
        shown = office.json("show", document)
        assert (shown["marking"], shown["tlp"], shown["retain_until"]) == ("unclassified", None, "2040-01-01T00:00:00Z")
        assert [i["marking"] for i in office.json("list", "--kind", "document")] == ["unclassified"]
        assert office.json("verify", "--all")["ok"]


def test_practices():
    offices = ilo, iom, gov = lib.network("ilo", "iom", "gov-xa")
    daemon = ilo.daemon()
    for office in offices[1:]:
        office.run("peer", "add", daemon.address)

    def sync():
        for office in (iom, gov, iom):
            office.run("sync", "--timeout", "60")

    first = practices(ilo, iom)
    sync()
    seen(ilo, iom, first)
    marked(ilo, iom, gov, sync)
    daemon.stop()


if __name__ == "__main__":
    lib.main(test_practices)
