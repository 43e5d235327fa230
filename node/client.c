#include "node/client.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "keys/secret.h"
#include "node/account.h"
#include "node/args.h"
#include "node/assembly.h"
#include "node/control.h"
#include "node/help.h"
#include "node/infile.h"
#include "node/lang.h"
#include "node/loop.h"
#include "node/outfile.h"
#include "node/outfile_split.h"
#include "node/printer.h"
#include "node/remote.h"
#include "node/render.h"
#include "node/sys.h"
#include "node/terminal.h"

#define START_WAIT_MS 10000u /* for a daemon that holds the home and does not listen yet */
#define START_POLL_MS 20
#define WORDS_BYTES (LIMIT_CONTROL_REQUEST - 65536u)

struct client {
    struct args args;
    struct printer printer;
    char home[HOME_PATH_MAX];
    char control[HOME_PATH_MAX];
    bool socket_named;   /* by --socket or $GMM_SOCKET */
    bool allow_unlocked; /* gmm.conf says so */
    struct node *node;   /* open where no daemon runs */
    bool kept;           /* outputs are in their places already */
    struct outfile outs[LIMIT_REQUEST_FDS];
    unsigned out_count;
    int fds[LIMIT_REQUEST_FDS]; /* until the first call takes them */
    unsigned fd_count;
};

/* What comes back from a call. */
struct answer {
    struct client *client;
    bool answered;
    enum gmm_err err;
    json_t *reply; /* the result, or {"error": …} */
};

/* ---- for local functions ---- */

const char *client_home(const struct client *client)
{
    return client->home;
}

const struct args *client_args(const struct client *client)
{
    return &client->args;
}

bool client_interactive(const struct client *client)
{
    (void)client;
    return terminal_interactive();
}

bool client_confirm(struct client *client, const char *question)
{
    printer_release(&client->printer);
    return terminal_interactive() && terminal_confirm(question);
}

enum gmm_err client_open(int *fd, const char *path, struct gmm_msg *msg)
{
    return infile_open(fd, path, msg);
}

json_t *client_file(const char *path, unsigned index)
{
    return infile_value(path, index);
}

/* ---- answers ---- */

static void set_answer(struct answer *answer, enum gmm_err err, json_t *reply)
{
    json_decref(answer->reply);
    answer->answered = true;
    answer->err = err;
    answer->reply = reply;
}

/* An error of this process. status: exit_of(err), but where the contract says otherwise. */
static void set_error(struct answer *answer, enum exit_status status, const char *code, enum gmm_err err,
                      const char *message, const char *remedy)
{
    json_t *error = call_error(status, code, err, message[0] != '\0' ? message : NULL, remedy, NULL);
    set_answer(answer, err, error != NULL ? json_pack("{s:o}", "error", error) : NULL);
}

static void on_event(void *arg, json_t *event)
{
    struct answer *answer = arg;
    if (printer_event(&answer->client->printer, event) != GMM_OK)
        exit(EXIT_FAILED); /* nobody reads the events any more */
}

static void on_done(void *arg, enum gmm_err err, json_t *reply)
{
    set_answer(arg, err, reply != NULL ? json_incref(reply) : NULL);
}

static const struct call_ops ops = {on_event, on_done};

/* ---- a call through the daemon ---- */

static void take_response(struct answer *answer, json_t *error, json_t *result)
{
    enum gmm_err err = GMM_OK;
    if (error != NULL)
        err = exit_err(json_string_value(json_object_get(error, "code")),
                       (int)json_integer_value(json_object_get(error, "exit")));
    if (error != NULL && result == NULL)
        result = json_pack("{s:O}", "error", error);
    json_decref(error);
    set_answer(answer, err, result);
}

