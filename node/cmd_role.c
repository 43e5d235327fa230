/* role: give, accept, show, history, elect, ballot. */
#include <stdlib.h>
#include <string.h>

#include "node/chairing.h"
#include "node/cmd_history.h"
#include "node/commands.h"
#include "node/joining.h"
#include "node/render.h"
#include "node/reply.h"

static const struct view *view_or_fail(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    enum gmm_err err = joining_reading(node, &msg);
    if (view != NULL && err == GMM_OK)
        return view;
    reply_fail(call, err == GMM_OK ? GMM_ENOMEM : err, err == GMM_OK ? NULL : &msg, NULL);
    return NULL;
}

static json_t *id_json(const struct view *view, const struct gmm_id *pid)
{
    const struct view_participant *p = view_participant(view, pid);
    return p == NULL ? json_null() : json_string(p->id);
}

/* ---- show */

static const char *how_text(enum view_term_how how)
{
    switch (how) {
    case VIEW_TERM_FOUNDING:
        return "founding";
    case VIEW_TERM_HANDOVER:
        return "handover";
    case VIEW_TERM_ELECTION:
        return "election";
    }
    return "founding";
}

static json_t *terms_json(const struct view *view)
{
    json_t *array = json_array();
    for (size_t i = 0; i < view->term_count; i++) {
        const struct view_term *t = &view->terms[i];
        json_array_append_new(array, json_pack("{s:i, s:o, s:o, s:o, s:o, s:s, s:i, s:b}", "term", (int)t->term,
                                               "chair", id_json(view, &t->chair), "deputy", id_json(view, &t->deputy),
                                               "from", render_json_time(t->from_ms), "until",
                                               render_json_time(t->until_ms), "how", how_text(t->how), "electorate",
                                               (int)t->elector_count, "cuts", t->cuts != NULL));
    }
    return array;
}

static json_t *leads_json(const struct view *view)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < LIMIT_THEMATIC; i++)
        json_array_append_new(array, json_pack("{s:s, s:o}", "group", charter_thematic_name(i), "participant",
                                               id_json(view, &view->leads[i])));
    return array;
}

static json_t *offer_json(const struct view *view, const char *what, const struct gmm_id *to, uint64_t from_ms,
                          uint64_t until_ms)
{
    return json_pack("{s:s, s:o, s:o, s:o}", "what", what, "participant", id_json(view, to), "from",
                     render_json_time(from_ms), "until", render_json_time(until_ms));
}

/* Given, and not accepted yet. */
static json_t *offers_json(const struct view *view)
{
    json_t *array = json_array();
    for (size_t i = 0; i < view->handover_count; i++) {
        const struct view_handover *h = &view->handovers[i];
        if (!h->closed && h->until_ms >= node_now_ms())
            json_array_append_new(array, offer_json(view, CHAIRING_CHAIR, &h->to, h->from_ms, h->until_ms));
    }
    for (size_t i = 0; i < view->lead_term_count; i++) {
        const struct view_lead *l = &view->lead_terms[i];
        if (!l->accepted && (l->until_ms == 0 || l->until_ms >= node_now_ms()))
            json_array_append_new(
                array, offer_json(view, charter_thematic_name(l->thematic), &l->pid, l->from_ms, l->until_ms));
    }
    return array;
}

static bool is_same(const struct view_ballot *a, const struct view_ballot *b)
{
    return a->len == b->len && memcmp(a->body, b->body, a->len) == 0;
}

static json_t *voters_json(const struct view *view, size_t first)
{
    json_t *array = json_array();
    for (size_t i = first; i < view->ballot_count; i++)
        if (!view->ballots[i].spoiled && is_same(&view->ballots[i], &view->ballots[first]))
            json_array_append_new(array, id_json(view, &view->ballots[i].voter));
    return array;
}

