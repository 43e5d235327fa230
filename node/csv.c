#include "node/csv.h"

#include <string.h>

#include "node/render.h"

static bool begins_formula(const char *text)
{
    static const char *const marks[] = {"=", "+", "-", "@", "＝", "＋", "－", "＠"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strncmp(text, marks[i], strlen(marks[i])) == 0)
            return true;
    return false;
}

static void put_text(FILE *out, const char *text)
{
    for (;;) {
        size_t len = strcspn(text, "\"");
        render_text_n(out, text, len);
        if (text[len] == '\0')
            return;
        fputs("\"\"", out);
        text += len + 1;
    }
}

void csv_cell(FILE *out, const char *text)
{
    fputc('"', out);
    if (text != NULL && begins_formula(text))
        fputc('\'', out);
    if (text != NULL)
        put_text(out, text);
    fputc('"', out);
}

static const json_t *member_of(const json_t *row, const char *member)
{
    char name[64];
    for (const char *dot; row != NULL && (dot = strchr(member, '.')) != NULL; member = dot + 1) {
        size_t len = (size_t)(dot - member);
        if (len >= sizeof name)
            return NULL;
        memcpy(name, member, len);
        name[len] = '\0';
        row = json_object_get(row, name);
    }
    return json_object_get(row, member);
}

static void put_list(FILE *out, const json_t *list)
{
    size_t i;
    const json_t *item;
    fputc('"', out);
    json_array_foreach(list, i, item)
    {
        const char *text = json_string_value(item);
        if (i == 0 && text != NULL && begins_formula(text))
            fputc('\'', out);
        if (i > 0)
            fputc(' ', out);
        if (text != NULL)
            put_text(out, text);
    }
    fputc('"', out);
}

static void put_value(FILE *out, const json_t *value)
{
    if (json_is_integer(value))
        fprintf(out, "\"%lld\"", (long long)json_integer_value(value));
    else if (json_is_boolean(value))
        csv_cell(out, json_is_true(value) ? "true" : "false");
    else if (json_is_array(value))
        put_list(out, value);
    else
        csv_cell(out, json_string_value(value));
}

void csv_table(FILE *out, const json_t *rows, const struct csv_column *columns, size_t count)
{
    size_t i;
    const json_t *row;
    for (size_t c = 0; c < count; c++) {
        if (c > 0)
            fputc(',', out);
        csv_cell(out, columns[c].title);
    }
    fputs("\r\n", out);
    json_array_foreach(rows, i, row)
    {
        for (size_t c = 0; c < count; c++) {
            if (c > 0)
                fputc(',', out);
            put_value(out, member_of(row, columns[c].member));
        }
        fputs("\r\n", out);
    }
}
