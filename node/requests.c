#include "node/requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/certify.h"
#include "node/groups.h"
#include "node/standing.h"
#include "proto/message.h"

bool requests_is_office(const struct requests_judged *judged)
{
    return judged->invite.invite.office[0] != '\0';
}

void requests_judged_close(struct requests_judged *judged)
{
    invites_entry_close(&judged->invite);
}

/* An altered or stolen card is a stranger's, not damage of ours. */
static enum gmm_err open_request(struct card_join *join, const struct gmm_id *nid, const void *bytes, size_t len,
                                 struct gmm_msg *msg)
{
    enum gmm_err err = card_join_open(join, nid, bytes, len);
    if (err == GMM_OK)
        return GMM_OK;
    if (err == GMM_ENETWORK)
        return gmm_fail(msg, GMM_EDENIED, "the card asks to join another network");
    if (err == GMM_ESIGNATURE || err == GMM_EKEY)
        return gmm_fail(msg, GMM_EDENIED, "the card is not signed with the keys that it names: an impostor's");
    return gmm_fail(msg, err, "this is not a request to join: %s", gmm_err_text(err));
}

static enum gmm_err find_invite(struct node *node, const void *bytes, size_t len, const struct card_join *join,
                                struct invites_entry *out, struct gmm_msg *msg)
{
    enum gmm_err err = invites_find(node, join->invite_id, out);
    if (err == GMM_ENOTFOUND)
        return gmm_fail(msg, GMM_EDENIED, "the request was not made with an invite of this office");
    if (err != GMM_OK)
        return gmm_fail(msg, err, "the invite could not be read: %s", gmm_err_text(err));
    if (card_join_authentic(bytes, len, out->invite.secret) == GMM_OK)
        return GMM_OK;
    invites_entry_close(out);
    return gmm_fail(msg, GMM_EDENIED, "the request was not made with an invite of this office");
}

/* "A second office": the card is of our own participant, and our root is to certify it. */
static enum gmm_err check_office(struct node *node, const struct view *view, const struct requests_judged *j,
                                 struct gmm_msg *msg)
{
    const struct invite *invite = &j->invite.invite;
    const struct card *card = &j->join.card;
    if (strcmp(card->id, node->card.id) != 0 || !id_equal(&j->join.pid, node_pid(node)))
        return gmm_fail(msg, GMM_EDENIED, "the invite is for an office of '%s'; the card is one of '%s'", node->card.id,
                        card->id);
    if (strcmp(card->office, invite->office) != 0)
        return gmm_fail(msg, GMM_EDENIED, "the invite is for the office '%s'; the card is of the office '%s'",
                        invite->office, card->office);
    if (j->join.certificate_bytes != NULL)
        return gmm_fail(msg, GMM_EDENIED, "the request brings a certificate by another root than that of '%s'",
                        node->card.id);
    const struct view_office *named = view_office_by_name(view, node_pid(node), card->office);
    if (named != NULL && named->status != VIEW_OFFICE_REVOKED && !id_equal(&named->sign_pk, &card->sign_pk))
        return gmm_fail(msg, GMM_EDENIED, "'%s' has an office '%s' already, with other keys", card->id, card->office);
    return GMM_OK;
}

