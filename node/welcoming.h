/* The welcome file: what an admitted newcomer without network needs of the network, made here and taken in there
 * (keys/welcome.h has the form).
 */
#ifndef GMM_NODE_WELCOMING_H
#define GMM_NODE_WELCOMING_H

#include "node/requests.h"

/* Appends the line of armor for the newcomer of this judged request: all root objects, every control log, our
 * addresses. GMM_ELIMIT, GMM_ENOMEM, errors of the store. */
enum gmm_err welcoming_make(struct node *node, const struct requests_judged *judged, struct buffer *line,
                            struct gmm_msg *msg);

#endif
