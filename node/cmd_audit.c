/* verify, export-proof, log. */
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/client.h"
#include "node/commands.h"
#include "node/csv.h"
#include "node/forks_report.h"
#include "node/groups.h"
#include "node/item.h"
#include "node/joining.h"
#include "node/journal.h"
#include "node/lang.h"
#include "node/past.h"
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
    json_t *past = NULL;
    enum gmm_err err = verify_run(node, call_flag(call, "all"), &report, &msg);
    /* A damaged home may know no date; what is damaged is the answer then. */
    if (err == GMM_OK && call_count(call, "as-of") > 0 && (report.fault_count == 0 || node->engine != NULL))
        err = past_report(node, (uint64_t)call_int(call, "as-of", 0), &past, &msg);
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
    if (past != NULL)
        json_object_set(result, "as_of", past);
    json_decref(past);
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
        fprintf(out->out, _("FAULT %s%s%s: "), reply_text(item, "kind"), id == NULL ? "" : " ", id == NULL ? "" : id);
        render_text(out, reply_text(item, "reason"));
        fputc('\n', out->out);
    }
}

static void time_field(struct render *out, const char *label, const json_t *time)
{
    fprintf(out->out, _("%s: "), text_tr(label));
    render_time(out, time);
    fputc('\n', out->out);
}

static void roster_render(const json_t *shown, struct render *out)
{
    const json_t *chair = json_object_get(shown, "chair"), *item;
    size_t i;
    render_line(out, "chair then: %s, term %lld", reply_text(chair, "participant"),
                (long long)json_integer_value(json_object_get(chair, "term")));
    fputs(_("roster then:"), out->out);
    json_array_foreach(json_object_get(shown, "roster"), i, item)
    {
        bool active = strcmp(reply_text(item, "status"), "active") == 0;
        fprintf(out->out, "%s %s%s%s%s", i == 0 ? "" : ",", reply_text(item, "participant"), active ? "" : " (",
                active ? "" : lang_word(reply_text(item, "status")), active ? "" : ")");
    }
    fputc('\n', out->out);
}

/* Who was in the group then, and who else held the text, as far as the file shows it. */
static void group_render(const json_t *shown, struct render *out)
{
    const json_t *members = json_object_get(shown, "members"), *item;
    char label[256];
    size_t i;
    if (json_is_array(members)) {
        fputs(_("members of the group then:"), out->out);
        json_array_foreach(members, i, item)
        {
            fprintf(out->out, "%s %s", i == 0 ? "" : ",", json_string_value(item));
        }
        fputc('\n', out->out);
    }
    json_array_foreach(json_object_get(shown, "stored"), i, item)
    {
        snprintf(label, sizeof label, _("held by %s/%s, by its own clock"), reply_text(item, "participant"),
                 reply_text(item, "office"));
        time_field(out, label, json_object_get(item, "time"));
    }
}

