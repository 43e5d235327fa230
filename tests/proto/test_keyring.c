#include "proto/keyring.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/chunk.h"
#include "keys/secret.h"
#include "keys/wrapkeys.h"
#include "tests/lib/failmalloc.h"
#include "tests/lib/holder.h"

static struct world w;
static unsigned iom, wb;
static struct gmm_id work, circle; /* decent-work keeps history; iom's circle with wb does not */
static struct holder at_ilo, at_iom, at_wb;

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    iom = world_join(&w, "iom", IDENTITY_INTL_ORG);
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    world_gid_thematic(&w, "decent-work", &work);
    world_circle(&w, iom, 1, false, (const unsigned[]){w.offices[wb].participant}, 1, &circle);
    holder_open(&at_ilo, &w, 0);
    holder_open(&at_iom, &w, iom);
    holder_open(&at_wb, &w, wb);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    holder_close(&at_ilo);
    holder_close(&at_iom);
    holder_close(&at_wb);
    world_close(&w);
    return 0;
}

static size_t closed_at(const struct holder *h)
{
    size_t count;
    keyring_closed(h->ring, &count);
    return count;
}

static const struct view_epoch *epoch_at(unsigned entry)
{
    const struct view_epoch *e = view_epoch(world_view(&w), &w.entries[entry].id);
    assert_non_null(e);
    return e;
}

static void remove_from(const struct gmm_id *gid, unsigned by, unsigned office)
{
    world_members(&w, by, gid, HEADER_REMOVE, (const unsigned[]){w.offices[office].participant}, 1);
}

/* Every recipient opens the same secret, and it is stored. */
static void recipients_open(void **state)
{
    (void)state;
    unsigned e = holder_epoch(&at_iom, &w, &work);
    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    assert_true(holder_holds(&at_wb, &w, e) && closed_at(&at_wb) == 0);
    assert_memory_equal(keyring_secret(at_wb.ring, &w.entries[e].id), keyring_secret(at_iom.ring, &w.entries[e].id),
                        32);
    assert_int_equal(effects_count(at_wb.core.effects), 1);
    const struct effect *store = effects_at(at_wb.core.effects, 0);
    assert_true(store->kind == EFFECT_STORE && store->as.store.durable && store->as.store.secret_count == 1);
    assert_true(id_equal(&store->as.store.secret_ids[0], &w.entries[e].id));
    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    assert_int_equal(effects_count(at_wb.core.effects), 0); /* once */
    keyring_drop(at_wb.ring, &w.entries[e].id);
    assert_false(holder_holds(&at_wb, &w, e));
}

/* A just-admitted office opens the epoch that was wrapped to it, and ancestors through history wraps only. */
static void a_newcomer_opens_by_wrap_and_history(void **state)
{
    (void)state;
    unsigned first = holder_epoch(&at_iom, &w, &work);
    unsigned second = holder_epoch(&at_iom, &w, &work);
    unsigned in_circle = holder_epoch(&at_iom, &w, &circle);
    unsigned who = world_join(&w, "who", IDENTITY_MEMBER);
    world_members(&w, iom, &circle, HEADER_ADD, (const unsigned[]){w.offices[who].participant}, 1);
    struct holder at_who;
    holder_open(&at_who, &w, who);
    assert_int_equal(holder_scan(&at_who, &w), GMM_OK);
    assert_true(!holder_holds(&at_who, &w, first) && !holder_holds(&at_who, &w, second) && closed_at(&at_who) == 0);
    holder_wrap(&at_iom, &w, second, who);
    holder_wrap(&at_iom, &w, in_circle, who); /* where no history is kept it counts for nothing */
    assert_int_equal(holder_scan(&at_who, &w), GMM_OK);
    assert_true(holder_holds(&at_who, &w, first) && holder_holds(&at_who, &w, second));
    assert_false(holder_holds(&at_who, &w, in_circle));
    unsigned next = holder_epoch(&at_iom, &w, &circle);
    assert_int_equal(holder_scan(&at_who, &w), GMM_OK);
    assert_true(holder_holds(&at_who, &w, next) && !holder_holds(&at_who, &w, in_circle));
    assert_int_equal(epoch_at(next)->epoch.history_count, 0);
    holder_close(&at_who);
}

