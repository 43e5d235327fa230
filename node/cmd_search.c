/* search. */
#include <stdlib.h>
#include <string.h>

#include "node/backlog.h"
#include "node/cmd_reading.h"
#include "node/commands.h"
#include "node/content.h"
#include "node/groups.h"
#include "node/item.h"
#include "node/lang.h"
#include "node/plaintext.h"
#include "node/render.h"
#include "node/reply.h"
#include "node/tokenizer.h"

#define SEARCH_WAITS_MS 2000u

struct searching {
    struct node *node;
    json_t *rows;
    const char *words, *lang, *from, *symbol;
    const struct gmm_id *gid; /* NULL: any group */
    uint64_t since_ms;
    uint16_t type;
    uint32_t limit;
    struct marking_memo memo;
};

static bool symbol_and_lang_are(const struct searching *s, const char *symbol, const char *lang)
{
    return (s->symbol == NULL || (symbol != NULL && strcmp(symbol, s->symbol) == 0)) &&
           (s->lang == NULL || (lang != NULL && read_lang_is(lang, s->lang, true)));
}

/* A note has the symbol of its document, and its language where it names none of its own. */
static bool has_symbol_and_lang(const struct searching *s, const struct projection_item *item)
{
    struct projection_item document;
    if (id_is_zero(&item->document) || (s->symbol == NULL && s->lang == NULL))
        return symbol_and_lang_are(s, item->symbol, item->lang);
    if (projection_get(s->node->projection, &item->document, &document) != GMM_OK)
        return false;
    bool same = symbol_and_lang_are(s, document.symbol, item->lang == NULL ? document.lang : item->lang);
    projection_item_close(&document);
    return same;
}

static bool is_wanted(const struct searching *s, const struct projection_item *item)
{
    const struct view *view = engine_view(s->node->engine);
    const struct view_office *office = view == NULL ? NULL : view_office(view, &item->author);
    const struct view_participant *p = office == NULL ? NULL : view_participant(view, &office->pid);
    if (item_kind(item->type) == NULL || (s->type != 0 && item->type != s->type) || item->time_ms < s->since_ms)
        return false;
    if ((s->gid != NULL && !id_equal(s->gid, &item->gid)) || !has_symbol_and_lang(s, item))
        return false;
    return s->from == NULL || (p != NULL && strcmp(p->id, s->from) == 0);
}

/* The words of an entry, as they were indexed. */
static enum gmm_err words_of(struct node *node, const struct projection_item *item, struct buffer *out)
{
    struct read_record record;
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum gmm_err err = read_record(node, &item->id, &record, NULL);
    if (err != GMM_OK)
        return err;
    if (record.header.type != HEADER_DOCUMENT) {
        if (record.note.text.len > 0)
            buffer_put(out, record.note.text.p, record.note.text.len);
        buffer_put_u8(out, '\n');
        if (record.note.proposed.len > 0)
            buffer_put(out, record.note.proposed.p, record.note.proposed.len);
        err = out->failed;
    } else {
        err = content_read(node, &item->gid, &record.document.content, PLAINTEXT_MAX, &bytes, &len, NULL);
        if (err == GMM_OK)
            err = plaintext_append(out, item->name, bytes, len);
        free(bytes);
    }
    read_record_close(&record);
    return err;
}

static json_t *snippet_json(struct searching *s, const struct projection_item *item)
{
    struct buffer text, snippet;
    buffer_init(&text, 2u * PLAINTEXT_MAX);
    buffer_init(&snippet, 65536);
    /* Content that cannot be opened now still has a title. */
    if (words_of(s->node, item, &text) != GMM_OK || text.len == 0) {
        buffer_close(&text);
        buffer_init(&text, 2u * PLAINTEXT_MAX);
        if (item->title != NULL)
            buffer_put(&text, item->title, strlen(item->title));
    }
    enum gmm_err err = tokenizer_snippet(&snippet, (const char *)text.p, text.len, s->words, TOKENIZER_SNIPPET_CHARS);
    json_t *result = err == GMM_OK ? json_stringn((const char *)snippet.p, snippet.len) : json_string("");
    buffer_close_wiped(&text);
    buffer_close_wiped(&snippet);
    return result;
}

static enum gmm_err search_hit(void *arg, const struct gmm_id *id, double score)
{
    struct searching *s = arg;
    struct projection_item item;
    enum gmm_err err = projection_get(s->node->projection, id, &item);
    if (err != GMM_OK)
        return err == GMM_ENOTFOUND ? GMM_OK : err;
    if (is_wanted(s, &item)) {
        /* Control messages hold no fractions: millionths. */
        json_int_t millionths = score > 0 && score < 1e12 ? (json_int_t)(score * 1e6) : 0;
        json_t *row =
            json_pack("{s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "id", reply_id(id), "title", item_text(item.title),
                      "snippet", snippet_json(s, &item), "score", millionths, "kind", item_text(item_kind(item.type)),
                      "symbol", item_text(item.symbol), "document", item_id(&item.document));
        err = row != NULL && item_set_marking_of(row, s->node, &item, &s->memo) ? GMM_OK : GMM_ENOMEM;
        if (err == GMM_OK && json_array_append(s->rows, row) != 0)
            err = GMM_ENOMEM;
        json_decref(row);
    }
    projection_item_close(&item);
    if (err == GMM_OK && json_array_size(s->rows) >= s->limit)
        return GMM_ECLOSED; /* enough */
    return err;
}

