/* Command lines, an argument a line. What is accepted names a command and, once its files are there, passes the check
 * that the daemon makes. */
#include <stdlib.h>
#include <string.h>

#include "node/args.h"
#include "tests/node/sample_table.h"

#define ARGUMENTS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct args *args)
{
    if (args->command == NULL || (args->command->flags & COMMAND_HIDDEN) != 0)
        abort();
    if (args->help)
        return;
    for (unsigned i = 0; i < args->file_count; i++) {
        const struct args_file *file = &args->files[i];
        json_t *value = file->param->kind == COMMAND_WORDS ? json_string("") : json_pack("{s:i}", "fd", (int)i);
        if (args_set_file(file, value) != GMM_OK)
            abort();
    }
    if (command_check(args->command, args->args, args->file_count, NULL) != GMM_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *argv[ARGUMENTS + 1], *save = NULL;
    static char gmm[] = "gmm";
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    int argc = 0;
    argv[argc++] = gmm;
    for (char *line = strtok_r(text, "\n", &save); line != NULL && argc < ARGUMENTS; line = strtok_r(NULL, "\n", &save))
        argv[argc++] = line;
    argv[argc] = NULL;
    sample_use();
    struct args args;
    struct gmm_msg msg;
    if (args_parse(&args, argc, argv, UINT64_C(1794000000000), &msg) == GMM_OK)
        check(&args);
    args_close(&args);
    free(text);
    return 0;
}
