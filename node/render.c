#include "node/render.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "node/lang.h"
#include "node/localtime.h"
#include "node/times.h"
#include "node/utf8.h"

/* What a terminal might act on or hide: controls, format characters (bidirectional ones among them), line and paragraph
 * separators, invisible fillers. */
bool render_is_harmful(int32_t c)
{
    switch (u_charType(c)) {
    case U_CONTROL_CHAR:
    case U_FORMAT_CHAR:
    case U_LINE_SEPARATOR:
    case U_PARAGRAPH_SEPARATOR:
    case U_SURROGATE:
        return true;
    default:
        return u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT);
    }
}

/* The next character of text[0..len): how many bytes it takes; *c < 0 for a byte that is not UTF-8. */
static size_t next_character(const char *text, size_t len, UChar32 *c)
{
    int32_t i = 0, n = len < 8 ? (int32_t)len : 8;
    U8_NEXT((const uint8_t *)text, i, n, *c);
    return *c < 0 ? 1 : (size_t)i;
}

/* Writes a character made harmless into out; returns its bytes. */
#define ESCAPE_BYTES 16
static size_t escape(char out[ESCAPE_BYTES], const char *text, size_t n, UChar32 c)
{
    if (c < 0 || (c < 0x100 && render_is_harmful(c)))
        return (size_t)snprintf(out, ESCAPE_BYTES, "\\x%02x", c < 0 ? (unsigned)(unsigned char)*text : (unsigned)c);
    if (render_is_harmful(c))
        return (size_t)snprintf(out, ESCAPE_BYTES, "\\u{%04x}", (unsigned)c);
    memcpy(out, text, n);
    return n;
}

static size_t character_width(UChar32 c)
{
    if (c < 0x300)
        return 1;
    int8_t type = u_charType(c);
    if (type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK)
        return 0;
    int32_t east = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
    return east == U_EA_FULLWIDTH || east == U_EA_WIDE ? 2 : 1;
}

void render_text_n(FILE *out, const char *text, size_t len)
{
    char safe[ESCAPE_BYTES];
    UChar32 c;
    for (size_t i = 0; i < len;) {
        size_t n = next_character(text + i, len - i, &c);
        (void)fwrite(safe, 1, escape(safe, text + i, n, c), out);
        i += n;
    }
}

void render_text(struct render *r, const char *text)
{
    render_text_n(r->out, text, strlen(text));
}

void render_block(struct render *r, unsigned indent, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n"), shown = len;
        if (shown > 0 && text[shown - 1] == '\r')
            shown--;
        fprintf(r->out, "%*s", (int)indent, "");
        render_text_n(r->out, text, shown);
        fputc('\n', r->out);
        text += len + (text[len] == '\n');
    }
}

void render_line(struct render *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(r->out, text_tr(format), args);
    va_end(args);
    fputc('\n', r->out);
}

void render_field(struct render *r, const char *label, const char *text)
{
    if (text == NULL)
        return;
    fprintf(r->out, _("%s: "), text_tr(label));
    render_text(r, text);
    fputc('\n', r->out);
}

void render_word(struct render *r, const char *label, const char *word)
{
    render_field(r, label, word != NULL ? lang_word(word) : NULL);
}

size_t render_capital(char out[8], const char *text)
{
    UChar32 c, capital;
    size_t n = next_character(text, strlen(text), &c), len;
    if (c <= 0 || (capital = u_toupper(c)) == c)
        return 0;
    len = utf8_put(out, capital);
    out[len] = '\0';
    return n;
}

size_t render_width(const char *text)
{
    size_t width = 0, len = strlen(text);
    char safe[ESCAPE_BYTES];
    UChar32 c;
    for (size_t i = 0; i < len;) {
        size_t n = next_character(text + i, len - i, &c);
        width += c < 0 || render_is_harmful(c) ? escape(safe, text + i, n, c) : character_width(c);
        i += n;
    }
    return width;
}

/* ---- tables ---- */

#define CELL_BYTES 160 /* of what is made here: numbers, times, short ids */
struct cell {
    const char *text;
    char own[CELL_BYTES];
    bool number;
};

