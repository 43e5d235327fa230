/* Cursors over fixed-layout, big-endian bytes (protocol: Conventions).
 *
 * Sticky failure: after a short read or a full buffer every further call is harmless (reads give zero) and the
 * decoder checks once at its end. Nothing here allocates except `struct buffer`.
 */
#ifndef GMM_KEYS_BYTES_H
#define GMM_KEYS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/error.h"
#include "keys/id.h"

struct bytes_in {
    const uint8_t *p;
    size_t left;
    bool failed;
};

void bytes_in_init(struct bytes_in *in, const void *data, size_t len);
uint8_t bytes_get_u8(struct bytes_in *in);
uint16_t bytes_get_u16(struct bytes_in *in);
uint32_t bytes_get_u32(struct bytes_in *in);
uint64_t bytes_get_u64(struct bytes_in *in);
/* Copies n bytes, or fills out with zeros and fails. */
void bytes_get(struct bytes_in *in, void *out, size_t n);
void bytes_get_id(struct bytes_in *in, struct gmm_id *out);
/* Borrows n bytes inside the input, or returns NULL and fails. n = 0 gives a non-NULL pointer. */
const uint8_t *bytes_take(struct bytes_in *in, size_t n);
/* Text behind a u8 or u16 length: borrowed, valid UTF-8 without NUL, at most max bytes; else fails. */
const char *bytes_take_text8(struct bytes_in *in, size_t max, size_t *len);
const char *bytes_take_text16(struct bytes_in *in, size_t max, size_t *len);
/* The same copied, NUL-ended, into out of max + 1 bytes; the empty text on failure. */
void bytes_get_text8(struct bytes_in *in, char *out, size_t max);
void bytes_fail(struct bytes_in *in);
/* True when nothing failed and nothing is left: a decoder's last question. */
bool bytes_in_done(const struct bytes_in *in);

/* True for valid UTF-8 (shortest forms, no surrogates, at most U+10FFFF). NUL is valid here. */
bool bytes_is_utf8(const void *text, size_t len);

/* A growing output buffer, bounded by `max`. Failure (memory, bound) is sticky: `failed` holds the code, further puts
 * do nothing. Zero-initialise with buffer_init; free(NULL)-safe with buffer_close, which also resets it. */
struct buffer {
    uint8_t *p;
    size_t len;
    size_t cap;
    size_t max;
    enum gmm_err failed;
};

void buffer_init(struct buffer *b, size_t max);
void buffer_close(struct buffer *b);
/* As buffer_close, wiping the bytes first (for what holds plaintext). */
void buffer_close_wiped(struct buffer *b);
void buffer_put_u8(struct buffer *b, uint8_t v);
void buffer_put_u16(struct buffer *b, uint16_t v);
void buffer_put_u32(struct buffer *b, uint32_t v);
void buffer_put_u64(struct buffer *b, uint64_t v);
void buffer_put(struct buffer *b, const void *data, size_t n);
void buffer_put_id(struct buffer *b, const struct gmm_id *id);
/* Text behind its length; fails with GMM_ELIMIT when longer than the length field can say. */
void buffer_put_text8(struct buffer *b, const char *text, size_t len);
void buffer_put_text16(struct buffer *b, const char *text, size_t len);
/* Reserves n bytes (uninitialised) at the end and returns them; NULL after failure. */
uint8_t *buffer_extend(struct buffer *b, size_t n);
/* Forgets what stands from len on, wiped: takes back what was put since. A sticky failure stays. */
void buffer_cut(struct buffer *b, size_t len);
/* Hands the bytes over (caller frees with free) and resets the buffer. *out may be NULL-free empty: p is never NULL on
 * GMM_OK. Returns the sticky failure otherwise, with everything freed. */
enum gmm_err buffer_take(struct buffer *b, uint8_t **out, size_t *len);

/* Big-endian stores and loads in place. */
void bytes_store_u16(uint8_t out[2], uint16_t v);
void bytes_store_u32(uint8_t out[4], uint32_t v);
void bytes_store_u64(uint8_t out[8], uint64_t v);
uint16_t bytes_load_u16(const uint8_t in[2]);
uint32_t bytes_load_u32(const uint8_t in[4]);
uint64_t bytes_load_u64(const uint8_t in[8]);

#endif
