#include "proto/offers.h"

#include <stdlib.h>
#include <string.h>

#define ASKED_MOST 32u   /* questions open to one relay for one group */
#define DENIED_MOST 256u /* denied and not fetched yet: nothing more is asked */
#define AGAIN_MIN_MS 60000u
#define AGAIN_MAX_MS 3600000u
#define LIST_EVERY_MS 2000u

enum answer { UNKNOWN, ASKED, DENIED, HELD };
struct item {
    struct gmm_id id;
    uint32_t len;
};
struct list { /* of a group */
    struct gmm_id gid;
    struct item *items; /* sorted by id */
    size_t count;
    bool listed;
    uint64_t listed_ms; /* when it was told last; 0: never */
};
struct side { /* a relay of a group */
    struct peer *peer;
    struct gmm_id gid;
    uint8_t *answers; /* enum answer, by index of the list's items */
    size_t count, asked, denied, next;
    uint64_t from, acked; /* arrivals: asked once the second has come to the first */
    uint64_t again_ms;    /* 0: not set */
    uint32_t delay_ms;
};
struct offers {
    struct list *lists;
    struct side *sides;
    struct peer **peers;
    size_t list_count, side_count, peer_count;
    bool review;
};

struct offers *offers_new(void)
{
    return calloc(1, sizeof(struct offers));
}

static void side_remove(struct offers *o, size_t at)
{
    free(o->sides[at].answers);
    o->sides[at] = o->sides[--o->side_count];
}

void offers_free(struct offers *o)
{
    if (o == NULL)
        return;
    for (size_t i = 0; i < o->side_count; i++)
        free(o->sides[i].answers);
    for (size_t i = 0; i < o->list_count; i++)
        free(o->lists[i].items);
    free(o->lists);
    free(o->sides);
    free(o->peers);
    free(o);
}

enum gmm_err offers_open(struct offers *o, struct peer *peer)
{
    struct peer **peers = realloc(o->peers, (o->peer_count + 1) * sizeof *peers);
    if (peers == NULL)
        return GMM_ENOMEM;
    o->peers = peers;
    o->peers[o->peer_count++] = peer;
    o->review = true;
    return GMM_OK;
}

void offers_gone(struct offers *o, uint32_t conn)
{
    for (size_t i = o->side_count; i > 0; i--)
        if (o->sides[i - 1].peer->conn == conn)
            side_remove(o, i - 1);
    for (size_t i = o->peer_count; i > 0; i--)
        if (o->peers[i - 1]->conn == conn)
            o->peers[i - 1] = o->peers[--o->peer_count];
}

void offers_acked(struct offers *o, uint32_t conn, uint64_t arrival)
{
    for (size_t i = 0; i < o->side_count; i++)
        if (o->sides[i].peer->conn == conn)
            o->sides[i].acked = arrival;
}

void offers_review(struct offers *o)
{
    o->review = true;
}

static struct list *list_of(const struct offers *o, const struct gmm_id *gid)
{
    for (size_t i = 0; i < o->list_count; i++)
        if (id_equal(&o->lists[i].gid, gid))
            return &o->lists[i];
    return NULL;
}

static struct side *side_of(const struct offers *o, uint32_t conn, const struct gmm_id *gid)
{
    for (size_t i = 0; i < o->side_count; i++)
        if (o->sides[i].peer->conn == conn && id_equal(&o->sides[i].gid, gid))
            return &o->sides[i];
    return NULL;
}

void offers_stale(struct offers *o, const struct gmm_id *gid)
{
    struct list *list = list_of(o, gid);
    if (list != NULL)
        list->listed = false;
}

static uint64_t list_due_ms(const struct list *list)
{
    return list->listed_ms == 0 ? 0 : list->listed_ms + LIST_EVERY_MS;
}

static bool has_side(const struct offers *o, const struct gmm_id *gid)
{
    for (size_t i = 0; i < o->side_count; i++)
        if (id_equal(&o->sides[i].gid, gid))
            return true;
    return false;
}

bool offers_due(const struct offers *o, uint64_t now_ms, struct gmm_id *gid)
{
    for (size_t i = 0; i < o->list_count; i++)
        if (!o->lists[i].listed && list_due_ms(&o->lists[i]) <= now_ms && has_side(o, &o->lists[i].gid)) {
            *gid = o->lists[i].gid;
            return true;
        }
    return false;
}

static int compare_items(const void *a, const void *b)
{
    return id_compare(&((const struct item *)a)->id, &((const struct item *)b)->id);
}

