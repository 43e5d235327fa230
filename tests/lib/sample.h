/* Offices with known keys, and well-formed objects of theirs, for tests and fuzzers: always the same bytes. */
#ifndef GMM_TESTS_SAMPLE_H
#define GMM_TESTS_SAMPLE_H

#include "keys/card.h"
#include "keys/certificate.h"
#include "keys/charter.h"
#include "keys/invite.h"

struct sample_office {
    uint8_t root_sk[64], next_root_sk[64], sign_sk[64], noise_sk[32], wrap_sk[32];
    struct gmm_id root_pk, next_root_pk, next_commit, pid, sign_pk, noise_pk, wrap_pk;
};

/* The keys of an office; participants and offices with different numbers share none. */
void sample_office(struct sample_office *out, uint8_t number);
/* An id of 32 equal bytes. */
struct gmm_id sample_id(uint8_t byte);
/* Every field filled, two addresses; made with office->root_sk, root_sk, sign_sk. */
void sample_certificate(struct certificate *out, const struct sample_office *office, const struct gmm_id *nid);
void sample_charter(struct charter *out, const struct sample_office *office);
void sample_card(struct card *out, const struct sample_office *office);
/* For a newcomer; office and pid empty. */
void sample_invite(struct invite *out, const struct sample_office *inviter, const struct gmm_id *nid);

#endif
