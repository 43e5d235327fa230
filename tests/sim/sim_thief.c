/* What those who are no members make of all that the network holds (tests/lib/thief.h). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/thief.h"
#include "tests/sim/sim_state.h"

/* Every plain record that any office holds. */
static struct fold *everything(struct sim *sim)
{
    struct fold *fold = sim_must(fold_new(engine_directory(sim->offices[0].engine)));
    for (unsigned office = 0; office < sim->options.offices; office++) {
        const struct disk *disk = sim->offices[office].disk;
        for (size_t i = 0; i < disk_logs(disk); i++) {
            uint64_t count;
            disk_log_key(disk, i, &count);
            for (uint64_t seq = 0; seq < count; seq++) {
                size_t len;
                const uint8_t *body = disk_entry_body(disk, i, seq, &len);
                if (body != NULL && fold_add(fold, disk_entry_header(disk, i, seq), disk_entry_id(disk, i, seq), body,
                                             len) == GMM_ENOMEM)
                    abort();
            }
        }
    }
    return fold;
}

/* The entry on its author's disk; false: a crash took it. */
static bool find_entry(const struct sim *sim, const struct sealed *sealed, const uint8_t **header, const uint8_t **body,
                       size_t *len)
{
    const struct disk *disk = sim->offices[sealed->author].disk;
    for (size_t i = 0; i < disk_logs(disk); i++) {
        uint64_t count;
        const struct run_key *key = disk_log_key(disk, i, &count);
        for (uint64_t seq = 0; id_equal(&key->group, &sealed->gid) && seq < count; seq++)
            if (id_equal(disk_entry_id(disk, i, seq), &sealed->id)) {
                *header = disk_entry_header(disk, i, seq);
                *body = disk_entry_body(disk, i, seq, len);
                return true;
            }
    }
    return false;
}

/* Its author did not write to this office, and it has not become a member of a group that shows its past. */
static bool may_not_read(const struct sim *sim, const struct view *view, const struct sealed *sealed, unsigned office)
{
    const struct view_office *now = view_office(view, &sim->offices[office].keystore->sign_pk);
    return (sealed->current >> office & 1u) == 0 &&
           !(sealed->history && now != NULL && view_office_in_group(view, &sealed->gid, now, sim->now_ms));
}

static void open_thief(struct sim *sim, const struct view *view, unsigned office, struct thief *thief)
{
    struct engine *engine = sim->offices[office].engine;
    thief_open(thief, &sim->nid);
    for (size_t i = 0; i < view->epoch_count; i++) {
        const struct view_epoch *e = &view->epochs[i];
        const uint8_t *secret = engine == NULL ? NULL : engine_secret(engine, &e->id);
        if (secret == NULL)
            secret = disk_secret(sim->offices[office].disk, &e->id);
        if (secret != NULL)
            thief_knew(thief, &e->id, &e->gid, secret);
    }
    thief_tries(thief, view, sim->offices[office].keystore);
}

static bool steals(struct sim *sim, const struct thief *thief, unsigned office, const struct sealed *sealed)
{
    const uint8_t *header, *body;
    size_t len;
    if (!find_entry(sim, sealed, &header, &body, &len))
        return false;
    bool reads = body != NULL && thief_reads(thief, header, body, len);
    bool confirms = thief_confirms(thief, &sealed->chunk, SIM_FILE, sizeof SIM_FILE);
    if (reads || confirms)
        printf("seed %" PRIu64 ": office %u %s what office %u wrote when it was no member\n", sim->options.seed, office,
               reads ? "reads" : "confirms", sealed->author);
    return reads || confirms;
}

bool sim_check_thieves(struct sim *sim, size_t *tried)
{
    struct fold *fold = everything(sim);
    const struct view *view = fold_view(fold);
    bool good = view != NULL;
    for (unsigned office = 0; good && office < sim->options.offices; office++) {
        struct thief thief = {0};
        bool opened = false;
        for (size_t i = 0; good && i < sim->sealed_count; i++) {
            if (!may_not_read(sim, view, &sim->sealed[i], office))
                continue;
            if (!opened)
                open_thief(sim, view, office, &thief);
            opened = true;
            good = !steals(sim, &thief, office, &sim->sealed[i]);
            if (tried != NULL)
                (*tried)++;
        }
        thief_close(&thief);
    }
    fold_free(fold);
    return good;
}