/* Against the present chair, each body once. */
static json_t *ballots_json(const struct view *view)
{
    json_t *array = json_array();
    for (size_t i = 0; i < view->ballot_count; i++) {
        const struct view_ballot *b = &view->ballots[i];
        bool seen = b->spoiled || b->term != view->term;
        for (size_t k = 0; k < i && !seen; k++)
            seen = !view->ballots[k].spoiled && is_same(&view->ballots[k], b);
        if (seen)
            continue;
        json_t *votes = voters_json(view, i);
        json_int_t have = (json_int_t)json_array_size(votes);
        json_array_append_new(array,
                              json_pack("{s:o, s:o, s:o, s:I, s:I, s:s}", "candidate", id_json(view, &b->candidate),
                                        "until", render_json_time(b->until_ms), "votes", votes, "have", have, "need",
                                        (json_int_t)b->need, "what", "election"));
    }
    return array;
}

static json_t *roles_json(const struct view *view)
{
    return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o}", "term", (int)view->term, "chair",
                     id_json(view, &view->chair), "deputy", id_json(view, &view->deputy), "acting",
                     id_json(view, &view->acting), "from", render_json_time(view->term_from_ms), "until",
                     render_json_time(view->term_until_ms), "lapsed", node_now_ms() > view->term_until_ms, "leads",
                     leads_json(view), "offers", offers_json(view), "ballots", ballots_json(view), "terms",
                     terms_json(view));
}

static void show(struct node *node, struct call *call)
{
    const struct view *view = view_or_fail(node, call);
    if (view != NULL)
        call_reply(call, roles_json(view));
}

static void time_field(struct render *out, const char *label, const json_t *time)
{
    fprintf(out->out, "%s: ", label);
    render_time(out, time);
    fputc('\n', out->out);
}

static void show_render(const json_t *result, struct render *out)
{
    static const struct render_column terms[] = {{"TERM", "term", 0},        {"CHAIR", "chair", 0},
                                                 {"DEPUTY", "deputy", 0},    {"FROM", "time:from", 0},
                                                 {"UNTIL", "time:until", 0}, {"BY", "how", 0}};
    static const struct render_column leads[] = {{"GROUP", "group", 0}, {"LEAD", "participant", 0}};
    static const struct render_column offers[] = {
        {"TO BE ACCEPTED", "what", 0}, {"BY", "participant", 0}, {"FROM", "time:from", 0}, {"UNTIL", "time:until", 0}};
    static const struct render_column ballots[] = {
        {"CANDIDATE", "candidate", 0}, {"UNTIL", "time:until", 0}, {"HAVE", "have", 0}, {"NEED", "need", 0}};
    render_line(out, "term %d", (int)json_integer_value(json_object_get(result, "term")));
    render_field(out, "chair", reply_text(result, "chair"));
    if (json_is_string(json_object_get(result, "acting")) &&
        strcmp(reply_text(result, "acting"), reply_text(result, "chair")) != 0)
        render_field(out, "acting for it", reply_text(result, "acting"));
    time_field(out, "until", json_object_get(result, "until"));
    if (json_is_true(json_object_get(result, "lapsed")))
        render_line(out, "term lapsed: the chair only admits until its successor's term begins");
    render_table(out, json_object_get(result, "leads"), leads, sizeof leads / sizeof leads[0]);
    if (json_array_size(json_object_get(result, "offers")) > 0)
        render_table(out, json_object_get(result, "offers"), offers, sizeof offers / sizeof offers[0]);
    if (json_array_size(json_object_get(result, "ballots")) > 0)
        render_table(out, json_object_get(result, "ballots"), ballots, sizeof ballots / sizeof ballots[0]);
    render_table(out, json_object_get(result, "terms"), terms, sizeof terms / sizeof terms[0]);
}

static void history(struct node *node, struct call *call)
{
    const struct view *view = view_or_fail(node, call);
    if (view != NULL)
        call_reply(call, cmd_history_json(view, true));
}

/* ---- changes */

