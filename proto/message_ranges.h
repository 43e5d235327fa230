/* RANGES, message 24 (protocol: Ranges): one round of a comparison of two sets of heads, or a part of one.
 *
 *   RANGES = round u8 ≤ 31, flags u8 (1: last of the round), count u16 ≤ 1024,
 *            salt 32 in round 0, its first 8 bytes in others, count × range
 *   range  = 1 SPLIT ‖ from u32 ‖ n u8 (1 to 16) × (upto u32, sum 16)      upto strictly ascending, from ≤ the first
 *          | 2 LIST  ‖ from u32 ‖ upto u32 ≥ from ‖ n u8 (0 to 32) × mark 8  marks strictly ascending
 *          | 3 NEED  ‖ likewise, n from 1
 *
 * Ranges ascend and do not meet: each begins behind the last upto before it. Round 0 is one message, of one range,
 * SPLIT or LIST, over everything (0 to 2^32 − 1). A later message without ranges has flag 1.
 *
 * The decoder checks the whole payload and lends it, as those of proto/message.h.
 */
#ifndef GMM_PROTO_MESSAGE_RANGES_H
#define GMM_PROTO_MESSAGE_RANGES_H

#include "keys/bytes.h"

#define MESSAGE_RANGES_MAX 1024u /* ranges of a message */
#define MESSAGE_RANGES_ROUND_MAX 31u
#define MESSAGE_RANGES_LAST 1u
#define MESSAGE_RANGES_PARTS 16u /* of a SPLIT */
#define MESSAGE_RANGES_LIST 32u  /* marks of a LIST or NEED */
#define MESSAGE_RANGES_SALT 32u
#define MESSAGE_RANGES_NAME 8u /* bytes of the salt that name the comparison */
#define MESSAGE_RANGES_SUM 16u
#define MESSAGE_RANGES_MARK 8u
#define MESSAGE_RANGES_PART (4u + MESSAGE_RANGES_SUM)
#define MESSAGE_RANGES_RANGE_MAX (6u + MESSAGE_RANGES_PARTS * MESSAGE_RANGES_PART)
#define MESSAGE_RANGES_BYTES_MAX (4u + MESSAGE_RANGES_SALT + MESSAGE_RANGES_MAX * MESSAGE_RANGES_RANGE_MAX)

enum message_range_kind { MESSAGE_RANGE_SPLIT = 1, MESSAGE_RANGE_LIST = 2, MESSAGE_RANGE_NEED = 3 };
struct message_range {
    enum message_range_kind kind;
    uint32_t from, upto; /* of a SPLIT: upto of its last part */
    uint8_t count;       /* of parts, or of marks */
    const uint8_t *list;
};
struct message_ranges {
    uint8_t round;
    bool last;
    uint16_t count;
    const uint8_t *salt; /* of 32 bytes in round 0, else of 8 */
    struct bytes_in in;  /* for message_ranges_next */
};

/* GMM_EFORMAT, GMM_ELIMIT (a round, or a count of ranges, parts or marks, over its limit). */
enum gmm_err message_ranges_decode(struct message_ranges *out, const void *payload, size_t len);
/* The next of ranges->count; false at the end. */
bool message_ranges_next(struct message_ranges *ranges, struct message_range *out);
/* A part of a SPLIT. Returns its sum. */
const uint8_t *message_range_part(const struct message_range *split, size_t index, uint32_t *upto);
/* A mark of a LIST or NEED. */
const uint8_t *message_range_mark(const struct message_range *list, size_t index);

/* Begins a message; its ranges follow, then message_ranges_end. salt: 32 bytes in round 0, else the first 8 of them. */
void message_ranges_begin(struct buffer *out, uint8_t round, const uint8_t *salt);
void message_ranges_put(struct buffer *out, const struct message_range *range);
void message_ranges_end(struct buffer *out, uint16_t count, bool last);

#endif
