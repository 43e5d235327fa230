/* Two offices, a document of each kind that may go, and erasures asked for by whoever posted it. */
#ifndef GMM_TESTS_ERASING_FIXTURE_H
#define GMM_TESTS_ERASING_FIXTURE_H

#include "node/erase.h"
#include "node/erasing.h"
#include "node/note.h"
#include "tests/node/carrying_fixture.h"

static struct office ilo, iom;
static struct gmm_id document; /* of ilo's, "D/1" */

static inline int erasing_make(void **state)
{
    (void)state;
    carrying_clock(CARRYING_START_MS);
    office_init(&ilo, "ilo", "hq", IDENTITY_MEMBER);
    office_init(&iom, "iom", "hq", IDENTITY_MEMBER);
    office_found(&ilo, "Test Group");
    office_admit(&ilo, &iom, NULL);
    document = posting_post(&ilo, "what shall go", "D/1", "en", NULL, NULL);
    carrying_bundle(&ilo, &iom);
    return 0;
}

static inline int erasing_drop(void **state)
{
    (void)state;
    office_drop(&iom);
    office_drop(&ilo);
    unsetenv("GMM_TEST_CLOCK");
    return 0;
}

static inline enum gmm_err erasing_try(struct office *o, const char *ref, bool whole, struct gmm_msg *msg)
{
    struct read_found found;
    struct gmm_id *ids = NULL;
    size_t count = 0;
    *msg = (struct gmm_msg){.text = ""};
    enum gmm_err err = read_find(o->node, ref, NULL, &found, NULL, msg);
    if (err == GMM_OK)
        err = erase_post(o->node, &found, whole, &ids, &count, msg);
    read_close(&found);
    free(ids);
    return err;
}

static inline void erasing_post(struct office *o, const char *ref)
{
    struct gmm_msg msg;
    enum gmm_err err = erasing_try(o, ref, false, &msg);
    if (err != GMM_OK)
        fail_msg("%s: %s: %s", ref, gmm_err_name(err), msg.text);
}

static inline void erasing_refused(struct office *o, const char *ref, enum gmm_err want, const char *says)
{
    struct gmm_msg msg;
    enum gmm_err err = erasing_try(o, ref, false, &msg);
    if (err != want || strstr(msg.text, says) == NULL)
        fail_msg("%s, \"%s\", and not \"%s\"", gmm_err_name(err), msg.text, says);
}

/* What is due then is done. */
static inline void erasing_settle_at(struct office *o, uint64_t ms)
{
    carrying_clock(ms);
    erasing_settle(o->node);
}

/* Is a body there, hidden or not? */
static inline bool erasing_has_body(struct office *o, const struct gmm_id *id)
{
    struct store_entry entry;
    assert_int_equal(store_load_hidden(o->node->store, id, &entry), GMM_OK);
    bool has = entry.body != NULL;
    store_entry_close(&entry);
    return has;
}

static inline const struct view_erasure *erasing_of(struct office *o, const struct gmm_id *id)
{
    const struct view *view = engine_view(o->node->engine);
    for (size_t i = 0; i < view->erasure_count; i++)
        if (id_equal(&view->erasures[i].id, id))
            return &view->erasures[i];
    return NULL;
}

#endif
