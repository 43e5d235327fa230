/* invite, join; the table of the family (roster and office: node/cmd_roster.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/armor.h"
#include "keys/text.h"
#include "keys/welcome.h"
#include "node/cmd_roster.h"
#include "node/commands.h"
#include "node/joining.h"
#include "node/keyfile.h"
#include "node/net.h"
#include "node/render.h"
#include "node/reply.h"
#include "node/requests.h"
#include "node/retell.h"
#include "node/sys.h"

#define POLL_MS 500u       /* how often a waiting `join` looks at the clock */
#define ASK_AGAIN_MS 2000u /* while a person waits */
#define SETTLE_MS 15000u   /* for the roster, once admitted */
#define JOINS_SEEN 16u

/* ---- invite */

static void write_hex(char *out, const uint8_t *bytes, size_t n)
{
    sodium_bin2hex(out, 2 * n + 1, bytes, n);
}

static const char *invite_state(const struct invites_entry *entry)
{
    switch (entry->state) {
    case INVITES_OPEN:
        return entry->invite.expires_ms <= node_now_ms() ? "expired" : "open";
    case INVITES_USED:
        return "used";
    case INVITES_REVOKED:
        return "revoked";
    }
    return "revoked";
}

static json_t *text_or_null(const char *text)
{
    return text[0] == '\0' ? json_null() : json_string(text);
}

static json_t *invite_json(const struct invites_entry *entry)
{
    char hex[2 * CARD_INVITE_ID_BYTES + 1];
    json_t *addresses = json_array();
    write_hex(hex, entry->id, sizeof entry->id);
    for (uint8_t i = 0; i < entry->invite.address_count; i++)
        json_array_append_new(addresses, json_string(entry->invite.addresses[i]));
    return json_pack("{s:s, s:o, s:o, s:o, s:s, s:o}", "id", hex, "for", text_or_null(entry->invite.for_id), "office",
                     text_or_null(entry->invite.office), "expires", render_json_time(entry->invite.expires_ms), "state",
                     invite_state(entry), "addresses", addresses);
}

static enum gmm_err invite_line(const struct invite *invite, char **line, struct gmm_msg *msg)
{
    struct buffer bytes;
    buffer_init(&bytes, INVITE_BYTES_MAX);
    enum gmm_err err = invite_make(&bytes, invite);
    if (err == GMM_OK)
        err = reply_armor(line, "invite", bytes.p, bytes.len, msg);
    else
        gmm_fail(msg, err, "the invite could not be made: %s", gmm_err_text(err));
    buffer_close_wiped(&bytes);
    return err;
}

static void free_line(char *line)
{
    if (line != NULL)
        sodium_memzero(line, strlen(line));
    free(line);
}

static enum gmm_err read_terms(struct call *call, struct invites_terms *terms, const char **addresses,
                               struct gmm_msg *msg)
{
    *terms = (struct invites_terms){
        .for_id = call_text(call, "for"),
        .office = call_text(call, "office"),
        .replace = call_flag(call, "replace"),
        .valid_ms = (uint64_t)call_int(call, "expires", (int64_t)INVITES_VALID_MS),
        .offline = call_flag(call, "offline"),
        .address_count = call_count(call, "address"),
        .addresses = addresses,
    };
    if (terms->valid_ms == 0)
        return gmm_fail(msg, GMM_EUSAGE, "--expires: the invite would have expired already");
    for (size_t i = 0; i < terms->address_count && i < LIMIT_ADDRESSES; i++)
        addresses[i] = call_text_at(call, "address", i);
    return GMM_OK;
}

static void invite(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    const char *addresses[LIMIT_ADDRESSES];
    struct invites_terms terms;
    struct invites_entry entry = {.state = INVITES_OPEN};
    char *line = NULL;
    bool to_file = call_file(call, "o", 0, NULL) >= 0;
    enum gmm_err err = read_terms(call, &terms, addresses, &msg);
    if (err == GMM_OK)
        err = invites_make(node, &terms, &entry, &msg);
    if (err == GMM_OK)
        err = invite_line(&entry.invite, &line, &msg);
    if (err == GMM_OK && to_file)
        err = reply_write(call, "o", line, strlen(line), &msg);
    if (err == GMM_OK && to_file)
        err = reply_write(call, "o", "\n", 1, &msg);
    if (err != GMM_OK) {
        reply_fail(call, err, &msg, NULL);
    } else {
        json_t *result = invite_json(&entry);
        json_object_set_new(result, "invite", json_string(line));
        json_object_set_new(result, "fingerprint",
                            reply_fingerprint(&node->keystore->sign_pk, &node->keystore->noise_pk));
        json_object_set_new(result, "written", json_boolean(to_file));
        call_say(call, "Give this line to the newcomer by a way that you trust: who has it may ask once, until %s.",
                 reply_text(result, "expires"));
        call_say(call, "Next, there: gmm join INVITE. Then compare fingerprints by phone, and here: gmm %s.",
                 terms.office != NULL ? _("office add NAME") : _("roster add ID"));
        call_reply(call, result);
    }
    invites_entry_close(&entry);
    free_line(line);
}

