#include "node/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

static struct words *words;

static int start(void **state)
{
    (void)state;
    words = words_new();
    return words == NULL;
}

static int end(void **state)
{
    (void)state;
    words_free(words);
    return 0;
}

struct trace {
    char text[4096];
    size_t len;
};

/* "one|two&colocated|three" */
static int trace_token(void *arg, const struct words_token *token)
{
    struct trace *t = arg;
    assert_true(token->len > 0 && token->len <= WORDS_TOKEN_BYTES);
    assert_true(token->start < token->end);
    if (t->len > 0)
        t->text[t->len++] = token->colocated ? '&' : '|';
    assert_true(t->len + token->len < sizeof t->text);
    memcpy(t->text + t->len, token->p, token->len);
    t->len += token->len;
    return 0;
}

static const char *tokens(enum words_mode mode, const char *text, size_t len)
{
    static struct trace t;
    memset(&t, 0, sizeof t);
    assert_int_equal(words_scan(words, mode, text, len, trace_token, &t), 0);
    return t.text;
}

static size_t normalised(char *out, size_t max, const UNormalizer2 *form, const char *text)
{
    UErrorCode err = U_ZERO_ERROR;
    UChar units[2048], formed[4096];
    int32_t n, formed_len;
    u_strFromUTF8(units, 2048, &n, text, -1, &err);
    formed_len = unorm2_normalize(form, units, n, formed, 4096, &err);
    u_strToUTF8(out, (int32_t)max, &n, formed, formed_len, &err);
    assert_true(U_SUCCESS(err));
    return (size_t)n;
}

/* The text as it stands, composed and decomposed. */
static void expect(enum words_mode mode, const char *text, const char *expected)
{
    char other[8192];
    UErrorCode err = U_ZERO_ERROR;
    assert_string_equal(tokens(mode, text, strlen(text)), expected);
    size_t n = normalised(other, sizeof other, unorm2_getNFCInstance(&err), text);
    assert_string_equal(tokens(mode, other, n), expected);
    n = normalised(other, sizeof other, unorm2_getNFDInstance(&err), text);
    assert_string_equal(tokens(mode, other, n), expected);
}

static void expect_both(const char *text, const char *expected)
{
    expect(WORDS_DOCUMENT, text, expected);
    expect(WORDS_QUERY, text, expected);
}

static void test_latin(void **state)
{
    (void)state;
    expect_both("", "");
    expect_both(" .,;\t\n", "");
    expect_both("Hello, World 42", "hello|world|42");
    expect_both("Déclaration À l’ÉGALITÉ d'un cœur Œuvre", "declaration|a|l|egalite|d|un|coeur|oeuvre");
    expect_both("Straße GROẞ ſein", "strasse|gross|sein");
    expect_both("Ærø Łódź Đorđe İstanbul ısı ﬁn", "aero|lodz|dorde|istanbul|isi|fin");
    expect_both("Việt Nam", "viet|nam");
    expect_both("GMG/2014/WG.4/CRP.7/Rev.1 snake_case a.b 3,14", "gmg|2014|wg|4|crp|7|rev|1|snake|case|a|b|3|14");
    expect_both("Ｆｕｌｌ ｗｉｄｔｈ m² ①", "full|width|m2|1");
    expect_both("soft\xc2\xadhyphen zero\xe2\x80\x8bwidth", "softhyphen|zerowidth");
    expect_both("oʻzbek oʼzbek o'zbek", "o|zbek|o|zbek|o|zbek");
}

static void test_greek_and_cyrillic(void **state)
{
    (void)state;
    expect_both("ΆΝΘΡΩΠΟΣ άνθρωπος", "ανθρωποσ|ανθρωποσ");
    expect_both("Ёлка Всеобщая й", "елка|всеобщая|и");
}

