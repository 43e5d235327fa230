/* init, network, card. */
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/client.h"
#include "node/commands.h"
#include "node/founding.h"
#include "node/keyfile.h"
#include "node/passphrase.h"
#include "node/render.h"
#include "node/reply.h"
#include "node/terminal.h"

/* How the new keystore is sealed: --no-passphrase, --key-file, else a passphrase. *secret: guarded, the caller's. */
static enum gmm_err init_lock(struct call *call, struct keystore_lock *lock, uint8_t **secret, struct gmm_msg *msg)
{
    uint8_t *key = NULL;
    size_t len = 0;
    int fd = call_file(call, "key-file", 0, NULL);
    *lock = (struct keystore_lock){.method = KEYSTORE_NONE};
    *secret = NULL;
    if (call_flag(call, "no-passphrase"))
        return fd < 0 ? GMM_OK : gmm_fail(msg, GMM_EUSAGE, "--no-passphrase and --key-file exclude each other");
    enum gmm_err err;
    if (fd >= 0) {
        err = keyfile_read_fd(&key, &len, fd, 32, msg);
        if (err == GMM_OK && len != 32)
            err = gmm_fail(msg, GMM_EUSAGE, "a key file holds exactly 32 random bytes, this one has %zu", len);
        if (err == GMM_OK && (*secret = secret_alloc(32)) == NULL)
            err = gmm_fail(msg, GMM_ENOMEM, "out of guarded memory for the key");
        if (err == GMM_OK)
            memcpy(*secret, key, 32);
        keyfile_free(key, len);
        *lock = (struct keystore_lock){.method = KEYSTORE_KEY, .passphrase = *secret, .passphrase_len = 32};
        return err;
    }
    err = passphrase_new(secret, &len, "GMM_PASSPHRASE_FILE", terminal_interactive() ? terminal_ask : NULL, NULL,
                         _("A new passphrase for this office's keys: "), msg);
    *lock = (struct keystore_lock){.method = KEYSTORE_PASSPHRASE,
                                   .ops = KEYSTORE_OPS,
                                   .mem_kib = KEYSTORE_MEM_KIB,
                                   .passphrase = *secret,
                                   .passphrase_len = len};
    return err;
}

static const char *lock_text(enum keystore_method method)
{
    switch (method) {
    case KEYSTORE_NONE:
        return "none";
    case KEYSTORE_PASSPHRASE:
        return "passphrase";
    case KEYSTORE_KEY:
        return "key";
    }
    return "none";
}

static enum gmm_err check_words(struct call *call, const struct founding_office *office, struct gmm_msg *msg)
{
    if (office->kind == 0)
        return gmm_fail(msg, GMM_EUSAGE,
                        "'%s' is no kind: member, government, employers, workers, civil-society, intl-org or observer",
                        call_text(call, "kind"));
    if (office->level == 0)
        return gmm_fail(msg, GMM_EUSAGE, "'%s' is no level: hq, regional, country or field", call_text(call, "level"));
    return GMM_OK;
}

static void init_local(struct client *client, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct keystore_lock lock;
    struct card card;
    uint8_t *secret = NULL;
    const struct founding_office office = {
        .participant = call_text(call, "participant"),
        .name = call_text(call, "name"),
        .office = call_text(call, "office"),
        .lang = call_text(call, "lang"),
        .kind = identity_kind_from_text(call_text(call, "kind")),
        .level = identity_level_from_text(call_text(call, "level")),
    };
    enum gmm_err err = check_words(call, &office, &msg);
    if (err == GMM_OK)
        err = founding_check(client_home(client), &office, &msg);
    if (err == GMM_OK)
        err = init_lock(call, &lock, &secret, &msg);
    if (err == GMM_OK)
        err = founding_init(client_home(client), &office, &lock, &card, &msg);
    secret_free(secret);
    if (err != GMM_OK) {
        reply_fail(call, err, &msg, NULL);
        return;
    }
    call_reply(call, json_pack("{s:s, s:s, s:o, s:s, s:s}", "participant", card.id, "office", card.office,
                               "fingerprint", reply_fingerprint(&card.sign_pk, &card.noise_pk), "home",
                               client_home(client), "protected", lock_text(lock.method)));
}

static void init_render(const json_t *result, struct render *out)
{
    const char *protected = reply_text(result, "protected");
    render_line(out, "Made the keys and the home of office %s of %s.", reply_text(result, "office"),
                reply_text(result, "participant"));
    render_field(out, "home", reply_text(result, "home"));
    render_field(out, "fingerprint", reply_text(result, "fingerprint"));
    if (strcmp(protected, "passphrase") == 0)
        render_line(out, "Nobody can recover the passphrase.");
    else if (strcmp(protected, "key") == 0)
        render_line(out, "Nobody can recover the key file: from now on gmm reads it from GMM_KEY_FILE.");
    else
        render_line(out, "The keys have no passphrase: who can read this home is this office.");
    render_line(out, "Now: gmm key export-root FILE (keep it offline).");
    render_line(out, "Next: gmm network create NAME to found a network, or gmm join INVITE to ask to join one.");
}

