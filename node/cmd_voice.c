/* resolve, release, clear, receipts: what is done about notes, and with one voice. */
#include <stdlib.h>
#include <string.h>

#include "node/commands.h"
#include "node/consulting_post.h"
#include "node/item.h"
#include "node/receipts.h"
#include "node/release.h"
#include "node/render.h"
#include "node/reply.h"

/* Fails the call, choices stolen. */
static void fail(struct call *call, enum gmm_err err, const struct gmm_msg *msg, json_t *choices)
{
    call_fail_choices(call, err, msg->text[0] == '\0' ? gmm_err_text(err) : msg->text,
                      err == GMM_ENOTFOUND || err == GMM_ESTATE ? "gmm notes and gmm consult show tell what there is"
                                                                : NULL,
                      choices);
}

static bool open_or_fail(struct node *node, struct call *call, const char *ref, struct consulting *c)
{
    struct gmm_msg msg = {.text = ""};
    json_t *choices = json_array();
    enum gmm_err err = consulting_open(node, ref, c, choices, &msg);
    if (err == GMM_OK) {
        json_decref(choices);
        return true;
    }
    consulting_close(c);
    fail(call, err, &msg, choices);
    return false;
}

/* ---- resolve */

static enum gmm_err read_disposition(const char *word, unsigned *as, struct gmm_msg *msg)
{
    int number = word == NULL ? -1 : record_position_from_text(word);
    *as = (unsigned)number;
    return number >= RECORD_ACCEPTED ? GMM_OK
                                     : gmm_fail(msg, GMM_EUSAGE,
                                                "'%s' is no disposition: accepted, accepted-in-part, not-accepted, "
                                                "noted, deferred, withdrawn",
                                                word == NULL ? "" : word);
}

static void resolve(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct read_found found = {0};
    struct consulting c = {0};
    struct gmm_id id;
    unsigned as = 0;
    json_t *choices = json_array();
    enum gmm_err err = read_disposition(call_text(call, "as"), &as, &msg);
    if (err == GMM_OK)
        err = read_find(node, call_text(call, "note"), NULL, &found, choices, &msg);
    if (err == GMM_OK && found.item.type != HEADER_NOTE && found.item.type != HEADER_RELEASE)
        err = gmm_fail(&msg, GMM_EUSAGE, "'%s' is no note", call_text(call, "note"));
    if (err == GMM_OK)
        err = consulting_open(node, call_text(call, "note"), &c, NULL, &msg);
    if (err == GMM_OK)
        err = consulting_post_disposition(&c, &found.item, as, call_text(call, "reason"), call_person(call), &id, &msg);
    consulting_close(&c);
    json_t *result = err == GMM_OK ? json_pack("{s:o, s:o, s:o, s:o}", "id", reply_id(&id), "note",
                                               reply_id(&found.item.id), "document", reply_id(&found.item.document),
                                               "disposition", item_text(record_position_text(as)))
                                   : NULL;
    read_close(&found);
    if (err != GMM_OK) {
        fail(call, err, &msg, choices);
        return;
    }
    json_decref(choices);
    call_reply(call, result);
}

static void resolve_render(const json_t *result, struct render *out)
{
    render_line(out, "%s", reply_text(result, "id"));
    render_word(out, "Disposition", reply_text(result, "disposition"));
}

/* ---- release, clear */

static void release(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct consulting c;
    const char *notes[RECORD_NOTES];
    int64_t para = call_int(call, "para", 0);
    struct release_request request = {.position = call_text(call, "position"),
                                      .text = call_text(call, "text"),
                                      .proposed = call_text(call, "propose"),
                                      .person = call_person(call),
                                      .notes = notes,
                                      .para = para > UINT32_MAX ? UINT32_MAX : (uint32_t)para};
    for (size_t i = 0; i < call_count(call, "note") && request.note_count < RECORD_NOTES; i++)
        notes[request.note_count++] = call_text_at(call, "note", i);
    request.own_words = request.position != NULL || request.text != NULL || request.proposed != NULL;
    if (!open_or_fail(node, call, call_text(call, "ref"), &c))
        return;
    json_t *released = json_array();
    enum gmm_err err = release_publish(&c, &request, released, &msg);
    consulting_close(&c);
    if (err != GMM_OK) {
        json_decref(released);
        fail(call, err, &msg, NULL);
        return;
    }
    const json_t *first = json_array_get(released, 0);
    call_reply(call, json_pack("{s:O, s:o}", "id", json_object_get(first, "id"), "released", released));
}

static void release_render(const json_t *result, struct render *out)
{
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(result, "released"), i, one) render_line(out, "%s", reply_text(one, "id"));
    static const struct render_column columns[] = {
        {"ID", "id:id", 12}, {"PARA", "para", 0}, {"POSITION", "word:position", 0}, {"CLEARED", "cleared", 0}};
    render_table(out, json_object_get(result, "released"), columns, sizeof columns / sizeof columns[0]);
}

/* A note's reference: that one alone. */
static bool names_note(struct node *node, const char *ref, struct gmm_id *id)
{
    struct read_found found;
    bool note = read_find(node, ref, NULL, &found, NULL, NULL) == GMM_OK && found.item.type == HEADER_NOTE;
    *id = found.item.id;
    read_close(&found);
    return note;
}

