#include "node/tokenizer.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unistd.h>

#include <cmocka.h>

#include "keys/secret.h"
#include "tests/lib/failmalloc.h"
#include "tests/lib/testdata.h"

static const uint8_t key[32] = {1, 2, 3}, other_key[32] = {9};
static const char create[] = "CREATE VIRTUAL TABLE t USING fts5(text, content='', tokenize='gmm')";

static int start(void **state)
{
    (void)state;
    return secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK;
}

static sqlite3 *open_db(const char *path, const uint8_t *with)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(tokenizer_register(db, with, NULL), GMM_OK);
    return db;
}

static sqlite3 *new_index(void)
{
    sqlite3 *db = open_db(":memory:", key);
    assert_int_equal(sqlite3_exec(db, create, NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void put(sqlite3 *db, int row, const char *text, size_t len)
{
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO t(rowid, text) VALUES (?1, ?2)", -1, &stmt, NULL), SQLITE_OK);
    sqlite3_bind_int(stmt, 1, row);
    sqlite3_bind_text(stmt, 2, text, (int)len, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
    sqlite3_finalize(stmt);
}

/* Bit i: row i is found. */
static uint64_t matches(sqlite3 *db, const char *expression)
{
    sqlite3_stmt *stmt;
    uint64_t rows = 0;
    int rc;
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT rowid FROM t WHERE t MATCH ?1", -1, &stmt, NULL), SQLITE_OK);
    sqlite3_bind_text(stmt, 1, expression, -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
        rows |= (uint64_t)1 << sqlite3_column_int(stmt, 0);
    if (rc != SQLITE_DONE)
        fail_msg("%s: %s", expression, sqlite3_errmsg(db));
    sqlite3_finalize(stmt);
    return rows;
}

static uint64_t search(sqlite3 *db, const char *words)
{
    struct buffer b;
    buffer_init(&b, 65536);
    assert_int_equal(tokenizer_query(&b, words), GMM_OK);
    buffer_put_u8(&b, 0);
    uint64_t rows = matches(db, (const char *)b.p);
    buffer_close(&b);
    return rows;
}

static void test_words_and_phrases(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "The workers’ organizations reply to the draft.",
                                        "Organizations of employers reply", "draft-comments",
                                        "Le Recrutement équitable de l’employé"};
    sqlite3 *db = new_index();
    for (int i = 1; i < 5; i++)
        put(db, i, texts[i], strlen(texts[i]));
    assert_int_equal(search(db, "organizations"), 2 | 4);
    assert_int_equal(search(db, "REPLY draft"), 2);
    assert_int_equal(search(db, "draft reply"), 2);
    assert_int_equal(search(db, "draft"), 2 | 8);
    assert_int_equal(search(db, "draft-comments"), 8);
    assert_int_equal(search(db, "comments-draft"), 0);
    assert_int_equal(search(db, "absent"), 0);
    assert_int_equal(search(db, "recrutement EQUITABLE"), 16);
    assert_int_equal(search(db, "employe"), 16);
    sqlite3_close(db);
}

static void test_hostile_queries(void **state)
{
    (void)state;
    sqlite3 *db = new_index();
    put(db, 1, "alpha beta near text", 20);
    static const char *const found[] = {"alpha\"", "\"alpha",   "\"alpha beta\"", "alpha*",         "^alpha",
                                        "(alpha)", "-alpha",    "+alpha",         "alpha' beta'",   "{alpha}",
                                        "alpha%_", "alpha\xff", "alpha\\",        "\"\" alpha \"\""};
    for (size_t i = 0; i < sizeof found / sizeof *found; i++)
        if (search(db, found[i]) != 2)
            fail_msg("%s", found[i]);
    /* what FTS5 would take for a column, a distance or an operator is one more word */
    assert_int_equal(search(db, "text:alpha"), 0);
    assert_int_equal(search(db, "NEAR(alpha"), 0);
    assert_int_equal(search(db, "beta:near"), 2);
    assert_int_equal(search(db, "alpha AND"), 0);
    assert_int_equal(search(db, "alpha OR beta"), 0);
    assert_int_equal(search(db, "alpha NOT gamma"), 0);
    sqlite3_close(db);
}

static void test_queries_refused(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 65536);
    buffer_put(&b, "x", 1);
    static const char *const nothing[] = {"", "   ", "\" * ( )", "— …", "\xff\xfe", "\u0301"};
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        assert_int_equal(tokenizer_query(&b, nothing[i]), GMM_EUSAGE);
        assert_int_equal(b.len, 1);
    }
    char many[2 * (TOKENIZER_QUERY_WORDS + 1) + 1];
    for (size_t i = 0; i <= TOKENIZER_QUERY_WORDS; i++)
        memcpy(many + 2 * i, "a ", 3);
    assert_int_equal(tokenizer_query(&b, many), GMM_ELIMIT);
    assert_int_equal(b.len, 1);
    many[2 * TOKENIZER_QUERY_WORDS] = '\0';
    assert_int_equal(tokenizer_query(&b, many), GMM_OK);
    b.p[b.len - 1] = '\0';
    buffer_close(&b);
    buffer_init(&b, 4);
    assert_int_equal(tokenizer_query(&b, "word"), GMM_ELIMIT);
    buffer_close(&b);
    buffer_init(&b, 100);
    failmalloc_at(0);
    assert_int_equal(tokenizer_query(&b, "word"), GMM_ENOMEM);
    assert_true(failmalloc_off());
    buffer_close(&b);
}

static void test_as_many_words_as_may_be(void **state)
{
    (void)state;
    char many[4 * TOKENIZER_QUERY_WORDS + 1];
    sqlite3 *db = new_index();
    for (unsigned i = 0; i < TOKENIZER_QUERY_WORDS; i++)
        snprintf(many + 4 * i, 5, "w%02u ", i);
    put(db, 1, many, strlen(many));
    assert_int_equal(search(db, many), 2);
    sqlite3_close(db);
}

/* FTS5's own deletion from a contentless table needs the same tokens again. */
static void test_deleting_with_the_same_text(void **state)
{
    (void)state;
    static const char text[] = "人人生而自由 and equal";
    sqlite3 *db = new_index();
    put(db, 1, text, sizeof text - 1);
    assert_int_equal(search(db, "自由"), 2);
    char sql[200];
    snprintf(sql, sizeof sql, "INSERT INTO t(t, rowid, text) VALUES ('delete', 1, '%s')", text);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(search(db, "自由"), 0);
    assert_int_equal(search(db, "equal"), 0);
    assert_int_equal(sqlite3_exec(db, "INSERT INTO t(t) VALUES ('integrity-check')", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void test_registration(void **state)
{
    (void)state;
    size_t before = secret_in_use();
    sqlite3 *db = open_db(":memory:", key);
    assert_true(secret_in_use() > before);
    assert_int_equal(sqlite3_exec(db, "CREATE VIRTUAL TABLE x USING fts5(a, tokenize='gmm extra')", NULL, NULL, NULL),
                     SQLITE_ERROR);
    sqlite3_close(db);
    assert_int_equal(secret_in_use(), before);
    assert_non_null(strchr(tokenizer_version(), '/'));
}

static void test_memory_ends(void **state)
{
    (void)state;
    sqlite3 *db = open_db(":memory:", key);
    long at = 0;
    for (;; at++) {
        failmalloc_at(at);
        int rc = sqlite3_exec(db, create, NULL, NULL, NULL);
        if (!failmalloc_off())
            break;
        assert_int_not_equal(rc, SQLITE_OK);
    }
    assert_int_equal(at, 2);
    put(db, 1, "word", 4);
    assert_int_equal(search(db, "word"), 2);
    sqlite3_close(db);
}

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return NULL;
    char *data = malloc(4u << 20);
    assert_non_null(data);
    *len = fread(data, 1, 4u << 20, f);
    fclose(f);
    return data;
}

static char *read_udhr(const char *lang, size_t *len)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/corpus/udhr/%s.txt", testdata_root(), lang);
    char *text = read_file(path, len);
    if (text == NULL)
        fail_msg("%s is missing", path);
    return text;
}

static void need_texts(void)
{
    if (testdata_root() != NULL)
        return;
    print_message("skipped: no corpus/udhr (set GMM_TEST_DATA)\n");
    skip();
}

static char *normalised(const UNormalizer2 *form, const char *text, size_t len, size_t *out_len)
{
    UErrorCode err = U_ZERO_ERROR;
    int32_t n = 0, max = (int32_t)(8 * len + 16), formed_len;
    UChar *units = malloc((size_t)max * sizeof *units), *formed = malloc((size_t)max * sizeof *formed);
    char *out = malloc((size_t)max);
    assert_true(units != NULL && formed != NULL && out != NULL);
    u_strFromUTF8(units, max, &n, text, (int32_t)len, &err);
    formed_len = unorm2_normalize(form, units, n, formed, max, &err);
    u_strToUTF8(out, max, &n, formed, formed_len, &err);
    assert_true(U_SUCCESS(err) && n < max);
    out[n] = '\0';
    *out_len = (size_t)n;
    free(units);
    free(formed);
    return out;
}

/* Language of a text, and words that stand somewhere in it. Those without "found" follow one that is spelled otherwise.
 */
static const struct {
    const char *lang, *word;
} words[] = {
    {"fr", "liberte"},     {"fr", "LIBERTÉ"},  {"fr", "egalite"},  {"fr", "homme"},   {"fr", "l’homme"},
    {"en", "brotherhood"}, {"es", "dignidad"}, {"pt", "educacao"}, {"ru", "человек"}, {"ru", "ОБРАЗОВАНИЕ"},
    {"ar", "الإنسان"},     {"ar", "الانسان"},  {"fa", "آزادی"},    {"ur", "انسان"},   {"hy", "ազատ"},
    {"hi", "स्वतन्त्रता"},    {"bn", "অধিকার"},   {"ne", "अधिकार"},   {"si", "අයිතිය"},    {"am", "ነጻነት"},
    {"zh", "人权"},        {"zh", "教育"},     {"zh", "生而自由"}, {"zh", "婚"},      {"th", "การศึกษา"},
    {"th", "สิทธิ"},         {"th", "เสรีภาพ"},   {"km", "សិទ្ធិ"},      {"km", "សេរីភាព"},  {"my", "အခွင့်အရေး"},
    {"my", "လွတ်လပ်"},        {"bo", "ཐོབ་ཐང"},    {"bo", "རང་དབང"},   {"dv", "ޙައްޤު"},
};
#define WORD_COUNT (sizeof words / sizeof *words)

static int row_of(const char *lang, const char *const *langs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(langs[i], lang) == 0)
            return (int)i + 1;
    return 0;
}

static const char *const langs[] = {"fr", "en", "es", "pt", "ru", "ar", "fa", "ur", "hy", "hi",
                                    "bn", "ne", "si", "am", "zh", "th", "km", "my", "bo", "dv"};
#define LANG_COUNT (sizeof langs / sizeof *langs)

/* Every text in one form, every word in each form. */
static void index_in_form(sqlite3 *db, const UNormalizer2 *form)
{
    for (size_t i = 0; i < LANG_COUNT; i++) {
        size_t len, formed_len;
        char *text = read_udhr(langs[i], &len), *formed = normalised(form, text, len, &formed_len);
        put(db, (int)i + 1, formed, formed_len);
        free(text);
        free(formed);
    }
}

static void search_in_form(sqlite3 *db, const UNormalizer2 *form)
{
    for (size_t i = 0; i < WORD_COUNT; i++) {
        size_t len;
        char *word = normalised(form, words[i].word, strlen(words[i].word), &len);
        uint64_t rows = search(db, word);
        if ((rows >> row_of(words[i].lang, langs, LANG_COUNT) & 1) == 0)
            fail_msg("%s is not found in %s", words[i].word, words[i].lang);
        free(word);
    }
    assert_int_equal(search(db, "recrutement"), 0);
    assert_int_equal(search(db, "权人"), 0);
    assert_int_equal(search(db, "ธิสิท"), 0);
}

static void test_languages_and_forms(void **state)
{
    (void)state;
    need_texts();
    UErrorCode err = U_ZERO_ERROR;
    const UNormalizer2 *forms[] = {unorm2_getNFCInstance(&err), unorm2_getNFDInstance(&err)};
    for (int i = 0; i < 2; i++) {
        sqlite3 *db = new_index();
        index_in_form(db, forms[i]);
        search_in_form(db, forms[0]);
        search_in_form(db, forms[1]);
        sqlite3_close(db);
    }
}

static bool contains(const char *data, size_t len, const char *needle, size_t needle_len)
{
    return memmem(data, len, needle, needle_len) != NULL;
}

/* The disk holds no plaintext word, nor can it be searched with another key. */
static void test_nothing_readable_on_disk(void **state)
{
    (void)state;
    need_texts();
    UErrorCode err = U_ZERO_ERROR;
    char path[] = "/tmp/gmm-tokenizer-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    sqlite3 *db = open_db(path, key);
    assert_int_equal(sqlite3_exec(db, create, NULL, NULL, NULL), SQLITE_OK);
    index_in_form(db, unorm2_getNFCInstance(&err));
    assert_int_equal(sqlite3_close(db), SQLITE_OK);

    size_t len;
    char *file = read_file(path, &len);
    assert_non_null(file);
    assert_true(contains(file, len, "SQLite format 3", 15));
    for (size_t i = 0; i < WORD_COUNT; i++)
        if (contains(file, len, words[i].word, strlen(words[i].word)))
            fail_msg("%s stands in the file", words[i].word);
    static const char *const more[] = {"brother", "human", "rights", "liberté", "dignit", "权", "สิ", "человек"};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        if (contains(file, len, more[i], strlen(more[i])))
            fail_msg("%s stands in the file", more[i]);
    free(file);

    db = open_db(path, other_key);
    assert_int_equal(search(db, "brotherhood"), 0);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    db = open_db(path, key);
    assert_true(search(db, "brotherhood") != 0);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_and_phrases),
        cmocka_unit_test(test_hostile_queries),
        cmocka_unit_test(test_queries_refused),
        cmocka_unit_test(test_as_many_words_as_may_be),
        cmocka_unit_test(test_deleting_with_the_same_text),
        cmocka_unit_test(test_registration),
        cmocka_unit_test(test_memory_ends),
        cmocka_unit_test(test_languages_and_forms),
        cmocka_unit_test(test_nothing_readable_on_disk),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
