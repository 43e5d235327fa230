#include "tests/lib/world.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/epoch.h"
#include "keys/labels.h"
#include "tests/lib/forge.h"

static const struct gmm_id control;

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "the test's world cannot be made: %s\n", what);
    exit(1);
}

static void must_ok(enum gmm_err err, const char *what)
{
    if (err != GMM_OK)
        fprintf(stderr, "%s: %s\n", what, gmm_err_name(err));
    must(err == GMM_OK, what);
}

/* 32 bytes of a name's own. */
static void seed_of(uint8_t out[32], const char *owner, const char *office, const char *use)
{
    char text[512];
    snprintf(text, sizeof text, "%s/%s/%s", owner, office, use);
    crypto_generichash(out, 32, (const uint8_t *)text, strlen(text), NULL, 0);
}

static void sign_pair(struct gmm_id *pk, uint8_t sk[64], const char *owner, const char *office, const char *use)
{
    uint8_t seed[32];
    seed_of(seed, owner, office, use);
    identity_pair(pk, sk, seed);
}

static void dh_pair(struct gmm_id *pk, uint8_t sk[32], const char *owner, const char *office, const char *use)
{
    seed_of(sk, owner, office, use);
    crypto_scalarmult_base(pk->b, sk);
}

static void *grown(void *array, unsigned count, unsigned *cap, size_t size)
{
    if (count < *cap)
        return array;
    *cap = *cap == 0 ? 16 : 2 * *cap;
    void *more = realloc(array, *cap * size);
    must(more != NULL, "memory");
    return more;
}

unsigned world_participant(struct world *w, const char *id, uint8_t kind)
{
    w->participants = grown(w->participants, w->participant_count, &w->participant_cap, sizeof *w->participants);
    struct world_participant *p = &w->participants[w->participant_count];
    *p = (struct world_participant){.kind = kind};
    snprintf(p->id, sizeof p->id, "%s", id);
    sign_pair(&p->root_pk, p->root_sk, id, "", "root");
    sign_pair(&p->next_root_pk, p->next_root_sk, id, "", "next-root");
    identity_next_commit(&p->next_commit, &p->next_root_pk);
    identity_pid(&p->pid, &p->root_pk, &p->next_commit);
    return w->participant_count++;
}

unsigned world_office(struct world *w, unsigned participant, const char *name)
{
    const char *owner = w->participants[participant].id;
    w->offices = grown(w->offices, w->office_count, &w->office_cap, sizeof *w->offices);
    struct world_office *o = &w->offices[w->office_count];
    *o = (struct world_office){.participant = participant};
    snprintf(o->name, sizeof o->name, "%s", name);
    sign_pair(&o->sign_pk, o->sign_sk, owner, name, "sign");
    dh_pair(&o->noise_pk, o->noise_sk, owner, name, "noise");
    dh_pair(&o->wrap_pk, o->wrap_sk, owner, name, "wrap");
    return w->office_count++;
}

void world_certificate(const struct world *w, unsigned office, struct certificate *out)
{
    const struct world_office *o = &w->offices[office];
    const struct world_participant *p = &w->participants[o->participant];
    *out = (struct certificate){
        .nid = w->nid,
        .pid = p->pid,
        .root_pk = p->root_pk,
        .next_commit = p->next_commit,
        .sign_pk = o->sign_pk,
        .noise_pk = o->noise_pk,
        .wrap_pk = o->wrap_pk,
        .serial = p->serial + 1,
        .not_before_ms = WORLD_START_MS,
        .not_after_ms = WORLD_START_MS + 3 * WORLD_YEAR_MS,
        .level = IDENTITY_HQ,
    };
    snprintf(out->office, sizeof out->office, "%s", o->name);
}

static void add_object(struct world *w, const struct buffer *object, struct gmm_id *hash)
{
    const struct directory_object *added;
    must_ok(object->failed, "an object");
    must_ok(directory_add(w->directory, object->p, object->len, &added), "an object of the directory");
    if (hash != NULL)
        *hash = added->hash;
    fold_touch(w->fold);
}