static void clear(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct consulting c;
    struct gmm_id note;
    const char *ref = call_text(call, "ref");
    if (!open_or_fail(node, call, ref, &c))
        return;
    json_t *cleared = json_array();
    bool one = names_note(node, ref, &note);
    enum gmm_err err = release_clear(&c, one ? &note : NULL, call_person(call), cleared, &msg);
    consulting_close(&c);
    if (err != GMM_OK) {
        json_decref(cleared);
        fail(call, err, &msg, NULL);
        return;
    }
    const json_t *first = json_array_get(cleared, 0);
    call_reply(call, json_pack("{s:O, s:o}", "id", json_object_get(first, "id"), "cleared", cleared));
}

static void clear_render(const json_t *result, struct render *out)
{
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(result, "cleared"), i, one) render_line(out, "%s", reply_text(one, "id"));
    render_line(out, "Cleared: %zu", json_array_size(json_object_get(result, "cleared")));
}

/* ---- receipts */

/* By symbol: of every language of the newest version; by id: of that version. */
static void receipts(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct read_found found;
    json_t *choices = json_array();
    enum gmm_err err = read_find(node, call_text(call, "ref"), NULL, &found, choices, &msg);
    if (err == GMM_OK && found.item.type != HEADER_DOCUMENT)
        err = gmm_fail(&msg, GMM_EUSAGE, "'%s' is no document", call_text(call, "ref"));
    struct gmm_id *texts = calloc(found.text_count + 1, sizeof *texts);
    size_t count = 0;
    if (err == GMM_OK && texts == NULL)
        err = GMM_ENOMEM;
    for (size_t i = 0; err == GMM_OK && i < found.text_count; i++)
        if (found.texts[i].version == found.item.version && id_equal(&found.texts[i].gid, &found.item.gid))
            texts[count++] = found.texts[i].id;
    if (err == GMM_OK && count == 0)
        texts[count++] = found.item.id;
    json_t *result = err == GMM_OK ? receipts_json(node, &found.item.gid, texts, count) : NULL;
    free(texts);
    read_close(&found);
    if (err != GMM_OK) {
        fail(call, err, &msg, choices);
        return;
    }
    json_decref(choices);
    call_reply(call, result);
}

static void receipts_render(const json_t *result, struct render *out)
{
    static const struct render_column columns[] = {{"PARTICIPANT", "participant", 0},
                                                   {"OFFICE", "office", 0},
                                                   {"STORED", "time:stored", 0},
                                                   {"OPENED", "time:opened", 0},
                                                   {"LAST HEARD", "time:heard", 0}};
    render_table(out, result, columns, sizeof columns / sizeof columns[0]);
}

static const struct command_param resolve_params[] = {
    {"NOTE", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the note's id, or 8 digits or more of it"},
    {"--as", COMMAND_TEXT, COMMAND_REQUIRED, "DISPOSITION",
     "accepted, accepted-in-part, not-accepted, noted, deferred; withdrawn by its own author"},
    {"--reason", COMMAND_WORDS, 0, "TEXT", "why, or - for standard input"},
};
static const struct command_param release_params[] = {
    {"REF", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the document that is consulted on"},
    {"TEXT", COMMAND_WORDS, 0, NULL, "other words than the draft's, or - for standard input"},
    {"--note", COMMAND_TEXT, COMMAND_REPEATED, "NOTE", "this internal note; may be given again"},
    {"--para", COMMAND_INT, 0, "N", "this paragraph only"},
    {"--position", COMMAND_TEXT, 0, "POSITION", "another position than the draft's"},
    {"--propose", COMMAND_WORDS, 0, "TEXT", "other wording than the draft's, or - for standard input"},
};
static const struct command_param clear_params[] = {
    {"REF", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the document, or one internal note"},
};
static const struct command_param receipts_params[] = {
    {"REF", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the document: a symbol, an id, or 8 digits or more of one"},
};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
    {.name = "resolve",
     PARAMS(resolve_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_NOTE,
     .handler = resolve,
     .render = resolve_render,
     .help = "Say what becomes of a note.",
     .details = "The coordinator, the document's author, the chair and the lead may; its own author withdraws it.",
     .example = "gmm resolve 3f2a9c01 --as accepted-in-part --reason \"see paragraph 9\""},
    {.name = "release",
     PARAMS(release_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_RELEASE,
     .handler = release,
     .render = release_render,
     .help = "Publish your participant's position from its internal notes.",
     .details = "Of each paragraph the latest draft is published; where some are cleared, those alone. It takes the "
                "place of what was released on the paragraph before.",
     .example = "gmm release GMG/2014/1"},
    {.name = "clear",
     PARAMS(clear_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_CLEAR,
     .handler = clear,
     .render = clear_render,
     .help = "Put a visa on internal notes: they may be released.",
     .example = "gmm clear GMG/2014/1"},
    {.name = "receipts",
     PARAMS(receipts_params),
     .right = CONFIG_READ,
     .handler = receipts,
     .render = receipts_render,
     .help = "Show which offices hold a document and where it was opened.",
     .details =
         "An office says what it holds within a day, within a minute of what is consulted on; where an office has "
         "said nothing it may hold the document all the same: the last column is when it was last heard here.",
     .example = "gmm receipts GMG/2014/1"},
};
const struct command_family command_voice = {commands, sizeof commands / sizeof commands[0]};