static void invite_render(const json_t *result, struct render *out)
{
    if (!json_is_true(json_object_get(result, "written")))
        render_line(out, "%s", reply_text(result, "invite"));
}

/* Who waits under an invite, so that the chair sees whom to call. */
static void add_request(struct node *node, json_t *item, const struct store_request *row)
{
    struct card_join join;
    const struct view *view = engine_view(node->engine);
    if (view == NULL || card_join_open(&join, &view->nid, row->bytes, row->len) != GMM_OK)
        return;
    json_object_set_new(item, "asked",
                        json_pack("{s:s, s:s, s:s, s:o, s:o}", "participant", join.card.id, "office", join.card.office,
                                  "person", join.person, "time", render_json_time(row->time_ms), "fingerprint",
                                  reply_fingerprint(&join.card.sign_pk, &join.card.noise_pk)));
}

struct listing {
    struct node *node;
    const struct requests_list *requests;
    json_t *array;
};

static enum gmm_err on_invite(void *arg, const struct invites_entry *entry)
{
    struct listing *list = arg;
    json_t *item = invite_json(entry);
    json_object_set_new(item, "asked", json_null());
    for (size_t i = 0; i < list->requests->count; i++)
        if (entry->state == INVITES_USED && id_equal(&list->requests->rows[i].sign_pk, &entry->used_by))
            add_request(list->node, item, &list->requests->rows[i]);
    return json_array_append_new(list->array, item) == 0 ? GMM_OK : GMM_ENOMEM;
}

static void invite_list(struct node *node, struct call *call)
{
    struct requests_list requests;
    struct listing list = {.node = node, .requests = &requests, .array = json_array()};
    enum gmm_err err = requests_pending(node, &requests);
    if (err == GMM_OK)
        err = invites_each(node, on_invite, &list);
    requests_list_close(&requests);
    if (err == GMM_OK) {
        call_reply(call, list.array);
        return;
    }
    json_decref(list.array);
    reply_fail(call, err, NULL, NULL);
}

static void invite_list_render(const json_t *result, struct render *out)
{
    static const struct render_column columns[] = {{"ID", "id:id", 12},
                                                   {"FOR", "for", 0},
                                                   {"OFFICE", "office", 0},
                                                   {"EXPIRES", "time:expires", 0},
                                                   {"STATE", "word:state", 0},
                                                   {"ASKED BY", "asked.participant", 0},
                                                   {"FINGERPRINT", "asked.fingerprint", 0}};
    render_table(out, result, columns, sizeof columns / sizeof columns[0]);
}

struct by_prefix {
    const char *hex;
    size_t matches;
    struct invites_entry found;
    json_t *choices;
};

static enum gmm_err on_prefix(void *arg, const struct invites_entry *entry)
{
    struct by_prefix *by = arg;
    char hex[2 * CARD_INVITE_ID_BYTES + 1];
    write_hex(hex, entry->id, sizeof entry->id);
    if (strncmp(hex, by->hex, strlen(by->hex)) != 0)
        return GMM_OK;
    by->matches++;
    invites_entry_close(&by->found);
    by->found = *entry;
    return json_array_append_new(by->choices, json_string(hex)) == 0 ? GMM_OK : GMM_ENOMEM;
}

