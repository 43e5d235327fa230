#include "node/joining.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "keys/welcome.h"
#include "node/atrest.h"
#include "node/certify.h"
#include "node/net.h"
#include "node/requests.h"
#include "node/retell.h"
#include "proto/message.h"

#define PENDING "join.pending"
#define PINNED "join.pinned"           /* node.c: whom the engine takes before it is in the roster */
#define CERTIFICATE "join.certificate" /* nid ‖ directory object: one network sees one certificate of serial 1 */
#define KEPT_VERSION 1
#define KEPT_BYTES_MAX (INVITE_BYTES_MAX + LIMIT_JOIN_REQUEST + 16u)
#define AGAIN_MS 10000u

/* In guarded memory: the invite holds a secret. */
struct joining {
    struct node *node;
    enum joining_state state;
    unsigned answers;
    struct invite invite;
    uint8_t *request;
    size_t request_len;
    char reason[256];
    struct net_watch *again;
};

static struct joining *joining_new(struct node *node)
{
    struct joining *j = secret_alloc(sizeof *j);
    if (j != NULL)
        j->node = node;
    return j;
}

static void joining_free(struct joining *j)
{
    if (j == NULL)
        return;
    net_unwatch(j->again);
    free(j->request);
    secret_free(j);
}

void joining_close(struct node *node)
{
    joining_free(node->joining);
    node->joining = NULL;
}

/* {ver u8, state u8, invite bytes16, request bytes16} */
static enum gmm_err encode_kept(struct buffer *out, const struct joining *j)
{
    struct buffer invite;
    buffer_init(&invite, INVITE_BYTES_MAX);
    enum gmm_err err = invite_make(&invite, &j->invite);
    buffer_put_u8(out, KEPT_VERSION);
    buffer_put_u8(out, (uint8_t)j->state);
    buffer_put_u16(out, (uint16_t)invite.len);
    buffer_put(out, invite.p, invite.len);
    buffer_put_u16(out, (uint16_t)j->request_len);
    buffer_put(out, j->request, j->request_len);
    buffer_close_wiped(&invite);
    return err == GMM_OK ? out->failed : err;
}

static enum gmm_err decode_kept(struct joining *j, const uint8_t *bytes, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, bytes, len);
    uint8_t version = bytes_get_u8(&in);
    unsigned state = bytes_get_u8(&in);
    size_t invite_len = bytes_get_u16(&in);
    const uint8_t *invite = bytes_take(&in, invite_len);
    j->request_len = bytes_get_u16(&in);
    const uint8_t *request = bytes_take(&in, j->request_len);
    if (!bytes_in_done(&in) || version != KEPT_VERSION || (state != JOINING_ASKED && state != JOINING_ADMITTED))
        return GMM_ECORRUPT;
    if (invite_open(&j->invite, invite, invite_len) != GMM_OK)
        return GMM_ECORRUPT;
    j->state = state == JOINING_ASKED ? JOINING_ASKED : JOINING_ADMITTED;
    j->request = malloc(j->request_len + 1);
    if (j->request == NULL)
        return GMM_ENOMEM;
    memcpy(j->request, request, j->request_len);
    return GMM_OK;
}

/* In the open transaction. */
static enum gmm_err keep(struct node *node, const struct joining *j)
{
    struct buffer plain, sealed;
    buffer_init(&plain, KEPT_BYTES_MAX);
    buffer_init(&sealed, KEPT_BYTES_MAX + ATREST_OVERHEAD);
    enum gmm_err err = encode_kept(&plain, j);
    if (err == GMM_OK)
        err = atrest_seal(&sealed, node->keystore->node, LABEL_JOIN_KEPT, PENDING, strlen(PENDING), plain.p, plain.len);
    if (err == GMM_OK)
        err = store_begin(node->store, true);
    if (err == GMM_OK)
        err = store_set(node->store, PENDING, sealed.p, sealed.len);
    buffer_close_wiped(&plain);
    buffer_close(&sealed);
    return err;
}

