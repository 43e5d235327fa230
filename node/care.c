#include "node/care.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "keys/text.h"
#include "node/joining.h"
#include "node/keyfile.h"
#include "node/project.h"

#define DISK_LOW (UINT64_C(256) << 20)

enum gmm_err care_reseal(struct node *node, enum keystore_method method, uint8_t *secret, size_t len,
                         struct gmm_msg *msg)
{
    const struct keystore_lock before = node->keystore_lock;
    node->keystore_lock = (struct keystore_lock){.method = method, .passphrase = secret, .passphrase_len = len};
    if (method == KEYSTORE_PASSPHRASE) {
        node->keystore_lock.ops = KEYSTORE_OPS;
        node->keystore_lock.mem_kib = KEYSTORE_MEM_KIB;
    }
    enum gmm_err err = node_save_keystore(node, msg);
    if (err != GMM_OK) {
        node->keystore_lock = before;
        return err;
    }
    secret_free(node->keystore_secret);
    node->keystore_secret = secret;
    return GMM_OK;
}

enum gmm_err care_export_root(struct node *node, const struct keystore_lock *lock, struct buffer *out,
                              struct gmm_msg *msg)
{
    const struct keystore *own = node->keystore;
    uint8_t salt[16], nonce[24];
    if (!own->root_held)
        return gmm_fail(msg, GMM_EDENIED, "this home does not hold the root of '%s': another office does",
                        node->card.id);
    struct keystore *root = keystore_new();
    if (root == NULL)
        return gmm_fail(msg, GMM_ENOMEM, "out of guarded memory for the root");
    memcpy(root->root_seed, own->root_seed, sizeof root->root_seed);
    memcpy(root->next_root_seed, own->next_root_seed, sizeof root->next_root_seed);
    root->root_held = own->root_held;
    root->next_root_held = own->next_root_held;
    root->root_provisional = own->root_provisional;
    root->root_n = own->root_n;
    root->pid = own->pid;
    randombytes_buf(salt, sizeof salt);
    randombytes_buf(nonce, sizeof nonce);
    enum gmm_err err = keystore_seal(out, root, lock, salt, nonce);
    keystore_free(root);
    return err == GMM_OK ? GMM_OK : gmm_fail(msg, err, "the root could not be sealed: %s", gmm_err_text(err));
}

static enum gmm_err open_root_file(struct keystore **out, const void *bytes, size_t len, const uint8_t *secret,
                                   size_t secret_len, struct gmm_msg *msg)
{
    enum gmm_err err = keystore_open(out, bytes, len, secret, secret_len);
    if (err == GMM_EPASSPHRASE)
        return gmm_fail(msg, err, "another passphrase opens the root's file");
    if (err != GMM_OK)
        return gmm_fail(msg, err, "the root's file is %s", gmm_err_text(err));
    if ((*out)->root_held && (*out)->next_root_held)
        return GMM_OK;
    keystore_free(*out);
    *out = NULL;
    return gmm_fail(msg, GMM_EFORMAT, "this file holds no root");
}

/* In a network: of the chain that its objects prove, and its last. Before: only what this home had. */
static enum gmm_err root_belongs(struct node *node, const struct keystore *root, struct gmm_msg *msg)
{
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    const struct view_participant *self = view == NULL ? NULL : view_participant(view, node_pid(node));
    if (!id_equal(&root->pid, node_pid(node)))
        return gmm_fail(msg, GMM_EDENIED, "this is the root of another participant than '%s'", node->card.id);
    if (self == NULL)
        return GMM_OK;
    if (root->root_n < self->root_n)
        return gmm_fail(msg, GMM_EDENIED, "this is root %u of '%s'; root %u is in force by now", root->root_n,
                        node->card.id, self->root_n);
    /* One ahead: saved, and not published before it was exported. */
    if (root->root_n == self->root_n && !id_equal(&root->root_pk, &self->root_pk))
        return gmm_fail(msg, GMM_EDENIED, "this is not the root that is in force for '%s'", node->card.id);
    return GMM_OK;
}

enum gmm_err care_import_root(struct node *node, const void *bytes, size_t len, const uint8_t *secret,
                              size_t secret_len, struct gmm_msg *msg)
{
    struct keystore *own = node->keystore, *root = NULL, *before = keystore_new();
    enum gmm_err err = before == NULL ? GMM_ENOMEM : open_root_file(&root, bytes, len, secret, secret_len, msg);
    if (err == GMM_OK)
        err = root_belongs(node, root, msg);
    if (err == GMM_OK) {
        memcpy(before, own, sizeof *before);
        memcpy(own->root_seed, root->root_seed, sizeof own->root_seed);
        memcpy(own->next_root_seed, root->next_root_seed, sizeof own->next_root_seed);
        own->root_held = own->next_root_held = true;
        own->root_provisional = root->root_provisional && node->engine == NULL;
        own->root_n = root->root_n;
        keystore_derive(own);
        err = node_save_keystore(node, msg);
        if (err != GMM_OK)
            memcpy(own, before, sizeof *own);
    }
    keystore_free(before);
    keystore_free(root);
    return err;
}

