#include "tests/lib/testdata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *testdata_root(void)
{
    static char path[4096];
    const char *named = getenv("GMM_TEST_DATA");
    snprintf(path, sizeof path, "%s", named != NULL && named[0] != '\0' ? named : GMM_TEST_DATA_DEFAULT);
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? path : NULL;
}

json_t *testdata_vectors(const char *name)
{
    const char *root = testdata_root();
    char path[8192];
    snprintf(path, sizeof path, "%s/vectors/%s", root == NULL ? GMM_TEST_DATA_DEFAULT : root, name);
    struct stat st;
    if (stat(path, &st) != 0) {
        printf("skipped: no vectors at %s (set GMM_TEST_DATA)\n", path);
        exit(TESTDATA_SKIP);
    }
    json_error_t error;
    json_t *json = json_load_file(path, 0, &error);
    if (json == NULL) {
        printf("%s: %s\n", path, error.text);
        exit(1);
    }
    return json;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

uint8_t *testdata_hex(const json_t *object, const char *member, size_t *len)
{
    const char *text = json_string_value(json_object_get(object, member));
    if (text == NULL)
        text = "";
    size_t n = strlen(text) / 2;
    uint8_t *out = malloc(n + 1);
    if (out == NULL)
        exit(1);
    for (size_t i = 0; i < n; i++) {
        int high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            printf("%s: not hex\n", member);
            exit(1);
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    *len = n;
    return out;
}
