/* What an office does when it is told to: groups, members, removals, posts, and epochs that no honest office makes. */
#include <stdlib.h>
#include <string.h>

#include "keys/revocation.h"
#include "proto/control_roster.h"
#include "proto/sending.h"
#include "tests/sim/sim_state.h"

bool sim_append(struct sim *sim, unsigned office, const struct gmm_id *gid, uint16_t type, const void *body, size_t len,
                struct gmm_id *id)
{
    struct engine_event event = {.kind = ENGINE_APPEND,
                                 .request = ++sim->offices[office].next_request,
                                 .as.append = {.gid = *gid, .type = type, .body = body, .len = len}};
    sim->append_request = event.request;
    sim->append_assigned = false;
    sim_step(sim, office, &event);
    sim->append_request = 0;
    if (id != NULL)
        *id = sim->append_id;
    return sim->append_assigned;
}

bool sim_post(struct sim *sim, unsigned office, const struct gmm_id *gid)
{
    struct office *o = &sim->offices[office];
    if (o->engine == NULL)
        return false;
    sim->posts = sim_must(realloc(sim->posts, (sim->post_count + 1) * sizeof *sim->posts));
    struct post post = {.office = office, .generation = o->generation, .request = ++o->next_request, .gid = *gid};
    sim->posts[sim->post_count++] = post;
    struct engine_event event = {.kind = ENGINE_ENSURE_EPOCH, .request = post.request, .as.epoch = {*gid, false}};
    sim_step(sim, office, &event);
    return true;
}

bool sim_rotate(struct sim *sim, unsigned office, const struct gmm_id *gid)
{
    struct engine_event event = {
        .kind = ENGINE_ENSURE_EPOCH, .request = ++sim->offices[office].next_request, .as.epoch = {*gid, true}};
    if (sim->offices[office].engine == NULL)
        return false;
    sim_step(sim, office, &event);
    sim_run(sim, 100);
    return true;
}

void sim_group_all(const struct sim *sim, struct gmm_id *gid)
{
    struct gmm_id nobody = {{0}};
    epoch_group_id(gid, &sim->nid, GROUP_ALL, &nobody, "all", 3);
}

void sim_group_thematic(const struct sim *sim, const char *name, struct gmm_id *gid)
{
    struct gmm_id nobody = {{0}};
    epoch_group_id(gid, &sim->nid, GROUP_THEMATIC, &nobody, name, strlen(name));
}

void sim_circle_of(struct sim *sim, unsigned owner, uint64_t members, bool history, struct gmm_id *gid)
{
    struct control_group group = {.kind = GROUP_CIRCLE, .history = history};
    struct buffer body;
    sim_random_bytes(sim, group.random, sizeof group.random);
    for (unsigned i = 0; i < sim->options.offices; i++)
        if ((members >> i & 1u) != 0)
            group.members[group.member_count++] = sim->offices[i].pid;
    epoch_group_id(gid, &sim->nid, GROUP_CIRCLE, &sim->offices[owner].pid, group.random, sizeof group.random);
    buffer_init(&body, 65536);
    if (control_group_encode(&body, &group) != GMM_OK ||
        !sim_append(sim, owner, gid, HEADER_GROUP, body.p, body.len, NULL))
        abort();
    buffer_close(&body);
    sim_run(sim, 50);
}

void sim_circle(struct sim *sim, unsigned members, struct gmm_id *gid)
{
    sim_circle_of(sim, 0, UINT64_MAX >> (SIM_OFFICES - members), false, gid);
    sim->circle = *gid;
}

bool sim_members(struct sim *sim, unsigned office, const struct gmm_id *gid, uint16_t type, unsigned whom)
{
    struct control_members change = {.member_count = 1};
    struct buffer body;
    if (sim->offices[office].engine == NULL)
        return false;
    change.members[0] = sim->offices[whom].pid;
    buffer_init(&body, 4096);
    if (control_members_encode(&body, &change) != GMM_OK)
        abort();
    bool done = sim_append(sim, office, gid, type, body.p, body.len, NULL);
    buffer_close(&body);
    return done;
}

bool sim_suspend(struct sim *sim, unsigned office, uint16_t type, unsigned whom)
{
    static const struct gmm_id control = {{0}};
    struct control_removal removal = {.pid = sim->offices[whom].pid};
    struct buffer body;
    if (sim->offices[office].engine == NULL)
        return false;
    buffer_init(&body, 4096);
    enum gmm_err err =
        type == HEADER_RESTORE ? control_restore_encode(&body, &removal) : control_removal_encode(&body, &removal);
    if (err != GMM_OK)
        abort();
    bool done = sim_append(sim, office, &control, type, body.p, body.len, NULL);
    buffer_close(&body);
    return done;
}

/* All that it wrote stands: what it said of epochs, too. */
static void cuts_of(const struct sim *sim, unsigned whom, struct revocation *r)
{
    const struct disk *disk = sim->offices[whom].disk;
    r->cuts = sim_must(calloc(disk_logs(disk) + 1, sizeof *r->cuts));
    for (size_t i = 0; i < disk_logs(disk); i++) {
        uint64_t count;
        const struct run_key *key = disk_log_key(disk, i, &count);
        if (count > 0 && id_equal(&key->author, &sim->offices[whom].keystore->sign_pk))
            r->cuts[r->count++] = (struct revocation_cut){.group = key->group,
                                                          .instance = key->instance,
                                                          .seq = count - 1,
                                                          .id = *disk_entry_id(disk, i, count - 1)};
    }
}

