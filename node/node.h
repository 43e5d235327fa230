/* A node: one office's home opened — keystore, store, engine, projections — and the engine's driver.
 *
 * node_step feeds the engine an event and carries out its effects: stores into SQLite (grouped into one transaction
 * until node_flush), sends through the network when there is one, projects what was persisted. Everything runs on the
 * loop thread. A home without a network (before `network create` or `join`) has no engine; between `join` and its
 * answer the engine has no charter, so engine_view gives NULL.
 */
#ifndef GMM_NODE_NODE_H
#define GMM_NODE_NODE_H

#include "keys/invite.h"
#include "node/chunkfile.h"
#include "node/config.h"
#include "node/home.h"
#include "node/projection.h"
#include "node/search.h"
#include "node/store.h"
#include "proto/body.h"
#include "proto/engine.h"

struct net;
struct backlog;
struct joining;
struct stepwise;
struct erasing;
struct fresh;
struct receipts;
struct urgency;
struct node;

typedef enum gmm_err node_ask_fn(void *arg, const char *prompt, uint8_t *out /* guarded, 1024 */, size_t *len);

/* The network under the engine, when there is one (node/net.c). */
struct node_transport {
    void (*send)(struct net *net, uint32_t conn, uint8_t *bytes /* taken */, size_t len);
    void (*shut)(struct net *net, uint32_t conn, enum gmm_err err, const char *text);
    void (*timer)(struct net *net, uint64_t at_ms);
    void (*peer_changed)(struct net *net, uint32_t conn, const struct effect *effect);
    void (*hang_up)(struct net *net, const char *text); /* every connection */
    void (*wake)(void *net);                            /* from any thread: there is something to flush */
};
/* What an effect asks of the layers above. */
struct node_later {
    enum effect_kind
        kind; /* ENTRIES, SECRET, VIEW, PEER (in sync: id), CHUNK_HERE, CHUNK_NOT, JOIN_REQUEST, JOIN_ANSWERED, FORK */
    struct run_key key;
    uint64_t first_seq;
    uint32_t count, conn;
    struct gmm_id id, gid;
    uint8_t *bytes;
    size_t len;
    bool body; /* CHUNK_HERE: of the entry with this id */
};
/* The layers above the driver (node/assembly.c). All are called when no step is under way, and may step themselves. */
struct node_above {
    enum gmm_err (*opened)(struct node *node, struct gmm_msg *msg);
    void (*closing)(struct node *node);
    enum gmm_err (*catch_up)(struct node *node); /* everything that was persisted and not taken in yet */
    /* GMM_OK, or it is caught up later. */
    enum gmm_err (*take)(struct node *node, const struct node_later *later);
    /* Entries of a log from a seq on go, in the transaction that is open; this one alone is called within a step. */
    enum gmm_err (*cut)(struct node *node, const struct run_key *key, uint64_t from_seq);
    /* What was in the transaction is on the disk (GMM_OK) or gone. */
    void (*flushed)(struct node *node, enum gmm_err err);
    /* Nothing is under way: no step, no flush. */
    void (*settled)(struct node *node);
    /* The loop has nothing else to do: a slice of what can wait. busy: it has, and has had for a while, so only a slice
     * of what must go on nevertheless. False: nothing waits. */
    bool (*slice)(struct node *node, bool busy);
};