static const json_t *member(const json_t *row, const char *path)
{
    char name[64];
    for (;;) {
        size_t len = strcspn(path, ".");
        if (len >= sizeof name)
            return NULL;
        memcpy(name, path, len);
        name[len] = '\0';
        row = json_object_get(row, name);
        if (path[len] == '\0')
            return row;
        path += len + 1;
    }
}

/* "2026-11-24 17:00 UTC" from "2026-11-24T17:00:00Z". */
static bool short_time(char out[CELL_BYTES], const char *text)
{
    if (strlen(text) < 20 || text[10] != 'T' || text[13] != ':')
        return false;
    snprintf(out, CELL_BYTES, "%.10s %.5s UTC", text, text + 11);
    return true;
}

/* The same, and beside it what it is where the reader lives. */
static bool both_times(char out[CELL_BYTES], const char *text)
{
    uint64_t ms;
    char local[LOCALTIME_BYTES];
    if (!short_time(out, text))
        return false;
    size_t len = strlen(out);
    if (times_parse(&ms, text, 0, NULL) == GMM_OK && localtime_text(ms, local)[0] != '\0')
        snprintf(out + len, CELL_BYTES - len, " (%s)", local);
    return true;
}

static void fill_cell(struct cell *cell, const json_t *row, const char *path)
{
    bool is_time = strncmp(path, "time:", 5) == 0, is_id = strncmp(path, "id:", 3) == 0;
    bool is_word = strncmp(path, "word:", 5) == 0, is_when = strncmp(path, "when:", 5) == 0;
    const json_t *value = member(row, path + (is_time || is_when || is_word ? 5 : is_id ? 3 : 0));
    const char *text = json_string_value(value);
    *cell = (struct cell){.text = "-"};
    if (json_is_integer(value)) {
        snprintf(cell->own, sizeof cell->own, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        cell->text = cell->own;
        cell->number = true;
    } else if (json_is_boolean(value))
        cell->text = lang_word(json_is_true(value) ? "yes" : "no");
    else if (text != NULL && is_id)
        cell->text = render_short_id(text, cell->own);
    else if (text != NULL && (is_when ? both_times(cell->own, text) : is_time && short_time(cell->own, text)))
        cell->text = cell->own;
    else if (text != NULL)
        cell->text = is_word ? lang_word(text) : text;
    else if (is_time && json_is_null(value))
        cell->text = lang_word("never");
}

/* Writes the cell in exactly `width` columns, cut with an ellipsis; the last column is not filled up. */
static void write_cell(FILE *out, const struct cell *cell, size_t width, bool last)
{
    size_t needed = render_width(cell->text), used = 0, len = strlen(cell->text);
    bool cut = needed > width;
    if (cell->number && !cut)
        fprintf(out, "%*s", (int)(width - needed), "");
    char safe[ESCAPE_BYTES];
    UChar32 c;
    for (size_t i = 0; i < len;) {
        size_t n = next_character(cell->text + i, len - i, &c);
        size_t bytes = escape(safe, cell->text + i, n, c);
        size_t columns = c < 0 || render_is_harmful(c) ? bytes : character_width(c);
        if (used + columns + cut > width)
            break;
        (void)fwrite(safe, 1, bytes, out);
        used += columns;
        i += n;
    }
    if (cut && width > 0) {
        fputs("\u2026", out);
        used++;
    }
    if (!last && !(cell->number && !cut) && used < width)
        fprintf(out, "%*s", (int)(width - used), "");
}

/* The widest column gives way first, down to 4, until the table fits. */
static void fit_columns(size_t *widths, size_t count, unsigned width)
{
    size_t total = 2 * (count - 1);
    for (size_t i = 0; i < count; i++)
        total += widths[i];
    while (width > 0 && total > width) {
        size_t widest = 0;
        for (size_t i = 1; i < count; i++)
            if (widths[i] > widths[widest])
                widest = i;
        if (widths[widest] <= 4)
            return;
        widths[widest]--;
        total--;
    }
}

static void write_row(struct render *r, const struct cell *cells, const size_t *widths, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        write_cell(r->out, &cells[i], widths[i], i + 1 == count);
        fputs(i + 1 < count ? "  " : "\n", r->out);
    }
}

