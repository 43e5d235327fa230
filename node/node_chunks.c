/* Received chunks on their way to the disk (node_state.h): who wakes the loop, and what the engine's STORE becomes. */
#include <stdlib.h>

#include "node/node_state.h"

/* Without a loop nobody would come to take what is done. */
static struct chunkwriter *writer_of(struct node *node)
{
    struct node_pending *p = node->pending;
    const struct charter *charter = directory_charter(engine_directory(node->engine));
    if (p->writer == NULL && node->net != NULL && charter != NULL)
        (void)chunkwriter_new(&p->writer, node->home, &charter->nid, node->transport->wake, node->net, NULL);
    return p->writer;
}

bool node_chunks_put(struct node *node, struct effect *effect)
{
    struct engine_store *s = &effect->as.store;
    struct chunkwriter *writer = s->has_chunk && s->chunk_unchecked ? writer_of(node) : NULL;
    struct chunkwriter_job *job = writer == NULL ? NULL : malloc(sizeof *job);
    if (job == NULL)
        return false;
    *job = (struct chunkwriter_job){.ticket = effect->ticket,
                                    .gid = s->chunk_gid,
                                    .id = s->chunk_id,
                                    .bytes = s->chunk,
                                    .len = s->chunk_len,
                                    .staged = s->chunk_staged};
    s->chunk = NULL;
    chunkwriter_put(writer, job);
    return true;
}

bool node_chunks_busy(struct node *node)
{
    return node->pending->writer != NULL && chunkwriter_busy(node->pending->writer);
}

struct chunkwriter_job *node_chunks_next(struct node *node, bool wait)
{
    return node->pending->writer == NULL ? NULL : chunkwriter_take(node->pending->writer, wait);
}

static bool is_left(const struct node *node, const struct gmm_id *id)
{
    enum store_naming naming;
    return store_names_chunk(node->store, id, &naming) == GMM_OK && naming == STORE_UNNAMED;
}

bool node_chunks_left(struct node *node, const struct gmm_id *id, uint8_t **bytes, size_t *len, uint32_t *total)
{
    size_t got = 0, size = 0;
    if (!is_left(node, id) || chunkfile_read(node->chunks, id, 0, NULL, 0, &got, &size) != GMM_OK || size == 0 ||
        size > LIMIT_CHUNK_SEALED || (*bytes = malloc(size)) == NULL)
        return false;
    if (chunkfile_read(node->chunks, id, 0, *bytes, size, len, &size) != GMM_OK || *len != size) {
        free(*bytes);
        *bytes = NULL;
        return false;
    }
    *total = (uint32_t)size;
    return true;
}

void node_chunks_drop(const struct node *node, const struct gmm_id *id)
{
    if (is_left(node, id))
        (void)chunkfile_remove(node->chunks, id);
}
