/* What an office's link to another one may carry (`gmm peer set`): rates, hours, bytes a day, metered or not. Kept in
 * the store by office, so that an address may change.
 *
 *   rate    "64kbit" both ways, "64kbit/1mbit" out and in; units kbit, mbit, gbit (bits) and kB, MB (bytes) a second
 *   window  "22:00-06:00", "mon-fri 18:00-08:00", "sat,sun": by the machine's local time; over midnight it counts to
 * the day on which it begins size    "500M": bytes, or k, M, G, T (powers of 1,000)
 */
#ifndef GMM_NODE_PEERLIMITS_H
#define GMM_NODE_PEERLIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "keys/bytes.h"
#include "keys/id.h"
#include "node/store.h"

#define PEERLIMITS_WINDOWS 8u
#define PEERLIMITS_DAY 1440u /* minutes */

struct peerlimits_window {
    uint8_t days;      /* bit 0: Monday … bit 6: Sunday */
    uint16_t from, to; /* minutes of the day, to up to PEERLIMITS_DAY; to ≤ from: into the next day */
};
struct peerlimits {
    uint64_t rate_out, rate_in; /* bytes a second; 0: no limit */
    uint64_t quota;             /* bytes a day, both ways together; 0: no limit */
    bool metered;
    unsigned window_count; /* 0: at any time */
    struct peerlimits_window windows[PEERLIMITS_WINDOWS];
};

/* GMM_EUSAGE names the form. "off": no limit. */
enum gmm_err peerlimits_parse_rate(uint64_t *out, uint64_t *in, const char *text, struct gmm_msg *msg);
enum gmm_err peerlimits_parse_size(uint64_t *bytes, const char *text, struct gmm_msg *msg);
enum gmm_err peerlimits_parse_window(struct peerlimits_window *window, const char *text, struct gmm_msg *msg);
/* "mon-fri 18:00-08:00" */
#define PEERLIMITS_WINDOW_TEXT 64
void peerlimits_format_window(const struct peerlimits_window *window, char out[PEERLIMITS_WINDOW_TEXT]);
/* Nothing is limited. */
bool peerlimits_none(const struct peerlimits *limits);
/* May it carry anything at this time? weekday 0: Monday. */
bool peerlimits_open(const struct peerlimits *limits, unsigned weekday, unsigned minute);

/* As the store has them. GMM_EFORMAT. */
void peerlimits_encode(struct buffer *out, const struct peerlimits *limits);
enum gmm_err peerlimits_decode(struct peerlimits *limits, const void *bytes, size_t len);
/* Of an office; none are set: all zero. */
enum gmm_err peerlimits_load(struct store *store, const struct gmm_id *pid, const char *office,
                             struct peerlimits *limits);
enum gmm_err peerlimits_save(struct store *store, const struct gmm_id *pid, const char *office,
                             const struct peerlimits *limits); /* in the open transaction */
/* Bytes carried on a day (any number that names it): of another day than the one kept it is 0. */
uint64_t peerlimits_used(struct store *store, const struct gmm_id *pid, const char *office, uint32_t day);
enum gmm_err peerlimits_use(struct store *store, const struct gmm_id *pid, const char *office, uint32_t day,
                            uint64_t more);

#endif