/* GMM_ENOTFOUND: there is no daemon, nothing was asked; everything else is an answer. */
static enum gmm_err call_remote(struct client *client, struct answer *answer, const char *command, const json_t *args,
                                const int *fds, unsigned fd_count, bool exclusive)
{
    struct gmm_msg msg = {.text = ""};
    struct remote *remote = NULL;
    json_t *error, *result;
    enum gmm_err err = remote_open(&remote, client->control, &msg);
    if (err == GMM_ENOTFOUND)
        return err;
    if (err != GMM_OK) {
        set_error(answer, err == GMM_EDENIED ? EXIT_DENIED : EXIT_FAILED, NULL, err, msg.text,
                  err == GMM_ETIMEOUT ? "look at its log, or stop it"
                  : err == GMM_EDENIED
                      ? "run gmm as the owner of the home, or ask the IT officer to let this account in"
                      : NULL);
        return GMM_OK;
    }
    if (exclusive) {
        remote_close(remote);
        set_error(answer, EXIT_FAILED, NULL, GMM_EBUSY,
                  "a daemon runs on this home, and this needs the home for itself", "stop the daemon first");
        return GMM_OK;
    }
    err = remote_call(remote, command, args, fds, fd_count, on_event, answer, &error, &result);
    remote_close(remote);
    if (err == GMM_OK)
        take_response(answer, error, result);
    else if (err == GMM_ECLOSED)
        set_error(answer, EXIT_FAILED, "outcome-unknown", err, "outcome unknown: the daemon stopped before it answered",
                  "start it again, and look whether it was done before you repeat it");
    else if (err != GMM_ENOTFOUND)
        set_error(answer, exit_of(err), NULL, err, "", NULL);
    return err == GMM_ENOTFOUND ? err : GMM_OK;
}

/* ---- a call in this process ---- */

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0';
}

/* A passphrase can be had: then a wrong one is an error, not a reason to go on without. */
static bool has_secret(void)
{
    return terminal_interactive() || is_set("GMM_PASSPHRASE_FILE") || is_set("GMM_KEY_FILE") ||
           is_set("CREDENTIALS_DIRECTORY");
}

static enum gmm_err open_node(struct client *client, const struct command *command, struct gmm_msg *msg)
{
    /* Who has the home may open its control socket meanwhile: submit waits, and asks there. */
    unsigned flags = NODE_NO_WAIT | (client->args.read_only ? NODE_READ_ONLY : 0u);
    node_ask_fn *ask = terminal_interactive() ? terminal_ask : NULL;
    bool keyless = (command->flags & COMMAND_KEYLESS) != 0;
    if (keyless)
        flags |= NODE_DAMAGED; /* damage is what `verify` is there to name */
    enum gmm_err err = assembly_open(&client->node, client->home, flags, ask, NULL, msg);
    if (keyless && err == GMM_EPASSPHRASE && !has_secret())
        err = assembly_open(&client->node, client->home, flags | NODE_NO_KEYS, ask, NULL, msg);
    return err;
}

json_t *client_open_error(enum gmm_err err, const struct gmm_msg *msg)
{
    const char *text = msg->text[0] != '\0' ? msg->text : NULL;
    if (err == GMM_ENOTFOUND)
        return call_error(EXIT_FAILED, "no-home", err, text, "run gmm init to make one, or name another with --home",
                          NULL);
    if (err == GMM_EDENIED)
        return call_error(EXIT_FAILED, "home", err, text, exit_remedy(GMM_EIO), NULL);
    return call_error(exit_of(err), NULL, err, text, NULL, NULL);
}

static void fail_to_open(const struct client *client, struct answer *answer, enum gmm_err err, struct gmm_msg *msg)
{
    if (err == GMM_ENOTFOUND && client->socket_named)
        gmm_fail(msg, err, "no daemon listens on %s, and there is no home at %s", client->control, client->home);
    json_t *error = client_open_error(err, msg);
    set_answer(answer, err, error != NULL ? json_pack("{s:o}", "error", error) : NULL);
}

