/* What an office's real keys open, given every record there is: the program is not asked whether they may.
 *
 * For adversarial tests: a removed member or a newcomer that got hold of all ciphertexts. Secrets come from its private
 * wrap keys (records of its own, and those of others tried as if they were), from WRAPs, and from history wraps, until
 * nothing more opens; and from what it held before.
 */
#ifndef GMM_TESTS_THIEF_H
#define GMM_TESTS_THIEF_H

#include "keys/keystore.h"
#include "proto/fold.h"

struct thief_secret {
    struct gmm_id epoch_id, gid;
    uint8_t secret[32];
};
struct thief {
    struct gmm_id nid;
    struct thief_secret *secrets;
    size_t count;
};

void thief_open(struct thief *t, const struct gmm_id *nid);
void thief_close(struct thief *t);
/* It held this one. */
void thief_knew(struct thief *t, const struct gmm_id *epoch_id, const struct gmm_id *gid, const uint8_t secret[32]);
/* Tries its keys on all that a view (of somebody who has everything) shows. */
void thief_tries(struct thief *t, const struct view *everything, const struct keystore *keys);
bool thief_knows(const struct thief *t, const struct gmm_id *epoch_id);
/* Any of its secrets opens this body. */
bool thief_reads(const struct thief *t, const uint8_t header[HEADER_BYTES], const void *body, size_t len);
/* Under any of its chunk domains the plaintext becomes a chunk with this id: it can tell that the file is there. */
bool thief_confirms(const struct thief *t, const struct gmm_id *chunk, const void *plain, size_t len);
/* The id of a plaintext's chunk in a domain: what an uploader publishes. */
void thief_chunk(struct gmm_id *chunk, const uint8_t conv[32], const struct gmm_id *nid, const struct gmm_id *gid,
                 const void *plain, size_t len);

#endif
