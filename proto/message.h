/* Messages of replication: payloads of what rides on a session (protocol: Replication). Fixed layout, big-endian,
 * strict: a count or length over its limit is GMM_ELIMIT, anything else out of form GMM_EFORMAT.
 *
 *    3 OBJECTS_HAVE  {count u16 ≤ 16384 × hash 32, strictly ascending}
 *    4 OBJECTS_WANT  {count u16 ≤ 16384 × hash 32}
 *    5 OBJECT        a directory object (proto/directory.h)
 *    6 HEADS         {flags u8 (1: last of the batch), token bytes8 (empty without that flag), count u16 ≤ 256 × head}
 *                    head = {group 32, author 32, instance u64, seq u64, id 32, signature 64}
 *    7 WANT          {count u16 ≤ 256 × {group 32, author 32, instance u64, from u64, to u64 ≥ from}}
 *    8 RUN           a run's wire form (proto/run.h)
 *    9 ACK           {token bytes8, not empty}: all up to the token that you gave me I hold durably
 *   10 CHUNK_WANT    {gid 32, count u16 ≤ 1024 × {id 32, offset u32}}
 *   11 CHUNK         {gid 32, id 32, total u32, offset u32, data bytes32, not empty, offset + length ≤ total}
 *   12 CHUNK_NONE    {gid 32, count u16 ≤ 1024 × id 32}
 *   13 PING, 14 PONG {u64}: a PONG repeats the number
 *   15 BYE           {reason u8, text8}
 *   16 PROOFS_HAVE   {count u16 ≤ 4096 × hash 32, strictly ascending}
 *   17 PROOF         a fork proof (proto/fork.h)
 *   18 WANT_NONE     as WANT: of these nothing is to be had, or nothing more
 *   20 JOIN_REQUEST  a join request (keys/card.h)
 *   21 JOIN_ANSWER   {state u8 (1 pending, 2 admitted, 3 refused), reason text8, charter bytes16 (a directory object,
 * or empty), count u16 × object bytes16, none empty}
 *
 *   24 RANGES        proto/message_ranges.h
 *
 * OBJECT, RUN, PROOF and JOIN_REQUEST are the object itself and have no codec here; message_payload_max bounds them
 * too.
 *
 * A decoder checks the whole payload, then lends it: what it fills points into the payload, and list elements are read
 * with message_X_at (index below count) or message_join_answer_next. Nothing here allocates but the buffer of an
 * encoder. Encoders append the payload; on failure out holds a part of one and is of no more use.
 */
#ifndef GMM_PROTO_MESSAGE_H
#define GMM_PROTO_MESSAGE_H

#include "proto/run.h"

enum message_type {
    MESSAGE_OBJECTS_HAVE = 3, /* 1 and 2 are the session's own */
    MESSAGE_OBJECTS_WANT = 4,
    MESSAGE_OBJECT = 5,
    MESSAGE_HEADS = 6,
    MESSAGE_WANT = 7,
    MESSAGE_RUN = 8,
    MESSAGE_ACK = 9,
    MESSAGE_CHUNK_WANT = 10,
    MESSAGE_CHUNK = 11,
    MESSAGE_CHUNK_NONE = 12,
    MESSAGE_PING = 13,
    MESSAGE_PONG = 14,
    MESSAGE_BYE = 15,
    MESSAGE_PROOFS_HAVE = 16,
    MESSAGE_PROOF = 17,
    MESSAGE_WANT_NONE = 18,
    MESSAGE_JOIN_REQUEST = 20,
    MESSAGE_JOIN_ANSWER = 21,
    MESSAGE_TAKE = 22,
    MESSAGE_SETTLED = 23,
    MESSAGE_RANGES = 24 /* proto/message_ranges.h */
};

#define MESSAGE_OBJECTS_MAX 16384u
#define MESSAGE_PROOFS_MAX 4096u
#define MESSAGE_HEADS_MAX 256u
#define MESSAGE_WANTS_MAX 256u
#define MESSAGE_CHUNKS_MAX 1024u
#define MESSAGE_TAKES_MAX 1024u
#define MESSAGE_TOKEN_MAX 255u
#define MESSAGE_HEADS_LAST 1u
/* Before the data of a CHUNK. */
#define MESSAGE_CHUNK_HEADER (32u + 32u + 4u + 4u + 4u)
#define MESSAGE_CHUNK_DATA_MAX (LIMIT_MESSAGE_BYTES - 1u - MESSAGE_CHUNK_HEADER)

/* The most that a payload of this type may have; 0 for a type that is not known (ignored by who receives it). */
size_t message_payload_max(uint8_t type);

/* OBJECTS_HAVE, OBJECTS_WANT */
struct message_objects {
    uint16_t count;
    const uint8_t *hashes;
};
enum gmm_err message_objects_have_encode(struct buffer *out, const struct gmm_id *hashes, size_t count);
enum gmm_err message_objects_have_decode(struct message_objects *out, const void *payload, size_t len);
enum gmm_err message_objects_want_encode(struct buffer *out, const struct gmm_id *hashes, size_t count);
enum gmm_err message_objects_want_decode(struct message_objects *out, const void *payload, size_t len);
/* PROOFS_HAVE */
enum gmm_err message_proofs_have_encode(struct buffer *out, const struct gmm_id *hashes, size_t count);
enum gmm_err message_proofs_have_decode(struct message_objects *out, const void *payload, size_t len);
struct gmm_id message_objects_at(const struct message_objects *objects, size_t index);

