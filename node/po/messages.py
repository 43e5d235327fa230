#!/usr/bin/env python3
"""The texts that people read, found in the sources, against their French: python3 node/po/messages.py COMMAND SOURCE

check     names each text without French, each French text that is fuzzy or no longer used, each that takes other arguments,
          and each sentence in the sources that is no text of the program's and of no other known kind; exit status 1
missing   prints what has no French, in the form of fr.po
update    adds those to fr.po with an empty msgstr, and takes out what is no longer used

A sentence is a literal with two words side by side, or with one where something is printed (PRINTING). Of another kind are
assertions, SQL, the names and examples of commands, and what stands in OTHERS.

A text is what stands as a literal at the place of a text in a call (CALLS), in a row of a table (TABLES), after .help =,
.details = in the table of commands, or in _(), N_() and text_n(). So whoever writes a message writes it as ever, and adds its
French to fr.po; nothing else is to be marked.
"""
import glob
import os
import re
import sys

# function: numbers of the arguments that are texts
CALLS = {
    "_": (1,), "N_": (1,), "text_tr": (1,),
    "gmm_fail": (3,), "call_say": (2,), "call_progress": (2,), "call_fail": (3, 4), "call_fail_choices": (3, 4),
    "call_error": (4, 5), "reply_fail": (4,), "render_line": (2,), "render_field": (2,), "render_word": (2,),
    "log_info": (1,), "log_warning": (1,), "set_error": (5, 6), "show_failure": (3, 4), "refuse": (4, 5),
    "printer_say": (2,), "warn": (2,), "add_check": (2, 4, 5), "store_fault_as": (3,), "peer_close": (3,), "caveat": (2,), "chunk_fault": (3,), "text_field": (3,),
    "number_field": (3,), "names_render": (2,), "time_line": (2,), "time_field": (2,), "count_line": (2,),
    "cmd_history_readers_render": (2,), "sync_end": (4,), "fail": (4,), "failure": (2, 3),
}
# the element type of a table of rows {…}: numbers of the columns that are texts
# function of one file: the same
OWN_CALLS = {
    "node/config.c": {"fault": (3, 5)}, "node/verify.c": {"fault": (4,)}, "node/store_check.c": {"fault": (4,)},
    "node/proven.c": {"fault": (4,)},
}
# what prints: the numbers of the arguments that would be seen
PRINTING = {"fputs": (1,), "puts": (1,), "printf": (1,), "fprintf": (2,), "write_clause": (1,)}
ASSERTIONS = ("_Static_assert", "static_assert", "assert", "abort_with")
SQL = re.compile(r"\b(?:SELECT|INSERT|CREATE|UPDATE|DELETE|DROP|PRAGMA|ALTER|FROM|WHERE|IS NULL|BEGIN|LIMIT|AND \?\d)")
# what no reader's language changes: (file, how it begins, or "" for all of the file), and why
OTHERS = {
    ("proto/authority.c", ""): "the rules as the documents have them, compared by a test",
    ("node/completion.c", ""): "scripts",
    ("node/next.c", "gmm "): "commands to type",
    ("node/matrix_text.c", "<"): "HTML", ("node/matrix_text.c", "</"): "HTML",
    ("node/matrix_text.c", "proposed text"): "a column that is read back",
    ("node/plaintext.c", "<!doctype"): "HTML",
    ("node/founding.c", ";"): "gmm.conf as init writes it",
    ("node/daemon.c", "listening on"): "what programs wait for (docs/cli.md)", ("node/daemon.c", "ready"): "the same",
    ("node/printer.c", "gmm: "): "the program's name", ("node/help.c", "gmm %s"): "the program's name",
    ("node/help.c", " [OPTION"): "an option's name",
    ("node/store_check.c", "fork proof"): "a kind in the JSON of verify",
    ("keys/secret.c", "secret_free of"): "said as the program aborts",
    ("keys/selftest.c", ""): "a test vector",
}
TABLES = {"render_column": (1,), "command_param": (5,), "args_global": (3,), "exit_words": (3,)}
FIELDS = ("help", "details")
TOKEN = re.compile(r"""(?P<space>\s+|/\*.*?\*/|//[^\n]*|\\\n)|(?P<string>(?:u8)?"(?:[^"\\]|\\.)*")|(?P<char>'(?:[^'\\]|\\.)*')
|(?P<word>[A-Za-z_]\w*)|(?P<other>[0-9][\w.]*|.)""", re.S | re.X)
CONVERSION = re.compile(r"%(?:%|[-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?:hh|h|ll|l|j|z|t)?[diouxXcsfeEgGp])")
ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "r": "\r", "'": "'"}


