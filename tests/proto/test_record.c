#include "proto/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

#define TEXT(literal) ((struct record_text){(literal), sizeof(literal) - 1})

static struct gmm_id id_of(uint8_t b)
{
    struct gmm_id id;
    memset(&id, b, sizeof id);
    return id;
}

static void assert_text(const struct record_text *text, const struct record_text *expected)
{
    assert_int_equal(text->len, expected->len);
    if (expected->len == 0)
        assert_null(text->p);
    else
        assert_memory_equal(text->p, expected->p, expected->len);
}

static struct manifest_chunk chunks[2];

/* Everything that a document can say. */
static void document_full(struct record_document *r, struct record_attachment attachments[2])
{
    memset(chunks, 0x33, sizeof chunks);
    chunks[0].len = chunks[1].len = LIMIT_CHUNK_MIN;
    attachments[0] = (struct record_attachment){.name = TEXT("sch\xe9ma\n.png"),
                                                .content = {.size = 3, .inline_bytes = (const uint8_t *)"png"}};
    attachments[1] = (struct record_attachment){.name = TEXT("..."),
                                                .content = {.size = 2 * LIMIT_CHUNK_MIN, .count = 2, .chunks = chunks}};
    *r = (struct record_document){
        .title = TEXT("D\xc3\xa9"
                      "claration"),
        .symbol = TEXT("GMG/2014/WG.4/CRP.7/Rev.1"),
        .lang = TEXT("fr"),
        .person = TEXT("A. Diallo"),
        .name = TEXT("d.docx"),
        .version = 3,
        .marking = RECORD_CONFIDENTIAL,
        .tlp = RECORD_TLP_AMBER_STRICT,
        .has_revises = true,
        .has_translates = true,
        .has_merges = true,
        .merges = id_of(9),
        .revises = id_of(1),
        .translates = id_of(2),
        .content = {.size = 4, .inline_bytes = (const uint8_t *)"text"},
        .attachment_count = 2,
        .attachments = attachments,
    };
}

static struct record_document document_least(void)
{
    return (struct record_document){.version = 1, .content = {.size = 0, .inline_bytes = (const uint8_t *)""}};
}

static enum gmm_err document_bytes(struct buffer *b, const struct record_document *r)
{
    buffer_init(b, 1u << 20);
    enum gmm_err err = record_document_encode(b, r);
    if (err == GMM_OK)
        assert_int_equal(reader_check(b->p, b->len), GMM_OK);
    return err;
}

static void assert_document_again(const struct record_document *r, const struct buffer *b)
{
    struct buffer again;
    assert_int_equal(document_bytes(&again, r), GMM_OK);
    assert_int_equal(again.len, b->len);
    assert_memory_equal(again.p, b->p, b->len);
    buffer_close(&again);
}

static void test_document_round_trip(void **state)
{
    (void)state;
    struct record_document r, back;
    struct record_attachment attachments[2];
    struct buffer b;
    document_full(&r, attachments);
    assert_int_equal(document_bytes(&b, &r), GMM_OK);
    assert_int_equal(record_document_decode(&back, b.p, b.len), GMM_OK);
    assert_text(&back.title, &r.title);
    assert_text(&back.symbol, &r.symbol);
    assert_text(&back.lang, &r.lang);
    assert_text(&back.person, &r.person);
    assert_text(&back.name, &r.name);
    assert_int_equal(back.version, 3);
    assert_int_equal(back.marking, RECORD_CONFIDENTIAL);
    assert_int_equal(back.tlp, RECORD_TLP_AMBER_STRICT);
    assert_true(back.has_revises && back.has_translates);
    assert_true(id_equal(&back.revises, &r.revises));
    assert_true(back.has_merges && id_equal(&back.merges, &r.merges));
    assert_true(id_equal(&back.translates, &r.translates));
    assert_int_equal(back.content.size, 4);
    assert_memory_equal(back.content.inline_bytes, "text", 4);
    assert_int_equal(back.attachment_count, 2);
    assert_text(&back.attachments[0].name, &attachments[0].name);
    assert_memory_equal(back.attachments[0].content.inline_bytes, "png", 3);
    assert_text(&back.attachments[1].name, &attachments[1].name);
    assert_memory_equal(back.attachments[1].content.chunks, chunks, sizeof chunks);
    assert_document_again(&back, &b);
    record_document_close(&back);
    assert_null(back.attachments);
    record_document_close(&back);
    buffer_close(&b);
}

