#include "node/config.h"

#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "keys/bytes.h"
#include "keys/text.h"
#include "node/keyfile.h"
#include "proto/record.h"

/* inih cuts a longer line silently; so ours is refused before inih sees it. */
#define LINE_BYTES_MAX 190

enum section {
    SECTION_NONE,
    SECTION_NODE,
    SECTION_NETWORK,
    SECTION_CONTROL,
    SECTION_PEOPLE,
    SECTION_FETCH,
    SECTION_RELAY,
    SECTION_RECEIPTS
};
static const char *const section_names[] = {"", "node", "network", "control", "people", "fetch", "relay", "receipts"};
#define SECTIONS (sizeof section_names / sizeof section_names[0])

struct parse {
    struct config *out;
    struct gmm_msg *msg;
    enum gmm_err err;
    const char *p;
    size_t left;
    unsigned line;
    bool has_people, has_lang, has_lock, has_fetch, has_fetch_kinds, has_fetch_marking, has_receipts, has_neighbours,
        has_keep, has_keep_group;
};

/* The first fault is the one that counts. */
static void fault(struct parse *parse, enum gmm_err err, const char *what, const char *value, const char *remedy)
{
    if (parse->err != GMM_OK)
        return;
    parse->err =
        gmm_fail(parse->msg, err, "gmm.conf, line %u: %s '%s': %s", parse->line, text_tr(what), value, text_tr(remedy));
}

static bool copy_text(char *out, size_t size, const char *text)
{
    size_t len = strlen(text);
    if (len >= size)
        return false;
    memcpy(out, text, len + 1);
    return true;
}

static bool is_one_of(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

static const struct word {
    unsigned bit;
    const char *text;
} rights[] = {{CONFIG_READ, "read"},   {CONFIG_POST, "post"},       {CONFIG_NOTE, "note"},
              {CONFIG_CLEAR, "clear"}, {CONFIG_RELEASE, "release"}, {CONFIG_ADMIN, "admin"}};
#define RIGHTS (sizeof rights / sizeof rights[0])
static const struct word fetch_kinds[] = {{CONFIG_FETCH_DOCUMENT, "document"}, {CONFIG_FETCH_ATTACHMENT, "attachment"}};

/* One word of a list, spaces around it ignored; 0: none such. */
static unsigned bit_of(const char *text, size_t len, const struct word *words, size_t count)
{
    while (len > 0 && (*text == ' ' || *text == '\t'))
        text++, len--;
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    for (size_t i = 0; i < count; i++)
        if (is_one_of(text, len, words[i].text))
            return words[i].bit;
    return 0;
}

/* Words with commas between them; 0: one is unknown, or there is none. */
static unsigned bits_of(const char *value, const struct word *words, size_t count)
{
    unsigned bits = 0;
    for (;; value++) {
        size_t len = strcspn(value, ",");
        unsigned bit = bit_of(value, len, words, count);
        if (bit == 0)
            return 0;
        bits |= bit;
        value += len;
        if (*value == '\0')
            return bits;
    }
}

static void set_lang(struct parse *parse, const char *value)
{
    if (parse->has_lang)
        fault(parse, GMM_EFORMAT, "a second lang", value, "keep one");
    parse->has_lang = true;
    size_t len = strlen(value);
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    if (len == 0 || strspn(value, allowed) != len || !copy_text(parse->out->lang, sizeof parse->out->lang, value))
        fault(parse, GMM_EFORMAT, "lang", value, "a language tag is wanted, such as fr or en");
}

static void set_lock(struct parse *parse, const char *value)
{
    if (parse->has_lock)
        fault(parse, GMM_EFORMAT, "a second lock-memory", value, "keep one");
    parse->has_lock = true;
    parse->out->allow_unlocked_memory = strcmp(value, "warn") == 0;
    if (!parse->out->allow_unlocked_memory && strcmp(value, "require") != 0)
        fault(parse, GMM_EFORMAT, "lock-memory", value, "require or warn is wanted");
}

/* HOST:PORT, [V6]:PORT; port 0 (a free one) only where we listen. */
static bool is_address(const char *text, bool zero_port)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL || colon == text)
        return false;
    size_t host = (size_t)(colon - text);
    bool bracket = text[0] == '[';
    if (bracket ? host < 3 || text[host - 1] != ']' : memchr(text, ':', host) != NULL)
        return false;
    for (size_t i = 0; i < host; i++)
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
            return false;
    const char *port = colon + 1;
    size_t digits = strspn(port, "0123456789");
    if (digits == 0 || digits > 5 || port[digits] != '\0')
        return false;
    unsigned long n = 0;
    for (size_t i = 0; i < digits; i++)
        n = n * 10 + (unsigned long)(port[i] - '0');
    return n <= 65535 && (n > 0 || zero_port);
}

