/* What the certificates and revocations of a directory come to, before any control record (protocol: Keys and the
 * objects they sign; Authority): which are void, which rules an office at a time, which key was revoked and from where
 * on.
 *
 * A pure function of the directory; pointers into it are borrowed. Whose office a key is that two participants certify
 * is the fold's question (state_owner).
 */
#ifndef GMM_PROTO_OFFICES_H
#define GMM_PROTO_OFFICES_H

#include "proto/directory.h"
#include "proto/run.h"

struct office_cert {
    const struct certificate *cert;
    struct gmm_id hash;    /* of the object */
    struct gmm_id sign_pk; /* the certificate's: looked up for every record, so it lies close */
    bool voided;           /* "certificates of one participant with one serial are both void"; or retired */
    bool retired;          /* by an earlier root, and a rotation since does not name it */
};
struct office_cut { /* the last entry of a log that stands */
    struct gmm_id group;
    uint64_t instance, seq;
    struct gmm_id id; /* zero: two name it differently */
    bool vouched;     /* the root does; no revocation names the log */
};
struct office_revocation {
    struct gmm_id sign_pk, pid;
    uint64_t since_ms; /* the earliest time that a revocation gives */
    size_t cut_count;
    struct office_cut *cuts; /* sorted by group and instance; logs that every revocation of the key names, and others
                                that the root vouches for */
    size_t vouched_count;
    struct office_cut *vouched; /* likewise: what two other participants vouch for (offices_vouch) */
};
struct offices {
    size_t count, deciding_count, revocation_count;
    struct office_cert *certs;             /* sorted by sign_pk, pid, serial */
    const struct office_cert **by_office;  /* all of them, sorted by pid, office, serial */
    const struct office_cert **deciding;   /* with DECIDE and not void, sorted by pid, serial */
    struct office_revocation *revocations; /* sorted by sign_pk, pid; one a key and participant */
};

/* GMM_ENOMEM: nothing is held. */
enum gmm_err offices_make(struct offices *o, const struct directory *directory);
void offices_close(struct offices *o);

/* Index of the first certificate that names this key, and how many there are. */
size_t offices_of_key(const struct offices *o, const struct gmm_id *sign_pk, size_t *count);
/* The certificate of the key by this participant at a time: of those not void and begun, the highest serial, expired or
 * not. NULL: none. */
const struct office_cert *offices_at(const struct offices *o, const struct gmm_id *sign_pk, const struct gmm_id *pid,
                                     uint64_t time_ms);
/* The same for an office's name: of its certificates that are not void and have begun, "the highest serial rules". */
const struct office_cert *offices_ruling(const struct offices *o, const struct gmm_id *pid, const char *office,
                                         uint64_t time_ms);
/* The deciding office: "of its certificates with DECIDE that are not void, in force at t (not_before ≤ t ≤ not_after),
 * ruling, and not revoked at or before t, the highest serial". NULL: none. */
const struct office_cert *offices_deciding(const struct offices *o, const struct gmm_id *pid, uint64_t time_ms);
/* The first header time behind this one at which another office may decide, by time alone: a certificate of the
 * participant begins or has expired, a revocation of a key of its begins. UINT64_MAX: none. */
uint64_t offices_turn(const struct offices *o, const struct gmm_id *pid, uint64_t time);
/* True when a certificate by this participant is held that is not void; *first is the one with the lowest serial. */
bool offices_certified(const struct offices *o, const struct gmm_id *pid, const struct office_cert **first);
const struct office_revocation *offices_revoked(const struct offices *o, const struct gmm_id *sign_pk,
                                                const struct gmm_id *pid);
/* "Beyond it all is void whatever its time says; logs that are not named are void" unless they are vouched for: does
 * this entry stand? */
bool offices_within(const struct office_revocation *revocation, const struct run_key *log, uint64_t seq);
/* The last entry of a log that does; NULL: none. */
const struct office_cut *offices_cut(const struct office_revocation *revocation, const struct gmm_id *group,
                                     uint64_t instance);
/* What other participants vouch for, in place of what they did before: takes `vouched` (malloc), in any order, logs
 * once. */
void offices_vouch(struct office_revocation *revocation, struct office_cut *vouched, size_t count);
void offices_unvouch(struct offices *o); /* of every revocation */

#endif
