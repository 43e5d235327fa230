/* An output that was written as several files in one, cut into them: FILE, FILE.2, FILE.3, …. */
#ifndef GMM_NODE_OUTFILE_SPLIT_H
#define GMM_NODE_OUTFILE_SPLIT_H

#include <stdint.h>

#include "node/outfile.h"

/* Before outfile_finish: what stands behind the first sizes[0] bytes goes to further files of its folder, from the last
 * one on, so that little more room is needed than for all. GMM_EUSAGE: a stream cannot be cut; GMM_EIO, GMM_EFULL: the
 * further files are gone. */
enum gmm_err outfile_split(struct outfile *out, const uint64_t *sizes, uint32_t count, struct gmm_msg *msg);
/* The name of the n-th file, from 1. */
void outfile_split_name(char name[OUTFILE_PATH_BYTES], const char *path, uint32_t n);

#endif
