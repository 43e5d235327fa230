#include "tests/lib/failmalloc.h"

#include <stdlib.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static __thread bool active, failed;
static __thread long fail_at, calls;
static __thread size_t total, largest;

static void start(long index)
{
    active = true;
    failed = false;
    fail_at = index;
    calls = 0;
    total = largest = 0;
}

void failmalloc_at(long index)
{
    start(index);
}

void failmalloc_count(void)
{
    start(-1);
}

bool failmalloc_off(void)
{
    active = false;
    return failed;
}

long failmalloc_calls(void)
{
    return calls;
}

size_t failmalloc_bytes(void)
{
    return total;
}

size_t failmalloc_largest(void)
{
    return largest;
}

static bool refuse(size_t n)
{
    if (!active)
        return false;
    long index = calls++;
    total += n;
    if (n > largest)
        largest = n;
    if (index != fail_at)
        return false;
    failed = true;
    return true;
}

void *__wrap_malloc(size_t n)
{
    return refuse(n) ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return refuse(n * size) ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return refuse(n) ? NULL : __real_realloc(p, n);
}
