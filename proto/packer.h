/* Writes msgpack in the one form that proto/reader.h accepts, through msgpack-c's packer into a bounded buffer.
 * Map keys must be given in ascending order of their encoded bytes (for short strings: by length, then by bytes);
 * record encoders keep that order and tests check them with reader_check. Failure is the buffer's (sticky). */
#ifndef GMM_PROTO_PACKER_H
#define GMM_PROTO_PACKER_H

#include "keys/bytes.h"

void packer_nil(struct buffer *out);
void packer_bool(struct buffer *out, bool v);
void packer_uint(struct buffer *out, uint64_t v);
void packer_int(struct buffer *out, int64_t v);
void packer_str(struct buffer *out, const char *text, size_t len);
void packer_text(struct buffer *out, const char *text); /* NUL-ended */
void packer_bin(struct buffer *out, const void *data, size_t len);
void packer_id(struct buffer *out, const struct gmm_id *id);
void packer_array(struct buffer *out, uint32_t count);
void packer_map(struct buffer *out, uint32_t count);

#endif
