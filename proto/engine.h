/* The engine: the whole protocol of one office as a deterministic state machine (architecture: rule 1).
 *
 * engine_step(engine, event, effects) takes one event and appends effects. No I/O, no clock, no randomness, no
 * callback: every event carries the time and 32 random bytes of the driver's. The daemon, one-shot commands, the
 * simulator and the fuzzers drive the same engine. The engine dispatches to modules; each owns its state and never
 * includes another.
 *
 * Ownership: pointers inside an event are borrowed for the call unless said otherwise. Everything inside effects
 * belongs to the effects list until effects_reset, except what a driver takes explicitly (effect_take_*).
 *
 * Persist, then speak: what a STORE effect carries is announced, pushed, answered only after PERSISTED with its ticket.
 * Stores are carried out in order, but for those of chunks, which depend on nothing and may come to their end whenever
 * they do. After STORE_FAILED without a ticket the engine rolls back everything not yet persisted, and the driver fails
 * every store emitted before that event was stepped.
 */
#ifndef GMM_PROTO_ENGINE_H
#define GMM_PROTO_ENGINE_H

#include "keys/keystore.h"
#include "proto/fold.h"
#include "proto/forks.h"
#include "proto/gate.h"
#include "proto/relayed.h"
#include "proto/session.h"
#include "proto/take.h"

struct engine;
struct effects;

struct engine_config {
    const struct keystore *keystore; /* borrowed for the engine's life */
    struct gmm_id nid;               /* the network; a charter of another one is refused */
    uint8_t store_id[16];            /* random, names this store in cursor tokens */
    bool heads_only;                 /* compares nothing by ranges, as nodes that do not know them (tests) */
    uint64_t build_ms;               /* we refuse to sign when the clock is before it */
    bool pinned;                     /* while we wait for admission: accept this peer before it is in our roster */
    struct gmm_id pinned_noise_pk;
    bool relays_within; /* what is kept of chunks as a relay has bounds, in bytes: in all, and for one group */
    uint64_t relay_most, relay_group_most;
    bool checks_chunks; /* the driver looks whether a chunk's bytes have its id before it stores them (chunk_unchecked)
                         */
};

enum engine_event_kind {
    /* once, at start, in this order; then START */
    ENGINE_RESTORE_OBJECT, /* bytes */
    ENGINE_RESTORE_LOG,    /* restore_log */
    ENGINE_RESTORE_ENTRY,  /* entry: a plain entry (type < 64); GMM_ECORRUPT: not what its header and id say */
    ENGINE_RESTORE_SECRET, /* secret */
    ENGINE_RESTORE_CURSOR, /* cursor: the token that this peer gave us */
    ENGINE_RESTORE_CLOCKS, /* bytes: as engine_clocks gave them; others are taken for none */
    ENGINE_RESTORE_TALLY,  /* tally: entries held that are sealed under an epoch */
    ENGINE_RESTORE_PROOF,  /* bytes: a fork proof */
    ENGINE_START,          /* floor: as stored last; 0: never */
    /* connections; conn numbers are the driver's, never reused within a run */
    ENGINE_CONNECTED, /* connected */
    ENGINE_RECEIVED,  /* conn, bytes */
    ENGINE_DRAINED, /* conn, queued: bytes the transport still holds; room: what the link takes in half a second, 0: as
                       before */
    ENGINE_DISCONNECTED,
    /* answers of the store */
    ENGINE_PERSISTED,    /* ticket */
    ENGINE_STORE_FAILED, /* err; ticket: a chunk's store, which alone failed (GMM_ESIGNATURE: other bytes than its id
                            says); 0: all that are under way */
    ENGINE_LOADED,       /* ticket, loaded run (taken; NULL: not there) */
    ENGINE_CHUNK_LOADED, /* ticket, chunk: bytes from offset; total 0: not held */
    /* the office's own doing */
    ENGINE_APPEND,       /* request, append */
    ENGINE_FLUSH,        /* signs and stores what APPEND with `more` left pending */
    ENGINE_ADD_OBJECT,   /* request, bytes: a root object of ours or one that came by hand */
    ENGINE_ENSURE_EPOCH, /* request, gid; force: a new one whatever there is (rotation) */
    ENGINE_IMPORT_RUN,   /* request, bytes, import: a run that came by hand (welcome file, bundle) */
    ENGINE_IMPORT_PROOF, /* request, bytes: a fork proof that came by hand */
    ENGINE_CHUNK_CAME,   /* want: chunks that came by hand and are stored */
    ENGINE_WANT_CHUNKS,  /* want: chunks, or bodies, to fetch from whoever has them */
    ENGINE_CHUNKS_HELD,  /* held: all chunks of a group (engine_lists_chunks) */
    ENGINE_ERASED,       /* erased: a body or chunk is wanted no more; or a body is missing again */
    ENGINE_JOIN_SEND,    /* conn, bytes: the request to deliver on a join connection of ours */
    ENGINE_JOIN_ANSWER,  /* conn, bytes: JOIN_ANSWER payload to the newcomer */
    ENGINE_WRAP_KEYS,    /* err: the keystore's wrap keys were seen to (EFFECT_WRAP_KEYS); GMM_OK: it is saved */
    ENGINE_URGENT,       /* urgent: all logs under consultation, in place of those told before: anchored within 60 s */
    ENGINE_BEHIND,       /* behind: the driver has yet to look through entries that came, for what they name */
    ENGINE_TAKE,         /* take: what this office takes by itself from now on; also before START */
    ENGINE_TICK          /* the timer asked for has come */
};

