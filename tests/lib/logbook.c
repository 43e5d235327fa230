#include "tests/lib/logbook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(int holds, const char *what, enum gmm_err err)
{
    if (holds)
        return;
    printf("logbook: %s: %s\n", what, gmm_err_name(err));
    exit(1);
}

static void add_object(struct logbook *book, enum directory_kind kind, struct buffer *object, struct gmm_id *hash)
{
    struct buffer bytes;
    const struct directory_object *held = NULL;
    buffer_init(&bytes, CHARTER_BYTES_MAX + 1);
    buffer_put_u8(&bytes, (uint8_t)kind);
    buffer_put(&bytes, object->p, object->len);
    enum gmm_err err = directory_add(book->directory, bytes.p, bytes.len, &held);
    must(err == GMM_OK, "object", err);
    if (hash != NULL)
        *hash = held->hash;
    buffer_close(&bytes);
    buffer_close(object);
}

void logbook_open(struct logbook *book)
{
    struct charter charter;
    struct buffer object;
    memset(book, 0, sizeof *book);
    must((book->directory = directory_new()) != NULL && (book->logs = logs_new()) != NULL, "memory", GMM_ENOMEM);
    sample_office(&book->founder, 1);
    sample_charter(&charter, &book->founder);
    buffer_init(&object, CHARTER_BYTES_MAX);
    enum gmm_err err = charter_make(&object, &charter, book->founder.root_sk);
    must(err == GMM_OK, "charter", err);
    book->nid = charter.nid;
    add_object(book, DIRECTORY_CHARTER, &object, &book->charter_hash);
    for (unsigned i = 0; i < LOGBOOK_AUTHORS; i++) {
        struct certificate certificate;
        sample_office(&book->authors[i], (uint8_t)(10 + i));
        sample_certificate(&certificate, &book->authors[i], &book->nid);
        buffer_init(&object, CERTIFICATE_BYTES_MAX);
        err = certificate_make(&object, &certificate, book->authors[i].root_sk);
        must(err == GMM_OK, "certificate", err);
        add_object(book, DIRECTORY_CERTIFICATE, &object, NULL);
    }
}

void logbook_close(struct logbook *book)
{
    logs_free(book->logs);
    directory_free(book->directory);
    book->logs = NULL;
    book->directory = NULL;
}

struct run_key logbook_key(const struct logbook *book, unsigned author, uint8_t group)
{
    struct run_key key = {.author = book->authors[author].sign_pk, .instance = UINT64_MAX - author};
    memset(key.group.b, group, sizeof key.group.b);
    return key;
}

void logbook_body(uint8_t *out, uint32_t len, unsigned author, uint8_t group, uint64_t seq)
{
    for (uint32_t i = 0; i < len; i++)
        out[i] = (uint8_t)(i * 7 + author * 3 + group * 5 + seq * 11 + seq / 256);
}

static void make_header(const struct logbook *book, const struct run_key *key, uint64_t seq, struct gmm_id *prev,
                        const uint8_t *body, uint32_t body_len, uint8_t out[HEADER_BYTES])
{
    struct header header = {.version = 1,
                            .suite = 1,
                            .type = 64,
                            .network = book->nid,
                            .group = key->group,
                            .author = key->author,
                            .instance = key->instance,
                            .seq = seq,
                            .prev = *prev,
                            .time = (LOGBOOK_TIME_MS + seq) << 16,
                            .body_len = body_len};
    if (id_is_zero(&key->group))
        header.type = 31;
    else
        header.epoch = sample_id(9);
    header_body_hash(&header.body_hash, body, body_len);
    header_encode(out, &header);
    header_id(prev, out);
}

static struct run *make_run(struct logbook *book, unsigned author, uint8_t group, uint32_t count, uint32_t body_len,
                            const struct logs_head *head)
{
    struct run_key key = logbook_key(book, author, group);
    uint8_t(*headers)[HEADER_BYTES] = calloc(count, HEADER_BYTES), *bodies = calloc(count, body_len);
    struct run_source *sources = calloc(count, sizeof *sources);
    must(headers != NULL && bodies != NULL && sources != NULL, "memory", GMM_ENOMEM);
    uint64_t first = head->seq == LOGS_NO_SEQ ? 0 : head->seq + 1;
    struct gmm_id id = head->id;
    if (first == 0)
        header_log0(&id, &book->nid, &key.group, &key.author, key.instance);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *body = bodies + (size_t)i * body_len;
        logbook_body(body, body_len, author, group, first + i);
        make_header(book, &key, first + i, &id, body, body_len, headers[i]);
        sources[i] = (struct run_source){headers[i], body, body_len};
    }
    uint8_t sig[HASH_SIG_BYTES];
    run_head_sign(sig, book->authors[author].sign_sk, &book->nid, &key, first + count - 1, &id);
    struct run *run = NULL;
    enum gmm_err err = run_make(&run, sources, count, sig);
    must(err == GMM_OK, "run", err);
    free(headers);
    free(bodies);
    free(sources);
    return run;
}

struct admitted *logbook_next(struct logbook *book, unsigned author, uint8_t group, uint32_t count, uint32_t body_len)
{
    struct run_key key = logbook_key(book, author, group);
    struct logs_log *log = logs_get(book->logs, &key);
    must(log != NULL, "memory", GMM_ENOMEM);
    struct run *run = make_run(book, author, group, count, body_len, &log->admitted);
    struct verified_run *verified = NULL;
    struct admitted *admitted = NULL;
    enum gmm_err err = run_verify(&verified, &run, &book->nid);
    must(err == GMM_OK, "verify", err);
    err = gate_admit(&admitted, &verified, book->logs, book->directory, LOGBOOK_TIME_MS + (1ull << 40));
    must(err == GMM_OK, "admit", err);
    return admitted;
}
