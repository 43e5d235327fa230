#include "node/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/keyfile.h"
#include "tests/lib/tempdir.h"

static struct config config;

static enum gmm_err parse(const char *text, struct gmm_msg *msg)
{
    return config_parse(&config, text, strlen(text), msg);
}

static void assert_defaults(void)
{
    static struct config none;
    memset(&none, 0, sizeof none);
    none.fetch_auto_max = UINT64_MAX;
    none.fetch_kinds = CONFIG_FETCH_DOCUMENT | CONFIG_FETCH_ATTACHMENT;
    none.fetch_marking = 2;
    none.neighbours = 4;
    none.relay_most = UINT64_C(10) << 30;
    none.relay_group_most = UINT64_C(2) << 30;
    assert_memory_equal(&config, &none, sizeof none);
}

static void defaults_of_an_empty_file(void **state)
{
    (void)state;
    static const char *const empty[] = {"", "\n\n", "# nothing\n; here\n", "[node]\n[network]\r\n[fetch]",
                                        "\xef\xbb\xbf[node]\n"};
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        assert_int_equal(parse(empty[i], NULL), GMM_OK);
        assert_defaults();
    }
}

static void everything_at_once(void **state)
{
    (void)state;
    static const char text[] = "[node]\r\n"
                               "lang = fr ; French\r\n"
                               "  lock-memory=warn\n"
                               "[network]\n"
                               "listen=0.0.0.0:7000\n"
                               "\tlisten=[::]:0\n"
                               "advertise=node.example.org:7000\n"
                               "neighbours=32\n"
                               "[control] # where clients connect\n"
                               "socket=/run/gmm/control\n"
                               "group=gmm\n"
                               "[people]\n"
                               "amina=read,post , note\n"
                               "head=read,post,note,clear,release\n"
                               "it=admin\n"
                               "*=read\n"
                               "[fetch]\n"
                               "auto-marking = CONFIDENTIAL\n"
                               "auto-kinds= document\n"
                               "auto-max=1048576\n"
                               "[relay]\n"
                               "keep=5000000000\n"
                               "keep-group=0";
    assert_int_equal(parse(text, NULL), GMM_OK);
    assert_string_equal(config.lang, "fr");
    assert_true(config.allow_unlocked_memory);
    assert_int_equal(config.listen_count, 2);
    assert_string_equal(config.listen[0], "0.0.0.0:7000");
    assert_string_equal(config.listen[1], "[::]:0");
    assert_int_equal(config.advertise_count, 1);
    assert_string_equal(config.advertise[0], "node.example.org:7000");
    assert_string_equal(config.socket, "/run/gmm/control");
    assert_string_equal(config.socket_group, "gmm");
    assert_int_equal(config.people_count, 4);
    assert_int_equal(config.neighbours, 32);
    assert_int_equal(config.fetch_auto_max, 1048576);
    assert_int_equal(config.fetch_kinds, CONFIG_FETCH_DOCUMENT);
    assert_int_equal(config.relay_most, 5000000000);
    assert_int_equal(config.relay_group_most, 0);
    assert_int_equal(config.fetch_marking, 1);
    assert_int_equal(config_may(&config, "amina", false), CONFIG_READ | CONFIG_POST | CONFIG_NOTE);
    assert_int_equal(config_may(&config, "head", false),
                     CONFIG_READ | CONFIG_POST | CONFIG_NOTE | CONFIG_CLEAR | CONFIG_RELEASE);
    assert_int_equal(config_may(&config, "it", false), CONFIG_ADMIN);
    assert_int_equal(config_may(&config, "bob", false), CONFIG_READ);
    assert_int_equal(config_may(&config, "*", false), CONFIG_READ);
    /* who is named nowhere gets what * says, the owner too */
    assert_int_equal(config_may(&config, "root", true), CONFIG_READ);
}