static void invite_revoke(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct by_prefix by = {.hex = call_text(call, "id"), .choices = json_array()};
    enum gmm_err err = GMM_OK;
    if (strlen(by.hex) < 8)
        err = gmm_fail(&msg, GMM_EUSAGE, "'%s' is too short: give at least 8 digits of the invite's id", by.hex);
    if (err == GMM_OK)
        err = invites_each(node, on_prefix, &by);
    if (err == GMM_OK && by.matches == 0)
        err = gmm_fail(&msg, GMM_ENOTFOUND, "no invite '%s'", by.hex);
    if (err == GMM_OK && by.matches > 1) {
        invites_entry_close(&by.found);
        call_fail_choices(call, GMM_EAMBIGUOUS, "more than one invite begins like this", "give more digits",
                          by.choices);
        return;
    }
    if (err == GMM_OK)
        err = requests_revoke(node, &by.found, &msg);
    if (err == GMM_OK) {
        by.found.state = INVITES_REVOKED;
        call_reply(call, invite_json(&by.found));
    } else {
        reply_fail(call, err, &msg, "gmm invite list shows the invites of this office");
    }
    invites_entry_close(&by.found);
    json_decref(by.choices);
}

static void invite_revoke_render(const json_t *result, struct render *out)
{
    render_line(out, "Invite %.12s is revoked: nobody can ask under it any more.", reply_text(result, "id"));
}

/* ---- join */

struct join_wait {
    struct node *node;
    struct call *call; /* NULL: answered, or the client left */
    struct net_watch *watch;
    size_t dialled;
    unsigned answers;                     /* before this attempt */
    uint64_t until_ms, ask_ms, settle_ms; /* sys_now_ms */
};

static json_t *join_json(struct node *node, const char *state, const struct invite *invite)
{
    struct joining_report report;
    char reason[RETELL_BYTES];
    joining_report(node, &report);
    json_t *result = json_pack("{s:s, s:s, s:{s:s, s:s, s:o}, s:o, s:o}", "state", state, "network", invite->network,
                               "inviter", "participant", invite->inviter_id, "office", invite->inviter_office,
                               "fingerprint", reply_fingerprint(&invite->sign_pk, &invite->noise_pk), "fingerprint",
                               reply_fingerprint(&node->keystore->sign_pk, &node->keystore->noise_pk), "next",
                               text_or_null(retell(report.reason, reason)));
    return result;
}

static json_t *joined_json(struct node *node)
{
    const struct charter *charter = directory_charter(engine_directory(node->engine));
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "state", "active", "network", charter == NULL ? "" : charter->name,
                     "participant", node->card.id, "office", node->card.office, "fingerprint",
                     reply_fingerprint(&node->keystore->sign_pk, &node->keystore->noise_pk));
}

static void join_render(const json_t *result, struct render *out)
{
    const json_t *inviter = json_object_get(result, "inviter");
    bool active = strcmp(reply_text(result, "state"), "active") == 0;
    if (active) {
        render_line(out, "This office is active in the network.");
    } else {
        render_line(out, "The request to be admitted is made.");
        render_field(out, "inviter", reply_text(inviter, "participant"));
    }
    render_field(out, "network", reply_text(result, "network"));
    if (inviter != NULL)
        render_field(out, "the inviter's fingerprint, to be read back to them", reply_text(inviter, "fingerprint"));
    render_field(out, "this office's fingerprint, that they will ask for", reply_text(result, "fingerprint"));
    if (active) {
        render_line(out, "Next: gmm run, or gmm sync; gmm roster shows who is here.");
    } else {
        const char *next = json_string_value(json_object_get(result, "next"));
        render_field(out, "next", next == NULL ? _("they admit this office; gmm sync or gmm run asks again") : next);
    }
}

static void join_end(struct join_wait *wait)
{
    net_unwatch(wait->watch);
    sodium_memzero(wait, sizeof *wait);
    free(wait);
}

/* The newest connections are those of this attempt. */
static bool all_closed(struct join_wait *wait, struct gmm_msg *why)
{
    struct net_join joins[JOINS_SEEN];
    size_t count = net_joins(wait->node->net, joins, JOINS_SEEN);
    for (size_t i = 0; i < count && i < wait->dialled; i++) {
        if (joins[i].state != NET_JOIN_CLOSED)
            return false;
        char reason[RETELL_BYTES];
        gmm_fail(why, GMM_OK, "%s: %s", joins[i].address, retell(joins[i].why, reason));
    }
    return true;
}

static void join_again(struct join_wait *wait, uint64_t now)
{
    if (now < wait->ask_ms)
        return;
    (void)joining_ask(wait->node, &wait->dialled);
    wait->ask_ms = now + ASK_AGAIN_MS;
}

/* The call is answered with what stands: true, and wait is gone. */
static bool join_answer(struct join_wait *wait, const char *state, enum gmm_err err, const struct gmm_msg *msg)
{
    struct joining_report report;
    joining_report(wait->node, &report);
    if (err != GMM_OK)
        reply_fail(wait->call, err, msg, NULL);
    else if (report.invite != NULL)
        call_reply(wait->call, join_json(wait->node, state, report.invite));
    else
        call_reply(wait->call, joined_json(wait->node));
    join_end(wait);
    return true;
}

