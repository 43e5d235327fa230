#include "node/command.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

static const struct command_family *const *families;
static size_t family_count;

void command_use(const struct command_family *const *table, size_t count)
{
    families = table;
    family_count = count;
}

size_t command_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < family_count; i++)
        count += families[i]->count;
    return count;
}

const struct command *command_at(size_t index)
{
    for (size_t i = 0; i < family_count; i++) {
        if (index < families[i]->count)
            return &families[i]->commands[index];
        index -= families[i]->count;
    }
    return NULL;
}

const struct command *command_find(const char *name)
{
    const struct command *listed = NULL;
    size_t len = strlen(name);
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *c = command_at(i);
        if (strcmp(c->name, name) == 0)
            return c;
        if (strncmp(c->name, name, len) == 0 && strcmp(c->name + len, " list") == 0)
            listed = c;
    }
    return listed;
}

/* ---- suggestions ---- */

#define DISTANCE_MAX 63
size_t command_distance(const char *a, const char *b)
{
    size_t rows[3][DISTANCE_MAX + 2], n = strlen(a), m = strlen(b);
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    if (n > DISTANCE_MAX || m > DISTANCE_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= m; j++) {
        before[j] = 0;
        last[j] = j;
    }
    for (size_t i = 1; i <= n; i++) {
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[m];
}

/* How far a mistyped name is from a command's: from the whole, or from its first word when it has one word itself. */
static size_t distance_to(const char *name, const char *command)
{
    size_t whole = command_distance(name, command), len = strlen(name);
    const char *space = strchr(command, ' ');
    if (len >= 2 && strncmp(command, name, len) == 0)
        return 1;
    if (space == NULL || strchr(name, ' ') != NULL)
        return whole;
    char first[DISTANCE_MAX + 1];
    size_t n = (size_t)(space - command);
    if (n > DISTANCE_MAX)
        return whole;
    memcpy(first, command, n);
    first[n] = '\0';
    size_t word = command_distance(name, first);
    return word < whole ? word : whole;
}

void command_suggest(const char *name, const char *out[4])
{
    size_t found[4] = {SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX}, most = (strlen(name) + 2) / 3;
    memset(out, 0, 4 * sizeof *out);
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *c = command_at(i);
        size_t d = (c->flags & COMMAND_HIDDEN) != 0 ? SIZE_MAX : distance_to(name, c->name);
        if (d > most)
            continue;
        size_t place = 3;
        while (place > 0 && d < found[place - 1])
            place--;
        if (place == 3)
            continue;
        memmove(&found[place + 1], &found[place], (2 - place) * sizeof *found);
        memmove(&out[place + 1], &out[place], (2 - place) * sizeof *out);
        found[place] = d;
        out[place] = c->name;
    }
}

/* ---- arguments ---- */

bool command_is_option(const struct command_param *param)
{
    return param->name[0] == '-';
}

void command_key(const struct command_param *param, char out[COMMAND_KEY_BYTES])
{
    size_t n = 0;
    for (const char *p = param->name + strspn(param->name, "-"); *p != '\0' && n + 1 < COMMAND_KEY_BYTES; p++)
        out[n++] = (char)tolower((unsigned char)*p);
    out[n] = '\0';
}

static bool is_file(const json_t *value, unsigned fd_count)
{
    const json_t *fd = json_object_get(value, "fd"), *name = json_object_get(value, "name"),
                 *path = json_object_get(value, "path");
    return json_is_integer(fd) && json_integer_value(fd) >= 0 && json_integer_value(fd) < (json_int_t)fd_count &&
           (name == NULL || json_is_string(name)) && (path == NULL || json_is_string(path));
}

static bool is_kind(const json_t *value, enum command_param_kind kind, unsigned fd_count)
{
    switch (kind) {
    case COMMAND_FLAG:
        return json_is_true(value);
    case COMMAND_TEXT:
    case COMMAND_WORDS:
        return json_is_string(value);
    case COMMAND_INT:
    case COMMAND_TIME:
    case COMMAND_SPAN:
    case COMMAND_DEADLINE:
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case COMMAND_IN:
    case COMMAND_OUT:
        return is_file(value, fd_count);
    case COMMAND_LINE:
        return json_is_string(value) || is_file(value, fd_count);
    case COMMAND_JSON:
        return true;
    }
    return false;
}

static bool is_valid(const json_t *value, const struct command_param *param, unsigned fd_count)
{
    if ((param->flags & COMMAND_REPEATED) == 0)
        return is_kind(value, param->kind, fd_count);
    if (!json_is_array(value) || json_array_size(value) == 0)
        return false;
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!is_kind(json_array_get(value, i), param->kind, fd_count))
            return false;
    return true;
}

enum gmm_err command_check(const struct command *command, const json_t *args, unsigned fd_count, struct gmm_msg *msg)
{
    size_t known = 0;
    char key[COMMAND_KEY_BYTES];
    for (size_t i = 0; i < command->param_count; i++) {
        const struct command_param *param = &command->params[i];
        command_key(param, key);
        const json_t *value = json_object_get(args, key);
        if (value == NULL && (param->flags & COMMAND_REQUIRED) != 0)
            return gmm_fail(msg, GMM_EUSAGE, "'%s' needs %s", command->name, param->name);
        if (value != NULL && !is_valid(value, param, fd_count))
            return gmm_fail(msg, GMM_EUSAGE, "'%s' was given an unusable value for %s", command->name, param->name);
        known += value != NULL;
    }
    if (known != json_object_size(args))
        return gmm_fail(msg, GMM_EUSAGE, "'%s' was given an argument that it does not know", command->name);
    return GMM_OK;
}
