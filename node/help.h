/* Help, from the table of commands, in the reader's language: as JSON, and from that as text. */
#ifndef GMM_NODE_HELP_H
#define GMM_NODE_HELP_H

#include "node/command.h"

/* One command in full, or (NULL) all whose names begin with these words. */
json_t *help_json(const struct command *command, const char *words);
void help_render(const json_t *result, struct render *out);
/* For `gmm COMMAND --help` (NULL: the list of commands): prints it; returns the exit status. */
int help_print(const struct command *command, bool json);

#endif
