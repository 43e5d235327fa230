/* `gmm verify FILE`: what an evidence file proves, read with nothing else at hand (proto/evidence.h has the form). */
#ifndef GMM_NODE_PROVEN_H
#define GMM_NODE_PROVEN_H

#include <jansson.h>

#include "keys/error.h"

/* fd: the file. content_fd: a copy of the document's file to compare, or -1. *report: {"ok","checked","not_held",
 * "faults","evidence"}; "evidence" is null when the file does not hold. GMM_OK; GMM_ECORRUPT: it does not prove what it
 * is given for, and the faults say why (*report is there too). GMM_EUSAGE: a content to compare with a note; GMM_EIO,
 * GMM_ENOMEM: *report is NULL. */
enum gmm_err proven_report(int fd, int content_fd, json_t **report, struct gmm_msg *msg);

#endif
