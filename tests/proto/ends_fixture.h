/* The peers of one office, and what goes over the wire between them: sessions in memory, at both ends. */
#ifndef GMM_TESTS_ENDS_FIXTURE_H
#define GMM_TESTS_ENDS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/peer.h"
#include "tests/lib/world.h"

/* A peer of ours, and the session at its end, by which the test sees what was said to it. */
struct end {
    struct peer peer;
    struct session *far;
};

/* What is queued at one end reaches the other. *last: the next item there; valid until the next one. */
static inline void end_carry(struct session *from, struct session *to, struct session_item *last)
{
    struct buffer wire;
    buffer_init(&wire, 4u << 20);
    assert_int_equal(session_pump(from, &wire, 1u << 20), GMM_OK);
    if (wire.len > 0)
        assert_int_equal(session_receive(to, wire.p, wire.len), GMM_OK);
    assert_int_equal(session_next(to, last), GMM_OK);
    buffer_close(&wire);
}

static inline void end_open(struct end *end, const struct world *w, uint32_t conn, unsigned office)
{
    struct session_item item;
    const struct world_office *us = &w->offices[0], *them = &w->offices[office];
    const uint8_t ephemeral[2][32] = {{(uint8_t)conn, 1}, {(uint8_t)conn, 2}};
    struct session_config a = {.purpose = SESSION_OFFICES,
                               .initiator = true,
                               .nid = &w->nid,
                               .noise_sk = us->noise_sk,
                               .noise_pk = &us->noise_pk,
                               .remote_noise_pk = &them->noise_pk,
                               .ephemeral = ephemeral[0],
                               .hello = "a",
                               .hello_len = 1};
    struct session_config b = {
        .nid = &w->nid, .noise_sk = them->noise_sk, .noise_pk = &them->noise_pk, .ephemeral = ephemeral[1]};
    *end = (struct end){.peer = {.conn = conn,
                                 .sign_pk = them->sign_pk,
                                 .noise_pk = them->noise_pk,
                                 .pid = w->participants[them->participant].pid,
                                 .identified = true,
                                 .room = PEER_ROOM_MOST}};
    assert_int_equal(session_new(&end->peer.session, &a), GMM_OK);
    assert_int_equal(session_new(&end->far, &b), GMM_OK);
    end_carry(end->peer.session, end->far, &item);
    end_carry(end->far, end->peer.session, &item);
    end_carry(end->peer.session, end->far, &item);
    assert_int_equal(item.kind, SESSION_ITEM_HELLO);
    assert_int_equal(session_answer(end->far, "b", 1), GMM_OK);
    assert_int_equal(session_next(end->far, &item), GMM_OK);
    end_carry(end->far, end->peer.session, &item);
    assert_int_equal(session_state(end->peer.session), SESSION_OPEN);
    while (item.kind != SESSION_ITEM_NONE)
        assert_int_equal(session_next(end->peer.session, &item), GMM_OK);
}

/* The next message that was said to a peer; 0: none. *out: valid until the next one. */
static inline uint8_t end_said(struct end *end, struct session_item *out)
{
    assert_int_equal(session_next(end->far, out), GMM_OK);
    if (out->kind == SESSION_ITEM_NONE)
        end_carry(end->peer.session, end->far, out);
    if (out->kind == SESSION_ITEM_NONE)
        return 0;
    if (out->stream != SESSION_CONTROL)
        session_consumed(end->far, out->stream, out->len + 1);
    return out->type;
}

static inline void end_close(struct end *end)
{
    session_free(end->peer.session);
    session_free(end->far);
}

#endif
