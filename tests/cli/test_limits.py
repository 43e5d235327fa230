"""`peer set`: rates, hours, bytes a day; what `peer list` shows of them, and through whom entries come."""
import os

import lib


def state(office):
    return {peer["participant"]: peer for peer in office.json("peer")}


def test_limits():
    ilo, iom, gov = lib.network("ilo", "iom", "gov-xa")
    daemon = ilo.daemon()
    for office in (iom, gov):
        for peer in office.json("peer"):
            office.run("peer", "remove", peer["address"])
        office.run("peer", "add", daemon.address)
        office.run("sync")
    # Refused: what is no rate, no window, nobody's, nothing.
    iom.error(2, "peer", "set", "ilo/hq", "--rate", "fast")
    iom.error(2, "peer", "set", "ilo/hq", "--window", "night")
    iom.error(2, "peer", "set", "ilo/hq", "--quota", "much")
    iom.error(2, "peer", "set", "ilo/hq")
    iom.error(2, "peer", "set", "ilo/hq", "--metered", "--unmetered")
    iom.error(3, "peer", "set", "nobody/hq", "--metered")
    # Kept, by office or address; what is not given stays.
    assert state(iom)["ilo"]["limits"] is None
    iom.run("peer", "set", "ilo/hq", "--rate", "64kbit/1mbit", "--window", "mon-fri 18:00-08:00", "--window", "sat,sun")
    shown = iom.json("peer", "set", daemon.address, "--quota", "1G", "--metered")["limits"]
    assert shown == {"rate_out": 8000, "rate_in": 125000, "window": ["mon,tue,wed,thu,fri 18:00-08:00", "sat,sun 00:00-24:00"],
                     "quota": 1000000000, "used": 0, "metered": True}, shown
    assert state(iom)["ilo"]["limits"] == shown
    off = iom.json("peer", "set", "ilo", "--rate", "off", "--window", "off", "--quota", "off", "--unmetered")
    assert off == {"participant": "ilo", "office": "hq", "limits": None}, off
    # Outside of its hours nothing is dialled, and it says why.
    iom.run("peer", "set", "ilo", "--window", "mon 00:00-00:01", "--window", "tue 00:00-00:01")
    error = iom.error(5, "sync", env=lib.environment(GMM_TEST_CLOCK="2014-06-04T12:00:00Z", TZ="UTC"))
    assert error["code"] == "unreachable", error
    # Bytes a day: the session ends, nothing more is carried that day; what came stays.
    iom.run("peer", "set", "ilo", "--window", "off", "--quota", "3M")
    ilo.run("post", lib.write("big", os.urandom(12 << 20)), "--to", "all", "--symbol", "B/1", "--yes")
    iom.run("peer", "set", "ilo", "--rate", "1MB")
    reader = iom.daemon("--no-listen")

    def is_used_up():
        peer = state(iom)["ilo"]
        return peer["limits"]["used"] >= 3_000_000 and peer["state"] != "connected"
    lib.until(is_used_up, 90)
    assert state(iom)["ilo"]["limits"]["used"] < 12_000_000
    assert iom.json("show", "B/1")["here"] is False
    # Set anew while the daemon runs: it goes on at once.
    iom.run("peer", "set", "ilo", "--quota", "off", "--rate", "off")

    def is_here():
        return iom.json("show", "B/1")["here"]
    lib.until(is_here, 60)
    # gov-xa listens to nobody: what it posts comes through the one that both dial.
    gov.run("post", "-", "--to", "all", "--symbol", "G/1", "--yes", data=b"from a field")
    gov.run("sync")

    def has_come():
        return "gov-xa/hq" in state(iom)["ilo"]["brings"]
    lib.until(has_come, 60)
    reader.stop()
    daemon.stop()


lib.main(test_limits)
