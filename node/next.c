#include "node/next.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "node/post.h"

static bool is_plain(const char *symbol)
{
    if (symbol == NULL || symbol[0] == '\0' || symbol[0] == '-' || strlen(symbol) >= NEXT_REF)
        return false;
    for (const char *at = symbol; *at != '\0'; at++)
        if ((unsigned char)*at >= 0x80 || (!isalnum((unsigned char)*at) && strchr("._/-", *at) == NULL))
            return false;
    return true;
}

void next_id(char out[NEXT_REF], const struct gmm_id *id)
{
    char hex[GMM_ID_HEX + 1];
    id_to_hex(id, hex);
    snprintf(out, NEXT_REF, "%.12s", hex);
}

void next_ref(char out[NEXT_REF], const struct projection_item *item)
{
    if (is_plain(item->symbol))
        snprintf(out, NEXT_REF, "%s", item->symbol);
    else
        next_id(out, &item->id);
}

static const struct consult_invited *ours(const struct node *node, const struct consult *consult)
{
    for (size_t i = 0; i < consult->invited_count; i++)
        if (id_equal(&consult->invited[i].pid, node_pid(node)))
            return &consult->invited[i];
    return NULL;
}

/* In any language; *own: there is a text in the office's. */
static bool is_read(const struct consulting *c, const struct consult *consult, bool *own)
{
    bool read = false;
    *own = false;
    for (size_t i = 0; i < c->text_count; i++) {
        struct projection_item item;
        if (c->texts[i].version != consult->version ||
            projection_get(c->node->projection, &c->texts[i].id, &item) != GMM_OK)
            continue;
        bool mine = id_equal(&item.author, &c->node->keystore->sign_pk); /* who wrote it has read it */
        read = read || mine || item.opened_ms != 0;
        *own = *own || (!id_is_zero(&item.translates) && item.lang != NULL &&
                        read_lang_is(item.lang, post_default_lang(c->node), true));
        projection_item_close(&item);
    }
    return read;
}

void next_of_consultation(char out[NEXT_COMMAND], const struct consulting *c, const struct consult *consult)
{
    char ref[NEXT_REF];
    bool own;
    const struct consult_invited *one = ours(c->node, consult);
    next_ref(ref, &c->document);
    bool coordinates = id_equal(&consult->coordinator, node_pid(c->node));
    if (one == NULL || one->position != 0)
        snprintf(out, NEXT_COMMAND, "gmm %s %s", coordinates ? "matrix" : "consult show", ref);
    else if (is_read(c, consult, &own))
        snprintf(out, NEXT_COMMAND, "gmm note %s --para N --position POSITION TEXT", ref);
    else if (own)
        snprintf(out, NEXT_COMMAND, "gmm get %s --lang %s", ref, post_default_lang(c->node));
    else
        snprintf(out, NEXT_COMMAND, "gmm get %s", ref);
}

/* Most documents are not consulted on: a look into an index tells. */
static bool is_named(struct node *node, const struct projection_item *document)
{
    bool named = false;
    const struct gmm_id *original = id_is_zero(&document->translates) ? &document->id : &document->translates;
    return projection_is_named(node->projection, original, HEADER_CONSULT, &named) == GMM_OK && named;
}

bool next_is_comment(struct node *node, const struct projection_item *document)
{
    struct consulting c;
    char hex[GMM_ID_HEX + 1];
    if (document->type != HEADER_DOCUMENT || !is_named(node, document))
        return false;
    id_to_hex(&document->id, hex);
    bool awaited = false;
    if (consulting_open(node, hex, &c, NULL, NULL) == GMM_OK && consulting_last(&c) != NULL) {
        const struct consult *last = consulting_last(&c);
        const struct consult_invited *one = ours(node, last);
        awaited =
            consulting_is_running(last) && one != NULL && one->position == 0 && last->version == document->version;
    }
    consulting_close(&c);
    return awaited;
}