static size_t find_item(const struct list *list, const struct gmm_id *id)
{
    const struct item probe = {.id = *id};
    const struct item *found =
        list->count == 0 ? NULL : bsearch(&probe, list->items, list->count, sizeof probe, compare_items);
    return found == NULL ? SIZE_MAX : (size_t)(found - list->items);
}

/* What is known of a relay stays known under the new list. */
static enum gmm_err carry_over(struct side *side, const struct list *before, const struct list *after)
{
    uint8_t *answers = calloc(after->count + 1, 1);
    if (answers == NULL)
        return GMM_ENOMEM;
    side->asked = side->denied = side->next = 0;
    for (size_t i = 0; i < after->count; i++) {
        size_t at = find_item(before, &after->items[i].id);
        if (at != SIZE_MAX && at < side->count)
            answers[i] = side->answers[at];
        side->asked += answers[i] == ASKED;
        side->denied += answers[i] == DENIED;
    }
    free(side->answers);
    side->answers = answers;
    side->count = after->count;
    return GMM_OK;
}

enum gmm_err offers_put(struct offers *o, uint64_t now_ms, const struct gmm_id *gid, const struct gmm_id *ids,
                        const uint32_t *lens, size_t count)
{
    struct list *list = list_of(o, gid);
    struct list made = {.gid = *gid, .listed = true, .listed_ms = now_ms};
    enum gmm_err err = GMM_OK;
    if (list == NULL)
        return GMM_OK; /* nobody is asked any more */
    made.items = calloc(count + 1, sizeof *made.items);
    if (made.items == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < count; i++)
        if (lens[i] > 0)
            made.items[made.count++] = (struct item){ids[i], lens[i]};
    qsort(made.items, made.count, sizeof *made.items, compare_items);
    for (size_t i = 0; i < o->side_count && err == GMM_OK; i++)
        if (id_equal(&o->sides[i].gid, gid))
            err = carry_over(&o->sides[i], list, &made);
    free(list->items);
    *list = made;
    return err;
}

/* ---- answers */

static void set_answer(struct side *side, size_t at, enum answer answer)
{
    side->asked -= side->answers[at] == ASKED;
    side->denied -= side->answers[at] == DENIED;
    side->answers[at] = (uint8_t)answer;
    side->asked += answer == ASKED;
    side->denied += answer == DENIED;
}

/* answer: what it says; only of what was asked, or denied before. */
static void hear(struct offers *o, const struct peer *peer, const struct gmm_id *gid, const struct gmm_id *id,
                 enum answer answer)
{
    struct side *side = side_of(o, peer->conn, gid);
    const struct list *list = side == NULL ? NULL : list_of(o, gid);
    size_t at = list == NULL ? SIZE_MAX : find_item(list, id);
    if (at >= (side == NULL ? 0 : side->count))
        return;
    if (side->answers[at] == ASKED || (side->answers[at] == DENIED && answer == HELD))
        set_answer(side, at, answer);
}

void offers_heard(struct offers *o, const struct peer *peer, uint8_t type, const uint8_t *payload, size_t len)
{
    struct message_chunk_wants wants;
    struct message_chunk_none none;
    struct message_chunk part;
    if (o->side_count == 0)
        return;
    if (type == MESSAGE_CHUNK_WANT && message_chunk_want_decode(&wants, payload, len) == GMM_OK) {
        for (size_t i = 0; i < wants.count; i++) { /* it fetches what it denied */
            struct message_chunk_place place;
            message_chunk_want_at(&wants, i, &place);
            hear(o, peer, &wants.gid, &place.id, HELD);
        }
    } else if (type == MESSAGE_CHUNK && message_chunk_decode(&part, payload, len) == GMM_OK) {
        hear(o, peer, &part.gid, &part.id, HELD);
    } else if (type == MESSAGE_CHUNK_NONE && message_chunk_none_decode(&none, payload, len) == GMM_OK) {
        for (size_t i = 0; i < none.count; i++) {
            struct gmm_id id = message_chunk_none_at(&none, i);
            hear(o, peer, &none.gid, &id, DENIED);
        }
    }
}

/* ---- questions */

/* It relays a group of ours, and is no member. */
static bool is_relay_of(const struct core *core, const struct view *view, const struct peer *peer,
                        const struct gmm_id *gid)
{
    const struct view_office *self = view_office(view, core_self(core));
    return self != NULL && view_is_member(view, gid, &self->pid) && !view_is_member(view, gid, &peer->pid) &&
           view_is_relay(view, gid, &peer->sign_pk) && !take_is_metered(&core->take, &peer->sign_pk);
}

