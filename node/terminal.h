/* The terminal at hand: questions without echo, yes or no, how wide it is. */
#ifndef GMM_NODE_TERMINAL_H
#define GMM_NODE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/error.h"

#define TERMINAL_SECRET_BYTES 1024

/* A node_ask_fn (node/node.h; arg unused): prints the prompt on the terminal and reads a line without echo into guarded
 * memory of TERMINAL_SECRET_BYTES. GMM_ENOTFOUND: there is no terminal. GMM_ELIMIT: too long. GMM_ECLOSED: end of
 * input. */
enum gmm_err terminal_ask(void *arg, const char *prompt, uint8_t *out, size_t *len);
/* A person can be asked: standard input and stderr are terminals. */
bool terminal_interactive(void);
/* Prints "question [y/N] " on stderr; true only for a clear yes. */
bool terminal_confirm(const char *question);
/* Columns of the terminal behind fd ($COLUMNS where it does not say); 0: not a terminal. */
unsigned terminal_width(int fd);
/* Colour may be used: a terminal that is not dumb, and no NO_COLOR. */
bool terminal_colour(int fd);

#endif
