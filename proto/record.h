/* Typed records: what sealed bodies say (msgpack maps with string keys; protocol: Conventions, product.md: Vocabulary).
 *
 * A record is encoded to a buffer and decoded from opened plaintext; decoded text is borrowed from that plaintext and
 * not NUL-ended. Unknown keys are skipped, so that later records (consultations, dispositions, practices) add keys and
 * types without a new mechanism; a known key of the wrong type or over its limit is GMM_EFORMAT or GMM_ELIMIT.
 *
 * Keys in the order that a strict reader demands (shorter first, then by bytes); "!" must be there. All others are left
 * out where they would say nothing (empty text, zero, no attachment): saying it is GMM_EFORMAT, so that a record has
 * one form. A document under embargo has `embargo` and `sealed` bin (keys/embargo.h; before `symbol`) in place of name,
 * content and attachments, which stand in the sealed inner document beside the same version and marking, alone.
 * document   tlp uint · lang str · name bin · title str · merges id · person str · symbol str · content!
 * manifest · embargo uint (ms) · marking! uint · revises id · version! uint ≥ 1 · translates id · attachments [{name!
 * bin · content! manifest}, …] note       lang str · name bin · para uint · text str · parent id · person str ·
 * document! id · position uint · proposed str receipt    time! uint (ms) · opened! bool · person str · document! id
 * group name name! str An id is a bin of 32 bytes. A file name is a bin of 1 to 255 bytes without NUL and "/", and
 * neither "." nor "..": what a peer sends never names another folder. An attachment's inline content is at most
 * LIMIT_INLINE_BYTES.
 */
#ifndef GMM_PROTO_RECORD_H
#define GMM_PROTO_RECORD_H

#include "proto/manifest.h"
#include "proto/record_ids.h"

enum record_marking { RECORD_UNCLASSIFIED = 0, RECORD_CONFIDENTIAL = 1, RECORD_STRICTLY_CONFIDENTIAL = 2 };
/* TLP 2.0, 0: none */
enum record_tlp {
    RECORD_TLP_NONE = 0,
    RECORD_TLP_CLEAR = 1,
    RECORD_TLP_GREEN,
    RECORD_TLP_AMBER,
    RECORD_TLP_AMBER_STRICT,
    RECORD_TLP_RED
};

struct record_attachment {
    struct record_text name; /* file names are bytes, not text */
    struct manifest content;
};

struct record_document {
    struct record_text title, symbol, lang, person;
    struct record_text name; /* the posted file's name, bytes */
    uint32_t version;        /* ≥ 1 */
    enum record_marking marking;
    enum record_tlp tlp;
    bool has_revises, has_translates, has_merges;
    struct gmm_id revises, translates;
    struct gmm_id merges; /* another version, posted at once with the revised one, that it supersedes too */
    struct manifest content;
    uint32_t attachment_count;
    struct record_attachment *attachments; /* owned */
    uint64_t embargo_ms;                   /* 0: none; the time that the author promised */
    const uint8_t *sealed;                 /* borrowed; not NULL with embargo_ms: what stands in place of the content */
    size_t sealed_len;
    uint8_t *inner; /* owned: what `sealed` was opened to (record_embargo.h); name, content, attachments are its */
    size_t inner_len;
};

/* Positions and dispositions are words of the vocabulary; kept as their number. */
enum record_position {
    RECORD_NO_POSITION = 0,
    RECORD_SUPPORT,
    RECORD_COMMENT,
    RECORD_AMENDMENT,
    RECORD_CONCERN,
    RECORD_RESERVATION,
    RECORD_OBJECTION,
    RECORD_NO_COMMENT,
    RECORD_NO_OBJECTION,
    /* answers of a coordinator: dispositions */
    RECORD_ACCEPTED = 32,
    RECORD_ACCEPTED_IN_PART,
    RECORD_NOT_ACCEPTED,
    RECORD_NOTED,
    RECORD_DEFERRED,
    RECORD_WITHDRAWN
};
const char *record_position_text(unsigned position); /* "no-comment"; "" for 0; NULL for none */
/* Case ignored, a space or underscore is a hyphen. -1: no such word. */
int record_position_from_text(const char *text);
const char *record_marking_text(unsigned marking); /* "strictly-confidential"; NULL for none */
int record_marking_from_text(const char *text);    /* "CONFIDENTIAL", "strictly confidential" */
const char *record_tlp_text(unsigned tlp);         /* "TLP:AMBER+STRICT"; "" for none */
int record_tlp_from_text(const char *text);        /* "TLP:AMBER+STRICT", "amber+strict"; -1: no such word */

struct record_note {
    struct gmm_id document;
    bool has_parent;
    struct gmm_id parent; /* the note it answers */
    uint32_t para;        /* 0: the whole document */
    enum record_position position;
    struct record_text text, proposed, lang, person;
    struct record_text name; /* of the posted file, when it came from one */
};

struct record_receipt {
    struct gmm_id document;
    bool opened; /* false: stored */
    uint64_t time_ms;
    struct record_text person;
};

struct record_group_name {
    struct record_text name;
};

/* Encoders append to out and fail as the decoders would (GMM_EFORMAT, GMM_ELIMIT), or with the buffer's own failure.
 * Decoders: GMM_EFORMAT, GMM_ELIMIT, GMM_ENOMEM (documents only); on failure *out is empty and owns nothing. */
enum gmm_err record_document_encode(struct buffer *out, const struct record_document *r);
enum gmm_err record_document_decode(struct record_document *out, const void *plain, size_t len);
void record_document_close(struct record_document *r); /* wipes the chunks' keys; resets *r */
enum gmm_err record_note_encode(struct buffer *out, const struct record_note *r);
enum gmm_err record_note_decode(struct record_note *out, const void *plain, size_t len);
enum gmm_err record_receipt_encode(struct buffer *out, const struct record_receipt *r);
enum gmm_err record_receipt_decode(struct record_receipt *out, const void *plain, size_t len);
enum gmm_err record_group_name_encode(struct buffer *out, const struct record_group_name *r);
enum gmm_err record_group_name_decode(struct record_group_name *out, const void *plain, size_t len);

#endif
