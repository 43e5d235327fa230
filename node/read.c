#include "node/read.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "node/embargoes.h"
#include "node/erased.h"
#include "node/item.h"
#include "node/reply.h"
#include "node/times.h"
#include "proto/record_care.h"
#include "proto/record_consult.h"

#define PREFIX_DIGITS 8u
#define PREFIX_MATCHES 64u

bool read_lang_is(const char *tag, const char *wanted, bool loose)
{
    size_t n = strlen(wanted);
    return strncasecmp(tag, wanted, n) == 0 && (tag[n] == '\0' || (loose && tag[n] == '-'));
}

/* ---- the texts of a symbol */

struct texts {
    struct read_text *texts;
    size_t count, capacity;
};

static enum gmm_err collect_text(void *arg, const struct projection_item *item)
{
    struct texts *t = arg;
    if (item->type != HEADER_DOCUMENT)
        return GMM_OK;
    if (t->count == t->capacity) {
        size_t capacity = t->capacity == 0 ? 8 : 2 * t->capacity;
        struct read_text *more = realloc(t->texts, capacity * sizeof *more);
        if (more == NULL)
            return GMM_ENOMEM;
        t->texts = more;
        t->capacity = capacity;
    }
    struct read_text *text = &t->texts[t->count++];
    *text = (struct read_text){.id = item->id,
                               .translates = item->translates,
                               .revises = item->revises,
                               .merges = item->parent,
                               .gid = item->gid,
                               .author = item->author,
                               .version = item->version,
                               .time = projection_item_time(item)};
    if (item->lang != NULL && strlen(item->lang) < sizeof text->lang)
        memcpy(text->lang, item->lang, strlen(item->lang));
    return GMM_OK;
}

static int compare_texts(const void *a, const void *b)
{
    const struct read_text *x = a, *y = b;
    bool x_translated = !id_is_zero(&x->translates), y_translated = !id_is_zero(&y->translates);
    if (x->version != y->version)
        return x->version > y->version ? -1 : 1;
    if (x_translated != y_translated)
        return x_translated ? 1 : -1;
    if (x->time != y->time)
        return x->time > y->time ? -1 : 1;
    return id_compare(&x->id, &y->id);
}

enum gmm_err read_texts(struct node *node, const char *symbol, struct read_text **texts, size_t *count)
{
    struct texts t = {0};
    enum gmm_err err = projection_by_symbol(node->projection, symbol, collect_text, &t);
    *texts = NULL;
    *count = 0;
    if (err != GMM_OK && err != GMM_ENOTFOUND) {
        free(t.texts);
        return err;
    }
    if (t.count > 1)
        qsort(t.texts, t.count, sizeof *t.texts, compare_texts);
    *texts = t.texts;
    *count = t.count;
    return GMM_OK;
}

bool read_is_head(const struct read_text *texts, size_t count, size_t at)
{
    for (size_t i = 0; i < count; i++)
        if (i != at && id_is_zero(&texts[i].translates) &&
            (id_equal(&texts[i].revises, &texts[at].id) || id_equal(&texts[i].merges, &texts[at].id)))
            return false;
    return id_is_zero(&texts[at].translates);
}

/* ---- references */

static void offer(struct node *node, json_t *choices, const struct gmm_id *id)
{
    struct projection_item item;
    if (choices == NULL || projection_get(node->projection, id, &item) != GMM_OK)
        return;
    bool document = item.type == HEADER_DOCUMENT;
    json_array_append_new(choices,
                          json_pack("{s:o, s:o, s:o, s:o, s:o}", "id", reply_id(id), "kind",
                                    item_text(item_kind(item.type)), "title", item_text(item.title), "version",
                                    document ? json_integer(item.version) : json_null(), "lang", item_text(item.lang)));
    projection_item_close(&item);
}

/* The first and last text of this version; false: there is none. */
static bool version_range(const struct read_found *f, uint32_t version, size_t *first, size_t *end)
{
    *first = 0;
    while (*first < f->text_count && f->texts[*first].version != version)
        ++*first;
    *end = *first;
    while (*end < f->text_count && f->texts[*end].version == version)
        ++*end;
    return *end > *first;
}

static size_t count_originals(const struct read_found *f, size_t first, size_t end, const char *lang)
{
    size_t count = 0;
    for (size_t i = first; i < end; i++)
        count += id_is_zero(&f->texts[i].translates) && (lang == NULL || read_lang_is(f->texts[i].lang, lang, false));
    return count;
}

/* Translations of one version: the latest of a language counts. Originals: two of one version are two documents until
 * somebody supersedes both, and which one is meant must be said. */
static const struct read_text *choose_text(struct read_found *f, size_t first, size_t end, const char *lang,
                                           bool *ambiguous)
{
    for (int loose = 0; lang != NULL && loose < 2; loose++)
        for (size_t i = first; i < end; i++)
            if (read_lang_is(f->texts[i].lang, lang, loose != 0)) {
                *ambiguous =
                    id_is_zero(&f->texts[i].translates) && count_originals(f, first, end, f->texts[i].lang) > 1;
                return &f->texts[i];
            }
    f->other_lang = lang != NULL;
    *ambiguous = count_originals(f, first, end, NULL) > 1;
    return &f->texts[first];
}

