#include "node/peers.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/log.h"
#include "node/neighbours.h"
#include "node/net_state.h"
#include "node/netdial.h"
#include "node/netlimits.h"

#define AGAIN_MS 1000u
#define AGAIN_MS_MAX 60000u
#define SHORT_MS 5000u
#define SHORT_BYTES 65536u
#define CHOOSE_MS 2000u                /* between two neighbours that are chosen, and about twice that at start */
#define LOOK_MS 60000u                 /* when there was nobody to choose */
#define REFRESH_MS (30u * 60u * 1000u) /* then one of those chosen makes room for another */

struct entry {
    struct peers *peers;
    struct entry *next;
    struct store_peer row;
    bool listed;       /* in the table when it was last read */
    bool chosen;       /* a neighbour, of no row of the table */
    bool failed;       /* such a one that could not be reached: another is chosen */
    bool first;        /* not yet answered since peers_dial */
    bool stranger;     /* somebody answers there, but none of the offices we know */
    bool asking;       /* a session with the office tried is open: only whether it answers there is asked */
    size_t candidate;  /* which office is tried */
    unsigned failures; /* rounds in a row */
    unsigned shorts;   /* sessions in a row that ended at once */
    uint64_t due;      /* UINT64_MAX: not again */
    struct gmm_id trying, moved_to; /* moved_to: the office's new key that was tried as soon as we heard of it */
    struct netdial *dial;
    uint32_t conn;                                /* 0: none */
    uint64_t bytes_in, bytes_out, received, sent; /* of the last session that ended */
    char why[128];
};

struct peers {
    struct net *net;
    struct entry *entries;
    bool dialled, keep_trying;
    uint64_t choose_due, refresh_due; /* UINT64_MAX: not */
};

struct peers *peers_new(struct net *net)
{
    struct peers *peers = calloc(1, sizeof *peers);
    if (peers != NULL) {
        peers->net = net;
        peers->choose_due = peers->refresh_due = UINT64_MAX;
    }
    return peers;
}

static void entry_free(struct entry *entry)
{
    netdial_cancel(entry->dial);
    free(entry);
}

void peers_free(struct peers *peers)
{
    if (peers == NULL)
        return;
    while (peers->entries != NULL) {
        struct entry *entry = peers->entries;
        peers->entries = entry->next;
        entry_free(entry);
    }
    free(peers);
}

/* ---- which office ---- */

static const struct view *view_of(const struct peers *peers)
{
    struct node *node = peers->net->node;
    return node->engine != NULL ? engine_view(node->engine) : NULL;
}

static struct netconn *session_beside(const struct net *net, const struct netconn *other, const struct gmm_id *noise_pk)
{
    for (size_t i = 0; i < NET_CHAINS; i++)
        for (struct netconn *conn = net->chains[i]; conn != NULL; conn = conn->chain)
            if (conn != other && conn->session_open && id_equal(&conn->noise_pk, noise_pk))
                return conn;
    return NULL;
}

static struct netconn *session_with(const struct net *net, const struct gmm_id *noise_pk)
{
    return session_beside(net, NULL, noise_pk);
}

static bool may_try(const struct entry *entry, const struct view_office *office)
{
    return office->status == VIEW_OFFICE_ACTIVE &&
           !id_equal(&office->sign_pk, &entry->peers->net->node->keystore->sign_pk) &&
           !(entry->row.bound && id_equal(&office->noise_pk, &entry->row.noise_pk));
}

/* The key that the address is bound to; of an office that has other keys by now, its new one. */
static const struct gmm_id *bound_key(const struct entry *entry, const struct view *view)
{
    const struct view_office *office = view == NULL ? NULL : view_office_by_noise(view, &entry->row.noise_pk);
    if (office == NULL || office->status != VIEW_OFFICE_SUPERSEDED)
        return &entry->row.noise_pk;
    const struct view_office *successor = view_office_by_name(view, &office->pid, office->office);
    return successor == NULL ? &entry->row.noise_pk : &successor->noise_pk;
}

/* The office with this number among those that an address may belong to: the one it is bound to, then the chair's, then
 * all others. NULL: no more. */
static const struct gmm_id *candidate(const struct entry *entry, size_t index)
{
    const struct view *view = view_of(entry->peers);
    if (entry->row.bound && index-- == 0)
        return bound_key(entry, view);
    if (entry->chosen)
        return NULL;
    for (unsigned pass = 0; pass < 2 && view != NULL; pass++)
        for (size_t i = 0; i < view->office_count; i++) {
            const struct view_office *office = &view->offices[i];
            bool is_chair = id_equal(&office->pid, &view->chair);
            if (is_chair == (pass == 0) && may_try(entry, office) && index-- == 0)
                return &office->noise_pk;
        }
    return NULL;
}

/* ---- dialling ---- */

