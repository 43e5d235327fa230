#include "keys/wrapkeys.h"

#include <sodium.h>
#include <string.h>

bool wrapkeys_current(const struct keystore *ks, struct gmm_id *pk)
{
    return ks->wrap_count > 0 && crypto_scalarmult_base(pk->b, ks->wraps[ks->wrap_count - 1].sk) == 0;
}

static uint64_t later(uint64_t ms)
{
    return ms > UINT64_MAX - LIMIT_WRAP_KEY_MS ? UINT64_MAX : ms + LIMIT_WRAP_KEY_MS;
}

uint64_t wrapkeys_due_ms(const struct keystore *ks)
{
    if (ks->wrap_count == 0)
        return 0;
    uint64_t due = later(ks->wraps[ks->wrap_count - 1].created_ms);
    for (size_t i = 0; i + 1 < ks->wrap_count; i++)
        if (ks->wraps[i].retired_ms != 0 && later(ks->wraps[i].retired_ms) < due)
            due = later(ks->wraps[i].retired_ms);
    return due;
}

bool wrapkeys_retire(struct keystore *ks, size_t outdated, uint64_t now_ms)
{
    bool any = false;
    for (size_t i = 0; i < outdated && i + 1 < ks->wrap_count; i++) {
        if (ks->wraps[i].retired_ms != 0)
            continue;
        ks->wraps[i].retired_ms = now_ms;
        any = true;
    }
    return any;
}

static void drop(struct keystore *ks, size_t at)
{
    ks->wrap_count--;
    memmove(&ks->wraps[at], &ks->wraps[at + 1], (ks->wrap_count - at) * sizeof *ks->wraps);
    sodium_memzero(&ks->wraps[ks->wrap_count], sizeof *ks->wraps);
}

bool wrapkeys_expire(struct keystore *ks, uint64_t now_ms)
{
    bool any = false;
    for (size_t i = ks->wrap_count; i > 0; i--) {
        const struct keystore_wrap *wrap = &ks->wraps[i - 1];
        if (i == ks->wrap_count || wrap->retired_ms == 0 || later(wrap->retired_ms) > now_ms)
            continue;
        drop(ks, i - 1);
        any = true;
    }
    return any;
}

void wrapkeys_add(struct keystore *ks, const uint8_t sk[32], uint64_t now_ms)
{
    if (ks->wrap_count == KEYSTORE_WRAPS)
        drop(ks, 0);
    struct keystore_wrap *wrap = &ks->wraps[ks->wrap_count++];
    memcpy(wrap->sk, sk, sizeof wrap->sk);
    wrap->created_ms = now_ms;
    wrap->retired_ms = 0;
}

bool wrapkeys_renew(struct keystore *ks, const uint8_t sk[32], uint64_t now_ms)
{
    if (ks->wrap_count > 0 && later(ks->wraps[ks->wrap_count - 1].created_ms) > now_ms)
        return false;
    wrapkeys_add(ks, sk, now_ms);
    return true;
}
