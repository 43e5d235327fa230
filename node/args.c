#include "node/args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/bytes.h"
#include "node/lang.h"
#include "node/times.h"

#define COMMAND_TEXT_BYTES 64

const struct args_global args_globals[] = {
    {"--home", "DIR", "the node's folder (else $GMM_HOME, else ~/.local/share/gmm)"},
    {"--json", NULL, "one JSON document on standard output"},
    {"--quiet", NULL, "no messages but errors"},
    {"--read-only", NULL, "write nothing"},
    {"--socket", "PATH", "the daemon's control socket (else $GMM_SOCKET, else gmm.conf, else the one in the home)"},
    {"--lang", "LANG", "the language of messages: en or fr"},
    {"--help", NULL, "what the command does and takes"},
    {"--version", NULL, "the program's version"},
};
const size_t args_global_count = sizeof args_globals / sizeof args_globals[0];

struct parser {
    struct args *out;
    int argc, at;
    char *const *argv;
    uint64_t now_ms;
    bool stdin_used;
    bool version; /* --version stood before any command */
    struct gmm_msg *msg;
};

/* ---- options ---- */

/* The option's name without "=value"; *value points behind it, or is NULL. */
static bool option_is(const char *arg, const char *name, const char **value)
{
    size_t len = strlen(name);
    *value = NULL;
    if (strncmp(arg, name, len) != 0 || (arg[len] != '\0' && arg[len] != '='))
        return false;
    if (arg[len] == '=')
        *value = arg + len + 1;
    return true;
}

static bool looks_like_option(const char *arg)
{
    return arg[0] == '-' && arg[1] != '\0';
}

static const struct args_global *find_global(const char *arg, const char **value)
{
    *value = NULL;
    if (strcmp(arg, "-h") == 0)
        arg = "--help";
    for (size_t i = 0; i < args_global_count; i++)
        if (option_is(arg, args_globals[i].name, value))
            return &args_globals[i];
    return NULL;
}

/* "-o" is also "--output", and takes its value attached as well ("-oFILE"). */
static const struct command_param *find_option(const struct command *command, const char *arg, const char **value)
{
    for (size_t i = 0; i < command->param_count; i++) {
        const struct command_param *param = &command->params[i];
        if (!command_is_option(param))
            continue;
        if (option_is(arg, param->name, value))
            return param;
        if (param->name[1] == '-' || strlen(param->name) != 2)
            continue;
        if (strcmp(param->name, "-o") == 0 && option_is(arg, "--output", value))
            return param;
        if (strncmp(arg, param->name, 2) == 0) {
            *value = arg + 2;
            return param;
        }
    }
    return NULL;
}

/* The value after "=", else the next argument. */
static enum gmm_err take_value(struct parser *p, const char *name, const char **value)
{
    if (*value != NULL)
        return GMM_OK;
    if (p->at >= p->argc)
        return gmm_fail(p->msg, GMM_EUSAGE, "%s needs a value", name);
    *value = p->argv[p->at++];
    return GMM_OK;
}

static void set_global(struct args *out, const char *name, const char *value)
{
    if (strcmp(name, "--home") == 0)
        out->home = value;
    else if (strcmp(name, "--socket") == 0)
        out->socket = value;
    else if (strcmp(name, "--lang") == 0)
        out->lang = value;
    else if (strcmp(name, "--json") == 0)
        out->json = true;
    else if (strcmp(name, "--quiet") == 0)
        out->quiet = true;
    else if (strcmp(name, "--read-only") == 0)
        out->read_only = true;
    else if (strcmp(name, "--help") == 0)
        out->help = true;
}

static enum gmm_err check_lang(struct parser *p, const char *value)
{
    enum lang lang;
    if (lang_parse(&lang, value) == GMM_OK)
        return GMM_OK;
    for (unsigned i = 0; i < LANG_COUNT; i++)
        p->out->suggestions[i] = lang_name((enum lang)i);
    return gmm_fail(p->msg, GMM_EUSAGE, "there are no messages in the language '%s': --lang takes en or fr", value);
}

static enum gmm_err take_global(struct parser *p, const struct args_global *global, const char *value)
{
    if (global->value == NULL && value != NULL)
        return gmm_fail(p->msg, GMM_EUSAGE, "%s takes no value", global->name);
    enum gmm_err err = global->value != NULL ? take_value(p, global->name, &value) : GMM_OK;
    if (err == GMM_OK && global->value != NULL && value[0] == '\0')
        err = gmm_fail(p->msg, GMM_EUSAGE, "%s needs a value", global->name);
    if (err == GMM_OK && strcmp(global->name, "--lang") == 0)
        err = check_lang(p, value);
    if (err == GMM_OK)
        set_global(p->out, global->name, value);
    return err;
}

