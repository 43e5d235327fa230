/* Root objects as peers send them: u16 length ‖ object, one behind the other. Whatever is taken can be found again, in
 * order, and goes again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/directory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct directory *d)
{
    for (size_t i = 0; i < directory_count(d); i++) {
        const struct directory_object *o = directory_at(d, i);
        if (directory_find(d, &o->hash) != o || (i > 0 && id_compare(&directory_at(d, i - 1)->hash, &o->hash) >= 0))
            abort();
        if (o->kind == DIRECTORY_CERTIFICATE &&
            (directory_author(d, &o->as.certificate.sign_pk) == NULL ||
             (o->as.certificate.root_n == 0 && directory_root(d, &o->as.certificate.pid, 0) == NULL)))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes_in in;
    struct gmm_id fingerprint;
    struct directory *d = directory_new();
    bytes_in_init(&in, data, size);
    while (d != NULL && !in.failed && in.left > 0) {
        const struct directory_object *object;
        uint16_t len = bytes_get_u16(&in);
        const uint8_t *bytes = bytes_take(&in, len);
        if (bytes != NULL)
            directory_add(d, bytes, len, &object);
    }
    if (d == NULL)
        return 0;
    check(d);
    directory_fingerprint(d, &fingerprint);
    while (directory_count(d) > 0) {
        const struct gmm_id hash = directory_at(d, directory_count(d) - 1)->hash;
        directory_remove(d, &hash);
    }
    directory_free(d);
    return 0;
}
