/* What a reference names, and the opened record behind it (cli.md: References).
 *
 * A reference is a symbol, a full id, or a unique prefix of at least 8 hex digits; an exact symbol wins. By symbol: the
 * newest version, in the language asked for or the original one; by id: exactly that version. Unknown and not readable
 * are alike: only what the catalogue shows is found.
 */
#ifndef GMM_NODE_READ_H
#define GMM_NODE_READ_H

#include <jansson.h>

#include "node/node.h"

struct read_want {
    const char *lang; /* NULL: the original */
    uint32_t version; /* 0: the newest */
};
/* One language of one version of a document. */
struct read_text {
    struct gmm_id id, translates; /* zero: an original */
    struct gmm_id revises, merges, gid, author;
    uint32_t version;
    uint64_t time; /* of its header */
    char lang[LIMIT_LANG_TEXT + 1];
};
struct read_found {
    struct projection_item item;
    bool by_symbol;
    bool other_lang;         /* the language asked for does not exist: this is the original */
    uint32_t newest;         /* version held of its symbol; its own where it has none */
    size_t text_count;       /* of its symbol, newest version first; 1 without a symbol */
    struct read_text *texts; /* owned */
};
/* want NULL: no wish. GMM_ENOTFOUND; GMM_EAMBIGUOUS: choices (may be NULL) gets {"id","kind","title","version","lang"}
 * of each; GMM_EUSAGE: a version or language wanted of what is no document. msg names the reference. *out: read_close,
 * also on failure. */
enum gmm_err read_find(struct node *node, const char *ref, const struct read_want *want, struct read_found *out,
                       json_t *choices, struct gmm_msg *msg);
void read_close(struct read_found *found);
/* The one entry whose id begins so, when its body is not here: it is found once that has come. True: store_entry_close.
 */
bool read_find_apart(struct node *node, const char *ref, struct store_entry *out);
/* Every language and version of a symbol, newest version first, originals before translations, the latest first. GMM_OK
 * with none when it is unknown; *texts: free. */
enum gmm_err read_texts(struct node *node, const char *symbol, struct read_text **texts, size_t *count);
/* An original that no other supersedes: two that were posted at once are both heads until one follows both. */
bool read_is_head(const struct read_text *texts, size_t count, size_t at);
/* Language tags are compared without regard to case; "fr" also finds "fr-CH" when `loose`. */
bool read_lang_is(const char *tag, const char *wanted, bool loose);

/* The opened record of a document, a note, a release or a practice. read_record_close wipes. */
struct read_record {
    struct header header;
    uint8_t *plain;
    size_t len;
    struct record_document document; /* header.type HEADER_DOCUMENT */
    /* HEADER_NOTE, and what people wrote in HEADER_RELEASE, HEADER_PRACTICE (proposed: its results) */
    struct record_note note;
};
bool read_is_note(uint16_t type); /* a note or a release */
/* GMM_ENOTFOUND (also: none of these, or no secret for it), GMM_EABSENT, GMM_ECORRUPT, GMM_ENOMEM. */
enum gmm_err read_record(struct node *node, const struct gmm_id *id, struct read_record *out, struct gmm_msg *msg);
/* GMM_EDENIED: a document under embargo, of which no content is known here yet; msg says until when. */
enum gmm_err read_uncovered(const struct read_record *record, struct gmm_msg *msg);
void read_record_close(struct read_record *record);

#endif
