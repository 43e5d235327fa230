#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "proto/engine_state.h"

void engine_drop(struct engine *engine, uint32_t conn)
{
    replicate_gone(engine->replicate, &engine->core, conn);
    fetch_gone(engine->fetch, &engine->core, conn);
    offers_gone(engine->offers, conn);
    links_forget(engine->links, conn);
}

void engine_close(struct engine *engine, struct peer *peer, enum gmm_err err, const char *text)
{
    replicate_gone(engine->replicate, &engine->core, peer->conn);
    fetch_gone(engine->fetch, &engine->core, peer->conn);
    offers_gone(engine->offers, peer->conn);
    links_close(engine->links, &engine->core, peer, err, text);
}

/* A certificate that came with a hello is an object like any other: stored, then told on. */
static enum gmm_err store_object(struct core *core, const struct directory_object *object)
{
    struct effect *store = core_store(core);
    struct gmm_id *hash = malloc(sizeof *hash);
    if (store == NULL || hash == NULL) {
        free(hash);
        return GMM_ENOMEM;
    }
    *hash = object->hash;
    store->as.store.object_hashes = hash;
    store->as.store.object_count = 1;
    return GMM_OK;
}

static enum gmm_err answer(struct engine *engine, struct peer *peer)
{
    const struct keystore *ks = engine->core.keystore;
    struct buffer hello;
    size_t token_len = 0;
    const uint8_t *token = replicate_cursor(engine->replicate, &peer->sign_pk, &token_len);
    buffer_init(&hello, SESSION_HELLO_MAX);
    enum gmm_err err = links_hello(&engine->core, session_former(peer->session) ? &ks->former_noise_pk : &ks->noise_pk,
                                   token, token_len, &hello);
    if (err == GMM_OK)
        err = session_answer(peer->session, hello.p, hello.len);
    buffer_close(&hello);
    return err;
}

/* The certificate that took this key's place, with the rotations that it rests on. */
static void send_successor(struct core *core, struct peer *peer, const struct view_office *successor)
{
    const struct directory_object *object;
    for (size_t i = 0; (object = directory_at(core->directory, i)) != NULL; i++)
        if (object->kind == DIRECTORY_ROTATION && id_equal(&object->as.rotation.pid, &successor->pid))
            peer_send(peer, SESSION_CONTROL, MESSAGE_OBJECT, object->bytes, object->len);
    object = directory_find(core->directory, &successor->certificate);
    if (object != NULL)
        peer_send(peer, SESSION_CONTROL, MESSAGE_OBJECT, object->bytes, object->len);
}

/* An office that has not heard yet that its root certified other keys for it is told before it is refused: it could
 * hear it from nobody else. It proved its key in the handshake. */
static void tell_superseded(struct engine *engine, struct peer *peer, const struct session_hello *hello)
{
    struct core *core = &engine->core;
    struct certificate shown;
    const struct view *view = fold_view(core->fold);
    if (view == NULL || hello->certificate_len < 2 ||
        certificate_open(&shown, &core->nid, hello->certificate + 1, hello->certificate_len - 1) != GMM_OK ||
        !id_equal(&shown.noise_pk, &peer->noise_pk))
        return;
    const struct view_office *office = view_office(view, &shown.sign_pk);
    if (office == NULL || office->status != VIEW_OFFICE_SUPERSEDED)
        return;
    const struct view_office *successor = view_office_by_name(view, &office->pid, office->office);
    if (successor == NULL || (!peer->initiator && answer(engine, peer) != GMM_OK))
        return;
    send_successor(core, peer, successor);
    if (!peer->closing)
        peer->refused = engine->review = true;
}

/* The other way round: who expects the keys that we had before is told of those that we have. */
static void tell_successor(struct engine *engine, struct peer *peer)
{
    struct core *core = &engine->core;
    const struct view *view = fold_view(core->fold);
    const struct view_office *self = view == NULL ? NULL : view_office(view, core_self(core));
    if (self != NULL && answer(engine, peer) == GMM_OK)
        send_successor(core, peer, self);
    peer->refused = engine->review = true;
}

static void on_office_hello(struct engine *engine, struct peer *peer, const struct session_item *item)
{
    struct core *core = &engine->core;
    struct session_hello hello;
    const struct directory_object *object = NULL;
    struct gmm_msg msg = {{0}};
    enum gmm_err err = session_hello_decode(&hello, item->payload, item->len);
    if (err == GMM_OK && session_former(peer->session)) {
        tell_successor(engine, peer);
        return;
    }
    if (err == GMM_OK)
        err = links_identify(core, peer, &hello, &object, &msg);
    if (err == GMM_EDENIED)
        tell_superseded(engine, peer, &hello);
    if (peer->refused)
        return;
    if (err != GMM_OK) {
        peer_close(peer, err, msg.text[0] != '\0' ? msg.text : gmm_err_text(err));
        return;
    }
    struct peer *gone = links_double(engine->links, core, peer);
    clocks_hear(&core->clocks, &peer->pid, hello.clock_ms, core->now_ms);
    if (object != NULL)
        err = store_object(core, object);
    if (err == GMM_OK && !peer->initiator)
        err = answer(engine, peer);
    if (err == GMM_OK && gone != peer)
        err = fetch_open(engine->fetch, peer);
    if (err == GMM_OK && gone != peer)
        err = offers_open(engine->offers, peer);
    if (err == GMM_OK && gone != peer)
        err = replicate_open(engine->replicate, core, peer, &hello);
    struct effect *effect = err == GMM_OK ? core_effect(core, EFFECT_PEER) : NULL;
    if (effect == NULL) {
        peer_close(peer, err == GMM_OK ? GMM_ENOMEM : err, N_("the session cannot be opened"));
        return;
    }
    effect->conn = peer->conn;
    effect->as.peer.sign_pk = peer->sign_pk;
    effect->as.peer.pid = peer->pid;
    effect->as.peer.state = ENGINE_PEER_OPEN;
    if (gone != NULL)
        peer_close(gone, GMM_OK, N_("another session with the office stays"));
}

