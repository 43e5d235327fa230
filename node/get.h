/* The bytes behind a reference into a file, fetched from peers where they are not here (cli.md: get). */
#ifndef GMM_NODE_GET_H
#define GMM_NODE_GET_H

#include "node/call.h"
#include "node/node.h"

/* Answers the call, now or when the last chunk has come: {"id","name","bytes","title","lang","version"}; name: hex of
 * the posted name. GMM_EUNREACHABLE: chunks are missing and nobody reachable has them. */
void get_start(struct node *node, struct call *call);

#endif
