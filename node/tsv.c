#include "node/tsv.h"

#include <string.h>

#include "keys/bytes.h"

static char empty[1];

/* Ends the line that begins at t->at, moves behind it; NULL at the end of the text. */
static char *take_line(struct tsv *t)
{
    char *line = t->at;
    if (*line == '\0')
        return NULL;
    size_t n = strcspn(line, "\n");
    t->at = line + n + (line[n] == '\n');
    line[n] = '\0';
    if (n > 0 && line[n - 1] == '\r')
        line[n - 1] = '\0';
    t->line++;
    return line;
}

static char *take_cell(char **line)
{
    char *cell = *line;
    size_t n = strcspn(cell, "\t");
    *line = cell[n] == '\t' ? cell + n + 1 : NULL;
    cell[n] = '\0';
    return cell;
}

static int place_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

enum gmm_err tsv_open(struct tsv *t, char *text, size_t len, const char *const *names, size_t name_count, bool *has,
                      struct gmm_msg *msg)
{
    *t = (struct tsv){.at = text, .wanted_count = name_count};
    for (size_t i = 0; has != NULL && i < name_count; i++)
        has[i] = false;
    if (memchr(text, '\0', len) != NULL || !bytes_is_utf8(text, len))
        return gmm_fail(msg, GMM_EUSAGE, "the table is not UTF-8 text");
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        t->at += 3;
    char *line = take_line(t);
    if (line == NULL)
        return gmm_fail(msg, GMM_EUSAGE, "the table is empty: its first line names the columns");
    if (*line == '#')
        line++;
    while (line != NULL) {
        const char *name = take_cell(&line);
        if (t->column_count == TSV_COLUMNS)
            return gmm_fail(msg, GMM_EUSAGE, "line 1: more than %u columns", TSV_COLUMNS);
        int place = place_of(name, names, name_count);
        for (size_t i = 0; place >= 0 && i < t->column_count; i++)
            if (t->wanted[i] == place)
                return gmm_fail(msg, GMM_EUSAGE, "line 1: the column '%s' stands there twice", name);
        if (place >= 0 && has != NULL)
            has[place] = true;
        t->wanted[t->column_count++] = place;
    }
    return GMM_OK;
}

enum gmm_err tsv_next(struct tsv *t, char **cells, bool *more, struct gmm_msg *msg)
{
    char *line;
    for (size_t i = 0; i < t->wanted_count; i++)
        cells[i] = empty;
    do
        line = take_line(t);
    while (line != NULL && *line == '\0');
    *more = line != NULL;
    for (size_t i = 0; line != NULL; i++) {
        if (i == t->column_count)
            return gmm_fail(msg, GMM_EUSAGE, "line %zu: more cells than the %zu columns of the first line", t->line,
                            t->column_count);
        char *cell = take_cell(&line);
        if (t->wanted[i] >= 0)
            cells[t->wanted[i]] = cell;
    }
    return GMM_OK;
}
