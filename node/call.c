#include "node/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/limits.h"
#include "node/render.h"

struct call {
    char command[64]; /* longer names are unknown anyway */
    json_t *args;
    int fds[LIMIT_REQUEST_FDS];
    unsigned fd_count;
    char person[LIMIT_PERSON_TEXT + 1];
    unsigned rights;
    enum lang lang;
    const struct call_ops *ops; /* NULL: abandoned */
    void *arg;
    void (*on_gone)(void *arg, struct call *call);
    void *gone_arg;
};

static void close_all(const int *fds, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        close(fds[i]);
}

struct call *call_new(const char *command, json_t *args, const int *fds, unsigned fd_count, const char *person,
                      unsigned rights, const struct call_ops *ops, void *arg)
{
    struct call *call = calloc(1, sizeof *call);
    if (call == NULL || args == NULL || fd_count > LIMIT_REQUEST_FDS)
        goto fail;
    snprintf(call->command, sizeof call->command, "%s", command);
    call->args = args;
    if (fd_count > 0)
        memcpy(call->fds, fds, fd_count * sizeof *fds);
    call->fd_count = fd_count;
    snprintf(call->person, sizeof call->person, "%s", person);
    call->rights = rights;
    call->lang = lang_used();
    call->ops = ops;
    call->arg = arg;
    return call;
fail:
    close_all(fds, fd_count);
    json_decref(args);
    free(call);
    return NULL;
}

static void call_free(struct call *call)
{
    close_all(call->fds, call->fd_count);
    json_decref(call->args);
    free(call);
}

void call_abandon(struct call *call)
{
    call->ops = NULL;
    if (call->on_gone != NULL)
        call->on_gone(call->gone_arg, call);
}

void call_on_gone(struct call *call, void (*fn)(void *arg, struct call *call), void *arg)
{
    call->on_gone = fn;
    call->gone_arg = arg;
}

const char *call_command(const struct call *call)
{
    return call->command;
}

const json_t *call_args(const struct call *call)
{
    return call->args;
}

const int *call_fds(const struct call *call, unsigned *count)
{
    *count = call->fd_count;
    return call->fds;
}

enum lang call_lang(const struct call *call)
{
    return call->lang;
}

const char *call_person(const struct call *call)
{
    return call->person;
}

bool call_may(const struct call *call, unsigned right)
{
    return (call->rights & right) == right;
}

/* The value at this index, whether it stands alone or in an array. */
static const json_t *value_at(const struct call *call, const char *name, size_t index)
{
    const json_t *value = json_object_get(call->args, name);
    if (json_is_array(value))
        return json_array_get(value, index);
    return index == 0 ? value : NULL;
}

const char *call_text(const struct call *call, const char *name)
{
    return call_text_at(call, name, 0);
}

const char *call_text_at(const struct call *call, const char *name, size_t index)
{
    return json_string_value(value_at(call, name, index));
}

bool call_flag(const struct call *call, const char *name)
{
    return json_is_true(json_object_get(call->args, name));
}

int64_t call_int(const struct call *call, const char *name, int64_t otherwise)
{
    const json_t *value = value_at(call, name, 0);
    return json_is_integer(value) ? (int64_t)json_integer_value(value) : otherwise;
}

size_t call_count(const struct call *call, const char *name)
{
    const json_t *value = json_object_get(call->args, name);
    return json_is_array(value) ? json_array_size(value) : value != NULL;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A base name: bytes without NUL and '/'; the empty name for anything else. */
static void read_name(char out[256], const char *hex)
{
    size_t n = 0;
    out[0] = '\0';
    for (; hex != NULL && hex[0] != '\0' && n < 255; hex += 2) {
        int high = hex_value(hex[0]), low = hex_value(hex[1]);
        int byte = high * 16 + low;
        if (high < 0 || low < 0 || byte == 0 || byte == '/') {
            out[0] = '\0';
            return;
        }
        out[n++] = (char)byte;
    }
    out[n] = '\0';
}

int call_file(const struct call *call, const char *name, size_t index, char base_name[256])
{
    const json_t *value = value_at(call, name, index);
    if (base_name != NULL)
        read_name(base_name, json_string_value(json_object_get(value, "name")));
    const json_t *fd = json_object_get(value, "fd");
    if (!json_is_integer(fd) || json_integer_value(fd) < 0 || json_integer_value(fd) >= (json_int_t)call->fd_count)
        return -1;
    return call->fds[json_integer_value(fd)];
}

void call_event(struct call *call, json_t *event)
{
    if (call->ops != NULL && event != NULL)
        call->ops->event(call->arg, event);
    json_decref(event);
}

static void say(struct call *call, const char *kind, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
static void say(struct call *call, const char *kind, const char *format, va_list args)
{
    char text[512];
    enum lang before = lang_use(call->lang);
    vsnprintf(text, sizeof text, text_tr(format), args);
    (void)lang_use(before);
    call_event(call, json_pack("{s:o}", kind, render_json_text(text)));
}

void call_say(struct call *call, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(call, "say", format, args);
    va_end(args);
}

void call_progress(struct call *call, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(call, "progress", format, args);
    va_end(args);
}

void call_answer(struct call *call, enum gmm_err err, json_t *reply)
{
    if (call->ops != NULL)
        call->ops->done(call->arg, reply != NULL || err != GMM_OK ? err : GMM_ENOMEM, reply);
    json_decref(reply);
    call_free(call);
}

void call_reply(struct call *call, json_t *result)
{
    call_answer(call, GMM_OK, result);
}

void call_reply_with(struct call *call, enum gmm_err err, json_t *result)
{
    call_answer(call, result != NULL ? err : GMM_ENOMEM, result);
}

json_t *call_error(enum exit_status status, const char *code, enum gmm_err err, const char *message, const char *remedy,
                   json_t *choices)
{
    if (choices == NULL)
        choices = json_array();
    return json_pack("{s:i, s:s, s:o, s:o, s:o}", "exit", (int)status, "code",
                     code != NULL ? code : exit_code_text(err), "message",
                     render_json_text(message != NULL ? text_tr(message) : gmm_err_text(err)), "remedy",
                     render_json_text(remedy != NULL ? text_tr(remedy) : exit_remedy(err)), "choices", choices);
}

void call_fail(struct call *call, enum gmm_err err, const char *message, const char *remedy)
{
    call_fail_choices(call, err, message, remedy, NULL);
}

void call_fail_choices(struct call *call, enum gmm_err err, const char *message, const char *remedy, json_t *choices)
{
    enum lang before = lang_use(call->lang);
    json_t *error = call_error(exit_of(err), NULL, err, message, remedy, choices);
    (void)lang_use(before);
    call_answer(call, err, error != NULL ? json_pack("{s:o}", "error", error) : NULL);
}
