#include "node/node.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "keys/secret.h"
#include "keys/selftest.h"
#include "keys/text.h"
#include "node/atrest.h"
#include "node/clock.h"
#include "node/fresh.h"
#include "node/node_state.h"
#include "node/partial.h"

#define LOCK_WAIT_MS 10000u
#define PINNED "join.pinned" /* the inviter's Noise key, while we wait for our admission */

/* Restoring: what the store holds becomes the engine's state. Objects go in passes, for each needs those before it. */
struct restore {
    struct node *node;
    unsigned pass;
    struct gmm_id nid;
    bool charter, objects; /* found */
};

static enum gmm_err feed(struct node *node, struct engine_event *event)
{
    event->now_ms = node_now_ms();
    enum gmm_err err = engine_step(node->engine, event, node->effects);
    effects_reset(node->effects);
    return err;
}

static enum gmm_err find_charter(void *arg, const void *bytes, size_t len)
{
    struct restore *restore = arg;
    struct charter charter;
    const uint8_t *p = bytes;
    restore->objects = true;
    if (len > 1 && p[0] == DIRECTORY_CHARTER && charter_open(&charter, p + 1, len - 1) == GMM_OK) {
        restore->nid = charter.nid;
        restore->charter = true;
    }
    return GMM_OK;
}

static enum gmm_err restore_object(void *arg, const void *bytes, size_t len)
{
    struct restore *restore = arg;
    unsigned kind = len == 0 ? 0 : *(const uint8_t *)bytes;
    unsigned pass = kind == DIRECTORY_CHARTER ? 0 : kind == DIRECTORY_ROTATION ? 1 : 2;
    if (pass != restore->pass)
        return GMM_OK;
    struct engine_event event = {.kind = ENGINE_RESTORE_OBJECT, .bytes = bytes, .len = len};
    /* A rotation may stand before the one it follows; those come again in the next walk of this pass. */
    enum gmm_err err = feed(restore->node, &event);
    return err == GMM_EUNKNOWN ? GMM_OK : err;
}

static enum gmm_err restore_log(void *arg, const struct run_key *key, const struct logs_head *head, uint64_t arrival,
                                bool closed)
{
    struct engine_event event = {.kind = ENGINE_RESTORE_LOG,
                                 .as.restore_log = {.key = *key, .head = *head, .arrival = arrival, .closed = closed}};
    struct node *node = arg;
    if (!id_is_zero(&key->group))
        (void)store_count_gaps(node->store, key, &event.as.restore_log.gaps);
    return feed(node, &event);
}

static enum gmm_err restore_entry(void *arg, const uint8_t header[HEADER_BYTES], const struct gmm_id *id,
                                  const uint8_t *body, size_t len)
{
    struct engine_event event = {.kind = ENGINE_RESTORE_ENTRY,
                                 .as.entry = {.header = header, .id = *id, .body = body, .body_len = len}};
    return body == NULL ? GMM_OK : feed(arg, &event);
}

static enum gmm_err restore_secret(void *arg, const struct gmm_id *id, const void *bytes, size_t len)
{
    struct node *node = arg;
    uint8_t *secret = secret_alloc(SECRET_KEY_BYTES);
    if (secret == NULL)
        return GMM_ENOMEM;
    enum gmm_err err = len != SECRET_KEY_BYTES + ATREST_OVERHEAD
                           ? GMM_ECORRUPT
                           : atrest_open(secret, node->keystore->node, LABEL_RING, id->b, sizeof id->b, bytes, len);
    if (err == GMM_OK) {
        struct engine_event event = {.kind = ENGINE_RESTORE_SECRET, .as.secret = {.epoch_id = *id, .secret = secret}};
        err = feed(node, &event);
    }
    secret_free(secret);
    return err;
}

static enum gmm_err restore_cursor(void *arg, const struct gmm_id *id, const void *bytes, size_t len)
{
    struct engine_event event = {.kind = ENGINE_RESTORE_CURSOR,
                                 .as.cursor = {.sign_pk = *id, .token = bytes, .len = len}};
    return feed(arg, &event);
}

