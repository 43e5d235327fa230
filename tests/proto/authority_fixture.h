/* A world for tests of who may do what: ask before a record is written, write it, look at the view. */
#ifndef GMM_TESTS_AUTHORITY_FIXTURE_H
#define GMM_TESTS_AUTHORITY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/control_chair.h"
#include "proto/control_roster.h"
#include "tests/lib/world.h"

static struct world w;
static struct gmm_msg msg;
static struct buffer body; /* of the next record; emptied by ask and write */

static inline const struct gmm_id *pid_of(unsigned office)
{
    return &w.participants[w.offices[office].participant].pid;
}

/* What the fold says of the body as a record of an office, before it is written. */
static inline enum gmm_err ask_at(unsigned office, const struct gmm_id *gid, uint16_t type, uint64_t now_ms)
{
    static const struct gmm_id control;
    memset(&msg, 0, sizeof msg);
    assert_int_equal(body.failed, GMM_OK);
    return fold_authorize(w.fold, &w.offices[office].sign_pk, gid == NULL ? &control : gid, type, body.p, body.len,
                          now_ms, &msg);
}

static inline enum gmm_err ask(unsigned office, uint16_t type)
{
    return ask_at(office, NULL, type, w.now_ms + 1000);
}

static inline unsigned write_record(unsigned office, uint16_t type)
{
    assert_int_equal(body.failed, GMM_OK);
    return world_append(&w, office, NULL, type, body.p, body.len);
}

static inline void assert_says(const char *words)
{
    if (strstr(msg.text, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", msg.text, words);
}

static inline enum view_status status_of(unsigned office)
{
    const struct view_participant *p = view_participant(world_view(&w), pid_of(office));
    assert_non_null(p);
    return p->status;
}

static inline bool is_member(const struct gmm_id *gid, unsigned office)
{
    return view_is_member(world_view(&w), gid, pid_of(office));
}

/* Where an office's control log stands now. */
static inline struct control_cut head_of(unsigned office)
{
    struct control_cut cut = {{{{0}}, {{0}}, 0}, 0, {{0}}};
    world_log_of(&w, office, NULL, &cut.log);
    for (unsigned i = 0; i < w.entry_count; i++)
        if (run_key_compare(&w.entries[i].log, &cut.log) == 0) {
            cut.seq = w.entries[i].seq;
            cut.id = w.entries[i].id;
        }
    return cut;
}

/* A new body: the buffer emptied. */
static inline struct buffer *fresh(void)
{
    buffer_close(&body);
    buffer_init(&body, LIMIT_BODY_BYTES);
    return &body;
}

#endif
