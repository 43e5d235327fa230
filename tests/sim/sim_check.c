/* What must hold of every run. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/thief.h"
#include "tests/sim/sim_state.h"

static bool is_current(const struct view *v, const struct gmm_id *gid, const struct gmm_id *sign_pk, uint64_t now_ms)
{
    const struct view_office *office = view_office(v, sign_pk);
    return office != NULL && view_office_in_group(v, gid, office, now_ms);
}

/* Who can read under an epoch by records that have effect; written anew, apart from proto/readers.c. What comes of the
 * others, the thieves find out (sim_thief.c). */
static bool all_current(const struct sim *sim, const struct view *v, const struct view_epoch *e)
{
    if (!is_current(v, &e->gid, &e->author, sim->now_ms))
        return false;
    for (uint16_t i = 0; i < e->epoch.recipient_count; i++)
        if (!is_current(v, &e->gid, &e->epoch.recipients[i].sign_pk, sim->now_ms))
            return false;
    for (size_t i = 0; i < v->wrap_count; i++)
        if (id_equal(&v->wraps[i].epoch_id, &e->id) && !is_current(v, &e->gid, &v->wraps[i].sign_pk, sim->now_ms))
            return false;
    for (size_t i = 0; i < v->epoch_count; i++) {
        const struct epoch *child = &v->epochs[i].epoch;
        for (size_t k = 0; v->epochs[i].valid && k < child->history_count; k++)
            if (id_equal(&child->parents[child->history[k].parent], &e->id) && !all_current(sim, v, &v->epochs[i]))
                return false;
    }
    return true;
}

/* "It is clean in the sender's fold." */
static bool sealed_well(const struct sim *sim, const struct view *v, const struct header *h)
{
    const struct view_epoch *e = view_epoch(v, &h->epoch), *domain = e;
    while (domain != NULL && domain->epoch.domain == EPOCH_DOMAIN_INHERITED)
        domain = view_epoch(v, &domain->epoch.parents[0]);
    return domain != NULL && e->valid && !e->bad && all_current(sim, v, e) && all_current(sim, v, domain);
}

/* Who may read it, and what a file would be called that is uploaded with it, as its author knows the group. */
static void note_sealed(struct sim *sim, unsigned office, const struct view *v, const struct header *h,
                        const struct gmm_id *id)
{
    struct sealed *sealed = sim_must(realloc(sim->sealed, (sim->sealed_count + 1) * sizeof *sealed));
    struct sealed *note = &sealed[sim->sealed_count++];
    uint8_t conv[32];
    sim->sealed = sealed;
    *note = (struct sealed){.id = *id, .gid = h->group, .author = office};
    note->history = view_group(v, &h->group)->history_full;
    for (unsigned i = 0; i < sim->options.offices; i++)
        if (is_current(v, &h->group, &sim->offices[i].keystore->sign_pk, sim->now_ms))
            note->current |= UINT64_C(1) << i;
    if (engine_domain(sim->offices[office].engine, &h->group, sim->now_ms, conv) != GMM_OK)
        sim->misused = true;
    else
        thief_chunk(&note->chunk, conv, &sim->nid, &h->group, SIM_FILE, sizeof SIM_FILE);
}

void sim_check_sealed(struct sim *sim, unsigned office, const struct effect *effect)
{
    const struct view *v = engine_view(sim->offices[office].engine);
    /* What it writes itself is stored durably. The rest came from others, be it of its own log: sealed by a copy of its
     * home, or before it was set back. */
    for (uint32_t r = 0; effect->as.store.durable && r < effect->as.store.run_count; r++)
        for (uint32_t i = 0; i < admitted_count(effect->as.store.runs[r]); i++) {
            const struct run_entry *entry = admitted_entry(effect->as.store.runs[r], i);
            struct header h;
            header_decode(&h, entry->header);
            if (h.type < 64 || !id_equal(&h.author, &sim->offices[office].keystore->sign_pk))
                continue;
            if (v != NULL && sealed_well(sim, v, &h)) {
                note_sealed(sim, office, v, &h, &entry->id);
                continue;
            }
            printf("seed %" PRIu64 ": office %u sealed under an epoch that it must not use\n", sim->options.seed,
                   office);
            sim->misused = true;
        }
}

