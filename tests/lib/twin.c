#include "tests/lib/twin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must_ok(enum gmm_err err, const char *what)
{
    if (err == GMM_OK)
        return;
    fprintf(stderr, "the twin worlds cannot be made: %s: %s\n", what, gmm_err_name(err));
    exit(1);
}

static void populate(struct world *w)
{
    world_open(w, NULL);
    world_join(w, "iom", IDENTITY_INTL_ORG);
    world_join(w, "wb", IDENTITY_MEMBER);
}

void twin_open(struct twin *t)
{
    populate(&t->a);
    populate(&t->b);
}

void twin_close(struct twin *t)
{
    world_close(&t->a);
    world_close(&t->b);
}

static void post(struct world *w, unsigned office, const struct gmm_id *gid, unsigned count, char mark)
{
    for (unsigned i = 0; i < count; i++) {
        char text[32];
        int len = snprintf(text, sizeof text, "%c %u", mark, w->entry_count);
        /* A malformed record in a control log is kept and has no effect. */
        world_append(w, office, gid, gid == NULL ? HEADER_WRAPKEY : HEADER_DOCUMENT, text, (size_t)len);
    }
}

void twin_post(struct twin *t, unsigned office, const struct gmm_id *gid, unsigned count)
{
    post(&t->a, office, gid, count, '=');
    post(&t->b, office, gid, count, '=');
}

void twin_part(struct twin *t, unsigned office, const struct gmm_id *gid, unsigned count_a, unsigned count_b)
{
    post(&t->a, office, gid, count_a, 'a');
    post(&t->b, office, gid, count_b, 'b');
}

void twin_proof(const struct twin *t, unsigned office, const struct gmm_id *gid, uint64_t first, uint32_t count_a,
                uint32_t count_b, struct buffer *out)
{
    struct run_key log;
    world_log_of(&t->a, office, gid, &log);
    struct run *a = world_run(&t->a, &log, first, count_a), *b = world_run(&t->b, &log, first, count_b);
    buffer_init(out, LIMIT_FORK_BYTES);
    must_ok(fork_make(out, a, b), "a proof");
    run_free(a);
    run_free(b);
}
