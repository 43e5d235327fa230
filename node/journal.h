/* `gmm log`: who did what, when and under which key, from everything held: the objects that roots signed and the
 * entries of all logs, those without effect too. In canonical order. */
#ifndef GMM_NODE_JOURNAL_H
#define GMM_NODE_JOURNAL_H

#include <jansson.h>

#include "node/node.h"

#define JOURNAL_ROWS_MAX 100000u

struct journal_query {
    uint64_t since_ms, until_ms; /* until: before it; 0: no end */
    const char *from;            /* "ilo" or "ilo/hq"; NULL: everybody */
    const char *key;             /* beginning of a key, hex digits; NULL: all */
    const struct gmm_id *gid;    /* NULL: all groups, control logs and objects */
    const char *const *what;     /* words of journal rows */
    size_t what_count;           /* 0: all */
    bool only_void;
    uint32_t limit; /* the newest so many; 0: all */
};
/* Is this a word for what is done: "document", "admit", "certificate", …? */
bool journal_is_word(const char *what);
/* *rows:
 * [{"time","participant","office","person","what","subject","text","group","document","id","key","instance","seq",
 * "stands","reason"}]. GMM_ENOTFOUND: nobody of that name; GMM_ELIMIT: more than JOURNAL_ROWS_MAX rows; GMM_ENOMEM,
 * errors of the store. */
enum gmm_err journal_rows(struct node *node, const struct journal_query *query, json_t **rows, struct gmm_msg *msg);

#endif