def unquote(literal):
    text = literal[literal.index('"') + 1:-1]

    def one(found):
        body = found.group(1)
        if body[0] in "uU":
            return chr(int(body[1:], 16))
        if body[0] == "x":
            return chr(int(body[1:], 16))
        if body[0].isdigit():
            return chr(int(body, 8))
        return ESCAPES[body]
    return re.sub(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]+|[0-7]{1,3}|.)", one, text)


def tokens_of(path):
    """[(kind, text, line)]; neighbouring strings are one; lines of the preprocessor but #define are left out."""
    with open(path, encoding="utf-8") as file:
        source = file.read()
    out, line = [], 1
    source = re.sub(r"(?m)^[ \t]*#[ \t]*(?:include|if|ifdef|ifndef|else|elif|endif|undef|error|pragma)\b[^\n]*",
                    lambda m: re.sub(r"[^\n]", " ", m.group()), source)
    for found in TOKEN.finditer(source):
        kind, text = found.lastgroup, found.group()
        if kind == "string":
            value = unquote(text)
            if out and out[-1][0] == "string":
                out[-1] = ("string", out[-1][1] + value, out[-1][2])
            else:
                out.append(("string", value, line))
        elif kind != "space":
            out.append((kind, text, line))
        line += text.count("\n")
    return out


def split(tokens, start):
    """The parts between the commas of what begins with the bracket at start; the index behind its end."""
    depth, parts, at = 0, [[]], start
    while at < len(tokens):
        kind, text, _ = tokens[at]
        if kind == "other" and text in "([{":
            depth += 1
            if depth > 1:
                parts[-1].append(tokens[at])
        elif kind == "other" and text in ")]}":
            depth -= 1
            if depth == 0:
                return parts, at + 1
            parts[-1].append(tokens[at])
        elif depth == 1 and (kind, text) == ("other", ","):
            parts.append([])
        else:
            parts[-1].append(tokens[at])
        at += 1
    return parts, at


def own_strings(part):
    """The literals that a part can be: not those inside a call or an index, and not what a condition compares."""
    depth, out = 0, []
    question = max((i for i, t in enumerate(part) if t[:2] == ("other", "?")), default=None)
    first = next((i for i, t in enumerate(part) if t[:2] == ("other", "?")), None)
    for i, (kind, text, line) in enumerate(part):
        if kind == "other" and text in "([{":
            inside_call = text == "[" or (i > 0 and part[i - 1][0] == "word")
            depth += 1 if inside_call or depth else 0
        elif kind == "other" and text in ")]}" and depth:
            depth -= 1
        elif kind == "string" and not depth and (first is None or i > first or question is None):
            out.append((text, line))
    return out