void world_issue(struct world *w, unsigned participant, const struct certificate *certificate, struct gmm_id *hash)
{
    struct world_participant *p = &w->participants[participant];
    struct buffer object;
    buffer_init(&object, 1 + CERTIFICATE_BYTES_MAX);
    buffer_put_u8(&object, DIRECTORY_CERTIFICATE);
    must_ok(certificate_make(&object, certificate, p->root_sk), "a certificate");
    add_object(w, &object, hash);
    buffer_close(&object);
    if (certificate->serial > p->serial)
        p->serial = certificate->serial;
}

unsigned world_certified(struct world *w, unsigned participant, const char *name, uint16_t roles)
{
    struct certificate certificate;
    unsigned office = world_office(w, participant, name);
    world_certificate(w, office, &certificate);
    certificate.roles = roles;
    world_issue(w, participant, &certificate, NULL);
    return office;
}

void world_revoke(struct world *w, unsigned office, unsigned signer, const struct revocation_cut *cuts, uint16_t count)
{
    const struct world_participant *p = &w->participants[w->offices[office].participant];
    struct revocation_cut copies[32];
    struct revocation r = {.nid = w->nid, .pid = p->pid, .sign_pk = w->offices[office].sign_pk, .count = count};
    must(count <= sizeof copies / sizeof *copies, "too many cuts");
    for (uint16_t i = 0; i < count; i++)
        copies[i] = cuts[i];
    r.cuts = copies;
    r.time_ms = w->now_ms;
    r.signer = signer == UINT_MAX ? p->root_pk : w->offices[signer].sign_pk;
    struct buffer object;
    buffer_init(&object, 1u << 20);
    buffer_put_u8(&object, DIRECTORY_REVOCATION);
    must_ok(revocation_make(&object, &r, signer == UINT_MAX ? p->root_sk : w->offices[signer].sign_sk), "a revocation");
    add_object(w, &object, NULL);
    buffer_close(&object);
}

void world_charter(struct charter *out)
{
    *out = (struct charter){
        .time_ms = WORLD_START_MS,
        .term_until_ms = WORLD_START_MS + WORLD_YEAR_MS,
        .name = "Global Migration Group",
        .founder_id = "ilo",
        .founder_name = "International Labour Organization",
        .founder_kind = IDENTITY_MEMBER,
        .admission = CHARTER_BY_CHAIR,
        .thematic = CHARTER_THEMATIC_OPEN,
    };
    memset(out->random, 0x17, sizeof out->random);
}

static void found(struct world *w, const struct charter *charter)
{
    if (charter == NULL)
        world_charter(&w->charter);
    else
        w->charter = *charter;
    unsigned founder = world_participant(w, w->charter.founder_id, w->charter.founder_kind);
    w->charter.founder_root_pk = w->participants[founder].root_pk;
    w->charter.founder_next_commit = w->participants[founder].next_commit;
    struct buffer object;
    buffer_init(&object, 1 + CHARTER_BYTES_MAX);
    buffer_put_u8(&object, DIRECTORY_CHARTER);
    must_ok(charter_make(&object, &w->charter, w->participants[founder].root_sk), "the charter");
    add_object(w, &object, NULL);
    buffer_close(&object);
    w->nid = w->charter.nid;
    world_certified(w, founder, "hq", CERTIFICATE_ROLES_ALL);
}

void world_open(struct world *w, const struct charter *charter)
{
    *w = (struct world){.now_ms = WORLD_START_MS, .instance = WORLD_INSTANCE};
    must(sodium_init() >= 0, "libsodium");
    w->directory = directory_new();
    must(w->directory != NULL, "memory");
    w->fold = fold_new(w->directory);
    must(w->fold != NULL, "memory");
    found(w, charter);
}

void world_close(struct world *w)
{
    for (unsigned i = 0; i < w->entry_count; i++)
        free(w->entries[i].body);
    free(w->entries);
    free(w->offices);
    free(w->participants);
    fold_free(w->fold);
    directory_free(w->directory);
    *w = (struct world){0};
}

void world_log_of(const struct world *w, unsigned office, const struct gmm_id *gid, struct run_key *log)
{
    *log = (struct run_key){.group = gid == NULL ? control : *gid};
    log->author = w->offices[office].sign_pk;
    log->instance = w->instance;
}

