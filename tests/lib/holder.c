#include "tests/lib/holder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "the test's office cannot do this: %s\n", what);
    exit(1);
}

void holder_open(struct holder *h, struct world *w, unsigned office)
{
    const struct world_office *o = &w->offices[office];
    *h = (struct holder){.office = office, .keystore = keystore_new(), .ring = keyring_new()};
    h->core.effects = effects_new();
    must(h->keystore != NULL && h->ring != NULL && h->core.effects != NULL, "memory");
    h->keystore->sign_pk = o->sign_pk;
    memcpy(h->keystore->sign_sk, o->sign_sk, sizeof h->keystore->sign_sk);
    memcpy(h->keystore->wraps[0].sk, o->wrap_sk, 32);
    h->keystore->wraps[0].created_ms = WORLD_START_MS;
    h->keystore->wrap_count = 1;
    h->core.keystore = h->keystore;
    h->core.nid = w->nid;
}

void holder_close(struct holder *h)
{
    effects_free(h->core.effects);
    keyring_free(h->ring);
    keystore_free(h->keystore);
    *h = (struct holder){0};
}

/* What a driver gives to every step. */
static void begin(struct holder *h, const struct world *w)
{
    effects_reset(h->core.effects);
    h->core.now_ms = w->now_ms;
    h->core.seed_used = 0;
    memset(h->core.seed, (int)(h->office + 1), sizeof h->core.seed);
    bytes_store_u32(h->core.seed, w->entry_count);
}

enum gmm_err holder_scan(struct holder *h, struct world *w)
{
    const struct view *view = world_view(w);
    begin(h, w);
    return keyring_scan(h->ring, &h->core, view);
}

bool holder_holds(const struct holder *h, const struct world *w, unsigned epoch)
{
    return keyring_secret(h->ring, &w->entries[epoch].id) != NULL;
}

unsigned holder_epoch(struct holder *h, struct world *w, const struct gmm_id *gid)
{
    struct buffer body;
    uint8_t secret[32];
    const struct view *view = world_view(w);
    begin(h, w);
    buffer_init(&body, LIMIT_BODY_BYTES);
    must(keyring_make_epoch(h->ring, &h->core, view, gid, &body, secret) == GMM_OK, "an epoch");
    unsigned entry = world_append(w, h->office, gid, HEADER_EPOCH, body.p, body.len);
    must(keyring_put(h->ring, &w->entries[entry].id, secret) == GMM_OK, "an epoch's secret");
    buffer_close(&body);
    return entry;
}

unsigned holder_wrap(struct holder *h, struct world *w, unsigned epoch, unsigned target)
{
    uint8_t body[EPOCH_REWRAP_BYTES];
    const struct gmm_id gid = w->entries[epoch].log.group;
    const struct view *view = world_view(w);
    begin(h, w);
    must(keyring_make_wrap(h->ring, &h->core, view, &w->entries[epoch].id, &w->offices[target].sign_pk, body) == GMM_OK,
         "a wrap");
    return world_append(w, h->office, &gid, HEADER_WRAP, body, sizeof body);
}
