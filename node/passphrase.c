#include "node/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/text.h"
#include "node/keyfile.h"

#define KEY_BYTES 32

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

/* Moves file bytes into guarded memory. */
static enum gmm_err guard(uint8_t **secret, size_t *len, const uint8_t *bytes, size_t n, struct gmm_msg *msg)
{
    *secret = secret_alloc(n + 1);
    if (*secret == NULL)
        return gmm_fail(msg, GMM_ENOMEM, "out of guarded memory for the passphrase");
    memcpy(*secret, bytes, n);
    *len = n;
    return GMM_OK;
}

static size_t without_line_end(const uint8_t *bytes, size_t n)
{
    if (n > 0 && bytes[n - 1] == '\n')
        n--;
    if (n > 0 && bytes[n - 1] == '\r')
        n--;
    return n;
}

/* Any kind of file: who names it may as well name a pipe. */
static enum gmm_err read_file(uint8_t **secret, size_t *len, const char *path, bool key, struct gmm_msg *msg)
{
    uint8_t *bytes = NULL;
    size_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return gmm_fail(msg, GMM_EIO, "cannot open %s for the passphrase: %s", path, strerror(errno));
    struct gmm_msg inner = {.text = ""};
    enum gmm_err err = keyfile_read_fd(&bytes, &n, fd, PASSPHRASE_BYTES, &inner);
    close(fd);
    if (err != GMM_OK)
        return gmm_fail(msg, err, "cannot take the passphrase from %s: %s", path,
                        err == GMM_ELIMIT ? _("it is longer than 1024 bytes") : inner.text);
    size_t used = key ? n : without_line_end(bytes, n);
    if (key && used != KEY_BYTES)
        err =
            gmm_fail(msg, GMM_EPASSPHRASE, "%s holds %zu bytes; a key file holds exactly 32 random bytes", path, used);
    else if (used == 0)
        err = gmm_fail(msg, GMM_EPASSPHRASE, "%s is empty; put the passphrase on its first line", path);
    else
        err = guard(secret, len, bytes, used, msg);
    keyfile_free(bytes, n);
    return err;
}

/* GMM_ENOTFOUND: there is no such credential. */
static enum gmm_err read_credential(uint8_t **secret, size_t *len, const char *name, bool key, struct gmm_msg *msg)
{
    char path[HOME_PATH_MAX];
    const char *folder = environment("CREDENTIALS_DIRECTORY");
    if (folder == NULL)
        return GMM_ENOTFOUND;
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (n < 0 || (size_t)n >= sizeof path || (access(path, F_OK) != 0 && errno == ENOENT))
        return GMM_ENOTFOUND;
    return read_file(secret, len, path, key, msg);
}

/* GMM_ENOTFOUND: there is no terminal after all. */
static enum gmm_err ask_for(uint8_t **secret, size_t *len, node_ask_fn *ask, void *arg, const char *prompt,
                            struct gmm_msg *msg)
{
    if (ask == NULL)
        return GMM_ENOTFOUND;
    uint8_t *text = secret_alloc(PASSPHRASE_BYTES);
    if (text == NULL)
        return gmm_fail(msg, GMM_ENOMEM, "out of guarded memory for the passphrase");
    enum gmm_err err = ask(arg, prompt, text, len);
    if (err == GMM_OK && *len == 0)
        err = gmm_fail(msg, GMM_EPASSPHRASE, "no passphrase was typed");
    else if (err != GMM_OK && err != GMM_ENOTFOUND)
        err = gmm_fail(msg, GMM_EPASSPHRASE, "the passphrase could not be asked on the terminal");
    if (err == GMM_OK)
        *secret = text;
    else
        secret_free(text);
    return err;
}

