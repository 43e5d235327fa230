#include "node/matrix_text.h"

#include <stdio.h>
#include <string.h>

#include "keys/text.h"
#include "node/lang.h"
#include "node/reply.h"

/* title: what a table has that is read back; shown: in pages, for people, in their language. */
static const struct {
    const char *title, *member, *shown;
    bool word; /* one of the program's own */
} columns[] = {{"number", "number", N_("number"), false},
               {"participant", "participant", N_("participant"), false},
               {"paragraph", "paragraph", N_("paragraph"), false},
               {"position", "position", N_("position"), true},
               {"comment", "comment", N_("comment"), false},
               {"proposed text", "proposed", N_("proposed text"), false},
               {"reply", "reply", N_("reply"), false},
               {"disposition", "disposition", N_("disposition"), true},
               {"reason", "reason", N_("reason"), false},
               {"version", "version", N_("version"), false},
               {"lang", "lang", N_("lang"), false},
               {"marking", "marking", N_("marking"), true},
               {"id", "id", N_("id"), false}};
#define COLUMNS (sizeof columns / sizeof columns[0])

static void put(struct buffer *out, const char *text)
{
    buffer_put(out, text, strlen(text));
}

/* Numbers as digits, null as nothing. */
static const char *cell(const json_t *row, const char *member, char number[32])
{
    const json_t *value = json_object_get(row, member);
    if (!json_is_integer(value))
        return reply_text(row, member);
    snprintf(number, 32, "%lld", (long long)json_integer_value(value));
    return number;
}

/* "confidential, TLP:AMBER": the word before the comma is the program's. */
static const char *shown_cell(const json_t *row, size_t column, char number[128])
{
    const char *text = cell(row, columns[column].member, number);
    size_t len = strcspn(text, ",");
    char word[64];
    if (!columns[column].word || len >= sizeof word)
        return text;
    snprintf(word, sizeof word, "%.*s", (int)len, text);
    snprintf(number, 128, "%s%s", lang_word(word), text + len);
    return number;
}

/* ---- csv */

/* How many bytes of a character that begins a formula stand here. */
static size_t formula_mark(const char *text)
{
    static const char *const marks[] = {
        "=", "+", "-", "@", "\t", "\r", "'", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (strncmp(text, marks[i], strlen(marks[i])) == 0)
            return strlen(marks[i]);
    return 0;
}

static void put_csv_cell(struct buffer *out, const char *text)
{
    bool guarded = formula_mark(text) > 0, quoted = guarded || strpbrk(text, ",;\t\"\r\n") != NULL;
    if (text[0] == ' ' || (text[0] != '\0' && text[strlen(text) - 1] == ' '))
        quoted = true;
    if (quoted)
        buffer_put_u8(out, '"');
    if (guarded)
        buffer_put_u8(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '"')
            buffer_put_u8(out, '"');
        buffer_put_u8(out, (uint8_t)*text);
    }
    if (quoted)
        buffer_put_u8(out, '"');
}

void matrix_text_csv(struct buffer *out, const json_t *rows)
{
    const json_t *row;
    size_t i;
    char number[32];
    for (size_t k = 0; k < COLUMNS; k++) {
        put(out, k == 0 ? "" : ",");
        put_csv_cell(out, columns[k].title);
    }
    put(out, "\n");
    json_array_foreach(rows, i, row)
    {
        for (size_t k = 0; k < COLUMNS; k++) {
            put(out, k == 0 ? "" : ",");
            put_csv_cell(out, cell(row, columns[k].member, number));
        }
        put(out, "\n");
    }
}

/* ---- html, md */

static void put_html(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '&')
            put(out, "&amp;");
        else if (*text == '<')
            put(out, "&lt;");
        else if (*text == '>')
            put(out, "&gt;");
        else if (*text == '"')
            put(out, "&quot;");
        else if (*text == '\n')
            put(out, "<br>");
        else if ((unsigned char)*text >= 0x20 || *text == '\t')
            buffer_put_u8(out, (uint8_t)*text);
    }
}

void matrix_text_html(struct buffer *out, const json_t *rows, const char *title, const char *marking)
{
    const json_t *row;
    size_t i;
    char number[128];
    put(out, "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>");
    put_html(out, title);
    put(out, "</title><style>table{border-collapse:collapse}td,th{border:1px solid;padding:.3em;vertical-align:top;"
             "text-align:start}</style></head>\n<body><h1 dir=\"auto\">");
    put_html(out, title);
    put(out, "</h1>\n<p>");
    put_html(out, marking);
    put(out, "</p>\n<table><thead><tr>");
    for (size_t k = 0; k < COLUMNS; k++) {
        put(out, "<th>");
        put_html(out, text_tr(columns[k].shown));
        put(out, "</th>");
    }
    put(out, "</tr></thead><tbody>\n");
    json_array_foreach(rows, i, row)
    {
        put(out, "<tr>");
        for (size_t k = 0; k < COLUMNS; k++) {
            put(out, "<td dir=\"auto\">");
            put_html(out, shown_cell(row, k, number));
            put(out, "</td>");
        }
        put(out, "</tr>\n");
    }
    put(out, "</tbody></table></body></html>\n");
}

static void put_md(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            put(out, "<br>");
        else if (strchr("\\|`*_[]<>#", *text) != NULL) {
            buffer_put_u8(out, '\\');
            buffer_put_u8(out, (uint8_t)*text);
        } else if ((unsigned char)*text >= 0x20 || *text == '\t') {
            buffer_put_u8(out, (uint8_t)*text);
        }
    }
}

