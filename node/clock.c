#include "node/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t real_ms(clockid_t id)
{
    struct timespec now;
    if (clock_gettime(id, &now) != 0)
        return 0;
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

#ifdef GMM_TEST_CLOCK
static uint64_t file_ms(const char *path)
{
    char text[32] = "";
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return 0;
    if (fgets(text, sizeof text, f) == NULL)
        text[0] = '\0';
    fclose(f);
    return strtoull(text, NULL, 10);
}

uint64_t clock_now_ms(void)
{
    static uint64_t started;
    const char *told = getenv("GMM_TEST_CLOCK");
    if (told == NULL || told[0] == '\0')
        return real_ms(CLOCK_REALTIME);
    if (told[0] == '/')
        return file_ms(told);
    if (started == 0)
        started = real_ms(CLOCK_MONOTONIC);
    return strtoull(told, NULL, 10) + real_ms(CLOCK_MONOTONIC) - started;
}

uint64_t clock_build_ms(void)
{
    return getenv("GMM_TEST_CLOCK") == NULL ? GMM_BUILD_SECONDS * 1000u : 0;
}
#else
uint64_t clock_now_ms(void)
{
    return real_ms(CLOCK_REALTIME);
}

uint64_t clock_build_ms(void)
{
    return GMM_BUILD_SECONDS * 1000u;
}
#endif