static enum gmm_err get_passphrase(uint8_t **secret, size_t *len, node_ask_fn *ask, void *arg, const char *prompt,
                                   struct gmm_msg *msg)
{
    const char *path = environment("GMM_PASSPHRASE_FILE");
    enum gmm_err err = ask_for(secret, len, ask, arg, prompt, msg);
    if (err == GMM_ENOTFOUND && path != NULL)
        return read_file(secret, len, path, false, msg);
    if (err == GMM_ENOTFOUND)
        err = read_credential(secret, len, "gmm.passphrase", false, msg);
    if (err == GMM_ENOTFOUND)
        return gmm_fail(msg, GMM_EPASSPHRASE,
                        "a passphrase is needed, and there is no terminal to ask on, no GMM_PASSPHRASE_FILE and no "
                        "systemd credential gmm.passphrase");
    return err;
}

static enum gmm_err get_key(uint8_t **secret, size_t *len, struct gmm_msg *msg)
{
    const char *path = environment("GMM_KEY_FILE");
    if (path != NULL)
        return read_file(secret, len, path, true, msg);
    enum gmm_err err = read_credential(secret, len, "gmm.key", true, msg);
    if (err == GMM_ENOTFOUND)
        return gmm_fail(msg, GMM_EPASSPHRASE,
                        "the keystore is sealed under a key file: name it in GMM_KEY_FILE, or give the systemd "
                        "credential gmm.key");
    return err;
}

enum gmm_err passphrase_get(uint8_t **secret, size_t *len, enum keystore_method method, node_ask_fn *ask, void *arg,
                            const char *prompt, struct gmm_msg *msg)
{
    *secret = NULL;
    *len = 0;
    switch (method) {
    case KEYSTORE_NONE:
        return GMM_OK;
    case KEYSTORE_PASSPHRASE:
        return get_passphrase(secret, len, ask, arg, prompt, msg);
    case KEYSTORE_KEY:
        return get_key(secret, len, msg);
    }
    return gmm_fail(msg, GMM_EVERSION, "the keystore is sealed in a way that this program does not know");
}

static enum gmm_err ask_twice(uint8_t **secret, size_t *len, node_ask_fn *ask, void *arg, const char *prompt,
                              struct gmm_msg *msg)
{
    uint8_t *again = NULL;
    size_t again_len = 0;
    enum gmm_err err = ask_for(secret, len, ask, arg, prompt, msg);
    if (err != GMM_OK)
        return err;
    err = ask_for(&again, &again_len, ask, arg, _("The same again: "), msg);
    if (err == GMM_ENOTFOUND)
        err = gmm_fail(msg, GMM_EPASSPHRASE, "the terminal went away");
    if (err == GMM_OK && (again_len != *len || sodium_memcmp(*secret, again, *len) != 0))
        err = gmm_fail(msg, GMM_EUSAGE, "the two passphrases differ: nothing was changed");
    secret_free(again);
    return err;
}

enum gmm_err passphrase_new(uint8_t **secret, size_t *len, const char *file_variable, node_ask_fn *ask, void *arg,
                            const char *prompt, struct gmm_msg *msg)
{
    const char *path = environment(file_variable);
    *secret = NULL;
    *len = 0;
    enum gmm_err err = ask_twice(secret, len, ask, arg, prompt, msg);
    if (err == GMM_ENOTFOUND && path != NULL)
        err = read_file(secret, len, path, false, msg);
    else if (err == GMM_ENOTFOUND)
        err = gmm_fail(msg, GMM_EPASSPHRASE,
                       "a new passphrase is needed, and there is no terminal to ask on and no %s (--no-passphrase goes "
                       "without)",
                       file_variable);
    if (err != GMM_OK) {
        secret_free(*secret);
        *secret = NULL;
        *len = 0;
    }
    return err;
}

enum gmm_err passphrase_other(uint8_t **secret, size_t *len, const char *file_variable, node_ask_fn *ask, void *arg,
                              const char *prompt, struct gmm_msg *msg)
{
    const char *path = environment(file_variable);
    *secret = NULL;
    *len = 0;
    enum gmm_err err = ask_for(secret, len, ask, arg, prompt, msg);
    return err == GMM_ENOTFOUND && path != NULL ? read_file(secret, len, path, false, msg) : err;
}
