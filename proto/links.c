#include "proto/links.h"

#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "proto/doorkeeper.h"

#define PUMP_BYTES (64u << 10) /* of one SEND: what was pumped no longer gives way to what is urgent */

struct links {
    struct peer **peers; /* in order of arrival */
    size_t count, capacity;
    struct doorkeeper door;
};

struct links *links_new(void)
{
    struct links *links = calloc(1, sizeof *links);
    if (links != NULL)
        doorkeeper_init(&links->door, 0);
    return links;
}

static void peer_free(struct peer *peer)
{
    session_free(peer->session);
    free(peer->join_request);
    free(peer);
}

void links_free(struct links *links)
{
    if (links == NULL)
        return;
    for (size_t i = 0; i < links->count; i++)
        peer_free(links->peers[i]);
    free(links->peers);
    free(links);
}

size_t links_count(const struct links *links)
{
    return links->count;
}

struct peer *links_at(struct links *links, size_t index)
{
    return links->peers[index];
}

struct peer *links_find(struct links *links, uint32_t conn)
{
    for (size_t i = 0; i < links->count; i++)
        if (links->peers[i]->conn == conn)
            return links->peers[i];
    return NULL;
}

void links_forget(struct links *links, uint32_t conn)
{
    for (size_t i = 0; i < links->count; i++) {
        if (links->peers[i]->conn != conn)
            continue;
        peer_free(links->peers[i]);
        links->count--;
        memmove(&links->peers[i], &links->peers[i + 1], (links->count - i) * sizeof *links->peers);
        return;
    }
}

void links_time(struct links *links, const struct core *core)
{
    doorkeeper_time(&links->door, core->now_ms);
}

void links_close(struct links *links, struct core *core, struct peer *peer, enum gmm_err err, const char *text)
{
    struct effect *effect = core_effect(core, EFFECT_CLOSE);
    if (effect != NULL) {
        effect->conn = peer->conn;
        effect->err = err;
        strncat(effect->text, text, sizeof effect->text - 1);
    }
    links_forget(links, peer->conn);
}

static bool is_half_open(const struct peer *peer)
{
    return !session_gated(peer->session);
}

/* The oldest half-open connection (of one address, or of any when address is 0 and any is set); counts them too. */
static struct peer *oldest_half_open(struct links *links, bool any, uint64_t address, size_t *count)
{
    struct peer *oldest = NULL;
    *count = 0;
    for (size_t i = 0; i < links->count; i++) {
        struct peer *peer = links->peers[i];
        if (!is_half_open(peer) || (!any && peer->address != address))
            continue;
        (*count)++;
        if (oldest == NULL)
            oldest = peer;
    }
    return oldest;
}

static void make_room(struct links *links, struct core *core, uint64_t address)
{
    size_t count;
    struct peer *oldest = oldest_half_open(links, false, address, &count);
    if (count >= LIMIT_HALF_OPEN_ADDRESS && oldest != NULL)
        links_close(links, core, oldest, GMM_ELIMIT, N_("too many half-open connections from this address"));
    oldest = oldest_half_open(links, true, 0, &count);
    if (count >= LIMIT_HALF_OPEN && oldest != NULL)
        links_close(links, core, oldest, GMM_ELIMIT, N_("too many half-open connections"));
}

/* Our certificate object: the newest of our participant's that names this Noise key of ours; NULL while we have none.
 */
static const struct directory_object *certificate_of(const struct core *core, const struct gmm_id *noise_pk)
{
    const struct directory_object *best = NULL;
    for (size_t i = 0; i < directory_count(core->directory); i++) {
        const struct directory_object *object = directory_at(core->directory, i);
        if (object->kind == DIRECTORY_CERTIFICATE && id_equal(&object->as.certificate.noise_pk, noise_pk) &&
            id_equal(&object->as.certificate.pid, &core->keystore->pid) &&
            (best == NULL || object->as.certificate.serial > best->as.certificate.serial))
            best = object;
    }
    return best;
}

