/* From argv to a command, its arguments as JSON and the files to open, by the table of commands (cli.md: Common rules).
 *
 * Global options may stand before or after the command; one that the command defines itself is the command's. "--" ends
 * the options; "--option=value" and "-oFILE" work.
 */
#ifndef GMM_NODE_ARGS_H
#define GMM_NODE_ARGS_H

#include <jansson.h>

#include "keys/limits.h"
#include "node/command.h"

/* The global options, for help and completion. value NULL: a flag. */
struct args_global {
    const char *name, *value, *help;
};
extern const struct args_global args_globals[];
extern const size_t args_global_count;

/* One file that the command line names; null stands for it in the arguments until args_set_file. */
struct args_file {
    const char *path; /* borrowed from argv; "-": standard input or output; NULL: an output that was not given */
    const struct command_param *param;
    json_t *holder; /* borrowed: the arguments' object, or the array inside it, where the value belongs */
    size_t index;   /* in the array */
};
struct args {
    const struct command *command;
    json_t *args; /* an object */
    unsigned file_count;
    struct args_file files[LIMIT_REQUEST_FDS];
    const char *home, *socket, *lang; /* borrowed from argv; NULL: not given */
    bool json, quiet, read_only;
    bool help;                  /* --help or -h: the command's help is wanted, nothing else was checked */
    const char *suggestions[4]; /* of a failure: the nearest commands or options, or all languages, NULL-ended */
};

/* now_ms: for spans back from now. GMM_EUSAGE and GMM_ELIMIT with the rule in msg (`json` is set whenever --json stands
 * in argv, `command` when it was found); GMM_ENOMEM. args_close in each case. */
enum gmm_err args_parse(struct args *out, int argc, char *const *argv, uint64_t now_ms, struct gmm_msg *msg);
/* Puts what was opened in the place of null. value: stolen; NULL: GMM_ENOMEM. */
enum gmm_err args_set_file(const struct args_file *file, json_t *value);
/* Takes an output that was not given out of the arguments again. */
void args_drop_file(const struct args_file *file);
void args_close(struct args *args);

#endif
