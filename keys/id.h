/* 32-byte names: of networks, participants, groups, entries, objects, chunks and public keys. */
#ifndef GMM_KEYS_ID_H
#define GMM_KEYS_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GMM_ID_BYTES 32
#define GMM_ID_HEX 64 /* digits */

struct gmm_id {
    uint8_t b[GMM_ID_BYTES];
};

/* Public values only: not constant-time. */
int id_compare(const struct gmm_id *a, const struct gmm_id *b);
bool id_equal(const struct gmm_id *a, const struct gmm_id *b);
bool id_is_zero(const struct gmm_id *id);
/* Writes 64 lower-case hex digits and a NUL. */
void id_to_hex(const struct gmm_id *id, char out[GMM_ID_HEX + 1]);
/* Reads exactly 64 hex digits (either case). Returns false on anything else. */
bool id_from_hex(struct gmm_id *id, const char *hex, size_t len);

#endif
