#include "node/batch_put.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/text.h"
#include "node/ahead.h"
#include "node/batch_refs.h"
#include "node/content.h"
#include "node/post.h"
#include "node/sys.h"

#define RECORD_BYTES (2u << 20)
#define AHEAD 64u /* rows */

static_assert(BATCH_SMALL_BYTES <= MANIFEST_INLINE_BYTES && BATCH_SMALL_BYTES <= LIMIT_NOTE_TEXT,
              "what comes many at a time stays in bodies");

/* A record of the slice, encoded and packed ahead. */
struct made {
    struct buffer record;
    struct body_packed packed;
    bool ready; /* else it is made when it is its turn, which says why it cannot be */
};
/* One slice under way. */
struct putting {
    struct node *node;
    struct batch *batch;
    struct buffer record;
    struct gmm_msg *msg;
    size_t first; /* its rows */
    const uint8_t *bytes;
    const uint64_t *sizes;
    size_t *at; /* where each begins in bytes */
    struct made made[AHEAD + 1];
};

static struct record_text text_of(const char *text)
{
    return text == NULL ? (struct record_text){0} : (struct record_text){text, strlen(text)};
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static enum gmm_err encode_document(const struct batch *batch, const struct batch_row *row,
                                    const struct manifest *content, struct buffer *record, struct gmm_msg *msg)
{
    struct record_document doc;
    struct post_plan plan = {
        .version = row->version, .marking = (enum record_marking)row->marking, .tlp = (enum record_tlp)row->tlp};
    const char *name = base_name(row->path);
    snprintf(plan.symbol, sizeof plan.symbol, "%s", row->symbol);
    snprintf(plan.lang, sizeof plan.lang, "%s", row->lang);
    enum gmm_err err = post_read_title(plan.title, row->title[0] == '\0' ? NULL : row->title, name, row->symbol, msg);
    if (err != GMM_OK)
        return err;
    if (row->revises.kind != BATCH_NONE)
        plan.revises = *batch_refs_id(batch, row->revises);
    if (row->translates.kind != BATCH_NONE)
        plan.translates = *batch_refs_id(batch, row->translates);
    post_fill_record(&doc, &plan, name, batch->person);
    doc.content = *content;
    return record_document_encode(record, &doc);
}

static enum gmm_err encode_note(const struct batch *batch, const struct batch_row *row, const uint8_t *bytes,
                                size_t len, struct buffer *record, struct gmm_msg *msg)
{
    if (len > LIMIT_NOTE_TEXT || memchr(bytes, '\0', len) != NULL || !bytes_is_utf8(bytes, len))
        return gmm_fail(msg, GMM_EUSAGE, "a note is UTF-8 text of at most %u bytes", LIMIT_NOTE_TEXT);
    struct record_note note = {.document = *batch_refs_id(batch, row->document),
                               .has_parent = row->parent.kind != BATCH_NONE,
                               .para = row->para,
                               .position = (enum record_position)row->position,
                               .text = {(const char *)bytes, len},
                               .lang = text_of(row->lang),
                               .person = text_of(batch->person),
                               .name = text_of(base_name(row->path))};
    if (note.has_parent)
        note.parent = *batch_refs_id(batch, row->parent);
    return record_note_encode(record, &note);
}

static enum gmm_err encode_row(const struct batch *batch, const struct batch_row *row, const uint8_t *bytes, size_t len,
                               struct buffer *record, struct gmm_msg *msg)
{
    const struct manifest content = {.size = len, .inline_bytes = bytes};
    return row->note ? encode_note(batch, row, bytes, len, record, msg)
                     : encode_document(batch, row, &content, record, msg);
}

/* Appends a record; its key with it in one transaction. */
static enum gmm_err append(struct putting *p, struct batch_row *row, const struct buffer *record,
                           const struct body_packed *packed)
{
    struct batch_audience *audience = &p->batch->audiences[row->audience];
    enum gmm_err err = node_append_more(p->node, &audience->who.gid, row->note ? HEADER_NOTE : HEADER_DOCUMENT,
                                        record->p, record->len, packed, &row->id, p->msg);
    if (err == GMM_OK && row->has_once) {
        err = store_begin(p->node->store, true);
        if (err == GMM_OK)
            err = store_put_once(p->node->store, row->once, &row->id);
    }
    return err;
}

static bool already_done(struct putting *p, struct batch_row *row)
{
    return row->done || (row->has_once && store_get_once(p->node->store, row->once, &row->id) == GMM_OK);
}

static bool names_later(const struct batch_ref ref, size_t first)
{
    return ref.kind == BATCH_ROW && ref.index >= first;
}

/* What names a row of the slice waits until that one has its id. */
static bool names_slice(const struct batch_row *row, size_t first)
{
    return names_later(row->revises, first) || names_later(row->translates, first) ||
           names_later(row->document, first) || names_later(row->parent, first);
}

/* On the thread ahead, or here: it changes nothing but its own place. */
static void make_row(void *arg, size_t i)
{
    struct putting *p = arg;
    struct made *made = &p->made[i % (AHEAD + 1)];
    const struct batch_row *row = &p->batch->rows[p->first + i];
    struct gmm_msg ignored;
    made->ready = false;
    body_packed_close(&made->packed);
    buffer_cut(&made->record, 0);
    if (row->done || names_slice(row, p->first))
        return;
    enum gmm_err err = encode_row(p->batch, row, p->bytes + p->at[i], (size_t)p->sizes[i], &made->record, &ignored);
    made->ready = err == GMM_OK && body_pack(&made->packed, made->record.p, made->record.len) == GMM_OK;
    if (err != GMM_OK)
        buffer_close_wiped(&made->record); /* it would remember that it failed */
}

static enum gmm_err put_row(struct putting *p, size_t i)
{
    const struct made *made = &p->made[i % (AHEAD + 1)];
    struct batch_row *row = &p->batch->rows[p->first + i];
    if (already_done(p, row))
        return GMM_OK;
    struct batch_audience *audience = &p->batch->audiences[row->audience];
    enum gmm_err err = groups_make(p->node, &audience->who, p->msg);
    if (err != GMM_OK)
        return err;
    if (made->ready)
        return append(p, row, &made->record, &made->packed);
    buffer_cut(&p->record, 0);
    err = encode_row(p->batch, row, p->bytes + p->at[i], (size_t)p->sizes[i], &p->record, p->msg);
    return err == GMM_OK ? append(p, row, &p->record, NULL) : err;
}

/* A row alone: its content may be of any size. */
static enum gmm_err put_alone(struct putting *p, struct batch_row *row, int fd)
{
    struct manifest content;
    uint8_t *inlined = NULL;
    struct batch_audience *audience = &p->batch->audiences[row->audience];
    if (already_done(p, row))
        return GMM_OK;
    enum gmm_err err = groups_make(p->node, &audience->who, p->msg);
    if (err == GMM_OK)
        err = content_store(p->node, &audience->who.gid, fd, MANIFEST_INLINE_BYTES, &content, &inlined, p->msg);
    if (err != GMM_OK)
        return err;
    buffer_cut(&p->record, 0);
    if (!row->note)
        err = encode_document(p->batch, row, &content, &p->record, p->msg);
    else if (inlined != NULL)
        err = encode_note(p->batch, row, inlined, (size_t)content.size, &p->record, p->msg);
    else
        err = gmm_fail(p->msg, GMM_EUSAGE, "a note is UTF-8 text of at most %u bytes", LIMIT_NOTE_TEXT);
    if (err == GMM_OK)
        err = append(p, row, &p->record, NULL);
    if (err == GMM_OK)
        err = node_flush_appends(p->node, p->msg);
    if (err != GMM_OK) {
        node_discard(p->node);
        content_forget(p->node, &audience->who.gid, &content);
    }
    free(inlined);
    manifest_close(&content);
    return err;
}

static enum gmm_err read_slice(const uint64_t *sizes, size_t count, int fd, uint8_t **out, struct gmm_msg *msg)
{
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        if (sizes[i] > BATCH_SMALL_BYTES || (total += sizes[i]) > BATCH_SLICE_BYTES)
            return gmm_fail(msg, GMM_EUSAGE, "a slice of rows is longer than it may be");
    }
    uint8_t *bytes = malloc((size_t)total + 1);
    if (bytes == NULL)
        return GMM_ENOMEM;
    for (size_t have = 0; have < total;) {
        ssize_t n = pread(fd, bytes + have, (size_t)total - have, (off_t)have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            free(bytes);
            return gmm_fail(msg, GMM_EIO, "a slice of rows is shorter than its rows: %s",
                            n < 0 ? sys_text(errno) : _("the end came early"));
        }
        have += (size_t)n;
    }
    *out = bytes;
    return GMM_OK;
}