/* What is wrapped is not what is committed to: refused, told, and another WRAP opens it. */
static void a_lie_is_refused_and_told(void **state)
{
    (void)state;
    const unsigned all_three[] = {0, iom, wb};
    struct world_epoch as = {.gen = 1, .recipients = all_three, .recipient_count = 3, .lied_to = &wb};
    unsigned e = world_epoch_as(&w, iom, &work, &as);
    assert_int_equal(holder_scan(&at_ilo, &w), GMM_OK);
    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    assert_true(holder_holds(&at_ilo, &w, e) && !holder_holds(&at_wb, &w, e));
    size_t count;
    const struct keyring_closed *closed = keyring_closed(at_wb.ring, &count);
    assert_true(count == 1 && closed[0].broken && id_equal(&closed[0].epoch_id, &w.entries[e].id));
    world_wrap_lie(&w, iom, e, wb); /* no better */
    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    assert_true(!holder_holds(&at_wb, &w, e) && closed_at(&at_wb) == 1);
    holder_wrap(&at_ilo, &w, e, wb);
    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    assert_true(holder_holds(&at_wb, &w, e) && closed_at(&at_wb) == 0);
    assert_int_equal(at_wb.core.effects == NULL, 0);
}

static void a_lying_wrap_is_told_too(void **state)
{
    (void)state;
    const unsigned two[] = {0, iom};
    unsigned e = world_epoch(&w, iom, &work, 1, NULL, 0, two, 2);
    world_wrap_lie(&w, iom, e, wb);
    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    size_t count;
    const struct keyring_closed *closed = keyring_closed(at_wb.ring, &count);
    assert_true(count == 1 && closed[0].broken);
}

/* A child opens it after all: nothing is left to tell. */
static void history_opens_what_a_wrap_did_not(void **state)
{
    (void)state;
    const unsigned all_three[] = {0, iom, wb};
    struct world_epoch as = {.gen = 1, .recipients = all_three, .recipient_count = 3, .lied_to = &wb};
    unsigned e = world_epoch_as(&w, iom, &work, &as);
    assert_int_equal(holder_scan(&at_ilo, &w), GMM_OK);
    unsigned child = holder_epoch(&at_ilo, &w, &work);
    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    assert_true(holder_holds(&at_wb, &w, e) && holder_holds(&at_wb, &w, child) && closed_at(&at_wb) == 0);
}

static void renew(struct holder *h)
{
    const uint8_t sk[32] = {77, (uint8_t)h->keystore->wrap_count};
    struct gmm_id pk;
    struct buffer body;
    w.now_ms += LIMIT_WRAP_KEY_MS;
    assert_true(wrapkeys_renew(h->keystore, sk, w.now_ms));
    assert_true(wrapkeys_current(h->keystore, &pk));
    buffer_init(&body, 64);
    assert_int_equal(control_wrapkey_encode(&body, &pk), GMM_OK);
    world_append(&w, h->office, NULL, HEADER_WRAPKEY, body.p, body.len);
    buffer_close(&body);
}

/* Epochs and WRAPs go to the newest key announced; keys before one that was used have a successor. */
static void the_newest_wrap_key(void **state)
{
    (void)state;
    unsigned first = holder_epoch(&at_iom, &w, &work);
    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    assert_int_equal(keyring_outdated(at_wb.ring), 0);
    renew(&at_wb);
    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    assert_int_equal(keyring_outdated(at_wb.ring), 0); /* nothing was wrapped to the new one yet */
    unsigned second = holder_epoch(&at_iom, &w, &work);
    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    assert_true(holder_holds(&at_wb, &w, second) && keyring_outdated(at_wb.ring) == 1);
    assert_true(holder_holds(&at_wb, &w, first));
    renew(&at_wb);
    renew(&at_wb);
    unsigned who = world_join(&w, "who", IDENTITY_MEMBER);
    unsigned third = world_epoch(&w, iom, &circle, 1, NULL, 0, (const unsigned[]){iom}, 1);
    (void)who;
    assert_int_equal(holder_scan(&at_iom, &w), GMM_OK);
    assert_true(holder_holds(&at_iom, &w, third));
    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    assert_int_equal(keyring_outdated(at_wb.ring), 1);
    unsigned fourth = holder_epoch(&at_iom, &w, &work);
    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    assert_true(holder_holds(&at_wb, &w, fourth) && keyring_outdated(at_wb.ring) == 3);
}

