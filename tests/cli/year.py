"""A year of the group in minutes: real processes whose clock is moved. The chair is handed over on 1 January, an observer
becomes a member, one participant is suspended, a laptop is lost while half of the offices are cut off, a chair is
replaced by two thirds, and one participant is expelled while it is cut off itself. In the end all show the same, who was
removed too, and opens nothing of what followed."""
import datetime
import time
from concurrent.futures import ThreadPoolExecutor

import lib
from lib import Office, path, refused, until, write
from walker import Walker, entries


class Clock:
    """What every process of the story takes for now; it goes on by itself from where it was set."""

    def __init__(self, day):
        self.set(day)
        plain = lib.environment
        lib.environment = lambda **more: plain(**dict({"GMM_TEST_CLOCK": str(self.ms())}, **more))

    def set(self, day):
        assert not lib.DAEMONS, "a daemon would stay in the past"
        self.base = int(datetime.datetime.fromisoformat(day + "+00:00").timestamp() * 1000)
        self.began = time.monotonic()

    def ms(self):
        return self.base + int((time.monotonic() - self.began) * 1000)


class Member(Office):
    def __init__(self, participant, name, kind, office="hq", folder=None):
        self.participant, self.office = participant, office
        self.home = path(folder or participant)
        self.run("init", "--participant", participant, "--name", name, "--kind", kind, "--office", office, "--level", "hq",
                 "--no-passphrase")


