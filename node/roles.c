#include "node/roles.h"

#include <stdio.h>
#include <string.h>

#include "keys/charter.h"
#include "node/lang.h"

bool roles_chair(const struct view *view, const struct gmm_id *pid, uint64_t at_ms)
{
    const struct view_term *term = NULL; /* the last that had begun */
    for (size_t i = 0; i < view->term_count; i++)
        if (view->terms[i].from_ms <= at_ms)
            term = &view->terms[i];
    return term != NULL && (id_equal(&term->chair, pid) || id_equal(&term->deputy, pid));
}

static bool was_lead(const struct view *view, const struct view_group *group, const struct gmm_id *pid, uint64_t at_ms)
{
    for (unsigned i = 0; i < LIMIT_THEMATIC; i++) {
        if (group->name == NULL || strcmp(group->name, charter_thematic_name(i)) != 0)
            continue;
        for (size_t k = 0; k < view->lead_term_count; k++) {
            const struct view_lead *lead = &view->lead_terms[k];
            bool then = lead->from_ms <= at_ms && (lead->until_ms == 0 || at_ms < lead->until_ms);
            if (lead->thematic == i && lead->accepted && then && id_equal(&lead->pid, pid))
                return true;
        }
        return id_equal(&view->leads[i], pid);
    }
    return false;
}

bool roles_officer(const struct view *view, const struct gmm_id *gid, const struct gmm_id *pid, uint64_t at_ms)
{
    const struct view_group *group = view_group(view, gid);
    return roles_chair(view, pid, at_ms) ||
           (group != NULL && group->kind == GROUP_THEMATIC && was_lead(view, group, pid, at_ms));
}

const char *roles_name(const struct view *view, const struct gmm_id *pid)
{
    const struct view_participant *p = view_participant(view, pid);
    return p == NULL ? "?" : p->name;
}

const char *roles_officers_text(const struct view *view, const struct gmm_id *gid, char text[ROLES_TEXT_BYTES])
{
    const struct view_group *group = view_group(view, gid);
    unsigned lead = LIMIT_THEMATIC;
    for (unsigned i = 0; i < LIMIT_THEMATIC && group != NULL && group->kind == GROUP_THEMATIC; i++)
        if (group->name != NULL && strcmp(group->name, charter_thematic_name(i)) == 0 && !id_is_zero(&view->leads[i]))
            lead = i;
    if (lead < LIMIT_THEMATIC)
        snprintf(text, ROLES_TEXT_BYTES, _("the chair of term %u (%s) or the lead of %s (%s)"), (unsigned)view->term,
                 roles_name(view, &view->chair), group->name, roles_name(view, &view->leads[lead]));
    else
        snprintf(text, ROLES_TEXT_BYTES, _("the chair of term %u (%s)"), (unsigned)view->term,
                 roles_name(view, &view->chair));
    return text;
}