/* Its private key was deleted: told, but not as a lie; a WRAP to the newest key opens it. */
static void a_key_that_is_gone(void **state)
{
    (void)state;
    unsigned e = holder_epoch(&at_iom, &w, &circle);
    renew(&at_wb);
    wrapkeys_retire(at_wb.keystore, 1, w.now_ms);
    assert_true(wrapkeys_expire(at_wb.keystore, w.now_ms + LIMIT_WRAP_KEY_MS));
    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    size_t count;
    const struct keyring_closed *closed = keyring_closed(at_wb.ring, &count);
    assert_true(count == 1 && !closed[0].broken && !holder_holds(&at_wb, &w, e));
    holder_wrap(&at_iom, &w, e, wb); /* "whatever the history policy": it is a recipient */
    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    assert_true(holder_holds(&at_wb, &w, e) && closed_at(&at_wb) == 0);
}

/* New epochs: all tips as parents, history only where it is kept, one to all current offices. */
static void what_a_new_epoch_says(void **state)
{
    (void)state;
    const unsigned all_three[] = {0, iom, wb};
    unsigned a = world_epoch(&w, iom, &work, 1, NULL, 0, all_three, 3);
    unsigned b = world_epoch(&w, wb, &work, 1, NULL, 0, all_three, 3);
    assert_int_equal(holder_scan(&at_ilo, &w), GMM_OK);
    unsigned merge = holder_epoch(&at_ilo, &w, &work);
    const struct view_epoch *e = epoch_at(merge);
    assert_true(e->valid && e->epoch.gen == 2 && e->epoch.parent_count == 2 && e->epoch.history_count == 2);
    assert_true(e->epoch.recipient_count == 3 && e->epoch.domain == EPOCH_DOMAIN_INHERITED);
    assert_true(id_compare(&w.entries[a].id, &w.entries[b].id) < 0 ? id_equal(&e->epoch.parents[0], &w.entries[a].id)
                                                                   : id_equal(&e->epoch.parents[0], &w.entries[b].id));
    unsigned c = holder_epoch(&at_iom, &w, &circle), d = holder_epoch(&at_iom, &w, &circle);
    e = epoch_at(d);
    assert_true(e->valid && e->epoch.gen == 2 && e->epoch.history_count == 0 && e->epoch.domain == EPOCH_DOMAIN_NEW);
    assert_true(id_equal(&e->epoch.parents[0], &w.entries[c].id) && e->epoch.recipient_count == 2);
    struct buffer body;
    uint8_t secret[32];
    buffer_init(&body, LIMIT_BODY_BYTES);
    assert_int_equal(keyring_make_epoch(at_iom.ring, &at_iom.core, world_view(&w), &w.nid, &body, secret), GMM_EDENIED);
    buffer_close(&body);
}

static bool same_domain(const struct holder *h, unsigned a, unsigned b)
{
    uint8_t x[32], y[32];
    assert_int_equal(keyring_domain(h->ring, world_view(&w), epoch_at(a), x), GMM_OK);
    assert_int_equal(keyring_domain(h->ring, world_view(&w), epoch_at(b), y), GMM_OK);
    return memcmp(x, y, sizeof x) == 0;
}

/* The domain goes on until somebody who knows it has left: listed, let in by a WRAP, or by a child's history. */
static void domains_end_with_a_removal(void **state)
{
    (void)state;
    unsigned first = holder_epoch(&at_iom, &w, &work), second = holder_epoch(&at_iom, &w, &work);
    assert_true(same_domain(&at_iom, first, second));
    remove_from(&work, 0, wb);
    unsigned third = holder_epoch(&at_iom, &w, &work), fourth = holder_epoch(&at_iom, &w, &work);
    assert_false(same_domain(&at_iom, second, third));
    assert_true(same_domain(&at_iom, third, fourth));
    world_members(&w, 0, &work, HEADER_ADD, (const unsigned[]){w.offices[wb].participant}, 1);
    unsigned fifth = holder_epoch(&at_iom, &w, &work);
    assert_true(same_domain(&at_iom, third, fifth));
    /* wrapped the epoch that opened the domain, never a recipient of the last one */
    unsigned who = world_join(&w, "who", IDENTITY_MEMBER);
    holder_wrap(&at_iom, &w, third, who);
    remove_from(&work, 0, who);
    unsigned sixth = holder_epoch(&at_iom, &w, &work);
    assert_false(same_domain(&at_iom, fifth, sixth));
    assert_int_equal(epoch_at(sixth)->epoch.domain, EPOCH_DOMAIN_NEW);
}

