#include "node/get.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/content.h"
#include "node/item.h"
#include "node/net.h"
#include "node/next.h"
#include "node/read.h"
#include "node/receipts.h"
#include "node/reply.h"
#include "node/sys.h"

#define STALLED_MS 60000u /* nothing came for so long: given up */
#define PEERS_MAX 64u

struct get {
    struct node *node;
    struct call *call;
    struct projection_item item;
    struct read_record record;
    const struct manifest *content; /* inside record; NULL: a note's text */
    struct record_text name;
    int fd;
    /* while chunks are awaited */
    struct net_watch *watch;
    struct gmm_id *wanted;
    size_t wanted_count, wanted_at;
    uint64_t bytes_in;
    struct gmm_id apart; /* the entry whose body is awaited first; zero: none */
};

static void get_free(struct get *g)
{
    net_unwatch(g->watch);
    free(g->wanted);
    projection_item_close(&g->item);
    read_record_close(&g->record);
    free(g);
}

static void fail(struct get *g, enum gmm_err err, const struct gmm_msg *msg, const char *remedy)
{
    struct call *call = g->call;
    get_free(g);
    reply_fail(call, err, msg, remedy);
}

/* ---- which bytes */

static bool name_is(const struct record_text *name, const char *wanted)
{
    return name->len == strlen(wanted) && memcmp(name->p, wanted, name->len) == 0;
}

static enum gmm_err choose_attachment(struct get *g, const char *wanted, struct gmm_msg *msg)
{
    const struct record_document *doc = &g->record.document;
    char *end;
    for (uint32_t i = 0; i < doc->attachment_count; i++) {
        char text[LIMIT_FILE_NAME + 1];
        memcpy(text, doc->attachments[i].name.p, doc->attachments[i].name.len);
        text[doc->attachments[i].name.len] = '\0';
        json_t *shown = item_text(text); /* as show prints it */
        bool same = name_is(&doc->attachments[i].name, wanted) ||
                    (json_is_string(shown) && strcmp(json_string_value(shown), wanted) == 0);
        json_decref(shown);
        if (same) {
            g->content = &doc->attachments[i].content;
            g->name = doc->attachments[i].name;
            return GMM_OK;
        }
    }
    unsigned long number = strtoul(wanted, &end, 10);
    if (wanted[0] < '1' || wanted[0] > '9' || *end != '\0' || number > doc->attachment_count)
        return gmm_fail(msg, GMM_ENOTFOUND, "no attachment '%s': the document has %u", wanted, doc->attachment_count);
    g->content = &doc->attachments[number - 1].content;
    g->name = doc->attachments[number - 1].name;
    return GMM_OK;
}

static enum gmm_err choose(struct get *g, struct gmm_msg *msg)
{
    const char *attachment = call_text(g->call, "attachment");
    enum gmm_err err = read_record(g->node, &g->item.id, &g->record, msg);
    if (err != GMM_OK)
        return err;
    if (g->record.header.type != HEADER_DOCUMENT) {
        g->name = g->record.note.name;
        return attachment == NULL ? GMM_OK : gmm_fail(msg, GMM_EUSAGE, "a note has no attachments");
    }
    if ((err = read_uncovered(&g->record, msg)) != GMM_OK)
        return err;
    g->content = &g->record.document.content;
    g->name = g->record.document.name;
    return attachment == NULL ? GMM_OK : choose_attachment(g, attachment, msg);
}

/* ---- the answer */

static json_t *name_json(const struct get *g)
{
    char text[LIMIT_TITLE_TEXT + 16], hex[2 * (LIMIT_TITLE_TEXT + 16) + 1], id[GMM_ID_HEX + 1];
    size_t len = g->name.len;
    id_to_hex(&g->item.id, id);
    if (len > 0)
        memcpy(text, g->name.p, len);
    else if (g->content == NULL)
        len = (size_t)snprintf(text, sizeof text, "note-%.12s.txt", id);
    else
        len = (size_t)snprintf(text, sizeof text, "%.200s", g->item.title == NULL ? id : g->item.title);
    for (size_t i = 0; i < len; i++)
        snprintf(hex + 2 * i, 3, "%02x", (unsigned)(unsigned char)text[i]);
    hex[2 * len] = '\0';
    return json_string(hex);
}

static void mark_opened(struct get *g)
{
    if (g->node->read_only || g->item.opened_ms != 0)
        return;
    /* What was read is a help to the reader, nothing that a failure of may hold back. */
    if (store_begin(g->node->store, false) == GMM_OK)
        (void)projection_set_opened(g->node->projection, &g->item.id, node_now_ms());
    (void)node_flush(g->node);
    receipts_opened(g->node, &g->item, call_person(g->call));
}

