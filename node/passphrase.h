/* Where the secret that opens a keystore comes from (cli.md: Passphrase): asked on the terminal; else the file that
 * $GMM_PASSPHRASE_FILE names; else the systemd credential gmm.passphrase ($CREDENTIALS_DIRECTORY). There is a terminal
 * to ask on when standard input and standard error are terminals and /dev/tty can be opened: a script that runs at one
 * and is not to be asked gives gmm another standard input (</dev/null). One trailing line end is not part of a file's
 * passphrase. Never an argument, never a value in the environment. For a keystore under a key: the file that
 * $GMM_KEY_FILE names, else the credential gmm.key, exactly 32 bytes.
 */
#ifndef GMM_NODE_PASSPHRASE_H
#define GMM_NODE_PASSPHRASE_H

#include "node/node.h"

#define PASSPHRASE_BYTES 1024 /* what a node_ask_fn may write */

/* ask NULL, or GMM_ENOTFOUND of it: there is no terminal. What opens a keystore of this method: *secret is guarded
 * memory (secret_free) of *len bytes; NULL and 0 for method 0. GMM_EPASSPHRASE: none of the sources has one (msg names
 * them); GMM_EDENIED, GMM_EIO, GMM_ELIMIT of a file; GMM_ENOMEM. */
enum gmm_err passphrase_get(uint8_t **secret, size_t *len, enum keystore_method method, node_ask_fn *ask, void *arg,
                            const char *prompt, struct gmm_msg *msg);
/* A new one: asked twice on the terminal, else from the file that the variable named by file_variable names
 * ("GMM_PASSPHRASE_FILE", "GMM_NEW_PASSPHRASE_FILE"). GMM_EUSAGE: the two differ. Others as passphrase_get. */
enum gmm_err passphrase_new(uint8_t **secret, size_t *len, const char *file_variable, node_ask_fn *ask, void *arg,
                            const char *prompt, struct gmm_msg *msg);
/* That of another file than this home's: asked once on the terminal, else from the file that the variable names.
 * GMM_ENOTFOUND: neither; others as passphrase_get. */
enum gmm_err passphrase_other(uint8_t **secret, size_t *len, const char *file_variable, node_ask_fn *ask, void *arg,
                              const char *prompt, struct gmm_msg *msg);

#endif
