/* The one table of commands (architecture: rule 5): CLI parsing, control socket, help, completion and man pages come
 * from it. Families of commands stand in node/cmd_*.c, each with an array; node/commands.c joins
 * them.
 */
#ifndef GMM_NODE_COMMAND_H
#define GMM_NODE_COMMAND_H

#include <stdio.h>

#include "node/call.h"

struct client;
struct node;
struct render;

enum command_param_kind {
    COMMAND_FLAG,
    COMMAND_TEXT,
    COMMAND_INT,      /* ≥ 0 */
    COMMAND_TIME,     /* RFC 3339, bare date, "7d" (from now back): reaches the handler as integer ms since 1970 */
    COMMAND_SPAN,     /* "7d", "36h", "90s": integer ms */
    COMMAND_DEADLINE, /* RFC 3339 with a zone only; integer ms */
    COMMAND_IN,       /* a file to read, or "-": a descriptor */
    COMMAND_OUT,      /* a file to write, or "-" */
    COMMAND_WORDS, /* text, or "-": the text read from standard input (UTF-8, ≤ LIMIT_BODY_BYTES); text for the handler
                    */
    COMMAND_LINE,  /* text, or @FILE or "-": then a descriptor to read, as COMMAND_IN (an invite) */
    COMMAND_JSON   /* any JSON value; in steps of another command only (COMMAND_HIDDEN) */
};
#define COMMAND_REQUIRED 1u
#define COMMAND_REPEATED 2u /* positional: takes the rest; option: may be given again */
/* Of a COMMAND_OUT that was not given: nothing is passed, unless one of these says where it goes. */
#define COMMAND_TO_STDOUT 4u /* standard output */
#define COMMAND_TO_NAME                                                                                                \
    8u /* standard output when it is no terminal, else a safe form of the reply's "name" (hex) here */
#define COMMAND_PRIVATE 16u /* of a COMMAND_OUT: the file is made with mode 0600 */
#define COMMAND_WRITING 32u /* given, the command is refused under --read-only */
struct command_param {
    /* "--title" is an option (key of its value in the arguments: "title"), "-o" the option -o or --output (key "o"),
     * "REF" a positional (key "ref"); "--max-bytes" gives "max-bytes". */
    const char *name;
    enum command_param_kind kind;
    unsigned flags;
    const char *value; /* shown in help: "FILE", "GROUP"; NULL for flags and positionals */
    const char *help;
};

#define COMMAND_NO_HOME 1u   /* runs in the client, without a home (help, version, completion) */
#define COMMAND_LOCAL 2u     /* runs in the client's process without a node (init) */
#define COMMAND_EXCLUSIVE 4u /* needs the home's lock itself: refuses while a daemon runs (key passphrase) */
#define COMMAND_NETWORK 8u   /* in-process, the loop with the network runs until it has answered (sync, join, get) */
#define COMMAND_STREAM 16u   /* answers with events (watch) */
#define COMMAND_HIDDEN 32u   /* not in help: steps of another command (post --batch) */
#define COMMAND_UNJOINED 64u /* also works in a home that has no network yet */
#define COMMAND_WRITES 128u  /* refused under --read-only */
#define COMMAND_KEYLESS 256u /* runs with closed keys when no passphrase can be had (verify) */
#define COMMAND_BEHIND 512u  /* does not wait for what is not in the catalogue yet */
#define COMMAND_JUDGES 1024u /* its handler calls backlog_before where it must know all that is there (post) */

struct command {
    const char *name; /* "roster add" */
    const struct command_param *params;
    size_t param_count;
    unsigned flags;
    unsigned right; /* CONFIG_READ …: who may (checked before the handler); 0: everybody who reaches the node */
    void (*handler)(struct node *node, struct call *call); /* NULL for COMMAND_NO_HOME and COMMAND_LOCAL */
    /* Runs in the client's process instead of the handler, answers the call in the same way, and may use node/client.h:
     * ask, confirm, make further calls, hand this one on (client_forward). Required where handler is NULL. */
    void (*local)(struct client *client, struct call *call);
    /* Text for people from the JSON result. NULL: nothing is printed. */
    void (*render)(const json_t *result, struct render *out);
    const char *help;    /* one sentence */
    const char *details; /* more, or NULL */
    const char *example;
};
struct command_family {
    const struct command *commands;
    size_t count;
};
/* What the table consists of, for the life of the process: before anything else here. Borrowed. */
void command_use(const struct command_family *const *families, size_t count);
size_t command_count(void);
const struct command *command_at(size_t index);
/* "roster add"; "roster" finds "roster list" when there is no plain "roster". NULL: unknown. */
const struct command *command_find(const char *name);
/* The nearest names for a mistyped one, NULL-ended, at most 3. */
void command_suggest(const char *name, const char *out[4]);
/* Insertions, deletions, changes and swaps of neighbours that make b of a; SIZE_MAX when either is longer than 63. */
size_t command_distance(const char *a, const char *b);
bool command_is_option(const struct command_param *param);
/* The key of its value in the arguments. */
#define COMMAND_KEY_BYTES 32
void command_key(const struct command_param *param, char out[COMMAND_KEY_BYTES]);
/* Arguments that came from another process against the table: nothing unknown, nothing required missing, types and
 * descriptor numbers right; a handler may rely on it. GMM_EUSAGE. */
enum gmm_err command_check(const struct command *command, const json_t *args, unsigned fd_count, struct gmm_msg *msg);

#endif
