/* peer, sync, status. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "keys/text.h"
#include "node/backlog.h"
#include "node/cmd_peerset.h"
#include "node/commands.h"
#include "node/forks_report.h"
#include "node/joining.h"
#include "node/net.h"
#include "node/relays.h"
#include "node/render.h"
#include "node/reply.h"
#include "node/requests.h"
#include "node/retell.h"
#include "node/sys.h"

#define PEERS_SEEN 256u
#define POLL_MS 500u
#define CHUNK_USUAL (UINT64_C(1) << 20) /* bytes */

static const struct view *view_of(struct node *node)
{
    return node->engine == NULL ? NULL : engine_view(node->engine);
}

/* ---- peer */

static json_t *peer_json(const struct view *view, const struct view_office *office, const char *address,
                         const char *state, const char *via)
{
    const struct view_participant *p = office == NULL || view == NULL ? NULL : view_participant(view, &office->pid);
    return json_pack("{s:o, s:o, s:s, s:s, s:s}", "participant", p == NULL ? json_null() : json_string(p->id), "office",
                     office == NULL ? json_null() : json_string(office->office), "address", address, "state", state,
                     "via", via);
}

static const char *state_text(const struct net_peer *peer)
{
    switch (peer->state) {
    case NET_CONNECTED:
        return "connected";
    case NET_CONNECTING:
        return "connecting";
    case NET_UNREACHABLE:
        return "unreachable";
    case NET_UNBOUND:
        return "unbound";
    }
    return "unreachable";
}

static json_t *net_peer_json(struct node *node, const struct net_peer *peer)
{
    const struct view *view = view_of(node);
    const struct view_office *office =
        view == NULL || id_is_zero(&peer->sign_pk) ? NULL : view_office(view, &peer->sign_pk);
    json_t *json = peer_json(view, office, peer->address, state_text(peer), peer->incoming ? "incoming" : "dialled");
    cmd_peerset_describe(node, office, json);
    return json;
}

static json_t *store_peer_json(struct node *node, const struct store_peer *peer)
{
    const struct view *view = view_of(node);
    const struct view_office *office =
        view == NULL || !peer->bound ? NULL : view_office_by_noise(view, &peer->noise_pk);
    json_t *json = peer_json(view, office, peer->address, peer->bound ? "unreachable" : "unbound", "dialled");
    cmd_peerset_describe(node, office, json);
    return json;
}

struct peer_find {
    const char *address;
    struct store_peer found;
    bool is_found;
    size_t count;
};

static enum gmm_err on_peer_find(void *arg, const struct store_peer *peer)
{
    struct peer_find *find = arg;
    find->count++;
    if (find->address != NULL && strcmp(peer->address, find->address) == 0) {
        find->found = *peer;
        find->is_found = true;
    }
    return GMM_OK;
}

/* "PARTICIPANT/OFFICE" in the roster. */
static enum gmm_err find_office(struct node *node, const char *name, struct gmm_id *noise_pk, struct gmm_msg *msg)
{
    char id[LIMIT_PARTICIPANT_ID + 1];
    const struct view *view = view_of(node);
    const char *slash = strchr(name, '/');
    if (slash == NULL || (size_t)(slash - name) >= sizeof id)
        return gmm_fail(msg, GMM_EUSAGE, "--office '%s': write it as PARTICIPANT/OFFICE, such as iom/hq", name);
    memcpy(id, name, (size_t)(slash - name));
    id[slash - name] = '\0';
    const struct view_participant *p = view == NULL ? NULL : view_participant_by_id(view, id);
    const struct view_office *office = p == NULL ? NULL : view_office_by_name(view, &p->pid, slash + 1);
    if (office == NULL)
        return gmm_fail(msg, GMM_ENOTFOUND, "no office '%s' is known here: gmm office lists them", name);
    *noise_pk = office->noise_pk;
    return GMM_OK;
}

