/* What proto/replicate*.c keep of one peer: private to them. */
#ifndef GMM_PROTO_REPLICA_H
#define GMM_PROTO_REPLICA_H

#include "proto/replicate.h"

#define REPLICA_TOKEN_BYTES 40
#define REPLICA_LOADS 4u /* at a time */
/* Asked of one LOAD, and queued of a stream before we stop loading: two seconds of the link, within these. */
#define REPLICA_RUN_LEAST (8u << 10)
#define REPLICA_RUN_MOST (256u << 10)
#define REPLICA_QUEUE_LEAST (8u << 10)
#define REPLICA_QUEUE_MOST (1u << 20)
/* Bodies in one run to a peer whose link is slow: a second of it; the rest apart. */
#define REPLICA_BODIES(peer) ((peer)->room >= PEER_ROOM_MOST ? SIZE_MAX : peer_share(peer, 2, 8u << 10, SIZE_MAX))
#define REPLICA_SMALL 16u        /* entries: a want of so few goes before larger ones */
#define REPLICA_SILENT_MS 60000u /* who sends no run for so long loses what was asked of it, if another holds it */
#define REPLICA_STALL_MS 600000u /* who sends other runs, but nothing of this log for so long, likewise */
#define REPLICA_QUIET_MS 100u    /* between the last change and the announcement that covers it */
#define REPLICA_SETTLE_MS 10000u /* for a peer that does not say at all whether it has settled */
#define REPLICA_RETRY_MS 5000u   /* before a log that could not be admitted yet is wanted again */

#define REPLICA_LAZY_MS 100u     /* at most twice that, before what is not pushed is announced */
#define REPLICA_PATIENCE_MS 200u /* and two round trips: for who sends a log to do so again */
#define REPLICA_RTT_MS 500u      /* until one was measured */

#define REPLICA_HEADS_FEW 64u /* so many heads are announced, not compared by ranges */
#define REPLICA_OPENINGS 8u   /* of comparisons by the peer, at once */
/* In sync for so long, or twice, before all is compared; then so often. */
#define REPLICA_CHECK_MS 60000u
#define REPLICA_CHECK_AGAIN_MS (6u * 3600u * 1000u)

/* What the peer wants of one log of ours. */
struct replica_range {
    struct logs_log *log;
    uint64_t next, to;
    uint64_t ticket; /* of the LOAD under way; 0: none */
    bool wanted;     /* it asked; else a push, of no use once it has it from elsewhere */
};
/* Whether new entries of a log are pushed to the peer, or announced. */
enum replica_gossip {
    REPLICA_UNTOLD, /* neither way learnt: our own are pushed, others' announced */
    REPLICA_EAGER,  /* it had the last ones of us */
    REPLICA_LAZY    /* it had them before we sent them */
};
/* What the peer holds of a log, as far as we know. */
struct replica_holding {
    uint64_t next; /* all before this seq */
    uint64_t seq;  /* of the head it announced last, and its id: another than ours with that number is another branch */
    struct gmm_id id;
    uint64_t told;  /* the arrival number of the log when its head was announced; 0: it was not */
    uint64_t sent;  /* sent in this session: all before this seq; 0: nothing */
    bool unchecked; /* what we know of `next` is of a run of what we hold already; it was not compared with ours */
    enum replica_gossip gossip;
};
/* A signed head of the peer's that is not ours: unless a proof of the fork comes of it, what the peer has told us is
 * not acknowledged, so that it says so again in the next session. */
