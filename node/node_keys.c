#include <sodium.h>

#include "keys/secret.h"
#include "keys/text.h"
#include "keys/wrapkeys.h"
#include "node/clock.h"
#include "node/keyfile.h"
#include "node/node_state.h"
#include "node/passphrase.h"

enum gmm_err node_open_keystore(struct node *node, node_ask_fn *ask, void *arg, struct gmm_msg *msg)
{
    char path[HOME_PATH_MAX];
    uint8_t *bytes = NULL, *secret = NULL;
    size_t len = 0, secret_len = 0;
    enum keystore_method method;
    enum gmm_err err = home_join(path, node->home, "keys/office.keystore", msg);
    if (err == GMM_OK)
        err = keyfile_read(&bytes, &len, path, LIMIT_KEYSTORE_BYTES, 1, msg);
    if (err != GMM_OK)
        return err;
    if ((err = keystore_method(&method, bytes, len)) != GMM_OK) {
        gmm_fail(msg, err, "the keystore %s is %s", path, gmm_err_text(err));
        goto out;
    }
    if (method != KEYSTORE_NONE &&
        (err = passphrase_get(&secret, &secret_len, method, ask, arg, _("Passphrase of this office: "), msg)) != GMM_OK)
        goto out;
    if ((err = keystore_open(&node->keystore, bytes, len, secret, secret_len)) != GMM_OK) {
        gmm_fail(msg, err, err == GMM_EPASSPHRASE ? "wrong passphrase for %s" : "the keystore %s is damaged", path);
        goto out;
    }
    node->keystore_lock.method = method;
    node->keystore_lock.passphrase = node->keystore_secret = secret;
    node->keystore_lock.passphrase_len = secret_len;
    if (method == KEYSTORE_PASSPHRASE) {
        node->keystore_lock.ops = bytes_load_u32(bytes + 9);
        node->keystore_lock.mem_kib = bytes_load_u32(bytes + 13);
    }
    secret = NULL;
    err = card_open(&node->card, node->keystore->card, node->keystore->card_len);
    if (err != GMM_OK)
        gmm_fail(msg, GMM_ECORRUPT, "the card inside the keystore is %s", gmm_err_text(err));
out:
    secret_free(secret);
    keyfile_free(bytes, len);
    return err;
}

enum gmm_err node_save_keystore(struct node *node, struct gmm_msg *msg)
{
    char path[HOME_PATH_MAX];
    uint8_t salt[16], nonce[24];
    struct buffer out;
    enum gmm_err err = home_join(path, node->home, "keys/office.keystore", msg);
    if (err != GMM_OK)
        return err;
    randombytes_buf(salt, sizeof salt);
    randombytes_buf(nonce, sizeof nonce);
    buffer_init(&out, LIMIT_KEYSTORE_BYTES);
    err = keystore_seal(&out, node->keystore, &node->keystore_lock, salt, nonce);
    if (err == GMM_OK)
        err = keyfile_replace(path, out.p, out.len, 0600, msg);
    else
        gmm_fail(msg, err, "the keystore cannot be sealed: %s", gmm_err_text(err));
    buffer_close(&out);
    return err;
}

/* A key that could not be saved is not in the keystore either: nothing may be announced that a restart would lose. */
enum gmm_err node_renew_wrap_keys(struct node *node, size_t outdated, struct gmm_msg *msg)
{
    struct keystore *before = keystore_new();
    uint8_t *sk = secret_alloc(SECRET_KEY_BYTES);
    enum gmm_err err = GMM_ENOMEM;
    if (before != NULL && sk != NULL) {
        uint64_t now_ms = clock_now_ms();
        *before = *node->keystore;
        randombytes_buf(sk, SECRET_KEY_BYTES);
        bool changed = wrapkeys_retire(node->keystore, outdated, now_ms);
        changed = wrapkeys_expire(node->keystore, now_ms) || changed;
        changed = wrapkeys_renew(node->keystore, sk, now_ms) || changed;
        err = changed ? node_save_keystore(node, msg) : GMM_OK;
        if (err != GMM_OK)
            *node->keystore = *before;
    }
    secret_free(sk);
    keystore_free(before);
    return err;
}
