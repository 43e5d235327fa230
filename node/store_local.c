#include <stdlib.h>
#include <string.h>

#include "node/store_private.h"

/* Chunks */

enum gmm_err store_put_chunk(struct store *store, const struct gmm_id *gid, const struct gmm_id *id, uint32_t len)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_PUT_CHUNK, &err);
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, id);
    store_bind_id(stmt, 2, gid);
    store_bind_u64(stmt, 3, len);
    return store_run_stmt(store, stmt);
}

enum gmm_err store_has_chunk(struct store *store, const struct gmm_id *gid, const struct gmm_id *id, uint32_t *len)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_HAS_CHUNK, &err);
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, id);
    store_bind_id(stmt, 2, gid);
    if (store_row(store, stmt, &err))
        *len = (uint32_t)sqlite3_column_int64(stmt, 0);
    else if (err == GMM_OK)
        err = GMM_ENOTFOUND;
    sqlite3_reset(stmt);
    return err;
}

enum gmm_err store_each_chunk(struct store *store, store_chunk_fn *fn, void *arg)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(store, "SELECT gid, id, len FROM chunk WHERE hidden = 0 ORDER BY id, gid", &err);
    while (store_row(store, stmt, &err)) {
        struct gmm_id gid, id;
        if (!store_col_id(stmt, 0, &gid) || !store_col_id(stmt, 1, &id))
            err = store_fault_as(store, GMM_ECORRUPT, "the row of a chunk");
        else
            err = fn(arg, &gid, &id, (uint32_t)sqlite3_column_int64(stmt, 2));
    }
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err store_some_chunks(struct store *store, const struct store_chunk *after, struct store_chunk *out,
                               size_t max, size_t *count)
{
    static const struct store_chunk first = {0}; /* no id is zero */
    enum gmm_err err;
    *count = 0;
    after = after == NULL ? &first : after;
    sqlite3_stmt *stmt = store_prepare(
        store, "SELECT id, gid, len FROM chunk WHERE hidden = 0 AND (id, gid) > (?1, ?2) ORDER BY id, gid", &err);
    if (stmt != NULL) {
        store_bind_id(stmt, 1, &after->id);
        store_bind_id(stmt, 2, &after->gid);
    }
    while (*count < max && store_row(store, stmt, &err)) {
        struct store_chunk *c = &out[*count];
        if (!store_col_id(stmt, 0, &c->id) || !store_col_id(stmt, 1, &c->gid)) {
            err = store_fault_as(store, GMM_ECORRUPT, "the row of a chunk");
            break;
        }
        c->len = (uint32_t)sqlite3_column_int64(stmt, 2);
        ++*count;
    }
    sqlite3_finalize(stmt);
    return err;
}

/* Secrets, cursors: an id and a blob. */

static enum gmm_err put_blob(struct store *store, enum store_sql which, const struct gmm_id *id, const void *bytes,
                             size_t len)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, which, &err);
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, id);
    store_bind_blob(stmt, 2, bytes, len);
    return store_run_stmt(store, stmt);
}

static enum gmm_err each_blob(struct store *store, const char *sql, store_blob_fn *fn, void *arg)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(store, sql, &err);
    while (store_row(store, stmt, &err)) {
        struct gmm_id id;
        size_t len;
        const uint8_t *bytes = store_col_blob(stmt, 1, &len);
        if (bytes == NULL || !store_col_id(stmt, 0, &id))
            err = store_fault_as(store, GMM_ECORRUPT, "a row of local state");
        else
            err = fn(arg, &id, bytes, len);
    }
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err store_put_secret(struct store *store, const struct gmm_id *epoch_id, const void *sealed, size_t len)
{
    return put_blob(store, STORE_SQL_PUT_SECRET, epoch_id, sealed, len);
}

enum gmm_err store_each_secret(struct store *store, store_blob_fn *fn, void *arg)
{
    return each_blob(store, "SELECT epoch, sealed FROM secret", fn, arg);
}

enum gmm_err store_put_proof(struct store *store, const struct gmm_id *hash, const void *bytes, size_t len)
{
    return put_blob(store, STORE_SQL_PUT_PROOF, hash, bytes, len);
}

enum gmm_err store_drop_proof(struct store *store, const struct gmm_id *hash)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_DROP_PROOF, &err);
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, hash);
    return store_run_stmt(store, stmt);
}

enum gmm_err store_each_proof(struct store *store, store_blob_fn *fn, void *arg)
{
    return each_blob(store, "SELECT hash, bytes FROM proof ORDER BY hash", fn, arg);
}

