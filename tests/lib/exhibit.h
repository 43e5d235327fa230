/* An evidence file to test with: a document of a world, with a fork proof or without (tests/lib/world.h). */
#ifndef GMM_TESTS_EXHIBIT_H
#define GMM_TESTS_EXHIBIT_H

#include "proto/evidence.h"
#include "tests/lib/twin.h"

struct exhibit {
    struct twin t;     /* a is the network whose document is shown */
    struct gmm_id all; /* the document is the third entry of office 1 (iom) there */
    struct run_key log;
    uint8_t key[32];
    struct run *control[8];
    size_t control_count;
    struct run *group[2]; /* an anchor of the document by office 0 (ilo), as it posted it and as another one later */
    size_t group_count;
    struct run *run;
    struct forks *forks;
};
#define EXHIBIT_TEXT "the posted words"

void exhibit_open(struct exhibit *x, bool forked);
void exhibit_close(struct exhibit *x);
/* Its parts; pointers into x. */
void exhibit_parts(struct exhibit *x, struct evidence_parts *parts);
/* The file that it makes. */
void exhibit_file(struct exhibit *x, struct buffer *out);
/* The file's sum made to fit again: what an adversary would do. */
void exhibit_resum(uint8_t *bytes, size_t len);

#endif