/* --lead GROUP=ID, repeated. The text before '=' is a thematic group. */
static enum gmm_err read_leads(struct call *call, struct founding_network *network, struct gmm_msg *msg)
{
    for (size_t i = 0; i < call_count(call, "lead"); i++) {
        const char *text = call_text_at(call, "lead", i), *equals = strchr(text, '=');
        unsigned group = 0;
        const char *name;
        if (equals == NULL)
            return gmm_fail(msg, GMM_EUSAGE, "--lead '%s': write it as GROUP=ID, such as decent-work=ilo", text);
        while ((name = charter_thematic_name(group)) != NULL &&
               (strlen(name) != (size_t)(equals - text) || strncmp(name, text, strlen(name)) != 0))
            group++;
        if (name == NULL)
            return gmm_fail(msg, GMM_EUSAGE,
                            "--lead '%s': the thematic groups are data-research, rights-gender, mainstreaming, "
                            "decent-work, capacity",
                            text);
        if (network->leads[group] != NULL)
            return gmm_fail(msg, GMM_EUSAGE, "--lead names a lead of %s twice", name);
        network->leads[group] = equals + 1;
    }
    return GMM_OK;
}

static json_t *groups_json(const struct charter *charter, const struct view *view)
{
    json_t *groups = json_array();
    for (unsigned i = 0; i < LIMIT_THEMATIC; i++) {
        const struct view_participant *lead = view == NULL ? NULL : view_participant(view, &view->leads[i]);
        const char *id = charter->leads[i][0] != '\0' ? charter->leads[i] : charter->founder_id;
        json_array_append_new(
            groups, json_pack("{s:s, s:s}", "name", charter_thematic_name(i), "lead", lead == NULL ? id : lead->id));
    }
    return groups;
}

static const char *const admissions[] = {"chair", "chair-and-sponsor", "two-thirds"}; /* from CHARTER_BY_CHAIR on */

static enum gmm_err read_admission(struct call *call, struct founding_network *network, struct gmm_msg *msg)
{
    const char *text = call_text(call, "admission");
    for (unsigned i = 0; text != NULL && i < CHARTER_BY_TWO_THIRDS; i++)
        if (strcmp(text, admissions[i]) == 0) {
            network->admission = (uint8_t)(CHARTER_BY_CHAIR + i);
            return GMM_OK;
        }
    return text == NULL
               ? GMM_OK
               : gmm_fail(msg, GMM_EUSAGE,
                          "--admission '%s': who admits participants is chair, chair-and-sponsor or two-thirds", text);
}

static json_t *network_json(struct node *node)
{
    const struct charter *charter = directory_charter(engine_directory(node->engine));
    const struct view *view = engine_view(node->engine);
    const struct view_participant *chair = view == NULL ? NULL : view_participant(view, &view->chair);
    if (charter == NULL)
        return NULL;
    return json_pack("{s:s, s:o, s:o, s:{s:s, s:s}, s:{s:s, s:i, s:o, s:o}, s:o, s:s, s:s, s:i}", "network",
                     charter->name, "id", reply_id(&charter->nid), "founded", render_json_time(charter->time_ms),
                     "founder", "participant", charter->founder_id, "name", charter->founder_name, "chair",
                     "participant", chair == NULL ? charter->founder_id : chair->id, "term",
                     view == NULL ? 1 : (int)view->term, "from",
                     render_json_time(view == NULL ? charter->time_ms : view->term_from_ms), "until",
                     render_json_time(view == NULL ? charter->term_until_ms : view->term_until_ms), "groups",
                     groups_json(charter, view), "admission", admissions[charter->admission - CHARTER_BY_CHAIR],
                     "thematic", charter->thematic == CHARTER_THEMATIC_OPEN ? "open" : "listed", "participants",
                     view == NULL ? 0 : (int)view->participant_count);
}

static void network_create(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct founding_network network = {
        .name = call_text(call, "name"),
        .term_until_ms = (uint64_t)call_int(call, "term-until", 0),
    };
    enum gmm_err err = read_leads(call, &network, &msg);
    if (err == GMM_OK)
        err = read_admission(call, &network, &msg);
    if (err == GMM_OK)
        err = founding_network(node, &network, &msg);
    if (err != GMM_OK)
        reply_fail(call, err, &msg, NULL);
    else
        call_reply(call, network_json(node));
}

static void network_show(struct node *node, struct call *call)
{
    if (node->engine == NULL || directory_charter(engine_directory(node->engine)) == NULL)
        call_fail(call, GMM_ESTATE, "this home is in no network yet",
                  "run gmm network create NAME, or gmm join INVITE and wait to be admitted");
    else
        call_reply(call, network_json(node));
}