def texts_of(path):
    """[(one, many or None, line)]"""
    tokens, out, table = tokens_of(path), [], None
    calls = {**CALLS, **OWN_CALLS.get("/".join(path.split("/")[-2:]), {})}
    for at, (kind, text, line) in enumerate(tokens):
        following = tokens[at + 1][:2] if at + 1 < len(tokens) else None
        places = calls.get(text) if kind == "word" and following == ("other", "(") else None
        if places is not None:
            parts, _ = split(tokens, at + 1)
            for number in places:
                if number <= len(parts):
                    out += [(s, None, n) for s, n in own_strings(parts[number - 1])]
        elif kind == "word" and text == "text_n" and following == ("other", "("):
            parts, _ = split(tokens, at + 1)
            if len(parts) == 3 and own_strings(parts[0]):
                out.append((own_strings(parts[0])[0][0], own_strings(parts[1])[0][0], line))
        elif kind == "word" and text == "GMM_ERRORS" and path.endswith("error.h"):
            table = "X"
        elif table == "X" and kind == "word" and text == "X" and following == ("other", "("):
            parts, _ = split(tokens, at + 1)
            if len(parts) == 3:
                out += [(s, None, n) for s, n in own_strings(parts[2])]
        elif kind == "word" and text in TABLES:
            end = at
            while end < len(tokens) and tokens[end][1] not in ("{", ";", ")", "("):
                end += 1
            if end < len(tokens) and tokens[end][1] == "{" and tokens[end - 1][:2] == ("other", "="):
                rows, _ = split(tokens, end)
                for row in rows:
                    if not row or row[0][1] != "{":
                        continue
                    cells, _ = split(row, 0)
                    for number in TABLES[text]:
                        if number <= len(cells):
                            out += [(s, None, n) for s, n in own_strings(cells[number - 1])]
        elif (kind == "word" and text in FIELDS and at > 0 and tokens[at - 1][1] == "." and following == ("other", "=")
              and tokens[at + 2][0] == "string"):
            out.append((tokens[at + 2][1], None, line))
    return out


def sources(root):
    return sorted(p for folder in ("keys", "proto", "node") for p in glob.glob(f"{root}/{folder}/*.[ch]"))


def has_words(text):
    """Worth a translation: a letter stands outside of its conversions."""
    return re.search(r"[A-Za-z]", CONVERSION.sub("", text)) is not None


def extract(root):
    """{(one, many): [places]}"""
    found = {}
    for path in sources(root):
        for one, many, line in texts_of(path):
            if has_words(one):
                found.setdefault((one, many), []).append(f"{os.path.relpath(path, root)}:{line}")
    return found


def quote(text):
    body = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("\n", "\\n")
    return f'"{body}"'


def read_po(path):
    """[{context, one, many, forms, flags}] without the header."""
    entries, entry, field = [], None, None
    with open(path, encoding="utf-8") as file:
        for line in file.read().split("\n") + [""]:
            found = re.match(r'(msgctxt|msgid_plural|msgid|msgstr)(?:\[(\d)\])? (".*")$', line)
            if line.startswith("#,") or (found and found.group(1) in ("msgctxt", "msgid")):
                if entry is None or "one" in entry and not (found and found.group(1) == "msgid" and field == "context"):
                    entry = {"context": None, "many": None, "forms": {}, "flags": ""}
                    entries.append(entry)
            if line.startswith("#,"):
                entry["flags"] += line[2:]
            elif found:
                name = {"msgctxt": "context", "msgid": "one", "msgid_plural": "many"}.get(found.group(1))
                field = name or int(found.group(2) or 0)
                if name:
                    entry[field] = unquote(found.group(3))
                else:
                    entry["forms"][field] = unquote(found.group(3))
            elif line.startswith('"'):
                if isinstance(field, int):
                    entry["forms"][field] += unquote(line)
                else:
                    entry[field] += unquote(line)
    return [e for e in entries if e.get("one")]


def po_entry(one, many, forms=(), context=None):
    lines = []
    if CONVERSION.search(one) or CONVERSION.search(many or ""):
        lines.append("#, c-format")
    if context:
        lines.append(f"msgctxt {quote(context)}")
    lines.append(f"msgid {quote(one)}")
    if many is None:
        lines.append(f"msgstr {quote(forms[0] if forms else '')}")
    else:
        lines.append(f"msgid_plural {quote(many)}")
        lines += [f"msgstr[{i}] {quote(forms[i] if i < len(forms) else '')}" for i in range(2)]
    return "\n".join(lines) + "\n"


def arguments(text):
    return [c[-1] if c[-1] != "s" else "s" for c in CONVERSION.findall(text) if c != "%%"]


def command_names(root):
    found = set()
    for path in glob.glob(f"{root}/node/cmd_*.c"):
        tokens = tokens_of(path)
        found |= {tokens[i + 2][1] for i in range(len(tokens) - 2)
                  if tokens[i][:2] == ("word", "name") and tokens[i + 1][1] == "=" and tokens[i + 2][0] == "string"}
    return found


def is_other(path, text):
    return any(path == file and text.startswith(begin) for file, begin in OTHERS)


