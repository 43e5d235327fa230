/* A network of four for tests of views: the founder, iom with a circle of wb's and its own, unu that observes, wb. */
#ifndef GMM_TESTS_PROTO_VIEW_FIXTURE_H
#define GMM_TESTS_PROTO_VIEW_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/world.h"

static struct world w;
static struct gmm_msg why;
static unsigned iom, unu, wb;
static struct gmm_id all, circle; /* iom's circle with wb, without history */

static inline int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    iom = world_join(&w, "iom", IDENTITY_INTL_ORG);
    unu = world_join(&w, "unu", IDENTITY_OBSERVER);
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    world_gid_all(&w, &all);
    world_circle(&w, iom, 1, false, (const unsigned[]){w.offices[wb].participant}, 1, &circle);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static inline const struct gmm_id *pid_of(unsigned office)
{
    return &w.participants[w.offices[office].participant].pid;
}

static inline void assert_says(const char *words)
{
    if (strstr(why.text, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", why.text, words);
}

#endif