static void peer_add(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    const char *address = call_text(call, "address"), *office = call_text(call, "office");
    struct peer_find find = {.address = address};
    enum gmm_err err = GMM_OK;
    if (!address_ok(address, strlen(address)))
        err = gmm_fail(&msg, GMM_EUSAGE, "'%s' is not an address: write it as HOST:PORT", address);
    if (err == GMM_OK)
        err = store_each_peer(node->store, on_peer_find, &find);
    if (err == GMM_OK && !find.is_found)
        memcpy(find.found.address, address, strlen(address) + 1);
    if (err == GMM_OK && office != NULL) {
        err = find_office(node, office, &find.found.noise_pk, &msg);
        find.found.bound = true;
    }
    if (err == GMM_OK)
        err = store_begin(node->store, true);
    if (err == GMM_OK)
        err = store_put_peer(node->store, &find.found);
    if (err == GMM_OK)
        err = node_flush(node);
    if (err != GMM_OK) {
        reply_fail(call, err, &msg, NULL);
        return;
    }
    if (node->net != NULL && view_of(node) != NULL)
        net_dial_peers(node->net, node->daemon);
    call_reply(call, store_peer_json(node, &find.found));
}

static void peer_add_render(const json_t *result, struct render *out)
{
    render_field(out, "peer", reply_text(result, "address"));
    render_line(out, "Next: gmm sync, or gmm run; gmm peer shows how it goes.");
}

static void peer_remove(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    const char *address = call_text(call, "address");
    struct peer_find find = {.address = address};
    enum gmm_err err = store_each_peer(node->store, on_peer_find, &find);
    if (err == GMM_OK && !find.is_found)
        err = gmm_fail(&msg, GMM_ENOTFOUND, "no peer '%s': gmm peer lists them", address);
    if (err == GMM_OK)
        err = store_begin(node->store, true);
    if (err == GMM_OK)
        err = store_drop_peer(node->store, address);
    if (err == GMM_OK)
        err = node_flush(node);
    if (err != GMM_OK)
        reply_fail(call, err, &msg, NULL);
    else
        call_reply(call, json_pack("{s:s}", "address", address));
}

static void peer_remove_render(const json_t *result, struct render *out)
{
    render_field(out, "no longer dialled", reply_text(result, "address"));
}

struct peer_list {
    struct node *node;
    json_t *array;
};

static enum gmm_err on_peer_list(void *arg, const struct store_peer *peer)
{
    struct peer_list *list = arg;
    return json_array_append_new(list->array, store_peer_json(list->node, peer)) == 0 ? GMM_OK : GMM_ENOMEM;
}

/* Every other office, by whom what we share with it goes to and fro. */
static enum gmm_err list_others(struct node *node, json_t *array, const struct net_peer *peers, size_t count)
{
    const struct view *view = view_of(node);
    struct gmm_id *connected = calloc(count + 1, sizeof *connected);
    size_t used = 0;
    for (size_t i = 0; connected != NULL && i < count; i++)
        if (peers[i].state == NET_CONNECTED && !id_is_zero(&peers[i].sign_pk))
            connected[used++] = peers[i].sign_pk;
    for (size_t i = 0; connected != NULL && view != NULL && i < view->office_count; i++) {
        const struct view_office *office = &view->offices[i];
        const struct view_participant *p = view_participant(view, &office->pid);
        bool here = id_equal(&office->sign_pk, &node->keystore->sign_pk);
        for (size_t k = 0; k < used && !here; k++)
            here = id_equal(&connected[k], &office->sign_pk);
        if (here || office->status != VIEW_OFFICE_ACTIVE || p == NULL || p->status != VIEW_ACTIVE)
            continue;
        json_t *through = relays_between(node, office, connected, used);
        const char *first = json_string_value(json_array_get(through, 0));
        json_t *json = peer_json(view, office, "", first != NULL ? "through" : "apart", first != NULL ? first : "");
        json_object_set_new(json, "through", through);
        (void)json_array_append_new(array, json);
    }
    free(connected);
    return connected == NULL ? GMM_ENOMEM : GMM_OK;
}

static void peer_list(struct node *node, struct call *call)
{
    struct peer_list list = {.node = node, .array = json_array()};
    enum gmm_err err = GMM_OK;
    if (node->net != NULL && net_dialled(node->net)) {
        struct net_peer *peers = calloc(PEERS_SEEN, sizeof *peers);
        size_t count = peers == NULL ? 0 : net_peers(node->net, peers, PEERS_SEEN);
        for (size_t i = 0; i < count && i < PEERS_SEEN; i++)
            json_array_append_new(list.array, net_peer_json(node, &peers[i]));
        err = peers == NULL ? GMM_ENOMEM : GMM_OK;
        if (err == GMM_OK && call_flag(call, "all"))
            err = list_others(node, list.array, peers, count < PEERS_SEEN ? count : PEERS_SEEN);
        free(peers);
    } else {
        err = store_each_peer(node->store, on_peer_list, &list);
        if (err == GMM_OK && call_flag(call, "all"))
            err = list_others(node, list.array, NULL, 0);
    }
    if (err == GMM_OK) {
        call_reply(call, list.array);
        return;
    }
    json_decref(list.array);
    reply_fail(call, err, NULL, NULL);
}

