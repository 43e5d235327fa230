#include "node/tokenizer.h"

#include <assert.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uversion.h>

#include "keys/hash.h"
#include "keys/labels.h"
#include "keys/secret.h"
#include "node/words.h"

#define RULES "1"
#define HASH_BYTES 12
#define HASHED_CHARS 16 /* base64url of them */

static_assert(HASH_BYTES * 4 == HASHED_CHARS * 3, "base64 without padding");

/* Texts repeat their words: most hashes are found here instead of computed. */
#define CACHE_SLOTS 16384u
#define CACHED_BYTES 47
struct slot {
    uint8_t len; /* 0: empty */
    char word[CACHED_BYTES];
    char hashed[HASHED_CHARS];
};

/* Of a connection. */
struct tokenizer {
    uint8_t *key;
    const struct tokenizer_row *row; /* NULL: texts are cut here */
    unsigned column;                 /* of the row: whose turn it is */
};

/* One a table that uses the tokenizer, and one a maker. */
struct instance {
    struct tokenizer *t;
    struct words *words;
    struct slot cache[CACHE_SLOTS];
};

struct delivery {
    struct instance *instance;
    void *ctx;
    int (*token)(void *ctx, int flags, const char *token, int len, int start, int end);
};

static void base64_put(char out[HASHED_CHARS], const uint8_t bytes[HASH_BYTES])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < HASH_BYTES; i += 3) {
        uint32_t three = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];
        for (unsigned k = 0; k < 4; k++)
            *out++ = digits[three >> (18 - 6 * k) & 63u];
    }
}

static void word_hash(char out[HASHED_CHARS], const uint8_t key[32], const char *word, size_t len)
{
    uint8_t digest[32];
    hash_k(digest, key, LABEL_TOKEN, word, len);
    base64_put(out, digest);
}

/* FNV-1a: spreads words over the slots, nothing else. */
static size_t slot_of(const char *word, size_t len)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)word[i]) * 16777619u;
    return (h ^ h >> 15) % CACHE_SLOTS;
}

static void word_hash_cached(struct instance *in, char out[HASHED_CHARS], const char *word, size_t len)
{
    if (len > CACHED_BYTES) {
        word_hash(out, in->t->key, word, len);
        return;
    }
    struct slot *slot = &in->cache[slot_of(word, len)];
    if (slot->len != len || memcmp(slot->word, word, len) != 0) {
        slot->len = (uint8_t)len;
        memcpy(slot->word, word, len);
        word_hash(slot->hashed, in->t->key, word, len);
    }
    memcpy(out, slot->hashed, HASHED_CHARS);
}

static int deliver(void *arg, const struct words_token *token)
{
    struct delivery *d = arg;
    char hashed[HASHED_CHARS];
    word_hash_cached(d->instance, hashed, token->p, token->len);
    return d->token(d->ctx, token->colocated ? FTS5_TOKEN_COLOCATED : 0, hashed, HASHED_CHARS, (int)token->start,
                    (int)token->end);
}

/* ---- tokens made before */

#define MADE_BYTES (1u + HASHED_CHARS) /* 1 where it is at the position of the one before, then the token */

struct tokenizer_maker {
    struct instance instance;
};

static int keep(void *arg, const struct words_token *token)
{
    struct delivery *d = arg;
    struct buffer *out = d->ctx;
    char hashed[HASHED_CHARS];
    word_hash_cached(d->instance, hashed, token->p, token->len);
    buffer_put_u8(out, token->colocated);
    buffer_put(out, hashed, HASHED_CHARS);
    return out->failed != GMM_OK;
}

void tokenizer_make(struct tokenizer_maker *maker, struct tokenizer_row *row)
{
    for (unsigned i = 0; i < 2; i++) {
        struct delivery d = {.instance = &maker->instance, .ctx = &row->tokens[i]};
        buffer_init(&row->tokens[i], 2 * MADE_BYTES * (row->lens[i] + 1)); /* a letter makes two tokens at most */
        if (row->lens[i] > 0)
            (void)words_scan(maker->instance.words, WORDS_DOCUMENT, row->texts[i], row->lens[i], keep, &d);
    }
}

struct tokenizer_maker *tokenizer_maker_new(struct tokenizer *t)
{
    struct tokenizer_maker *maker = calloc(1, sizeof *maker);
    if (maker == NULL)
        return NULL;
    maker->instance.t = t;
    maker->instance.words = words_new();
    if (maker->instance.words != NULL)
        return maker;
    free(maker);
    return NULL;
}

void tokenizer_maker_free(struct tokenizer_maker *maker)
{
    if (maker == NULL)
        return;
    words_free(maker->instance.words);
    sodium_memzero(maker->instance.cache, sizeof maker->instance.cache);
    free(maker);
}

void tokenizer_use(struct tokenizer *t, const struct tokenizer_row *row)
{
    t->row = row;
    t->column = 0;
}

/* The tokens of the text whose turn it is; NULL: none were made of it. FTS5 asks for the columns in turn. */
static const struct buffer *made_of(struct tokenizer *t, int flags, size_t len)
{
    const struct tokenizer_row *row = t->row;
    if (row == NULL || (flags & FTS5_TOKENIZE_DOCUMENT) == 0)
        return NULL;
    while (t->column < 2 && row->lens[t->column] == 0)
        t->column++;
    if (t->column == 2 || row->lens[t->column] != len)
        return NULL;
    const struct buffer *tokens = &row->tokens[t->column++];
    return tokens->failed == GMM_OK ? tokens : NULL;
}

