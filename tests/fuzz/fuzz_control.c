/* Bodies of control records: a first byte says which, the rest is the body. What is accepted has one form. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/control_chair.h"
#include "proto/control_erase.h"
#include "proto/control_left.h"
#include "proto/control_proof.h"
#include "proto/control_relay.h"
#include "proto/control_roster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum gmm_err through_admit(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_admit r;
    struct gmm_id nid;
    memset(&nid, 7, sizeof nid);
    enum gmm_err err = control_admit_decode(&r, &nid, data, size);
    return err == GMM_OK ? control_admit_encode(again, &r) : err;
}

static enum gmm_err through_group(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_group r;
    enum gmm_err err = control_group_decode(&r, data, size);
    return err == GMM_OK ? control_group_encode(again, &r) : err;
}

static enum gmm_err through_members(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_members r;
    enum gmm_err err = control_members_decode(&r, data, size);
    return err == GMM_OK ? control_members_encode(again, &r) : err;
}

static enum gmm_err through_ids(struct buffer *again, bool wrapkey, const uint8_t *data, size_t size)
{
    struct gmm_id id;
    enum gmm_err err = wrapkey ? control_wrapkey_decode(&id, data, size) : control_epoch_bad_decode(&id, data, size);
    if (err != GMM_OK)
        return err;
    return wrapkey ? control_wrapkey_encode(again, &id) : control_epoch_bad_encode(again, &id);
}

static enum gmm_err through_removal(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_removal r;
    enum gmm_err err = control_removal_decode(&r, data, size);
    if (err != GMM_OK)
        return err;
    err = control_removal_encode(again, &r);
    control_cuts_close(&r.cuts);
    return err;
}

static enum gmm_err through_restore(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_removal r;
    enum gmm_err err = control_restore_decode(&r, data, size);
    return err == GMM_OK ? control_restore_encode(again, &r) : err;
}

static enum gmm_err through_amend(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_amend r;
    enum gmm_err err = control_amend_decode(&r, data, size);
    return err == GMM_OK ? control_amend_encode(again, &r) : err;
}

static enum gmm_err through_replace(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_replace r;
    struct gmm_id nid;
    memset(&nid, 7, sizeof nid);
    enum gmm_err err = control_replace_decode(&r, &nid, data, size);
    return err == GMM_OK ? control_replace_encode(again, &r) : err;
}

static enum gmm_err through_handover(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_handover r;
    enum gmm_err err = control_handover_decode(&r, data, size);
    return err == GMM_OK ? control_handover_encode(again, &r) : err;
}

static enum gmm_err through_accept(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_accept r;
    enum gmm_err err = control_accept_decode(&r, data, size);
    if (err != GMM_OK)
        return err;
    err = control_accept_encode(again, &r);
    control_cuts_close(&r.cuts);
    return err;
}

static enum gmm_err through_ballot(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_ballot r;
    enum gmm_err err = control_ballot_decode(&r, data, size);
    if (err != GMM_OK)
        return err;
    err = control_ballot_encode(again, &r);
    control_cuts_close(&r.cuts);
    return err;
}

static enum gmm_err through_lead(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_lead r;
    enum gmm_err err = control_lead_decode(&r, data, size);
    return err == GMM_OK ? control_lead_encode(again, &r) : err;
}

static enum gmm_err through_cosign(struct buffer *again, const uint8_t *data, size_t size)
{
    struct gmm_id subject;
    enum gmm_err err = control_cosign_decode(&subject, data, size);
    return err == GMM_OK ? control_cosign_encode(again, &subject) : err;
}

static enum gmm_err through_cut(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_circle_cut r;
    enum gmm_err err = control_circle_cut_decode(&r, data, size);
    if (err != GMM_OK)
        return err;
    err = control_circle_cut_encode(again, &r);
    control_cuts_close(&r.cuts);
    return err;
}

static enum gmm_err through_report(struct buffer *again, const struct control_anchor *r)
{
    struct gmm_id ids[LIMIT_CUTS];
    for (uint16_t i = 0; i < r->count; i++)
        ids[i] = control_anchor_report_at(r, i);
    return control_report_encode(again, ids, r->count);
}

static enum gmm_err through_anchor(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_anchor r;
    enum gmm_err err = control_anchor_decode(&r, data, size);
    if (err != GMM_OK || r.kind == CONTROL_ANCHOR_REPORT)
        return err != GMM_OK ? err : through_report(again, &r);
    struct control_anchor_head *heads = calloc(r.count + 1u, sizeof *heads);
    struct gmm_id *holders = calloc(r.new_count + 1u, sizeof *holders);
    if (heads == NULL || holders == NULL)
        abort();
    for (uint16_t i = 0; i < r.count; i++)
        control_anchor_head_at(&r, i, &heads[i]);
    for (uint16_t i = 0; i < r.new_count; i++)
        holders[i] = control_anchor_holder_at(&r, i);
    const struct control_anchor_source source = {holders, r.new_count, r.marks, r.mark_len, heads, r.count};
    err = control_anchor_encode(again, &source);
    free(heads);
    free(holders);
    return err;
}

static enum gmm_err through_vouch(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_vouch r;
    enum gmm_err err = control_vouch_decode(&r, data, size);
    if (err != GMM_OK)
        return err;
    err = control_vouch_encode(again, &r);
    control_cuts_close(&r.cuts);
    return err;
}

static enum gmm_err through_left(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_left r;
    enum gmm_err err = control_left_decode(&r, data, size);
    if (err != GMM_OK)
        return err;
    err = control_left_encode(again, &r);
    control_left_close(&r);
    return err;
}

static enum gmm_err through_erase(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_erase r;
    enum gmm_err err = control_erase_decode(&r, data, size);
    return err == GMM_OK ? control_erase_encode(again, &r) : err;
}

static enum gmm_err through_erased(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_erased r;
    struct gmm_id ids[LIMIT_CUTS];
    enum gmm_err err = control_erased_decode(&r, data, size);
    for (uint16_t i = 0; err == GMM_OK && i < r.count; i++)
        ids[i] = control_erased_at(&r, i);
    return err == GMM_OK ? control_erased_encode(again, ids, r.count) : err;
}

static enum gmm_err through_relay(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_relay r;
    enum gmm_err err = control_relay_decode(&r, data, size);
    return err == GMM_OK ? control_relay_encode(again, &r) : err;
}

static enum gmm_err through_wrapkey(struct buffer *again, const uint8_t *data, size_t size)
{
    return through_ids(again, true, data, size);
}

static enum gmm_err through_epoch_bad(struct buffer *again, const uint8_t *data, size_t size)
{
    return through_ids(again, false, data, size);
}

typedef enum gmm_err through_fn(struct buffer *again, const uint8_t *data, size_t size);
static through_fn *const through[] = {
    through_admit,   through_group,  through_members, through_wrapkey,  through_epoch_bad, through_removal,
    through_restore, through_amend,  through_replace, through_handover, through_accept,    through_ballot,
    through_lead,    through_cosign, through_cut,     through_anchor,   through_vouch,     through_left,
    through_erase,   through_erased, through_relay,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer again;
    enum gmm_err err = GMM_EFORMAT;
    if (size == 0)
        return 0;
    buffer_init(&again, LIMIT_BODY_BYTES);
    if (data[0] < sizeof through / sizeof *through)
        err = through[data[0]](&again, data + 1, size - 1);
    if (err == GMM_OK && (again.len != size - 1 || memcmp(again.p, data + 1, again.len) != 0))
        abort();
    buffer_close(&again);
    return 0;
}