void matrix_text_md(struct buffer *out, const json_t *rows, const char *title, const char *marking)
{
    const json_t *row;
    size_t i;
    char number[128];
    put(out, "# ");
    put_md(out, title);
    put(out, "\n\n");
    put_md(out, marking);
    put(out, "\n\n|");
    for (size_t k = 0; k < COLUMNS; k++) {
        put(out, " ");
        put_md(out, text_tr(columns[k].shown));
        put(out, " |");
    }
    put(out, "\n|");
    for (size_t k = 0; k < COLUMNS; k++)
        put(out, "---|");
    put(out, "\n");
    json_array_foreach(rows, i, row)
    {
        put(out, "|");
        for (size_t k = 0; k < COLUMNS; k++) {
            put(out, " ");
            put_md(out, shown_cell(row, k, number));
            put(out, " |");
        }
        put(out, "\n");
    }
}

/* ---- csv, read again */

struct csv {
    const char *at, *end;
    char separator;
    size_t line;
};

static char find_separator(const char *text, size_t len)
{
    size_t counts[3] = {0};
    static const char separators[] = ",;\t";
    bool quoted = false;
    for (size_t i = 0; i < len && (quoted || text[i] != '\n'); i++) {
        if (text[i] == '"')
            quoted = !quoted;
        for (size_t k = 0; !quoted && k < 3; k++)
            counts[k] += text[i] == separators[k];
    }
    size_t best = counts[1] > counts[0] ? 1 : 0;
    return separators[counts[2] > counts[best] ? 2 : best];
}

static bool is_end_of_line(const struct csv *csv)
{
    return csv->at == csv->end || *csv->at == '\n' ||
           (*csv->at == '\r' && csv->at + 1 < csv->end && csv->at[1] == '\n');
}

static enum gmm_err read_quoted(struct csv *csv, struct buffer *out, struct gmm_msg *msg)
{
    size_t began = csv->line;
    for (csv->at++; csv->at < csv->end; csv->at++) {
        if (*csv->at == '"' && (csv->at + 1 == csv->end || csv->at[1] != '"')) {
            csv->at++;
            if (!is_end_of_line(csv) && *csv->at != csv->separator)
                return gmm_fail(msg, GMM_EFORMAT, "line %zu: text behind a closing quotation mark", csv->line);
            return GMM_OK;
        }
        if (*csv->at == '"')
            csv->at++;
        csv->line += *csv->at == '\n';
        buffer_put_u8(out, (uint8_t)*csv->at);
    }
    return gmm_fail(msg, GMM_EFORMAT, "line %zu: a quotation mark is not closed", began);
}

/* One cell, NUL-ended; the reader then stands on its separator or the line's end. */
static enum gmm_err read_cell(struct csv *csv, struct buffer *out, struct gmm_msg *msg)
{
    enum gmm_err err = GMM_OK;
    out->len = 0;
    if (csv->at < csv->end && *csv->at == '"')
        err = read_quoted(csv, out, msg);
    else
        for (; !is_end_of_line(csv) && *csv->at != csv->separator; csv->at++)
            buffer_put_u8(out, (uint8_t)*csv->at);
    buffer_put_u8(out, '\0');
    if (err == GMM_OK && out->failed == GMM_OK &&
        (memchr(out->p, '\0', out->len - 1) != NULL || !bytes_is_utf8((const char *)out->p, out->len - 1)))
        err = gmm_fail(msg, GMM_EFORMAT, "line %zu: a cell is not UTF-8 text", csv->line);
    return err == GMM_OK ? out->failed : err;
}

static const char *unguarded(const char *text)
{
    return text[0] == '\'' && formula_mark(text + 1) > 0 ? text + 1 : text;
}

static enum gmm_err read_line(struct csv *csv, json_t *cells, struct gmm_msg *msg)
{
    struct buffer text;
    enum gmm_err err;
    buffer_init(&text, 4u << 20);
    for (;;) {
        err = read_cell(csv, &text, msg);
        if (err == GMM_OK && json_array_append_new(cells, json_string(unguarded((const char *)text.p))) != 0)
            err = GMM_ENOMEM;
        if (err != GMM_OK || is_end_of_line(csv))
            break;
        csv->at++;
    }
    buffer_close_wiped(&text);
    if (csv->at < csv->end && *csv->at == '\r')
        csv->at++;
    if (csv->at < csv->end)
        csv->at++;
    csv->line++;
    return err;
}

static json_t *name_cells(const json_t *names, const json_t *cells)
{
    json_t *row = json_object();
    const json_t *name;
    size_t i;
    json_array_foreach(names, i, name)
    {
        if (i < json_array_size(cells))
            json_object_set(row, json_string_value(name), json_array_get(cells, i));
    }
    return row;
}

json_t *matrix_text_read_csv(const char *text, size_t len, enum gmm_err *err, struct gmm_msg *msg)
{
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        len -= 3;
    }
    struct csv csv = {.at = text, .end = text + len, .separator = find_separator(text, len), .line = 1};
    json_t *names = json_array(), *rows = json_array();
    *err = names == NULL || rows == NULL ? GMM_ENOMEM : read_line(&csv, names, msg);
    while (*err == GMM_OK && csv.at < csv.end) {
        json_t *cells = json_array();
        *err = cells == NULL ? GMM_ENOMEM : read_line(&csv, cells, msg);
        bool empty = json_array_size(cells) == 1 && json_string_length(json_array_get(cells, 0)) == 0;
        if (*err == GMM_OK && !empty && json_array_append_new(rows, name_cells(names, cells)) != 0)
            *err = GMM_ENOMEM;
        json_decref(cells);
    }
    json_decref(names);
    if (*err == GMM_OK)
        return rows;
    json_decref(rows);
    return NULL;
}
