/* Verifies, writes and synchronises received chunks on threads of its own, while the loop receives what comes next. A
 * chunk that is done is on the disk under its name; the row that says it is held is the caller's to write then.
 *
 * One caller's thread uses a writer. It takes whatever it is given: how many chunks may be under way at once is for the
 * engine to say (proto/fetch.h). They come out as they become done, in no order. Without threads (the system gives
 * none) the work is done when the result is asked for. */
#ifndef GMM_NODE_CHUNKWRITER_H
#define GMM_NODE_CHUNKWRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "keys/error.h"
#include "keys/id.h"

struct chunkwriter_job {
    struct chunkwriter_job *next; /* the writer's */
    uint64_t ticket;              /* the caller's; so are gid's use, and staged */
    struct gmm_id gid, id;
    uint8_t *bytes; /* sealed; owned */
    size_t len;
    bool staged;
    enum gmm_err err; /* once done. GMM_ESIGNATURE: these bytes are not the chunk with this id; else as chunkfile_write
                         has them */
};
struct chunkwriter;

/* Chunks of this network into the folder of chunks of this home. wake (NULL: none) is called on a thread of the writer
 * when a chunk is done. GMM_ENOMEM, or what opening the folder gives. */
enum gmm_err chunkwriter_new(struct chunkwriter **out, const char *home, const struct gmm_id *nid,
                             void (*wake)(void *arg), void *arg, struct gmm_msg *msg);
/* Waits for what is being written; what was not taken is lost, its file may be there. */
void chunkwriter_free(struct chunkwriter *w);
/* job is malloc'ed, and taken. */
void chunkwriter_put(struct chunkwriter *w, struct chunkwriter_job *job);
/* One that is done, the caller's to free (chunkwriter_job_free). NULL: none is yet; with wait: none is under way. */
struct chunkwriter_job *chunkwriter_take(struct chunkwriter *w, bool wait);
/* Something was put and not taken yet: its file may be there, and its row is not. */
bool chunkwriter_busy(struct chunkwriter *w);
void chunkwriter_job_free(struct chunkwriter_job *job);

#endif
