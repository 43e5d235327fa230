#include "node/erase.h"

#include <stdlib.h>
#include <string.h>

#include "node/consulting.h"
#include "node/erasing.h"
#include "node/erasing_judge.h"
#include "node/item.h"
#include "node/render.h"
#include "node/reply.h"
#include "proto/control_erase.h"

#define BODY_BYTES 128u
#define PREFIX_DIGITS 8u

/* ---- asked for */

static enum gmm_err is_consulted_on(struct node *node, const struct gmm_id *id, struct gmm_msg *msg)
{
    struct consulting c;
    char hex[GMM_ID_HEX + 1];
    id_to_hex(id, hex);
    enum gmm_err err = consulting_open(node, hex, &c, NULL, NULL);
    const struct consult *last = err == GMM_OK ? consulting_last(&c) : NULL;
    bool running = last != NULL && consulting_is_running(last);
    consulting_close(&c);
    if (running)
        return gmm_fail(msg, GMM_ESTATE, "a consultation on it runs: gmm consult close ends it");
    return err == GMM_ENOMEM ? err : GMM_OK;
}

static enum gmm_err encode(struct buffer *body, const struct view_erasure *e)
{
    const struct control_erase r = {e->log.author, e->log.instance, e->seq, e->id};
    buffer_init(body, BODY_BYTES);
    return control_erase_encode(body, &r);
}

/* The erasure as it would be, when it may be. */
static enum gmm_err ask(struct node *node, const struct gmm_id *id, struct view_erasure *out, struct gmm_msg *msg)
{
    struct store_entry entry;
    struct header h;
    struct buffer body;
    enum gmm_err err = store_load_hidden(node->store, id, &entry);
    if (err == GMM_OK)
        err = header_decode(&h, entry.header);
    if (err != GMM_OK)
        return err;
    *out = (struct view_erasure){
        .seq = h.seq, .id = *id, .by = *node_pid(node), .office = node->keystore->sign_pk, .time = node_now_ms() << 16};
    run_key_of(&out->log, &h);
    err = encode(&body, out);
    if (err == GMM_OK)
        err = fold_authorize(engine_fold(node->engine), &out->office, &out->log.group, HEADER_ERASE, body.p, body.len,
                             node_now_ms(), msg);
    buffer_close(&body);
    if (err == GMM_OK)
        err = erasing_judge(node, out, &entry, msg);
    if (err == GMM_OK && h.type == HEADER_DOCUMENT)
        err = is_consulted_on(node, id, msg);
    store_entry_close(&entry);
    return err;
}

static enum gmm_err post(struct node *node, const struct view_erasure *e, struct gmm_msg *msg)
{
    struct buffer body;
    struct gmm_id id;
    enum gmm_err err = encode(&body, e);
    if (err == GMM_OK)
        err = node_append(node, &e->log.group, HEADER_ERASE, body.p, body.len, NULL, &id, msg);
    buffer_close(&body);
    return err;
}

enum gmm_err erase_post(struct node *node, const struct read_found *found, bool all, struct gmm_id **ids, size_t *count,
                        struct gmm_msg *msg)
{
    size_t most = all && found->item.type == HEADER_DOCUMENT ? found->text_count + 1 : 1;
    struct view_erasure *list = calloc(most, sizeof *list);
    enum gmm_err err = GMM_OK;
    *count = 0;
    *ids = calloc(most, sizeof **ids);
    if (list == NULL || *ids == NULL)
        err = GMM_ENOMEM;
    else if (node->engine == NULL || engine_view(node->engine) == NULL)
        err = gmm_fail(msg, GMM_EDENIED, "this office is not admitted to a network yet; see gmm join");
    else
        (*ids)[(*count)++] = found->item.id;
    for (size_t i = 0; err == GMM_OK && most > 1 && i < found->text_count; i++)
        if (id_equal(&found->texts[i].gid, &found->item.gid) && !id_equal(&found->texts[i].id, &found->item.id))
            (*ids)[(*count)++] = found->texts[i].id;
    for (size_t i = 0; err == GMM_OK && i < *count; i++)
        err = ask(node, &(*ids)[i], &list[i], msg);
    for (size_t i = 0; err == GMM_OK && i < *count; i++)
        err = post(node, &list[i], msg);
    free(list);
    return err;
}

/* ---- who has confirmed */

struct office {
    const struct view_office *office;
    bool left;
    uint64_t confirmed_ms;
};
struct offices {
    const struct view *view;
    struct office *list;
    size_t count;
};

static struct office *find_office(struct offices *o, const struct gmm_id *sign_pk)
{
    for (size_t i = 0; i < o->count; i++)
        if (id_equal(&o->list[i].office->sign_pk, sign_pk))
            return &o->list[i];
    return NULL;
}

/* A key that was revoked, or one of a participant that has left: what it holds, it holds. */
static bool had_it(const struct view *view, const struct gmm_id *gid, const struct view_office *office)
{
    bool member = view_is_member(view, gid, &office->pid);
    if (!member && !view_was_member(view, gid, &office->pid))
        return false;
    return office->status == VIEW_OFFICE_REVOKED || (office->status == VIEW_OFFICE_ACTIVE && !member);
}

static bool list_offices(struct offices *o, const struct gmm_id *gid)
{
    o->list = calloc(o->view->office_count + 1, sizeof *o->list);
    for (size_t i = 0; o->list != NULL && i < o->view->office_count; i++) {
        const struct view_office *office = &o->view->offices[i];
        if (view_office_in_group(o->view, gid, office, node_now_ms()))
            o->list[o->count++] = (struct office){.office = office};
        else if (had_it(o->view, gid, office))
            o->list[o->count++] = (struct office){.office = office, .left = true};
    }
    return o->list != NULL;
}