/* The nearest options, the command's before the global ones. */
static enum gmm_err unknown_option(struct parser *p, const char *arg)
{
    const struct command *command = p->out->command;
    char name[COMMAND_TEXT_BYTES];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(arg, "="), arg);
    size_t most = (strlen(name) + 1) / 3, count = command != NULL ? command->param_count : 0, found = 0;
    for (size_t d = 1; d <= most; d++)
        for (size_t i = 0; i < count + args_global_count && found < 3; i++) {
            const char *known = i < count ? command->params[i].name : args_globals[i - count].name;
            if (known[0] == '-' && command_distance(name, known) == d)
                p->out->suggestions[found++] = known;
        }
    if (command == NULL)
        return gmm_fail(p->msg, GMM_EUSAGE, "unknown option '%s'", name);
    return gmm_fail(p->msg, GMM_EUSAGE, "unknown option '%s' of '%s'", name, command->name);
}

/* ---- values ---- */

static enum gmm_err put(struct parser *p, const struct command_param *param, json_t *value, struct args_file *file)
{
    char key[COMMAND_KEY_BYTES];
    command_key(param, key);
    json_t *args = p->out->args, *held = json_object_get(args, key);
    if (value == NULL)
        return GMM_ENOMEM;
    if ((param->flags & COMMAND_REPEATED) == 0) {
        if (held != NULL) {
            json_decref(value);
            return gmm_fail(p->msg, GMM_EUSAGE, "%s was given twice", param->name);
        }
        if (file != NULL)
            file->holder = args;
        return json_object_set_new(args, key, value) == 0 ? GMM_OK : GMM_ENOMEM;
    }
    if (held == NULL) {
        held = json_array();
        if (json_object_set_new(args, key, held) != 0) {
            json_decref(value);
            return GMM_ENOMEM;
        }
    }
    if (file != NULL) {
        file->holder = held;
        file->index = json_array_size(held);
    }
    return json_array_append_new(held, value) == 0 ? GMM_OK : GMM_ENOMEM;
}

static enum gmm_err put_file(struct parser *p, const struct command_param *param, const char *path)
{
    struct args *out = p->out;
    bool input = param->kind != COMMAND_OUT;
    if (out->file_count == LIMIT_REQUEST_FDS)
        return gmm_fail(p->msg, GMM_ELIMIT, "more than %u files in one command", LIMIT_REQUEST_FDS);
    if (path != NULL && path[0] == '\0')
        return gmm_fail(p->msg, GMM_EUSAGE, "%s needs the name of a file", param->name);
    if (input && strcmp(path, "-") == 0) {
        if (p->stdin_used)
            return gmm_fail(p->msg, GMM_EUSAGE, "standard input ('-') can be read for one argument only");
        p->stdin_used = true;
    }
    struct args_file *file = &out->files[out->file_count];
    *file = (struct args_file){.path = path, .param = param};
    enum gmm_err err = put(p, param, json_null(), file);
    if (err == GMM_OK)
        out->file_count++;
    return err;
}

static enum gmm_err put_text(struct parser *p, const struct command_param *param, const char *text)
{
    if (!bytes_is_utf8(text, strlen(text)))
        return gmm_fail(p->msg, GMM_EUSAGE, "the value of %s is not UTF-8: '%s'", param->name, text);
    return put(p, param, json_string(text), NULL);
}

static enum gmm_err put_int(struct parser *p, const struct command_param *param, const char *text)
{
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0)
        return gmm_fail(p->msg, GMM_EUSAGE, "%s needs a whole number from 0 on, not '%s'", param->name, text);
    return put(p, param, json_integer(n), NULL);
}

static enum gmm_err put_time(struct parser *p, const struct command_param *param, const char *text)
{
    uint64_t ms = 0;
    enum gmm_err err;
    if (param->kind == COMMAND_TIME)
        err = times_parse(&ms, text, p->now_ms, p->msg);
    else if (param->kind == COMMAND_SPAN)
        err = times_parse_span(&ms, text, p->msg);
    else
        err = times_parse_deadline(&ms, text, p->msg);
    return err == GMM_OK ? put(p, param, json_integer((json_int_t)ms), NULL) : err;
}

