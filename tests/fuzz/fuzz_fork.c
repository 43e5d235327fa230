/* nid 32 ‖ a fork proof from a peer: what is accepted has one form and proves two branches. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/fork.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fork_proof *proof;
    struct gmm_id nid;
    if (size < sizeof nid.b)
        return 0;
    memcpy(nid.b, data, sizeof nid.b);
    data += sizeof nid.b;
    size -= sizeof nid.b;
    if (fork_open(&proof, &nid, data, size) != GMM_OK)
        return 0;
    if (proof->len != size || memcmp(proof->bytes, data, size) != 0 ||
        fork_branch_of(proof, proof->first_seq, &proof->branches[0].ids[0]) != 0 ||
        fork_branch_of(proof, proof->first_seq, &proof->branches[1].ids[0]) != 1)
        abort();
    free(proof);
    return 0;
}