static void test_document_least(void **state)
{
    (void)state;
    static const struct record_text absent = {NULL, 0};
    struct record_document r = document_least(), back;
    struct buffer b;
    assert_int_equal(document_bytes(&b, &r), GMM_OK);
    assert_int_equal(record_document_decode(&back, b.p, b.len), GMM_OK);
    assert_text(&back.title, &absent);
    assert_text(&back.name, &absent);
    assert_int_equal(back.version, 1);
    assert_int_equal(back.marking, RECORD_UNCLASSIFIED);
    assert_int_equal(back.tlp, RECORD_TLP_NONE);
    assert_false(back.has_revises || back.has_translates);
    assert_int_equal(back.attachment_count, 0);
    assert_non_null(back.content.inline_bytes);
    assert_document_again(&back, &b);
    record_document_close(&back);
    buffer_close(&b);
}

/* Both sides of each limit, on the way out; `over` is one byte too much. */
static void limit_text(struct record_document *r, struct record_text *text, size_t max)
{
    static char long_text[LIMIT_TITLE_TEXT + 2];
    struct buffer b;
    memset(long_text, 'x', sizeof long_text);
    *text = (struct record_text){long_text, max};
    assert_int_equal(document_bytes(&b, r), GMM_OK);
    struct record_document back;
    assert_int_equal(record_document_decode(&back, b.p, b.len), GMM_OK);
    record_document_close(&back);
    buffer_close(&b);
    text->len = max + 1;
    assert_int_equal(document_bytes(&b, r), GMM_ELIMIT);
    buffer_close(&b);
    *text = (struct record_text){NULL, 0};
}

static void test_document_limits(void **state)
{
    (void)state;
    struct record_document r = document_least();
    limit_text(&r, &r.title, LIMIT_TITLE_TEXT);
    limit_text(&r, &r.symbol, LIMIT_SYMBOL_TEXT);
    limit_text(&r, &r.lang, LIMIT_LANG_TEXT);
    limit_text(&r, &r.person, LIMIT_PERSON_TEXT);
    limit_text(&r, &r.name, LIMIT_FILE_NAME);

    struct buffer b;
    struct record_document back;
    static struct record_attachment many[LIMIT_ATTACHMENTS + 1];
    static const uint8_t bytes[LIMIT_INLINE_BYTES + 1];
    for (size_t i = 0; i < sizeof many / sizeof *many; i++)
        many[i] = (struct record_attachment){.name = TEXT("a"), .content = {.size = 1, .inline_bytes = bytes}};
    r.attachments = many;
    r.attachment_count = LIMIT_ATTACHMENTS;
    assert_int_equal(document_bytes(&b, &r), GMM_OK);
    assert_int_equal(record_document_decode(&back, b.p, b.len), GMM_OK);
    assert_int_equal(back.attachment_count, LIMIT_ATTACHMENTS);
    record_document_close(&back);
    buffer_close(&b);
    r.attachment_count = LIMIT_ATTACHMENTS + 1;
    assert_int_equal(document_bytes(&b, &r), GMM_ELIMIT);
    buffer_close(&b);
    r.attachment_count = 1;
    many[0].content.size = LIMIT_INLINE_BYTES;
    assert_int_equal(document_bytes(&b, &r), GMM_OK);
    buffer_close(&b);
    many[0].content.size = LIMIT_INLINE_BYTES + 1;
    assert_int_equal(document_bytes(&b, &r), GMM_ELIMIT);
    buffer_close(&b);
}

static void test_document_that_cannot_be_written(void **state)
{
    (void)state;
    struct buffer b;
    struct record_document r = document_least();
    r.version = 0;
    assert_int_equal(document_bytes(&b, &r), GMM_EFORMAT);
    buffer_close(&b);
    r = document_least();
    r.content.inline_bytes = NULL;
    assert_int_equal(document_bytes(&b, &r), GMM_EFORMAT);
    buffer_close(&b);
    r = document_least();
    r.title = TEXT("\xff");
    assert_int_equal(document_bytes(&b, &r), GMM_EFORMAT);
    buffer_close(&b);
    struct record_attachment nameless = {.content = {.size = 0, .inline_bytes = (const uint8_t *)""}};
    r = document_least();
    r.attachments = &nameless;
    r.attachment_count = 1;
    assert_int_equal(document_bytes(&b, &r), GMM_EFORMAT);
    buffer_close(&b);
}

