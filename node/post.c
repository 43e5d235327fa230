#include "node/post.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "keys/chunk.h"
#include "keys/labels.h"
#include "keys/text.h"
#include "node/content.h"
#include "node/embargoes.h"
#include "node/marking.h"
#include "node/read.h"
#include "node/render.h"

#define RECORD_BYTES (2u << 20) /* more than a body holds, so that the body's own limit is the one that is named */

/* ---- words */

void post_once_key(struct node *node, uint8_t out[32], const char *key)
{
    hash_k(out, node->keystore->node, LABEL_ONCE, key, strlen(key));
}

const char *post_default_lang(const struct node *node)
{
    return node->config.lang[0] == '\0' ? "en" : node->config.lang;
}

static struct record_text text_of(const char *text)
{
    return text == NULL ? (struct record_text){0} : (struct record_text){text, strlen(text)};
}

static enum gmm_err read_marking_word(const char *word, enum record_marking *marking, enum record_tlp *tlp,
                                      struct gmm_msg *msg)
{
    int level = record_marking_from_text(word), onward = record_tlp_from_text(word);
    if (level < 0 && onward < 0)
        return gmm_fail(msg, GMM_EUSAGE,
                        "'%s' is no marking: unclassified, confidential, strictly-confidential; or TLP:CLEAR, "
                        "TLP:GREEN, TLP:AMBER, TLP:AMBER+STRICT, TLP:RED",
                        word);
    if (level >= 0)
        *marking = (enum record_marking)level;
    else
        *tlp = (enum record_tlp)onward;
    return GMM_OK;
}

enum gmm_err post_read_marking(const char *text, enum record_marking *marking, enum record_tlp *tlp,
                               struct gmm_msg *msg)
{
    char word[64];
    *marking = RECORD_UNCLASSIFIED;
    *tlp = RECORD_TLP_NONE;
    for (const char *at = text; at != NULL && *at != '\0';) {
        size_t n = strcspn(at, ","), len = n;
        while (len > 0 && at[len - 1] == ' ')
            len--;
        size_t skip = strspn(at, " ") < len ? strspn(at, " ") : len;
        if (len - skip >= sizeof word)
            return gmm_fail(msg, GMM_EUSAGE, "'%.80s' is no marking", at);
        memcpy(word, at + skip, len - skip);
        word[len - skip] = '\0';
        enum gmm_err err = read_marking_word(word, marking, tlp, msg);
        if (err != GMM_OK)
            return err;
        at += n + (at[n] == ',');
    }
    return GMM_OK;
}

