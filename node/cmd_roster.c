/* roster list, roster add, office list, office add. */
#include "node/cmd_roster.h"
#include "keys/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/armor.h"
#include "node/args.h"
#include "node/client.h"
#include "node/cmd_history.h"
#include "node/joining.h"
#include "node/keyfile.h"
#include "node/node.h"
#include "node/render.h"
#include "node/reply.h"
#include "node/requests.h"
#include "node/welcoming.h"

/* A founder has no admission that names its first office: the certificate with the lowest serial does. */
static json_t *participant_fingerprint(const struct view *view, const struct view_participant *p)
{
    const struct view_office *first = NULL;
    if (!id_is_zero(&p->sign_pk))
        return reply_fingerprint(&p->sign_pk, &p->noise_pk);
    for (size_t i = 0; i < view->office_count; i++)
        if (id_equal(&view->offices[i].pid, &p->pid) && (first == NULL || view->offices[i].serial < first->serial))
            first = &view->offices[i];
    return first == NULL ? json_null() : reply_fingerprint(&first->sign_pk, &first->noise_pk);
}

json_t *cmd_roster_participant_json(const struct view *view, const struct view_participant *p)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "participant", p->id, "name", p->name, "kind",
                     identity_kind_text(p->kind), "status", view_status_text(p->status), "chair",
                     id_equal(&p->pid, &view->chair), "fingerprint", participant_fingerprint(view, p));
}

static json_t *card_json(const struct card *card)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "participant", card->id, "name", card->name, "kind",
                     identity_kind_text(card->kind), "status", "requested", "chair", 0, "fingerprint",
                     reply_fingerprint(&card->sign_pk, &card->noise_pk));
}

/* Requests of participants; those of our own second offices are no participants. */
static enum gmm_err add_requested(struct node *node, const struct view *view, json_t *array)
{
    struct requests_list list;
    enum gmm_err err = requests_pending(node, &list);
    for (size_t i = 0; err == GMM_OK && i < list.count; i++) {
        struct card_join join;
        if (card_join_open(&join, &view->nid, list.rows[i].bytes, list.rows[i].len) != GMM_OK ||
            view_participant(view, &join.pid) != NULL)
            continue;
        if (json_array_append_new(array, card_json(&join.card)) != 0)
            err = GMM_ENOMEM;
    }
    requests_list_close(&list);
    return err;
}

static int by_participant(const void *a, const void *b)
{
    const struct view_participant *x = *(const struct view_participant *const *)a;
    const struct view_participant *y = *(const struct view_participant *const *)b;
    return strcmp(x->id, y->id);
}

static enum gmm_err add_participants(const struct view *view, json_t *array)
{
    const struct view_participant **sorted = calloc(view->participant_count + 1, sizeof *sorted);
    enum gmm_err err = sorted == NULL ? GMM_ENOMEM : GMM_OK;
    for (size_t i = 0; err == GMM_OK && i < view->participant_count; i++)
        sorted[i] = &view->participants[i];
    if (err == GMM_OK)
        qsort(sorted, view->participant_count, sizeof *sorted, by_participant);
    for (size_t i = 0; err == GMM_OK && i < view->participant_count; i++)
        if (json_array_append_new(array, cmd_roster_participant_json(view, sorted[i])) != 0)
            err = GMM_ENOMEM;
    free(sorted);
    return err;
}

json_t *cmd_roster_participants_json(const struct view *view)
{
    json_t *array = json_array();
    if (array == NULL || add_participants(view, array) == GMM_OK)
        return array;
    json_decref(array);
    return NULL;
}

static const struct view *view_or_fail(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    if (view != NULL)
        return view;
    enum gmm_err err = joining_refusal(node, &msg);
    reply_fail(call, err == GMM_OK ? GMM_ENOMEM : err, err == GMM_OK ? NULL : &msg, NULL);
    return NULL;
}

void cmd_roster_list(struct node *node, struct call *call)
{
    const struct view *view = view_or_fail(node, call);
    if (view == NULL)
        return;
    json_t *array = json_array();
    enum gmm_err err = add_participants(view, array);
    if (err == GMM_OK)
        err = add_requested(node, view, array);
    if (err == GMM_OK) {
        call_reply(call, array);
        return;
    }
    json_decref(array);
    reply_fail(call, err, NULL, NULL);
}

