/* A network of four for adversarial tests of epochs: the chair's office 0, iom that leads decent-work and owns a circle
 * without history, wb, and who that is to leave or to come. */
#ifndef GMM_TESTS_EPOCHS_FIXTURE_H
#define GMM_TESTS_EPOCHS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/chunk.h"
#include "keys/seal.h"
#include "keys/secret.h"
#include "proto/control_roster.h"
#include "proto/sending.h"
#include "tests/lib/holder.h"
#include "tests/lib/thief.h"

static struct world w;
static unsigned iom, wb, who;
static struct gmm_id work; /* decent-work: full history */
static struct holder at_iom, at_wb, at_who;

static inline int setup(void **state)
{
    (void)state;
    struct charter charter;
    world_charter(&charter);
    snprintf(charter.leads[3], sizeof charter.leads[3], "iom");
    world_open(&w, &charter);
    iom = world_join(&w, "iom", IDENTITY_INTL_ORG);
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    who = world_join(&w, "who", IDENTITY_MEMBER);
    world_gid_thematic(&w, "decent-work", &work);
    holder_open(&at_iom, &w, iom);
    holder_open(&at_wb, &w, wb);
    holder_open(&at_who, &w, who);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    holder_close(&at_iom);
    holder_close(&at_wb);
    holder_close(&at_who);
    world_close(&w);
    return 0;
}

static inline void remove_from(const struct gmm_id *gid, unsigned by, unsigned office)
{
    world_members(&w, by, gid, HEADER_REMOVE, &w.offices[office].participant, 1);
}

static inline bool have_all(const void *arg, const struct gmm_id *id)
{
    (void)arg;
    (void)id;
    return true;
}

/* What a node would send under to which the entries came in an order of their own, and holds every secret; zero: none.
 */
static inline struct gmm_id chosen_in_order(const struct gmm_id *gid, unsigned order)
{
    struct fold *fold = fold_new(w.directory);
    struct gmm_id id = {{0}};
    struct sending s;
    enum sending_state why;
    unsigned stride = 7;
    while (w.entry_count % stride == 0)
        stride += 2;
    assert_non_null(fold);
    for (unsigned i = 0; i < w.entry_count; i++) {
        const struct world_entry *e = &w.entries[(order + stride * i) % w.entry_count];
        assert_int_equal(fold_add(fold, e->header, &e->id, e->body, e->len), GMM_OK);
    }
    assert_int_equal(sending_open(&s, fold_view(fold), gid, w.now_ms), GMM_OK);
    const struct view_epoch *epoch = sending_choose(&s, have_all, NULL, &why);
    if (epoch != NULL)
        id = epoch->id;
    sending_close(&s);
    fold_free(fold);
    return id;
}

/* In whichever order. */
static inline bool all_choose(const struct gmm_id *gid, const struct gmm_id *epoch_id)
{
    static const struct gmm_id none;
    for (unsigned order = 0; order < w.entry_count; order++) {
        struct gmm_id chosen = chosen_in_order(gid, order);
        if (!id_equal(&chosen, epoch_id == NULL ? &none : epoch_id))
            return false;
    }
    return true;
}

static inline const struct view_epoch *epoch_at(unsigned entry)
{
    const struct view_epoch *e = view_epoch(world_view(&w), &w.entries[entry].id);
    assert_non_null(e);
    return e;
}

/* A body that an office seals under an epoch that it holds, in the header that it would have. */
struct written {
    uint8_t header[HEADER_BYTES], body[512];
    size_t len;
};

static inline void write_under(struct written *out, struct holder *h, const struct gmm_id *gid, unsigned epoch)
{
    static const char text[] = "what was decided";
    static const uint8_t random[32] = {1};
    const uint8_t *secret = keyring_secret(h->ring, &w.entries[epoch].id);
    struct header header = {.version = HEADER_VERSION,
                            .suite = HEADER_SUITE,
                            .type = HEADER_DOCUMENT,
                            .network = w.nid,
                            .group = *gid,
                            .author = h->keystore->sign_pk,
                            .instance = 1,
                            .time = header_time_next(0, w.now_ms),
                            .epoch = w.entries[epoch].id};
    out->len = seal_size(sizeof text);
    assert_true(secret != NULL && out->len <= sizeof out->body);
    header.body_len = (uint32_t)out->len;
    header_encode(out->header, &header);
    assert_int_equal(
        seal_body(out->body, secret, out->header, SEAL_PLAIN, text, sizeof text, h->keystore->node, random), GMM_OK);
}

/* The first chunk of a file that everybody has, uploaded under the epoch. */
#define THE_FILE "a file that everybody has"
static inline struct gmm_id upload_under(struct holder *h, const struct gmm_id *gid, unsigned epoch)
{
    uint8_t conv[32];
    struct gmm_id chunk;
    assert_int_equal(keyring_domain(h->ring, world_view(&w), epoch_at(epoch), conv), GMM_OK);
    thief_chunk(&chunk, conv, &w.nid, gid, THE_FILE, sizeof THE_FILE);
    return chunk;
}

/* An office with its keys, the secrets that it held so far, and every record that there is. */
static inline void steal(struct thief *t, struct holder *h)
{
    const struct view *v = world_view(&w);
    thief_open(t, &w.nid);
    for (size_t i = 0; i < v->epoch_count; i++) {
        const uint8_t *secret = keyring_secret(h->ring, &v->epochs[i].id);
        if (secret != NULL)
            thief_knew(t, &v->epochs[i].id, &v->epochs[i].gid, secret);
    }
    thief_tries(t, v, h->keystore);
}

#endif