static enum gmm_err put_rows(struct putting *p, size_t count, size_t *posted)
{
    struct ahead *ahead = NULL;
    enum gmm_err err = ahead_new(&ahead, count, AHEAD, AHEAD_BOTH, make_row, p);
    for (size_t i = 0; i < count && err == GMM_OK; i++) {
        ahead_take(ahead);
        err = put_row(p, i);
        *posted += err == GMM_OK;
    }
    ahead_free(ahead);
    return err;
}

static enum gmm_err put_many(struct putting *p, const uint64_t *sizes, size_t count, int fd, size_t *posted)
{
    uint8_t *bytes = NULL;
    p->at = calloc(count, sizeof *p->at);
    enum gmm_err err = p->at == NULL ? GMM_ENOMEM : read_slice(sizes, count, fd, &bytes, p->msg);
    for (size_t i = 1; i < count && err == GMM_OK; i++)
        p->at[i] = p->at[i - 1] + (size_t)sizes[i - 1];
    p->bytes = bytes;
    p->sizes = sizes;
    for (size_t i = 0; i <= AHEAD; i++)
        buffer_init(&p->made[i].record, RECORD_BYTES);
    if (err == GMM_OK)
        err = put_rows(p, count, posted);
    for (size_t i = 0; i <= AHEAD; i++) {
        body_packed_close(&p->made[i].packed);
        buffer_close_wiped(&p->made[i].record);
    }
    free(p->at);
    free(bytes);
    /* Rows before the one that failed stand. */
    enum gmm_err flushed = *posted > 0 ? node_flush_appends(p->node, err == GMM_OK ? p->msg : NULL) : GMM_OK;
    if (flushed != GMM_OK)
        *posted = 0;
    return err == GMM_OK ? flushed : err;
}

