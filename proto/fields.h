/* Keys and values of one record's map, in the order that a strict reader demands (proto/record.h): what all records'
 * codecs share. A value that would say nothing is left out when written and an error when read. */
#ifndef GMM_PROTO_FIELDS_H
#define GMM_PROTO_FIELDS_H

#include "proto/packer.h"
#include "proto/reader.h"
#include "proto/record_ids.h"

/* Writes the keys of one map; without a buffer it only counts them. */
struct fields_writer {
    struct buffer *out;
    uint32_t count;
};
bool fields_write_key(struct fields_writer *w, const char *key); /* true: the value is to be packed now */
void fields_write_fail(struct fields_writer *w, enum gmm_err err);
void fields_write_text(struct fields_writer *w, const char *key, const struct record_text *text, size_t max);
void fields_write_uint(struct fields_writer *w, const char *key, uint64_t v);
/* word NULL: the number is none of the vocabulary's, GMM_EFORMAT. */
void fields_write_word(struct fields_writer *w, const char *key, const char *word, unsigned number);
void fields_write_id(struct fields_writer *w, const char *key, const struct gmm_id *id);
void fields_write_ids(struct fields_writer *w, const char *key, const struct record_ids *ids, uint32_t max);

/* Walks one map in the order of its keys, which the reader has checked. */
struct fields {
    struct reader *r;
    uint32_t left;
};
struct fields fields_open(struct reader *r);
/* True when the map has this key: the reader then stands before its value. Unknown keys before it are passed over. */
bool fields_find(struct fields *f, const char *key);
bool fields_require(struct fields *f, const char *key);
void fields_close(struct fields *f);
void fields_text(struct fields *f, const char *key, struct record_text *text, size_t max);
void fields_id(struct fields *f, const char *key, bool *has, struct gmm_id *id);
uint32_t fields_number(struct fields *f, uint32_t min, uint32_t max); /* the value at hand */
void fields_ids(struct fields *f, const char *key, struct record_ids *ids, uint32_t max);

#endif
