"""A newcomer and a stick only: what was posted under new keys, by somebody who had not heard of it, opens by the first bundle.

No session tells whoever makes the bundle that keys are lacking, and nobody waits for a turn: it gives them with the text.
"""
from lib import found, held, join_by_files, main, path, write


def carry(source, target):
    files = [file["path"] for file in source.json("bundle", "export", path("stick"), "--for",
                                                  f"{target.participant}/{target.office}")["files"]]
    result = target.json("bundle", "import", *files)
    assert result["refused"] == 0 and result["waiting"] == 0, result


def test_new_keys_of_one_who_has_not_heard():
    ilo = found()
    iom = join_by_files(ilo, "iom")
    carry(ilo, iom)
    unhcr = join_by_files(ilo, "unhcr")
    assert "unhcr" not in [row["participant"] for row in iom.json("roster")]
    iom.run("group", "rotate", "all")
    write("paper.txt", b"posted before it had heard\n")
    document = iom.post("paper.txt", "--to", "all")
    carry(iom, ilo)
    assert document in held(ilo)
    carry(ilo, unhcr)
    assert document in held(unhcr)
    assert unhcr.run("get", document).stdout == b"posted before it had heard\n"
    assert unhcr.json("verify", "--all")["ok"]


main(test_new_keys_of_one_who_has_not_heard)