void cmd_roster_list_render(const json_t *result, struct render *out)
{
    static const struct render_column columns[] = {{"PARTICIPANT", "participant", 0},
                                                   {"NAME", "name", 40},
                                                   {"KIND", "word:kind", 0},
                                                   {"STATUS", "word:status", 0},
                                                   {"FINGERPRINT", "fingerprint", 0}};
    const json_t *item;
    size_t i;
    render_table(out, result, columns, sizeof columns / sizeof columns[0]);
    json_array_foreach(result, i, item)
    {
        if (json_is_true(json_object_get(item, "chair")))
            render_field(out, "chair", reply_text(item, "participant"));
    }
}

/* ---- which request is meant */

/* The request, judged; bytes owned. */
struct chosen {
    uint8_t *bytes;
    size_t len;
    struct requests_judged judged;
    bool open;
};

static void chosen_close(struct chosen *chosen)
{
    if (chosen->open)
        requests_judged_close(&chosen->judged);
    free(chosen->bytes);
    memset(chosen, 0, sizeof *chosen);
}

/* A card file: what `join --offline` wrote. A bare card says nothing of this network. */
static enum gmm_err read_card(int fd, struct chosen *out, struct gmm_msg *msg)
{
    uint8_t *text = NULL, *plain = NULL;
    size_t len = 0, plain_len = 0;
    (void)lseek(fd, 0, SEEK_SET); /* the client may have looked at it before */
    enum gmm_err err = keyfile_read_fd(&text, &len, fd, LIMIT_ARMOR_BYTES, msg);
    if (err == GMM_OK)
        err = armor_read(&out->bytes, &out->len, "join", (const char *)text, len, msg);
    if (err == GMM_EFORMAT && armor_read(&plain, &plain_len, "card", (const char *)text, len, NULL) == GMM_OK)
        err = gmm_fail(msg, GMM_EDENIED,
                       "this is a bare card: it does not ask to join this network; the newcomer makes the request with "
                       "gmm join INVITE --offline -o CARD");
    if (err == GMM_ECORRUPT)
        err = GMM_EFORMAT; /* a file of somebody else's, not our store */
    free(plain);
    keyfile_free(text, len);
    return err;
}

struct want {
    bool office;             /* a second office, else a participant */
    const char *name;        /* NULL: a card file */
    const char *fingerprint; /* NULL: any */
    int fd;
};

static bool row_matches(struct node *node, const struct store_request *row, const struct want *want,
                        struct card_join *join)
{
    const struct view *view = engine_view(node->engine);
    if (view == NULL || card_join_open(join, &view->nid, row->bytes, row->len) != GMM_OK)
        return false;
    bool office = join->certificate_bytes == NULL;
    return office == want->office && strcmp(office ? join->card.office : join->card.id, want->name) == 0;
}

/* Several cards may ask under one name: the fingerprint tells which one is meant. */
static enum gmm_err find_kept(struct node *node, const struct want *want, struct chosen *out, json_t *choices,
                              struct gmm_msg *msg)
{
    struct requests_list list;
    struct card_join join;
    size_t named = 0, matched = 0;
    enum gmm_err err = requests_pending(node, &list);
    for (size_t i = 0; err == GMM_OK && i < list.count; i++) {
        if (!row_matches(node, &list.rows[i], want, &join))
            continue;
        named++;
        json_array_append_new(choices, reply_fingerprint(&join.card.sign_pk, &join.card.noise_pk));
        if (want->fingerprint != NULL &&
            !card_fingerprint_matches(want->fingerprint, &join.card.sign_pk, &join.card.noise_pk))
            continue;
        if (++matched > 1)
            continue;
        out->bytes = list.rows[i].bytes;
        out->len = list.rows[i].len;
        list.rows[i].bytes = NULL;
    }
    requests_list_close(&list);
    if (err != GMM_OK)
        return err;
    if (named == 0)
        return gmm_fail(msg, GMM_ENOTFOUND,
                        want->office ? "no request of an office '%s' waits here" : "no request of '%s' waits here",
                        want->name);
    if (matched == 0)
        return gmm_fail(msg, GMM_EDENIED,
                        "the card that asks as '%s' has another fingerprint than the one given: an impostor's, or "
                        "misread",
                        want->name);
    if (matched > 1)
        return gmm_fail(msg, GMM_EAMBIGUOUS, "%zu cards ask as '%s'", matched, want->name);
    return GMM_OK;
}

