/* key: fingerprint, passphrase, the root's file, new keys. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "keys/armor.h"
#include "keys/rekey.h"
#include "keys/text.h"
#include "node/care.h"
#include "node/certify.h"
#include "node/client.h"
#include "node/commands.h"
#include "node/joining.h"
#include "node/keyfile.h"
#include "node/net.h"
#include "node/newkeys.h"
#include "node/passphrase.h"
#include "node/render.h"
#include "node/reply.h"
#include "node/sys.h"
#include "node/terminal.h"

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

/* As a call that failed replies. */
static json_t *failure(enum gmm_err err, const char *message, const char *remedy)
{
    json_t *error = call_error(exit_of(err), NULL, err, message, remedy, NULL);
    return error == NULL ? NULL : json_pack("{s:o}", "error", error);
}

/* One further call with the call's files, and the secret as the last descriptor. *reply: the caller's. */
static enum gmm_err with_secret(struct client *client, struct call *call, const char *command, json_t *args,
                                const uint8_t *secret, size_t len, json_t **reply)
{
    unsigned count = 0;
    const int *given = call_fds(call, &count);
    int fds[LIMIT_REQUEST_FDS];
    int fd = -1;
    for (unsigned i = 0; i < count && i + 1 < LIMIT_REQUEST_FDS; i++)
        fds[i] = given[i];
    if (secret != NULL) {
        fd = secret_file(secret, len);
        if (fd < 0) {
            json_decref(args);
            *reply = failure(GMM_EIO, "the passphrase could not be handed on", NULL);
            return GMM_EIO;
        }
        fds[count++] = fd;
        json_object_set_new(args, "secret", client_file("secret", count - 1));
    }
    enum gmm_err err = client_call(client, command, args, fds, count, reply);
    sys_close(&fd);
    return err;
}

/* Answers the call with what such a call gave; takes reply. */
static void answer(struct call *call, enum gmm_err err, json_t *reply)
{
    const json_t *error = json_object_get(reply, "error");
    if (err == GMM_OK)
        call_reply(call, json_incref(reply));
    else
        call_fail(call, err, error == NULL ? gmm_err_text(err) : reply_text(error, "message"),
                  reply_text(error, "remedy"));
    json_decref(reply);
}