static void test_semitic(void **state)
{
    (void)state;
    expect_both("الإعلان أحمد آمن ٱلله إلى", "الاعلان|احمد|امن|الله|الي");
    expect_both("كـــتاب كِتَابٌ", "كتاب|كتاب");
    expect_both("مدرسة مدرسه فتى فتي", "مدرسه|مدرسه|فتي|فتي");
    expect_both("می‌خواهم میخواهم کتاب", "ميخواهم|ميخواهم|كتاب");
    expect_both("٢٠١٤ ۲۰۱۴", "2014|2014");
    expect_both("ﻻ ﷲ", "لا|الله");
    expect_both("שָׁלוֹם שלום", "שלום|שלום");
}

/* Marks that spell stay, whatever order they came in. */
static void test_vowel_signs_stay(void **state)
{
    (void)state;
    expect_both("हिन्दी मानव", "हिन्दी|मानव");
    expect_both("क़ क\u093c", "क\u093c|क\u093c");
    expect_both("মানুষের", "মানুষের");
    expect_both("ހިއްޕެވުމަށް", "ހިއްޕެވުމަށް");
    /* vowel before or after the nukta: classes 9 and 7 */
    assert_string_equal(tokens(WORDS_DOCUMENT, "क\u094d\u093c", strlen("क\u094d\u093c")), "क\u093c\u094d");
    expect_both("ሁሉም፡ሰዎች", "ሁሉም|ሰዎች");
    expect_both("Բոլոր մարդիկ", "բոլոր|մարդիկ");
}

static void test_runs_of_clusters(void **state)
{
    (void)state;
    expect(WORDS_DOCUMENT, "人", "人");
    expect(WORDS_QUERY, "人", "人");
    expect(WORDS_DOCUMENT, "人权", "人&人权|权");
    expect(WORDS_QUERY, "人权", "人权");
    expect(WORDS_DOCUMENT, "世界人权", "世&世界|界&界人|人&人权|权");
    expect(WORDS_QUERY, "世界人权", "世界|界人|人权");
    /* kana with its voicing mark, and the long vowel; half width folds */
    expect(WORDS_DOCUMENT, "データ", "テ\u3099&テ\u3099ー|ー&ータ|タ");
    expect(WORDS_QUERY, "ﾃﾞｰﾀ", "テ\u3099ー|ータ");
    expect(WORDS_QUERY, "สิทธิ", "สิท|ทธิ");
    expect(WORDS_DOCUMENT, "កម្ម", "ក&កម្|ម្&ម្ម|ម");
    expect(WORDS_DOCUMENT, "မြန်မာ", "မြ&မြန်|န်&န်မာ|မာ");
    expect(WORDS_DOCUMENT, "མི་རིགས", "མི|རི&རིག|ག&གས|ས");
    expect_both("๒๔๙๑", "2491");
}

/* What follows a run stands as many positions behind its start in a query as in a document. */
static void test_positions_behind_a_run(void **state)
{
    (void)state;
    expect(WORDS_DOCUMENT, "a人权2014", "a|人&人权|权|2014");
    expect(WORDS_QUERY, "a人权2014", "a|人权|权|2014");
    expect(WORDS_QUERY, "人权。", "人权");
    expect(WORDS_QUERY, "人权。宣言。人", "人权|权|宣言|言|人");
    expect(WORDS_QUERY, "人。人权", "人|人权");
    expect(WORDS_DOCUMENT, "人。人权", "人|人&人权|权");
    expect(WORDS_QUERY, "ถ้า a", "ถ้า|า|a");
}

static void test_line_breaks_in_runs(void **state)
{
    (void)state;
    expect(WORDS_DOCUMENT, "人\n权", "人&人权|权");
    expect(WORDS_DOCUMENT, "人\r\n权", "人&人权|权");
    expect(WORDS_DOCUMENT, "人\n\n权", "人|权");
    expect(WORDS_DOCUMENT, "人\r\n\r\n权", "人|权");
    expect(WORDS_DOCUMENT, "人 \n权", "人|权");
    expect(WORDS_DOCUMENT, "人\na\n权\n言", "人|a|权&权言|言");
    expect_both("two\nlines", "two|lines");
}

