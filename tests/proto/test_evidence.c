#include "proto/evidence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/exhibit.h"
#include "tests/lib/failmalloc.h"

static struct exhibit x;
static struct buffer file;
static struct gmm_msg why;

static int setup(void **state)
{
    (void)state;
    exhibit_open(&x, false);
    exhibit_file(&x, &file);
    return 0;
}

static int setup_forked(void **state)
{
    (void)state;
    exhibit_open(&x, true);
    exhibit_file(&x, &file);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&file);
    exhibit_close(&x);
    return 0;
}

static enum gmm_err open_bytes(struct evidence **e, const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len + 1); /* of its own size, for a sanitizer to see reads past the end */
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    uint8_t *exact = realloc(copy, len + (len == 0));
    assert_non_null(exact);
    why.text[0] = '\0';
    enum gmm_err err = evidence_open(e, exact, len, &why);
    free(exact);
    return err;
}

static enum gmm_err open_parts(struct evidence_parts *parts)
{
    struct buffer made;
    struct evidence *e;
    buffer_init(&made, LIMIT_EVIDENCE_BYTES);
    assert_int_equal(evidence_make(&made, parts), GMM_OK);
    enum gmm_err err = open_bytes(&e, made.p, made.len);
    buffer_close(&made);
    evidence_free(e);
    return err;
}

static void shows_the_entry_and_who_wrote_it(void **state)
{
    (void)state;
    struct evidence *e;
    assert_int_equal(open_bytes(&e, file.p, file.len), GMM_OK);
    assert_true(id_equal(&e->id, &x.run->entries[0].id));
    assert_int_equal(e->header.seq, 2);
    assert_int_equal(e->plain_len, strlen(EXHIBIT_TEXT));
    assert_memory_equal(e->plain, EXHIBIT_TEXT, e->plain_len);
    const struct view *then = evidence_view_then(e), *now = evidence_view(e);
    assert_non_null(then);
    assert_non_null(now);
    assert_int_equal(then->participant_count, 3); /* unu came later */
    assert_int_equal(now->participant_count, 4);
    const struct view_office *office = view_office(then, &e->header.author);
    assert_non_null(office);
    assert_string_equal(office->office, "hq");
    assert_string_equal(view_participant(then, &office->pid)->id, "iom");
    assert_true(id_equal(&then->chair, &x.t.a.participants[0].pid));
    assert_true(view_stands_outside(now, &x.log, e->header.seq, e->header.time, &why));
    evidence_free(e);
}

static void has_one_form(void **state)
{
    (void)state;
    struct evidence *e;
    struct evidence_parts parts;
    const struct run *control[8], *group[8];
    struct buffer made;
    assert_int_equal(open_bytes(&e, file.p, file.len), GMM_OK);
    assert_int_equal(e->version, 2);
    for (size_t i = 0; i < e->control_count; i++)
        control[i] = verified_run_view(e->control[i]);
    for (size_t i = 0; i < e->group_count; i++)
        group[i] = verified_run_view(e->group[i]);
    parts = (struct evidence_parts){.directory = e->directory,
                                    .forks = e->forks,
                                    .control = control,
                                    .control_count = e->control_count,
                                    .group = group,
                                    .group_count = e->group_count,
                                    .run = verified_run_view(e->run),
                                    .key = e->key};
    buffer_init(&made, LIMIT_EVIDENCE_BYTES);
    assert_int_equal(evidence_make(&made, &parts), GMM_OK);
    assert_int_equal(made.len, file.len);
    assert_memory_equal(made.p, file.p, made.len);
    buffer_close(&made);
    evidence_free(e);
}

/* Each bit of a byte in turn, by the byte's place. */
static void flip(uint8_t *bytes, size_t at)
{
    bytes[at] ^= (uint8_t)(1u << (at % 8));
}

static void every_changed_byte_is_found(void **state)
{
    (void)state;
    struct evidence *e;
    for (size_t i = 0; i < file.len; i++) {
        flip(file.p, i);
        assert_int_not_equal(open_bytes(&e, file.p, file.len), GMM_OK);
        assert_null(e);
        assert_string_not_equal(why.text, "");
        flip(file.p, i);
    }
    assert_int_equal(open_bytes(&e, file.p, file.len), GMM_OK);
    evidence_free(e);
}

