/* doctor, key. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "node/care.h"
#include "node/client.h"
#include "node/commands.h"
#include "node/keyfile.h"
#include "node/passphrase.h"
#include "node/render.h"
#include "node/reply.h"
#include "node/sys.h"
#include "node/terminal.h"

/* ---- doctor */

static void on_progress(void *arg, uint64_t done)
{
    call_progress(arg, "%llu entries", (unsigned long long)done);
}

/* What a person should see to, and is no damage. */
static bool is_advice(const char *check)
{
    return strcmp(check, "network") == 0 || strcmp(check, "memory") == 0 || strcmp(check, "disk") == 0 ||
           strcmp(check, "privacy") == 0;
}

static void doctor(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    bool rebuild = call_flag(call, "rebuild"), ok = true;
    const json_t *check;
    size_t i;
    enum gmm_err err = rebuild ? care_rebuild(node, on_progress, call, &msg) : GMM_OK;
    if (err != GMM_OK) {
        reply_fail(call, err, &msg, NULL);
        return;
    }
    json_t *checks = care_checks(node);
    json_array_foreach(checks, i, check)
    {
        const char *name = reply_text(check, "check");
        bool fine = json_is_true(json_object_get(check, "ok"));
        ok = ok && (fine || is_advice(name));
    }
    json_t *result = json_pack("{s:b, s:b, s:o}", "ok", ok, "rebuilt", rebuild, "checks", checks);
    if (ok)
        call_reply(call, result);
    else
        call_reply_with(call, GMM_ECORRUPT, result);
}

static void doctor_render(const json_t *result, struct render *out)
{
    const json_t *check;
    size_t i;
    if (json_is_true(json_object_get(result, "rebuilt")))
        render_line(out, "The catalogue and the search index were made anew from the logs.");
    json_array_foreach(json_object_get(result, "checks"), i, check)
    {
        bool ok = json_is_true(json_object_get(check, "ok"));
        render_field(out, reply_text(check, "check"), reply_text(check, "detail"));
        if (!ok)
            render_field(out, "  remedy", reply_text(check, "remedy"));
    }
}

/* ---- key */

static void key_fingerprint(struct node *node, struct call *call)
{
    call_reply(call, json_pack("{s:s, s:s, s:o}", "participant", node->card.id, "office", node->card.office,
                               "fingerprint", reply_fingerprint(&node->keystore->sign_pk, &node->keystore->noise_pk)));
}

static void key_fingerprint_render(const json_t *result, struct render *out)
{
    render_line(out, "%s", reply_text(result, "fingerprint"));
}

/* What the client read or asked, as a file in memory. */
static enum gmm_err read_secret(struct call *call, uint8_t **secret, size_t *len, struct gmm_msg *msg)
{
    uint8_t *bytes = NULL;
    int fd = call_file(call, "secret", 0, NULL);
    *secret = NULL;
    *len = 0;
    if (fd < 0)
        return GMM_OK;
    enum gmm_err err = keyfile_read_fd(&bytes, len, fd, PASSPHRASE_BYTES, msg);
    if (err == GMM_OK && (*secret = secret_alloc(*len + 1)) == NULL)
        err = gmm_fail(msg, GMM_ENOMEM, "out of guarded memory for the passphrase");
    if (err == GMM_OK)
        memcpy(*secret, bytes, *len);
    keyfile_free(bytes, *len);
    return err;
}

static enum keystore_method method_of(struct call *call)
{
    const char *text = call_text(call, "method");
    return strcmp(text, "passphrase") == 0 ? KEYSTORE_PASSPHRASE
           : strcmp(text, "key") == 0      ? KEYSTORE_KEY
                                           : KEYSTORE_NONE;
}

static bool secret_fits(enum keystore_method method, const uint8_t *secret, size_t len)
{
    return method == KEYSTORE_NONE ? secret == NULL : method == KEYSTORE_KEY ? len == 32 : len > 0;
}

static void key_reseal(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    uint8_t *secret;
    size_t len;
    enum keystore_method method = method_of(call);
    enum gmm_err err = read_secret(call, &secret, &len, &msg);
    if (err == GMM_OK && !secret_fits(method, secret, len))
        err = gmm_fail(&msg, GMM_EUSAGE, "a passphrase is not empty, and a key has 32 bytes");
    if (err == GMM_OK)
        err = care_reseal(node, method, secret, len, &msg);
    if (err == GMM_OK) {
        call_reply(call, json_pack("{s:s}", "protected", call_text(call, "method")));
        return;
    }
    secret_free(secret);
    reply_fail(call, err, &msg, NULL);
}