static void peer_list_render(const json_t *result, struct render *out)
{
    static const struct render_column columns[] = {{"PARTICIPANT", "participant", 0},
                                                   {"OFFICE", "office", 0},
                                                   {"ADDRESS", "address", 0},
                                                   {"STATE", "word:state", 0},
                                                   {"VIA", "via", 0}};
    render_table(out, result, columns, sizeof columns / sizeof columns[0]);
}

/* ---- sync */

struct sync_sum {
    uint64_t received, sent, bytes_in, bytes_out;
};
struct sync_wait {
    struct node *node;
    struct call *call;
    struct net_watch *watch;
    uint64_t begun_ms;
    uint64_t until_ms; /* 0: no end */
    uint64_t max_bytes;
    size_t dialled;         /* join connections of this sync */
    unsigned answers;       /* to this home's request, before it */
    struct sync_sum before; /* of sessions that were there already */
    size_t count;           /* of peers below, as last looked at */
    struct net_peer peers[PEERS_SEEN];
};

static struct sync_sum sum_up(const struct sync_wait *wait)
{
    struct sync_sum sum = {0};
    for (size_t i = 0; i < wait->count; i++) {
        sum.received += wait->peers[i].received;
        sum.sent += wait->peers[i].sent;
        sum.bytes_in += wait->peers[i].bytes_in;
        sum.bytes_out += wait->peers[i].bytes_out;
    }
    return sum;
}

/* Sessions that ended meanwhile take their counts with them: never below zero. */
static uint64_t since(uint64_t now, uint64_t before)
{
    return now > before ? now - before : 0;
}

static json_t *sync_json(struct sync_wait *wait)
{
    struct sync_sum sum = sum_up(wait);
    json_t *peers = json_array();
    for (size_t i = 0; i < wait->count; i++) {
        json_t *peer = net_peer_json(wait->node, &wait->peers[i]);
        json_object_set_new(peer, "received", json_integer((json_int_t)wait->peers[i].received));
        json_object_set_new(peer, "sent", json_integer((json_int_t)wait->peers[i].sent));
        json_array_append_new(peers, peer);
    }
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:o}", "received", (json_int_t)since(sum.received, wait->before.received), "sent",
        (json_int_t)since(sum.sent, wait->before.sent), "missing", (json_int_t)engine_chunks_wanted(wait->node->engine),
        "bytes_in", (json_int_t)since(sum.bytes_in, wait->before.bytes_in), "bytes_out",
        (json_int_t)since(sum.bytes_out, wait->before.bytes_out), "peers", peers);
}

static void sync_end(struct sync_wait *wait, enum gmm_err err, const struct gmm_msg *msg, const char *remedy)
{
    if (err == GMM_OK)
        call_reply(wait->call, sync_json(wait));
    else
        reply_fail(wait->call, err, msg, remedy);
    net_unwatch(wait->watch);
    free(wait);
}

/* Each address that could not be reached, once, on stderr. */
static void name_unreachable(struct sync_wait *wait)
{
    char why[RETELL_BYTES];
    for (size_t i = 0; i < wait->count; i++)
        if (wait->peers[i].state != NET_CONNECTED)
            call_say(wait->call, "%s could not be reached: %s", wait->peers[i].address,
                     wait->peers[i].why[0] != '\0' ? retell(wait->peers[i].why, why) : _("no answer"));
}