static void on_hello(struct engine *engine, struct peer *peer, const struct session_item *item)
{
    peer->purpose = session_purpose(peer->session);
    if (peer->purpose == SESSION_OFFICES) {
        on_office_hello(engine, peer, item);
        return;
    }
    session_remote(peer->session, &peer->noise_pk);
    if (session_former(peer->session)) {
        peer_close(peer, GMM_EDENIED, N_("the invite is older than this office's keys"));
    } else if (!peer->initiator) {
        enum gmm_err err = session_answer(peer->session, NULL, 0);
        if (err != GMM_OK)
            peer_close(peer, err, gmm_err_text(err));
    } else if (peer->join_request != NULL) {
        peer_send(peer, SESSION_CONTROL, MESSAGE_JOIN_REQUEST, peer->join_request, peer->join_request_len);
    }
}

enum gmm_err engine_join_send(struct engine *engine, struct peer *peer, const struct engine_event *event)
{
    (void)engine;
    if (peer == NULL || event->len > LIMIT_JOIN_REQUEST)
        return GMM_EUSAGE;
    uint8_t *copy = malloc(event->len + 1);
    if (copy == NULL)
        return GMM_ENOMEM;
    memcpy(copy, event->bytes, event->len);
    free(peer->join_request);
    peer->join_request = copy;
    peer->join_request_len = event->len;
    if (session_state(peer->session) == SESSION_OPEN)
        peer_send(peer, SESSION_CONTROL, MESSAGE_JOIN_REQUEST, copy, event->len);
    return GMM_OK;
}

/* "The initiator sends one JOIN_REQUEST; the responder answers with one JOIN_ANSWER and the initiator closes." */
static void on_join_message(struct engine *engine, struct peer *peer, const struct session_item *item)
{
    bool request = !peer->initiator && item->type == MESSAGE_JOIN_REQUEST && !peer->join_asked;
    bool answered = peer->initiator && item->type == MESSAGE_JOIN_ANSWER;
    if (!request && !answered) {
        peer_close(peer, GMM_EDENIED, N_("not a message of a join connection"));
        return;
    }
    peer->join_asked = true;
    struct effect *effect = core_effect(&engine->core, request ? EFFECT_JOIN_REQUEST : EFFECT_JOIN_ANSWERED);
    uint8_t *copy = malloc(item->len + 1);
    if (effect == NULL || copy == NULL) {
        free(copy);
        peer_close(peer, GMM_ENOMEM, "out of memory");
        return;
    }
    memcpy(copy, item->payload, item->len);
    effect->conn = peer->conn;
    effect->bytes = copy;
    effect->len = item->len;
    if (answered)
        peer_close(peer, GMM_OK, "answered");
}

static void on_office_message(struct engine *engine, struct peer *peer, const struct session_item *item)
{
    struct core *core = &engine->core;
    bool new_object = false;
    enum gmm_err err = GMM_OK;
    if (peer->parting && item->type != MESSAGE_PONG)
        ;
    else if (item->type == MESSAGE_BYE)
        peer_close(peer, GMM_ECLOSED, N_("the peer said goodbye"));
    else if (item->type >= MESSAGE_CHUNK_WANT && item->type <= MESSAGE_CHUNK_NONE) {
        offers_heard(engine->offers, peer, item->type, item->payload, item->len);
        err = fetch_message(engine->fetch, core, peer, item->type, item->payload, item->len);
    } else
        err = replicate_message(engine->replicate, core, peer, item->type, item->payload, item->len, &new_object);
    session_consumed(peer->session, item->stream, item->len + 1);
    if (err != GMM_OK)
        peer_close(peer, err, gmm_err_text(err));
}

void engine_received(struct engine *engine, struct peer *peer, const void *bytes, size_t len)
{
    struct session_item item;
    const uint8_t *p = bytes;
    enum gmm_err err = GMM_OK;
    links_time(engine->links, &engine->core);
    while (len > 0 && err == GMM_OK && !peer->closing && !peer->refused) {
        size_t part = len < SESSION_RECEIVE_MAX ? len : SESSION_RECEIVE_MAX;
        err = session_receive(peer->session, p, part);
        while (err == GMM_OK && !peer->closing && !peer->refused &&
               (err = session_next(peer->session, &item)) == GMM_OK && item.kind != SESSION_ITEM_NONE) {
            if (item.kind == SESSION_ITEM_HELLO)
                on_hello(engine, peer, &item);
            else if (peer->purpose == SESSION_JOIN)
                on_join_message(engine, peer, &item);
            else
                on_office_message(engine, peer, &item);
        }
        p += part;
        len -= part;
    }
    if (err != GMM_OK)
        peer_close(peer, err, gmm_err_text(err));
}