/* Not the sum holds it together: signatures do. */
static void every_changed_byte_is_found_although_the_sum_fits(void **state)
{
    (void)state;
    struct evidence *e;
    size_t end = file.len - 32;
    for (size_t i = 0; i < end; i++) {
        flip(file.p, i);
        exhibit_resum(file.p, file.len);
        assert_int_not_equal(open_bytes(&e, file.p, file.len), GMM_OK);
        assert_string_not_equal(why.text, "");
        flip(file.p, i);
    }
    exhibit_resum(file.p, file.len);
    assert_int_equal(open_bytes(&e, file.p, file.len), GMM_OK);
    evidence_free(e);
}

static void every_shorter_file_is_refused(void **state)
{
    (void)state;
    struct evidence *e;
    uint8_t *copy = malloc(file.len + 1);
    assert_non_null(copy);
    for (size_t n = 0; n < file.len; n++) {
        assert_int_not_equal(open_bytes(&e, file.p, n), GMM_OK);
        if (n < 32 || n % 7 != 0)
            continue;
        memcpy(copy, file.p, n);
        exhibit_resum(copy, n);
        assert_int_not_equal(open_bytes(&e, copy, n), GMM_OK);
    }
    memcpy(copy, file.p, file.len - 32);
    copy[file.len - 32] = 0;
    memset(copy + file.len - 31, 0, 32);
    exhibit_resum(copy, file.len + 1);
    assert_int_equal(open_bytes(&e, copy, file.len + 1), GMM_EFORMAT);
    free(copy);
}

static void parts_out_of_place_are_refused(void **state)
{
    (void)state;
    struct evidence_parts parts;
    exhibit_parts(&x, &parts);
    assert_int_equal(open_parts(&parts), GMM_OK);

    assert_int_equal(x.control_count, 1);
    struct run *twice[] = {x.control[0], x.control[0]};
    parts.control = (const struct run *const *)twice;
    parts.control_count = 2;
    assert_int_equal(open_parts(&parts), GMM_EORDER);

    parts.control = (const struct run *const *)&x.run; /* a group's run among the control records */
    parts.control_count = 1;
    assert_int_not_equal(open_parts(&parts), GMM_OK);

    exhibit_parts(&x, &parts);
    parts.run = x.control[0];
    assert_int_not_equal(open_parts(&parts), GMM_OK);

    exhibit_parts(&x, &parts);
    uint8_t other[32] = {1};
    parts.key = other;
    assert_int_equal(open_parts(&parts), GMM_EDECRYPT);
    assert_non_null(strstr(why.text, "key"));
}

static void records_of_another_group_are_refused(void **state)
{
    (void)state;
    struct evidence_parts parts;
    struct gmm_id internal;
    struct run_key log;
    exhibit_parts(&x, &parts);
    assert_int_equal(x.group_count, 2);
    struct run *turned[] = {x.group[1], x.group[0]};
    parts.group = (const struct run *const *)turned;
    assert_int_equal(open_parts(&parts), GMM_EORDER);
    struct run *twice[] = {x.group[0], x.group[0]};
    parts.group = (const struct run *const *)twice;
    assert_int_equal(open_parts(&parts), GMM_EORDER);

    parts.group_count = 1;
    parts.group = (const struct run *const *)x.control; /* no record of a group */
    assert_int_equal(open_parts(&parts), GMM_EFORMAT);
    parts.group = (const struct run *const *)&x.run; /* begins with a document */
    assert_int_equal(open_parts(&parts), GMM_EFORMAT);

    world_gid_internal(&x.t.a, 0, &internal);
    world_log_of(&x.t.a, 0, &internal, &log);
    const struct control_anchor_head head = {x.log.author, {{0}}, x.log.instance, 2};
    struct run *elsewhere = world_run(&x.t.a, &log, x.t.a.entries[world_anchor(&x.t.a, 0, &internal, &head, 1)].seq, 1);
    parts.group = (const struct run *const *)&elsewhere;
    assert_int_equal(open_parts(&parts), GMM_EFORMAT);
    assert_non_null(strstr(why.text, "another group"));
    run_free(elsewhere);

    /* and with none at all it is a proof as well */
    parts.group_count = 0;
    assert_int_equal(open_parts(&parts), GMM_OK);
}