/* A home that is not admitted: true when the call is answered. *pending: not yet time to look at peers. */
static bool look_at_joining(struct sync_wait *wait, bool *pending)
{
    struct joining_report report;
    struct gmm_msg msg = {.text = ""};
    char why[RETELL_BYTES];
    joining_settle(wait->node);
    joining_report(wait->node, &report);
    *pending = report.state == JOINING_ASKED;
    if (report.state == JOINING_REFUSED) {
        gmm_fail(&msg, GMM_EDENIED, "%s refused the request to join: %s", report.invite->inviter_id,
                 retell(report.reason, why));
        sync_end(wait, GMM_EDENIED, &msg, "ask for a new invite");
        return true;
    }
    if (report.state != JOINING_ASKED)
        return false;
    if (report.answers > wait->answers) {
        joining_refusal(wait->node, &msg);
        sync_end(wait, GMM_EDENIED, &msg, NULL);
        return true;
    }
    struct net_join joins[LIMIT_ADDRESSES];
    size_t count = net_joins(wait->node->net, joins, LIMIT_ADDRESSES);
    for (size_t i = 0; i < count && i < wait->dialled; i++)
        if (joins[i].state != NET_JOIN_CLOSED)
            return false;
    gmm_fail(&msg, GMM_EUNREACHABLE, "not admitted yet, and the inviter could not be reached%s%s",
             count > 0 ? ": " : "", count > 0 ? retell(joins[0].why, why) : "");
    sync_end(wait, GMM_EUNREACHABLE, &msg, NULL);
    return true;
}

/* How much came, of what, how fast, and how long the rest takes by what came so far. */
static void tell_progress(struct sync_wait *wait, size_t connected, uint64_t received, uint64_t sent, uint64_t bytes)
{
    uint64_t lacking = engine_lacking(wait->node->engine), passed_ms = sys_now_ms() - wait->begun_ms;
    size_t chunks = engine_chunks_wanted(wait->node->engine);
    uint64_t rate = passed_ms == 0 ? 0 : bytes * 1000u / passed_ms;
    uint64_t left_s = 0; /* not known */
    uint64_t all = received + lacking;
    char left[64] = "";
    if (received > 0 && lacking > 0 && passed_ms >= 2000)
        left_s = passed_ms * lacking / received / 1000u + 1u;
    else if (chunks > 0 && rate > 0 && passed_ms >= 2000)
        left_s = (uint64_t)chunks * CHUNK_USUAL / rate + 1u;
    if (left_s > 0)
        snprintf(left, sizeof left, _(", about %llu s left"), (unsigned long long)left_s);
    call_progress(wait->call, "%zu peers, %llu of %llu entries, %zu chunks to come, %llu sent, %llu bytes, %llu/s%s",
                  connected, (unsigned long long)received, (unsigned long long)all, chunks, (unsigned long long)sent,
                  (unsigned long long)bytes, (unsigned long long)rate, left);
}

static bool look_at_peers(struct sync_wait *wait)
{
    struct node *node = wait->node;
    struct gmm_msg msg = {.text = ""};
    size_t connected = 0, behind = 0;
    wait->count = net_peers(node->net, wait->peers, PEERS_SEEN);
    if (wait->count > PEERS_SEEN)
        wait->count = PEERS_SEEN;
    for (size_t i = 0; i < wait->count; i++) {
        connected += wait->peers[i].state == NET_CONNECTED;
        behind += wait->peers[i].state == NET_CONNECTED && !wait->peers[i].synced;
    }
    struct sync_sum sum = sum_up(wait);
    uint64_t bytes = since(sum.bytes_in, wait->before.bytes_in) + since(sum.bytes_out, wait->before.bytes_out);
    tell_progress(wait, connected, since(sum.received, wait->before.received), since(sum.sent, wait->before.sent),
                  bytes);
    bool spent = wait->max_bytes != 0 && bytes >= wait->max_bytes;
    if (!spent && (net_dialling(node->net) || behind > 0 || (connected > 0 && !engine_idle(node->engine)) ||
                   backlog_is_behind(node)))
        return false;
    name_unreachable(wait);
    if (connected == 0) {
        gmm_fail(&msg, GMM_EUNREACHABLE, wait->count == 0 ? "no peer is known here" : "no peer could be reached");
        sync_end(wait, GMM_EUNREACHABLE, &msg,
                 wait->count == 0 ? "gmm peer add HOST:PORT" : "see that one of them runs gmm run --listen; gmm peer");
    } else {
        sync_end(wait, GMM_OK, NULL, NULL);
    }
    return true;
}