static void call_here(struct client *client, struct answer *answer, const char *command, const json_t *args,
                      const int *fds, unsigned fd_count)
{
    struct gmm_msg msg = {.text = ""};
    char person[LIMIT_PERSON_TEXT + 1];
    int copies[LIMIT_REQUEST_FDS];
    unsigned count = 0;
    account_name(getuid(), person);
    for (; count < fd_count && count < LIMIT_REQUEST_FDS; count++) {
        copies[count] = fcntl(fds[count], F_DUPFD_CLOEXEC, 3);
        if (copies[count] < 0)
            break;
    }
    unsigned rights = config_may(&client->node->config, person, true);
    json_t *copy = count == fd_count ? json_deep_copy(args) : NULL;
    struct call *call = call_new(command, copy, copies, count, person, rights, &ops, answer);
    if (call == NULL) {
        set_error(answer, EXIT_FAILED, NULL, GMM_ENOMEM, "", NULL);
        return;
    }
    enum gmm_err err = loop_call(client->node, client->control, call, &answer->answered, &msg);
    if (!answer->answered)
        set_error(answer, exit_of(err), NULL, err, msg.text, NULL);
}

/* The command, or what it is asked to do this time. */
static bool writes(const struct command *command, const json_t *args)
{
    char key[COMMAND_KEY_BYTES];
    bool found = (command->flags & COMMAND_WRITES) != 0;
    for (size_t i = 0; i < command->param_count && !found; i++) {
        command_key(&command->params[i], key);
        found = (command->params[i].flags & COMMAND_WRITING) != 0 && json_object_get(args, key) != NULL;
    }
    return found;
}

/* The daemon where there is one, else this process; a daemon that has the home and does not listen yet is waited for.
 */
static void submit(struct client *client, struct answer *answer, const char *name, const json_t *args, const int *fds,
                   unsigned fd_count)
{
    const struct command *command = command_find(name);
    uint64_t until_ms = sys_now_ms() + START_WAIT_MS;
    if (command == NULL) {
        set_error(answer, EXIT_USAGE, NULL, GMM_EUSAGE, "no such command", NULL);
        return;
    }
    if (client->args.read_only && writes(command, args)) {
        struct gmm_msg msg;
        gmm_fail(&msg, GMM_EUSAGE, "'%s' writes, and --read-only was given", command->name);
        set_error(answer, EXIT_USAGE, NULL, GMM_EUSAGE, msg.text, "leave one of them out");
        return;
    }
    bool exclusive = (command->flags & COMMAND_EXCLUSIVE) != 0;
    while (client->node == NULL) {
        struct gmm_msg msg = {.text = ""};
        if (call_remote(client, answer, name, args, fds, fd_count, exclusive) == GMM_OK)
            return;
        enum gmm_err err = open_node(client, command, &msg);
        if (err == GMM_OK)
            break;
        if (err != GMM_EBUSY || sys_now_ms() >= until_ms) {
            fail_to_open(client, answer, err, &msg);
            return;
        }
        (void)poll(NULL, 0, START_POLL_MS);
    }
    call_here(client, answer, name, args, fds, fd_count);
}

enum gmm_err client_call(struct client *client, const char *command, json_t *args, const int *fds, unsigned fd_count,
                         json_t **reply)
{
    struct answer answer = {.client = client, .err = GMM_ENOMEM};
    if (args != NULL)
        submit(client, &answer, command, args, fds, fd_count);
    json_decref(args);
    *reply = answer.reply;
    return answer.err;
}

void client_forward(struct client *client, struct call *call)
{
    struct answer answer = {.client = client};
    unsigned fd_count;
    const int *fds = call_fds(call, &fd_count);
    submit(client, &answer, call_command(call), call_args(call), fds, fd_count);
    call_answer(call, answer.err, answer.reply);
}

/* ---- files of the command line ---- */

static enum gmm_err add_fd(struct client *client, const struct args_file *file, int fd, const char *path)
{
    if (fd < 0)
        return GMM_EIO;
    client->fds[client->fd_count] = fd;
    return args_set_file(file, infile_value(path, client->fd_count++));
}

