/* An evidence file from anybody, its sum made to fit: what is accepted has one form and folds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keys/labels.h"
#include "proto/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_again(const struct evidence *e, const uint8_t *data, size_t size)
{
    struct buffer made;
    const struct run **control = calloc(e->control_count + 1, sizeof *control);
    if (control == NULL)
        abort();
    for (size_t i = 0; i < e->control_count; i++)
        control[i] = verified_run_view(e->control[i]);
    const struct evidence_parts parts = {e->directory, e->forks, control, e->control_count, verified_run_view(e->run),
                                         e->key};
    buffer_init(&made, LIMIT_EVIDENCE_BYTES);
    if (evidence_make(&made, &parts) != GMM_OK || made.len != size || memcmp(made.p, data, size) != 0)
        abort();
    buffer_close(&made);
    free(control);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct evidence *e;
    struct gmm_id sum;
    struct gmm_msg why;
    if (size < sizeof sum.b)
        return 0;
    uint8_t *copy = malloc(size);
    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    hash_h(&sum, LABEL_EVIDENCE, copy, size - sizeof sum.b);
    memcpy(copy + size - sizeof sum.b, sum.b, sizeof sum.b);
    if (evidence_open(&e, copy, size, &why) == GMM_OK) {
        if (evidence_view(e) == NULL || evidence_view_then(e) == NULL)
            abort();
        same_again(e, copy, size);
        evidence_free(e);
    }
    free(copy);
    return 0;
}