static char *join_words(const struct call *call)
{
    struct buffer text;
    uint8_t *out = NULL;
    size_t len;
    buffer_init(&text, LIMIT_CONTROL_REQUEST);
    for (size_t i = 0; i < call_count(call, "words"); i++) {
        const char *word = call_text_at(call, "words", i);
        if (i > 0)
            buffer_put_u8(&text, ' ');
        buffer_put(&text, word, strlen(word));
    }
    buffer_put_u8(&text, '\0');
    return buffer_take(&text, &out, &len) == GMM_OK ? (char *)out : NULL;
}

/* The index follows in the background where a daemon runs; a command alone finishes it. */
static bool bring_up_to_date(struct node *node)
{
    bool whole = true;
    if (node->read_only)
        return whole;
    (void)backlog_index(node, node->net == NULL ? 0 : SEARCH_WAITS_MS, &whole);
    return whole;
}

static void search(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct gmm_id gid;
    char *words = join_words(call);
    struct searching s = {.node = node,
                          .rows = json_array(),
                          .words = words,
                          .lang = call_text(call, "lang"),
                          .from = call_text(call, "from"),
                          .symbol = call_text(call, "symbol"),
                          .since_ms = (uint64_t)call_int(call, "since", 0)};
    json_t *choices = json_array();
    enum gmm_err err = words == NULL || s.rows == NULL ? GMM_ENOMEM : cmd_reading_kind(call, &s.type, &msg);
    if (err == GMM_OK)
        err = cmd_reading_limit(call, CMD_READING_ROWS, &s.limit, &msg);
    if (err == GMM_OK && call_text(call, "to") != NULL) {
        err = groups_find(node, call_text(call, "to"), &gid, choices, &msg);
        s.gid = &gid;
    }
    if (err == GMM_OK && !bring_up_to_date(node))
        call_say(call, "Some of what came last is not in the index yet; search again in a moment.");
    if (err == GMM_OK)
        err = search_query(node->search, words, 0, search_hit, &s);
    if (err == GMM_ECLOSED)
        err = GMM_OK;
    if (err == GMM_EUSAGE && msg.text[0] == '\0')
        gmm_fail(&msg, err, "there is no letter or digit to search for");
    free(words);
    if (err == GMM_OK) {
        json_decref(choices);
        call_reply(call, s.rows);
        return;
    }
    json_decref(s.rows);
    cmd_reading_fail(call, err, &msg, choices);
}

static void search_render(const json_t *result, struct render *out)
{
    const json_t *hit;
    size_t i;
    char id[16], marking[ITEM_MARKING_BYTES];
    json_array_foreach(result, i, hit)
    {
        const char *kind = reply_text(hit, "kind"), *title = reply_text(hit, "title");
        fprintf(out->out, "%s  ", render_short_id(reply_text(hit, "id"), id));
        if (title[0] != '\0')
            render_text(out, title);
        else
            fprintf(out->out, "(%s)", lang_word(kind));
        fprintf(out->out, "  [%s]\n", item_marking_text(hit, marking));
        render_block(out, 4, reply_text(hit, "snippet"));
    }
    if (json_array_size(result) == 0)
        render_line(out, "Nothing found.");
}

static const struct command_param search_params[] = {
    {"WORDS", COMMAND_TEXT, COMMAND_REQUIRED | COMMAND_REPEATED, NULL, "all of them are wanted"},
    {"--lang", COMMAND_TEXT, 0, "LANG", "in this language only"},
    {"--kind", COMMAND_TEXT, 0, "KIND", "document, note or practice"},
    {"--from", COMMAND_TEXT, 0, "ID", "of this participant only"},
    {"--to", COMMAND_TEXT, 0, "GROUP", "of this group only"},
    {"--since", COMMAND_TIME, 0, "TIME", "posted since then: 2014-03-01, 7d"},
    {"--symbol", COMMAND_TEXT, 0, "SYMBOL", "documents of this symbol and notes on them"},
    {"--limit", COMMAND_INT, 0, "N", "at most so many; 50 when not given"},
};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
    {.name = "search",
     PARAMS(search_params),
     .right = CONFIG_READ,
     .handler = search,
     .render = search_render,
     .help = "Find documents and notes by their words, accents ignored.",
     .example = "gmm search recrutement --lang fr"},
};
const struct command_family command_search = {commands, sizeof commands / sizeof commands[0]};
