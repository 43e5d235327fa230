/* Welcomes: the sealed form, and the content that a holder of the invite could have put in. */
#include <stdlib.h>
#include <string.h>

#include "keys/hash.h"
#include "keys/welcome.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct gmm_id nid = {{7}};
static const uint8_t secret[32] = {1, 2, 3}, wrap_sk[32] = {0x70}, eph_sk[32] = {5};

/* What was read is written again as it was. */
static void check_content(struct welcome *w, const struct welcome_target *target, const uint8_t *content, size_t len)
{
    struct welcome_items objects, runs;
    struct welcome_item item;
    struct welcome again;
    const struct welcome *was = w;
    struct buffer out;
    uint32_t object_count = w->object_count, run_count = w->run_count;
    welcome_items_init(&objects);
    welcome_items_init(&runs);
    buffer_init(&out, LIMIT_WELCOME_BYTES);
    while (welcome_next_object(w, &item))
        welcome_items_put(&objects, item.bytes, item.len);
    while (welcome_next_run(w, &item))
        welcome_items_put(&runs, item.bytes, item.len);
    if (objects.count != object_count || runs.count != run_count)
        abort();
    if (welcome_seal(&out, target, eph_sk, was->address_count, was->addresses, &objects, &runs) != GMM_OK)
        abort();
    if (welcome_open(&again, target, wrap_sk, out.p, out.len) != GMM_OK)
        abort();
    if (len > 0 && memcmp(again.content, content, len) != 0)
        abort();
    welcome_close(&again);
    buffer_close(&out);
    welcome_items_close(&objects);
    welcome_items_close(&runs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gmm_id wrap_pk, named;
    struct welcome w;
    crypto_scalarmult_base(wrap_pk.b, wrap_sk);
    const struct welcome_target target = {.nid = &nid, .wrap_pk = &wrap_pk, .invite_secret = secret};
    enum gmm_err peeked = welcome_peek(&named, data, size);
    if (welcome_open(&w, &target, wrap_sk, data, size) == GMM_OK) {
        if (peeked != GMM_OK || !id_equal(&named, &nid))
            abort();
        welcome_close(&w);
    }
    if (welcome_decode(&w, data, size) == GMM_OK)
        check_content(&w, &target, data, size);
    return 0;
}
