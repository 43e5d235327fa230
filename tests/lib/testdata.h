/* Where the public vectors and the corpus lie: $GMM_TEST_DATA, else ../shared beside the project. Tests that need them
 * and find none say so and end with TESTDATA_SKIP (ctest shows them as skipped). */
#ifndef GMM_TESTS_TESTDATA_H
#define GMM_TESTS_TESTDATA_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define TESTDATA_SKIP 77

/* NULL when absent; static storage. */
const char *testdata_root(void);
/* Loads <root>/vectors/<name>; prints why and exits with TESTDATA_SKIP when absent. */
json_t *testdata_vectors(const char *name);
/* Hex of a JSON string into a new buffer (free); exits when it is not hex. A missing member gives length 0. */
uint8_t *testdata_hex(const json_t *object, const char *member, size_t *len);

#endif