static void reply_roles(struct node *node, struct call *call, const struct gmm_id *entry, const char *what)
{
    const struct view *view = engine_view(node->engine);
    json_t *result = view == NULL ? NULL : roles_json(view);
    if (result != NULL) {
        json_object_set_new(result, "entry", reply_id(entry));
        json_object_set_new(result, "what", json_string(what));
    }
    call_reply(call, result);
}

static void answer(struct node *node, struct call *call, enum gmm_err err, const struct gmm_msg *msg,
                   const struct gmm_id *entry, const char *what)
{
    if (err == GMM_OK)
        reply_roles(node, call, entry, what);
    else
        reply_fail(call, err, msg, err == GMM_ENOTFOUND ? "gmm roster and gmm role show say how it stands" : NULL);
}

static void give_chair(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct gmm_id entry;
    if (view_or_fail(node, call) == NULL)
        return;
    enum gmm_err err = chairing_give(node, call_text(call, "id"), (uint64_t)call_int(call, "from", 0),
                                     (uint64_t)call_int(call, "until", 0), call_text(call, "deputy"), &entry, &msg);
    answer(node, call, err, &msg, &entry, CHAIRING_CHAIR);
}

static void give_lead(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct gmm_id entry;
    if (view_or_fail(node, call) == NULL)
        return;
    enum gmm_err err =
        chairing_lead(node, call_text(call, "id"), call_text(call, "group"), (uint64_t)call_int(call, "from", 0),
                      (uint64_t)call_int(call, "until", 0), &entry, &msg);
    answer(node, call, err, &msg, &entry, call_text(call, "group"));
}

static void give_render(const json_t *result, struct render *out)
{
    const json_t *offers = json_object_get(result, "offers");
    const json_t *offer;
    size_t i;
    json_array_foreach(offers, i, offer)
    {
        render_line(out, "To be accepted: %s, by %s.", reply_text(offer, "what"), reply_text(offer, "participant"));
        time_field(out, "from", json_object_get(offer, "from"));
    }
    render_line(out, "Next, there: gmm sync, then gmm role accept.");
}

static void accept(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct chairing_accepted done;
    if (view_or_fail(node, call) == NULL)
        return;
    json_t *choices = json_array();
    enum gmm_err err = chairing_accept(node, call_text(call, "what"), &done, choices, &msg);
    if (err == GMM_EAMBIGUOUS) {
        call_fail_choices(call, err, msg.text, "gmm role accept chair, or gmm role accept GROUP", choices);
        return;
    }
    json_decref(choices);
    if (err != GMM_OK) {
        reply_fail(call, err, &msg, NULL);
        return;
    }
    const struct view *view = engine_view(node->engine);
    json_t *result = view == NULL ? NULL : roles_json(view);
    if (result != NULL) {
        json_object_set_new(result, "entry", reply_id(&done.entry));
        json_object_set_new(result, "what", json_string(done.what));
        json_object_set_new(result, "begins", render_json_time(done.from_ms));
        json_object_set_new(result, "logs", json_integer((json_int_t)done.logs));
    }
    call_reply(call, result);
}

static void accept_render(const json_t *result, struct render *out)
{
    render_line(out, "Accepted: %s.", reply_text(result, "what"));
    time_field(out, "begins", json_object_get(result, "begins"));
    render_line(out, "Next: gmm sync, or leave the daemon running, so that all hear of it.");
}

static void elect(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct gmm_id entry;
    if (view_or_fail(node, call) == NULL)
        return;
    enum gmm_err err = chairing_elect(node, call_text(call, "id"), (uint64_t)call_int(call, "until", 0), &entry, &msg);
    answer(node, call, err, &msg, &entry, "election");
}

static void ballot(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct gmm_id entry;
    const struct view *view = view_or_fail(node, call);
    if (view == NULL)
        return;
    if (call_text(call, "id") == NULL) {
        call_reply(call, ballots_json(view));
        return;
    }
    enum gmm_err err = chairing_vote(node, call_text(call, "id"), &entry, &msg);
    answer(node, call, err, &msg, &entry, "election");
}

