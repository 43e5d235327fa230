/* What stands in the frames of a bundle behind the opening (docs/protocol.md, 25): items.
 *
 *   frame content = (kind u8, bytes32 not empty) × n
 *
 *   1 HEADS     count u16 ≤ 4,096 × {group 32, author 32, instance u64, next u64 ≥ 1}, strictly ascending by (group,
 *               author, instance): the maker holds these logs before `next`
 *   2 THINGS    count u32 ≤ 65,536 × u64, strictly ascending: first 8 bytes of the names of objects and proofs, and of
 *               the ids of chunks, that the maker holds
 *   3 RECEIVED  complete u64, count u16 ≤ 1,024 × {number u64, part u32}: of the reader's bundles the maker has all up
 *               to `complete`, and misses these parts (0: the whole bundle)
 *   4 OBJECT    a directory object
 *   5 PROOF     a fork proof
 *   6 RUN       a run
 *   7 CHUNK     gid 32, the sealed chunk
 *   8 FRAGMENT  item u32, total u32, offset u32, data: a piece of an item (its kind byte and its payload) that did not
 *               fit
 *   9 END       last u8 (1: this was the bundle's last part, else 0); nothing behind it
 *
 * HEADS and THINGS are the maker's state for the reader, and stand in part 1 before everything else. What is decoded
 * points into the payload. Errors: GMM_EFORMAT; GMM_ELIMIT.
 */
#ifndef GMM_PROTO_CARGO_H
#define GMM_PROTO_CARGO_H

#include "proto/run.h"

enum cargo_kind {
    CARGO_HEADS = 1,
    CARGO_THINGS,
    CARGO_RECEIVED,
    CARGO_OBJECT,
    CARGO_PROOF,
    CARGO_RUN,
    CARGO_CHUNK,
    CARGO_FRAGMENT,
    CARGO_END
};
#define CARGO_ITEM_HEAD 5u /* kind and length */
#define CARGO_HEADS_MAX 4096u
#define CARGO_THINGS_MAX 65536u
#define CARGO_LOST_MAX 1024u
#define CARGO_PAYLOAD_MAX (LIMIT_CHUNK_SEALED + 32u)

struct cargo_item {
    enum cargo_kind kind;
    const uint8_t *payload;
    size_t len;
};
struct cargo_head {
    struct run_key key;
    uint64_t next;
};
struct cargo_list { /* of any of the lists */
    uint32_t count;
    const uint8_t *items;
};
struct cargo_lost {
    uint64_t number;
    uint32_t part;
};
struct cargo_fragment {
    uint32_t item, total, offset;
    const uint8_t *data;
    size_t data_len;
};

/* Reads the next item of a frame's content; in->left is 0 at its end. GMM_EFORMAT: also a kind that is none. */
enum gmm_err cargo_next(struct bytes_in *in, struct cargo_item *item);
/* Of an item that was put together from fragments. */
enum gmm_err cargo_whole(const uint8_t *bytes, size_t len, struct cargo_item *item);
void cargo_put(struct buffer *out, enum cargo_kind kind, const void *payload, size_t len);

int cargo_head_compare(const struct cargo_head *a, const struct cargo_head *b);
void cargo_heads_encode(struct buffer *out, const struct cargo_head *heads, size_t count);
enum gmm_err cargo_heads_decode(struct cargo_list *out, const void *payload, size_t len);
void cargo_heads_at(const struct cargo_list *list, size_t index, struct cargo_head *head);
void cargo_things_encode(struct buffer *out, const uint64_t *things, size_t count);
enum gmm_err cargo_things_decode(struct cargo_list *out, const void *payload, size_t len);
uint64_t cargo_things_at(const struct cargo_list *list, size_t index);
void cargo_received_encode(struct buffer *out, uint64_t complete, const struct cargo_lost *lost, size_t count);
enum gmm_err cargo_received_decode(uint64_t *complete, struct cargo_list *out, const void *payload, size_t len);
void cargo_lost_at(const struct cargo_list *list, size_t index, struct cargo_lost *lost);
enum gmm_err cargo_chunk_decode(struct gmm_id *gid, const uint8_t **sealed, size_t *sealed_len, const void *payload,
                                size_t len);
void cargo_fragment_encode(struct buffer *out, const struct cargo_fragment *fragment);
enum gmm_err cargo_fragment_decode(struct cargo_fragment *out, const void *payload, size_t len);
enum gmm_err cargo_end_decode(bool *last, const void *payload, size_t len);
/* The first 8 bytes of a name or an id. */
uint64_t cargo_thing(const struct gmm_id *id);

#endif
