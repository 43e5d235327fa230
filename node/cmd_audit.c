/* verify, export-proof. */
#include <stdlib.h>
#include <string.h>

#include "node/client.h"
#include "node/commands.h"
#include "node/joining.h"
#include "node/proven.h"
#include "node/proving.h"
#include "node/read.h"
#include "node/render.h"
#include "node/reply.h"
#include "node/verify.h"

/* ---- verify: a home */

static void verify(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct verify_report report;
    enum gmm_err err = verify_run(node, call_flag(call, "all"), &report, &msg);
    if (err != GMM_OK) {
        reply_fail(call, err, &msg, NULL);
        verify_report_close(&report);
        return;
    }
    if (report.closed)
        call_say(
            call,
            "The keys are not open: titles and texts stay closed; chains, signatures and ciphertext were checked.");
    json_t *result =
        json_pack("{s:b, s:I, s:I, s:O}", "ok", report.fault_count == 0, "checked", (json_int_t)report.checked,
                  "not_held", (json_int_t)report.not_held, "faults", report.faults);
    if (report.fault_count == 0)
        call_reply(call, result);
    else
        call_reply_with(call, GMM_ECORRUPT, result);
    verify_report_close(&report);
}

static void faults_render(const json_t *result, struct render *out)
{
    const json_t *item;
    size_t i;
    json_array_foreach(json_object_get(result, "faults"), i, item)
    {
        const char *id = json_string_value(json_object_get(item, "id"));
        fprintf(out->out, "FAULT %s%s%s: ", reply_text(item, "kind"), id == NULL ? "" : " ", id == NULL ? "" : id);
        render_text(out, reply_text(item, "reason"));
        fputc('\n', out->out);
    }
}

static void home_render(const json_t *result, struct render *out)
{
    faults_render(result, out);
    render_line(out, "%s: %lld items checked, %lld not held here.",
                json_is_true(json_object_get(result, "ok")) ? "OK" : "NOT OK",
                (long long)json_integer_value(json_object_get(result, "checked")),
                (long long)json_integer_value(json_object_get(result, "not_held")));
    if (!json_is_true(json_object_get(result, "ok")))
        render_line(out,
                    "What is named was altered or lost on this disk. Restore it from a backup; the other offices hold "
                    "their own copies.");
}

/* ---- verify: an evidence file */

static void verify_local(struct client *client, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    json_t *report;
    int fd = call_file(call, "file", 0, NULL), content = call_file(call, "content", 0, NULL);
    if (fd < 0 && content >= 0) {
        call_fail(call, GMM_EUSAGE, "--content goes with an evidence file", "gmm verify FILE --content DOCUMENT");
        return;
    }
    if (fd < 0) {
        client_forward(client, call);
        return;
    }
    if (call_flag(call, "all")) {
        call_fail(call, GMM_EUSAGE, "--all is for a home, not for an evidence file", "leave one of them out");
        return;
    }
    enum gmm_err err = proven_report(fd, content, &report, &msg);
    if (report == NULL)
        reply_fail(call, err, &msg, NULL);
    else if (err == GMM_OK)
        call_reply(call, report);
    else
        call_reply_with(call, err, report);
}

static void time_field(struct render *out, const char *label, const json_t *time)
{
    fprintf(out->out, "%s: ", label);
    render_time(out, time);
    fputc('\n', out->out);
}

static void record_render(const json_t *shown, struct render *out)
{
    const json_t *document = json_object_get(shown, "document"), *note = json_object_get(shown, "note");
    render_field(out, "title", json_string_value(json_object_get(document, "title")));
    render_field(out, "symbol", json_string_value(json_object_get(document, "symbol")));
    if (document != NULL)
        render_line(out, "version: %lld", (long long)json_integer_value(json_object_get(document, "version")));
    render_field(out, "language", json_string_value(json_object_get(document, "lang")));
    render_field(out, "marking", json_string_value(json_object_get(document, "marking")));
    render_field(out, "file", json_string_value(json_object_get(document, "name")));
    if (document != NULL)
        render_line(out, "bytes: %lld", (long long)json_integer_value(json_object_get(document, "bytes")));
    render_field(out, "on document", json_string_value(json_object_get(note, "document")));
    render_field(out, "position", json_string_value(json_object_get(note, "position")));
    if (json_is_string(json_object_get(note, "text")))
        render_block(out, 2, reply_text(note, "text"));
    if (json_is_string(json_object_get(note, "proposed"))) {
        render_line(out, "proposed text:");
        render_block(out, 2, reply_text(note, "proposed"));
    }
    render_field(out, "person, as the office says",
                 json_string_value(json_object_get(document != NULL ? document : note, "person")));
    if (strcmp(reply_text(shown, "content"), "same") == 0)
        render_line(out, "The file given is the one that was posted, to the byte.");
}

static void roster_render(const json_t *shown, struct render *out)
{
    const json_t *chair = json_object_get(shown, "chair"), *item;
    size_t i;
    render_line(out, "chair then: %s, term %lld", reply_text(chair, "participant"),
                (long long)json_integer_value(json_object_get(chair, "term")));
    fputs("roster then:", out->out);
    json_array_foreach(json_object_get(shown, "roster"), i, item)
    {
        bool active = strcmp(reply_text(item, "status"), "active") == 0;
        fprintf(out->out, "%s %s%s%s%s", i == 0 ? "" : ",", reply_text(item, "participant"), active ? "" : " (",
                active ? "" : reply_text(item, "status"), active ? "" : ")");
    }
    fputc('\n', out->out);
}

