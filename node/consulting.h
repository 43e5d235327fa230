/* Consultations on one document (product stories 3, 7, 10, 14, 15): the records of its symbol in its group, gathered,
 * and what they come to (proto/consult.h). Records that stand in another group say nothing here: every office that
 * reads the group computes the same. */
#ifndef GMM_NODE_CONSULTING_H
#define GMM_NODE_CONSULTING_H

#include <jansson.h>

#include "node/marking.h"
#include "node/read.h"
#include "proto/consult.h"

struct consulting {
    struct node *node;
    struct projection_item document; /* the text that the reference names; by symbol the newest original */
    struct gmm_id gid;
    size_t text_count, count, capacity, party_count, kept_count, kept_capacity, holding_count, holding_capacity;
    struct read_text *texts; /* of its symbol in the group, newest version first */
    struct consult_fact *facts;
    struct consult_party *parties;
    struct consult_holding *holdings;
    struct consulting_kept *kept; /* what facts borrow from */
    struct consults outcome;      /* as of the moment of opening */
};

/* GMM_ENOTFOUND, GMM_EAMBIGUOUS (choices may be NULL), GMM_EUSAGE: no document. A note's reference leads to its
 * document. *out: consulting_close, also on failure. */
enum gmm_err consulting_open(struct node *node, const char *ref, struct consulting *out, json_t *choices,
                             struct gmm_msg *msg);
void consulting_close(struct consulting *c);
const struct consult *consulting_last(const struct consulting *c); /* NULL: there is none */
/* Notes are positions of their participants: it is neither closed nor adopted. */
bool consulting_is_running(const struct consult *consult);
/* Every consultation that is known here, each symbol's together. c and consult are fn's for the call. What fn gives
 * ends the walk. */
typedef enum gmm_err consulting_fn(void *arg, struct consulting *c, const struct consult *consult);
enum gmm_err consulting_each(struct node *node, consulting_fn *fn, void *arg);
/* Is our participant invited? */
bool consulting_invites_us(const struct consulting *c, const struct consult *consult);
/* Would a record of ours with this fact have effect now? id, author, officer and time are filled in. With out, what all
 * comes to then (consult_close). GMM_EDENIED, GMM_EEXISTS, GMM_ESTATE, GMM_EUSAGE. */
enum gmm_err consulting_try(struct consulting *c, struct consult_fact *fact, struct consults *out, struct gmm_msg *msg);
/* May we say of this note what became of it? As consulting_try, without working out what it comes to. */
enum gmm_err consulting_may_dispose(const struct consulting *c, const struct gmm_id *note,
                                    const struct gmm_id *document, unsigned as, struct gmm_msg *msg);
/* What stands over all of it: the gravest marking, and TLP, of its texts. */
struct marking consulting_marking(const struct consulting *c);
/* How many offices of a participant were active then: one alone speaks for it. */
size_t consulting_offices(const struct view *view, const struct gmm_id *pid, uint64_t at_ms);
/* "ilo"; hex digits where the roster does not know it. */
json_t *consulting_participant(struct node *node, const struct gmm_id *pid);

#endif
