#include "proto/control_cuts.h"

#include <stdlib.h>
#include <string.h>

#define CUT_BYTES (32u + 8u + 8u + 32u)

static int compare_logs(const void *a, const void *b)
{
    const struct control_cut *x = a, *y = b;
    return run_key_compare(&x->log, &y->log);
}

static void put_sorted(struct buffer *out, const struct control_cut *list, uint16_t count, bool with_group)
{
    buffer_put_u16(out, count);
    for (uint16_t i = 0; i < count; i++) {
        if (with_group)
            buffer_put_id(out, &list[i].log.group);
        buffer_put_id(out, &list[i].log.author);
        buffer_put_u64(out, list[i].log.instance);
        buffer_put_u64(out, list[i].seq);
        buffer_put_id(out, &list[i].id);
    }
}

enum gmm_err control_cuts_put(struct buffer *out, const struct control_cuts *cuts, bool with_group)
{
    enum gmm_err err = GMM_OK;
    struct control_cut *sorted = calloc((size_t)cuts->count + 1, sizeof *sorted);
    if (sorted == NULL)
        err = GMM_ENOMEM;
    else if (cuts->count > LIMIT_CUTS)
        err = GMM_ELIMIT;
    for (uint16_t i = 0; i < cuts->count && err == GMM_OK; i++) {
        sorted[i] = cuts->list[i];
        if (!with_group)
            memset(&sorted[i].log.group, 0, sizeof sorted[i].log.group);
    }
    if (err == GMM_OK)
        qsort(sorted, cuts->count, sizeof *sorted, compare_logs);
    for (uint16_t i = 1; i < cuts->count && err == GMM_OK; i++)
        if (compare_logs(&sorted[i - 1], &sorted[i]) == 0)
            err = GMM_EFORMAT;
    if (err == GMM_OK)
        put_sorted(out, sorted, cuts->count, with_group);
    else if (out->failed == GMM_OK)
        out->failed = err;
    free(sorted);
    return out->failed;
}

enum gmm_err control_cuts_get(struct control_cuts *out, struct bytes_in *in, bool with_group)
{
    size_t each = CUT_BYTES + (with_group ? 32u : 0);
    *out = (struct control_cuts){0};
    uint16_t count = bytes_get_u16(in);
    if (in->failed || count > LIMIT_CUTS || in->left / each < count)
        return GMM_EFORMAT;
    struct control_cut *list = calloc((size_t)count + 1, sizeof *list);
    if (list == NULL)
        return GMM_ENOMEM;
    for (uint16_t i = 0; i < count; i++) {
        if (with_group)
            bytes_get_id(in, &list[i].log.group);
        bytes_get_id(in, &list[i].log.author);
        list[i].log.instance = bytes_get_u64(in);
        list[i].seq = bytes_get_u64(in);
        bytes_get_id(in, &list[i].id);
        if (i > 0 && compare_logs(&list[i - 1], &list[i]) >= 0) {
            free(list);
            return GMM_EFORMAT;
        }
    }
    out->count = count;
    out->list = list;
    return GMM_OK;
}

void control_cuts_close(struct control_cuts *cuts)
{
    free(cuts->list);
    *cuts = (struct control_cuts){0};
}

const struct control_cut *control_cuts_find(const struct control_cuts *cuts, const struct run_key *log)
{
    struct control_cut probe = {.log = *log};
    return cuts->count == 0 ? NULL : bsearch(&probe, cuts->list, cuts->count, sizeof probe, compare_logs);
}

bool control_cuts_hold(const struct control_cuts *cuts, const struct run_key *log, uint64_t seq)
{
    const struct control_cut *cut = control_cuts_find(cuts, log);
    return cut != NULL && seq <= cut->seq;
}

enum gmm_err control_circle_cut_encode(struct buffer *out, const struct control_circle_cut *r)
{
    control_version_put(out);
    buffer_put_u8(out, (uint8_t)r->kind);
    buffer_put_id(out, &r->subject);
    return control_cuts_put(out, &r->cuts, false);
}

enum gmm_err control_circle_cut_decode(struct control_circle_cut *out, const void *body, size_t len)
{
    struct bytes_in in;
    enum gmm_err err;
    *out = (struct control_circle_cut){0};
    bytes_in_init(&in, body, len);
    if (!control_version_get(&in, &err))
        return err;
    uint8_t kind = bytes_get_u8(&in);
    bytes_get_id(&in, &out->subject);
    if (kind != CONTROL_CUT_KEY && kind != CONTROL_CUT_PARTICIPANT)
        return GMM_EFORMAT;
    out->kind = (enum control_cut_kind)kind;
    err = control_cuts_get(&out->cuts, &in, false);
    if (err == GMM_OK && !bytes_in_done(&in)) {
        control_cuts_close(&out->cuts);
        err = GMM_EFORMAT;
    }
    return err;
}