struct node {
    char home[HOME_PATH_MAX];
    bool read_only, daemon;
    uint64_t opened_ms;
    struct home_lock lock;
    struct config config;
    struct keystore *keystore;
    struct keystore_lock keystore_lock; /* how the keystore file is sealed: needed to write it again */
    uint8_t *keystore_secret;           /* guarded: passphrase or key while open; NULL for method 0 */
    struct card card;
    struct store *store;
    struct chunkfile *chunks;
    struct projection *projection;
    struct search *search;
    struct engine *engine; /* NULL: no network yet */
    struct effects *effects;
    const struct node_above *above;
    const struct node_transport *transport; /* valid while net is not NULL */
    struct net *net;                        /* NULL: no loop */
    struct watch *watch;                    /* listeners of events */
    struct batch *batches;                  /* node/batch.h: under way */
    struct answers *answers;                /* node/answers.h: held until the next commit */
    struct receipts *receipts;              /* node/receipts.h: due */
    struct urgency *urgency;                /* node/urgency.h: logs under consultation */
    struct backlog *backlog;                /* node/backlog.h: not in the catalogue or the index yet; NULL: nothing */
    struct stepwise *stepwise;              /* node/stepwise.h: commands that go by steps */
    struct joining *joining;                /* node/joining.h: this home's own request to join; NULL: none waits */
    uint64_t embargo_due_ms;                /* node/embargoes.h: when the first key of ours is due; 0: none */
    bool disclosing;
    bool unhurried;          /* the loop flushes: nobody waits for the catalogue */
    uint64_t handled;        /* entries sent, or catalogued in slices, since memory was given back */
    uint64_t slice_due_ms;   /* when a slice is due that does not wait for an idle loop (sys_now_ms); 0: none */
    struct fresh *fresh;     /* node/fresh.h: posted and not in the catalogue yet; NULL: nothing */
    size_t relayed_full;     /* node/relays.h: groups that were told of as full */
    unsigned swept;          /* node/sweeping.h: folders of chunk files */
    struct erasing *erasing; /* node/erasing.h: what is to be erased */
    bool erase_again;        /* what bears on it came: it is looked at again when nothing is under way */
    struct gmm_msg damage;   /* NODE_DAMAGED: why parts of it are closed; else empty */
    /* private to node.c */
    struct node_pending *pending;
};

enum node_open_flags {
    NODE_READ_ONLY = 1,
    NODE_DAEMON = 2,
    NODE_NO_KEYS = 4, /* verify without a passphrase */
    NODE_NO_WAIT = 8, /* GMM_EBUSY at once where another command has the home */
    NODE_DAMAGED = 16 /* verify: what is damaged stays closed (no keystore, or no engine), and `damage` says why */
};
/* Asks for the passphrase through ask (NULL, or GMM_ENOTFOUND of it: from files and credentials; node/passphrase.h).
 * Takes the lock (10 s wait for a command). Called through assembly_open, which knows the layers above. */
enum gmm_err node_open(struct node **out, const char *home, unsigned flags, const struct node_above *above,
                       node_ask_fn *ask, void *arg, struct gmm_msg *msg);
void node_close(struct node *node);
/* The driver's clock: ms since 1970 (test builds: GMM_TEST_CLOCK). */
uint64_t node_now_ms(void);

/* Fills now_ms and random and steps; effects are carried out. conn events come from net.c. */
enum gmm_err node_step(struct node *node, struct engine_event *event);
/* Commits the open transaction, feeds PERSISTED, and goes on until nothing is pending. */
enum gmm_err node_flush(struct node *node);
/* As node_flush, for the loop: what nobody waits for (the catalogue of our own posts) stays open until node_flush_due,
 * so that the commit of the next post takes it along. */
enum gmm_err node_flush_awaited(struct node *node);
/* Received chunks whose files are on the disk by now (node/chunkwriter.h) get their rows, in the open transaction.
 * wait: all that are under way. */
void node_land(struct node *node, bool wait);
/* Some are under way: files may be there whose rows are still to come. */
bool node_chunks_busy(struct node *node);
/* The same as node_land, waiting; and the threads end. */
void node_chunks_close(struct node *node);
/* When to flush at the latest (sys_now_ms): several chunks, or the catalogue and the next post, share one commit and
 * its synchronisations. 0: at once. */
uint64_t node_flush_due(const struct node *node);
/* The time of the next TICK; UINT64_MAX: none. */
uint64_t node_next_tick_ms(const struct node *node);

/* Founding and joining: the charter (a directory object) comes, the engine starts. GMM_EEXISTS: in a network already.
 */