/* The last entry of a log, NULL when it has none. */
static const struct world_entry *last_of(const struct world *w, const struct run_key *log)
{
    for (unsigned i = w->entry_count; i > 0; i--)
        if (run_key_compare(&w->entries[i - 1].log, log) == 0)
            return &w->entries[i - 1];
    return NULL;
}

unsigned world_append(struct world *w, unsigned office, const struct gmm_id *gid, uint16_t type, const void *body,
                      size_t len)
{
    struct run_key log;
    world_log_of(w, office, gid, &log); /* gid may point into the entries, which grow */
    w->entries = grown(w->entries, w->entry_count, &w->entry_cap, sizeof *w->entries);
    struct world_entry *e = &w->entries[w->entry_count];
    *e = (struct world_entry){.office = office, .len = (uint32_t)len, .log = log};
    const struct world_entry *before = last_of(w, &e->log);
    struct header h = {.version = HEADER_VERSION, .suite = HEADER_SUITE, .type = type, .network = w->nid};
    w->now_ms += 1000;
    h.group = e->log.group;
    h.author = e->log.author;
    h.instance = e->log.instance;
    h.time = header_time_next(before == NULL ? 0 : bytes_load_u64(before->header + HEADER_TIME_AT), w->now_ms);
    if (type >= HEADER_DOCUMENT)
        memset(h.epoch.b, 0xe0, sizeof h.epoch.b);
    h.seq = e->seq = before == NULL ? 0 : before->seq + 1;
    if (before == NULL)
        header_log0(&h.prev, &w->nid, &h.group, &h.author, h.instance);
    else
        h.prev = before->id;
    h.body_len = e->len;
    header_body_hash(&h.body_hash, body, len);
    header_encode(e->header, &h);
    header_id(&e->id, e->header);
    e->body = malloc(len + 1);
    must(e->body != NULL, "memory");
    memcpy(e->body, body, len);
    if (type < HEADER_DOCUMENT)
        must_ok(fold_add(w->fold, e->header, &e->id, e->body, e->len), "a record");
    return w->entry_count++;
}

static unsigned append_buffer(struct world *w, unsigned office, const struct gmm_id *gid, uint16_t type,
                              struct buffer *body)
{
    must_ok(body->failed, "a record's body");
    unsigned entry = world_append(w, office, gid, type, body->p, body->len);
    buffer_close(body);
    return entry;
}

void world_admission(const struct world *w, unsigned joining, struct control_admit *out)
{
    const struct world_office *o = &w->offices[joining];
    const struct world_participant *p = &w->participants[o->participant];
    *out = (struct control_admit){.pid = p->pid, .root_pk = p->root_pk, .next_commit = p->next_commit};
    out->sign_pk = o->sign_pk;
    out->noise_pk = o->noise_pk;
    out->kind = p->kind;
    snprintf(out->id, sizeof out->id, "%s", p->id);
    snprintf(out->name, sizeof out->name, "Participant %s", p->id);
    hash_sign(out->join_signature, o->sign_sk, LABEL_JOIN, &w->nid, p->pid.b, sizeof p->pid.b);
}

unsigned world_admit(struct world *w, unsigned chair, unsigned joining)
{
    struct control_admit admit;
    struct buffer body;
    world_admission(w, joining, &admit);
    buffer_init(&body, LIMIT_BODY_BYTES);
    control_admit_encode(&body, &admit);
    return append_buffer(w, chair, NULL, HEADER_ADMIT, &body);
}

unsigned world_join(struct world *w, const char *id, uint8_t kind)
{
    unsigned office = world_certified(w, world_participant(w, id, kind), "hq", CERTIFICATE_ROLES_ALL);
    world_admit(w, 0, office);
    return office;
}

unsigned world_members(struct world *w, unsigned office, const struct gmm_id *gid, uint16_t type,
                       const unsigned *participants, uint16_t count)
{
    struct control_members members = {.member_count = count};
    struct buffer body;
    for (uint16_t i = 0; i < count; i++)
        members.members[i] = w->participants[participants[i]].pid;
    buffer_init(&body, LIMIT_BODY_BYTES);
    control_members_encode(&body, &members);
    return append_buffer(w, office, gid, type, &body);
}