static void network_render(const json_t *result, struct render *out)
{
    const json_t *chair = json_object_get(result, "chair"), *group;
    size_t i;
    render_field(out, "network", reply_text(result, "network"));
    render_field(out, "id", reply_text(result, "id"));
    render_field(out, "founder", reply_text(json_object_get(result, "founder"), "name"));
    render_field(out, "chair", reply_text(chair, "participant"));
    render_field(out, "term until", reply_text(chair, "until"));
    render_field(out, "admission by", reply_text(result, "admission"));
    json_array_foreach(json_object_get(result, "groups"), i, group)
    {
        render_line(out, "group %s: lead %s", reply_text(group, "name"), reply_text(group, "lead"));
    }
}

static void network_create_render(const json_t *result, struct render *out)
{
    network_render(result, out);
    render_line(out, "Next: gmm run --listen HOST:PORT, and gmm invite --for ID for each participant to join.");
}

static void card_show(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    char *line = NULL;
    enum gmm_err err = reply_armor(&line, "card", node->keystore->card, node->keystore->card_len, &msg);
    bool to_file = call_file(call, "o", 0, NULL) >= 0;
    if (err == GMM_OK && to_file)
        err = reply_write(call, "o", line, strlen(line), &msg);
    if (err == GMM_OK && to_file)
        err = reply_write(call, "o", "\n", 1, &msg);
    if (err != GMM_OK)
        reply_fail(call, err, &msg, NULL);
    else
        call_reply(call, json_pack("{s:s, s:o, s:b}", "card", line, "fingerprint",
                                   reply_fingerprint(&node->card.sign_pk, &node->card.noise_pk), "written", to_file));
    free(line);
}

static void card_render(const json_t *result, struct render *out)
{
    if (json_is_true(json_object_get(result, "written")))
        return;
    render_line(out, "%s", reply_text(result, "card"));
}

static const struct command_param init_params[] = {
    {"--participant", COMMAND_TEXT, COMMAND_REQUIRED, "ID", "the participant's id: a-z, 0-9 and '-', such as ilo"},
    {"--name", COMMAND_TEXT, COMMAND_REQUIRED, "NAME", "its name for people"},
    {"--kind", COMMAND_TEXT, COMMAND_REQUIRED, "KIND",
     "member, government, employers, workers, civil-society, intl-org or observer"},
    {"--office", COMMAND_TEXT, COMMAND_REQUIRED, "NAME", "this office's name, such as hq or co-dhaka"},
    {"--level", COMMAND_TEXT, COMMAND_REQUIRED, "LEVEL", "hq, regional, country or field"},
    {"--lang", COMMAND_TEXT, 0, "LANG", "the office's language, en when not given"},
    {"--no-passphrase", COMMAND_FLAG, 0, NULL, "leave the keys without a passphrase: for tests and sealed machines"},
    {"--key-file", COMMAND_IN, 0, "FILE", "seal the keys under the 32 bytes of this file instead of a passphrase"},
};
static const struct command_param create_params[] = {
    {"NAME", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the network's name"},
    {"--term-until", COMMAND_TIME, 0, "DATE", "the end of the first chair's term; 31 December when not given"},
    {"--lead", COMMAND_TEXT, COMMAND_REPEATED, "GROUP=ID", "who leads a thematic group; the chair when not given"},
    {"--admission", COMMAND_TEXT, 0, "POLICY", "who admits: chair (when not given), chair-and-sponsor or two-thirds"},
};
static const struct command_param card_params[] = {
    {"-o", COMMAND_OUT, 0, "FILE", "write the card to a file instead"},
};

static const struct command commands[] = {
    {.name = "init",
     .params = init_params,
     .param_count = sizeof init_params / sizeof init_params[0],
     .flags = COMMAND_LOCAL | COMMAND_WRITES,
     .local = init_local,
     .render = init_render,
     .help = "Make this office's keys and home.",
     .details =
         "Prints the fingerprint that the chair will want to hear by phone. The root made here is provisional until "
         "a network is created or joined. The passphrase is asked on the terminal, or read from the file that "
         "GMM_PASSPHRASE_FILE names.",
     .example = "gmm init --participant ilo --name \"International Labour Organization\" --kind member --office hq "
                "--level hq --lang fr"},
    {.name = "network create",
     .params = create_params,
     .param_count = sizeof create_params / sizeof create_params[0],
     .flags = COMMAND_UNJOINED | COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = network_create,
     .render = network_create_render,
     .help = "Found a network, with this office's participant as its first chair.",
     .details =
         "The policy of admission stands in the charter for ever: the chair alone; the chair, and another active "
         "participant that cosigns; or two thirds of the electorate.",
     .example = "gmm network create \"Global Migration Group\" --lead decent-work=ilo"},
    {.name = "network show",
     .flags = COMMAND_UNJOINED,
     .right = CONFIG_READ,
     .handler = network_show,
     .render = network_render,
     .help = "Show the network that this home is in: chair, term, thematic groups.",
     .example = "gmm network show"},
    {.name = "card",
     .params = card_params,
     .param_count = sizeof card_params / sizeof card_params[0],
     .flags = COMMAND_UNJOINED,
     .handler = card_show,
     .render = card_render,
     .help = "Print this office's public card, one line of text.",
     .example = "gmm card -o ilo-hq.card"},
};
const struct command_family command_founding = {commands, sizeof commands / sizeof commands[0]};
