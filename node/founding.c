#include "node/founding.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "node/certify.h"
#include "node/joining.h"
#include "node/keyfile.h"

static const char *lang_of(const struct founding_office *office)
{
    return office->lang == NULL ? "en" : office->lang;
}

static enum gmm_err office_check(const struct founding_office *o, struct gmm_msg *msg)
{
    const char *lang = lang_of(o);
    if (!identity_id_ok(o->participant, strlen(o->participant)))
        return gmm_fail(msg, GMM_EUSAGE,
                        "'%s' is not a participant's id: 1 to 32 of a-z, 0-9 and '-', beginning with a letter or digit",
                        o->participant);
    if (!identity_name_ok(o->name, strlen(o->name)))
        return gmm_fail(msg, GMM_EUSAGE, "the name must be 1 to 255 bytes of text without control characters");
    if (!identity_office_ok(o->office, strlen(o->office)))
        return gmm_fail(msg, GMM_EUSAGE,
                        "'%s' is not an office's name: 1 to 128 of a-z, 0-9 and '-', beginning with a letter or digit",
                        o->office);
    if (identity_kind_text(o->kind) == NULL)
        return gmm_fail(msg, GMM_EUSAGE,
                        "the kind is one of member, government, employers, workers, civil-society, intl-org, observer");
    if (identity_level_text(o->level) == NULL)
        return gmm_fail(msg, GMM_EUSAGE, "the level is one of hq, regional, country, field");
    if (!identity_lang_ok(lang, strlen(lang)))
        return gmm_fail(msg, GMM_EUSAGE, "'%s' is not a language tag, such as fr or zh-Hant", lang);
    return GMM_OK;
}

static void draw_keys(struct keystore *ks)
{
    randombytes_buf(ks->node, sizeof ks->node);
    randombytes_buf(ks->sign_seed, sizeof ks->sign_seed);
    randombytes_buf(ks->noise_sk, sizeof ks->noise_sk);
    randombytes_buf(ks->root_seed, sizeof ks->root_seed);
    randombytes_buf(ks->next_root_seed, sizeof ks->next_root_seed);
    ks->root_held = ks->next_root_held = ks->root_provisional = true;
    randombytes_buf(ks->wraps[0].sk, sizeof ks->wraps[0].sk);
    ks->wraps[0].created_ms = node_now_ms();
    ks->wrap_count = 1;
    keystore_derive(ks);
    identity_pid(&ks->pid, &ks->root_pk, &ks->next_commit);
}

static enum gmm_err draw_card(struct card *card, struct keystore *ks, const struct founding_office *o, const char *lang,
                              struct gmm_msg *msg)
{
    struct buffer bytes;
    *card = (struct card){
        .kind = (uint8_t)o->kind,
        .level = (uint8_t)o->level,
        .root_pk = ks->root_pk,
        .next_commit = ks->next_commit,
        .sign_pk = ks->sign_pk,
        .noise_pk = ks->noise_pk,
    };
    crypto_scalarmult_base(card->wrap_pk.b, ks->wraps[0].sk);
    snprintf(card->id, sizeof card->id, "%s", o->participant);
    snprintf(card->name, sizeof card->name, "%s", o->name);
    snprintf(card->office, sizeof card->office, "%s", o->office);
    snprintf(card->lang, sizeof card->lang, "%s", lang);
    buffer_init(&bytes, sizeof ks->card);
    enum gmm_err err = card_make(&bytes, card, ks->sign_sk);
    if (err == GMM_OK) {
        memcpy(ks->card, bytes.p, bytes.len);
        ks->card_len = (uint16_t)bytes.len;
    }
    buffer_close(&bytes);
    return err == GMM_OK ? GMM_OK : gmm_fail(msg, err, "the card could not be made: %s", gmm_err_text(err));
}

/* One that was put there before stays as it is. */
static enum gmm_err write_config(const char *home, const char *lang, struct gmm_msg *msg)
{
    char path[HOME_PATH_MAX], text[256];
    int n =
        snprintf(text, sizeof text,
                 "; gmm: this office. Sections: node, network, control, people, fetch (gmm help; docs/operations.md)\n"
                 "[node]\nlang=%s\n",
                 lang);
    enum gmm_err err = home_join(path, home, "gmm.conf", msg);
    if (err != GMM_OK || access(path, F_OK) == 0)
        return err;
    return keyfile_replace(path, text, (size_t)n, 0600, msg);
}

