/* run, help, version, completion. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/client.h"
#include "node/commands.h"
#include "node/completion.h"
#include "node/daemon.h"
#include "node/help.h"
#include "node/render.h"

/* ---- help ---- */

static void fail_unknown(struct call *call, const char *words)
{
    const char *near[4];
    struct gmm_msg message;
    char remedy[192];
    snprintf(remedy, sizeof remedy, "%s", exit_remedy(GMM_EUSAGE));
    json_t *choices = json_array();
    command_suggest(words, near);
    for (size_t i = 0; near[i] != NULL; i++)
        (void)json_array_append_new(choices, json_string(near[i]));
    if (near[0] != NULL)
        snprintf(remedy, sizeof remedy, _("did you mean '%s'?"), near[0]);
    gmm_fail(&message, GMM_EUSAGE, "unknown command '%.64s'", words);
    call_fail_choices(call, GMM_EUSAGE, message.text, remedy, choices);
}

static void help_local(struct client *client, struct call *call)
{
    char words[96] = "";
    (void)client;
    for (size_t i = 0; i < call_count(call, "command"); i++) {
        size_t n = strlen(words);
        snprintf(words + n, sizeof words - n, "%s%s", n > 0 ? " " : "", call_text_at(call, "command", i));
    }
    const struct command *command = words[0] != '\0' ? command_find(words) : NULL;
    if (command != NULL && (command->flags & COMMAND_HIDDEN) != 0)
        command = NULL;
    json_t *result = help_json(command, words);
    if (words[0] == '\0' || json_array_size(json_object_get(result, "commands")) > 0)
        call_reply(call, result);
    else {
        json_decref(result);
        fail_unknown(call, words);
    }
}

/* ---- version, completion, run ---- */

static void version_local(struct client *client, struct call *call)
{
    (void)client;
    call_reply(call, json_pack("{s:s}", "version", GMM_VERSION));
}

static void version_render(const json_t *result, struct render *out)
{
    render_line(out, "gmm %s", json_string_value(json_object_get(result, "version")));
}

static void fail_shell(struct call *call, const char *shell)
{
    struct gmm_msg message;
    gmm_fail(&message, GMM_EUSAGE, "no completion for '%.64s'", shell);
    call_fail(call, GMM_EUSAGE, message.text, "name bash, zsh or fish");
}

static void completion_local(struct client *client, struct call *call)
{
    const char *shell = call_text(call, "shell");
    char *text = NULL;
    size_t size = 0;
    (void)client;
    FILE *f = open_memstream(&text, &size);
    bool known = f != NULL && completion_write(f, shell);
    bool failed = f == NULL || fclose(f) != 0;
    if (failed)
        call_fail(call, GMM_ENOMEM, NULL, NULL);
    else if (!known)
        fail_shell(call, shell);
    else
        call_reply(call, json_pack("{s:s, s:s}", "shell", shell, "script", text));
    free(text);
}

static void completion_render(const json_t *result, struct render *out)
{
    fputs(json_string_value(json_object_get(result, "script")), out->out);
}

static const struct command_param run_params[] = {
    {"--listen", COMMAND_TEXT, COMMAND_REPEATED, "HOST:PORT", "where peers reach this node; port 0 takes a free one"},
    {"--advertise", COMMAND_TEXT, COMMAND_REPEATED, "HOST:PORT", "what others are told to dial, where it differs"},
    {"--no-listen", COMMAND_FLAG, 0, NULL, "only dial, accept nobody"},
};
static const struct command_param help_params[] = {
    {"COMMAND", COMMAND_TEXT, COMMAND_REPEATED, NULL, "the command, or its first words"},
};
static const struct command_param completion_params[] = {
    {"SHELL", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "bash, zsh or fish"},
};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
    {.name = "run",
     PARAMS(run_params),
     .flags = COMMAND_LOCAL | COMMAND_STREAM | COMMAND_UNJOINED | COMMAND_WRITES,
     .local = daemon_run,
     .help = "Run this office's node in the foreground: accept peers, dial peers, serve the other commands.",
     .details = "Without --listen and without listen= in gmm.conf it listens on port 7466. Once it accepts peers it "
                "prints 'listening on HOST:PORT' ('ready' with --no-listen). SIGTERM stops it cleanly; SIGHUP reads "
                "gmm.conf again.",
     .example = "gmm run --listen 0.0.0.0:7466 --advertise gmm.example.org:7466"},
    {.name = "help",
     PARAMS(help_params),
     .flags = COMMAND_NO_HOME,
     .local = help_local,
     .render = help_render,
     .help = "List the commands, or say what one of them does.",
     .example = "gmm help post"},
    {.name = "version",
     .flags = COMMAND_NO_HOME,
     .local = version_local,
     .render = version_render,
     .help = "Print the program's version.",
     .example = "gmm version"},
    {.name = "completion",
     PARAMS(completion_params),
     .flags = COMMAND_NO_HOME,
     .local = completion_local,
     .render = completion_render,
     .help = "Print the completion script for a shell.",
     .example = "gmm completion bash > /etc/bash_completion.d/gmm"},
};
const struct command_family command_general = {commands, sizeof commands / sizeof commands[0]};
