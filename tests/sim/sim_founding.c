/* Who takes part: keys, certificates, admissions. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/labels.h"
#include "keys/secret.h"
#include "tests/sim/sim_state.h"

static void make_keys(struct sim *sim, unsigned i)
{
    struct office *o = &sim->offices[i];
    struct gmm_id next_pk;
    o->keystore = sim_must(keystore_new());
    struct keystore *ks = o->keystore;
    sim_random_bytes(sim, ks->node, 32);
    sim_random_bytes(sim, ks->sign_seed, 32);
    sim_random_bytes(sim, ks->noise_sk, 32);
    sim_random_bytes(sim, ks->root_seed, 32);
    sim_random_bytes(sim, ks->next_root_seed, 32);
    sim_random_bytes(sim, ks->wraps[0].sk, 32);
    ks->wraps[0].created_ms = SIM_START_MS;
    ks->wrap_count = 1;
    ks->root_held = ks->next_root_held = true;
    uint8_t *sk = sim_must(secret_alloc(64));
    identity_pair(&next_pk, sk, ks->next_root_seed);
    secret_free(sk);
    keystore_derive(ks);
    identity_next_commit(&ks->next_commit, &next_pk);
    identity_pid(&ks->pid, &ks->root_pk, &ks->next_commit);
    o->pid = ks->pid;
    o->disk = disk_new();
    o->effects = sim_must(effects_new());
}

static void certify(struct sim *sim, unsigned i)
{
    struct office *o = &sim->offices[i];
    struct certificate c = {.nid = sim->nid,
                            .pid = o->pid,
                            .root_pk = o->keystore->root_pk,
                            .next_commit = o->keystore->next_commit,
                            .sign_pk = o->keystore->sign_pk,
                            .noise_pk = o->keystore->noise_pk,
                            .serial = 1,
                            .not_before_ms = SIM_START_MS - 1,
                            .not_after_ms = SIM_START_MS + 3 * SIM_YEAR_MS,
                            .level = IDENTITY_HQ,
                            .roles = CERTIFICATE_ROLES_ALL,
                            .office = "hq"};
    struct buffer out;
    crypto_scalarmult_base(c.wrap_pk.b, o->keystore->wraps[0].sk);
    buffer_init(&out, 8192);
    buffer_put_u8(&out, DIRECTORY_CERTIFICATE);
    if (certificate_make(&out, &c, o->keystore->root_sk) != GMM_OK ||
        buffer_take(&out, &o->certificate, &o->certificate_len) != GMM_OK)
        abort();
    hash_sign(o->join_signature, o->keystore->sign_sk, LABEL_JOIN, &sim->nid, o->pid.b, sizeof o->pid.b);
}

void sim_add_object(struct sim *sim, unsigned office, const uint8_t *bytes, size_t len)
{
    struct engine_event event = {
        .kind = ENGINE_ADD_OBJECT, .bytes = bytes, .len = len, .request = ++sim->offices[office].next_request};
    sim_step(sim, office, &event);
}

static void found(struct sim *sim)
{
    struct office *o = &sim->offices[0];
    struct charter charter = {.time_ms = SIM_START_MS - 1,
                              .term_until_ms = SIM_START_MS + SIM_YEAR_MS,
                              .name = "Simulated network",
                              .founder_id = "p0",
                              .founder_name = "Participant 0",
                              .founder_kind = IDENTITY_MEMBER,
                              .admission = CHARTER_BY_CHAIR,
                              .thematic = CHARTER_THEMATIC_OPEN,
                              .founder_root_pk = o->keystore->root_pk,
                              .founder_next_commit = o->keystore->next_commit};
    struct buffer out;
    if (sim->options.lead != 0)
        snprintf(charter.leads[3], sizeof charter.leads[3], "p%u", sim->options.lead);
    sim_random_bytes(sim, charter.random, sizeof charter.random);
    buffer_init(&out, 8192);
    buffer_put_u8(&out, DIRECTORY_CHARTER);
    if (charter_make(&out, &charter, o->keystore->root_sk) != GMM_OK ||
        buffer_take(&out, &o->charter, &o->charter_len) != GMM_OK)
        abort();
    sim->nid = charter.nid;
}

static void admit(struct sim *sim, unsigned i)
{
    struct office *o = &sim->offices[i];
    struct control_admit admission = {.pid = o->pid,
                                      .root_pk = o->keystore->root_pk,
                                      .next_commit = o->keystore->next_commit,
                                      .sign_pk = o->keystore->sign_pk,
                                      .noise_pk = o->keystore->noise_pk,
                                      .kind = IDENTITY_MEMBER};
    struct buffer body;
    snprintf(admission.id, sizeof admission.id, "p%u", i);
    snprintf(admission.name, sizeof admission.name, "Participant %u", i);
    memcpy(admission.join_signature, o->join_signature, HASH_SIG_BYTES);
    sim_add_object(sim, 0, o->certificate, o->certificate_len);
    buffer_init(&body, 4096);
    if (control_admit_encode(&body, &admission) != GMM_OK)
        abort();
    struct engine_event event = {.kind = ENGINE_APPEND,
                                 .request = ++sim->offices[0].next_request,
                                 .as.append = {.type = HEADER_ADMIT, .body = body.p, .len = body.len}};
    sim_step(sim, 0, &event);
    buffer_close(&body);
}

struct sim *sim_new(const struct sim_options *options)
{
    struct sim *sim = sim_must(calloc(1, sizeof *sim));
    sim->options = *options;
    sim->random = options->seed;
    sim->now_ms = SIM_START_MS;
    printf("seed %" PRIu64 "\n", options->seed);
    for (unsigned i = 0; i < options->offices; i++)
        make_keys(sim, i);
    found(sim);
    for (unsigned i = 0; i < options->offices; i++) {
        certify(sim, i);
        sim_boot(sim, i);
        sim_add_object(sim, i, sim->offices[0].charter, sim->offices[0].charter_len);
        sim_add_object(sim, i, sim->offices[i].certificate, sim->offices[i].certificate_len);
    }
    sim_run(sim, 100);
    for (unsigned i = 1; i < options->offices; i++)
        admit(sim, i);
    sim_run(sim, 100);
    for (unsigned i = 1; i < options->offices; i++)
        sim_link(sim, i, 0);
    for (unsigned i = 0; i < options->links; i++) {
        unsigned a = (unsigned)sim_random(sim, options->offices), b = (unsigned)sim_random(sim, options->offices);
        if (a != b)
            sim_link(sim, a, b);
    }
    sim->failures = true;
    sim_plan_failure(sim, BREAK, options->break_every_ms);
    sim_plan_failure(sim, CRASH, options->crash_every_ms);
    return sim;
}
