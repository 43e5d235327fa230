#include "node/urgency.h"

#include <stdlib.h>

#include "node/consulting.h"
#include "node/log.h"

struct urgency {
    struct run_key *logs; /* that the engine was told of; sorted, each once */
    size_t count, capacity;
    bool due, settling;
};

static struct urgency *state_of(struct node *node)
{
    if (!node->daemon || node->read_only)
        return NULL;
    if (node->urgency == NULL && (node->urgency = calloc(1, sizeof *node->urgency)) != NULL)
        node->urgency->due = true;
    return node->urgency;
}

static bool is_told(const struct urgency *u, const struct gmm_id *gid, const struct gmm_id *author)
{
    for (size_t i = 0; i < u->count; i++)
        if (id_equal(&u->logs[i].group, gid) && id_equal(&u->logs[i].author, author))
            return true;
    return false;
}

void urgency_note(struct node *node, const struct projection_item *item)
{
    struct urgency *u = state_of(node);
    if (u != NULL && (item->type == HEADER_CONSULT || (u->count > 0 && !is_told(u, &item->gid, &item->author))))
        u->due = true;
}

void urgency_again(struct node *node)
{
    struct urgency *u = state_of(node);
    if (u != NULL)
        u->due = true;
}

void urgency_close(struct node *node)
{
    if (node->urgency != NULL)
        free(node->urgency->logs);
    free(node->urgency);
    node->urgency = NULL;
}

static enum gmm_err put(struct urgency *u, const struct run_key *log)
{
    if (u->count == u->capacity) {
        size_t capacity = u->capacity == 0 ? 16 : 2 * u->capacity;
        struct run_key *more = realloc(u->logs, capacity * sizeof *more);
        if (more == NULL)
            return GMM_ENOMEM;
        u->logs = more;
        u->capacity = capacity;
    }
    u->logs[u->count++] = *log;
    return GMM_OK;
}

static bool takes_part(const struct consulting *c, const struct gmm_id *pid)
{
    for (size_t i = 0; i < c->count; i++)
        if (id_equal(&c->facts[i].author, pid))
            return true;
    return false;
}

static enum gmm_err collect(void *arg, struct consulting *c, const struct consult *consult)
{
    struct urgency *u = arg;
    const struct view *view = engine_view(c->node->engine);
    const struct logs *logs = engine_logs(c->node->engine);
    enum gmm_err err = GMM_OK;
    if (!consulting_is_running(consult) || view == NULL)
        return GMM_OK;
    for (size_t i = 0; i < logs_count(logs) && err == GMM_OK; i++) {
        const struct run_key *log = &logs_at(logs, i)->key;
        const struct view_office *office = id_equal(&log->group, &c->gid) ? view_office(view, &log->author) : NULL;
        if (office != NULL && takes_part(c, &office->pid))
            err = put(u, log);
    }
    return err;
}

static int compare(const void *a, const void *b)
{
    return run_key_compare(a, b);
}

static void sort(struct urgency *u)
{
    size_t kept = 0;
    if (u->count > 0)
        qsort(u->logs, u->count, sizeof *u->logs, compare);
    for (size_t i = 0; i < u->count; i++)
        if (kept == 0 || run_key_compare(&u->logs[kept - 1], &u->logs[i]) != 0)
            u->logs[kept++] = u->logs[i];
    u->count = kept;
}

void urgency_settle(struct node *node)
{
    struct urgency *u = state_of(node);
    if (u == NULL || !u->due || u->settling || node->engine == NULL || engine_view(node->engine) == NULL)
        return;
    size_t before = u->count;
    u->due = false;
    u->settling = true;
    u->count = 0;
    enum gmm_err err = consulting_each(node, collect, u);
    sort(u);
    struct engine_event event = {.kind = ENGINE_URGENT, .as.urgent = {u->logs, u->count}};
    if (err == GMM_OK && before + u->count > 0)
        err = node_step(node, &event);
    if (err != GMM_OK)
        log_warning("logs under consultation: %s", gmm_err_text(err));
    u->settling = false;
}
