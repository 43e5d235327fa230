#include "node/commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/config.h"

/* The program's own table: what help, completion and the parser rely on. */

static void test_each_command_is_described(void **state)
{
    (void)state;
    assert_true(command_count() > 20);
    assert_null(command_at(command_count()));
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *c = command_at(i);
        assert_non_null(c->help);
        assert_true(strlen(c->name) > 0 && strlen(c->name) < 40);
        assert_int_equal(strspn(c->name, "abcdefghijklmnopqrstuvwxyz- "), strlen(c->name));
        if ((c->flags & COMMAND_HIDDEN) == 0) {
            assert_non_null(c->example);
            assert_non_null(strstr(c->example, "gmm "));
            assert_true(c->help[0] >= 'A' && c->help[0] <= 'Z');
            assert_int_equal(c->help[strlen(c->help) - 1], '.');
        }
        assert_ptr_equal(command_find(c->name), c);
    }
}

/* A node has a handler for it, or the client a function; never neither, never a handler where there is no node. */
static void test_each_command_can_run(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *c = command_at(i);
        bool in_client = (c->flags & (COMMAND_NO_HOME | COMMAND_LOCAL)) != 0;
        assert_true(c->handler != NULL || c->local != NULL);
        assert_false(in_client && c->handler != NULL);
        assert_int_equal(c->right & ~CONFIG_ALL, 0);
    }
}

static void test_parameters(void **state)
{
    char key[COMMAND_KEY_BYTES], other[COMMAND_KEY_BYTES];
    (void)state;
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *c = command_at(i);
        bool open_ended = false;
        for (size_t k = 0; k < c->param_count; k++) {
            const struct command_param *p = &c->params[k];
            bool hidden = (c->flags & COMMAND_HIDDEN) != 0;
            assert_non_null(p->help);
            assert_true(strlen(p->name) < COMMAND_KEY_BYTES);
            assert_true(hidden || p->kind != COMMAND_JSON);
            assert_false(p->kind == COMMAND_FLAG && (!command_is_option(p) || p->value != NULL));
            assert_false(p->kind == COMMAND_FLAG && (p->flags & (COMMAND_REQUIRED | COMMAND_REPEATED)) != 0);
            if (command_is_option(p) && p->kind != COMMAND_FLAG)
                assert_non_null(p->value);
            if (!command_is_option(p)) { /* what takes the rest is the last */
                assert_false(open_ended);
                open_ended = (p->flags & COMMAND_REPEATED) != 0;
            }
            command_key(p, key);
            for (size_t j = 0; j < k; j++) {
                command_key(&c->params[j], other);
                assert_string_not_equal(key, other);
            }
        }
    }
}

static void test_find(void **state)
{
    (void)state;
    assert_string_equal(command_find("roster")->name, "roster list");
    assert_string_equal(command_find("invite")->name, "invite");
    assert_null(command_find("rost"));
    assert_null(command_find(""));
    assert_null(command_find("roster list x"));
}

static void test_distance(void **state)
{
    char long_text[80];
    (void)state;
    assert_int_equal(command_distance("", ""), 0);
    assert_int_equal(command_distance("", "abc"), 3);
    assert_int_equal(command_distance("post", "post"), 0);
    assert_int_equal(command_distance("psot", "post"), 1);
    assert_int_equal(command_distance("pst", "post"), 1);
    assert_int_equal(command_distance("posst", "post"), 1);
    assert_int_equal(command_distance("past", "post"), 1);
    assert_int_equal(command_distance("kitten", "sitting"), 3);
    memset(long_text, 'a', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    assert_int_equal(command_distance(long_text, "a"), SIZE_MAX);
    long_text[63] = '\0';
    assert_int_equal(command_distance(long_text, "a"), 62);
}

static bool suggests(const char *typed, const char *wanted)
{
    const char *near[4];
    command_suggest(typed, near);
    assert_null(near[3]);
    for (size_t i = 0; near[i] != NULL; i++)
        if (strcmp(near[i], wanted) == 0)
            return true;
    return false;
}

static void test_suggestions(void **state)
{
    const char *near[4];
    (void)state;
    assert_true(suggests("psot", "post"));
    assert_true(suggests("statsu", "status"));
    assert_true(suggests("roster ad", "roster add"));
    assert_true(suggests("ros", "roster add"));
    command_suggest("qqqqqqqq", near);
    assert_null(near[0]);
}

static const struct command_param sample_params[] = {
    {"REF", COMMAND_TEXT, COMMAND_REQUIRED, NULL, ""},
    {"--limit", COMMAND_INT, 0, "N", ""},
    {"--yes", COMMAND_FLAG, 0, NULL, ""},
    {"--attach", COMMAND_IN, COMMAND_REPEATED, "FILE", ""},
    {"-o", COMMAND_OUT, 0, "FILE", ""},
    {"--invite", COMMAND_LINE, 0, "X", ""},
    {"--rows", COMMAND_JSON, 0, "X", ""},
};
static const struct command sample = {
    .name = "sample", .params = sample_params, .param_count = sizeof sample_params / sizeof sample_params[0]};

static enum gmm_err check(const char *text, unsigned fd_count)
{
    struct gmm_msg msg = {.text = ""};
    json_t *args = json_loads(text, 0, NULL);
    assert_non_null(args);
    enum gmm_err err = command_check(&sample, args, fd_count, &msg);
    assert_int_equal(err == GMM_OK, msg.text[0] == '\0');
    json_decref(args);
    return err;
}

static void test_check(void **state)
{
    static const char *const good[] = {
        "{\"ref\":\"S\"}",
        "{\"ref\":\"\",\"limit\":0,\"yes\":true}",
        "{\"ref\":\"S\",\"attach\":[{\"fd\":0},{\"fd\":1,\"name\":\"61\",\"path\":\"a\"}],\"o\":{\"fd\":1}}",
        "{\"ref\":\"S\",\"invite\":\"text\",\"rows\":[null,{\"x\":[]}]}",
        "{\"ref\":\"S\",\"invite\":{\"fd\":0}}",
    };
    static const char *const bad[] = {
        "{}",
        "{\"ref\":1}",
        "{\"ref\":null}",
        "{\"ref\":[\"S\"]}",
        "{\"ref\":\"S\",\"limit\":-1}",
        "{\"ref\":\"S\",\"limit\":\"1\"}",
        "{\"ref\":\"S\",\"yes\":false}",
        "{\"ref\":\"S\",\"attach\":{\"fd\":0}}",
        "{\"ref\":\"S\",\"attach\":[]}",
        "{\"ref\":\"S\",\"attach\":[{\"fd\":2}]}",
        "{\"ref\":\"S\",\"attach\":[{\"fd\":-1}]}",
        "{\"ref\":\"S\",\"o\":{\"fd\":0,\"name\":1}}",
        "{\"ref\":\"S\",\"o\":{\"fd\":0,\"path\":[]}}",
        "{\"ref\":\"S\",\"o\":\"out\"}",
        "{\"ref\":\"S\",\"invite\":7}",
        "{\"ref\":\"S\",\"other\":1}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(check(good[i], 2), GMM_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(check(bad[i], 2), GMM_EUSAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_command_is_described),
        cmocka_unit_test(test_each_command_can_run),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_suggestions),
        cmocka_unit_test(test_check),
    };
    commands_use();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
