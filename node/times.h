/* Times that people write (cli.md: Times): RFC 3339 with a zone; a bare date (UTC midnight) and spans such as 7d or 36h
 * where no deadline is meant. All in ms since 1970. */
#ifndef GMM_NODE_TIMES_H
#define GMM_NODE_TIMES_H

#include <stdint.h>

#include "keys/error.h"

/* Largest: the 48 bits of a header's time. */
#define TIMES_MS_MAX ((UINT64_C(1) << 48) - 1)

/* RFC 3339 with a zone (seconds may be left out), a date, or a span back from now_ms. GMM_EUSAGE names the rule. */
enum gmm_err times_parse(uint64_t *ms, const char *text, uint64_t now_ms, struct gmm_msg *msg);
/* RFC 3339 with a zone only. */
enum gmm_err times_parse_deadline(uint64_t *ms, const char *text, struct gmm_msg *msg);
/* "90s", "15m", "36h", "7d", "2w". */
enum gmm_err times_parse_span(uint64_t *ms, const char *text, struct gmm_msg *msg);
/* "2026-11-24T17:00:00Z", with ".mmm" unless zero. */
#define TIMES_TEXT_BYTES 32
void times_format(uint64_t ms, char out[TIMES_TEXT_BYTES]);

#endif
