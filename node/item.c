#include "node/item.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/groups.h"
#include "node/lang.h"
#include "node/reply.h"

static const struct {
    uint16_t type;
    const char *kind;
} kinds[] = {
    {HEADER_DOCUMENT, "document"}, {HEADER_NOTE, "note"}, {HEADER_RELEASE, "release"}, {HEADER_PRACTICE, "practice"}};

const char *item_kind(uint16_t type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].type == type)
            return kinds[i].kind;
    return NULL;
}

uint16_t item_type(const char *kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            return kinds[i].type;
    return 0;
}

json_t *item_text(const char *text)
{
    return text == NULL || text[0] == '\0' ? json_null() : render_json_text(text);
}

json_t *item_id(const struct gmm_id *id)
{
    return id_is_zero(id) ? json_null() : reply_id(id);
}

json_t *item_author(struct node *node, const struct gmm_id *sign_pk, const char *person)
{
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    const struct view_office *office = view == NULL ? NULL : view_office(view, sign_pk);
    const struct view_participant *p = office == NULL ? NULL : view_participant(view, &office->pid);
    return json_pack("{s:o, s:o, s:o}", "participant", item_text(p == NULL ? NULL : p->id), "office",
                     item_text(office == NULL ? NULL : office->office), "person", item_text(person));
}

json_t *item_group(struct node *node, const struct gmm_id *gid)
{
    char *name = NULL;
    if (groups_name(node, gid, &name) != GMM_OK)
        return NULL;
    json_t *text = item_text(name);
    free(name);
    return text;
}

bool item_set_marking(json_t *object, const struct marking *marking)
{
    json_t *level = marking == NULL ? json_null() : item_text(record_marking_text(marking->marking));
    json_t *tlp = marking == NULL ? json_null() : item_text(record_tlp_text(marking->tlp));
    bool set = json_object_set_new(object, "marking", level) == 0;
    return json_object_set_new(object, "tlp", tlp) == 0 && set;
}

bool item_set_marking_of(json_t *object, struct node *node, const struct projection_item *item,
                         struct marking_memo *memo)
{
    struct marking now;
    return item_set_marking(object, marking_of_entry(node, item, memo, &now) ? &now : NULL);
}

void item_marking_render(const json_t *object, struct render *out)
{
    render_word(out, "Marking", json_string_value(json_object_get(object, "marking")));
    render_field(out, "Onward", json_string_value(json_object_get(object, "tlp")));
}

const char *item_marking_text(const json_t *object, char out[ITEM_MARKING_BYTES])
{
    const char *level = reply_text(object, "marking"), *tlp = reply_text(object, "tlp");
    snprintf(out, ITEM_MARKING_BYTES, "%s%s%s", level[0] == '\0' ? "" : lang_word(level),
             level[0] == '\0' || tlp[0] == '\0' ? "" : ", ", tlp);
    return out;
}

json_t *item_json(struct node *node, const struct projection_item *item, struct marking_memo *memo)
{
    const char *kind = item_kind(item->type);
    bool document = item->type == HEADER_DOCUMENT;
    json_t *row = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o}", "id", reply_id(&item->id), "kind", item_text(kind),
        "symbol", item_text(item->symbol), "title", item_text(item->title), "lang", item_text(item->lang), "version",
        document ? json_integer(item->version) : json_null(), "group", item_group(node, &item->gid), "author",
        item_author(node, &item->author, item->person), "time", render_json_time(item->time_ms), "bytes",
        (json_int_t)item->bytes, "document", item_id(&item->document));
    if (row != NULL && item_set_marking_of(row, node, item, memo))
        return row;
    json_decref(row);
    return NULL;
}
