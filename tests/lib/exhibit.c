#include "tests/lib/exhibit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/labels.h"
#include "keys/seal.h"
#include "proto/body.h"

static void must_ok(enum gmm_err err, const char *what)
{
    if (err == GMM_OK)
        return;
    fprintf(stderr, "the exhibit cannot be made: %s: %s\n", what, gmm_err_name(err));
    exit(1);
}

/* The world's entries have bodies of its own making; the document's is sealed as an office seals. */
static void seal_last(struct exhibit *x, struct world *w)
{
    static const uint8_t node_secret[32] = {1}, random[32] = {2};
    uint8_t secret[32];
    struct world_entry *e = &w->entries[w->entry_count - 1];
    struct header header;
    struct buffer body;
    memset(secret, 0x5e, sizeof secret);
    buffer_init(&body, LIMIT_BODY_BYTES);
    must_ok(body_seal(&body, secret, e->header, EXHIBIT_TEXT, strlen(EXHIBIT_TEXT), node_secret, random), "its body");
    must_ok(seal_reveal(x->key, secret, e->header, body.p, body.len), "its key");
    must_ok(header_decode(&header, e->header), "its header");
    free(e->body);
    e->len = header.body_len = (uint32_t)body.len;
    header_body_hash(&header.body_hash, body.p, body.len);
    must_ok(buffer_take(&body, &e->body, &(size_t){0}), "memory");
    header_encode(e->header, &header);
    header_id(&e->id, e->header);
}

static int compare_runs(const void *a, const void *b)
{
    const struct run *const *x = a, *const *y = b;
    return run_key_compare(&(*x)->key, &(*y)->key);
}

static void gather_control(struct exhibit *x)
{
    struct world *w = &x->t.a;
    for (unsigned office = 0; office < w->office_count; office++) {
        struct run_key log;
        uint32_t count = 0;
        world_log_of(w, office, NULL, &log);
        for (unsigned i = 0; i < w->entry_count; i++)
            count += run_key_compare(&w->entries[i].log, &log) == 0;
        if (count > 0)
            x->control[x->control_count++] = world_run(w, &log, 0, count);
    }
    qsort(x->control, x->control_count, sizeof(struct run *), compare_runs);
}

static void add_fork(struct exhibit *x)
{
    struct fork_proof *proof;
    struct buffer bytes;
    x->forks = forks_new();
    must_ok(x->forks == NULL ? GMM_ENOMEM : GMM_OK, "memory");
    twin_proof(&x->t, 1, &x->all, 3, 2, 2, &bytes);
    must_ok(fork_open(&proof, &x->t.a.nid, bytes.p, bytes.len), "its fork proof");
    buffer_close(&bytes);
    must_ok(forks_add(x->forks, proof, NULL), "its fork proof");
}

/* The same head twice: the second is anchored a second later. */
static void add_anchors(struct exhibit *x)
{
    struct world *w = &x->t.a;
    struct control_anchor_head head = {.author = x->log.author, .instance = x->log.instance, .seq = 2};
    struct run_key log;
    world_log_of(w, 0, &x->all, &log);
    for (unsigned i = 0; i < w->entry_count; i++)
        if (run_key_compare(&w->entries[i].log, &x->log) == 0 && w->entries[i].seq == head.seq)
            head.id = w->entries[i].id;
    for (size_t i = 0; i < 2; i++) {
        uint64_t seq = w->entries[world_anchor(w, 0, &x->all, &head, 1)].seq;
        x->group[x->group_count++] = world_run(w, &log, seq, 1);
    }
}

void exhibit_open(struct exhibit *x, bool forked)
{
    *x = (struct exhibit){0};
    twin_open(&x->t);
    world_gid_all(&x->t.a, &x->all);
    world_log_of(&x->t.a, 1, &x->all, &x->log);
    twin_post(&x->t, 1, &x->all, 3);
    seal_last(x, &x->t.a);
    seal_last(x, &x->t.b);
    twin_part(&x->t, 1, &x->all, 2, 2);
    /* A record of the time behind the document's, whose body the file leaves out, and one that it has. */
    world_append(&x->t.a, 0, NULL, HEADER_WRAPKEY, "x", 1);
    world_join(&x->t.a, "unu", IDENTITY_OBSERVER);
    gather_control(x);
    add_anchors(x);
    x->run = world_run(&x->t.a, &x->log, 2, 3);
    if (forked)
        add_fork(x);
}

void exhibit_close(struct exhibit *x)
{
    forks_free(x->forks);
    run_free(x->run);
    for (size_t i = 0; i < x->control_count; i++)
        run_free(x->control[i]);
    for (size_t i = 0; i < x->group_count; i++)
        run_free(x->group[i]);
    twin_close(&x->t);
    *x = (struct exhibit){0};
}

void exhibit_parts(struct exhibit *x, struct evidence_parts *parts)
{
    *parts = (struct evidence_parts){.directory = x->t.a.directory,
                                     .forks = x->forks,
                                     .control = (const struct run *const *)x->control,
                                     .control_count = x->control_count,
                                     .group = (const struct run *const *)x->group,
                                     .group_count = x->group_count,
                                     .run = x->run,
                                     .key = x->key};
}

void exhibit_file(struct exhibit *x, struct buffer *out)
{
    struct evidence_parts parts;
    exhibit_parts(x, &parts);
    buffer_init(out, LIMIT_EVIDENCE_BYTES);
    must_ok(evidence_make(out, &parts), "the file");
}

void exhibit_resum(uint8_t *bytes, size_t len)
{
    struct gmm_id sum;
    hash_h(&sum, LABEL_EVIDENCE, bytes, len - sizeof sum.b);
    memcpy(bytes + len - sizeof sum.b, sum.b, sizeof sum.b);
}
