"""Words are found whatever accents, Unicode form or script, also where no spaces stand between them; disk holds none."""
import os
import unicodedata

import lib
from corpus import folder, out

CORPUS = folder()
# language: words of its declaration as people type them
WORDS = {"fr": "egalite", "ar": "الناس", "ru": "достоинстве", "zh": "自由", "th": "มนุษย์", "km": "មនុស្ស", "my": "လူ",
         "es": "dignidad", "hi": "स्वतन्त्रता"}


def plain(text):
    return unicodedata.normalize("NFC", text)


def holds(base, needle):
    for place, _, files in os.walk(base):
        for name in files:
            if needle in open(os.path.join(place, name), "rb").read():
                return os.path.join(place, name)
    return None


def folded(text):
    """Without accents and vowel marks, in small letters: what a word is compared by."""
    return "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))


def ranked(ilo):
    """The title counts more than the text, and a text that says the word often more than a long one that says it once; a
    snippet shows the word as it was written, and its neighbours."""
    filler = " ".join(f"mot{i}" for i in range(400))

    def post(title, text):
        return ilo.json("post", "-", "--to", "all", "--lang", "fr", "--title", title, "--yes", data=text.encode())["id"]

    once = post("Annexe", f"{filler} Le détachement transfrontière est régi ici. {filler}")
    often = post("Annexe", "Le détachement. Tout détachement. Aucun détachement transfrontière. Le détachement encore.")
    titled = post("Détachement", "Le texte parle de détachement, et de rien de plus.")
    hits = ilo.json("search", "detachement")
    assert [hit["id"] for hit in hits] == [titled, often, once], hits
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True) and hits[-1]["score"] > 0
    assert [hit["id"] for hit in ilo.json("search", "DÉTACHEMENT", "transfrontiere")] == [often, once]
    snippet = {hit["id"]: hit["snippet"] for hit in hits}
    assert "Le détachement transfrontière est régi" in snippet[once], snippet
    assert snippet[once].startswith("…") and snippet[once].endswith("…") and len(snippet[once]) <= 162, snippet
    assert "détachement" in ilo.text("search", "detachement")


def filtered(iom):
    """Every filter, alone and together: kind, sender, group, time, language, symbol."""
    def post(*args):
        return iom.json("post", "-", "--yes", *args, data="Un seul et même vocabulaire".encode())["id"]

    first = post("--to", "all", "--lang", "fr", "--symbol", "GMG/F/1")
    swiss = post("--to", "decent-work", "--lang", "fr-CH", "--symbol", "GMG/F/2")
    english = post("--to", "all", "--lang", "en", "--translates", "GMG/F/1")
    note = iom.json("note", "GMG/F/2", "Un autre vocabulaire")["id"]
    practice = iom.json("practice", "post", "--theme", "capacity", "--title", "Vocabulaire", "--lang", "fr", "Un glossaire")["id"]

    def found(*args):
        return {hit["id"] for hit in iom.json("search", "vocabulaire", *args)}

    assert found() == {first, swiss, english, note, practice}
    for args, wanted in {("--kind", "document"): {first, swiss, english}, ("--kind", "note"): {note},
                         ("--kind", "practice"): {practice}, ("--lang", "en"): {english}, ("--lang", "fr-CH"): {swiss, note},
                         ("--lang", "fr"): {first, swiss, note, practice},
                         ("--lang", "fr", "--kind", "document"): {first, swiss}, ("--symbol", "GMG/F/1"): {first, english},
                         ("--symbol", "GMG/F/2"): {swiss, note}, ("--to", "decent-work"): {swiss, note},
                         ("--to", "all", "--kind", "document", "--lang", "fr", "--from", "unhcr", "--since", "1h"): {first},
                         ("--from", "unhcr"): found(), ("--since", "1h"): found(), ("--from", "ilo"): set()}.items():
        assert found(*args) == wanted, (args, found(*args), wanted)
    assert len(iom.json("search", "vocabulaire", "--limit", "2")) == 2


def test_filters():
    filtered(lib.found("unhcr"))


def test_search():
    ilo, ids = lib.found(), {}
    daemon = ilo.daemon()
    for lang in sorted(WORDS):
        path = os.path.join(CORPUS, "udhr", lang + ".txt")
        ids[lang] = ilo.json("post", path, "--to", "all", "--lang", lang, "--yes")["id"]
    html = os.path.join(lib.WORK, "page.html")
    open(html, "w").write("<html><body class='hidden'><p>Recrutement &eacute;quitable</p></body></html>")
    page = ilo.json("post", html, "--to", "decent-work", "--title", "Cadre", "--symbol", "GMG/2014/7", "--yes")["id"]
    note = ilo.json("note", page, "Une observation sur la migration circulaire")["id"]
    for lang, word in WORDS.items():
        for form in ("NFC", "NFD"):
            hits = ilo.json("search", unicodedata.normalize(form, word))
            assert ids[lang] in [hit["id"] for hit in hits], (lang, word, form)
            assert all(hit["snippet"] for hit in hits)
            snippet = next(hit["snippet"] for hit in hits if hit["id"] == ids[lang])
            assert folded(word) in folded(snippet), (lang, word, snippet)
    ranked(ilo)
    assert [hit["id"] for hit in ilo.json("search", "RECRUTEMENT", "equitable")] == [page]
    assert ilo.json("search", "hidden") == []
    assert [hit["id"] for hit in ilo.json("search", "GMG/2014/7")] == [page]
    hits = ilo.json("search", "circulaire", "--kind", "note")
    assert [(hit["id"], hit["document"]) for hit in hits] == [(note, page)] and "circulaire" in hits[0]["snippet"]
    assert ilo.json("search", "circulaire", "--kind", "document") == []
    assert [hit["id"] for hit in ilo.json("search", "egalite", "--lang", "fr")] == [ids["fr"]]
    assert ilo.json("search", "egalite", "--lang", "es") == []
    assert ilo.json("search", "egalite", "--from", "iom") == []
    assert len(ilo.json("search", "egalite", "--from", "ilo", "--limit", "1")) == 1
    assert [hit["id"] for hit in ilo.json("search", "circulaire", "--symbol", "GMG/2014/7")] == [note]
    assert [hit["id"] for hit in ilo.json("search", "recrutement", "--symbol", "GMG/2014/7", "--to", "decent-work")] == [page]
    for none in (["--symbol", "GMG/2014/8"], ["--to", "all"], ["--since", "2100-01-01"]):
        assert ilo.json("search", "recrutement", *none) == [], none
    assert [hit["id"] for hit in ilo.json("search", "recrutement", "--since", "1d", "--kind", "document")] == [page]
    ilo.error(3, "search", "recrutement", "--to", "nobody-knows")
    ilo.error(2, "search", "!?")
    ilo.error(2, "search", "x", "--kind", "nothing")
    out(ilo, "doctor", "--rebuild")
    assert [hit["id"] for hit in ilo.json("search", "recrutement")] == [page]
    daemon.stop()
    for word in ("circulaire", "Recrutement", "égalité", "GMG/2014/7", "page.html"):
        for needle in (word.encode(), plain(word).lower().encode()):
            assert holds(ilo.home, needle) is None, (word, holds(ilo.home, needle))


lib.main(test_search, test_filters)