static bool join_look(struct join_wait *wait)
{
    struct joining_report report;
    struct gmm_msg msg = {.text = ""};
    char reason[RETELL_BYTES];
    uint64_t now = sys_now_ms();
    joining_settle(wait->node);
    joining_report(wait->node, &report);
    switch (report.state) {
    case JOINING_NONE:
        return join_answer(wait, "active", GMM_OK, NULL);
    case JOINING_REFUSED:
        gmm_fail(&msg, GMM_EDENIED, "%s refused: %s", report.invite->inviter_id, retell(report.reason, reason));
        return join_answer(wait, NULL, GMM_EDENIED, &msg);
    case JOINING_ADMITTED:
        if (wait->settle_ms == 0)
            wait->settle_ms = now + SETTLE_MS;
        return now >= wait->settle_ms && now >= wait->until_ms && join_answer(wait, "requested", GMM_OK, NULL);
    case JOINING_ASKED:
        break;
    }
    bool closed = all_closed(wait, &msg);
    if (now < wait->until_ms) {
        if (closed)
            join_again(wait, now);
        return false;
    }
    if (report.answers > wait->answers)
        return join_answer(wait, "requested", GMM_OK, NULL);
    if (!closed)
        return false;
    struct gmm_msg failed = {.text = ""};
    gmm_fail(&failed, GMM_EUNREACHABLE, "the inviter could not be reached; the request is kept (%s)", msg.text);
    return join_answer(wait, NULL, GMM_EUNREACHABLE, &failed);
}

static void join_step(void *arg, bool timed_out);

static void join_go_on(void *arg, bool timed_out)
{
    struct join_wait *wait = arg;
    if (join_look(wait) || !timed_out)
        return;
    net_unwatch(wait->watch);
    wait->watch = net_watch(wait->node->net, POLL_MS, join_step, wait);
    if (wait->watch == NULL)
        join_answer(wait, NULL, GMM_ENOMEM, NULL);
}

/* In the language of whoever waits. */
static void join_step(void *arg, bool timed_out)
{
    const struct join_wait *waiting = arg;
    enum lang before = lang_use(call_lang(waiting->call));
    join_go_on(arg, timed_out);
    (void)lang_use(before);
}

static void join_gone(void *arg, struct call *call)
{
    (void)call;
    join_answer(arg, NULL, GMM_ECLOSED, NULL);
}

static void join_online(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct join_wait *wait = calloc(1, sizeof *wait);
    struct joining_report report;
    joining_report(node, &report);
    enum gmm_err err = wait == NULL ? GMM_ENOMEM : joining_ask(node, &wait->dialled);
    if (err == GMM_ESTATE)
        gmm_fail(&msg, err, "the invite names no address: gmm join INVITE --offline -o CARD, and give them the card");
    if (err == GMM_OK) {
        uint64_t now = sys_now_ms();
        *wait = (struct join_wait){.node = node,
                                   .call = call,
                                   .dialled = wait->dialled,
                                   .answers = report.answers,
                                   .until_ms = now + 1000u * (uint64_t)call_int(call, "wait", 0),
                                   .ask_ms = now + ASK_AGAIN_MS};
        wait->watch = net_watch(node->net, POLL_MS, join_step, wait);
        err = wait->watch == NULL ? GMM_ENOMEM : GMM_OK;
    }
    if (err == GMM_OK) {
        call_on_gone(call, join_gone, wait);
        return;
    }
    free(wait);
    reply_fail(call, err, &msg, NULL);
}

static void join_offline(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct joining_report report;
    char *line = NULL;
    size_t len;
    const uint8_t *request = joining_bytes(node, &len);
    enum gmm_err err = reply_armor(&line, "join", request, len, &msg);
    if (err == GMM_OK)
        err = reply_write(call, "o", line, strlen(line), &msg);
    if (err == GMM_OK)
        err = reply_write(call, "o", "\n", 1, &msg);
    free(line);
    joining_report(node, &report);
    if (err != GMM_OK) {
        reply_fail(call, err, &msg, NULL);
        return;
    }
    json_t *result = join_json(node, "requested", report.invite);
    json_object_set_new(
        result, "next",
        json_sprintf(_("give the card to %s; they run gmm %s add --card CARD -o WELCOME; then here: gmm "
                       "join @WELCOME"),
                     report.invite->inviter_id, report.invite->office[0] != '\0' ? "office" : "roster"));
    call_reply(call, result);
}

