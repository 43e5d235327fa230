/* Joining a network: this home's own request (product story 8; cli.md: join), and what the engine's two effects of
 * joining need of a node.
 *
 * A home that asked keeps its invite and its request in the store, sealed ("join.pending"), until it is active or
 * refused. The charter is taken only with the admission: until then the home is in no network and may be refused
 * without harm.
 *
 * The driver: joining_load when the home is opened, joining_close when it is closed; joining_request and
 * joining_answered carry out EFFECT_JOIN_REQUEST and EFFECT_JOIN_ANSWERED, joining_settle follows EFFECT_VIEW, all
 * three after the step that gave the effect (they step and flush themselves).
 */
#ifndef GMM_NODE_JOINING_H
#define GMM_NODE_JOINING_H

#include "node/node.h"

enum joining_state {
    JOINING_NONE,     /* this home waits for nothing */
    JOINING_ASKED,    /* asked or about to ask; not admitted as far as it knows */
    JOINING_ADMITTED, /* charter and certificate are here; the roster is not */
    JOINING_REFUSED   /* until the node is closed */
};

/* What waits; starts the engine that can ask again (node_begin_join) where there is none. */
enum gmm_err joining_load(struct node *node, struct gmm_msg *msg);
void joining_close(struct node *node);

/* At the inviter: judges, keeps and answers. */
void joining_request(struct node *node, uint32_t conn, const uint8_t *bytes, size_t len);
/* At the newcomer: takes the answer in. */
void joining_answered(struct node *node, uint32_t conn, const uint8_t *bytes, size_t len);
/* Active now: what waited is dropped, and the root, if it is ours, is no longer provisional. */
void joining_settle(struct node *node);

/* Makes the request under this invite and keeps it, durable; the same request again under the same invite. GMM_EEXISTS:
 * the home is in a network, or waits for another one; GMM_EEXPIRED; GMM_EDENIED: the invite is for another participant
 * or office. person: who asks, may be NULL. */
enum gmm_err joining_start(struct node *node, const struct invite *invite, const char *person, struct gmm_msg *msg);
/* The request as it goes to the inviter; NULL: none. */
const uint8_t *joining_bytes(const struct node *node, size_t *len);
/* Dials every address of the invite; *dialled join connections were begun (net_joins); asks again from time to time as
 * joining_ask_again. GMM_ESTATE: the invite names none. */
enum gmm_err joining_ask(struct node *node, size_t *dialled);
/* `run` and `sync`: asks again now, and from time to time until this home is active or refused. Nothing when it does
 * not wait. */
void joining_ask_again(struct node *node);
/* Takes a welcome file in: objects, control logs, the inviter's addresses. The home is active when it gives GMM_OK.
 * GMM_ESTATE: nothing was asked; GMM_EDENIED: not made for this request, or it does not admit it. */
enum gmm_err joining_welcome(struct node *node, const void *bytes, size_t len, struct gmm_msg *msg);

struct joining_report {
    enum joining_state state;
    unsigned answers;            /* that came since the node was opened */
    const struct invite *invite; /* NULL for JOINING_NONE */
    const char *reason;          /* of the last answer: who must do what, or why it was refused; "" */
};
void joining_report(const struct node *node, struct joining_report *out);
/* Why a command of a member cannot run in this home now: GMM_EDENIED while it waits, GMM_ESTATE when it never asked;
 * GMM_OK when it is active. The sentence says what comes next. */
enum gmm_err joining_refusal(struct node *node, struct gmm_msg *msg);
/* The same of a command that only reads: who was expelled still reads what it holds. */
enum gmm_err joining_reading(struct node *node, struct gmm_msg *msg);

#endif