static void call_with_secret(struct client *client, struct call *call, const char *command, json_t *args,
                             const uint8_t *secret, size_t len)
{
    json_t *reply = NULL;
    enum gmm_err err = with_secret(client, call, command, args, secret, len, &reply);
    answer(call, err, reply);
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
    enum gmm_err err = new_secret(call, _("The new passphrase: "), &method, &secret, &len, &msg);
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

static json_t *root_args(const struct call *call, const char *method)
{
    json_t *args = json_object();
    json_object_set_new(args, "file", json_deep_copy(json_object_get(call_args(call), "file")));
    if (method != NULL)
        json_object_set_new(args, "method", json_string(method));
    return args;
}

/* The file is in its place, durable, before the root goes from here; the home reads it once more. */
static enum gmm_err remove_root(struct client *client, struct call *call, const char *method, const uint8_t *secret,
                                size_t len, json_t **reply)
{
    struct gmm_msg msg = {.text = ""};
    json_t *dropped = NULL;
    enum gmm_err err = client_keep_outputs(client, &msg);
    if (err != GMM_OK) {
        json_decref(*reply);
        *reply = failure(err, msg.text, "the root is still in this home; name a file");
        return err;
    }
    err = with_secret(client, call, "key drop-root", root_args(call, method), secret, len, &dropped);
    if (err != GMM_OK) {
        json_decref(*reply);
        *reply = dropped;
        return err;
    }
    json_object_set_new(*reply, "removed", json_true());
    json_decref(dropped);
    return GMM_OK;
}

static void key_export_root_local(struct client *client, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    const char *method;
    uint8_t *secret;
    size_t len;
    enum gmm_err err = new_secret(call, _("A passphrase for the exported root (it may differ from this home's): "),
                                  &method, &secret, &len, &msg);
    if (err != GMM_OK) {
        reply_fail(call, err, &msg, NULL);
        return;
    }
    json_t *reply = NULL;
    err = with_secret(client, call, "key write-root", root_args(call, method), secret, len, &reply);
    if (err == GMM_OK && call_flag(call, "remove"))
        err = remove_root(client, call, method, secret, len, &reply);
    answer(call, err, reply);
    secret_free(secret);
}

static void key_export_root_render(const json_t *result, struct render *out)
{
    render_field(out, "wrote the root of", reply_text(result, "participant"));
    if (strcmp(reply_text(result, "protected"), "none") == 0)
        render_line(out, "It has no passphrase: who has the file can certify offices in this participant's name.");
    if (json_is_true(json_object_get(result, "provisional")))
        render_line(out, "This root is provisional until a network is created or joined.");
    if (json_is_true(json_object_get(result, "removed")))
        render_line(out, "The root is no longer in this home: keep the file offline, and a copy of it. gmm key "
                         "import-root brings it back.");
    else
        render_line(out, "Keep the file offline. The root stays in this home too (--remove takes it out).");
}

static enum gmm_err read_root_file(struct call *call, uint8_t **bytes, size_t *len, struct gmm_msg *msg)
{
    int fd = call_file(call, "file", 0, NULL);
    *bytes = NULL;
    *len = 0;
    if (lseek(fd, 0, SEEK_SET) != 0)
        return gmm_fail(msg, GMM_EIO, "the root's file cannot be read");
    return keyfile_read_fd(bytes, len, fd, LIMIT_KEYSTORE_BYTES, msg);
}

/* Both: the file and what it is sealed under; without the latter this home's own. */
static void with_root_file(struct node *node, struct call *call, bool take)
{
    struct gmm_msg msg = {.text = ""};
    uint8_t *secret = NULL, *bytes = NULL;
    size_t len = 0, n = 0;
    enum gmm_err err = read_secret(call, &secret, &len, &msg);
    if (err == GMM_OK)
        err = read_root_file(call, &bytes, &n, &msg);
    const uint8_t *with = secret != NULL ? secret : node->keystore_secret;
    size_t with_len = secret != NULL ? len : node->keystore_lock.passphrase_len;
    if (err == GMM_OK)
        err = take ? care_import_root(node, bytes, n, with, with_len, &msg)
                   : care_drop_root(node, bytes, n, with, with_len, &msg);
    keyfile_free(bytes, n);
    secret_free(secret);
    if (err == GMM_OK)
        call_reply(call, json_pack("{s:s, s:i}", "participant", node->card.id, "root", (int)node->keystore->root_n));
    else
        reply_fail(call, err, &msg, NULL);
}

static void key_take_root(struct node *node, struct call *call)
{
    with_root_file(node, call, true);
}

static void key_drop_root(struct node *node, struct call *call)
{
    with_root_file(node, call, false);
}

static void key_import_root_local(struct client *client, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    enum keystore_method method = KEYSTORE_NONE;
    uint8_t *secret = NULL, *bytes = NULL;
    size_t len = 0, n = 0;
    enum gmm_err err = read_root_file(call, &bytes, &n, &msg);
    if (err == GMM_OK && (err = keystore_method(&method, bytes, n)) != GMM_OK)
        gmm_fail(&msg, err, "this is not a root that gmm key export-root wrote, or it is damaged: %s",
                 gmm_err_text(err));
    keyfile_free(bytes, n);
    if (err == GMM_OK && method == KEYSTORE_PASSPHRASE)
        err = passphrase_other(&secret, &len, "GMM_ROOT_PASSPHRASE_FILE", terminal_interactive() ? terminal_ask : NULL,
                               NULL, _("Passphrase of the exported root: "), &msg);
    if (err == GMM_OK || err == GMM_ENOTFOUND) /* none given: perhaps it is this home's */
        call_with_secret(client, call, "key take-root", root_args(call, NULL), secret, len);
    else
        reply_fail(call, err, &msg, NULL);
    secret_free(secret);
}

static void key_import_root_render(const json_t *result, struct render *out)
{
    render_line(out, "The root of %s is in this home now. gmm key export-root FILE --remove takes it out again.",
                reply_text(result, "participant"));
}

/* ---- rotate */

static void fail(struct call *call, enum gmm_err err, const struct gmm_msg *msg)
{
    reply_fail(call, err, msg, NULL);
}

static void rotate_root(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    uint32_t n = 0;
    size_t standing = 0;
    enum gmm_err err = newkeys_root(node, &n, &standing, &msg);
    if (err == GMM_OK)
        call_reply(call, json_pack("{s:s, s:s, s:i, s:I}", "state", "root", "participant", node->card.id, "root",
                                   (int)n, "standing", (json_int_t)standing));
    else
        fail(call, err, &msg);
}

static json_t *rotated_json(struct node *node, const char *state)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:o}", "state", state, "participant", node->card.id, "office",
                     node->card.office, "node", reply_id(&node->keystore->sign_pk), "fingerprint",
                     reply_fingerprint(&node->keystore->sign_pk, &node->keystore->noise_pk));
}

