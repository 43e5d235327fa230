#include "node/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/batch_refs.h"
#include "node/post.h"
#include "node/read.h"
#include "node/tsv.h"

enum column {
    PATH,
    TITLE,
    SYMBOL,
    LANG,
    TO,
    GROUP,
    MARKING,
    REVISES,
    TRANSLATES,
    ONCE,
    KIND,
    ID,
    PARENT,
    ANCHOR,
    POSITION,
    COLUMNS
};
static const char *const column_names[COLUMNS] = {
    [PATH] = "path",       [TITLE] = "title",     [SYMBOL] = "symbol",
    [LANG] = "lang",       [TO] = "to",           [GROUP] = "group",
    [MARKING] = "marking", [REVISES] = "revises", [TRANSLATES] = "translates",
    [ONCE] = "once",       [KIND] = "kind",       [ID] = "id",
    [PARENT] = "parent",   [ANCHOR] = "anchor",   [POSITION] = "position"};

/* One row's check. */
struct checking {
    struct batch_checking with;
    const struct batch_options *options;
    char *cells[COLUMNS];
    struct batch_row *row;
    uint32_t index;
};

static bool given(const struct checking *c, enum column column)
{
    return c->cells[column][0] != '\0';
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* ---- symbols: "A repeated symbol with the same lang is its next version, with another lang a translation" */

static const struct batch_row *same_lang(const struct batch *b, const struct batch_family *family, const char *lang,
                                         uint32_t *index)
{
    for (uint32_t at = family->last; at != 0; at = b->rows[at - 1].sibling)
        if (read_lang_is(b->rows[at - 1].lang, lang, false)) {
            *index = at - 1;
            return &b->rows[at - 1];
        }
    return NULL;
}

static enum gmm_err new_family(struct batch *b, const char *symbol, struct batch_family **out)
{
    void *items = b->families;
    if (!batches_grow(&items, b->family_count, &b->family_capacity, sizeof *b->families))
        return GMM_ENOMEM;
    b->families = items;
    *out = &b->families[b->family_count];
    **out = (struct batch_family){0};
    return textmap_put(&b->symbols, symbol, (uint32_t)b->family_count++);
}

static void join_family(struct checking *c, struct batch_family *family)
{
    struct batch_row *row = c->row;
    if (row->version > family->version) {
        family->version = row->version;
        family->last = 0;
        family->original = row->translates;
        if (row->translates.kind == BATCH_NONE) {
            family->original.kind = BATCH_ROW;
            family->original.index = c->index;
        }
    }
    row->sibling = family->last;
    family->last = c->index + 1;
}

/* The first row of its symbol: held already is fine only for what says how it belongs there. */
static enum gmm_err check_held_symbol(struct checking *c)
{
    struct batch_row *row = c->row;
    struct read_text *texts = NULL;
    size_t count = 0;
    char hex[GMM_ID_HEX + 1] = "";
    bool related = row->revises.kind != BATCH_NONE || row->translates.kind != BATCH_NONE;
    enum gmm_err err = read_texts(c->with.node, row->symbol, &texts, &count);
    if (err == GMM_OK && count > 0 && !related)
        err = gmm_fail(c->with.msg, GMM_EEXISTS,
                       "'%s' is held already (version %u): name what the row belongs to in the column revises or "
                       "translates",
                       row->symbol, texts[0].version);
    for (size_t i = 0; err == GMM_OK && i < count; i++) {
        if (texts[i].version != row->version)
            continue;
        if (row->revises.kind != BATCH_NONE && read_lang_is(texts[i].lang, row->lang, false))
            err = gmm_fail(c->with.msg, GMM_EEXISTS, "version %u of '%s' in %s is held already", row->version,
                           row->symbol, row->lang);
        else if (row->translates.kind == BATCH_NONE && id_is_zero(&texts[i].translates) && hex[0] == '\0')
            id_to_hex(&texts[i].id, hex);
    }
    free(texts);
    return err == GMM_OK && hex[0] != '\0' ? batch_refs_hold(&c->with, hex, &row->translates) : err;
}

static enum gmm_err place_symbol(struct checking *c)
{
    struct batch *b = c->with.batch;
    struct batch_row *row = c->row;
    struct batch_family *family = NULL;
    uint32_t number, other = 0;
    if (row->symbol[0] == '\0') {
        row->version = row->version == 0 ? 1 : row->version;
        return GMM_OK;
    }
    if (!textmap_get(&b->symbols, row->symbol, &number)) {
        row->version = row->version == 0 ? 1 : row->version;
        enum gmm_err err = row->done ? GMM_OK : check_held_symbol(c);
        if (err == GMM_OK)
            err = new_family(b, row->symbol, &family);
        if (err == GMM_OK)
            join_family(c, family);
        return err;
    }
    family = &b->families[number];
    bool taken = same_lang(b, family, row->lang, &other) != NULL;
    if (row->version == 0 && taken) {
        row->revises.kind = BATCH_ROW;
        row->revises.index = other;
        row->version = family->version + 1;
    } else if (row->version == 0) {
        row->version = family->version;
        row->translates = family->original;
    } else if (row->version < family->version || (row->version == family->version && taken)) {
        return row->done ? GMM_OK
                         : gmm_fail(c->with.msg, GMM_EEXISTS, "version %u of '%s' in %s stands in the table already",
                                    row->version, row->symbol, row->lang);
    } else if (row->version == family->version && row->translates.kind == BATCH_NONE) {
        row->translates = family->original;
    }
    join_family(c, family);
    return GMM_OK;
}

/* ---- documents */

static enum gmm_err find_document(struct checking *c, const char *text, struct batch_ref *out)
{
    enum gmm_err err = batch_refs_find(&c->with, text, out);
    if (err == GMM_OK && batch_refs_entry(c->with.batch, *out).note)
        err = gmm_fail(c->with.msg, GMM_EUSAGE, "'%s' is a note; a document revises or translates a document", text);
    return err;
}

/* The symbol of what is revised or translated, unless the row has its own. */
static enum gmm_err take_symbol(struct checking *c, struct batch_ref ref)
{
    const char *symbol = batch_refs_entry(c->with.batch, ref).symbol;
    if (c->row->symbol[0] != '\0' || symbol[0] == '\0')
        return GMM_OK;
    const char *kept = batches_keep_text(c->with.batch, symbol);
    if (kept == NULL)
        return GMM_ENOMEM;
    c->row->symbol = kept;
    return GMM_OK;
}

/* Of what is revised, unless somebody said one. */
static enum gmm_err take_lang(struct checking *c, struct batch_ref ref)
{
    const char *lang = batch_refs_entry(c->with.batch, ref).lang;
    if (!c->row->lang_assumed || lang[0] == '\0')
        return GMM_OK;
    const char *kept = batches_keep_text(c->with.batch, lang);
    if (kept == NULL)
        return GMM_ENOMEM;
    c->row->lang = kept;
    c->row->lang_assumed = false;
    return GMM_OK;
}

static enum gmm_err check_relations(struct checking *c)
{
    struct batch_row *row = c->row;
    enum column revises = given(c, REVISES) ? REVISES : PARENT;
    enum gmm_err err = GMM_OK;
    if (given(c, revises)) {
        err = find_document(c, c->cells[revises], &row->revises);
        if (err == GMM_OK)
            row->version = batch_refs_entry(c->with.batch, row->revises).version + 1;
        if (err == GMM_OK)
            err = take_symbol(c, row->revises);
        if (err == GMM_OK)
            err = take_lang(c, row->revises);
    }
    if (err != GMM_OK || !given(c, TRANSLATES))
        return err;
    err = find_document(c, c->cells[TRANSLATES], &row->translates);
    if (err != GMM_OK)
        return err;
    struct batch_entry original = batch_refs_entry(c->with.batch, row->translates);
    if (read_lang_is(original.lang, row->lang, false))
        return gmm_fail(c->with.msg, GMM_EUSAGE, "'%s' is in %s itself", c->cells[TRANSLATES], row->lang);
    if (row->version != 0 && row->version != original.version)
        return gmm_fail(c->with.msg, GMM_EUSAGE, "a translation of version %u cannot revise version %u",
                        original.version, row->version - 1);
    row->version = original.version;
    return take_symbol(c, row->translates);
}

static enum gmm_err check_symbol(struct checking *c)
{
    char symbol[LIMIT_SYMBOL_TEXT + 1];
    char *cell = c->cells[SYMBOL];
    size_t skip = strspn(cell, " "), len = strlen(cell);
    c->row->symbol = "";
    while (len > skip && cell[len - 1] == ' ')
        cell[--len] = '\0';
    if (len == skip)
        return GMM_OK;
    enum gmm_err err = post_read_symbol(symbol, cell + skip, c->with.msg);
    if (err == GMM_OK)
        c->row->symbol = cell + skip;
    return err;
}

static enum gmm_err check_audience(struct checking *c)
{
    struct batch_row *row = c->row;
    const char *to = given(c, TO) ? c->cells[TO] : given(c, GROUP) ? c->cells[GROUP] : c->options->to;
    if (to != NULL && to[0] != '\0')
        return batch_refs_audience(&c->with, to, &row->audience);
    struct batch_ref ref = row->revises.kind != BATCH_NONE ? row->revises : row->translates;
    if (ref.kind == BATCH_NONE)
        return gmm_fail(c->with.msg, GMM_EUSAGE, "the audience is missing: the column to, or --to");
    row->audience = batch_refs_entry(c->with.batch, ref).audience;
    return GMM_OK;
}

/* Not less than what is revised or translated bears now. */
static void take_marking(struct checking *c, struct batch_ref ref)
{
    if (ref.kind == BATCH_NONE)
        return;
    const struct batch_entry of = batch_refs_entry(c->with.batch, ref);
    c->row->marking = of.marking > c->row->marking ? of.marking : c->row->marking;
    c->row->tlp = of.tlp > c->row->tlp ? of.tlp : c->row->tlp;
}

static enum gmm_err check_document(struct checking *c)
{
    struct batch_row *row = c->row;
    char title[LIMIT_TITLE_TEXT + 1];
    enum record_marking marking = RECORD_UNCLASSIFIED;
    enum record_tlp tlp = RECORD_TLP_NONE;
    const char *words = given(c, MARKING) ? c->cells[MARKING] : c->options->marking;
    row->lang = given(c, LANG)             ? c->cells[LANG]
                : c->options->lang != NULL ? c->options->lang
                                           : post_default_lang(c->with.node);
    row->lang_assumed = !given(c, LANG) && c->options->lang == NULL;
    enum gmm_err err = post_check_lang(row->lang, c->with.msg);
    if (err == GMM_OK)
        err = post_read_marking(words, &marking, &tlp, c->with.msg);
    if (err == GMM_OK)
        err = check_symbol(c);
    if (err == GMM_OK)
        err = check_relations(c);
    if (err == GMM_OK)
        err = place_symbol(c);
    if (err == GMM_OK)
        err = post_read_title(title, given(c, TITLE) ? c->cells[TITLE] : NULL, base_name(row->path), row->symbol,
                              c->with.msg);
    row->marking = (uint8_t)marking;
    row->tlp = (uint8_t)tlp;
    if (err == GMM_OK && words == NULL) {
        take_marking(c, row->revises);
        take_marking(c, row->translates);
    }
    return err == GMM_OK ? check_audience(c) : err;
}

/* ---- notes */

static enum gmm_err check_position(struct checking *c)
{
    const char *word = c->cells[POSITION];
    /* An answer without a position of its own. */
    if (strcmp(word, "reply") == 0 && c->row->parent.kind == BATCH_NONE)
        return gmm_fail(c->with.msg, GMM_EUSAGE, "a reply needs the note that it answers in the column parent");
    int position = word[0] == '\0' || strcmp(word, "reply") == 0 ? 0 : record_position_from_text(word);
    if (position < 0)
        return gmm_fail(c->with.msg, GMM_EUSAGE, "'%s' is neither a position nor a disposition", word);
    c->row->position = (uint8_t)position;
    return GMM_OK;
}

static enum gmm_err check_anchor(struct checking *c)
{
    const char *text = c->cells[ANCHOR];
    char *end;
    if (text[0] == '\0')
        return GMM_OK;
    unsigned long para = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || para > UINT32_MAX)
        return gmm_fail(c->with.msg, GMM_EUSAGE, "'%s' is no paragraph's number", text);
    c->row->para = (uint32_t)para;
    return GMM_OK;
}