static enum gmm_err add_side(struct offers *o, const struct core *core, struct peer *peer, const struct gmm_id *gid)
{
    if (side_of(o, peer->conn, gid) != NULL)
        return GMM_OK;
    const struct list *list = list_of(o, gid);
    if (list == NULL) {
        struct list *lists = realloc(o->lists, (o->list_count + 1) * sizeof *lists);
        if (lists == NULL)
            return GMM_ENOMEM;
        o->lists = lists;
        lists[o->list_count] = (struct list){.gid = *gid};
        list = &lists[o->list_count++];
    }
    struct side *sides = realloc(o->sides, (o->side_count + 1) * sizeof *sides);
    if (sides == NULL)
        return GMM_ENOMEM;
    o->sides = sides;
    struct side *side = &sides[o->side_count];
    *side = (struct side){.peer = peer,
                          .gid = *gid,
                          .from = logs_last_arrival(core->logs),
                          .count = list->count,
                          .answers = calloc(list->count + 1, 1)};
    if (side->answers == NULL)
        return GMM_ENOMEM;
    o->side_count++;
    return GMM_OK;
}

static enum gmm_err look(struct offers *o, struct core *core)
{
    const struct view *view = fold_view(core->fold);
    enum gmm_err err = GMM_OK;
    o->review = false;
    for (size_t i = o->side_count; i > 0; i--)
        if (view == NULL || !is_relay_of(core, view, o->sides[i - 1].peer, &o->sides[i - 1].gid))
            side_remove(o, i - 1);
    for (size_t g = 0; view != NULL && g < view->group_count; g++)
        for (size_t i = 0; view->groups[g].relay_count > 0 && i < o->peer_count && err == GMM_OK; i++)
            if (is_relay_of(core, view, o->peers[i], &view->groups[g].gid))
                err = add_side(o, core, o->peers[i], &view->groups[g].gid);
    return err;
}

/* The next that is not known, within bounds; SIZE_MAX: none. */
static size_t next_question(const struct side *side)
{
    if (side->peer->closing || side->acked < side->from || side->asked >= ASKED_MOST ||
        side->asked + side->denied >= DENIED_MOST)
        return SIZE_MAX;
    for (size_t i = side->next; i < side->count; i++)
        if (side->answers[i] == UNKNOWN)
            return i;
    return SIZE_MAX;
}

static void ask(struct side *side, const struct list *list)
{
    size_t at;
    while ((at = next_question(side)) != SIZE_MAX) {
        const struct message_chunk_place place = {.id = list->items[at].id, .offset = list->items[at].len - 1};
        struct buffer out;
        buffer_init(&out, 4096);
        message_chunk_want_encode(&out, &side->gid, &place, 1);
        peer_send_buffer(side->peer, SESSION_CONTROL, MESSAGE_CHUNK_WANT, &out);
        set_answer(side, at, ASKED);
        side->next = at + 1;
    }
}

/* What was denied is asked again when it is time. Returns when. */
static uint64_t again(struct side *side, uint64_t now_ms)
{
    if (side->asked > 0 || side->denied == 0) {
        side->again_ms = 0;
        return UINT64_MAX;
    }
    if (side->again_ms == 0) {
        side->delay_ms = side->delay_ms == 0 ? AGAIN_MIN_MS : 2 * side->delay_ms;
        side->delay_ms = side->delay_ms < AGAIN_MAX_MS ? side->delay_ms : AGAIN_MAX_MS;
        side->again_ms = now_ms + side->delay_ms;
    }
    if (now_ms < side->again_ms)
        return side->again_ms;
    for (size_t i = 0; i < side->count; i++)
        if (side->answers[i] == DENIED)
            set_answer(side, i, UNKNOWN);
    side->next = 0;
    side->again_ms = 0;
    return UINT64_MAX;
}

uint64_t offers_continue(struct offers *o, struct core *core)
{
    uint64_t next = UINT64_MAX;
    if (o->review && look(o, core) != GMM_OK)
        o->review = true; /* out of memory: at the next step */
    for (size_t i = 0; i < o->side_count; i++) {
        struct side *side = &o->sides[i];
        const struct list *list = list_of(o, &side->gid);
        uint64_t due = again(side, core->now_ms);
        ask(side, list);
        next = due < next ? due : next;
        due = list->listed ? UINT64_MAX : list_due_ms(list); /* once it is past, the driver is at it */
        next = due > core->now_ms && due < next ? due : next;
    }
    return next;
}

bool offers_busy(const struct offers *o, uint32_t conn)
{
    for (size_t i = 0; i < o->side_count; i++)
        if (o->sides[i].peer->conn == conn && (o->sides[i].asked > 0 || next_question(&o->sides[i]) != SIZE_MAX))
            return true;
    return false;
}