/* Certified: they are taken now, or once what is under way has ended. */
static void rotate_take(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    bool due = newkeys_due(node);
    enum gmm_err err = due ? newkeys_take(node, &msg) : GMM_OK;
    if (err != GMM_OK) {
        fail(call, err, &msg);
        return;
    }
    if (due && node->net != NULL && net_dialled(node->net))
        net_dial_peers(node->net, node->daemon);
    call_reply(call, rotated_json(node, due || !node->keystore->next_held ? "active" : "certified"));
}

static void rotate_with_certificate(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    uint8_t *text = NULL, *bytes = NULL;
    size_t len = 0, n = 0;
    enum gmm_err err = keyfile_read_fd(&text, &len, call_file(call, "certificate", 0, NULL), LIMIT_ARMOR_BYTES, &msg);
    if (err == GMM_OK)
        err = armor_read(&bytes, &n, "certificate", (const char *)text, len, &msg);
    if (err == GMM_OK)
        err = newkeys_certificate(node, bytes, n, &msg);
    free(bytes);
    keyfile_free(text, len);
    if (err == GMM_OK)
        rotate_take(node, call);
    else
        fail(call, err == GMM_ECORRUPT ? GMM_EFORMAT : err, &msg);
}

static void rotate_elsewhere(struct node *node, struct call *call, const struct card *card)
{
    struct gmm_msg msg = {.text = ""};
    struct buffer request;
    char *line = NULL;
    buffer_init(&request, REKEY_BYTES_MAX);
    enum gmm_err err = newkeys_request(node, &request, &msg);
    if (err == GMM_OK)
        err = reply_armor(&line, "rekey", request.p, request.len, &msg);
    if (err == GMM_OK && call_file(call, "o", 0, NULL) >= 0)
        err = reply_write(call, "o", line, strlen(line), &msg);
    if (err == GMM_OK)
        call_reply(call, json_pack("{s:s, s:s, s:s, s:s, s:o}", "state", "requested", "participant", node->card.id,
                                   "office", node->card.office, "request", line, "fingerprint",
                                   reply_fingerprint(&card->sign_pk, &card->noise_pk)));
    else
        fail(call, err, &msg);
    free(line);
    buffer_close(&request);
}

static void key_rotate(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct card card;
    struct gmm_id sign_pk;
    enum gmm_err err = joining_refusal(node, &msg);
    bool root = call_flag(call, "root"), certificate = call_file(call, "certificate", 0, NULL) >= 0;
    if (err == GMM_OK && root && (certificate || call_file(call, "o", 0, NULL) >= 0))
        err = gmm_fail(&msg, GMM_EUSAGE, "--root stands alone");
    if (err == GMM_OK && root) {
        rotate_root(node, call);
        return;
    }
    if (err == GMM_OK && certificate) {
        rotate_with_certificate(node, call);
        return;
    }
    if (err == GMM_OK)
        err = newkeys_begin(node, &card, &msg);
    if (err == GMM_OK && certify_root_here(node, NULL) != GMM_OK) {
        rotate_elsewhere(node, call, &card);
        return;
    }
    const struct certify_renewal renewal = {.office = node->card.office, .keys = &card};
    if (err == GMM_OK && !newkeys_due(node)) /* else: certified before an interruption */
        err = certify_renew(node, &renewal, &sign_pk, &msg);
    if (err == GMM_OK)
        rotate_take(node, call);
    else
        fail(call, err, &msg);
}

