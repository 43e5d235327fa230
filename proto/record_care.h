/* Records of good practices and of the care of documents (protocol: Records).
 *
 *   practice  lang str · text str · level uint · theme! uint · title! str · person str · country str · results str
 *   mark      tlp uint · person str · reason str · marking! uint · document! id
 *   retain    until! uint (ms) · person str · document! id
 * A country is two capital letters (ISO 3166).
 */
#ifndef GMM_PROTO_RECORD_CARE_H
#define GMM_PROTO_RECORD_CARE_H

#include "proto/record.h"

/* The five themes of the thematic groups, in the order of the vocabulary. */
#define RECORD_THEMES LIMIT_THEMATIC
const char *record_theme_text(unsigned theme); /* 1 to 5: "data-research"; NULL: none */
int record_theme_from_text(const char *text);  /* -1: no such word */

struct record_practice {
    unsigned theme, level; /* level of office (protocol: Conventions), 0: not said */
    struct record_text title, text, results, country, lang, person;
};
struct record_mark {
    struct gmm_id document;
    enum record_marking marking;
    enum record_tlp tlp;
    struct record_text reason, person;
};
struct record_retain {
    struct gmm_id document;
    uint64_t until_ms;
    struct record_text person;
};

/* As in proto/record.h. */
enum gmm_err record_practice_encode(struct buffer *out, const struct record_practice *r);
enum gmm_err record_practice_decode(struct record_practice *out, const void *plain, size_t len);
enum gmm_err record_mark_encode(struct buffer *out, const struct record_mark *r);
enum gmm_err record_mark_decode(struct record_mark *out, const void *plain, size_t len);
enum gmm_err record_retain_encode(struct buffer *out, const struct record_retain *r);
enum gmm_err record_retain_decode(struct record_retain *out, const void *plain, size_t len);

#endif