static enum gmm_err choose(struct node *node, const struct want *want, struct chosen *out, json_t *choices,
                           struct gmm_msg *msg)
{
    memset(out, 0, sizeof *out);
    if ((want->name != NULL) == (want->fd >= 0))
        return gmm_fail(msg, GMM_EUSAGE, "name the one who asks, or give its card with --card: one of the two");
    enum gmm_err err = want->fd >= 0 ? read_card(want->fd, out, msg) : find_kept(node, want, out, choices, msg);
    if (err == GMM_OK)
        err = requests_judge(node, out->bytes, out->len, &out->judged, NULL, msg);
    if (err != GMM_OK) {
        chosen_close(out);
        return err;
    }
    out->open = true;
    const struct card *card = &out->judged.join.card;
    if (requests_is_office(&out->judged) != want->office)
        err = gmm_fail(msg, GMM_EUSAGE,
                       want->office ? "this card asks for a participant: gmm roster add --card"
                                    : "this card asks for a second office: gmm office add --card");
    else if (want->fingerprint != NULL && !card_fingerprint_matches(want->fingerprint, &card->sign_pk, &card->noise_pk))
        err = gmm_fail(msg, GMM_EDENIED,
                       "the card has another fingerprint than the one given: an impostor's, or misread");
    if (err != GMM_OK)
        chosen_close(out);
    return err;
}

static void fail_choice(struct call *call, enum gmm_err err, const struct gmm_msg *msg, json_t *choices)
{
    if (err == GMM_EAMBIGUOUS) {
        call_fail_choices(call, err, msg->text, "say which one with --fingerprint", choices);
        return;
    }
    json_decref(choices);
    reply_fail(call, err, msg, err == GMM_ENOTFOUND ? "gmm invite list shows who asks here" : NULL);
}

static json_t *chosen_json(const struct chosen *chosen)
{
    const struct card_join *join = &chosen->judged.join;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "participant", join->card.id, "office", join->card.office,
                     "name", join->card.name, "kind", identity_kind_text(join->card.kind), "level",
                     identity_level_text(join->card.level), "person", join->person, "fingerprint",
                     reply_fingerprint(&join->card.sign_pk, &join->card.noise_pk));
}

void cmd_roster_look(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct chosen chosen;
    const struct want want = {
        .office = call_flag(call, "office"), .name = call_text(call, "name"), .fd = call_file(call, "card", 0, NULL)};
    json_t *choices = json_array();
    enum gmm_err err = choose(node, &want, &chosen, choices, &msg);
    if (err != GMM_OK) {
        fail_choice(call, err, &msg, choices);
        return;
    }
    json_decref(choices);
    call_reply(call, chosen_json(&chosen));
    chosen_close(&chosen);
}

/* ---- add */

/* Before anything is done: a welcome is for one who takes part. */
static enum gmm_err early_welcome(struct node *node, struct call *call, const struct chosen *chosen,
                                  struct gmm_msg *msg)
{
    const struct charter *charter = directory_charter(engine_directory(node->engine));
    bool alone = requests_is_office(&chosen->judged) ||
                 (id_is_zero(&chosen->judged.replaces) && charter->admission == CHARTER_BY_CHAIR);
    if (call_file(call, "o", 0, NULL) < 0 || alone || chosen->judged.state == REQUESTS_ADMITTED)
        return GMM_OK;
    return gmm_fail(msg, GMM_ESTATE,
                    "others must support this first: propose it without -o, and once it has effect run it again with "
                    "-o for the welcome");
}

static enum gmm_err write_welcome(struct node *node, struct call *call, const struct chosen *chosen,
                                  struct gmm_msg *msg)
{
    struct buffer line;
    if (call_file(call, "o", 0, NULL) < 0)
        return GMM_OK;
    buffer_init(&line, LIMIT_WELCOME_ARMOR + 1);
    enum gmm_err err = welcoming_make(node, &chosen->judged, &line, msg);
    buffer_put_u8(&line, '\n');
    if (err == GMM_OK)
        err = line.failed;
    if (err == GMM_OK)
        err = reply_write(call, "o", line.p, line.len, msg);
    buffer_close(&line);
    return err;
}

