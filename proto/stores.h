/* STORE effects under way: what each carries, so that PERSISTED can be told onwards and a failure rolled back. */
#ifndef GMM_PROTO_STORES_H
#define GMM_PROTO_STORES_H

#include "proto/core.h"

struct stores_plain { /* a plain entry of a run: for the fold */
    uint8_t header[HEADER_BYTES];
    struct gmm_id id;
    uint8_t *body;
    size_t len;
};
struct stores_run {
    struct logs_log *log;
    struct logs_head head;
    uint64_t first_seq, last_seq, arrival, gaps;
};
struct stores_tally { /* entries sealed under an epoch */
    struct gmm_id epoch_id;
    uint64_t count;
};
struct stores_item {
    uint64_t ticket;
    struct stores_run *runs;
    size_t run_count;
    struct stores_plain *plains;
    size_t plain_count;
    struct stores_tally *tallies;
    size_t tally_count;
    struct gmm_id *objects, *secrets;
    size_t object_count, secret_count;
    bool has_chunk;
    struct gmm_id chunk_gid, chunk_id;
    struct gmm_id *proofs;
    size_t proof_count;
    bool has_cut;
    struct run_key cut;
    uint64_t cut_from;
    struct run_key *raised;
    uint64_t *raised_arrivals;
    size_t raised_count;
};
struct stores;

struct stores *stores_new(void);
void stores_free(struct stores *stores);
/* Remembers the STORE effects of the step that are not remembered yet. GMM_ENOMEM: the engine no longer knows what is
 * under way and must be started again from the store. */
enum gmm_err stores_note(struct stores *stores, struct core *core);
uint64_t stores_oldest(const struct stores *stores); /* 0: none under way */
/* Of those that are carried out in order, all but chunks. */
uint64_t stores_newest(const struct stores *stores);
/* The item with this ticket: one that has a chunk, or the oldest of the others (these are carried out in order, chunks
 * before or after them). NULL: neither. Removed: free with stores_item_free. */
struct stores_item *stores_take(struct stores *stores, uint64_t ticket);
struct stores_item *stores_take_any(struct stores *stores); /* for a failure: each in turn; NULL: none */
/* An EPOCH of this author for the group that is being stored: its id, and its ticket. */
bool stores_own_epoch(const struct stores *stores, const struct gmm_id *author, const struct gmm_id *gid,
                      struct gmm_id *id, uint64_t *ticket);
void stores_item_free(struct stores_item *item);

#endif
