/* A batch as node/batch.c plans it and node/batch_put.c posts it: private to node/batch*.c. */
#ifndef GMM_NODE_BATCH_STATE_H
#define GMM_NODE_BATCH_STATE_H

#include <jansson.h>

#include "node/groups.h"
#include "node/textmap.h"

/* Another entry: a row of the table, or one that is held. */
struct batch_ref {
    enum { BATCH_NONE, BATCH_ROW, BATCH_HELD } kind;
    uint32_t index; /* of rows or of held */
};
struct batch_row {
    const char *path, *title, *symbol, *lang; /* "": none */
    uint32_t audience, para, version;
    struct batch_ref revises, translates, document, parent;
    uint32_t sibling; /* the row before it of the same symbol and version, plus 1; 0: none */
    bool note, done;  /* done: posted before under the same once; id says what */
    bool has_once;
    bool lang_assumed; /* nobody said its language: it is the office's */
    uint8_t marking, tlp, position;
    uint8_t once[32];
    struct gmm_id id; /* when posted */
};
struct batch_held {
    struct gmm_id id;
    uint16_t type;
    uint32_t version, audience;
    uint8_t marking, tlp;      /* of a document, as they stand now */
    struct batch_ref document; /* of a note */
    char lang[LIMIT_LANG_TEXT + 1], symbol[LIMIT_SYMBOL_TEXT + 1];
};
/* The newest version of a symbol in the table. */
struct batch_family {
    uint32_t version, last; /* last: its latest row of that version, plus 1 */
    struct batch_ref original;
};
struct batch_audience {
    struct groups_audience who;
    bool wide; /* `all` */
};
struct batch {
    char *text, *person;
    struct batch_row *rows;
    struct batch_held *held;
    struct batch_family *families;
    struct batch_audience *audiences;
    size_t row_count, row_capacity, held_count, held_capacity, family_count, family_capacity, audience_count,
        audience_capacity;
    size_t next; /* the row to be posted next */
    bool failed;
    char **owned; /* texts that the maps below point to beside the table's */
    size_t owned_count, owned_capacity;
    struct textmap ids, symbols, references, audience_texts;
    /* among the batches under way */
    struct batch *other;
    uint32_t number;
    uint64_t used_ms;
};

/* What a check has at hand. */
struct batch_checking {
    struct node *node;
    struct batch *batch;
    json_t *choices;
    struct gmm_msg *msg;
};
/* What is to be known of another entry. */
struct batch_entry {
    bool note;
    uint32_t version, audience;
    struct batch_ref document; /* of a note */
    uint8_t marking, tlp;      /* of a document */
    const char *lang, *symbol; /* valid until the next reference is looked up */
};

/* Room for one more; false: out of memory. */
bool batches_grow(void **items, size_t count, size_t *capacity, size_t size);
/* A copy that lives as long as the batch; NULL: out of memory. */
const char *batches_keep_text(struct batch *batch, const char *text);
#endif
