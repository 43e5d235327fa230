/* Logs of sample offices as a store takes them: runs of entries with bodies of a known pattern, through run_make,
 * run_verify and the gate. */
#ifndef GMM_TESTS_LOGBOOK_H
#define GMM_TESTS_LOGBOOK_H

#include "proto/gate.h"
#include "tests/lib/sample.h"

#define LOGBOOK_AUTHORS 4
/* The clock of these entries: seq s of any log is timed LOGBOOK_TIME_MS + s. */
#define LOGBOOK_TIME_MS 1400000000000ull

struct logbook {
    struct sample_office founder, authors[LOGBOOK_AUTHORS];
    struct gmm_id nid, charter_hash;
    struct directory *directory;
    struct logs *logs;
};

void logbook_open(struct logbook *book);
void logbook_close(struct logbook *book);
/* The log of this author in the group of 32 bytes `group`; group 0: its control log. */
struct run_key logbook_key(const struct logbook *book, unsigned author, uint8_t group);
/* The next `count` entries of that log, bodies of body_len bytes (logbook_body); in control logs of an unknown type
 * below 32. Exits when the gate refuses. */
struct admitted *logbook_next(struct logbook *book, unsigned author, uint8_t group, uint32_t count, uint32_t body_len);
/* What entry seq of that log holds. */
void logbook_body(uint8_t *out, uint32_t len, unsigned author, uint8_t group, uint64_t seq);

#endif
