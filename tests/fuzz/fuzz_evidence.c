/* An evidence file from anybody, its sum made to fit: what is accepted has one form and folds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keys/labels.h"
#include "proto/witness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct run **runs_of(struct verified_run *const *list, size_t count)
{
    const struct run **runs = calloc(count + 1, sizeof *runs);
    if (runs == NULL)
        abort();
    for (size_t i = 0; i < count; i++)
        runs[i] = verified_run_view(list[i]);
    return runs;
}

static void same_again(const struct evidence *e, const uint8_t *data, size_t size)
{
    struct buffer made;
    const struct run **control = runs_of(e->control, e->control_count), **group = runs_of(e->group, e->group_count);
    const struct evidence_parts parts = {.directory = e->directory,
                                         .forks = e->forks,
                                         .control = control,
                                         .control_count = e->control_count,
                                         .group = group,
                                         .group_count = e->group_count,
                                         .run = verified_run_view(e->run),
                                         .key = e->key};
    buffer_init(&made, LIMIT_EVIDENCE_BYTES);
    if (evidence_make(&made, &parts) != GMM_OK || made.len != size || memcmp(made.p, data, size) != 0)
        abort();
    buffer_close(&made);
    free(control);
    free(group);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct evidence *e;
    struct gmm_id sum;
    struct gmm_msg why;
    struct witness witness;
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
        for (size_t i = 0; i < e->group_count; i++)
            (void)witness_at(e, evidence_view(e), i, &witness);
        if (e->version > 1) /* what is made now has the newest form */
            same_again(e, copy, size);
        evidence_free(e);
    }
    free(copy);
    return 0;
}
