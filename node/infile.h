/* Files that a command line names, opened by the person's own process: a daemon never opens a caller's path. What is
 * given on is always a regular file or a memfd, so that reading it does not wait. */
#ifndef GMM_NODE_INFILE_H
#define GMM_NODE_INFILE_H

#include <jansson.h>
#include <stddef.h>

#include "keys/error.h"

/* "-": standard input. Pipes, devices and a standard input read in part are copied (at most LIMIT_CONTENT_BYTES).
 * GMM_EIO: a directory, missing, unreadable; GMM_ELIMIT; GMM_EFULL. */
enum gmm_err infile_open(int *fd, const char *path, struct gmm_msg *msg);
/* The whole text, without one line end at its end; *text: free. GMM_EUSAGE: not UTF-8, or with NUL; GMM_ELIMIT: more
 * than max. */
enum gmm_err infile_text(char **text, const char *path, size_t max, struct gmm_msg *msg);
/* {"fd": index, "name": hex of the base name's bytes, "path": for messages}. NULL: out of memory. */
json_t *infile_value(const char *path, unsigned index);

#endif
