/* Groups as people name them, and circles: made, changed, named (cli.md: group, --to).
 *
 * A name is "all", a thematic group, "internal" (our own offices), the name of a circle that we are in, or at least 8
 * digits of a group's id. A circle's name is a sealed record in the circle; it is said again whenever somebody new must
 * learn it.
 */
#ifndef GMM_NODE_GROUPS_H
#define GMM_NODE_GROUPS_H

#include <jansson.h>

#include "node/node.h"

/* Who will read: one existing group, or the circle that is still to be made. */
struct groups_audience {
    struct gmm_id gid; /* zero: to be made (groups_make) */
    enum epoch_group_kind kind;
    char *name;
    size_t member_count;
    struct gmm_id *members; /* sorted pids, us among them */
    size_t offices;         /* that can read now, this one included */
};
/* The arguments of --to, each one name or several ids with commas between: one group, or participants only (the circle
 * with exactly these and us, reused where there is one). GMM_EUSAGE: an empty audience, a group and participants, two
 * groups; GMM_ENOTFOUND: unknown; GMM_EAMBIGUOUS (choices gets the ids; may be NULL); GMM_EDENIED: we are not admitted,
 * not a member, an observer that may not post there, or somebody named is not active. *out: groups_audience_close.
 * Nothing is made. */
enum gmm_err groups_resolve(struct node *node, const char *const *to, size_t count, struct groups_audience *out,
                            json_t *choices, struct gmm_msg *msg);
/* Makes the circle when it is to be made: entry, epoch and name, durable. */
enum gmm_err groups_make(struct node *node, struct groups_audience *audience, struct gmm_msg *msg);
/* The participants' ids, sorted; new reference. */
json_t *groups_readers(struct node *node, const struct groups_audience *audience);
void groups_audience_close(struct groups_audience *audience);

/* One group by its name or the beginning of its id; errors as above. */
enum gmm_err groups_find(struct node *node, const char *name, struct gmm_id *gid, json_t *choices, struct gmm_msg *msg);
/* What people call it: *name to be freed; a circle whose name is not known here is called by 12 digits of its id. */
enum gmm_err groups_name(struct node *node, const struct gmm_id *gid, char **name);
/* A new circle with these participants (ids as given to --with) and us. history_full: who is added later reads what was
 * posted before. GMM_EEXISTS: the name is taken. */
enum gmm_err groups_create(struct node *node, const char *name, const char *const *with, size_t count,
                           bool history_full, struct gmm_id *gid, struct gmm_msg *msg);
/* Adds or removes participants, and sees to it that the next post goes to exactly who is left. */
enum gmm_err groups_change(struct node *node, const struct gmm_id *gid, bool add, const char *const *ids, size_t count,
                           struct gmm_msg *msg);
/* Says a circle's name again under its current epoch; nothing for other groups. */
enum gmm_err groups_announce(struct node *node, const struct gmm_id *gid, struct gmm_msg *msg);
/* Whoever is of this participant shall read what is there: a usable epoch, and the ones that it lacks given to it, for
 * each group that both are in and that has one. is_new: circles say their names again. *late: groups where that could
 * not be done now. */
enum gmm_err groups_reach(struct node *node, const struct gmm_id *pid, bool is_new, unsigned *late);

#endif
