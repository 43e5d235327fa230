#include "node/matrix_import.h"

#include <stdlib.h>
#include <string.h>

#include "node/matrix.h"
#include "node/matrix_text.h"
#include "node/reply.h"

#define RECORD_BYTES (2u << 20)

struct change {
    struct gmm_id note, document, gid;
    unsigned as;
    const char *reason; /* in the table */
};
struct importing {
    struct node *node;
    struct consulting c; /* of the document at hand */
    bool open;
    struct change *changes;
    size_t count;
    json_int_t unchanged;
};

/* Rows of one document come together: its consultation is opened once. */
static enum gmm_err enter(struct importing *im, const struct projection_item *note, struct gmm_msg *msg)
{
    char hex[GMM_ID_HEX + 1];
    for (size_t i = 0; im->open && i < im->c.text_count; i++)
        if (id_equal(&im->c.texts[i].id, &note->document) && id_equal(&im->c.gid, &note->gid))
            return GMM_OK;
    if (im->open)
        consulting_close(&im->c);
    id_to_hex(&note->document, hex);
    enum gmm_err err = consulting_open(im->node, hex, &im->c, NULL, msg);
    im->open = true;
    return err;
}

static bool stands(const struct importing *im, const struct change *change)
{
    const struct consult_disposition *said = consult_disposition(&im->c.outcome, &change->note);
    struct header header;
    struct record_disposition r;
    uint8_t *plain = NULL;
    size_t len = 0;
    if (said == NULL || said->as != change->as)
        return false;
    bool same = change->reason[0] == '\0';
    if (!same && node_open_record(im->node, &said->id, &header, &plain, &len) == GMM_OK &&
        header.type == HEADER_DISPOSITION && record_disposition_decode(&r, plain, len) == GMM_OK)
        same = r.reason.len == strlen(change->reason) && memcmp(r.reason.p, change->reason, r.reason.len) == 0;
    seal_free(plain, len);
    return same;
}

static enum gmm_err check_row(struct importing *im, const json_t *row, struct gmm_msg *msg)
{
    struct read_found found = {0};
    const char *ref = reply_text(row, "id"), *word = reply_text(row, "disposition");
    if (word[0] == '\0')
        return GMM_OK;
    int as = record_position_from_text(word);
    if (as < RECORD_ACCEPTED)
        return gmm_fail(msg, GMM_EUSAGE,
                        "'%s' is no disposition: accepted, accepted-in-part, not-accepted, noted, deferred, withdrawn",
                        word);
    enum gmm_err err = read_find(im->node, ref, NULL, &found, NULL, msg);
    if (err == GMM_OK && !read_is_note(found.item.type))
        err = gmm_fail(msg, GMM_EUSAGE, "'%s' is no note", ref);
    if (err == GMM_OK)
        err = enter(im, &found.item, msg);
    if (err == GMM_OK && strlen(reply_text(row, "reason")) > RECORD_REASON)
        err = gmm_fail(msg, GMM_EUSAGE, "a reason has at most %u bytes", RECORD_REASON);
    if (err == GMM_OK) {
        struct change *change = &im->changes[im->count];
        *change = (struct change){.note = found.item.id,
                                  .document = found.item.document,
                                  .gid = found.item.gid,
                                  .as = (unsigned)as,
                                  .reason = reply_text(row, "reason")};
        if (stands(im, change))
            im->unchanged++;
        else
            err = consulting_may_dispose(&im->c, &change->note, &change->document, change->as, msg);
        im->count += !stands(im, change);
    }
    read_close(&found);
    return err;
}

static enum gmm_err append(struct importing *im, const struct change *change, const char *person, struct gmm_msg *msg)
{
    struct record_disposition r = {.note = change->note,
                                   .document = change->document,
                                   .as = (enum record_position)change->as,
                                   .reason = {change->reason, strlen(change->reason)}};
    struct buffer record;
    struct gmm_id id;
    if (person != NULL)
        r.person = (struct record_text){person, strlen(person)};
    buffer_init(&record, RECORD_BYTES);
    enum gmm_err err = record_disposition_encode(&record, &r);
    if (err == GMM_OK)
        err = node_append_more(im->node, &change->gid, HEADER_DISPOSITION, record.p, record.len, NULL, &id, msg);
    buffer_close_wiped(&record);
    return err;
}

json_t *matrix_import(struct node *node, const char *text, size_t len, const char *person, enum gmm_err *err,
                      struct gmm_msg *msg)
{
    struct importing im = {.node = node};
    json_t *rows = matrix_text_read_csv(text, len, err, msg), *result = NULL;
    if (*err == GMM_OK && json_array_size(rows) > 0 && json_object_get(json_array_get(rows, 0), "id") == NULL)
        *err = gmm_fail(msg, GMM_EUSAGE, "the table has no column 'id': import what gmm matrix --format csv wrote");
    im.changes = calloc(json_array_size(rows) + 1, sizeof *im.changes);
    if (*err == GMM_OK && im.changes == NULL)
        *err = GMM_ENOMEM;
    for (size_t i = 0; i < json_array_size(rows) && *err == GMM_OK; i++) {
        struct gmm_msg why = {.text = ""};
        *err = check_row(&im, json_array_get(rows, i), &why);
        if (*err != GMM_OK)
            gmm_fail(msg, *err, "row %zu: %s", i + 1, why.text[0] == '\0' ? gmm_err_text(*err) : why.text);
    }
    for (size_t i = 0; i < im.count && *err == GMM_OK; i++)
        *err = append(&im, &im.changes[i], person, msg);
    if (im.count > 0 && *err == GMM_OK)
        *err = node_flush_appends(node, msg);
    if (*err == GMM_OK)
        result = json_pack("{s:I, s:I, s:I}", "rows", (json_int_t)json_array_size(rows), "posted", (json_int_t)im.count,
                           "unchanged", im.unchanged);
    if (im.open)
        consulting_close(&im.c);
    free(im.changes);
    json_decref(rows);
    return result;
}
