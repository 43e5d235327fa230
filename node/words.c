#include "node/words.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>

#include "node/utf8.h"

#define UNIT_MAX (WORDS_TOKEN_BYTES / 4) /* code points of a word that count */
#define CLUSTER_MAX (UNIT_MAX / 2)       /* of a cluster: two make one token */
#define DECOMPOSED_MAX 32                /* UTF-16 units of one code point: U+FDFA has 18 */

/* What is being read: letters with their marks. */
enum unit_kind { UNIT_NONE, UNIT_WORD, UNIT_CLUSTER };
struct unit {
    enum unit_kind kind;
    bool strip; /* marks of the last letter fall away */
    size_t count;
    UChar32 points[UNIT_MAX];
    size_t start, end;
};

struct token {
    char p[WORDS_TOKEN_BYTES];
    size_t len, start, end;
};

struct words {
    const UNormalizer2 *fold;
    UBreakIterator *breaks;
};

struct scan {
    struct words *w;
    enum words_mode mode;
    words_fn *fn;
    void *arg;
    int stopped;
    struct unit unit;
    struct token before; /* the last cluster of the run */
    size_t run;          /* clusters in the run so far */
    bool owed;           /* `before` takes its position if anything follows */
    unsigned line_breaks;
};

struct words *words_new(void)
{
    UErrorCode err = U_ZERO_ERROR;
    struct words *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->fold = unorm2_getNFKCCasefoldInstance(&err);
    w->breaks = ubrk_open(UBRK_WORD, "", NULL, 0, &err);
    if (U_FAILURE(err)) {
        words_free(w);
        return NULL;
    }
    return w;
}

void words_free(struct words *w)
{
    if (w == NULL)
        return;
    if (w->breaks != NULL)
        ubrk_close(w->breaks);
    free(w);
}

/* Letters that a decomposition leaves apart, and that people who lack the key type otherwise. */
static const struct {
    UChar32 from;
    const char *to; /* ASCII */
} latin[] = {
    {0x00e6, "ae"}, {0x00f0, "d"},  {0x00f8, "o"}, {0x00fe, "th"}, {0x0111, "d"}, {0x0127, "h"}, {0x0131, "i"},
    {0x0142, "l"},  {0x0153, "oe"}, {0x0167, "t"}, {0x0180, "b"},  {0x0199, "k"}, {0x01b4, "y"}, {0x0253, "b"},
    {0x0254, "o"},  {0x0257, "d"},  {0x025b, "e"}, {0x0268, "i"},  {0x0289, "u"},
};

static const char *latin_letters(UChar32 c)
{
    if (c < 0x00e6 || c > 0x0289)
        return NULL;
    for (size_t i = 0; i < sizeof latin / sizeof *latin; i++)
        if (latin[i].from == c)
            return latin[i].to;
    return NULL;
}

/* Arabic letters that keyboards and languages write in several ways. The marked alefs are gone with their marks. */
static UChar32 arabic_letter(UChar32 c)
{
    switch (c) {
    case 0x0671: /* alef wasla */
        return 0x0627;
    case 0x0649: /* alef maqsura */
    case 0x06cc: /* Farsi yeh */
        return 0x064a;
    case 0x0629: /* teh marbuta */
    case 0x06c1: /* heh goal */
    case 0x06c3: /* teh marbuta goal */
    case 0x06d5: /* ae */
        return 0x0647;
    case 0x06a9: /* keheh */
        return 0x0643;
    default:
        return c;
    }
}

static UScriptCode script_of(UChar32 c)
{
    UErrorCode err = U_ZERO_ERROR;
    UScriptCode script = uscript_getScript(c, &err);
    /* the sign for a long vowel serves both kana */
    if (script == USCRIPT_COMMON && uscript_hasScript(c, USCRIPT_KATAKANA))
        script = USCRIPT_KATAKANA;
    return script;
}

static bool script_has_no_spaces(UScriptCode script)
{
    static const UScriptCode scripts[] = {USCRIPT_HAN, USCRIPT_HIRAGANA, USCRIPT_KATAKANA, USCRIPT_THAI,
                                          USCRIPT_LAO, USCRIPT_KHMER,    USCRIPT_MYANMAR,  USCRIPT_TIBETAN};
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        if (scripts[i] == script)
            return true;
    return false;
}

static bool script_strips_marks(UScriptCode script)
{
    static const UScriptCode scripts[] = {USCRIPT_LATIN,  USCRIPT_GREEK,  USCRIPT_CYRILLIC, USCRIPT_ARABIC,
                                          USCRIPT_HEBREW, USCRIPT_SYRIAC, USCRIPT_COMMON,   USCRIPT_INHERITED};
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        if (scripts[i] == script)
            return true;
    return false;
}

