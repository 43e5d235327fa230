/* Offices in folders of their own, without a network between them: what one makes is handed to the other by the test.
 */
#ifndef GMM_TESTS_OFFICE_FIXTURE_H
#define GMM_TESTS_OFFICE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/armor.h"
#include "node/assembly.h"
#include "node/founding.h"
#include "node/joining.h"
#include "node/requests.h"
#include "node/welcoming.h"
#include "tests/lib/tempdir.h"

struct office {
    char home[TEMPDIR_PATH];
    struct node *node;
};

static inline void office_open(struct office *o)
{
    struct gmm_msg msg = {.text = ""};
    enum gmm_err err = assembly_open(&o->node, o->home, 0, NULL, NULL, &msg);
    if (err != GMM_OK)
        fail_msg("%s: %s", gmm_err_name(err), msg.text);
}

static inline void office_init(struct office *o, const char *id, const char *office, unsigned kind)
{
    struct gmm_msg msg = {.text = ""};
    struct card card;
    const struct keystore_lock lock = {.method = KEYSTORE_NONE};
    const struct founding_office words = {
        .participant = id, .name = id, .office = office, .kind = kind, .level = IDENTITY_HQ};
    tempdir_make(o->home);
    if (founding_init(o->home, &words, &lock, &card, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    office_open(o);
}

static inline void office_again(struct office *o)
{
    node_close(o->node);
    o->node = NULL;
    office_open(o);
}

static inline void office_drop(struct office *o)
{
    node_close(o->node);
    o->node = NULL;
    if (o->home[0] != '\0')
        tempdir_remove(o->home);
    o->home[0] = '\0';
}

static inline void office_found(struct office *o, const char *name)
{
    struct gmm_msg msg = {.text = ""};
    const struct founding_network network = {.name = name};
    if (founding_network(o->node, &network, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
}

/* An invite of o, anybody's or for_id's, or for a second office. */
static inline void office_invite(struct office *o, const char *for_id, const char *second, struct invites_entry *out)
{
    struct gmm_msg msg = {.text = ""};
    const char *const addresses[] = {"127.0.0.1:4711"};
    const struct invites_terms terms = {
        .for_id = for_id, .office = second, .valid_ms = INVITES_VALID_MS, .address_count = 1, .addresses = addresses};
    if (invites_make(o->node, &terms, out, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
}

/* The newcomer's way without network: invite, request, admission, welcome. */
static inline void office_admit(struct office *inviter, struct office *newcomer, const char *second)
{
    struct gmm_msg msg = {.text = ""};
    struct invites_entry invite;
    struct requests_judged judged;
    struct buffer line;
    uint8_t *welcome = NULL;
    size_t len, welcome_len;
    office_invite(inviter, second == NULL ? newcomer->node->card.id : NULL, second, &invite);
    if (joining_start(newcomer->node, &invite.invite, "tester", &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    const uint8_t *request = joining_bytes(newcomer->node, &len);
    if (requests_judge(inviter->node, request, len, &judged, NULL, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    if (requests_admit(inviter->node, request, len, &judged, NULL, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    buffer_init(&line, LIMIT_WELCOME_ARMOR);
    assert_int_equal(welcoming_make(inviter->node, &judged, &line, &msg), GMM_OK);
    assert_int_equal(armor_read(&welcome, &welcome_len, "welcome", (const char *)line.p, line.len, &msg), GMM_OK);
    if (joining_welcome(newcomer->node, welcome, welcome_len, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    free(welcome);
    buffer_close(&line);
    requests_judged_close(&judged);
    invites_entry_close(&invite);
}

#endif