unsigned world_circle(struct world *w, unsigned office, uint8_t number, bool history, const unsigned *participants,
                      uint16_t count, struct gmm_id *gid)
{
    struct control_group circle = {.kind = GROUP_CIRCLE, .history = history, .member_count = count};
    struct buffer body;
    memset(circle.random, number, sizeof circle.random);
    for (uint16_t i = 0; i < count; i++)
        circle.members[i] = w->participants[participants[i]].pid;
    epoch_group_id(gid, &w->nid, GROUP_CIRCLE, &w->participants[w->offices[office].participant].pid, circle.random,
                   sizeof circle.random);
    buffer_init(&body, LIMIT_BODY_BYTES);
    control_group_encode(&body, &circle);
    return append_buffer(w, office, gid, HEADER_GROUP, &body);
}

static void epoch_keys(uint32_t gen, uint8_t secret[32], uint8_t eph_sk[32])
{
    memset(secret, (int)gen, 32);
    memset(eph_sk, (int)(gen + 100), 32);
}

static uint32_t gen_of(const struct world *w, unsigned entry)
{
    struct epoch epoch;
    must_ok(epoch_decode(&epoch, w->entries[entry].body, w->entries[entry].len), "a parent");
    epoch_close(&epoch);
    return epoch.gen;
}

static void lie(struct epoch *epoch, const struct epoch_context *ctx, const struct world_office *to,
                const uint8_t eph_sk[32])
{
    static const uint8_t other[32] = {"another secret than committed"};
    const struct epoch_target target = {to->sign_pk, to->wrap_pk};
    for (uint16_t i = 0; i < epoch->recipient_count; i++)
        if (id_equal(&epoch->recipients[i].sign_pk, &to->sign_pk))
            forge_wrap(epoch->recipients[i].wrap, other, epoch, ctx, eph_sk, &target);
}

unsigned world_epoch_as(struct world *w, unsigned office, const struct gmm_id *gid, const struct world_epoch *as)
{
    struct epoch_context ctx = {.nid = &w->nid, .gid = gid, .author = &w->offices[office].sign_pk};
    struct gmm_id parent_ids[LIMIT_EPOCH_PARENTS];
    uint8_t parent_secrets[LIMIT_EPOCH_PARENTS][32], unused[32];
    const uint8_t *secrets[LIMIT_EPOCH_PARENTS] = {NULL};
    struct epoch_target *targets = calloc(as->recipient_count + 1, sizeof *targets);
    uint8_t secret[32], eph_sk[32];
    struct epoch epoch;
    struct buffer body;
    must(targets != NULL && as->parent_count <= LIMIT_EPOCH_PARENTS, "an epoch");
    for (size_t i = 0; i < as->parent_count; i++) {
        parent_ids[i] = w->entries[as->parents[i]].id;
        if (!as->history)
            continue;
        epoch_keys(gen_of(w, as->parents[i]), parent_secrets[i], unused);
        secrets[i] = parent_secrets[i];
    }
    for (size_t i = 0; i < as->recipient_count; i++) {
        targets[i].sign_pk = w->offices[as->recipients[i]].sign_pk;
        targets[i].wrap_pk = w->offices[as->recipients[i]].wrap_pk;
    }
    epoch_keys(as->gen, secret, eph_sk);
    must_ok(epoch_make(&epoch, &ctx, as->gen, as->inherited ? EPOCH_DOMAIN_INHERITED : EPOCH_DOMAIN_NEW, parent_ids,
                       secrets, as->parent_count, as->history, targets, as->recipient_count, secret, eph_sk),
            "an epoch");
    if (as->lied_to != NULL)
        lie(&epoch, &ctx, &w->offices[*as->lied_to], eph_sk);
    buffer_init(&body, LIMIT_BODY_BYTES);
    epoch_encode(&body, &epoch);
    epoch_close(&epoch);
    free(targets);
    return append_buffer(w, office, gid, HEADER_EPOCH, &body);
}

unsigned world_epoch(struct world *w, unsigned office, const struct gmm_id *gid, uint32_t gen, const unsigned *parents,
                     size_t parent_count, const unsigned *recipients, size_t recipient_count)
{
    const struct world_epoch as = {.gen = gen,
                                   .parents = parents,
                                   .parent_count = parent_count,
                                   .recipients = recipients,
                                   .recipient_count = recipient_count};
    return world_epoch_as(w, office, gid, &as);
}

