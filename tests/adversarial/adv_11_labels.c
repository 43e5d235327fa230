/* Adversarial test 11: a signature under one label fails under every other. All labels of keys/labels.h are walked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/labels.h"
#include "keys/vouch.h"
#include "tests/lib/sample.h"

#define LABELS_MAX 100
static char labels[LABELS_MAX][64];
static size_t label_count;
static struct sample_office office;
static struct gmm_id nid;

static int setup(void **state)
{
    char path[4096], line[512];
    (void)state;
    /* a compiler's cache may have made __FILE__ relative to another folder */
    const char *source = getenv("GMM_SOURCE");
    if (source != NULL)
        snprintf(path, sizeof path, "%s/keys/labels.h", source);
    else
        snprintf(path, sizeof path, "%.*s/../../keys/labels.h", (int)(strrchr(__FILE__, '/') - __FILE__), __FILE__);
    FILE *f = fopen(path, "r");
    if (f == NULL || sodium_init() < 0)
        return 1;
    while (fgets(line, sizeof line, f) != NULL && label_count < LABELS_MAX)
        if (sscanf(line, "#define LABEL_%*s \"%63[^\"]\"", labels[label_count]) == 1)
            label_count++;
    fclose(f);
    sample_office(&office, 1);
    nid = sample_id(7);
    return 0;
}

static void labels_are_distinct(void **state)
{
    (void)state;
    assert_true(label_count >= 40 && label_count < LABELS_MAX);
    for (size_t i = 0; i < label_count; i++) {
        assert_int_equal(strncmp(labels[i], "GMM1/", 5), 0);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(labels[i], labels[j]);
    }
}

static void each_label_stands_alone(void **state)
{
    (void)state;
    uint8_t sig[HASH_SIG_BYTES];
    for (size_t i = 0; i < label_count; i++) {
        hash_sign(sig, office.sign_sk, labels[i], &nid, "the same bytes", 14);
        for (size_t j = 0; j < label_count; j++)
            assert_int_equal(hash_verify(sig, &office.sign_pk, labels[j], &nid, "the same bytes", 14),
                             i == j ? GMM_OK : GMM_ESIGNATURE);
    }
}

enum object { CERTIFICATE, REVOCATION, VOUCH, ROTATION, CHARTER, CARD };

static enum gmm_err object_open(enum object object, const void *bytes, size_t len)
{
    union {
        struct certificate certificate;
        struct revocation revocation;
        struct vouch vouch;
        struct identity_rotation rotation;
        struct charter charter;
        struct card card;
    } as;
    enum gmm_err err = GMM_EUSAGE;
    switch (object) {
    case CERTIFICATE:
        return certificate_open(&as.certificate, &nid, bytes, len);
    case REVOCATION:
        err = revocation_open(&as.revocation, &nid, bytes, len);
        revocation_close(&as.revocation);
        return err;
    case VOUCH:
        err = vouch_open(&as.vouch, &nid, bytes, len);
        vouch_close(&as.vouch);
        return err;
    case ROTATION:
        return identity_rotation_open(&as.rotation, &nid, bytes, len);
    case CHARTER:
        return charter_open(&as.charter, bytes, len);
    case CARD:
        return card_open(&as.card, bytes, len);
    }
    return err;
}

/* The object's own signature opens it; its signer's under any other label does not. */
static void check_object(enum object object, struct buffer *b, const char *own_label, const struct gmm_id *network,
                         const uint8_t sk[64])
{
    size_t content = b->len - HASH_SIG_BYTES, opened = 0;
    assert_int_equal(object_open(object, b->p, b->len), GMM_OK);
    for (size_t i = 0; i < label_count; i++) {
        hash_sign(b->p + content, sk, labels[i], network, b->p, content);
        bool own = strcmp(labels[i], own_label) == 0;
        assert_int_equal(object_open(object, b->p, b->len), own ? GMM_OK : GMM_ESIGNATURE);
        opened += own;
    }
    assert_int_equal(opened, 1);
    buffer_close(b);
}

static void no_object_opens_under_another_label(void **state)
{
    (void)state;
    static const struct gmm_id no_network;
    struct buffer b;
    struct certificate cert;
    struct charter charter;
    struct card card;
    buffer_init(&b, 4096);

    sample_certificate(&cert, &office, &nid);
    assert_int_equal(certificate_make(&b, &cert, office.root_sk), GMM_OK);
    check_object(CERTIFICATE, &b, LABEL_CERTIFICATE, &nid, office.root_sk);

    const struct revocation revocation = {
        .nid = nid, .pid = office.pid, .sign_pk = office.sign_pk, .signer = office.root_pk};
    assert_int_equal(revocation_make(&b, &revocation, office.root_sk), GMM_OK);
    check_object(REVOCATION, &b, LABEL_REVOCATION, &nid, office.root_sk);

    struct revocation_cut cut = {.seq = 1};
    const struct vouch vouch = {
        .nid = nid, .pid = office.pid, .sign_pk = office.sign_pk, .signer = office.root_pk, .count = 1, .cuts = &cut};
    assert_int_equal(vouch_make(&b, &vouch, office.root_sk), GMM_OK);
    check_object(VOUCH, &b, LABEL_VOUCH, &nid, office.root_sk);

    const struct identity_rotation rotation = {.nid = nid, .pid = office.pid, .root_pk = office.next_root_pk, .n = 1};
    assert_int_equal(identity_rotation_make(buffer_extend(&b, IDENTITY_ROTATION_BYTES), &rotation, office.next_root_sk),
                     GMM_OK);
    check_object(ROTATION, &b, LABEL_ROTATION, &nid, office.next_root_sk);

    sample_charter(&charter, &office);
    assert_int_equal(charter_make(&b, &charter, office.root_sk), GMM_OK);
    check_object(CHARTER, &b, LABEL_CHARTER_SIG, &charter.nid, office.root_sk);

    sample_card(&card, &office);
    assert_int_equal(card_make(&b, &card, office.sign_sk), GMM_OK);
    check_object(CARD, &b, LABEL_CARD, &no_network, office.sign_sk);

    uint8_t sig[HASH_SIG_BYTES];
    for (size_t i = 0; i < label_count; i++) {
        hash_sign(sig, office.sign_sk, labels[i], &nid, office.pid.b, sizeof office.pid.b);
        assert_int_equal(card_join_verify(&nid, &office.pid, &office.sign_pk, sig),
                         strcmp(labels[i], LABEL_JOIN) == 0 ? GMM_OK : GMM_ESIGNATURE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_distinct),
        cmocka_unit_test(each_label_stands_alone),
        cmocka_unit_test(no_object_opens_under_another_label),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
