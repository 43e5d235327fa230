"""The consultation of 2014: twelve offices of nine participants, each a daemon on loopback, at the dates of that year. A French
draft with three translations, two rounds, a revision, one participant's internal round, a silence procedure that an objection
breaks by bundle, dispositions from the edited matrix, the signed report. What is shown on the way is docs/tour.md (tour.py)."""
import csv
import datetime
import io
import json
import os
import re
import shlex
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import lib
from corpus import folder

S = "GMG/2014/WG.4/CRP.7"
CIRCLE = "contribution-2014"
TITLE = "Contribution du GMM : droits des migrants"
TITLES = {"en": "Input of the GMG: rights of migrants", "es": "Contribución del GMM: derechos de los migrantes",
          "ar": "مساهمة الفريق: حقوق المهاجرين"}
LANGS = ["fr", "en", "es", "ar"]
ROWS = [("ilo", "member", "hq", "hq"), ("iom", "member", "hq", "hq"), ("unhcr", "member", "hq", "hq"),
        ("ohchr", "member", "hq", "hq"), ("unwomen", "member", "hq", "hq"), ("ioe", "employers", "hq", "hq"),
        ("ituc", "workers", "hq", "hq"), ("gov-xa", "government", "hq", "hq"), ("icmc", "civil-society", "hq", "hq"),
        ("ilo", "member", "dhaka", "country"), ("iom", "member", "dakar", "regional"), ("unhcr", "member", "dadaab", "field")]
OUTSIDE = ("gov-xa", "icmc")


