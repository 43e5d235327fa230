/* mark, retain. */
#include <string.h>

#include "node/commands.h"
#include "node/item.h"
#include "node/marking.h"
#include "node/post.h"
#include "node/read.h"
#include "node/render.h"
#include "node/reply.h"
#include "node/times.h"

static void fail(struct call *call, enum gmm_err err, const struct gmm_msg *msg, json_t *choices)
{
    call_fail_choices(call, err, msg->text[0] == '\0' ? gmm_err_text(err) : msg->text,
                      err == GMM_ENOTFOUND ? "gmm list shows what can be read here" : NULL, choices);
}

static enum gmm_err find(struct node *node, struct call *call, struct read_found *found, json_t *choices,
                         struct gmm_msg *msg)
{
    enum gmm_err err = read_find(node, call_text(call, "ref"), NULL, found, choices, msg);
    if (err == GMM_OK && found->item.type != HEADER_DOCUMENT)
        err = gmm_fail(msg, GMM_EUSAGE, "'%s' is no document", call_text(call, "ref"));
    return err;
}

static void reply(struct node *node, struct call *call, enum gmm_err err, const struct gmm_msg *msg,
                  struct read_found *found, const struct gmm_id *id, json_t *choices)
{
    json_t *result = NULL;
    if (err == GMM_OK) {
        struct marking now = marking_of(node, &found->item);
        result = json_pack("{s:o, s:o, s:o, s:o, s:o}", "id", reply_id(id), "document", reply_id(&found->item.id),
                           "marking", item_text(record_marking_text(now.marking)), "tlp",
                           item_text(record_tlp_text(now.tlp)), "retain_until", render_json_time(now.retain_ms));
    }
    read_close(found);
    if (err != GMM_OK) {
        fail(call, err, msg, choices);
        return;
    }
    json_decref(choices);
    call_reply(call, result);
}

static void mark(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct read_found found = {.text_count = 0};
    struct gmm_id id;
    enum record_marking marking;
    enum record_tlp tlp;
    json_t *choices = json_array();
    enum gmm_err err = post_read_marking(call_text(call, "marking"), &marking, &tlp, &msg);
    if (err == GMM_OK)
        err = find(node, call, &found, choices, &msg);
    if (err == GMM_OK)
        err = marking_set(node, &found.item, (unsigned)marking, (unsigned)tlp, call_text(call, "reason"),
                          call_person(call), &id, &msg);
    reply(node, call, err, &msg, &found, &id, choices);
}

static void retain(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct read_found found;
    struct gmm_id id;
    json_t *choices = json_array();
    enum gmm_err err = find(node, call, &found, choices, &msg);
    if (err == GMM_OK)
        err = marking_retain(node, &found.item, (uint64_t)call_int(call, "until", 0), call_person(call), &id, &msg);
    reply(node, call, err, &msg, &found, &id, choices);
}

static void marking_render(const json_t *result, struct render *out)
{
    render_line(out, "%s", reply_text(result, "id"));
    render_word(out, "Marking", reply_text(result, "marking"));
    if (reply_text(result, "tlp")[0] != '\0')
        render_field(out, "Onward", reply_text(result, "tlp"));
    if (reply_text(result, "retain_until")[0] != '\0')
        render_field(out, "Kept until", reply_text(result, "retain_until"));
}

static const struct command_param mark_params[] = {
    {"REF", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the document: a symbol, an id, or 8 digits or more of one"},
    {"--marking", COMMAND_TEXT, COMMAND_REQUIRED, "MARKING",
     "unclassified, confidential, strictly-confidential; also TLP:AMBER, …"},
    {"--reason", COMMAND_WORDS, 0, "TEXT", "why, or - for standard input"},
};
static const struct command_param retain_params[] = {
    {"REF", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the document: a symbol, an id, or 8 digits or more of one"},
    {"--until", COMMAND_TIME, COMMAND_REQUIRED, "TIME", "2024-12-31"},
};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
    {.name = "mark",
     PARAMS(mark_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_POST,
     .handler = mark,
     .render = marking_render,
     .help = "Change a document's marking.",
     .details =
         "Its originator raises and lowers it; the chair and the lead of its group raise it. A marking tells people "
         "what they may do; who can read does not change.",
     .example = "gmm mark GMG/2014/1 --marking unclassified --reason \"published\""},
    {.name = "retain",
     PARAMS(retain_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_POST,
     .handler = retain,
     .render = marking_render,
     .help = "Say until when a document is to be kept.",
     .example = "gmm retain GMG/2014/1 --until 2024-12-31"},
};
const struct command_family command_marking = {commands, sizeof commands / sizeof commands[0]};
