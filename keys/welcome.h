/* The welcome: what a newcomer without network gets back for its request, as one file (product story 8; cli.md: roster
 * add).
 *
 * content = {addresses: count u8 ≤ 8 × text8 (of the inviter), objects: count u32 × bytes32 (proto/directory.h, the
 * charter first, each after what it rests on), runs: count u32 × bytes32 (proto/run.h: whole control logs)}; no item
 * empty welcome = {ver u8 = 1, nid 32, wrap id 8, eph_pk 32} ‖ XChaCha20-Poly1305(key, nonce 0, ad = what stands
 * before, content) key     = K(ss, welcome, nid ‖ eph_pk ‖ wrap_pk ‖ invite secret), ss = X25519(eph_sk, wrap_pk) (zero
 * result: GMM_EKEY)
 *
 * Sealed to the newcomer's first wrap key, and under the secret of the invite that it asked with: only the inviter can
 * have made it. What it carries proves itself again when it is taken in.
 */
#ifndef GMM_KEYS_WELCOME_H
#define GMM_KEYS_WELCOME_H

#include "keys/address.h"

struct welcome_target {
    const struct gmm_id *nid, *wrap_pk;
    const uint8_t *invite_secret; /* 32 */
};

/* Items while a content is being made: zero-initialise with welcome_items_init. */
struct welcome_items {
    struct buffer bytes;
    uint32_t count;
};
void welcome_items_init(struct welcome_items *items);
void welcome_items_close(struct welcome_items *items);
/* Failure is the buffer's (sticky): welcome_seal reports it. An empty item: GMM_EFORMAT. */
void welcome_items_put(struct welcome_items *items, const void *bytes, size_t len);

/* Appends the welcome; on failure out is left as it was. eph_sk: 32 fresh random bytes. GMM_ELIMIT above
 * LIMIT_WELCOME_BYTES, GMM_EFORMAT for an address, GMM_EKEY for a low-order wrap key, GMM_ENOMEM. */
enum gmm_err welcome_seal(struct buffer *out, const struct welcome_target *target, const uint8_t eph_sk[32],
                          uint8_t address_count, const char addresses[LIMIT_ADDRESSES][ADDRESS_BYTES],
                          const struct welcome_items *objects, const struct welcome_items *runs);

struct welcome_item {
    const uint8_t *bytes;
    size_t len;
};
struct welcome {
    uint8_t *content; /* owned; welcome_close */
    uint8_t address_count;
    char addresses[LIMIT_ADDRESSES][ADDRESS_BYTES];
    uint32_t object_count, run_count;
    struct bytes_in objects, runs; /* for welcome_next_object, welcome_next_run */
};
/* Which network's it is, without opening. GMM_EFORMAT, GMM_EVERSION. */
enum gmm_err welcome_peek(struct gmm_id *nid, const void *bytes, size_t len);
/* wrap_sk: ours, of target->wrap_pk. GMM_ENETWORK: of another network; GMM_ENOTFOUND: sealed to another wrap key;
 * GMM_EDECRYPT: not made under this invite, or altered; GMM_EFORMAT (also of the content: the whole is checked),
 * GMM_EVERSION, GMM_EKEY, GMM_ELIMIT, GMM_ENOMEM. On failure nothing is owned. */
enum gmm_err welcome_open(struct welcome *out, const struct welcome_target *target, const uint8_t wrap_sk[32],
                          const void *bytes, size_t len);
/* The content alone, as welcome_open does after opening it; borrows content. */
enum gmm_err welcome_decode(struct welcome *out, const void *content, size_t len);
/* The next item, inside the content; false at the end. */
bool welcome_next_object(struct welcome *welcome, struct welcome_item *item);
bool welcome_next_run(struct welcome *welcome, struct welcome_item *item);
void welcome_close(struct welcome *welcome);

#endif
