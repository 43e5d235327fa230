/* A small table of commands in the place of the program's, for tests of what works from the table alone. */
#ifndef GMM_TESTS_SAMPLE_TABLE_H
#define GMM_TESTS_SAMPLE_TABLE_H

#include "node/command.h"

static const struct command_param get_params[] = {
    {"REF", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the document"},
    {"-o", COMMAND_OUT, COMMAND_TO_NAME, "FILE", "where to"},
    {"--version", COMMAND_INT, 0, "N", "which version"},
    {"--lang", COMMAND_TEXT, 0, "LANG", "which language"},
};
static const struct command_param post_params[] = {
    {"FILE", COMMAND_IN, COMMAND_REQUIRED, NULL, "the file"},
    {"--to", COMMAND_TEXT, COMMAND_REQUIRED | COMMAND_REPEATED, "GROUP", "who gets it"},
    {"--title", COMMAND_TEXT, 0, "TITLE", "its title"},
    {"--attach", COMMAND_IN, COMMAND_REPEATED, "FILE", "more files"},
    {"--yes", COMMAND_FLAG, 0, NULL, "do not ask"},
};
static const struct command_param search_params[] = {
    {"WORDS", COMMAND_TEXT, COMMAND_REQUIRED | COMMAND_REPEATED, NULL, "what to find"},
    {"--since", COMMAND_TIME, 0, "TIME", "not before"},
    {"--within", COMMAND_SPAN, 0, "SPAN", "how long"},
    {"--deadline", COMMAND_DEADLINE, 0, "TIME", "until"},
};
static const struct command_param note_params[] = {
    {"REF", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the document"},
    {"TEXT", COMMAND_WORDS, 0, NULL, "what to say"},
    {"--propose", COMMAND_WORDS, 0, "TEXT", "other words"},
};
static const struct command_param join_params[] = {{"INVITE", COMMAND_LINE, COMMAND_REQUIRED, NULL, "the invite"}};
static const struct command_param matrix_params[] = {
    {"-o", COMMAND_OUT, COMMAND_TO_STDOUT, "FILE", "where to"},
};
static const struct command_param batch_params[] = {{"ROWS", COMMAND_JSON, COMMAND_REQUIRED, NULL, "rows"}};

#define SAMPLE_PARAMS(p) .params = (p), .param_count = sizeof(p) / sizeof(p)[0]
static const struct command sample_commands[] = {
    {.name = "help", .flags = COMMAND_NO_HOME},
    {.name = "version", .flags = COMMAND_NO_HOME},
    {.name = "get", SAMPLE_PARAMS(get_params)},
    {.name = "post", SAMPLE_PARAMS(post_params), .flags = COMMAND_WRITES},
    {.name = "post batch", SAMPLE_PARAMS(batch_params), .flags = COMMAND_HIDDEN},
    {.name = "search", SAMPLE_PARAMS(search_params)},
    {.name = "note", SAMPLE_PARAMS(note_params)},
    {.name = "join", SAMPLE_PARAMS(join_params)},
    {.name = "matrix", SAMPLE_PARAMS(matrix_params)},
    {.name = "roster list"},
    {.name = "roster add", SAMPLE_PARAMS(join_params)},
    {.name = "role give chair", SAMPLE_PARAMS(join_params)},
    {.name = "role give lead"},
    {.name = "status"},
};
static const struct command_family sample_family = {sample_commands,
                                                    sizeof sample_commands / sizeof sample_commands[0]};
static const struct command_family *const sample_families[] = {&sample_family};

static void sample_use(void)
{
    command_use(sample_families, 1);
}

#endif
