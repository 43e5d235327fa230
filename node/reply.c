#include "node/reply.h"

#include <unistd.h>

#include "keys/armor.h"
#include "keys/card.h"
#include "node/sys.h"

void reply_fail(struct call *call, enum gmm_err err, const struct gmm_msg *msg, const char *remedy)
{
    bool said = msg != NULL && msg->text[0] != '\0';
    call_fail(call, err, said ? msg->text : gmm_err_text(err), remedy);
}

const char *reply_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

json_t *reply_id(const struct gmm_id *id)
{
    char hex[GMM_ID_HEX + 1];
    id_to_hex(id, hex);
    return json_string(hex);
}

json_t *reply_fingerprint(const struct gmm_id *sign_pk, const struct gmm_id *noise_pk)
{
    char text[CARD_FINGERPRINT_TEXT];
    card_fingerprint(text, sign_pk, noise_pk);
    return json_string(text);
}

enum gmm_err reply_write(struct call *call, const char *name, const void *bytes, size_t len, struct gmm_msg *msg)
{
    int fd = call_file(call, name, 0, NULL);
    if (fd < 0)
        return GMM_ENOTFOUND;
    enum gmm_err err = sys_write_all(fd, bytes, len);
    return err == GMM_OK ? GMM_OK : gmm_fail(msg, err, "the file could not be written: %s", gmm_err_text(err));
}

enum gmm_err reply_armor(char **line, const char *kind, const void *bytes, size_t len, struct gmm_msg *msg)
{
    struct buffer text;
    uint8_t *taken = NULL;
    size_t taken_len;
    *line = NULL;
    buffer_init(&text, LIMIT_WELCOME_ARMOR + 1);
    enum gmm_err err = armor_write(&text, kind, bytes, len);
    if (err == GMM_OK) {
        buffer_put_u8(&text, '\0');
        err = buffer_take(&text, &taken, &taken_len);
    }
    buffer_close_wiped(&text);
    if (err != GMM_OK)
        return gmm_fail(msg, err, "the %s could not be written as a line of text: %s", kind, gmm_err_text(err));
    *line = (char *)taken;
    return GMM_OK;
}
