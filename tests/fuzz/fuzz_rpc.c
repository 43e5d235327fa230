/* Messages of the control socket. What is accepted can be written again, and the same bytes come of it. */
#include <stdlib.h>
#include <string.h>

#include "keys/limits.h"
#include "node/rpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const struct rpc_message *m, const uint8_t *data, size_t size)
{
    struct buffer out;
    enum gmm_err err = GMM_EFORMAT;
    buffer_init(&out, LIMIT_CONTROL_REPLY);
    switch (m->kind) {
    case RPC_REQUEST:
        err = rpc_put_request(&out, m->version, m->name, m->value, m->lang[0] != '\0' ? m->lang : NULL);
        break;
    case RPC_RESPONSE:
        err = rpc_put_response(&out, m->error, m->value);
        break;
    case RPC_EVENT:
        err = rpc_put_event(&out, m->name, m->value);
        break;
    }
    if (err != GMM_OK || out.len != size + RPC_LENGTH_BYTES || memcmp(out.p + RPC_LENGTH_BYTES, data, size) != 0)
        abort();
    buffer_close(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rpc_message message;
    if (rpc_read(&message, data, size) == GMM_OK)
        write_again(&message, data, size);
    rpc_close(&message);
    return 0;
}
