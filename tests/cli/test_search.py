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


lib.main(test_search)
