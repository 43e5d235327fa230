/* The client's side of post --batch: only it opens files. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/text.h"
#include "node/args.h"
#include "node/batch.h"
#include "node/batch_put.h"
#include "node/client.h"
#include "node/cmd_batch.h"
#include "node/sys.h"

struct driving {
    struct client *client;
    struct call *call;
    json_int_t number;
    const json_t *paths;
    size_t row_count;
    json_t *result; /* [{"id","path"}, …] */
    json_t *error;  /* of a step, or NULL */
    struct gmm_msg msg;
};

/* Rows that go over together. */
struct slice {
    int fd; /* a file in memory; -1: empty */
    size_t first, count;
    uint64_t bytes;
    json_t *sizes;
};

static const char *row_path(const struct driving *d, size_t row)
{
    return json_string_value(json_array_get(d->paths, row));
}

/* "Paths are relative to the TSV": beside the table, or here when it came from standard input. */
static enum gmm_err place_of(const struct driving *d, size_t row, char out[PATH_MAX])
{
    const json_t *file = json_object_get(call_args(d->call), "batch");
    const char *table = json_string_value(json_object_get(file, "path")), *path = row_path(d, row);
    const char *slash = table == NULL || strcmp(table, "-") == 0 ? NULL : strrchr(table, '/');
    int folder = path[0] == '/' || slash == NULL ? 0 : (int)(slash - table) + 1;
    int n = snprintf(out, PATH_MAX, "%.*s%s", folder, folder == 0 ? "" : table, path);
    return n < 0 || n >= PATH_MAX ? GMM_ELIMIT : GMM_OK;
}

static enum gmm_err open_row(struct driving *d, size_t row, int *fd, uint64_t *size)
{
    char path[PATH_MAX];
    struct stat st;
    *fd = -1;
    enum gmm_err err = place_of(d, row, path);
    if (err != GMM_OK)
        return gmm_fail(&d->msg, err, "row %zu: the path is too long", row + 1);
    err = client_open(fd, path, &d->msg);
    if (err != GMM_OK)
        return err;
    if (fstat(*fd, &st) != 0) {
        sys_close(fd);
        return gmm_fail(&d->msg, GMM_EIO, "%s: %s", path, sys_text(errno));
    }
    *size = (uint64_t)st.st_size;
    return GMM_OK;
}

/* All files can be opened before the first is posted. */
static enum gmm_err check_files(struct driving *d)
{
    for (size_t i = 0; i < d->row_count; i++) {
        int fd;
        uint64_t size;
        enum gmm_err err = open_row(d, i, &fd, &size);
        sys_close(&fd);
        if (err != GMM_OK)
            return err;
        if (size > LIMIT_CONTENT_BYTES)
            return gmm_fail(&d->msg, GMM_ELIMIT, "%s: longer than a document may be (4 GiB)", row_path(d, i));
    }
    return GMM_OK;
}

/* One step of the batch. GMM_OK: *reply is its result. */
static enum gmm_err step(struct driving *d, const char *command, json_t *args, const int *fds, unsigned fd_count,
                         json_t **reply)
{
    *reply = NULL;
    enum gmm_err err = client_call(d->client, command, args, fds, fd_count, reply);
    if (err != GMM_OK || *reply == NULL || json_object_get(*reply, "error") != NULL) {
        d->error = *reply;
        *reply = NULL;
        return err == GMM_OK ? GMM_ENOMEM : err;
    }
    return GMM_OK;
}

static enum gmm_err send_rows(struct driving *d, size_t first, json_t *sizes, int fd)
{
    json_t *reply, *args = json_pack("{s:I, s:I, s:o, s:{s:i}}", "batch", d->number, "first", (json_int_t)first,
                                     "sizes", sizes, "data", "fd", 0);
    if (args == NULL)
        return GMM_ENOMEM;
    enum gmm_err err = step(d, "post batch-put", args, &fd, 1, &reply);
    if (err != GMM_OK)
        return err;
    const json_t *ids = json_object_get(reply, "ids"), *id;
    size_t i;
    json_array_foreach(ids, i, id)
    {
        json_t *line = json_pack("{s:s, s:s}", "id", json_string_value(id), "path", row_path(d, first + i));
        if (json_array_append_new(d->result, line) != 0)
            err = GMM_ENOMEM;
    }
    json_decref(reply);
    call_progress(d->call, "%zu of %zu", json_array_size(d->result), d->row_count);
    return err;
}

static enum gmm_err send_slice(struct driving *d, struct slice *s)
{
    enum gmm_err err = GMM_OK;
    if (s->count > 0) {
        err = send_rows(d, s->first, s->sizes, s->fd);
        s->sizes = NULL;
    }
    json_decref(s->sizes);
    sys_close(&s->fd);
    *s = (struct slice){.fd = -1};
    return err;
}