static void without_people_only_the_owner(void **state)
{
    (void)state;
    assert_int_equal(parse("", NULL), GMM_OK);
    assert_int_equal(config_may(&config, "bob", false), 0);
    assert_int_equal(config_may(&config, "bob", true), CONFIG_ALL);
    assert_int_equal(parse("[people]\namina=read\n", NULL), GMM_OK);
    assert_int_equal(config_may(&config, "bob", true), 0);
}

static void faults_name_the_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum gmm_err err;
        const char *line, *says;
    } cases[] = {
        {"[nodes]\n", GMM_EFORMAT, "line 1", "[nodes]"},
        {"\n[node]\nlang=fr\n[bogus]\n", GMM_EFORMAT, "line 4", "[bogus]"},
        {"[node\n", GMM_EFORMAT, "line 1", "[node"},
        {"[node] lang=fr\n", GMM_EFORMAT, "line 1", "[node] lang=fr"},
        {"[node]x\n", GMM_EFORMAT, "line 1", "[node]x"},
        {"lang=fr\n[node]\n", GMM_EFORMAT, "line 1", "before any section"},
        {"[node]\n\n\ncolour=red\n", GMM_EFORMAT, "line 4", "colour"},
        {"[network]\nlang=fr\n", GMM_EFORMAT, "line 2", "[network]"},
        {"[control]\nsock=/x\n", GMM_EFORMAT, "line 2", "sock"},
        {"[fetch]\nmax=1\n", GMM_EFORMAT, "line 2", "max"},
        {"[node]\nlang\n", GMM_EFORMAT, "line 2", "key=value"},
        {"[node]\nlang=\n", GMM_EFORMAT, "line 2", "language tag"},
        {"[node]\nlang=f r\n", GMM_EFORMAT, "line 2", "f r"},
        {"[node]\nlang=abcdefghijabcdefghijabcdefghijabcdef\n", GMM_EFORMAT, "line 2", "lang"},
        {"[node]\nlang=fr\nlang=en\n", GMM_EFORMAT, "line 3", "second lang"},
        {"[node]\nlock-memory=yes\n", GMM_EFORMAT, "line 2", "require or warn"},
        {"[node]\nlock-memory=warn\nlock-memory=require\n", GMM_EFORMAT, "line 3", "second"},
        {"[network]\nlisten=7000\n", GMM_EFORMAT, "line 2", "HOST:PORT"},
        {"[network]\nlisten=:7000\n", GMM_EFORMAT, "line 2", "HOST:PORT"},
        {"[network]\nlisten=h:\n", GMM_EFORMAT, "line 2", "HOST:PORT"},
        {"[network]\nlisten=h:65536\n", GMM_EFORMAT, "line 2", "HOST:PORT"},
        {"[network]\nlisten=h:000001\n", GMM_EFORMAT, "line 2", "HOST:PORT"},
        {"[network]\nlisten=h:7x\n", GMM_EFORMAT, "line 2", "HOST:PORT"},
        {"[network]\nlisten=h h:7\n", GMM_EFORMAT, "line 2", "HOST:PORT"},
        {"[network]\nlisten=::1:7000\n", GMM_EFORMAT, "line 2", "[HOST]:PORT"},
        {"[network]\nlisten=[]:7000\n", GMM_EFORMAT, "line 2", "[HOST]:PORT"},
        {"[network]\nadvertise=h:0\n", GMM_EFORMAT, "line 2", "HOST:PORT"},
        {"[control]\nsocket=run/x\n", GMM_EFORMAT, "line 2", "absolute"},
        {"[control]\nsocket=/a\nsocket=/b\n", GMM_EFORMAT, "line 3", "second socket"},
        {"[control]\ngroup=a\ngroup=b\n", GMM_EFORMAT, "line 3", "second group"},
        {"[control]\ngroup=\n", GMM_EFORMAT, "line 2", "Unix group"},
        {"[people]\namina=read,fly\n", GMM_EFORMAT, "line 2", "read,fly"},
        {"[people]\namina=\n", GMM_EFORMAT, "line 2", "rights"},
        {"[people]\namina=read,\n", GMM_EFORMAT, "line 2", "rights"},
        {"[people]\na=read\nb=read\na=post\n", GMM_EFORMAT, "line 4", "second line for 'a'"},
        {"[people]\n=read\n", GMM_EFORMAT, "line 2", ""},
        {"[people]\n", GMM_EFORMAT, "", "nobody"},
        {"[network]\nneighbours=33\n", GMM_EFORMAT, "line 2", "33"},
        {"[network]\nneighbours=\n", GMM_EFORMAT, "line 2", "number"},
        {"[network]\nneighbours=-1\n", GMM_EFORMAT, "line 2", "-1"},
        {"[network]\nneighbours=1\nneighbours=1\n", GMM_EFORMAT, "line 3", "second"},
        {"[fetch]\nauto-max=1k\n", GMM_EFORMAT, "line 2", "1k"},
        {"[relay]\nkeep=10G\n", GMM_EFORMAT, "line 2", "10G"},
        {"[relay]\nkeep=1\nkeep=1\n", GMM_EFORMAT, "line 3", "second"},
        {"[relay]\nkeep-group=-1\n", GMM_EFORMAT, "line 2", "bytes"},
        {"[relay]\nkept=1\n", GMM_EFORMAT, "line 2", "kept"},
        {"[fetch]\nauto-max=-1\n", GMM_EFORMAT, "line 2", "-1"},
        {"[fetch]\nauto-max=1234567890123456789\n", GMM_EFORMAT, "line 2", "bytes"},
        {"[fetch]\nauto-kinds=\n", GMM_EFORMAT, "line 2", "document, attachment"},
        {"[fetch]\nauto-kinds=document,film\n", GMM_EFORMAT, "line 2", "document, attachment"},
        {"[fetch]\nauto-kinds=document,\n", GMM_EFORMAT, "line 2", "document, attachment"},
        {"[fetch]\nauto-kinds=document\nauto-kinds=document\n", GMM_EFORMAT, "line 3", "second"},
        {"[fetch]\nauto-marking=secret\n", GMM_EFORMAT, "line 2", "unclassified"},
        {"[fetch]\nauto-marking=\n", GMM_EFORMAT, "line 2", "unclassified"},
        {"[fetch]\nauto-marking=confidential\nauto-marking=confidential\n", GMM_EFORMAT, "line 3", "second"},
        {"[people]\na=read,\n", GMM_EFORMAT, "line 2", "a list of read"},
        {"[fetch]\nauto-max=1\nauto-max=1\n", GMM_EFORMAT, "line 3", "second"},
        {"[node]\nlang=f\x01r\n", GMM_EFORMAT, "line 2", "control character"},
        {"[node]\nlang=\xff\n", GMM_EFORMAT, "", "UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct gmm_msg msg = {.text = ""};
        enum gmm_err err = parse(cases[i].text, &msg);
        if (err != cases[i].err || strstr(msg.text, cases[i].line) == NULL || strstr(msg.text, cases[i].says) == NULL)
            fail_msg("case %zu: %s \"%s\"", i, gmm_err_name(err), msg.text);
        assert_defaults();
    }
}

