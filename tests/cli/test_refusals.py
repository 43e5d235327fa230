"""What an office may not do it is told with the rule, the term and who may: consultations, markings, retention, groups,
invites."""
from lib import main, network, path, write


def refused(office, *args):
    return office.error(4, *args)["message"]


def test_each_names_who_may():
    ilo, iom, unhcr = network("ilo", "iom", "unhcr")  # ilo founds, so it is the chair of term 1 and leads
    chair = "the chair of term 1 (ILO)"
    write("draft.txt", "A draft.\n")
    daemon = ilo.daemon()
    for office in (iom, unhcr):
        office.run("peer", "add", daemon.address)
        office.run("sync", "--timeout", "60")
    iom.run("sync", "--timeout", "60")  # hears of unhcr
    posted = iom.post("draft.txt", "--to", "all", "--symbol", "GMG/2026/1")
    for office in (iom, unhcr):
        office.run("sync", "--timeout", "60")
    said = refused(unhcr, "consult", "open", "GMG/2026/1", "--deadline", "2030-01-01T00:00Z")
    assert "coordinator (IOM)" in said and chair in said, said
    iom.run("consult", "open", "GMG/2026/1", "--deadline", "2030-01-01T00:00Z", "--invite", "ilo")
    for office in (iom, unhcr):
        office.run("sync", "--timeout", "60")
    said = refused(unhcr, "release", "GMG/2026/1")
    assert "'unhcr'" in said and "coordinator (iom)" in said.lower(), said
    said = refused(unhcr, "mark", posted, "--marking", "confidential")
    assert "posted it (IOM)" in said and chair in said, said
    said = refused(unhcr, "retain", posted, "--until", "2040-01-01")
    assert "posted it (IOM)" in said, said
    said = refused(unhcr, "invite", "--for", "wb")
    assert chair in said, said
    ilo.run("group", "remove", "decent-work", "ilo")
    said = refused(ilo, "post", path("draft.txt"), "--to", "decent-work", "--yes")
    assert "'ilo'" in said and "'decent-work'" in said and f": {chair} or the lead of decent-work (ILO)" in said, said
    daemon.stop()


main(test_each_names_who_may)