static enum gmm_err write_keystore(const char *home, const struct keystore *ks, const struct keystore_lock *lock,
                                   struct gmm_msg *msg)
{
    char path[HOME_PATH_MAX];
    uint8_t salt[16], nonce[24];
    struct buffer file;
    randombytes_buf(salt, sizeof salt);
    randombytes_buf(nonce, sizeof nonce);
    buffer_init(&file, LIMIT_KEYSTORE_BYTES);
    enum gmm_err err = keystore_seal(&file, ks, lock, salt, nonce);
    if (err != GMM_OK)
        gmm_fail(msg, err, "the keystore could not be sealed: %s", gmm_err_text(err));
    if (err == GMM_OK)
        err = home_join(path, home, HOME_KEYSTORE, msg);
    if (err == GMM_OK)
        err = keyfile_replace(path, file.p, file.len, 0600, msg);
    buffer_close(&file);
    return err;
}

/* An empty one: a home without its store has lost it. */
static enum gmm_err make_store(const char *home, struct gmm_msg *msg)
{
    char path[HOME_PATH_MAX];
    uint8_t id[16];
    struct store *store = NULL;
    enum gmm_err err = home_join(path, home, HOME_STORE, msg);
    randombytes_buf(id, sizeof id);
    if (err == GMM_OK)
        err = store_open(&store, path, false, id, msg);
    store_close(store);
    return err;
}

/* The keystore comes last: a home that holds one is whole. */
static enum gmm_err fill_home(const char *home, const struct founding_office *office, const char *lang,
                              const struct keystore_lock *lock, struct card *card, struct gmm_msg *msg)
{
    struct keystore *ks = keystore_new();
    if (ks == NULL)
        return gmm_fail(msg, GMM_ENOMEM, "out of guarded memory for the keys");
    draw_keys(ks);
    enum gmm_err err = draw_card(card, ks, office, lang, msg);
    if (err == GMM_OK)
        err = write_config(home, lang, msg);
    if (err == GMM_OK)
        err = make_store(home, msg);
    if (err == GMM_OK)
        err = write_keystore(home, ks, lock, msg);
    keystore_free(ks);
    return err;
}

/* A gmm.conf that is there already may allow memory that is not locked. */
static enum gmm_err open_secrets(const char *home, struct gmm_msg *msg)
{
    static struct config config;
    char path[HOME_PATH_MAX];
    enum gmm_err err = home_join(path, home, "gmm.conf", msg);
    if (err == GMM_OK)
        err = config_load(&config, path, msg);
    if (err == GMM_OK)
        err = secret_open(config.allow_unlocked_memory ? SECRET_ALLOW_UNLOCKED : SECRET_REQUIRE_LOCK, msg);
    return err;
}

enum gmm_err founding_check(const char *home, const struct founding_office *office, struct gmm_msg *msg)
{
    char path[HOME_PATH_MAX];
    enum gmm_err err = office_check(office, msg);
    if (err == GMM_OK)
        err = home_join(path, home, HOME_KEYSTORE, msg);
    if (err == GMM_OK && access(path, F_OK) == 0)
        err = gmm_fail(msg, GMM_EEXISTS, "%s already holds an office's keys: choose another home", home);
    return err == GMM_OK ? open_secrets(home, msg) : err;
}

enum gmm_err founding_init(const char *home, const struct founding_office *office, const struct keystore_lock *lock,
                           struct card *card, struct gmm_msg *msg)
{
    struct home_lock held;
    enum gmm_err err = founding_check(home, office, msg);
    if (err == GMM_OK)
        err = home_create(home, msg);
    if (err != GMM_OK)
        return err;
    err = home_lock(&held, home, false, 10000, msg);
    if (err != GMM_OK)
        return err;
    err = home_create(home, msg); /* another init may have been first */
    if (err == GMM_OK)
        err = fill_home(home, office, lang_of(office), lock, card, msg);
    home_unlock(&held);
    return err;
}

uint64_t founding_year_end(uint64_t now_ms)
{
    time_t now = (time_t)(now_ms / 1000);
    struct tm parts;
    if (gmtime_r(&now, &parts) == NULL)
        return IDENTITY_TIME_MS_MAX;
    struct tm end = {.tm_year = parts.tm_year, .tm_mon = 11, .tm_mday = 31, .tm_hour = 23, .tm_min = 59, .tm_sec = 59};
    return (uint64_t)timegm(&end) * 1000;
}

