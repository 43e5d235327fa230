/* run, help, version, completion; help for `gmm COMMAND --help` too. */
#ifndef GMM_NODE_CMD_GENERAL_H
#define GMM_NODE_CMD_GENERAL_H

#include <stdbool.h>

struct command;

/* Prints a command's help (NULL: the list of commands); returns the exit status. */
int cmd_general_help(const struct command *command, bool json);

#endif
