/* Chunk files of which no row has spoken for a day or of which all is erased, and what a crash left half written: a
 * daemon removes them after its start. */
#ifndef GMM_NODE_SWEEPING_H
#define GMM_NODE_SWEEPING_H

#include "node/node.h"

/* One of the 256 folders of chunk files. False: all have been looked through since the start, or this is no daemon.
 * Only while the loop has nothing else to do: the file and the row of a chunk of ours are written in one go (a row of
 * an open transaction counts), and while received ones are on their way to the disk nothing is swept; so no file lacks
 * a row that is still to come. What fails is left for the next start. */
bool sweeping_slice(struct node *node);

#endif