static void test_file_names(void **state)
{
    (void)state;
    static const struct record_text refused[] = {{"a/b", 3}, {"/", 1}, {"a\0b", 3}, {".", 1}, {"..", 2}};
    struct record_document r = document_least(), back;
    struct buffer b;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        r.name = refused[i];
        assert_int_equal(document_bytes(&b, &r), GMM_EFORMAT);
        buffer_close(&b);
        buffer_init(&b, 1000);
        packer_map(&b, 4);
        packer_text(&b, "name");
        packer_bin(&b, refused[i].p, refused[i].len);
        packer_text(&b, "content");
        packer_bin(&b, "", 0);
        packer_text(&b, "marking");
        packer_uint(&b, 0);
        packer_text(&b, "version");
        packer_uint(&b, 1);
        assert_int_equal(record_document_decode(&back, b.p, b.len), GMM_EFORMAT);
        buffer_close(&b);
    }
    static const struct record_text fine[] = {{"\xff\n\x1b[31m", 7}, {"...", 3}, {".a", 2}, {"\\..\\", 4}};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        r.name = fine[i];
        assert_int_equal(document_bytes(&b, &r), GMM_OK);
        assert_int_equal(record_document_decode(&back, b.p, b.len), GMM_OK);
        assert_text(&back.name, &fine[i]);
        record_document_close(&back);
        buffer_close(&b);
    }
}

/* A map of the given pairs with what a document must have, each value already packed. Keys in order. */
struct pair {
    const char *key, *value;
    size_t len;
};
#define PAIR(key, literal)                                                                                             \
    {                                                                                                                  \
        key, literal, sizeof(literal) - 1                                                                              \
    }

static enum gmm_err decode_pairs(struct record_document *out, const struct pair *pairs, uint32_t count)
{
    struct buffer b;
    buffer_init(&b, 4096);
    packer_map(&b, count);
    for (uint32_t i = 0; i < count; i++) {
        packer_text(&b, pairs[i].key);
        buffer_put(&b, pairs[i].value, pairs[i].len);
    }
    assert_int_equal(reader_check(b.p, b.len), GMM_OK);
    enum gmm_err err = record_document_decode(out, b.p, b.len);
    record_document_close(out);
    buffer_close(&b);
    return err;
}

static void test_required_keys(void **state)
{
    (void)state;
    static const struct pair all[] = {PAIR("content", "\xc4\x00"), PAIR("marking", "\x00"), PAIR("version", "\x01")};
    struct record_document out;
    assert_int_equal(decode_pairs(&out, all, 3), GMM_OK);
    for (int without = 0; without < 3; without++) {
        struct pair two[2];
        for (int i = 0, n = 0; i < 3; i++)
            if (i != without)
                two[n++] = all[i];
        assert_int_equal(decode_pairs(&out, two, 2), GMM_EFORMAT);
    }
    assert_int_equal(decode_pairs(&out, all, 0), GMM_EFORMAT);
}

