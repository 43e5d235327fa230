#include "node/call.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "keys/limits.h"
#include "tests/lib/failmalloc.h"

/* What a carrier heard. */
struct heard {
    unsigned events, answers, gone;
    enum gmm_err err;
    json_t *last_event, *reply;
};
static struct heard heard;

static void on_event(void *arg, json_t *event)
{
    struct heard *h = arg;
    h->events++;
    json_decref(h->last_event);
    h->last_event = json_incref(event);
}

static void on_done(void *arg, enum gmm_err err, json_t *reply)
{
    struct heard *h = arg;
    h->answers++;
    h->err = err;
    json_decref(h->reply);
    h->reply = reply != NULL ? json_incref(reply) : NULL;
}

static const struct call_ops ops = {on_event, on_done};

static int forget(void **state)
{
    (void)state;
    json_decref(heard.last_event);
    json_decref(heard.reply);
    heard = (struct heard){0};
    return 0;
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static struct call *make(json_t *args)
{
    return call_new("post", args, NULL, 0, "amina", 5, &ops, &heard);
}

static void test_arguments(void **state)
{
    (void)state;
    struct call *call = make(
        json_pack("{s:s, s:b, s:i, s:[s,s], s:n}", "title", "Draft", "yes", 1, "limit", 7, "to", "ilo", "iom", "none"));
    assert_string_equal(call_command(call), "post");
    assert_string_equal(call_person(call), "amina");
    assert_true(call_may(call, 1) && call_may(call, 5) && call_may(call, 0));
    assert_false(call_may(call, 2) || call_may(call, 7));
    assert_string_equal(call_text(call, "title"), "Draft");
    assert_null(call_text(call, "symbol"));
    assert_null(call_text(call, "limit"));
    assert_true(call_flag(call, "yes"));
    assert_false(call_flag(call, "title"));
    assert_int_equal(call_int(call, "limit", 1), 7);
    assert_int_equal(call_int(call, "title", 1), 1);
    assert_int_equal(call_count(call, "to"), 2);
    assert_int_equal(call_count(call, "title"), 1);
    assert_int_equal(call_count(call, "symbol"), 0);
    assert_string_equal(call_text_at(call, "to", 1), "iom");
    assert_null(call_text_at(call, "to", 2));
    assert_null(call_text_at(call, "title", 1));
    call_reply(call, json_true());
    assert_int_equal(heard.answers, 1);
    assert_int_equal(heard.err, GMM_OK);
}

static void test_files(void **state)
{
    char name[256];
    int fds[2] = {open("/dev/null", O_RDONLY), open("/dev/null", O_RDONLY)};
    (void)state;
    json_t *args =
        json_pack("{s:{s:i,s:s}, s:[{s:i},{s:i,s:s}], s:{s:i,s:s}, s:{s:i}}", "file", "fd", 0, "name", "c3a92e747874",
                  "attach", "fd", 1, "fd", 5, "name", "2e2f2e", "odd", "fd", 1, "name", "610", "out", "fd", -1);
    struct call *call = call_new("post", args, fds, 2, "amina", 0, &ops, &heard);
    unsigned count;
    assert_int_equal(call_fds(call, &count)[1], fds[1]);
    assert_int_equal(count, 2);
    assert_int_equal(call_file(call, "file", 0, name), fds[0]);
    assert_string_equal(name, "\xc3\xa9.txt");
    assert_int_equal(call_file(call, "attach", 0, name), fds[1]);
    assert_string_equal(name, "");
    assert_int_equal(call_file(call, "attach", 1, name), -1);
    assert_string_equal(name, ""); /* a path is no base name */
    assert_int_equal(call_file(call, "odd", 0, name), fds[1]);
    assert_string_equal(name, "");
    assert_int_equal(call_file(call, "out", 0, NULL), -1);
    assert_int_equal(call_file(call, "missing", 0, NULL), -1);
    assert_int_equal(call_file(call, "file", 1, NULL), -1);
    call_fail(call, GMM_EFULL, "no space left", NULL);
    assert_false(is_open(fds[0]) || is_open(fds[1]));
}

static void test_names_are_bounded(void **state)
{
    char hex[2 * 300 + 1], name[256];
    int fd = open("/dev/null", O_RDONLY);
    (void)state;
    memset(hex, '6', sizeof hex - 1);
    hex[sizeof hex - 1] = '\0';
    struct call *call =
        call_new("post", json_pack("{s:{s:i,s:s}}", "file", "fd", 0, "name", hex), &fd, 1, "a", 0, &ops, &heard);
    assert_int_equal(call_file(call, "file", 0, name), fd);
    assert_int_equal(strlen(name), 255);
    call_reply(call, json_true());
}

static void test_failure(void **state)
{
    (void)state;
    call_fail(make(json_object()), GMM_ENOTFOUND, "no document '\xff'", "check the symbol");
    assert_int_equal(heard.err, GMM_ENOTFOUND);
    json_t *error = json_object_get(heard.reply, "error");
    assert_int_equal(json_integer_value(json_object_get(error, "exit")), 3);
    assert_string_equal(json_string_value(json_object_get(error, "code")), "not-found");
    assert_string_equal(json_string_value(json_object_get(error, "message")), "no document '\\xff'");
    assert_string_equal(json_string_value(json_object_get(error, "remedy")), "check the symbol");
    assert_true(json_is_array(json_object_get(error, "choices")));
    call_fail_choices(make(json_object()), GMM_EAMBIGUOUS, NULL, NULL, json_pack("[s,s]", "a", "b"));
    error = json_object_get(heard.reply, "error");
    assert_int_equal(json_array_size(json_object_get(error, "choices")), 2);
    assert_string_equal(json_string_value(json_object_get(error, "message")), gmm_err_text(GMM_EAMBIGUOUS));
    assert_string_equal(json_string_value(json_object_get(error, "remedy")), exit_remedy(GMM_EAMBIGUOUS));
}

static void test_result_with_a_failure(void **state)
{
    (void)state;
    call_reply_with(make(json_object()), GMM_ECORRUPT, json_pack("{s:b}", "ok", 0));
    assert_int_equal(heard.err, GMM_ECORRUPT);
    assert_non_null(json_object_get(heard.reply, "ok"));
    call_reply_with(make(json_object()), GMM_OK, NULL);
    assert_int_equal(heard.err, GMM_ENOMEM);
    call_reply(make(json_object()), NULL);
    assert_int_equal(heard.err, GMM_ENOMEM);
    assert_null(heard.reply);
}

static void test_events(void **state)
{
    (void)state;
    struct call *call = make(json_object());
    call_event(call, json_pack("{s:s}", "event", "document"));
    assert_string_equal(json_string_value(json_object_get(heard.last_event, "event")), "document");
    call_say(call, "%s asked", "WHO");
    assert_string_equal(json_string_value(json_object_get(heard.last_event, "say")), "WHO asked");
    call_progress(call, "%d of %d", 3, 40);
    assert_string_equal(json_string_value(json_object_get(heard.last_event, "progress")), "3 of 40");
    call_event(call, NULL);
    assert_int_equal(heard.events, 3);
    call_reply(call, json_true());
}

static void answer_when_gone(void *arg, struct call *call)
{
    struct heard *h = arg;
    h->gone++;
    call_fail(call, GMM_ECLOSED, "the client left", NULL);
}

static void only_note(void *arg, struct call *call)
{
    struct heard *h = arg;
    (void)call;
    h->gone++;
}

static void test_gone(void **state)
{
    (void)state;
    struct call *call = make(json_object());
    call_on_gone(call, answer_when_gone, &heard);
    call_abandon(call);
    call = make(json_object());
    call_on_gone(call, only_note, &heard);
    call_abandon(call);
    call_event(call, json_true());
    call_reply(call, json_true());
    call = make(json_object());
    call_abandon(call);
    call_reply(call, json_true());
    assert_int_equal(heard.gone, 2);
    assert_int_equal(heard.answers, 0);
    assert_int_equal(heard.events, 0);
}

static void test_out_of_memory_closes_descriptors(void **state)
{
    (void)state;
    for (long i = 0;; i++) {
        int fd = open("/dev/null", O_RDONLY);
        json_t *args = json_object();
        failmalloc_at(i);
        struct call *call = call_new("post", args, &fd, 1, "a", 0, &ops, &heard);
        if (!failmalloc_off()) {
            call_reply(call, json_true());
            assert_true(i >= 1);
            break;
        }
        assert_null(call);
        assert_false(is_open(fd));
    }
    int none[LIMIT_REQUEST_FDS + 1];
    for (size_t i = 0; i <= LIMIT_REQUEST_FDS; i++)
        none[i] = -1;
    assert_null(call_new("post", json_object(), none, LIMIT_REQUEST_FDS + 1, "a", 0, &ops, &heard));
    assert_null(call_new("post", NULL, NULL, 0, "a", 0, &ops, &heard));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_arguments, forget),
        cmocka_unit_test_teardown(test_files, forget),
        cmocka_unit_test_teardown(test_names_are_bounded, forget),
        cmocka_unit_test_teardown(test_failure, forget),
        cmocka_unit_test_teardown(test_result_with_a_failure, forget),
        cmocka_unit_test_teardown(test_events, forget),
        cmocka_unit_test_teardown(test_gone, forget),
        cmocka_unit_test_teardown(test_out_of_memory_closes_descriptors, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