enum gmm_err store_each_tally(struct store *store, store_tally_fn *fn, void *arg)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(store, "SELECT epoch, entries FROM tally", &err);
    while (store_row(store, stmt, &err)) {
        struct gmm_id id;
        int64_t entries = sqlite3_column_int64(stmt, 1);
        if (entries < 0 || !store_col_id(stmt, 0, &id))
            err = store_fault_as(store, GMM_ECORRUPT, "a row of local state");
        else
            err = fn(arg, &id, (uint64_t)entries);
    }
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err store_put_cursor(struct store *store, const struct gmm_id *peer, const void *token, size_t len)
{
    return put_blob(store, STORE_SQL_PUT_CURSOR, peer, token, len);
}

enum gmm_err store_each_cursor(struct store *store, store_blob_fn *fn, void *arg)
{
    return each_blob(store, "SELECT peer, token FROM cursor", fn, arg);
}

/* Named values */

enum gmm_err store_set(struct store *store, const char *name, const void *bytes, size_t len)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_SET, &err);
    if (stmt == NULL)
        return err;
    store_bind_text(stmt, 1, name);
    store_bind_blob(stmt, 2, bytes, len);
    return store_run_stmt(store, stmt);
}

enum gmm_err store_get(struct store *store, const char *name, uint8_t **out, size_t *len)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_GET, &err);
    *out = NULL;
    *len = 0;
    if (stmt == NULL)
        return err;
    store_bind_text(stmt, 1, name);
    if (store_row(store, stmt, &err)) {
        const uint8_t *bytes = store_col_blob(stmt, 0, len);
        *out = malloc(*len + 1);
        if (*out == NULL)
            err = GMM_ENOMEM;
        else if (bytes != NULL)
            memcpy(*out, bytes, *len);
    } else if (err == GMM_OK) {
        err = GMM_ENOTFOUND;
    }
    sqlite3_reset(stmt);
    return err;
}

static enum gmm_err run_text(struct store *store, enum store_sql which, const char *text)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, which, &err);
    if (stmt == NULL)
        return err;
    store_bind_text(stmt, 1, text);
    return store_run_stmt(store, stmt);
}

enum gmm_err store_unset(struct store *store, const char *name)
{
    return run_text(store, STORE_SQL_UNSET, name);
}

enum gmm_err store_next_value(struct store *store, const char *prefix, const char *after, char name[STORE_NAME_BYTES],
                              uint8_t **out, size_t *len)
{
    enum gmm_err err;
    const char *from = strcmp(after, prefix) > 0 ? after : prefix;
    sqlite3_stmt *stmt =
        store_prepare(store, "SELECT name, bytes FROM value WHERE name > ?1 ORDER BY name LIMIT 1", &err);
    *out = NULL;
    if (stmt == NULL)
        return err;
    store_bind_text(stmt, 1, from);
    bool found = store_row(store, stmt, &err);
    const char *text = found ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
    if (err == GMM_OK && (text == NULL || strncmp(text, prefix, strlen(prefix)) != 0))
        err = GMM_ENOTFOUND;
    if (err == GMM_OK && strlen(text) >= STORE_NAME_BYTES)
        err = store_fault_as(store, GMM_ECORRUPT, "the name of a value");
    if (err == GMM_OK) {
        memcpy(name, text, strlen(text) + 1);
        const uint8_t *bytes = store_col_blob(stmt, 1, len);
        *out = malloc(*len + 1);
        if (*out == NULL)
            err = GMM_ENOMEM;
        else if (bytes != NULL)
            memcpy(*out, bytes, *len);
    }
    sqlite3_finalize(stmt);
    return err;
}

/* Peers */

enum gmm_err store_put_peer(struct store *store, const struct store_peer *peer)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_PUT_PEER, &err);
    if (stmt == NULL)
        return err;
    store_bind_text(stmt, 1, peer->address);
    if (peer->bound)
        store_bind_id(stmt, 2, &peer->noise_pk);
    store_bind_u64(stmt, 3, peer->last_seen_ms);
    return store_run_stmt(store, stmt);
}

enum gmm_err store_drop_peer(struct store *store, const char *address)
{
    return run_text(store, STORE_SQL_DROP_PEER, address);
}

static void copy_text(char *out, size_t size, sqlite3_stmt *stmt, int at)
{
    const unsigned char *text = sqlite3_column_text(stmt, at);
    size_t len = text == NULL ? 0 : (size_t)sqlite3_column_bytes(stmt, at);
    if (len >= size)
        len = size - 1;
    if (len > 0)
        memcpy(out, text, len);
    out[len] = '\0';
}

enum gmm_err store_each_peer(struct store *store, store_peer_fn *fn, void *arg)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(store, "SELECT address, noise_pk, last_seen FROM peer ORDER BY address", &err);
    while (store_row(store, stmt, &err)) {
        struct store_peer peer = {.last_seen_ms = store_col_u64(stmt, 2)};
        copy_text(peer.address, sizeof peer.address, stmt, 0);
        peer.bound = store_col_id(stmt, 1, &peer.noise_pk);
        err = fn(arg, &peer);
    }
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err store_set_seen(struct store *store, const struct gmm_id *sign_pk, uint64_t ms)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_SET_SEEN, &err);
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, sign_pk);
    store_bind_u64(stmt, 2, ms);
    return store_run_stmt(store, stmt);
}

