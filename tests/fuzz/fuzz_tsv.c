/* A table from anybody: cells are ended text without tabs and line ends, and every row is a line further. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "node/tsv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"path", "title", "to", "id", "parent"};
    enum { NAMES = sizeof names / sizeof names[0] };
    struct tsv t;
    bool has[NAMES], more = true;
    char *cells[NAMES], *text = malloc(size + 1);
    must(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    enum gmm_err err = tsv_open(&t, text, size, names, NAMES, has, NULL);
    while (err == GMM_OK && more) {
        size_t line = t.line;
        err = tsv_next(&t, cells, &more, NULL);
        for (size_t i = 0; err == GMM_OK && more && i < NAMES; i++) {
            must(strpbrk(cells[i], "\t\n") == NULL);
            must(has[i] || cells[i][0] == '\0');
            must(strlen(cells[i]) <= size);
        }
        must(err != GMM_OK || !more || t.line > line);
    }
    must(err == GMM_OK || err == GMM_EUSAGE);
    free(text);
    return 0;
}
