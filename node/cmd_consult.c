/* consult: open, round, extend, silence, close, reopen, show, list, report. */
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/commands.h"
#include "node/consulting_json.h"
#include "node/consulting_post.h"
#include "node/item.h"
#include "node/render.h"
#include "node/reply.h"

/* Fails the call, choices stolen. */
static void fail(struct call *call, enum gmm_err err, const struct gmm_msg *msg, json_t *choices)
{
    call_fail_choices(
        call, err, msg->text[0] == '\0' ? gmm_err_text(err) : msg->text,
        err == GMM_ENOTFOUND || err == GMM_ESTATE ? "gmm consult list and gmm list show what there is" : NULL, choices);
}

static bool open_or_fail(struct node *node, struct call *call, struct consulting *c)
{
    struct gmm_msg msg = {.text = ""};
    json_t *choices = json_array();
    enum gmm_err err = consulting_open(node, call_text(call, "ref"), c, choices, &msg);
    if (err == GMM_OK) {
        json_decref(choices);
        return true;
    }
    consulting_close(c);
    fail(call, err, &msg, choices);
    return false;
}

/* ---- what the coordinator does */

struct texts {
    const char *list[RECORD_INVITED];
    size_t count;
};

static void read_texts_of(const struct call *call, const char *name, struct texts *texts)
{
    size_t count = call_count(call, name);
    for (size_t i = 0; i < count && texts->count < RECORD_INVITED; i++)
        texts->list[texts->count++] = call_text_at(call, name, i);
}

/* The consultation as it stands now, with the entry that was just posted. */
static void reply_shown(struct node *node, struct call *call, const struct gmm_id *id)
{
    struct consulting c;
    if (!open_or_fail(node, call, &c))
        return;
    const struct consult *last = consulting_last(&c);
    json_t *result = last == NULL ? NULL : consulting_json(&c, &c.outcome, last);
    if (result != NULL && id != NULL)
        json_object_set_new(result, "entry", reply_id(id));
    call_reply(call, result);
    consulting_close(&c);
}

/* Of two heads one must be named when a text is put to others. */
static enum gmm_err check_one_head(struct node *node, struct call *call, struct consulting *c, json_t *choices,
                                   struct gmm_msg *msg)
{
    struct read_found found;
    enum gmm_err err = read_find(node, call_text(call, "ref"), NULL, &found, choices, msg);
    if (err == GMM_OK && found.item.type == HEADER_DOCUMENT) {
        projection_item_close(&c->document);
        c->document = found.item;
        found.item = (struct projection_item){0};
    }
    read_close(&found);
    return err;
}

static void act(struct node *node, struct call *call, enum record_consult_action action)
{
    struct gmm_msg msg = {.text = ""};
    struct consulting c;
    struct gmm_id id;
    struct texts invite = {.count = 0}, langs = {.count = 0};
    struct consulting_request request = {.action = action,
                                         .deadline = call_text(call, "deadline"),
                                         .reason = call_text(call, "short"),
                                         .person = call_person(call)};
    if (request.deadline == NULL)
        request.deadline = call_text(call, "until");
    read_texts_of(call, "invite", &invite);
    read_texts_of(call, "require-lang", &langs);
    request.invite = invite.list;
    request.invite_count = invite.count;
    request.langs = langs.list;
    request.lang_count = langs.count;
    if (!open_or_fail(node, call, &c))
        return;
    json_t *choices = json_array();
    enum gmm_err err = GMM_OK;
    if (action == RECORD_CONSULT_OPEN || action == RECORD_CONSULT_ROUND)
        err = check_one_head(node, call, &c, choices, &msg);
    if (err == GMM_OK)
        err = consulting_post_action(&c, &request, &id, &msg);
    consulting_close(&c);
    if (err != GMM_OK) {
        fail(call, err, &msg, choices);
        return;
    }
    json_decref(choices);
    reply_shown(node, call, &id);
}

static void open_round(struct node *node, struct call *call)
{
    act(node, call, RECORD_CONSULT_OPEN);
}

static void next_round(struct node *node, struct call *call)
{
    act(node, call, RECORD_CONSULT_ROUND);
}

static void extend(struct node *node, struct call *call)
{
    act(node, call, RECORD_CONSULT_EXTEND);
}

static void silence(struct node *node, struct call *call)
{
    act(node, call, RECORD_CONSULT_SILENCE);
}

static void close_round(struct node *node, struct call *call)
{
    act(node, call, RECORD_CONSULT_CLOSE);
}

static void reopen(struct node *node, struct call *call)
{
    act(node, call, RECORD_CONSULT_REOPEN);
}

static void show(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct consulting c;
    if (!open_or_fail(node, call, &c))
        return;
    if (consulting_last(&c) == NULL) {
        enum gmm_err err = gmm_fail(&msg, GMM_ENOTFOUND, "there is no consultation on '%s'", call_text(call, "ref"));
        fail(call, err, &msg, NULL);
    } else {
        call_reply(call, consulting_json(&c, &c.outcome, consulting_last(&c)));
    }
    consulting_close(&c);
}

