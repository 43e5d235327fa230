/* get, show, notes; what list, inbox, watch and search share with them. */
#include "node/cmd_reading.h"

#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/carried.h"
#include "node/commands.h"
#include "node/content.h"
#include "node/get.h"
#include "node/inbox.h"
#include "node/item.h"
#include "node/marking.h"
#include "node/note.h"
#include "node/read.h"
#include "node/render.h"
#include "node/reply.h"
#include "proto/record_embargo.h"

void cmd_reading_fail(struct call *call, enum gmm_err err, const struct gmm_msg *msg, json_t *choices)
{
    call_fail_choices(call, err, msg->text[0] == '\0' ? NULL : msg->text,
                      err == GMM_ENOTFOUND ? "gmm list and gmm search show what can be read here" : NULL, choices);
}

bool cmd_reading_find(struct node *node, struct call *call, const char *ref, struct read_found *found)
{
    struct gmm_msg msg = {.text = ""};
    json_t *choices = json_array();
    enum gmm_err err = read_find(node, ref, NULL, found, choices, &msg);
    if (err != GMM_OK) {
        cmd_reading_fail(call, err, &msg, choices);
        return false;
    }
    json_decref(choices);
    return true;
}

enum gmm_err cmd_reading_kind(struct call *call, uint16_t *type, struct gmm_msg *msg)
{
    const char *kind = call_text(call, "kind");
    *type = kind == NULL ? 0 : item_type(kind);
    return kind == NULL || *type != 0 ? GMM_OK
                                      : gmm_fail(msg, GMM_EUSAGE, "'%s' is no kind: document, note, practice", kind);
}

enum gmm_err cmd_reading_limit(struct call *call, uint32_t otherwise, uint32_t *limit, struct gmm_msg *msg)
{
    int64_t value = call_int(call, "limit", otherwise);
    *limit = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
    if (value == 0 && call_count(call, "limit") > 0)
        return gmm_fail(msg, GMM_EUSAGE, "--limit is at least 1");
    return GMM_OK;
}

static json_t *text_json(const struct record_text *text)
{
    return text->len == 0 ? json_null() : json_stringn(text->p, text->len);
}

/* ---- show */

static json_t *texts_json(const struct read_found *found)
{
    json_t *array = json_array();
    for (size_t i = 0; i < found->text_count; i++) {
        const struct read_text *t = &found->texts[i];
        json_array_append_new(array,
                              json_pack("{s:o, s:I, s:o, s:o, s:o}", "id", reply_id(&t->id), "version",
                                        (json_int_t)t->version, "lang", item_text(t->lang), "translates",
                                        item_id(&t->translates), "time", render_json_time(header_time_ms(t->time))));
    }
    return array;
}

static bool is_here(struct node *node, const struct gmm_id *gid, const struct manifest *m)
{
    struct gmm_id *ids = NULL;
    size_t count = 0;
    if (m->inline_bytes != NULL)
        return true;
    enum gmm_err err = content_missing(node, gid, m, &ids, &count);
    free(ids);
    return err == GMM_OK && count == 0;
}

static json_t *attachments_json(struct node *node, const struct read_record *record)
{
    json_t *array = json_array();
    for (uint32_t i = 0; i < record->document.attachment_count; i++) {
        const struct record_attachment *a = &record->document.attachments[i];
        char name[LIMIT_FILE_NAME + 1];
        memcpy(name, a->name.p, a->name.len);
        name[a->name.len] = '\0';
        json_array_append_new(array, json_pack("{s:o, s:I, s:b}", "name", item_text(name), "bytes",
                                               (json_int_t)a->content.size, "here",
                                               is_here(node, &record->header.group, &a->content)));
    }
    return array;
}

static enum gmm_err count_note(void *arg, const struct projection_item *item)
{
    (void)item;
    ++*(json_int_t *)arg;
    return GMM_OK;
}

static json_t *heads_json(const struct read_found *found)
{
    json_t *array = json_array();
    for (size_t i = 0; i < found->text_count; i++)
        if (read_is_head(found->texts, found->text_count, i))
            json_array_append_new(array, reply_id(&found->texts[i].id));
    return array;
}

