#include "node/carried.h"

#include <stdlib.h>
#include <string.h>

#include "node/content.h"
#include "node/paragraphs.h"
#include "node/plaintext.h"

struct text {
    struct buffer plain;
    struct paragraphs paragraphs;
    bool readable;
};
/* From one earlier text to that of its language, or else the original, of the version that is shown. */
struct way {
    bool made, known;
    struct text from, to;
    struct paragraphs_step *steps;
    size_t count;
};
struct carried {
    struct node *node;
    const struct read_found *found;
    struct way *ways; /* one for each of found's texts, made when it is asked for */
};

static void text_close(struct text *t)
{
    buffer_close(&t->plain);
    paragraphs_close(&t->paragraphs);
}

enum gmm_err carried_open(struct carried **out, struct node *node, const struct read_found *found)
{
    struct carried *c = calloc(1, sizeof *c);
    *out = c;
    if (c == NULL)
        return GMM_ENOMEM;
    *c = (struct carried){node, found, calloc(found->text_count + 1, sizeof *c->ways)};
    return c->ways == NULL ? GMM_ENOMEM : GMM_OK;
}

void carried_close(struct carried *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; c->ways != NULL && i < c->found->text_count; i++) {
        if (!c->ways[i].made)
            continue;
        text_close(&c->ways[i].from);
        text_close(&c->ways[i].to);
        free(c->ways[i].steps);
    }
    free(c->ways);
    free(c);
}

/* What cannot be read is no error: it cannot be compared. */
static enum gmm_err read_text(struct node *node, const struct gmm_id *id, struct text *out)
{
    struct read_record record;
    char name[LIMIT_FILE_NAME + 1] = "";
    uint8_t *bytes = NULL;
    size_t len = 0;
    buffer_init(&out->plain, 2u * PLAINTEXT_MAX);
    enum gmm_err err = read_record(node, id, &record, NULL);
    if (err != GMM_OK)
        return err == GMM_ENOMEM ? err : GMM_OK;
    if (record.document.name.len > 0)
        memcpy(name, record.document.name.p, record.document.name.len);
    err = record.header.type == HEADER_DOCUMENT && read_uncovered(&record, NULL) == GMM_OK
              ? content_read(node, &record.header.group, &record.document.content, PLAINTEXT_MAX, &bytes, &len, NULL)
              : GMM_EABSENT;
    if (err == GMM_OK && plaintext_is_text(bytes, len)) {
        err = plaintext_append(&out->plain, name, bytes, len);
        if (err == GMM_OK)
            err = paragraphs_split(&out->paragraphs, (const char *)out->plain.p, out->plain.len,
                                   plaintext_is_html(name, bytes, len));
        out->readable = err == GMM_OK;
    }
    free(bytes);
    read_record_close(&record);
    return err == GMM_ENOMEM ? err : GMM_OK;
}

static const struct read_text *counterpart(const struct read_found *found, const struct read_text *old)
{
    const struct read_text *original = NULL;
    for (size_t i = 0; i < found->text_count; i++) {
        const struct read_text *t = &found->texts[i];
        if (t->version != found->item.version)
            continue;
        if (strcmp(t->lang, old->lang) == 0)
            return t;
        if (original == NULL && id_is_zero(&t->translates))
            original = t;
    }
    return original;
}

/* A translation that has no successor in its language yet: its paragraphs bear the numbers of what it translates. */
static const struct read_text *comparable(const struct read_found *found, const struct read_text *old,
                                          const struct read_text *now)
{
    if (now == NULL || strcmp(now->lang, old->lang) == 0)
        return old;
    for (size_t i = 0; i < found->text_count; i++)
        if (id_equal(&found->texts[i].id, &old->translates))
            return &found->texts[i];
    return old;
}

static enum gmm_err make_way(struct carried *c, size_t at)
{
    struct way *way = &c->ways[at];
    const struct read_text *noted = &c->found->texts[at], *now = counterpart(c->found, noted);
    const struct read_text *old = comparable(c->found, noted, now);
    if (way->made)
        return GMM_OK;
    way->made = true;
    enum gmm_err err = read_text(c->node, &old->id, &way->from);
    if (err == GMM_OK && now != NULL)
        err = read_text(c->node, &now->id, &way->to);
    way->known = err == GMM_OK && way->from.readable && way->to.readable;
    if (way->known)
        err = paragraphs_compare(&way->from.paragraphs, &way->to.paragraphs, &way->steps, &way->count);
    return err;
}

enum gmm_err carried_para(struct carried *c, const struct gmm_id *document, uint32_t *para, uint32_t *version,
                          enum carried_state *state)
{
    size_t at = 0;
    while (at < c->found->text_count && !id_equal(&c->found->texts[at].id, document))
        at++;
    *state = CARRIED_HERE;
    *version = at == c->found->text_count ? 0 : c->found->texts[at].version;
    if (*version == 0 || *version >= c->found->item.version || *para == 0)
        return GMM_OK;
    enum gmm_err err = make_way(c, at);
    const struct way *way = &c->ways[at];
    if (err != GMM_OK || !way->known) {
        *state = CARRIED_UNKNOWN;
        return err;
    }
    size_t now = paragraphs_follow(&way->from.paragraphs, way->steps, way->count, *para);
    *state = now == PARAGRAPHS_NONE ? CARRIED_ORPHAN : CARRIED_ON;
    if (now != PARAGRAPHS_NONE)
        *para = way->to.paragraphs.list[now].number;
    return GMM_OK;
}