/* Shared by both commands; *out: chosen_close when GMM_OK. The call is answered otherwise. */
static bool add(struct node *node, struct call *call, bool office, struct chosen *out)
{
    struct gmm_msg msg = {.text = ""};
    unsigned late = 0;
    const struct want want = {.office = office,
                              .name = call_text(call, office ? "name" : "id"),
                              .fingerprint = call_text(call, "fingerprint"),
                              .fd = call_file(call, "card", 0, NULL)};
    json_t *choices = json_array();
    enum gmm_err err = choose(node, &want, out, choices, &msg);
    if (err != GMM_OK) {
        fail_choice(call, err, &msg, choices);
        return false;
    }
    json_decref(choices);
    err = early_welcome(node, call, out, &msg);
    if (err == GMM_OK)
        err = requests_admit(node, out->bytes, out->len, &out->judged, &late, &msg);
    if (err == GMM_OK)
        err = write_welcome(node, call, out, &msg);
    if (err != GMM_OK) {
        chosen_close(out);
        reply_fail(call, err, &msg, NULL);
        return false;
    }
    if (late > 0)
        call_say(call, "The keys of %u groups could not be passed on yet; they follow with the next post or sync.",
                 late);
    return true;
}

static const struct view_proposal *proposal_of(const struct view *view, const struct gmm_id *pid)
{
    for (size_t i = 0; i < view->proposal_count; i++)
        if (view->proposals[i].type == HEADER_ADMIT && id_equal(&view->proposals[i].of, pid))
            return &view->proposals[i];
    return NULL;
}

/* As `roster list` shows it, whether the admission has effect or waits for others. */
static json_t *admitted_json(struct node *node, struct call *call, const struct chosen *chosen, json_t *before)
{
    const struct view *view = engine_view(node->engine);
    const struct gmm_id *pid = &chosen->judged.join.pid;
    const struct view_participant *p = view == NULL ? NULL : view_participant(view, pid);
    const struct view_proposal *waits = p != NULL || view == NULL ? NULL : proposal_of(view, pid);
    json_t *result = p != NULL ? cmd_roster_participant_json(view, p) : card_json(&chosen->judged.join.card);
    if (view == NULL || result == NULL) {
        json_decref(before);
        json_decref(result);
        return NULL;
    }
    json_object_set_new(result, "welcome", json_boolean(call_file(call, "o", 0, NULL) >= 0));
    json_object_set_new(result, "waits", waits == NULL ? json_null() : cmd_history_proposal_json(view, waits));
    json_object_set_new(result, "groups", cmd_history_changed_json(node, pid, before));
    return result;
}

void cmd_roster_add(struct node *node, struct call *call)
{
    struct chosen chosen;
    json_t *before = node->engine == NULL ? json_array() : cmd_history_all_json(node);
    if (!add(node, call, false, &chosen)) {
        json_decref(before);
        return;
    }
    call_reply(call, admitted_json(node, call, &chosen, before));
    chosen_close(&chosen);
}

static void next_render(const json_t *result, struct render *out)
{
    if (json_is_true(json_object_get(result, "welcome")))
        render_line(out, "Next: give them the welcome file; there: gmm join @WELCOME.");
    else
        render_line(out, "Next, there: gmm run or gmm sync; it learns of this by itself.");
}

void cmd_roster_add_render(const json_t *result, struct render *out)
{
    bool waits = cmd_history_waits_render(result, out);
    if (!waits)
        render_line(out, "Admitted participant %s: %s.", reply_text(result, "participant"),
                    reply_text(result, "status"));
    render_field(out, "name", reply_text(result, "name"));
    render_field(out, "fingerprint", reply_text(result, "fingerprint"));
    if (waits)
        return;
    cmd_history_changed_render(json_object_get(result, "groups"), out);
    next_render(result, out);
}

