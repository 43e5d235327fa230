"""An office without any configured peer dials another whose certificate names an address, and learns what is new there. One that is told to
dial nobody does not."""
import lib


def free_address():
    import socket
    with socket.create_server(("127.0.0.1", 0)) as s:
        return "127.0.0.1:%d" % s.getsockname()[1]


def test_a_certified_address_is_dialled():
    ilo, iom, gov, unhcr = lib.network("ilo", "iom", "gov-xa", "unhcr")
    address = free_address()
    iom.run("office", "renew", "hq", "--address", address)
    daemon = ilo.daemon()
    for office in (iom, gov, unhcr):
        for peer in office.json("peer"):
            office.run("peer", "remove", peer["address"])
        office.run("peer", "add", daemon.address)
        office.run("sync", "--timeout", "60")
        office.run("peer", "remove", daemon.address)
    daemon.stop()
    with open(unhcr.home + "/gmm.conf", "a", encoding="utf-8") as f:
        f.write("\n[network]\nneighbours=0\n")
    document = iom.run("post", "-", "--to", "all", "--symbol", "N/1", "--yes", data=b"nobody told gov where").stdout.decode().split()[0]
    daemons = [iom.daemon("--listen", address), unhcr.daemon("--no-listen"), gov.daemon("--no-listen")]

    def is_there():
        return gov.run("show", document, status=None).returncode == 0
    lib.until(is_there, 120)
    peer, = gov.json("peer")
    assert (peer["participant"], peer["address"], peer["state"]) == ("iom", address, "connected"), peer
    assert unhcr.json("peer") == []
    # It is a choice, not a configured peer: the next command without a daemon does not know it.
    daemons[2].stop()
    assert gov.json("peer") == []
    for running in daemons[:2]:
        running.stop()


lib.main(test_a_certified_address_is_dialled)