enum gmm_err joining_load(struct node *node, struct gmm_msg *msg)
{
    uint8_t *sealed = NULL, plain[KEPT_BYTES_MAX];
    size_t len = 0;
    enum gmm_err err = store_get(node->store, PENDING, &sealed, &len);
    if (err == GMM_ENOTFOUND)
        return GMM_OK;
    struct joining *j = err == GMM_OK ? joining_new(node) : NULL;
    if (err == GMM_OK && j == NULL)
        err = GMM_ENOMEM;
    if (err == GMM_OK && (len < ATREST_OVERHEAD || len - ATREST_OVERHEAD > sizeof plain))
        err = GMM_ECORRUPT;
    if (err == GMM_OK)
        err = atrest_open(plain, node->keystore->node, LABEL_JOIN_KEPT, PENDING, strlen(PENDING), sealed, len);
    if (err == GMM_OK)
        err = decode_kept(j, plain, len - ATREST_OVERHEAD);
    sodium_memzero(plain, sizeof plain);
    free(sealed);
    if (err == GMM_OK) {
        node->joining = j;
        return node->engine == NULL && !node->read_only
                   ? node_begin_join(node, &j->invite.nid, &j->invite.noise_pk, msg)
                   : GMM_OK;
    }
    joining_free(j);
    return gmm_fail(msg, err, "the request to join that this home keeps cannot be read: %s", gmm_err_text(err));
}

const uint8_t *joining_bytes(const struct node *node, size_t *len)
{
    *len = node->joining == NULL ? 0 : node->joining->request_len;
    return node->joining == NULL ? NULL : node->joining->request;
}

void joining_report(const struct node *node, struct joining_report *out)
{
    const struct joining *j = node->joining;
    *out = (struct joining_report){.state = JOINING_NONE, .reason = ""};
    if (j != NULL)
        *out = (struct joining_report){j->state, j->answers, &j->invite, j->reason};
}

enum gmm_err joining_refusal(struct node *node, struct gmm_msg *msg)
{
    const struct joining *j = node->joining;
    const struct charter *charter = node->engine == NULL ? NULL : directory_charter(engine_directory(node->engine));
    if (node->engine != NULL && node_is_active(node))
        return GMM_OK;
    char reason[RETELL_BYTES];
    if (j != NULL && j->state == JOINING_ASKED)
        return gmm_fail(msg, GMM_EDENIED, "not admitted to '%s' yet: %s", j->invite.network,
                        j->reason[0] != '\0' ? retell(j->reason, reason)
                                             : _("the request waits for an answer; gmm sync asks again"));
    if (j != NULL && j->state == JOINING_ADMITTED)
        return gmm_fail(msg, GMM_EDENIED, "admitted to '%s', but the roster has not come yet: run gmm sync",
                        j->invite.network);
    if (charter != NULL)
        return gmm_fail(msg, GMM_EDENIED, "this office is not active in '%s': gmm roster shows how it stands",
                        charter->name);
    return gmm_fail(msg, GMM_ESTATE, "this home is in no network yet: gmm network create NAME, or gmm join INVITE");
}

enum gmm_err joining_reading(struct node *node, struct gmm_msg *msg)
{
    const struct view_participant *self = node->engine == NULL ? NULL : engine_self(node->engine);
    return self != NULL && self->status == VIEW_EXPELLED ? GMM_OK : joining_refusal(node, msg);
}

static enum gmm_err check_invite(struct node *node, const struct invite *invite, struct gmm_msg *msg)
{
    const struct joining *j = node->joining;
    const struct charter *charter = node->engine == NULL ? NULL : directory_charter(engine_directory(node->engine));
    if (charter != NULL && (!id_equal(&charter->nid, &invite->nid) || j == NULL))
        return gmm_fail(msg, GMM_EEXISTS, "this home is in '%s'; init a new home for another network", charter->name);
    if (j != NULL && j->state != JOINING_REFUSED && !id_equal(&j->invite.nid, &invite->nid))
        return gmm_fail(msg, GMM_EEXISTS, "this home waits to be admitted to '%s'; init a new home for another network",
                        j->invite.network);
    if (invite->office[0] == '\0' && invite->for_id[0] != '\0' && strcmp(invite->for_id, node->card.id) != 0)
        return gmm_fail(msg, GMM_EDENIED, "the invite is for '%s'; this home is of '%s'", invite->for_id,
                        node->card.id);
    if (invite->office[0] != '\0' &&
        (strcmp(invite->inviter_id, node->card.id) != 0 || strcmp(invite->office, node->card.office) != 0))
        return gmm_fail(msg, GMM_EDENIED, "the invite is for the office '%s' of '%s'; this home is '%s' of '%s'",
                        invite->office, invite->inviter_id, node->card.office, node->card.id);
    if (id_equal(&invite->sign_pk, &node->keystore->sign_pk))
        return gmm_fail(msg, GMM_EUSAGE, "this office made the invite itself: give it to the newcomer");
    return GMM_OK;
}

