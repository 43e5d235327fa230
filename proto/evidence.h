/* Evidence: one sealed entry, shown to somebody who has nothing else — no network, no key (docs/formats.md: Evidence
 * files).
 *
 *   evidence = "GMMPROOF", ver u8 = 2,
 *              objects: count u32 × object bytes32         all root objects, as directory_by_need orders them
 *              forks:   count u8 ≤ 8 × proof bytes32       of the entry's log, ascending by name
 *              control: count u32 × stretch                of control logs, ascending by (author, instance, seq)
 *              group:   count u32 × stretch                of the entry's group, likewise; absent in version 1
 *              entry:   stretch, key 32                    the entry is its first; key: of the entry's body alone
 *              sum 32 = H(evidence, all before)
 *   stretch  = prev 32 (id of the entry before, log0 at seq 0), run bytes32 (proto/run.h)
 *
 * A control stretch begins with a record that says who may do what; others in it (WRAPKEY, ANCHOR) stand without their
 * bodies. A stretch of the group begins with a record that says who is in it, or with an anchor; in it and in the
 * entry's own stretch only the first entry has its body. Whatever the file says is signed, or hashed by what is:
 * evidence_open needs nobody's word for it. What nobody can prove is that a record was left out.
 */
#ifndef GMM_PROTO_EVIDENCE_H
#define GMM_PROTO_EVIDENCE_H

#include "proto/fold.h"
#include "proto/forks.h"

struct evidence {
    unsigned version; /* 1: nothing of the group is in it */
    struct directory *directory;
    struct forks *forks;
    struct verified_run **control, **group; /* group: the first entry of each has a body */
    size_t control_count, group_count;
    struct verified_run *run; /* the entry is its first */
    uint8_t key[32];
    struct header header;
    struct gmm_id id;
    uint8_t *plain; /* the record that the entry sealed */
    size_t plain_len;
    struct fold *fold; /* of the records */
    struct fold_past *past;
};

/* What an evidence file is made of: borrowed. */
struct evidence_parts {
    const struct directory *directory;
    const struct forks *forks; /* those of the entry's log are taken; NULL: none */
    const struct run *const *control, *const *group;
    size_t control_count, group_count;
    const struct run *run;
    const uint8_t *key; /* 32 bytes: seal_reveal */
};

/* Does a record of a control log belong into an evidence file? One of the entry's group? */
bool evidence_wants(uint16_t type);
bool evidence_wants_of_group(uint16_t type);
/* Appends; on failure out is left as it was. GMM_ELIMIT above LIMIT_EVIDENCE_BYTES, GMM_ENOMEM. What evidence_open
 * would refuse is not refused here. */
enum gmm_err evidence_make(struct buffer *out, const struct evidence_parts *parts);
/* Proves everything; why says which item is at fault and how. GMM_EFORMAT, GMM_EVERSION, GMM_ELIMIT, GMM_ECORRUPT: the
 * sum does not fit; GMM_ESIGNATURE, GMM_EKEY, GMM_ENETWORK, GMM_EORDER, GMM_EDECRYPT; GMM_EUNKNOWN: no certificate of
 * an author; GMM_ENOMEM. On failure *out is NULL. */
enum gmm_err evidence_open(struct evidence **out, const void *bytes, size_t len, struct gmm_msg *why);
void evidence_free(struct evidence *e);
/* Who may do what by the records in the file: after all of them (NULL: out of memory); at the entry's time. */
const struct view *evidence_view(struct evidence *e);
const struct view *evidence_view_then(const struct evidence *e);

#endif