/* What a log says behind its end has no effect. */
static enum gmm_err on_said(void *arg, const struct run_key *key, uint64_t seq, uint64_t time)
{
    struct offices *o = arg;
    struct office *office = find_office(o, &key->author);
    if (office != NULL && seq < view_log_end(o->view, key) && office->confirmed_ms == 0)
        office->confirmed_ms = header_time_ms(time);
    return GMM_OK;
}

static int compare_offices(const void *a, const void *b)
{
    const struct office *x = a, *y = b;
    int order = id_compare(&x->office->pid, &y->office->pid);
    return order != 0 ? order : strcmp(x->office->office, y->office->office);
}

static const char *status_of(const struct office *office)
{
    return office->confirmed_ms != 0 ? "confirmed" : office->left ? "left" : "waiting";
}

static json_t *offices_json(struct node *node, const struct view_erasure *e, unsigned *confirmed, unsigned *waiting)
{
    struct offices o = {.view = engine_view(node->engine)};
    json_t *array = json_array();
    bool listed = list_offices(&o, &e->log.group);
    if (listed)
        (void)projection_each_erased(node->projection, &e->id, on_said, &o);
    if (listed && o.count > 1)
        qsort(o.list, o.count, sizeof *o.list, compare_offices);
    for (size_t i = 0; listed && i < o.count; i++) {
        const struct office *office = &o.list[i];
        const struct view_participant *p = view_participant(o.view, &office->office->pid);
        *confirmed += office->confirmed_ms != 0;
        *waiting += office->confirmed_ms == 0 && !office->left;
        json_array_append_new(array,
                              json_pack("{s:o, s:o, s:s, s:o}", "participant", item_text(p == NULL ? NULL : p->id),
                                        "office", item_text(office->office->office), "status", status_of(office),
                                        "confirmed", render_json_time(office->confirmed_ms)));
    }
    free(o.list);
    return array;
}

/* "hidden", "deleted"; "refused", with the reason, when it has no effect here; "absent": the entry is not here. */
static const char *state_here(struct node *node, const struct view_erasure *e, struct store_erasure *row,
                              struct gmm_msg *why)
{
    struct store_entry entry;
    *row = (struct store_erasure){.id = e->id};
    if (store_load_hidden(node->store, &e->id, &entry) != GMM_OK)
        return "absent";
    bool known = store_get_erasure(node->store, &e->id, row) == GMM_OK;
    if (!known)
        (void)erasing_judge(node, e, &entry, why);
    store_entry_close(&entry);
    return !known ? "refused" : row->state == STORE_ERASURE_HIDDEN ? "hidden" : "deleted";
}

static json_t *json_of(struct node *node, const struct view_erasure *e)
{
    struct store_erasure row;
    struct gmm_msg why = {.text = ""};
    unsigned confirmed = 0, waiting = 0;
    const char *state = state_here(node, e, &row, &why);
    json_t *offices = offices_json(node, e, &confirmed, &waiting);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:I, s:I, s:o}", "id", reply_id(&e->id), "entry",
                     reply_id(&e->entry), "group", item_group(node, &e->log.group), "erased",
                     render_json_time(header_time_ms(e->time)), "by", item_author(node, &e->office, NULL), "state",
                     state, "reason", item_text(why.text[0] == '\0' ? NULL : why.text), "deletes",
                     render_json_time(erasing_due_ms(node, e)), "deleted", render_json_time(row.done_ms), "confirmed",
                     (json_int_t)confirmed, "waiting", (json_int_t)waiting, "offices", offices);
}

json_t *erase_json(struct node *node, const struct gmm_id *id)
{
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    for (size_t i = 0; view != NULL && i < view->erasure_count; i++)
        if (id_equal(&view->erasures[i].id, id))
            return json_of(node, &view->erasures[i]);
    return NULL;
}

static bool is_named(const struct view_erasure *e, const char *ref)
{
    char id[GMM_ID_HEX + 1], entry[GMM_ID_HEX + 1];
    id_to_hex(&e->id, id);
    id_to_hex(&e->entry, entry);
    return ref == NULL || strncasecmp(id, ref, strlen(ref)) == 0 || strncasecmp(entry, ref, strlen(ref)) == 0;
}

static int latest_first(const void *a, const void *b)
{
    const struct view_erasure *const *x = a, *const *y = b;
    if ((*x)->time != (*y)->time)
        return (*x)->time > (*y)->time ? -1 : 1;
    return id_compare(&(*x)->id, &(*y)->id);
}

enum gmm_err erase_list(struct node *node, const char *ref, json_t **list, struct gmm_msg *msg)
{
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    size_t count = 0, all = view == NULL ? 0 : view->erasure_count;
    *list = NULL;
    if (ref != NULL && (strlen(ref) < PREFIX_DIGITS || strspn(ref, "0123456789abcdefABCDEF") != strlen(ref)))
        return gmm_fail(msg, GMM_EUSAGE,
                        "'%s' is no id: what was erased has no symbol any more; give 8 digits or more of its id", ref);
    const struct view_erasure **found = calloc(all + 1, sizeof(struct view_erasure *));
    if (found == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < all; i++)
        if (is_named(&view->erasures[i], ref))
            found[count++] = &view->erasures[i];
    if (count > 1)
        qsort(found, count, sizeof(struct view_erasure *), latest_first);
    *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(*list, json_of(node, found[i]));
    free(found);
    if (ref != NULL && count == 0) {
        json_decref(*list);
        *list = NULL;
        return gmm_fail(msg, GMM_ENOTFOUND, "nothing that begins with '%s' was erased, as far as is known here", ref);
    }
    return GMM_OK;
}
