#include "tests/lib/tempdir.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void tempdir_make(char out[TEMPDIR_PATH])
{
    const char *base = getenv("TMPDIR");
    int n = snprintf(out, TEMPDIR_PATH, "%s/gmm-test-XXXXXX", base == NULL || base[0] == '\0' ? "/tmp" : base);
    if (n < 0 || n >= TEMPDIR_PATH || mkdtemp(out) == NULL) {
        perror(out);
        exit(1);
    }
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st;
    (void)type;
    (void)walk;
    return remove(path);
}

void tempdir_remove(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void tempdir_join(char out[TEMPDIR_PATH], const char *path, const char *name)
{
    int n = snprintf(out, TEMPDIR_PATH, "%s/%s", path, name);
    if (n < 0 || n >= TEMPDIR_PATH) {
        printf("%s/%s: too long\n", path, name);
        exit(1);
    }
}

size_t tempdir_count(const char *path)
{
    DIR *dir = opendir(path);
    if (dir == NULL)
        return 0;
    size_t count = 0;
    struct dirent *item;
    while ((item = readdir(dir)) != NULL)
        count += strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0;
    closedir(dir);
    return count;
}