bool sim_revoke(struct sim *sim, unsigned office, unsigned whom)
{
    const struct keystore *ks = sim->offices[whom].keystore;
    struct revocation r = {
        .nid = sim->nid, .pid = ks->pid, .sign_pk = ks->sign_pk, .signer = ks->root_pk, .time_ms = sim->now_ms};
    struct buffer object;
    if (sim->offices[office].engine == NULL)
        return false;
    cuts_of(sim, whom, &r);
    buffer_init(&object, 1u << 20);
    buffer_put_u8(&object, DIRECTORY_REVOCATION);
    if (revocation_make(&object, &r, ks->root_sk) != GMM_OK)
        abort();
    free(r.cuts);
    sim_add_object(sim, office, object.p, object.len);
    buffer_close(&object);
    sim_retire(sim, whom);
    return true;
}

/* The group's tips as the office knows them, and their secrets as far as it holds them. */
struct tips {
    struct gmm_id ids[LIMIT_EPOCH_PARENTS];
    const uint8_t *secrets[LIMIT_EPOCH_PARENTS];
    size_t count;
    uint32_t gen;
};

static bool find_tips(const struct sim *sim, unsigned office, const struct gmm_id *gid, struct tips *out)
{
    const struct view_epoch *tips[LIMIT_EPOCH_PARENTS];
    struct engine *engine = sim->offices[office].engine;
    const struct view *view = engine_view(engine);
    struct sending s;
    *out = (struct tips){0};
    if (view == NULL || sending_open(&s, view, gid, sim->now_ms) != GMM_OK || s.group == NULL)
        return false;
    out->count = sending_tips(&s, tips, LIMIT_EPOCH_PARENTS);
    for (size_t i = 0; i < out->count; i++) {
        out->ids[i] = tips[i]->id;
        out->secrets[i] = engine_secret(engine, &tips[i]->id);
        out->gen = tips[i]->epoch.gen > out->gen ? tips[i]->epoch.gen : out->gen;
    }
    sending_close(&s);
    return true;
}

/* Wraps another secret to these than the one that the epoch commits to. */
static void lie(struct sim *sim, struct epoch *epoch, const struct epoch_context *ctx, const struct tips *tips,
                const struct epoch_target *targets, size_t count, uint64_t lied_to)
{
    struct epoch other;
    uint8_t secret[32], eph_sk[32];
    sim_random_bytes(sim, secret, sizeof secret);
    sim_random_bytes(sim, eph_sk, sizeof eph_sk);
    if (epoch_make(&other, ctx, tips->gen + 1, EPOCH_DOMAIN_NEW, tips->ids, tips->secrets, tips->count, false, targets,
                   count, secret, eph_sk) != GMM_OK)
        abort();
    for (unsigned i = 0; i < sim->options.offices; i++)
        for (uint16_t k = 0; (lied_to >> i & 1u) != 0 && k < epoch->recipient_count; k++)
            if (id_equal(&epoch->recipients[k].sign_pk, &sim->offices[i].keystore->sign_pk))
                memcpy(epoch->recipients[k].wrap, other.recipients[k].wrap, EPOCH_WRAP_BYTES);
    epoch_close(&other);
}

bool sim_forge_epoch(struct sim *sim, unsigned office, const struct gmm_id *gid, const struct sim_epoch *as)
{
    struct epoch_target targets[SIM_OFFICES];
    struct epoch_context ctx = {.nid = &sim->nid, .gid = gid, .author = &sim->offices[office].keystore->sign_pk};
    struct epoch epoch;
    struct tips tips;
    struct buffer body;
    uint8_t secret[32], eph_sk[32];
    size_t count = 0;
    if (sim->offices[office].engine == NULL || !find_tips(sim, office, gid, &tips))
        return false;
    for (unsigned i = 0; i < sim->options.offices; i++)
        if ((as->recipients >> i & 1u) != 0) {
            targets[count].sign_pk = sim->offices[i].keystore->sign_pk;
            crypto_scalarmult_base(targets[count++].wrap_pk.b, sim->offices[i].keystore->wraps[0].sk);
        }
    sim_random_bytes(sim, secret, sizeof secret);
    sim_random_bytes(sim, eph_sk, sizeof eph_sk);
    bool inherits = as->inherited && tips.count > 0;
    if (epoch_make(&epoch, &ctx, tips.gen + 1, inherits ? EPOCH_DOMAIN_INHERITED : EPOCH_DOMAIN_NEW, tips.ids,
                   tips.secrets, tips.count, as->history, targets, count, secret, eph_sk) != GMM_OK)
        abort();
    if (as->lied_to != 0)
        lie(sim, &epoch, &ctx, &tips, targets, count, as->lied_to);
    buffer_init(&body, LIMIT_BODY_BYTES);
    if (epoch_encode(&body, &epoch) != GMM_OK)
        abort();
    epoch_close(&epoch);
    bool done = sim_append(sim, office, gid, HEADER_EPOCH, body.p, body.len, NULL);
    buffer_close(&body);
    return done;
}