static bool same_logs(const struct sim *sim, unsigned a, unsigned b)
{
    const struct disk *x = sim->offices[a].disk, *y = sim->offices[b].disk;
    for (size_t i = 0; i < disk_logs(x); i++) {
        uint64_t xs, ys;
        size_t other;
        const struct run_key *key = disk_log_key(x, i, &xs);
        if (!disk_find_log(y, key, &other))
            continue;
        disk_log_key(y, other, &ys);
        for (uint64_t seq = 0; seq < xs && seq < ys; seq++)
            if (!id_equal(disk_entry_id(x, i, seq), disk_entry_id(y, other, seq))) {
                printf("seed %" PRIu64 ": offices %u and %u differ at seq %" PRIu64 "\n", sim->options.seed, a, b, seq);
                return false;
            }
    }
    return true;
}

bool sim_check_safety(const struct sim *sim)
{
    if (sim->misused)
        return false;
    for (unsigned a = 0; a < sim->options.offices; a++)
        for (unsigned b = a + 1; b < sim->options.offices; b++)
            if (!same_logs(sim, a, b))
                return false;
    for (size_t i = 0; i < sim->acknowledged_count; i++)
        if (!disk_holds(sim->offices[sim->acknowledged[i].office].disk, &sim->acknowledged[i].id)) {
            printf("seed %" PRIu64 ": office %u lost an acknowledged post\n", sim->options.seed,
                   sim->acknowledged[i].office);
            return false;
        }
    return true;
}

static bool has_and_opens(struct sim *sim, unsigned office, const struct acknowledged *post)
{
    const struct disk *disk = sim->offices[office].disk;
    for (size_t i = 0; i < disk_logs(disk); i++) {
        uint64_t count;
        disk_log_key(disk, i, &count);
        for (uint64_t seq = 0; seq < count; seq++) {
            if (!id_equal(disk_entry_id(disk, i, seq), &post->id))
                continue;
            struct gmm_id epoch;
            memcpy(epoch.b, disk_entry_header(disk, i, seq) + 160, sizeof epoch.b);
            if (engine_secret(sim->offices[office].engine, &epoch) != NULL)
                return true;
            printf("seed %" PRIu64 ": office %u cannot open a post of office %u\n", sim->options.seed, office,
                   post->office);
            return false;
        }
    }
    printf("seed %" PRIu64 ": office %u lacks a post of office %u\n", sim->options.seed, office, post->office);
    return false;
}

bool sim_check_converged(struct sim *sim)
{
    for (unsigned office = 0; office < sim->options.offices; office++) {
        const struct view *view = engine_view(sim->offices[office].engine);
        for (size_t i = 0; i < sim->acknowledged_count; i++) {
            const struct acknowledged *post = &sim->acknowledged[i];
            if (view == NULL ||
                (!view_is_member(view, &post->gid, &sim->offices[office].pid) && !id_equal(&post->gid, &sim->circle))) {
                printf("seed %" PRIu64 ": office %u is not a member\n", sim->options.seed, office);
                return false;
            }
            if (view_is_member(view, &post->gid, &sim->offices[office].pid) && !has_and_opens(sim, office, post))
                return false;
        }
    }
    return true;
}

bool sim_check_outsiders(const struct sim *sim)
{
    const struct view *view = engine_view(sim->offices[0].engine);
    for (unsigned office = 0; view != NULL && office < sim->options.offices; office++)
        for (size_t i = 0; i < disk_logs(sim->offices[office].disk); i++) {
            uint64_t count;
            const struct run_key *key = disk_log_key(sim->offices[office].disk, i, &count);
            if (id_is_zero(&key->group) || view_is_member(view, &key->group, &sim->offices[office].pid))
                continue;
            printf("seed %" PRIu64 ": office %u holds a log of a group it is no member of\n", sim->options.seed,
                   office);
            return false;
        }
    return true;
}

bool sim_opens(struct sim *sim, unsigned office, const struct gmm_id *id)
{
    struct acknowledged post = {.id = *id, .office = office};
    return has_and_opens(sim, office, &post);
}