static void key_rotate_render(const json_t *result, struct render *out)
{
    const char *state = reply_text(result, "state");
    if (strcmp(state, "root") == 0) {
        render_line(out, "Root %lld of %s is in force; %lld certificates and revocations of earlier roots stand.",
                    (long long)json_integer_value(json_object_get(result, "root")), reply_text(result, "participant"),
                    (long long)json_integer_value(json_object_get(result, "standing")));
        render_line(out, "Exported copies of the earlier root are of no use any more: gmm key export-root FILE.");
    } else if (strcmp(state, "requested") == 0) {
        render_line(out, "%s", reply_text(result, "request"));
        render_field(out, "fingerprint", reply_text(result, "fingerprint"));
        render_line(out,
                    "Next, where the root of %s is: gmm office renew %s --card FILE, with this line in FILE. Then "
                    "gmm sync here; or carry its answer here: gmm key rotate --certificate FILE.",
                    reply_text(result, "participant"), reply_text(result, "office"));
    } else if (strcmp(state, "certified") == 0) {
        render_line(out, "The new keys are certified; they are taken when what is under way has ended.");
    } else {
        render_line(out, "Office %s has new keys; those of before have no effect from now on.",
                    reply_text(result, "office"));
        render_field(out, "fingerprint", reply_text(result, "fingerprint"));
        render_line(out, "Invites that were made before do not reach this office any more: make new ones.");
    }
}

/* ---- the table */

static const struct command_param passphrase_params[] = {
    {"--no-passphrase", COMMAND_FLAG, 0, NULL, "leave the keys without one"},
};
static const struct command_param export_params[] = {
    {"FILE", COMMAND_OUT, COMMAND_REQUIRED | COMMAND_PRIVATE, NULL, "where to, best on a medium kept offline"},
    {"--no-passphrase", COMMAND_FLAG, 0, NULL, "leave the file without a passphrase"},
    {"--remove", COMMAND_FLAG, COMMAND_WRITING, NULL, "take the root out of this home once the file is written"},
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
static const struct command_param import_params[] = {
    {"FILE", COMMAND_IN, COMMAND_REQUIRED, NULL, "what key export-root wrote"},
};
static const struct command_param root_file_params[] = {
    {"FILE", COMMAND_IN, COMMAND_REQUIRED, NULL, "what key export-root wrote"},
    {"--method", COMMAND_TEXT, 0, "METHOD", "how it is sealed"},
    {"--secret", COMMAND_IN, 0, "FILE", "what it is sealed under; as the keystore when not given"},
};
static const struct command_param rotate_params[] = {
    {"--root", COMMAND_FLAG, 0, NULL, "the participant's root instead, to the one committed to"},
    {"--certificate", COMMAND_IN, 0, "FILE", "the answer of the office that holds the root"},
    {"-o", COMMAND_OUT, 0, "FILE", "write the request for that office to a file as well"},
};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
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
    {.name = "key import-root",
     PARAMS(import_params),
     .flags = COMMAND_UNJOINED | COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .local = key_import_root_local,
     .render = key_import_root_render,
     .help = "Bring the participant's root into this home, from a file that key export-root wrote.",
     .details = "Its passphrase is asked on the terminal, or read from the file that GMM_ROOT_PASSPHRASE_FILE names; "
                "without either this home's is tried.",
     .example = "gmm key import-root /media/stick/ilo.root"},
    {.name = "key rotate",
     PARAMS(rotate_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = key_rotate,
     .render = key_rotate_render,
     .help = "Take new keys in the place of this office's, or a new root.",
     .details =
         "Where the root is, it certifies the new keys at once; elsewhere this prints a request for the office that "
         "holds the root, and the new keys are taken when its certificate arrives. When keys may have been stolen, "
         "revoke them (gmm office revoke) instead. With --root: what the earlier root signed and this home does "
         "not hold ends with it.",
     .example = "gmm key rotate"},
    {.name = "key take-root",
     PARAMS(root_file_params),
     .flags = COMMAND_UNJOINED | COMMAND_WRITES | COMMAND_HIDDEN,
     .right = CONFIG_ADMIN,
     .handler = key_take_root,
     .help = "A step of key import-root."},
    {.name = "key drop-root",
     PARAMS(root_file_params),
     .flags = COMMAND_UNJOINED | COMMAND_WRITES | COMMAND_HIDDEN,
     .right = CONFIG_ADMIN,
     .handler = key_drop_root,
     .help = "A step of key export-root --remove."},
};
const struct command_family command_keys = {commands, sizeof commands / sizeof commands[0]};