static enum gmm_err check_note(struct checking *c)
{
    struct batch_row *row = c->row;
    struct batch_ref about;
    const char *text = given(c, PARENT) ? c->cells[PARENT] : c->cells[SYMBOL];
    row->note = true;
    row->lang = c->cells[LANG];
    row->symbol = "";
    if (text[0] == '\0')
        return gmm_fail(c->with.msg, GMM_EUSAGE, "a note needs a document: the column parent, or symbol");
    enum gmm_err err = given(c, LANG) ? post_check_lang(row->lang, c->with.msg) : GMM_OK;
    if (err == GMM_OK)
        err = batch_refs_find(&c->with, text, &about);
    if (err != GMM_OK)
        return err;
    struct batch_entry entry = batch_refs_entry(c->with.batch, about);
    row->document = entry.note ? entry.document : about;
    if (entry.note)
        row->parent = about;
    row->audience = entry.audience;
    err = check_position(c);
    return err == GMM_OK ? check_anchor(c) : err;
}

/* ---- rows */

static enum gmm_err check_path(struct checking *c)
{
    const char *name = base_name(c->row->path);
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return gmm_fail(c->with.msg, GMM_EUSAGE, "the column path names no file");
    if (strlen(name) > LIMIT_FILE_NAME)
        return gmm_fail(c->with.msg, GMM_EUSAGE, "a file's name has at most %u bytes", LIMIT_FILE_NAME);
    return GMM_OK;
}