struct replica_doubt {
    struct logs_log *log;
    uint64_t seq;
    struct gmm_id id;
    uint64_t retry_ms; /* not before this is it looked into again */
};
struct replica {
    struct peer *peer;
    struct gmm_id groups; /* fingerprint of the groups that it may have */
    bool have_sent, objects_agreed, proofs_sent, heads_sent, heads_received, busy, synced;
    struct replica_holding *has; /* by index of log */
    size_t has_count;
    struct replica_doubt *doubts;
    size_t doubt_count, doubt_capacity;
    uint64_t announced, acked; /* arrival numbers of ours */
    uint64_t changed_ms;
    uint64_t lazy_ms;                   /* when heads of what is not pushed are due; 0: nothing is */
    uint64_t ping_ms, rtt_ms;           /* the last PING went out; round trip, 0: none measured */
    uint8_t token[REPLICA_TOKEN_BYTES]; /* of the peer's, to be acknowledged */
    size_t token_len;
    uint64_t token_ticket; /* stores that must be persisted first; UINT64_MAX: something is still lacking */
    struct replica_range *ranges;
    size_t range_count, range_capacity, range_turn;
    uint64_t ping, pong; /* numbers of the last sent and the last answered */
    uint64_t pong_ms;
    uint64_t settled;      /* the number of the last PING of which the peer said whether it has settled */
    bool settled_yet;      /* and what it said */
    uint64_t asked;        /* the peer's last PING that was not told "settled"; 0: none */
    bool lacking, put_off; /* something is still to be fetched of the peer; it was told "not yet" */
    uint64_t received, sent;
    struct message_take *takes; /* what it leaves out, ascending by group; owned */
    size_t take_count;
    bool take_told;    /* what we leave out: it was told */
    uint64_t heard_ms; /* the last run, or that there is none */
    /* replicate_ranges.c */
    bool speaks_ranges;
    struct replica_compare *compare; /* under way; NULL: none */
    bool waits;                      /* the announcement, for the comparison */
    bool compared;                   /* since its groups changed */
    uint8_t *early;                  /* the peer's opening, until objects are agreed */
    size_t early_len;
    unsigned openings; /* by the peer, of late */
    uint64_t openings_ms;
    bool suspect;
    uint64_t check_ms; /* when all is compared to make sure; 0: not planned yet */
};
struct replica_want { /* one a log: what we asked, and of whom */
    struct logs_log *log;
    uint32_t conn;
    uint64_t to;
    uint64_t since_ms; /* asked, or the log grew */
};
/* Who sends us a log, by its index: an announcement by others waits for that. */
struct replica_source {
    uint32_t conn;     /* who sent the last run that was of use; 0: nobody */
    uint64_t until_ms; /* 0: nobody has announced anything that we lack */
};
/* A log of which the peer holds another branch: where do the two part? Blocks of 256 are halved until one begins like
 * ours and goes on otherwise. */
struct replica_probe {
    struct logs_log *log;
    uint32_t conn;
    uint64_t low, high, block; /* blocks below low are the same, from high on they differ; the one looked at */
    uint64_t until_ms;
    uint64_t before_ticket, ours_ticket; /* LOADs under way; 0: none */
    bool asked;                          /* the peer, for its block from next on */
    struct gmm_id prev;                  /* of entry `next` */
    uint64_t next;
    struct run *ours; /* headers of our block */
};
struct replica_cursor {
    struct gmm_id sign_pk;
    uint8_t token[64];
    size_t len;
};
struct replicate {
    struct replica **replicas;
    size_t count;
    struct replica_want *wants;
    size_t want_count, want_capacity;
    struct replica_probe *probes;
    size_t probe_count;
    struct replica_cursor *cursors;
    size_t cursor_count;
    struct replica_source *sources;
    size_t source_count;
    uint64_t retry_ms;        /* 0: none */
    uint64_t taken, repeated; /* entries of runs */
};

/* replica.c: what the peer may have, and holds. */
/* "Control logs and root objects go to every identified office. A group's heads, runs and chunks go to offices of
 * current members and to its relays only." */
/* Behind the last entry of the log that the peer may have: the log's end; of who was removed from the group the REMOVE;
 * else 0. */
uint64_t replica_end(struct core *core, const struct replica *replica, const struct logs_log *log);
bool replica_may_have(struct core *core, const struct replica *replica, const struct gmm_id *group);
/* H over the gids, ascending, of the groups that it may have: a token is only good while they are the same. */
void replica_groups(struct core *core, const struct replica *replica, struct gmm_id *out);
struct replica *replica_find(const struct replicate *r, uint32_t conn); /* NULL: there is none */
uint64_t replica_has(const struct replica *replica, const struct logs_log *log);
/* The entry that we lack first. */
uint64_t replica_next(const struct logs_log *log);
/* What we have given whoever has all that we hold: all before this seq. */
uint64_t replica_worth(const struct logs_log *log);
enum gmm_err replica_set_has(struct replica *replica, const struct logs_log *log, uint64_t next);
/* It announced this head. */
enum gmm_err replica_announced(struct replica *replica, const struct logs_log *log, const struct message_head *head);
/* It holds no more than that after all. */
void replica_lower_has(struct replica *replica, const struct logs_log *log, uint64_t next);
/* The note of what it holds, made if need be; NULL: no memory. */
struct replica_holding *replica_holding(struct replica *replica, const struct logs_log *log);
/* gossip.c: who pushes to whom, who waits for whom. */
/* Are new entries of this log pushed to the peer? */
bool replica_eager(const struct core *core, const struct replica *replica, const struct logs_log *log);
/* It asked for our newest. */
void replica_asked(struct replica *replica, const struct logs_log *log);
/* It announced this head: had it that before we sent it? */
void replica_had(struct core *core, struct replica *replica, const struct logs_log *log, uint64_t seq);
/* It sent a run that was of use. */
enum gmm_err replica_sent_us(struct replicate *r, const struct replica *replica, const struct logs_log *log);
/* An announcement of what we lack: until when do we wait for the one who sends us this log? 0: not at all. */
uint64_t replica_patience(struct replicate *r, const struct core *core, const struct replica *announcer,
                          const struct logs_log *log);
