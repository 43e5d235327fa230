/* Under which keys: WRAPKEY, LEFT, EPOCH, WRAP, EPOCH_BAD. */
#include "proto/authority_rules.h"

enum gmm_err authority_epochs_judge_wrapkey(const struct state *s, struct change *c, struct decision *d,
                                            struct gmm_msg *why)
{
    (void)s;
    enum gmm_err err = control_wrapkey_decode(&d->body.wrap_pk, c->body, c->len);
    return judge_decoded(c, err, why);
}

enum gmm_err authority_epochs_apply_wrapkey(struct state *s, struct change *c, const struct decision *d)
{
    state_wrapkey(s, &c->log.author, &d->body.wrap_pk);
    return GMM_OK;
}

enum gmm_err authority_epochs_judge_epoch(const struct state *s, struct change *c, struct decision *d,
                                          struct gmm_msg *why)
{
    char group[JUDGE_TEXT];
    enum gmm_err err = judge_member(s, c, d, why);
    if (err == GMM_OK && !d->group->history_full && c->epoch->history_count > 0)
        err = gmm_fail(why, GMM_EFORMAT, "%s keeps no history: an epoch of it wraps none of its parents",
                       judge_group_name(group, s, d->group));
    return err;
}

enum gmm_err authority_epochs_apply_epoch(struct state *s, struct change *c, const struct decision *d)
{
    (void)d;
    return state_epoch(s, c, true);
}

enum gmm_err authority_epochs_judge_left(const struct state *s, struct change *c, struct decision *d,
                                         struct gmm_msg *why)
{
    enum gmm_err err = judge_member(s, c, d, why);
    return err == GMM_OK ? judge_read(s, c, why) : err;
}

enum gmm_err authority_epochs_apply_left(struct state *s, struct change *c, const struct decision *d)
{
    (void)d;
    return state_left(s, c);
}

enum gmm_err authority_epochs_judge_bad(const struct state *s, struct change *c, struct decision *d,
                                        struct gmm_msg *why)
{
    enum gmm_err err = judge_member(s, c, d, why);
    if (err != GMM_OK)
        return err;
    d->sign_pk = c->log.author;
    err = control_epoch_bad_decode(&d->epoch_id, c->body, c->len);
    return judge_decoded(c, err, why);
}

enum gmm_err authority_epochs_apply_bad(struct state *s, struct change *c, const struct decision *d)
{
    return state_note(s, &s->complaints, &d->epoch_id, &d->sign_pk, c);
}

enum gmm_err authority_epochs_judge_wrap(const struct state *s, struct change *c, struct decision *d,
                                         struct gmm_msg *why)
{
    bool claimed;
    char group[JUDGE_TEXT], hex[GMM_ID_HEX + 1];
    enum gmm_err err = judge_member(s, c, d, why);
    if (err != GMM_OK)
        return err;
    err = epoch_rewrap_peek(&d->epoch_id, &d->sign_pk, c->body, c->len);
    if (err != GMM_OK)
        return judge_decoded(c, err, why);
    unsigned target = state_owner(s, &d->sign_pk, &claimed);
    if (target == STATE_NOBODY)
        return gmm_fail(why, GMM_EDENIED, "the key %s is no office of a member of %s: epochs are wrapped to those only",
                        judge_digits(hex, &d->sign_pk), judge_group_name(group, s, d->group));
    if (!state_is_member(s, d->group, target))
        return gmm_fail(why, GMM_EDENIED, "%s is not a member of %s: epochs are wrapped to offices of members only",
                        judge_name(s, target), judge_group_name(group, s, d->group));
    return GMM_OK;
}

enum gmm_err authority_epochs_apply_wrap(struct state *s, struct change *c, const struct decision *d)
{
    return state_note(s, &s->wraps, &d->epoch_id, &d->sign_pk, c);
}

enum gmm_err authority_epochs_note_stray(struct state *s, struct change *c)
{
    struct gmm_id epoch_id, sign_pk;
    if (epoch_rewrap_peek(&epoch_id, &sign_pk, c->body, c->len) != GMM_OK)
        return GMM_OK;
    return state_note(s, &s->strays, &epoch_id, &sign_pk, c);
}
