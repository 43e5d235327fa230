/* Root objects, reconciled as a set before anything else. */
#include <stdlib.h>

#include "proto/replica.h"

enum gmm_err replica_send_objects(struct core *core, struct replica *replica)
{
    size_t count = directory_count(core->directory);
    struct gmm_id *hashes = malloc((count + 1) * sizeof *hashes);
    if (hashes == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < count; i++)
        hashes[i] = directory_at(core->directory, i)->hash;
    struct buffer out;
    buffer_init(&out, LIMIT_MESSAGE_BYTES);
    message_objects_have_encode(&out, hashes, count);
    peer_send_buffer(replica->peer, SESSION_CONTROL, MESSAGE_OBJECTS_HAVE, &out);
    replica->have_sent = true;
    free(hashes);
    return GMM_OK;
}

enum gmm_err replica_on_objects_have(struct core *core, struct replica *replica, const uint8_t *payload, size_t len)
{
    struct message_objects have;
    enum gmm_err err = message_objects_have_decode(&have, payload, len);
    if (err != GMM_OK)
        return err;
    /* Both lists ascend. Certificates may need the charter and rotations before them: those go first. */
    for (unsigned pass = 0; pass < 3; pass++) {
        size_t k = 0;
        for (size_t i = 0; i < directory_count(core->directory); i++) {
            const struct directory_object *object = directory_at(core->directory, i);
            unsigned turn = object->kind == DIRECTORY_CHARTER ? 0 : object->kind == DIRECTORY_ROTATION ? 1 : 2;
            struct gmm_id theirs = {{0}};
            while (k < have.count && (theirs = message_objects_at(&have, k), id_compare(&theirs, &object->hash) < 0))
                k++;
            if ((k < have.count && id_equal(&theirs, &object->hash)) || turn != pass)
                continue;
            peer_send(replica->peer, SESSION_CONTROL, MESSAGE_OBJECT, object->bytes, object->len);
        }
    }
    if (!replica->have_sent && (err = replica_send_objects(core, replica)) != GMM_OK)
        return err;
    if (!replica->objects_agreed) {
        replica->objects_agreed = true;
        replica_announce_all(core, replica);
        return replica_compare_early(core, replica);
    }
    return GMM_OK;
}

enum gmm_err replica_on_object(struct replicate *r, struct core *core, const uint8_t *payload, size_t len,
                               bool *new_object)
{
    const struct directory_object *object = NULL;
    enum gmm_err err = directory_add(core->directory, payload, len, &object);
    if (err == GMM_EEXISTS || err == GMM_EUNKNOWN)
        return GMM_OK; /* one whose root is not known yet comes again when that is there */
    if (err != GMM_OK)
        return err;
    struct effect *store = core_store(core);
    struct gmm_id *hash = malloc(sizeof *hash);
    if (store == NULL || hash == NULL) {
        free(hash);
        return GMM_ENOMEM;
    }
    *hash = object->hash;
    store->as.store.object_hashes = hash;
    store->as.store.object_count = 1;
    fold_touch(core->fold);
    *new_object = true;
    r->retry_ms = core->now_ms; /* runs whose author was unknown may be admitted now */
    return GMM_OK;
}

void replicate_persisted_object(struct replicate *r, struct core *core, const struct directory_object *object)
{
    (void)core;
    for (size_t i = 0; i < r->count; i++)
        if (r->replicas[i]->objects_agreed && !r->replicas[i]->peer->parting)
            peer_send(r->replicas[i]->peer, SESSION_CONTROL, MESSAGE_OBJECT, object->bytes, object->len);
}
