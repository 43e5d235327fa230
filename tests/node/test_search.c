#include "node/search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "keys/secret.h"
#include "node/keyfile.h"
#include "node/store_private.h"
#include "tests/lib/sample.h"
#include "tests/lib/tempdir.h"

static char folder[TEMPDIR_PATH], path[TEMPDIR_PATH];
static struct store *store;
static struct search *search;
static const uint8_t secret[32] = {9, 8, 7};

static int make(void **state)
{
    (void)state;
    tempdir_make(folder);
    tempdir_join(path, folder, "store.db");
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK || store_open(&store, path, false, secret, NULL) != GMM_OK)
        return -1;
    return search_open(&search, store, secret, NULL);
}

static void close_all(void)
{
    search_close(search);
    search = NULL;
    store_close(store);
    store = NULL;
}

static int drop(void **state)
{
    (void)state;
    close_all();
    tempdir_remove(folder);
    return 0;
}

static void put(uint8_t n, const char *title, const char *text)
{
    struct gmm_id id = sample_id(n);
    assert_int_equal(search_put(search, &id, title, title == NULL ? 0 : strlen(title), text, strlen(text)), GMM_OK);
}

struct hits {
    unsigned count;
    uint8_t ids[200];
    double last;
};

static enum gmm_err hit(void *arg, const struct gmm_id *id, double score)
{
    struct hits *hits = arg;
    if (hits->count > 0)
        assert_true(score <= hits->last);
    hits->last = score;
    hits->ids[hits->count++] = id->b[0];
    return GMM_OK;
}

static struct hits query(const char *words, uint32_t limit)
{
    struct hits hits = {.count = 0};
    assert_int_equal(search_query(search, words, limit, hit, &hits), GMM_OK);
    return hits;
}

static void words_find_entries(void **state)
{
    (void)state;
    assert_true(search_was_rebuilt(search));
    put(1, "Recrutement \xc3\xa9quitable", "Principes g\xc3\xa9n\xc3\xa9raux et directives");
    put(2, "Fair recruitment", "General principles, with a section on recrutement");
    put(3, NULL, "Something else");
    /* accents, case and Unicode form make no difference; a title weighs more */
    struct hits hits = query("RECRUTEMENT", 0);
    assert_int_equal(hits.count, 2);
    assert_int_equal(hits.ids[0], 1);
    assert_int_equal(query("equitable", 0).count, 1);
    assert_int_equal(query("ge\xcc\x81ne\xcc\x81raux", 0).count, 1);
    assert_int_equal(query("general section", 0).count, 1);
    assert_int_equal(query("general something", 0).count, 0);
    assert_int_equal(query("recrutement", 1).count, 1);
    assert_int_equal(query("absent", 0).count, 0);
}

static void queries_have_no_syntax(void **state)
{
    (void)state;
    static const char *const odd[] = {"a\" OR \"b", "title:fair", "fair*", "NEAR(fair)",
                                      "fair AND",   "-fair",      "(fair", "fa'ir"};
    put(1, "Fair", "x");
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        query(odd[i], 0);
    struct hits hits = {.count = 0};
    assert_int_equal(search_query(search, "", 0, hit, &hits), GMM_EUSAGE);
    assert_int_equal(search_query(search, " ?! ", 0, hit, &hits), GMM_EUSAGE);
    assert_int_equal(hits.count, 0);
}

static void putting_again_is_nothing(void **state)
{
    (void)state;
    put(1, "Fair", "text");
    put(1, "Unfair", "text");
    assert_int_equal(query("fair", 0).count, 1);
    assert_int_equal(query("unfair", 0).count, 0);
    assert_int_equal(store_commit(store), GMM_OK);
    put(1, "Unfair", "text");
    assert_int_equal(query("unfair", 0).count, 0);
}

static void any_bytes_are_taken(void **state)
{
    (void)state;
    struct gmm_id id = sample_id(1);
    static const char text[] = "good\0after \xff\xfe broken \xc3";
    assert_int_equal(search_put(search, &id, NULL, 0, text, sizeof text - 1), GMM_OK);
    assert_int_equal(query("good", 0).count, 1);
    assert_int_equal(query("broken", 0).count, 1);
    id = sample_id(2);
    assert_int_equal(search_put(search, &id, NULL, 0, NULL, 0), GMM_OK);
}

static void disk_holds_no_word(void **state)
{
    (void)state;
    static const char *const words[] = {"recrutement", "Recrutement", "confidential", "equitable"};
    put(1, "Recrutement equitable", "confidential recrutement");
    assert_int_equal(store_commit(store), GMM_OK);
    close_all();
    uint8_t *bytes = NULL;
    size_t len = 0;
    assert_int_equal(keyfile_read(&bytes, &len, path, 64u << 20, 0, NULL), GMM_OK);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        assert_null(memmem(bytes, len, words[i], strlen(words[i])));
    keyfile_free(bytes, len);
}

