/* The hello of a session: what is accepted encodes to the same bytes again. */
#include <stdlib.h>
#include <string.h>

#include "proto/session_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct session_hello hello;
    if (session_hello_decode(&hello, data, size) != GMM_OK)
        return 0;
    struct buffer out;
    buffer_init(&out, 65536);
    if (session_hello_encode(&out, &hello) != GMM_OK || out.len != size || memcmp(out.p, data, size) != 0)
        abort();
    buffer_close(&out);
    return 0;
}