static void schedule(struct entry *entry)
{
    struct peers *peers = entry->peers;
    uint64_t delay = AGAIN_MS_MAX;
    if (entry->failures < 6)
        delay = AGAIN_MS << entry->failures;
    delay = delay - delay / 4 + randombytes_uniform((uint32_t)(delay / 2));
    entry->due = peers->keep_trying ? uv_now(peers->net->loop) + delay : UINT64_MAX;
    peers->net->touched = true;
}

/* A round over all candidates is over without success. */
static void give_up(struct entry *entry, const char *why)
{
    snprintf(entry->why, sizeof entry->why, "%s", why);
    if (entry->failures == 0)
        log_info("peer %s: %s", entry->row.address, why);
    if (entry->failures < 6)
        entry->failures++;
    entry->candidate = 0;
    entry->first = false;
    entry->failed = entry->chosen;
    entry->peers->net->changed = true;
    schedule(entry);
}

static void dial(struct entry *entry);

static void on_dialled(void *arg, struct netconn *conn, const char *why)
{
    struct entry *entry = arg;
    entry->dial = NULL;
    if (conn == NULL) {
        entry->stranger = false;
        give_up(entry, why);
        return;
    }
    entry->conn = conn->number;
    conn->initiator = true;
    conn->purpose = SESSION_OFFICES;
    conn->noise_pk = entry->trying;
    netconn_start(conn);
}

static void dial(struct entry *entry)
{
    struct net *net = entry->peers->net;
    entry->due = UINT64_MAX;
    const struct gmm_id *noise_pk = candidate(entry, entry->candidate);
    /* An office that has dialled us may be the one at this address, too: else the address would stay without an office.
     */
    entry->asking = noise_pk != NULL && session_with(net, noise_pk) != NULL;
    if (entry->asking && entry->row.bound && entry->candidate == 0) {
        entry->first = false; /* until that session ends: peers_closed */
        return;
    }
    if (noise_pk == NULL) {
        entry->stranger = entry->candidate > 0;
        give_up(entry, entry->candidate > 0 ? _("no office that we know answers there")
                                            : _("no office is known to try there"));
        return;
    }
    char why[128];
    if (!netlimits_allow(net, noise_pk, why)) {
        entry->stranger = false;
        give_up(entry, why);
        return;
    }
    entry->trying = *noise_pk;
    entry->dial = netdial_new(net, entry->row.address, on_dialled, entry);
    if (entry->dial == NULL)
        give_up(entry, _("out of memory, or not an address"));
}

static void bind_to(struct entry *entry, const struct gmm_id *noise_pk)
{
    struct net *net = entry->peers->net;
    if (entry->row.bound && id_equal(&entry->row.noise_pk, noise_pk))
        return;
    entry->row.bound = true;
    entry->row.noise_pk = *noise_pk;
    if (!entry->chosen && store_begin(net->node->store, false) == GMM_OK)
        (void)store_put_peer(net->node->store, &entry->row);
    net->touched = true;
}

void peers_opened(struct net *net, struct netconn *conn)
{
    for (struct entry *entry = net->peers->entries; entry != NULL; entry = entry->next) {
        if (entry->conn != conn->number)
            continue;
        entry->failures = 0;
        entry->candidate = 0;
        entry->first = entry->stranger = false;
        entry->why[0] = '\0';
        bind_to(entry, &conn->noise_pk);
        if (entry->asking && session_beside(net, conn, &conn->noise_pk) != NULL)
            netconn_end(conn, GMM_OK, "");
        return;
    }
}

void peers_closed(struct net *net, struct netconn *conn)
{
    for (struct entry *entry = net->peers->entries; entry != NULL; entry = entry->next) {
        if (entry->conn != conn->number)
            continue;
        entry->conn = 0;
        if (conn->was_open) {
            entry->bytes_in = conn->bytes_in;
            entry->bytes_out = conn->bytes_out;
            entry->received = conn->received;
            entry->sent = conn->sent;
            snprintf(entry->why, sizeof entry->why, "%s", conn->why);
            entry->candidate = 0;
            /* One that ends at once, having brought nothing, is not dialled every second. */
            if (uv_now(net->loop) - conn->opened_ms >= SHORT_MS || conn->received + conn->sent > 0 ||
                conn->bytes_in + conn->bytes_out >= SHORT_BYTES)
                entry->shorts = 0;
            else if (entry->shorts < 6)
                entry->shorts++;
            entry->failures = entry->shorts;
            schedule(entry);
        } else if (conn->bytes_in > 0) {
            give_up(entry,
                    conn->why); /* somebody who knows the key, or speaks another language: not a mistaken office */
        } else {
            entry->candidate++;
            dial(entry);
        }
        return;
    }
    /* the other side's connection, which we had no need to dial beside */
    for (struct entry *entry = net->peers->entries; entry != NULL && conn->was_open; entry = entry->next)
        if (entry->conn == 0 && entry->dial == NULL && entry->row.bound &&
            id_equal(&entry->row.noise_pk, &conn->noise_pk))
            schedule(entry);
}

