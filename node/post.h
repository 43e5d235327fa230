/* Posting a document (product stories 1, 11): from what was asked to a plan, and from a plan to an entry. */
#ifndef GMM_NODE_POST_H
#define GMM_NODE_POST_H

#include "node/groups.h"

struct post_file {
    int fd;
    char name[LIMIT_FILE_NAME + 1]; /* base name as bytes; "": none (standard input) */
};
struct post_request { /* text NULL: not given */
    const char *const *to;
    size_t to_count; /* 0: the group of what is revised or translated */
    const char *title, *symbol, *lang, *marking, *revises, *merges, *translates, *person;
    uint64_t embargo_ms; /* 0: none */
    const uint8_t *once; /* 32 bytes: post_once_key */
    struct post_file file;
    const struct post_file *attachments;
    size_t attachment_count;
};
/* What will be posted; nothing is posted or made yet. */
struct post_plan {
    struct groups_audience audience;
    char title[LIMIT_TITLE_TEXT + 1], symbol[LIMIT_SYMBOL_TEXT + 1], lang[LIMIT_LANG_TEXT + 1];
    bool lang_assumed; /* nobody said it: it is the office's */
    uint32_t version;
    enum record_marking marking; /* not given: that of what is revised or translated, as it stands */
    enum record_tlp tlp;
    struct gmm_id revises, merges, translates; /* zero: none */
    uint64_t embargo_ms;                       /* 0: none */
    uint64_t bytes;                            /* of the document, without attachments */
};

/* GMM_EUSAGE, GMM_ENOTFOUND, GMM_EAMBIGUOUS (choices), GMM_EDENIED; GMM_EEXISTS: the symbol is held already.
 * *out: post_plan_close, also on failure. */
enum gmm_err post_make_plan(struct node *node, const struct post_request *request, struct post_plan *out,
                            json_t *choices, struct gmm_msg *msg);
/* Makes the circle when there is none, stores content, appends. Durable, unless it shares the commit with others: then
 * with the next flush (node_append_more). The same once: the same id. */
enum gmm_err post_publish(struct node *node, const struct post_request *request, struct post_plan *plan, bool shares,
                          struct gmm_id *id, struct gmm_msg *msg);
void post_plan_close(struct post_plan *plan);

/* Steps that batches share. */

/* K(node secret, once, key). */
void post_once_key(struct node *node, uint8_t out[32], const char *key);
/* Words between commas: a marking, a TLP level, or both ("CONFIDENTIAL, TLP:AMBER"). GMM_EUSAGE lists the words. */
enum gmm_err post_read_marking(const char *text, enum record_marking *marking, enum record_tlp *tlp,
                               struct gmm_msg *msg);
/* "fr", "zh-Hans": a language tag of at most LIMIT_LANG_TEXT bytes. GMM_EUSAGE. */
enum gmm_err post_check_lang(const char *lang, struct gmm_msg *msg);
/* Outer space cut off. GMM_EUSAGE: empty, longer than LIMIT_SYMBOL_TEXT, control characters, not UTF-8. */
enum gmm_err post_read_symbol(char out[LIMIT_SYMBOL_TEXT + 1], const char *text, struct gmm_msg *msg);
/* The title given, else the file's name with what is not UTF-8 escaped, else the symbol. GMM_EUSAGE: too long. */
enum gmm_err post_read_title(char out[LIMIT_TITLE_TEXT + 1], const char *title, const char *name, const char *symbol,
                             struct gmm_msg *msg);
/* The office's language. */
const char *post_default_lang(const struct node *node);
/* The record from the plan's words; content and attachments are left to the caller. Borrows from plan, name, person. */
void post_fill_record(struct record_document *out, const struct post_plan *plan, const char *name, const char *person);

#endif
