/* practice: post, list, show (product story 24). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "keys/identity.h"
#include "node/commands.h"
#include "node/groups.h"
#include "node/inbox.h"
#include "node/item.h"
#include "node/post.h"
#include "node/read.h"
#include "node/render.h"
#include "node/reply.h"
#include "proto/record_care.h"

#define RECORD_BYTES (2u << 20)

static void fail(struct call *call, enum gmm_err err, const struct gmm_msg *msg, json_t *choices)
{
    call_fail_choices(call, err, msg->text[0] == '\0' ? gmm_err_text(err) : msg->text,
                      err == GMM_ENOTFOUND ? "gmm practice list shows what there is" : NULL, choices);
}

static struct record_text text_of(const char *text)
{
    return text == NULL ? (struct record_text){0} : (struct record_text){text, strlen(text)};
}

/* ---- words */

static enum gmm_err read_theme(const char *word, unsigned *theme, struct gmm_msg *msg)
{
    int number = word == NULL ? 0 : record_theme_from_text(word);
    if (number < 0)
        return gmm_fail(msg, GMM_EUSAGE,
                        "'%s' is no theme: data-research, rights-gender, mainstreaming, decent-work, capacity", word);
    *theme = (unsigned)number;
    return GMM_OK;
}

static enum gmm_err read_level(const char *word, unsigned *level, struct gmm_msg *msg)
{
    *level = word == NULL ? 0 : identity_level_from_text(word);
    return word == NULL || *level != 0
               ? GMM_OK
               : gmm_fail(msg, GMM_EUSAGE, "'%s' is no level: hq, regional, country, field", word);
}

/* "ph" is PH. */
static enum gmm_err read_country(const char *word, char out[3], struct gmm_msg *msg)
{
    out[0] = '\0';
    if (word == NULL)
        return GMM_OK;
    if (strlen(word) != 2 || !isalpha((unsigned char)word[0]) || !isalpha((unsigned char)word[1]))
        return gmm_fail(msg, GMM_EUSAGE, "'%s' is no country: write it as PH (ISO 3166)", word);
    for (size_t i = 0; i < 3; i++)
        out[i] = (char)toupper((unsigned char)word[i]);
    return GMM_OK;
}

/* ---- post */

static enum gmm_err append(struct node *node, const struct groups_audience *audience, const struct record_practice *r,
                           struct gmm_id *id, struct gmm_msg *msg)
{
    struct buffer record;
    buffer_init(&record, RECORD_BYTES);
    enum gmm_err err = record_practice_encode(&record, r);
    if (err == GMM_OK)
        err = node_append(node, &audience->gid, HEADER_PRACTICE, record.p, record.len, NULL, id, msg);
    else
        gmm_fail(msg, GMM_EUSAGE, "the record cannot be made: %s", gmm_err_text(err));
    buffer_close_wiped(&record);
    return err;
}

static enum gmm_err read_practice(struct node *node, struct call *call, struct record_practice *r, char country[3],
                                  struct gmm_msg *msg)
{
    const char *lang = call_text(call, "lang") == NULL ? post_default_lang(node) : call_text(call, "lang");
    *r = (struct record_practice){.title = text_of(call_text(call, "title")),
                                  .text = text_of(call_text(call, "text")),
                                  .results = text_of(call_text(call, "results")),
                                  .lang = text_of(lang),
                                  .person = text_of(call_person(call))};
    enum gmm_err err = read_theme(call_text(call, "theme"), &r->theme, msg);
    if (err == GMM_OK)
        err = read_level(call_text(call, "level"), &r->level, msg);
    if (err == GMM_OK)
        err = read_country(call_text(call, "country"), country, msg);
    if (err == GMM_OK)
        err = post_check_lang(lang, msg);
    if (err == GMM_OK && (r->title.len == 0 || r->text.len == 0))
        err = gmm_fail(msg, GMM_EUSAGE, "a practice has a title and a text");
    r->country = text_of(country);
    return err;
}