static void succeed(struct get *g)
{
    struct call *call = g->call;
    uint64_t bytes = g->content == NULL ? g->record.note.text.len : g->content->size;
    bool document = g->item.type == HEADER_DOCUMENT;
    char shown[ITEM_MARKING_BYTES];
    struct marking marking;
    mark_opened(g);
    json_t *result =
        json_pack("{s:o, s:o, s:I, s:o, s:o, s:o}", "id", reply_id(&g->item.id), "name", name_json(g), "bytes",
                  (json_int_t)bytes, "title", item_text(g->item.title), "lang", item_text(g->item.lang), "version",
                  document ? json_integer(g->item.version) : json_null());
    bool known = marking_of_entry(g->node, &g->item, NULL, &marking);
    if (result != NULL && !item_set_marking(result, known ? &marking : NULL)) {
        json_decref(result);
        result = NULL;
    }
    bool comment = next_is_comment(g->node, &g->item);
    char ref[NEXT_REF];
    next_ref(ref, &g->item);
    get_free(g);
    if (known && (marking.marking != RECORD_UNCLASSIFIED || marking.tlp != 0))
        call_say(call, "Marking: %s", item_marking_text(result, shown));
    if (comment) {
        call_say(call, "Next: gmm note %s --para N --position POSITION TEXT", ref);
        call_say(call,
                 "POSITION: support, comment, amendment, concern, reservation, objection, no-comment, no-objection");
    }
    call_reply(call, result);
}

static enum gmm_err write_out(struct get *g, struct gmm_msg *msg)
{
    const struct record_text *text = &g->record.note.text;
    if (g->content != NULL)
        return content_write(g->node, &g->record.header.group, g->content, g->fd, NULL, msg);
    enum gmm_err err = text->len == 0 ? GMM_OK : sys_write_all(g->fd, text->p, text->len);
    return err == GMM_OK ? GMM_OK : gmm_fail(msg, err, "the file could not be written: %s", gmm_err_text(err));
}

/* ---- chunks of others */

static uint64_t received(struct get *g)
{
    struct net_peer *peers = calloc(PEERS_MAX, sizeof *peers);
    uint64_t bytes = 0;
    size_t count = peers == NULL ? 0 : net_peers(g->node->net, peers, PEERS_MAX);
    for (size_t i = 0; i < count && i < PEERS_MAX; i++)
        bytes += peers[i].bytes_in;
    free(peers);
    return bytes;
}

static enum gmm_err ask(struct get *g)
{
    free(g->wanted);
    g->wanted = NULL;
    g->wanted_at = g->wanted_count = 0;
    enum gmm_err err = content_missing(g->node, &g->record.header.group, g->content, &g->wanted, &g->wanted_count);
    if (err == GMM_OK && g->wanted_count > 0)
        err = node_want_chunks(g->node, &g->record.header.group, g->wanted, g->wanted_count, true);
    return err;
}

static void finish(struct get *g)
{
    struct gmm_msg msg = {.text = ""};
    enum gmm_err err = write_out(g, &msg);
    if (err == GMM_OK)
        succeed(g);
    else
        fail(g, err, &msg, NULL);
}

static void on_watch(void *arg, bool timed_out);

static void begin_again(struct get *g);

static bool watch_again(struct get *g)
{
    net_unwatch(g->watch);
    g->bytes_in = received(g);
    g->watch = net_watch(g->node->net, STALLED_MS, on_watch, g);
    return g->watch != NULL;
}

/* The body of the entry itself is awaited. True: it is, still, or the call has ended. */
static bool await_body(struct get *g, bool timed_out)
{
    struct gmm_msg msg = {.text = ""};
    struct store_entry entry;
    if (id_is_zero(&g->apart))
        return false;
    bool here = store_load_entry(g->node->store, &g->apart, &entry) == GMM_OK && entry.body != NULL;
    if (here)
        store_entry_close(&entry);
    bool idle = engine_idle(g->node->engine) && !net_dialling(g->node->net);
    if (here) {
        begin_again(g);
    } else if (idle || (timed_out && received(g) == g->bytes_in)) {
        gmm_fail(&msg, GMM_EUNREACHABLE,
                 "only the header of this entry is here, and no office reachable now gives the rest");
        fail(g, GMM_EUNREACHABLE, &msg, "try again when an office that has it is up: gmm peer list, gmm sync");
    } else if (timed_out && !watch_again(g)) {
        fail(g, GMM_ENOMEM, NULL, NULL);
    }
    return true;
}

static void look_again(void *arg, bool timed_out)
{
    struct get *g = arg;
    struct gmm_msg msg = {.text = ""};
    if (await_body(g, timed_out))
        return;
    uint32_t len;
    size_t before = g->wanted_at;
    while (g->wanted_at < g->wanted_count &&
           store_has_chunk(g->node->store, &g->record.header.group, &g->wanted[g->wanted_at], &len) == GMM_OK)
        g->wanted_at++;
    if (g->wanted_at == g->wanted_count) {
        enum gmm_err err = ask(g); /* a list of chunks has come: what it names is wanted now */
        if (err != GMM_OK)
            fail(g, err, NULL, NULL);
        else if (g->wanted_count == 0)
            finish(g);
        return;
    }
    if (g->wanted_at > before)
        call_progress(g->call, "%zu of %zu chunks", g->wanted_at, g->wanted_count);
    bool idle = engine_idle(g->node->engine) && !net_dialling(g->node->net);
    bool stalled = timed_out && received(g) == g->bytes_in;
    if (idle || stalled) {
        gmm_fail(&msg, GMM_EUNREACHABLE, "%zu chunks of the content are missing, and %s",
                 g->wanted_count - g->wanted_at,
                 idle ? _("no office reachable now has them") : _("nothing came for a minute"));
        fail(g, GMM_EUNREACHABLE, &msg, "try again when an office that has it is up: gmm peer list, gmm sync");
    } else if (timed_out && !watch_again(g)) {
        fail(g, GMM_ENOMEM, NULL, NULL);
    }
}