/* The version that a translation is bound to has a successor. */
static bool is_stale(const struct read_found *found)
{
    if (id_is_zero(&found->item.translates))
        return false;
    for (size_t i = 0; i < found->text_count; i++)
        if (id_equal(&found->texts[i].id, &found->item.translates))
            return !read_is_head(found->texts, found->text_count, i);
    return found->newest > found->item.version;
}

static enum gmm_err add_document(struct node *node, const struct read_found *found, json_t *result)
{
    struct read_record record;
    json_int_t notes = 0;
    struct projection_query query = {.document = &found->item.id, .type = HEADER_NOTE};
    enum gmm_err err = read_record(node, &found->item.id, &record, NULL);
    if (err == GMM_OK)
        err = projection_each(node->projection, &query, count_note, &notes);
    if (err != GMM_OK)
        return err;
    struct marking marking = marking_of(node, &found->item);
    json_t *more = json_pack("{s:o, s:o, s:o, s:b, s:o, s:o, s:I, s:b, s:I, s:o, s:o, s:o, s:o, s:b}", "name",
                             item_text(found->item.name), "attachments", attachments_json(node, &record), "texts",
                             texts_json(found), "here", is_here(node, &record.header.group, &record.document.content),
                             "revises", item_id(&found->item.revises), "translates", item_id(&found->item.translates),
                             "notes", notes, "stale", (int)is_stale(found), "newest", (json_int_t)found->newest,
                             "retain_until", render_json_time(marking.retain_ms), "heads", heads_json(found), "merges",
                             item_id(&found->item.parent), "embargo", render_json_time(record.document.embargo_ms),
                             "covered", (int)record_is_covered(&record.document));
    read_record_close(&record);
    int failed = more == NULL || json_object_update(result, more) != 0;
    json_decref(more);
    return failed ? GMM_ENOMEM : GMM_OK;
}

static enum gmm_err add_note(struct node *node, const struct read_found *found, json_t *result)
{
    struct read_record record;
    enum gmm_err err = read_record(node, &found->item.id, &record, NULL);
    if (err != GMM_OK)
        return err;
    json_t *more = json_pack(
        "{s:o, s:o, s:o, s:o, s:o}", "text", text_json(&record.note.text), "proposed", text_json(&record.note.proposed),
        "para", found->item.para == 0 ? json_null() : json_integer(found->item.para), "position",
        item_text(record_position_text(found->item.position)), "parent", item_id(&found->item.parent));
    read_record_close(&record);
    int failed = more == NULL || json_object_update(result, more) != 0;
    json_decref(more);
    return failed ? GMM_ENOMEM : GMM_OK;
}

static void show(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct read_found found;
    if (!cmd_reading_find(node, call, call_text(call, "ref"), &found))
        return;
    json_t *result = item_json(node, &found.item, NULL);
    enum gmm_err err = result == NULL ? GMM_ENOMEM : GMM_OK;
    if (err == GMM_OK)
        err = found.item.type != HEADER_DOCUMENT ? add_note(node, &found, result) : add_document(node, &found, result);
    if (err == GMM_OK)
        inbox_read(node, &found.item.id);
    read_close(&found);
    if (err == GMM_OK) {
        call_reply(call, result);
        return;
    }
    json_decref(result);
    cmd_reading_fail(call, err, &msg, NULL);
}

static void number_field(struct render *out, const json_t *object, const char *label, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (json_is_integer(value))
        render_line(out, "%s: %lld", text_tr(label), (long long)json_integer_value(value));
}

static void text_field(struct render *out, const json_t *object, const char *label, const char *name)
{
    render_field(out, label, json_string_value(json_object_get(object, name)));
}

static void author_line(const json_t *object, struct render *out)
{
    const json_t *author = json_object_get(object, "author");
    fprintf(out->out, _("%s: "), _("From"));
    render_text(out, reply_text(author, "participant"));
    fputs("/", out->out);
    render_text(out, reply_text(author, "office"));
    if (reply_text(author, "person")[0] != '\0') {
        fputs(", ", out->out);
        render_text(out, reply_text(author, "person"));
    }
    fputs(", ", out->out);
    render_time(out, json_object_get(object, "time"));
    fputc('\n', out->out);
}

