/* From argv to a command, its arguments as JSON and the files to open, by the table of commands (cli.md: Common rules).
 */
#ifndef GMM_NODE_ARGS_H
#define GMM_NODE_ARGS_H

#include <jansson.h>

#include "keys/limits.h"
#include "node/command.h"

/* One file that the command line names. The client opens it and fills `slot`. */
struct args_file {
    const char *path; /* borrowed from argv; "-": standard input or output; NULL: an output that was not given */
    const struct command_param *param;
    json_t *holder; /* borrowed: args, or the array inside it, where the value belongs */
    size_t index;   /* in the array */
};
struct args {
    const struct command *command;
    json_t *args;
    unsigned file_count;
    struct args_file files[LIMIT_REQUEST_FDS];
    /* global options */
    const char *home, *socket, *lang; /* borrowed from argv; NULL: not given */
    bool json, quiet, read_only;
    bool help;                  /* --help or -h: the command's help is wanted */
    const char *suggestions[4]; /* of a failure: nearest commands or options, NULL-ended */
    char suggested[4][40];
};

/* now_ms: for spans back from now. GMM_EUSAGE with the rule in msg (global options seen so far are set, so that the
 * caller knows how to print it); GMM_ENOMEM. args_close in each case. */
enum gmm_err args_parse(struct args *out, int argc, char *const *argv, uint64_t now_ms, struct gmm_msg *msg);
void args_close(struct args *args);

#endif