static enum gmm_err check_participant(const struct view *view, struct requests_judged *j, struct gmm_msg *msg)
{
    const struct invite *invite = &j->invite.invite;
    const struct card *card = &j->join.card;
    struct gmm_id pid;
    identity_pid(&pid, &card->root_pk, &card->next_commit);
    if (invite->for_id[0] != '\0' && strcmp(invite->for_id, card->id) != 0)
        return gmm_fail(msg, GMM_EDENIED, "the invite is for '%s'; the card is of '%s'", invite->for_id, card->id);
    if (!id_equal(&pid, &j->join.pid) || j->join.certificate_bytes == NULL)
        return gmm_fail(msg, GMM_EDENIED, "the card's root does not certify its office");
    const struct view_participant *named = view_participant_by_id(view, card->id);
    bool other = named != NULL && named->status != VIEW_EXPELLED && !id_equal(&named->pid, &pid);
    /* Such an invite is made for one whose root is lost. */
    if (other && invite->for_id[0] != '\0')
        j->replaces = named->pid;
    else if (other)
        return gmm_fail(msg, GMM_EDENIED, "'%s' is admitted already under another root", card->id);
    const struct view_participant *held = view_participant(view, &pid);
    if (held != NULL && !id_equal(&held->sign_pk, &card->sign_pk))
        return gmm_fail(msg, GMM_EDENIED,
                        "'%s' is a participant already: its other offices join by an invite --office of the office "
                        "that holds its root",
                        held->id);
    return GMM_OK;
}

struct find {
    const struct gmm_id *sign_pk;
    char state; /* 0: there is none */
    char reason[200];
};

static enum gmm_err on_find(void *arg, const struct store_request *row)
{
    struct find *find = arg;
    if (id_equal(&row->sign_pk, find->sign_pk)) {
        find->state = row->state;
        snprintf(find->reason, sizeof find->reason, "%s", row->reason);
    }
    return GMM_OK;
}

static bool is_admitted(const struct view *view, const struct card_join *join)
{
    const struct view_participant *participant = view_participant(view, &join->pid);
    const struct view_office *office = view_office(view, &join->card.sign_pk);
    return participant != NULL && participant->status == VIEW_ACTIVE && office != NULL &&
           office->status == VIEW_OFFICE_ACTIVE && id_equal(&office->pid, &join->pid);
}

/* "The same card may repeat its request under its invite until it is answered": what is kept already stands, expired
 * invite or not. */
static enum gmm_err check_invite(struct node *node, struct requests_judged *j, struct gmm_msg *msg)
{
    struct find find = {.sign_pk = &j->join.card.sign_pk};
    enum gmm_err err = store_each_request(node->store, on_find, &find);
    if (err != GMM_OK)
        return gmm_fail(msg, err, "the requests could not be read: %s", gmm_err_text(err));
    if (j->invite.state == INVITES_REVOKED)
        return gmm_fail(msg, GMM_EDENIED, "the invite was revoked");
    if (j->invite.state == INVITES_USED && !id_equal(&j->invite.used_by, &j->join.card.sign_pk))
        return gmm_fail(msg, GMM_EDENIED, "the invite was used already, by another card: each is for one");
    if (find.state == 'n')
        return gmm_fail(msg, GMM_EDENIED, "the request was refused: %s", find.reason);
    j->state = find.state == 'p' ? REQUESTS_PENDING : REQUESTS_NEW;
    if (j->state == REQUESTS_NEW && j->invite.invite.expires_ms <= node_now_ms())
        return gmm_fail(msg, GMM_EEXPIRED, "the invite has expired: ask for a new one");
    return GMM_OK;
}

enum gmm_err requests_judge(struct node *node, const void *bytes, size_t len, struct requests_judged *out,
                            bool *authentic, struct gmm_msg *msg)
{
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    memset(out, 0, sizeof *out);
    if (authentic != NULL)
        *authentic = false;
    if (view == NULL)
        return gmm_fail(msg, GMM_ESTATE, "this home is in no network yet");
    enum gmm_err err = open_request(&out->join, &view->nid, bytes, len, msg);
    if (err == GMM_OK)
        err = find_invite(node, bytes, len, &out->join, &out->invite, msg);
    if (err != GMM_OK)
        return err;
    if (authentic != NULL)
        *authentic = true;
    err = requests_is_office(out) ? check_office(node, view, out, msg) : check_participant(view, out, msg);
    if (err == GMM_OK && is_admitted(view, &out->join))
        out->state = REQUESTS_ADMITTED;
    else if (err == GMM_OK)
        err = check_invite(node, out, msg);
    if (err != GMM_OK)
        requests_judged_close(out);
    return err;
}

