#include "node/welcoming.h"

#include <stdlib.h>
#include <string.h>

#include "keys/armor.h"
#include "keys/welcome.h"

static enum gmm_err put_objects(const struct directory *directory, struct welcome_items *items)
{
    const struct directory_object **objects = NULL;
    enum gmm_err err = directory_by_need(directory, &objects);
    for (size_t i = 0; err == GMM_OK && i < directory_count(directory); i++)
        welcome_items_put(items, objects[i]->bytes, objects[i]->len);
    free(objects);
    return err == GMM_OK ? items->bytes.failed : err;
}

static enum gmm_err put_run(const struct run *run, struct welcome_items *items)
{
    struct buffer bytes;
    buffer_init(&bytes, LIMIT_MESSAGE_BYTES);
    enum gmm_err err = run_encode(&bytes, run);
    if (err == GMM_OK) {
        welcome_items_put(items, bytes.p, bytes.len);
        err = items->bytes.failed;
    }
    buffer_close(&bytes);
    return err;
}

static enum gmm_err put_log(struct store *store, const struct logs_log *log, struct welcome_items *items)
{
    uint64_t next = 0;
    enum gmm_err err = GMM_OK;
    if (log->persisted.seq == LOGS_NO_SEQ)
        return GMM_OK;
    while (err == GMM_OK && next <= log->persisted.seq) {
        struct run *run = NULL;
        err = store_load_run(store, &log->key, next, log->persisted.seq, LIMIT_RUN_BYTES, &run);
        if (err == GMM_OK)
            err = put_run(run, items);
        if (err == GMM_OK)
            next = run->first_seq + run->count;
        run_free(run);
    }
    return err;
}

/* Every control log, whole: the roster is folded from them. */
static enum gmm_err put_control(struct node *node, struct welcome_items *items)
{
    const struct logs *logs = engine_logs(node->engine);
    enum gmm_err err = node_flush(node);
    for (size_t i = 0; err == GMM_OK && i < logs_count(logs); i++) {
        const struct logs_log *log = logs_at(logs, i);
        if (id_is_zero(&log->key.group))
            err = put_log(node->store, log, items);
    }
    return err;
}

enum gmm_err welcoming_make(struct node *node, const struct requests_judged *judged, struct buffer *line,
                            struct gmm_msg *msg)
{
    struct welcome_items objects, runs;
    struct buffer sealed;
    uint8_t eph_sk[32];
    char addresses[LIMIT_ADDRESSES][ADDRESS_BYTES] = {{0}};
    const struct welcome_target target = {
        .nid = &judged->join.nid, .wrap_pk = &judged->join.card.wrap_pk, .invite_secret = judged->invite.invite.secret};
    uint8_t count = invites_addresses(node, addresses);
    const char(*named)[ADDRESS_BYTES] = (const char(*)[ADDRESS_BYTES])addresses;
    welcome_items_init(&objects);
    welcome_items_init(&runs);
    buffer_init(&sealed, LIMIT_WELCOME_BYTES);
    randombytes_buf(eph_sk, sizeof eph_sk);
    enum gmm_err err = put_objects(engine_directory(node->engine), &objects);
    if (err == GMM_OK)
        err = put_control(node, &runs);
    if (err == GMM_OK)
        err = welcome_seal(&sealed, &target, eph_sk, count, named, &objects, &runs);
    if (err == GMM_OK)
        err = armor_write(line, "welcome", sealed.p, sealed.len);
    sodium_memzero(eph_sk, sizeof eph_sk);
    buffer_close(&sealed);
    welcome_items_close(&objects);
    welcome_items_close(&runs);
    return err == GMM_OK ? GMM_OK : gmm_fail(msg, err, "the welcome could not be made: %s", gmm_err_text(err));
}
