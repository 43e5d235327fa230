#include "proto/offices.h"

#include <stdlib.h>
#include <string.h>

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_certs(const void *a, const void *b)
{
    const struct office_cert *x = a, *y = b;
    int order = id_compare(&x->sign_pk, &y->sign_pk);
    if (order == 0)
        order = id_compare(&x->cert->pid, &y->cert->pid);
    if (order == 0)
        order = compare_u64(x->cert->serial, y->cert->serial);
    return order != 0 ? order : id_compare(&x->hash, &y->hash);
}

static int compare_serials(const void *a, const void *b)
{
    const struct office_cert *const *x = a, *const *y = b;
    int order = id_compare(&(*x)->cert->pid, &(*y)->cert->pid);
    if (order == 0)
        order = compare_u64((*x)->cert->serial, (*y)->cert->serial);
    return order != 0 ? order : id_compare(&(*x)->hash, &(*y)->hash);
}

static int compare_offices(const void *a, const void *b)
{
    const struct office_cert *const *x = a, *const *y = b;
    int order = id_compare(&(*x)->cert->pid, &(*y)->cert->pid);
    if (order == 0)
        order = strcmp((*x)->cert->office, (*y)->cert->office);
    return order != 0 ? order : compare_serials(a, b);
}

static int compare_cuts(const void *a, const void *b)
{
    const struct office_cut *x = a, *y = b;
    int order = id_compare(&x->group, &y->group);
    if (order == 0)
        order = compare_u64(x->instance, y->instance);
    return order != 0 ? order : compare_u64(x->seq, y->seq);
}

static int compare_revocations(const void *a, const void *b)
{
    const struct office_revocation *x = a, *y = b;
    int order = id_compare(&x->sign_pk, &y->sign_pk);
    return order != 0 ? order : id_compare(&x->pid, &y->pid);
}

/* When "rotation n is held, every other one by a root below n has none (it is retired), whatever its serial and time":
 * also what a thief of an old root signs later. */
static bool retired(const struct directory *directory, const struct gmm_id *pid, uint32_t root_n,
                    const struct gmm_id *name)
{
    const struct identity_rotation *rotation;
    for (uint32_t n = root_n + 1; n <= LIMIT_ROOT_ROTATIONS; n++) {
        if ((rotation = directory_rotation(directory, pid, n)) == NULL)
            return false;
        if (!identity_rotation_names(rotation, name))
            return true;
    }
    return false;
}

/* by_office lies sorted by pid and serial while this runs; what a later root let go of claims no serial. */
static void void_repeated_serials(struct offices *o)
{
    const struct office_cert *before = NULL;
    for (size_t i = 0; i < o->count; i++) {
        const struct office_cert *c = o->by_office[i];
        if (c->retired)
            continue;
        if (before != NULL && before->cert->serial == c->cert->serial && id_equal(&before->cert->pid, &c->cert->pid)) {
            o->certs[before - o->certs].voided = true;
            o->certs[c - o->certs].voided = true;
        }
        before = c;
    }
}

static enum gmm_err collect_certs(struct offices *o, const struct directory *directory)
{
    size_t total = directory_count(directory);
    o->certs = calloc(total + 1, sizeof *o->certs);
    o->by_office = calloc(total + 1, sizeof *o->by_office);
    o->deciding = calloc(total + 1, sizeof *o->deciding);
    if (o->certs == NULL || o->by_office == NULL || o->deciding == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < total; i++) {
        const struct directory_object *object = directory_at(directory, i);
        const struct certificate *cert = &object->as.certificate;
        if (object->kind != DIRECTORY_CERTIFICATE)
            continue;
        bool gone = retired(directory, &cert->pid, cert->root_n, &object->hash);
        o->certs[o->count++] = (struct office_cert){
            .cert = cert, .hash = object->hash, .sign_pk = cert->sign_pk, .retired = gone, .voided = gone};
    }
    qsort(o->certs, o->count, sizeof *o->certs, compare_certs);
    for (size_t i = 0; i < o->count; i++)
        o->by_office[i] = &o->certs[i];
    qsort(o->by_office, o->count, sizeof *o->by_office, compare_serials);
    void_repeated_serials(o);
    for (size_t i = 0; i < o->count; i++)
        if (!o->by_office[i]->voided && (o->by_office[i]->cert->roles & CERTIFICATE_ROLE_DECIDE) != 0)
            o->deciding[o->deciding_count++] = o->by_office[i];
    qsort(o->by_office, o->count, sizeof *o->by_office, compare_offices);
    return GMM_OK;
}

size_t offices_of_key(const struct offices *o, const struct gmm_id *sign_pk, size_t *count)
{
    size_t low = 0, high = o->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (id_compare(&o->certs[middle].sign_pk, sign_pk) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < o->count && id_equal(&o->certs[end].sign_pk, sign_pk))
        end++;
    *count = end - low;
    return low;
}