static void post(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct groups_audience audience = {.name = NULL};
    struct record_practice practice;
    struct gmm_id id;
    char country[3] = "";
    const char *to = call_text(call, "to") == NULL ? "all" : call_text(call, "to");
    json_t *choices = json_array(), *result = NULL;
    enum gmm_err err = read_practice(node, call, &practice, country, &msg);
    if (err == GMM_OK)
        err = groups_resolve(node, &to, 1, &audience, choices, &msg);
    if (err == GMM_OK)
        err = groups_make(node, &audience, &msg);
    if (err == GMM_OK)
        err = append(node, &audience, &practice, &id, &msg);
    if (err == GMM_OK)
        result = json_pack("{s:o, s:o, s:o, s:o, s:o, s:b}", "id", reply_id(&id), "theme",
                           item_text(record_theme_text(practice.theme)), "group", item_text(audience.name), "readers",
                           groups_readers(node, &audience), "lang", json_stringn(practice.lang.p, practice.lang.len),
                           "lang_assumed", call_text(call, "lang") == NULL);
    groups_audience_close(&audience);
    if (err != GMM_OK) {
        fail(call, err, &msg, choices);
        return;
    }
    json_decref(choices);
    call_reply(call, result);
}

static void post_render(const json_t *result, struct render *out)
{
    render_line(out, "%s", reply_text(result, "id"));
    render_field(out, "Group", reply_text(result, "group"));
    if (json_is_true(json_object_get(result, "lang_assumed")))
        render_line(out, "Language: %s (assumed; --lang says another)", reply_text(result, "lang"));
}

/* ---- list, show */

static json_t *practice_json(struct node *node, const struct projection_item *item)
{
    json_t *row = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", reply_id(&item->id), "title",
                            item_text(item->title), "theme", item_text(record_theme_text(item->para)), "country",
                            item_text(item->name), "level", item_text(identity_level_text(item->version)), "lang",
                            item_text(item->lang), "group", item_group(node, &item->gid), "author",
                            item_author(node, &item->author, item->person), "time", render_json_time(item->time_ms));
    if (row != NULL && item_set_marking_of(row, node, item, NULL))
        return row;
    json_decref(row);
    return NULL;
}

struct listing {
    struct node *node;
    json_t *rows;
    unsigned theme, level;
    char country[3];
};

static enum gmm_err list_one(void *arg, const struct projection_item *item)
{
    struct listing *l = arg;
    if ((l->theme != 0 && item->para != l->theme) || (l->level != 0 && item->version != l->level) ||
        (l->country[0] != '\0' && (item->name == NULL || strcmp(item->name, l->country) != 0)))
        return GMM_OK;
    return json_array_append_new(l->rows, practice_json(l->node, item)) == 0 ? GMM_OK : GMM_ENOMEM;
}

static void list(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct listing l = {.node = node, .rows = json_array()};
    struct projection_query query = {.type = HEADER_PRACTICE};
    enum gmm_err err = read_theme(call_text(call, "theme"), &l.theme, &msg);
    if (err == GMM_OK)
        err = read_level(call_text(call, "level"), &l.level, &msg);
    if (err == GMM_OK)
        err = read_country(call_text(call, "country"), l.country, &msg);
    if (err == GMM_OK)
        err = projection_each(node->projection, &query, list_one, &l);
    if (err == GMM_OK) {
        call_reply(call, l.rows);
        return;
    }
    json_decref(l.rows);
    fail(call, err, &msg, NULL);
}

static void list_render(const json_t *result, struct render *out)
{
    static const struct render_column columns[] = {{"ID", "id:id", 12},       {"THEME", "theme", 0},
                                                   {"COUNTRY", "country", 0}, {"LEVEL", "word:level", 0},
                                                   {"LANG", "lang", 0},       {"FROM", "author.participant", 0},
                                                   {"TIME", "time:time", 0},  {"MARKING", "word:marking", 0},
                                                   {"TITLE", "title", 0}};
    render_table(out, result, columns, sizeof columns / sizeof columns[0]);
}

