/* The command line's own process: parses, opens files, finds the daemon or opens the home itself, prints.
 *
 * What stands here is for client_main and for the `local` functions of the table of commands (node/command.h), which
 * run in this process with the terminal at hand.
 */
#ifndef GMM_NODE_CLIENT_H
#define GMM_NODE_CLIENT_H

#include "node/call.h"

struct args;
struct client;

/* The whole program; returns the exit status. */
int client_main(int argc, char **argv);

/* The home's folder: --home, $GMM_HOME, … (resolved; it need not exist). */
const char *client_home(const struct client *client);
const struct args *client_args(const struct client *client); /* node/args.h: global options, files */
/* A person can be asked: standard input and stderr are terminals. */
bool client_interactive(const struct client *client);
/* Shows the question on the terminal; true only for a clear yes. Without a terminal: false. */
bool client_confirm(struct client *client, const char *question);
/* One further command of the table (hidden ones too), through the daemon or this process's own node, like the first.
 * *reply: new reference; the result, or {"error": …} (NULL: out of memory). Descriptors stay the caller's. Events of it
 * are shown. */
enum gmm_err client_call(struct client *client, const char *command, json_t *args /* stolen */, const int *fds,
                         unsigned fd_count, json_t **reply);
/* Hands the call to its command's handler, with its descriptors, and answers it with what comes back. */
void client_forward(struct client *client, struct call *call);
/* The error of a home that cannot be opened: that there is none, or one that we may not use, is a failure (1), not
 * something unknown (3) or forbidden (4). New reference; NULL: out of memory. */
json_t *client_open_error(enum gmm_err err, const struct gmm_msg *msg);
/* What the command wrote takes its place now, durably, before a further step that must not come first. GMM_EUSAGE: it
 * is no regular file. */
enum gmm_err client_keep_outputs(struct client *client, struct gmm_msg *msg);
/* A file named by other input (a row of a table): a descriptor of a regular file or memfd, as call_file gives. GMM_EIO:
 * a directory, unreadable. GMM_ENOTFOUND. The file's argument object for client_call: {"fd": index, "name": …, "path":
 * …}. */
enum gmm_err client_open(int *fd, const char *path, struct gmm_msg *msg);
json_t *client_file(const char *path, unsigned index); /* NULL: out of memory */

#endif
