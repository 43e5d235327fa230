/* Chunks on simulated disks: what a driver does about them. A crash loses none. */
#include <stdlib.h>
#include <string.h>

#include "keys/chunk.h"
#include "tests/sim/sim_state.h"

static struct chunk *find(const struct sim *sim, unsigned office, const struct gmm_id *gid, const struct gmm_id *id)
{
    for (size_t i = 0; i < sim->offices[office].chunk_count; i++) {
        struct chunk *chunk = &sim->offices[office].chunks[i];
        if (id_equal(&chunk->id, id) && id_equal(&chunk->gid, gid))
            return chunk;
    }
    return NULL;
}

void sim_chunks_free(struct sim *sim, unsigned office)
{
    for (size_t i = 0; i < sim->offices[office].chunk_count; i++)
        free(sim->offices[office].chunks[i].bytes);
    free(sim->offices[office].chunks);
}

void sim_chunk_stored(struct sim *sim, unsigned office, const struct gmm_id *gid, const struct gmm_id *id,
                      const uint8_t *bytes, size_t len)
{
    struct office *o = &sim->offices[office];
    if (find(sim, office, gid, id) != NULL)
        return;
    o->chunks = sim_must(realloc(o->chunks, (o->chunk_count + 1) * sizeof *o->chunks));
    o->chunks[o->chunk_count] = (struct chunk){.gid = *gid, .id = *id, .bytes = sim_must(malloc(len)), .len = len};
    memcpy(o->chunks[o->chunk_count++].bytes, bytes, len);
}

void sim_chunk_put(struct sim *sim, unsigned office, const struct gmm_id *gid, size_t len, struct gmm_id *id)
{
    uint8_t *bytes = sim_must(malloc(len));
    sim_random_bytes(sim, bytes, len);
    chunk_id(id, &sim->nid, gid, bytes, len);
    sim_chunk_stored(sim, office, gid, id, bytes, len);
    free(bytes);
}

bool sim_chunk_held(const struct sim *sim, unsigned office, const struct gmm_id *gid, const struct gmm_id *id)
{
    return find(sim, office, gid, id) != NULL;
}

void sim_chunk_want(struct sim *sim, unsigned office, const struct gmm_id *gid, const struct gmm_id *id)
{
    struct engine_event event = {.kind = ENGINE_WANT_CHUNKS, .as.want = {.gid = *gid, .ids = id, .count = 1}};
    sim_step(sim, office, &event);
}

void sim_chunk_load(struct sim *sim, unsigned office, uint64_t ticket, const struct gmm_id *gid,
                    const struct gmm_id *id, uint32_t offset, uint32_t max)
{
    const struct chunk *chunk = find(sim, office, gid, id);
    struct engine_event event = {.kind = ENGINE_CHUNK_LOADED, .ticket = ticket};
    if (chunk != NULL && offset < chunk->len && max > 0) { /* 0: of what is staged, and nothing ever is */
        size_t left = chunk->len - offset;
        event.as.chunk.bytes = chunk->bytes + offset;
        event.as.chunk.len = left < max ? left : max;
        event.as.chunk.total = chunk->len;
        event.as.chunk.offset = offset;
    }
    sim_step(sim, office, &event);
}

/* As a driver does after each step. */
void sim_chunks_list(struct sim *sim, unsigned office)
{
    struct office *o = &sim->offices[office];
    struct gmm_id gid;
    while (o->engine != NULL && engine_lists_chunks(o->engine, &gid)) {
        struct gmm_id *ids = sim_must(malloc((o->chunk_count + 1) * sizeof *ids));
        uint32_t *lens = sim_must(malloc((o->chunk_count + 1) * sizeof *lens));
        size_t count = 0;
        for (size_t i = 0; i < o->chunk_count; i++)
            if (id_equal(&o->chunks[i].gid, &gid)) {
                ids[count] = o->chunks[i].id;
                lens[count++] = (uint32_t)o->chunks[i].len;
            }
        struct engine_event event = {.kind = ENGINE_CHUNKS_HELD, .as.held = {gid, ids, lens, count}};
        sim_step(sim, office, &event);
        free(ids);
        free(lens);
    }
}