enum gmm_err node_found(struct node *node, const void *charter_object, size_t len, struct gmm_msg *msg);
/* A newcomer's engine before it has the charter: join connections to this inviter can be made, and after the answer a
 * session with it although our roster does not know it yet. Idempotent for the same network; GMM_EEXISTS for another.
 */
enum gmm_err node_begin_join(struct node *node, const struct gmm_id *nid, const struct gmm_id *inviter_noise_pk,
                             struct gmm_msg *msg);
/* The keystore's keys change: connections end and the engine goes; then, with the keys as they are now, it comes back
 * from the store. Outside of steps and flushes, after a flush. */
void node_suspend(struct node *node);
enum gmm_err node_resume(struct node *node, struct gmm_msg *msg);
/* Seals the keystore again to its file (after a change of its content). */
enum gmm_err node_save_keystore(struct node *node, struct gmm_msg *msg);

/* Appends one entry of ours, durable when it returns. gid zero: control. Checks fold_authorize for plain types. Makes
 * an epoch when the group has no usable one. once: NULL or 32 bytes of K(node, once, key); same key → the same id,
 * GMM_OK. */
enum gmm_err node_append(struct node *node, const struct gmm_id *gid, uint16_t type, const void *body, size_t len,
                         const uint8_t *once, struct gmm_id *id, struct gmm_msg *msg);
/* As node_append, not yet durable: the id is fixed at once; the next flush makes all durable or none. packed: what
 * body_pack made of a sealed type's body; NULL: it is packed here. */
enum gmm_err node_append_more(struct node *node, const struct gmm_id *gid, uint16_t type, const void *body, size_t len,
                              const struct body_packed *packed, struct gmm_id *id, struct gmm_msg *msg);
enum gmm_err node_flush_appends(struct node *node, struct gmm_msg *msg);
/* A command that failed takes back what it put into the open transaction (chunk rows), unless stores of the engine's
 * are in it, which then stand with it. */
void node_discard(struct node *node);
enum gmm_err node_add_object(struct node *node, const void *bytes, size_t len, struct gmm_msg *msg);
/* A run that came by hand (welcome file): through the gate, durable when it returns. GMM_EEXISTS: held already. */
enum gmm_err node_import_run(struct node *node, const void *bytes, size_t len, struct gmm_msg *msg);
/* The same for many, durable after node_flush: one of the kinds ADD_OBJECT, IMPORT_RUN, IMPORT_PROOF. GMM_OK also when
 * it is held already; errors as the engine's DONE has them. */
enum gmm_err node_take(struct node *node, enum engine_event_kind kind, const void *bytes, size_t len,
                       struct gmm_msg *msg);
enum gmm_err node_ensure_epoch(struct node *node, const struct gmm_id *gid, bool force, struct gmm_msg *msg);

/* Opens the record of an entry (sealed types). *plain: seal_free. header may be NULL. GMM_ENOTFOUND, GMM_EABSENT,
 * GMM_EDECRYPT (no secret: GMM_EUNKNOWN), GMM_ECORRUPT. */
enum gmm_err node_open_record(struct node *node, const struct gmm_id *id, struct header *header, uint8_t **plain,
                              size_t *len);
/* The same from an entry in hand. header is filled when the type is a sealed one. */
enum gmm_err node_open_body(struct node *node, const uint8_t bytes[HEADER_BYTES], const uint8_t *body, size_t body_len,
                            struct header *header, uint8_t **plain, size_t *len);
/* Ourselves. */
const struct gmm_id *node_pid(const struct node *node);
/* Takes part: active, or suspended, for then its sessions go on and the fold says what it may. */
bool node_is_active(struct node *node);
/* Asks connected peers for these chunks; EFFECT_CHUNK_HERE reaches node_chunk_waiters (node/content.h). */
enum gmm_err node_want_chunks(struct node *node, const struct gmm_id *gid, const struct gmm_id *ids, size_t count,
                              bool demand);
/* The same for the body of an entry that came without it. demand: somebody waits, metered links too are asked. */
enum gmm_err node_want_body(struct node *node, const uint8_t header[HEADER_BYTES], bool demand);

#endif