static void key_write_root(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct buffer file;
    uint8_t *secret;
    size_t len;
    struct keystore_lock lock = node->keystore_lock;
    enum gmm_err err = read_secret(call, &secret, &len, &msg);
    if (err == GMM_OK && call_text(call, "method") != NULL) {
        lock = (struct keystore_lock){.method = method_of(call), .passphrase = secret, .passphrase_len = len};
        if (lock.method == KEYSTORE_PASSPHRASE) {
            lock.ops = KEYSTORE_OPS;
            lock.mem_kib = KEYSTORE_MEM_KIB;
        }
        if (!secret_fits(lock.method, secret, len))
            err = gmm_fail(&msg, GMM_EUSAGE, "a passphrase is not empty");
    }
    buffer_init(&file, LIMIT_KEYSTORE_BYTES);
    if (err == GMM_OK)
        err = care_export_root(node, &lock, &file, &msg);
    if (err == GMM_OK)
        err = reply_write(call, "file", file.p, file.len, &msg);
    buffer_close_wiped(&file);
    secret_free(secret);
    if (err != GMM_OK) {
        reply_fail(call, err, &msg, NULL);
        return;
    }
    const char *protected = lock.method == KEYSTORE_NONE ? "none" : lock.method == KEYSTORE_KEY ? "key" : "passphrase";
    call_reply(call, json_pack("{s:s, s:b, s:s}", "participant", node->card.id, "provisional",
                               node->keystore->root_provisional, "protected", protected));
}

/* The secret as a descriptor for a further call; -1: it could not be made. */
static int secret_file(const uint8_t *secret, size_t len)
{
    int fd = memfd_create("gmm-secret", MFD_CLOEXEC);
    if (fd < 0)
        return -1;
    if (sys_write_all(fd, secret, len) != GMM_OK || lseek(fd, 0, SEEK_SET) != 0)
        sys_close(&fd);
    return fd;
}

/* One further call with the secret as its last descriptor, answered with what comes back. */
static void call_with_secret(struct client *client, struct call *call, const char *command, json_t *args,
                             const uint8_t *secret, size_t len)
{
    unsigned count = 0;
    const int *given = call_fds(call, &count);
    int fds[LIMIT_REQUEST_FDS];
    json_t *reply = NULL;
    int fd = -1;
    for (unsigned i = 0; i < count && i + 1 < LIMIT_REQUEST_FDS; i++)
        fds[i] = given[i];
    if (secret != NULL) {
        fd = secret_file(secret, len);
        if (fd < 0) {
            json_decref(args);
            call_fail(call, GMM_EIO, "the passphrase could not be handed on", NULL);
            return;
        }
        fds[count++] = fd;
        json_object_set_new(args, "secret", client_file("secret", count - 1));
    }
    enum gmm_err err = client_call(client, command, args, fds, count, &reply);
    sys_close(&fd);
    const json_t *error = json_object_get(reply, "error");
    if (err == GMM_OK)
        call_reply(call, json_incref(reply));
    else
        call_fail(call, err, error == NULL ? gmm_err_text(err) : reply_text(error, "message"),
                  reply_text(error, "remedy"));
    json_decref(reply);
}

/* --no-passphrase, --key-file, GMM_NEW_PASSPHRASE_FILE or the terminal. *method NULL: none of them. */
static enum gmm_err new_secret(struct call *call, const char *prompt, const char **method, uint8_t **secret,
                               size_t *len, struct gmm_msg *msg)
{
    node_ask_fn *ask = terminal_interactive() ? terminal_ask : NULL;
    const char *file = getenv("GMM_NEW_PASSPHRASE_FILE");
    *secret = NULL;
    *len = 0;
    *method = NULL;
    if (call_flag(call, "no-passphrase")) {
        *method = "none";
        return GMM_OK;
    }
    if (ask == NULL && (file == NULL || file[0] == '\0'))
        return GMM_OK;
    *method = "passphrase";
    return passphrase_new(secret, len, "GMM_NEW_PASSPHRASE_FILE", ask, NULL, prompt, msg);
}

static void key_passphrase_local(struct client *client, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    const char *method;
    uint8_t *secret;
    size_t len;
    enum gmm_err err = new_secret(call, "The new passphrase: ", &method, &secret, &len, &msg);
    if (err == GMM_OK && method == NULL)
        err = gmm_fail(
            &msg, GMM_EPASSPHRASE,
            "there is no terminal to ask on: name a file with the new passphrase in GMM_NEW_PASSPHRASE_FILE, or "
            "say --no-passphrase");
    if (err == GMM_OK)
        call_with_secret(client, call, "key reseal", json_pack("{s:s}", "method", method), secret, len);
    else
        reply_fail(call, err, &msg, NULL);
    secret_free(secret);
}

static void key_passphrase_render(const json_t *result, struct render *out)
{
    if (strcmp(reply_text(result, "protected"), "none") == 0)
        render_line(out, "The keys have no passphrase any more: who can read this home is this office.");
    else
        render_line(out, "The keys are sealed under the new passphrase. Nobody can recover it.");
    render_line(out, "Older backups and copies of the keystore still open with the old one.");
}