static void home_render(const json_t *result, struct render *out)
{
    faults_render(result, out);
    render_line(out, "%s: %lld items checked, %lld not held here.",
                json_is_true(json_object_get(result, "ok")) ? _("OK") : _("NOT OK"),
                (long long)json_integer_value(json_object_get(result, "checked")),
                (long long)json_integer_value(json_object_get(result, "not_held")));
    const json_t *past = json_object_get(result, "as_of");
    if (past != NULL) {
        time_field(out, "As of", json_object_get(past, "time"));
        render_line(out, "%lld entries, %lld of them without effect by what is known now; %lld documents.",
                    (long long)json_integer_value(json_object_get(past, "entries")),
                    (long long)json_integer_value(json_object_get(past, "void")),
                    (long long)json_integer_value(json_object_get(past, "documents")));
        roster_render(past, out);
    }
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
    if (call_flag(call, "all") || call_count(call, "as-of") > 0) {
        call_fail(call, GMM_EUSAGE, "--all and --as-of are for a home, not for an evidence file",
                  "leave one of them out");
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

/* A record of another kind, key by key. */
static void other_render(const json_t *record, struct render *out)
{
    const char *key;
    const json_t *value;
    json_object_foreach((json_t *)(uintptr_t)record, key, value)
    {
        char number[32];
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        if (!json_is_string(value) && !json_is_integer(value))
            continue;
        render_text(out, key);
        render_field(out, "", json_is_string(value) ? json_string_value(value) : number);
    }
}

static void record_render(const json_t *shown, struct render *out)
{
    const json_t *document = json_object_get(shown, "document"), *note = json_object_get(shown, "note");
    render_field(out, "title", json_string_value(json_object_get(document, "title")));
    render_field(out, "symbol", json_string_value(json_object_get(document, "symbol")));
    if (document != NULL)
        render_line(out, "version: %lld", (long long)json_integer_value(json_object_get(document, "version")));
    render_field(out, "language", json_string_value(json_object_get(document, "lang")));
    render_word(out, "marking", json_string_value(json_object_get(document, "marking")));
    render_field(out, "onward", json_string_value(json_object_get(document, "tlp")));
    render_field(out, "file", json_string_value(json_object_get(document, "name")));
    if (document != NULL)
        render_line(out, "bytes: %lld", (long long)json_integer_value(json_object_get(document, "bytes")));
    render_field(out, "on document", json_string_value(json_object_get(note, "document")));
    render_word(out, "position", json_string_value(json_object_get(note, "position")));
    if (json_is_string(json_object_get(note, "text")))
        render_block(out, 2, reply_text(note, "text"));
    if (json_is_string(json_object_get(note, "proposed"))) {
        render_line(out, "proposed text:");
        render_block(out, 2, reply_text(note, "proposed"));
    }
    other_render(json_object_get(shown, "record"), out);
    render_field(out, "person, as the office says",
                 json_string_value(json_object_get(document != NULL ? document : note, "person")));
    if (strcmp(reply_text(shown, "content"), "same") == 0)
        render_line(out, "The file given is the one that was posted, to the byte.");
}

static void shown_render(const json_t *shown, struct render *out)
{
    const json_t *network = json_object_get(shown, "network"), *author = json_object_get(shown, "author"), *item;
    size_t i;
    render_field(out, "entry", reply_text(shown, "id"));
    record_render(shown, out);
    fputs(_("signed by: "), out->out);
    render_text(out, reply_text(author, "participant"));
    fputs("/", out->out);
    render_text(out, reply_text(author, "office"));
    fputs(", ", out->out);
    render_text(out, reply_text(author, "name"));
    fputc('\n', out->out);
    time_field(out, "time, as the office says", json_object_get(shown, "time"));
    render_field(out, "posted to",
                 json_is_string(json_object_get(shown, "group")) ? reply_text(shown, "group")
                                                                 : _("a circle, whose members the file does not name"));
    roster_render(shown, out);
    group_render(shown, out);
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
                     "is right; who has read it; that no record was left out, and that nothing was revoked or replaced "
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
    enum gmm_err err = joining_reading(node, &msg);
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
    json_t *result = err == GMM_OK ? json_pack("{s:o, s:I, s:b}", "id", reply_id(&found.item.id), "bytes",
                                               (json_int_t)file.len, "document", found.item.type == HEADER_DOCUMENT)
                                   : NULL;
    if (err == GMM_OK && (result == NULL || !item_set_marking_of(result, node, &found.item, NULL)))
        err = GMM_ENOMEM;
    if (err == GMM_OK) {
        call_reply(call, result);
    } else {
        json_decref(result);
        reply_fail(call, err, &msg, NULL);
    }
    buffer_close(&file);
    read_close(&found);
}

static void export_render(const json_t *result, struct render *out)
{
    render_line(out, "Wrote the proof of entry %s.", reply_text(result, "id"));
    item_marking_render(result, out);
    render_line(out, "Whoever has the file reads that text, the roster with its offices, and nothing else.");
    if (json_is_true(json_object_get(result, "document")))
        render_line(out, "Give the document's own file along (gmm get REF -o FILE): gmm verify PROOF --content FILE "
                         "compares it.");
}

/* ---- log */

#define WORDS_MAX 64u

static enum gmm_err read_query(struct node *node, struct call *call, struct journal_query *query,
                               const char *words[WORDS_MAX], struct gmm_id *gid, json_t *choices, struct gmm_msg *msg)
{
    *query = (struct journal_query){.since_ms = (uint64_t)call_int(call, "since", 0),
                                    .until_ms = (uint64_t)call_int(call, "until", 0),
                                    .from = call_text(call, "from"),
                                    .key = call_text(call, "key"),
                                    .what = words,
                                    .what_count = call_count(call, "what"),
                                    .only_void = call_flag(call, "void")};
    int64_t limit = call_int(call, "limit", 0);
    query->limit = limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit;
    if (limit == 0 && call_count(call, "limit") > 0)
        return gmm_fail(msg, GMM_EUSAGE, "--limit is at least 1");
    if (query->key != NULL && (strlen(query->key) < 8 || strspn(query->key, "0123456789abcdef") != strlen(query->key)))
        return gmm_fail(msg, GMM_EUSAGE, "--key is a key's first 8 hex digits, or more");
    if (query->what_count > WORDS_MAX)
        return gmm_fail(msg, GMM_EUSAGE, "--what may be given at most %u times", WORDS_MAX);
    for (size_t i = 0; i < query->what_count; i++) {
        words[i] = call_text_at(call, "what", i);
        if (!journal_is_word(words[i]))
            return gmm_fail(msg, GMM_EUSAGE,
                            "'%s' is no kind of entry: document, note, receipt, admit, epoch, …, or "
                            "charter, certificate, revocation, rotation",
                            words[i]);
    }
    if (call_text(call, "to") == NULL)
        return GMM_OK;
    query->gid = gid;
    return groups_find(node, call_text(call, "to"), gid, choices, msg);
}

/* As text; *text: free. */
static enum gmm_err to_csv(const json_t *rows, char **text, size_t *len)
{
    static const struct csv_column columns[] = {{"time", "time"},
                                                {"participant", "participant"},
                                                {"office", "office"},
                                                {"person", "person"},
                                                {"what", "what"},
                                                {"subject", "subject"},
                                                {"text", "text"},
                                                {"group", "group"},
                                                {"document", "document"},
                                                {"id", "id"},
                                                {"key", "key"},
                                                {"instance", "instance"},
                                                {"seq", "seq"},
                                                {"stands", "stands"},
                                                {"reason", "reason"},
                                                {"marking", "marking"},
                                                {"tlp", "tlp"}};
    FILE *out = open_memstream(text, len);
    if (out == NULL)
        return GMM_ENOMEM;
    csv_table(out, rows, columns, sizeof columns / sizeof columns[0]);
    bool failed = ferror(out) != 0;
    failed = fclose(out) != 0 || failed;
    return failed ? GMM_ENOMEM : GMM_OK;
}

static void answer_csv(struct call *call, json_t *rows)
{
    struct gmm_msg msg = {.text = ""};
    char *text = NULL;
    size_t len = 0;
    enum gmm_err err = to_csv(rows, &text, &len);
    bool to_file = call_file(call, "o", 0, NULL) >= 0;
    if (err == GMM_OK && to_file)
        err = reply_write(call, "o", text, len, &msg);
    if (err != GMM_OK)
        reply_fail(call, err, &msg, NULL);
    else if (to_file)
        call_reply(call, json_pack("{s:I}", "rows", (json_int_t)json_array_size(rows)));
    else
        call_reply(call, json_pack("{s:s#}", "csv", text, (int)len));
    free(text);
    json_decref(rows);
}

static void show_forks(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    enum gmm_err err = joining_reading(node, &msg);
    json_t *rows = err == GMM_OK ? forks_report_rows(node) : NULL;
    if (rows != NULL)
        call_reply(call, rows);
    else
        reply_fail(call, err == GMM_OK ? GMM_ENOMEM : err, &msg, NULL);
}

static void show_log(struct node *node, struct call *call)
{
    if (call_flag(call, "forks")) {
        show_forks(node, call);
        return;
    }
    struct gmm_msg msg = {.text = ""};
    struct journal_query query;
    struct gmm_id gid;
    const char *words[WORDS_MAX], *format = call_text(call, "format");
    json_t *rows = NULL, *choices = json_array();
    bool csv = format == NULL ? call_file(call, "o", 0, NULL) >= 0 : strcmp(format, "csv") == 0;
    enum gmm_err err = joining_reading(node, &msg);
    if (err == GMM_OK && !csv && format != NULL && strcmp(format, "table") != 0)
        err = gmm_fail(&msg, GMM_EUSAGE, "--format is table or csv; for JSON give --json");
    if (err == GMM_OK && !csv && call_file(call, "o", 0, NULL) >= 0)
        err = gmm_fail(&msg, GMM_EUSAGE, "-o is for --format csv");
    if (err == GMM_OK)
        err = read_query(node, call, &query, words, &gid, choices, &msg);
    if (err == GMM_OK)
        err = journal_rows(node, &query, &rows, &msg);
    if (err != GMM_OK) {
        call_fail_choices(call, err, msg.text[0] == '\0' ? NULL : msg.text, NULL, choices);
        return;
    }
    json_decref(choices);
    if (csv)
        answer_csv(call, rows);
    else
        call_reply(call, rows);
}

static void log_render(const json_t *result, struct render *out)
{
    static const struct render_column columns[] = {
        {"TIME", "time:time", 0}, {"FROM", "participant", 0},     {"OFFICE", "office", 20}, {"WHAT", "what", 0},
        {"ON", "subject", 30},    {"GROUP", "group", 20},         {"ID", "id:id", 12},      {"KEY", "id:key", 12},
        {"NOTE", "reason", 0},    {"MARKING", "word:marking", 0}, {"TLP", "tlp", 0},        {"TEXT", "text", 0}};
    static const struct render_column forks[] = {
        {"FROM", "participant", 0},  {"OFFICE", "office", 20},      {"GROUP", "group", 20}, {"INSTANCE", "instance", 0},
        {"PARTS AT", "parts_at", 0}, {"STANDS TO", "stands_to", 0}, {"HELD", "held", 0}};
    const json_t *csv = json_object_get(result, "csv"), *rows = json_object_get(result, "rows");
    if (json_object_get(json_array_get(result, 0), "parts_at") != NULL)
        render_table(out, result, forks, sizeof forks / sizeof forks[0]);
    else if (csv != NULL)
        (void)fwrite(json_string_value(csv), 1, json_string_length(csv), out->out);
    else if (rows != NULL)
        render_line(out, "Wrote %lld entries.", (long long)json_integer_value(rows));
    else
        render_table(out, result, columns, sizeof columns / sizeof columns[0]);
}

/* ---- the table */

static const struct command_param verify_params[] = {
    {"FILE", COMMAND_IN, 0, NULL, "an evidence file of gmm export-proof; this home when not given"},
    {"--all", COMMAND_FLAG, 0, NULL, "also read every chunk, and open every body and content"},
    {"--as-of", COMMAND_TIME, 0, "TIME", "also say who held the chair, who took part and what stood then"},
    {"--content", COMMAND_IN, 0, "FILE", "with an evidence file: the document's own file, to be compared"},
};
static const struct command_param export_params[] = {
    {"REF", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "a document or a note"},
    {"-o", COMMAND_OUT, COMMAND_REQUIRED | COMMAND_PRIVATE, "FILE", "where to"},
};
static const struct command_param log_params[] = {
    {"--since", COMMAND_TIME, 0, "TIME", "not before"},
    {"--until", COMMAND_TIME, 0, "TIME", "before"},
    {"--from", COMMAND_TEXT, 0, "ID[/OFFICE]", "what this participant or office did"},
    {"--to", COMMAND_TEXT, 0, "GROUP", "what stands in this group"},
    {"--what", COMMAND_TEXT, COMMAND_REPEATED, "KIND", "document, note, admit, certificate, …: only these"},
    {"--key", COMMAND_TEXT, 0, "DIGITS", "what was signed with this key: 8 digits of it, or more"},
    {"--void", COMMAND_FLAG, 0, NULL, "only what has no effect, and why"},
    {"--forks", COMMAND_FLAG, 0, NULL, "instead the logs that were signed twice, and up to where they stand"},
    {"--limit", COMMAND_INT, 0, "N", "the newest N"},
    {"--format", COMMAND_TEXT, 0, "FORMAT", "table or csv"},
    {"-o", COMMAND_OUT, 0, "FILE", "write the CSV to a file"},
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
    {.name = "log",
     PARAMS(log_params),
     .right = CONFIG_READ,
     .handler = show_log,
     .render = log_render,
     .help = "Who did what, when and under which key: all that this home holds, with or without effect, oldest first.",
     .details =
         "Entries of all logs, and what roots signed: charter, certificates, revocations, rotations. Times are "
         "their signers' own. A cell of the CSV that a spreadsheet would take for a formula has an apostrophe in "
         "front.",
     .example = "gmm log --since 2014-01-01 --from ilo --format csv -o ilo.csv"},
};
const struct command_family command_audit = {commands, sizeof commands / sizeof commands[0]};