static void report(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct consulting c;
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (!open_or_fail(node, call, &c))
        return;
    enum gmm_err err = consulting_post_report(&c, &bytes, &len, &msg);
    json_t *result = err == GMM_OK ? json_loadb((const char *)bytes, len, 0, NULL) : NULL;
    if (err == GMM_OK && result == NULL)
        err = gmm_fail(&msg, GMM_ECORRUPT, "the report is not what a coordinator's node writes");
    if (err == GMM_OK)
        json_object_set_new(result, "report", reply_id(&consulting_last(&c)->close));
    struct marking now = consulting_marking(&c); /* as it is to be handled now */
    if (err == GMM_OK && !item_set_marking(result, &now))
        err = GMM_ENOMEM;
    free(bytes);
    consulting_close(&c);
    if (err == GMM_OK) {
        call_reply(call, result);
        return;
    }
    json_decref(result);
    fail(call, err, &msg, NULL);
}

/* ---- list */

static enum gmm_err list_one(void *arg, struct consulting *c, const struct consult *consult)
{
    return json_array_append_new(arg, consulting_json_row(c, consult)) == 0 ? GMM_OK : GMM_ENOMEM;
}

static void list(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    json_t *rows = json_array();
    enum gmm_err err = rows == NULL ? GMM_ENOMEM : consulting_each(node, list_one, rows);
    if (err == GMM_OK) {
        call_reply(call, rows);
        return;
    }
    json_decref(rows);
    fail(call, err, &msg, NULL);
}

static void list_render(const json_t *result, struct render *out)
{
    static const struct render_column columns[] = {{"SYMBOL", "symbol", 30},
                                                   {"V", "version", 0},
                                                   {"ROUND", "round", 0},
                                                   {"STATE", "word:state", 0},
                                                   {"DEADLINE", "time:deadline", 0},
                                                   {"FROM", "coordinator", 0},
                                                   {"OUTCOME", "word:outcome", 0},
                                                   {"MARKING", "word:marking", 0},
                                                   {"TLP", "tlp", 0},
                                                   {"TITLE", "title", 0}};
    render_table(out, result, columns, sizeof columns / sizeof columns[0]);
}

/* ---- for people */

static void names_render(const json_t *result, const char *label, const char *key, struct render *out)
{
    const json_t *name;
    size_t i;
    if (json_array_size(json_object_get(result, key)) == 0)
        return;
    fprintf(out->out, _("%s: "), text_tr(label));
    json_array_foreach(json_object_get(result, key), i, name)
    {
        fputs(i == 0 ? "" : ", ", out->out);
        render_text(out, json_string_value(name));
    }
    fputc('\n', out->out);
}

static void time_line(const json_t *result, const char *label, const char *key, struct render *out)
{
    const json_t *time = json_object_get(result, key);
    if (!json_is_string(time))
        return;
    fprintf(out->out, _("%s: "), text_tr(label));
    render_time(out, time);
    fputc('\n', out->out);
}

static void show_render(const json_t *result, struct render *out)
{
    static const struct render_column columns[] = {{"PARTICIPANT", "participant", 0}, {"STORED", "time:stored", 0},
                                                   {"POSITION", "word:position", 0},  {"RELEASED", "released", 0},
                                                   {"CLEARED", "cleared", 0},         {"CONFLICT", "conflict", 0}};
    if (reply_text(result, "entry")[0] != '\0')
        render_line(out, "%s", reply_text(result, "entry"));
    render_field(out, "Title", json_string_value(json_object_get(result, "title")));
    render_field(out, "Symbol", json_string_value(json_object_get(result, "symbol")));
    item_marking_render(result, out);
    render_line(out, "Version %lld, round %lld: %s", (long long)json_integer_value(json_object_get(result, "version")),
                (long long)json_integer_value(json_object_get(result, "round")),
                lang_word(reply_text(result, "state")));
    render_word(out, "Outcome", json_string_value(json_object_get(result, "outcome")));
    render_field(out, "Coordinator", json_string_value(json_object_get(result, "coordinator")));
    time_line(result, "Deadline", "deadline", out);
    if (strcmp(reply_text(result, "state"), "waiting") == 0)
        names_render(result, "The clock starts when these languages exist", "languages", out);
    time_line(result, "Silence since", "silence_since", out);
    time_line(result, "Closed", "closed", out);
    render_table(out, json_object_get(result, "invited"), columns, sizeof columns / sizeof columns[0]);
    names_render(result, "Not reached", "unreached", out);
    names_render(result, "Silent", "silent", out);
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(result, "objections"), i, one)
    {
        char id[16];
        fprintf(out->out, _("Objection of "));
        render_text(out, reply_text(one, "participant"));
        render_line(out, ": %s%s", render_short_id(reply_text(one, "id"), id),
                    json_is_true(json_object_get(one, "asserted")) ? _(" (only its author says that it was in time)")
                                                                   : "");
    }
}