static enum gmm_err on_pending(void *arg, const struct store_request *row)
{
    struct requests_list *list = arg;
    if (row->state != 'p' || list->count == LIMIT_JOIN_PENDING)
        return GMM_OK;
    uint8_t *copy = malloc(row->len + 1);
    if (copy == NULL)
        return GMM_ENOMEM;
    memcpy(copy, row->bytes, row->len);
    list->rows[list->count] = *row;
    list->rows[list->count++].bytes = copy;
    return GMM_OK;
}

static int by_time(const void *a, const void *b)
{
    const struct store_request *x = a, *y = b;
    return x->time_ms < y->time_ms ? -1 : x->time_ms > y->time_ms;
}

enum gmm_err requests_pending(struct node *node, struct requests_list *out)
{
    out->count = 0;
    enum gmm_err err = store_each_request(node->store, on_pending, out);
    if (err != GMM_OK)
        requests_list_close(out);
    qsort(out->rows, out->count, sizeof out->rows[0], by_time);
    return err;
}

void requests_list_close(struct requests_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->rows[i].bytes);
    list->count = 0;
}

/* Keeps the request in this state, and its invite as used by this card, in the open transaction. */
static enum gmm_err keep(struct node *node, const void *bytes, size_t len, const struct requests_judged *j, char state,
                         const char *reason)
{
    struct store_request row = {.sign_pk = j->join.card.sign_pk, .len = len, .state = state, .time_ms = node_now_ms()};
    struct invites_entry invite = j->invite;
    row.bytes = malloc(len + 1);
    if (row.bytes == NULL)
        return GMM_ENOMEM;
    memcpy(row.bytes, bytes, len);
    snprintf(row.participant, sizeof row.participant, "%s", j->join.card.id);
    snprintf(row.reason, sizeof row.reason, "%s", reason);
    invite.state = INVITES_USED;
    invite.used_by = row.sign_pk;
    enum gmm_err err = store_begin(node->store, true);
    if (err == GMM_OK)
        err = store_put_request(node->store, &row);
    if (err == GMM_OK)
        err = invites_put(node, &invite);
    free(row.bytes);
    invites_entry_close(&invite);
    return err;
}

static const struct view_proposal *proposal_of(const struct view *view, const struct requests_judged *j)
{
    const struct gmm_id *of = id_is_zero(&j->replaces) ? &j->join.pid : &j->replaces;
    for (size_t i = 0; view != NULL && i < view->proposal_count; i++)
        if ((view->proposals[i].type == HEADER_ADMIT || view->proposals[i].type == HEADER_REPLACE) &&
            id_equal(&view->proposals[i].of, of))
            return &view->proposals[i];
    return NULL;
}

static void pending_text(struct node *node, const struct requests_judged *j, struct gmm_msg *text)
{
    const struct card *card = &j->join.card;
    const struct view *view = engine_view(node->engine);
    const struct view_participant *chair = view == NULL ? NULL : view_participant(view, &view->chair);
    const struct view_proposal *p = proposal_of(view, j);
    const struct charter *charter = directory_charter(engine_directory(node->engine));
    if (requests_is_office(j))
        gmm_fail(text, GMM_OK, "an office that holds the root of '%s' must certify it: gmm office add %s", card->id,
                 card->office);
    else if (p != NULL)
        gmm_fail(text, GMM_OK, "it is proposed, and supported by %u of %u: the others run gmm roster cosign %s",
                 (unsigned)p->support, p->need, card->id);
    else if (!id_is_zero(&j->replaces))
        gmm_fail(text, GMM_OK,
                 "two thirds must let it take the place of '%s', whose root is lost: gmm roster replace %s", card->id,
                 card->id);
    else if (charter->admission == CHARTER_BY_TWO_THIRDS)
        gmm_fail(text, GMM_OK, "two thirds must admit it: gmm roster add %s proposes it", card->id);
    else
        gmm_fail(text, GMM_OK, "the chair (%s) must admit it: gmm roster add %s", chair == NULL ? "?" : chair->id,
                 card->id);
}

