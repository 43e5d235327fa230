/* Cards, and what a person types of a fingerprint. What is accepted is made again to the same bytes. */
#include "keys/card.h"
#include "keys/labels.h"
#include "tests/fuzz/resign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_fingerprint(const struct card *card, const uint8_t *typed, size_t len)
{
    char text[CARD_FINGERPRINT_TEXT], copy[64] = {0};
    card_fingerprint(text, &card->sign_pk, &card->noise_pk);
    if (!card_fingerprint_matches(text, &card->sign_pk, &card->noise_pk))
        abort();
    memcpy(copy, typed, len < sizeof copy ? len : sizeof copy - 1);
    if (card_fingerprint_matches(copy, &card->sign_pk, &card->noise_pk) && strlen(copy) < 40)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct gmm_id no_network;
    struct card card;
    struct buffer again;
    uint8_t sk[64];
    resign_key(sk, RESIGN_SIGN);
    (void)card_open(&card, data, size);
    uint8_t *bytes = resign(data, size, sk, LABEL_CARD, &no_network);
    if (bytes != NULL && card_open(&card, bytes, size) == GMM_OK) {
        buffer_init(&again, size);
        resign_same(card_make(&again, &card, sk), &again, bytes, size);
        check_fingerprint(&card, data, size);
    }
    free(bytes);
    return 0;
}