enum gmm_err care_drop_root(struct node *node, const void *bytes, size_t len, const uint8_t *secret, size_t secret_len,
                            struct gmm_msg *msg)
{
    struct keystore *own = node->keystore, *root = NULL, *before = keystore_new();
    enum gmm_err err = before == NULL ? GMM_ENOMEM : open_root_file(&root, bytes, len, secret, secret_len, msg);
    if (err == GMM_OK && (!own->root_held || sodium_memcmp(own->root_seed, root->root_seed, 32) != 0 ||
                          sodium_memcmp(own->next_root_seed, root->next_root_seed, 32) != 0))
        err = gmm_fail(msg, GMM_ESTATE, "the file does not hold the root of this home: nothing was removed");
    if (err == GMM_OK) {
        memcpy(before, own, sizeof *before);
        own->root_held = own->next_root_held = false;
        sodium_memzero(own->root_seed, sizeof own->root_seed);
        sodium_memzero(own->next_root_seed, sizeof own->next_root_seed);
        keystore_derive(own);
        err = node_save_keystore(node, msg);
        if (err != GMM_OK)
            memcpy(own, before, sizeof *own);
    }
    keystore_free(before);
    keystore_free(root);
    return err;
}

enum gmm_err care_rebuild(struct node *node, void (*progress)(void *arg, uint64_t done), void *arg, struct gmm_msg *msg)
{
    enum gmm_err err = store_begin(node->store, true);
    if (err == GMM_OK)
        err = projection_reset(node->projection);
    if (err == GMM_OK)
        err = search_reset(node->search);
    if (err == GMM_OK)
        err = node_flush(node);
    if (err == GMM_OK && node->engine != NULL)
        err = project_catch_up(node, PROJECT_ALL, progress, arg);
    if (err == GMM_OK)
        err = node_flush(node);
    return err == GMM_OK ? GMM_OK : gmm_fail(msg, err, "the catalogue could not be made anew: %s", gmm_err_text(err));
}

static void add_check(json_t *checks, const char *name, bool ok, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
static void add_check(json_t *checks, const char *name, bool ok, const char *remedy, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, text_tr(format), args);
    va_end(args);
    json_array_append_new(checks, json_pack("{s:s, s:b, s:s, s:o}", "check", name, "ok", ok, "detail", text, "remedy",
                                            ok ? json_null() : json_string(text_tr(remedy))));
}

static void check_keystore(struct node *node, json_t *checks)
{
    char path[HOME_PATH_MAX];
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum keystore_method method;
    struct gmm_msg msg;
    (void)gmm_fail(&msg, GMM_OK, "whole");
    enum gmm_err err = home_join(path, node->home, HOME_KEYSTORE, &msg);
    if (err == GMM_OK)
        err = keyfile_read(&bytes, &len, path, LIMIT_KEYSTORE_BYTES, 1, &msg);
    if (err == GMM_OK && (err = keystore_method(&method, bytes, len)) != GMM_OK)
        gmm_fail(&msg, err, "the keystore file is %s", gmm_err_text(err));
    keyfile_free(bytes, len);
    add_check(checks, "keystore", err == GMM_OK, "restore it from a backup before this node is stopped", "%s",
              msg.text);
}

static void check_derived(struct node *node, json_t *checks)
{
    uint64_t documents = 0, notes = 0;
    enum gmm_err err = projection_counts(node->projection, &documents, &notes);
    if (err == GMM_OK)
        add_check(checks, "catalogue", true, NULL, "%llu documents, %llu notes", (unsigned long long)documents,
                  (unsigned long long)notes);
    else
        add_check(checks, "catalogue", false, "gmm doctor --rebuild", "%s", gmm_err_text(err));
    err = search_check(node->search);
    add_check(checks, "search index", err == GMM_OK, "gmm doctor --rebuild", "%s",
              err == GMM_OK ? _("whole") : gmm_err_text(err));
}

json_t *care_checks(struct node *node)
{
    struct gmm_msg msg;
    json_t *checks = json_array();
    uint64_t disk_free = chunkfile_disk_free(node->chunks);
    (void)gmm_fail(&msg, GMM_OK, "as it should be");
    enum gmm_err err = home_check(node->home, &msg);
    add_check(checks, "home", err == GMM_OK, "chmod 700 the home, and look who could write there", "%s", msg.text);
    add_check(checks, "privacy", home_is_private(node->home), "chmod 700 the home", "%s",
              home_is_private(node->home) ? _("nobody else may look into the home")
                                          : _("others may look into the home"));
    check_keystore(node, checks);
    check_derived(node, checks);
    add_check(checks, "disk", disk_free >= DISK_LOW, "free some space: nothing is posted or received on a full disk",
              "%llu MiB free", (unsigned long long)(disk_free >> 20));
    add_check(checks, "memory", secret_is_locked() != 0, "raise the limit of locked memory (ulimit -l, LimitMEMLOCK)",
              "%s",
              secret_is_locked() ? _("keys are locked in memory") : _("keys in memory could reach the swap space"));
    msg.text[0] = '\0';
    err = joining_refusal(node, &msg);
    add_check(checks, "network", err == GMM_OK, "gmm join INVITE, or gmm network create NAME; gmm sync asks again",
              "%s", err == GMM_OK ? _("this office is active") : msg.text);
    return checks;
}