/* What a second office lacks to speak: our rotations in order, then its certificate. */
static size_t collect(const struct directory *directory, const struct requests_judged *j, struct message_object *out,
                      size_t max)
{
    size_t count = 0;
    for (uint32_t n = 1; n <= LIMIT_ROOT_ROTATIONS; n++)
        for (size_t i = 0; i < directory_count(directory) && count < max; i++) {
            const struct directory_object *o = directory_at(directory, i);
            if (o->kind == DIRECTORY_ROTATION && o->as.rotation.n == n && id_equal(&o->as.rotation.pid, &j->join.pid))
                out[count++] = (struct message_object){o->bytes, o->len};
        }
    for (size_t i = 0; i < directory_count(directory) && count < max; i++) {
        const struct directory_object *o = directory_at(directory, i);
        if (o->kind == DIRECTORY_CERTIFICATE && id_equal(&o->as.certificate.sign_pk, &j->join.card.sign_pk))
            out[count++] = (struct message_object){o->bytes, o->len};
    }
    return count;
}

#define ANSWER_OBJECTS (LIMIT_ROOT_ROTATIONS + 8u)

/* judged NULL: refused. The charter goes only to who holds an invite's secret. */
static enum gmm_err encode(struct node *node, struct buffer *out, enum message_join_state state, const char *reason,
                           bool authentic, const struct requests_judged *judged)
{
    struct message_object objects[ANSWER_OBJECTS];
    const struct directory *directory = engine_directory(node->engine);
    struct message_join_answer answer = {.state = state, .reason = reason, .reason_len = strlen(reason)};
    size_t count = 0;
    if (answer.reason_len > 255)
        answer.reason_len = 255;
    for (size_t i = 0; authentic && i < directory_count(directory); i++) {
        const struct directory_object *o = directory_at(directory, i);
        if (o->kind == DIRECTORY_CHARTER)
            answer.charter = (struct message_object){o->bytes, o->len};
    }
    if (judged != NULL && state == MESSAGE_JOIN_ADMITTED && requests_is_office(judged))
        count = collect(directory, judged, objects, ANSWER_OBJECTS);
    return message_join_answer_encode(out, &answer, objects, count);
}

static enum gmm_err take_new(struct node *node, const void *bytes, size_t len, const struct requests_judged *j,
                             struct gmm_msg *text)
{
    struct requests_list list;
    enum gmm_err err = requests_pending(node, &list);
    if (err != GMM_OK)
        return err;
    size_t waiting = list.count;
    requests_list_close(&list);
    if (waiting >= LIMIT_JOIN_PENDING)
        return gmm_fail(text, GMM_ELIMIT, "%zu requests wait here already: ask again later", waiting);
    err = keep(node, bytes, len, j, 'p', "");
    return err == GMM_OK ? node_flush(node) : err;
}

/* Others completed the admission meanwhile: it does not wait here any more. */
static enum gmm_err take_admitted(struct node *node, const void *bytes, size_t len, const struct requests_judged *j)
{
    struct find find = {.sign_pk = &j->join.card.sign_pk};
    enum gmm_err err = store_each_request(node->store, on_find, &find);
    if (err != GMM_OK || find.state != 'p')
        return err;
    err = keep(node, bytes, len, j, 'a', "");
    return err == GMM_OK ? node_flush(node) : err;
}