static enum gmm_err open_output(struct client *client, const struct args_file *file, struct gmm_msg *msg)
{
    bool is_stdout = file->path == NULL ? (file->param->flags & COMMAND_TO_STDOUT) != 0 || !isatty(STDOUT_FILENO)
                                        : strcmp(file->path, "-") == 0;
    if (client->args.json && is_stdout && file->path != NULL)
        return gmm_fail(msg, GMM_EUSAGE, "--json and '%s -' both want standard output: name a file", file->param->name);
    if (client->args.json && is_stdout && (file->param->flags & COMMAND_TO_STDOUT) != 0) {
        args_drop_file(file);
        return GMM_OK;
    }
    const char *path = is_stdout && !client->args.json ? "-" : file->path;
    struct outfile *out = &client->outs[client->out_count];
    enum gmm_err err = outfile_open(out, path, (file->param->flags & COMMAND_PRIVATE) != 0, msg);
    if (err != GMM_OK)
        return err;
    client->out_count++;
    return add_fd(client, file, fcntl(out->fd, F_DUPFD_CLOEXEC, 3), path != NULL ? path : "-");
}

static enum gmm_err open_file(struct client *client, const struct args_file *file, struct gmm_msg *msg)
{
    if (file->param->kind == COMMAND_OUT)
        return open_output(client, file, msg);
    if (file->param->kind == COMMAND_WORDS) {
        char *text = NULL;
        enum gmm_err err = infile_text(&text, file->path, WORDS_BYTES, msg);
        if (err == GMM_OK)
            err = args_set_file(file, json_string(text));
        free(text);
        return err;
    }
    int fd;
    enum gmm_err err = infile_open(&fd, file->path, msg);
    return err == GMM_OK ? add_fd(client, file, fd, file->path) : err;
}

static enum gmm_err open_files(struct client *client, struct gmm_msg *msg)
{
    enum gmm_err err = GMM_OK;
    for (unsigned i = 0; i < client->args.file_count && err == GMM_OK; i++)
        err = open_file(client, &client->args.files[i], msg);
    return err;
}

/* ---- the end ---- */

/* Where nothing better is known than where to read on, it is the help of this command. */
static void point_to_help(const struct client *client, json_t *error)
{
    const struct command *command = client->args.command;
    const char *remedy = json_string_value(json_object_get(error, "remedy"));
    char text[192];
    if (command == NULL || remedy == NULL || strcmp(remedy, exit_remedy(GMM_EUSAGE)) != 0)
        return;
    snprintf(text, sizeof text, _("see 'gmm help %s'"), command->name);
    (void)json_object_set_new(error, "remedy", json_string(text));
}

static int show_error(struct client *client, json_t *error)
{
    point_to_help(client, error);
    printer_error(&client->printer, error);
    json_int_t status = json_integer_value(json_object_get(error, "exit"));
    return status > 0 && status < 256 ? (int)status : EXIT_FAILED;
}

static int show_failure(struct client *client, enum gmm_err err, const char *message, const char *remedy,
                        json_t *choices)
{
    json_t *error = call_error(exit_of(err), NULL, err, message[0] != '\0' ? message : NULL, remedy, choices);
    if (error == NULL) {
        fputs(_("gmm: out of memory.\n"), stderr);
        return EXIT_FAILED;
    }
    int status = show_error(client, error);
    json_decref(error);
    return status;
}

/* A reply that tells of several files: what was written in one is cut into them, and they are named. */
static enum gmm_err split_output(struct outfile *out, const json_t *files, struct gmm_msg *msg)
{
    size_t count = json_array_size(files);
    uint64_t *sizes = calloc(count + 1, sizeof *sizes);
    enum gmm_err err = sizes == NULL ? GMM_ENOMEM : GMM_OK;
    for (size_t i = 0; err == GMM_OK && i < count; i++) {
        char path[OUTFILE_PATH_BYTES];
        json_t *file = json_array_get(files, i);
        sizes[i] = (uint64_t)json_integer_value(json_object_get(file, "bytes"));
        outfile_split_name(path, out->path, (uint32_t)i + 1);
        if (out->kind == OUTFILE_FILE)
            (void)json_object_set_new(file, "path", render_json_text(path));
    }
    if (err == GMM_OK)
        err = outfile_split(out, sizes, (uint32_t)count, msg);
    free(sizes);
    return err;
}