static json_t *text_json(const struct record_text *text)
{
    return text->len == 0 ? json_null() : json_stringn(text->p, text->len);
}

static void show(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct read_found found;
    struct read_record record;
    json_t *choices = json_array(), *result = NULL;
    enum gmm_err err = read_find(node, call_text(call, "ref"), NULL, &found, choices, &msg);
    if (err == GMM_OK && found.item.type != HEADER_PRACTICE)
        err = gmm_fail(&msg, GMM_EUSAGE, "'%s' is no practice", call_text(call, "ref"));
    if (err == GMM_OK)
        err = read_record(node, &found.item.id, &record, &msg);
    if (err == GMM_OK) {
        result = practice_json(node, &found.item);
        if (result == NULL || json_object_set_new(result, "text", text_json(&record.note.text)) != 0 ||
            json_object_set_new(result, "results", text_json(&record.note.proposed)) != 0)
            err = GMM_ENOMEM;
        read_record_close(&record);
        inbox_read(node, &found.item.id);
    }
    read_close(&found);
    if (err == GMM_OK) {
        json_decref(choices);
        call_reply(call, result);
        return;
    }
    json_decref(result);
    fail(call, err, &msg, choices);
}

static void show_render(const json_t *result, struct render *out)
{
    render_field(out, "Title", json_string_value(json_object_get(result, "title")));
    render_field(out, "Theme", json_string_value(json_object_get(result, "theme")));
    render_field(out, "Country", json_string_value(json_object_get(result, "country")));
    render_word(out, "Level", json_string_value(json_object_get(result, "level")));
    render_field(out, "From", reply_text(json_object_get(result, "author"), "participant"));
    item_marking_render(result, out);
    render_block(out, 2, reply_text(result, "text"));
    if (reply_text(result, "results")[0] != '\0') {
        render_line(out, "Results:");
        render_block(out, 2, reply_text(result, "results"));
    }
}

static const struct command_param post_params[] = {
    {"TEXT", COMMAND_WORDS, COMMAND_REQUIRED, NULL, "what is done, or - for standard input"},
    {"--title", COMMAND_TEXT, COMMAND_REQUIRED, "TITLE", "in one line"},
    {"--theme", COMMAND_TEXT, COMMAND_REQUIRED, "THEME",
     "data-research, rights-gender, mainstreaming, decent-work, capacity"},
    {"--country", COMMAND_TEXT, 0, "COUNTRY", "where: PH (ISO 3166)"},
    {"--level", COMMAND_TEXT, 0, "LEVEL", "hq, regional, country, field"},
    {"--results", COMMAND_WORDS, 0, "TEXT", "what came of it, or - for standard input"},
    {"--lang", COMMAND_TEXT, 0, "LANG", "its language; the office's when not given"},
    {"--to", COMMAND_TEXT, 0, "GROUP|ID,…", "who can read; all when not given"},
};
static const struct command_param list_params[] = {
    {"--theme", COMMAND_TEXT, 0, "THEME", "of this theme only"},
    {"--country", COMMAND_TEXT, 0, "COUNTRY", "of this country only"},
    {"--level", COMMAND_TEXT, 0, "LEVEL", "of this level only"},
};
static const struct command_param show_params[] = {
    {"REF", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "its id, or 8 digits or more of it"},
};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
    {.name = "practice post",
     PARAMS(post_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_POST,
     .handler = post,
     .render = post_render,
     .help = "Share a good practice.",
     .example = "gmm practice post --theme decent-work --country PH --level country --title \"Fair recruitment\" -"},
    {.name = "practice list",
     PARAMS(list_params),
     .right = CONFIG_READ,
     .handler = list,
     .render = list_render,
     .help = "List good practices by theme, country and level.",
     .example = "gmm practice list --theme decent-work"},
    {.name = "practice show",
     PARAMS(show_params),
     .right = CONFIG_READ,
     .handler = show,
     .render = show_render,
     .help = "Show a good practice.",
     .example = "gmm practice show 3f2a9c01"},
};
const struct command_family command_practice = {commands, sizeof commands / sizeof commands[0]};