/* In the language of whoever waits. */
static void on_watch(void *arg, bool timed_out)
{
    const struct get *waiting = arg;
    enum lang before = lang_use(call_lang(waiting->call));
    look_again(arg, timed_out);
    (void)lang_use(before);
}

static void on_gone(void *arg, struct call *call)
{
    get_free(arg);
    call_reply(call, json_null());
}

static void fetch(struct get *g)
{
    struct gmm_msg msg = {.text = ""};
    if (g->node->net == NULL) {
        gmm_fail(&msg, GMM_EUNREACHABLE, "parts of the content are not here, and there is no network to fetch them");
        fail(g, GMM_EUNREACHABLE, &msg, "gmm sync fetches what peers have");
        return;
    }
    enum gmm_err err = ask(g);
    if (err != GMM_OK) {
        fail(g, err, NULL, NULL);
        return;
    }
    call_on_gone(g->call, on_gone, g);
    net_dial_peers(g->node->net, g->node->daemon);
    if (!watch_again(g)) {
        call_on_gone(g->call, NULL, NULL);
        fail(g, GMM_ENOMEM, NULL, NULL);
        return;
    }
    net_touch(g->node->net);
}

/* "The latest version, or the original with a notice." */
static void notices(struct call *call, const struct read_found *found, const char *lang)
{
    if (found->other_lang)
        call_say(call, "There is no version %u in %s; this is the one in %s.", found->item.version, lang,
                 found->item.lang == NULL ? _("an unnamed language") : found->item.lang);
    if (!found->by_symbol && found->newest > found->item.version && call_int(call, "version", 0) == 0)
        call_say(call, "Version %u is newer than this version %u.", found->newest, found->item.version);
}

/* Its header alone is here: the body is fetched, then it is looked up anew. False: that is not so. */
static bool fetch_body(struct node *node, struct call *call)
{
    struct store_entry entry;
    if (node->net == NULL || node->engine == NULL || !read_find_apart(node, call_text(call, "ref"), &entry))
        return false;
    struct get *g = calloc(1, sizeof *g);
    if (g == NULL) {
        store_entry_close(&entry);
        return false;
    }
    *g = (struct get){.node = node, .call = call, .apart = entry.id, .fd = -1};
    enum gmm_err err = node_want_body(node, entry.header, true);
    store_entry_close(&entry);
    if (err == GMM_OK) {
        call_on_gone(call, on_gone, g);
        net_dial_peers(node->net, node->daemon);
    }
    if (err != GMM_OK || !watch_again(g)) {
        call_on_gone(call, NULL, NULL);
        fail(g, err == GMM_OK ? GMM_ENOMEM : err, NULL, NULL);
    } else {
        net_touch(node->net);
    }
    return true;
}

static void begin_again(struct get *g)
{
    struct node *node = g->node;
    struct call *call = g->call;
    call_on_gone(call, NULL, NULL);
    get_free(g);
    get_start(node, call);
}

void get_start(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct read_found found;
    struct read_want want = {.lang = call_text(call, "lang"), .version = (uint32_t)call_int(call, "version", 0)};
    struct get *g = calloc(1, sizeof *g);
    json_t *choices = json_array();
    enum gmm_err err = g == NULL ? GMM_ENOMEM : read_find(node, call_text(call, "ref"), &want, &found, choices, &msg);
    if (err == GMM_ENOTFOUND && g != NULL && fetch_body(node, call)) {
        free(g);
        json_decref(choices);
        return;
    }
    if (err != GMM_OK) {
        free(g);
        call_fail_choices(call, err, msg.text[0] == '\0' ? NULL : msg.text, NULL, choices);
        return;
    }
    json_decref(choices);
    notices(call, &found, want.lang);
    *g = (struct get){.node = node, .call = call, .item = found.item, .fd = call_file(call, "o", 0, NULL)};
    found.item = (struct projection_item){0};
    read_close(&found);
    err = choose(g, &msg);
    if (err == GMM_OK && g->fd < 0)
        err = gmm_fail(&msg, GMM_EUSAGE, "no file to write to: -o FILE, or - for standard output");
    if (err == GMM_OK)
        err = write_out(g, &msg);
    if (err == GMM_OK)
        succeed(g);
    else if (err == GMM_EABSENT && g->content != NULL)
        fetch(g);
    else
        fail(g, err, &msg, NULL);
}