struct engine_event {
    enum engine_event_kind kind;
    uint64_t now_ms;
    uint8_t random[32];
    uint32_t conn;
    uint64_t ticket, request;
    enum gmm_err err;
    const void *bytes;
    size_t len;
    size_t queued, room;
    union {
        struct {
            struct run_key key;
            struct logs_head head;
            uint64_t arrival, gaps; /* gaps: entries whose body is not here */
            bool closed;
        } restore_log;
        struct {
            const uint8_t *header;
            struct gmm_id id;
            const uint8_t *body;
            size_t body_len;
        } entry;
        uint64_t floor;
        struct {
            struct gmm_id epoch_id;
            uint64_t entries;
        } tally;
        struct {
            struct gmm_id epoch_id;
            const uint8_t *secret;
        } secret;
        struct {
            struct gmm_id sign_pk;
            const uint8_t *token;
            size_t len;
        } cursor;
        struct {
            bool initiator;
            enum session_purpose purpose;
            struct gmm_id remote_noise_pk; /* initiator: whom we expect */
            uint64_t address;              /* a hash of the remote address, for limits per address */
            size_t room;                   /* as of DRAINED; 0: nothing is known of the link */
        } connected;
        struct {
            struct gmm_id gid; /* zero: our control log */
            uint16_t type;
            const void *body; /* type < 64: the fixed-binary body; else the record's plaintext */
            size_t len;
            const struct body_packed *packed; /* of that plaintext (proto/body.h); NULL: packed here */
            bool more;                        /* keep the run open: more follows, or FLUSH */
        } append;
        struct {
            struct gmm_id gid;
            bool force;
        } epoch;
        struct {
            struct gmm_id gid;
            const struct gmm_id *ids;
            size_t count;
            const struct gmm_id *hashes; /* not NULL: bodies of these entries, which hash to this */
            const struct run_key *log;   /* of those entries */
            bool demand;                 /* somebody waits for it: metered links too are asked */
        } want;
        struct {
            struct gmm_id gid;
            const struct gmm_id *ids;
            const uint32_t *lens; /* sealed */
            size_t count;
        } held;
        struct {
            struct gmm_id gid, id;
            const struct run_key *log; /* of the entry; NULL: a chunk */
            int gaps; /* -1: its body was missing; 1: it is missing again; 0: it is there, or never counted */
        } erased;
        struct {
            const uint8_t *bytes;
            size_t len, total, offset;
        } chunk;
        struct run *loaded;
        const struct take *take;
        bool behind;
        struct {
            const struct run_key *logs;
            size_t count;
        } urgent;
        struct {
            bool has_prev;      /* the run begins before our head: */
            struct gmm_id prev; /* the id that we hold before it */
        } import;
    } as;
};