static void key_export_root_local(struct client *client, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    const char *method;
    uint8_t *secret;
    size_t len;
    enum gmm_err err = new_secret(
        call, "A passphrase for the exported root (it may differ from this home's): ", &method, &secret, &len, &msg);
    if (err != GMM_OK) {
        reply_fail(call, err, &msg, NULL);
        return;
    }
    json_t *args = json_object();
    json_object_set_new(args, "file", json_deep_copy(json_object_get(call_args(call), "file")));
    if (method != NULL)
        json_object_set_new(args, "method", json_string(method));
    call_with_secret(client, call, "key write-root", args, secret, len);
    secret_free(secret);
}

static void key_export_root_render(const json_t *result, struct render *out)
{
    render_field(out, "wrote the root of", reply_text(result, "participant"));
    if (strcmp(reply_text(result, "protected"), "none") == 0)
        render_line(out, "It has no passphrase: who has the file can certify offices in this participant's name.");
    if (json_is_true(json_object_get(result, "provisional")))
        render_line(out, "This root is provisional until a network is created or joined.");
    render_line(out, "Keep the file offline. The root stays in this home too.");
}

/* ---- the table */

static const struct command_param doctor_params[] = {
    {"--rebuild", COMMAND_FLAG, COMMAND_WRITING, NULL, "make the catalogue and the search index anew"},
};
static const struct command_param passphrase_params[] = {
    {"--no-passphrase", COMMAND_FLAG, 0, NULL, "leave the keys without one"},
};
static const struct command_param export_params[] = {
    {"FILE", COMMAND_OUT, COMMAND_REQUIRED | COMMAND_PRIVATE, NULL, "where to, best on a medium kept offline"},
    {"--no-passphrase", COMMAND_FLAG, 0, NULL, "leave the file without a passphrase"},
};
static const struct command_param reseal_params[] = {
    {"--method", COMMAND_TEXT, COMMAND_REQUIRED, "METHOD", "none, passphrase or key"},
    {"--secret", COMMAND_IN, 0, "FILE", "what it is sealed under"},
};
static const struct command_param write_root_params[] = {
    {"FILE", COMMAND_OUT, COMMAND_REQUIRED | COMMAND_PRIVATE, NULL, "where to"},
    {"--method", COMMAND_TEXT, 0, "METHOD", "none or passphrase; as the keystore when not given"},
    {"--secret", COMMAND_IN, 0, "FILE", "what it is sealed under"},
};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
    {.name = "doctor",
     PARAMS(doctor_params),
     .flags = COMMAND_UNJOINED,
     .right = CONFIG_ADMIN,
     .handler = doctor,
     .render = doctor_render,
     .help = "Look for what is wrong with this node, and say what to do about it.",
     .example = "gmm doctor --rebuild"},
    {.name = "key fingerprint",
     .flags = COMMAND_UNJOINED,
     .handler = key_fingerprint,
     .render = key_fingerprint_render,
     .help = "Print this office's fingerprint, to be read out by phone.",
     .example = "gmm key fingerprint"},
    {.name = "key passphrase",
     PARAMS(passphrase_params),
     .flags = COMMAND_UNJOINED | COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .local = key_passphrase_local,
     .render = key_passphrase_render,
     .help = "Seal the keys under another passphrase.",
     .details = "The new one is asked on the terminal, or read from the file that GMM_NEW_PASSPHRASE_FILE names.",
     .example = "gmm key passphrase"},
    {.name = "key export-root",
     PARAMS(export_params),
     .flags = COMMAND_UNJOINED,
     .right = CONFIG_ADMIN,
     .local = key_export_root_local,
     .render = key_export_root_render,
     .help = "Write the participant's root to a file, to be kept offline.",
     .details =
         "Its passphrase is asked anew on the terminal, or read from the file that GMM_NEW_PASSPHRASE_FILE names; "
         "without either the file is sealed as this home's keys are.",
     .example = "gmm key export-root /media/stick/ilo.root"},
    {.name = "key reseal",
     PARAMS(reseal_params),
     .flags = COMMAND_UNJOINED | COMMAND_WRITES | COMMAND_HIDDEN,
     .right = CONFIG_ADMIN,
     .handler = key_reseal,
     .help = "A step of key passphrase."},
    {.name = "key write-root",
     PARAMS(write_root_params),
     .flags = COMMAND_UNJOINED | COMMAND_HIDDEN,
     .right = CONFIG_ADMIN,
     .handler = key_write_root,
     .help = "A step of key export-root."},
};
const struct command_family command_care = {commands, sizeof commands / sizeof commands[0]};