enum gmm_err store_get_seen(struct store *store, const struct gmm_id *sign_pk, uint64_t *ms)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_GET_SEEN, &err);
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, sign_pk);
    if (store_row(store, stmt, &err))
        *ms = store_col_u64(stmt, 0);
    else if (err == GMM_OK)
        err = GMM_ENOTFOUND;
    sqlite3_reset(stmt);
    return err;
}

/* Invites and requests */

enum gmm_err store_put_invite(struct store *store, const struct store_invite *invite)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_PUT_INVITE, &err);
    if (stmt == NULL)
        return err;
    store_bind_blob(stmt, 1, invite->id, sizeof invite->id);
    store_bind_blob(stmt, 2, invite->sealed, invite->sealed_len);
    store_bind_u64(stmt, 3, invite->expires_ms);
    sqlite3_bind_int(stmt, 4, invite->state);
    store_bind_id(stmt, 5, &invite->used_by);
    return store_run_stmt(store, stmt);
}

enum gmm_err store_each_invite(struct store *store, store_invite_fn *fn, void *arg)
{
    enum gmm_err err;
    sqlite3_stmt *stmt =
        store_prepare(store, "SELECT id, sealed, expires, state, used_by FROM invite ORDER BY expires, id", &err);
    while (store_row(store, stmt, &err)) {
        struct store_invite invite = {.expires_ms = store_col_u64(stmt, 2), .state = (char)sqlite3_column_int(stmt, 3)};
        size_t len;
        const uint8_t *sealed = store_col_blob(stmt, 1, &len);
        if (sealed == NULL || !store_col_bytes(stmt, 0, invite.id, sizeof invite.id) ||
            !store_col_id(stmt, 4, &invite.used_by)) {
            err = store_fault_as(store, GMM_ECORRUPT, "the row of an invite");
            break;
        }
        if ((invite.sealed = malloc(len + 1)) == NULL) {
            err = GMM_ENOMEM;
            break;
        }
        memcpy(invite.sealed, sealed, len);
        invite.sealed_len = len;
        err = fn(arg, &invite);
        free(invite.sealed);
    }
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err store_put_request(struct store *store, const struct store_request *request)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_PUT_REQUEST, &err);
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, &request->sign_pk);
    store_bind_blob(stmt, 2, request->bytes, request->len);
    sqlite3_bind_int(stmt, 3, request->state);
    store_bind_u64(stmt, 4, request->time_ms);
    store_bind_text(stmt, 5, request->participant);
    store_bind_text(stmt, 6, request->reason);
    return store_run_stmt(store, stmt);
}

enum gmm_err store_each_request(struct store *store, store_request_fn *fn, void *arg)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(
        store, "SELECT sign_pk, bytes, state, time, participant, reason FROM request ORDER BY time, sign_pk", &err);
    while (store_row(store, stmt, &err)) {
        struct store_request request = {.state = (char)sqlite3_column_int(stmt, 2), .time_ms = store_col_u64(stmt, 3)};
        size_t len;
        const uint8_t *bytes = store_col_blob(stmt, 1, &len);
        copy_text(request.participant, sizeof request.participant, stmt, 4);
        copy_text(request.reason, sizeof request.reason, stmt, 5);
        if (bytes == NULL || !store_col_id(stmt, 0, &request.sign_pk)) {
            err = store_fault_as(store, GMM_ECORRUPT, "the row of a request");
            break;
        }
        if ((request.bytes = malloc(len + 1)) == NULL) {
            err = GMM_ENOMEM;
            break;
        }
        memcpy(request.bytes, bytes, len);
        request.len = len;
        err = fn(arg, &request);
        free(request.bytes);
    }
    sqlite3_finalize(stmt);
    return err;
}

/* --once */

enum gmm_err store_put_once(struct store *store, const uint8_t key_hash[32], const struct gmm_id *id)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_PUT_ONCE, &err);
    if (stmt == NULL)
        return err;
    store_bind_blob(stmt, 1, key_hash, 32);
    store_bind_id(stmt, 2, id);
    return store_run_stmt(store, stmt);
}

enum gmm_err store_get_once(struct store *store, const uint8_t key_hash[32], struct gmm_id *id)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_GET_ONCE, &err);
    if (stmt == NULL)
        return err;
    store_bind_blob(stmt, 1, key_hash, 32);
    if (!store_row(store, stmt, &err))
        err = err == GMM_OK ? GMM_ENOTFOUND : err;
    else if (!store_col_id(stmt, 0, id))
        err = store_fault_as(store, GMM_ECORRUPT, "the row of a once-key");
    sqlite3_reset(stmt);
    return err;
}