static bool sync_look(struct sync_wait *wait)
{
    bool pending;
    struct gmm_msg msg = {.text = ""};
    if (look_at_joining(wait, &pending) || (!pending && look_at_peers(wait)))
        return true;
    if (wait->until_ms == 0 || sys_now_ms() < wait->until_ms)
        return false;
    name_unreachable(wait);
    gmm_fail(&msg, GMM_ETIMEOUT, "the time for this sync is over; what arrived stays");
    sync_end(wait, GMM_ETIMEOUT, &msg, "run it again, with a longer --timeout: it goes on where it stopped");
    return true;
}

static void sync_step(void *arg, bool timed_out);

static void sync_go_on(void *arg, bool timed_out)
{
    struct sync_wait *wait = arg;
    if (sync_look(wait) || !timed_out)
        return;
    net_unwatch(wait->watch);
    wait->watch = net_watch(wait->node->net, POLL_MS, sync_step, wait);
    if (wait->watch == NULL)
        sync_end(wait, GMM_ENOMEM, NULL, NULL);
}

/* In the language of whoever waits. */
static void sync_step(void *arg, bool timed_out)
{
    const struct sync_wait *waiting = arg;
    enum lang before = lang_use(call_lang(waiting->call));
    sync_go_on(arg, timed_out);
    (void)lang_use(before);
}

static void sync_gone(void *arg, struct call *call)
{
    (void)call;
    sync_end(arg, GMM_ECLOSED, NULL, NULL);
}

static void sync_run(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct joining_report report;
    joining_report(node, &report);
    if (report.state == JOINING_NONE && joining_refusal(node, &msg) != GMM_OK) {
        reply_fail(call, joining_refusal(node, &msg), &msg, NULL);
        return;
    }
    struct sync_wait *wait = calloc(1, sizeof *wait);
    if (wait == NULL) {
        call_fail(call, GMM_ENOMEM, "out of memory", NULL);
        return;
    }
    int64_t timeout_s = call_int(call, "timeout", -1);
    wait->node = node;
    wait->call = call;
    wait->begun_ms = sys_now_ms();
    wait->until_ms = timeout_s < 0 ? 0 : sys_now_ms() + 1000u * (uint64_t)timeout_s;
    wait->max_bytes = (uint64_t)call_int(call, "max-bytes", 0);
    wait->count = net_peers(node->net, wait->peers, PEERS_SEEN);
    wait->before = sum_up(wait);
    wait->watch = net_watch(node->net, POLL_MS, sync_step, wait);
    if (wait->watch == NULL) {
        free(wait);
        call_fail(call, GMM_ENOMEM, "out of memory", NULL);
        return;
    }
    call_on_gone(call, sync_gone, wait);
    wait->answers = report.answers;
    if (report.state == JOINING_ASKED)
        (void)joining_ask(node, &wait->dialled);
    else
        net_dial_peers(node->net, node->daemon);
    net_touch(node->net);
}

static void sync_render(const json_t *result, struct render *out)
{
    render_line(out, "In sync: %lld entries received, %lld sent; %lld bytes in, %lld out.",
                (long long)json_integer_value(json_object_get(result, "received")),
                (long long)json_integer_value(json_object_get(result, "sent")),
                (long long)json_integer_value(json_object_get(result, "bytes_in")),
                (long long)json_integer_value(json_object_get(result, "bytes_out")));
    long long missing = (long long)json_integer_value(json_object_get(result, "missing"));
    if (missing > 0)
        render_line(out, "%lld pieces of attachments are not here: no peer that was reached has them.", missing);
}

/* ---- status */

static enum gmm_err on_chunk(void *arg, const struct gmm_id *gid, const struct gmm_id *id, uint32_t len)
{
    uint64_t *bytes = arg;
    (void)gid;
    (void)id;
    *bytes += len;
    return GMM_OK;
}

static uint64_t bytes_on_disk(struct node *node)
{
    static const char *const files[] = {HOME_STORE, HOME_STORE "-wal", HOME_STORE "-shm", HOME_KEYSTORE};
    char path[HOME_PATH_MAX];
    struct stat st;
    uint64_t bytes = 0;
    (void)store_each_chunk(node->store, on_chunk, &bytes);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (home_join(path, node->home, files[i], NULL) == GMM_OK && stat(path, &st) == 0)
            bytes += (uint64_t)st.st_size;
    return bytes;
}

static enum gmm_err count_peers(void *arg, const struct store_peer *peer)
{
    (void)peer;
    ++*(size_t *)arg;
    return GMM_OK;
}