/* The certificate by our own root for this network: made once, so that no two of one serial are ever about. */
static enum gmm_err own_certificate(struct node *node, const struct gmm_id *nid, struct buffer *object,
                                    struct gmm_msg *msg)
{
    uint8_t *kept = NULL;
    size_t len = 0;
    enum gmm_err err = store_get(node->store, CERTIFICATE, &kept, &len);
    if (err == GMM_OK && len > 32 && memcmp(kept, nid->b, 32) == 0) {
        buffer_put(object, kept + 32, len - 32);
        free(kept);
        return object->failed;
    }
    free(kept);
    if (err != GMM_OK && err != GMM_ENOTFOUND)
        return err;
    err = certify_office(object, node, nid, &node->keystore->pid, &node->card, CERTIFY_FIRST_SERIAL,
                         CERTIFICATE_ROLES_ALL, msg);
    struct buffer value;
    buffer_init(&value, CERTIFICATE_BYTES_MAX + 64);
    buffer_put_id(&value, nid);
    buffer_put(&value, object->p, object->len);
    if (err == GMM_OK)
        err = value.failed;
    if (err == GMM_OK)
        err = store_begin(node->store, true);
    if (err == GMM_OK)
        err = store_set(node->store, CERTIFICATE, value.p, value.len);
    buffer_close(&value);
    return err;
}

static enum gmm_err make_request(struct node *node, struct joining *j, const char *person, struct gmm_msg *msg)
{
    struct card_join join = {.nid = j->invite.nid,
                             .pid = node->keystore->pid,
                             .card_bytes = node->keystore->card,
                             .card_len = node->keystore->card_len};
    struct buffer object, request;
    enum gmm_err err = GMM_OK;
    buffer_init(&object, CERTIFICATE_BYTES_MAX + 1);
    buffer_init(&request, LIMIT_JOIN_REQUEST);
    invite_id(join.invite_id, j->invite.secret);
    if (person != NULL && identity_name_ok(person, strlen(person)))
        snprintf(join.person, sizeof join.person, "%s", person);
    if (j->invite.office[0] != '\0') {
        join.pid = j->invite.pid;
    } else {
        err = own_certificate(node, &j->invite.nid, &object, msg);
        join.certificate_bytes = err == GMM_OK ? object.p + 1 : NULL;
        join.certificate_len = err == GMM_OK ? object.len - 1 : 0;
    }
    if (err == GMM_OK)
        err = card_join_make(&request, &join, node->keystore->sign_sk, j->invite.secret);
    if (err == GMM_OK)
        err = buffer_take(&request, &j->request, &j->request_len);
    buffer_close(&request);
    buffer_close(&object);
    return err;
}

enum gmm_err joining_start(struct node *node, const struct invite *invite, const char *person, struct gmm_msg *msg)
{
    enum gmm_err err = check_invite(node, invite, msg);
    if (err != GMM_OK)
        return err;
    struct joining *old = node->joining;
    if (old != NULL && old->state != JOINING_REFUSED &&
        (old->state == JOINING_ADMITTED || sodium_memcmp(old->invite.secret, invite->secret, 32) == 0))
        return node->engine != NULL ? GMM_OK : node_begin_join(node, &invite->nid, &old->invite.noise_pk, msg);
    if (invite->expires_ms <= node_now_ms())
        return gmm_fail(msg, GMM_EEXPIRED, "the invite has expired: ask %s for a new one", invite->inviter_id);
    struct joining *j = joining_new(node);
    if (j == NULL)
        return gmm_fail(msg, GMM_ENOMEM, "out of guarded memory for the invite");
    j->invite = *invite;
    j->state = JOINING_ASKED;
    err = make_request(node, j, person, msg);
    if (err == GMM_OK)
        err = node_begin_join(node, &invite->nid, &invite->noise_pk, msg);
    if (err == GMM_OK)
        err = keep(node, j);
    if (err == GMM_OK)
        err = node_flush(node);
    if (err != GMM_OK) {
        joining_free(j);
        return msg != NULL && msg->text[0] != '\0'
                   ? err
                   : gmm_fail(msg, err, "the request could not be made: %s", gmm_err_text(err));
    }
    joining_free(old);
    node->joining = j;
    return GMM_OK;
}