static void give(struct scan *s, const struct words_token *token)
{
    if (s->stopped == 0)
        s->stopped = s->fn(s->arg, token);
}

static void give_token(struct scan *s, const struct token *t, bool colocated)
{
    struct words_token token = {.p = t->p, .len = t->len, .start = t->start, .end = t->end, .colocated = colocated};
    give(s, &token);
}

/* In a query the end of a run takes a position only when something stands behind it. */
static void give_owed(struct scan *s)
{
    if (s->owed)
        give_token(s, &s->before, false);
    s->owed = false;
}

static void token_make(struct token *t, const struct unit *unit, size_t from, size_t to)
{
    t->len = 0;
    for (size_t i = from; i < to; i++)
        t->len += utf8_put(t->p + t->len, unit->points[i]);
    t->start = unit->start;
    t->end = unit->end;
}

static void give_word(struct scan *s, size_t from, size_t to)
{
    struct token t;
    token_make(&t, &s->unit, from, to);
    give_owed(s);
    give_token(s, &t, false);
}

/* The word's UTF-16, and which code point each unit belongs to. */
static size_t word_utf16(const struct unit *unit, UChar units[2 * UNIT_MAX], uint8_t point_of[2 * UNIT_MAX + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < unit->count; i++) {
        uint32_t c = (uint32_t)unit->points[i];
        point_of[n] = (uint8_t)i;
        if (c < 0x10000) {
            units[n++] = (UChar)c;
            continue;
        }
        units[n++] = (UChar)(0xd7c0 + (c >> 10));
        point_of[n] = (uint8_t)i;
        units[n++] = (UChar)(0xdc00 + (c & 0x3ff));
    }
    point_of[n] = (uint8_t)unit->count;
    return n;
}

static void word_cut(struct scan *s)
{
    UChar units[2 * UNIT_MAX];
    uint8_t point_of[2 * UNIT_MAX + 1];
    UErrorCode err = U_ZERO_ERROR;
    size_t n = word_utf16(&s->unit, units, point_of), from = 0;
    ubrk_setText(s->w->breaks, units, (int32_t)n, &err);
    if (U_FAILURE(err)) {
        give_word(s, 0, s->unit.count);
        return;
    }
    for (int32_t at = ubrk_next(s->w->breaks); at != UBRK_DONE; at = ubrk_next(s->w->breaks)) {
        size_t to = point_of[at];
        if (to > from)
            give_word(s, from, to);
        from = to;
    }
}

static void word_end(struct scan *s)
{
    bool ascii = true;
    for (size_t i = 0; i < s->unit.count; i++)
        ascii = ascii && s->unit.points[i] < 0x80;
    if (ascii) /* no rule cuts between ASCII letters and digits */
        give_word(s, 0, s->unit.count);
    else
        word_cut(s);
}

static void cluster_end(struct scan *s)
{
    struct token cluster, pair;
    token_make(&cluster, &s->unit, 0, s->unit.count);
    if (s->run == 0)
        give_owed(s);
    else {
        pair = s->before;
        memcpy(pair.p + pair.len, cluster.p, cluster.len);
        pair.len += cluster.len;
        pair.end = cluster.end;
        if (s->mode == WORDS_DOCUMENT)
            give_token(s, &s->before, false);
        give_token(s, &pair, s->mode == WORDS_DOCUMENT);
    }
    s->before = cluster;
    s->run++;
}

static void unit_end(struct scan *s)
{
    switch (s->unit.kind) {
    case UNIT_WORD:
        word_end(s);
        break;
    case UNIT_CLUSTER:
        cluster_end(s);
        break;
    case UNIT_NONE:
        break;
    }
    s->unit.kind = UNIT_NONE;
}

static void run_end(struct scan *s)
{
    if (s->run == 0)
        return;
    if (s->mode == WORDS_DOCUMENT || s->run == 1)
        give_token(s, &s->before, false);
    else
        s->owed = true;
    s->run = 0;
}

/* Anything that is neither letter nor mark. Lines of one paragraph may be cut inside a word where there are no spaces.
 */
static void put_other(struct scan *s, UChar32 c)
{
    unit_end(s);
    if (c == '\n')
        s->line_breaks++;
    if ((c != '\n' && c != '\r') || s->line_breaks > 1)
        run_end(s);
}

static void put_letter(struct scan *s, UChar32 c, UScriptCode script, size_t start, size_t end)
{
    struct unit *unit = &s->unit;
    enum unit_kind kind = script_has_no_spaces(script) ? UNIT_CLUSTER : UNIT_WORD;
    if (kind == UNIT_CLUSTER || unit->kind != kind)
        unit_end(s);
    if (kind == UNIT_WORD)
        run_end(s);
    if (unit->kind == UNIT_NONE) {
        unit->kind = kind;
        unit->count = 0;
        unit->start = start;
        s->line_breaks = 0;
    }
    unit->strip = script_strips_marks(script);
    unit->end = end;
    if (unit->count < UNIT_MAX)
        unit->points[unit->count++] = c;
}

