/* An office that posts to everybody, inside the test's process. */
#ifndef GMM_TESTS_POSTING_FIXTURE_H
#define GMM_TESTS_POSTING_FIXTURE_H

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "node/groups.h"
#include "node/post.h"
#include "tests/node/office_fixture.h"

/* An office alone in its network; *all: the group of everybody. */
static inline void posting_found(struct office *o, struct gmm_id *all)
{
    office_init(o, "ilo", "hq", IDENTITY_MEMBER);
    office_found(o, "Test Group");
    assert_int_equal(groups_find(o->node, "all", all, NULL, NULL), GMM_OK);
}

/* A file in memory with these bytes. */
static inline int posting_file(const void *bytes, size_t len)
{
    int fd = memfd_create("posted", MFD_CLOEXEC);
    assert_true(fd >= 0);
    for (size_t at = 0; at < len;) {
        ssize_t n = write(fd, (const char *)bytes + at, len - at);
        assert_true(n > 0);
        at += (size_t)n;
    }
    return fd;
}

/* Posts text as the request says; its `file` and, when none is given, `to` are filled in: all. shares: post_publish's.
 */
static inline struct gmm_id posting_put(struct office *o, struct post_request request, const char *text, bool shares)
{
    static const char *const to[] = {"all"};
    struct gmm_msg msg = {.text = ""};
    struct post_plan plan;
    struct gmm_id id = {{0}};
    if (request.to == NULL) {
        request.to = to;
        request.to_count = 1;
    }
    request.file = (struct post_file){.fd = posting_file(text, strlen(text)), .name = "text.txt"};
    enum gmm_err err = post_make_plan(o->node, &request, &plan, NULL, &msg);
    if (err == GMM_OK)
        err = post_publish(o->node, &request, &plan, shares, &id, &msg);
    if (err != GMM_OK)
        fail_msg("%s", msg.text);
    post_plan_close(&plan);
    close(request.file.fd);
    return id;
}

static inline struct gmm_id posting_publish(struct office *o, struct post_request request, const char *text)
{
    return posting_put(o, request, text, false);
}

/* Posts text to all; NULL: not given. */
static inline struct gmm_id posting_post(struct office *o, const char *text, const char *symbol, const char *lang,
                                         const char *revises, const char *translates)
{
    return posting_publish(
        o, (struct post_request){.symbol = symbol, .lang = lang, .revises = revises, .translates = translates}, text);
}

#endif
