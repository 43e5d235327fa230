/* The program's own functions come before the library's: a faulty libsodium is played by wrapping the real one. */
#include "keys/selftest.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

static enum { NONE, POINT, HASH, SCALARMULT, LOW_ORDER, SIGN, VERIFY, CHACHA, XCHACHA, OPEN, XOPEN } fault;

/* POSIX gives functions as object pointers; ISO C has no cast between them. */
static void next(void *function, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    assert_non_null(found);
    memcpy(function, &found, sizeof found);
}

/* As before the fix of CVE-2025-69277: a part of order 2 is not seen. */
int crypto_core_ed25519_is_valid_point(const unsigned char *p)
{
    static const unsigned char order_2[] = {0xfe, 0x89, 0x4d, 0xf1, 0x8a, 0xbf};
    int (*real)(const unsigned char *);
    next(&real, "crypto_core_ed25519_is_valid_point");
    if (fault == POINT && memcmp(p, order_2, sizeof order_2) == 0)
        return 1;
    return real(p);
}

int crypto_generichash(unsigned char *out, size_t outlen, const unsigned char *in, unsigned long long inlen,
                       const unsigned char *key, size_t keylen)
{
    int (*real)(unsigned char *, size_t, const unsigned char *, unsigned long long, const unsigned char *, size_t);
    next(&real, "crypto_generichash");
    int result = real(out, outlen, in, inlen, key, keylen);
    if (fault == HASH && keylen > 0)
        out[outlen - 1] ^= 1;
    return result;
}

int crypto_scalarmult(unsigned char *q, const unsigned char *n, const unsigned char *p)
{
    int (*real)(unsigned char *, const unsigned char *, const unsigned char *);
    next(&real, "crypto_scalarmult");
    int result = real(q, n, p);
    if (fault == SCALARMULT)
        q[0] ^= 1;
    return fault == LOW_ORDER ? 0 : result;
}

int crypto_sign_detached(unsigned char *sig, unsigned long long *siglen, const unsigned char *m,
                         unsigned long long mlen, const unsigned char *sk)
{
    int (*real)(unsigned char *, unsigned long long *, const unsigned char *, unsigned long long,
                const unsigned char *);
    next(&real, "crypto_sign_detached");
    int result = real(sig, siglen, m, mlen, sk);
    if (fault == SIGN)
        sig[0] ^= 1;
    return result;
}

int crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m, unsigned long long mlen,
                                const unsigned char *pk)
{
    int (*real)(const unsigned char *, const unsigned char *, unsigned long long, const unsigned char *);
    next(&real, "crypto_sign_verify_detached");
    return fault == VERIFY ? 0 : real(sig, m, mlen, pk);
}

int crypto_aead_chacha20poly1305_ietf_encrypt(unsigned char *c, unsigned long long *clen_p, const unsigned char *m,
                                              unsigned long long mlen, const unsigned char *ad,
                                              unsigned long long adlen, const unsigned char *nsec,
                                              const unsigned char *npub, const unsigned char *k)
{
    int (*real)(unsigned char *, unsigned long long *, const unsigned char *, unsigned long long, const unsigned char *,
                unsigned long long, const unsigned char *, const unsigned char *, const unsigned char *);
    next(&real, "crypto_aead_chacha20poly1305_ietf_encrypt");
    int result = real(c, clen_p, m, mlen, ad, adlen, nsec, npub, k);
    if (fault == CHACHA)
        c[mlen] ^= 1;
    return result;
}

int crypto_aead_xchacha20poly1305_ietf_encrypt(unsigned char *c, unsigned long long *clen_p, const unsigned char *m,
                                               unsigned long long mlen, const unsigned char *ad,
                                               unsigned long long adlen, const unsigned char *nsec,
                                               const unsigned char *npub, const unsigned char *k)
{
    int (*real)(unsigned char *, unsigned long long *, const unsigned char *, unsigned long long, const unsigned char *,
                unsigned long long, const unsigned char *, const unsigned char *, const unsigned char *);
    next(&real, "crypto_aead_xchacha20poly1305_ietf_encrypt");
    int result = real(c, clen_p, m, mlen, ad, adlen, nsec, npub, k);
    if (fault == XCHACHA)
        c[0] ^= 1;
    return result;
}

int crypto_aead_chacha20poly1305_ietf_decrypt(unsigned char *m, unsigned long long *mlen_p, unsigned char *nsec,
                                              const unsigned char *c, unsigned long long clen, const unsigned char *ad,
                                              unsigned long long adlen, const unsigned char *npub,
                                              const unsigned char *k)
{
    int (*real)(unsigned char *, unsigned long long *, unsigned char *, const unsigned char *, unsigned long long,
                const unsigned char *, unsigned long long, const unsigned char *, const unsigned char *);
    next(&real, "crypto_aead_chacha20poly1305_ietf_decrypt");
    int result = real(m, mlen_p, nsec, c, clen, ad, adlen, npub, k);
    return fault == OPEN ? 0 : result;
}

int crypto_aead_xchacha20poly1305_ietf_decrypt(unsigned char *m, unsigned long long *mlen_p, unsigned char *nsec,
                                               const unsigned char *c, unsigned long long clen, const unsigned char *ad,
                                               unsigned long long adlen, const unsigned char *npub,
                                               const unsigned char *k)
{
    int (*real)(unsigned char *, unsigned long long *, unsigned char *, const unsigned char *, unsigned long long,
                const unsigned char *, unsigned long long, const unsigned char *, const unsigned char *);
    next(&real, "crypto_aead_xchacha20poly1305_ietf_decrypt");
    int result = real(m, mlen_p, nsec, c, clen, ad, adlen, npub, k);
    return fault == XOPEN ? 0 : result;
}

static void passes_here(void **state)
{
    (void)state;
    struct gmm_msg msg;
    fault = NONE;
    assert_int_equal(selftest_run(&msg), GMM_OK);
    assert_int_equal(selftest_run(NULL), GMM_OK);
}

static void names_what_failed(void **state)
{
    (void)state;
    static const struct {
        int fault;
        const char *word;
    } cases[] = {
        {POINT, "CVE-2025-69277"},       {HASH, " BLAKE2b "},           {SCALARMULT, " X25519 "},
        {LOW_ORDER, " X25519 "},         {SIGN, " Ed25519 "},           {VERIFY, " Ed25519 "},
        {CHACHA, " ChaCha20-Poly1305 "}, {OPEN, " ChaCha20-Poly1305 "}, {XCHACHA, " XChaCha20-Poly1305 "},
        {XOPEN, " XChaCha20-Poly1305 "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct gmm_msg msg = {""};
        memcpy(&fault, &cases[i].fault, sizeof fault);
        assert_int_equal(selftest_run(&msg), GMM_ECORRUPT);
        if (strstr(msg.text, cases[i].word) == NULL)
            fail_msg("%s is not named in: %s", cases[i].word, msg.text);
    }
    fault = NONE;
    assert_int_equal(selftest_run(NULL), GMM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_here),
        cmocka_unit_test(names_what_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
