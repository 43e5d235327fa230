#include "node/batches.h"

#include <stdlib.h>
#include <string.h>

#include "node/batch_state.h"
#include "node/sys.h"

bool batches_grow(void **items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity == 0 ? 64 : 2 * *capacity;
    void *more = wanted > UINT32_MAX ? NULL : realloc(*items, wanted * size);
    if (more == NULL)
        return false;
    *items = more;
    *capacity = wanted;
    return true;
}

const char *batches_keep_text(struct batch *batch, const char *text)
{
    void *items = batch->owned;
    if (!batches_grow(&items, batch->owned_count, &batch->owned_capacity, sizeof *batch->owned))
        return NULL;
    batch->owned = items;
    char *copy = strdup(text);
    if (copy != NULL)
        batch->owned[batch->owned_count++] = copy;
    return copy;
}

void batches_free(struct batch *batch)
{
    if (batch == NULL)
        return;
    for (size_t i = 0; i < batch->audience_count; i++)
        groups_audience_close(&batch->audiences[i].who);
    for (size_t i = 0; i < batch->owned_count; i++)
        free(batch->owned[i]);
    textmap_close(&batch->ids);
    textmap_close(&batch->symbols);
    textmap_close(&batch->references);
    textmap_close(&batch->audience_texts);
    free(batch->owned);
    free(batch->audiences);
    free(batch->families);
    free(batch->held);
    free(batch->rows);
    free(batch->person);
    free(batch->text);
    free(batch);
}

size_t batches_rows(const struct batch *batch)
{
    return batch->row_count;
}

const char *batches_path(const struct batch *batch, size_t row)
{
    return batch->rows[row].path;
}

/* ---- the batches under way */

enum gmm_err batches_keep(struct node *node, struct batch *batch, uint32_t *number)
{
    uint64_t now_ms = sys_now_ms();
    uint32_t highest = 0;
    size_t count = 0;
    for (struct batch **at = &node->batches; *at != NULL;) {
        struct batch *b = *at;
        highest = b->number > highest ? b->number : highest;
        if (now_ms - b->used_ms > BATCH_IDLE_MS || b->failed) {
            *at = b->other;
            batches_free(b);
            continue;
        }
        count++;
        at = &b->other;
    }
    if (count >= BATCH_OPEN) {
        batches_free(batch);
        return GMM_EBUSY;
    }
    *number = batch->number = highest + 1;
    batch->used_ms = now_ms;
    batch->other = node->batches;
    node->batches = batch;
    return GMM_OK;
}

struct batch *batches_find(struct node *node, uint32_t number, const char *person)
{
    for (struct batch *b = node->batches; b != NULL; b = b->other)
        if (b->number == number && strcmp(b->person, person) == 0)
            return b;
    return NULL;
}

void batches_end(struct node *node, struct batch *batch)
{
    for (struct batch **at = &node->batches; *at != NULL; at = &(*at)->other)
        if (*at == batch) {
            *at = batch->other;
            batches_free(batch);
            return;
        }
}

void batches_close_all(struct node *node)
{
    while (node->batches != NULL)
        batches_end(node, node->batches);
}
