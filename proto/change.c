#include "proto/change.h"

#include <stdlib.h>
#include <string.h>

#include "keys/text.h"

typedef enum gmm_err read_fn(struct change *c, const struct gmm_id *nid, const void *body, size_t len);

static enum gmm_err read_admit(struct change *c, const struct gmm_id *nid, const void *body, size_t len)
{
    return control_admit_decode(c->admit, nid, body, len);
}

static enum gmm_err read_removal(struct change *c, const struct gmm_id *nid, const void *body, size_t len)
{
    (void)nid;
    return control_removal_decode(c->removal, body, len);
}

static enum gmm_err read_restore(struct change *c, const struct gmm_id *nid, const void *body, size_t len)
{
    (void)nid;
    return control_restore_decode(c->removal, body, len);
}

static enum gmm_err read_handover(struct change *c, const struct gmm_id *nid, const void *body, size_t len)
{
    (void)nid;
    return control_handover_decode(c->handover, body, len);
}

static enum gmm_err read_accept(struct change *c, const struct gmm_id *nid, const void *body, size_t len)
{
    (void)nid;
    return control_accept_decode(c->accept, body, len);
}

static enum gmm_err read_ballot(struct change *c, const struct gmm_id *nid, const void *body, size_t len)
{
    (void)nid;
    return control_ballot_decode(c->ballot, body, len);
}

static enum gmm_err read_lead(struct change *c, const struct gmm_id *nid, const void *body, size_t len)
{
    (void)nid;
    return control_lead_decode(c->lead, body, len);
}

static enum gmm_err read_amend(struct change *c, const struct gmm_id *nid, const void *body, size_t len)
{
    (void)nid;
    return control_amend_decode(c->amend, body, len);
}

static enum gmm_err read_replace(struct change *c, const struct gmm_id *nid, const void *body, size_t len)
{
    return control_replace_decode(c->replace, nid, body, len);
}

static enum gmm_err read_cut(struct change *c, const struct gmm_id *nid, const void *body, size_t len)
{
    (void)nid;
    return control_circle_cut_decode(c->cut, body, len);
}

static enum gmm_err read_left(struct change *c, const struct gmm_id *nid, const void *body, size_t len)
{
    (void)nid;
    return control_left_decode(c->left, body, len);
}

static enum gmm_err read_erase(struct change *c, const struct gmm_id *nid, const void *body, size_t len)
{
    (void)nid;
    return control_erase_decode(c->erase, body, len);
}

static enum gmm_err read_epoch(struct change *c, const struct gmm_id *nid, const void *body, size_t len)
{
    (void)nid;
    return epoch_decode(c->epoch, body, len);
}

static void close_removal(struct change *c)
{
    control_cuts_close(&c->removal->cuts);
}

static void close_accept(struct change *c)
{
    control_cuts_close(&c->accept->cuts);
}

static void close_ballot(struct change *c)
{
    control_cuts_close(&c->ballot->cuts);
}

static void close_cut(struct change *c)
{
    control_cuts_close(&c->cut->cuts);
}

static void close_left(struct change *c)
{
    control_left_close(c->left);
}

static void close_epoch(struct change *c)
{
    epoch_close(c->epoch);
}

