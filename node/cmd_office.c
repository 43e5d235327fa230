/* office renew, office revoke, office vouch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/armor.h"
#include "keys/text.h"
#include "node/args.h"
#include "node/certify.h"
#include "node/client.h"
#include "node/cmd_history.h"
#include "node/cmd_roster.h"
#include "node/commands.h"
#include "node/joining.h"
#include "node/keyfile.h"
#include "node/newkeys.h"
#include "node/render.h"
#include "node/reply.h"
#include "node/revoke.h"
#include "node/vouching.h"

static bool ready(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    enum gmm_err err = joining_refusal(node, &msg);
    if (err == GMM_OK)
        return true;
    reply_fail(call, err, &msg, NULL);
    return false;
}

/* ---- renew */

static const struct {
    const char *word;
    uint16_t role;
} roles[] = {{"vote", CERTIFICATE_ROLE_VOTE},
             {"decide", CERTIFICATE_ROLE_DECIDE},
             {"revoke", CERTIFICATE_ROLE_REVOKE},
             {"relay", CERTIFICATE_ROLE_RELAY},
             {"none", 0}};

static enum gmm_err read_roles(const struct call *call, struct certify_renewal *renewal, struct gmm_msg *msg)
{
    size_t count = call_count(call, "role");
    renewal->with_roles = count > 0;
    for (size_t i = 0; i < count; i++) {
        const char *word = call_text_at(call, "role", i);
        size_t r = 0;
        while (r < sizeof roles / sizeof roles[0] && strcmp(word, roles[r].word) != 0)
            r++;
        if (r == sizeof roles / sizeof roles[0] || (roles[r].role == 0 && count > 1))
            return gmm_fail(msg, GMM_EUSAGE, "--role is vote, decide, revoke or relay, each once, or none alone");
        renewal->roles |= roles[r].role;
    }
    return GMM_OK;
}

/* New keys that the office itself asks for. */
static void renew_keys(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct buffer object;
    uint8_t *text = NULL, *bytes = NULL;
    size_t len = 0, n = 0;
    char *line = NULL;
    struct certificate certificate = {.serial = 0};
    buffer_init(&object, CERTIFICATE_BYTES_MAX + 1);
    enum gmm_err err = keyfile_read_fd(&text, &len, call_file(call, "card", 0, NULL), LIMIT_ARMOR_BYTES, &msg);
    if (err == GMM_OK)
        err = armor_read(&bytes, &n, "rekey", (const char *)text, len, &msg);
    if (err == GMM_ECORRUPT)
        err = GMM_EFORMAT; /* a file of somebody else's, not our store */
    if (err == GMM_OK)
        err = newkeys_certify(node, call_text(call, "name"), call_text(call, "fingerprint"), bytes, n, &object, &msg);
    if (err == GMM_OK)
        err = certificate_open(&certificate, NULL, object.p + 1, object.len - 1);
    if (err == GMM_OK)
        err = reply_armor(&line, "certificate", object.p, object.len, &msg);
    if (err == GMM_OK && call_file(call, "o", 0, NULL) >= 0)
        err = reply_write(call, "o", line, strlen(line), &msg);
    json_t *result = err == GMM_OK ? cmd_roster_office_json(node, &certificate.sign_pk) : NULL;
    if (result != NULL) {
        json_object_set_new(result, "certificate", json_string(line));
        json_object_set_new(result, "fingerprint", reply_fingerprint(&certificate.sign_pk, &certificate.noise_pk));
    }
    if (err == GMM_OK)
        call_reply(call, result);
    else
        reply_fail(call, err, &msg, NULL);
    free(line);
    free(bytes);
    keyfile_free(text, len);
    buffer_close(&object);
}