void cmd_roster_with_request(struct node *node, struct call *call, cmd_roster_take_fn *take)
{
    struct gmm_msg msg = {.text = ""};
    struct chosen chosen;
    const struct want want = {.name = call_text(call, "id"),
                              .fingerprint = call_text(call, "fingerprint"),
                              .fd = call_file(call, "card", 0, NULL)};
    json_t *choices = json_array();
    enum gmm_err err = choose(node, &want, &chosen, choices, &msg);
    if (err != GMM_OK) {
        fail_choice(call, err, &msg, choices);
        return;
    }
    json_decref(choices);
    bool done = chosen.judged.state == REQUESTS_ADMITTED && call_file(call, "o", 0, NULL) >= 0;
    err = early_welcome(node, call, &chosen, &msg);
    if (err == GMM_OK && done)
        err = write_welcome(node, call, &chosen, &msg);
    if (err != GMM_OK)
        reply_fail(call, err, &msg, NULL);
    else if (done)
        call_reply(call, admitted_json(node, call, &chosen, cmd_history_all_json(node)));
    else
        take(node, call, chosen.bytes, chosen.len, &chosen.judged);
    chosen_close(&chosen);
}

/* ---- offices */

/* *why: what stands behind "revoked", and "" while it is active. */
static const char *office_status(const struct view *view, const struct view_office *office, const char **why)
{
    const struct view_participant *p = view_participant(view, &office->pid);
    *why = "";
    switch (office->status) {
    case VIEW_OFFICE_ACTIVE:
        if (p != NULL && p->status == VIEW_EXPELLED) {
            *why = _("its participant is expelled");
            return "revoked";
        }
        return office->not_after_ms < node_now_ms() ? "expired" : "active";
    case VIEW_OFFICE_SUPERSEDED:
        *why = _("the office has other keys by now");
        return "revoked";
    case VIEW_OFFICE_VOID:
        *why = _("its certificate is void: serial or key are claimed twice, or a later root let go of it");
        return "revoked";
    case VIEW_OFFICE_REVOKED:
        *why = _("its key was revoked");
        break;
    }
    return "revoked";
}

static json_t *roles_json(uint16_t held)
{
    static const char *const words[] = {"vote", "decide", "revoke", "relay"};
    json_t *array = json_array();
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
        if ((held & 1u << i) != 0)
            json_array_append_new(array, json_string(words[i]));
    return array;
}

static json_t *office_json(struct node *node, const struct view *view, const struct view_office *office)
{
    const struct view_participant *p = view_participant(view, &office->pid);
    const char *why;
    const char *status = office_status(view, office, &why);
    uint64_t seen_ms = 0;
    if (store_get_seen(node->store, &office->sign_pk, &seen_ms) != GMM_OK)
        seen_ms = 0;
    return json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:o, s:o, s:o}", "participant", p == NULL ? "" : p->id, "office",
                     office->office, "level", identity_level_text(office->level), "node", reply_id(&office->sign_pk),
                     "status", status, "why", why, "roles", roles_json(office->roles), "expires",
                     render_json_time(office->not_after_ms), "last_seen", render_json_time(seen_ms));
}

json_t *cmd_roster_office_json(struct node *node, const struct gmm_id *sign_pk)
{
    const struct view *view = engine_view(node->engine);
    const struct view_office *office = view == NULL ? NULL : view_office(view, sign_pk);
    return office == NULL ? NULL : office_json(node, view, office);
}

struct office_order {
    const struct view_office *office;
    const char *id;
};

static int by_office(const void *a, const void *b)
{
    const struct office_order *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    if (order == 0)
        order = strcmp(x->office->office, y->office->office);
    return order != 0 ? order : id_compare(&x->office->sign_pk, &y->office->sign_pk);
}

void cmd_roster_offices(struct node *node, struct call *call)
{
    const struct view *view = view_or_fail(node, call);
    if (view == NULL)
        return;
    size_t count = 0;
    json_t *array = json_array();
    struct office_order *sorted = calloc(view->office_count + 1, sizeof *sorted);
    enum gmm_err err = array == NULL || sorted == NULL ? GMM_ENOMEM : GMM_OK;
    for (size_t i = 0; err == GMM_OK && i < view->office_count; i++) {
        const struct view_participant *p = view_participant(view, &view->offices[i].pid);
        if (p != NULL)
            sorted[count++] = (struct office_order){&view->offices[i], p->id};
    }
    if (err == GMM_OK)
        qsort(sorted, count, sizeof *sorted, by_office);
    for (size_t i = 0; err == GMM_OK && i < count; i++)
        if (json_array_append_new(array, office_json(node, view, sorted[i].office)) != 0)
            err = GMM_ENOMEM;
    free(sorted);
    if (err == GMM_OK) {
        call_reply(call, array);
        return;
    }
    json_decref(array);
    reply_fail(call, err, NULL, NULL);
}

