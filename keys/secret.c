#include "keys/secret.h"

#include <assert.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define REGION_BYTES 65536u
#define GRANULE_BYTES 16u
#define GRANULES (REGION_BYTES / GRANULE_BYTES)

static_assert(SECRET_BYTES_MAX <= REGION_BYTES, "a secret lies in one region");
static_assert(GRANULES <= UINT16_MAX, "run lengths are 16 bits");

/* One sodium_malloc, divided first-fit. Its bookkeeping lies outside, where an overrun of a secret does not reach. */
struct region {
    struct region *next;
    uint8_t *base;
    unsigned free;          /* granules */
    unsigned first;         /* no free granule stands before this one */
    uint16_t run[GRANULES]; /* at a secret's first granule: its length in granules; else zero */
};

static struct {
    bool open, locked;
    enum secret_policy policy;
    struct region *regions;
    size_t in_use;
} arena;

static bool page_can_be_locked(void)
{
    long size = sysconf(_SC_PAGESIZE);
    size_t n = size > 0 ? (size_t)size : 4096;
    void *page = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return false;
    bool locked = sodium_mlock(page, n) == 0;
    if (locked)
        sodium_munlock(page, n);
    munmap(page, n);
    return locked;
}

/* sodium_malloc locks but does not tell whether it could; locking the same pages again does not nest, and tells. */
static enum gmm_err region_add(void)
{
    struct region *region = calloc(1, sizeof *region);
    if (region == NULL)
        return GMM_ENOMEM;
    region->base = sodium_malloc(REGION_BYTES);
    if (region->base == NULL) {
        free(region);
        return GMM_ENOMEM;
    }
    if (sodium_mlock(region->base, REGION_BYTES) != 0) {
        if (arena.policy == SECRET_REQUIRE_LOCK) {
            sodium_free(region->base);
            free(region);
            return GMM_EMLOCK;
        }
        arena.locked = false;
    }
    sodium_memzero(region->base, REGION_BYTES);
    region->free = GRANULES;
    region->next = arena.regions;
    arena.regions = region;
    return GMM_OK;
}

static enum gmm_err lock_refused(struct gmm_msg *msg)
{
    struct rlimit limit = {0};
    getrlimit(RLIMIT_MEMLOCK, &limit);
    return gmm_fail(msg, GMM_EMLOCK,
                    "memory for keys cannot be locked (RLIMIT_MEMLOCK is %llu bytes): raise it (ulimit -l, or "
                    "LimitMEMLOCK=64M in the service), or allow unlocked memory in the configuration",
                    (unsigned long long)limit.rlim_cur);
}

static enum gmm_err forbid_core_dumps(struct gmm_msg *msg)
{
    const struct rlimit none = {0, 0};
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
        return gmm_fail(msg, GMM_ESTATE, "core dumps cannot be switched off; keys would end up in them");
    return GMM_OK;
}

enum gmm_err secret_open(enum secret_policy policy, struct gmm_msg *msg)
{
    if (arena.open) {
        if (policy == SECRET_REQUIRE_LOCK && !arena.locked)
            return lock_refused(msg);
        arena.policy = policy;
        return GMM_OK;
    }
    if (sodium_init() < 0)
        return gmm_fail(msg, GMM_ESTATE, "libsodium cannot start");
    enum gmm_err err = forbid_core_dumps(msg);
    if (err != GMM_OK)
        return err;
    arena.policy = policy;
    arena.locked = page_can_be_locked();
    if (policy == SECRET_REQUIRE_LOCK && !arena.locked)
        return lock_refused(msg);
    err = region_add();
    if (err == GMM_EMLOCK)
        return lock_refused(msg);
    if (err != GMM_OK)
        return gmm_fail(msg, err, "no memory for keys");
    arena.open = true;
    return GMM_OK;
}

void secret_close(void)
{
    while (arena.regions != NULL) {
        struct region *region = arena.regions;
        arena.regions = region->next;
        sodium_free(region->base); /* wipes */
        free(region);
    }
    arena.in_use = 0;
    arena.open = arena.locked = false;
}

int secret_is_locked(void)
{
    return arena.open && arena.locked;
}

/* The first free run of n granules, or GRANULES. */
static unsigned region_find(const struct region *region, unsigned n)
{
    unsigned free = 0;
    if (region->free < n)
        return GRANULES;
    for (unsigned i = region->first; i < GRANULES;) {
        if (region->run[i] != 0) {
            i += region->run[i];
            free = 0;
            continue;
        }
        i++;
        if (++free == n)
            return i - n;
    }
    return GRANULES;
}

static void *region_take(struct region *region, unsigned at, unsigned n)
{
    region->run[at] = (uint16_t)n;
    region->free -= n;
    if (at == region->first)
        region->first = at + n;
    arena.in_use += (size_t)n * GRANULE_BYTES;
    return region->base + (size_t)at * GRANULE_BYTES;
}

void *secret_alloc(size_t n)
{
    if (!arena.open || n > SECRET_BYTES_MAX)
        return NULL;
    unsigned granules = n == 0 ? 1 : (unsigned)((n + GRANULE_BYTES - 1) / GRANULE_BYTES);
    for (struct region *region = arena.regions; region != NULL; region = region->next) {
        unsigned at = region_find(region, granules);
        if (at < GRANULES)
            return region_take(region, at, granules);
    }
    if (region_add() != GMM_OK)
        return NULL;
    return region_take(arena.regions, 0, granules);
}

void secret_free(void *p)
{
    if (p == NULL)
        return;
    for (struct region *region = arena.regions; region != NULL; region = region->next) {
        uintptr_t offset = (uintptr_t)p - (uintptr_t)region->base;
        if (offset >= REGION_BYTES)
            continue;
        unsigned at = (unsigned)(offset / GRANULE_BYTES), n = region->run[at];
        if (n == 0 || offset % GRANULE_BYTES != 0)
            break;
        sodium_memzero(p, (size_t)n * GRANULE_BYTES);
        region->run[at] = 0;
        region->free += n;
        if (at < region->first)
            region->first = at;
        arena.in_use -= (size_t)n * GRANULE_BYTES;
        return;
    }
    assert(false && "secret_free of what secret_alloc did not give");
}

size_t secret_in_use(void)
{
    return arena.in_use;
}
