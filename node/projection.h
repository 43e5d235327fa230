/* What is derived from opened bodies: the catalogue of documents, notes, receipts and circle names. Rebuildable.
 *
 * A row an entry: what `list`, `show`, `notes` need. Text (title, symbol, person, file name, circle name) is sealed
 * under the node secret (summary); a symbol is found by a keyed hash of its normal form; disk holds no plaintext.
 * Effect is kept per log (projection_set_voids): void entries stay in the table and are not shown. The projection
 * remembers how far each log was projected, and which entries wait for an epoch's secret.
 */
#ifndef GMM_NODE_PROJECTION_H
#define GMM_NODE_PROJECTION_H

#include "node/store.h"
#include "proto/fold.h"
#include "proto/record.h"

struct projection;
enum gmm_err projection_open(struct projection **out, struct store *store, const uint8_t node_secret[32],
                             struct gmm_msg *msg);
void projection_close(struct projection *p);
/* Drops every derived table and makes it anew, empty (doctor --rebuild; the node then projects all logs again). */
enum gmm_err projection_reset(struct projection *p);

/* One line of the catalogue: all text owned by the item (projection_item_close). */
struct projection_item {
    /* zero: none; parent: of a document the other version that it supersedes */
    struct gmm_id id, gid, author, document, parent, revises, translates;
    uint16_t type; /* header type */
    uint64_t time_ms, seq;
    uint16_t counter; /* of the header's time, within the millisecond */
    uint32_t version, para;
    unsigned marking, tlp, position;
    uint64_t bytes; /* of the content; notes: of the text */
    uint32_t attachments;
    char *title, *symbol, *lang, *person, *name; /* NULL: none; name: bytes as posted, NUL-ended, may not be UTF-8 */
    uint64_t opened_ms;                          /* read here; 0: unread */
};
void projection_item_close(struct projection_item *item);
/* The header's time, all 64 bits: what canonical order goes by. */
static inline uint64_t projection_item_time(const struct projection_item *item)
{
    return item->time_ms << 16 | item->counter;
}

/* Adds or replaces the row of one entry whose body was opened. */
enum gmm_err projection_put(struct projection *p, const struct projection_item *item);
/* GMM_ENOTFOUND: unknown, or without effect. */
enum gmm_err projection_get(struct projection *p, const struct gmm_id *id, struct projection_item *out);
/* Entries that cannot be opened yet, by epoch; and those whose epoch came. */
enum gmm_err projection_defer(struct projection *p, const struct gmm_id *epoch_id, const struct gmm_id *id);
typedef enum gmm_err projection_id_fn(void *arg, const struct gmm_id *id);
enum gmm_err projection_take_deferred(struct projection *p, const struct gmm_id *epoch_id, projection_id_fn *fn,
                                      void *arg);
/* How far each log is projected: seq after the last one done; 0: nothing. */
enum gmm_err projection_set_done(struct projection *p, const struct run_key *key, uint64_t next_seq);
enum gmm_err projection_get_done(struct projection *p, const struct run_key *key, uint64_t *next_seq);
/* Forgets what a log says from a seq on: its entries were taken away, others will come. Part of the transaction that
 * does it. */
enum gmm_err projection_cut(struct projection *p, const struct run_key *key, uint64_t from_seq);
/* What of a log is void (view_voids). Writes nothing where that stood already. */
enum gmm_err projection_set_voids(struct projection *p, const struct run_key *key, const struct view_void *voids,
                                  size_t count);

struct projection_query {
    const struct gmm_id *gid;      /* NULL: all groups */
    const struct gmm_id *document; /* notes of this document, and what else names it */
    uint16_t type;                 /* 0: documents, notes, releases, practices */
    bool every_type;               /* with type 0: whatever has a line (watch) */
    const struct gmm_id *unread;   /* what was not opened here, and not written by this sign_pk; NULL: all */
    uint64_t since_ms;
    const struct gmm_id *after; /* after this id in the order of the list */
    uint32_t limit;             /* 0: none */
    bool oldest_first;          /* notes: yes; list: newest first */
    bool by_arrival;            /* in the order in which rows were first put here, oldest first (watch --after) */
};
typedef enum gmm_err projection_item_fn(void *arg, const struct projection_item *item);
enum gmm_err projection_each(struct projection *p, const struct projection_query *query, projection_item_fn *fn,
                             void *arg);
/* Does any entry of this type name the document, with effect or without? */
enum gmm_err projection_is_named(struct projection *p, const struct gmm_id *document, uint16_t type, bool *named);
/* Every version and language of a symbol (normal form: NFC, case kept, outer space trimmed), newest version first. */
enum gmm_err projection_by_symbol(struct projection *p, const char *symbol, projection_item_fn *fn, void *arg);
/* Does its line say what this one, made from the entry, says (opened_ms aside)? GMM_ENOTFOUND: it has none;
 * GMM_ECORRUPT: it says something else, or does not open. */
enum gmm_err projection_check(struct projection *p, const struct projection_item *want);
enum gmm_err projection_counts(struct projection *p, uint64_t *documents, uint64_t *notes);
enum gmm_err projection_set_opened(struct projection *p, const struct gmm_id *id, uint64_t ms);

/* An entry is shown no more (node/erasing.h): its line goes, what waited for it too. fn hears of the chunks that were
 * wanted for it alone; may be NULL. */
typedef enum gmm_err projection_chunk_fn(void *arg, const struct gmm_id *gid, const struct gmm_id *chunk);
enum gmm_err projection_drop(struct projection *p, const struct gmm_id *id, projection_chunk_fn *fn, void *arg);
/* "ERASED": the entry (header h, of an ERASED) says that its office holds nothing of the target. */
enum gmm_err projection_put_erased(struct projection *p, const struct gmm_id *target, const struct header *h);
/* Who says so, with effect or without: the log and seq of each, and the header's time. */
typedef enum gmm_err projection_erased_fn(void *arg, const struct run_key *key, uint64_t seq, uint64_t time);
enum gmm_err projection_each_erased(struct projection *p, const struct gmm_id *target, projection_erased_fn *fn,
                                    void *arg);

/* Circle names: gid → name (sealed). GMM_ENOTFOUND; *name: free. By name: up to max gids (names are not unique). */
enum gmm_err projection_put_group_name(struct projection *p, const struct gmm_id *gid, const char *name);
enum gmm_err projection_get_group_name(struct projection *p, const struct gmm_id *gid, char **name);
enum gmm_err projection_groups_by_name(struct projection *p, const char *name, struct gmm_id *out, size_t max,
                                       size_t *count);

/* Chunks that a document needs and that are not held yet, for fetching, `get` and verify. document: one of those that
 * need it; when the chunk is a list of further chunks, its arrival makes those wanted. Wanting twice is a no-op. */
enum gmm_err projection_want_chunk(struct projection *p, const struct gmm_id *gid, const struct gmm_id *chunk,
                                   const struct gmm_id *document);
/* Is it wanted? */
enum gmm_err projection_wants_chunk(struct projection *p, const struct gmm_id *chunk, bool *wanted);
/* Forgets it. *document (may be NULL): as it was wanted with. GMM_ENOTFOUND: nobody wanted it. */
enum gmm_err projection_got_chunk(struct projection *p, const struct gmm_id *chunk, struct gmm_id *document);
enum gmm_err projection_each_wanted(struct projection *p, projection_chunk_fn *fn, void *arg);

#endif