static enum gmm_err restore_proof(void *arg, const struct gmm_id *id, const void *bytes, size_t len)
{
    struct engine_event event = {.kind = ENGINE_RESTORE_PROOF, .bytes = bytes, .len = len};
    (void)id;
    return feed(arg, &event);
}

static enum gmm_err restore_tally(void *arg, const struct gmm_id *id, uint64_t entries)
{
    struct engine_event event = {.kind = ENGINE_RESTORE_TALLY, .as.tally = {.epoch_id = *id, .entries = entries}};
    return feed(arg, &event);
}

static enum gmm_err restore_clocks(struct node *node)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum gmm_err err = store_get(node->store, NODE_CLOCKS, &bytes, &len);
    struct engine_event event = {.kind = ENGINE_RESTORE_CLOCKS, .bytes = bytes, .len = len};
    if (err == GMM_OK)
        err = feed(node, &event);
    free(bytes);
    return err == GMM_ENOTFOUND ? GMM_OK : err;
}

static enum gmm_err restore_all(struct node *node)
{
    struct restore restore = {.node = node};
    enum gmm_err err = GMM_OK;
    for (restore.pass = 0; restore.pass < 3 && err == GMM_OK; restore.pass++)
        err = store_each_object(node->store, restore_object, &restore);
    if (err == GMM_OK)
        err = store_each_log(node->store, restore_log, node);
    if (err == GMM_OK)
        err = store_each_plain(node->store, restore_entry, node);
    if (err == GMM_OK)
        err = store_each_proof(node->store, restore_proof, node);
    if (err == GMM_OK)
        err = store_each_secret(node->store, restore_secret, node);
    if (err == GMM_OK)
        err = store_each_tally(node->store, restore_tally, node);
    if (err == GMM_OK)
        err = store_each_cursor(node->store, restore_cursor, node);
    if (err == GMM_OK)
        err = restore_clocks(node);
    return err;
}

static void read_pinned(struct node *node, struct engine_config *config)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (store_get(node->store, PINNED, &bytes, &len) == GMM_OK && len == GMM_ID_BYTES) {
        config->pinned = true;
        memcpy(config->pinned_noise_pk.b, bytes, GMM_ID_BYTES);
    }
    free(bytes);
}

static uint64_t read_floor(struct node *node)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    uint64_t floor = 0;
    if (store_get(node->store, NODE_FLOOR, &bytes, &len) == GMM_OK && len == 8)
        floor = bytes_load_u64(bytes);
    free(bytes);
    return floor;
}

enum gmm_err node_start_engine(struct node *node, const struct gmm_id *nid, struct gmm_msg *msg)
{
    struct engine_config config = {.keystore = node->keystore, .nid = *nid, .build_ms = clock_build_ms()};
    config.checks_chunks = true;
    config.relays_within = true;
    config.relay_most = node->config.relay_most;
    config.relay_group_most = node->config.relay_group_most;
    store_id(node->store, config.store_id);
    read_pinned(node, &config);
    enum gmm_err err = engine_new(&node->engine, &config);
    if (err == GMM_OK)
        err = restore_all(node);
    struct engine_event start = {.kind = ENGINE_START, .as.floor = read_floor(node)};
    if (err == GMM_OK)
        err = node->read_only ? feed(node, &start) : node_step(node, &start);
    if (err == GMM_OK && !node->read_only)
        err = node->above->catch_up(node);
    if (err == GMM_OK && !node->read_only)
        err = node_flush(node);
    if (err == GMM_OK)
        return GMM_OK;
    engine_free(node->engine);
    node->engine = NULL;
    /* Whatever the engine found wrong with what was sound when it was stored is damage. */
    if (err != GMM_ENOMEM && err != GMM_EIO && err != GMM_EFULL && err != GMM_EBUSY)
        err = GMM_ECORRUPT;
    return gmm_fail(msg, err, "the store cannot be read: %s; run gmm verify --all", gmm_err_text(err));
}

