/* The charter: the founding object of a network (protocol: Keys and the objects they sign).
 *
 * content = {ver u8 = 1, random 32, time u64 ms, name text8,
 *            founder: {id text8, name text8, kind u8, root_pk 32, next_commit 32},
 *            term_until u64 ms, admission u8 (1 chair, 2 chair and sponsor, 3 two thirds),
 *            thematic u8 (1 open: every participant but observers; 2 listed: only those added),
 *            leads: 5 × text8 participant id, in the order of charter_thematic_name (empty: the chair)}
 * object = content ‖ SIG(founder root, charter-signature, content) with nid = H(charter, content)
 *
 * The first chair is the founder, term 1, from the charter's time to term_until.
 */
#ifndef GMM_KEYS_CHARTER_H
#define GMM_KEYS_CHARTER_H

#include "keys/identity.h"

enum charter_admission { CHARTER_BY_CHAIR = 1, CHARTER_BY_CHAIR_AND_SPONSOR = 2, CHARTER_BY_TWO_THIRDS = 3 };
enum charter_thematic { CHARTER_THEMATIC_OPEN = 1, CHARTER_THEMATIC_LISTED = 2 };

#define CHARTER_BYTES_MAX 4096u

struct charter {
    uint8_t random[32];
    uint64_t time_ms, term_until_ms;
    char name[LIMIT_NAME_TEXT + 1];
    char founder_id[LIMIT_PARTICIPANT_ID + 1];
    char founder_name[LIMIT_NAME_TEXT + 1];
    uint8_t founder_kind, admission, thematic;
    struct gmm_id founder_root_pk, founder_next_commit;
    char leads[LIMIT_THEMATIC][LIMIT_PARTICIPANT_ID + 1];
    /* derived by charter_open and charter_make */
    struct gmm_id nid, founder_pid;
};

/* "data-research", "rights-gender", "mainstreaming", "decent-work", "capacity"; NULL from 5 on. */
const char *charter_thematic_name(unsigned index);
/* Encodes, signs, fills nid and founder_pid; out is appended to, and on failure left as it was. What charter_open would
 * refuse is refused with the same error; GMM_EKEY also when root_sk is not the founder's; the buffer's failure. */
enum gmm_err charter_make(struct buffer *out, struct charter *charter, const uint8_t root_sk[64]);
/* GMM_EFORMAT: layout, names, numbers, a term that ends before it begins, times above IDENTITY_TIME_MS_MAX;
 * GMM_EVERSION; GMM_EKEY; GMM_ESIGNATURE. *out means nothing after a failure. */
enum gmm_err charter_open(struct charter *out, const void *bytes, size_t len);

#endif