static int give_made(const struct buffer *tokens, void *ctx, int (*token)(void *, int, const char *, int, int, int))
{
    int rc = SQLITE_OK;
    for (size_t at = 0; at < tokens->len && rc == SQLITE_OK; at += MADE_BYTES)
        rc = token(ctx, tokens->p[at] != 0 ? FTS5_TOKEN_COLOCATED : 0, (const char *)tokens->p + at + 1, HASHED_CHARS,
                   0, 0);
    return rc;
}

static int gmm_tokenize(Fts5Tokenizer *tokenizer, void *ctx, int flags, const char *text, int len,
                        int (*token)(void *, int, const char *, int, int, int))
{
    struct delivery d = {.instance = (struct instance *)tokenizer, .ctx = ctx, .token = token};
    enum words_mode mode = (flags & FTS5_TOKENIZE_QUERY) != 0 ? WORDS_QUERY : WORDS_DOCUMENT;
    if (text == NULL || len <= 0)
        return SQLITE_OK;
    const struct buffer *made = made_of(d.instance->t, flags, (size_t)len);
    if (made != NULL)
        return give_made(made, ctx, token);
    return words_scan(d.instance->words, mode, text, (size_t)len, deliver, &d);
}

static void gmm_delete(Fts5Tokenizer *tokenizer)
{
    struct instance *in = (struct instance *)tokenizer;
    if (in == NULL)
        return;
    words_free(in->words);
    sodium_memzero(in->cache, sizeof in->cache);
    free(in);
}

static int gmm_create(void *t, const char **args, int arg_count, Fts5Tokenizer **out)
{
    (void)args;
    *out = NULL;
    if (arg_count != 0)
        return SQLITE_ERROR;
    struct instance *in = calloc(1, sizeof *in);
    if (in == NULL)
        return SQLITE_NOMEM;
    in->t = t;
    in->words = words_new();
    if (in->words == NULL) {
        gmm_delete((Fts5Tokenizer *)in);
        return SQLITE_NOMEM;
    }
    *out = (Fts5Tokenizer *)in;
    return SQLITE_OK;
}

/* The way to FTS5's extension interface that its documentation gives. */
static fts5_api *api_of(sqlite3 *db)
{
    fts5_api *api = NULL;
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &stmt, NULL) == SQLITE_OK) {
        (void)sqlite3_bind_pointer(stmt, 1, &api, "fts5_api_ptr", NULL);
        (void)sqlite3_step(stmt);
    }
    (void)sqlite3_finalize(stmt);
    return api;
}

static void forget(void *arg)
{
    struct tokenizer *t = arg;
    secret_free(t->key);
    free(t);
}

enum gmm_err tokenizer_register(sqlite3 *db, const uint8_t key[32], struct tokenizer **out)
{
    static const fts5_tokenizer functions = {gmm_create, gmm_delete, gmm_tokenize};
    fts5_api *api = api_of(db);
    if (api == NULL || api->iVersion < 2)
        return GMM_ESTATE;
    struct tokenizer *t = calloc(1, sizeof *t);
    if (t == NULL || (t->key = secret_alloc(32)) == NULL) {
        free(t);
        return GMM_ENOMEM;
    }
    memcpy(t->key, key, 32);
    fts5_tokenizer own = functions;
    if (api->xCreateTokenizer(api, "gmm", t, &own, forget) != SQLITE_OK) {
        forget(t);
        return GMM_ENOMEM;
    }
    if (out != NULL)
        *out = t;
    return GMM_OK;
}

const char *tokenizer_version(void)
{
    return RULES "/" U_ICU_VERSION;
}

static int stop_at_first(void *arg, const struct words_token *token)
{
    (void)arg;
    (void)token;
    return 1;
}

/* In quotes nothing but a quote has a meaning, and that one is doubled. */
static void put_phrase(struct buffer *out, const char *word, size_t len)
{
    buffer_put_u8(out, '"');
    for (size_t i = 0; i < len; i++) {
        if (word[i] == '"')
            buffer_put_u8(out, '"');
        buffer_put_u8(out, (uint8_t)word[i]);
    }
    buffer_put_u8(out, '"');
}

static enum gmm_err put_phrases(struct buffer *out, struct words *w, const char *text)
{
    const char *word;
    size_t len = strlen(text), at = 0, word_len;
    unsigned count = 0;
    while (words_typed(text, len, &at, &word, &word_len)) {
        if (words_scan(w, WORDS_QUERY, word, word_len, stop_at_first, NULL) == 0)
            continue;
        if (count == TOKENIZER_QUERY_WORDS)
            return GMM_ELIMIT;
        if (count++ > 0)
            buffer_put(out, " AND ", 5);
        put_phrase(out, word, word_len);
    }
    return count == 0 ? GMM_EUSAGE : out->failed;
}

enum gmm_err tokenizer_query(struct buffer *out, const char *words)
{
    struct words *w = words_new();
    if (w == NULL)
        return GMM_ENOMEM;
    size_t before = out->len;
    enum gmm_err err = put_phrases(out, w, words);
    if (err != GMM_OK)
        out->len = before;
    words_free(w);
    return err;
}
