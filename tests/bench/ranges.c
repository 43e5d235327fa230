/* What it costs two offices to find out by ranges what they do not hold alike: against the number of differences, of
 * logs, and of entries held.
 *
 *   build/test/tests/ranges [SEED]      (1)
 *
 * The code is that of the sessions; its messages are counted as they go into a session. A difference is a log of which
 * one side, by chance, holds more; "grouped" ones lie in as few groups as they fit into. Standard output: JSON lines,
 * then a table. round_trips: until the last head is told; bytes: RANGES and HEADS, both ways; heads_only: bytes of
 * all heads, which both sides tell one another otherwise.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/comparison.h"

#define GROUPS 12u

static uint64_t seed = 1;

static int compare_groups(const void *a, const void *b)
{
    const struct comparison_log *left = a, *right = b;
    return id_compare(&left->key.group, &right->key.group);
}

static void measure(size_t logs, uint64_t entries, size_t differences, bool grouped)
{
    struct comparison c;
    struct comparison_cost cost;
    uint8_t salt[MESSAGE_RANGES_SALT] = {0};
    bytes_store_u64(salt, seed);
    comparison_new(&c, logs, GROUPS, entries, seed);
    if (grouped)
        qsort(c.logs, c.count, sizeof *c.logs, compare_groups);
    for (size_t i = 0; i < differences; i++)
        c.logs[grouped ? i : i * (logs / differences)].next[(salt[7] + i) % 2] += 1 + i % 3;
    comparison_play(&c, salt, differences == 0, &cost);
    if (comparison_differences(&c) != 0)
        abort();
    size_t bytes = cost.bytes + cost.head_bytes;
    printf("{\"logs\": %zu, \"entries\": %llu, \"differences\": %zu, \"grouped\": %s, \"round_trips\": %.1f, "
           "\"ranges\": %zu, \"heads\": %zu, \"bytes\": %zu, \"bytes_a_difference\": %.0f, \"heads_only\": %zu}\n",
           logs, (unsigned long long)(logs * entries), differences, grouped ? "true" : "false", cost.rounds / 2.0,
           cost.messages, cost.heads, bytes, differences == 0 ? 0.0 : (double)bytes / (double)differences,
           2 * comparison_head_bytes(logs));
    comparison_free(&c);
}

int main(int argc, char **argv)
{
    static const size_t logs[] = {100, 1000, 10000, 100000}, differences[] = {0, 1, 10, 100, 1000, 10000};
    static const uint64_t entries[] = {1, 100, 10000};
    if (argc > 1)
        seed = strtoull(argv[1], NULL, 10);
    for (size_t i = 0; i < sizeof logs / sizeof logs[0]; i++)
        for (size_t k = 0; k < sizeof differences / sizeof differences[0]; k++)
            if (differences[k] <= logs[i])
                measure(logs[i], 10, differences[k], false);
    measure(10000, 10, 100, true);
    measure(10000, 10, 1000, true);
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        measure(10000, entries[i], 10, false);
    return 0;
}
