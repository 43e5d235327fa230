#include "proto/author.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define DRAFT_BYTES (1u << 20)

/* What one log waits to have signed. */
struct draft {
    struct run_key key;
    struct logs_log *log;
    uint32_t count;
    uint64_t next_seq, time;
    struct gmm_id prev;
    size_t bytes;
    uint8_t (*headers)[HEADER_BYTES];
    uint8_t *bodies[LIMIT_RUN_ENTRIES];
    uint32_t body_lens[LIMIT_RUN_ENTRIES];
};
struct author {
    struct draft **drafts;
    size_t count;
};

struct author *author_new(void)
{
    return calloc(1, sizeof(struct author));
}

static void draft_clear(struct draft *draft)
{
    for (uint32_t i = 0; i < draft->count; i++)
        free(draft->bodies[i]);
    draft->count = 0;
    draft->bytes = 0;
}

void author_discard(struct author *author)
{
    for (size_t i = 0; i < author->count; i++) {
        draft_clear(author->drafts[i]);
        free(author->drafts[i]->headers);
        free(author->drafts[i]);
    }
    author->count = 0;
}

void author_free(struct author *author)
{
    if (author == NULL)
        return;
    author_discard(author);
    free(author->drafts);
    free(author);
}

/* Our log of the group that is still appended to: not closed, not forked, not stuck ahead of our clock. */
static struct logs_log *open_log(struct core *core, const struct gmm_id *gid)
{
    size_t count = logs_count(core->logs);
    for (size_t i = 0; i < count; i++) {
        struct logs_log *log = logs_at(core->logs, i);
        if (log->closed || log->forked || !id_equal(&log->key.author, core_self(core)) ||
            !id_equal(&log->key.group, gid))
            continue;
        if (log->admitted.seq != LOGS_NO_SEQ && header_time_ms(log->admitted.time) > core->now_ms + LIMIT_FUTURE_MS)
            continue;
        return log;
    }
    struct run_key key = {.group = *gid, .author = *core_self(core)};
    uint8_t random[8];
    core_random(core, random, sizeof random);
    key.instance = bytes_load_u64(random);
    return logs_get(core->logs, &key);
}

static enum gmm_err draft_for(struct author *author, struct core *core, const struct gmm_id *gid, struct draft **out)
{
    for (size_t i = 0; i < author->count; i++) {
        struct draft *draft = author->drafts[i];
        if (id_equal(&draft->key.group, gid) && !draft->log->closed && !draft->log->forked &&
            header_time_ms(draft->time) <= core->now_ms + LIMIT_FUTURE_MS) {
            *out = draft;
            return GMM_OK;
        }
    }
    struct draft **drafts = realloc(author->drafts, (author->count + 1) * sizeof *drafts);
    if (drafts == NULL)
        return GMM_ENOMEM;
    author->drafts = drafts;
    struct logs_log *log = open_log(core, gid);
    struct draft *draft = calloc(1, sizeof *draft);
    if (log == NULL || draft == NULL) {
        free(draft);
        return GMM_ENOMEM;
    }
    draft->key = log->key;
    draft->log = log;
    bool empty = log->admitted.seq == LOGS_NO_SEQ;
    draft->next_seq = empty ? 0 : log->admitted.seq + 1;
    draft->time = empty ? 0 : log->admitted.time;
    if (empty)
        header_log0(&draft->prev, &core->nid, gid, &log->key.author, log->key.instance);
    else
        draft->prev = log->admitted.id;
    author->drafts[author->count++] = draft;
    *out = draft;
    return GMM_OK;
}

/* Signs the draft's last entry and hands the run through the gate to the store. */
static enum gmm_err draft_sign(struct draft *draft, struct core *core)
{
    struct run_source sources[LIMIT_RUN_ENTRIES];
    struct run *run = NULL;
    struct verified_run *verified = NULL;
    struct admitted *admitted = NULL;
    uint8_t sig[HASH_SIG_BYTES];
    enum gmm_err err;

    for (uint32_t i = 0; i < draft->count; i++)
        sources[i] = (struct run_source){draft->headers[i], draft->bodies[i], draft->body_lens[i]};
    run_head_sign(sig, core->keystore->sign_sk, &core->nid, &draft->key, draft->next_seq - 1, &draft->prev);
    if ((err = run_make(&run, sources, draft->count, sig)) != GMM_OK ||
        (err = run_verify(&verified, &run, &core->nid)) != GMM_OK ||
        (err = gate_admit(&admitted, &verified, core->logs, core->directory, core->now_ms)) != GMM_OK)
        goto out;
    struct effect *store = core_store(core);
    if (store == NULL) {
        err = GMM_ENOMEM;
        goto out;
    }
    store->as.store.durable = true;
    err = core_store_run(core, store, &admitted);
out:
    admitted_free(admitted);
    verified_run_free(verified);
    run_free(run);
    draft_clear(draft);
    return err;
}