/* "Same key, same id": what an earlier run posted is not posted again. */
static void check_once(struct checking *c)
{
    struct batch_row *row = c->row;
    struct projection_item item;
    char key[512];
    if (given(c, ONCE))
        post_once_key(c->with.node, row->once, c->cells[ONCE]);
    else if (c->options->once != NULL && snprintf(key, sizeof key, "%s/%u", c->options->once, c->index) > 0)
        post_once_key(c->with.node, row->once, key);
    row->has_once = given(c, ONCE) || c->options->once != NULL;
    row->done = row->has_once && store_get_once(c->with.node->store, row->once, &row->id) == GMM_OK;
    if (row->done && projection_get(c->with.node->projection, &row->id, &item) == GMM_OK) {
        row->version = item.version;
        projection_item_close(&item);
    }
}

static enum gmm_err check_row(struct checking *c)
{
    struct batch *b = c->with.batch;
    uint32_t other;
    c->row->path = c->cells[PATH];
    c->row->title = c->cells[TITLE];
    enum gmm_err err = check_path(c);
    if (err != GMM_OK)
        return err;
    check_once(c);
    if (!given(c, KIND) || strcmp(c->cells[KIND], "document") == 0)
        err = check_document(c);
    else if (strcmp(c->cells[KIND], "note") == 0)
        err = check_note(c);
    else
        err = gmm_fail(c->with.msg, GMM_EUSAGE, "'%s' is no kind: document or note", c->cells[KIND]);
    if (err != GMM_OK || !given(c, ID))
        return err;
    if (textmap_get(&b->ids, c->cells[ID], &other))
        return gmm_fail(c->with.msg, GMM_EUSAGE, "the id '%s' stands in the table twice", c->cells[ID]);
    return textmap_put(&b->ids, c->cells[ID], c->index);
}