static void join_welcome(struct node *node, struct call *call, const char *text, size_t len)
{
    struct gmm_msg msg = {.text = ""};
    uint8_t *bytes = NULL;
    size_t n = 0;
    enum gmm_err err = armor_read(&bytes, &n, "welcome", text, len, &msg);
    if (err == GMM_ECORRUPT)
        err = GMM_EFORMAT; /* a file of somebody else's, not our store */
    if (err == GMM_OK)
        err = joining_welcome(node, bytes, n, &msg);
    free(bytes);
    if (err == GMM_OK)
        call_reply(call, joined_json(node));
    else
        reply_fail(call, err, &msg, NULL);
}

static void join_invite(struct node *node, struct call *call, const char *text, size_t len)
{
    struct gmm_msg msg = {.text = ""};
    struct invite invite;
    uint8_t *bytes = NULL;
    size_t n = 0;
    bool offline = call_flag(call, "offline");
    enum gmm_err err = armor_read(&bytes, &n, "invite", text, len, &msg);
    if (err == GMM_EFORMAT || err == GMM_ECORRUPT)
        err = GMM_EUSAGE; /* a mistyped argument */
    if (err == GMM_OK && (err = invite_open(&invite, bytes, n)) != GMM_OK)
        gmm_fail(&msg, err, "this is not an invite: %s", gmm_err_text(err));
    keyfile_free(bytes, n);
    if (err == GMM_OK && offline != (call_file(call, "o", 0, NULL) >= 0))
        err = gmm_fail(&msg, GMM_EUSAGE, "--offline and -o CARD belong together");
    if (err == GMM_OK)
        err = joining_start(node, &invite, call_person(call), &msg);
    invite_close(&invite);
    if (err != GMM_OK)
        reply_fail(call, err, &msg, NULL);
    else if (offline)
        join_offline(node, call);
    else
        join_online(node, call);
}