const struct office_cert *offices_at(const struct offices *o, const struct gmm_id *sign_pk, const struct gmm_id *pid,
                                     uint64_t time_ms)
{
    size_t count;
    size_t first = offices_of_key(o, sign_pk, &count);
    for (size_t i = first + count; i > first; i--) {
        const struct office_cert *c = &o->certs[i - 1];
        if (!c->voided && c->cert->not_before_ms <= time_ms && id_equal(&c->cert->pid, pid))
            return c;
    }
    return NULL;
}

/* The first of a participant's certificates in a list sorted by pid first. */
static size_t from_pid(const struct office_cert *const *list, size_t count, const struct gmm_id *pid)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (id_compare(&list[middle]->cert->pid, pid) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int compare_office_name(const struct office_cert *c, const struct gmm_id *pid, const char *office)
{
    int order = id_compare(&c->cert->pid, pid);
    return order != 0 ? order : strcmp(c->cert->office, office);
}

const struct office_cert *offices_ruling(const struct offices *o, const struct gmm_id *pid, const char *office,
                                         uint64_t time_ms)
{
    size_t low = 0, high = o->count; /* the first behind the office's certificates */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_office_name(o->by_office[middle], pid, office) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i > 0 && compare_office_name(o->by_office[i - 1], pid, office) == 0; i--) {
        const struct office_cert *c = o->by_office[i - 1];
        if (!c->voided && c->cert->not_before_ms <= time_ms)
            return c;
    }
    return NULL;
}

bool offices_certified(const struct offices *o, const struct gmm_id *pid, const struct office_cert **first)
{
    *first = NULL;
    size_t i = from_pid(o->by_office, o->count, pid);
    for (; i < o->count && id_equal(&o->by_office[i]->cert->pid, pid); i++) {
        const struct office_cert *c = o->by_office[i];
        if (!c->voided && (*first == NULL || c->cert->serial < (*first)->cert->serial))
            *first = c;
    }
    return *first != NULL;
}

static bool in_force(const struct offices *o, const struct office_cert *c, uint64_t time_ms)
{
    const struct office_revocation *revocation = offices_revoked(o, &c->cert->sign_pk, &c->cert->pid);
    return c->cert->not_before_ms <= time_ms && time_ms <= c->cert->not_after_ms &&
           offices_ruling(o, &c->cert->pid, c->cert->office, time_ms) == c &&
           (revocation == NULL || time_ms < revocation->since_ms);
}

const struct office_cert *offices_deciding(const struct offices *o, const struct gmm_id *pid, uint64_t time_ms)
{
    const struct office_cert *highest = NULL;
    size_t i = from_pid(o->deciding, o->deciding_count, pid);
    for (; i < o->deciding_count && id_equal(&o->deciding[i]->cert->pid, pid); i++)
        if (in_force(o, o->deciding[i], time_ms))
            highest = o->deciding[i];
    return highest;
}

static uint64_t sooner(uint64_t ms, uint64_t time, uint64_t next)
{
    uint64_t turn = ms > IDENTITY_TIME_MS_MAX ? UINT64_MAX : ms << 16;
    return turn > time && turn < next ? turn : next;
}

uint64_t offices_turn(const struct offices *o, const struct gmm_id *pid, uint64_t time)
{
    uint64_t next = UINT64_MAX;
    size_t i = from_pid(o->by_office, o->count, pid);
    for (; i < o->count && id_equal(&o->by_office[i]->cert->pid, pid); i++) {
        const struct office_cert *c = o->by_office[i];
        const struct office_revocation *revocation = offices_revoked(o, &c->sign_pk, pid);
        if (c->voided)
            continue;
        next = sooner(c->cert->not_before_ms, time, next);
        next = sooner(c->cert->not_after_ms + 1, time, next);
        next = revocation == NULL ? next : sooner(revocation->since_ms, time, next);
    }
    return next;
}

const struct office_revocation *offices_revoked(const struct offices *o, const struct gmm_id *sign_pk,
                                                const struct gmm_id *pid)
{
    struct office_revocation probe = {.sign_pk = *sign_pk, .pid = *pid};
    if (o->revocation_count == 0)
        return NULL;
    return bsearch(&probe, o->revocations, o->revocation_count, sizeof *o->revocations, compare_revocations);
}

static const struct office_cut *find_cut(const struct office_cut *cuts, size_t count, const struct gmm_id *group,
                                         uint64_t instance)
{
    size_t low = 0, high = count;
    struct office_cut probe = {.group = *group, .instance = instance};
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_cuts(&cuts[middle], &probe) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && cuts[low].instance == instance && id_equal(&cuts[low].group, group) ? &cuts[low] : NULL;
}

