"""Adversarial 22, without any network: a home set back to yesterday's copy learns from a bundle what it had written since, and
never uses an (instance, seq) again. Adversarial 24: what a bundle brings from an hour ahead waits until it is due."""
import shutil
import time

from lib import chains, environment, main, network, path, write


def export(office, name):
    office.run("bundle", "export", path(name))
    return path(name)


def clock(ahead_s):
    return environment(GMM_TEST_CLOCK=str(int(1000 * (time.time() + ahead_s))))


def test_a_restored_store():
    ilo, iom = network("ilo", "iom")
    write("paper.txt", "before\n")
    ids = {iom.post("paper.txt", "--to", "all")}
    shutil.copytree(iom.home, path("yesterday"))
    for n in range(3):
        write("paper.txt", f"since {n}\n")
        ids.add(iom.post("paper.txt", "--to", "all"))
    ilo.run("bundle", "import", export(iom, "to-ilo"))
    shutil.rmtree(iom.home)
    shutil.copytree(path("yesterday"), iom.home)
    result = iom.json("bundle", "import", export(ilo, "full"))
    assert result["received"] == 0, result  # it said in its last bundle that it had them
    ilo.run("bundle", "import", export(iom, "told"))  # now it says what it really holds
    result = iom.json("bundle", "import", export(ilo, "again"))
    assert result["received"] >= 3 and result["refused"] == 0, result
    write("paper.txt", "after the restoration\n")
    ids.add(iom.post("paper.txt", "--to", "all"))
    result = ilo.json("bundle", "import", export(iom, "after"))
    assert result["refused"] == 0, result
    for office in (ilo, iom):
        assert {row["id"] for row in office.json("list")} == ids
        assert office.json("verify", "--all")["ok"]
        for logs in chains(office.home).values():
            for head, seqs in logs:
                assert seqs == list(range(head + 1)), seqs


def test_an_hour_ahead():
    ilo, iom = network("fao", "wmo")
    write("paper.txt", "from the future\n")
    document = ilo.run("post", path("paper.txt"), "--to", "all", "--yes", env=clock(3600)).stdout.decode().splitlines()[0]
    result = iom.json("bundle", "import", export(ilo, "ahead"))
    assert result["waiting"] > 0 and iom.json("list") == [], result
    result = iom.json("bundle", "import", path("ahead"), env=clock(3600))
    assert result["waiting"] == 0 and [row["id"] for row in iom.json("list")] == [document], result


main(test_a_restored_store, test_an_hour_ahead)
