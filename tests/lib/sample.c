#include "tests/lib/sample.h"

#include <stdio.h>
#include <string.h>

#define TIME_MS UINT64_C(1389364496789)
#define YEAR_MS (UINT64_C(365) * 24 * 3600 * 1000)

static void pair(struct gmm_id *pk, uint8_t sk[64], uint8_t number, uint8_t use)
{
    const uint8_t seed[32] = {number, use};
    identity_pair(pk, sk, seed);
}

static void dh_pair(struct gmm_id *pk, uint8_t sk[32], uint8_t number, uint8_t use)
{
    memset(sk, 0, 32); /* X25519 ignores the lowest bits */
    sk[1] = number;
    sk[2] = use;
    crypto_scalarmult_base(pk->b, sk);
}

void sample_office(struct sample_office *out, uint8_t number)
{
    pair(&out->root_pk, out->root_sk, number, 1);
    pair(&out->next_root_pk, out->next_root_sk, number, 2);
    pair(&out->sign_pk, out->sign_sk, number, 3);
    dh_pair(&out->noise_pk, out->noise_sk, number, 4);
    dh_pair(&out->wrap_pk, out->wrap_sk, number, 5);
    identity_next_commit(&out->next_commit, &out->next_root_pk);
    identity_pid(&out->pid, &out->root_pk, &out->next_commit);
}

struct gmm_id sample_id(uint8_t byte)
{
    struct gmm_id id;
    memset(id.b, byte, sizeof id.b);
    return id;
}

static void addresses(uint8_t *count, char out[LIMIT_ADDRESSES][ADDRESS_BYTES])
{
    *count = 2;
    snprintf(out[0], ADDRESS_BYTES, "%s", "gmm.example.org:4460");
    snprintf(out[1], ADDRESS_BYTES, "%s", "[2001:db8::7]:4460");
}

void sample_certificate(struct certificate *out, const struct sample_office *office, const struct gmm_id *nid)
{
    *out = (struct certificate){
        .nid = *nid,
        .pid = office->pid,
        .root_pk = office->root_pk,
        .next_commit = office->next_commit,
        .sign_pk = office->sign_pk,
        .noise_pk = office->noise_pk,
        .wrap_pk = office->wrap_pk,
        .root_n = 0,
        .serial = 1,
        .not_before_ms = TIME_MS,
        .not_after_ms = TIME_MS + 3 * YEAR_MS,
        .office = "co-dhaka",
        .level = IDENTITY_COUNTRY,
        .roles = CERTIFICATE_ROLE_VOTE | CERTIFICATE_ROLE_DECIDE,
    };
    addresses(&out->address_count, out->addresses);
}

void sample_charter(struct charter *out, const struct sample_office *office)
{
    *out = (struct charter){
        .time_ms = TIME_MS,
        .term_until_ms = TIME_MS + YEAR_MS,
        .name = "Groupe mondial sur la migration",
        .founder_id = "ilo",
        .founder_name = "Organisation internationale du Travail",
        .founder_kind = IDENTITY_MEMBER,
        .admission = CHARTER_BY_CHAIR,
        .thematic = CHARTER_THEMATIC_OPEN,
        .founder_root_pk = office->root_pk,
        .founder_next_commit = office->next_commit,
        .leads = {"wb", "ohchr", "", "ilo", ""},
    };
    memset(out->random, 0x42, sizeof out->random);
}

void sample_card(struct card *out, const struct sample_office *office)
{
    *out = (struct card){
        .id = "ilo",
        .name = "Organisation internationale du Travail",
        .kind = IDENTITY_MEMBER,
        .level = IDENTITY_COUNTRY,
        .office = "co-dhaka",
        .lang = "bn",
        .root_pk = office->root_pk,
        .next_commit = office->next_commit,
        .sign_pk = office->sign_pk,
        .noise_pk = office->noise_pk,
        .wrap_pk = office->wrap_pk,
    };
    addresses(&out->address_count, out->addresses);
}

void sample_invite(struct invite *out, const struct sample_office *inviter, const struct gmm_id *nid)
{
    *out = (struct invite){
        .nid = *nid,
        .sign_pk = inviter->sign_pk,
        .noise_pk = inviter->noise_pk,
        .network = "Groupe mondial sur la migration",
        .inviter_id = "ilo",
        .inviter_office = "hq",
        .for_id = "unu",
        .expires_ms = TIME_MS + YEAR_MS / 52,
    };
    memset(out->secret, 0x5e, sizeof out->secret);
    addresses(&out->address_count, out->addresses);
}
