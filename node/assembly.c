#include "node/assembly.h"

#include "node/answers.h"
#include "node/backlog.h"
#include "node/batches.h"
#include "node/bundlepeer.h"
#include "node/embargoes.h"
#include "node/erasing.h"
#include "node/joining.h"
#include "node/log.h"
#include "node/net.h"
#include "node/newkeys.h"
#include "node/project.h"
#include "node/receipts.h"
#include "node/relays.h"
#include "node/stepwise.h"
#include "node/sweeping.h"
#include "node/taking.h"
#include "node/urgency.h"
#include "node/watch.h"

#define MUCH 8192u /* entries */

static void closing(struct node *node)
{
    answers_give(node, GMM_ECLOSED);
    stepwise_close(node);
    joining_close(node);
    watch_close(node);
    batches_close_all(node);
    receipts_close(node);
    urgency_close(node);
    backlog_close(node);
    erasing_close(node);
}

/* A daemon listens first: what is not in the catalogue yet comes there in slices. */
static enum gmm_err catch_up(struct node *node)
{
    enum gmm_err err = taking_load(node);
    if (err == GMM_OK)
        err = project_catch_up(node, node->daemon ? 0 : PROJECT_CATALOGUE, NULL, NULL);
    if (err == GMM_OK)
        err = erasing_load(node);
    backlog_look(node, node->daemon || err != GMM_OK ? PROJECT_ALL : PROJECT_INDEX);
    return err;
}

static enum gmm_err entries_came(struct node *node, const struct node_later *later)
{
    enum gmm_err err = erasing_entries(node, &later->key, later->first_seq, later->count);
    return err == GMM_OK ? backlog_entries(node, &later->key, later->first_seq, later->count) : err;
}

static enum gmm_err view_changed(struct node *node)
{
    enum gmm_err err = project_view(node);
    if (err == GMM_OK)
        err = erasing_view(node);
    joining_settle(node);
    urgency_again(node);
    urgency_settle(node);
    return err;
}

static enum gmm_err take(struct node *node, const struct node_later *later)
{
    if (later->kind == EFFECT_ENTRIES || later->kind == EFFECT_SECRET) {
        enum gmm_err err = later->kind == EFFECT_ENTRIES ? entries_came(node, later) : project_secret(node, &later->id);
        node->erase_again = node->erase_again || later->kind == EFFECT_SECRET;
        receipts_settle(node);
        urgency_settle(node);
        return err;
    }
    if (later->kind == EFFECT_VIEW)
        return view_changed(node);
    if (later->kind == EFFECT_PEER)
        return bundlepeer_synced(node, &later->id);
    if (later->kind == EFFECT_CHUNK_HERE)
        return later->body ? project_body_here(node, &later->id) : project_chunk_here(node, &later->gid, &later->id);
    if (later->kind == EFFECT_JOIN_REQUEST)
        joining_request(node, later->conn, later->bytes, later->len);
    else if (later->kind == EFFECT_JOIN_ANSWERED)
        joining_answered(node, later->conn, later->bytes, later->len);
    return GMM_OK;
}

static enum gmm_err cut(struct node *node, const struct run_key *key, uint64_t from_seq)
{
    uint64_t indexed = 0;
    enum gmm_err err = projection_cut(node->projection, key, from_seq);
    if (err == GMM_OK)
        err = search_get_done(node->search, key, &indexed);
    return err == GMM_OK && indexed > from_seq ? search_set_done(node->search, key, from_seq) : err;
}

/* The certificate of the keys that wait has come: from the root that is elsewhere, or before an interruption. */
static void settled(struct node *node)
{
    struct gmm_msg msg = {.text = ""};
    urgency_settle(node);
    embargoes_settle(node);
    erasing_settle(node);
    relays_settle(node);
    if (!newkeys_due(node))
        return;
    if (newkeys_take(node, &msg) != GMM_OK)
        log_warning("%s", msg.text);
    else if (node->net != NULL && net_dialled(node->net))
        net_dial_peers(node->net, node->daemon);
}

/* What goes in steps and the catalogue take turns. After much work what it left in memory goes. */
static bool slice(struct node *node, bool busy)
{
    bool steps = stepwise_slice(node);
    bool more = (!busy && (backlog_slice(node) || sweeping_slice(node))) || steps;
    if (!busy && !more && node->handled >= MUCH) {
        store_relax(node->store);
        node->handled = 0;
    }
    return more;
}

enum gmm_err assembly_open(struct node **out, const char *home, unsigned flags, node_ask_fn *ask, void *arg,
                           struct gmm_msg *msg)
{
    static const struct node_above above = {joining_load, closing, catch_up, take, cut, answers_give, settled, slice};
    enum gmm_err err = node_open(out, home, flags, &above, ask, arg, msg);
    if (err == GMM_OK)
        err = embargoes_load(*out);
    if (err == GMM_OK)
        settled(*out);
    return err;
}