static enum gmm_err take_row(void *arg, const struct store_peer *row)
{
    struct peers *peers = arg;
    struct entry **at = &peers->entries;
    while (*at != NULL && strcmp((*at)->row.address, row->address) != 0)
        at = &(*at)->next;
    if (*at == NULL) {
        *at = calloc(1, sizeof **at);
        if (*at == NULL)
            return GMM_ENOMEM;
        (*at)->peers = peers;
        (*at)->due = UINT64_MAX;
    }
    (*at)->row = *row;
    (*at)->listed = true;
    (*at)->chosen = (*at)->failed = false;
    return GMM_OK;
}

static void reload(struct peers *peers)
{
    for (struct entry *entry = peers->entries; entry != NULL; entry = entry->next)
        entry->listed = entry->chosen;
    if (store_each_peer(peers->net->node->store, take_row, peers) != GMM_OK)
        return;
    for (struct entry **at = &peers->entries; *at != NULL;) {
        struct entry *entry = *at;
        if (entry->listed) {
            at = &entry->next;
            continue;
        }
        *at = entry->next;
        entry_free(entry);
    }
}

void peers_dial(struct peers *peers, bool keep_trying)
{
    peers->dialled = true;
    peers->keep_trying = peers->keep_trying || keep_trying;
    if (peers->net->node->engine == NULL)
        return;
    if (peers->keep_trying && peers->choose_due == UINT64_MAX) {
        peers->choose_due = uv_now(peers->net->loop) + CHOOSE_MS + randombytes_uniform(2 * CHOOSE_MS);
        peers->refresh_due = uv_now(peers->net->loop) + REFRESH_MS / 2 + randombytes_uniform(REFRESH_MS);
    }
    reload(peers);
    for (struct entry *entry = peers->entries; entry != NULL; entry = entry->next) {
        const struct netconn *conn = netconn_find(peers->net, entry->conn);
        if (conn != NULL && conn->session_open)
            continue;
        entry->first = true;
        if (entry->dial == NULL && entry->conn == 0) {
            entry->candidate = 0;
            dial(entry);
        }
    }
}

bool peers_dialled(const struct peers *peers)
{
    return peers->dialled;
}

bool peers_dialling(const struct peers *peers)
{
    for (const struct entry *entry = peers->entries; entry != NULL; entry = entry->next)
        if (entry->first)
            return true;
    return false;
}

/* The session ended because the office has other keys, as we were told in it: with those at once. */
static bool moved(struct entry *entry)
{
    if (!entry->peers->dialled || !entry->row.bound || entry->dial != NULL || entry->conn != 0)
        return false;
    const struct gmm_id *key = bound_key(entry, view_of(entry->peers));
    if (id_equal(key, &entry->row.noise_pk) || id_equal(key, &entry->moved_to))
        return false;
    entry->moved_to = *key;
    entry->candidate = 0;
    entry->first = true;
    return true;
}

/* ---- neighbours: some that nobody configured */

static bool is_dialled(const struct entry *entry)
{
    return entry->dial != NULL || entry->conn != 0 ||
           (entry->row.bound && session_with(entry->peers->net, &entry->row.noise_pk) != NULL);
}

static bool is_taken(const void *arg, const struct gmm_id *noise_pk)
{
    const struct peers *peers = arg;
    for (const struct entry *entry = peers->entries; entry != NULL; entry = entry->next)
        if (entry->row.bound && id_equal(&entry->row.noise_pk, noise_pk))
            return true;
    return session_with(peers->net, noise_pk) != NULL;
}

/* Of those chosen: who could not be reached, and, once in a while, one that was. */
static void drop_chosen(struct peers *peers, bool refresh)
{
    for (struct entry **at = &peers->entries; *at != NULL;) {
        struct entry *entry = *at;
        struct netconn *conn = netconn_find(peers->net, entry->conn);
        bool rests = refresh && entry->chosen && conn != NULL && conn->session_open;
        if (!entry->failed && !rests) {
            at = &entry->next;
            continue;
        }
        *at = entry->next;
        if (rests)
            netconn_end(conn, GMM_OK, "");
        refresh = refresh && !rests;
        entry_free(entry);
    }
}