void render_table(struct render *r, const json_t *rows, const struct render_column *columns, size_t count)
{
    struct cell cells[RENDER_COLUMNS];
    size_t widths[RENDER_COLUMNS];
    if (count == 0 || count > RENDER_COLUMNS || json_array_size(rows) == 0)
        return;
    for (size_t i = 0; i < count; i++)
        widths[i] = render_width(text_tr(columns[i].title));
    for (size_t k = 0; k < json_array_size(rows); k++)
        for (size_t i = 0; i < count; i++) {
            fill_cell(&cells[i], json_array_get(rows, k), columns[i].member);
            size_t w = render_width(cells[i].text);
            if (r->width > 0 && columns[i].max > 0 && w > columns[i].max)
                w = columns[i].max;
            if (w > widths[i])
                widths[i] = w;
        }
    fit_columns(widths, count, r->width);
    for (size_t i = 0; i < count; i++)
        cells[i] = (struct cell){.text = text_tr(columns[i].title)};
    fputs(r->colour ? "\033[1m" : "", r->out);
    write_row(r, cells, widths, count);
    fputs(r->colour ? "\033[0m" : "", r->out);
    for (size_t k = 0; k < json_array_size(rows); k++) {
        for (size_t i = 0; i < count; i++)
            fill_cell(&cells[i], json_array_get(rows, k), columns[i].member);
        write_row(r, cells, widths, count);
    }
}

void render_time(struct render *r, const json_t *time)
{
    char out[CELL_BYTES];
    const char *text = json_string_value(time);
    if (text == NULL)
        fputs(lang_word("never"), r->out);
    else if (both_times(out, text))
        render_text(r, out);
    else
        render_text(r, text);
}

const char *render_short_id(const char *hex, char out[16])
{
    snprintf(out, 16, "%.12s", hex != NULL ? hex : "-");
    return out;
}

/* ---- JSON ---- */

json_t *render_json_time(uint64_t ms)
{
    char text[TIMES_TEXT_BYTES];
    if (ms == 0)
        return json_null();
    times_format(ms, text);
    return json_string(text);
}

json_t *render_json_text(const char *text)
{
    json_t *whole = json_string(text);
    if (whole != NULL)
        return whole;
    size_t len = strlen(text), at = 0;
    char *safe = malloc(4 * len + 1);
    if (safe == NULL)
        return NULL;
    UChar32 c;
    for (size_t i = 0; i < len;) {
        size_t n = next_character(text + i, len - i, &c);
        if (c < 0)
            at += (size_t)snprintf(safe + at, 5, "\\x%02x", (unsigned)(unsigned char)text[i]);
        else {
            memcpy(safe + at, text + i, n);
            at += n;
        }
        i += n;
    }
    safe[at] = '\0';
    whole = json_string(safe);
    free(safe);
    return whole;
}

/* Outside of its strings JSON has no character that is harmful but the line ends that compact JSON lacks. */
static void write_json_text(FILE *out, const char *text, size_t len)
{
    UChar32 c;
    size_t start = 0;
    for (size_t i = 0; i < len;) {
        size_t n = next_character(text + i, len - i, &c);
        if (c >= 0x7f && render_is_harmful(c)) {
            (void)fwrite(text + start, 1, i - start, out);
            if (c > 0xffff)
                fprintf(out, "\\u%04x\\u%04x", (unsigned)U16_LEAD(c), (unsigned)U16_TRAIL(c));
            else
                fprintf(out, "\\u%04x", (unsigned)c);
            start = i + n;
        }
        i += n;
    }
    (void)fwrite(text + start, 1, len - start, out);
}

enum gmm_err render_json(FILE *out, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    if (text == NULL)
        return GMM_ENOMEM;
    write_json_text(out, text, strlen(text));
    free(text);
    fputc('\n', out);
    return ferror(out) ? GMM_EIO : GMM_OK;
}