static void a_nul_is_no_end(void **state)
{
    (void)state;
    assert_int_equal(config_parse(&config, "[node]\nlang=fr\0\n", 16, NULL), GMM_EFORMAT);
    assert_int_equal(config_parse(&config, "[node]\n\0[bogus]\n", 16, NULL), GMM_EFORMAT);
}

static void limits_of_size_and_number(void **state)
{
    (void)state;
    static char text[LIMIT_CONFIG_BYTES + 1];
    struct gmm_msg msg = {.text = ""};
    memset(text, '\n', sizeof text);
    assert_int_equal(config_parse(&config, text, LIMIT_CONFIG_BYTES, NULL), GMM_OK);
    assert_int_equal(config_parse(&config, text, LIMIT_CONFIG_BYTES + 1, NULL), GMM_ELIMIT);

    size_t n = (size_t)snprintf(text, sizeof text, "[network]\n");
    for (unsigned i = 0; i <= LIMIT_ADDRESSES; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "listen=h%u:7000\n", i);
    assert_int_equal(config_parse(&config, text, n, &msg), GMM_ELIMIT);
    assert_non_null(strstr(msg.text, "line 10"));
    assert_int_equal(config_parse(&config, text, n - strlen("listen=h8:7000\n"), NULL), GMM_OK);
    assert_int_equal(config.listen_count, LIMIT_ADDRESSES);

    n = (size_t)snprintf(text, sizeof text, "[people]\n");
    for (unsigned i = 0; i <= CONFIG_PEOPLE; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "p%03u=read\n", i);
    assert_int_equal(config_parse(&config, text, n, &msg), GMM_ELIMIT);
    assert_non_null(strstr(msg.text, "p256"));
    assert_int_equal(config_parse(&config, text, n - strlen("p256=read\n"), NULL), GMM_OK);
    assert_int_equal(config_may(&config, "p255", false), CONFIG_READ);
}