/* A log that the revocations name is no vouch's. */
const struct office_cut *offices_cut(const struct office_revocation *revocation, const struct gmm_id *group,
                                     uint64_t instance)
{
    const struct office_cut *cut = find_cut(revocation->cuts, revocation->cut_count, group, instance);
    const struct office_cut *vouched = find_cut(revocation->vouched, revocation->vouched_count, group, instance);
    if (cut == NULL)
        return vouched;
    return cut->vouched && vouched != NULL && vouched->seq > cut->seq ? vouched : cut;
}

bool offices_within(const struct office_revocation *revocation, const struct run_key *log, uint64_t seq)
{
    const struct office_cut *cut = offices_cut(revocation, &log->group, log->instance);
    return cut != NULL && seq <= cut->seq;
}

void offices_vouch(struct office_revocation *revocation, struct office_cut *vouched, size_t count)
{
    free(revocation->vouched);
    revocation->vouched = vouched;
    revocation->vouched_count = count;
    if (count > 1)
        qsort(vouched, count, sizeof *vouched, compare_cuts);
}

void offices_unvouch(struct offices *o)
{
    for (size_t i = 0; i < o->revocation_count; i++)
        offices_vouch(&o->revocations[i], NULL, 0);
}

/* "signer is a root of pid's chain", and later roots let it stand. *rooted also when they do not. */
static bool signed_by_root(const struct directory *directory, const struct gmm_id *pid, const struct gmm_id *signer,
                           const struct gmm_id *name, bool *rooted)
{
    const struct gmm_id *root;
    for (uint32_t n = 0; n <= LIMIT_ROOT_ROTATIONS && (root = directory_root(directory, pid, n)) != NULL; n++)
        if ((*rooted = id_equal(root, signer)))
            return !retired(directory, pid, n, name);
    return false;
}

static bool by_root(const struct directory *directory, const struct directory_object *object, bool *rooted)
{
    const struct revocation *r = &object->as.revocation;
    return signed_by_root(directory, &r->pid, &r->signer, &object->hash, rooted);
}

/* "Signed by an office of that pid whose certificate at the revocation's time carries REVOKE and had not expired, and
 * that no root has revoked." */
static bool by_office(const struct offices *o, const struct revocation *r)
{
    const struct office_cert *c = offices_at(o, &r->signer, &r->pid, r->time_ms);
    return c != NULL && (c->cert->roles & CERTIFICATE_ROLE_REVOKE) != 0 && r->time_ms <= c->cert->not_after_ms &&
           offices_revoked(o, &r->signer, &r->pid) == NULL;
}

static void copy_cuts(struct office_cut *out, const struct revocation_cut *cuts, size_t count, bool vouched)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (struct office_cut){.group = cuts[i].group,
                                     .instance = cuts[i].instance,
                                     .seq = cuts[i].seq,
                                     .id = cuts[i].id,
                                     .vouched = vouched};
}

/* The cuts of one revocation, which stand sorted in it and name no log twice. */
static enum gmm_err cuts_copy(struct office_revocation *out, const struct revocation *r)
{
    out->cuts = calloc((size_t)r->count + 1, sizeof *out->cuts);
    if (out->cuts == NULL)
        return GMM_ENOMEM;
    copy_cuts(out->cuts, r->cuts, r->count, false);
    out->cut_count = r->count;
    return GMM_OK;
}

static int compare_cut_logs(const struct office_cut *x, const struct office_cut *y)
{
    int order = id_compare(&x->group, &y->group);
    return order != 0 ? order : compare_u64(x->instance, y->instance);
}

static struct office_cut lower_of(const struct office_cut *x, const struct office_cut *y)
{
    struct office_cut lower = x->seq <= y->seq ? *x : *y;
    if (x->seq == y->seq && !id_equal(&x->id, &y->id))
        lower.id = (struct gmm_id){{0}};
    return lower;
}

/* Keeps what both name, up to the lower cut. */
static void cuts_intersect(struct office_revocation *a, const struct office_revocation *b)
{
    size_t i = 0, j = 0, kept = 0;
    while (i < a->cut_count && j < b->cut_count) {
        int order = compare_cut_logs(&a->cuts[i], &b->cuts[j]);
        if (order == 0)
            a->cuts[kept++] = lower_of(&a->cuts[i], &b->cuts[j]);
        i += order <= 0;
        j += order >= 0;
    }
    a->cut_count = kept;
}