static enum gmm_err put_value(struct parser *p, const struct command_param *param, const char *text)
{
    bool is_stdin = strcmp(text, "-") == 0;
    switch (param->kind) {
    case COMMAND_FLAG:
        return put(p, param, json_true(), NULL);
    case COMMAND_TEXT:
        return put_text(p, param, text);
    case COMMAND_INT:
        return put_int(p, param, text);
    case COMMAND_TIME:
    case COMMAND_SPAN:
    case COMMAND_DEADLINE:
        return put_time(p, param, text);
    case COMMAND_IN:
    case COMMAND_OUT:
        return put_file(p, param, text);
    case COMMAND_WORDS:
        return is_stdin ? put_file(p, param, text) : put_text(p, param, text);
    case COMMAND_LINE:
        if (is_stdin || text[0] == '@')
            return put_file(p, param, is_stdin ? text : text + 1);
        return put_text(p, param, text);
    case COMMAND_JSON:
        break;
    }
    return gmm_fail(p->msg, GMM_EUSAGE, "%s cannot be given on the command line", param->name);
}

/* ---- the command ---- */

/* The index of the next argument that is no global option (of the command so far: a one that it defines is its own);
 * argc when another option comes first, or nothing. */
static int next_word(const struct parser *p, const struct command *command)
{
    int k = p->at;
    while (k < p->argc && looks_like_option(p->argv[k])) {
        const char *value;
        if (command != NULL && find_option(command, p->argv[k], &value) != NULL)
            return p->argc;
        const struct args_global *global = find_global(p->argv[k], &value);
        if (global == NULL)
            return p->argc;
        k += global->value != NULL && value == NULL ? 2 : 1;
    }
    return k < p->argc ? k : p->argc;
}

/* Some command is called "name word" or goes on after it. */
static bool is_extended(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *c = command_at(i);
        if ((c->flags & COMMAND_HIDDEN) == 0 && strncmp(c->name, name, len) == 0 &&
            (c->name[len] == '\0' || c->name[len] == ' '))
            return true;
    }
    return false;
}

static enum gmm_err take_globals(struct parser *p, int until)
{
    enum gmm_err err = GMM_OK;
    while (err == GMM_OK && p->at < until && looks_like_option(p->argv[p->at])) {
        const char *value, *arg = p->argv[p->at];
        const struct args_global *global = find_global(arg, &value);
        if (global == NULL)
            return unknown_option(p, arg);
        p->at++;
        p->version = p->version || strcmp(global->name, "--version") == 0;
        err = take_global(p, global, value);
    }
    return err;
}

static enum gmm_err unknown_command(struct parser *p, const char *name)
{
    command_suggest(name, p->out->suggestions);
    return gmm_fail(p->msg, GMM_EUSAGE, "unknown command '%s'", name);
}

/* The longest run of words that names a command. */
static enum gmm_err take_command(struct parser *p)
{
    char name[COMMAND_TEXT_BYTES], longer[2 * COMMAND_TEXT_BYTES];
    snprintf(name, sizeof name, "%s", p->argv[p->at++]);
    for (;;) {
        int k = next_word(p, command_find(name));
        if (k == p->argc)
            break;
        snprintf(longer, sizeof longer, "%s %.60s", name, p->argv[k]);
        if (strlen(longer) >= sizeof name || !is_extended(longer))
            break;
        enum gmm_err err = take_globals(p, k);
        if (err != GMM_OK)
            return err;
        memcpy(name, longer, strlen(longer) + 1);
        p->at++;
    }
    const struct command *command = command_find(name);
    if (command != NULL && (command->flags & COMMAND_HIDDEN) == 0) {
        p->out->command = command;
        /* "roster" stands for "roster list", which takes no words: "roster ad" is a mistyped command */
        int k = next_word(p, command);
        if (strcmp(name, command->name) == 0 || k == p->argc || command->param_count > 0)
            return GMM_OK;
        snprintf(longer, sizeof longer, "%s %.60s", name, p->argv[k]);
        return unknown_command(p, longer);
    }
    int k = next_word(p, NULL);
    snprintf(longer, sizeof longer, "%s%s%.60s", name, is_extended(name) && k < p->argc ? " " : "",
             is_extended(name) && k < p->argc ? p->argv[k] : "");
    return unknown_command(p, longer);
}

/* ---- what follows it ---- */

