/* Fork proofs between peers, and how a fork is found: a peer whose entries are not ours is asked for the start of a
 * block, until its headers and ours show where they part (protocol: Forks).
 */
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "proto/replica.h"

#define PROBE_MS 30000u /* for one block to come */
#define DOUBT_MS 5000u  /* from one probe to the next */

/* Proofs */

static int compare_ids(const void *a, const void *b)
{
    return id_compare(a, b);
}

enum gmm_err replica_send_proofs(struct core *core, struct replica *replica)
{
    size_t count = 0, total = forks_count(core->forks);
    struct gmm_id *hashes = malloc((total + 1) * sizeof *hashes);
    if (hashes == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < total && count < MESSAGE_PROOFS_MAX; i++) {
        const struct fork_proof *proof = forks_at(core->forks, i);
        if (replica_may_have(core, replica, &proof->key.group))
            hashes[count++] = proof->hash;
    }
    if (count > 1)
        qsort(hashes, count, sizeof *hashes, compare_ids);
    struct buffer out;
    buffer_init(&out, LIMIT_MESSAGE_BYTES);
    message_proofs_have_encode(&out, hashes, count);
    peer_send_buffer(replica->peer, SESSION_CONTROL, MESSAGE_PROOFS_HAVE, &out);
    free(hashes);
    return GMM_OK;
}

static bool listed(const struct message_objects *have, const struct gmm_id *hash)
{
    size_t low = 0, high = have->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct gmm_id at = message_objects_at(have, middle);
        int order = id_compare(&at, hash);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

enum gmm_err replica_on_proofs_have(struct core *core, struct replica *replica, const uint8_t *payload, size_t len)
{
    struct message_objects have;
    enum gmm_err err = message_proofs_have_decode(&have, payload, len);
    for (size_t i = 0; err == GMM_OK && i < forks_count(core->forks); i++) {
        const struct fork_proof *proof = forks_at(core->forks, i);
        if (replica_may_have(core, replica, &proof->key.group) && !listed(&have, &proof->hash))
            peer_send(replica->peer, SESSION_CONTROL, MESSAGE_PROOF, proof->bytes, proof->len);
    }
    return err;
}

void replicate_persisted_proof(struct replicate *r, struct core *core, const struct fork_proof *proof)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->replicas[i]->objects_agreed && replica_may_have(core, r->replicas[i], &proof->key.group))
            peer_send(r->replicas[i]->peer, SESSION_CONTROL, MESSAGE_PROOF, proof->bytes, proof->len);
}

/* A log of ours: it goes on in a new instance. */
static void freeze(struct core *core, struct effect *store, struct logs_log *log, uint64_t end)
{
    log->forked = true;
    if (log->end > end)
        log->end = end;
    if (id_equal(&log->key.author, core_self(core)) && !log->closed) {
        log->closed = true;
        store->as.store.has_closed = true;
        store->as.store.closed = log->key;
    }
}

/* Takes the proof in any case. */
static enum gmm_err take(struct core *core, struct fork_proof *proof)
{
    struct fork_proof *evicted = NULL;
    struct run_key key = proof->key;
    struct gmm_id hash = proof->hash;
    uint64_t first_seq = proof->first_seq;
    enum gmm_err err = forks_add(core->forks, proof, &evicted);
    if (err != GMM_OK) {
        free(proof);
        return err == GMM_ENOMEM ? err : GMM_OK; /* held already, or not one of those that are kept */
    }
    fold_forks(core->fold, core->forks);
    struct effect *store = core_store(core);
    if (store == NULL || core_store_proof(store, &hash) != GMM_OK) {
        free(evicted);
        return GMM_ENOMEM;
    }
    store->as.store.durable = true;
    if (evicted != NULL) {
        store->as.store.has_evicted = true;
        store->as.store.evicted = evicted->hash;
        free(evicted);
    }
    struct logs_log *log = logs_find(core->logs, &key);
    if (log != NULL)
        freeze(core, store, log, first_seq);
    struct effect *effect = core_effect(core, EFFECT_FORK);
    if (effect == NULL)
        return GMM_ENOMEM;
    effect->as.log = key;
    return GMM_OK;
}