/* Outputs take their places; *on_stdout: one of them was standard output. */
static enum gmm_err finish_outputs(struct client *client, json_t *result, bool *on_stdout, struct gmm_msg *msg)
{
    enum gmm_err err = GMM_OK;
    for (unsigned i = 0; i < client->out_count && err == GMM_OK && !client->kept; i++) {
        struct outfile *out = &client->outs[i];
        *on_stdout = *on_stdout || outfile_is_stdout(out);
        json_t *files = client->out_count == 1 ? json_object_get(result, "files") : NULL;
        err = json_is_array(files) ? split_output(out, files, msg) : GMM_OK;
        if (err == GMM_OK)
            err = outfile_finish(out, json_string_value(json_object_get(result, "name")), msg);
        if (err != GMM_OK || out->kind != OUTFILE_NAMED)
            continue;
        char text[OUTFILE_PATH_BYTES + 64];
        snprintf(text, sizeof text, _("saved as %s"), out->path);
        if (client->args.json)
            (void)json_object_set_new(result, "saved", render_json_text(out->path));
        else
            printer_say(&client->printer, text);
    }
    return err;
}

enum gmm_err client_keep_outputs(struct client *client, struct gmm_msg *msg)
{
    bool on_stdout;
    for (unsigned i = 0; i < client->out_count; i++)
        if (client->outs[i].kind != OUTFILE_FILE)
            return gmm_fail(msg, GMM_EUSAGE, "this needs a file to write to, not '%s'", client->outs[i].path);
    enum gmm_err err = finish_outputs(client, NULL, &on_stdout, msg);
    client->kept = err == GMM_OK;
    return err;
}

static int finish(struct client *client, struct answer *answer)
{
    struct gmm_msg msg = {.text = ""};
    bool on_stdout = false;
    json_t *error = json_object_get(answer->reply, "error");
    if (answer->reply == NULL)
        return show_failure(client, answer->err != GMM_OK ? answer->err : GMM_ENOMEM, "", NULL, NULL);
    if (answer->err != GMM_OK && error != NULL)
        return show_error(client, error);
    enum gmm_err err = answer->err == GMM_OK ? finish_outputs(client, answer->reply, &on_stdout, &msg) : GMM_OK;
    if (err != GMM_OK)
        return show_failure(client, err, msg.text, NULL, NULL);
    if (on_stdout || (client->args.command->flags & COMMAND_STREAM) != 0)
        printer_release(&client->printer);
    else if (printer_result(&client->printer, client->args.command, answer->reply) != GMM_OK)
        return show_failure(client, GMM_EIO, "standard output could not be written", "", NULL);
    return (int)exit_of(answer->err);
}

/* ---- the beginning ---- */

/* Before anything is read: no core dump, no other process of this account looking in, and 0, 1, 2 are taken. */
static void harden(void)
{
    struct rlimit none = {0, 0};
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)signal(SIGPIPE, SIG_IGN);
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* Where the home is and where its daemon listens. A home that is not there, or not ours to read, has no gmm.conf for
 * us. */
static enum gmm_err locate(struct client *client, struct gmm_msg *msg)
{
    static struct config config;
    char path[HOME_PATH_MAX];
    const char *socket = client->args.socket != NULL ? client->args.socket : getenv("GMM_SOCKET");
    if (socket != NULL && socket[0] == '\0')
        socket = NULL;
    client->socket_named = socket != NULL;
    enum gmm_err err = home_path(client->home, client->args.home, msg);
    if (err == GMM_OK)
        err = home_join(path, client->home, "gmm.conf", msg);
    bool readable = err == GMM_OK && access(path, R_OK) == 0;
    if (readable && socket == NULL)
        err = config_load(&config, path, msg);
    if (err == GMM_OK)
        err = control_path(client->control, client->home, readable && socket == NULL ? &config : NULL, socket, msg);
    client->allow_unlocked = readable && socket == NULL && config.allow_unlocked_memory;
    return err;
}