static void shown_render(const json_t *shown, struct render *out)
{
    const json_t *network = json_object_get(shown, "network"), *author = json_object_get(shown, "author"), *item;
    size_t i;
    render_field(out, "entry", reply_text(shown, "id"));
    record_render(shown, out);
    fputs("signed by: ", out->out);
    render_text(out, reply_text(author, "participant"));
    fputs("/", out->out);
    render_text(out, reply_text(author, "office"));
    fputs(", ", out->out);
    render_text(out, reply_text(author, "name"));
    fputc('\n', out->out);
    time_field(out, "time, as the office says", json_object_get(shown, "time"));
    render_field(out, "posted to",
                 json_is_string(json_object_get(shown, "group")) ? reply_text(shown, "group")
                                                                 : "a circle, whose members the file does not name");
    roster_render(shown, out);
    json_array_foreach(json_object_get(shown, "caveats"), i, item)
    {
        render_field(out, "NOTE", json_string_value(item));
    }
    render_line(out, "Compare, by a way that does not lead through who gave you this file:");
    render_field(out, "  network", reply_text(network, "name"));
    render_field(out, "  its id (gmm network show)", reply_text(network, "id"));
    render_field(out, "  fingerprint of the office (gmm key fingerprint)", reply_text(author, "fingerprint"));
}

static void proven_render(const json_t *result, struct render *out)
{
    const json_t *shown = json_object_get(result, "evidence");
    faults_render(result, out);
    if (!json_is_null(shown))
        shown_render(shown, out);
    if (!json_is_true(json_object_get(result, "ok"))) {
        render_line(out, "NOT PROVEN: do not rely on this file. Ask whoever gave it to you for another.");
        return;
    }
    render_line(out,
                "PROVEN: the key of this office signed exactly this text, and by the records in the file the office "
                "spoke for its participant then.");
    render_line(out, "Not proven: that the network is the one you mean, before you have compared its id; that the time "
                     "is right; who belonged to the group and who has read it; that nothing was revoked or replaced "
                     "later.");
}

static void verify_render(const json_t *result, struct render *out)
{
    if (json_object_get(result, "evidence") != NULL)
        proven_render(result, out);
    else
        home_render(result, out);
}

/* ---- export-proof */

static void export_proof(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct read_found found;
    struct buffer file;
    enum gmm_err err = joining_refusal(node, &msg);
    if (err != GMM_OK) {
        reply_fail(call, err, &msg, NULL);
        return;
    }
    json_t *choices = json_array();
    err = read_find(node, call_text(call, "ref"), NULL, &found, choices, &msg);
    if (err != GMM_OK) {
        call_fail_choices(call, err, msg.text[0] == '\0' ? NULL : msg.text,
                          err == GMM_ENOTFOUND ? "gmm list and gmm search show what can be read here" : NULL, choices);
        return;
    }
    json_decref(choices);
    buffer_init(&file, LIMIT_EVIDENCE_BYTES);
    err = proving_make(node, &found.item.id, &file, &msg);
    if (err == GMM_OK)
        err = reply_write(call, "o", file.p, file.len, &msg);
    if (err == GMM_OK)
        call_reply(call, json_pack("{s:o, s:I, s:b}", "id", reply_id(&found.item.id), "bytes", (json_int_t)file.len,
                                   "document", found.item.type == HEADER_DOCUMENT));
    else
        reply_fail(call, err, &msg, NULL);
    buffer_close(&file);
    read_close(&found);
}

static void export_render(const json_t *result, struct render *out)
{
    render_line(out, "Wrote the proof of entry %s.", reply_text(result, "id"));
    render_line(out, "Whoever has the file reads that text, the roster with its offices, and nothing else.");
    if (json_is_true(json_object_get(result, "document")))
        render_line(out, "Give the document's own file along (gmm get REF -o FILE): gmm verify PROOF --content FILE "
                         "compares it.");
}

/* ---- the table */

static const struct command_param verify_params[] = {
    {"FILE", COMMAND_IN, 0, NULL, "an evidence file of gmm export-proof; this home when not given"},
    {"--all", COMMAND_FLAG, 0, NULL, "also read every chunk, and open every body and content"},
    {"--content", COMMAND_IN, 0, "FILE", "with an evidence file: the document's own file, to be compared"},
};
static const struct command_param export_params[] = {
    {"REF", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "a document or a note"},
    {"-o", COMMAND_OUT, COMMAND_REQUIRED | COMMAND_PRIVATE, "FILE", "where to"},
};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
    {.name = "verify",
     PARAMS(verify_params),
     .flags = COMMAND_UNJOINED | COMMAND_KEYLESS,
     .right = CONFIG_READ,
     .handler = verify,
     .local = verify_local,
     .render = verify_render,
     .help =
         "Check that what this home holds is unaltered, or what an evidence file proves; exit status 6 names what is "
         "not.",
     .details =
         "An evidence file is checked without a home, a key or a network. It proves which office signed the text "
         "and, by the records in it, for which participant, under which chair; compare the network's id and the "
         "office's fingerprint with what you have by another way.",
     .example = "gmm verify --all"},
    {.name = "export-proof",
     PARAMS(export_params),
     .right = CONFIG_READ,
     .handler = export_proof,
     .render = export_render,
     .help = "Write an evidence file of one document or note, for somebody who has neither network nor keys.",
     .details =
         "It shows the text of that one entry and nothing else that is sealed; with it go the signatures up to the "
         "charter and the records that say who took part and who held the chair. It names the participants and "
         "their offices.",
     .example = "gmm export-proof GMG/2014/1 -o draft.proof"},
};
const struct command_family command_audit = {commands, sizeof commands / sizeof commands[0]};