enum gmm_err links_hello(const struct core *core, const struct gmm_id *noise_pk, const uint8_t *token, size_t token_len,
                         struct buffer *out)
{
    const struct directory_object *own = certificate_of(core, noise_pk);
    struct session_hello hello = {.clock_ms = core->now_ms, .token = token, .token_len = token_len, .build = 1};
    hello.features = core->heads_only ? 0 : SESSION_FEATURE_RANGES;
    if (own != NULL) {
        hello.certificate = own->bytes;
        hello.certificate_len = own->len;
    }
    directory_fingerprint(core->directory, &hello.objects);
    return session_hello_encode(out, &hello);
}

enum gmm_err links_connected(struct links *links, struct core *core, const struct engine_event *event,
                             const uint8_t *token, size_t token_len)
{
    uint8_t ephemeral[32];
    struct buffer hello;
    enum gmm_err err = GMM_OK;
    if (!event->as.connected.initiator)
        make_room(links, core, event->as.connected.address);
    if (links->count == links->capacity) {
        size_t capacity = links->capacity == 0 ? 16 : 2 * links->capacity;
        struct peer **peers = realloc(links->peers, capacity * sizeof *peers);
        if (peers == NULL)
            return GMM_ENOMEM;
        links->peers = peers;
        links->capacity = capacity;
    }
    struct peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL)
        return GMM_ENOMEM;
    peer->conn = event->conn;
    peer->initiator = event->as.connected.initiator;
    peer->purpose = event->as.connected.purpose;
    peer->address = event->as.connected.address;
    peer->noise_pk = event->as.connected.remote_noise_pk;
    peer->since_ms = core->now_ms;
    peer->room = event->as.connected.room == 0 ? PEER_ROOM_FIRST : event->as.connected.room;
    buffer_init(&hello, SESSION_HELLO_MAX);
    if (peer->initiator && peer->purpose == SESSION_OFFICES)
        err = links_hello(core, &core->keystore->noise_pk, token, token_len, &hello);
    core_random(core, ephemeral, sizeof ephemeral);
    struct session_config config = {.purpose = peer->purpose,
                                    .initiator = peer->initiator,
                                    .nid = &core->nid,
                                    .noise_sk = core->keystore->noise_sk,
                                    .noise_pk = &core->keystore->noise_pk,
                                    .former_sk = core->keystore->former_held ? core->keystore->former_noise_sk : NULL,
                                    .former_pk = &core->keystore->former_noise_pk,
                                    .remote_noise_pk = &peer->noise_pk,
                                    .ephemeral = ephemeral,
                                    .hello = hello.p,
                                    .hello_len = hello.len,
                                    .doorkeeper = &links->door};
    if (err == GMM_OK)
        err = session_new(&peer->session, &config);
    buffer_close(&hello);
    memset(ephemeral, 0, sizeof ephemeral);
    if (err != GMM_OK) {
        peer_free(peer);
        return err;
    }
    links->peers[links->count++] = peer;
    return GMM_OK;
}

/* May this key have a session now? not_after_ms: of the certificate that it showed; one that the root made since may
 * last longer. */
static enum gmm_err standing(const struct view *view, uint64_t now_ms, const struct gmm_id *pid,
                             const struct gmm_id *sign_pk, uint64_t not_after_ms, struct gmm_msg *msg)
{
    const struct view_participant *participant = view == NULL ? NULL : view_participant(view, pid);
    if (participant == NULL)
        return gmm_fail(msg, GMM_EDENIED, "its participant is not in our roster");
    if (participant->status == VIEW_EXPELLED)
        return gmm_fail(msg, GMM_EDENIED, "participant %s is expelled", participant->id);
    const struct view_office *office = view_office(view, sign_pk);
    if (office != NULL && (office->status == VIEW_OFFICE_REVOKED || office->status == VIEW_OFFICE_VOID))
        return gmm_fail(msg, GMM_EDENIED, "office %s/%s is revoked or void", participant->id, office->office);
    if (office != NULL && office->status == VIEW_OFFICE_SUPERSEDED)
        return gmm_fail(msg, GMM_EDENIED, "office %s/%s has other keys by now", participant->id, office->office);
    if (office != NULL && office->not_after_ms > not_after_ms)
        not_after_ms = office->not_after_ms;
    return now_ms > not_after_ms ? gmm_fail(msg, GMM_EDENIED, "its certificate expired") : GMM_OK;
}

