/* Bodies of control records: a first byte says which, the rest is the body. What is accepted has one form. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum gmm_err through_admit(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_admit r;
    struct gmm_id nid;
    memset(&nid, 7, sizeof nid);
    enum gmm_err err = control_admit_decode(&r, &nid, data, size);
    return err == GMM_OK ? control_admit_encode(again, &r) : err;
}

static enum gmm_err through_group(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_group r;
    enum gmm_err err = control_group_decode(&r, data, size);
    return err == GMM_OK ? control_group_encode(again, &r) : err;
}

static enum gmm_err through_members(struct buffer *again, const uint8_t *data, size_t size)
{
    struct control_members r;
    enum gmm_err err = control_members_decode(&r, data, size);
    return err == GMM_OK ? control_members_encode(again, &r) : err;
}

static enum gmm_err through_ids(struct buffer *again, bool wrapkey, const uint8_t *data, size_t size)
{
    struct gmm_id id;
    enum gmm_err err = wrapkey ? control_wrapkey_decode(&id, data, size) : control_epoch_bad_decode(&id, data, size);
    if (err != GMM_OK)
        return err;
    return wrapkey ? control_wrapkey_encode(again, &id) : control_epoch_bad_encode(again, &id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer again;
    enum gmm_err err = GMM_EFORMAT;
    if (size == 0)
        return 0;
    buffer_init(&again, LIMIT_BODY_BYTES);
    if (data[0] == 0)
        err = through_admit(&again, data + 1, size - 1);
    else if (data[0] == 1)
        err = through_group(&again, data + 1, size - 1);
    else if (data[0] == 2)
        err = through_members(&again, data + 1, size - 1);
    else if (data[0] <= 4)
        err = through_ids(&again, data[0] == 3, data + 1, size - 1);
    if (err == GMM_OK && (again.len != size - 1 || memcmp(again.p, data + 1, again.len) != 0))
        abort();
    buffer_close(&again);
    return 0;
}