enum effect_kind {
    EFFECT_SEND,       /* conn, bytes */
    EFFECT_CLOSE,      /* conn, err, text */
    EFFECT_STORE,      /* ticket, store */
    EFFECT_LOAD,       /* ticket, load */
    EFFECT_LOAD_CHUNK, /* ticket, chunk: gid, id, offset, max; of a chunk, or of the body of an entry with this id;
                          staged: what STAGE kept of it */
    EFFECT_STAGE,      /* chunk: gid, id, offset, max: what came of a piece of max bytes, to be kept beside the store's
                          truth; bytes NULL: nothing is kept any more. It may fail */
    EFFECT_TIMER,      /* at_ms: the next TICK (replaces the one before) */
    EFFECT_ASSIGNED,   /* request, id: the entry's id, volatile until DONE */
    EFFECT_DONE,       /* request, err, text, id */
    EFFECT_ENTRIES,    /* entries: persisted, to be projected */
    EFFECT_SECRET,     /* id: this epoch's secret is now held and persisted */
    EFFECT_VIEW,       /* authority changed: verdicts, roster, groups may have */
    EFFECT_PEER,       /* conn, peer */
    EFFECT_CHUNK_HERE, /* chunk gid, id: stored now */
    EFFECT_CHUNK_NOT,  /* chunk gid, id: nobody connected has it (asked again when a peer connects) */
    EFFECT_JOIN_REQUEST,  /* conn, bytes: at the inviter */
    EFFECT_JOIN_ANSWERED, /* conn, bytes: at the newcomer: JOIN_ANSWER payload */
    EFFECT_WRAP_KEYS,     /* outdated: keystore (keys/wrapkeys.h): retire so many, expire, renew; save; WRAP_KEYS */
    EFFECT_FORK           /* log: two signed heads disagree */
};

/* What a store writes in one go; all or nothing. */
struct engine_store {
    bool durable; /* own posts and secrets: full synchronisation before PERSISTED */
    uint32_t run_count;
    struct admitted **runs;
    uint64_t *arrivals; /* arrival number of each run */
    uint32_t object_count;
    struct gmm_id *object_hashes; /* bytes by directory_find */
    uint32_t secret_count;
    struct gmm_id *secret_ids; /* secrets by engine_secret */
    bool has_cursor;
    struct gmm_id cursor_peer;
    uint8_t cursor[64];
    size_t cursor_len;
    uint64_t floor;  /* not 0: arrival numbers of this start begin above it; must be on disk before any of them */
    bool has_closed; /* a log of ours that goes on in a new instance */
    struct run_key closed;
    uint32_t proof_count;
    struct gmm_id *proof_hashes; /* fork proofs, bytes by engine_forks */
    bool has_evicted;            /* a proof that smaller ones have put out of the set */
    struct gmm_id evicted;
    bool has_cut; /* entries of this log from cut_from on go (another branch is kept), and all cursors with them */
    struct run_key cut;
    uint64_t cut_from;
    uint32_t raised_count; /* logs that get a new arrival number without new entries */
    struct run_key *raised;
    uint64_t *raised_arrivals;
    bool has_chunk;       /* a piece */
    bool chunk_is_body;   /* of the entry with this id; else a chunk */
    bool chunk_staged;    /* what was staged of it goes */
    bool chunk_unchecked; /* its bytes are to be held against chunk_id first (keys/chunk.h: chunk_id) */
    struct gmm_id chunk_gid, chunk_id;
    uint8_t *chunk;
    size_t chunk_len;
};

enum engine_peer_state {
    ENGINE_PEER_OPEN = 1 /* session established */,
    ENGINE_PEER_SYNCED /* neither side lacks anything */,
    ENGINE_PEER_BUSY /* again behind */
};

