/* What a command shows: results on standard output, everything else on stderr (cli.md: Output). */
#ifndef GMM_NODE_PRINTER_H
#define GMM_NODE_PRINTER_H

#include <jansson.h>
#include <stdbool.h>

#include "node/command.h"

struct printer {
    bool json, quiet;
    bool progress; /* a line of progress stands on the terminal */
    json_t *held;  /* with --json: sentences wait until it is known that nothing failed; NULL: none */
};

void printer_close(struct printer *p);
/* An event of a call: a sentence, progress, or a line for `watch`. GMM_EIO: standard output refused it. */
enum gmm_err printer_event(struct printer *p, const json_t *event);
/* A sentence of our own. */
void printer_say(struct printer *p, const char *text);
/* The result, and what was held back. GMM_EIO: standard output refused it. */
enum gmm_err printer_result(struct printer *p, const struct command *command, const json_t *result);
/* Only what was held back: the result is not for standard output. */
void printer_release(struct printer *p);
/* The error object: "gmm: message. Remedy." and the choices on stderr; with --json the document on standard output. */
void printer_error(struct printer *p, const json_t *error);

#endif