static void test_values_that_say_nothing_or_wrong(void **state)
{
    (void)state;
    static const struct pair extra[] = {
        PAIR("tlp", "\x00"),
        PAIR("tlp", "\x06"),
        PAIR("tlp", "\xa1"
                    "R"),
        PAIR("lang", "\xa0"),
        PAIR("lang", "\xc4\x01"
                     "f"),
        PAIR("name", "\xa1"
                     "f"),
        PAIR("name", "\xc4\x00"),
        PAIR("title", "\xa0"),
        PAIR("title", "\xc0"),
        PAIR("person", "\xa0"),
        PAIR("symbol", "\x90"),
    };
    struct record_document out;
    for (size_t i = 0; i < sizeof extra / sizeof *extra; i++) {
        struct pair p[] = {extra[i], PAIR("content", "\xc4\x00"), PAIR("marking", "\x00"), PAIR("version", "\x01")};
        if (decode_pairs(&out, p, 4) != GMM_EFORMAT)
            fail_msg("%s, case %zu was not refused", extra[i].key, i);
    }
    static const struct pair wrong[][3] = {
        {PAIR("content", "\xc4\x00"), PAIR("marking", "\x03"), PAIR("version", "\x01")},
        {PAIR("content", "\xc4\x00"), PAIR("marking", "\xff"), PAIR("version", "\x01")},
        {PAIR("content", "\xc4\x00"), PAIR("marking", "\x00"), PAIR("version", "\x00")},
        {PAIR("content", "\xc4\x00"), PAIR("marking", "\x00"), PAIR("version", "\xcf\x00\x00\x00\x01\x00\x00\x00\x00")},
        {PAIR("content", "\xa0"), PAIR("marking", "\x00"), PAIR("version", "\x01")},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(decode_pairs(&out, wrong[i], 3), GMM_EFORMAT);
    static const struct pair behind[] = {PAIR("translates", "\xc4\x01"
                                                            "x"),
                                         PAIR("attachments", "\x90"), PAIR("attachments", "\x91\x80"),
                                         PAIR("attachments", "\x91\x81\xa4"
                                                             "name"
                                                             "\xc4\x01"
                                                             "n"),
                                         PAIR("attachments", "\x91\x81\xa7"
                                                             "content"
                                                             "\xc4\x01"
                                                             "n")};
    for (size_t i = 0; i < sizeof behind / sizeof *behind; i++) {
        struct pair p[] = {PAIR("content", "\xc4\x00"), PAIR("marking", "\x00"), PAIR("version", "\x01"), behind[i]};
        assert_int_equal(decode_pairs(&out, p, 4), GMM_EFORMAT);
    }
}

/* Keys that a later version adds stand before, between and behind the known ones. */
static void test_unknown_keys_are_skipped(void **state)
{
    (void)state;
    static const struct pair p[] = {
        PAIR("a", "\xc0"),
        PAIR("tlq", "\x92\x01\x80"),
        PAIR("title", "\xa1"
                      "t"),
        PAIR("content", "\xc4\x00"),
        PAIR("handled", "\x05"),
        PAIR("marking", "\x00"),
        PAIR("version", "\x01"),
        PAIR("zzzzzzzzzzzzzz", "\xc3"),
    };
    struct record_document out;
    assert_int_equal(decode_pairs(&out, p, 8), GMM_OK);
    /* not a string, and a long one */
    static const char bytes[] = "\x85\x01\x02\xa7"
                                "content"
                                "\xc4\x00\xa7"
                                "marking"
                                "\x00\xa7"
                                "version"
                                "\x01\xd9\x21"
                                "a key of thirty-three characters."
                                "\xc0";
    assert_int_equal(record_document_decode(&out, bytes, sizeof bytes - 1), GMM_OK);
    record_document_close(&out);
    /* inside an attachment */
    static const struct pair attached[] = {PAIR("content", "\xc4\x00"), PAIR("marking", "\x00"),
                                           PAIR("version", "\x01"),
                                           PAIR("attachments", "\x91\x83\xa1"
                                                               "k"
                                                               "\xc0\xa4"
                                                               "name"
                                                               "\xc4\x01"
                                                               "n"
                                                               "\xa7"
                                                               "content"
                                                               "\xc4\x00")};
    assert_int_equal(decode_pairs(&out, attached, 4), GMM_OK);
}

static void test_too_many_keys(void **state)
{
    (void)state;
    struct record_receipt out;
    struct buffer b;
    buffer_init(&b, 4096);
    packer_map(&b, LIMIT_RECORD_KEYS + 1);
    for (unsigned i = 0; i <= LIMIT_RECORD_KEYS; i++) {
        packer_uint(&b, i);
        packer_nil(&b);
    }
    assert_int_equal(record_receipt_decode(&out, b.p, b.len), GMM_ELIMIT);
    buffer_close(&b);
}

static void test_truncated_and_prolonged(void **state)
{
    (void)state;
    struct record_document r, out;
    struct record_attachment attachments[2];
    struct buffer b;
    document_full(&r, attachments);
    assert_int_equal(document_bytes(&b, &r), GMM_OK);
    for (size_t n = 0; n < b.len; n++) {
        assert_int_equal(record_document_decode(&out, b.p, n), GMM_EFORMAT);
        assert_null(out.attachments);
    }
    buffer_put_u8(&b, 0xc0);
    assert_int_equal(record_document_decode(&out, b.p, b.len), GMM_EFORMAT);
    buffer_close(&b);
}

static void test_memory_ends(void **state)
{
    (void)state;
    struct record_document r, out;
    struct record_attachment attachments[2];
    struct buffer b;
    document_full(&r, attachments);
    r.content = attachments[1].content;
    assert_int_equal(document_bytes(&b, &r), GMM_OK);
    long at = 0;
    for (;; at++) {
        failmalloc_at(at);
        enum gmm_err err = record_document_decode(&out, b.p, b.len);
        if (!failmalloc_off())
            break;
        assert_int_equal(err, GMM_ENOMEM);
        assert_null(out.attachments);
        assert_null(out.content.chunks);
    }
    assert_true(at >= 3);
    record_document_close(&out);
    buffer_close(&b);
    for (at = 0;; at++) {
        buffer_init(&b, 1u << 20);
        failmalloc_at(at);
        enum gmm_err err = record_document_encode(&b, &r);
        bool failed = failmalloc_off();
        buffer_close(&b);
        if (!failed)
            break;
        assert_int_equal(err, GMM_ENOMEM);
    }
    assert_true(at > 0);
}

static struct record_note note_full(void)
{
    return (struct record_note){
        .document = id_of(7),
        .has_parent = true,
        .parent = id_of(8),
        .para = 12,
        .position = RECORD_AMENDMENT,
        .text = TEXT("reason"),
        .proposed = TEXT("new words"),
        .lang = TEXT("en"),
        .person = TEXT("B. Nguyen"),
        .name = TEXT("note.txt"),
    };
}

static void note_round_trip(const struct record_note *r, enum gmm_err expected)
{
    struct record_note back;
    struct buffer b, again;
    buffer_init(&b, 1u << 20);
    assert_int_equal(record_note_encode(&b, r), expected);
    if (expected == GMM_OK) {
        assert_int_equal(record_note_decode(&back, b.p, b.len), GMM_OK);
        assert_true(id_equal(&back.document, &r->document));
        assert_int_equal(back.has_parent, r->has_parent);
        assert_int_equal(back.para, r->para);
        assert_int_equal(back.position, r->position);
        assert_text(&back.text, &r->text);
        assert_text(&back.proposed, &r->proposed);
        assert_text(&back.lang, &r->lang);
        assert_text(&back.person, &r->person);
        assert_text(&back.name, &r->name);
        buffer_init(&again, 1u << 20);
        assert_int_equal(record_note_encode(&again, &back), GMM_OK);
        assert_int_equal(again.len, b.len);
        assert_memory_equal(again.p, b.p, b.len);
        buffer_close(&again);
        for (size_t n = 0; n < b.len && n < 300; n++)
            assert_int_equal(record_note_decode(&back, b.p, n), GMM_EFORMAT);
    }
    buffer_close(&b);
}

static void test_notes(void **state)
{
    (void)state;
    struct record_note r = note_full();
    note_round_trip(&r, GMM_OK);
    struct record_note least = {.document = id_of(1)};
    note_round_trip(&least, GMM_OK);
    r.position = RECORD_WITHDRAWN;
    note_round_trip(&r, GMM_OK);
    r.position = (enum record_position)20;
    note_round_trip(&r, GMM_EFORMAT);
    r = note_full();
    static char text[LIMIT_NOTE_TEXT + 1];
    memset(text, 'y', sizeof text);
    r.text = (struct record_text){text, LIMIT_NOTE_TEXT};
    r.proposed = r.text;
    note_round_trip(&r, GMM_OK);
    r.proposed.len++;
    note_round_trip(&r, GMM_ELIMIT);
}

static void test_notes_refused(void **state)
{
    (void)state;
    struct record_note out;
    struct buffer b;
    static const uint8_t positions[] = {0, 9, 31, 38, 127};
    struct gmm_id id = id_of(1);
    for (size_t i = 0; i < sizeof positions; i++) {
        buffer_init(&b, 100);
        packer_map(&b, 2);
        packer_text(&b, "document");
        packer_id(&b, &id);
        packer_text(&b, "position");
        packer_uint(&b, positions[i]);
        assert_int_equal(record_note_decode(&out, b.p, b.len), GMM_EFORMAT);
        assert_true(id_is_zero(&out.document));
        buffer_close(&b);
    }
    assert_int_equal(record_note_decode(&out, "\x80", 1), GMM_EFORMAT);
    assert_int_equal(record_note_decode(&out, "\x90", 1), GMM_EFORMAT);
}

static void test_receipts(void **state)
{
    (void)state;
    for (int opened = 0; opened < 2; opened++) {
        struct record_receipt r = {.document = id_of(3), .opened = opened != 0, .time_ms = 1394811600000}, back;
        if (opened)
            r.person = TEXT("C. Ivanova");
        struct buffer b;
        buffer_init(&b, 1000);
        assert_int_equal(record_receipt_encode(&b, &r), GMM_OK);
        assert_int_equal(record_receipt_decode(&back, b.p, b.len), GMM_OK);
        assert_true(id_equal(&back.document, &r.document));
        assert_int_equal(back.opened, r.opened);
        assert_true(back.time_ms == r.time_ms);
        assert_text(&back.person, &r.person);
        for (size_t n = 0; n < b.len; n++)
            assert_int_equal(record_receipt_decode(&back, b.p, n), GMM_EFORMAT);
        buffer_close(&b);
    }
    struct record_receipt out;
    assert_int_equal(record_receipt_decode(&out, "\x80", 1), GMM_EFORMAT);
}

static void test_group_names(void **state)
{
    (void)state;
    struct record_group_name r = {.name = TEXT("Cercle restreint")}, back;
    struct buffer b;
    buffer_init(&b, 1000);
    assert_int_equal(record_group_name_encode(&b, &r), GMM_OK);
    assert_int_equal(record_group_name_decode(&back, b.p, b.len), GMM_OK);
    assert_text(&back.name, &r.name);
    buffer_close(&b);
    r.name.len = 0;
    buffer_init(&b, 1000);
    assert_int_equal(record_group_name_encode(&b, &r), GMM_EFORMAT);
    buffer_close(&b);
    char text[LIMIT_NAME_TEXT + 1];
    memset(text, 'z', sizeof text);
    r.name = (struct record_text){text, sizeof text};
    buffer_init(&b, 1000);
    assert_int_equal(record_group_name_encode(&b, &r), GMM_ELIMIT);
    buffer_close(&b);
    assert_int_equal(record_group_name_decode(&back, "\x80", 1), GMM_EFORMAT);
    assert_int_equal(record_group_name_decode(&back, "\x81\xa4name\xa0", 7), GMM_EFORMAT);
    assert_int_equal(record_group_name_decode(&back, "\x82\xa1k\x01\xa4name\xa1n", 11), GMM_OK);
}

static void test_words(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        const char *text = record_position_text(i);
        if (text != NULL && text[0] != '\0')
            assert_int_equal(record_position_from_text(text), i);
        assert_int_equal(text != NULL, i <= RECORD_NO_OBJECTION || (i >= RECORD_ACCEPTED && i <= RECORD_WITHDRAWN));
    }
    assert_string_equal(record_position_text(RECORD_NO_POSITION), "");
    assert_int_equal(record_position_from_text("No Comment"), RECORD_NO_COMMENT);
    assert_int_equal(record_position_from_text("ACCEPTED_IN_PART"), RECORD_ACCEPTED_IN_PART);
    assert_int_equal(record_position_from_text(""), -1);
    assert_int_equal(record_position_from_text("accept"), -1);
    assert_int_equal(record_position_from_text("accepted-in"), -1);
    assert_int_equal(record_position_from_text("supports"), -1);
    assert_int_equal(record_marking_from_text("strictly confidential"), RECORD_STRICTLY_CONFIDENTIAL);
    assert_int_equal(record_marking_from_text("CONFIDENTIAL"), RECORD_CONFIDENTIAL);
    assert_int_equal(record_marking_from_text("unclassified"), RECORD_UNCLASSIFIED);
    assert_int_equal(record_marking_from_text("secret"), -1);
    assert_null(record_marking_text(3));
    assert_string_equal(record_tlp_text(RECORD_TLP_NONE), "");
    assert_null(record_tlp_text(6));
    assert_int_equal(record_tlp_from_text("TLP:AMBER+STRICT"), RECORD_TLP_AMBER_STRICT);
    assert_int_equal(record_tlp_from_text("amber"), RECORD_TLP_AMBER);
    assert_int_equal(record_tlp_from_text("white"), -1);
    assert_int_equal(record_tlp_from_text(""), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document_round_trip),
        cmocka_unit_test(test_document_least),
        cmocka_unit_test(test_document_limits),
        cmocka_unit_test(test_document_that_cannot_be_written),
        cmocka_unit_test(test_file_names),
        cmocka_unit_test(test_required_keys),
        cmocka_unit_test(test_values_that_say_nothing_or_wrong),
        cmocka_unit_test(test_unknown_keys_are_skipped),
        cmocka_unit_test(test_too_many_keys),
        cmocka_unit_test(test_truncated_and_prolonged),
        cmocka_unit_test(test_memory_ends),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_notes_refused),
        cmocka_unit_test(test_receipts),
        cmocka_unit_test(test_group_names),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