enum gmm_err batch_put(struct node *node, struct batch *batch, size_t first, const uint64_t *sizes, size_t count,
                       int fd, struct gmm_id *ids, size_t *posted, struct gmm_msg *msg)
{
    struct gmm_msg own = {.text = ""};
    struct putting p = {.node = node, .batch = batch, .first = first, .msg = msg == NULL ? &own : msg};
    *posted = 0;
    if (batch->failed)
        return gmm_fail(msg, GMM_ESTATE, "this batch has ended with an error");
    if (first != batch->next || count == 0 || count > BATCH_SLICE_ROWS || count > batch->row_count - first)
        return gmm_fail(msg, GMM_EUSAGE, "row %zu is to be posted next", batch->next);
    buffer_init(&p.record, RECORD_BYTES);
    enum gmm_err err;
    if (count == 1) {
        err = put_alone(&p, &batch->rows[first], fd);
        *posted = err == GMM_OK;
    } else {
        err = put_many(&p, sizes, count, fd, posted);
    }
    buffer_close_wiped(&p.record);
    for (size_t i = 0; i < *posted; i++)
        ids[i] = batch->rows[first + i].id;
    batch->next += *posted;
    batch->used_ms = sys_now_ms();
    batch->failed = err != GMM_OK;
    if (err != GMM_OK && first + *posted < batch->row_count) {
        struct gmm_msg why = *p.msg;
        gmm_fail(p.msg, err, "%s: %s; the %zu rows before it are posted", batch->rows[first + *posted].path,
                 why.text[0] == '\0' ? gmm_err_text(err) : why.text, batch->next);
    }
    return err;
}
