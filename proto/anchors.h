/* The anchors that a node holds: which heads whom they say to hold, by log (protocol: Anchors). Inside of the fold
 * only.
 *
 * A set without order: what is asked of it (proto/claims.h) depends on what is in it alone. It judges nobody; whether
 * the office that wrote an anchor counts is the asker's question.
 */
#ifndef GMM_PROTO_ANCHORS_H
#define GMM_PROTO_ANCHORS_H

#include "proto/control_proof.h"
#include "proto/header.h"

struct anchors_log;
struct anchors_record {
    struct gmm_id id;
    const struct anchors_log *log; /* that it stands in */
    uint64_t seq, time;            /* of its header */
    bool dropped, names_heads;
    enum control_anchor_kind kind;
    uint16_t holder_count, mark_len, report_count;
    struct gmm_id *holders; /* numbered from this record on; a report: the anchors that it names; owned */
    uint8_t *marks;         /* behind them */
};
struct anchors_point { /* a head that a record names */
    uint64_t seq;
    struct gmm_id id;
    const struct anchors_record *record;
};
/* A log as one that is anchored, and as one that anchors stand in. */
struct anchors_log {
    struct run_key key;
    size_t point_count, point_cap, record_count, record_cap;
    struct anchors_point *points;    /* in no order; those of dropped records are still here */
    struct anchors_record **records; /* by seq; none dropped */
};
struct anchors;

struct anchors *anchors_new(void);
void anchors_free(struct anchors *a);
/* Takes an ANCHOR or a GROUP_ANCHOR, once. What is malformed, or a report outside of the type that may be one, says
 * nothing. GMM_ENOMEM: it was not taken. */
enum gmm_err anchors_add(struct anchors *a, const struct header *header, const struct gmm_id *id, const void *body,
                         size_t len);
/* Forgets what stands in a log from a seq on: the log was cut there. */
void anchors_drop(struct anchors *a, const struct run_key *log, uint64_t from_seq);

const struct anchors_log *anchors_find(const struct anchors *a, const struct run_key *log); /* NULL: unknown */
size_t anchors_log_count(const struct anchors *a);
const struct anchors_log *anchors_log_at(const struct anchors *a, size_t index); /* in order of coming */
/* By the id of its entry; NULL: not held. */
const struct anchors_record *anchors_record(const struct anchors *a, const struct gmm_id *id);
/* Of a log whose last entry is at head_seq the last that is no anchor; false: all are. */
bool anchors_solid(const struct anchors *a, const struct run_key *log, uint64_t head_seq, uint64_t *seq);

#endif