enum gmm_err requests_take(struct node *node, const void *bytes, size_t len, struct buffer *answer)
{
    struct requests_judged judged;
    struct gmm_msg text = {.text = ""};
    bool authentic;
    enum gmm_err err = requests_judge(node, bytes, len, &judged, &authentic, &text);
    if (err == GMM_ENOMEM || err == GMM_EIO || err == GMM_EFULL || node->engine == NULL)
        return err;
    if (err != GMM_OK)
        return encode(node, answer, MESSAGE_JOIN_REFUSED, text.text, authentic, NULL);
    if (judged.state == REQUESTS_NEW)
        err = take_new(node, bytes, len, &judged, &text);
    else if (judged.state == REQUESTS_ADMITTED)
        err = take_admitted(node, bytes, len, &judged);
    if (err == GMM_ELIMIT) {
        err = encode(node, answer, MESSAGE_JOIN_REFUSED, text.text, true, NULL);
    } else if (err == GMM_OK && judged.state == REQUESTS_ADMITTED) {
        err = encode(node, answer, MESSAGE_JOIN_ADMITTED, "", true, &judged);
    } else if (err == GMM_OK) {
        pending_text(node, &judged, &text);
        err = encode(node, answer, MESSAGE_JOIN_PENDING, text.text, true, &judged);
    }
    requests_judged_close(&judged);
    return err;
}

static void fill_admit(struct control_admit *admit, const struct requests_judged *j)
{
    const struct card *card = &j->join.card;
    *admit = (struct control_admit){
        .pid = j->join.pid,
        .root_pk = card->root_pk,
        .next_commit = card->next_commit,
        .sign_pk = card->sign_pk,
        .noise_pk = card->noise_pk,
        .kind = card->kind,
    };
    memcpy(admit->id, card->id, sizeof admit->id);
    memcpy(admit->name, card->name, sizeof admit->name);
    memcpy(admit->join_signature, j->join.signature, sizeof admit->join_signature);
}

static void put_certificate(struct buffer *object, const struct requests_judged *j)
{
    buffer_init(object, CERTIFICATE_BYTES_MAX + 1);
    buffer_put_u8(object, DIRECTORY_CERTIFICATE);
    buffer_put(object, j->join.certificate_bytes, j->join.certificate_len);
}

static enum gmm_err admit_participant(struct node *node, const struct requests_judged *j, struct gmm_msg *msg)
{
    const struct gmm_id control = {{0}};
    struct control_admit admit;
    struct buffer body, object;
    struct gmm_id id;
    fill_admit(&admit, j);
    put_certificate(&object, j);
    buffer_init(&body, LIMIT_BODY_BYTES);
    enum gmm_err err = control_admit_encode(&body, &admit);
    /* Before the certificate is taken in: a refusal leaves no trace. */
    if (err == GMM_OK)
        err = fold_authorize(engine_fold(node->engine), &node->keystore->sign_pk, &control, HEADER_ADMIT, body.p,
                             body.len, node_now_ms(), msg);
    if (err == GMM_OK)
        err = object.failed == GMM_OK ? node_add_object(node, object.p, object.len, msg) : object.failed;
    if (err == GMM_OK || err == GMM_EEXISTS)
        err = node_append(node, &control, HEADER_ADMIT, body.p, body.len, NULL, &id, msg);
    buffer_close(&body);
    buffer_close(&object);
    return err;
}

/* As answered when the newcomer takes part now, else as one that waits for the support of others. */
static enum gmm_err keep_as_it_stands(struct node *node, const void *bytes, size_t len, const struct requests_judged *j)
{
    const struct view *view = engine_view(node->engine);
    char state = view != NULL && is_admitted(view, &j->join) ? 'a' : 'p';
    enum gmm_err err = keep(node, bytes, len, j, state, "");
    return err == GMM_OK ? node_flush(node) : err;
}

