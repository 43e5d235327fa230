/* diff: two versions of a document, by paragraph and word. */
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/commands.h"
#include "node/content.h"
#include "node/diff.h"
#include "node/item.h"
#include "node/note.h"
#include "node/paragraphs.h"
#include "node/plaintext.h"
#include "node/read.h"
#include "node/render.h"
#include "node/reply.h"
#include "node/sys.h"

struct side {
    struct projection_item item;
    uint8_t *bytes;
    size_t len;
    struct buffer text;
    struct paragraphs paragraphs;
    bool is_text, here;
    char hash[CONTENT_SHA256_TEXT]; /* of content that is no text; "": not all of it is here */
};

static void side_close(struct side *s)
{
    projection_item_close(&s->item);
    free(s->bytes);
    buffer_close(&s->text);
    paragraphs_close(&s->paragraphs);
}

/* ---- which versions */

static uint32_t version_before(const struct read_found *found)
{
    uint32_t before = 0;
    for (size_t i = 0; i < found->text_count; i++)
        if (found->texts[i].version < found->item.version && found->texts[i].version > before)
            before = found->texts[i].version;
    return before;
}

static enum gmm_err find_side(struct node *node, struct call *call, uint32_t version, struct side *out,
                              uint32_t *before, json_t *choices, struct gmm_msg *msg)
{
    struct read_found found;
    struct read_want want = {.lang = call_text(call, "lang"), .version = version};
    const char *ref = call_text(call, "ref");
    enum gmm_err err = read_find(node, ref, &want, &found, choices, msg);
    if (err == GMM_OK && found.item.type != HEADER_DOCUMENT)
        err = gmm_fail(msg, GMM_EUSAGE, "'%s' is no document", ref);
    if (err == GMM_OK && want.lang != NULL && found.other_lang)
        err = gmm_fail(msg, GMM_ENOTFOUND, "there is no version %u in %s", found.item.version, want.lang);
    if (err == GMM_OK) {
        *before = version_before(&found);
        out->item = found.item;
        found.item = (struct projection_item){0};
    }
    read_close(&found);
    return err;
}

/* Two given; one: against the newest; none: the newest and the one before it. */
static enum gmm_err find_sides(struct node *node, struct call *call, struct side *from, struct side *to,
                               json_t *choices, struct gmm_msg *msg)
{
    uint32_t before = 0, ignored;
    int64_t first = call_int(call, "from", 0), second = call_int(call, "to", 0);
    if (first > UINT32_MAX || second > UINT32_MAX)
        return gmm_fail(msg, GMM_EUSAGE, "a version is a number");
    enum gmm_err err = find_side(node, call, (uint32_t)second, to, &before, choices, msg);
    if (err == GMM_OK && first == 0 && before == 0)
        err = gmm_fail(msg, GMM_ENOTFOUND, "'%s' has no version before %u here", call_text(call, "ref"),
                       to->item.version);
    return err == GMM_OK ? find_side(node, call, first == 0 ? before : (uint32_t)first, from, &ignored, choices, msg)
                         : err;
}

/* ---- their text */

static enum gmm_err read_side(struct node *node, struct side *s, struct gmm_msg *msg)
{
    struct read_record record;
    enum gmm_err err = read_record(node, &s->item.id, &record, msg);
    if (err != GMM_OK)
        return err;
    if ((err = read_uncovered(&record, msg)) != GMM_OK) {
        read_record_close(&record);
        return err;
    }
    err = content_read(node, &record.header.group, &record.document.content, PLAINTEXT_MAX, &s->bytes, &s->len, NULL);
    if (err == GMM_OK) {
        s->is_text = plaintext_is_text(s->bytes, s->len);
        err = plaintext_append(&s->text, s->item.name, s->bytes, s->len);
        if (err == GMM_OK && s->is_text)
            err = paragraphs_split(&s->paragraphs, (const char *)s->text.p, s->text.len,
                                   plaintext_is_html(s->item.name, s->bytes, s->len));
    } else if (err == GMM_ELIMIT || err == GMM_EABSENT) {
        err = GMM_OK;
    }
    if (err == GMM_OK) {
        err = content_sha256(node, &record.header.group, &record.document.content, s->hash, NULL);
        s->here = err == GMM_OK;
        err = err == GMM_EABSENT ? GMM_OK : err;
    }
    read_record_close(&record);
    return err;
}

/* ---- as JSON */

static json_t *side_json(struct node *node, const struct side *s)
{
    json_t *side =
        json_pack("{s:o, s:I, s:o, s:I, s:o}", "id", reply_id(&s->item.id), "version", (json_int_t)s->item.version,
                  "lang", item_text(s->item.lang), "bytes", (json_int_t)s->item.bytes, "sha256", item_text(s->hash));
    if (side != NULL && item_set_marking_of(side, node, &s->item, NULL))
        return side;
    json_decref(side);
    return NULL;
}