/* Scripts that our list does not name go by ICU's rules. */
static void test_icu_cuts_other_scripts(void **state)
{
    (void)state;
    expect_both("한국어", "\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165");
    expect_both("𗼇𗟲", "𗼇|𗟲"); /* Tangut: each sign for itself */
}

static void test_text_that_is_not_utf8(void **state)
{
    (void)state;
    static const char text[] = "ab\xff"
                               "cd\xe2\x82 e\xc3";
    assert_string_equal(tokens(WORDS_DOCUMENT, text, sizeof text - 1), "ab|cd|e");
    assert_string_equal(tokens(WORDS_DOCUMENT, "a\0b", 3), "a|b");
    assert_string_equal(tokens(WORDS_DOCUMENT, "\u0301\u0302 a\u20dd", strlen("\u0301\u0302 a\u20dd")), "a");
}

static int range_check(void *arg, const struct words_token *token)
{
    size_t *ranges = arg;
    ranges[0]++;
    if (ranges[0] == ranges[1]) {
        ranges[2] = token->start;
        ranges[3] = token->end;
        return 7;
    }
    return 0;
}

static void expect_range(const char *text, size_t index, size_t from, size_t to)
{
    size_t ranges[4] = {0, index, 0, 0};
    assert_int_equal(words_scan(words, WORDS_DOCUMENT, text, strlen(text), range_check, ranges), 7);
    assert_int_equal(ranges[2], from);
    assert_int_equal(ranges[3], to);
}

static void test_ranges(void **state)
{
    (void)state;
    expect_range("one two", 2, 4, 7);
    expect_range("x liberté.", 2, 2, 10);
    expect_range("x liberte\u0301.", 2, 2, 11);
    expect_range("ﬁn", 1, 0, 4);
    expect_range("世界人", 1, 0, 3); /* 世 */
    expect_range("世界人", 2, 0, 6); /* 世界 */
    expect_range("世界人", 3, 3, 6);
}

static void test_long_words(void **state)
{
    (void)state;
    char text[1000];
    memset(text, 'x', sizeof text);
    const char *t = tokens(WORDS_DOCUMENT, text, sizeof text);
    assert_int_equal(strlen(t), WORDS_TOKEN_BYTES / 4);
    /* many marks on one letter */
    char marks[3 + 2 * 300] = "ค";
    size_t len = 3;
    for (int i = 0; i < 100; i++, len += 3)
        memcpy(marks + len, "\u0e34", 3);
    (void)tokens(WORDS_DOCUMENT, marks, len);
}

static void test_typed_words(void **state)
{
    (void)state;
    static const char text[] = "  one\u3000two\t\xff\n";
    const char *word;
    size_t at = 0, len;
    assert_true(words_typed(text, sizeof text - 1, &at, &word, &len));
    assert_int_equal(len, 3);
    assert_memory_equal(word, "one", 3);
    assert_true(words_typed(text, sizeof text - 1, &at, &word, &len));
    assert_memory_equal(word, "two", 3);
    assert_true(words_typed(text, sizeof text - 1, &at, &word, &len));
    assert_int_equal(len, 1);
    assert_false(words_typed(text, sizeof text - 1, &at, &word, &len));
}

static void test_memory_ends(void **state)
{
    (void)state;
    failmalloc_at(0);
    struct words *w = words_new();
    assert_true(failmalloc_off());
    assert_null(w);
    words_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_latin),
        cmocka_unit_test(test_greek_and_cyrillic),
        cmocka_unit_test(test_semitic),
        cmocka_unit_test(test_vowel_signs_stay),
        cmocka_unit_test(test_runs_of_clusters),
        cmocka_unit_test(test_positions_behind_a_run),
        cmocka_unit_test(test_line_breaks_in_runs),
        cmocka_unit_test(test_icu_cuts_other_scripts),
        cmocka_unit_test(test_text_that_is_not_utf8),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_long_words),
        cmocka_unit_test(test_typed_words),
        cmocka_unit_test(test_memory_ends),
    };
    return cmocka_run_group_tests(tests, start, end);
}