static void again_step(void *arg, bool timed_out)
{
    struct joining *j = arg;
    struct node *node = j->node;
    if (!timed_out)
        return;
    net_unwatch(j->again);
    j->again = NULL;
    joining_settle(node); /* may free j */
    joining_ask_again(node);
}

static void come_back(struct joining *j)
{
    if (j->again == NULL)
        j->again = net_watch(j->node->net, AGAIN_MS, again_step, j);
}

enum gmm_err joining_ask(struct node *node, size_t *dialled)
{
    struct joining *j = node->joining;
    *dialled = 0;
    if (j == NULL || node->net == NULL || j->invite.address_count == 0)
        return GMM_ESTATE;
    for (uint8_t i = 0; i < j->invite.address_count; i++)
        if (net_dial_join(node->net, j->invite.addresses[i], &j->invite.noise_pk, j->request, j->request_len) == GMM_OK)
            (*dialled)++;
    come_back(j);
    return *dialled > 0 ? GMM_OK : GMM_EUNREACHABLE;
}

void joining_ask_again(struct node *node)
{
    struct joining *j = node->joining;
    size_t dialled;
    if (j == NULL || node->net == NULL || j->state == JOINING_REFUSED)
        return;
    if (j->state == JOINING_ASKED)
        (void)joining_ask(node, &dialled);
    else
        come_back(j);
}

static enum gmm_err forget(struct node *node)
{
    enum gmm_err err = store_begin(node->store, true);
    if (err == GMM_OK)
        err = store_unset(node->store, PENDING);
    if (err == GMM_OK || err == GMM_ENOTFOUND)
        err = store_unset(node->store, PINNED);
    return err == GMM_OK || err == GMM_ENOTFOUND ? node_flush(node) : err;
}

void joining_settle(struct node *node)
{
    struct joining *j = node->joining;
    if (j == NULL || j->state != JOINING_ADMITTED || !node_is_active(node))
        return;
    if (forget(node) != GMM_OK)
        return;
    joining_close(node);
}

/* Objects as they came, a kind byte first. */
struct arrived {
    const struct message_object *objects;
    size_t count;
};

static bool find_charter(const struct arrived *a, struct charter *charter, const struct message_object **object)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->objects[i].len > 1 && a->objects[i].bytes[0] == DIRECTORY_CHARTER) {
            *object = &a->objects[i];
            return charter_open(charter, a->objects[i].bytes + 1, a->objects[i].len - 1) == GMM_OK;
        }
    return false;
}

static bool find_certificate(struct node *node, const struct arrived *a, const struct invite *invite)
{
    struct certificate c;
    for (size_t i = 0; i < a->count; i++)
        if (a->objects[i].len > 1 && a->objects[i].bytes[0] == DIRECTORY_CERTIFICATE &&
            certificate_open(&c, &invite->nid, a->objects[i].bytes + 1, a->objects[i].len - 1) == GMM_OK &&
            id_equal(&c.sign_pk, &node->keystore->sign_pk) && id_equal(&c.noise_pk, &node->keystore->noise_pk) &&
            id_equal(&c.pid, &invite->pid))
            return true;
    return false;
}

/* A second office belongs to its participant's root; the one made at init was provisional and goes. A participant's own
 * stays and is final now. */
static enum gmm_err settle_root(struct node *node, const struct invite *invite, struct gmm_msg *msg)
{
    struct keystore *ks = node->keystore;
    if (invite->office[0] != '\0' && !id_equal(&ks->pid, &invite->pid)) {
        ks->pid = invite->pid;
        ks->root_held = ks->next_root_held = false;
        sodium_memzero(ks->root_seed, sizeof ks->root_seed);
        sodium_memzero(ks->next_root_seed, sizeof ks->next_root_seed);
        keystore_derive(ks);
    } else if (!ks->root_provisional) {
        return GMM_OK;
    }
    ks->root_provisional = false;
    return node_save_keystore(node, msg);
}