static enum gmm_err check_rows(struct checking *c, struct tsv *tsv)
{
    struct batch *b = c->with.batch;
    enum gmm_err err;
    for (bool more = true;;) {
        void *items = b->rows;
        if ((err = tsv_next(tsv, c->cells, &more, c->with.msg)) != GMM_OK || !more)
            return err;
        if (!batches_grow(&items, b->row_count, &b->row_capacity, sizeof *b->rows))
            return GMM_ENOMEM;
        b->rows = items;
        c->row = &b->rows[b->row_count];
        c->index = (uint32_t)b->row_count;
        *c->row = (struct batch_row){.lang = "", .symbol = ""};
        err = check_row(c);
        if (err != GMM_OK) {
            struct gmm_msg why = *c->with.msg;
            return gmm_fail(c->with.msg, err, "line %zu: %s", tsv->line,
                            why.text[0] == '\0' ? gmm_err_text(err) : why.text);
        }
        b->row_count++;
    }
}

/* Words that the options name live as long as the batch. */
static enum gmm_err keep_options(struct batch *b, const struct batch_options *options, struct batch_options *kept)
{
    const char *const from[] = {options->to, options->lang, options->marking, options->once};
    const char **const to[] = {&kept->to, &kept->lang, &kept->marking, &kept->once};
    for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
        *to[i] = from[i] == NULL ? NULL : batches_keep_text(b, from[i]);
        if (from[i] != NULL && *to[i] == NULL)
            return GMM_ENOMEM;
    }
    b->person = strdup(options->person == NULL ? "" : options->person);
    return b->person == NULL ? GMM_ENOMEM : GMM_OK;
}

