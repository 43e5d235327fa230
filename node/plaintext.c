#include "node/plaintext.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "node/utf8.h"

#define BOM "\xef\xbb\xbf"

bool plaintext_is_text(const void *bytes, size_t len)
{
    return len <= PLAINTEXT_MAX && (len == 0 || memchr(bytes, '\0', len) == NULL) && bytes_is_utf8(bytes, len);
}

struct html {
    const char *p;
    size_t len, at;
};

static bool at_word(const struct html *h, const char *word)
{
    size_t n = strlen(word);
    return h->len - h->at >= n && strncasecmp(h->p + h->at, word, n) == 0;
}

bool plaintext_is_html(const char *name, const void *bytes, size_t len)
{
    const char *text = bytes;
    struct html h = {text, len, 0};
    const char *dot = name == NULL ? NULL : strrchr(name, '.');
    if (dot != NULL &&
        (strcasecmp(dot, ".html") == 0 || strcasecmp(dot, ".htm") == 0 || strcasecmp(dot, ".xhtml") == 0))
        return true;
    while (h.at < len && isspace((unsigned char)text[h.at]))
        h.at++;
    return at_word(&h, "<!doctype html") || at_word(&h, "<html");
}

/* Moves behind this word, or to the end. */
static void skip_past(struct html *h, const char *word)
{
    while (h->at < h->len && !at_word(h, word))
        h->at++;
    h->at = h->at < h->len ? h->at + strlen(word) : h->len;
}