static void warn(json_t *warnings, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void warn(json_t *warnings, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, text_tr(format), args);
    va_end(args);
    json_array_append_new(warnings, json_string(text));
}

#define DISK_LOW (UINT64_C(256) << 20)
#define EXPIRES_SOON_MS (UINT64_C(60) * 24 * 3600 * 1000)

static void warn_of_requests(struct node *node, json_t *warnings)
{
    struct requests_list list;
    if (requests_pending(node, &list) != GMM_OK)
        return;
    for (size_t i = 0; i < list.count; i++)
        warn(warnings,
             "a card of '%s' asks to join: compare fingerprints (gmm invite list), then gmm roster add or gmm "
             "office add",
             list.rows[i].participant);
    requests_list_close(&list);
}

/* "2027-01-01T00:00:00Z" */
static void date_text(char out[64], uint64_t ms)
{
    json_t *time = render_json_time(ms);
    const char *text = json_string_value(time);
    snprintf(out, 64, "%s", text == NULL ? "?" : text);
    json_decref(time);
}

static void warn_of_own_office(struct node *node, const struct view_office *own, json_t *warnings)
{
    char date[64];
    uint64_t now_ms = node_now_ms();
    date_text(date, own->not_after_ms);
    switch (own->status) {
    case VIEW_OFFICE_ACTIVE:
        if (own->not_after_ms < now_ms)
            warn(
                warnings,
                "this office's certificate ended on %s: nobody opens a session with it (gmm office renew %s, where the "
                "root of '%s' is)",
                date, node->card.office, node->card.id);
        else if (own->not_after_ms < now_ms + EXPIRES_SOON_MS)
            warn(warnings, "this office's certificate ends on %s: gmm office renew %s, where the root of '%s' is", date,
                 node->card.office, node->card.id);
        return;
    case VIEW_OFFICE_SUPERSEDED:
        warn(warnings, "this office has other keys by now: what is signed with those of this home has no effect");
        return;
    case VIEW_OFFICE_VOID:
        warn(warnings, "this office's certificate is void: its serial or its key is claimed twice");
        return;
    case VIEW_OFFICE_REVOKED:
        warn(warnings,
             "this office's key was revoked: nothing it signs has effect, and nobody opens a session with it");
        return;
    }
}

/* Where the root is, of all offices that it must renew. */
static void warn_of_offices(struct node *node, const struct view *view, json_t *warnings)
{
    char date[64];
    uint64_t now_ms = node_now_ms();
    for (size_t i = 0; i < view->office_count && node->keystore->root_held; i++) {
        const struct view_office *office = &view->offices[i];
        if (!id_equal(&office->pid, node_pid(node)) || office->status != VIEW_OFFICE_ACTIVE ||
            id_equal(&office->sign_pk, &node->keystore->sign_pk) || office->not_after_ms >= now_ms + EXPIRES_SOON_MS)
            continue;
        date_text(date, office->not_after_ms);
        warn(warnings,
             office->not_after_ms < now_ms ? "the certificate of office %s ended on %s: gmm office renew %s"
                                           : "the certificate of office %s ends on %s: gmm office renew %s",
             office->office, date, office->office);
    }
}

/* Circles of ours of which nobody says yet that they were founded before the key was lost. */
static void warn_of_doubts(struct node *node, const struct view *view, json_t *warnings)
{
    char hex[GMM_ID_HEX + 1];
    for (size_t i = 0; i < view->doubt_count; i++) {
        const struct view_doubt *doubt = &view->doubts[i];
        const struct view_office *office = view_office(view, &doubt->office);
        const struct view_participant *owner = view_participant(view, &doubt->owner);
        if (office == NULL || owner == NULL || !view_may_have(view, &doubt->gid, node_pid(node)))
            continue;
        id_to_hex(&doubt->office, hex);
        warn(warnings,
             "a circle of %s is in doubt, for the key of its office %s that founded it is revoked: if you know it from "
             "before, say so (gmm office vouch %.12s)",
             owner->name, office->office, hex);
    }
}

static void warn_of_authority(struct node *node, const struct view *view, json_t *warnings)
{
    const struct view_office *own = view_office(view, &node->keystore->sign_pk);
    if (view->term_until_ms < node_now_ms())
        warn(warnings, "the chair's term %u has ended: until there is a successor the chair only admits", view->term);
    if (own != NULL)
        warn_of_own_office(node, own, warnings);
    warn_of_offices(node, view, warnings);
    warn_of_doubts(node, view, warnings);
}