/* "Each side must close unless the peer's certificate is well formed, of this network, and names the noise key of the
 * handshake." Whether its participant is in our roster, and its key still stands. */
static enum gmm_err judge(struct core *core, const struct peer *peer, const struct certificate *certificate,
                          struct gmm_msg *msg)
{
    const struct view *view = fold_view(core->fold);
    if (!id_equal(&certificate->noise_pk, &peer->noise_pk))
        return gmm_fail(msg, GMM_EDENIED, "the certificate names another key than the handshake");
    if (id_equal(&certificate->sign_pk, core_self(core)))
        return gmm_fail(msg, GMM_EDENIED, "this is our own office");
    /* While nobody has certified us in our own view, the inviter is whom the invite named. */
    if (core->pinned && id_equal(&core->pinned_noise_pk, &peer->noise_pk) &&
        (view == NULL || view_office(view, core_self(core)) == NULL ||
         view_participant(view, &certificate->pid) == NULL))
        return GMM_OK;
    return standing(view, core->now_ms, &certificate->pid, &certificate->sign_pk, certificate->not_after_ms, msg);
}

enum gmm_err links_identify(struct core *core, struct peer *peer, const struct session_hello *hello,
                            const struct directory_object **new_object, struct gmm_msg *msg)
{
    struct certificate certificate;
    *new_object = NULL;
    session_remote(peer->session, &peer->noise_pk);
    if (hello->certificate_len < 2 || hello->certificate[0] != DIRECTORY_CERTIFICATE)
        return gmm_fail(msg, GMM_EDENIED, "it has no certificate of this network yet");
    enum gmm_err err = certificate_open(&certificate, &core->nid, hello->certificate + 1, hello->certificate_len - 1);
    if (err != GMM_OK)
        return gmm_fail(msg, GMM_EDENIED, "its certificate is %s", gmm_err_text(err));
    if ((err = judge(core, peer, &certificate, msg)) != GMM_OK)
        return err;
    /* Until we hold the charter the directory takes nothing; what we need comes with the objects. */
    if (directory_charter(core->directory) != NULL) {
        const struct directory_object *object = NULL;
        err = directory_add(core->directory, hello->certificate, hello->certificate_len, &object);
        if (err == GMM_OK) {
            *new_object = object;
            fold_touch(core->fold);
        } else if (err != GMM_EEXISTS && err != GMM_EUNKNOWN) {
            return gmm_fail(msg, GMM_EDENIED, "its certificate is %s", gmm_err_text(err));
        }
    }
    peer->sign_pk = certificate.sign_pk;
    peer->pid = certificate.pid;
    peer->not_after_ms = certificate.not_after_ms;
    peer->identified = true;
    peer->opened_ms = core->now_ms;
    return GMM_OK;
}

struct peer *links_double(struct links *links, const struct core *core, struct peer *peer)
{
    for (size_t i = 0; i < links->count; i++) {
        struct peer *other = links->peers[i];
        if (other == peer || !other->identified || other->closing || !id_equal(&other->sign_pk, &peer->sign_pk))
            continue;
        bool crossed = other->initiator != peer->initiator && peer->opened_ms - other->opened_ms < LIMIT_HANDSHAKE_MS;
        bool we_dial = id_compare(core_self(core), &peer->sign_pk) < 0;
        return crossed && peer->initiator != we_dial ? peer : other;
    }
    return NULL;
}

static void pump_one(struct core *core, struct peer *peer)
{
    size_t most = peer_share(peer, 1, 0, PUMP_BYTES);
    session_part_max(peer->session, peer->room / 2);
    while (!peer->closing && peer->transport_queued < peer->room && session_wants_pump(peer->session)) {
        struct buffer out;
        buffer_init(&out, PUMP_BYTES + 2u * LIMIT_NOISE_BYTES + 64u);
        enum gmm_err err = session_pump(peer->session, &out, most);
        struct effect *effect = err == GMM_OK && out.len > 0 ? core_effect(core, EFFECT_SEND) : NULL;
        if (effect == NULL) {
            if (err != GMM_OK || out.len > 0)
                peer_close(peer, err == GMM_OK ? GMM_ENOMEM : err, N_("its frames could not be made"));
            buffer_close(&out);
            return;
        }
        effect->conn = peer->conn;
        peer->transport_queued += out.len;
        if (buffer_take(&out, &effect->bytes, &effect->len) != GMM_OK)
            peer_close(peer, GMM_ENOMEM, "out of memory");
    }
}