unsigned world_epoch_bad(struct world *w, unsigned office, const struct gmm_id *gid, unsigned epoch)
{
    struct buffer body;
    buffer_init(&body, LIMIT_BODY_BYTES);
    control_epoch_bad_encode(&body, &w->entries[epoch].id);
    return append_buffer(w, office, gid, HEADER_EPOCH_BAD, &body);
}

static unsigned wrap_as(struct world *w, unsigned office, unsigned epoch, unsigned target, bool honest)
{
    const struct world_entry *e = &w->entries[epoch];
    const struct gmm_id gid = e->log.group;
    struct epoch_context ctx = {.nid = &w->nid, .gid = &gid, .author = &w->offices[office].sign_pk};
    struct epoch_target to = {.sign_pk = w->offices[target].sign_pk, .wrap_pk = w->offices[target].wrap_pk};
    uint8_t body[EPOCH_REWRAP_BYTES], secret[32], eph_sk[32];
    struct epoch opened;
    must_ok(epoch_decode(&opened, e->body, e->len), "an epoch");
    epoch_keys(opened.gen, secret, eph_sk);
    eph_sk[7]++;
    if (honest) {
        must_ok(epoch_rewrap(body, &e->id, &opened, &ctx, &to, secret, eph_sk), "a wrap");
    } else {
        secret[3]++;
        forge_rewrap(body, secret, &e->id, &opened, &ctx, eph_sk, &to);
    }
    epoch_close(&opened);
    return world_append(w, office, &gid, HEADER_WRAP, body, sizeof body);
}

unsigned world_wrap(struct world *w, unsigned office, unsigned epoch, unsigned target)
{
    return wrap_as(w, office, epoch, target, true);
}

unsigned world_wrap_lie(struct world *w, unsigned office, unsigned epoch, unsigned target)
{
    return wrap_as(w, office, epoch, target, false);
}

unsigned world_anchor(struct world *w, unsigned office, const struct gmm_id *gid,
                      const struct control_anchor_head *heads, uint16_t count)
{
    struct control_anchor_head sorted[32];
    struct buffer body;
    must(count <= sizeof sorted / sizeof *sorted, "too many heads");
    memcpy(sorted, heads, count * sizeof *heads);
    qsort(sorted, count, sizeof *sorted, control_anchor_head_compare);
    const struct control_anchor_source source = {.heads = sorted, .count = count};
    buffer_init(&body, LIMIT_BODY_BYTES);
    control_anchor_encode(&body, &source);
    return append_buffer(w, office, gid, gid == NULL ? HEADER_ANCHOR : HEADER_GROUP_ANCHOR, &body);
}

void world_vouch_root(struct world *w, unsigned office, const struct revocation_cut *cuts, uint16_t count)
{
    const struct world_participant *p = &w->participants[w->offices[office].participant];
    struct revocation_cut copies[32];
    must(count <= sizeof copies / sizeof *copies, "too many cuts");
    memcpy(copies, cuts, count * sizeof *cuts);
    struct vouch v = {.nid = w->nid,
                      .pid = p->pid,
                      .sign_pk = w->offices[office].sign_pk,
                      .signer = p->root_pk,
                      .time_ms = w->now_ms,
                      .count = count,
                      .cuts = copies};
    struct buffer object;
    buffer_init(&object, 1u << 20);
    buffer_put_u8(&object, DIRECTORY_VOUCH);
    must_ok(vouch_make(&object, &v, p->root_sk), "a vouch");
    add_object(w, &object, NULL);
    buffer_close(&object);
}

unsigned world_vouch(struct world *w, unsigned by, unsigned office, const struct revocation_cut *cuts, uint16_t count)
{
    struct control_cut list[32];
    struct buffer body;
    must(count <= sizeof list / sizeof *list, "too many cuts");
    for (uint16_t i = 0; i < count; i++)
        list[i] = (struct control_cut){
            .log = {.group = cuts[i].group, .author = w->offices[office].sign_pk, .instance = cuts[i].instance},
            .seq = cuts[i].seq,
            .id = cuts[i].id};
    const struct control_vouch vouch = {.sign_pk = w->offices[office].sign_pk, .cuts = {count, list}};
    buffer_init(&body, LIMIT_BODY_BYTES);
    must_ok(control_vouch_encode(&body, &vouch), "a vouch");
    return append_buffer(w, by, NULL, HEADER_VOUCH, &body);
}