class Clock:
    """What every process takes for now: a file that goes on by itself from where it was set."""

    def __init__(self, day):
        self.file, self.lock, self.ended = lib.path("clock"), threading.Lock(), threading.Event()
        self.set(day)
        plain = lib.environment
        lib.environment = lambda **more: plain(**dict({"GMM_TEST_CLOCK": self.file}, **more))
        self.thread = threading.Thread(target=self.go_on, daemon=True)
        self.thread.start()

    def write(self):
        with self.lock:
            now = self.base + int((time.monotonic() - self.began) * 1000)
            with open(self.file + ".new", "w", encoding="ascii") as f:
                f.write(str(now))
            os.replace(self.file + ".new", self.file)

    def go_on(self):
        while not self.ended.wait(0.1):
            self.write()

    def set(self, day):
        self.base = int(datetime.datetime.fromisoformat(day + "+00:00").timestamp() * 1000)
        self.began = time.monotonic()
        self.write()

    def told(self, later):
        """So many seconds from now on."""
        now = self.base / 1000 + time.monotonic() - self.began + later
        return datetime.datetime.fromtimestamp(now, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")

    def stop(self):
        self.ended.set()
        self.thread.join()


class Tour:
    """What the story shows, as Markdown; lines of one command that are too many are left out, and said so."""

    def __init__(self):
        self.parts, self.files = [], set()

    def head(self, text):
        self.parts.append(f"## {text}\n")

    def say(self, text):
        self.parts.append(text.strip() + "\n")

    def show(self, office, *args, lines=40, stdin=None, **how):
        done = office.run(*args, cwd=office.desk, **how)
        words = " ".join(shlex.quote(str(a)) for a in args)
        text = (done.stdout + done.stderr).decode().rstrip("\n").split("\n")
        if len(text) > lines:
            text = text[:lines] + [f"… ({len(text) - lines} lines more)"]
        self.block([f"{office.name}$ gmm {words}", *text])
        return done

    def block(self, lines):
        text = re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1…", "\n".join(line.rstrip() for line in lines))
        text = re.sub(r"\b(gmm-invite[^ ]{0,20}|[A-Za-z0-9+/=_-]{24})[A-Za-z0-9+/=_-]{100,}", r"\1…", text)
        self.parts.append("```\n" + text.rstrip("\n") + "\n```\n")

    def text(self):
        return "\n".join(self.parts)


class Desk(lib.Office):
    """An office, and the folder in which its people work."""

    def __init__(self, participant, kind, office, level):
        self.participant, self.office, self.name = participant, office, f"{participant}/{office}"
        self.home, self.desk = lib.path(f"{participant}-{office}"), lib.path(f"desk-{participant}-{office}")
        os.mkdir(self.desk)
        self.run("init", "--participant", participant, "--name", participant.upper(), "--kind", kind, "--office", office,
                 "--level", level, "--no-passphrase")
        self.running = None

    def start(self):
        self.running = self.daemon()

    def stop(self):
        self.running.stop()
        self.running = None

    def put(self, name, text):
        with open(os.path.join(self.desk, name), "w", encoding="utf-8", newline="") as f:
            f.write(text)

    def read(self, name):
        with open(os.path.join(self.desk, name), encoding="utf-8", newline="") as f:
            return f.read()


def at_once(do, offices):
    """Each in its own process; the first that fails speaks for all."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(pool.map(do, offices))


def near(time_, day):
    """The story's clock goes on while commands run."""
    told = datetime.datetime.fromisoformat(time_.replace("Z", "+00:00"))
    return abs((told - datetime.datetime.fromisoformat(day + "+00:00")).total_seconds()) < 1800


def articles(lang):
    """Title and articles of the Declaration, each paragraph numbered: a text of several pages that exists in four languages."""
    with open(os.path.join(folder(), "udhr", lang + ".txt"), encoding="utf-8") as f:
        blocks = [b.strip() for b in f.read().split("\n\n") if b.strip()]
    heads = [i for i, b in enumerate(blocks) if b.startswith("## ")]
    return blocks[0], blocks[heads[1]:]


def numbered(title, blocks):
    n, out = 0, [title]
    for block in blocks:
        if not block.startswith("#"):
            n += 1
            block = f"{n}. " + re.sub(r"^\d+\. *", "", block)
        out.append(block)
    return "\n\n".join(out) + "\n"


def revised(blocks):
    """Rev.1: the twelfth paragraph goes, a new one stands after the second, the seventh is worded anew (the other languages too)."""
    paras = [i for i, b in enumerate(blocks) if not b.startswith("#")]
    out = list(blocks)
    out[paras[6]] = out[paras[6]].rstrip(".。؟ ") + " (GMM)."
    del out[paras[11]]
    out.insert(paras[2], "[…] " + blocks[paras[0]])
    return out


def members(offices):
    return [o for o in offices if o.participant not in OUTSIDE]


class Story:
    def __init__(self):
        self.tour = Tour()
        self.clock = Clock("2014-01-06T09:00:00")
        self.offices = []
        self.secret = [TITLE, *TITLES.values(), S, CIRCLE]

    def __getitem__(self, name):
        return next(o for o in self.offices if o.name == (name if "/" in name else name + "/hq"))

    @property
    def invited(self):
        return members(self.offices)

    # ---- founding

    def found(self):
        t = self.tour
        t.head("6 January: the network")
        t.say("The chair of 2014 founds it, then takes in eight participants; three of them open a second office. Each office "
              "is one process with a home of its own. Of nine admissions one is shown.")
        ilo = Desk(*ROWS[0])
        self.offices.append(ilo)
        t.show(ilo, "network", "create", "Global Migration Group")
        ilo.start()
        for row in ROWS[1:]:
            self.join(row)
        lib.until(self.all_active)
        t.show(ilo, "roster")
        t.show(ilo, "office")

    def join(self, row):
        new = Desk(*row)
        first = row[2] == "hq"
        host = self["ilo"] if first else self[row[0]]
        if not host.running:
            host.start()
        how = ["--for", row[0]] if first else ["--office", row[2]]
        admit = ["roster", "add", row[0], "--yes"] if first else ["office", "add", row[2], "--yes"]
        if row[0] == "iom" and first:
            self.tour.show(new, "join", self.shown_invite(host, how))
            self.tour.show(host, *admit)
        else:
            new.run("join", host.json("invite", *how, "--address", host.running.address)["invite"])
            host.run(*admit)
        new.run("sync", "--timeout", "120")
        new.start()
        self.offices.append(new)

    def shown_invite(self, host, how):
        return self.tour.show(host, "invite", *how, "--address", host.running.address).stdout.decode().split()[0]

    def all_active(self):
        return all(len(o.json("office")) == len(ROWS) for o in self.offices)

    # ---- waiting

    def same(self, wanted, *command, absent=None):
        """Waits until all invited show the same bytes of a command, and these are what is wanted."""
        offices = [o for o in self.invited if o is not absent]

        def alike():
            done = at_once(lambda o: o.run(*command, status=None), offices)
            said = {d.stdout for d in done}
            alone = len(said) == 1 and done[0].returncode == 0
            return alone and wanted(json.loads(done[0].stdout)) and done[0].stdout
        return lib.until(alike, 180)

    def consult(self, wanted, absent=None):
        return json.loads(self.same(wanted, "--json", "consult", "show", S, absent=absent))

    def know(self, office, ref):
        """Waits until an office holds this entry."""
        lib.until(lambda: office.run("show", ref, status=None).returncode == 0, 120)

    # ---- the draft

    def draft(self):
        t, ilo = self.tour, self["ilo"]
        self.clock.set("2014-01-13T09:00:00")
        t.head("13 January: the draft")
        t.say("The audience is a circle: seven of the nine participants. Nobody else hears of the document, of its title or that "
              "the circle exists. (The text is the Universal Declaration of Human Rights, which stands in for a draft: it exists "
              "in all four languages.)")
        t.show(ilo, "group", "create", CIRCLE, "--with", "iom,unhcr,ohchr,unwomen,ioe,ituc")
        self.texts = {lang: articles(lang) for lang in LANGS}
        ilo.put("projet.md", numbered(*self.texts["fr"]))
        done = t.show(ilo, "post", "projet.md", "--to", CIRCLE, "--symbol", S, "--lang", "fr", "--title", TITLE, "--marking",
                      "confidential", "--yes")
        self.first = done.stdout.decode().splitlines()[0]
        t.say("The clock of the round starts when all four languages exist.")
        t.show(ilo, "consult", "open", S, "--deadline", "2014-02-14T17:00+01:00", "--require-lang", "fr,en,es,ar")
        self.consult(lambda c: c["state"] == "waiting")

    def translate(self, day, version, texts):
        t = self.tour
        self.clock.set(day)
        for lang, name in (("en", "ilo"), ("es", "ilo/dhaka"), ("ar", "unhcr")):
            office = self[name]
            self.know(office, version)
            office.put(f"draft.{lang}.md", numbered(*texts[lang]))
            args = ["post", f"draft.{lang}.md", "--translates", version[:12], "--lang", lang, "--title", TITLES[lang], "--yes"]
            (t.show if lang == "ar" else lambda o, *a: o.run(*a, cwd=o.desk))(office, *args)

    def translations(self):
        t = self.tour
        t.head("15 January: three translations")
        t.say("Each is bound to the version that it translates. The deadline moves by the two days that they took.")
        self.translate("2014-01-15T10:00:00", self.first, self.texts)
        consult = self.consult(lambda c: c["state"] == "open" and len(c["versions"]) == 4)
        assert near(consult["deadline"], "2014-02-16T17:00"), consult
        assert [v["version"] for v in consult["versions"]] == [1] * 4, consult
        self.clock.set("2014-01-16T08:00:00")
        self.consult(lambda c: not c["unreached"])
        t.show(self["ilo"], "consult", "show", S)
        t.show(self["ohchr"], "inbox")
        t.show(self["ohchr"], "get", S, "--lang", "es", "-o", "borrador.md")
        assert self["ohchr"].read("borrador.md") == numbered(*self.texts["es"])

    # ---- round 1

    def speak(self, name, count, first, round_no):
        """Notes of a participant with one office, each on a paragraph; it speaks at once."""
        office, posts = self[name], []
        positions = ["comment", "amendment", "support", "concern", "reservation"]
        lang = {"ohchr": "en", "unwomen": "es", "ioe": "en", "ituc": "fr"}[name]
        blocks = [b for b in self.texts[lang][1] if not b.startswith("#")]
        for i in range(count):
            para = first + i * 3
            position = positions[i % len(positions)]
            words = f"{name} r{round_no}, § {para}: " + " ".join(blocks[(para * 7) % len(blocks)].split()[:9])
            args = ["note", S, "--para", str(para), "--position", position]
            if position == "amendment":
                args += ["--propose", blocks[para - 1]]
            posts.append(office.json(*args, words)["id"])
            self.secret.append(words)
        return posts

    def round_one(self):
        t = self.tour
        self.clock.set("2014-01-20T10:00:00")
        t.head("20 January to 14 February: the first round")
        t.say("A participant with one office speaks at once: 52 notes come, of four participants in three languages. One of them:")
        say = t.show(self["ituc"], "note", S, "--para", "23", "--position", "amendment", "--propose",
                     "Toute personne qui travaille, quel que soit son statut migratoire, a droit à un salaire égal.",
                     "La protection vaut aussi pour les travailleurs sans papiers.")
        self.ituc_note = say.stdout.decode().splitlines()[0]
        self.secret.append("travailleurs sans papiers")
        self.notes = [self.ituc_note]
        self.notes += sum(at_once(lambda p: self.speak(p[0], p[1], p[2], 1),
                                  [("ohchr", 13, 1), ("unwomen", 13, 2), ("ioe", 13, 3), ("ituc", 12, 4)]), [])
        self.same(lambda rows: len(rows) == 52, "matrix", S, "--format", "json")

    def internal_round(self):
        t, hq, dakar = self.tour, self["iom"], self["iom/dakar"]
        self.clock.set("2014-01-27T10:00:00")
        t.say("### Inside one participant\n\nThe IOM has two offices, and one voice. What they note stays in their own "
              "group; the head clears one position, and that one is released. Drafts and visas leave the IOM's offices never.")
        draft = t.show(dakar, "note", S, "--para", "7", "--position", "amendment", "--propose",
                       "Toute personne a droit à un recours effectif, dans une langue qu’elle comprend.",
                       "Dakar : la langue de la procédure manque.").stdout.decode().splitlines()[0]
        for n, words in ((7, "Siège : d'accord avec Dakar ?"), (9, "Siège : à voir avec le service juridique"),
                         (30, "Siège : rien à dire")):
            hq.run("note", S, "--para", str(n), "--position", "comment", words)
        self.inner = ["Dakar : la langue", "service juridique", "rien à dire"]
        self.know(hq, draft)
        reply = hq.json("note", draft, "--internal", "Très bien, je demande le visa.")
        assert reply["group"] == "internal", reply
        self.clock.set("2014-01-29T10:00:00")
        t.show(hq, "inbox")
        t.show(hq, "clear", draft[:12])
        done = t.show(hq, "release", S)
        released = hq.json("matrix", S, "--format", "json")
        mine = [r for r in released if r["participant"] == "iom"]
        assert len(mine) == 1 and mine[0]["paragraph"] == 7, (mine, done)
        self.released = mine[0]["id"]
        # The refugee agency has two offices as well; it releases all that it has.
        self.clock.set("2014-02-03T10:00:00")
        self["unhcr/dadaab"].run("note", S, "--para", "20", "--position", "concern", "Dadaab: asylum needs a time limit")
        self["unhcr/dadaab"].run("note", S, "--para", "21", "--position", "support", "Dadaab: keep this")
        self["unhcr/dadaab"].run("release", S)
        self.same(lambda rows: len(rows) == 55, "matrix", S, "--format", "json")

    def replies(self):
        t, ilo = self.tour, self["ilo"]
        self.clock.set("2014-02-05T10:00:00")
        t.say("### Answers\n\nThe coordinator answers, and the authors answer back; an inbox shows what waits.")
        t.show(ilo, "note", self.ituc_note[:12], "Merci. Le § 24 ne suffit-il pas ?")
        for i, note in enumerate(self.notes[1:20]):
            ilo.run("note", note, f"Réponse {i}: nous y reviendrons.")
        self.know(self["ituc"], self.ituc_note)
        lib.until(lambda: any(r["what"] == "answer" for r in self["ituc"].json("inbox")), 120)
        t.show(self["ituc"], "inbox", lines=12)
        self["ituc"].run("note", self.ituc_note, "Non : il ne dit rien du statut.")
        self.same(lambda rows: sum(len(r["replies"]) for r in rows) == 21, "matrix", S, "--format", "json")

    # ---- the matrix

    def dispositions(self, day, file, wanted):
        """The coordinator fills the table in, and takes it back in."""
        t, ilo = self.tour, self["ilo"]
        self.clock.set(day)
        t.show(ilo, "matrix", S, "--format", "csv", "-o", file)
        rows = list(csv.DictReader(io.StringIO(ilo.read(file).removeprefix("\ufeff"))))
        assert len(rows) == wanted, len(rows)
        filled = io.StringIO()
        writer = csv.DictWriter(filled, fieldnames=list(rows[0]), lineterminator="\r\n")
        writer.writeheader()
        chosen = {"amendment": ("accepted-in-part", "Voir la Rév.1"), "concern": ("noted", "Au procès-verbal"),
                  "support": ("noted", ""), "comment": ("accepted", "Repris"), "reservation": ("deferred", "Second tour")}
        for row in rows:
            if not row["disposition"]:
                row["disposition"], row["reason"] = chosen.get(row["position"], ("noted", ""))
            writer.writerow(row)
        ilo.put(file, filled.getvalue())
        return rows

    def first_matrix(self):
        t, ilo = self.tour, self["ilo"]
        t.head("17 February: the matrix")
        t.say("One row a note, ordered by paragraph. The table goes to a spreadsheet, the two columns *disposition* and *reason* "
              "are filled in there, and it comes back; each row becomes a signed disposition.")
        self.dispositions("2014-02-17T09:00:00", "observations.csv", 55)
        t.show(ilo, "matrix", "import", "observations.csv")
        t.show(ilo, "matrix", S, "--format", "md", lines=14)
        rows = json.loads(self.same(lambda rows: all(r["disposition"] for r in rows), "matrix", S, "--format", "json"))
        assert {r["disposition"] for r in rows} == {"accepted", "accepted-in-part", "noted", "deferred"}, rows
        lib.until(lambda: any(r["what"] == "disposition" for r in self["iom"].json("inbox")), 120)
        t.show(self["iom"], "inbox", lines=8)

    # ---- round 2

    def revision(self):
        t, ilo = self.tour, self["ilo"]
        self.clock.set("2014-02-19T09:00:00")
        t.head("19 February: Rev.1")
        t.say("The coordinator revises the draft. Notes follow their paragraphs to the new numbers; where the paragraph is gone "
              "they are shown as orphaned.")
        self.new = {lang: (title, revised(blocks)) for lang, (title, blocks) in self.texts.items()}
        ilo.put("rev1.md", numbered(*self.new["fr"]))
        done = t.show(ilo, "post", "rev1.md", "--revises", S, "--lang", "fr", "--title", TITLE + " (Rev.1)", "--yes")
        self.second = done.stdout.decode().splitlines()[0]
        t.show(ilo, "diff", S, "1", "2", lines=30)
        notes = ilo.json("notes", S)
        orphaned = [n for n in notes if n.get("orphaned") and n["parent"] is None]
        moved = [n for n in notes if n["parent"] is None and n["noted_para"] and n["noted_para"] > 12 and not n["orphaned"]]
        assert orphaned and all(n["noted_para"] == 12 for n in orphaned), orphaned
        assert moved and all(n["para"] == n["noted_para"] for n in moved), moved
        early = [n for n in notes if n["parent"] is None and n["noted_para"] in (4, 5, 7, 8)]
        assert early and all(n["para"] == n["noted_para"] + 1 for n in early), early
        t.show(ilo, "consult", "round", S, "--deadline", "2014-03-07T17:00+01:00", "--require-lang", "fr,en,es,ar")
        self.consult(lambda c: c["round"] == 2 and c["state"] == "waiting")
        self.translate("2014-02-20T09:00:00", self.second, self.new)
        consult = self.consult(lambda c: c["state"] == "open" and c["version"] == 2)
        assert near(consult["deadline"], "2014-03-08T16:00"), consult

    def round_two(self):
        t = self.tour
        self.clock.set("2014-02-24T10:00:00")
        t.head("24 February to 7 March: the second round")
        sum(at_once(lambda p: self.speak(p[0], p[1], p[2], 2), [("ohchr", 3, 5), ("unwomen", 3, 6), ("ituc", 3, 7)]), [])
        rows = json.loads(self.same(lambda rows: len(rows) == 64, "matrix", S, "--format", "json"))
        assert len([r for r in rows if not r["disposition"]]) == 9, rows
        self.consult(lambda c: c["silent"] == ["ioe", "iom", "unhcr"])
        t.show(self["ilo"], "consult", "show", S)
        self.dispositions("2014-03-10T08:30:00", "observations-2.csv", 64)
        t.show(self["ilo"], "matrix", "import", "observations-2.csv")

    # ---- silence

    def silence(self):
        t, ilo, ituc = self.tour, self["ilo"], self["ituc"]
        self.clock.set("2014-03-10T10:00:00")
        t.head("10 March: silence, and an objection that comes late")
        t.say("What nobody objects to by Friday is adopted.")
        t.show(ilo, "consult", "silence", S, "--until", "2014-03-14T17:00+01:00")
        self.consult(lambda c: c["state"] == "silence")
        self.clock.set("2014-03-10T12:00:00")
        self.consult(lambda c: not c["unreached"])
        self.clock.set("2014-03-13T15:00:00")
        ituc.stop()
        t.say("On Thursday the line of the ITUC's office is cut. It objects all the same: the note is signed in time, and nobody "
              "else sees it.")
        done = t.show(ituc, "note", S, "--para", "24", "--position", "objection", "Le statut migratoire manque toujours.")
        self.objection = done.stdout.decode().splitlines()[0]
        self.secret.append("manque toujours")
        self.clock.set("2014-03-14T16:10:00")
        t.say("On Friday evening the text is adopted, as far as anybody knows.")
        said = ilo.json("consult", "show", S)
        assert said["state"] == "adopted" and said["objections"] == [], said
        t.show(ilo, "consult", "list")
        self.clock.set("2014-03-17T09:00:00")
        t.say("On Monday a stick arrives.")
        t.show(ituc, "bundle", "export", "stick", "--for", "ilo/hq")
        t.show(ilo, "bundle", "import", os.path.join(ituc.desk, "stick"))
        consult = self.consult(lambda c: c["state"] == "suspended", absent=ituc)
        assert [(o["participant"], o["asserted"]) for o in consult["objections"]] == [("ituc", True)], consult
        t.say("Only its author says that it was signed in time: the adoption is suspended, at every office alike.")
        t.show(self["unwomen"], "consult", "show", S)
        ituc.start()
        self.consult(lambda c: c["state"] == "suspended")

    def settled(self):
        t, ilo, ituc = self.tour, self["ilo"], self["ituc"]
        self.clock.set("2014-03-17T10:00:00")
        t.head("17 to 31 March: settled and closed")
        t.show(ilo, "consult", "reopen", S, "--deadline", "2014-03-21T17:00+01:00")
        ilo.run("note", self.objection, "Une note de bas de page le dira.")
        self.consult(lambda c: c["state"] == "open")
        lib.until(lambda: any(r["what"] == "answer" for r in ituc.json("inbox")), 120)
        self.clock.set("2014-03-20T10:00:00")
        t.say("A footnote is promised, and the objection withdrawn by its author.")
        t.show(ituc, "resolve", self.objection[:12], "--as", "withdrawn", "--reason", "Note de bas de page convenue")
        self.same(lambda rows: [r["disposition"] for r in rows if r["id"] == self.objection] == ["withdrawn"],
                  "matrix", S, "--format", "json")
        self.clock.set("2014-03-24T10:00:00")
        t.show(ilo, "consult", "silence", S, "--until", "2014-03-28T17:00+01:00", lines=9)
        self.consult(lambda c: c["state"] == "silence")
        self.clock.set("2014-03-31T09:00:00")
        self.consult(lambda c: c["state"] == "adopted")
        t.show(ilo, "consult", "close", S)
        consult = self.consult(lambda c: c["state"] == "closed")
        assert consult["outcome"] == "adopted" and consult["unreached"] == [] and consult["objections"] == [], consult
        t.say("The report is signed and goes to every invited office. Years later it is checked without asking anybody.")
        t.show(self["ohchr"], "consult", "report", S)
        t.show(self["ohchr"], "verify", "--all")
        t.show(self["ohchr"], "log", "--to", CIRCLE, "--what", "consult")

    # ---- what it must show

    def the_same(self):
        self.matrix = self.same(lambda rows: len(rows) == 65, "matrix", S, "--format", "json")
        self.same(lambda c: c["state"] == "closed", "--json", "consult", "show", S)
        self.same(lambda r: r["report"] is not None and len(r["dispositions"]) == 65 and len(r["versions"]) == 8,
                  "--json", "consult", "report", S)
        for office in self.invited:
            assert office.json("verify", "--all")["ok"], office.name

    def nothing_outside(self):
        """Neither by a command nor in the files; and no log of the circle."""
        t = self.tour
        t.head("Who was not invited")
        t.say("The two participants outside of the circle hold nothing of it: no title, no note, not that there is a circle.")
        circle = bytes.fromhex(self["ilo"].json("group", "show", CIRCLE)["id"])
        for office in self.offices:
            office.stop()
        for office in self.offices:
            logs = {group for group, _ in lib.chains(office.home)}
            assert (circle in logs) == (office in self.invited), office.name
            if office in self.invited:
                continue
            for command in (["show", S], ["get", S, "-o", "never"], ["notes", S], ["matrix", S], ["consult", "show", S],
                            ["receipts", S], ["show", self.first], ["show", self.objection], ["group", "show", CIRCLE]):
                office.error(3, *command, cwd=office.desk)
            assert office.json("list") == [] and office.json("consult", "list") == [] and office.json("inbox") == [], office.name
            assert office.json("search", "migrants") == [] and office.json("search", "recours") == [], office.name
            assert CIRCLE not in [g["name"] for g in office.json("group")], office.name
            held = files(office.home)
            for words in self.secret + self.inner + [self.first, self.objection]:
                assert words.encode() not in held and words.encode("utf-16-le") not in held, (office.name, words)
            for raw in (circle, bytes.fromhex(self.first), bytes.fromhex(self.objection)):
                assert raw not in held, (office.name, raw.hex())
        assert circle in files(self["ohchr"].home)
        t.show(self["gov-xa"], "consult", "show", S, status=3)
        t.show(self["gov-xa"], "inbox", status=0)
        t.show(self["gov-xa"], "group")
        # Nor did the others of the circle hear what stayed inside the IOM.
        for office in self.invited:
            said = office.text("notes", S)
            for words in self.inner[1:]:
                assert (words in said) == (office.participant == "iom"), (office.name, words)

    def run(self):
        try:
            for step in (self.found, self.draft, self.translations, self.round_one, self.internal_round, self.replies,
                         self.first_matrix, self.revision, self.round_two, self.silence, self.settled, self.the_same,
                         self.nothing_outside):
                began = time.monotonic()
                step()
                print(f"   {step.__name__}: {time.monotonic() - began:.1f} s", flush=True)
        finally:
            self.clock.stop()


def files(home):
    held = b""
    for folder_, _, names in os.walk(home):
        for name in names:
            with open(os.path.join(folder_, name), "rb") as f:
                held += f.read()
    return held
