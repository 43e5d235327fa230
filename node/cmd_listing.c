/* list, inbox, watch. */
#include <string.h>

#include "node/cmd_reading.h"
#include "node/commands.h"
#include "node/groups.h"
#include "node/inbox.h"
#include "node/item.h"
#include "node/render.h"
#include "node/reply.h"
#include "node/watch.h"

/* ---- list */

struct listing {
    struct node *node;
    json_t *rows;
    struct marking_memo memo;
};

static enum gmm_err list_item(void *arg, const struct projection_item *item)
{
    struct listing *l = arg;
    if (item_kind(item->type) == NULL)
        return GMM_OK;
    return json_array_append_new(l->rows, item_json(l->node, item, &l->memo)) == 0 ? GMM_OK : GMM_ENOMEM;
}

static void list(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct gmm_id gid, after;
    struct read_found found = {0};
    struct listing l = {.node = node, .rows = json_array()};
    struct projection_query query = {.since_ms = (uint64_t)call_int(call, "since", 0)};
    json_t *choices = json_array();
    enum gmm_err err = cmd_reading_kind(call, &query.type, &msg);
    if (err == GMM_OK)
        err = cmd_reading_limit(call, 0, &query.limit, &msg);
    if (err == GMM_OK && call_text(call, "to") != NULL) {
        err = groups_find(node, call_text(call, "to"), &gid, choices, &msg);
        query.gid = &gid;
    }
    if (err == GMM_OK && call_text(call, "after") != NULL) {
        err = read_find(node, call_text(call, "after"), NULL, &found, choices, &msg);
        after = found.item.id;
        query.after = &after;
        read_close(&found);
    }
    if (err == GMM_OK)
        err = projection_each(node->projection, &query, list_item, &l);
    if (err == GMM_OK) {
        json_decref(choices);
        call_reply(call, l.rows);
        return;
    }
    json_decref(l.rows);
    cmd_reading_fail(call, err, &msg, choices);
}

static void list_render(const json_t *result, struct render *out)
{
    static const struct render_column columns[] = {{"ID", "id:id", 12},
                                                   {"TIME", "time:time", 0},
                                                   {"KIND", "word:kind", 0},
                                                   {"SYMBOL", "symbol", 30},
                                                   {"LANG", "lang", 0},
                                                   {"V", "version", 0},
                                                   {"GROUP", "group", 20},
                                                   {"FROM", "author.participant", 0},
                                                   {"MARKING", "word:marking", 0},
                                                   {"TLP", "tlp", 0},
                                                   {"TITLE", "title", 0}};
    render_table(out, result, columns, sizeof columns / sizeof columns[0]);
}

/* ---- inbox */

static void inbox(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    uint32_t limit;
    json_t *rows = NULL;
    enum gmm_err err = cmd_reading_limit(call, CMD_READING_ROWS, &limit, &msg);
    if (err == GMM_OK)
        rows = inbox_rows(node, limit, &err);
    if (err == GMM_OK)
        call_reply(call, rows);
    else
        cmd_reading_fail(call, err, &msg, NULL);
}

#define NEXT_LINES 8 /* the kinds of rows */

/* Of each kind of row the first one's, each command once. */
static void next_lines(const json_t *rows, struct render *out)
{
    const char *said[NEXT_LINES], *what = "";
    size_t count = 0, i;
    const json_t *row;
    json_array_foreach(rows, i, row)
    {
        const char *next = reply_text(row, "next");
        bool known = next[0] == '\0' || count == NEXT_LINES || strcmp(what, reply_text(row, "what")) == 0;
        what = reply_text(row, "what");
        for (size_t k = 0; k < count; k++)
            known = known || strcmp(said[k], next) == 0;
        if (!known) {
            render_line(out, "Next: %s", next);
            said[count++] = next;
        }
    }
}

static void inbox_render(const json_t *result, struct render *out)
{
    static const struct render_column columns[] = {{"WHAT", "word:what", 0},
                                                   {"DEADLINE", "when:deadline", 0},
                                                   {"ID", "id:id", 12},
                                                   {"SYMBOL", "symbol", 30},
                                                   {"FROM", "from", 0},
                                                   {"COUNT", "count", 0},
                                                   {"MARKING", "word:marking", 0},
                                                   {"TLP", "tlp", 0},
                                                   {"TITLE", "title", 0}};
    if (json_array_size(result) == 0)
        render_line(out, "Nothing awaits you.");
    else
        render_table(out, result, columns, sizeof columns / sizeof columns[0]);
    next_lines(result, out);
}

/* ---- watch */

static void watch(struct node *node, struct call *call)
{
    struct read_found found;
    const char *after = call_text(call, "after");
    if (after == NULL) {
        watch_start(node, call, NULL);
        return;
    }
    struct gmm_id id;
    struct projection_item item;
    /* an event's own id, also of what no command names */
    if (id_from_hex(&id, after, strlen(after)) && projection_get(node->projection, &id, &item) == GMM_OK) {
        projection_item_close(&item);
        watch_start(node, call, &id);
        return;
    }
    if (!cmd_reading_find(node, call, after, &found))
        return;
    watch_start(node, call, &found.item.id);
    read_close(&found);
}

static const struct command_param list_params[] = {
    {"--to", COMMAND_TEXT, 0, "GROUP", "of this group only"},
    {"--since", COMMAND_TIME, 0, "TIME", "posted since then: 2014-03-01, 7d"},
    {"--kind", COMMAND_TEXT, 0, "KIND", "document, note or practice"},
    {"--limit", COMMAND_INT, 0, "N", "at most so many"},
    {"--after", COMMAND_TEXT, 0, "ID", "what stands behind this one in the list"},
};
static const struct command_param inbox_params[] = {
    {"--limit", COMMAND_INT, 0, "N", "at most so many of a kind; 50 when not given"},
};
static const struct command_param watch_params[] = {
    {"--after", COMMAND_TEXT, 0, "ID", "first what came after this entry"},
};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
    {.name = "list",
     PARAMS(list_params),
     .right = CONFIG_READ,
     .handler = list,
     .render = list_render,
     .help = "List documents and notes, the newest first.",
     .example = "gmm list --to decent-work --since 7d"},
    {.name = "inbox",
     PARAMS(inbox_params),
     .right = CONFIG_READ,
     .handler = inbox,
     .render = inbox_render,
     .help = "Show what awaits you: deadlines, what is new, answers to your notes, drafts to clear and release.",
     .details = "get, show and notes mark as read what they show.",
     .example = "gmm inbox"},
    {.name = "watch",
     PARAMS(watch_params),
     .flags = COMMAND_STREAM | COMMAND_BEHIND,
     .right = CONFIG_READ,
     .handler = watch,
     .help = "Print what is posted and what arrives, a JSON line each.",
     .example = "gmm watch"},
};
const struct command_family command_listing = {commands, sizeof commands / sizeof commands[0]};