def enclosing_calls(tokens):
    """For each token the names of the calls that it stands in, the innermost last."""
    out, open_now = [], []
    for at, (kind, text, _) in enumerate(tokens):
        if kind == "other" and text in "([{":
            open_now.append(tokens[at - 1][1] if text == "(" and at > 0 and tokens[at - 1][0] == "word" else "")
        elif kind == "other" and text in ")]}" and open_now:
            open_now.pop()
        out.append(tuple(open_now))
    return out


def unmarked(root, texts):
    """[(place, literal)]: what readers would see in English whatever their language."""
    known = {part for pair in texts for part in pair if part} | command_names(root)
    out = []
    for path in sources(root):
        file, tokens = os.path.relpath(path, root), tokens_of(path)
        calls = enclosing_calls(tokens)
        printed = set()
        for at, (kind, text, _) in enumerate(tokens):
            if kind == "word" and text in PRINTING and at + 1 < len(tokens) and tokens[at + 1][1] == "(" and file.startswith("node/"):
                parts, _ = split(tokens, at + 1)
                printed |= {s for n in PRINTING[text] if n <= len(parts) for s, _ in own_strings(parts[n - 1])}
        for at, (kind, text, line) in enumerate(tokens):
            if kind != "string" or text in known or is_other(file, text) or SQL.search(text):
                continue
            bare = CONVERSION.sub("", text)
            is_sentence = re.search(r"[A-Za-z]{2,},? [A-Za-z]{2,}", bare)
            is_printed = text in printed and re.search(r"[A-Za-z]{2,}", bare)
            example = at > 1 and tokens[at - 1][1] == "=" and tokens[at - 2][1] == "example"
            if (is_sentence or is_printed) and not example and not set(calls[at]) & set(ASSERTIONS):
                out.append((f"{file}:{line}", text))
    return out


def words(root):
    """The program's words: what node/po/words.txt lists, one a line."""
    with open(f"{root}/node/po/words.txt", encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip() and not line.startswith("#")]


def main():
    command, root = sys.argv[1], sys.argv[2]
    texts = {("word", word): (word, None) for word in words(root)}
    places = {}
    for (one, many), where in extract(root).items():
        if (None, one) in texts and texts[(None, one)][1] is None:
            texts[(None, one)] = (one, many)
        texts.setdefault((None, one), (one, many))
        places[(None, one)] = where[0]
    held = {(e["context"], e["one"]): e for e in read_po(f"{root}/node/po/fr.po")}
    missing = [k for k in texts if k not in held or not held[k]["forms"] or not all(held[k]["forms"].values())]
    missing += [k for k in texts if k not in missing and texts[k][1] != held[k]["many"]]
    if command == "missing":
        for key in missing:
            print(po_entry(*texts[key], context=key[0]))
        return 0
    if command == "update":
        with open(f"{root}/node/po/fr.po", encoding="utf-8") as file:
            head = file.read().split("\n\n")[0]
        entries = [head + "\n"]
        for key in texts:
            e = held.get(key)
            forms = [e["forms"][i] for i in sorted(e["forms"])] if e and e["many"] == texts[key][1] else ()
            entries.append(po_entry(*texts[key], forms, key[0]))
        with open(f"{root}/node/po/fr.po", "w", encoding="utf-8") as file:
            file.write("\n".join(entries))
        print(f"{len(texts)} texts, {len(missing)} without French")
        return 0
    faults = [f"{places.get(k, 'node/po/words.txt')}: no French for {quote(k[1])}" for k in missing]
    faults += [f"{where}: no text of the program's: {quote(text)}" for where, text in unmarked(root, texts.values())]
    for key, e in held.items():
        if key not in texts:
            faults.append(f"node/po/fr.po: no longer used: {quote(key[1])}")
        if "fuzzy" in e["flags"]:
            faults.append(f"node/po/fr.po: fuzzy: {quote(key[1])}")
        for form in e["forms"].values():
            if form and sorted(arguments(form)) != sorted(arguments(e["many"] or e["one"])):
                faults.append(f"node/po/fr.po: other arguments than in {quote(key[1])}")
    for fault in faults:
        print(fault)
    print(f"{len(texts)} texts, {len(missing)} without French")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
