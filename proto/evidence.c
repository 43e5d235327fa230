#include "proto/evidence.h"

#include <stdlib.h>
#include <string.h>

#include "keys/labels.h"
#include "keys/seal.h"
#include "proto/body.h"

#define MAGIC "GMMPROOF"
#define MAGIC_BYTES 8u
#define VERSION 2u
#define VERSION_WITHOUT_GROUP 1u
#define SUM_BYTES 32u
#define ITEM_BYTES_LEAST 36u /* a stretch: prev and the length of its run */

bool evidence_wants(uint16_t type)
{
    return type < HEADER_GROUP && type != HEADER_WRAPKEY && type != HEADER_ANCHOR;
}

bool evidence_wants_of_group(uint16_t type)
{
    return type == HEADER_ADD || type == HEADER_REMOVE || type == HEADER_GROUP_ANCHOR;
}

enum part { PART_CONTROL, PART_GROUP, PART_ENTRY };

/* May the entry, the i-th of a stretch in this part, have a body; and so must it, for the same file has one form. */
static bool has_body(enum part part, uint32_t i, uint16_t type)
{
    switch (part) {
    case PART_CONTROL:
        return evidence_wants(type);
    case PART_GROUP:
        return i == 0 && evidence_wants_of_group(type);
    case PART_ENTRY:
        break;
    }
    return i == 0;
}

/* ---- making */

static void put_bytes32(struct buffer *out, const void *bytes, size_t len)
{
    buffer_put_u32(out, (uint32_t)len);
    buffer_put(out, bytes, len);
}

static enum gmm_err put_objects(struct buffer *out, const struct directory *directory)
{
    const struct directory_object **objects = NULL;
    size_t count = directory_count(directory);
    enum gmm_err err = directory_by_need(directory, &objects);
    if (err != GMM_OK)
        return err;
    buffer_put_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        put_bytes32(out, objects[i]->bytes, objects[i]->len);
    free(objects);
    return out->failed;
}

/* "Ascending by name." */
static void put_forks(struct buffer *out, const struct forks *forks, const struct run_key *log)
{
    const struct gmm_id *last = NULL;
    size_t count = 0, first = forks == NULL ? 0 : forks_of(forks, log, &count);
    buffer_put_u8(out, (uint8_t)count);
    for (size_t n = 0; n < count; n++) {
        const struct fork_proof *next = NULL;
        for (size_t i = 0; i < count; i++) {
            const struct fork_proof *proof = forks_at(forks, first + i);
            if ((last == NULL || id_compare(&proof->hash, last) > 0) &&
                (next == NULL || id_compare(&proof->hash, &next->hash) < 0))
                next = proof;
        }
        if (next == NULL)
            return;
        put_bytes32(out, next->bytes, next->len);
        last = &next->hash;
    }
}

/* The entries of the run with the bodies that this place lets stand. */
static enum gmm_err put_stretch(struct buffer *out, const struct run *run, enum part part)
{
    struct header first;
    struct run_entry entries[LIMIT_RUN_ENTRIES];
    struct run bare = *run;
    enum gmm_err err = header_decode(&first, run->entries[0].header);
    if (err != GMM_OK)
        return err;
    bare.entries = entries;
    for (uint32_t i = 0; i < run->count; i++) {
        entries[i] = run->entries[i];
        if (!has_body(part, i, bytes_load_u16(entries[i].header + 2)))
            entries[i].body = NULL;
    }
    buffer_put_id(out, &first.prev);
    size_t at = out->len;
    buffer_put_u32(out, 0);
    if ((err = run_encode(out, &bare)) == GMM_OK)
        bytes_store_u32(out->p + at, (uint32_t)(out->len - at - 4));
    return err;
}

enum gmm_err evidence_make(struct buffer *out, const struct evidence_parts *parts)
{
    struct gmm_id sum;
    struct buffer made;
    buffer_init(&made, LIMIT_EVIDENCE_BYTES);
    buffer_put(&made, MAGIC, MAGIC_BYTES);
    buffer_put_u8(&made, VERSION);
    enum gmm_err err = put_objects(&made, parts->directory);
    if (err == GMM_OK) {
        put_forks(&made, parts->forks, &parts->run->key);
        buffer_put_u32(&made, (uint32_t)parts->control_count);
    }
    for (size_t i = 0; err == GMM_OK && i < parts->control_count; i++)
        err = put_stretch(&made, parts->control[i], PART_CONTROL);
    if (err == GMM_OK)
        buffer_put_u32(&made, (uint32_t)parts->group_count);
    for (size_t i = 0; err == GMM_OK && i < parts->group_count; i++)
        err = put_stretch(&made, parts->group[i], PART_GROUP);
    if (err == GMM_OK)
        err = put_stretch(&made, parts->run, PART_ENTRY);
    if (err == GMM_OK) {
        buffer_put(&made, parts->key, 32);
        hash_h(&sum, LABEL_EVIDENCE, made.p, made.len);
        buffer_put_id(&made, &sum);
        err = made.failed;
    }
    if (err == GMM_OK) {
        buffer_put(out, made.p, made.len);
        err = out->failed;
    }
    buffer_close(&made);
    return err;
}