static bool begins(const char *text, size_t len, const char *with)
{
    while (len > 0 && (text[0] == ' ' || text[0] == '\n' || text[0] == '\r' || text[0] == '\t')) {
        text++;
        len--;
    }
    return len >= strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

static void join(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    uint8_t *file = NULL;
    size_t len = 0;
    int fd = call_file(call, "invite", 0, NULL);
    const char *text = call_text(call, "invite");
    if (fd >= 0) {
        enum gmm_err err = keyfile_read_fd(&file, &len, fd, LIMIT_WELCOME_ARMOR, &msg);
        if (err != GMM_OK) {
            reply_fail(call, err, &msg, NULL);
            return;
        }
        text = (const char *)file;
    } else {
        len = strlen(text);
    }
    if (begins(text, len, "gmm-welcome"))
        join_welcome(node, call, text, len);
    else
        join_invite(node, call, text, len);
    keyfile_free(file, len);
}

/* ---- the table */

static const struct command_param invite_params[] = {
    {"--for", COMMAND_TEXT, 0, "ID", "only a card of this participant may use it"},
    {"--office", COMMAND_TEXT, 0, "NAME", "for a second office of our own participant"},
    {"--replace", COMMAND_FLAG, 0, NULL, "with --for: that participant lost its root and begins anew"},
    {"--expires", COMMAND_SPAN, 0, "SPAN", "how long it may be used; 7d when not given"},
    {"--address", COMMAND_TEXT, COMMAND_REPEATED, "HOST:PORT", "where the newcomer reaches this node"},
    {"--offline", COMMAND_FLAG, 0, NULL, "the request will come as a file: no address is needed"},
    {"-o", COMMAND_OUT, COMMAND_PRIVATE, "FILE", "write the invite to a file instead"},
};
static const struct command_param revoke_params[] = {
    {"ID", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "at least 8 digits of the invite's id (gmm invite list)"},
};
static const struct command_param join_params[] = {
    {"INVITE", COMMAND_LINE, COMMAND_REQUIRED, NULL, "the invite's line, or @FILE with it or with a welcome"},
    {"--wait", COMMAND_INT, 0, "SECONDS", "how long to wait for the admission; 0 when not given"},
    {"--offline", COMMAND_FLAG, 0, NULL, "write the request to a file instead of sending it"},
    {"-o", COMMAND_OUT, 0, "CARD", "with --offline: where to"},
};
static const struct command_param roster_add_params[] = {
    {"ID", COMMAND_TEXT, 0, NULL, "the participant whose request waits here"},
    {"--card", COMMAND_IN, 0, "FILE", "the request that gmm join --offline wrote, instead of ID"},
    {"--fingerprint", COMMAND_TEXT, 0, "DIGITS", "as heard by phone: refuse any other card"},
    {"-o", COMMAND_OUT, 0, "WELCOME", "write the welcome file for a newcomer without network"},
    {"--yes", COMMAND_FLAG, 0, NULL, "do not ask whether the fingerprint is right"},
};
static const struct command_param office_add_params[] = {
    {"NAME", COMMAND_TEXT, 0, NULL, "the office whose request waits here"},
    {"--card", COMMAND_IN, 0, "FILE", "the request that gmm join --offline wrote, instead of NAME"},
    {"--fingerprint", COMMAND_TEXT, 0, "DIGITS", "as heard by phone: refuse any other card"},
    {"-o", COMMAND_OUT, 0, "WELCOME", "write the welcome file for an office without network"},
    {"--yes", COMMAND_FLAG, 0, NULL, "do not ask whether the fingerprint is right"},
};
/* The same for both: the client looks before it asks. */
static const struct command_param look_params[] = {
    {"--office", COMMAND_FLAG, 0, NULL, "a second office"},
    {"--name", COMMAND_TEXT, 0, "NAME", "whose request"},
    {"--card", COMMAND_IN, 0, "FILE", "the request as a file"},
};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
    {.name = "invite",
     PARAMS(invite_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = invite,
     .render = invite_render,
     .help = "Make a one-time invite, one line of text.",
     .details =
         "The line holds the network, this node's addresses and key, and a secret that lets one card ask to join. "
         "A participant is invited by the chair, a second office by the holder of its participant's root.",
     .example = "gmm invite --for iom --address gmm.example.org:4460"},
    {.name = "invite list",
     .right = CONFIG_ADMIN,
     .handler = invite_list,
     .render = invite_list_render,
     .help = "List the invites of this office, and who waits under them.",
     .example = "gmm invite list"},
    {.name = "invite revoke",
     PARAMS(revoke_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = invite_revoke,
     .render = invite_revoke_render,
     .help = "Make an invite void; a request that waits under it is refused.",
     .example = "gmm invite revoke 3f9a01c2"},
    {.name = "join",
     PARAMS(join_params),
     .flags = COMMAND_NETWORK | COMMAND_UNJOINED | COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = join,
     .render = join_render,
     .help = "Ask to join a network with an invite, or take a welcome file in.",
     .details =
         "Prints the inviter's fingerprint, to be read back by phone. The request is kept: gmm run and gmm sync ask "
         "again until it is answered. Without a network: gmm join INVITE --offline -o CARD, then gmm join @WELCOME.",
     .example = "gmm join @invite.txt --wait 300"},
    {.name = "roster list",
     .flags = COMMAND_UNJOINED,
     .right = CONFIG_READ,
     .handler = cmd_roster_list,
     .render = cmd_roster_list_render,
     .help = "List the participants, and who asks to become one.",
     .example = "gmm roster"},
    {.name = "roster add",
     PARAMS(roster_add_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = cmd_roster_add,
     .local = cmd_roster_add_local,
     .render = cmd_roster_add_render,
     .help = "Admit a participant that asked to join; the chair does.",
     .details =
         "On a terminal it shows the fingerprint of the card that asks and waits for a yes: compare it by phone.",
     .example = "gmm roster add iom"},
    {.name = "roster look",
     PARAMS(look_params),
     .flags = COMMAND_HIDDEN,
     .right = CONFIG_ADMIN,
     .handler = cmd_roster_look,
     .help = "What roster add and office add would admit."},
    {.name = "office list",
     .flags = COMMAND_UNJOINED,
     .right = CONFIG_READ,
     .handler = cmd_roster_offices,
     .render = cmd_roster_offices_render,
     .help = "List the offices of all participants.",
     .example = "gmm office"},
    {.name = "office add",
     PARAMS(office_add_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = cmd_roster_office_add,
     .local = cmd_roster_office_add_local,
     .render = cmd_roster_office_add_render,
     .help = "Certify another office of our participant that asked to join; a holder of the root does.",
     .example = "gmm office add co-dhaka"},
};
const struct command_family command_joining = {commands, sizeof commands / sizeof commands[0]};
