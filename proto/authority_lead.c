/* Who leads a thematic group: LEAD, and its ACCEPT. */
#include "keys/text.h"
#include "proto/authority_rules.h"

/* The chair in its term, or the present lead. */
static enum gmm_err names_lead(const struct state *s, const struct change *c, struct decision *d, unsigned thematic,
                               struct gmm_msg *why)
{
    if (d->author == state_lead(s, thematic) && state_has_lead(s, thematic))
        return judge_decides(s, c, d, why);
    return judge_chair_in_term(s, c, d, _("or the present lead may name the lead of a group"), why);
}

enum gmm_err authority_lead_judge(const struct state *s, struct change *c, struct decision *d, struct gmm_msg *why)
{
    unsigned lead;
    enum gmm_err err = judge_read(s, c, why);
    if (err == GMM_OK)
        err = names_lead(s, c, d, c->lead->thematic, why);
    if (err == GMM_OK)
        err = judge_office_holder(s, &c->lead->pid, "lead", &lead, why);
    if (err == GMM_OK && c->lead->until_ms != 0 && change_ms(c) > c->lead->until_ms)
        err = gmm_fail(why, GMM_EDENIED, "the time for which %s is named the lead of %s would have ended already",
                       judge_name(s, lead), charter_thematic_name(c->lead->thematic));
    return err;
}

enum gmm_err authority_lead_apply(struct state *s, struct change *c, const struct decision *d)
{
    enum gmm_err err = leads_name(&s->leads, c);
    return err == GMM_OK ? state_remember(s, c, &c->lead->pid, &s->participants[d->author].pid,
                                          charter_thematic_name(c->lead->thematic))
                         : err;
}

enum gmm_err authority_lead_judge_accept(const struct state *s, struct change *c, struct decision *d,
                                         struct gmm_msg *why)
{
    const struct lead *lead = leads_find(&s->leads, &c->accept->subject);
    if (lead == NULL)
        return gmm_fail(why, GMM_EDENIED,
                        "no record that had been made by then names %s, which accepts it, the lead of a group",
                        judge_name(s, d->author));
    const struct control_lead *r = lead->change->lead;
    unsigned named = state_participant(s, &r->pid);
    if (d->author != named)
        return gmm_fail(why, GMM_EDENIED, "only %s, who is named the lead of %s, may accept that", judge_name(s, named),
                        charter_thematic_name(r->thematic));
    if (c->accept->cuts.count > 0)
        return gmm_fail(why, GMM_EFORMAT, "the acceptance of a lead names no cuts, and that of %s does",
                        charter_thematic_name(r->thematic));
    if (lead->begin != LEADS_NEVER)
        return gmm_fail(why, GMM_EEXISTS, "the lead of %s is accepted already, by %s",
                        charter_thematic_name(r->thematic), judge_name(s, named));
    if (r->until_ms != 0 && change_ms(c) > r->until_ms)
        return gmm_fail(why, GMM_EDENIED, "the time for which %s was named the lead of %s has ended",
                        judge_name(s, named), charter_thematic_name(r->thematic));
    return judge_decides(s, c, d, why);
}

enum gmm_err authority_lead_apply_accept(struct state *s, struct change *c, const struct decision *d)
{
    struct lead *lead = leads_find(&s->leads, &c->accept->subject);
    const struct control_lead *r = lead->change->lead;
    lead->begin = r->from_ms > change_ms(c) ? r->from_ms << 16 : c->time + 1;
    return state_remember(s, c, &r->pid, &s->participants[d->author].pid, charter_thematic_name(r->thematic));
}