/* Elements inside of words; all others end one. */
static bool is_inline(const char *name)
{
    static const char *const names[] = {"a",   "abbr", "b",    "bdi", "bdo", "cite",  "code", "em",     "font",
                                        "i",   "kbd",  "mark", "q",   "s",   "small", "span", "strong", "sub",
                                        "sup", "tt",   "u",    "var", "wbr", "ins",   "del"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* Stands at "<": passes over the tag, and over what a script or a style sheet holds. */
static void skip_tag(struct buffer *out, struct html *h)
{
    char name[16];
    size_t n = 0, i = h->at + 1;
    if (at_word(h, "<!--")) {
        skip_past(h, "-->");
        return;
    }
    bool closing = i < h->len && h->p[i] == '/';
    for (i += closing; i < h->len && isalnum((unsigned char)h->p[i]) && n + 1 < sizeof name; i++)
        name[n++] = (char)tolower((unsigned char)h->p[i]);
    name[n] = '\0';
    for (char quote = '\0'; h->at < h->len; h->at++) {
        char c = h->p[h->at];
        if (quote == '\0' && c == '>')
            break;
        if (c == '"' || c == '\'')
            quote = quote == '\0' ? c : quote == c ? '\0' : quote;
    }
    h->at += h->at < h->len;
    bool script = strcmp(name, "script") == 0;
    if (!closing && (script || strcmp(name, "style") == 0)) {
        skip_past(h, script ? "</script" : "</style");
        skip_past(h, ">");
    }
    if (!is_inline(name))
        buffer_put_u8(out, strcmp(name, "p") == 0 || strcmp(name, "br") == 0 ? '\n' : ' ');
}

/* Names of U+00A0 to U+00FF, in their order; then the few others that texts of offices hold. */
static const char *const latin_names[96] = {
    "nbsp",   "iexcl",  "cent",   "pound",  "curren", "yen",    "brvbar", "sect",   "uml",    "copy",   "ordf",
    "laquo",  "not",    "shy",    "reg",    "macr",   "deg",    "plusmn", "sup2",   "sup3",   "acute",  "micro",
    "para",   "middot", "cedil",  "sup1",   "ordm",   "raquo",  "frac14", "frac12", "frac34", "iquest", "Agrave",
    "Aacute", "Acirc",  "Atilde", "Auml",   "Aring",  "AElig",  "Ccedil", "Egrave", "Eacute", "Ecirc",  "Euml",
    "Igrave", "Iacute", "Icirc",  "Iuml",   "ETH",    "Ntilde", "Ograve", "Oacute", "Ocirc",  "Otilde", "Ouml",
    "times",  "Oslash", "Ugrave", "Uacute", "Ucirc",  "Uuml",   "Yacute", "THORN",  "szlig",  "agrave", "aacute",
    "acirc",  "atilde", "auml",   "aring",  "aelig",  "ccedil", "egrave", "eacute", "ecirc",  "euml",   "igrave",
    "iacute", "icirc",  "iuml",   "eth",    "ntilde", "ograve", "oacute", "ocirc",  "otilde", "ouml",   "divide",
    "oslash", "ugrave", "uacute", "ucirc",  "uuml",   "yacute", "thorn",  "yuml"};
static const struct {
    const char *name;
    int32_t c;
} other_names[] = {{"amp", '&'},      {"lt", '<'},       {"gt", '>'},       {"quot", '"'},      {"apos", '\''},
                   {"oelig", 0x153},  {"OElig", 0x152},  {"rsquo", 0x2019}, {"lsquo", 0x2018},  {"ldquo", 0x201c},
                   {"rdquo", 0x201d}, {"ndash", 0x2013}, {"mdash", 0x2014}, {"hellip", 0x2026}, {"euro", 0x20ac}};

static int32_t named(const char *name)
{
    for (size_t i = 0; i < sizeof latin_names / sizeof latin_names[0]; i++)
        if (strcmp(latin_names[i], name) == 0)
            return (int32_t)(0xa0 + i);
    for (size_t i = 0; i < sizeof other_names / sizeof other_names[0]; i++)
        if (strcmp(other_names[i].name, name) == 0)
            return other_names[i].c;
    return -1;
}

static int32_t numbered(const char *digits)
{
    bool hex = digits[0] == 'x' || digits[0] == 'X';
    char *end;
    if (!isxdigit((unsigned char)digits[hex]))
        return -1;
    unsigned long c = strtoul(digits + hex, &end, hex ? 16 : 10);
    return *end != '\0' || c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? -1 : (int32_t)c;
}

/* Stands at "&": a character reference becomes its character, anything else stays. */
static void put_reference(struct buffer *out, struct html *h)
{
    char name[16], utf8[UTF8_BYTES_MAX];
    size_t n = 0;
    while (h->at + 1 + n < h->len && n + 1 < sizeof name &&
           (isalnum((unsigned char)h->p[h->at + 1 + n]) || h->p[h->at + 1 + n] == '#')) {
        name[n] = h->p[h->at + 1 + n];
        n++;
    }
    name[n] = '\0';
    int32_t c = name[0] == '#' ? numbered(name + 1) : named(name);
    if (c < 0 || h->at + 1 + n >= h->len || h->p[h->at + 1 + n] != ';') {
        buffer_put_u8(out, '&');
        h->at++;
        return;
    }
    buffer_put(out, utf8, utf8_put(utf8, c));
    h->at += n + 2;
}

static void put_html(struct buffer *out, const char *text, size_t len)
{
    struct html h = {text, len, 0};
    while (h.at < h.len) {
        char c = h.p[h.at];
        bool tag = c == '<' && h.at + 1 < h.len &&
                   (isalpha((unsigned char)h.p[h.at + 1]) || strchr("/!?", h.p[h.at + 1]) != NULL);
        if (tag) {
            skip_tag(out, &h);
        } else if (c == '&') {
            put_reference(out, &h);
        } else {
            buffer_put_u8(out, (uint8_t)c);
            h.at++;
        }
    }
}

enum gmm_err plaintext_append(struct buffer *out, const char *name, const void *bytes, size_t len)
{
    const char *text = bytes;
    if (!plaintext_is_text(bytes, len))
        return GMM_OK;
    if (len >= 3 && memcmp(text, BOM, 3) == 0) {
        text += 3;
        len -= 3;
    }
    if (plaintext_is_html(name, text, len))
        put_html(out, text, len);
    else if (len > 0)
        buffer_put(out, text, len);
    return out->failed;
}
