/* What coordinators and participants add to a consultation: each record is tried first and posted only if it has
 * effect. */
#ifndef GMM_NODE_CONSULTING_POST_H
#define GMM_NODE_CONSULTING_POST_H

#include "node/consulting.h"

struct consulting_request { /* text NULL: not given */
    enum record_consult_action action;
    const char *deadline, *reason, *person;
    const char *const *invite, *const *langs; /* each one or several with commas between */
    size_t invite_count, lang_count;
};
/* GMM_EUSAGE, GMM_EDENIED, GMM_EEXISTS, GMM_ESTATE, GMM_ENOTFOUND; durable. */
enum gmm_err consulting_post_action(struct consulting *c, const struct consulting_request *request, struct gmm_id *id,
                                    struct gmm_msg *msg);
/* A disposition of a note or release (both by id). */
enum gmm_err consulting_post_disposition(struct consulting *c, const struct projection_item *note, unsigned as,
                                         const char *reason, const char *person, struct gmm_id *id,
                                         struct gmm_msg *msg);
/* The signed report of the last closing: its bytes, *bytes to be freed. GMM_ENOTFOUND: it is not closed. */
enum gmm_err consulting_post_report(struct consulting *c, uint8_t **bytes, size_t *len, struct gmm_msg *msg);

#endif
