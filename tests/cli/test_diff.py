#!/usr/bin/env python3
"""Two versions compared by paragraph and word; notes followed or orphaned; other formats by size and hash. Story 11."""
import hashlib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib

S = "GMG/2014/WG.1/CRP.2"
ONE = "Titre\n\n1. Tous les êtres humains naissent libres.\n\n2. Nul ne sera tenu en esclavage.\n\n3. À supprimer.\n"
TWO = "Titre\n\n1. Nouveau paragraphe.\n\n2. Tous les êtres humains naissent libres.\n\n3. Nul ne sera jamais tenu en esclavage.\n"


def test_notes_over_several_versions():
    """From the first version to the third, in the language of the note; where that has no third yet, as the original goes."""
    ilo = lib.found("unhcr")
    symbol = "GMG/2014/5"
    texts = {"fr": ["Les États coopèrent.", "Le recrutement est équitable.", "Les frais sont abolis."],
             "en": ["States cooperate.", "Recruitment is fair.", "Fees are abolished."]}

    def numbered(*paragraphs):
        return "".join(f"{i}. {text}\n\n" for i, text in enumerate(paragraphs, 1)).encode()

    def post(paragraphs, *args):
        return ilo.json("post", "-", "--to", "all", "--yes", *args, data=numbered(*paragraphs))["id"]

    post(texts["fr"], "--symbol", symbol, "--lang", "fr")
    english = post(texts["en"], "--translates", symbol, "--lang", "en")
    french = [ilo.json("note", symbol, "--para", str(n), f"note {n}")["id"] for n in (1, 2, 3)]
    translated = [ilo.json("note", english, "--para", str(n), f"note {n}")["id"] for n in (1, 2, 3)]
    post(["Nouveau."] + texts["fr"], "--revises", symbol)
    third = post(["Nouveau.", "Encore."] + texts["fr"][:2], "--revises", symbol)

    def places():
        return {n["id"]: (n["para"], n["noted_para"], n["version"], n["orphaned"]) for n in ilo.json("notes", symbol)}

    wanted = [(3, 1, 1, False), (4, 2, 1, False), (None, 3, 1, True)]
    assert places() == dict(zip(french + translated, wanted + wanted)), places()
    # The English third version puts them elsewhere: it is what counts for notes on English then.
    post(["New.", "And again."] + texts["en"][1:], "--translates", third, "--lang", "en")
    english_now = [(None, 1, 1, True), (3, 2, 1, False), (4, 3, 1, False)]
    assert places() == dict(zip(french + translated, wanted + english_now)), places()


def test_diff():
    ilo = lib.found()

    def post(text, *args):
        return ilo.json("post", "-", "--to", "all", "--yes", *args, data=text)["id"]

    post(ONE.encode(), "--symbol", S, "--lang", "fr")
    notes = [ilo.json("note", S, "--para", str(n), "Note %d" % n)["id"] for n in (1, 2, 3)]
    assert "no version before" in ilo.error(3, "diff", S)["message"]
    post(TWO.encode(), "--revises", S)
    said = ilo.json("diff", S, "1", "2")
    assert said["text"] and not said["same"] and said["unchanged"] == 2, said
    assert said["from"]["sha256"] == hashlib.sha256(ONE.encode()).hexdigest(), said
    assert [(c["change"], c["old"], c["new"]) for c in said["changes"]] == [
        ("added", None, 1), ("changed", 2, 3), ("removed", 3, None)], said
    assert [(w["op"], w["text"]) for w in said["changes"][1]["words"]] == [
        ("same", "Nul ne sera "), ("new", "jamais "), ("same", "tenu en esclavage.")], said
    assert [(n["id"], n["para"], n["now"], n["orphaned"]) for n in said["notes"]] == [
        (notes[0], 1, 2, False), (notes[1], 2, 3, False), (notes[2], 3, None, True)], said
    assert ilo.json("diff", S) == said and ilo.json("diff", S, "1") == said
    assert ilo.json("diff", S, "2", "1")["notes"] == []
    assert "Nul ne sera {+jamais +}tenu en esclavage." in ilo.text("diff", S)
    on_two = ilo.json("note", S, "--para", "1", "On version 2")["id"]
    carried = {n["id"]: (n["para"], n["noted_para"], n["version"], n["orphaned"]) for n in ilo.json("notes", S)}
    assert carried == {notes[0]: (2, 1, 1, False), notes[1]: (3, 2, 1, False), notes[2]: (None, 3, 1, True),
                       on_two: (1, 1, 2, False)}, carried
    shown = ilo.text("notes", S)
    assert shown.count("Orphaned, its paragraph is gone; on version: 1") == 1 and "when it was written: 2" in shown, shown
    ilo.error(3, "diff", S, "1", "7")
    ilo.error(3, "diff", S, "1", "2", "--lang", "es")
    # Bytes that are no text, and HTML.
    post(b"\x00\x01", "--symbol", "B/1")
    post(b"\x00\x01\x02", "--revises", "B/1")
    said = ilo.json("diff", "B/1")
    assert not said["text"] and not said["same"] and "changes" not in said, said
    page = "<!DOCTYPE html><html><body><p>1. Un</p><p>2. %s <b>encore</b></p></body></html>"
    post((page % "Deux mots").encode(), "--symbol", "H/1")
    post((page % "Trois mots").encode(), "--revises", "H/1")
    said = ilo.json("diff", "H/1")
    assert [(c["change"], c["old"]) for c in said["changes"]] == [("changed", 2)], said


if __name__ == "__main__":
    lib.main(test_diff, test_notes_over_several_versions)