enum gmm_err post_check_lang(const char *lang, struct gmm_msg *msg)
{
    size_t part = 0, len = strlen(lang);
    bool good = len > 0 && len <= LIMIT_LANG_TEXT && isalpha((unsigned char)lang[0]);
    for (size_t i = 0; good && i < len; i++) {
        part = lang[i] == '-' ? 0 : part + 1;
        good = lang[i] == '-' ? i > 0 && lang[i - 1] != '-' && i + 1 < len
                              : isalnum((unsigned char)lang[i]) != 0 && part <= 8;
    }
    return good ? GMM_OK
                : gmm_fail(msg, GMM_EUSAGE, "'%.80s' is no language tag: write it as fr, pt-BR or zh-Hans", lang);
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

enum gmm_err post_read_symbol(char out[LIMIT_SYMBOL_TEXT + 1], const char *text, struct gmm_msg *msg)
{
    size_t len = strlen(text), skip = strspn(text, " ");
    while (len > skip && text[len - 1] == ' ')
        len--;
    if (len == skip)
        return gmm_fail(msg, GMM_EUSAGE, "a symbol is not empty; leave --symbol out for none");
    if (len - skip > LIMIT_SYMBOL_TEXT)
        return gmm_fail(msg, GMM_EUSAGE, "a symbol has at most %u bytes, this one has %zu", LIMIT_SYMBOL_TEXT,
                        len - skip);
    if (has_control(text) || !bytes_is_utf8(text, len))
        return gmm_fail(msg, GMM_EUSAGE, "a symbol is a line of text without control characters");
    memcpy(out, text + skip, len - skip);
    out[len - skip] = '\0';
    return GMM_OK;
}

enum gmm_err post_read_title(char out[LIMIT_TITLE_TEXT + 1], const char *title, const char *name, const char *symbol,
                             struct gmm_msg *msg)
{
    json_t *escaped = NULL;
    if (title == NULL && name != NULL && name[0] != '\0') {
        escaped = render_json_text(name);
        title = json_string_value(escaped);
        if (title == NULL) {
            json_decref(escaped);
            return GMM_ENOMEM;
        }
    }
    if (title == NULL)
        title = symbol != NULL && symbol[0] != '\0' ? symbol : "untitled";
    size_t len = strlen(title);
    enum gmm_err err = GMM_OK;
    if (len > LIMIT_TITLE_TEXT || !bytes_is_utf8(title, len))
        err = gmm_fail(msg, GMM_EUSAGE, "a title is text of at most %u bytes, this one has %zu", LIMIT_TITLE_TEXT, len);
    else
        memcpy(out, title, len + 1);
    json_decref(escaped);
    return err;
}

/* ---- the plan */

static bool is_held(const struct read_text *texts, size_t count, uint32_t version, const char *lang)
{
    for (size_t i = 0; i < count; i++)
        if (texts[i].version == version && read_lang_is(texts[i].lang, lang, false))
            return true;
    return false;
}

/* A symbol that was not held: version 1. One that is held needs to be told how the two belong together. */
static enum gmm_err plan_new(struct node *node, struct post_plan *plan, struct gmm_msg *msg)
{
    struct read_text *texts = NULL;
    size_t count = 0;
    plan->version = 1;
    enum gmm_err err = plan->symbol[0] == '\0' ? GMM_OK : read_texts(node, plan->symbol, &texts, &count);
    if (err == GMM_OK && count > 0)
        err = gmm_fail(msg, GMM_EEXISTS,
                       "'%s' is held already (version %u, %s): post the next version with --revises, or another "
                       "language of it with --translates",
                       plan->symbol, texts[0].version, texts[0].lang[0] == '\0' ? _("no language") : texts[0].lang);
    free(texts);
    return err;
}

/* "A translation names the exact version it translates": the original of this version, when the symbol has one. */
static void find_original(const struct read_text *texts, size_t count, uint32_t version, struct gmm_id *id)
{
    for (size_t i = 0; i < count; i++)
        if (texts[i].version == version && id_is_zero(&texts[i].translates)) {
            *id = texts[i].id;
            return;
        }
}

static enum gmm_err find_document(struct node *node, const char *ref, struct read_found *found, json_t *choices,
                                  struct gmm_msg *msg)
{
    enum gmm_err err = read_find(node, ref, NULL, found, choices, msg);
    if (err == GMM_OK && found->item.type != HEADER_DOCUMENT) {
        read_close(found);
        err = gmm_fail(msg, GMM_EUSAGE, "'%s' is no document", ref);
    }
    return err;
}

/* Another symbol may be given (CRP.1 becomes CRP.1/Rev.1), but not one that names something else. */
static enum gmm_err take_symbol(struct node *node, const struct projection_item *of, struct post_plan *plan,
                                struct gmm_msg *msg)
{
    struct read_text *texts = NULL;
    size_t count = 0;
    const char *own = of->symbol == NULL ? "" : of->symbol;
    if (plan->symbol[0] == '\0') {
        snprintf(plan->symbol, sizeof plan->symbol, "%s", own);
        return GMM_OK;
    }
    enum gmm_err err = strcmp(plan->symbol, own) == 0 ? GMM_OK : read_texts(node, plan->symbol, &texts, &count);
    if (err == GMM_OK && count > 0)
        err = gmm_fail(msg, GMM_EEXISTS, "'%s' is held already and is not what is revised or translated", plan->symbol);
    free(texts);
    return err;
}

static enum gmm_err plan_revision(struct node *node, const struct post_request *request, struct post_plan *plan,
                                  struct read_found *found, json_t *choices, struct gmm_msg *msg)
{
    enum gmm_err err = find_document(node, request->revises, found, choices, msg);
    if (err == GMM_OK)
        err = take_symbol(node, &found->item, plan, msg);
    if (err != GMM_OK)
        return err;
    const struct projection_item *old = &found->item;
    if (old->version == UINT32_MAX)
        return gmm_fail(msg, GMM_ELIMIT, "'%s' has no next version", request->revises);
    if (request->lang == NULL && old->lang != NULL) {
        snprintf(plan->lang, sizeof plan->lang, "%s", old->lang);
        plan->lang_assumed = false;
    }
    plan->revises = old->id;
    plan->version = old->version + 1;
    if (old->symbol == NULL || strcmp(plan->symbol, old->symbol) != 0)
        return GMM_OK;
    if (is_held(found->texts, found->text_count, plan->version, plan->lang))
        return gmm_fail(msg, GMM_EEXISTS, "version %u of '%s' in %s is held already: revise that one", plan->version,
                        plan->symbol, plan->lang);
    if (!id_is_zero(&old->translates) && request->translates == NULL)
        find_original(found->texts, found->text_count, plan->version, &plan->translates);
    return GMM_OK;
}

/* Without a marking of its own a text is handled as what it revises or translates is now; of two as the graver one. */
static void inherit_marking(struct node *node, const struct projection_item *of, struct post_plan *plan)
{
    if (id_is_zero(&of->id))
        return;
    struct marking now = marking_of(node, of);
    if (now.marking > (unsigned)plan->marking)
        plan->marking = (enum record_marking)now.marking;
    if (now.tlp > (unsigned)plan->tlp)
        plan->tlp = (enum record_tlp)now.tlp;
}

/* Two versions that were posted at once have one successor. */
static enum gmm_err plan_merge(struct node *node, const struct post_request *request, struct post_plan *plan,
                               const struct read_found *revised, json_t *choices, struct gmm_msg *msg)
{
    struct read_found other;
    enum gmm_err err = find_document(node, request->merges, &other, choices, msg);
    const char *symbol = revised->item.symbol == NULL ? "" : revised->item.symbol;
    if (err == GMM_OK && (other.item.symbol == NULL || strcmp(other.item.symbol, symbol) != 0 ||
                          !id_equal(&other.item.gid, &revised->item.gid)))
        err = gmm_fail(msg, GMM_EUSAGE, "'%s' and '%s' are not versions of one document", request->revises,
                       request->merges);
    if (err == GMM_OK && !id_equal(&other.item.id, &plan->revises)) {
        plan->merges = other.item.id;
        if (other.item.version >= plan->version)
            plan->version = other.item.version + 1;
        if (request->marking == NULL)
            inherit_marking(node, &other.item, plan);
    }
    read_close(&other);
    return err;
}

static enum gmm_err plan_translation(struct node *node, const struct post_request *request, struct post_plan *plan,
                                     struct read_found *found, json_t *choices, struct gmm_msg *msg)
{
    enum gmm_err err = find_document(node, request->translates, found, choices, msg);
    if (err == GMM_OK)
        err = take_symbol(node, &found->item, plan, msg);
    if (err != GMM_OK)
        return err;
    const struct projection_item *original = &found->item;
    if (original->lang != NULL && read_lang_is(original->lang, plan->lang, false))
        return gmm_fail(msg, GMM_EUSAGE, "'%s' is in %s itself: say the translation's language with --lang",
                        request->translates, original->lang);
    if (plan->version != 0 && plan->version != original->version)
        return gmm_fail(msg, GMM_EUSAGE, "a translation of version %u cannot revise version %u", original->version,
                        plan->version - 1);
    plan->translates = original->id;
    plan->version = original->version;
    return GMM_OK;
}

/* --to, or the group of what is revised or translated. */
static enum gmm_err plan_audience(struct node *node, const struct post_request *request,
                                  const struct gmm_id *related_gid, struct post_plan *plan, json_t *choices,
                                  struct gmm_msg *msg)
{
    char hex[GMM_ID_HEX + 1];
    const char *const related = hex;
    if (request->to_count > 0)
        return groups_resolve(node, request->to, request->to_count, &plan->audience, choices, msg);
    if (id_is_zero(related_gid))
        return gmm_fail(msg, GMM_EUSAGE, "the audience is missing: --to names one group, or participants");
    id_to_hex(related_gid, hex);
    return groups_resolve(node, &related, 1, &plan->audience, choices, msg);
}

static enum gmm_err plan_words(struct node *node, const struct post_request *request, struct post_plan *plan,
                               struct gmm_msg *msg)
{
    const char *lang = request->lang == NULL ? post_default_lang(node) : request->lang;
    struct stat st;
    enum gmm_err err = post_check_lang(lang, msg);
    if (err == GMM_OK)
        snprintf(plan->lang, sizeof plan->lang, "%s", lang);
    plan->lang_assumed = request->lang == NULL;
    if (err == GMM_OK)
        err = post_read_marking(request->marking, &plan->marking, &plan->tlp, msg);
    if (err == GMM_OK && request->symbol != NULL)
        err = post_read_symbol(plan->symbol, request->symbol, msg);
    if (err == GMM_OK && request->attachment_count > LIMIT_ATTACHMENTS)
        err = gmm_fail(msg, GMM_EUSAGE, "a document has at most %u attachments", LIMIT_ATTACHMENTS);
    if (err == GMM_OK && (request->file.fd < 0 || fstat(request->file.fd, &st) != 0))
        err = gmm_fail(msg, GMM_EIO, "the file cannot be read");
    if (err == GMM_OK)
        plan->bytes = (uint64_t)st.st_size;
    return err;
}

enum gmm_err post_make_plan(struct node *node, const struct post_request *request, struct post_plan *out,
                            json_t *choices, struct gmm_msg *msg)
{
    struct read_found revised = {0}, translated = {0};
    *out = (struct post_plan){0};
    enum gmm_err err = plan_words(node, request, out, msg);
    if (err == GMM_OK && request->revises != NULL)
        err = plan_revision(node, request, out, &revised, choices, msg);
    if (err == GMM_OK && request->merges != NULL)
        err = plan_merge(node, request, out, &revised, choices, msg);
    if (err == GMM_OK && request->translates != NULL)
        err = plan_translation(node, request, out, &translated, choices, msg);
    if (err == GMM_OK && request->marking == NULL) {
        inherit_marking(node, &revised.item, out);
        inherit_marking(node, &translated.item, out);
    }
    if (err == GMM_OK && out->version == 0)
        err = plan_new(node, out, msg);
    out->embargo_ms = request->embargo_ms;
    /* The file's name may say what is under embargo. */
    if (err == GMM_OK)
        err = post_read_title(out->title, request->title, out->embargo_ms == 0 ? request->file.name : NULL, out->symbol,
                              msg);
    if (err == GMM_OK)
        err = plan_audience(node, request, request->revises != NULL ? &revised.item.gid : &translated.item.gid, out,
                            choices, msg);
    read_close(&revised);
    read_close(&translated);
    return err;
}

void post_plan_close(struct post_plan *plan)
{
    groups_audience_close(&plan->audience);
}

/* ---- the entry */

void post_fill_record(struct record_document *out, const struct post_plan *plan, const char *name, const char *person)
{
    *out = (struct record_document){
        .title = text_of(plan->title),
        .symbol = text_of(plan->symbol),
        .lang = text_of(plan->lang),
        .person = text_of(person),
        .name = text_of(name),
        .version = plan->version,
        .marking = plan->marking,
        .tlp = plan->tlp,
        .has_revises = !id_is_zero(&plan->revises),
        .has_merges = !id_is_zero(&plan->merges),
        .merges = plan->merges,
        .has_translates = !id_is_zero(&plan->translates),
        .revises = plan->revises,
        .translates = plan->translates,
    };
}

/* conv NULL: the group's chunk domain. */
static enum gmm_err store_contents(struct node *node, const struct gmm_id *gid, const uint8_t *conv,
                                   const struct post_request *request, struct record_document *doc, uint8_t **inlined,
                                   struct gmm_msg *msg)
{
    enum gmm_err err =
        content_store_apart(node, gid, conv, request->file.fd, MANIFEST_INLINE_BYTES, &doc->content, &inlined[0], msg);
    if (err == GMM_OK && request->attachment_count > 0) {
        doc->attachments = calloc(request->attachment_count, sizeof *doc->attachments);
        err = doc->attachments == NULL ? GMM_ENOMEM : GMM_OK;
    }
    for (size_t i = 0; i < request->attachment_count && err == GMM_OK; i++) {
        const struct post_file *file = &request->attachments[i];
        struct record_attachment *a = &doc->attachments[i];
        a->name = text_of(file->name[0] == '\0' ? "attachment" : file->name);
        err = content_store_apart(node, gid, conv, file->fd, LIMIT_INLINE_BYTES, &a->content, &inlined[i + 1], msg);
        doc->attachment_count += err == GMM_OK;
    }
    return err;
}

static enum gmm_err append_record(struct node *node, const struct gmm_id *gid, const struct record_document *doc,
                                  const uint8_t *once, bool shares, struct gmm_id *id, struct gmm_msg *msg)
{
    struct buffer record;
    buffer_init(&record, RECORD_BYTES);
    enum gmm_err err = record_document_encode(&record, doc);
    if (err == GMM_OK && shares)
        err = node_append_more(node, gid, HEADER_DOCUMENT, record.p, record.len, NULL, id, msg);
    else if (err == GMM_OK)
        err = node_append(node, gid, HEADER_DOCUMENT, record.p, record.len, once, id, msg);
    else
        gmm_fail(msg, err, "the document's record cannot be made: %s", gmm_err_text(err));
    buffer_close_wiped(&record);
    return err;
}

/* The document key is kept, and the record says what the covered one may. */
static enum gmm_err append_covered(struct node *node, const struct gmm_id *gid, const struct record_document *doc,
                                   const uint8_t key[EMBARGO_KEY_BYTES], uint64_t until_ms, const uint8_t *once,
                                   struct gmm_id *id, struct gmm_msg *msg)
{
    struct record_document outer = *doc;
    struct buffer sealed;
    const struct embargo_place place = {&directory_charter(engine_directory(node->engine))->nid, gid,
                                        &node->keystore->sign_pk};
    buffer_init(&sealed, RECORD_BYTES);
    enum gmm_err err = record_document_cover(&sealed, doc, key, &place);
    if (err != GMM_OK)
        gmm_fail(msg, err, "the document's record cannot be made: %s", gmm_err_text(err));
    else
        err = embargoes_keep(node, gid, key, until_ms);
    outer.name = (struct record_text){0};
    outer.content = (struct manifest){0};
    outer.attachments = NULL;
    outer.attachment_count = 0;
    outer.embargo_ms = until_ms;
    outer.sealed = sealed.p;
    outer.sealed_len = sealed.len;
    if (err == GMM_OK)
        err = append_record(node, gid, &outer, once, false, id, msg);
    buffer_close(&sealed);
    return err;
}

enum gmm_err post_publish(struct node *node, const struct post_request *request, struct post_plan *plan, bool shares,
                          struct gmm_id *id, struct gmm_msg *msg)
{
    struct record_document doc;
    uint8_t key[EMBARGO_KEY_BYTES], conv[32];
    enum gmm_err err = groups_make(node, &plan->audience, msg);
    if (err != GMM_OK)
        return err;
    uint8_t **inlined = calloc(request->attachment_count + 1, sizeof *inlined);
    if (inlined == NULL)
        return GMM_ENOMEM;
    post_fill_record(&doc, plan, request->file.name, request->person);
    if (plan->embargo_ms != 0) {
        randombytes_buf(key, sizeof key);
        chunk_domain(conv, key, &plan->audience.gid);
    }
    err = store_contents(node, &plan->audience.gid, plan->embargo_ms != 0 ? conv : NULL, request, &doc, inlined, msg);
    plan->bytes = doc.content.size;
    if (err == GMM_OK && plan->embargo_ms != 0)
        err = append_covered(node, &plan->audience.gid, &doc, key, plan->embargo_ms, request->once, id, msg);
    else if (err == GMM_OK)
        err = append_record(node, &plan->audience.gid, &doc, request->once, shares, id, msg);
    if (err != GMM_OK) {
        node_discard(node);
        content_forget(node, &plan->audience.gid, &doc.content);
        for (uint32_t i = 0; i < doc.attachment_count; i++)
            content_forget(node, &plan->audience.gid, &doc.attachments[i].content);
    }
    for (size_t i = 0; i <= request->attachment_count; i++)
        free(inlined[i]);
    free(inlined);
    sodium_memzero(key, sizeof key);
    sodium_memzero(conv, sizeof conv);
    record_document_close(&doc);
    return err;
}
