/* The keystore's format: an office's secrets sealed under a passphrase or a 32-byte key. Pure: node/ does the file.
 *
 * file = header ‖ ciphertext ‖ H(keystore-sum, header ‖ ciphertext) 32 (unkeyed: damage is found before the passphrase)
 * header = {"GMMKEYS1" 8, method u8 (0 none, 1 passphrase, 2 key), ops u32, mem_kib u32, salt 16, nonce 24,
 *           commit 32, length u32}                       ops, mem_kib: zero unless method 1
 * master = Argon2id(passphrase, salt, ops, mem) | the key | 32 zero bytes
 * key    = K(master, keystore-key, salt), commit = K(master, keystore-commit, salt ‖ nonce)
 * ciphertext = XChaCha20-Poly1305(key, nonce, ad = header)
 * payload = {ver u8 = 1, flags u8 (1 root held, 2 next root held, 4 root provisional, 8 next keys,
 *            16 former key), node 32,
 *            sign seed 32, noise sk 32, root_n u32, root seed 32, next root seed 32, pid 32,
 *            wraps: count u16 × {sk 32, created u64, retired u64}, card bytes16,
 *            with flag 8: next sign seed 32, next noise sk 32, next wrap sk 32, with flag 16: former noise sk 32}
 *           a root seed that is not held: zeros
 */
#ifndef GMM_KEYS_KEYSTORE_H
#define GMM_KEYS_KEYSTORE_H

#include "keys/card.h"
#include "keys/secret.h"

enum keystore_method { KEYSTORE_NONE = 0, KEYSTORE_PASSPHRASE = 1, KEYSTORE_KEY = 2 };
#define KEYSTORE_WRAPS 64
#define KEYSTORE_OPS_MIN 1u
#define KEYSTORE_OPS_MAX 16u
#define KEYSTORE_MEM_KIB_MIN 8192u
#define KEYSTORE_MEM_KIB_MAX (1024u * 1024u)
#define KEYSTORE_OPS 3u
#define KEYSTORE_MEM_KIB (256u * 1024u)
#define KEYSTORE_PASSPHRASE_MAX 4096u

struct keystore_wrap {
    uint8_t sk[32];
    uint64_t created_ms, retired_ms; /* retired 0: in use */
};
/* The open keystore: one block of guarded memory (keystore_new). */
struct keystore {
    uint8_t node[32]; /* the node secret: ring, summaries, tokens, nonces, cursors */
    uint8_t sign_seed[32], sign_sk[64], noise_sk[32];
    uint8_t root_seed[32], root_sk[64], next_root_seed[32];
    struct gmm_id sign_pk, noise_pk, root_pk, next_commit, pid; /* derived; pid as stored */
    uint32_t root_n;
    bool root_held, next_root_held, root_provisional;
    uint16_t wrap_count;
    struct keystore_wrap wraps[KEYSTORE_WRAPS];
    uint16_t card_len;
    uint8_t card[CARD_BYTES_MAX]; /* the signed card of these keys */
    /* The keys that this office takes once its root has certified them. */
    bool next_held;
    uint8_t next_sign_seed[32], next_noise_sk[32], next_wrap_sk[32];
    struct gmm_id next_sign_pk; /* derived; zero when none are held */
    /* Its Noise key before: who still expects that one is told of the present one. */
    bool former_held;
    uint8_t former_noise_sk[32];
    struct gmm_id former_noise_pk; /* derived */
};

struct keystore_lock { /* how a file is sealed */
    enum keystore_method method;
    uint32_t ops, mem_kib;
    const void *passphrase; /* method 1: the bytes; method 2: exactly 32 bytes */
    size_t passphrase_len;
};

struct keystore *keystore_new(void); /* NULL: no guarded memory */
void keystore_free(struct keystore *ks);
/* Fills the derived fields (sign_sk, sign_pk, …) from the seeds. Of a root that is not held they are zero. */
void keystore_derive(struct keystore *ks);
/* Appends the file. salt 16 and nonce 24 random bytes of the caller's. GMM_EUSAGE for bounds; GMM_ENOMEM. */
enum gmm_err keystore_seal(struct buffer *out, const struct keystore *ks, const struct keystore_lock *lock,
                           const uint8_t salt[16], const uint8_t nonce[24]);
/* Which method a file uses, without opening: GMM_OK, GMM_ECORRUPT (sum, magic, bounds: refused fast, before any
 * Argon2), GMM_EVERSION. */
enum gmm_err keystore_method(enum keystore_method *method, const void *bytes, size_t len);
/* GMM_ECORRUPT: damaged. GMM_EPASSPHRASE: well formed, other or no passphrase (a file without one ignores it).
 * GMM_EVERSION, GMM_ENOMEM. On success *out is the caller's, derived fields filled. */
enum gmm_err keystore_open(struct keystore **out, const void *bytes, size_t len, const void *passphrase,
                           size_t passphrase_len);

#endif