void replica_pinged(struct replica *replica, uint64_t now_ms);
void replica_ponged(struct replica *replica, uint64_t now_ms);
/* replicate_objects.c: root objects. */
enum gmm_err replica_send_objects(struct core *core, struct replica *replica);
enum gmm_err replica_on_objects_have(struct core *core, struct replica *replica, const uint8_t *payload, size_t len);
enum gmm_err replica_on_object(struct replicate *r, struct core *core, const uint8_t *payload, size_t len,
                               bool *new_object);
/* replicate_cursor.c: tokens. */
void replica_token(const struct core *core, const struct replica *replica, uint64_t arrival,
                   uint8_t out[REPLICA_TOKEN_BYTES]);
/* The arrival number inside a token that we made for this peer; 0 when it is none of ours. */
uint64_t replica_token_read(const struct core *core, const struct replica *replica, const uint8_t *token, size_t len);
enum gmm_err replica_acknowledge(struct replicate *r, struct core *core, struct replica *replica);
enum gmm_err replica_on_ack(struct core *core, struct replica *replica, const uint8_t *payload, size_t len);
/* replicate_want.c: what is asked of whom. */
/* Asks the peer for what it holds beyond us, unless that log is being fetched already. */
enum gmm_err replica_consider(struct replicate *r, struct core *core, struct replica *replica, struct logs_log *log);
void replica_consider_everywhere(struct replicate *r, struct core *core);
/* Does the peer hold anything that we have neither admitted nor given up? */
bool replica_behind(const struct replica *replica, const struct core *core);
/* Nothing more is to be had from there: others are asked. */
void replica_ask_others(struct replicate *r, struct core *core, uint32_t conn);
/* The log is no longer wanted of this peer. */
void replica_want_end(struct replicate *r, const struct replica *replica, const struct logs_log *log);
/* What the peer holds of the log is no use to us: others are asked, and it again when it announces anew. */
enum gmm_err replica_disown(struct replicate *r, struct core *core, struct replica *replica, struct logs_log *log);
/* The want is done when the log reached it; then whoever holds more of this log is asked, not only who sent the run. */
void replica_run_admitted(struct replicate *r, struct core *core, struct logs_log *log);
/* A run that cannot be admitted yet stays wanted: asked again after a while, or when an object comes. */
void replica_run_postponed(struct replicate *r, struct core *core, struct logs_log *log);
enum gmm_err replica_on_want_none(struct replicate *r, struct core *core, struct replica *replica,
                                  const uint8_t *payload, size_t len);
/* Who was asked and is silent loses it to another that holds it. Returns when to look again. */
uint64_t replica_silence_tick(struct replicate *r, struct core *core);
/* replicate_run.c: runs that come. */
enum gmm_err replica_on_run(struct replicate *r, struct core *core, struct replica *replica, const uint8_t *payload,
                            size_t len);
/* replicate_sync.c: is the peer in sync? */
void replica_send_ping(struct core *core, struct replica *replica);
/* PING or PONG. */
enum gmm_err replica_on_ping(const struct core *core, struct replica *replica, uint8_t type, const uint8_t *payload,
                             size_t len);
