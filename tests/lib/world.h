/* A small network with known keys, for tests of what stands on records: participants by name, their offices, the
 * charter, and the entries that the offices write. Always the same bytes; what goes wrong in making it ends the test
 * program.
 *
 * Entries are numbered as they are made. They go into the world's own fold; tests of order feed others with them. Each
 * entry is a second later than the one before, unless w->now_ms is moved.
 */
#ifndef GMM_TESTS_WORLD_H
#define GMM_TESTS_WORLD_H

#include "proto/control_proof.h"
#include "proto/directory.h"
#include "proto/fold.h"
#include "proto/gate.h"
#include "proto/run.h"

#define WORLD_START_MS UINT64_C(1388534400000) /* 1 January 2014 */
#define WORLD_YEAR_MS (UINT64_C(365) * 24 * 3600 * 1000)
#define WORLD_INSTANCE UINT64_C(0x1122334455667788)

struct world_participant {
    char id[LIMIT_PARTICIPANT_ID + 1];
    uint8_t kind;
    uint8_t root_sk[64], next_root_sk[64];
    struct gmm_id root_pk, next_root_pk, next_commit, pid;
    uint64_t serial; /* of the last certificate issued */
};
struct world_office {
    unsigned participant;
    char name[LIMIT_OFFICE_TEXT + 1];
    uint8_t sign_sk[64], noise_sk[32], wrap_sk[32];
    struct gmm_id sign_pk, noise_pk, wrap_pk;
};
struct world_entry {
    unsigned office;
    struct run_key log;
    uint64_t seq;
    uint8_t header[HEADER_BYTES];
    struct gmm_id id;
    uint8_t *body;
    uint32_t len;
};
struct world {
    struct gmm_id nid;
    struct charter charter;
    struct directory *directory;
    struct fold *fold;
    uint64_t now_ms;
    uint64_t instance; /* of the logs written to; WORLD_INSTANCE */
    unsigned participant_count, office_count, entry_count;
    unsigned participant_cap, office_cap, entry_cap;
    struct world_participant *participants; /* 0: the founder, "ilo" */
    struct world_office *offices;           /* 0: the founder's "hq", with every role */
    struct world_entry *entries;
};

/* The charter that world_open takes when none is given: founded by ilo, the chair admits, thematic groups are open. */
void world_charter(struct charter *out);
/* Names, times, policies and leads of the charter given; its keys are filled in. NULL: world_charter. */
void world_open(struct world *w, const struct charter *charter);
void world_close(struct world *w);

/* A participant's keys; nothing is admitted yet. An id gives the same keys in every world. */
unsigned world_participant(struct world *w, const char *id, uint8_t kind);
/* An office's keys, not certified. */
unsigned world_office(struct world *w, unsigned participant, const char *name);
/* The certificate that an office would get next: three years, no role, next serial of its participant. */
void world_certificate(const struct world *w, unsigned office, struct certificate *out);
/* Signs with the participant's root 0 and adds to the directory; *hash (may be NULL) names it. */
void world_issue(struct world *w, unsigned participant, const struct certificate *certificate, struct gmm_id *hash);
/* Keys and certificate with these roles in one. */
unsigned world_certified(struct world *w, unsigned participant, const char *name, uint16_t roles);
/* A revocation of an office's key, signed by a root (signer UINT_MAX) or by an office. */
void world_revoke(struct world *w, unsigned office, unsigned signer, const struct revocation_cut *cuts, uint16_t count);

/* The participant's root vouches for logs of that key; an office does in its control log (its entry). */
void world_vouch_root(struct world *w, unsigned office, const struct revocation_cut *cuts, uint16_t count);
unsigned world_vouch(struct world *w, unsigned by, unsigned office, const struct revocation_cut *cuts, uint16_t count);

/* The next entry of an office's log in a group (NULL: control); its number. */
unsigned world_append(struct world *w, unsigned office, const struct gmm_id *gid, uint16_t type, const void *body,
                      size_t len);
/* By an office of the chair: admits the participant of the office that joins, with its join signature. */
void world_admission(const struct world *w, unsigned joining, struct control_admit *out);
unsigned world_admit(struct world *w, unsigned chair, unsigned joining);
/* Participant, office "hq" with every role, admission by office 0: the number of the office. */
unsigned world_join(struct world *w, const char *id, uint8_t kind);
unsigned world_members(struct world *w, unsigned office, const struct gmm_id *gid, uint16_t type,
                       const unsigned *participants, uint16_t count); /* ADD or REMOVE */
/* A circle of the office's participant with those named; its gid. `number` makes it another circle. */
unsigned world_circle(struct world *w, unsigned office, uint8_t number, bool history, const unsigned *participants,
                      uint16_t count, struct gmm_id *gid);
/* An epoch to these offices with these parents (entries); its secret is 32 bytes of its generation. */
unsigned world_epoch(struct world *w, unsigned office, const struct gmm_id *gid, uint32_t gen, const unsigned *parents,
                     size_t parent_count, const unsigned *recipients, size_t recipient_count);
/* The same with what else an epoch may say. */
struct world_epoch {
    uint32_t gen;
    const unsigned *parents; /* entries; the secret of each is its generation's */
    size_t parent_count;
    const unsigned *recipients;
    size_t recipient_count;
    bool history, inherited; /* wraps its parents' secrets; the first one's chunk domain goes on */
    const unsigned *lied_to; /* one of the recipients: another secret than the one committed to is wrapped to it */
};
unsigned world_epoch_as(struct world *w, unsigned office, const struct gmm_id *gid, const struct world_epoch *as);
unsigned world_epoch_bad(struct world *w, unsigned office, const struct gmm_id *gid, unsigned epoch);
/* A WRAP of an epoch (entry) to one office; and one of another secret. */
unsigned world_wrap(struct world *w, unsigned office, unsigned epoch, unsigned target);
unsigned world_wrap_lie(struct world *w, unsigned office, unsigned epoch, unsigned target);

/* An ANCHOR (gid NULL) or GROUP_ANCHOR of these heads; a sister's report of an anchor (entry), in `internal`. */
unsigned world_anchor(struct world *w, unsigned office, const struct gmm_id *gid,
                      const struct control_anchor_head *heads, uint16_t count);
unsigned world_report(struct world *w, unsigned office, const struct gmm_id *gid, unsigned anchor);

void world_gid_all(const struct world *w, struct gmm_id *gid);
void world_gid_thematic(const struct world *w, const char *name, struct gmm_id *gid);
void world_gid_internal(const struct world *w, unsigned participant, struct gmm_id *gid);

/* Entries of one log from seq first on as a signed run (run_free). */
struct run *world_run(const struct world *w, const struct run_key *log, uint64_t first, uint32_t count);
/* The same, decoded from its wire form and verified. */
struct verified_run *world_verified(const struct world *w, const struct run_key *log, uint64_t first, uint32_t count);
void world_log_of(const struct world *w, unsigned office, const struct gmm_id *gid, struct run_key *log);
/* The view of everything so far. */
const struct view *world_view(struct world *w);
/* Everything that a view says, in one hash: two views that say the same have the same. */
void world_view_hash(struct gmm_id *out, const struct view *v);

#endif
