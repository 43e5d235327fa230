#!/usr/bin/env python3
"""The newcomer's way with real processes: online, without any network, a second office, and what is refused."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

GMM = os.environ.get("GMM")
if not GMM or not os.path.exists(GMM):
    print("skipped: GMM does not name the program")
    sys.exit(77)
WORK = tempfile.mkdtemp(prefix="gmm-cli-")
DAEMONS = []


def fail(message):
    raise AssertionError(message)


class Office:
    def __init__(self, folder, participant, office="hq", kind="member"):
        self.home = os.path.join(WORK, folder)
        self.env = dict(os.environ, GMM_HOME=self.home, LC_ALL="C.UTF-8")
        self.env.pop("GMM_PASSPHRASE_FILE", None)
        self.participant, self.office = participant, office
        self.run("init", "--participant", participant, "--name", participant.upper(), "--kind", kind, "--office", office,
                 "--level", "hq", "--no-passphrase")

    def call(self, *args):
        return subprocess.run([GMM, *args], env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120, text=True)

    def run(self, *args):
        done = self.call(*args)
        if done.returncode != 0:
            fail(f"gmm {' '.join(args)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def json(self, *args):
        return json.loads(self.run("--json", *args))

    def refused(self, status, says, *args):
        done = self.call("--json", *args)
        if done.returncode != status:
            fail(f"gmm {' '.join(args)}: exit {done.returncode}, not {status}\n{done.stdout}{done.stderr}")
        error = json.loads(done.stdout)["error"]
        if error["exit"] != status or says not in error["message"]:
            fail(f"gmm {' '.join(args)}: {error}, not '{says}'")

    def daemon(self):
        process = subprocess.Popen([GMM, "run", "--listen", "127.0.0.1:0"], env=self.env, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=open(self.home + ".log", "ab"), text=True)
        DAEMONS.append(process)
        line = process.stdout.readline()
        if not line.startswith("listening on "):
            fail(f"the daemon of {self.participant} said {line!r}: " + open(self.home + ".log").read())
        return process, line.split()[2]

    def status_of(self, participant):
        return {row["participant"]: row["status"] for row in self.json("roster")}.get(participant)


def stop(process):
    process.terminate()
    if process.wait(timeout=30) != 0:
        fail(f"a daemon ended with {process.returncode}")
    DAEMONS.remove(process)


def path(name):
    return os.path.join(WORK, name)


def online(ilo, address):
    iom = Office("iom", "iom")
    invite = ilo.json("invite", "--for", "iom", "--address", address)["invite"]
    answer = iom.json("join", invite)
    assert answer["state"] == "requested", answer
    assert answer["inviter"]["fingerprint"] == ilo.json("key", "fingerprint")["fingerprint"]
    assert iom.json("join", invite)["state"] == "requested"
    assert ilo.status_of("iom") == "requested"
    iom.refused(4, "not admitted", "post", GMM, "--to", "all")
    ilo.refused(4, "fingerprint", "roster", "add", "iom", "--fingerprint", "12345 " * 8)
    mine = iom.json("key", "fingerprint")["fingerprint"]
    admitted = ilo.json("roster", "add", "iom", "--fingerprint", mine)
    assert admitted["status"] == "active" and admitted["fingerprint"] == mine, admitted
    iom.run("sync", "--timeout", "60")
    assert iom.status_of("iom") == "active" and iom.status_of("ilo") == "active"
    rows = iom.json("roster")
    assert [row["chair"] for row in rows if row["participant"] == "ilo"] == [True], rows
    assert {row["participant"]: row["fingerprint"] for row in rows}["iom"] == mine
    offices = iom.json("office")
    assert {(o["participant"], o["office"], o["status"]) for o in offices} == {("ilo", "hq", "active"), ("iom", "hq", "active")}
    return iom


def waits(ilo, address):
    unhcr = Office("unhcr", "unhcr")
    invite = ilo.json("invite", "--for", "unhcr", "--address", address)["invite"]
    joining = subprocess.Popen([GMM, "--json", "join", invite, "--wait", "90"], env=unhcr.env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, text=True)
    try:
        for _ in range(600):
            if ilo.status_of("unhcr") == "requested":
                break
        ilo.run("roster", "add", "unhcr")
        out, _ = joining.communicate(timeout=100)
    finally:
        if joining.poll() is None:
            joining.kill()
            joining.wait()
    assert joining.returncode == 0 and json.loads(out)["state"] == "active", out


def offline(ilo):
    wb = Office("wb", "wb")
    ilo.run("invite", "--for", "wb", "--offline", "-o", path("wb.invite"))
    answer = wb.json("join", "@" + path("wb.invite"), "--offline", "-o", path("wb.card"))
    assert answer["state"] == "requested", answer
    ilo.run("roster", "add", "--card", path("wb.card"), "-o", path("wb.welcome"))
    assert wb.json("join", "@" + path("wb.welcome"))["state"] == "active"
    assert wb.status_of("wb") == "active" and wb.status_of("iom") == "active"
    # the same line may be mailed around: nobody else can use it
    other = Office("wb2", "wb")
    other.refused(1, "waits for no welcome", "join", "@" + path("wb.welcome"))
    return wb


def second_office(ilo, address):
    dhaka = Office("dhaka", "ilo", "co-dhaka")
    invite = ilo.json("invite", "--office", "co-dhaka", "--address", address)["invite"]
    assert dhaka.json("join", invite)["state"] == "requested"
    ilo.refused(3, "no request of an office 'co-nowhere'", "office", "add", "co-nowhere")
    row = ilo.json("office", "add", "co-dhaka")
    assert (row["participant"], row["office"], row["status"]) == ("ilo", "co-dhaka", "active"), row
    dhaka.run("sync", "--timeout", "60")
    assert dhaka.status_of("ilo") == "active"
    dhaka.refused(4, "root", "invite", "--office", "fo-sylhet", "--offline")


def refusals(ilo, iom, address):
    # an impostor with another root
    impostor = Office("impostor", "iom")
    ilo.refused(1, "is a participant already", "invite", "--for", "iom", "--offline")
    invite = ilo.json("invite", "--address", address)["invite"]
    impostor.refused(4, "under another root", "join", invite)
    # a bare card, an altered one, one of another network
    impostor.run("card", "-o", path("bare.card"))
    ilo.refused(4, "bare card", "roster", "add", "--card", path("bare.card"))
    undp = Office("undp", "undp")
    ilo.run("invite", "--for", "undp", "--offline", "-o", path("undp.invite"))
    undp.run("join", "@" + path("undp.invite"), "--offline", "-o", path("undp.card"))
    ilo.refused(4, "fingerprint", "roster", "add", "--card", path("undp.card"), "--fingerprint", "12345 " * 8)
    other = Office("other", "other")
    other.run("network", "create", "Another Group")
    other.refused(4, "another network", "roster", "add", "--card", path("undp.card"))
    other.refused(1, "this home is in 'Another Group'", "join", "@" + path("undp.invite"))
    # revoked, expired, for somebody else
    made = ilo.json("invite", "--offline", "--address", address)
    ilo.run("invite", "revoke", made["id"])
    Office("late", "late").refused(4, "revoked", "join", made["invite"])
    made = ilo.json("invite", "--for", "undesa", "--offline")
    Office("wrong", "unesco").refused(4, "is for 'undesa'", "join", made["invite"], "--offline", "-o", path("x.card"))
    # used by another card
    invite = ilo.json("invite", "--address", address)["invite"]
    first, second = Office("first", "fao"), Office("second", "unido")
    assert first.json("join", invite)["state"] == "requested"
    second.refused(4, "used already", "join", invite)
    # only the chair invites
    iom.refused(4, "only the chair", "invite", "--offline")
    # not a line of ours
    iom.refused(2, "gmm-", "join", "nonsense")


def main():
    ilo = Office("ilo", "ilo")
    ilo.run("network", "create", "Global Migration Group")
    ilo.refused(1, "this home is in 'Global Migration Group'", "network", "create", "Global Migration Group")
    ilo.refused(1, "no address", "invite")
    process, address = ilo.daemon()
    iom = online(ilo, address)
    waits(ilo, address)
    offline(ilo)
    second_office(ilo, address)
    refusals(ilo, iom, address)
    stop(process)
    # all of it stands after a restart, and without a daemon
    assert ilo.status_of("wb") == "active" and ilo.status_of("unhcr") == "active"
    for office in (ilo, iom):
        office.run("verify", "--all")


try:
    main()
finally:
    for daemon in list(DAEMONS):
        daemon.kill()
        daemon.wait()
    if os.environ.get("GMM_KEEP"):
        print(WORK)
    else:
        shutil.rmtree(WORK, ignore_errors=True)