def at_once(do, offices):
    """Each in its own process; the first that fails speaks for all. No more than a node lets in from one address."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(do, offices))


def meet_at(daemon, hub, others, passes=1):
    name = f"{hub.participant}/{hub.office}"
    at_once(lambda office: office.run("peer", "add", daemon.address, "--office", name), others)
    for _ in range(passes):
        at_once(lambda office: office.run("sync", "--timeout", "120"), others)
    at_once(lambda office: office.run("peer", "remove", daemon.address), others)


def meet(hub, *others, passes=1):
    """The others sync with the first; twice when they have news for each other."""
    daemon = hub.daemon()
    meet_at(daemon, hub, others, passes)
    daemon.stop()


def titles(office):
    return {item["title"] for item in office.json("list", "--kind", "document")}


def post(office, name):
    return office.json("post", write(name, name + "\n"), "--to", "all", "--yes")


def status(of, participant):
    return {row["participant"]: row["status"] for row in of.json("roster")}[participant]


class Year:
    """rows: (id, name, kind); ilo first, then iom, wb and unu (an observer) somewhere, and those two."""

    def __init__(self, rows, suspended, expelled):
        self.clock = Clock("2014-07-01T09:00:00")
        self.offices = {}
        self.suspended, self.expelled = suspended, expelled
        self.found(rows)
        self.ilo, self.iom, self.wb, self.unu = (self.offices[p] for p in ("ilo", "iom", "wb", "unu"))
        self.gone = self.offices[expelled]

    def found(self, rows):
        chair = None
        for participant, name, kind in rows:
            office = self.offices[participant] = Member(participant, name, kind)
            if chair is None:
                chair = office
                chair.run("network", "create", "Global Migration Group")
                daemon = chair.daemon()
                continue
            invite = chair.json("invite", "--for", participant, "--address", daemon.address)["invite"]
            office.run("join", invite)
            chair.run("roster", "add", participant, "--yes")
        self.dhaka = Member(rows[0][0], rows[0][1], rows[0][2], "dhaka", "dhaka")
        invite = chair.json("invite", "--office", "dhaka", "--address", daemon.address)["invite"]
        self.dhaka.run("join", invite)
        chair.run("office", "add", "dhaka", "--yes")
        joined = [*list(self.offices.values())[1:], self.dhaka]
        at_once(lambda office: office.run("sync", "--timeout", "120"), joined)
        at_once(lambda office: office.run("peer", "remove", daemon.address), joined)
        daemon.stop()

    def others(self, *but):
        return [office for office in self.offices.values() if office not in but]

    def handover(self):
        self.clock.set("2014-12-01T10:00:00")
        post(self.iom, "before.txt")
        refused(4, "not-permitted", ["role", "give", "chair", "iom", "--from", "2015-01-01"], "only the chair of term 1",
                home=self.wb.home)
        self.ilo.run("role", "give", "chair", "wb", "--from", "2015-01-01", "--until", "2015-12-31T23:59:59Z", "--deputy", "iom")
        meet(self.ilo, self.iom, self.wb)
        self.wb.run("role", "accept")
        meet(self.wb, *self.others(self.wb), self.dhaka)
        assert {office.json("role", "show")["chair"] for office in self.offices.values()} == {"ilo"}

    def new_chair(self):
        self.clock.set("2015-01-02T10:00:00")
        shown = [office.json("role", "show") for office in (self.ilo, self.wb, self.unu)]
        assert [(s["term"], s["chair"], s["terms"][1]["cuts"]) for s in shown] == [(2, "wb", False)] * 3, shown
        refused(4, "not-permitted", ["roster", "amend", "unu", "--kind", "member"], "only the chair of term 2",
                home=self.ilo.home)
        refused(4, "not-permitted", ["post", write("no.txt", "no"), "--to", "all", "--yes"], "observer", home=self.unu.home)
        assert self.wb.json("roster", "amend", "unu", "--kind", "member")["kind"] == "member"
        assert self.wb.json("role", "show")["terms"][1]["cuts"] is True
        meet(self.wb, *self.others(self.wb))
        assert {row["participant"]: row["kind"] for row in self.unu.json("roster")}["unu"] == "member"
        post(self.unu, "member.txt")
        meet(self.unu, *self.others(self.unu))

    def suspension(self):
        self.clock.set("2015-03-01T10:00:00")
        self.removed_ms = {self.suspended: self.clock.ms()}
        done = self.wb.json("roster", "suspend", self.suspended, "--reason", "no longer answers")
        assert done["status"] == "suspended" and done["logs"] >= 1, done
        meet(self.wb, *self.others(self.wb), passes=2)
        refused(4, "not-permitted", ["post", path("no.txt"), "--to", "all", "--yes"], "suspended",
                home=self.offices[self.suspended].home)
        readers = post(self.iom, "while.txt")["readers"]
        assert self.suspended not in readers and "unu" in readers, readers
        meet(self.iom, *self.others(self.iom))  # within the month: wrap keys of last month may be gone in the next

    def lost_laptop(self):
        """One half revokes it; the other half trades with the thief, until they meet."""
        self.clock.set("2015-07-01T10:00:00")
        every = self.others()
        half = [office for office in every if office not in (self.wb, self.unu)]
        here, there = half[:len(every) // 2], [self.wb, self.unu, *half[len(every) // 2:]]
        assert self.ilo in here and self.iom in here
        meet(self.dhaka, self.ilo, *there)
        self.laptop_ms = self.clock.ms()
        self.ilo.run("office", "revoke", "dhaka", "--reason", "laptop lost", "--yes")
        meet(self.ilo, *here[1:])
        post(self.dhaka, "stolen.txt")
        meet(self.wb, self.dhaka, *there[1:], passes=2)
        assert "stolen.txt" in titles(self.unu) and "stolen.txt" not in titles(self.iom)
        self.wb.run("role", "give", "lead", "iom", "--group", "capacity", "--from", "2015-07-01")
        self.clock.set("2015-08-01T10:00:00")
        meet(self.ilo, *there, *here[1:], passes=2)
        assert not any("stolen.txt" in titles(office) for office in every)
        self.iom.run("role", "accept")
        self.healed_ms = self.clock.ms()
        post(self.wb, "healed.txt")
        meet(self.wb, *self.others(self.wb), passes=2)

    def election(self):
        self.clock.set("2015-09-01T10:00:00")
        voters = self.others(self.iom, self.wb, self.unu)  # who is suspended votes
        meet(self.iom, *self.others(self.iom), passes=2)
        shown = self.iom.json("role", "elect", "iom", "--until", "2015-12-31T23:59:59Z")
        need = shown["ballots"][0]["need"]
        refused(1, "exists", ["role", "ballot", "iom"], "already", home=self.iom.home)
        meet(self.iom, *voters)
        assert len(voters) >= need - 1, need
        for office in voters[:need - 1]:
            assert office.json("role", "show")["chair"] == "wb"
            office.run("role", "ballot", "iom")
        meet(self.iom, *self.others(self.iom), passes=2)
        refused(4, "not-permitted", ["roster", "suspend", "unu"], "only the chair of term 3", home=self.wb.home)

    def expulsion(self):
        """The last of the voters signs while the one to be expelled, and unu, are cut off: what that one tells unu then has
        no effect. When the cut heals it is told what ends its session, and holds what all hold."""
        self.clock.set("2015-11-02T10:00:00")
        told = self.others(self.iom, self.unu, self.gone)
        done = self.iom.json("roster", "expel", self.expelled, "--reason", "left the group")
        need = done["waits"]["need"]
        voters = sorted(told, key=lambda office: office.participant != self.suspended)[:need - 1]  # who is suspended votes
        assert len(voters) == need - 1, need
        last = voters.pop()
        meet(self.iom, *voters)
        for office in voters:
            office.run("roster", "cosign", self.expelled)
        meet(self.iom, *self.others(self.iom), passes=2)
        assert {status(office, self.expelled) for office in self.offices.values()} == {"active"}
        last.run("roster", "cosign", self.expelled)
        self.removed_ms[self.expelled] = self.clock.ms()
        self.after = post(self.gone, "after.txt")["id"]
        meet(self.gone, self.unu)
        assert "after.txt" in titles(self.unu)
        meet(last, self.iom, *[office for office in told if office is not last])
        assert {status(office, self.expelled) for office in [self.iom, *told]} == {"expelled"}
        daemon = self.unu.daemon()
        self.hears_of_it(daemon, last)
        daemon.stop()
        assert "after.txt" not in titles(self.unu) | titles(self.gone)
        self.unu.run("get", self.after, "-o", path("never"), status=3)
        refused(4, "not-permitted", ["post", write("no.txt", "no"), "--to", "all", "--yes"], "not active", home=self.gone.home)
        post(self.ilo, "last.txt")
        meet(self.ilo, *self.others(self.ilo, self.gone), passes=2)

    def hears_of_it(self, daemon, last):
        """The expelled one is in session with unu when the record comes there that expels it."""
        theirs = self.gone.daemon()
        self.gone.run("peer", "add", daemon.address, "--office", "unu/hq")
        self.gone.run("sync", "--timeout", "120")
        meet_at(daemon, self.unu, [last])
        until(lambda: status(self.gone, self.expelled) == "expelled")
        self.gone.run("peer", "remove", daemon.address)
        theirs.stop()

    def the_same(self):
        """At all of them, those who were removed included."""
        every = self.others()
        for command in (["roster"], ["role", "history"], ["roster", "history"], ["group", "show", "all"], ["role", "show"],
                        ["group", "show", "capacity"]):
            shown = [office.json(*command) for office in every]
            assert all(s == shown[0] for s in shown), (command, shown)
        shown = self.unu.json("role", "show")
        assert [(t["term"], t["chair"], t["how"]) for t in shown["terms"]] == [
            (1, "ilo", "founding"), (2, "wb", "handover"), (3, "iom", "election")], shown
        assert {row["group"]: row["participant"] for row in shown["leads"]}["capacity"] == "iom", shown
        roster = {row["participant"]: row["status"] for row in self.unu.json("roster")}
        expected = {p: "active" for p in self.offices}
        expected.update({self.suspended: "suspended", self.expelled: "expelled"})
        assert roster == expected, roster
        then = {row["participant"]: row for row in self.unu.json("roster", "at", "2014-12-31")}
        assert then["unu"]["kind"] == "observer" and then["ilo"]["chair"] and then[self.expelled]["status"] == "active", then
        for office in every:
            assert not titles(office) & {"after.txt", "stolen.txt"}, titles(office)
            assert titles(office) >= {"before.txt", "member.txt"}, titles(office)
            assert office.json("verify", "--all")["ok"]
        for office in self.others(self.gone, self.offices[self.suspended]):
            assert titles(office) >= {"while.txt", "healed.txt", "last.txt"}, titles(office)

    def nothing_opens(self):
        """The removed ones' own files and keys, and every record that others hold."""
        homes = [office.home for office in self.offices.values()]
        group = bytes.fromhex(self.ilo.json("group", "show", "all")["id"])
        sealed = [entry for entry in entries(self.ilo.home) if entry.type >= 64 and entry.group == group]
        keys = {(row["participant"], row["office"]): bytes.fromhex(row["node"]) for row in self.ilo.json("office")}
        removed = [(self.offices[p], ms) for p, ms in self.removed_ms.items()] + [(self.dhaka, self.healed_ms)]
        for office, since in removed:
            walker = Walker(office.home, homes)
            own = keys[office.participant, office.office]
            before = [entry for entry in sealed if entry.time_ms < self.removed_ms[self.suspended]]
            after = [entry for entry in sealed if entry.time_ms >= since and entry.author != own]
            assert before and all(walker.reads(entry) for entry in before), office.home
            assert after and not any(walker.reads(entry) for entry in after), (
                office.home, [(entry.type, entry.id.hex()) for entry in after if walker.reads(entry)])
        gone = [keys[office.participant, office.office] for office, _ in removed]
        reader = Walker(self.iom.home, homes)
        assert all(reader.reads(entry) for entry in sealed if entry.author not in gone)

    def run(self):
        self.handover()
        self.new_chair()
        self.suspension()
        self.lost_laptop()
        self.election()
        self.expulsion()
        self.the_same()
        self.nothing_opens()
