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
#include "node/ahead.h"
#include "node/args.h"
#include "node/batch.h"
#include "node/batch_put.h"
#include "node/client.h"
#include "node/cmd_batch.h"
#include "node/sys.h"

#define AHEAD 2u        /* slices */
#define FIRST_ROWS 256u /* the first slice is short, so that posting begins early */

/* Rows that go over together: read on a thread while those before them are posted. */
struct slice {
    int fd; /* a file in memory, or a long row's own; -1: none */
    size_t first, count;
    uint64_t bytes;
    uint64_t *sizes; /* BATCH_SLICE_ROWS */
    enum gmm_err err;
    struct gmm_msg msg;
};
struct driving {
    struct client *client;
    struct call *call;
    json_int_t number;
    const json_t *paths;
    size_t row_count;
    json_t *result; /* [{"id","path"}, …] */
    json_t *error;  /* of a step, or NULL */
    struct gmm_msg msg;
    struct slice slices[AHEAD + 1];
    size_t next;       /* the row that the next slice begins with */
    size_t slice_rows; /* at most */
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

static enum gmm_err open_row(const struct driving *d, size_t row, int *fd, uint64_t *size, struct gmm_msg *msg)
{
    char path[PATH_MAX];
    struct stat st;
    *fd = -1;
    enum gmm_err err = place_of(d, row, path);
    if (err != GMM_OK)
        return gmm_fail(msg, err, "row %zu: the path is too long", row + 1);
    err = client_open(fd, path, msg);
    if (err != GMM_OK)
        return err;
    if (fstat(*fd, &st) != 0) {
        sys_close(fd);
        return gmm_fail(msg, GMM_EIO, "%s: %s", path, sys_text(errno));
    }
    *size = (uint64_t)st.st_size;
    return GMM_OK;
}

static bool may_read(const char *path, const struct stat *st)
{
    return (st->st_uid == geteuid() && (st->st_mode & S_IRUSR) != 0) ||
           faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0;
}

/* A plain file that may be read is not opened for that. */
static enum gmm_err check_row(struct driving *d, size_t row)
{
    char path[PATH_MAX];
    struct stat st;
    int fd = -1;
    uint64_t size = 0;
    enum gmm_err err = place_of(d, row, path);
    if (err == GMM_OK && stat(path, &st) == 0 && S_ISREG(st.st_mode) && may_read(path, &st))
        size = (uint64_t)st.st_size;
    else
        err = open_row(d, row, &fd, &size, &d->msg);
    sys_close(&fd);
    if (err == GMM_OK && size > LIMIT_CONTENT_BYTES)
        err = gmm_fail(&d->msg, GMM_ELIMIT, "%s: longer than a document may be (4 GiB)", row_path(d, row));
    return err;
}

/* All files can be opened before the first is posted. */
static enum gmm_err check_files(struct driving *d)
{
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < d->row_count && err == GMM_OK; i++)
        err = check_row(d, i);
    return err;
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

static json_t *sizes_json(const struct slice *s)
{
    json_t *sizes = json_array();
    for (size_t i = 0; sizes != NULL && i < s->count; i++)
        if (json_array_append_new(sizes, json_integer((json_int_t)s->sizes[i])) != 0) {
            json_decref(sizes);
            return NULL;
        }
    return sizes;
}

static enum gmm_err send_slice(struct driving *d, const struct slice *s)
{
    json_t *reply, *args = json_pack("{s:I, s:I, s:o, s:{s:i}}", "batch", d->number, "first", (json_int_t)s->first,
                                     "sizes", sizes_json(s), "data", "fd", 0);
    if (args == NULL)
        return GMM_ENOMEM;
    enum gmm_err err = step(d, "post batch-put", args, &s->fd, 1, &reply);
    if (err != GMM_OK)
        return err;
    const json_t *ids = json_object_get(reply, "ids"), *id;
    size_t i;
    json_array_foreach(ids, i, id)
    {
        json_t *line = json_pack("{s:s, s:s}", "id", json_string_value(id), "path", row_path(d, s->first + i));
        if (json_array_append_new(d->result, line) != 0)
            err = GMM_ENOMEM;
    }
    json_decref(reply);
    call_progress(d->call, "%zu of %zu", json_array_size(d->result), d->row_count);
    return err;
}

static enum gmm_err copy_bytes(const struct driving *d, size_t row, int from, struct slice *s, uint64_t *bytes)
{
    uint8_t block[65536];
    *bytes = 0;
    for (;;) {
        ssize_t n = read(from, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return gmm_fail(&s->msg, GMM_EIO, "%s: %s", row_path(d, row), sys_text(errno));
        if (n == 0)
            return GMM_OK;
        *bytes += (uint64_t)n;
        if (*bytes > BATCH_SMALL_BYTES)
            return gmm_fail(&s->msg, GMM_EIO, "%s changed while it was read", row_path(d, row));
        enum gmm_err err = sys_write_all(s->fd, block, (size_t)n);
        if (err != GMM_OK)
            return gmm_fail(&s->msg, err, "memory for a slice of rows: %s", gmm_err_text(err));
    }
}

/* The row joins the slice, or *joined is false: it belongs to the next. */
static enum gmm_err read_row(const struct driving *d, struct slice *s, size_t row, bool *joined)
{
    int fd;
    uint64_t size = 0, bytes = 0;
    enum gmm_err err = open_row(d, row, &fd, &size, &s->msg);
    bool small = size <= BATCH_SMALL_BYTES;
    bool alone = s->count == 1 && s->sizes[0] > BATCH_SMALL_BYTES;
    *joined =
        err != GMM_OK || s->count == 0 || (small && !alone && s->bytes + size <= BATCH_SLICE_BYTES - BATCH_SMALL_BYTES);
    if (err == GMM_OK && *joined && !small) {
        s->fd = fd;
        fd = -1;
        bytes = size;
    } else if (err == GMM_OK && *joined) {
        if (s->fd < 0 && (s->fd = memfd_create("batch", MFD_CLOEXEC)) < 0)
            err = GMM_ENOMEM;
        else
            err = copy_bytes(d, row, fd, s, &bytes);
    }
    sys_close(&fd);
    if (err != GMM_OK || !*joined)
        return err;
    s->sizes[s->count++] = bytes;
    s->bytes += bytes;
    return GMM_OK;
}

/* One at a time, each where the one before it ended; behind the last row they are empty. */
static void read_slice(void *arg, size_t number)
{
    struct driving *d = arg;
    struct slice *s = &d->slices[number % (AHEAD + 1)];
    bool joined = true;
    sys_close(&s->fd);
    s->first = d->next;
    s->count = 0;
    s->bytes = 0;
    s->err = GMM_OK;
    while (s->err == GMM_OK && joined && s->first + s->count < d->row_count && s->count < d->slice_rows)
        s->err = read_row(d, s, s->first + s->count, &joined);
    d->next += s->count;
    d->slice_rows = 2 * d->slice_rows < BATCH_SLICE_ROWS ? 2 * d->slice_rows : BATCH_SLICE_ROWS;
}

static enum gmm_err send_slices(struct driving *d)
{
    struct ahead *ahead = NULL;
    enum gmm_err err = ahead_new(&ahead, d->row_count, AHEAD, AHEAD_ALONE, read_slice, d);
    for (size_t sent = 0, number = 0; sent < d->row_count && err == GMM_OK; number++) {
        const struct slice *s = &d->slices[number % (AHEAD + 1)];
        ahead_take(ahead);
        err = s->err;
        if (err == GMM_OK)
            err = send_slice(d, s);
        else
            d->msg = s->msg;
        sent += s->count;
    }
    ahead_free(ahead);
    return err;
}

static enum gmm_err send_all(struct driving *d)
{
    enum gmm_err err = GMM_OK;
    d->slice_rows = FIRST_ROWS;
    for (size_t i = 0; i <= AHEAD; i++) {
        d->slices[i] = (struct slice){.fd = -1, .sizes = calloc(BATCH_SLICE_ROWS, sizeof *d->slices[i].sizes)};
        if (d->slices[i].sizes == NULL)
            err = GMM_ENOMEM;
    }
    if (err == GMM_OK)
        err = send_slices(d);
    for (size_t i = 0; i <= AHEAD; i++) {
        sys_close(&d->slices[i].fd);
        free(d->slices[i].sizes);
    }
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

static void tell_lang(struct driving *d, const json_t *checked)
{
    json_int_t assumed = json_integer_value(json_object_get(checked, "lang_assumed"));
    if (assumed > 0)
        call_say(d->call, "Language of %lld documents: %s (assumed; --lang or the column lang says another)",
                 (long long)assumed, json_string_value(json_object_get(checked, "lang")));
}

static enum gmm_err drive(struct driving *d, const json_t *checked)
{
    d->number = json_integer_value(json_object_get(checked, "batch"));
    d->paths = json_object_get(checked, "paths");
    d->row_count = json_array_size(d->paths);
    enum gmm_err err = check_files(d);
    if (err == GMM_OK)
        tell_lang(d, checked);
    if (err == GMM_OK && call_flag(d->call, "dry-run")) {
        d->result =
            json_pack("{s:O, s:O, s:O}", "documents", json_object_get(checked, "documents"), "notes",
                      json_object_get(checked, "notes"), "lang_assumed", json_object_get(checked, "lang_assumed"));
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