/* Answers a PING by SETTLED, once that is known. */
void replica_tell_settled(struct replica *replica);
/* Tells when it comes in sync, or is not any more; *due: when to look again, at the latest. */
void replica_judge_synced(struct core *core, struct replica *replica, uint64_t *due);
/* replicate_fork.c: proofs, and how they are found. */
enum gmm_err replica_send_proofs(struct core *core, struct replica *replica);
enum gmm_err replica_on_proofs_have(struct core *core, struct replica *replica, const uint8_t *payload, size_t len);
enum gmm_err replica_on_proof(struct core *core, const uint8_t *payload, size_t len);
/* The peer's entries are not ours: finds out where they part. */
enum gmm_err replica_probe_start(struct replicate *r, struct core *core, struct replica *replica, struct logs_log *log);
/* A signed head of the peer's with our head's number and another id. */
enum gmm_err replica_doubt(struct core *core, struct replica *replica, struct logs_log *log,
                           const struct message_head *head);
/* Looks into doubts; *due: when it should again, at the latest. */
enum gmm_err replica_settle_doubts(struct replicate *r, struct core *core, struct replica *replica, uint64_t *due);
bool replica_probing(const struct replicate *r, const struct logs_log *log);
/* A run that a probe asked for: *taken. */
enum gmm_err replica_probe_run(struct replicate *r, struct core *core, struct replica *replica, struct logs_log *log,
                               const uint8_t *payload, size_t len, bool *taken);
enum gmm_err replica_probe_loaded(struct replicate *r, struct core *core, uint64_t ticket, const struct run *run,
                                  bool *taken);
void replica_probe_gone(struct replicate *r, uint32_t conn);
/* Gives up what overstays; when the next would. */
uint64_t replica_probe_tick(struct replicate *r, uint64_t now_ms);
/* replicate_ranges.c: comparison by ranges. */
/* Announces what the peer is not known to hold; where that would be long, after a comparison. */
void replica_announce_all(struct core *core, struct replica *replica);
enum gmm_err replica_on_ranges(struct core *core, struct replica *replica, const uint8_t *payload, size_t len);
/* Objects are agreed: an opening that came before is dealt with. */
enum gmm_err replica_compare_early(struct core *core, struct replica *replica);
/* Gives up what takes too long, checks now and then; when it is due again. */
uint64_t replica_compare_tick(struct core *core, struct replica *replica);
/* What we know of the peer may be wrong: all is compared soon. */
void replica_suspect(const struct core *core, struct replica *replica);
void replica_compare_drop(struct replica *replica);
/* Its groups are others: what was compared does not count. */
void replica_compare_reset(struct replica *replica);
/* replicate_take.c: bodies that are left out of runs, theirs and ours. */
enum gmm_err replica_on_take(struct replica *replica, const uint8_t *payload, size_t len);
/* TAKE, when there is something to leave out, or was. */
void replica_send_take(struct core *core, struct replica *replica);
/* Is this body left out? *budget: bytes of bodies that the run may still have. */
bool replica_leaves_out(const struct replica *replica, const struct run_entry *entry, size_t *budget);
/* replicate_send.c: what goes out. */
/* The peer gets these entries of a log. wanted: it asked, or is to have them whatever it says. */
enum gmm_err replica_give(struct replica *replica, struct logs_log *log, uint64_t from, uint64_t to, bool wanted);
void replica_announce(struct core *core, struct replica *replica);
/* Announces, once that is due, the heads of what changed and was neither pushed nor told; when it is due again, or
 * UINT64_MAX. */
uint64_t replica_tell(struct core *core, struct replica *replica);
void replica_announce_one(struct core *core, struct replica *replica, const struct logs_log *log);
/* At most MESSAGE_HEADS_MAX of them. */
void replica_announce_logs(struct core *core, struct replica *replica, const struct logs_log *const *logs,
                           size_t count);
/* "Fingerprints and offers use min(head, end)." False: there is nothing to offer. */
bool replica_head_of(struct core *core, const struct replica *replica, const struct logs_log *log,
                     struct message_head *head);
/* Would more heads than that be announced? */
bool replica_many_untold(struct core *core, const struct replica *replica, size_t few);
/* Sends once what goes before any heads: the names of fork proofs. */
enum gmm_err replica_before_heads(struct core *core, struct replica *replica);
/* It sent a run of what we hold already: our head is announced to it even so, for it to compare. */
void replica_unchecked(struct core *core, struct replica *replica, const struct logs_log *log);
enum gmm_err replica_serve(struct core *core, struct replica *replica, const struct message_wants *wants);
void replica_push(struct core *core, struct replica *replica, struct logs_log *log, uint64_t first, uint64_t last);
void replica_load_next(struct core *core, struct replica *replica);
void replica_send_run(struct core *core, struct replica *replica, struct replica_range *range, const struct run *run);

#endif
