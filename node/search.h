/* Full-text search: an FTS5 contentless table of keyed tokens (node/tokenizer.h) over titles and texts. Rebuildable;
 * disk holds no plaintext word. */
#ifndef GMM_NODE_SEARCH_H
#define GMM_NODE_SEARCH_H

#include "node/store.h"

struct search;
enum gmm_err search_open(struct search **out, struct store *store, const uint8_t node_secret[32], struct gmm_msg *msg);
void search_close(struct search *s);
enum gmm_err search_reset(struct search *s);
/* The index was made anew when it was opened (other rules for words, or it was gone): everything is to be put again. */
bool search_was_rebuilt(const struct search *s);
/* Indexes one entry's title and text (UTF-8; either may be empty). Putting an id again is a no-op. */
enum gmm_err search_put(struct search *s, const struct gmm_id *id, const char *title, size_t title_len,
                        const char *text, size_t text_len);
/* Between these what is put is gathered: a thread makes the tokens of the next texts while one is written. Nothing else
 * is asked of the index meanwhile. search_gathered writes all (keep), or forgets what is not written; what failed since
 * search_gather fails here at the latest. */
void search_gather(struct search *s);
enum gmm_err search_gathered(struct search *s, bool keep);
/* How far each log is indexed: seq after the last one done; 0: nothing, or a log that the store does not know. */
enum gmm_err search_get_done(struct search *s, const struct run_key *key, uint64_t *next_seq);
enum gmm_err search_set_done(struct search *s, const struct run_key *key, uint64_t next_seq);
typedef enum gmm_err search_hit_fn(void *arg, const struct gmm_id *id, double score);
/* Best first. GMM_EUSAGE: no word in the query. */
/* No query finds it from now on. What its words left in the index goes when that is made anew (search_reset). */
enum gmm_err search_drop(struct search *s, const struct gmm_id *id);
enum gmm_err search_query(struct search *s, const char *words, uint32_t limit, search_hit_fn *fn, void *arg);
/* Integrity of the index: GMM_ECORRUPT when damaged or missing. */
enum gmm_err search_check(struct search *s);

#endif
