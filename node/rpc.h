/* The control socket's language: msgpack-RPC messages, each behind a u32 length, descriptors beside them (SCM_RIGHTS).
 *   greeting [2, "hello", "0.1.0"]               the server's version; a client sends nothing before it, so that a
 * connection which ends without it is known to have carried nothing request  [0, 1, "command", ["0.1.0", {args}]]  one
 * a connection, with "fr" as a third where the messages are wanted in French; descriptors ride with its first byte
 * event    [2, "event", payload]               any number response [1, 1, error|nil, result|nil]       error:
 * {"exit","code","message","remedy","choices"}; then the end JSON values are carried as msgpack (null, bool, int, str,
 * array, map with string keys in ascending order); real numbers as strings are not used. Reading goes through
 * proto/reader.h: bounded, strict. */
#ifndef GMM_NODE_RPC_H
#define GMM_NODE_RPC_H

#include <jansson.h>

#include "keys/bytes.h"

/* Appends the value; object keys are sorted as the profile wants. GMM_EFORMAT for what cannot be carried (a real, too
 * deep, text with NUL); GMM_ENOMEM; GMM_ELIMIT of the buffer. */
enum gmm_err rpc_pack(struct buffer *out, const json_t *value);
/* *out: new reference. Strings become JSON strings (valid UTF-8 without NUL, else GMM_EFORMAT). */
enum gmm_err rpc_unpack(json_t **out, const void *bytes, size_t len);

/* Whole messages, appended behind their u32 length. error or result NULL: nil. */
#define RPC_LENGTH_BYTES 4u
/* lang: of the messages wanted ("fr"); NULL: English. */
enum gmm_err rpc_put_request(struct buffer *out, const char *version, const char *command, const json_t *args,
                             const char *lang);
enum gmm_err rpc_put_response(struct buffer *out, const json_t *error, const json_t *result);
enum gmm_err rpc_put_event(struct buffer *out, const char *name, const json_t *payload);

enum rpc_kind { RPC_REQUEST = 0, RPC_RESPONSE = 1, RPC_EVENT = 2 };
struct rpc_message {
    enum rpc_kind kind;
    char name[64];    /* command or event; "" of a response */
    char version[32]; /* of a request: the client's program */
    char lang[16];    /* of a request: the language of messages; "": English */
    json_t *value;    /* arguments (an object), payload or result; NULL: nil */
    json_t *error;    /* of a response; NULL: nil */
};
/* A message without its length. GMM_EFORMAT, GMM_ELIMIT (a long name), GMM_ENOMEM. Close it in each case. */
enum gmm_err rpc_read(struct rpc_message *out, const void *bytes, size_t len);
void rpc_close(struct rpc_message *message);

#endif