static enum gmm_err open_store(struct node *node, struct gmm_msg *msg)
{
    char path[HOME_PATH_MAX];
    uint8_t id[16];
    enum gmm_err err = home_join(path, node->home, HOME_STORE, msg);
    randombytes_buf(id, sizeof id);
    struct stat st = {.st_size = 1};
    if (err == GMM_OK && stat(path, &st) != 0 && errno == ENOENT)
        err = gmm_fail(msg, GMM_ECORRUPT, "the store %s is missing", path);
    else if (err == GMM_OK && st.st_size == 0)
        err = gmm_fail(msg, GMM_ECORRUPT, "the store %s is empty", path);
    if (err == GMM_OK)
        err = store_open(&node->store, path, node->read_only, id, msg);
    if (err == GMM_OK)
        err = chunkfile_open(&node->chunks, node->home, msg);
    if (err == GMM_OK && !node->read_only)
        partial_sweep(node->home, node_now_ms());
    return err;
}

static enum gmm_err open_derived(struct node *node, struct gmm_msg *msg)
{
    struct restore restore = {.node = node};
    enum gmm_err err = projection_open(&node->projection, node->store, node->keystore->node, msg);
    if (err == GMM_OK)
        err = search_open(&node->search, node->store, node->keystore->node, msg);
    if (err == GMM_OK)
        err = store_each_object(node->store, find_charter, &restore);
    if (err == GMM_OK && restore.objects && !restore.charter)
        err = gmm_fail(msg, GMM_ECORRUPT, "the charter in the store is damaged; run gmm verify --all");
    if (err == GMM_OK && restore.charter)
        err = node_start_engine(node, &restore.nid, msg);
    return err == GMM_OK ? node->above->opened(node, msg) : err;
}

static enum gmm_err go_on(struct node *node, unsigned flags, enum gmm_err err, const struct gmm_msg *msg)
{
    if (err != GMM_ECORRUPT || !(flags & NODE_DAMAGED))
        return err;
    if (msg != NULL)
        node->damage = *msg;
    return GMM_OK;
}

static enum gmm_err open_parts(struct node *node, unsigned flags, node_ask_fn *ask, void *arg, struct gmm_msg *msg)
{
    char path[HOME_PATH_MAX];
    enum gmm_err err = home_check(node->home, msg);
    if (err == GMM_OK && !node->read_only)
        err = home_lock(&node->lock, node->home, node->daemon, flags & NODE_NO_WAIT ? 0 : LOCK_WAIT_MS, msg);
    if (err == GMM_OK)
        err = home_join(path, node->home, "gmm.conf", msg);
    if (err == GMM_OK)
        err = config_load(&node->config, path, msg);
    if (err == GMM_OK)
        err = secret_open(node->config.allow_unlocked_memory ? SECRET_ALLOW_UNLOCKED : SECRET_REQUIRE_LOCK, msg);
    if (err == GMM_OK)
        err = selftest_run(msg);
    if (err == GMM_OK && !(flags & NODE_NO_KEYS))
        err = go_on(node, flags, node_open_keystore(node, ask, arg, msg), msg);
    if (err == GMM_OK)
        err = open_store(node, msg);
    if (err == GMM_OK && node->keystore != NULL)
        err = go_on(node, flags, open_derived(node, msg), msg);
    return err;
}

enum gmm_err node_open(struct node **out, const char *home, unsigned flags, const struct node_above *above,
                       node_ask_fn *ask, void *arg, struct gmm_msg *msg)
{
    struct node *node = calloc(1, sizeof *node);
    if (node == NULL)
        return GMM_ENOMEM;
    node->lock.fd = -1;
    node->above = above;
    node->read_only = (flags & NODE_READ_ONLY) != 0;
    node->daemon = (flags & NODE_DAEMON) != 0;
    node->opened_ms = node_now_ms();
    node->effects = effects_new();
    node->pending = calloc(1, sizeof *node->pending);
    enum gmm_err err = GMM_ENOMEM;
    if (node->effects != NULL && node->pending != NULL) {
        node->pending->tick_ms = UINT64_MAX;
        size_t len = strlen(home);
        err = len < sizeof node->home ? GMM_OK : gmm_fail(msg, GMM_ELIMIT, "the path of the home is too long");
        if (err == GMM_OK)
            memcpy(node->home, home, len + 1);
    }
    if (err == GMM_OK)
        err = open_parts(node, flags, ask, arg, msg);
    if (err != GMM_OK) {
        node_close(node);
        return err;
    }
    *out = node;
    return GMM_OK;
}