static void add_address(struct parse *parse, char (*list)[LIMIT_ADDRESS_TEXT + 1], unsigned *count, const char *value,
                        bool zero_port)
{
    if (!is_address(value, zero_port))
        fault(parse, GMM_EFORMAT, "the address", value, "HOST:PORT is wanted, [HOST]:PORT for IPv6");
    else if (*count == LIMIT_ADDRESSES)
        fault(parse, GMM_ELIMIT, "the address", value, "more addresses than the 8 allowed");
    else if (!copy_text(list[*count], LIMIT_ADDRESS_TEXT + 1, value))
        fault(parse, GMM_ELIMIT, "the address", value, "longer than 255 bytes");
    else
        (*count)++;
}

static void set_socket(struct parse *parse, const char *value)
{
    struct sockaddr_un address;
    if (parse->out->socket[0] != '\0')
        fault(parse, GMM_EFORMAT, "a second socket", value, "keep one");
    else if (value[0] != '/')
        fault(parse, GMM_EFORMAT, "socket", value, "an absolute path is wanted");
    else if (strlen(value) >= sizeof address.sun_path)
        fault(parse, GMM_ELIMIT, "socket", value, "longer than a socket's path may be (107 bytes)");
    else if (!copy_text(parse->out->socket, sizeof parse->out->socket, value))
        fault(parse, GMM_ELIMIT, "socket", value, "too long");
}

static void set_socket_group(struct parse *parse, const char *value)
{
    if (parse->out->socket_group[0] != '\0')
        fault(parse, GMM_EFORMAT, "a second group", value, "keep one");
    else if (value[0] == '\0' || !copy_text(parse->out->socket_group, sizeof parse->out->socket_group, value))
        fault(parse, GMM_EFORMAT, "group", value, "the name of a Unix group is wanted");
}

/* A number of bytes; name: the key, once. */
static void set_bytes(struct parse *parse, const char *name, const char *second, const char *value, bool *has,
                      uint64_t *bytes)
{
    if (*has)
        fault(parse, GMM_EFORMAT, second, value, "keep one");
    *has = true;
    size_t digits = strspn(value, "0123456789");
    /* 18 digits never overflow. */
    if (digits == 0 || digits > 18 || value[digits] != '\0') {
        fault(parse, GMM_EFORMAT, name, value, "a number of bytes is wanted");
        return;
    }
    *bytes = 0;
    for (size_t i = 0; i < digits; i++)
        *bytes = *bytes * 10 + (uint64_t)(value[i] - '0');
}

static void set_fetch_kinds(struct parse *parse, const char *value)
{
    if (parse->has_fetch_kinds)
        fault(parse, GMM_EFORMAT, "a second auto-kinds", value, "keep one");
    parse->has_fetch_kinds = true;
    parse->out->fetch_kinds = bits_of(value, fetch_kinds, sizeof fetch_kinds / sizeof fetch_kinds[0]);
    if (parse->out->fetch_kinds == 0)
        fault(parse, GMM_EFORMAT, "auto-kinds", value, "a list of document, attachment is wanted");
}

static void set_fetch_marking(struct parse *parse, const char *value)
{
    int marking = record_marking_from_text(value);
    if (parse->has_fetch_marking)
        fault(parse, GMM_EFORMAT, "a second auto-marking", value, "keep one");
    parse->has_fetch_marking = true;
    if (marking < 0)
        fault(parse, GMM_EFORMAT, "auto-marking", value,
              "unclassified, confidential or strictly-confidential is wanted");
    else
        parse->out->fetch_marking = (unsigned)marking;
}

static void set_neighbours(struct parse *parse, const char *value)
{
    if (parse->has_neighbours)
        fault(parse, GMM_EFORMAT, "a second neighbours", value, "keep one");
    parse->has_neighbours = true;
    size_t digits = strspn(value, "0123456789");
    parse->out->neighbours = digits > 0 && digits <= 2 ? (unsigned)strtoul(value, NULL, 10) : UINT_MAX;
    if (value[digits] != '\0' || parse->out->neighbours > CONFIG_NEIGHBOURS)
        fault(parse, GMM_EFORMAT, "neighbours", value, "a number from 0 to 32 is wanted");
}

static void set_receipts(struct parse *parse, const char *value)
{
    if (parse->has_receipts)
        fault(parse, GMM_EFORMAT, "a second opened", value, "keep one");
    parse->has_receipts = true;
    parse->out->keep_opened_private = strcmp(value, "no") == 0;
    if (!parse->out->keep_opened_private && strcmp(value, "yes") != 0)
        fault(parse, GMM_EFORMAT, "opened", value, "yes or no is wanted");
}