static enum gmm_err copy_bytes(struct driving *d, size_t row, int from, int to, uint64_t *bytes)
{
    uint8_t block[65536];
    *bytes = 0;
    for (;;) {
        ssize_t n = read(from, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return gmm_fail(&d->msg, GMM_EIO, "%s: %s", row_path(d, row), sys_text(errno));
        if (n == 0)
            return GMM_OK;
        *bytes += (uint64_t)n;
        if (*bytes > BATCH_SMALL_BYTES)
            return gmm_fail(&d->msg, GMM_EIO, "%s changed while it was read", row_path(d, row));
        enum gmm_err err = sys_write_all(to, block, (size_t)n);
        if (err != GMM_OK)
            return gmm_fail(&d->msg, err, "memory for a slice of rows: %s", gmm_err_text(err));
    }
}

static enum gmm_err pack_row(struct driving *d, struct slice *s, size_t row, int fd, uint64_t size)
{
    uint64_t bytes = 0;
    enum gmm_err err = GMM_OK;
    if (s->count == BATCH_SLICE_ROWS || s->bytes + size > BATCH_SLICE_BYTES - BATCH_SMALL_BYTES)
        err = send_slice(d, s);
    if (err == GMM_OK && s->fd < 0) {
        s->fd = memfd_create("batch", MFD_CLOEXEC);
        s->sizes = json_array();
        s->first = row;
        if (s->fd < 0 || s->sizes == NULL)
            err = GMM_ENOMEM;
    }
    if (err == GMM_OK)
        err = copy_bytes(d, row, fd, s->fd, &bytes);
    if (err == GMM_OK && json_array_append_new(s->sizes, json_integer((json_int_t)bytes)) != 0)
        err = GMM_ENOMEM;
    s->count += err == GMM_OK;
    s->bytes += bytes;
    return err;
}

static enum gmm_err send_all(struct driving *d)
{
    struct slice slice = {.fd = -1};
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < d->row_count && err == GMM_OK; i++) {
        int fd;
        uint64_t size = 0;
        err = open_row(d, i, &fd, &size);
        if (err == GMM_OK && size <= BATCH_SMALL_BYTES) {
            err = pack_row(d, &slice, i, fd, size);
        } else if (err == GMM_OK) {
            err = send_slice(d, &slice);
            if (err == GMM_OK)
                err = send_rows(d, i, json_pack("[I]", (json_int_t)size), fd);
        }
        sys_close(&fd);
    }
    if (err == GMM_OK)
        return send_slice(d, &slice);
    json_decref(slice.sizes);
    sys_close(&slice.fd);
    return err;
}

static json_t *check_args(struct call *call)
{
    static const char *const names[] = {"to", "lang", "marking", "once"};
    json_t *args = json_pack("{s:{s:i}}", "tsv", "fd", 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json_t *value = json_object_get(call_args(call), names[i]);
        if (json_is_array(value))
            value = json_array_get(value, 0);
        if (value != NULL)
            json_object_set(args, names[i], value);
    }
    return args;
}

static bool confirmed(struct driving *d, json_int_t wide)
{
    char question[200];
    if (wide == 0 || call_flag(d->call, "yes") || !client_interactive(d->client))
        return true;
    snprintf(question, sizeof question, _("%lld of %zu rows go to all participants or are above unclassified. Post?"),
             (long long)wide, d->row_count);
    return client_confirm(d->client, question);
}

static enum gmm_err drive(struct driving *d, const json_t *checked)
{
    d->number = json_integer_value(json_object_get(checked, "batch"));
    d->paths = json_object_get(checked, "paths");
    d->row_count = json_array_size(d->paths);
    enum gmm_err err = check_files(d);
    if (err == GMM_OK && call_flag(d->call, "dry-run")) {
        d->result = json_pack("{s:O, s:O}", "documents", json_object_get(checked, "documents"), "notes",
                              json_object_get(checked, "notes"));
        return d->result == NULL ? GMM_ENOMEM : GMM_OK;
    }
    if (err == GMM_OK && !confirmed(d, json_integer_value(json_object_get(checked, "wide"))))
        err = gmm_fail(&d->msg, GMM_ECLOSED, "not confirmed: nothing was posted");
    if (err == GMM_OK && (d->result = json_array()) == NULL)
        err = GMM_ENOMEM;
    return err == GMM_OK ? send_all(d) : err;
}

static void answer(struct driving *d, enum gmm_err err)
{
    const json_t *error = json_object_get(d->error, "error");
    if (err == GMM_OK) {
        call_reply(d->call, d->result);
        d->result = NULL;
    } else if (error != NULL) {
        call_reply_with(d->call, err, json_incref(d->error));
    } else {
        size_t posted = json_array_size(d->result);
        if (posted > 0)
            call_say(d->call, "%zu of %zu rows are posted.", posted, d->row_count);
        call_fail(d->call, err, d->msg.text[0] == '\0' ? NULL : d->msg.text, NULL);
    }
    json_decref(d->result);
    json_decref(d->error);
}

void cmd_batch_local(struct client *client, struct call *call)
{
    struct driving d = {.client = client, .call = call};
    json_t *checked = NULL, *ended = NULL;
    int fd = call_file(call, "batch", 0, NULL);
    if (json_object_get(call_args(call), "file") != NULL || call_count(call, "attach") > 0 ||
        call_text(call, "revises") != NULL || call_text(call, "translates") != NULL ||
        call_text(call, "title") != NULL || call_text(call, "symbol") != NULL || call_count(call, "to") > 1) {
        call_fail(call, GMM_EUSAGE,
                  "--batch takes files, titles, symbols and what they revise or translate from its table",
                  "give --to, --lang, --marking and --once only, for cells that are empty");
        return;
    }
    enum gmm_err err = step(&d, "post batch-check", check_args(call), &fd, 1, &checked);
    if (err == GMM_OK) {
        err = drive(&d, checked);
        json_t *error = d.error;
        if (step(&d, "post batch-end", json_pack("{s:I}", "batch", d.number), NULL, 0, &ended) != GMM_OK)
            json_decref(d.error);
        d.error = error;
    }
    json_decref(ended);
    json_decref(checked);
    answer(&d, err);
}
