#include "node/forks_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "keys/text.h"
#include "node/groups.h"
#include "node/item.h"
#include "node/reply.h"

static json_t *group_json(struct node *node, const struct gmm_id *gid)
{
    char *name = NULL;
    if (id_is_zero(gid))
        return json_string("control");
    if (groups_name(node, gid, &name) != GMM_OK)
        return reply_id(gid);
    json_t *json = item_text(name);
    free(name);
    return json;
}

static json_t *row_of(struct node *node, const struct view *view, const struct view_fork *fork)
{
    const struct view_office *office = view_office(view, &fork->log.author);
    const struct view_participant *p = office == NULL ? NULL : view_participant(view, &office->pid);
    const struct logs_log *log = logs_find(engine_logs(node->engine), &fork->log);
    size_t proofs;
    char instance[17];
    uint64_t held = log == NULL || log->persisted.seq == LOGS_NO_SEQ ? 0 : log->persisted.seq + 1;
    forks_of(engine_forks(node->engine), &fork->log, &proofs);
    snprintf(instance, sizeof instance, "%016" PRIx64, fork->log.instance);
    return json_pack("{s:o, s:o, s:o, s:o, s:s, s:I, s:I, s:I, s:I, s:b}", "participant",
                     item_text(p == NULL ? NULL : p->id), "office", item_text(office == NULL ? NULL : office->office),
                     "node", reply_id(&fork->log.author), "group", group_json(node, &fork->log.group), "instance",
                     instance, "parts_at", (json_int_t)fork->first_seq, "stands_to", (json_int_t)fork->end, "held",
                     (json_int_t)held, "proofs", (json_int_t)proofs, "ours",
                     id_equal(&fork->log.author, &node->keystore->sign_pk));
}

json_t *forks_report_rows(struct node *node)
{
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    json_t *rows = view == NULL ? NULL : json_array();
    for (size_t i = 0; rows != NULL && i < view->fork_count; i++)
        if (json_array_append_new(rows, row_of(node, view, &view->forks[i])) != 0) {
            json_decref(rows);
            rows = NULL;
        }
    return rows;
}

static void warn_of_own(json_t *warnings, size_t count)
{
    char text[640];
    snprintf(
        text, sizeof text,
        _("two copies of this office have written: %zu of its logs go on twice (gmm log --forks). Find the other copy "
          "of this home, a restored backup or a copied machine, and stop it for good; this home goes on in a new log "
          "by itself. Then post again what has no effect any more: gmm log --void. If there is no other copy the key "
          "is in other hands: gmm office revoke, from another office"),
        count);
    json_array_append_new(warnings, json_string(text));
}

void forks_report_warn(struct node *node, json_t *warnings)
{
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    size_t own = 0, others = 0;
    for (size_t i = 0; view != NULL && i < view->fork_count; i++) {
        bool ours = id_equal(&view->forks[i].log.author, &node->keystore->sign_pk);
        own += ours;
        others += !ours;
    }
    if (own > 0)
        warn_of_own(warnings, own);
    if (others > 0) {
        char text[160];
        snprintf(text, sizeof text, _("%zu logs of other offices were signed twice: gmm log --forks shows whose"),
                 others);
        json_array_append_new(warnings, json_string(text));
    }
}