const char *config_right_text(unsigned right)
{
    for (size_t i = 0; i < RIGHTS; i++)
        if (rights[i].bit == right)
            return rights[i].text;
    return "";
}

static void add_person(struct parse *parse, const char *name, const char *value)
{
    struct config *out = parse->out;
    for (unsigned i = 0; i < out->people_count; i++)
        if (strcmp(out->people[i].name, name) == 0)
            fault(parse, GMM_EFORMAT, "a second line for", name, "keep one");
    if (out->people_count == CONFIG_PEOPLE) {
        fault(parse, GMM_ELIMIT, "the account", name, "more accounts than the 256 allowed");
        return;
    }
    struct config_person *person = &out->people[out->people_count];
    if (name[0] == '\0' || !copy_text(person->name, sizeof person->name, name)) {
        fault(parse, GMM_EFORMAT, "the account", name, "a Unix account of at most 64 bytes, or *, is wanted");
        return;
    }
    person->may = bits_of(value, rights, RIGHTS);
    if (person->may == 0)
        fault(parse, GMM_EFORMAT, "the rights", value, "a list of read, post, note, clear, release, admin is wanted");
    out->people_count++;
}

static enum section section_of(const char *name, size_t len)
{
    for (size_t i = 1; i < SECTIONS; i++)
        if (is_one_of(name, len, section_names[i]))
            return (enum section)i;
    return SECTION_NONE;
}

static void unknown_key(struct parse *parse, const char *section, const char *name)
{
    char what[128];
    snprintf(what, sizeof what, _("in section [%.32s], the key"), section);
    fault(parse, GMM_EFORMAT, what, name, "unknown; see gmm help run");
}

static int take_pair(void *user, const char *section, const char *name, const char *value)
{
    struct parse *parse = user;
    struct config *out = parse->out;
    switch (section_of(section, strlen(section))) {
    case SECTION_NONE:
        fault(parse, GMM_EFORMAT, "the key", name, "it stands before any section, such as [network]");
        break;
    case SECTION_NODE:
        if (strcmp(name, "lang") == 0)
            set_lang(parse, value);
        else if (strcmp(name, "lock-memory") == 0)
            set_lock(parse, value);
        else
            unknown_key(parse, section, name);
        break;
    case SECTION_NETWORK:
        if (strcmp(name, "listen") == 0)
            add_address(parse, out->listen, &out->listen_count, value, true);
        else if (strcmp(name, "advertise") == 0)
            add_address(parse, out->advertise, &out->advertise_count, value, false);
        else if (strcmp(name, "neighbours") == 0)
            set_neighbours(parse, value);
        else
            unknown_key(parse, section, name);
        break;
    case SECTION_CONTROL:
        if (strcmp(name, "socket") == 0)
            set_socket(parse, value);
        else if (strcmp(name, "group") == 0)
            set_socket_group(parse, value);
        else
            unknown_key(parse, section, name);
        break;
    case SECTION_PEOPLE:
        add_person(parse, name, value);
        break;
    case SECTION_FETCH:
        if (strcmp(name, "auto-max") == 0)
            set_bytes(parse, N_("auto-max"), N_("a second auto-max"), value, &parse->has_fetch, &out->fetch_auto_max);
        else if (strcmp(name, "auto-kinds") == 0)
            set_fetch_kinds(parse, value);
        else if (strcmp(name, "auto-marking") == 0)
            set_fetch_marking(parse, value);
        else
            unknown_key(parse, section, name);
        break;
    case SECTION_RELAY:
        if (strcmp(name, "keep") == 0)
            set_bytes(parse, N_("keep"), N_("a second keep"), value, &parse->has_keep, &out->relay_most);
        else if (strcmp(name, "keep-group") == 0)
            set_bytes(parse, N_("keep-group"), N_("a second keep-group"), value, &parse->has_keep_group,
                      &out->relay_group_most);
        else
            unknown_key(parse, section, name);
        break;
    case SECTION_RECEIPTS:
        if (strcmp(name, "opened") == 0)
            set_receipts(parse, value);
        else
            unknown_key(parse, section, name);
        break;
    }
    return parse->err == GMM_OK;
}