enum gmm_err requests_replace(struct node *node, const void *bytes, size_t len, const struct requests_judged *judged,
                              struct standing_done *done, struct gmm_msg *msg)
{
    struct control_admit admit;
    struct buffer object;
    const struct card *card = &judged->join.card;
    if (id_is_zero(&judged->replaces))
        return gmm_fail(msg, GMM_ESTATE, "'%s' asks under the root that is known: nothing is to be replaced", card->id);
    fill_admit(&admit, judged);
    put_certificate(&object, judged);
    enum gmm_err err = object.failed;
    if (err == GMM_OK)
        err = standing_replace(node, card->id, &admit, object.p, object.len, done, msg);
    if (err == GMM_OK)
        err = keep_as_it_stands(node, bytes, len, judged);
    buffer_close(&object);
    return err;
}

static enum gmm_err certify_second(struct node *node, const struct requests_judged *j, struct gmm_msg *msg)
{
    struct buffer object;
    const struct gmm_id nid = j->join.nid;
    buffer_init(&object, CERTIFICATE_BYTES_MAX + 1);
    /* No role: DECIDE in a newer certificate would take the decisions away from this office. */
    enum gmm_err err = certify_office(&object, node, &nid, node_pid(node), &j->join.card,
                                      certify_next_serial(engine_directory(node->engine), node_pid(node)), 0, msg);
    if (err == GMM_OK)
        err = node_add_object(node, object.p, object.len, msg);
    buffer_close(&object);
    return err;
}

enum gmm_err requests_admit(struct node *node, const void *bytes, size_t len, const struct requests_judged *judged,
                            unsigned *late, struct gmm_msg *msg)
{
    unsigned missed = 0;
    enum gmm_err err = GMM_OK;
    if (!id_is_zero(&judged->replaces))
        return gmm_fail(msg, GMM_EDENIED,
                        "'%s' is admitted already under another root: gmm roster replace %s proposes to let it go on "
                        "under the new one",
                        judged->join.card.id, judged->join.card.id);
    if (judged->state != REQUESTS_ADMITTED)
        err = requests_is_office(judged) ? certify_second(node, judged, msg) : admit_participant(node, judged, msg);
    if (err == GMM_OK)
        err = keep_as_it_stands(node, bytes, len, judged);
    if (err == GMM_OK)
        err = groups_reach(node, &judged->join.pid, true, &missed);
    if (late != NULL)
        *late = missed;
    return err;
}

struct refuse {
    struct node *node;
    const struct gmm_id *sign_pk;
    struct store_request row; /* bytes owned */
    bool found;
};

static enum gmm_err on_refuse(void *arg, const struct store_request *row)
{
    struct refuse *refuse = arg;
    if (row->state != 'p' || !id_equal(&row->sign_pk, refuse->sign_pk) || refuse->found)
        return GMM_OK;
    uint8_t *copy = malloc(row->len + 1);
    if (copy == NULL)
        return GMM_ENOMEM;
    memcpy(copy, row->bytes, row->len);
    refuse->row = *row;
    refuse->row.bytes = copy;
    refuse->found = true;
    return GMM_OK;
}

enum gmm_err requests_revoke(struct node *node, const struct invites_entry *entry, struct gmm_msg *msg)
{
    struct invites_entry revoked = *entry;
    struct refuse refuse = {.node = node, .sign_pk = &entry->used_by};
    revoked.state = INVITES_REVOKED;
    enum gmm_err err = GMM_OK;
    if (entry->state == INVITES_USED)
        err = store_each_request(node->store, on_refuse, &refuse);
    if (err == GMM_OK)
        err = store_begin(node->store, true);
    if (err == GMM_OK && refuse.found) {
        refuse.row.state = 'n';
        snprintf(refuse.row.reason, sizeof refuse.row.reason, "%s", N_("the invite was revoked"));
        err = store_put_request(node->store, &refuse.row);
    }
    if (err == GMM_OK)
        err = invites_put(node, &revoked);
    if (err == GMM_OK)
        err = node_flush(node);
    free(refuse.row.bytes);
    invites_entry_close(&revoked);
    return err == GMM_OK ? GMM_OK : gmm_fail(msg, err, "the invite could not be revoked: %s", gmm_err_text(err));
}