/* The entry's body as it will stand in the log: sealed, or the plain record itself. */
static enum gmm_err make_body(struct core *core, const uint8_t header[HEADER_BYTES], const struct author_seal *seal,
                              const void *plain, size_t len, uint8_t **body, size_t *body_len)
{
    struct buffer out;
    uint8_t random[32];
    enum gmm_err err = GMM_OK;
    buffer_init(&out, LIMIT_BODY_BYTES);
    if (seal == NULL) {
        buffer_put(&out, plain, len);
    } else {
        core_random(core, random, sizeof random);
        err = seal->packed == NULL ? body_seal(&out, seal->secret, header, plain, len, core->keystore->node, random)
                                   : body_seal_packed(&out, seal->secret, header, plain, len, seal->packed,
                                                      core->keystore->node, random);
    }
    if (err == GMM_OK)
        return buffer_take(&out, body, body_len);
    buffer_close(&out);
    return err;
}

enum gmm_err author_check_clock(const struct core *core, struct gmm_msg *msg)
{
    int64_t ahead_ms;
    if (core->now_ms < core->build_ms)
        return gmm_fail(msg, GMM_EFUTURE, "our clock is before this program's build date");
    if (!clocks_refuse(&core->clocks, core->now_ms, &ahead_ms))
        return GMM_OK;
    uint64_t off_s = (uint64_t)(ahead_ms < 0 ? -ahead_ms : ahead_ms) / 1000;
    return gmm_fail(msg, GMM_EFUTURE,
                    (ahead_ms < 0) ? "our clock is %llu min %llu s behind that of most others"
                                   : "our clock is %llu min %llu s ahead of that of most others",
                    (unsigned long long)(off_s / 60), (unsigned long long)(off_s % 60));
}

enum gmm_err author_append(struct author *author, struct core *core, const struct gmm_id *gid, uint16_t type,
                           const struct author_seal *seal, const void *body, size_t len, struct gmm_id *id)
{
    struct draft *draft;
    enum gmm_err err = author_check_clock(core, NULL);
    if (err == GMM_OK)
        err = draft_for(author, core, gid, &draft);
    if (err != GMM_OK)
        return err;
    if (draft->headers == NULL && (draft->headers = malloc(sizeof *draft->headers * LIMIT_RUN_ENTRIES)) == NULL)
        return GMM_ENOMEM;

    struct header header = {.version = 1,
                            .suite = 1,
                            .type = type,
                            .network = core->nid,
                            .group = *gid,
                            .author = draft->key.author,
                            .instance = draft->key.instance,
                            .seq = draft->next_seq,
                            .prev = draft->prev,
                            .time = header_time_next(draft->time, core->now_ms)};
    if (seal != NULL)
        header.epoch = *seal->epoch_id;
    uint8_t *bytes = draft->headers[draft->count];
    header_encode(bytes, &header);
    uint8_t *sealed = NULL;
    size_t sealed_len = 0;
    if ((err = make_body(core, bytes, seal, body, len, &sealed, &sealed_len)) != GMM_OK)
        return err;
    header.body_len = (uint32_t)sealed_len;
    header_body_hash(&header.body_hash, sealed, sealed_len);
    header_encode(bytes, &header);
    header_id(id, bytes);

    draft->bodies[draft->count] = sealed;
    draft->body_lens[draft->count] = (uint32_t)sealed_len;
    draft->count++;
    draft->bytes += sealed_len;
    draft->prev = *id;
    draft->time = header.time;
    draft->next_seq++;
    /* A head over each REMOVE: whom it names is told up to there. */
    if (draft->next_seq % LIMIT_RUN_ENTRIES == 0 || type == HEADER_REMOVE ||
        draft->bytes >= DRAFT_BYTES - LIMIT_BODY_BYTES / 2)
        return draft_sign(draft, core);
    return GMM_OK;
}

enum gmm_err author_flush(struct author *author, struct core *core)
{
    enum gmm_err first = GMM_OK;
    for (size_t i = 0; i < author->count; i++) {
        if (author->drafts[i]->count == 0)
            continue;
        enum gmm_err err = draft_sign(author->drafts[i], core);
        if (first == GMM_OK)
            first = err;
    }
    return first;
}