void node_close(struct node *node)
{
    if (node == NULL)
        return;
    if (node->pending != NULL)
        node_chunks_close(node);
    if (node->store != NULL && !node->read_only)
        node_flush(node);
    node->above->closing(node);
    engine_free(node->engine);
    effects_free(node->effects);
    fresh_clear(&node->fresh);
    node_pending_free(node->pending);
    search_close(node->search);
    projection_close(node->projection);
    chunkfile_close(node->chunks);
    store_close(node->store);
    keystore_free(node->keystore);
    secret_free(node->keystore_secret);
    home_unlock(&node->lock);
    free(node);
}

enum gmm_err node_begin_join(struct node *node, const struct gmm_id *nid, const struct gmm_id *inviter_noise_pk,
                             struct gmm_msg *msg)
{
    if (node->engine != NULL) {
        const struct charter *charter = directory_charter(engine_directory(node->engine));
        if (charter != NULL && id_equal(&charter->nid, nid))
            return GMM_OK;
        if (charter != NULL)
            return gmm_fail(msg, GMM_EEXISTS, "this home is in '%s'; init a new home for another network",
                            charter->name);
        node_chunks_close(node);
        engine_free(node->engine);
        node->engine = NULL;
    }
    enum gmm_err err = store_begin(node->store, true);
    if (err == GMM_OK)
        err = store_set(node->store, PINNED, inviter_noise_pk->b, GMM_ID_BYTES);
    if (err == GMM_OK)
        err = store_commit(node->store);
    if (err != GMM_OK)
        return gmm_fail(msg, err, "%s", store_error(node->store));
    return node_start_engine(node, nid, msg);
}

enum gmm_err node_found(struct node *node, const void *charter_object, size_t len, struct gmm_msg *msg)
{
    struct charter charter;
    const uint8_t *p = charter_object;
    if (len < 2 || p[0] != DIRECTORY_CHARTER)
        return gmm_fail(msg, GMM_EFORMAT, "not a charter");
    enum gmm_err err = charter_open(&charter, p + 1, len - 1);
    if (err != GMM_OK)
        return gmm_fail(msg, err, "the charter is %s", gmm_err_text(err));
    if (node->engine != NULL) {
        const struct charter *held = directory_charter(engine_directory(node->engine));
        if (held != NULL)
            return gmm_fail(msg, GMM_EEXISTS, "this home is in '%s'; init a new home for another network", held->name);
    } else if ((err = node_start_engine(node, &charter.nid, msg)) != GMM_OK) {
        return err;
    }
    return node_add_object(node, charter_object, len, msg);
}

void node_suspend(struct node *node)
{
    node->pending->suspended = directory_charter(engine_directory(node->engine))->nid;
    if (node->net != NULL)
        node->transport->hang_up(node->net, N_("this office takes other keys"));
    node_chunks_close(node);
    (void)node_flush(node); /* a chunk that is not in is asked for again */
    engine_free(node->engine);
    node->engine = NULL;
    node->pending->tick_ms = UINT64_MAX;
}

enum gmm_err node_resume(struct node *node, struct gmm_msg *msg)
{
    return node_start_engine(node, &node->pending->suspended, msg);
}

const struct gmm_id *node_pid(const struct node *node)
{
    return &node->keystore->pid;
}

bool node_is_active(struct node *node)
{
    const struct view_participant *self = node->engine == NULL ? NULL : engine_self(node->engine);
    return self != NULL && (self->status == VIEW_ACTIVE || self->status == VIEW_SUSPENDED);
}