static void renew(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct certify_renewal renewal = {.office = call_text(call, "name"),
                                      .until_ms = (uint64_t)call_int(call, "until", 0),
                                      .address_count = call_count(call, "address")};
    struct gmm_id sign_pk;
    if (!ready(node, call))
        return;
    enum gmm_err err = read_roles(call, &renewal, &msg);
    bool keys = call_file(call, "card", 0, NULL) >= 0;
    if (err == GMM_OK && keys && (renewal.with_roles || renewal.address_count > 0 || renewal.until_ms != 0))
        err = gmm_fail(&msg, GMM_EUSAGE, "--card changes the keys alone: renew again for the rest");
    if (err == GMM_OK && !keys && (call_text(call, "fingerprint") != NULL || call_file(call, "o", 0, NULL) >= 0))
        err = gmm_fail(&msg, GMM_EUSAGE, "--fingerprint and -o belong to --card");
    if (err == GMM_OK && keys) {
        renew_keys(node, call);
        return;
    }
    if (err == GMM_OK && renewal.address_count > LIMIT_ADDRESSES)
        err = gmm_fail(&msg, GMM_EUSAGE, "at most %u addresses", LIMIT_ADDRESSES);
    for (size_t i = 0; err == GMM_OK && i < renewal.address_count; i++)
        renewal.addresses[i] = call_text_at(call, "address", i);
    if (err == GMM_OK)
        err = certify_renew(node, &renewal, &sign_pk, &msg);
    if (err == GMM_OK)
        call_reply(call, cmd_roster_office_json(node, &sign_pk));
    else
        reply_fail(call, err, &msg, NULL);
}

static void renew_render(const json_t *result, struct render *out)
{
    const json_t *word;
    size_t i;
    render_line(out, "Renewed the certificate of office %s of %s.", reply_text(result, "office"),
                reply_text(result, "participant"));
    render_field(out, "until", reply_text(result, "expires"));
    render_field(out, "fingerprint", json_string_value(json_object_get(result, "fingerprint")));
    render_field(out, "certificate", json_string_value(json_object_get(result, "certificate")));
    json_array_foreach(json_object_get(result, "roles"), i, word)
    {
        render_field(out, "role", json_string_value(word));
    }
}

/* ---- revoke */

static void revoke(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct revoke_done done;
    if (!ready(node, call))
        return;
    json_t *before = cmd_history_all_json(node);
    enum gmm_err err = revoke_office(node, call_text(call, "office"), call_text(call, "reason"), &done, &msg);
    if (err != GMM_OK) {
        json_decref(before);
        reply_fail(call, err, &msg, NULL);
        return;
    }
    if (done.undecided)
        call_say(call, "No office decides for %s any more: gmm office renew NAME --role decide, where its root is.",
                 node->card.id);
    json_t *result = cmd_roster_office_json(node, &done.sign_pk);
    json_object_set_new(result, "logs", json_integer((json_int_t)done.logs));
    json_object_set_new(result, "by", json_string(done.by_root ? "root" : "office"));
    json_object_set_new(result, "groups", cmd_history_changed_json(node, node_pid(node), before));
    call_reply(call, result);
}

static void revoke_render(const json_t *result, struct render *out)
{
    render_line(out, "Revoked office %s of %s. Nobody who hears of this opens a session with its key again.",
                reply_text(result, "office"), reply_text(result, "participant"));
    render_line(out, "What it wrote up to what is held here stands (%lld logs); all beyond has no effect.",
                (long long)json_integer_value(json_object_get(result, "logs")));
    cmd_history_changed_render(json_object_get(result, "groups"), out);
    render_line(out, "Next: gmm sync, or leave the daemon running, so that all hear of it.");
}

static void revoke_local(struct client *client, struct call *call)
{
    char question[512];
    snprintf(question, sizeof question,
             _("Revoke office '%.200s' for ever? Whatever it wrote that is not held here will have no effect."),
             call_text(call, "office"));
    if (!client_interactive(client) || client_args(client)->json || call_flag(call, "yes") ||
        client_confirm(client, question))
        client_forward(client, call);
    else
        call_fail(call, GMM_ESTATE, "nothing was revoked", "gmm sync first: what is held here of the office stands");
}

/* ---- vouch */

static void vouch(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct vouching_done done;
    if (!ready(node, call))
        return;
    enum gmm_err err = vouching_vouch(node, call_text(call, "office"), &done, &msg);
    if (err != GMM_OK) {
        reply_fail(call, err, &msg, NULL);
        return;
    }
    json_t *result = cmd_roster_office_json(node, &done.sign_pk);
    json_object_set_new(result, "logs", json_integer((json_int_t)done.logs));
    json_object_set_new(result, "by", json_string(done.by_root ? "root" : "office"));
    call_reply(call, result);
}