/* Files of before are read as ever: they say nothing of the group. */
static void version_1_is_read(void **state)
{
    (void)state;
    struct evidence *e;
    struct evidence_parts parts;
    struct buffer made;
    exhibit_parts(&x, &parts);
    parts.group_count = 0;
    buffer_init(&made, LIMIT_EVIDENCE_BYTES);
    assert_int_equal(evidence_make(&made, &parts), GMM_OK);
    /* the number of group records stands before the entry's stretch: prev, length, run, then key and sum */
    size_t end = made.len - 32 - 32;
    const uint8_t *run_at = NULL;
    for (size_t at = 4; run_at == NULL && at + 4 < end; at++)
        if (bytes_load_u32(made.p + at) == end - at - 4 && bytes_load_u32(made.p + at - 36) == 0)
            run_at = made.p + at;
    assert_non_null(run_at);
    size_t count_at = (size_t)(run_at - made.p) - 36;
    memmove(made.p + count_at, made.p + count_at + 4, made.len - count_at - 4);
    made.len -= 4;
    made.p[8] = 1;
    exhibit_resum(made.p, made.len);
    assert_int_equal(open_bytes(&e, made.p, made.len), GMM_OK);
    assert_int_equal(e->version, 1);
    assert_int_equal(e->group_count, 0);
    assert_memory_equal(e->plain, EXHIBIT_TEXT, e->plain_len);
    evidence_free(e);
    made.p[8] = 2;
    exhibit_resum(made.p, made.len);
    assert_int_not_equal(open_bytes(&e, made.p, made.len), GMM_OK);
    made.p[8] = 3;
    exhibit_resum(made.p, made.len);
    assert_int_equal(open_bytes(&e, made.p, made.len), GMM_EVERSION);
    buffer_close(&made);
}

static void a_stretch_that_begins_with_nothing_is_refused(void **state)
{
    (void)state;
    struct evidence_parts parts;
    struct run_key log;
    world_log_of(&x.t.a, 0, NULL, &log);
    exhibit_parts(&x, &parts);
    struct run *late = world_run(&x.t.a, &log, 2, 2); /* WRAPKEY, ADMIT */
    parts.control = (const struct run *const *)&late;
    assert_int_equal(open_parts(&parts), GMM_EFORMAT);
    run_free(late);
    late = world_run(&x.t.a, &log, 3, 1);
    assert_int_equal(open_parts(&parts), GMM_OK);

    struct run *early = world_run(&x.t.a, &log, 0, 1), *both[] = {early, late};
    parts.control = (const struct run *const *)both;
    parts.control_count = 2;
    assert_int_equal(open_parts(&parts), GMM_OK);
    run_free(early);
    run_free(late);
}

static void an_author_without_certificate_is_refused(void **state)
{
    (void)state;
    struct evidence_parts parts;
    struct world alone;
    world_open(&alone, NULL);
    exhibit_parts(&x, &parts);
    parts.directory = alone.directory; /* the same charter and founder */
    assert_int_equal(open_parts(&parts), GMM_EUNKNOWN);
    world_close(&alone);
}

static void a_fork_is_told(void **state)
{
    (void)state;
    struct evidence *e;
    assert_int_equal(open_bytes(&e, file.p, file.len), GMM_OK);
    assert_int_equal(forks_count(e->forks), 1);
    const struct view *now = evidence_view(e);
    const struct view_fork *fork = view_fork(now, &x.log);
    assert_non_null(fork);
    assert_int_equal(fork->first_seq, 3);
    assert_true(view_stands_outside(now, &x.log, 2, e->header.time, &why));
    assert_false(view_stands_outside(now, &x.log, 3, e->header.time, &why));
    evidence_free(e);
}

static void lack_of_memory_is_told(void **state)
{
    (void)state;
    struct evidence *e;
    struct evidence_parts parts;
    exhibit_parts(&x, &parts);
    for (long i = 0;; i++) {
        failmalloc_at(i);
        enum gmm_err err = evidence_open(&e, file.p, file.len, &why);
        if (!failmalloc_off()) {
            assert_int_equal(err, GMM_OK);
            evidence_free(e);
            break;
        }
        assert_int_equal(err, GMM_ENOMEM);
        assert_null(e);
    }
    for (long i = 0;; i++) {
        struct buffer made;
        buffer_init(&made, LIMIT_EVIDENCE_BYTES);
        failmalloc_at(i);
        enum gmm_err err = evidence_make(&made, &parts);
        bool failed = failmalloc_off();
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        buffer_close(&made);
        if (!failed)
            break;
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define FORKED(f) cmocka_unit_test_setup_teardown(f, setup_forked, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(shows_the_entry_and_who_wrote_it),
        TEST(has_one_form),
        FORKED(has_one_form),
        TEST(every_changed_byte_is_found),
        FORKED(every_changed_byte_is_found_although_the_sum_fits),
        TEST(every_shorter_file_is_refused),
        TEST(parts_out_of_place_are_refused),
        TEST(records_of_another_group_are_refused),
        TEST(version_1_is_read),
        TEST(a_stretch_that_begins_with_nothing_is_refused),
        TEST(an_author_without_certificate_is_refused),
        FORKED(a_fork_is_told),
        FORKED(lack_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
