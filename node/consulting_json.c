#include "node/consulting_json.h"

#include <string.h>

#include "node/item.h"
#include "node/render.h"
#include "node/reply.h"

static json_t *position_json(unsigned position)
{
    return item_text(record_position_text(position));
}

/* Rows in the order of their participants' names: what people look for. */
static void insert(json_t *array, json_t *row, const char *key)
{
    const char *name = reply_text(row, key);
    size_t at = 0;
    while (at < json_array_size(array) && strcmp(reply_text(json_array_get(array, at), key), name) <= 0)
        at++;
    json_array_insert_new(array, at, row);
}

static json_t *invited_json(struct node *node, const struct consult *consult)
{
    json_t *array = json_array();
    for (size_t i = 0; i < consult->invited_count; i++) {
        const struct consult_invited *one = &consult->invited[i];
        insert(array,
               json_pack("{s:o, s:o, s:o, s:b, s:b, s:b, s:b}", "participant", consulting_participant(node, &one->pid),
                         "stored", render_json_time(one->stored_ms), "position", position_json(one->position),
                         "released", one->released, "cleared", one->cleared, "conflict", one->conflict, "counts",
                         one->counts),
               "participant");
    }
    return array;
}

/* The participants that count and are (not) reached and say nothing. */
static json_t *names_json(const json_t *invited, bool reached)
{
    json_t *array = json_array();
    const json_t *one;
    size_t i;
    json_array_foreach(invited, i, one)
    {
        bool stored = !json_is_null(json_object_get(one, "stored")),
             quiet = json_is_null(json_object_get(one, "position"));
        if (json_is_true(json_object_get(one, "counts")) && stored == reached && (quiet || !reached))
            json_array_append(array, json_object_get(one, "participant"));
    }
    return array;
}

static json_t *objections_json(struct node *node, const struct consult *consult)
{
    json_t *array = json_array();
    for (size_t i = 0; i < consult->objection_count; i++) {
        const struct consult_objection *o = &consult->objections[i];
        insert(array,
               json_pack("{s:o, s:o, s:o, s:b}", "participant", consulting_participant(node, &o->pid), "id",
                         reply_id(&o->id), "time", render_json_time(o->time_ms), "asserted", o->asserted),
               "participant");
    }
    return array;
}

static json_t *versions_json(const struct consulting *c)
{
    json_t *array = json_array();
    for (size_t i = c->text_count; i-- > 0;) {
        const struct read_text *t = &c->texts[i];
        json_array_append_new(array, json_pack("{s:o, s:I, s:o, s:o, s:o, s:o}", "id", reply_id(&t->id), "version",
                                               (json_int_t)t->version, "lang", item_text(t->lang), "translates",
                                               item_id(&t->translates), "revises", item_id(&t->revises), "time",
                                               render_json_time(header_time_ms(t->time))));
    }
    return array;
}

static json_t *dispositions_json(const struct consults *outcome)
{
    json_t *array = json_array();
    for (size_t i = 0; i < outcome->disposition_count; i++) {
        const struct consult_disposition *d = &outcome->dispositions[i];
        json_array_append_new(array, json_pack("{s:o, s:o, s:o}", "note", reply_id(&d->note), "id", reply_id(&d->id),
                                               "as", position_json(d->as)));
    }
    return array;
}

static json_t *ignored_json(const struct consults *outcome)
{
    json_t *array = json_array();
    for (size_t i = 0; i < outcome->ignored_count; i++)
        json_array_append_new(array, json_pack("{s:o, s:s}", "id", reply_id(&outcome->ignored[i].id), "reason",
                                               consult_reason_text(outcome->ignored[i].reason)));
    return array;
}

static json_t *langs_json(const struct consult *consult)
{
    json_t *array = json_array();
    for (uint32_t i = 0; i < consult->lang_count; i++)
        json_array_append_new(array, json_stringn(consult->langs[i].p, consult->langs[i].len));
    return array;
}

static json_t *outcome_json(const struct consult *consult)
{
    if (consult->state == CONSULT_SUSPENDED)
        return json_null();
    if (consult->state == CONSULT_ADOPTED || consult->state == CONSULT_BROKEN)
        return json_string(consult_state_text(consult->state));
    return item_text(record_consult_outcome_text((unsigned)consult->outcome));
}

/* The symbol as its newest text here has it; the group. */
static json_t *head_json(struct consulting *c, const struct consult *consult)
{
    struct marking marking = consulting_marking(c);
    json_t *head =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:s, s:o, s:o, s:o}", "id", reply_id(&consult->id), "document",
                  reply_id(&consult->document), "symbol", item_text(c->document.symbol), "title",
                  item_text(c->document.title), "group", item_group(c->node, &c->gid), "version",
                  (json_int_t)consult->version, "round", (json_int_t)consult->round, "state",
                  consult_state_text(consult->state), "deadline", render_json_time(consult->deadline_ms), "coordinator",
                  consulting_participant(c->node, &consult->coordinator), "outcome", outcome_json(consult));
    if (head != NULL && item_set_marking(head, &marking))
        return head;
    json_decref(head);
    return NULL;
}

json_t *consulting_json_row(struct consulting *c, const struct consult *consult)
{
    return head_json(c, consult);
}

json_t *consulting_json(struct consulting *c, const struct consults *outcome, const struct consult *consult)
{
    json_t *result = head_json(c, consult), *invited = invited_json(c->node, consult);
    json_t *more = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "invited", invited,
                             "unreached", names_json(invited, false), "silent", names_json(invited, true), "objections",
                             objections_json(c->node, consult), "versions", versions_json(c), "dispositions",
                             dispositions_json(outcome), "ignored", ignored_json(outcome), "languages",
                             langs_json(consult), "opened", render_json_time(consult->opened_ms), "silence_since",
                             render_json_time(consult->silence_ms), "closed", render_json_time(consult->closed_ms),
                             "report", item_id(&consult->close));
    if (result == NULL || more == NULL || json_object_update(result, more) != 0) {
        json_decref(result);
        result = NULL;
    }
    json_decref(more);
    return result;
}
