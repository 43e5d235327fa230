#include "node/cmd_batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/batch.h"
#include "node/batch_put.h"
#include "node/post.h"
#include "node/render.h"
#include "node/reply.h"
#include "node/sys.h"

static enum gmm_err read_table(struct call *call, char **text, size_t *len, struct gmm_msg *msg)
{
    struct stat st;
    int fd = call_file(call, "tsv", 0, NULL);
    if (fd < 0 || fstat(fd, &st) != 0)
        return gmm_fail(msg, GMM_EIO, "the table cannot be read");
    if (st.st_size < 0 || (uint64_t)st.st_size > BATCH_TABLE_BYTES)
        return gmm_fail(msg, GMM_ELIMIT, "a table has at most %u bytes", BATCH_TABLE_BYTES);
    *text = malloc((size_t)st.st_size + 1);
    if (*text == NULL)
        return GMM_ENOMEM;
    *len = 0;
    while (*len < (size_t)st.st_size) {
        ssize_t n = pread(fd, *text + *len, (size_t)st.st_size - *len, (off_t)*len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            free(*text);
            *text = NULL;
            return gmm_fail(msg, GMM_EIO, "the table cannot be read: %s", sys_text(errno));
        }
        if (n == 0)
            break;
        *len += (size_t)n;
    }
    (*text)[*len] = '\0';
    return GMM_OK;
}

static json_t *check_json(const struct node *node, const struct batch *batch, uint32_t number)
{
    size_t documents, notes, wide;
    json_t *paths = json_array();
    batch_count(batch, &documents, &notes, &wide);
    for (size_t i = 0; i < batches_rows(batch); i++)
        if (json_array_append_new(paths, json_string(batches_path(batch, i))) != 0) {
            json_decref(paths);
            return NULL;
        }
    return json_pack("{s:I, s:o, s:I, s:I, s:I, s:I, s:s}", "batch", (json_int_t)number, "paths", paths, "documents",
                     (json_int_t)documents, "notes", (json_int_t)notes, "wide", (json_int_t)wide, "lang_assumed",
                     (json_int_t)batch_assumed(batch), "lang", post_default_lang(node));
}

void cmd_batch_check(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct batch_options options = {.to = call_text(call, "to"),
                                    .lang = call_text(call, "lang"),
                                    .marking = call_text(call, "marking"),
                                    .once = call_text(call, "once"),
                                    .person = call_person(call)};
    struct batch *batch = NULL;
    uint32_t number = 0;
    char *text = NULL;
    size_t len = 0;
    json_t *choices = json_array();
    enum gmm_err err = read_table(call, &text, &len, &msg);
    if (err == GMM_OK)
        err = batch_check(node, text, len, &options, &batch, choices, &msg);
    if (err == GMM_OK && (err = batches_keep(node, batch, &number)) == GMM_EBUSY)
        gmm_fail(&msg, err, "%u batches are under way already; try again when one has ended", BATCH_OPEN);
    if (err != GMM_OK) {
        call_fail_choices(call, err, msg.text[0] == '\0' ? NULL : msg.text, "nothing was posted; correct the table",
                          choices);
        return;
    }
    json_decref(choices);
    call_reply(call, check_json(node, batch, number));
}

static struct batch *find_batch(struct node *node, struct call *call)
{
    int64_t number = call_int(call, "batch", 0);
    struct batch *batch =
        number <= 0 || number > UINT32_MAX ? NULL : batches_find(node, (uint32_t)number, call_person(call));
    if (batch == NULL)
        call_fail(call, GMM_ESTATE, "this batch is not under way any more", "post the table again");
    return batch;
}

static enum gmm_err read_sizes(struct call *call, uint64_t *sizes, size_t *count)
{
    const json_t *array = json_object_get(call_args(call), "sizes"), *size;
    size_t i;
    *count = json_array_size(array);
    if (*count == 0 || *count > BATCH_SLICE_ROWS)
        return GMM_EUSAGE;
    json_array_foreach(array, i, size)
    {
        if (!json_is_integer(size) || json_integer_value(size) < 0)
            return GMM_EUSAGE;
        sizes[i] = (uint64_t)json_integer_value(size);
    }
    return GMM_OK;
}

static json_t *ids_json(const struct gmm_id *ids, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(array, reply_id(&ids[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    return json_pack("{s:o}", "ids", array);
}

void cmd_batch_put(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct batch *batch = find_batch(node, call);
    size_t count = 0, posted = 0;
    int64_t first = call_int(call, "first", -1);
    int fd = call_file(call, "data", 0, NULL);
    if (batch == NULL)
        return;
    uint64_t *sizes = calloc(BATCH_SLICE_ROWS, sizeof *sizes);
    struct gmm_id *ids = calloc(BATCH_SLICE_ROWS, sizeof *ids);
    enum gmm_err err = sizes == NULL || ids == NULL ? GMM_ENOMEM : read_sizes(call, sizes, &count);
    if (err == GMM_OK && (first < 0 || fd < 0))
        err = GMM_EUSAGE;
    if (err == GMM_OK)
        err = batch_put(node, batch, (size_t)first, sizes, count, fd, ids, &posted, &msg);
    if (err == GMM_OK)
        call_reply(call, ids_json(ids, posted));
    else
        reply_fail(call, err, &msg, NULL);
    free(sizes);
    free(ids);
}

void cmd_batch_end(struct node *node, struct call *call)
{
    struct batch *batch = find_batch(node, call);
    if (batch == NULL)
        return;
    batches_end(node, batch);
    call_reply(call, json_null());
}