static void domains_need_secrets(void **state)
{
    (void)state;
    uint8_t conv[32];
    unsigned first = holder_epoch(&at_iom, &w, &work), second = holder_epoch(&at_iom, &w, &work);
    const uint8_t secret[32] = {1};
    assert_int_equal(keyring_put(at_wb.ring, &w.entries[second].id, secret), GMM_OK);
    assert_int_equal(keyring_domain(at_wb.ring, world_view(&w), epoch_at(second), conv), GMM_EUNKNOWN);
    assert_int_equal(keyring_domain(at_wb.ring, world_view(&w), NULL, conv), GMM_EUNKNOWN);
    assert_int_equal(holder_scan(&at_ilo, &w), GMM_OK);
    assert_int_equal(keyring_domain(at_ilo.ring, world_view(&w), epoch_at(second), conv), GMM_OK);
    uint8_t expected[32];
    chunk_domain(expected, keyring_secret(at_ilo.ring, &w.entries[first].id), &work);
    assert_memory_equal(conv, expected, sizeof conv);
    /* a member goes on with the domain and lets nobody open it: the next epoch has one of its own */
    unsigned hidden = world_epoch(&w, iom, &work, 3, &second, 1, (const unsigned[]){iom}, 1);
    const struct world_epoch as = {.gen = 4,
                                   .parents = &hidden,
                                   .parent_count = 1,
                                   .recipients = (const unsigned[]){0, iom, wb},
                                   .recipient_count = 3,
                                   .inherited = true};
    unsigned shown = world_epoch_as(&w, iom, &work, &as);
    assert_int_equal(holder_scan(&at_ilo, &w), GMM_OK);
    assert_true(holder_holds(&at_ilo, &w, shown) && !holder_holds(&at_ilo, &w, hidden));
    unsigned next = holder_epoch(&at_ilo, &w, &work);
    assert_int_equal(epoch_at(next)->epoch.domain, EPOCH_DOMAIN_NEW);
}

static const struct view_epoch *sending(struct holder *h, uint64_t now_ms)
{
    const struct view_epoch *epoch;
    enum sending_state state;
    assert_int_equal(keyring_sending(h->ring, world_view(&w), &work, now_ms, &epoch, &state), GMM_OK);
    assert_true((epoch != NULL) == (state == SENDING_USABLE));
    return epoch;
}

/* What is remembered is forgotten with the view, with the time, and with a secret. */
static void the_choice_is_remembered(void **state)
{
    (void)state;
    assert_null(sending(&at_wb, w.now_ms));
    unsigned e = holder_epoch(&at_iom, &w, &work);
    assert_null(sending(&at_wb, w.now_ms)); /* not held */
    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    assert_ptr_equal(sending(&at_wb, w.now_ms), epoch_at(e));
    assert_ptr_equal(sending(&at_wb, w.now_ms + 1), epoch_at(e));
    assert_null(sending(&at_wb, w.now_ms + 4 * WORLD_YEAR_MS)); /* certificates have ended */
    assert_ptr_equal(sending(&at_wb, w.now_ms), epoch_at(e));   /* an earlier time than remembered */
    keyring_drop(at_wb.ring, &w.entries[e].id);
    assert_null(sending(&at_wb, w.now_ms));
    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    unsigned next = holder_epoch(&at_wb, &w, &work);
    assert_ptr_equal(sending(&at_wb, w.now_ms), epoch_at(next));
    remove_from(&work, 0, iom);
    assert_null(sending(&at_wb, w.now_ms));
}