enum gmm_err replica_on_proof(struct core *core, const uint8_t *payload, size_t len)
{
    struct fork_proof *proof;
    enum gmm_err err = fork_open(&proof, &core->nid, payload, len);
    if (err != GMM_OK)
        return err;
    /* As with entries: nothing is kept for an author that no certificate names. */
    if (directory_author(core->directory, &proof->key.author) == NULL) {
        free(proof);
        return GMM_OK;
    }
    return take(core, proof);
}

/* Probes */

bool replica_probing(const struct replicate *r, const struct logs_log *log)
{
    for (size_t i = 0; i < r->probe_count; i++)
        if (r->probes[i].log == log)
            return true;
    return false;
}

static void drop(struct replicate *r, struct replica_probe *probe)
{
    run_free(probe->ours);
    *probe = r->probes[--r->probe_count];
}

static uint64_t block_start(uint64_t block)
{
    return block * LIMIT_RUN_ENTRIES;
}

/* Where our entries of the block end. */
static uint64_t block_end(const struct replica_probe *probe)
{
    uint64_t last = block_start(probe->block) + LIMIT_RUN_ENTRIES - 1;
    return last < probe->log->persisted.seq ? last : probe->log->persisted.seq;
}

static enum gmm_err load(struct core *core, const struct replica_probe *probe, uint64_t from, uint64_t to,
                         uint64_t *ticket)
{
    struct effect *effect = core_effect(core, EFFECT_LOAD);
    if (effect == NULL)
        return GMM_ENOMEM;
    effect->ticket = *ticket = ++core->next_ticket;
    effect->as.load.key = probe->log->key;
    effect->as.load.from_seq = from;
    effect->as.load.to_seq = to;
    effect->as.load.headers = effect->as.load.exact = true;
    return GMM_OK;
}

/* Loads what we hold of a block, and the id before it. */
static enum gmm_err examine(struct core *core, struct replica_probe *probe, uint64_t block)
{
    enum gmm_err err = GMM_OK;
    run_free(probe->ours);
    probe->ours = NULL;
    probe->block = block;
    probe->next = block_start(block);
    probe->asked = false;
    probe->until_ms = core->now_ms + PROBE_MS;
    probe->before_ticket = 0;
    if (block > 0)
        err = load(core, probe, probe->next - 1, probe->next - 1, &probe->before_ticket);
    return err == GMM_OK ? load(core, probe, probe->next, block_end(probe), &probe->ours_ticket) : err;
}

enum gmm_err replica_probe_start(struct replicate *r, struct core *core, struct replica *replica, struct logs_log *log)
{
    if (replica_probing(r, log) || log->persisted.seq == LOGS_NO_SEQ || log->cutting)
        return GMM_OK;
    struct replica_probe *probes = realloc(r->probes, (r->probe_count + 1) * sizeof *probes);
    if (probes == NULL)
        return GMM_ENOMEM;
    r->probes = probes;
    struct replica_probe *probe = &probes[r->probe_count++];
    *probe = (struct replica_probe){.log = log, .conn = replica->peer->conn};
    probe->high = log->persisted.seq / LIMIT_RUN_ENTRIES + 1;
    return examine(core, probe, probe->high - 1);
}

static enum gmm_err ask(struct replica_probe *probe, struct replica *replica)
{
    struct message_want want = {
        .key = probe->log->key, .from = probe->next, .to = block_start(probe->block) + LIMIT_RUN_ENTRIES - 1};
    struct buffer out;
    probe->asked = true;
    buffer_init(&out, LIMIT_MESSAGE_BYTES);
    message_want_encode(&out, &want, 1);
    peer_send_buffer(replica->peer, SESSION_CONTROL, MESSAGE_WANT, &out);
    return GMM_OK;
}