/* ---- opening */

static const uint8_t *take_bytes32(struct bytes_in *in, size_t *len)
{
    *len = bytes_get_u32(in);
    return bytes_take(in, *len);
}

/* The order is part of the form: the same set has one file. */
static enum gmm_err check_order(const struct directory *directory, const struct gmm_id *read, size_t count)
{
    const struct directory_object **objects = NULL;
    enum gmm_err err = directory_by_need(directory, &objects);
    for (size_t i = 0; err == GMM_OK && i < count; i++)
        if (!id_equal(&objects[i]->hash, &read[i]))
            err = GMM_EORDER;
    free(objects);
    return err;
}

static enum gmm_err open_objects(struct evidence *e, struct bytes_in *in, struct gmm_msg *why)
{
    uint32_t count = bytes_get_u32(in);
    if (in->failed || count == 0 || count > in->left / 4)
        return gmm_fail(why, GMM_EFORMAT, "the number of its objects is impossible");
    struct gmm_id *read = calloc(count, sizeof *read);
    e->directory = directory_new();
    enum gmm_err err = read == NULL || e->directory == NULL ? GMM_ENOMEM : GMM_OK;
    uint32_t i;
    for (i = 0; err == GMM_OK && i < count; i++) {
        size_t len;
        const struct directory_object *object = NULL;
        const uint8_t *bytes = take_bytes32(in, &len);
        err = bytes == NULL ? GMM_EFORMAT : directory_add(e->directory, bytes, len, &object);
        if (err == GMM_OK)
            read[i] = object->hash;
        else if (err != GMM_ENOMEM)
            gmm_fail(why, err, "object %u (a charter, certificate, revocation or rotation): %s", (unsigned)i + 1,
                     gmm_err_text(err));
    }
    if (err == GMM_OK && (err = check_order(e->directory, read, count)) == GMM_EORDER)
        gmm_fail(why, err, "its objects are not in their order");
    free(read);
    return err;
}

static const struct gmm_id *network_of(const struct evidence *e)
{
    return &directory_charter(e->directory)->nid;
}

static enum gmm_err open_forks(struct evidence *e, struct bytes_in *in, struct gmm_msg *why)
{
    struct gmm_id last = {{0}};
    unsigned count = bytes_get_u8(in);
    if ((e->forks = forks_new()) == NULL)
        return GMM_ENOMEM;
    for (unsigned i = 0; i < count; i++) {
        size_t len;
        struct fork_proof *proof = NULL, *evicted = NULL;
        const uint8_t *bytes = take_bytes32(in, &len);
        enum gmm_err err = bytes == NULL ? GMM_EFORMAT : fork_open(&proof, network_of(e), bytes, len);
        if (err == GMM_OK && i > 0 && id_compare(&proof->hash, &last) <= 0)
            err = GMM_EORDER;
        if (err == GMM_OK) {
            last = proof->hash;
            err = forks_add(e->forks, proof, &evicted);
        }
        if (err != GMM_OK)
            free(proof);
        if (err == GMM_OK && evicted != NULL)
            err = GMM_ELIMIT;
        free(evicted);
        if (err != GMM_OK)
            return gmm_fail(why, err, "fork proof %u: %s", i + 1, gmm_err_text(err));
    }
    return GMM_OK;
}

/* Are the bodies where this place wants them, and nowhere else? */
static bool bodies_fit(const struct run *run, enum part part)
{
    for (uint32_t i = 0; i < run->count; i++) {
        uint16_t type = bytes_load_u16(run->entries[i].header + 2);
        bool wanted = has_body(part, i, type);
        if ((run->entries[i].body != NULL) != wanted || (i == 0 && !wanted))
            return false;
    }
    return id_is_zero(&run->key.group) == (part == PART_CONTROL);
}

static enum gmm_err open_stretch(const struct evidence *e, struct verified_run **out, struct bytes_in *in,
                                 enum part part)
{
    struct gmm_id prev, log0;
    struct run *run = NULL;
    size_t len;
    bytes_get_id(in, &prev);
    const uint8_t *bytes = take_bytes32(in, &len);
    if (bytes == NULL)
        return GMM_EFORMAT;
    const struct gmm_id *nid = network_of(e);
    enum gmm_err err = run_decode(&run, nid, &prev, bytes, len);
    if (err != GMM_OK)
        return err;
    header_log0(&log0, nid, &run->key.group, &run->key.author, run->key.instance);
    if (!bodies_fit(run, part) || (run->first_seq == 0 && !id_equal(&prev, &log0)))
        err = GMM_EFORMAT;
    else if (directory_author(e->directory, &run->key.author) == NULL)
        err = GMM_EUNKNOWN;
    else
        err = run_verify(out, &run, nid);
    run_free(run);
    return err;
}