unsigned world_report(struct world *w, unsigned office, const struct gmm_id *gid, unsigned anchor)
{
    struct buffer body;
    buffer_init(&body, LIMIT_BODY_BYTES);
    control_report_encode(&body, &w->entries[anchor].id, 1);
    return append_buffer(w, office, gid, HEADER_GROUP_ANCHOR, &body);
}

void world_gid_all(const struct world *w, struct gmm_id *gid)
{
    epoch_group_id(gid, &w->nid, GROUP_ALL, &control, "all", 3);
}

void world_gid_thematic(const struct world *w, const char *name, struct gmm_id *gid)
{
    epoch_group_id(gid, &w->nid, GROUP_THEMATIC, &control, name, strlen(name));
}

void world_gid_internal(const struct world *w, unsigned participant, struct gmm_id *gid)
{
    epoch_group_id(gid, &w->nid, GROUP_INTERNAL, &w->participants[participant].pid, "internal", 8);
}

struct run *world_run(const struct world *w, const struct run_key *log, uint64_t first, uint32_t count)
{
    struct run_source rows[LIMIT_RUN_ENTRIES];
    uint32_t found = 0;
    uint8_t sig[HASH_SIG_BYTES];
    const struct world_entry *last = NULL;
    must(count <= LIMIT_RUN_ENTRIES, "too long a run");
    for (unsigned i = 0; i < w->entry_count && found < count; i++) {
        const struct world_entry *e = &w->entries[i];
        if (run_key_compare(&e->log, log) != 0 || e->seq < first)
            continue;
        rows[found++] = (struct run_source){.header = e->header, .body = e->body, .body_len = e->len};
        last = e;
    }
    if (last == NULL || found < count) {
        must(false, "a run of entries that are not there");
        return NULL;
    }
    run_head_sign(sig, w->offices[last->office].sign_sk, &w->nid, log, last->seq, &last->id);
    struct run *run;
    must_ok(run_make(&run, rows, count, sig), "a run");
    return run;
}

static const struct gmm_id *id_before(const struct world *w, const struct run_key *log, uint64_t first)
{
    for (unsigned i = 0; i < w->entry_count; i++)
        if (run_key_compare(&w->entries[i].log, log) == 0 && w->entries[i].seq + 1 == first)
            return &w->entries[i].id;
    return &control;
}

struct verified_run *world_verified(const struct world *w, const struct run_key *log, uint64_t first, uint32_t count)
{
    struct run *run = world_run(w, log, first, count);
    struct verified_run *verified;
    struct buffer wire;
    buffer_init(&wire, LIMIT_RUN_BYTES);
    must_ok(run_encode(&wire, run), "a run on the wire");
    run_free(run);
    must_ok(run_decode(&run, &w->nid, id_before(w, log, first), wire.p, wire.len), "a run from the wire");
    buffer_close(&wire);
    must_ok(run_verify(&verified, &run, &w->nid), "a run that verifies");
    return verified;
}

const struct view *world_view(struct world *w)
{
    const struct view *view = fold_view(w->fold);
    must(view != NULL, "the view");
    return view;
}

static void put_u64(struct hash *h, uint64_t v)
{
    uint8_t raw[8];
    bytes_store_u64(raw, v);
    hash_update(h, raw, sizeof raw);
}

static void put_id(struct hash *h, const struct gmm_id *id)
{
    hash_update(h, id->b, sizeof id->b);
}

static void put_text(struct hash *h, const char *text)
{
    put_u64(h, text == NULL ? UINT64_MAX : strlen(text));
    hash_update(h, text, text == NULL ? 0 : strlen(text));
}