static void tallies(void **state)
{
    (void)state;
    assert_true(keyring_entries(at_wb.ring, &w.nid) == 0);
    assert_int_equal(keyring_count(at_wb.ring, &w.nid, 7), GMM_OK);
    assert_int_equal(keyring_count(at_wb.ring, &w.nid, UINT64_C(1) << 33), GMM_OK);
    assert_true(keyring_entries(at_wb.ring, &w.nid) == (UINT64_C(1) << 33) + 7);
    assert_null(keyring_secret(at_wb.ring, &w.nid)); /* counted, not held */
    const uint8_t secret[32] = {5};
    assert_int_equal(keyring_put(at_wb.ring, &w.nid, secret), GMM_OK);
    assert_true(keyring_entries(at_wb.ring, &w.nid) == (UINT64_C(1) << 33) + 7);
    assert_memory_equal(keyring_secret(at_wb.ring, &w.nid), secret, 32);
}

static void wraps_that_cannot_be_made(void **state)
{
    (void)state;
    uint8_t body[EPOCH_REWRAP_BYTES];
    unsigned e = holder_epoch(&at_iom, &w, &work);
    const struct view *v = world_view(&w);
    const struct gmm_id *id = &w.entries[e].id, *to = &w.offices[wb].sign_pk;
    assert_int_equal(keyring_make_wrap(at_wb.ring, &at_wb.core, v, id, to, body), GMM_ENOTFOUND); /* not held */
    assert_int_equal(keyring_make_wrap(at_iom.ring, &at_iom.core, v, &w.nid, to, body), GMM_ENOTFOUND);
    assert_int_equal(keyring_make_wrap(at_iom.ring, &at_iom.core, v, id, &w.nid, body), GMM_ENOTFOUND);
    assert_int_equal(keyring_make_wrap(at_iom.ring, &at_iom.core, v, id, to, body), GMM_OK);
}

static void allocations_fail(void **state)
{
    (void)state;
    unsigned who = world_join(&w, "who", IDENTITY_MEMBER);
    holder_epoch(&at_iom, &w, &work);
    holder_epoch(&at_iom, &w, &work);
    world_epoch_as(&w, iom, &circle,
                   &(const struct world_epoch){
                       .gen = 1, .recipients = (const unsigned[]){iom, wb}, .recipient_count = 2, .lied_to = &wb});
    const struct view *v = world_view(&w);
    const struct view_epoch *epoch;
    enum sending_state s;
    uint8_t wrap[EPOCH_REWRAP_BYTES];
    struct buffer body;
    uint8_t secret[32];
    (void)who;
    for (long i = 0;; i++) {
        struct holder h;
        holder_open(&h, &w, wb);
        buffer_init(&body, LIMIT_BODY_BYTES);
        h.core.now_ms = w.now_ms;
        failmalloc_at(i);
        enum gmm_err err = keyring_scan(h.ring, &h.core, v);
        if (err == GMM_OK)
            err = keyring_sending(h.ring, v, &work, w.now_ms, &epoch, &s);
        if (err == GMM_OK)
            err = keyring_make_epoch(h.ring, &h.core, v, &work, &body, secret);
        if (err == GMM_OK && epoch != NULL)
            err = keyring_make_wrap(h.ring, &h.core, v, &epoch->id, &w.offices[iom].sign_pk, wrap);
        if (err == GMM_OK)
            err = keyring_count(h.ring, &w.nid, 1);
        bool failed = failmalloc_off();
        buffer_close(&body);
        holder_close(&h);
        if (!failed) {
            assert_int_equal(err, GMM_OK);
            break;
        }
        /* remembering a choice may fail: it is asked again */
        if (err != GMM_ENOMEM && err != GMM_OK)
            fail_msg("%ld: %s", i, gmm_err_name(err));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(recipients_open),
        TEST(a_newcomer_opens_by_wrap_and_history),
        TEST(a_lie_is_refused_and_told),
        TEST(a_lying_wrap_is_told_too),
        TEST(history_opens_what_a_wrap_did_not),
        TEST(the_newest_wrap_key),
        TEST(a_key_that_is_gone),
        TEST(what_a_new_epoch_says),
        TEST(domains_end_with_a_removal),
        TEST(domains_need_secrets),
        TEST(the_choice_is_remembered),
        TEST(tallies),
        TEST(wraps_that_cannot_be_made),
        TEST(allocations_fail),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