static void put_words(json_t *array, const char *op, const struct diff_words *words, size_t at, size_t count)
{
    const char *text = words->list[at].text;
    size_t len = (size_t)(words->list[at + count - 1].text - text) + words->list[at + count - 1].len;
    json_array_append_new(array, json_pack("{s:s, s:o}", "op", op, "text", json_stringn(text, len)));
}

static enum gmm_err words_json(const struct paragraph *a, const struct paragraph *b, json_t **out)
{
    struct diff_words x = {0}, y = {0};
    struct diff_run *runs = NULL;
    size_t count = 0, at_x = 0, at_y = 0;
    enum gmm_err err = diff_words_make(&x, a->text, a->len);
    if (err == GMM_OK)
        err = diff_words_make(&y, b->text, b->len);
    if (err == GMM_OK)
        err = diff_make(x.hashes, x.count, y.hashes, y.count, &runs, &count);
    *out = json_array();
    for (size_t i = 0; i < count; i++) {
        bool old = runs[i].kind == DIFF_OLD;
        put_words(*out,
                  runs[i].kind == DIFF_SAME ? "same"
                  : old                     ? "old"
                                            : "new",
                  old ? &x : &y, old ? at_x : at_y, runs[i].count);
        at_x += runs[i].kind != DIFF_NEW ? runs[i].count : 0;
        at_y += runs[i].kind != DIFF_OLD ? runs[i].count : 0;
    }
    free(runs);
    diff_words_close(&x);
    diff_words_close(&y);
    return err;
}

static json_t *number_json(const struct paragraph *p)
{
    return p == NULL || p->number == 0 ? json_null() : json_integer(p->number);
}

static enum gmm_err add_step(json_t *changes, const struct paragraph *a, const struct paragraph *b)
{
    json_t *words = NULL;
    enum gmm_err err = GMM_OK;
    if (a != NULL && b != NULL)
        err = words_json(a, b, &words);
    else
        words = json_pack("[{s:s, s:o}]", "op", a != NULL ? "old" : "new", "text",
                          a != NULL ? json_stringn(a->text, a->len) : json_stringn(b->text, b->len));
    const char *change = a == NULL ? "added" : b == NULL ? "removed" : "changed";
    json_array_append_new(changes, json_pack("{s:s, s:o, s:o, s:o}", "change", change, "old", number_json(a), "new",
                                             number_json(b), "words", words));
    return err;
}

/* Notes on paragraphs of the old version: where these are now. */
struct following {
    json_t *rows;
    const struct side *from, *to;
    const struct paragraphs_step *steps;
    size_t count;
};

/* By paragraph, then in the order in which they were signed. */
static enum gmm_err insert_note(json_t *rows, json_t *row)
{
    json_int_t para = json_integer_value(json_object_get(row, "para"));
    size_t low = 0, high = json_array_size(rows);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (json_integer_value(json_object_get(json_array_get(rows, middle), "para")) > para)
            high = middle;
        else
            low = middle + 1;
    }
    return json_array_insert_new(rows, low, row) == 0 ? GMM_OK : GMM_ENOMEM;
}

static enum gmm_err follow(void *arg, const struct note_view *note)
{
    struct following *f = arg;
    if (note->item->para == 0 || !id_is_zero(&note->item->parent))
        return GMM_OK;
    size_t at = paragraphs_follow(&f->from->paragraphs, f->steps, f->count, note->item->para);
    const struct paragraph *p = at == PARAGRAPHS_NONE ? NULL : &f->to->paragraphs.list[at];
    return insert_note(f->rows, json_pack("{s:o, s:I, s:o, s:b}", "id", reply_id(&note->item->id), "para",
                                          (json_int_t)note->item->para, "now", number_json(p), "orphaned", p == NULL));
}

static enum gmm_err compare(struct node *node, const struct side *from, const struct side *to, json_t *result)
{
    struct paragraphs_step *steps = NULL;
    size_t count = 0;
    json_int_t unchanged = 0;
    json_t *changes = json_array(), *notes = json_array();
    enum gmm_err err = paragraphs_compare(&from->paragraphs, &to->paragraphs, &steps, &count);
    for (size_t i = 0; i < count && err == GMM_OK; i++) {
        const struct paragraph *a = steps[i].old_at == PARAGRAPHS_NONE ? NULL : &from->paragraphs.list[steps[i].old_at];
        const struct paragraph *b = steps[i].new_at == PARAGRAPHS_NONE ? NULL : &to->paragraphs.list[steps[i].new_at];
        unchanged += steps[i].same;
        if (!steps[i].same)
            err = add_step(changes, a, b);
    }
    struct following f = {notes, from, to, steps, count};
    if (err == GMM_OK && from->item.version < to->item.version)
        err = note_each(node, &from->item.id, 1, follow, &f);
    free(steps);
    json_object_set_new(result, "changes", changes);
    json_object_set_new(result, "notes", notes);
    json_object_set_new(result, "unchanged", json_integer(unchanged));
    return err;
}