enum gmm_err batch_check(struct node *node, char *text, size_t len, const struct batch_options *options,
                         struct batch **out, json_t *choices, struct gmm_msg *msg)
{
    struct batch_options kept = {0};
    struct gmm_msg own = {.text = ""};
    struct tsv tsv;
    bool has[COLUMNS];
    *out = NULL;
    struct batch *b = calloc(1, sizeof *b);
    if (b == NULL) {
        free(text);
        return GMM_ENOMEM;
    }
    b->text = text;
    struct checking c = {.with = {node, b, choices, msg == NULL ? &own : msg}, .options = &kept};
    enum gmm_err err = keep_options(b, options, &kept);
    if (err == GMM_OK)
        err = tsv_open(&tsv, text, len, column_names, COLUMNS, has, c.with.msg);
    if (err == GMM_OK && !has[PATH])
        err = gmm_fail(c.with.msg, GMM_EUSAGE, "line 1: no column 'path'; the first line names the columns");
    if (err == GMM_OK)
        err = check_rows(&c, &tsv);
    if (err == GMM_OK && b->row_count == 0)
        err = gmm_fail(c.with.msg, GMM_EUSAGE, "the table has no row");
    if (err == GMM_OK)
        *out = b;
    else
        batches_free(b);
    return err;
}

size_t batch_assumed(const struct batch *batch)
{
    size_t count = 0;
    for (size_t i = 0; i < batch->row_count; i++)
        count += batch->rows[i].lang_assumed;
    return count;
}

void batch_count(const struct batch *batch, size_t *documents, size_t *notes, size_t *wide)
{
    *documents = *notes = *wide = 0;
    for (size_t i = 0; i < batch->row_count; i++) {
        const struct batch_row *row = &batch->rows[i];
        *notes += row->note;
        *documents += !row->note;
        *wide += !row->note && (row->marking > RECORD_UNCLASSIFIED || batch->audiences[row->audience].wide);
    }
}
