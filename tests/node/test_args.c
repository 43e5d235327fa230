#include "node/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"
#include "tests/node/sample_table.h"

#define NOW UINT64_C(1794000000000)

static struct args args;
static struct gmm_msg msg;
static char line[1024];
static char *words[64];

/* Words separated by single spaces; "''" is an empty one. */
static enum gmm_err parse(const char *text)
{
    int argc = 0;
    words[argc++] = (char *)(uintptr_t) "gmm";
    snprintf(line, sizeof line, "%s", text);
    char *save = NULL;
    for (char *w = strtok_r(line, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
        words[argc++] = strcmp(w, "''") == 0 ? w + 2 : w;
    args_close(&args);
    memset(&msg, 0, sizeof msg);
    return args_parse(&args, argc, words, NOW, &msg);
}

static int teardown(void **state)
{
    (void)state;
    args_close(&args);
    return 0;
}

static void assert_args(const char *json)
{
    char *got = json_dumps(args.args, JSON_SORT_KEYS | JSON_COMPACT);
    assert_string_equal(got, json);
    free(got);
}

static void assert_parsed(const char *text, const char *command, const char *json)
{
    assert_int_equal(parse(text), GMM_OK);
    assert_string_equal(args.command->name, command);
    assert_args(json);
}

static void assert_refused(const char *text, const char *about)
{
    assert_int_equal(parse(text), GMM_EUSAGE);
    if (strstr(msg.text, about) == NULL)
        fail_msg("'%s': '%s' does not speak of '%s'", text, msg.text, about);
}

static void test_commands(void **state)
{
    (void)state;
    assert_parsed("status", "status", "{}");
    assert_parsed("roster", "roster list", "{}");
    assert_parsed("roster list", "roster list", "{}");
    assert_parsed("roster --json add x", "roster add", "{\"invite\":\"x\"}");
    assert_true(args.json);
    assert_parsed("roster --home h add x", "roster add", "{\"invite\":\"x\"}");
    assert_parsed("role give chair wb", "role give chair", "{\"invite\":\"wb\"}");
    assert_parsed("role give lead", "role give lead", "{}");
    assert_parsed("--version", "version", "{}");
    assert_parsed("--json --version", "version", "{}");
    assert_parsed("--help", "help", "{}");
}

static void test_global_options(void **state)
{
    (void)state;
    assert_parsed("--home /h --json status --quiet --read-only --socket=/s --lang fr", "status", "{}");
    assert_string_equal(args.home, "/h");
    assert_string_equal(args.socket, "/s");
    assert_string_equal(args.lang, "fr");
    assert_true(args.json && args.quiet && args.read_only);
    assert_parsed("status", "status", "{}");
    assert_false(args.json || args.quiet || args.read_only || args.home != NULL);
}

/* "An option that the command itself defines is the command's". */
static void test_options_of_the_command_go_first(void **state)
{
    (void)state;
    assert_parsed("--lang fr get S --lang es --version 2", "get",
                  "{\"lang\":\"es\",\"o\":null,\"ref\":\"S\",\"version\":2}");
    assert_string_equal(args.lang, "fr");
    assert_parsed("get --lang es S", "get", "{\"lang\":\"es\",\"o\":null,\"ref\":\"S\"}");
    assert_null(args.lang);
}

static void test_option_forms(void **state)
{
    (void)state;
    assert_parsed("post f --to=all --title= --yes --yes", "post",
                  "{\"file\":null,\"title\":\"\",\"to\":[\"all\"],\"yes\":true}");
    assert_parsed("post --to ilo --to iom -- --odd-name", "post", "{\"file\":null,\"to\":[\"ilo\",\"iom\"]}");
    assert_string_equal(args.files[0].path, "--odd-name");
    assert_parsed("post f --to all --title --yes", "post", "{\"file\":null,\"title\":\"--yes\",\"to\":[\"all\"]}");
    static const char *const forms[] = {"get S -o out", "get S -oout", "get S -o=out", "get S --output out",
                                        "get S --output=out"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        assert_parsed(forms[i], "get", "{\"o\":null,\"ref\":\"S\"}");
        assert_int_equal(args.file_count, 1);
        assert_string_equal(args.files[0].path, "out");
    }
    assert_parsed("search a b --since 7d c", "search", "{\"since\":1793395200000,\"words\":[\"a\",\"b\",\"c\"]}");
    assert_parsed("search a --within 36h --deadline 2026-11-24T17:00Z", "search",
                  "{\"deadline\":1795539600000,\"within\":129600000,\"words\":[\"a\"]}");
}

static void test_files(void **state)
{
    (void)state;
    assert_parsed("post - --to all --attach a --attach b", "post",
                  "{\"attach\":[null,null],\"file\":null,\"to\":[\"all\"]}");
    assert_int_equal(args.file_count, 3);
    assert_string_equal(args.files[0].path, "-");
    assert_int_equal(args_set_file(&args.files[2], json_string("B")), GMM_OK);
    assert_int_equal(args_set_file(&args.files[0], json_string("F")), GMM_OK);
    assert_int_equal(args_set_file(&args.files[1], NULL), GMM_ENOMEM);
    assert_args("{\"attach\":[null,\"B\"],\"file\":\"F\",\"to\":[\"all\"]}");
    assert_parsed("get S", "get", "{\"o\":null,\"ref\":\"S\"}");
    assert_null(args.files[0].path);
    assert_parsed("matrix", "matrix", "{\"o\":null}");
    assert_null(args.files[0].path);
    args_drop_file(&args.files[0]);
    assert_args("{}");
    assert_parsed("matrix -o -", "matrix", "{\"o\":null}");
    assert_string_equal(args.files[0].path, "-");
    assert_parsed("join TEXT", "join", "{\"invite\":\"TEXT\"}");
    assert_int_equal(args.file_count, 0);
    assert_parsed("join @file", "join", "{\"invite\":null}");
    assert_string_equal(args.files[0].path, "file");
    assert_parsed("join -", "join", "{\"invite\":null}");
    assert_string_equal(args.files[0].path, "-");
    assert_parsed("note S -", "note", "{\"ref\":\"S\",\"text\":null}");
    assert_parsed("note S --propose - well", "note", "{\"propose\":null,\"ref\":\"S\",\"text\":\"well\"}");
}

static void test_refusals(void **state)
{
    (void)state;
    assert_refused("", "no command");
    assert_refused("get", "needs REF");
    assert_refused("post f", "needs --to GROUP");
    assert_refused("post f --to", "--to needs a value");
    assert_refused("--home", "--home needs a value");
    assert_refused("--home= status", "--home needs a value");
    assert_refused("status --json=yes", "takes no value");
    assert_refused("post f --to a --yes=1", "takes no value");
    assert_refused("post f --to a --title x --title y", "twice");
    assert_refused("status more", "no further argument: 'more'");
    assert_refused("get S --version x", "whole number");
    assert_refused("get S --version -1", "whole number");
    assert_refused("get S --version 99999999999999999999", "whole number");
    assert_refused("search a --since soon", "'soon' is no time");
    assert_refused("search a --deadline 2026-11-24", "zone");
    assert_refused("search a --within 2026-11-24", "span");
    assert_refused("get \xff", "not UTF-8");
    assert_refused("post '' --to all", "name of a file");
    assert_refused("join @", "name of a file");
    assert_refused("post - --to all --attach -", "one argument only");
    assert_refused("post batch x", "no further argument: 'x'"); /* a hidden step: not by hand */
}

static void test_json_is_known_although_it_comes_late(void **state)
{
    (void)state;
    assert_int_equal(parse("nonsense --json"), GMM_EUSAGE);
    assert_true(args.json);
    assert_int_equal(parse("nonsense -- --json"), GMM_EUSAGE);
    assert_false(args.json);
}

static void test_suggestions(void **state)
{
    (void)state;
    assert_refused("statsu", "unknown command 'statsu'");
    assert_string_equal(args.suggestions[0], "status");
    assert_refused("rostr", "unknown command 'rostr'");
    assert_string_equal(args.suggestions[0], "roster list");
    assert_refused("roster ad x", "unknown command 'roster ad'");
    assert_string_equal(args.suggestions[0], "roster add");
    assert_refused("role giv x", "unknown command 'role giv'");
    assert_string_equal(args.suggestions[0], "role give chair");
    assert_refused("role", "unknown command 'role'");
    assert_refused("zzzzzz", "unknown command");
    assert_null(args.suggestions[0]);
    assert_refused("get S --versoin=2", "unknown option '--versoin' of 'get'");
    assert_string_equal(args.suggestions[0], "--version");
    assert_refused("get S --jsno", "unknown option '--jsno'");
    assert_string_equal(args.suggestions[0], "--json");
    assert_refused("--jsno get S", "unknown option '--jsno'");
    assert_string_equal(args.suggestions[0], "--json");
    assert_refused("status --version", "unknown option '--version' of 'status'");
    assert_refused("status -x", "unknown option '-x'");
}

static void test_help_needs_nothing_else(void **state)
{
    (void)state;
    static const char *const forms[] = {"get --help", "get -h", "--help get"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        assert_int_equal(parse(forms[i]), GMM_OK);
        assert_true(args.help);
        assert_string_equal(args.command->name, "get");
    }
}

static void test_too_many_files(void **state)
{
    (void)state;
    char *argv[2 * LIMIT_REQUEST_FDS + 8];
    int argc = 0;
    static char gmm[] = "gmm", post[] = "post", to[] = "--to=all", attach[] = "--attach", name[] = "f";
    argv[argc++] = gmm;
    argv[argc++] = post;
    argv[argc++] = to;
    argv[argc++] = name;
    for (unsigned i = 1; i < LIMIT_REQUEST_FDS; i++) {
        argv[argc++] = attach;
        argv[argc++] = name;
    }
    assert_int_equal(args_parse(&args, argc, argv, NOW, &msg), GMM_OK);
    assert_int_equal(args.file_count, LIMIT_REQUEST_FDS);
    args_close(&args);
    argv[argc++] = attach;
    argv[argc++] = name;
    assert_int_equal(args_parse(&args, argc, argv, NOW, &msg), GMM_ELIMIT);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    json_set_alloc_funcs(malloc, free);
    for (long i = 0;; i++) {
        args_close(&args);
        failmalloc_at(i);
        enum gmm_err err = parse("post f --to a --to b --title t --attach x");
        if (!failmalloc_off()) {
            assert_int_equal(err, GMM_OK);
            assert_true(i > 5);
            break;
        }
        assert_int_equal(err, GMM_ENOMEM);
    }
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_commands),
        TEST(test_global_options),
        TEST(test_options_of_the_command_go_first),
        TEST(test_option_forms),
        TEST(test_files),
        TEST(test_refusals),
        TEST(test_json_is_known_although_it_comes_late),
        TEST(test_suggestions),
        TEST(test_help_needs_nothing_else),
        TEST(test_too_many_files),
        TEST(test_out_of_memory),
    };
    sample_use();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