static enum gmm_err find_in_symbol(struct node *node, const char *ref, const struct read_want *want,
                                   struct read_found *out, json_t *choices, struct gmm_msg *msg)
{
    size_t first, end;
    bool ambiguous = false;
    uint32_t version = want->version != 0 ? want->version : out->texts[0].version;
    if (!version_range(out, version, &first, &end))
        return gmm_fail(msg, GMM_ENOTFOUND, "'%s' has no version %u here; the newest is %u", ref, version,
                        out->texts[0].version);
    const struct read_text *text = choose_text(out, first, end, want->lang, &ambiguous);
    if (ambiguous) {
        for (size_t i = first; i < end; i++)
            if (id_is_zero(&out->texts[i].translates))
                offer(node, choices, &out->texts[i].id);
        return gmm_fail(msg, GMM_EAMBIGUOUS, "two documents are version %u of '%s'; name one by its id", version, ref);
    }
    out->newest = out->texts[0].version;
    return projection_get(node->projection, &text->id, &out->item);
}

static bool is_prefix(const char *ref)
{
    size_t n = strlen(ref);
    return n >= PREFIX_DIGITS && n <= GMM_ID_HEX && strspn(ref, "0123456789abcdefABCDEF") == n;
}

/* Only what the catalogue shows counts: entries that we cannot read are as unknown. */
static enum gmm_err find_by_id(struct node *node, const char *ref, struct read_found *out, json_t *choices,
                               struct gmm_msg *msg)
{
    struct gmm_id ids[PREFIX_MATCHES], found = {{0}};
    char hex[GMM_ID_HEX + 1] = "";
    size_t count = 0, readable = 0;
    for (size_t i = 0; ref[i] != '\0'; i++)
        hex[i] = ref[i] >= 'A' && ref[i] <= 'F' ? (char)(ref[i] - 'A' + 'a') : ref[i];
    enum gmm_err err = store_find_prefix(node->store, hex, ids, PREFIX_MATCHES, &count);
    for (size_t i = 0; err == GMM_OK && i < count && i < PREFIX_MATCHES; i++) {
        struct projection_item item;
        enum gmm_err one = projection_get(node->projection, &ids[i], &item);
        if (one == GMM_OK && item_kind(item.type) != NULL) {
            found = ids[i];
            readable++;
        }
        if (one == GMM_OK)
            projection_item_close(&item);
        else if (one != GMM_ENOTFOUND)
            err = one;
    }
    for (size_t i = 0; err == GMM_OK && readable == 0 && i < count && i < PREFIX_MATCHES; i++)
        if ((err = erased_tell(node, &ids[i], ref, msg)) != GMM_OK)
            return err;
    if (err == GMM_ENOTFOUND || (err == GMM_OK && readable == 0))
        return gmm_fail(msg, GMM_ENOTFOUND, "nothing here is called '%s'", ref);
    if (err != GMM_OK)
        return err;
    if (readable > 1) {
        for (size_t i = 0; i < count && i < PREFIX_MATCHES; i++)
            offer(node, choices, &ids[i]);
        return gmm_fail(msg, GMM_EAMBIGUOUS, "%zu entries begin with '%s'; give more digits", readable, ref);
    }
    return projection_get(node->projection, &found, &out->item);
}

/* The one entry whose id begins so, which came without its body. */
bool read_find_apart(struct node *node, const char *ref, struct store_entry *out)
{
    struct gmm_id ids[PREFIX_MATCHES];
    char hex[GMM_ID_HEX + 1] = "";
    size_t count = 0;
    if (!is_prefix(ref))
        return false;
    for (size_t i = 0; ref[i] != '\0'; i++)
        hex[i] = ref[i] >= 'A' && ref[i] <= 'F' ? (char)(ref[i] - 'A' + 'a') : ref[i];
    if (store_find_prefix(node->store, hex, ids, PREFIX_MATCHES, &count) != GMM_OK || count != 1 ||
        store_load_entry(node->store, &ids[0], out) != GMM_OK)
        return false;
    if (out->body == NULL && bytes_load_u16(out->header + 2) >= 64 &&
        store_hidden_of(node->store, &out->id) == STORE_SHOWN)
        return true;
    store_entry_close(out);
    return false;
}