/* "Ascending by (author, instance, seq)", and what follows at once follows. */
static bool follows(const struct run *before, const struct run *run)
{
    struct header first;
    int order = run_key_compare(&before->key, &run->key);
    if (order != 0)
        return order < 0;
    uint64_t end = before->first_seq + before->count;
    if (run->first_seq < end || header_decode(&first, run->entries[0].header) != GMM_OK)
        return false;
    return run->first_seq > end || id_equal(&first.prev, &before->entries[before->count - 1].id);
}

/* The number of stretches, and room for them. */
static enum gmm_err open_count(uint32_t *count, struct verified_run ***list, struct bytes_in *in, struct gmm_msg *why)
{
    *count = bytes_get_u32(in);
    if (in->failed || *count > in->left / ITEM_BYTES_LEAST)
        return gmm_fail(why, GMM_EFORMAT, "the number of its control or group records is impossible");
    *list = calloc((size_t)*count + 1, sizeof(struct verified_run *));
    return *list == NULL ? GMM_ENOMEM : GMM_OK;
}

static enum gmm_err open_control(struct evidence *e, struct bytes_in *in, struct gmm_msg *why)
{
    uint32_t count;
    enum gmm_err counted = open_count(&count, &e->control, in, why);
    if (counted != GMM_OK)
        return counted;
    for (uint32_t i = 0; i < count; i++) {
        enum gmm_err err = open_stretch(e, &e->control[i], in, PART_CONTROL);
        if (err == GMM_OK)
            e->control_count++;
        if (err == GMM_OK && i > 0 && !follows(verified_run_view(e->control[i - 1]), verified_run_view(e->control[i])))
            err = GMM_EORDER;
        if (err != GMM_OK)
            return err == GMM_ENOMEM
                       ? err
                       : gmm_fail(why, err, "control records, part %u: %s", (unsigned)i + 1, gmm_err_text(err));
    }
    return GMM_OK;
}

/* Each is signed up to its own head: two of one log may overlap. */
static enum gmm_err open_group(struct evidence *e, struct bytes_in *in, struct gmm_msg *why)
{
    uint32_t count;
    enum gmm_err counted = open_count(&count, &e->group, in, why);
    if (counted != GMM_OK)
        return counted;
    for (uint32_t i = 0; i < count; i++) {
        enum gmm_err err = open_stretch(e, &e->group[i], in, PART_GROUP);
        if (err == GMM_OK)
            e->group_count++;
        if (err == GMM_OK && i > 0) {
            const struct run *before = verified_run_view(e->group[i - 1]), *run = verified_run_view(e->group[i]);
            int order = run_key_compare(&before->key, &run->key);
            if (order > 0 || (order == 0 && before->first_seq >= run->first_seq))
                err = GMM_EORDER;
        }
        if (err != GMM_OK)
            return err == GMM_ENOMEM
                       ? err
                       : gmm_fail(why, err, "group records, part %u: %s", (unsigned)i + 1, gmm_err_text(err));
    }
    return GMM_OK;
}

/* What else the file holds is of the entry's own log, and of its own group. */
static enum gmm_err check_place(const struct evidence *e, const struct run_key *log, struct gmm_msg *why)
{
    for (size_t i = 0; i < forks_count(e->forks); i++)
        if (run_key_compare(&forks_at(e->forks, i)->key, log) != 0)
            return gmm_fail(why, GMM_EFORMAT, "a fork proof is of another log than the entry");
    for (size_t i = 0; i < e->group_count; i++)
        if (!id_equal(&verified_run_view(e->group[i])->key.group, &log->group))
            return gmm_fail(why, GMM_EFORMAT, "a group record is of another group than the entry");
    return GMM_OK;
}

static enum gmm_err open_entry(struct evidence *e, struct bytes_in *in, struct gmm_msg *why)
{
    enum gmm_err err = open_stretch(e, &e->run, in, PART_ENTRY);
    if (err != GMM_OK)
        return err == GMM_ENOMEM ? err : gmm_fail(why, err, "the entry and the head over it: %s", gmm_err_text(err));
    bytes_get(in, e->key, sizeof e->key);
    const struct run *run = verified_run_view(e->run);
    const struct run_entry *entry = &run->entries[0];
    e->id = entry->id;
    err = check_place(e, &run->key, why);
    if (err != GMM_OK)
        return err;
    err = header_decode(&e->header, entry->header);
    if (err == GMM_OK && (in->failed || !bytes_in_done(in)))
        return gmm_fail(why, GMM_EFORMAT, "it does not end where its last part ends");
    if (err == GMM_OK)
        err = e->header.type < HEADER_DOCUMENT
                  ? GMM_EFORMAT
                  : body_open_revealed(&e->plain, &e->plain_len, e->key, entry->header, entry->body, entry->body_len);
    return err == GMM_OK || err == GMM_ENOMEM
               ? err
               : gmm_fail(why, err, "the entry's body with the key given: %s", gmm_err_text(err));
}