void links_drained(struct peer *peer, size_t queued, size_t room)
{
    peer->transport_queued = queued;
    if (room != 0)
        peer->room = room < PEER_ROOM_LEAST ? PEER_ROOM_LEAST : room > PEER_ROOM_MOST ? PEER_ROOM_MOST : room;
}

void links_pump(struct links *links, struct core *core)
{
    for (size_t i = 0; i < links->count; i++)
        pump_one(core, links->peers[i]);
}

/* An inviter that is not in our roster yet is not judged by it. */
void links_review(struct links *links, struct core *core)
{
    const struct view *view = fold_view(core->fold);
    for (size_t i = 0; view != NULL && i < links->count; i++) {
        struct peer *peer = links->peers[i];
        struct gmm_msg msg = {.text = ""};
        if (peer->refused)
            peer_close(peer, GMM_EDENIED, N_("the certificate of other keys was sent"));
        const struct view_participant *participant = view_participant(view, &peer->pid);
        if (!peer->identified || participant == NULL || peer->parting)
            continue;
        if (participant->status == VIEW_EXPELLED) {
            peer->parting = true;
            continue;
        }
        const struct view_office *office = view_office(view, &peer->sign_pk);
        if (office != NULL && office->not_after_ms > peer->not_after_ms)
            peer->not_after_ms = office->not_after_ms;
        enum gmm_err err = standing(view, core->now_ms, &peer->pid, &peer->sign_pk, peer->not_after_ms, &msg);
        if (err != GMM_OK)
            peer_close(peer, err, msg.text);
    }
}

uint64_t links_tick(struct links *links, struct core *core)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < links->count; i++) {
        struct peer *peer = links->peers[i];
        bool open = session_state(peer->session) == SESSION_OPEN;
        bool join = open && peer->purpose == SESSION_JOIN;
        uint64_t due = peer->since_ms + (join ? LIMIT_JOIN_MS : open ? LIMIT_SESSION_MS : LIMIT_HANDSHAKE_MS);
        if (core->now_ms >= due)
            peer_close(peer, open && !join ? GMM_EEXPIRED : GMM_ETIMEOUT,
                       join   ? N_("no request and answer within a minute")
                       : open ? N_("the session is 24 hours old")
                              : N_("no handshake within 10 s"));
        else if (due < next)
            next = due;
        if (peer->identified && peer->not_after_ms >= core->now_ms && peer->not_after_ms < next)
            next = peer->not_after_ms + 1; /* to be reviewed */
    }
    return next;
}

void peer_close(struct peer *peer, enum gmm_err err, const char *text)
{
    if (peer->closing)
        return;
    peer->closing = true;
    peer->close_err = err;
    peer->close_text[0] = '\0';
    strncat(peer->close_text, text, sizeof peer->close_text - 1);
}

void peer_send(struct peer *peer, enum session_stream stream, uint8_t type, const void *payload, size_t len)
{
    if (peer->closing)
        return;
    enum gmm_err err = session_send(peer->session, stream, type, payload, len);
    if (err != GMM_OK)
        peer_close(peer, err, N_("its queue is over its bound"));
}

void peer_send_buffer(struct peer *peer, enum session_stream stream, uint8_t type, struct buffer *payload)
{
    if (payload->failed == GMM_OK && !peer->closing) {
        enum gmm_err err = session_send_take(peer->session, stream, type, payload);
        if (err != GMM_OK)
            peer_close(peer, err, N_("its queue is over its bound"));
    } else if (payload->failed != GMM_OK) {
        peer_close(peer, payload->failed, "out of memory");
    }
    buffer_close(payload);
}