/* A section line is read here: inih tells nothing of a section without keys, nor of what stands behind the bracket. */
static void check_section(struct parse *parse, const char *line)
{
    const char *end = strchr(line, ']');
    size_t len = end == NULL ? 0 : (size_t)(end - line - 1);
    enum section section = section_of(line + 1, len);
    const char *rest = end == NULL ? "" : end + 1;
    rest += strspn(rest, " \t");
    if (section == SECTION_NONE || (rest[0] != '\0' && rest[0] != ';' && rest[0] != '#'))
        fault(parse, GMM_EFORMAT, "the section", line,
              "[node], [network], [control], [people], [fetch] or [receipts] is wanted");
    if (section == SECTION_PEOPLE)
        parse->has_people = true;
}

/* Hands inih one line at a time, so that the line of a fault is known; outer space goes, which for inih would make an
 * indented line the continuation of the one before. */
static char *next_line(char *out, int size, void *user)
{
    struct parse *parse = user;
    if (parse->err != GMM_OK || parse->left == 0)
        return NULL;
    parse->line++;
    const char *start = parse->p;
    const char *end = memchr(start, '\n', parse->left);
    size_t len = end == NULL ? parse->left : (size_t)(end - start);
    parse->p += len + (end != NULL);
    parse->left -= len + (end != NULL);
    while (len > 0 && (start[len - 1] == '\r' || start[len - 1] == ' ' || start[len - 1] == '\t'))
        len--;
    while (len > 0 && (*start == ' ' || *start == '\t'))
        start++, len--;
    if (len > LINE_BYTES_MAX || len + 2 > (size_t)size) {
        char head[24];
        memcpy(head, start, sizeof head - 1);
        head[sizeof head - 1] = '\0';
        fault(parse, GMM_ELIMIT, "the line that begins with", head, "longer than 190 bytes");
        return NULL;
    }
    memcpy(out, start, len);
    out[len] = '\0';
    if (out[0] == '[')
        check_section(parse, out);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)out[i] < ' ' && out[i] != '\t')
            fault(parse, GMM_EFORMAT, "a control character in", "", "remove it");
    return parse->err == GMM_OK ? out : NULL;
}

static void defaults(struct config *out)
{
    memset(out, 0, sizeof *out);
    out->fetch_auto_max = UINT64_MAX;
    out->fetch_kinds = CONFIG_FETCH_DOCUMENT | CONFIG_FETCH_ATTACHMENT;
    out->fetch_marking = RECORD_STRICTLY_CONFIDENTIAL;
    out->neighbours = 4;
    out->relay_most = UINT64_C(10) << 30;
    out->relay_group_most = UINT64_C(2) << 30;
}

enum gmm_err config_parse(struct config *out, const char *text, size_t len, struct gmm_msg *msg)
{
    struct parse parse = {.out = out, .msg = msg, .err = GMM_OK, .p = text, .left = len};
    defaults(out);
    if (len > LIMIT_CONFIG_BYTES)
        return gmm_fail(msg, GMM_ELIMIT, "gmm.conf is larger than %u bytes", LIMIT_CONFIG_BYTES);
    if (!bytes_is_utf8(text, len))
        return gmm_fail(msg, GMM_EFORMAT, "gmm.conf is not UTF-8 text");
    int bad = ini_parse_stream(next_line, &parse, take_pair, &parse);
    if (parse.err == GMM_OK && bad != 0)
        parse.err = bad < 0 ? gmm_fail(msg, GMM_ENOMEM, "out of memory")
                            : gmm_fail(msg, GMM_EFORMAT, "gmm.conf, line %d: neither [section] nor key=value", bad);
    /* An empty list would shut everybody out, and is more likely a slip. */
    if (parse.err == GMM_OK && parse.has_people && out->people_count == 0)
        parse.err =
            gmm_fail(msg, GMM_EFORMAT, "gmm.conf: [people] names nobody: add an account, or remove the section");
    if (parse.err != GMM_OK)
        defaults(out);
    return parse.err;
}

enum gmm_err config_load(struct config *out, const char *path, struct gmm_msg *msg)
{
    uint8_t *text = NULL;
    size_t len = 0;
    defaults(out);
    enum gmm_err err = keyfile_read(&text, &len, path, LIMIT_CONFIG_BYTES, 0, msg);
    if (err == GMM_ENOTFOUND)
        return GMM_OK;
    if (err == GMM_OK)
        err = config_parse(out, (const char *)text, len, msg);
    keyfile_free(text, len);
    return err;
}

unsigned config_may(const struct config *config, const char *account, bool owner_or_root)
{
    if (config->people_count == 0)
        return owner_or_root ? CONFIG_ALL : 0;
    unsigned others = 0;
    for (unsigned i = 0; i < config->people_count; i++) {
        if (strcmp(config->people[i].name, account) == 0 && strcmp(account, "*") != 0)
            return config->people[i].may;
        if (strcmp(config->people[i].name, "*") == 0)
            others = config->people[i].may;
    }
    return others;
}