static enum gmm_err make_charter(struct buffer *object, struct node *node, const struct founding_network *network,
                                 struct gmm_msg *msg)
{
    const struct keystore *ks = node->keystore;
    struct charter charter = {
        .time_ms = node_now_ms(),
        .founder_kind = node->card.kind,
        .admission = (uint8_t)(network->admission == 0 ? CHARTER_BY_CHAIR : network->admission),
        .thematic = CHARTER_THEMATIC_OPEN,
        .founder_root_pk = ks->root_pk,
        .founder_next_commit = ks->next_commit,
    };
    randombytes_buf(charter.random, sizeof charter.random);
    charter.term_until_ms = network->term_until_ms != 0 ? network->term_until_ms : founding_year_end(charter.time_ms);
    snprintf(charter.name, sizeof charter.name, "%s", network->name);
    snprintf(charter.founder_id, sizeof charter.founder_id, "%s", node->card.id);
    snprintf(charter.founder_name, sizeof charter.founder_name, "%s", node->card.name);
    for (size_t i = 0; i < LIMIT_THEMATIC; i++)
        if (network->leads[i] != NULL)
            snprintf(charter.leads[i], sizeof charter.leads[i], "%s", network->leads[i]);
    buffer_put_u8(object, DIRECTORY_CHARTER);
    enum gmm_err err = charter_make(object, &charter, ks->root_sk);
    return err == GMM_OK ? GMM_OK : gmm_fail(msg, err, "the charter could not be made: %s", gmm_err_text(err));
}

static enum gmm_err network_check(struct node *node, const struct founding_network *network, struct gmm_msg *msg)
{
    if (!identity_name_ok(network->name, strlen(network->name)))
        return gmm_fail(msg, GMM_EUSAGE, "a network's name is 1 to 255 bytes of text without control characters");
    for (size_t i = 0; i < LIMIT_THEMATIC; i++)
        if (network->leads[i] != NULL && !identity_id_ok(network->leads[i], strlen(network->leads[i])))
            return gmm_fail(msg, GMM_EUSAGE, "'%s' is not a participant's id", network->leads[i]);
    if (network->term_until_ms != 0 && network->term_until_ms <= node_now_ms())
        return gmm_fail(msg, GMM_EUSAGE, "the first term would end before it begins: give a later --term-until");
    struct joining_report waiting;
    joining_report(node, &waiting);
    if (waiting.state == JOINING_ASKED || waiting.state == JOINING_ADMITTED)
        return gmm_fail(msg, GMM_EEXISTS,
                        "this home waits to be admitted to a network: init a new home for another network");
    if (!node->keystore->root_held)
        return gmm_fail(msg, GMM_EDENIED, "this home does not hold its participant's root: it cannot sign a charter");
    return GMM_OK;
}

static enum gmm_err add_own_certificate(struct node *node, const struct gmm_id *nid, struct gmm_msg *msg)
{
    struct buffer object;
    buffer_init(&object, CERTIFICATE_BYTES_MAX + 1);
    enum gmm_err err = certify_office(&object, node, nid, &node->keystore->pid, &node->card, CERTIFY_FIRST_SERIAL,
                                      CERTIFICATE_ROLES_ALL, msg);
    if (err == GMM_OK)
        err = node_add_object(node, object.p, object.len, msg);
    buffer_close(&object);
    return err;
}

/* A founding that was cut off between the charter and the certificate. */
static bool unfinished(const struct node *node, const struct charter *charter, const char *name)
{
    return strcmp(charter->name, name) == 0 && id_equal(&charter->founder_pid, &node->keystore->pid) &&
           directory_author(engine_directory(node->engine), &node->keystore->sign_pk) == NULL;
}

enum gmm_err founding_network(struct node *node, const struct founding_network *network, struct gmm_msg *msg)
{
    struct buffer object;
    const struct charter *charter = node->engine == NULL ? NULL : directory_charter(engine_directory(node->engine));
    if (charter != NULL && !unfinished(node, charter, network->name))
        return gmm_fail(msg, GMM_EEXISTS, "this home is in '%s'; init a new home for another network", charter->name);
    enum gmm_err err = network_check(node, network, msg);
    if (err != GMM_OK)
        return err;
    buffer_init(&object, CHARTER_BYTES_MAX + 1);
    if (charter == NULL) {
        err = make_charter(&object, node, network, msg);
        if (err == GMM_OK)
            err = node_found(node, object.p, object.len, msg);
    }
    buffer_close(&object);
    if (err != GMM_OK)
        return err;
    const struct gmm_id nid = directory_charter(engine_directory(node->engine))->nid;
    err = add_own_certificate(node, &nid, msg);
    if (err == GMM_OK) {
        node->keystore->root_provisional = false;
        err = node_save_keystore(node, msg);
    }
    return err;
}