static void long_lines_and_names(void **state)
{
    (void)state;
    char text[400];
    struct gmm_msg msg = {.text = ""};
    /* 190 bytes are read whole, one more is a fault: inih would cut it and go on */
    snprintf(text, sizeof text, "[node]\n# %0188d\nlang=fr\n", 0);
    assert_int_equal(parse(text, NULL), GMM_OK);
    assert_string_equal(config.lang, "fr");
    snprintf(text, sizeof text, "[node]\n# %0189d\nlang=fr\n", 0);
    assert_int_equal(parse(text, &msg), GMM_ELIMIT);
    assert_non_null(strstr(msg.text, "line 2"));
    snprintf(text, sizeof text, "[people]\n%064d=read\n", 1);
    assert_int_equal(parse(text, NULL), GMM_OK);
    assert_int_equal(strlen(config.people[0].name), 64);
    snprintf(text, sizeof text, "[people]\n%065d=read\n", 1);
    assert_int_equal(parse(text, NULL), GMM_EFORMAT);
    snprintf(text, sizeof text, "[control]\nsocket=/%0106d\n", 1);
    assert_int_equal(parse(text, NULL), GMM_OK);
    snprintf(text, sizeof text, "[control]\nsocket=/%0107d\n", 1);
    assert_int_equal(parse(text, NULL), GMM_ELIMIT);
}

static void rights_have_words(void **state)
{
    (void)state;
    assert_string_equal(config_right_text(CONFIG_READ), "read");
    assert_string_equal(config_right_text(CONFIG_ADMIN), "admin");
    assert_string_equal(config_right_text(CONFIG_ALL), "");
}

static void from_a_file(void **state)
{
    (void)state;
    char folder[TEMPDIR_PATH], path[TEMPDIR_PATH], other[TEMPDIR_PATH];
    struct gmm_msg msg = {.text = ""};
    tempdir_make(folder);
    tempdir_join(path, folder, "gmm.conf");
    assert_int_equal(config_load(&config, path, NULL), GMM_OK);
    assert_defaults();
    assert_int_equal(keyfile_replace(path, "[node]\nlang=es\n", 15, 0644, NULL), GMM_OK);
    assert_int_equal(config_load(&config, path, NULL), GMM_OK);
    assert_string_equal(config.lang, "es");
    assert_int_equal(keyfile_replace(path, "[node]\nlong=es\n", 15, 0644, NULL), GMM_OK);
    assert_int_equal(config_load(&config, path, &msg), GMM_EFORMAT);
    assert_non_null(strstr(msg.text, "line 2"));
    tempdir_join(other, folder, "link");
    assert_int_equal(symlink(path, other), 0);
    assert_int_equal(config_load(&config, other, NULL), GMM_EDENIED);
    tempdir_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_of_an_empty_file),
        cmocka_unit_test(everything_at_once),
        cmocka_unit_test(without_people_only_the_owner),
        cmocka_unit_test(faults_name_the_line),
        cmocka_unit_test(a_nul_is_no_end),
        cmocka_unit_test(limits_of_size_and_number),
        cmocka_unit_test(long_lines_and_names),
        cmocka_unit_test(rights_have_words),
        cmocka_unit_test(from_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
