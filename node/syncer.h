/* Waits for the disk with several files at once, while the caller goes on: a disk does not take longer for four than
 * for one. One caller's thread uses a syncer; without threads (the system gives none) syncer_wait does it all. */
#ifndef GMM_NODE_SYNCER_H
#define GMM_NODE_SYNCER_H

#include "keys/error.h"

#define SYNCER_FILES 64u /* put and not synchronised yet, at most: each is an open descriptor */

struct syncer;

enum gmm_err syncer_new(struct syncer **out); /* GMM_ENOMEM */
void syncer_free(struct syncer *s);           /* what is under way is waited for; nobody hears what came of it */
/* Takes fd, a file or a folder: it is synchronised and closed. Waits where there is no room. */
void syncer_put(struct syncer *s, int fd);
/* All that were put are synchronised, or the first error (GMM_EIO, GMM_EFULL); then it begins anew, without threads. */
enum gmm_err syncer_wait(struct syncer *s);

#endif
