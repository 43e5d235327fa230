/* A folder of its own for a test, gone afterwards with everything in it. */
#ifndef GMM_TESTS_TEMPDIR_H
#define GMM_TESTS_TEMPDIR_H

#include <stddef.h>

#define TEMPDIR_PATH 512

/* Makes a fresh folder (0700) under $TMPDIR or /tmp; exits when it cannot. */
void tempdir_make(char out[TEMPDIR_PATH]);
/* Removes it and what it holds, following no link. */
void tempdir_remove(const char *path);
/* path + "/" + name into out; exits when it does not fit. */
void tempdir_join(char out[TEMPDIR_PATH], const char *path, const char *name);
/* How many names the folder holds. */
size_t tempdir_count(const char *path);

#endif
