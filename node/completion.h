/* Completion for shells, made from the table of commands. */
#ifndef GMM_NODE_COMPLETION_H
#define GMM_NODE_COMPLETION_H

#include <stdbool.h>
#include <stdio.h>

/* "bash", "zsh" or "fish"; false: another. */
bool completion_write(FILE *out, const char *shell);

#endif