static void ballot_render(const json_t *result, struct render *out)
{
    static const struct render_column columns[] = {
        {"CANDIDATE", "candidate", 0}, {"UNTIL", "time:until", 0}, {"HAVE", "have", 0}, {"NEED", "need", 0}};
    const json_t *ballots = json_is_array(result) ? result : json_object_get(result, "ballots");
    if (!json_is_array(result))
        render_line(out, "Voted. The chair of term %d is %s.", (int)json_integer_value(json_object_get(result, "term")),
                    reply_text(result, "chair"));
    render_table(out, ballots, columns, sizeof columns / sizeof columns[0]);
}

/* ---- the table */

static const struct command_param chair_params[] = {
    {"ID", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the participant that will preside"},
    {"--from", COMMAND_TIME, COMMAND_REQUIRED, "T", "when its term begins"},
    {"--until", COMMAND_TIME, 0, "T", "when its term ends; with that year when not given"},
    {"--deputy", COMMAND_TEXT, 0, "ID", "who acts for it while it has no office that decides"},
};
static const struct command_param lead_params[] = {
    {"ID", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the participant that will lead"},
    {"--group", COMMAND_TEXT, COMMAND_REQUIRED, "GROUP", "a thematic group"},
    {"--from", COMMAND_TIME, COMMAND_REQUIRED, "T", "when it begins to lead"},
    {"--until", COMMAND_TIME, 0, "T", "when it ends; never when not given"},
};
static const struct command_param accept_params[] = {
    {"WHAT", COMMAND_TEXT, 0, NULL, "chair, or the group, when more than one waits"},
};
static const struct command_param elect_params[] = {
    {"ID", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the candidate"},
    {"--until", COMMAND_TIME, 0, "T", "when its term would end; with this year when not given"},
};
static const struct command_param ballot_params[] = {
    {"ID", COMMAND_TEXT, 0, NULL, "the candidate; when not given, the ballots cast are listed"},
};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
    {.name = "role show",
     .right = CONFIG_READ,
     .handler = show,
     .render = show_render,
     .help = "Show who presides and leads, what waits to be accepted, and who votes for whom.",
     .example = "gmm role show"},
    {.name = "role history",
     .right = CONFIG_READ,
     .handler = history,
     .render = cmd_history_render,
     .help = "List handovers, acceptances, elections and leads.",
     .example = "gmm role history"},
    {.name = "role give chair",
     PARAMS(chair_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = give_chair,
     .render = give_render,
     .help = "Hand the chair over to another participant, which must accept; the chair does.",
     .details = "Until the other side accepts, nothing changes. Once its term begins the old chair's rights end.",
     .example = "gmm role give chair wb --from 2015-01-01 --deputy iom"},
    {.name = "role give lead",
     PARAMS(lead_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = give_lead,
     .render = give_render,
     .help = "Name the lead of a thematic group, which must accept; the chair or the present lead does.",
     .example = "gmm role give lead undp --group mainstreaming --from 2015-01-01"},
    {.name = "role accept",
     PARAMS(accept_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = accept,
     .render = accept_render,
     .help = "Accept the chair, or the lead of a group, that was given to us.",
     .example = "gmm role accept"},
    {.name = "role elect",
     PARAMS(elect_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = elect,
     .render = ballot_render,
     .help = "Begin to replace the chair: the first ballot for a candidate.",
     .details = "The others join by gmm role ballot ID. With two thirds of the participants the candidate presides at "
                "once. A participant that votes in two ways against one chair counts for neither.",
     .example = "gmm role elect who"},
    {.name = "role ballot",
     PARAMS(ballot_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = ballot,
     .render = ballot_render,
     .help = "Vote for a candidate as others have, or list the ballots cast.",
     .example = "gmm role ballot who"},
};
const struct command_family command_role = {commands, sizeof commands / sizeof commands[0]};