static void vouch_render(const json_t *result, struct render *out)
{
    bool root = strcmp(reply_text(result, "by"), "root") == 0;
    render_line(out, "Vouched for %lld logs of %s/%s, as far as they are held here.",
                (long long)json_integer_value(json_object_get(result, "logs")), reply_text(result, "participant"),
                reply_text(result, "office"));
    render_line(out, root ? "They stand up to there from now on."
                          : "They stand as far as a second participant vouches for them too.");
}

static void vouch_local(struct client *client, struct call *call)
{
    char question[512];
    snprintf(
        question, sizeof question,
        _("Vouch for all that is held here of '%.200s' and that its revocation does not name? Whoever stole the key "
          "may have written it."),
        call_text(call, "office"));
    if (!client_interactive(client) || client_args(client)->json || call_flag(call, "yes") ||
        client_confirm(client, question))
        client_forward(client, call);
    else
        call_fail(call, GMM_ESTATE, "nothing was vouched for", "gmm list --from shows what it posted");
}

/* ---- the table */

static const struct command_param renew_params[] = {
    {"NAME", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "an office of our participant"},
    {"--address", COMMAND_TEXT, COMMAND_REPEATED, "HOST:PORT", "where it can be reached; as before when not given"},
    {"--until", COMMAND_TIME, 0, "DATE", "when the certificate ends; in three years when not given"},
    {"--role", COMMAND_TEXT, COMMAND_REPEATED, "ROLE",
     "vote, decide, revoke, relay, or none; as before when not given"},
    {"--card", COMMAND_IN, 0, "FILE", "the request for new keys that gmm key rotate printed there"},
    {"--fingerprint", COMMAND_TEXT, 0, "DIGITS", "of the new keys, as heard by phone: refuse any others"},
    {"-o", COMMAND_OUT, 0, "FILE", "with --card: the certificate, for gmm key rotate --certificate"},
};
static const struct command_param revoke_params[] = {
    {"OFFICE", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "an office of our participant, or 8 digits of its node"},
    {"--reason", COMMAND_TEXT, 0, "TEXT", "why, for everybody to read"},
    {"--yes", COMMAND_FLAG, 0, NULL, "do not ask"},
};
static const struct command_param vouch_params[] = {
    {"OFFICE", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "an office of ours, PARTICIPANT/OFFICE, or 8 digits of its node"},
    {"--yes", COMMAND_FLAG, 0, NULL, "do not ask"},
};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
    {.name = "office renew",
     PARAMS(renew_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = renew,
     .render = renew_render,
     .help = "Certify an office of our participant anew; a holder of the root does.",
     .details = "The new certificate rules from now on; the office need not do anything. Of several offices with the "
                "role decide the one certified last decides.",
     .example = "gmm office renew hq --until 2017-01-01"},
    {.name = "office revoke",
     PARAMS(revoke_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = revoke,
     .local = revoke_local,
     .render = revoke_render,
     .help = "Revoke an office whose key is lost or stolen; the root, or an office with the role revoke, does.",
     .details = "What the office wrote stands as far as this home holds it; all else it wrote or will write has no "
                "effect, whatever time it bears. A revocation cannot be taken back.",
     .example = "gmm office revoke co-dhaka --reason 'laptop lost'"},
    {.name = "office vouch",
     PARAMS(vouch_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = vouch,
     .local = vouch_local,
     .render = vouch_render,
     .help = "Vouch for what a revoked office wrote and its revocation does not name.",
     .details =
         "For an office of our own participant its root does, and that is enough. For another participant's the "
         "office that decides for us does, and a second participant must do the same. Only logs of which nothing "
         "is named can be vouched for, as far as this home holds them. Of circles that is said inside of them, by "
         "members.",
     .example = "gmm office vouch iom/co-dhaka"},
};
const struct command_family command_office = {commands, sizeof commands / sizeof commands[0]};
