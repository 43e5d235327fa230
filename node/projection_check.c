#include <string.h>

#include "node/projection_private.h"

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_item(const struct projection_item *a, const struct projection_item *b)
{
    return id_equal(&a->id, &b->id) && id_equal(&a->gid, &b->gid) && id_equal(&a->author, &b->author) &&
           id_equal(&a->document, &b->document) && id_equal(&a->parent, &b->parent) &&
           id_equal(&a->revises, &b->revises) && id_equal(&a->translates, &b->translates) && a->type == b->type &&
           projection_item_time(a) == projection_item_time(b) && a->seq == b->seq && a->version == b->version &&
           a->para == b->para && a->marking == b->marking && a->tlp == b->tlp && a->position == b->position &&
           a->bytes == b->bytes && a->attachments == b->attachments && same_text(a->title, b->title) &&
           same_text(a->symbol, b->symbol) && same_text(a->lang, b->lang) && same_text(a->person, b->person) &&
           same_text(a->name, b->name);
}

/* A column with the hash of what it stands for, or NULL where there is nothing. */
static bool same_hash(sqlite3_stmt *stmt, int column, const uint8_t *want)
{
    size_t len;
    const uint8_t *held = store_col_blob(stmt, column, &len);
    return want == NULL ? held == NULL : held != NULL && len == 32 && memcmp(held, want, 32) == 0;
}

static bool found_by(struct projection *p, sqlite3_stmt *stmt, const struct projection_item *want)
{
    uint8_t document[32], symbol[32];
    bool has_document = !id_is_zero(&want->document), has_symbol = want->symbol != NULL;
    if (has_document)
        projection_hash_document(p, &want->document, document);
    if (has_symbol)
        projection_hash_text(p, "symbol", want->symbol, symbol);
    return same_hash(stmt, 10, has_document ? document : NULL) && same_hash(stmt, 11, has_symbol ? symbol : NULL);
}

enum gmm_err projection_check(struct projection *p, const struct projection_item *want)
{
    int64_t log = 0;
    enum gmm_err err = projection_log_of(p, &want->id, &log);
    sqlite3_stmt *stmt = err == GMM_OK ? store_prepare(p->store,
                                                       "SELECT " PROJECTION_COLUMNS
                                                       ", i.log, i.document, i.symbol FROM p_item i WHERE i.id = ?1",
                                                       &err)
                                       : NULL;
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, &want->id);
    if (store_row(p->store, stmt, &err)) {
        struct projection_item item;
        err = projection_read_item(p, stmt, &item);
        if (err == GMM_OK &&
            (!same_item(&item, want) || sqlite3_column_int64(stmt, 9) != log || !found_by(p, stmt, want)))
            err = GMM_ECORRUPT;
        if (err == GMM_OK || err == GMM_ECORRUPT)
            projection_item_close(&item);
    } else if (err == GMM_OK) {
        err = GMM_ENOTFOUND;
    }
    sqlite3_finalize(stmt);
    return err;
}
