/* Requests to join, at the inviter: judged, kept until somebody answers, answered (protocol: Join; product story 8).
 *
 * A request came over a join connection, or as the file that `join --offline` made. Both are judged by the same rules;
 * what refuses is named. A request is kept in the store until the chair admits it (a participant) or a holder of the
 * root certifies it (a second office).
 */
#ifndef GMM_NODE_REQUESTS_H
#define GMM_NODE_REQUESTS_H

#include "node/invites.h"

enum requests_state {
    REQUESTS_NEW,     /* stands under an open invite, not kept yet */
    REQUESTS_PENDING, /* kept, waits for an answer */
    REQUESTS_ADMITTED /* its participant is active, or its office certified */
};
struct requests_judged {
    enum requests_state state;
    struct card_join join;       /* borrows from the request's bytes */
    struct invites_entry invite; /* requests_judged_close */
    struct gmm_id replaces;      /* the participant of this id, whose root is lost; zero: nobody */
};
/* May this request be admitted, and how far is it? GMM_EDENIED, GMM_EEXPIRED with the rule in msg: of another network,
 * not under an invite of ours, the invite used by another card, revoked or expired, for another id or office, a
 * participant already admitted under another root, a card whose signature is not its own. GMM_EFORMAT, GMM_EVERSION:
 * not a request. *authentic (may be NULL): it was made with the secret of an invite of ours. requests_judged_close on
 * GMM_OK only. */
enum gmm_err requests_judge(struct node *node, const void *bytes, size_t len, struct requests_judged *out,
                            bool *authentic, struct gmm_msg *msg);
void requests_judged_close(struct requests_judged *judged);
bool requests_is_office(const struct requests_judged *judged); /* a second office of ours */

/* A request that arrived on a join connection: judged, kept when it is new (durable), and the payload of JOIN_ANSWER
 * appended to answer. Not to be called inside node_step. GMM_ENOMEM, GMM_EIO, GMM_EFULL: nothing was answered. */
enum gmm_err requests_take(struct node *node, const void *bytes, size_t len, struct buffer *answer);

/* The kept requests that wait, oldest first. */
struct requests_list {
    size_t count;
    struct store_request rows[LIMIT_JOIN_PENDING];
};
enum gmm_err requests_pending(struct node *node, struct requests_list *out);
void requests_list_close(struct requests_list *list);

/* Proposes that the newcomer takes the place of the participant that it replaces: as requests_admit, but by REPLACE,
 * which two thirds support before it has effect. */
struct standing_done;
enum gmm_err requests_replace(struct node *node, const void *bytes, size_t len, const struct requests_judged *judged,
                              struct standing_done *done, struct gmm_msg *msg);
/* Where the charter wants others' support it proposes, and the request waits until they gave it.
 * Admits or certifies: adds the certificate and writes ADMIT, gives the newcomer the epochs of the groups it is in now,
 * and keeps the request as answered. All durable when it returns. GMM_EDENIED: the rule that refuses. *late (may be
 * NULL) counts the groups whose epoch could not be made at once (it follows later). */
enum gmm_err requests_admit(struct node *node, const void *bytes, size_t len, const struct requests_judged *judged,
                            unsigned *late, struct gmm_msg *msg);
/* Revokes an invite; a request that waits under it is refused. */
enum gmm_err requests_revoke(struct node *node, const struct invites_entry *entry, struct gmm_msg *msg);

#endif