/* By id: exactly that version, but for another language or version of it that is asked for. */
static enum gmm_err adjust(struct node *node, const char *ref, const struct read_want *want, struct read_found *out,
                           json_t *choices, struct gmm_msg *msg)
{
    struct read_want wanted = *want;
    const char *lang = out->item.lang == NULL ? "" : out->item.lang;
    if (out->item.type != HEADER_DOCUMENT) {
        if (want->version != 0 || want->lang != NULL)
            return gmm_fail(msg, GMM_EUSAGE, "'%s' is a %s: only documents have versions and languages", ref,
                            item_kind(out->item.type));
        return GMM_OK;
    }
    out->newest = out->item.version;
    if (out->item.symbol != NULL) {
        enum gmm_err err = read_texts(node, out->item.symbol, &out->texts, &out->text_count);
        if (err != GMM_OK)
            return err;
        out->newest = out->text_count > 0 ? out->texts[0].version : out->item.version;
    }
    bool same_version = want->version == 0 || want->version == out->item.version;
    bool same_lang = want->lang == NULL || read_lang_is(lang, want->lang, true);
    if (same_version && same_lang)
        return GMM_OK;
    wanted.version = same_version ? out->item.version : want->version;
    if (out->text_count > 0) {
        projection_item_close(&out->item);
        out->item = (struct projection_item){0};
        return find_in_symbol(node, ref, &wanted, out, choices, msg);
    }
    if (!same_version)
        return gmm_fail(msg, GMM_ENOTFOUND, "'%s' has no version %u here", ref, want->version);
    out->other_lang = true;
    return GMM_OK;
}

enum gmm_err read_find(struct node *node, const char *ref, const struct read_want *want, struct read_found *out,
                       json_t *choices, struct gmm_msg *msg)
{
    static const struct read_want none = {0};
    *out = (struct read_found){0};
    if (want == NULL)
        want = &none;
    enum gmm_err err = read_texts(node, ref, &out->texts, &out->text_count);
    if (err == GMM_OK && out->text_count > 0) {
        out->by_symbol = true;
        err = find_in_symbol(node, ref, want, out, choices, msg);
    } else if (err == GMM_OK && is_prefix(ref)) {
        err = find_by_id(node, ref, out, choices, msg);
        if (err == GMM_OK)
            err = adjust(node, ref, want, out, choices, msg);
    } else if (err == GMM_OK) {
        err = gmm_fail(msg, GMM_ENOTFOUND, "nothing here is called '%s'", ref);
    }
    if (err != GMM_OK)
        read_close(out);
    return err;
}

void read_close(struct read_found *found)
{
    projection_item_close(&found->item);
    free(found->texts);
    *found = (struct read_found){0};
}

/* ---- records */

bool read_is_note(uint16_t type)
{
    return type == HEADER_NOTE || type == HEADER_RELEASE;
}

static enum gmm_err take_document(struct node *node, struct read_record *out)
{
    enum gmm_err err = record_document_decode(&out->document, out->plain, out->len);
    return err == GMM_OK ? embargoes_lift(node, &out->header, &out->document) : err;
}

enum gmm_err read_uncovered(const struct read_record *record, struct gmm_msg *msg)
{
    char text[TIMES_TEXT_BYTES];
    if (!record_is_covered(&record->document))
        return GMM_OK;
    times_format(record->document.embargo_ms, text);
    return gmm_fail(msg, GMM_EDENIED,
                    "the document is under embargo until %s: wait until then; its author's office discloses it", text);
}

static enum gmm_err take_release(struct read_record *out)
{
    struct record_release r;
    enum gmm_err err = record_release_decode(&r, out->plain, out->len);
    if (err == GMM_OK)
        out->note = (struct record_note){.document = r.document,
                                         .para = r.para,
                                         .position = r.position,
                                         .text = r.text,
                                         .proposed = r.proposed,
                                         .lang = r.lang,
                                         .person = r.person};
    return err;
}

static enum gmm_err take_practice(struct read_record *out)
{
    struct record_practice r;
    enum gmm_err err = record_practice_decode(&r, out->plain, out->len);
    if (err == GMM_OK)
        out->note = (struct record_note){.text = r.text, .proposed = r.results, .lang = r.lang, .person = r.person};
    return err;
}

enum gmm_err read_record(struct node *node, const struct gmm_id *id, struct read_record *out, struct gmm_msg *msg)
{
    char hex[GMM_ID_HEX + 1];
    *out = (struct read_record){0};
    id_to_hex(id, hex);
    enum gmm_err err = node_open_record(node, id, &out->header, &out->plain, &out->len);
    if (err == GMM_OK && out->header.type == HEADER_DOCUMENT)
        err = take_document(node, out);
    else if (err == GMM_OK && out->header.type == HEADER_NOTE)
        err = record_note_decode(&out->note, out->plain, out->len);
    else if (err == GMM_OK && out->header.type == HEADER_RELEASE)
        err = take_release(out);
    else if (err == GMM_OK && out->header.type == HEADER_PRACTICE)
        err = take_practice(out);
    else if (err == GMM_OK || err == GMM_EUNKNOWN)
        err = GMM_ENOTFOUND;
    if (err == GMM_EDECRYPT || err == GMM_EFORMAT || err == GMM_ELIMIT)
        err = GMM_ECORRUPT;
    if (err == GMM_OK)
        return GMM_OK;
    read_record_close(out);
    return gmm_fail(msg, err, "entry %s: %s", hex, gmm_err_text(err));
}

void read_record_close(struct read_record *record)
{
    record_document_close(&record->document);
    seal_free(record->plain, record->len);
    *record = (struct read_record){0};
}