void cmd_roster_offices_render(const json_t *result, struct render *out)
{
    static const struct render_column columns[] = {{"PARTICIPANT", "participant", 0},
                                                   {"OFFICE", "office", 0},
                                                   {"LEVEL", "word:level", 0},
                                                   {"STATUS", "word:status", 0},
                                                   {"EXPIRES", "time:expires", 0},
                                                   {"LAST SEEN", "time:last_seen", 0},
                                                   {"NODE", "id:node", 0}};
    render_table(out, result, columns, sizeof columns / sizeof columns[0]);
}

void cmd_roster_office_add(struct node *node, struct call *call)
{
    struct chosen chosen;
    json_t *before = node->engine == NULL ? json_array() : cmd_history_all_json(node);
    if (!add(node, call, true, &chosen)) {
        json_decref(before);
        return;
    }
    const struct view *view = engine_view(node->engine);
    const struct view_office *office = view == NULL ? NULL : view_office(view, &chosen.judged.join.card.sign_pk);
    json_t *result = office == NULL ? NULL : office_json(node, view, office);
    if (result != NULL) {
        json_object_set_new(result, "fingerprint", reply_fingerprint(&office->sign_pk, &office->noise_pk));
        json_object_set_new(result, "welcome", json_boolean(call_file(call, "o", 0, NULL) >= 0));
        json_object_set_new(result, "groups",
                            cmd_history_changed_json(node, &chosen.judged.join.pid, json_incref(before)));
    }
    json_decref(before);
    call_reply(call, result);
    chosen_close(&chosen);
}

void cmd_roster_office_add_render(const json_t *result, struct render *out)
{
    render_line(out, "Certified office %s of %s.", reply_text(result, "office"), reply_text(result, "participant"));
    render_field(out, "fingerprint", reply_text(result, "fingerprint"));
    cmd_history_changed_render(json_object_get(result, "groups"), out);
    next_render(result, out);
}

/* ---- the question on the terminal */

static json_t *look_args(const struct call *call, bool office)
{
    json_t *args = json_object();
    const json_t *name = json_object_get(call_args(call), office ? "name" : "id");
    const json_t *card = json_object_get(call_args(call), "card");
    if (office)
        json_object_set_new(args, "office", json_true());
    if (name != NULL)
        json_object_set_new(args, "name", json_deep_copy(name));
    if (card != NULL)
        json_object_set_new(args, "card", json_deep_copy(card));
    return args;
}

static void ask_and_add(struct client *client, struct call *call, bool office)
{
    unsigned fd_count = 0;
    json_t *look = NULL;
    char question[1024];
    if (!client_interactive(client) || client_args(client)->json || call_flag(call, "yes") ||
        call_text(call, "fingerprint") != NULL) {
        client_forward(client, call);
        return;
    }
    const int *fds = call_fds(call, &fd_count);
    enum gmm_err err = client_call(client, "roster look", look_args(call, office), fds, fd_count, &look);
    if (err != GMM_OK) {
        json_decref(look);
        client_forward(client, call); /* it fails alike, with the right status */
        return;
    }
    snprintf(question, sizeof question,
             _("%s (%s), office %s, asked by %s.\nFingerprint: %s\nDoes it match what they read out by phone?"),
             reply_text(look, "participant"), reply_text(look, "name"), reply_text(look, "office"),
             reply_text(look, "person"), reply_text(look, "fingerprint"));
    json_decref(look);
    if (client_confirm(client, question))
        client_forward(client, call);
    else
        call_fail(call, GMM_ESTATE, "nobody was admitted: the fingerprint was not confirmed",
                  "compare the fingerprints by phone, then run this again");
}

void cmd_roster_add_local(struct client *client, struct call *call)
{
    ask_and_add(client, call, false);
}

void cmd_roster_office_add_local(struct client *client, struct call *call)
{
    ask_and_add(client, call, true);
}