/* HEADS */
struct message_head {
    struct run_key key;
    uint64_t seq;
    struct gmm_id id;
    uint8_t sig[HASH_SIG_BYTES];
};
struct message_heads {
    bool last;
    const uint8_t *token;
    uint8_t token_len;
    uint16_t count;
    const uint8_t *heads;
};
/* token is only read (and only allowed) when last is true. */
enum gmm_err message_heads_encode(struct buffer *out, const struct message_head *heads, size_t count, bool last,
                                  const void *token, size_t token_len);
enum gmm_err message_heads_decode(struct message_heads *out, const void *payload, size_t len);
void message_heads_at(const struct message_heads *heads, size_t index, struct message_head *out);

/* WANT */
struct message_want {
    struct run_key key;
    uint64_t from, to;
};
struct message_wants {
    uint16_t count;
    const uint8_t *wants;
};
enum gmm_err message_want_encode(struct buffer *out, const struct message_want *wants, size_t count);
enum gmm_err message_want_decode(struct message_wants *out, const void *payload, size_t len);
void message_want_at(const struct message_wants *wants, size_t index, struct message_want *out);

/* ACK: token borrowed from the payload. */
enum gmm_err message_ack_encode(struct buffer *out, const void *token, size_t token_len);
enum gmm_err message_ack_decode(const uint8_t **token, size_t *token_len, const void *payload, size_t len);

/* CHUNK_WANT */
struct message_chunk_place {
    struct gmm_id id;
    uint32_t offset;
};
struct message_chunk_wants {
    struct gmm_id gid;
    uint16_t count;
    const uint8_t *places;
};
enum gmm_err message_chunk_want_encode(struct buffer *out, const struct gmm_id *gid,
                                       const struct message_chunk_place *places, size_t count);
enum gmm_err message_chunk_want_decode(struct message_chunk_wants *out, const void *payload, size_t len);
void message_chunk_want_at(const struct message_chunk_wants *wants, size_t index, struct message_chunk_place *out);

/* CHUNK: a stretch of a sealed chunk. total ≤ LIMIT_CHUNK_SEALED, data_len ≤ MESSAGE_CHUNK_DATA_MAX. */
struct message_chunk {
    struct gmm_id gid, id;
    uint32_t total, offset;
    const uint8_t *data;
    size_t data_len;
};
enum gmm_err message_chunk_encode(struct buffer *out, const struct message_chunk *chunk);
enum gmm_err message_chunk_decode(struct message_chunk *out, const void *payload, size_t len);

/* CHUNK_NONE */
struct message_chunk_none {
    struct gmm_id gid;
    uint16_t count;
    const uint8_t *ids;
};
enum gmm_err message_chunk_none_encode(struct buffer *out, const struct gmm_id *gid, const struct gmm_id *ids,
                                       size_t count);
enum gmm_err message_chunk_none_decode(struct message_chunk_none *out, const void *payload, size_t len);
struct gmm_id message_chunk_none_at(const struct message_chunk_none *none, size_t index);

/* PING, PONG */
enum gmm_err message_ping_encode(struct buffer *out, uint64_t number);
enum gmm_err message_ping_decode(uint64_t *number, const void *payload, size_t len);

/* SETTLED: after PONG to the PING of that number: whether the sender has fetched all that it takes of the peer. */
enum gmm_err message_settled_encode(struct buffer *out, uint64_t number, bool settled);
enum gmm_err message_settled_decode(uint64_t *number, bool *settled, const void *payload, size_t len);

/* BYE: why the sender closes. Text for people, UTF-8, not NUL-ended, cut by the encoder at 255 bytes. */
struct message_bye {
    uint8_t reason;
    const char *text;
    size_t text_len;
};
enum gmm_err message_bye_encode(struct buffer *out, uint8_t reason, const char *text);
enum gmm_err message_bye_decode(struct message_bye *out, const void *payload, size_t len);

/* JOIN_ANSWER */
/* TAKE: which bodies are left out of runs to its sender. Strictly ascending by group. */
struct message_take {
    struct gmm_id group;
    uint64_t since_ms; /* of entries timed earlier */
    uint32_t most;     /* and those longer than this */
};
struct message_takes {
    uint16_t count;
    const uint8_t *takes;
};
enum gmm_err message_take_encode(struct buffer *out, const struct message_take *takes, size_t count);
enum gmm_err message_take_decode(struct message_takes *out, const void *payload, size_t len);
void message_take_at(const struct message_takes *takes, size_t index, struct message_take *out);

enum message_join_state { MESSAGE_JOIN_PENDING = 1, MESSAGE_JOIN_ADMITTED = 2, MESSAGE_JOIN_REFUSED = 3 };
struct message_object {
    const uint8_t *bytes;
    size_t len;
};
struct message_join_answer {
    enum message_join_state state;
    const char *reason; /* not NUL-ended */
    size_t reason_len;
    struct message_object charter; /* len 0: not sent */
    uint16_t count;
    struct bytes_in objects; /* for message_join_answer_next; objects when encoding are given apart */
};
enum gmm_err message_join_answer_encode(struct buffer *out, const struct message_join_answer *answer,
                                        const struct message_object *objects, size_t count);
enum gmm_err message_join_answer_decode(struct message_join_answer *out, const void *payload, size_t len);
/* The next of answer->count objects; false at the end. */
bool message_join_answer_next(struct message_join_answer *answer, struct message_object *out);

#endif