/* Adds what the root vouches for: never of a log that is named; of several vouches the farthest. */
static enum gmm_err add_vouch(struct office_revocation *r, const struct vouch *vouch)
{
    size_t total = r->cut_count + vouch->count, kept = 0;
    struct office_cut *cuts = realloc(r->cuts, total * sizeof *cuts);
    if (cuts == NULL)
        return GMM_ENOMEM;
    r->cuts = cuts;
    copy_cuts(cuts + r->cut_count, vouch->cuts, vouch->count, true);
    qsort(cuts, total, sizeof *cuts, compare_cuts);
    for (size_t i = 0; i < total; i++) {
        struct office_cut *before = kept == 0 ? NULL : &cuts[kept - 1];
        if (before == NULL || compare_cut_logs(before, &cuts[i]) != 0)
            cuts[kept++] = cuts[i];
        else if (before->vouched && cuts[i].vouched && before->seq == cuts[i].seq)
            *before = lower_of(before, &cuts[i]);
        else if (before->vouched)
            *before = cuts[i]; /* the named one, or one that reaches farther */
    }
    r->cut_count = kept;
    return GMM_OK;
}

static enum gmm_err collect_vouches(struct offices *o, const struct directory *directory)
{
    enum gmm_err err = GMM_OK;
    bool rooted;
    for (size_t i = 0; i < directory_count(directory) && err == GMM_OK; i++) {
        const struct directory_object *object = directory_at(directory, i);
        const struct vouch *v = &object->as.vouch;
        if (object->kind != DIRECTORY_VOUCH || o->revocation_count == 0 ||
            !signed_by_root(directory, &v->pid, &v->signer, &object->hash, &rooted))
            continue;
        struct office_revocation probe = {.sign_pk = v->sign_pk, .pid = v->pid}, *r;
        r = bsearch(&probe, o->revocations, o->revocation_count, sizeof *o->revocations, compare_revocations);
        if (r != NULL)
            err = add_vouch(r, v);
    }
    return err;
}

static enum gmm_err revocation_add(struct offices *o, const struct revocation *r)
{
    struct office_revocation made = {.sign_pk = r->sign_pk, .pid = r->pid, .since_ms = r->time_ms};
    enum gmm_err err = cuts_copy(&made, r);
    if (err == GMM_OK)
        o->revocations[o->revocation_count++] = made;
    return err;
}

/* One for each key and participant: all of them hold. */
static void revocations_merge(struct offices *o)
{
    size_t kept = 0;
    if (o->revocation_count == 0)
        return;
    qsort(o->revocations, o->revocation_count, sizeof *o->revocations, compare_revocations);
    for (size_t i = 1; i < o->revocation_count; i++) {
        struct office_revocation *into = &o->revocations[kept], *next = &o->revocations[i];
        if (compare_revocations(into, next) != 0) {
            o->revocations[++kept] = *next;
            continue;
        }
        cuts_intersect(into, next);
        if (next->since_ms < into->since_ms)
            into->since_ms = next->since_ms;
        free(next->cuts);
    }
    o->revocation_count = kept + 1;
}

/* First those by roots; then those by offices that no root has revoked, all of them at once: two offices that revoke
 * each other are both revoked. */
static enum gmm_err collect_revocations(struct offices *o, const struct directory *directory)
{
    size_t total = directory_count(directory), by_roots;
    bool rooted = false;
    o->revocations = calloc(total + 1, sizeof *o->revocations);
    if (o->revocations == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < total; i++) {
        const struct directory_object *object = directory_at(directory, i);
        if (object->kind == DIRECTORY_REVOCATION && by_root(directory, object, &rooted) &&
            revocation_add(o, &object->as.revocation) != GMM_OK)
            return GMM_ENOMEM;
    }
    revocations_merge(o);
    by_roots = o->revocation_count;
    for (size_t i = 0; i < total; i++) {
        const struct directory_object *object = directory_at(directory, i);
        if (object->kind != DIRECTORY_REVOCATION || by_root(directory, object, &rooted) || rooted)
            continue;
        size_t with_offices = o->revocation_count;
        o->revocation_count = by_roots; /* who may sign is judged by the roots' revocations only */
        bool allowed = by_office(o, &object->as.revocation);
        o->revocation_count = with_offices;
        if (allowed && revocation_add(o, &object->as.revocation) != GMM_OK)
            return GMM_ENOMEM;
    }
    revocations_merge(o);
    return GMM_OK;
}

enum gmm_err offices_make(struct offices *o, const struct directory *directory)
{
    *o = (struct offices){0};
    enum gmm_err err = collect_certs(o, directory);
    if (err == GMM_OK)
        err = collect_revocations(o, directory);
    if (err == GMM_OK)
        err = collect_vouches(o, directory);
    if (err != GMM_OK)
        offices_close(o);
    return err;
}

void offices_close(struct offices *o)
{
    offices_unvouch(o);
    for (size_t i = 0; i < o->revocation_count; i++)
        free(o->revocations[i].cuts);
    free(o->revocations);
    free(o->certs);
    free(o->by_office);
    free(o->deciding);
    *o = (struct offices){0};
}
