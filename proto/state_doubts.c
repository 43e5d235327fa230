/* Circles in doubt (state.h; protocol: Foundings). */
#include <stdlib.h>

#include "proto/room.h"
#include "proto/state.h"

enum gmm_err state_doubt_circle(struct state *s, const struct change *change, unsigned owner,
                                const struct control_group *circle)
{
    void *grown = room_make(s->doubts, s->doubt_count, &s->doubt_cap, sizeof *s->doubts);
    if (grown == NULL)
        return GMM_ENOMEM;
    s->doubts = grown;
    struct state_doubt *doubt = &s->doubts[s->doubt_count++];
    *doubt = (struct state_doubt){.founding = change, .owner = owner};
    state_set_put(&doubt->named, owner, true);
    for (size_t i = 0; i < circle->member_count; i++) {
        unsigned p = state_participant(s, &circle->members[i]);
        if (p != STATE_NOBODY)
            state_set_put(&doubt->named, p, true);
    }
    return GMM_OK;
}

void state_doubt_remove(struct state *s, const struct gmm_id *gid, unsigned author,
                        const struct control_members *members)
{
    for (size_t i = 0; i < s->doubt_count; i++) {
        struct state_doubt *doubt = &s->doubts[i];
        for (size_t k = 0; k < members->member_count && doubt->owner == author; k++) {
            unsigned p = state_participant(s, &members->members[k]);
            if (p != STATE_NOBODY && p != author && id_equal(&doubt->founding->log.group, gid))
                state_set_put(&doubt->removed, p, true);
        }
    }
}

bool state_doubted(const struct state *s, const struct gmm_id *gid)
{
    for (size_t i = 0; i < s->doubt_count; i++)
        if (id_equal(&s->doubts[i].founding->log.group, gid))
            return state_group(s, gid) == NULL;
    return false;
}

bool state_doubt_names(const struct state *s, const struct gmm_id *gid, unsigned participant)
{
    for (size_t i = 0; i < s->doubt_count; i++)
        if (id_equal(&s->doubts[i].founding->log.group, gid) && !state_set_has(&s->doubts[i].named, participant))
            return false;
    return state_doubted(s, gid);
}
