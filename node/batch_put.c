#include "node/batch_put.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/text.h"
#include "node/batch_refs.h"
#include "node/content.h"
#include "node/post.h"
#include "node/sys.h"

#define RECORD_BYTES (2u << 20)

static_assert(BATCH_SMALL_BYTES <= MANIFEST_INLINE_BYTES && BATCH_SMALL_BYTES <= LIMIT_NOTE_TEXT,
              "what comes many at a time stays in bodies");

/* One slice under way. */
struct putting {
    struct node *node;
    struct batch *batch;
    struct buffer record;
    struct gmm_msg *msg;
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

/* Appends what stands in the record's buffer; its key with it in one transaction. */
static enum gmm_err append(struct putting *p, struct batch_row *row, uint16_t type)
{
    struct batch_audience *audience = &p->batch->audiences[row->audience];
    enum gmm_err err =
        node_append_more(p->node, &audience->who.gid, type, p->record.p, p->record.len, &row->id, p->msg);
    if (err == GMM_OK && row->has_once) {
        err = store_begin(p->node->store, true);
        if (err == GMM_OK)
            err = store_put_once(p->node->store, row->once, &row->id);
    }
    return err;
}

static enum gmm_err put_document(struct putting *p, struct batch_row *row, const struct manifest *content)
{
    struct record_document doc;
    struct post_plan plan = {
        .version = row->version, .marking = (enum record_marking)row->marking, .tlp = (enum record_tlp)row->tlp};
    const char *name = base_name(row->path);
    snprintf(plan.symbol, sizeof plan.symbol, "%s", row->symbol);
    snprintf(plan.lang, sizeof plan.lang, "%s", row->lang);
    enum gmm_err err =
        post_read_title(plan.title, row->title[0] == '\0' ? NULL : row->title, name, row->symbol, p->msg);
    if (err != GMM_OK)
        return err;
    if (row->revises.kind != BATCH_NONE)
        plan.revises = *batch_refs_id(p->batch, row->revises);
    if (row->translates.kind != BATCH_NONE)
        plan.translates = *batch_refs_id(p->batch, row->translates);
    post_fill_record(&doc, &plan, name, p->batch->person);
    doc.content = *content;
    err = record_document_encode(&p->record, &doc);
    return err == GMM_OK ? append(p, row, HEADER_DOCUMENT) : err;
}

static enum gmm_err put_note(struct putting *p, struct batch_row *row, const uint8_t *bytes, size_t len)
{
    if (len > LIMIT_NOTE_TEXT || memchr(bytes, '\0', len) != NULL || !bytes_is_utf8(bytes, len))
        return gmm_fail(p->msg, GMM_EUSAGE, "a note is UTF-8 text of at most %u bytes", LIMIT_NOTE_TEXT);
    struct record_note note = {.document = *batch_refs_id(p->batch, row->document),
                               .has_parent = row->parent.kind != BATCH_NONE,
                               .para = row->para,
                               .position = (enum record_position)row->position,
                               .text = {(const char *)bytes, len},
                               .lang = text_of(row->lang),
                               .person = text_of(p->batch->person),
                               .name = text_of(base_name(row->path))};
    if (note.has_parent)
        note.parent = *batch_refs_id(p->batch, row->parent);
    enum gmm_err err = record_note_encode(&p->record, &note);
    return err == GMM_OK ? append(p, row, HEADER_NOTE) : err;
}

static bool already_done(struct putting *p, struct batch_row *row)
{
    return row->done || (row->has_once && store_get_once(p->node->store, row->once, &row->id) == GMM_OK);
}

static enum gmm_err put_row(struct putting *p, struct batch_row *row, const uint8_t *bytes, size_t len)
{
    const struct manifest content = {.size = len, .inline_bytes = bytes};
    if (already_done(p, row))
        return GMM_OK;
    struct batch_audience *audience = &p->batch->audiences[row->audience];
    enum gmm_err err = groups_make(p->node, &audience->who, p->msg);
    if (err != GMM_OK)
        return err;
    buffer_cut(&p->record, 0);
    return row->note ? put_note(p, row, bytes, len) : put_document(p, row, &content);
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
        err = put_document(p, row, &content);
    else if (inlined != NULL)
        err = put_note(p, row, inlined, (size_t)content.size);
    else
        err = gmm_fail(p->msg, GMM_EUSAGE, "a note is UTF-8 text of at most %u bytes", LIMIT_NOTE_TEXT);
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

static enum gmm_err put_many(struct putting *p, size_t first, const uint64_t *sizes, size_t count, int fd,
                             size_t *posted)
{
    uint8_t *bytes = NULL;
    size_t at = 0;
    enum gmm_err err = read_slice(sizes, count, fd, &bytes, p->msg);
    for (size_t i = 0; i < count && err == GMM_OK; i++) {
        err = put_row(p, &p->batch->rows[first + i], bytes + at, (size_t)sizes[i]);
        at += (size_t)sizes[i];
        *posted += err == GMM_OK;
    }
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
    struct putting p = {.node = node, .batch = batch, .msg = msg == NULL ? &own : msg};
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
        err = put_many(&p, first, sizes, count, fd, posted);
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