static void put_people(struct hash *h, const struct view *v)
{
    for (size_t i = 0; i < v->participant_count; i++) {
        const struct view_participant *p = &v->participants[i];
        put_id(h, &p->pid);
        put_id(h, &p->root_pk);
        put_id(h, &p->next_commit);
        put_id(h, &p->sign_pk);
        put_id(h, &p->noise_pk);
        put_u64(h, (uint64_t)p->root_n << 32 | (uint64_t)p->status << 8 | p->kind);
        put_u64(h, p->since_ms);
        put_text(h, p->id);
        put_text(h, p->name);
    }
    for (size_t i = 0; i < v->office_count; i++) {
        const struct view_office *o = &v->offices[i];
        put_id(h, &o->pid);
        put_id(h, &o->sign_pk);
        put_id(h, &o->wrap_pk);
        put_id(h, &o->certificate); /* and what the certificate says */
        put_u64(h, o->status);
    }
}

static void put_past(struct hash *h, const struct view *v)
{
    put_u64(h, v->removal_count);
    for (size_t i = 0; i < v->removal_count; i++) {
        put_id(h, &v->removals[i].pid);
        put_id(h, &v->removals[i].entry); /* and what the entry says */
        put_u64(h, v->removals[i].time);
        put_u64(h, v->removals[i].until);
        for (size_t k = 0; k < v->removals[i].log_count; k++) {
            put_id(h, &v->removals[i].logs[k].log.author);
            put_u64(h, v->removals[i].logs[k].from_seq);
        }
        put_u64(h, v->removals[i].circle_count);
    }
    put_u64(h, v->absence_count);
    for (size_t i = 0; i < v->absence_count; i++) {
        put_id(h, &v->absences[i].pid);
        put_id(h, &v->absences[i].gid);
        put_id(h, &v->absences[i].entry);
        put_u64(h, v->absences[i].from_ms);
        put_u64(h, v->absences[i].until_ms);
    }
    put_u64(h, v->event_count);
    for (size_t i = 0; i < v->event_count; i++) {
        const struct view_event *e = &v->history[i];
        put_u64(h, e->time);
        put_u64(h, (uint64_t)e->type << 32 | e->term);
        put_id(h, &e->subject);
        put_id(h, &e->by);
        put_id(h, &e->entry);
        put_text(h, e->text);
    }
}

static void put_wraps(struct hash *h, const struct view_wrap *wraps, size_t count)
{
    put_u64(h, count);
    for (size_t i = 0; i < count; i++) {
        put_id(h, &wraps[i].epoch_id);
        put_id(h, &wraps[i].sign_pk);
        put_id(h, &wraps[i].author);
        hash_update(h, wraps[i].body, wraps[i].len);
    }
}

static void put_epochs(struct hash *h, const struct view *v)
{
    for (size_t i = 0; i < v->epoch_count; i++) {
        put_id(h, &v->epochs[i].id); /* and what the entry says */
        put_u64(h, (uint64_t)v->epochs[i].valid << 1 | v->epochs[i].bad);
    }
    put_wraps(h, v->wraps, v->wrap_count);
    put_wraps(h, v->strays, v->stray_count);
    put_u64(h, v->left_count);
    for (size_t i = 0; i < v->left_count; i++) {
        put_id(h, &v->lefts[i].log.author);
        put_u64(h, v->lefts[i].seq);
    }
    for (size_t i = 0; i < v->complaint_count; i++) {
        put_id(h, &v->complaints[i].epoch_id);
        put_id(h, &v->complaints[i].sign_pk);
        put_u64(h, v->complaints[i].count);
        put_u64(h, v->complaints[i].last_ms);
        put_u64(h, v->complaints[i].answered);
    }
    for (size_t i = 0; i < v->cut_count; i++) {
        put_id(h, &v->cuts[i].sign_pk);
        put_id(h, &v->cuts[i].group);
        put_u64(h, v->cuts[i].instance);
        put_u64(h, v->cuts[i].seq);
    }
}

static void put_groups(struct hash *h, const struct view *v)
{
    for (size_t i = 0; i < v->group_count; i++) {
        const struct view_group *g = &v->groups[i];
        put_id(h, &g->gid);
        put_id(h, &g->owner);
        put_u64(h, (uint64_t)g->kind << 2 | (uint64_t)g->history_full << 1 | g->vouched);
        put_text(h, g->name);
        put_u64(h, (uint64_t)g->member_count << 16 | g->former_count);
        for (uint16_t k = 0; k < g->member_count; k++)
            put_id(h, &g->members[k]);
        for (uint16_t k = 0; k < g->former_count; k++)
            put_id(h, &g->former[k]);
    }
}

