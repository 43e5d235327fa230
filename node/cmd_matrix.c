/* matrix, matrix import. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/commands.h"
#include "node/item.h"
#include "node/lang.h"
#include "node/matrix.h"
#include "node/matrix_import.h"
#include "node/matrix_text.h"
#include "node/render.h"
#include "node/reply.h"

#define TEXT_MAX (128u << 20)
#define TABLE_MAX (64u << 20)

static void fail(struct call *call, enum gmm_err err, const struct gmm_msg *msg, json_t *choices)
{
    call_fail_choices(call, err, msg->text[0] == '\0' ? gmm_err_text(err) : msg->text,
                      err == GMM_ENOTFOUND ? "gmm list shows what can be read here" : NULL, choices);
}

static enum gmm_err check_format(const char *format, struct gmm_msg *msg)
{
    static const char *const formats[] = {"csv", "html", "md", "json"};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(formats[i], format) == 0)
            return GMM_OK;
    return gmm_fail(msg, GMM_EUSAGE, "'%s' is no format: csv, html, md, json", format);
}

static void write_text(struct buffer *out, const char *format, const json_t *rows, const struct consulting *c)
{
    const char *title = c->document.title == NULL ? "" : c->document.title;
    struct marking gravest = consulting_marking(c);
    const char *level = record_marking_text(gravest.marking), *tlp = record_tlp_text(gravest.tlp);
    char marking[ITEM_MARKING_BYTES];
    snprintf(marking, sizeof marking, "%s%s%s", lang_word(level == NULL ? "" : level),
             tlp == NULL || tlp[0] == '\0' ? "" : ", ", tlp == NULL ? "" : tlp);
    if (strcmp(format, "csv") == 0) {
        matrix_text_csv(out, rows);
    } else if (strcmp(format, "html") == 0) {
        matrix_text_html(out, rows, title, marking);
    } else if (strcmp(format, "md") == 0) {
        matrix_text_md(out, rows, title, marking);
    } else {
        char *text = json_dumps(rows, JSON_COMPACT | JSON_SORT_KEYS);
        if (text == NULL && out->failed == GMM_OK)
            out->failed = GMM_ENOMEM;
        else if (text != NULL)
            buffer_put(out, text, strlen(text));
        buffer_put_u8(out, '\n');
        free(text);
    }
}

/* json: the rows themselves; else, or into a file, {"format","rows","text"}. */
static void reply_rows(struct call *call, const char *format, json_t *rows, const struct consulting *c)
{
    struct gmm_msg msg = {.text = ""};
    struct buffer text;
    bool json = strcmp(format, "json") == 0, file = call_file(call, "o", 0, NULL) >= 0;
    if (json && !file) {
        call_reply(call, json_incref(rows));
        return;
    }
    buffer_init(&text, TEXT_MAX);
    write_text(&text, format, rows, c);
    enum gmm_err err = text.failed;
    if (err == GMM_OK && file)
        err = reply_write(call, "o", text.p, text.len, &msg);
    if (err == GMM_OK)
        call_reply(call, json_pack("{s:s, s:I, s:o}", "format", format, "rows", (json_int_t)json_array_size(rows),
                                   "text", file ? json_null() : json_stringn((const char *)text.p, text.len)));
    else
        fail(call, err, &msg, NULL);
    buffer_close(&text);
}

static void matrix(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct consulting c = {0};
    const char *format = call_text(call, "format") == NULL ? "csv" : call_text(call, "format");
    json_t *choices = json_array(), *rows = NULL;
    enum gmm_err err = check_format(format, &msg);
    if (err == GMM_OK)
        err = consulting_open(node, call_text(call, "ref"), &c, choices, &msg);
    bool by_symbol = c.document.symbol != NULL && strcmp(c.document.symbol, call_text(call, "ref")) == 0;
    if (err == GMM_OK)
        rows = matrix_rows(&c, !by_symbol, &err);
    if (err == GMM_OK) {
        json_decref(choices);
        reply_rows(call, format, rows, &c);
    } else {
        fail(call, err, &msg, choices);
    }
    json_decref(rows);
    consulting_close(&c);
}

/* Raw where it goes into a file or a pipe; harmless on a terminal. */
static void matrix_render(const json_t *result, struct render *out)
{
    const char *text = json_string_value(json_object_get(result, "text"));
    if (json_is_array(result))
        (void)render_json(out->out, result);
    else if (text != NULL && out->width == 0)
        fputs(text, out->out);
    else if (text != NULL)
        render_block(out, 0, text);
}

static void import(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct stat st;
    json_t *result = NULL;
    int fd = call_file(call, "file", 0, NULL);
    enum gmm_err err = GMM_OK;
    char *text = NULL;
    ssize_t got = 0;
    if (fstat(fd, &st) != 0 || st.st_size > (off_t)TABLE_MAX)
        err = gmm_fail(&msg, GMM_EUSAGE, "the table cannot be read, or has more than %u bytes", TABLE_MAX);
    if (err == GMM_OK && (text = malloc((size_t)st.st_size + 1)) == NULL)
        err = GMM_ENOMEM;
    if (err == GMM_OK && (got = pread(fd, text, (size_t)st.st_size, 0)) != st.st_size)
        err = gmm_fail(&msg, GMM_EIO, "the table cannot be read");
    if (err == GMM_OK)
        result = matrix_import(node, text, (size_t)got, call_person(call), &err, &msg);
    free(text);
    if (err == GMM_OK)
        call_reply(call, result);
    else
        fail(call, err == GMM_EFORMAT ? GMM_EUSAGE : err, &msg, NULL);
}

static void import_render(const json_t *result, struct render *out)
{
    render_line(out, "Posted: %lld dispositions; %lld stood already.",
                (long long)json_integer_value(json_object_get(result, "posted")),
                (long long)json_integer_value(json_object_get(result, "unchanged")));
}

static const struct command_param matrix_params[] = {
    {"REF", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "by symbol: notes on all versions; by id: on that one"},
    {"--format", COMMAND_TEXT, 0, "FORMAT", "csv (when not given), html, md or json"},
    {"-o", COMMAND_OUT, 0, "FILE", "where to; standard output when not given"},
};
static const struct command_param import_params[] = {
    {"FILE", COMMAND_IN, COMMAND_REQUIRED, NULL, "the table, as --format csv wrote it, with dispositions filled in"},
};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
    {.name = "matrix",
     PARAMS(matrix_params),
     .right = CONFIG_READ,
     .handler = matrix,
     .render = matrix_render,
     .help = "Write the comment matrix: one row a note, by paragraph.",
     .example = "gmm matrix GMG/2014/1 --format csv -o matrix.csv"},
    {.name = "matrix import",
     PARAMS(import_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_NOTE,
     .handler = import,
     .render = import_render,
     .help = "Take the dispositions and reasons that were filled into a matrix.",
     .details = "All rows are checked before the first disposition is posted.",
     .example = "gmm matrix import matrix.csv"},
};
const struct command_family command_matrix = {commands, sizeof commands / sizeof commands[0]};
