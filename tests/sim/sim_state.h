/* What the simulation consists of: private to tests/sim/sim*.c. */
#ifndef GMM_TESTS_SIM_STATE_H
#define GMM_TESTS_SIM_STATE_H

#include "tests/sim/sim.h"

#define SIM_START_MS UINT64_C(1800000000000)
#define SIM_YEAR_MS (UINT64_C(366) * 86400000)

struct chunk {
    struct gmm_id gid, id;
    uint8_t *bytes;
    size_t len;
};
struct office {
    struct keystore *keystore;
    struct engine *engine; /* NULL: down */
    struct effects *effects;
    struct disk *disk;
    uint64_t generation; /* of the process: events of an earlier one are dropped */
    uint64_t tick_ms, restart_ms, stored_ms, next_request;
    struct gmm_id pid;
    uint8_t *certificate, *charter;
    size_t certificate_len, charter_len;
    uint8_t join_signature[HASH_SIG_BYTES];
    struct chunk *chunks;
    size_t chunk_count;
    bool clone;   /* its keystore is another's */
    bool retired; /* for good */
    bool withholds, lost;
    struct run_key withheld;
};
struct wire { /* one connection */
    uint32_t conn;
    unsigned ends[2]; /* ends[0] dialled */
    uint64_t generations[2];
    uint32_t latency_ms;
    uint64_t arrives_ms[2]; /* of the last bytes towards end i: order is kept within a connection */
    bool open;
};
struct link { /* a pair that keeps connecting */
    unsigned a, b;
    uint32_t latency_ms;
    uint64_t retry_ms;
};
enum happening { DELIVER, DRAIN, PERSIST, LOADED, CHUNK_LOADED, KEYS_SAVED, BREAK, CRASH, HANG_UP };
struct event {
    uint64_t at_ms, order;
    enum happening what;
    unsigned office;
    uint64_t generation;
    uint32_t conn;
    uint8_t *bytes;
    size_t len;
    uint64_t ticket;
    size_t place;
    bool durable;
    struct run_key key;
    uint64_t from, to;
    bool headers, exact;
    struct gmm_id gid, id; /* of a chunk */
    uint32_t offset, max;
};
struct post {
    unsigned office;
    uint64_t generation, request;
    struct gmm_id gid, id;
    bool appended;
};
struct acknowledged {
    struct gmm_id id, gid;
    unsigned office;
};
struct sealed { /* an entry, as its author knew the group when it sealed it */
    struct gmm_id id, gid;
    unsigned author;
    uint64_t current; /* offices */
    bool history;
    struct gmm_id chunk; /* of a file that everybody has, if it was uploaded then */
};
struct sim {
    struct sim_options options;
    uint64_t random, now_ms, order, bytes;
    struct office offices[SIM_OFFICES];
    struct gmm_id nid, circle;
    struct wire *wires;
    size_t wire_count;
    uint32_t next_conn;
    struct link *links;
    size_t link_count;
    struct event *heap;
    size_t heap_count, heap_capacity;
    struct post *posts;
    size_t post_count;
    struct acknowledged *acknowledged;
    size_t acknowledged_count;
    uint64_t side; /* offices with their bit set are cut off from the others */
    bool failures;
    uint64_t append_request; /* of sim_append */
    struct gmm_id append_id;
    bool append_assigned, misused; /* misused: an entry was sealed under an epoch that its author must not use */
    struct sealed *sealed;
    size_t sealed_count;
};

void *sim_must(void *p);
void sim_random_bytes(struct sim *sim, uint8_t *out, size_t n);
void sim_step(struct sim *sim, unsigned office, struct engine_event *event);
void sim_add_object(struct sim *sim, unsigned office, const uint8_t *bytes, size_t len);
void sim_boot(struct sim *sim, unsigned office);
void sim_plan_failure(struct sim *sim, enum happening what, uint32_t every_ms);
/* sim_chunks.c */
void sim_chunks_free(struct sim *sim, unsigned office);
void sim_chunk_stored(struct sim *sim, unsigned office, const struct gmm_id *gid, const struct gmm_id *id,
                      const uint8_t *bytes, size_t len);
void sim_chunk_load(struct sim *sim, unsigned office, uint64_t ticket, const struct gmm_id *gid,
                    const struct gmm_id *id, uint32_t offset, uint32_t max);
void sim_chunks_list(struct sim *sim, unsigned office);
#define SIM_FILE "a file that everybody has"
/* sim_check.c: notes what this office wants stored, and whether it sealed it well. */
void sim_check_sealed(struct sim *sim, unsigned office, const struct effect *effect);

#endif