static enum gmm_err open_parts(struct evidence *e, struct bytes_in *in, struct gmm_msg *why)
{
    enum gmm_err err = open_objects(e, in, why);
    if (err == GMM_OK)
        err = open_forks(e, in, why);
    if (err == GMM_OK)
        err = open_control(e, in, why);
    if (err == GMM_OK && e->version != VERSION_WITHOUT_GROUP)
        err = open_group(e, in, why);
    return err == GMM_OK ? open_entry(e, in, why) : err;
}

static enum gmm_err fold_runs(struct evidence *e, struct verified_run *const *list, size_t count)
{
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < count; i++) {
        const struct run *run = verified_run_view(list[i]);
        for (uint32_t n = 0; n < run->count && err == GMM_OK; n++) {
            const struct run_entry *entry = &run->entries[n];
            if (entry->body == NULL)
                continue;
            err = fold_add(e->fold, entry->header, &entry->id, entry->body, entry->body_len);
        }
    }
    return err;
}

static enum gmm_err fold_records(struct evidence *e)
{
    if ((e->fold = fold_new(e->directory)) == NULL)
        return GMM_ENOMEM;
    enum gmm_err err = fold_runs(e, e->control, e->control_count);
    if (err == GMM_OK)
        err = fold_runs(e, e->group, e->group_count);
    if (err == GMM_OK && forks_count(e->forks) > 0)
        fold_forks(e->fold, e->forks);
    return err == GMM_OK ? fold_view_at(e->fold, header_time_ms(e->header.time), &e->past) : err;
}

enum gmm_err evidence_open(struct evidence **out, const void *bytes, size_t len, struct gmm_msg *why)
{
    struct bytes_in in;
    struct gmm_id sum;
    const uint8_t *p = bytes;
    *out = NULL;
    if (len > LIMIT_EVIDENCE_BYTES)
        return gmm_fail(why, GMM_ELIMIT, "an evidence file has at most %u bytes", LIMIT_EVIDENCE_BYTES);
    if (len < MAGIC_BYTES + 1 + SUM_BYTES || memcmp(p, MAGIC, MAGIC_BYTES) != 0)
        return gmm_fail(why, GMM_EFORMAT, "this is no evidence file of gmm");
    hash_h(&sum, LABEL_EVIDENCE, p, len - SUM_BYTES);
    if (memcmp(sum.b, p + len - SUM_BYTES, SUM_BYTES) != 0)
        return gmm_fail(why, GMM_ECORRUPT, "its bytes do not hash to the sum at its end: it was altered or cut short");
    bytes_in_init(&in, p + MAGIC_BYTES, len - MAGIC_BYTES - SUM_BYTES);
    unsigned version = bytes_get_u8(&in);
    if (version != VERSION && version != VERSION_WITHOUT_GROUP)
        return gmm_fail(why, GMM_EVERSION, "an evidence file of version %u: a later gmm reads it", version);
    struct evidence *e = calloc(1, sizeof *e);
    if (e != NULL)
        e->version = version;
    enum gmm_err err = e == NULL ? GMM_ENOMEM : open_parts(e, &in, why);
    if (err == GMM_OK)
        err = fold_records(e);
    if (err == GMM_OK) {
        *out = e;
        return GMM_OK;
    }
    evidence_free(e);
    return err == GMM_ENOMEM ? gmm_fail(why, err, "%s", gmm_err_text(err)) : err;
}

void evidence_free(struct evidence *e)
{
    if (e == NULL)
        return;
    fold_past_free(e->past);
    fold_free(e->fold);
    seal_free(e->plain, e->plain_len);
    verified_run_free(e->run);
    for (size_t i = 0; i < e->control_count; i++)
        verified_run_free(e->control[i]);
    free(e->control);
    for (size_t i = 0; i < e->group_count; i++)
        verified_run_free(e->group[i]);
    free(e->group);
    forks_free(e->forks);
    directory_free(e->directory);
    sodium_memzero(e->key, sizeof e->key);
    free(e);
}

const struct view *evidence_view(struct evidence *e)
{
    return fold_view(e->fold);
}

const struct view *evidence_view_then(const struct evidence *e)
{
    return fold_past_view(e->past);
}