static void attachments_render(const json_t *result, struct render *out)
{
    const json_t *item;
    size_t i;
    json_array_foreach(json_object_get(result, "attachments"), i, item)
    {
        fprintf(out->out, _("Attachment %zu: "), i + 1);
        render_text(out, reply_text(item, "name"));
        render_line(out, " (%lld bytes%s)", (long long)json_integer_value(json_object_get(item, "bytes")),
                    json_is_true(json_object_get(item, "here")) ? "" : _(", not here yet"));
    }
}

static void show_render(const json_t *result, struct render *out)
{
    static const struct render_column columns[] = {
        {"VERSION", "version", 0}, {"LANG", "lang", 0}, {"TIME", "time:time", 0}, {"ID", "id:id", 12}};
    text_field(out, result, "Title", "title");
    text_field(out, result, "Symbol", "symbol");
    text_field(out, result, "Id", "id");
    render_word(out, "Kind", json_string_value(json_object_get(result, "kind")));
    number_field(out, result, "Version", "version");
    text_field(out, result, "Language", "lang");
    item_marking_render(result, out);
    text_field(out, result, "Group", "group");
    author_line(result, out);
    text_field(out, result, "Kept until", "retain_until");
    text_field(out, result, "File", "name");
    number_field(out, result, "Bytes", "bytes");
    text_field(out, result, "On", "document");
    number_field(out, result, "Paragraph", "para");
    render_word(out, "Position", json_string_value(json_object_get(result, "position")));
    text_field(out, result, "Answers", "parent");
    if (json_is_string(json_object_get(result, "text")))
        render_block(out, 2, reply_text(result, "text"));
    if (json_is_string(json_object_get(result, "proposed"))) {
        render_line(out, "Proposed text:");
        render_block(out, 2, reply_text(result, "proposed"));
    }
    attachments_render(result, out);
    if (json_is_true(json_object_get(result, "covered"))) {
        fprintf(out->out, _("%s: "), _("Under embargo until"));
        render_time(out, json_object_get(result, "embargo"));
        fputc('\n', out->out);
    }
    if (json_is_false(json_object_get(result, "here")))
        render_line(out, "Its content is not all here; gmm get fetches it.");
    if (json_is_true(json_object_get(result, "stale")))
        number_field(out, result, "This translation is stale; the newest version is", "newest");
    if (json_array_size(json_object_get(result, "heads")) > 1)
        render_line(out, "%zu versions stand beside one another; post --revises one --revises the other joins them.",
                    json_array_size(json_object_get(result, "heads")));
    number_field(out, result, "Notes", "notes");
    if (json_array_size(json_object_get(result, "texts")) > 1)
        render_table(out, json_object_get(result, "texts"), columns, sizeof columns / sizeof columns[0]);
}

/* ---- notes */

struct noting {
    struct node *node;
    json_t *rows;
    struct carried *carried;
    struct marking_memo memo;
};

static enum gmm_err list_note(void *arg, const struct note_view *note)
{
    static const struct record_note closed;
    struct noting *l = arg;
    const struct projection_item *item = note->item;
    uint32_t para = item->para, version;
    enum carried_state state;
    enum gmm_err err = carried_para(l->carried, &item->document, &para, &version, &state);
    if (err != GMM_OK)
        return err;
    bool placed = para != 0 && state != CARRIED_ORPHAN;
    const struct record_note *record = note->record == NULL ? &closed : note->record;
    const char *disposition = note->disposition == 0 ? NULL : record_position_text(note->disposition);
    json_t *row = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", reply_id(&item->id),
        "para", placed ? json_integer(para) : json_null(), "position", item_text(record_position_text(item->position)),
        "text", text_json(&record->text), "proposed", text_json(&record->proposed), "parent", item_id(&item->parent),
        "author", item_author(l->node, &item->author, item->person), "time", render_json_time(item->time_ms),
        "disposition", item_text(disposition), "document", item_id(&item->document), "lang", item_text(item->lang),
        "group", item_group(l->node, &item->gid), "version", version == 0 ? json_null() : json_integer(version),
        "noted_para", item->para == 0 ? json_null() : json_integer(item->para), "orphaned",
        state == CARRIED_UNKNOWN ? json_null() : json_boolean(state == CARRIED_ORPHAN));
    if (row == NULL || !item_set_marking_of(row, l->node, item, &l->memo)) {
        json_decref(row);
        return GMM_ENOMEM;
    }
    return json_array_append_new(l->rows, row) == 0 ? GMM_OK : GMM_ENOMEM;
}