static enum gmm_err take_option(struct parser *p)
{
    const char *value, *arg = p->argv[p->at++];
    const struct command_param *param = find_option(p->out->command, arg, &value);
    if (param == NULL) {
        const struct args_global *global = find_global(arg, &value);
        if (global == NULL || strcmp(global->name, "--version") == 0)
            return unknown_option(p, arg);
        return take_global(p, global, value);
    }
    if (param->kind != COMMAND_FLAG) {
        enum gmm_err err = take_value(p, param->name, &value);
        return err == GMM_OK ? put_value(p, param, value) : err;
    }
    if (value != NULL)
        return gmm_fail(p->msg, GMM_EUSAGE, "%s takes no value", param->name);
    char key[COMMAND_KEY_BYTES];
    command_key(param, key);
    return json_object_set_new(p->out->args, key, json_true()) == 0 ? GMM_OK : GMM_ENOMEM;
}

/* Fills the positionals in the table's order; one that repeats takes the rest. */
static enum gmm_err take_positional(struct parser *p, size_t *next)
{
    const struct command *command = p->out->command;
    const char *text = p->argv[p->at++];
    while (*next < command->param_count && command_is_option(&command->params[*next]))
        (*next)++;
    if (*next == command->param_count)
        return gmm_fail(p->msg, GMM_EUSAGE, "'%s' takes no further argument: '%s'", command->name, text);
    const struct command_param *param = &command->params[*next];
    if ((param->flags & COMMAND_REPEATED) == 0)
        (*next)++;
    return put_value(p, param, text);
}

static enum gmm_err take_rest(struct parser *p)
{
    size_t next = 0;
    bool options = true;
    enum gmm_err err = GMM_OK;
    while (err == GMM_OK && p->at < p->argc) {
        const char *arg = p->argv[p->at];
        if (options && strcmp(arg, "--") == 0) {
            options = false;
            p->at++;
        } else if (options && looks_like_option(arg))
            err = take_option(p);
        else
            err = take_positional(p, &next);
    }
    return err;
}

/* What is required is there; outputs that were not given go where the table says. */
static enum gmm_err complete(struct parser *p)
{
    const struct command *command = p->out->command;
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < command->param_count && err == GMM_OK; i++) {
        const struct command_param *param = &command->params[i];
        char key[COMMAND_KEY_BYTES];
        command_key(param, key);
        if (json_object_get(p->out->args, key) != NULL)
            continue;
        if ((param->flags & COMMAND_REQUIRED) != 0)
            err = gmm_fail(p->msg, GMM_EUSAGE, "'%s' needs %s%s%s", command->name, param->name,
                           param->value != NULL ? " " : "", param->value != NULL ? param->value : "");
        else if (param->kind == COMMAND_OUT && (param->flags & (COMMAND_TO_STDOUT | COMMAND_TO_NAME)) != 0)
            err = put_file(p, param, NULL);
    }
    return err;
}

static enum gmm_err parse(struct parser *p)
{
    enum gmm_err err = take_globals(p, p->argc);
    if (err != GMM_OK)
        return err;
    if (p->version || (p->at == p->argc && p->out->help)) {
        p->out->command = command_find(p->version ? "version" : "help");
        p->out->help = false;
        return GMM_OK;
    }
    if (p->at == p->argc)
        return gmm_fail(p->msg, GMM_EUSAGE, "no command was given");
    err = take_command(p);
    if (err == GMM_OK)
        err = take_rest(p);
    if (p->out->command != NULL && p->out->help)
        return GMM_OK;
    return err == GMM_OK ? complete(p) : err;
}

enum gmm_err args_parse(struct args *out, int argc, char *const *argv, uint64_t now_ms, struct gmm_msg *msg)
{
    memset(out, 0, sizeof *out);
    struct parser p = {.out = out, .argc = argc, .at = 1, .argv = argv, .now_ms = now_ms, .msg = msg};
    out->args = json_object();
    enum gmm_err err = out->args != NULL ? parse(&p) : GMM_ENOMEM;
    /* a failure met before --json was reached is still told as JSON */
    for (int i = 1; err != GMM_OK && i < argc && strcmp(argv[i], "--") != 0; i++)
        out->json = out->json || strcmp(argv[i], "--json") == 0;
    return err;
}

enum gmm_err args_set_file(const struct args_file *file, json_t *value)
{
    char key[COMMAND_KEY_BYTES];
    command_key(file->param, key);
    if (value == NULL)
        return GMM_ENOMEM;
    int failed = json_is_array(file->holder) ? json_array_set_new(file->holder, file->index, value)
                                             : json_object_set_new(file->holder, key, value);
    return failed == 0 ? GMM_OK : GMM_ENOMEM;
}

void args_drop_file(const struct args_file *file)
{
    char key[COMMAND_KEY_BYTES];
    command_key(file->param, key);
    (void)json_object_del(file->holder, key);
}

void args_close(struct args *args)
{
    json_decref(args->args);
    args->args = NULL;
    args->file_count = 0;
}
