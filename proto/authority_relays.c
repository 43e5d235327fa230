/* Which offices relay a group: RELAY. */
#include "keys/text.h"
#include "proto/authority_rules.h"

/* Who decides on who is in a group decides on its relays; where the roster decides on that, the chair, or the
 * participant itself. */
static enum gmm_err decides(const struct state *s, const struct change *c, struct decision *d, struct gmm_msg *why)
{
    switch (d->group->kind) {
    case GROUP_ALL:
        return judge_chair_in_term(s, c, d, _("names the relays of the group all"), why);
    case GROUP_INTERNAL:
        if (d->author == d->group->owner)
            return judge_decides(s, c, d, why);
        return gmm_fail(why, GMM_EDENIED, "only %s names the relays of its group internal",
                        judge_name(s, d->group->owner));
    case GROUP_THEMATIC:
    case GROUP_CIRCLE:
        break;
    }
    return authority_groups_judge_manager(s, c, d, why);
}

enum gmm_err authority_relays_judge(const struct state *s, struct change *c, struct decision *d, struct gmm_msg *why)
{
    char group[JUDGE_TEXT], hex[GMM_ID_HEX + 1];
    enum gmm_err err = judge_group(s, c, d, why);
    if (err == GMM_OK)
        err = decides(s, c, d, why);
    if (err == GMM_OK)
        err = judge_decoded(c, control_relay_decode(&d->body.relay, c->body, c->len), why);
    if (err != GMM_OK)
        return err;
    judge_group_name(group, s, d->group);
    bool named = state_relays(d->group, &d->body.relay.sign_pk);
    if (d->body.relay.on && named)
        return gmm_fail(why, GMM_EEXISTS, "nothing changes: %s is a relay of %s already",
                        judge_digits(hex, &d->body.relay.sign_pk), group);
    if (!d->body.relay.on && !named)
        return gmm_fail(why, GMM_EEXISTS, "nothing changes: %s is no relay of %s",
                        judge_digits(hex, &d->body.relay.sign_pk), group);
    if (d->body.relay.on && d->group->relay_count == LIMIT_RELAYS)
        return gmm_fail(why, GMM_EDENIED, "%s has %u relays, as many as a group may have: take one back first", group,
                        LIMIT_RELAYS);
    return GMM_OK;
}

enum gmm_err authority_relays_apply(struct state *s, struct change *c, const struct decision *d)
{
    (void)s;
    (void)c;
    state_relay(d->group, &d->body.relay.sign_pk, d->body.relay.on);
    return GMM_OK;
}

/* A record may name an office before its certificate with the role is there; whoever writes it wants a relay now. */
enum gmm_err authority_relays_ask(const struct state *s, struct change *c, struct decision *d, struct gmm_msg *why)
{
    char group[JUDGE_TEXT], hex[GMM_ID_HEX + 1];
    bool claimed;
    const struct gmm_id *key = &d->body.relay.sign_pk;
    unsigned p = state_owner(s, key, &claimed);
    if (!d->body.relay.on)
        return GMM_OK;
    if (p == STATE_NOBODY || s->participants[p].status != VIEW_ACTIVE)
        return gmm_fail(why, GMM_EDENIED, "the key %s is no office of an active participant", judge_digits(hex, key));
    const struct office_cert *office = offices_at(s->offices, key, &s->participants[p].pid, change_ms(c));
    if (office == NULL || (office->cert->roles & CERTIFICATE_ROLE_RELAY) == 0)
        return gmm_fail(why, GMM_EDENIED, "the office %s of %s lacks the role RELAY: its root gives it",
                        office == NULL ? judge_digits(hex, key) : office->cert->office, judge_name(s, p));
    if (state_is_member(s, d->group, p))
        return gmm_fail(why, GMM_EDENIED, "%s is a member of %s: its offices have it, and forward it, without this",
                        judge_name(s, p), judge_group_name(group, s, d->group));
    return GMM_OK;
}