/* How the types are called; and of those that are kept read, how. */
static const struct kind {
    uint16_t type;
    const char *word;
    size_t bytes;
    read_fn *read;
    void (*close)(struct change *c);
} kinds[] = {
    {HEADER_ADMIT, N_("admission"), sizeof(struct control_admit), read_admit, NULL},
    {HEADER_WRAPKEY, N_("wrap key"), 0, NULL, NULL},
    {HEADER_SUSPEND, N_("suspension"), sizeof(struct control_removal), read_removal, close_removal},
    {HEADER_RESTORE, N_("restoration"), sizeof(struct control_removal), read_restore, NULL},
    {HEADER_EXPEL, N_("expulsion"), sizeof(struct control_removal), read_removal, close_removal},
    {HEADER_HANDOVER, N_("handover"), sizeof(struct control_handover), read_handover, NULL},
    {HEADER_ACCEPT, N_("acceptance"), sizeof(struct control_accept), read_accept, close_accept},
    {HEADER_BALLOT, N_("ballot"), sizeof(struct control_ballot), read_ballot, close_ballot},
    {HEADER_LEAD, N_("lead"), sizeof(struct control_lead), read_lead, NULL},
    {HEADER_COSIGN, N_("cosignature"), 0, NULL, NULL},
    {HEADER_AMEND, N_("amendment"), sizeof(struct control_amend), read_amend, NULL},
    {HEADER_REPLACE, N_("replacement"), sizeof(struct control_replace), read_replace, NULL},
    {HEADER_GROUP, N_("circle"), 0, NULL, NULL},
    {HEADER_ADD, N_("addition"), 0, NULL, NULL},
    {HEADER_REMOVE, N_("removal"), 0, NULL, NULL},
    {HEADER_EPOCH, N_("epoch"), sizeof(struct epoch), read_epoch, close_epoch},
    {HEADER_WRAP, N_("wrap"), 0, NULL, NULL},
    {HEADER_EPOCH_BAD, N_("complaint about an epoch"), 0, NULL, NULL},
    {HEADER_CUT, N_("cut"), sizeof(struct control_circle_cut), read_cut, close_cut},
    {HEADER_LEFT, N_("list of leavers"), sizeof(struct control_left), read_left, close_left},
    {HEADER_RELAY, N_("relay"), 0, NULL, NULL},
    {HEADER_ERASE, N_("erasure"), sizeof(struct control_erase), read_erase, NULL},
    {HEADER_ERASED, N_("confirmation of an erasure"), 0, NULL, NULL},
};

static const struct kind *kind_of(uint16_t type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].type == type)
            return &kinds[i];
    return NULL;
}

const char *change_word(uint16_t type)
{
    const struct kind *kind = kind_of(type);
    return text_tr(kind == NULL ? N_("plain") : kind->word);
}

static enum gmm_err keep_read(struct change *c, const struct gmm_id *nid, const void *body, size_t len)
{
    const struct kind *kind = kind_of(c->type);
    if (c->read != NULL || kind == NULL || kind->read == NULL)
        return GMM_OK;
    c->read = calloc(1, kind->bytes);
    if (c->read == NULL)
        return GMM_ENOMEM;
    enum gmm_err err = kind->read(c, nid, body, len);
    if (err != GMM_OK) {
        free(c->read);
        c->read = NULL;
    }
    return err;
}

enum gmm_err change_read(struct change *c, const struct gmm_id *nid)
{
    enum gmm_err err = keep_read(c, nid, c->body, c->len);
    c->malformed = err != GMM_OK && err != GMM_ENOMEM;
    return err;
}

void change_forget(struct change *c)
{
    const struct kind *kind = kind_of(c->type);
    if (c->read == NULL)
        return;
    if (kind->close != NULL)
        kind->close(c);
    free(c->read);
    c->read = NULL;
}

void change_free(struct change *c)
{
    if (c == NULL)
        return;
    change_forget(c);
    free(c);
}

enum gmm_err change_new(struct change **out, const struct header *h, const struct gmm_id *id, const void *body,
                        size_t len)
{
    size_t kept = h->type == HEADER_EPOCH ? 0 : len;
    struct change *c = calloc(1, sizeof *c + kept);
    *out = NULL;
    if (c == NULL)
        return GMM_ENOMEM;
    c->id = *id;
    run_key_of(&c->log, h);
    c->seq = h->seq;
    c->time = h->time;
    c->type = h->type;
    c->body = (const uint8_t *)(c + 1);
    c->len = kept;
    if (kept > 0)
        memcpy(c + 1, body, kept);
    enum gmm_err err = h->type == HEADER_EPOCH ? keep_read(c, NULL, body, len) : GMM_OK;
    if (err != GMM_OK) {
        change_free(c);
        return err;
    }
    *out = c;
    return GMM_OK;
}

int change_compare(const struct change *a, const struct change *b)
{
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return id_compare(&a->id, &b->id);
}