struct effect {
    enum effect_kind kind;
    uint32_t conn;
    uint64_t ticket, request, at_ms;
    enum gmm_err err;
    struct gmm_id id;
    uint8_t *bytes; /* owned */
    size_t len;
    char text[200];
    union {
        struct engine_store store;
        struct {
            struct run_key key;
            uint64_t from_seq, to_seq;
            size_t max_bytes;
            bool headers; /* without bodies */
            bool exact;   /* may end at to_seq although no head is signed there: its signature is zero then */
        } load;           /* a run from from_seq to at most to_seq, ending at a signed head, in one block of 256 */
        struct {
            struct gmm_id gid, id;
            uint32_t offset, max;
            bool staged, body;
        } chunk;
        struct {
            struct run_key key;
            uint64_t first_seq;
            uint32_t count;
        } entries;
        struct {
            struct gmm_id sign_pk, pid;
            enum engine_peer_state state;
            uint64_t received, sent; /* entries, this session */
        } peer;
        struct run_key log;
        size_t outdated;
    } as;
};

struct effects *effects_new(void);
void effects_free(struct effects *effects);
size_t effects_count(const struct effects *effects);
struct effect *effects_at(struct effects *effects, size_t index);
void effects_reset(struct effects *effects);

enum gmm_err engine_new(struct engine **out, const struct engine_config *config);
void engine_free(struct engine *engine);
/* GMM_ENOMEM: the engine may no longer know what the store holds; every later step fails alike, and the driver starts a
 * new engine from the store. Other errors concern the event alone. conn 0 is never a connection. */
enum gmm_err engine_step(struct engine *engine, const struct engine_event *event, struct effects *effects);

/* Looking in (valid until the next step). */
const struct view *engine_view(struct engine *engine);
struct fold *engine_fold(struct engine *engine);
const struct logs *engine_logs(const struct engine *engine);
/* The evidence: every fork proof held. What it comes to is in the view (view_fork). */
const struct forks *engine_forks(const struct engine *engine);
const struct directory *engine_directory(const struct engine *engine);
const uint8_t *engine_secret(const struct engine *engine, const struct gmm_id *epoch_id); /* NULL: not held */
/* The chunk domain's secret for the epoch that we would send under; GMM_ENOTFOUND: none usable (ENSURE_EPOCH first). */
enum gmm_err engine_domain(struct engine *engine, const struct gmm_id *gid, uint64_t now_ms, uint8_t conv[32]);
/* Our own participant in the view; NULL before admission. */
const struct view_participant *engine_self(struct engine *engine);
/* True when every open session is in sync both ways and no chunk is wanted that a connected peer may have. */
bool engine_idle(const struct engine *engine);
/* Does this office take the body of such an entry by itself? */
bool engine_takes(const struct engine *engine, const struct gmm_id *gid, uint64_t time_ms);
size_t engine_chunks_wanted(const struct engine *engine);
/* The group whose chunks are to be told by ENGINE_CHUNKS_HELD: one of ours with a relay connected, or one that we relay
 * within bounds. Asked after each step; false: none now. */
bool engine_lists_chunks(struct engine *engine, struct gmm_id *gid);
/* What we keep of chunks as a relay. */
const struct relayed *engine_relayed(const struct engine *engine);
/* Entries that connected peers hold and we do not. */
uint64_t engine_lacking(const struct engine *engine);
/* What gossip costs: entries that peers sent in runs so far, of use, and held already. */
void engine_toll(const struct engine *engine, uint64_t *taken, uint64_t *repeated);
/* How far our clock is ahead of the median of the participants heard within 24 hours (proto/clocks.h), and whether we
 * refuse to sign for that. Returns how many were heard; 0: *ahead_ms is 0. */
size_t engine_clock(const struct engine *engine, uint64_t now_ms, int64_t *ahead_ms, bool *refused);
/* For the store: changed when a session opens (EFFECT_PEER). GMM_ENOMEM. */
enum gmm_err engine_clocks(const struct engine *engine, struct buffer *out);

#endif
