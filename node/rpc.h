/* The control socket's language: msgpack-RPC messages, each behind a u32 length, descriptors beside them (SCM_RIGHTS).
 *   greeting [2, "hello", "0.1.0"]               the server's version; a client sends nothing before it, so that a
 * connection which ends without it is known to have carried nothing request  [0, 1, "command", ["0.1.0", {args}]]  one
 * a connection; descriptors ride with its first byte event    [2, "event", payload]               any number response
 * [1, 1, error|nil, result|nil]       error: {"exit","code","message","remedy","choices"}; then the end JSON values are
 * carried as msgpack (null, bool, int, str, array, map with string keys in ascending order); real numbers as strings
 * are not used. Reading goes through proto/reader.h: bounded, strict. */
#ifndef GMM_NODE_RPC_H
#define GMM_NODE_RPC_H

#include <jansson.h>

#include "keys/bytes.h"

/* Appends the value; object keys are sorted as the profile wants. GMM_EFORMAT for what cannot be carried (a real). */
enum gmm_err rpc_pack(struct buffer *out, const json_t *value);
/* *out: new reference. Strings become JSON strings (valid UTF-8 without NUL, else GMM_EFORMAT). */
enum gmm_err rpc_unpack(json_t **out, const void *bytes, size_t len);

#endif
