#include "node/neighbours.h"

static bool may_be_dialled(const struct view *view, const struct view_office *office, const struct gmm_id *self,
                           uint64_t now_ms)
{
    const struct view_participant *participant = view_participant(view, &office->pid);
    return office->address_count > 0 && office->status == VIEW_OFFICE_ACTIVE && now_ms <= office->not_after_ms &&
           participant != NULL && participant->status != VIEW_EXPELLED && !id_equal(&office->sign_pk, self);
}

bool neighbours_choose(const struct view *view, const struct gmm_id *self, uint64_t now_ms, neighbours_taken_fn *taken,
                       const void *arg, uint64_t random, const struct view_office **office, const char **address)
{
    size_t count = 0;
    for (unsigned pass = 0; pass < 2; pass++) {
        size_t at = count > 0 ? (size_t)(random % count) : 0, seen = 0;
        for (size_t i = 0; i < view->office_count; i++) {
            const struct view_office *found = &view->offices[i];
            if (!may_be_dialled(view, found, self, now_ms) || taken(arg, &found->noise_pk))
                continue;
            if (pass == 1 && seen == at) {
                *office = found;
                *address = found->addresses[(random >> 32) % found->address_count];
                return true;
            }
            seen++;
        }
        count = seen;
    }
    return false;
}