static void put_doubts(struct hash *h, const struct view *v)
{
    put_u64(h, v->doubt_count);
    for (size_t i = 0; i < v->doubt_count; i++) {
        const struct view_doubt *d = &v->doubts[i];
        put_id(h, &d->gid);
        put_id(h, &d->owner);
        put_id(h, &d->office);
        put_u64(h, d->member_count);
        for (uint16_t k = 0; k < d->member_count; k++)
            put_id(h, &d->members[k]);
    }
}

static void put_forks(struct hash *h, const struct view *v)
{
    put_u64(h, v->fork_count);
    for (size_t i = 0; i < v->fork_count; i++) {
        const struct view_fork *f = &v->forks[i];
        put_id(h, &f->log.group);
        put_id(h, &f->log.author);
        put_u64(h, f->log.instance);
        put_u64(h, f->first_seq);
        put_u64(h, f->end);
        put_id(h, &f->last_id);
        for (unsigned k = 0; k < f->kept_count; k++) {
            put_u64(h, f->kept[k].seq);
            put_id(h, &f->kept[k].id);
        }
    }
}

static void put_ids(struct hash *h, const struct gmm_id *ids, size_t count)
{
    put_u64(h, count);
    for (size_t i = 0; i < count; i++)
        put_id(h, &ids[i]);
}

static void put_terms(struct hash *h, const struct view *v)
{
    put_u64(h, v->term_count);
    for (size_t i = 0; i < v->term_count; i++) {
        const struct view_term *t = &v->terms[i];
        put_u64(h, t->how);
        put_id(h, &t->chair);
        put_id(h, &t->deputy);
        put_u64(h, t->from_ms);
        put_u64(h, t->until_ms);
        put_id(h, &t->opened_by);
        put_u64(h, t->cuts == NULL ? UINT64_MAX : t->cuts->count);
        put_ids(h, t->electors, t->elector_count);
    }
}

static void put_roles(struct hash *h, const struct view *v)
{
    put_u64(h, v->handover_count);
    for (size_t i = 0; i < v->handover_count; i++) {
        put_id(h, &v->handovers[i].entry);
        put_u64(h, v->handovers[i].accepted + 2u * v->handovers[i].closed);
    }
    put_u64(h, v->lead_term_count);
    for (size_t i = 0; i < v->lead_term_count; i++) {
        put_id(h, &v->lead_terms[i].entry);
        put_u64(h, v->lead_terms[i].accepted);
        put_u64(h, v->lead_terms[i].from_ms);
    }
    put_u64(h, v->ballot_count);
    for (size_t i = 0; i < v->ballot_count; i++) {
        put_id(h, &v->ballots[i].entry);
        put_u64(h, v->ballots[i].spoiled);
        put_u64(h, v->ballots[i].need);
    }
    put_u64(h, v->proposal_count);
    for (size_t i = 0; i < v->proposal_count; i++) {
        put_id(h, &v->proposals[i].entry);
        put_u64(h, v->proposals[i].need);
        put_ids(h, v->proposals[i].supporters, v->proposals[i].support);
    }
}

void world_view_hash(struct gmm_id *out, const struct view *v)
{
    struct hash h;
    hash_init(&h, "a view");
    put_id(&h, &v->nid);
    put_id(&h, &v->chair);
    put_u64(&h, v->term);
    put_u64(&h, v->term_from_ms);
    put_u64(&h, v->term_until_ms);
    put_text(&h, v->name);
    for (unsigned i = 0; i < LIMIT_THEMATIC; i++)
        put_id(&h, &v->leads[i]);
    put_u64(&h, v->participant_count);
    put_u64(&h, v->office_count);
    put_u64(&h, v->group_count);
    put_u64(&h, v->epoch_count);
    put_u64(&h, v->wrap_count);
    put_u64(&h, v->cut_count);
    put_people(&h, v);
    put_past(&h, v);
    put_groups(&h, v);
    put_doubts(&h, v);
    put_epochs(&h, v);
    put_forks(&h, v);
    put_terms(&h, v);
    put_roles(&h, v);
    hash_final(&h, out->b);
}
