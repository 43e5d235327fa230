/* Text armor for what people send each other: "gmm-KIND1:" base64url(bytes ‖ first 4 bytes of H(armor, kind ‖ bytes)).
 * One line, no spaces, at most LIMIT_ARMOR_BYTES (a welcome: LIMIT_WELCOME_ARMOR). Kinds: "card", "invite", "join",
 * "welcome", "rekey", "certificate". */
#ifndef GMM_KEYS_ARMOR_H
#define GMM_KEYS_ARMOR_H

#include "keys/bytes.h"

/* Appends the line (no newline, no NUL) to out. GMM_ELIMIT when it would be longer (nothing is
 * appended); else the buffer's failure. */
enum gmm_err armor_write(struct buffer *out, const char *kind, const void *bytes, size_t len);
/* Leading and trailing white space ignored. GMM_EFORMAT: not armor of this kind (msg says of which kind it is instead);
 * GMM_EVERSION: of this kind in a later form; GMM_ECORRUPT: the checksum differs (mistyped or cut); GMM_ELIMIT: longer
 * than LIMIT_ARMOR_BYTES; GMM_ENOMEM. On success *out (free with free, after wiping an invite) holds the bytes; else
 * NULL. */
enum gmm_err armor_read(uint8_t **out, size_t *out_len, const char *kind, const char *text, size_t len,
                        struct gmm_msg *msg);

#endif