enum gmm_err replica_probe_loaded(struct replicate *r, struct core *core, uint64_t ticket, const struct run *run,
                                  bool *taken)
{
    struct replica_probe *probe = NULL;
    for (size_t i = 0; i < r->probe_count; i++)
        if (r->probes[i].before_ticket == ticket || r->probes[i].ours_ticket == ticket)
            probe = &r->probes[i];
    (void)core;
    *taken = probe != NULL;
    if (probe == NULL)
        return GMM_OK;
    struct replica *replica = replica_find(r, probe->conn);
    if (run == NULL || replica == NULL) {
        drop(r, probe);
        return GMM_OK;
    }
    if (ticket == probe->before_ticket) {
        probe->before_ticket = 0;
        probe->prev = run->entries[0].id;
    } else {
        probe->ours_ticket = 0;
        enum gmm_err err = run_copy(&probe->ours, run, run->count, false);
        if (err != GMM_OK)
            return err;
    }
    return probe->before_ticket == 0 && probe->ours_ticket == 0 ? ask(probe, replica) : GMM_OK;
}

/* Their run is another continuation of what we both hold: the proof. */
static enum gmm_err prove(struct core *core, const struct run *ours, const struct run *theirs)
{
    struct buffer bytes;
    struct fork_proof *proof = NULL;
    buffer_init(&bytes, LIMIT_FORK_BYTES);
    enum gmm_err err = fork_make(&bytes, ours, theirs);
    if (err == GMM_OK)
        err = fork_open(&proof, &core->nid, bytes.p, bytes.len);
    buffer_close(&bytes);
    return err == GMM_OK ? take(core, proof) : err;
}

/* The block is done: on to another, or the peer has lied about one of them. */
static enum gmm_err go_on(struct replicate *r, struct core *core, struct replica *replica, struct replica_probe *probe,
                          bool same)
{
    if (same)
        probe->low = probe->block + 1;
    else
        probe->high = probe->block;
    if (probe->low < probe->high)
        return examine(core, probe, probe->low + (probe->high - probe->low) / 2);
    drop(r, probe);
    peer_close(replica->peer, GMM_ESIGNATURE,
               N_("it sends entries of a log that are neither ours nor signed otherwise"));
    return GMM_OK;
}

static enum gmm_err compare(struct replicate *r, struct core *core, struct replica *replica,
                            struct replica_probe *probe, const struct run *theirs)
{
    uint64_t first_seq;
    if (fork_divergence(probe->ours, theirs, &first_seq)) {
        struct logs_log *log = probe->log;
        struct run *ours = probe->ours;
        probe->ours = NULL;
        drop(r, probe);
        replica_lower_has(replica, log, first_seq);
        enum gmm_err err = run_is_signed(ours->sig) ? prove(core, ours, theirs) : GMM_OK;
        run_free(ours);
        return err == GMM_ENOMEM ? err : GMM_OK;
    }
    probe->next = theirs->first_seq + theirs->count;
    probe->prev = theirs->entries[theirs->count - 1].id;
    return probe->next > block_end(probe) ? go_on(r, core, replica, probe, true) : GMM_OK;
}

/* Doubts */

/* A branch that a proof shows already. */
static bool proven(const struct core *core, const struct run_key *key, uint64_t seq, const struct gmm_id *id)
{
    size_t count, first = forks_of(core->forks, key, &count);
    for (size_t i = first; i < first + count; i++)
        if (fork_branch_of(forks_at(core->forks, i), seq, id) >= 0)
            return true;
    return false;
}

