/* A run from a peer: what is accepted has one form, and verifies only as it was signed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_form(const struct run *run, const uint8_t *data, size_t size)
{
    struct buffer again;
    struct run_key key;
    uint64_t first;
    uint32_t count;
    buffer_init(&again, LIMIT_RUN_BYTES);
    enum gmm_err err = run_encode(&again, run);
    if (err == GMM_OK && (again.len != size || memcmp(again.p, data, size) != 0))
        abort();
    if (run_peek(&key, &first, &count, data, size) != GMM_OK || count != run->count || first != run->first_seq ||
        run_key_compare(&key, &run->key) != 0)
        abort();
    buffer_close(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gmm_id nid, prev;
    struct run *run;
    struct verified_run *verified;
    memset(&nid, 7, sizeof nid);
    memset(&prev, 8, sizeof prev);
    if (run_decode(&run, &nid, &prev, data, size) != GMM_OK)
        return 0;
    check_form(run, data, size);
    run_verify(&verified, &run, &nid);
    verified_run_free(verified);
    run_free(run);
    return 0;
}