static enum gmm_err add_objects(struct node *node, const struct arrived *a, const struct joining *j,
                                struct gmm_msg *msg)
{
    struct buffer own;
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < a->count && err == GMM_OK; i++) {
        if (a->objects[i].len > 1 && a->objects[i].bytes[0] == DIRECTORY_CHARTER)
            continue;
        err = node_add_object(node, a->objects[i].bytes, a->objects[i].len, msg);
        if (err == GMM_EEXISTS)
            err = GMM_OK;
    }
    if (err != GMM_OK || j->invite.office[0] != '\0')
        return err;
    buffer_init(&own, CERTIFICATE_BYTES_MAX + 1);
    err = own_certificate(node, &j->invite.nid, &own, msg);
    if (err == GMM_OK)
        err = node_add_object(node, own.p, own.len, msg);
    buffer_close(&own);
    return err == GMM_EEXISTS ? GMM_OK : err;
}

static enum gmm_err add_peers(struct node *node, const struct joining *j, uint8_t count,
                              const char addresses[LIMIT_ADDRESSES][ADDRESS_BYTES])
{
    enum gmm_err err = store_begin(node->store, true);
    for (uint8_t i = 0; i < count && err == GMM_OK; i++) {
        struct store_peer peer = {.bound = true, .noise_pk = j->invite.noise_pk};
        snprintf(peer.address, sizeof peer.address, "%s", addresses[i]);
        err = store_put_peer(node->store, &peer);
    }
    return err;
}

/* The charter, the certificates and the inviter's addresses: this home is in the network now. Can be done again after
 * an interruption at any point. */
static enum gmm_err take_in(struct node *node, const struct arrived *a, uint8_t address_count,
                            const char addresses[LIMIT_ADDRESSES][ADDRESS_BYTES], struct gmm_msg *msg)
{
    struct joining *j = node->joining;
    const struct message_object *object = NULL;
    struct charter charter;
    if (!find_charter(a, &charter, &object) || !id_equal(&charter.nid, &j->invite.nid))
        return gmm_fail(msg, GMM_EDENIED, "the answer does not bring the charter of the network that the invite names");
    if (j->invite.office[0] != '\0' && !find_certificate(node, a, &j->invite))
        return gmm_fail(msg, GMM_EDENIED, "the answer does not bring this office's certificate");
    enum gmm_err err = settle_root(node, &j->invite, msg);
    if (err == GMM_OK)
        err = node_found(node, object->bytes, object->len, msg);
    if (err == GMM_EEXISTS)
        err = GMM_OK;
    if (err == GMM_OK)
        err = add_objects(node, a, j, msg);
    if (err == GMM_OK)
        err = add_peers(node, j, address_count, addresses);
    if (err != GMM_OK)
        return err;
    j->state = JOINING_ADMITTED;
    err = keep(node, j);
    return err == GMM_OK ? node_flush(node) : err;
}

static enum gmm_err take_answer(struct node *node, struct message_join_answer *answer, struct gmm_msg *msg)
{
    const struct invite *invite = &node->joining->invite;
    struct message_object *objects = calloc((size_t)answer->count + 1, sizeof *objects);
    struct arrived a = {.objects = objects};
    if (objects == NULL)
        return GMM_ENOMEM;
    if (answer->charter.len > 0)
        objects[a.count++] = answer->charter;
    while (a.count <= answer->count && message_join_answer_next(answer, &objects[a.count]))
        a.count++;
    enum gmm_err err = take_in(node, &a, invite->address_count, invite->addresses, msg);
    free(objects);
    if (err == GMM_OK && node->net != NULL)
        net_dial_peers(node->net, node->daemon);
    return err;
}

void joining_answered(struct node *node, uint32_t conn, const uint8_t *bytes, size_t len)
{
    struct joining *j = node->joining;
    struct message_join_answer answer;
    struct gmm_msg msg = {.text = ""};
    (void)conn;
    if (j == NULL || j->state != JOINING_ASKED || message_join_answer_decode(&answer, bytes, len) != GMM_OK)
        return;
    j->answers++;
    snprintf(j->reason, sizeof j->reason, "%.*s", (int)answer.reason_len, answer.reason_len > 0 ? answer.reason : "");
    switch (answer.state) {
    case MESSAGE_JOIN_PENDING:
        break;
    case MESSAGE_JOIN_REFUSED:
        j->state = JOINING_REFUSED;
        (void)forget(node);
        break;
    case MESSAGE_JOIN_ADMITTED:
        if (take_answer(node, &answer, &msg) == GMM_OK)
            joining_settle(node);
        else if (node->joining == j)
            snprintf(j->reason, sizeof j->reason, _("the admission could not be taken in: %.200s"), msg.text);
        break;
    }
}

