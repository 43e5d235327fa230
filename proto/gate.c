#include "proto/gate.h"

#include <stdlib.h>
#include <string.h>

struct admitted {
    struct verified_run *verified;
    uint32_t skip; /* entries that were held before */
};

/* How many entries of the run are held already, and that it agrees with what is held. */
static enum gmm_err overlap(uint32_t *skip, const struct run *run, const struct logs_head *head)
{
    *skip = 0;
    if (head->seq == LOGS_NO_SEQ)
        return run->first_seq == 0 ? GMM_OK : GMM_EORDER;
    if (run->first_seq > head->seq)
        return run->first_seq == head->seq + 1 ? GMM_OK : GMM_EORDER;
    uint64_t held = head->seq - run->first_seq;
    if (held >= run->count)
        return GMM_EEXISTS;
    if (!id_equal(&run->entries[held].id, &head->id))
        return GMM_EFORK;
    *skip = (uint32_t)held + 1;
    return *skip == run->count ? GMM_EEXISTS : GMM_OK;
}

/* The new entries continue the log, are due, and have the bodies that they may not lack. */
static enum gmm_err continues(const struct run *run, uint32_t skip, const struct logs_head *head, uint64_t now_ms)
{
    struct header h;
    for (uint32_t i = skip; i < run->count; i++) {
        enum gmm_err err = header_decode(&h, run->entries[i].header);
        if (err != GMM_OK)
            return err;
        if (i == skip && head->seq != LOGS_NO_SEQ) {
            if (!id_equal(&h.prev, &head->id))
                return GMM_EFORK;
            if (h.time <= head->time)
                return GMM_EFORMAT;
        }
        if (h.type < HEADER_DOCUMENT && run->entries[i].body == NULL)
            return GMM_EABSENT;
    }
    uint64_t time_ms = header_time_ms(h.time);
    return time_ms > now_ms && time_ms - now_ms > LIMIT_FUTURE_MS ? GMM_EFUTURE : GMM_OK;
}

static enum gmm_err check(uint32_t *skip, const struct run *run, const struct logs *logs,
                          const struct directory *directory, uint64_t now_ms)
{
    static const struct logs_head nothing = {.seq = LOGS_NO_SEQ};
    if (directory_author(directory, &run->key.author) == NULL)
        return GMM_EUNKNOWN;
    const struct logs_log *log = logs_find(logs, &run->key);
    const struct logs_head *head = log == NULL ? &nothing : &log->admitted;
    enum gmm_err err = overlap(skip, run, head);
    if (err != GMM_OK)
        return err;
    if (log != NULL && (log->cutting || (log->forked && run->first_seq + run->count > log->end)))
        return GMM_EFORK;
    err = continues(run, *skip, head, now_ms);
    if (err == GMM_OK && head->seq == LOGS_NO_SEQ &&
        logs_instances(logs, &run->key.group, &run->key.author) >= LIMIT_INSTANCES)
        err = GMM_ELIMIT;
    return err;
}

enum gmm_err gate_admit(struct admitted **out, struct verified_run **v, struct logs *logs,
                        const struct directory *directory, uint64_t now_ms)
{
    *out = NULL;
    const struct run *run = verified_run_view(*v);
    uint32_t skip;
    enum gmm_err err = check(&skip, run, logs, directory, now_ms);
    if (err == GMM_EEXISTS) {
        verified_run_free(*v);
        *v = NULL;
    }
    if (err != GMM_OK)
        return err;
    struct admitted *a = malloc(sizeof *a);
    struct logs_log *log = a == NULL ? NULL : logs_get(logs, &run->key);
    if (log == NULL) {
        free(a);
        return GMM_ENOMEM;
    }
    a->verified = *v;
    a->skip = skip;
    *v = NULL;
    admitted_head(a, &log->admitted);
    *out = a;
    return GMM_OK;
}

const struct run_key *admitted_key(const struct admitted *a)
{
    return &verified_run_view(a->verified)->key;
}

uint32_t admitted_count(const struct admitted *a)
{
    return verified_run_view(a->verified)->count - a->skip;
}

const struct run_entry *admitted_entry(const struct admitted *a, uint32_t index)
{
    return index < admitted_count(a) ? &verified_run_view(a->verified)->entries[a->skip + index] : NULL;
}

uint64_t admitted_first_seq(const struct admitted *a)
{
    return verified_run_view(a->verified)->first_seq + a->skip;
}

const uint8_t *admitted_sig(const struct admitted *a)
{
    return verified_run_view(a->verified)->sig;
}

void admitted_head(const struct admitted *a, struct logs_head *head)
{
    const struct run *run = verified_run_view(a->verified);
    const struct run_entry *last = &run->entries[run->count - 1];
    head->seq = run->first_seq + run->count - 1;
    head->id = last->id;
    head->time = bytes_load_u64(last->header + HEADER_TIME_AT);
    memcpy(head->sig, run->sig, HASH_SIG_BYTES);
}

void admitted_free(struct admitted *a)
{
    if (a == NULL)
        return;
    verified_run_free(a->verified);
    free(a);
}
