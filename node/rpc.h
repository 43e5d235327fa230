/* The control socket's language: msgpack-RPC messages, each behind a u32 length, descriptors beside them (SCM_RIGHTS).
 *   request  [0, id, "command", {args…, "version": "0.1.0"}]     fds ride with its first byte
 *   response [1, id, error|nil, result]      notification [2, "event", payload]
 * JSON values are carried as msgpack (null, bool, int, str, array, map with string keys in ascending order); real numbers as
 * strings are not used. Reading goes through proto/reader.h: bounded, strict. */
#ifndef GMM_NODE_RPC_H
#define GMM_NODE_RPC_H

#include <jansson.h>

#include "keys/bytes.h"

/* Appends the value; object keys are sorted as the profile wants. GMM_EFORMAT for what cannot be carried (a real). */
enum gmm_err rpc_pack(struct buffer *out, const json_t *value);
/* *out: new reference. Strings become JSON strings (valid UTF-8 without NUL, else GMM_EFORMAT). */
enum gmm_err rpc_unpack(json_t **out, const void *bytes, size_t len);

#endif