static void it_lasts_and_is_found_damaged(void **state)
{
    (void)state;
    for (uint8_t i = 1; i <= 100; i++)
        put(i, "Common title", i % 2 ? "odd" : "even");
    assert_int_equal(store_commit(store), GMM_OK);
    close_all();
    assert_int_equal(store_open(&store, path, false, secret, NULL), GMM_OK);
    assert_int_equal(search_open(&search, store, secret, NULL), GMM_OK);
    assert_false(search_was_rebuilt(search));
    assert_int_equal(search_check(search), GMM_OK);
    assert_int_equal(query("common odd", 0).count, 50);
    close_all();
    /* reading only: the check writes nothing and does not call a sound index damaged */
    assert_int_equal(store_open(&store, path, true, secret, NULL), GMM_OK);
    assert_int_equal(search_open(&search, store, secret, NULL), GMM_OK);
    assert_int_equal(query("common odd", 0).count, 50);
    assert_int_equal(search_check(search), GMM_OK);
    close_all();

    assert_int_equal(store_open(&store, path, false, secret, NULL), GMM_OK);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    assert_int_equal(
        sqlite3_exec(store->db, "UPDATE s_words_data SET block = zeroblob(50) WHERE id > 10", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(search_open(&search, store, secret, NULL), GMM_OK);
    assert_int_equal(search_check(search), GMM_ECORRUPT);
    assert_int_equal(search_reset(search), GMM_OK);
    assert_true(search_was_rebuilt(search));
    assert_int_equal(search_check(search), GMM_OK);
    assert_int_equal(query("common", 0).count, 0);
    put(1, "Common title", "again");
    assert_int_equal(query("common", 0).count, 1);
}

static void gone_or_of_other_rules_it_is_made_anew(void **state)
{
    (void)state;
    put(1, "Common", "title");
    assert_int_equal(store_commit(store), GMM_OK);
    static const char *const damage[] = {"DROP TABLE s_entry", "DROP TABLE s_words",
                                         "UPDATE value SET bytes = x'00' WHERE name = 'search.version'"};
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        assert_int_equal(sqlite3_exec(store->db, damage[i], NULL, NULL, NULL), SQLITE_OK);
        close_all();
        assert_int_equal(store_open(&store, path, false, secret, NULL), GMM_OK);
        assert_int_equal(search_open(&search, store, secret, NULL), GMM_OK);
        assert_true(search_was_rebuilt(search));
        assert_int_equal(query("common", 0).count, 0);
        put(1, "Common", "title");
        assert_int_equal(query("common", 0).count, 1);
        assert_int_equal(store_commit(store), GMM_OK);
    }
}

static uint64_t done(const struct run_key *key)
{
    uint64_t next = 99;
    assert_int_equal(search_get_done(search, key, &next), GMM_OK);
    return next;
}

/* How far it got stands with it; an index of before it remembered that is taken to be as far as the catalogue. */
static void it_knows_how_far_it_is(void **state)
{
    (void)state;
    static const char older[] = "DROP TABLE s_log; CREATE TABLE p_log(log INTEGER PRIMARY KEY, next INTEGER NOT NULL) "
                                "STRICT; INSERT INTO p_log VALUES(1, 7);";
    static const char log[] = "INSERT INTO log VALUES(1, 5, zeroblob(32), zeroblob(32), 9, zeroblob(32), 0, "
                              "zeroblob(64), 1, 0)";
    struct run_key key = {.instance = 5}, unknown = {.instance = 6};
    assert_int_equal(sqlite3_exec(store->db, log, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(done(&key), 0);
    assert_int_equal(search_set_done(search, &key, 4), GMM_OK);
    assert_int_equal(search_set_done(search, &unknown, 4), GMM_OK);
    assert_int_equal(store_commit(store), GMM_OK);
    assert_int_equal(done(&key), 4);
    assert_int_equal(done(&unknown), 0);
    close_all();
    assert_int_equal(store_open(&store, path, false, secret, NULL), GMM_OK);
    assert_int_equal(sqlite3_exec(store->db, older, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(search_open(&search, store, secret, NULL), GMM_OK);
    assert_false(search_was_rebuilt(search));
    assert_int_equal(done(&key), 7);
    assert_int_equal(search_reset(search), GMM_OK);
    assert_int_equal(done(&key), 0);
}

static void another_key_finds_nothing(void **state)
{
    (void)state;
    static const uint8_t other[32] = {1};
    put(1, "Common", "title");
    assert_int_equal(store_commit(store), GMM_OK);
    close_all();
    assert_int_equal(store_open(&store, path, false, secret, NULL), GMM_OK);
    assert_int_equal(search_open(&search, store, other, NULL), GMM_OK);
    assert_int_equal(query("common", 0).count, 0);
}

/* Everything that the index holds, to compare. */
static void digest(uint8_t out[32])
{
    crypto_generichash_state state;
    sqlite3_stmt *stmt = NULL;
    crypto_generichash_init(&state, NULL, 0, 32);
    assert_int_equal(sqlite3_prepare_v2(store->db, "SELECT id, block FROM s_words_data ORDER BY id", -1, &stmt, NULL),
                     SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        sqlite3_int64 id = sqlite3_column_int64(stmt, 0);
        crypto_generichash_update(&state, (const unsigned char *)&id, sizeof id);
        crypto_generichash_update(&state, sqlite3_column_blob(stmt, 1), (unsigned)sqlite3_column_bytes(stmt, 1));
    }
    sqlite3_finalize(stmt);
    crypto_generichash_final(&state, out, 32);
}

/* Texts of several scripts, with and without titles, some that are no UTF-8, one as large as all that is gathered. */
static void put_all(void)
{
    static const char *const texts[] = {"Principes g\xc3\xa9n\xc3\xa9raux et directives", "",
                                        "\xe7\xa7\xbb\xe6\xb0\x91\xe5\xb7\xa5\xe4\xba\xba", "\xff\xfe broken \xc3",
                                        "l'homme et l'homme, GMG/2014/1",
                                        /* more tokens than bytes would let expect: these are cut when written */
                                        "\xe3\x8d\xbf\xe3\x8d\xbf\xe3\x8d\xbf\xe3\x8d\xbf\xe3\x8d\xbf\xe3\x8d\xbf"};
    char title[32], *large = malloc((3u << 20) + 1);
    assert_non_null(large);
    for (size_t i = 0; i < 3u << 20; i++)
        large[i] = i % 7 == 6 ? ' ' : (char)('a' + i * i % 26);
    large[3u << 20] = '\0';
    for (unsigned n = 0; n < 600; n++) {
        struct gmm_id id = {.b = {(uint8_t)n, (uint8_t)(n >> 8), 1}};
        const char *text = n == 300 ? large : texts[n % 6];
        int len = n % 3 == 0 ? 0 : snprintf(title, sizeof title, "titre %u", n);
        assert_int_equal(search_put(search, &id, len == 0 ? NULL : title, (size_t)len, text, strlen(text)), GMM_OK);
        assert_int_equal(search_put(search, &id, "again", 5, "again", 5), GMM_OK);
    }
    free(large);
}

static void gathered_it_is_the_same(void **state)
{
    uint8_t direct[32], gathered[32];
    put_all();
    assert_int_equal(store_commit(store), GMM_OK);
    digest(direct);
    assert_int_equal(drop(state), 0);
    assert_int_equal(make(state), 0);
    search_gather(search);
    put_all();
    assert_int_equal(search_gathered(search, true), GMM_OK);
    assert_int_equal(store_commit(store), GMM_OK);
    digest(gathered);
    assert_memory_equal(direct, gathered, 32);
    assert_int_equal(search_check(search), GMM_OK);
    assert_int_equal(query("again", 0).count, 0);
}

static void what_was_gathered_can_be_forgotten(void **state)
{
    (void)state;
    search_gather(search);
    put(1, "titre", "quittance");
    assert_int_equal(search_gathered(search, false), GMM_OK);
    assert_int_equal(query("quittance", 0).count, 0);
    put(1, "titre", "quittance"); /* at once */
    assert_int_equal(query("quittance", 0).count, 1);
    search_gather(search);
    put(2, "titre", "quittance"); /* and closed in between */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(words_find_entries, make, drop),
        cmocka_unit_test_setup_teardown(queries_have_no_syntax, make, drop),
        cmocka_unit_test_setup_teardown(putting_again_is_nothing, make, drop),
        cmocka_unit_test_setup_teardown(any_bytes_are_taken, make, drop),
        cmocka_unit_test_setup_teardown(disk_holds_no_word, make, drop),
        cmocka_unit_test_setup_teardown(it_lasts_and_is_found_damaged, make, drop),
        cmocka_unit_test_setup_teardown(gone_or_of_other_rules_it_is_made_anew, make, drop),
        cmocka_unit_test_setup_teardown(it_knows_how_far_it_is, make, drop),
        cmocka_unit_test_setup_teardown(another_key_finds_nothing, make, drop),
        cmocka_unit_test_setup_teardown(gathered_it_is_the_same, make, drop),
        cmocka_unit_test_setup_teardown(what_was_gathered_can_be_forgotten, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