/* By symbol: notes on any language of that version and, followed to it, of earlier ones; by id: on exactly that one. */
static void notes(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct read_found found;
    if (!cmd_reading_find(node, call, call_text(call, "ref"), &found))
        return;
    struct gmm_id *documents = calloc(found.text_count + 1, sizeof *documents);
    struct noting l = {.node = node, .rows = json_array()};
    size_t count = 0;
    enum gmm_err err = documents == NULL ? GMM_ENOMEM : carried_open(&l.carried, node, &found);
    for (size_t i = 0; err == GMM_OK && found.by_symbol && i < found.text_count; i++)
        if (found.texts[i].version <= found.item.version)
            documents[count++] = found.texts[i].id;
    if (err == GMM_OK && !found.by_symbol)
        documents[count++] = read_is_note(found.item.type) ? found.item.document : found.item.id;
    if (err == GMM_OK)
        err = note_each(node, documents, count, list_note, &l);
    if (err == GMM_OK)
        inbox_read_about(node, documents, count);
    carried_close(l.carried);
    free(documents);
    read_close(&found);
    if (err == GMM_OK) {
        call_reply(call, l.rows);
        return;
    }
    json_decref(l.rows);
    cmd_reading_fail(call, err, &msg, NULL);
}

static void notes_render(const json_t *result, struct render *out)
{
    const json_t *note;
    size_t i;
    char id[16];
    json_array_foreach(result, i, note)
    {
        fprintf(out->out, "%s%s  ", i == 0 ? "" : "\n", render_short_id(reply_text(note, "id"), id));
        author_line(note, out);
        item_marking_render(note, out);
        number_field(out, note, "Paragraph", "para");
        if (json_is_true(json_object_get(note, "orphaned")))
            number_field(out, note, "Orphaned, its paragraph is gone; on version", "version");
        else if (json_is_integer(json_object_get(note, "noted_para")) &&
                 !json_equal(json_object_get(note, "noted_para"), json_object_get(note, "para")))
            number_field(out, note, "Paragraph when it was written", "noted_para");
        render_word(out, "Position", json_string_value(json_object_get(note, "position")));
        if (json_is_string(json_object_get(note, "parent")))
            render_line(out, "Answers: %s", render_short_id(reply_text(note, "parent"), id));
        if (json_is_string(json_object_get(note, "text")))
            render_block(out, 2, reply_text(note, "text"));
        if (json_is_string(json_object_get(note, "proposed"))) {
            render_line(out, "Proposed text:");
            render_block(out, 2, reply_text(note, "proposed"));
        }
        render_word(out, "Disposition", json_string_value(json_object_get(note, "disposition")));
    }
}

static const struct command_param get_params[] = {
    {"REF", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "a symbol, an id, or 8 digits or more of one"},
    {"-o", COMMAND_OUT, COMMAND_TO_NAME, "FILE", "where to; - is standard output"},
    {"--version", COMMAND_INT, 0, "N", "this version instead of the newest"},
    {"--lang", COMMAND_TEXT, 0, "LANG", "in this language; the original when there is none"},
    {"--attachment", COMMAND_TEXT, 0, "NAME|N", "this attachment instead of the document"},
};
static const struct command_param ref_params[] = {
    {"REF", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "a symbol, an id, or 8 digits or more of one"},
};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
    {.name = "get",
     PARAMS(get_params),
     .flags = COMMAND_NETWORK,
     .right = CONFIG_READ,
     .handler = get_start,
     .help = "Write a document's bytes exactly as they were posted.",
     .details = "Without -o: to standard output when it is no terminal, else to a safe form of the posted name here. "
                "Attachments that are not here are fetched from the offices that have them.",
     .example = "gmm get GMG/2014/1 --lang fr -o note.docx"},
    {.name = "show",
     PARAMS(ref_params),
     .right = CONFIG_READ,
     .handler = show,
     .render = show_render,
     .help = "Show what is known of a document or note: versions, languages, attachments.",
     .example = "gmm show GMG/2014/1"},
    {.name = "notes",
     PARAMS(ref_params),
     .right = CONFIG_READ,
     .handler = notes,
     .render = notes_render,
     .help = "Show the notes on a document.",
     .example = "gmm notes GMG/2014/1"},
};
const struct command_family command_reading = {commands, sizeof commands / sizeof commands[0]};