/* With what the signature covers beside what show tells: the bytes of each version, and what became of each note. */
static void report_render(const json_t *result, struct render *out)
{
    static const struct render_column versions[] = {{"VERSION", "version", 0}, {"LANG", "lang", 0},
                                                    {"ID", "id:id", 12},       {"TIME", "time:time", 0},
                                                    {"BYTES", "bytes", 0},     {"SHA-256", "sha256", 0}};
    static const struct render_column dispositions[] = {{"NOTE", "id:note", 12}, {"DISPOSITION", "word:as", 0}};
    show_render(result, out);
    render_table(out, json_object_get(result, "versions"), versions, sizeof versions / sizeof versions[0]);
    if (json_array_size(json_object_get(result, "dispositions")) > 0)
        render_table(out, json_object_get(result, "dispositions"), dispositions,
                     sizeof dispositions / sizeof dispositions[0]);
}

#define REF                                                                                                            \
    {                                                                                                                  \
        "REF", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the document: a symbol, an id, or 8 digits or more of one"       \
    }
#define DEADLINE                                                                                                       \
    {                                                                                                                  \
        "--deadline", COMMAND_TEXT, COMMAND_REQUIRED, "TIME", N_("with its zone: 2014-03-14T17:00+01:00")              \
    }

static const struct command_param open_params[] = {
    REF,
    DEADLINE,
    {"--invite", COMMAND_TEXT, COMMAND_REPEATED, "ID,…", "these participants; the document's group when not given"},
    {"--require-lang", COMMAND_TEXT, COMMAND_REPEATED, "LANG,…", "the clock starts when these exist"},
};
static const struct command_param round_params[] = {
    REF,
    DEADLINE,
    {"--require-lang", COMMAND_TEXT, COMMAND_REPEATED, "LANG,…", "the clock starts when these exist"},
};
static const struct command_param deadline_params[] = {REF, DEADLINE};
static const struct command_param silence_params[] = {
    REF,
    {"--until", COMMAND_TEXT, COMMAND_REQUIRED, "TIME", "with its zone; 72 hours from now at least"},
    {"--short", COMMAND_TEXT, 0, "REASON", "why it takes less than 72 hours"},
};
static const struct command_param ref_params[] = {REF};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
    {.name = "consult open",
     PARAMS(open_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_POST,
     .handler = open_round,
     .render = show_render,
     .help = "Open a consultation on a document.",
     .details = "Its author, the chair and the lead of the group may. Who opens it coordinates it.",
     .example = "gmm consult open GMG/2014/1 --deadline 2014-03-14T17:00+01:00 --require-lang en,es,ar"},
    {.name = "consult round",
     PARAMS(round_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_POST,
     .handler = next_round,
     .render = show_render,
     .help = "Begin the next round, on the newest version.",
     .example = "gmm consult round GMG/2014/1 --deadline 2014-04-11T17:00+02:00"},
    {.name = "consult extend",
     PARAMS(deadline_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_POST,
     .handler = extend,
     .render = show_render,
     .help = "Set a later deadline, of the round or of the silence procedure.",
     .example = "gmm consult extend GMG/2014/1 --deadline 2014-03-21T17:00+01:00"},
    {.name = "consult silence",
     PARAMS(silence_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_POST,
     .handler = silence,
     .render = show_render,
     .help = "Begin a silence procedure: what nobody objects to is adopted.",
     .details = "It binds the participants that hold the document. An objection signed before its end breaks it.",
     .example = "gmm consult silence GMG/2014/1 --until 2014-04-18T17:00+02:00"},
    {.name = "consult close",
     PARAMS(ref_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_POST,
     .handler = close_round,
     .render = show_render,
     .help = "Close the consultation with a signed report.",
     .example = "gmm consult close GMG/2014/1"},
    {.name = "consult reopen",
     PARAMS(deadline_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_POST,
     .handler = reopen,
     .render = show_render,
     .help = "Reopen what is closed, adopted, broken or suspended.",
     .example = "gmm consult reopen GMG/2014/1 --deadline 2014-05-02T17:00+02:00"},
    {.name = "consult show",
     PARAMS(ref_params),
     .right = CONFIG_READ,
     .handler = show,
     .render = show_render,
     .help = "Show where a consultation stands: who is reached, who said what, who is missing.",
     .example = "gmm consult show GMG/2014/1"},
    {.name = "consult report",
     PARAMS(ref_params),
     .right = CONFIG_READ,
     .handler = report,
     .render = report_render,
     .help = "Show the signed report that a consultation was closed with.",
     .example = "gmm consult report GMG/2014/1"},
    {.name = "consult list",
     .right = CONFIG_READ,
     .handler = list,
     .render = list_render,
     .help = "List consultations, the latest first.",
     .example = "gmm consult list"},
};
const struct command_family command_consult = {commands, sizeof commands / sizeof commands[0]};
