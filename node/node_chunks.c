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