/* Only a signed head counts; the probe sees to the rest. */
enum gmm_err replica_doubt(struct core *core, struct replica *replica, struct logs_log *log,
                           const struct message_head *head)
{
    if (log->admitted.seq != head->seq || id_equal(&log->admitted.id, &head->id) || head->seq >= log->end ||
        proven(core, &head->key, head->seq, &head->id) ||
        run_head_verify(head->sig, &core->nid, &head->key, head->seq, &head->id) != GMM_OK)
        return GMM_OK;
    for (size_t i = 0; i < replica->doubt_count; i++)
        if (replica->doubts[i].log == log)
            return GMM_OK;
    if (replica->doubt_count == replica->doubt_capacity) {
        size_t capacity = replica->doubt_capacity == 0 ? 4 : 2 * replica->doubt_capacity;
        struct replica_doubt *doubts = realloc(replica->doubts, capacity * sizeof *doubts);
        if (doubts == NULL)
            return GMM_ENOMEM;
        replica->doubts = doubts;
        replica->doubt_capacity = capacity;
    }
    replica->doubts[replica->doubt_count++] = (struct replica_doubt){log, head->seq, head->id, 0};
    return GMM_OK;
}

/* A proof holds that branch, or excludes it; or the log was cut and is like the peer's now. */
static bool settled(const struct core *core, const struct replica_doubt *doubt)
{
    const struct logs_log *log = doubt->log;
    return doubt->seq >= log->end || proven(core, &log->key, doubt->seq, &doubt->id) ||
           log->admitted.seq < doubt->seq ||
           (log->admitted.seq == doubt->seq && id_equal(&log->admitted.id, &doubt->id));
}

enum gmm_err replica_settle_doubts(struct replicate *r, struct core *core, struct replica *replica, uint64_t *due)
{
    enum gmm_err err = GMM_OK;
    for (size_t i = replica->doubt_count; i > 0 && err == GMM_OK; i--) {
        struct replica_doubt *doubt = &replica->doubts[i - 1];
        struct logs_log *log = doubt->log;
        if (settled(core, doubt)) {
            *doubt = replica->doubts[--replica->doubt_count];
            continue;
        }
        if (core->now_ms >= doubt->retry_ms && log->persisted.seq == log->admitted.seq && !log->cutting &&
            !replica_probing(r, log)) {
            doubt->retry_ms = core->now_ms + DOUBT_MS;
            err = replica_probe_start(r, core, replica, log);
        }
        if (doubt->retry_ms > core->now_ms && doubt->retry_ms < *due)
            *due = doubt->retry_ms;
    }
    return err;
}

enum gmm_err replica_probe_run(struct replicate *r, struct core *core, struct replica *replica, struct logs_log *log,
                               const uint8_t *payload, size_t len, bool *taken)
{
    struct run_key key;
    struct run *run = NULL;
    struct verified_run *verified = NULL;
    uint64_t first;
    uint32_t count;
    *taken = false;
    for (size_t i = 0; i < r->probe_count; i++) {
        struct replica_probe *probe = &r->probes[i];
        if (probe->log != log || probe->conn != replica->peer->conn || !probe->asked ||
            run_peek(&key, &first, &count, payload, len) != GMM_OK || first != probe->next)
            continue;
        *taken = true;
        enum gmm_err err = run_decode(&run, &core->nid, &probe->prev, payload, len);
        bool is_signed = err == GMM_OK && run_is_signed(run->sig);
        if (is_signed)
            err = run_verify(&verified, &run, &core->nid);
        if (err == GMM_OK && !is_signed)
            drop(r, probe); /* it knows where the log ends: the proof is on its way */
        else if (err == GMM_OK)
            err = compare(r, core, replica, probe, verified_run_view(verified));
        else if (err == GMM_ESIGNATURE)
            err = go_on(r, core, replica, probe, false);
        run_free(run);
        verified_run_free(verified);
        return err;
    }
    return GMM_OK;
}

void replica_probe_gone(struct replicate *r, uint32_t conn)
{
    for (size_t i = r->probe_count; i > 0; i--)
        if (r->probes[i - 1].conn == conn)
            drop(r, &r->probes[i - 1]);
}

uint64_t replica_probe_tick(struct replicate *r, uint64_t now_ms)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = r->probe_count; i > 0; i--) {
        struct replica_probe *probe = &r->probes[i - 1];
        if (probe->until_ms <= now_ms)
            drop(r, probe);
        else if (probe->until_ms < next)
            next = probe->until_ms;
    }
    return next;
}