#define CLOCK_ODD_MS 60000

/* null: no clock of another participant was heard within a day. */
static json_t *clock_offset(struct node *node)
{
    int64_t ahead_ms = 0;
    bool refused;
    size_t heard = node->engine == NULL ? 0 : engine_clock(node->engine, node_now_ms(), &ahead_ms, &refused);
    return heard > 0 ? json_integer((json_int_t)ahead_ms) : json_null();
}

static void warn_of_clock(struct node *node, json_t *warnings)
{
    int64_t ahead_ms = 0;
    bool refused = false;
    size_t heard = node->engine == NULL ? 0 : engine_clock(node->engine, node_now_ms(), &ahead_ms, &refused);
    if (heard == 0 || (ahead_ms < CLOCK_ODD_MS && ahead_ms > -CLOCK_ODD_MS))
        return;
    warn(warnings,
         ahead_ms < 0 ? "this machine's clock is %lld s behind the median of the %zu heard: set it%s"
                      : "this machine's clock is %lld s ahead of the median of the %zu heard: set it%s",
         (long long)(ahead_ms < 0 ? -ahead_ms : ahead_ms) / 1000, heard,
         refused ? _("; until then nothing is signed, so nothing can be posted") : "");
}

static json_t *status_warnings(struct node *node)
{
    struct gmm_msg msg = {.text = ""};
    json_t *warnings = json_array();
    const struct view *view = view_of(node);
    if (joining_refusal(node, &msg) != GMM_OK)
        warn(warnings, "%s", msg.text);
    if (view != NULL) {
        warn_of_authority(node, view, warnings);
        warn_of_requests(node, warnings);
    }
    if (node->engine != NULL && engine_chunks_wanted(node->engine) > 0)
        warn(warnings, "%zu pieces of attachments are not here yet", engine_chunks_wanted(node->engine));
    if (chunkfile_disk_free(node->chunks) < DISK_LOW)
        warn(warnings, "less than 256 MiB are free on the disk of this home");
    if (relays_full(node) > 0)
        warn(warnings,
             "as a relay this office keeps no further attachments of %zu groups: their room is used up (gmm.conf, "
             "[relay]: keep, keep-group)",
             relays_full(node));
    warn_of_clock(node, warnings);
    forks_report_warn(node, warnings);
    if (!home_is_private(node->home))
        warn(warnings, "others may look into the home %s: chmod 700 it", node->home);
    if (!secret_is_locked())
        warn(warnings, "the keys in memory are not locked: they could reach the swap space (raise LimitMEMLOCK)");
    return warnings;
}

static int64_t count_groups(struct node *node, const struct view *view)
{
    int64_t count = 0;
    for (size_t i = 0; view != NULL && i < view->group_count; i++)
        count += view_is_member(view, &view->groups[i].gid, node_pid(node));
    return count;
}

static void status(struct node *node, struct call *call)
{
    const struct view *view = view_of(node);
    uint64_t documents = 0, notes = 0;
    size_t peers = 0, connected = 0;
    struct net_peer *seen = node->net == NULL ? NULL : calloc(PEERS_SEEN, sizeof *seen);
    size_t count = seen == NULL ? 0 : net_peers(node->net, seen, PEERS_SEEN);
    for (size_t i = 0; i < count && i < PEERS_SEEN; i++)
        connected += seen[i].state == NET_CONNECTED;
    free(seen);
    enum gmm_err err = store_each_peer(node->store, count_peers, &peers);
    if (err == GMM_OK)
        err = projection_counts(node->projection, &documents, &notes);
    if (err != GMM_OK) {
        reply_fail(call, err, NULL, "gmm doctor");
        return;
    }
    call_reply(call, json_pack("{s:o, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:b, s:o}", "network",
                               view == NULL ? json_null() : json_string(view->name), "participant", node->card.id,
                               "office", node->card.office, "groups", (json_int_t)count_groups(node, view), "documents",
                               (json_int_t)documents, "notes", (json_int_t)notes, "entries",
                               (json_int_t)store_entry_count(node->store), "peers", (json_int_t)peers, "connected",
                               (json_int_t)connected, "bytes", (json_int_t)bytes_on_disk(node), "disk_free",
                               (json_int_t)chunkfile_disk_free(node->chunks), "clock_offset_ms", clock_offset(node),
                               "daemon", node->daemon, "warnings", status_warnings(node)));
}