static void diff(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct side from = {.here = false}, to = {.here = false};
    json_t *choices = json_array(), *result = NULL;
    buffer_init(&from.text, 2u * PLAINTEXT_MAX);
    buffer_init(&to.text, 2u * PLAINTEXT_MAX);
    enum gmm_err err = find_sides(node, call, &from, &to, choices, &msg);
    if (err == GMM_OK)
        err = read_side(node, &from, &msg);
    if (err == GMM_OK)
        err = read_side(node, &to, &msg);
    if (err == GMM_OK) {
        bool text = from.is_text && to.is_text;
        result = json_pack("{s:o, s:o, s:b, s:b}", "from", side_json(node, &from), "to", side_json(node, &to), "text",
                           text, "same", from.hash[0] != '\0' && strcmp(from.hash, to.hash) == 0);
        err = result == NULL ? GMM_ENOMEM : text ? compare(node, &from, &to, result) : GMM_OK;
    }
    side_close(&from);
    side_close(&to);
    if (err == GMM_OK) {
        json_decref(choices);
        call_reply(call, result);
        return;
    }
    json_decref(result);
    call_fail_choices(call, err, msg.text[0] == '\0' ? NULL : msg.text,
                      err == GMM_ENOTFOUND ? "gmm show lists the versions and languages" : NULL, choices);
}

/* ---- for people */

static void side_line(const json_t *side, const char *mark, struct render *out)
{
    char marking[ITEM_MARKING_BYTES];
    render_line(out, "%s version %lld, %s, %s, %lld bytes, SHA-256 %s", mark,
                (long long)json_integer_value(json_object_get(side, "version")), reply_text(side, "lang"),
                item_marking_text(side, marking), (long long)json_integer_value(json_object_get(side, "bytes")),
                reply_text(side, "sha256")[0] == '\0' ? _("(not all here)") : reply_text(side, "sha256"));
}

static void words_render(const json_t *words, struct render *out)
{
    const json_t *word;
    size_t i;
    fputs("  ", out->out);
    json_array_foreach(words, i, word)
    {
        const char *op = reply_text(word, "op");
        bool old = strcmp(op, "old") == 0, fresh = strcmp(op, "new") == 0;
        fputs(old ? "[-" : fresh ? "{+" : "", out->out);
        render_text(out, reply_text(word, "text"));
        fputs(old ? "-]" : fresh ? "+}" : "", out->out);
    }
    fputc('\n', out->out);
}

static void change_render(const json_t *change, struct render *out)
{
    const json_t *old = json_object_get(change, "old"), *fresh = json_object_get(change, "new");
    fprintf(out->out, _("%s:"), lang_word(reply_text(change, "change")));
    if (json_is_integer(old))
        fprintf(out->out, _(" paragraph %lld"), (long long)json_integer_value(old));
    if (json_is_integer(fresh))
        fprintf(out->out, "%s %lld", json_is_integer(old) ? _(", now") : _(" paragraph"),
                (long long)json_integer_value(fresh));
    fputc('\n', out->out);
    words_render(json_object_get(change, "words"), out);
}

static void diff_render(const json_t *result, struct render *out)
{
    const json_t *row;
    size_t i;
    char id[16];
    side_line(json_object_get(result, "from"), "---", out);
    side_line(json_object_get(result, "to"), "+++", out);
    if (json_is_false(json_object_get(result, "text"))) {
        render_line(out, "No text that can be compared by paragraph: %s.",
                    json_is_true(json_object_get(result, "same")) ? _("the bytes are the same")
                                                                  : _("the bytes differ"));
        return;
    }
    json_array_foreach(json_object_get(result, "changes"), i, row) change_render(row, out);
    render_line(out, "%lld paragraphs are unchanged.",
                (long long)json_integer_value(json_object_get(result, "unchanged")));
    json_array_foreach(json_object_get(result, "notes"), i, row)
    {
        const json_t *now = json_object_get(row, "now");
        fprintf(out->out, _("Note %s on paragraph %lld: "), render_short_id(reply_text(row, "id"), id),
                (long long)json_integer_value(json_object_get(row, "para")));
        if (json_is_true(json_object_get(row, "orphaned")))
            render_line(out, "orphaned, its paragraph is gone");
        else
            render_line(out, "now paragraph %lld", (long long)json_integer_value(now));
    }
}

static const struct command_param diff_params[] = {
    {"REF", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the document: a symbol, an id, or 8 digits or more of one"},
    {"FROM", COMMAND_INT, 0, NULL, "a version; the one before the newest when not given"},
    {"TO", COMMAND_INT, 0, NULL, "another; the newest when not given"},
    {"--lang", COMMAND_TEXT, 0, "LANG", "in this language; the original when not given"},
};

static const struct command commands[] = {
    {.name = "diff",
     .params = diff_params,
     .param_count = sizeof diff_params / sizeof diff_params[0],
     .right = CONFIG_READ,
     .handler = diff,
     .render = diff_render,
     .help = "Compare two versions by paragraph and word, and follow notes to the newer one.",
     .details = "Text, Markdown and HTML; of other formats sizes and hashes are compared.",
     .example = "gmm diff GMG/2014/1 1 2"},
};
const struct command_family command_diff = {commands, sizeof commands / sizeof commands[0]};