static void choose(struct peers *peers)
{
    const struct view *view = view_of(peers);
    const struct view_office *office = NULL;
    const char *address = NULL;
    uint64_t random;
    randombytes_buf(&random, sizeof random);
    struct entry *entry = view != NULL && neighbours_choose(view, &peers->net->node->keystore->sign_pk, node_now_ms(),
                                                            is_taken, peers, random, &office, &address)
                              ? calloc(1, sizeof *entry)
                              : NULL;
    if (entry == NULL) {
        peers->choose_due = uv_now(peers->net->loop) + LOOK_MS;
        return;
    }
    entry->peers = peers;
    entry->next = peers->entries;
    entry->chosen = entry->row.bound = true;
    entry->row.noise_pk = office->noise_pk;
    snprintf(entry->row.address, sizeof entry->row.address, "%s", address);
    peers->entries = entry;
    dial(entry);
}

/* Returns when to come again. */
static uint64_t keep_neighbours(struct peers *peers)
{
    uint64_t now = uv_now(peers->net->loop);
    if (peers->choose_due > now)
        return peers->choose_due;
    size_t dialled = 0, wanted = peers->net->node->config.neighbours;
    bool refresh = peers->refresh_due <= now;
    if (refresh)
        peers->refresh_due = now + REFRESH_MS / 2 + randombytes_uniform(REFRESH_MS);
    drop_chosen(peers, refresh);
    for (const struct entry *entry = peers->entries; entry != NULL; entry = entry->next)
        dialled += is_dialled(entry);
    peers->choose_due = now + CHOOSE_MS + randombytes_uniform(CHOOSE_MS);
    if (dialled < wanted)
        choose(peers);
    else
        peers->choose_due = now + LOOK_MS;
    return peers->choose_due;
}

uint64_t peers_tick(struct peers *peers)
{
    uint64_t due = keep_neighbours(peers);
    uint64_t now = uv_now(peers->net->loop), next = due;
    for (struct entry *entry = peers->entries; entry != NULL; entry = entry->next) {
        if (entry->failed)
            continue;
        if (moved(entry))
            dial(entry);
        if (entry->due <= now && entry->dial == NULL && entry->conn == 0)
            dial(entry);
        next = entry->due < next ? entry->due : next;
    }
    return next;
}

/* ---- how they stand ---- */

static void describe(const struct peers *peers, const struct entry *entry, const struct netconn *conn,
                     struct net_peer *out)
{
    const struct view *view = view_of(peers);
    const struct view_office *office =
        view != NULL && entry->row.bound ? view_office_by_noise(view, &entry->row.noise_pk) : NULL;
    *out = (struct net_peer){.state = NET_UNREACHABLE};
    snprintf(out->address, sizeof out->address, "%s", entry->row.address);
    snprintf(out->why, sizeof out->why, "%s", entry->why);
    if (office != NULL)
        out->sign_pk = office->sign_pk;
    if (entry->row.bound)
        out->noise_pk = entry->row.noise_pk;
    out->bytes_in = entry->bytes_in;
    out->bytes_out = entry->bytes_out;
    out->received = entry->received;
    out->sent = entry->sent;
    if (conn != NULL) {
        out->sign_pk = conn->sign_pk;
        out->noise_pk = conn->noise_pk;
        out->state = NET_CONNECTED;
        out->synced = conn->synced;
        out->incoming = !conn->initiator;
    } else if (entry->dial != NULL || entry->conn != 0 || entry->first)
        out->state = NET_CONNECTING;
    else if (!entry->row.bound && (entry->stranger || entry->failures == 0))
        out->state = NET_UNBOUND;
}

static void count_session(struct net_peer *out, const struct netconn *conn)
{
    out->bytes_in = conn->bytes_in;
    out->bytes_out = conn->bytes_out;
    out->received = conn->received;
    out->sent = conn->sent;
}

size_t peers_list(const struct peers *peers, struct net_peer *out, size_t max)
{
    struct net *net = peers->net;
    size_t count = 0;
    net->listing++;
    for (const struct entry *entry = peers->entries; entry != NULL && count < max; entry = entry->next) {
        struct netconn *conn = netconn_find(net, entry->conn);
        if (conn != NULL && !conn->session_open)
            conn = NULL;
        if (conn == NULL && entry->row.bound)
            conn = session_with(net, &entry->row.noise_pk);
        describe(peers, entry, conn, &out[count]);
        if (conn != NULL && conn->listed_at != net->listing) {
            conn->listed_at = net->listing;
            count_session(&out[count], conn);
        }
        count++;
    }
    for (size_t i = 0; i < NET_CHAINS; i++)
        for (struct netconn *conn = net->chains[i]; conn != NULL && count < max; conn = conn->chain) {
            if (!conn->session_open || conn->listed_at == net->listing)
                continue;
            out[count] = (struct net_peer){.sign_pk = conn->sign_pk,
                                           .noise_pk = conn->noise_pk,
                                           .state = NET_CONNECTED,
                                           .synced = conn->synced,
                                           .incoming = !conn->initiator};
            snprintf(out[count].address, sizeof out[count].address, "%s", conn->remote);
            count_session(&out[count++], conn);
        }
    return count;
}