void joining_request(struct node *node, uint32_t conn, const uint8_t *bytes, size_t len)
{
    struct buffer answer;
    buffer_init(&answer, LIMIT_MESSAGE_BYTES);
    if (requests_take(node, bytes, len, &answer) == GMM_OK) {
        struct engine_event event = {.kind = ENGINE_JOIN_ANSWER, .conn = conn, .bytes = answer.p, .len = answer.len};
        (void)node_step(node, &event);
        (void)node_flush(node);
    }
    buffer_close(&answer);
}

static const uint8_t *find_wrap(const struct node *node)
{
    const struct keystore *ks = node->keystore;
    for (uint16_t i = 0; i < ks->wrap_count; i++) {
        struct gmm_id pk;
        crypto_scalarmult_base(pk.b, ks->wraps[i].sk);
        if (id_equal(&pk, &node->card.wrap_pk))
            return ks->wraps[i].sk;
    }
    return NULL;
}

static enum gmm_err open_welcome(struct node *node, struct welcome *out, const void *bytes, size_t len,
                                 struct gmm_msg *msg)
{
    const struct joining *j = node->joining;
    const uint8_t *wrap_sk = find_wrap(node);
    if (j == NULL || j->state == JOINING_REFUSED)
        return gmm_fail(msg, GMM_ESTATE,
                        "this home waits for no welcome: ask first, gmm join INVITE --offline -o CARD");
    if (wrap_sk == NULL)
        return gmm_fail(msg, GMM_ESTATE, "the first wrap key of this office is gone: the welcome cannot be opened");
    const struct welcome_target target = {
        .nid = &j->invite.nid, .wrap_pk = &node->card.wrap_pk, .invite_secret = j->invite.secret};
    enum gmm_err err = welcome_open(out, &target, wrap_sk, bytes, len);
    if (err == GMM_OK || err == GMM_ENOMEM)
        return err;
    if (err == GMM_ENETWORK)
        return gmm_fail(msg, GMM_EDENIED, "the welcome is of another network than '%s'", j->invite.network);
    if (err == GMM_ENOTFOUND || err == GMM_EDECRYPT)
        return gmm_fail(msg, GMM_EDENIED, "the welcome was not made for the request of this home, or was altered");
    return gmm_fail(msg, err, "this is not a welcome: %s", gmm_err_text(err));
}

static enum gmm_err import_runs(struct node *node, struct welcome *welcome, struct gmm_msg *msg)
{
    struct welcome_item item;
    enum gmm_err err = GMM_OK;
    while (err == GMM_OK && welcome_next_run(welcome, &item)) {
        err = node_import_run(node, item.bytes, item.len, msg);
        if (err == GMM_EEXISTS)
            err = GMM_OK;
    }
    return err;
}

enum gmm_err joining_welcome(struct node *node, const void *bytes, size_t len, struct gmm_msg *msg)
{
    struct welcome welcome;
    struct welcome_item item;
    size_t count = 0;
    enum gmm_err err = open_welcome(node, &welcome, bytes, len, msg);
    if (err != GMM_OK)
        return err;
    struct message_object *objects = calloc((size_t)welcome.object_count + 1, sizeof *objects);
    if (objects == NULL) {
        welcome_close(&welcome);
        return GMM_ENOMEM;
    }
    while (welcome_next_object(&welcome, &item))
        objects[count++] = (struct message_object){item.bytes, item.len};
    const struct arrived a = {.objects = objects, .count = count};
    const struct welcome *opened = &welcome;
    err = take_in(node, &a, opened->address_count, opened->addresses, msg);
    if (err == GMM_OK)
        err = import_runs(node, &welcome, msg);
    free(objects);
    welcome_close(&welcome);
    if (err == GMM_OK && !node_is_active(node))
        return gmm_fail(msg, GMM_EDENIED, "the welcome does not admit this office");
    if (err == GMM_OK)
        joining_settle(node);
    return err;
}
