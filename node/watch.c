#include "node/watch.h"

#include <stdlib.h>
#include <string.h>

#include "node/call.h"
#include "node/item.h"
#include "node/render.h"
#include "node/reply.h"

#define WATCH_CALLS 64u /* LIMIT_CONTROL_CLIENTS of them can listen */

struct watch {
    struct call *calls[WATCH_CALLS];
    size_t count;
};

/* What happens beside what is listed. */
static const char *kind_of(uint16_t type)
{
    if (type == HEADER_CONSULT)
        return "consult";
    if (type == HEADER_DISPOSITION)
        return "disposition";
    return type == HEADER_RECEIPT ? "receipt" : item_kind(type);
}

static json_t *event_json(struct node *node, const struct projection_item *item)
{
    bool ours = id_equal(&item->author, &node->keystore->sign_pk);
    json_t *event = item_json(node, item, NULL);
    if (event == NULL || json_object_set_new(event, "event", json_string(ours ? "posted" : "arrived")) != 0 ||
        json_object_set_new(event, "kind", json_string(kind_of(item->type))) != 0) {
        json_decref(event);
        return NULL;
    }
    return event;
}

/* event: taken; NULL: out of memory, and nobody hears of it. */
static void tell(struct watch *watch, json_t *event)
{
    for (size_t i = 0; event != NULL && i < watch->count; i++)
        call_event(watch->calls[i], json_incref(event));
    json_decref(event);
}

void watch_emit(struct node *node, const struct projection_item *item)
{
    if (node->watch != NULL && node->watch->count > 0 && kind_of(item->type) != NULL)
        tell(node->watch, event_json(node, item));
}

void watch_erased(struct node *node, const struct view_erasure *erasure)
{
    if (node->watch != NULL && node->watch->count > 0)
        tell(node->watch, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "event", "erased", "id", reply_id(&erasure->id),
                                    "entry", reply_id(&erasure->entry), "group", item_group(node, &erasure->log.group),
                                    "time", render_json_time(header_time_ms(erasure->time)), "author",
                                    item_author(node, &erasure->office, NULL)));
}

static void on_gone(void *arg, struct call *call)
{
    struct watch *watch = ((struct node *)arg)->watch;
    for (size_t i = 0; i < watch->count; i++)
        if (watch->calls[i] == call) {
            watch->calls[i] = watch->calls[--watch->count];
            break;
        }
    call_reply(call, json_null());
}

struct replay {
    struct node *node;
    struct call *call;
};

static enum gmm_err replay(void *arg, const struct projection_item *item)
{
    struct replay *r = arg;
    if (kind_of(item->type) != NULL)
        call_event(r->call, event_json(r->node, item));
    return GMM_OK;
}

void watch_start(struct node *node, struct call *call, const struct gmm_id *after)
{
    if (node->watch == NULL && (node->watch = calloc(1, sizeof *node->watch)) == NULL) {
        call_fail(call, GMM_ENOMEM, NULL, NULL);
        return;
    }
    if (node->watch->count == WATCH_CALLS) {
        call_fail(call, GMM_EBUSY, "64 others listen already", "end one of them");
        return;
    }
    struct replay r = {node, call};
    struct projection_query query = {.after = after, .by_arrival = true, .every_type = true};
    enum gmm_err err = after == NULL ? GMM_OK : projection_each(node->projection, &query, replay, &r);
    if (err != GMM_OK) {
        reply_fail(call, err, NULL, NULL);
        return;
    }
    node->watch->calls[node->watch->count++] = call;
    call_on_gone(call, on_gone, node);
}

void watch_close(struct node *node)
{
    struct watch *watch = node->watch;
    node->watch = NULL;
    for (size_t i = 0; watch != NULL && i < watch->count; i++) {
        call_on_gone(watch->calls[i], NULL, NULL);
        call_reply(watch->calls[i], json_null());
    }
    free(watch);
}
