/* RANGES. The first byte: 0, of the peer's opening; else of its answer to ours. What the decoder accepts is within its
 * bound and encodes to the same bytes; a comparison that takes it says no more than its own heads allow. */
#include <stdlib.h>
#include <string.h>

#include "proto/message_ranges.h"
#include "proto/reconcile.h"

#define HEADS 100u

static size_t told, said;

static void on_send(void *context, struct buffer *payload)
{
    (void)context;
    struct message_ranges message;
    if (payload->failed == GMM_OK && message_ranges_decode(&message, payload->p, payload->len) != GMM_OK)
        abort();
    said += payload->len;
    buffer_close(payload);
}

static void on_tell(void *context, size_t ref, bool asked)
{
    (void)asked;
    bool *once = context;
    if (ref >= HEADS || once[ref])
        abort();
    once[ref] = true;
    told++;
}

static void encode_again(const struct message_ranges *decoded, const uint8_t *payload, size_t len)
{
    struct message_ranges ranges = *decoded;
    struct message_range range;
    struct buffer out;
    uint16_t count = 0;
    buffer_init(&out, MESSAGE_RANGES_BYTES_MAX);
    message_ranges_begin(&out, ranges.round, ranges.salt);
    for (; message_ranges_next(&ranges, &range); count++)
        message_ranges_put(&out, &range);
    message_ranges_end(&out, count, ranges.last);
    if (count != decoded->count || out.failed != GMM_OK || out.len != len || memcmp(out.p, payload, len) != 0)
        abort();
    buffer_close(&out);
}

static void compare(bool opens, const struct message_ranges *message)
{
    bool once[HEADS] = {false};
    uint8_t salt[MESSAGE_RANGES_SALT] = {0};
    const struct reconcile_sink sink = {once, on_send, on_tell};
    memcpy(salt, message->salt, message->round == 0 ? MESSAGE_RANGES_SALT : MESSAGE_RANGES_NAME);
    struct reconcile *r = reconcile_new(salt);
    for (size_t i = 0; r != NULL && i < HEADS; i++) {
        struct run_key key = {.instance = i};
        if (reconcile_add(r, &key, i, &key.author, i) != GMM_OK)
            exit(0);
    }
    if (r == NULL)
        return;
    told = said = 0;
    if (opens)
        reconcile_answer(r);
    else
        reconcile_open(r, false, &sink);
    if (reconcile_expects(r, message))
        (void)reconcile_take(r, message, &sink);
    if (told > HEADS || said > 64u * 1024u)
        abort();
    reconcile_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message_ranges message;
    if (size == 0 || message_ranges_decode(&message, data + 1, size - 1) != GMM_OK)
        return 0;
    if (size - 1 > MESSAGE_RANGES_BYTES_MAX)
        abort();
    encode_again(&message, data + 1, size - 1);
    compare(data[0] == 0, &message);
    return 0;
}