static void count_line(const json_t *result, const char *label, const char *name, struct render *out)
{
    render_line(out, "%s: %lld", text_tr(label), (long long)json_integer_value(json_object_get(result, name)));
}

static void status_render(const json_t *result, struct render *out)
{
    const json_t *warning;
    size_t i;
    render_field(out, "network", json_string_value(json_object_get(result, "network")));
    render_field(out, "participant", reply_text(result, "participant"));
    render_field(out, "office", reply_text(result, "office"));
    render_line(out, json_is_true(json_object_get(result, "daemon")) ? "daemon: running" : "daemon: not running");
    count_line(result, "groups", "groups", out);
    count_line(result, "documents", "documents", out);
    count_line(result, "notes", "notes", out);
    count_line(result, "entries", "entries", out);
    count_line(result, "peers known", "peers", out);
    count_line(result, "peers connected", "connected", out);
    count_line(result, "bytes here", "bytes", out);
    count_line(result, "bytes free", "disk_free", out);
    json_array_foreach(json_object_get(result, "warnings"), i, warning)
    {
        render_field(out, "warning", json_string_value(warning));
    }
}

/* ---- the table */

static const struct command_param list_params[] = {
    {"--all", COMMAND_FLAG, 0, NULL, "other offices too, and through whom they are met"},
};
static const struct command_param add_params[] = {
    {"ADDRESS", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "where the peer listens, HOST:PORT"},
    {"--office", COMMAND_TEXT, 0, "PARTICIPANT/OFFICE", "whose it is; found out by asking when not given"},
};
static const struct command_param remove_params[] = {
    {"ADDRESS", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the address as gmm peer lists it"},
};
static const struct command_param sync_params[] = {
    {"--timeout", COMMAND_INT, 0, "S", "give up after so many seconds; what arrived stays"},
    {"--max-bytes", COMMAND_INT, 0, "N", "stop after about so many bytes both ways"},
};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
    {.name = "peer list",
     PARAMS(list_params),
     .flags = COMMAND_UNJOINED | COMMAND_BEHIND,
     .right = CONFIG_READ,
     .handler = peer_list,
     .render = peer_list_render,
     .help = "List the peers that this node dials or that are connected.",
     .details =
         "An office that is not connected is met through one that is, when that one has every group that we share "
         "with it: it is a member, or a relay (gmm group relay). --all shows which; 'apart': there is none now.",
     .example = "gmm peer"},
    {.name = "peer add",
     PARAMS(add_params),
     .flags = COMMAND_UNJOINED | COMMAND_WRITES | COMMAND_BEHIND,
     .right = CONFIG_ADMIN,
     .handler = peer_add,
     .render = peer_add_render,
     .help = "Dial this address from now on.",
     .details = "Without --office the node tries the offices it knows, the inviter and the chair first, and binds the "
                "address to the one that answers.",
     .example = "gmm peer add gmm.example.org:4460 --office iom/hq"},
    {.name = "peer remove",
     PARAMS(remove_params),
     .flags = COMMAND_UNJOINED | COMMAND_WRITES | COMMAND_BEHIND,
     .right = CONFIG_ADMIN,
     .handler = peer_remove,
     .render = peer_remove_render,
     .help = "Dial this address no longer.",
     .example = "gmm peer remove gmm.example.org:4460"},
    {.name = "sync",
     PARAMS(sync_params),
     .flags = COMMAND_NETWORK | COMMAND_UNJOINED | COMMAND_WRITES | COMMAND_BEHIND,
     .right = CONFIG_READ,
     .handler = sync_run,
     .render = sync_render,
     .help = "Exchange everything with every peer that can be reached, both ways, then end.",
     .details = "A home that waits to be admitted asks again first.",
     .example = "gmm sync --timeout 600"},
    {.name = "status",
     .flags = COMMAND_UNJOINED | COMMAND_BEHIND,
     .right = CONFIG_READ,
     .handler = status,
     .render = status_render,
     .help = "Show how this node is: network, counts, peers, disk, warnings.",
     .example = "gmm status"},
};
const struct command_family command_peers = {commands, sizeof commands / sizeof commands[0]};