/* Kept marks stand in canonical order: by combining class, those of one class as they came. */
static void put_mark(struct scan *s, UChar32 c, int8_t type, size_t end)
{
    struct unit *unit = &s->unit;
    if (unit->kind == UNIT_NONE)
        return;
    unit->end = end;
    if (type == U_ENCLOSING_MARK || (type == U_NON_SPACING_MARK && unit->strip))
        return;
    if (unit->count == (unit->kind == UNIT_CLUSTER ? CLUSTER_MAX : UNIT_MAX))
        return;
    uint8_t order = u_getCombiningClass(c);
    size_t at = unit->count++;
    for (; order != 0 && u_getCombiningClass(unit->points[at - 1]) > order; at--)
        unit->points[at] = unit->points[at - 1];
    unit->points[at] = c;
}

/* Modifier letters that are typed as apostrophes, and the stroke that only stretches an Arabic word. */
static bool is_apostrophe(UChar32 c)
{
    return c == 0x02bb || c == 0x02bc;
}
static bool is_tatweel(UChar32 c)
{
    return c == 0x0640;
}

static void put_word_letter(struct scan *s, UChar32 c, size_t start, size_t end)
{
    const char *ascii = latin_letters(c);
    if (ascii == NULL) {
        c = arabic_letter(c);
        put_letter(s, c, script_of(c), start, end);
        return;
    }
    for (; *ascii != '\0'; ascii++)
        put_letter(s, *ascii, USCRIPT_LATIN, start, end);
}

static void put_folded(struct scan *s, UChar32 c, size_t start, size_t end)
{
    int8_t type = u_charType(c);
    switch (type) {
    case U_NON_SPACING_MARK:
    case U_COMBINING_SPACING_MARK:
    case U_ENCLOSING_MARK:
        put_mark(s, c, type, end);
        break;
    case U_DECIMAL_DIGIT_NUMBER:
        put_letter(s, '0' + u_charDigitValue(c), USCRIPT_COMMON, start, end);
        break;
    case U_UPPERCASE_LETTER:
    case U_LOWERCASE_LETTER:
    case U_TITLECASE_LETTER:
    case U_MODIFIER_LETTER:
    case U_OTHER_LETTER:
    case U_LETTER_NUMBER:
    case U_OTHER_NUMBER:
        if (is_apostrophe(c))
            put_other(s, c);
        else if (!is_tatweel(c))
            put_word_letter(s, c, start, end);
        break;
    default:
        put_other(s, c);
    }
}

static void put_ascii(struct scan *s, UChar32 c, size_t at)
{
    if (c >= 'A' && c <= 'Z')
        c += 'a' - 'A';
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
        put_letter(s, c, USCRIPT_LATIN, at, at + 1);
    else
        put_other(s, c);
}

static void put_point(struct scan *s, UChar32 c, size_t start, size_t end)
{
    UChar folded[DECOMPOSED_MAX];
    UErrorCode err = U_ZERO_ERROR;
    int32_t n = unorm2_getDecomposition(s->w->fold, c, folded, DECOMPOSED_MAX, &err);
    if (n < 0 || U_FAILURE(err)) {
        put_folded(s, c, start, end);
        return;
    }
    for (int32_t i = 0; i < n; i++) {
        UChar32 point = folded[i];
        if ((point & 0xfc00) == 0xd800 && i + 1 < n)
            point = 0x10000 + ((point & 0x3ff) << 10) + (folded[++i] & 0x3ff);
        put_folded(s, point, start, end);
    }
}

int words_scan(struct words *w, enum words_mode mode, const char *text, size_t len, words_fn *fn, void *arg)
{
    struct scan s = {.w = w, .mode = mode, .fn = fn, .arg = arg};
    for (size_t at = 0; at < len && s.stopped == 0;) {
        size_t start = at;
        UChar32 c = utf8_next(text, len, &at);
        if (c < 0)
            put_other(&s, c);
        else if (c < 0x80)
            put_ascii(&s, c, start);
        else
            put_point(&s, c, start, at);
    }
    unit_end(&s);
    run_end(&s);
    return s.stopped;
}

bool words_typed(const char *text, size_t len, size_t *at, const char **word, size_t *word_len)
{
    size_t start = 0, end = 0;
    bool inside = false;
    while (*at < len) {
        size_t before = *at;
        UChar32 c = utf8_next(text, len, at);
        bool space = c >= 0 && u_isUWhiteSpace(c);
        if (space && inside)
            break;
        if (space)
            continue;
        if (!inside)
            start = before;
        inside = true;
        end = *at;
    }
    *word = text + start;
    *word_len = end - start;
    return inside;
}