static int run(struct client *client)
{
    struct gmm_msg msg = {.text = ""};
    const struct command *command = client->args.command;
    struct answer answer = {.client = client};
    char person[LIMIT_PERSON_TEXT + 1];
    enum gmm_err err = (command->flags & COMMAND_NO_HOME) == 0 ? locate(client, &msg) : GMM_OK;
    if (err == GMM_ENOTFOUND)
        err = GMM_ESTATE;
    if (err != GMM_OK)
        return show_failure(client, err, msg.text, "correct it, then try again", NULL);
    err = open_files(client, &msg);
    if (err != GMM_OK)
        return show_failure(client, err, msg.text, NULL, NULL);
    account_name(getuid(), person);
    unsigned count = client->fd_count;
    client->fd_count = 0;
    struct call *call =
        call_new(command->name, json_incref(client->args.args), client->fds, count, person, CONFIG_ALL, &ops, &answer);
    if (call == NULL)
        return show_failure(client, GMM_ENOMEM, "", NULL, NULL);
    if (command->local != NULL) {
        /* some of these handle passphrases; those that do not may run without locked memory */
        if ((command->flags & COMMAND_NO_HOME) == 0)
            (void)secret_open(client->allow_unlocked ? SECRET_ALLOW_UNLOCKED : SECRET_REQUIRE_LOCK, NULL);
        command->local(client, call);
    } else
        client_forward(client, call);
    node_close(client->node);
    client->node = NULL;
    int status = finish(client, &answer);
    json_decref(answer.reply);
    return status;
}

/* A mistake on the command line: what was meant, or where it says what can be. */
static int refuse(struct client *client, enum gmm_err err, const struct gmm_msg *msg)
{
    const struct args *args = &client->args;
    char remedy[256];
    snprintf(remedy, sizeof remedy, "%s", exit_remedy(GMM_EUSAGE)); /* show_error: of which command */
    json_t *choices = json_array();
    for (size_t i = 0; args->suggestions[i] != NULL; i++)
        (void)json_array_append_new(choices, json_string(args->suggestions[i]));
    if (args->suggestions[0] != NULL)
        snprintf(remedy, sizeof remedy, _("did you mean '%s'?"), args->suggestions[0]);
    return show_failure(client, err, msg->text, err == GMM_EUSAGE ? remedy : NULL, choices);
}

int client_main(int argc, char **argv)
{
    static struct client client; /* large; one a process */
    struct gmm_msg msg = {.text = ""};
    harden();
    enum lang lang = lang_of_environment(getenv);
    (void)lang_use(lang);
    enum gmm_err err = args_parse(&client.args, argc, argv, node_now_ms(), &msg);
    if (client.args.lang != NULL && lang_parse(&lang, client.args.lang) == GMM_OK && lang != lang_use(lang) &&
        err != GMM_OK) {
        args_close(&client.args); /* once more: to say in this language what is wrong */
        err = args_parse(&client.args, argc, argv, node_now_ms(), &msg);
    }
    client.printer.json = client.args.json;
    client.printer.quiet = client.args.quiet;
    int status;
    if (err != GMM_OK)
        status = refuse(&client, err, &msg);
    else if (client.args.help)
        status = help_print(client.args.command, client.args.json);
    else
        status = run(&client);
    for (unsigned i = 0; i < client.fd_count; i++)
        close(client.fds[i]);
    for (unsigned i = 0; i < client.out_count; i++)
        outfile_close(&client.outs[i]);
    printer_close(&client.printer);
    args_close(&client.args);
    return status;
}
