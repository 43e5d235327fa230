/* Files that a command writes: whole or not at all.
 *
 * A regular file is written beside its place, synced and renamed; a device, a pipe and standard output get the bytes
 * once the command has succeeded; a name that others chose is made safe and never overwrites anything. On failure
 * nothing is left.
 */
#ifndef GMM_NODE_OUTFILE_H
#define GMM_NODE_OUTFILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "keys/error.h"

enum outfile_kind {
    OUTFILE_NONE,
    OUTFILE_FILE,   /* replaces path */
    OUTFILE_NAMED,  /* takes its name from outfile_finish, in this folder */
    OUTFILE_STREAM, /* through memory, then into target */
};
#define OUTFILE_PATH_BYTES 4096
struct outfile {
    enum outfile_kind kind;
    int fd;                        /* what the command writes to: a regular file or a memfd, open for reading too */
    int folder;                    /* where the file will stand; -1: none */
    int target;                    /* of a stream; not ours when it is standard output */
    char temp[32];                 /* its name meanwhile; "" where it has none (O_TMPFILE) */
    char name[256];                /* the name it gets */
    char path[OUTFILE_PATH_BYTES]; /* for messages; of the final file after outfile_finish */
};

/* path "-": standard output; NULL: named later. is_private: mode 0600. GMM_EIO: a directory, no such folder, not
 * writable. */
enum gmm_err outfile_open(struct outfile *out, const char *path, bool is_private, struct gmm_msg *msg);
/* Success: syncs and puts it in its place, or copies it. hex: the posted name of a NAMED one (NULL: "document").
 * GMM_EIO, GMM_EFULL: nothing is left (but for what a pipe has already taken). */
enum gmm_err outfile_finish(struct outfile *out, const char *hex, struct gmm_msg *msg);
/* Failure, or after finish: closes and removes what is left. */
void outfile_close(struct outfile *out);
bool outfile_is_stdout(const struct outfile *out);

/* A name that a file may safely have: no path, no control or invisible characters, no leading dot or dash, UTF-8, at
 * most 255 bytes; "document" when nothing is left. hex as in a reply; NULL is fine. */
void outfile_safe_name(char out[256], const char *hex);

#endif
