/* Properties: a text, taken as one query, matches itself as a document, position by position; composed and decomposed
 * it gives the same tokens; a query made of it is one that FTS5 can read; a snippet of it is short and clean UTF-8. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "keys/secret.h"
#include "node/tokenizer.h"
#include "node/utf8.h"
#include "node/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Longer texts may hold a letter with more marks than count, where order decides which. */
#define COMPARED_BYTES 60
#define TOKENS_MAX 4096u

struct taken {
    size_t position, len;
    char p[WORDS_TOKEN_BYTES];
};
struct list {
    size_t count, position, text_len;
    struct taken *tokens;
};

static struct words *words;
static sqlite3 *db;
static struct list document, query;

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void start(void)
{
    static const uint8_t key[32] = {1};
    require(secret_open(SECRET_ALLOW_UNLOCKED, NULL) == GMM_OK);
    words = words_new();
    document.tokens = calloc(TOKENS_MAX, sizeof *document.tokens);
    query.tokens = calloc(TOKENS_MAX, sizeof *query.tokens);
    require(words != NULL && document.tokens != NULL && query.tokens != NULL);
    require(sqlite3_open(":memory:", &db) == SQLITE_OK && tokenizer_register(db, key, NULL) == GMM_OK);
    require(sqlite3_exec(db, "CREATE VIRTUAL TABLE t USING fts5(x, content='', tokenize='gmm')", NULL, NULL, NULL) ==
            SQLITE_OK);
}

static int take(void *arg, const struct words_token *token)
{
    struct list *list = arg;
    require(token->len > 0 && token->len <= WORDS_TOKEN_BYTES && bytes_is_utf8(token->p, token->len));
    require(token->start < token->end && token->end <= list->text_len);
    require(!token->colocated || list->count > 0);
    if (list->count == TOKENS_MAX)
        return 1;
    list->position += token->colocated ? 0 : 1;
    struct taken *t = &list->tokens[list->count++];
    t->position = list->position;
    t->len = token->len;
    memcpy(t->p, token->p, token->len);
    return 0;
}

static void scan(struct list *list, enum words_mode mode, const char *text, size_t len)
{
    list->count = list->position = 0;
    list->text_len = len;
    (void)words_scan(words, mode, text, len, take, list);
}

static bool same_token(const struct taken *a, const struct taken *b)
{
    return a->position == b->position && a->len == b->len && memcmp(a->p, b->p, a->len) == 0;
}

static void query_matches_document(const char *text, size_t len)
{
    scan(&document, WORDS_DOCUMENT, text, len);
    scan(&query, WORDS_QUERY, text, len);
    if (document.count == TOKENS_MAX)
        return;
    require((query.count == 0) == (document.count == 0));
    for (size_t i = 0, at = 0; i < query.count; i++) {
        while (at < document.count && !same_token(&query.tokens[i], &document.tokens[at]))
            at++;
        require(at < document.count);
    }
}

static void form_does_not_matter(const UNormalizer2 *form, const char *text, size_t len)
{
    UErrorCode err = U_ZERO_ERROR;
    UChar units[COMPARED_BYTES], formed[16 * COMPARED_BYTES];
    char back[64 * COMPARED_BYTES];
    int32_t n = 0, back_len = 0;
    u_strFromUTF8(units, COMPARED_BYTES, &n, text, (int32_t)len, &err);
    n = unorm2_normalize(form, units, n, formed, 16 * COMPARED_BYTES, &err);
    u_strToUTF8(back, sizeof back, &back_len, formed, n, &err);
    require(U_SUCCESS(err));
    scan(&document, WORDS_DOCUMENT, text, len);
    scan(&query, WORDS_DOCUMENT, back, (size_t)back_len);
    require(document.count == query.count);
    for (size_t i = 0; i < document.count; i++)
        require(same_token(&document.tokens[i], &query.tokens[i]));
}

static void query_is_readable(const char *text)
{
    struct buffer b;
    sqlite3_stmt *stmt;
    buffer_init(&b, 1u << 20);
    enum gmm_err err = tokenizer_query(&b, text);
    if (err == GMM_OK) {
        buffer_put_u8(&b, 0);
        require(b.failed == GMM_OK);
        require(sqlite3_prepare_v2(db, "SELECT count(*) FROM t WHERE t MATCH ?1", -1, &stmt, NULL) == SQLITE_OK);
        sqlite3_bind_text(stmt, 1, (const char *)b.p, -1, SQLITE_STATIC);
        require(sqlite3_step(stmt) == SQLITE_ROW);
        sqlite3_finalize(stmt);
    } else
        require(err == GMM_EUSAGE || err == GMM_ELIMIT);
    buffer_close(&b);
}

static void snippet_is_clean(const char *text, size_t len, const char *typed)
{
    struct buffer b;
    size_t max = len % 41, chars = 0;
    buffer_init(&b, 1u << 20);
    require(tokenizer_snippet(&b, text, len, typed, max) == GMM_OK);
    for (size_t at = 0; at < b.len; chars++) {
        int32_t c = utf8_next((const char *)b.p, b.len, &at);
        require(c >= 0x20 && c != 0x7f);
    }
    require(chars <= max + 2);
    buffer_close(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (words == NULL)
        start();
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    query_matches_document(text, size);
    query_is_readable(text);
    const char *line = memchr(text, '\n', size);
    snippet_is_clean(text, size, line == NULL ? text : line);
    if (size <= COMPARED_BYTES && bytes_is_utf8(text, size)) {
        UErrorCode err = U_ZERO_ERROR;
        form_does_not_matter(unorm2_getNFCInstance(&err), text, size);
        form_does_not_matter(unorm2_getNFDInstance(&err), text, size);
    }
    free(text);
    return 0;
}
