/* bundle. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/command.h"
#include "node/commands.h"
#include "node/exporting.h"
#include "node/groups.h"
#include "node/importing.h"
#include "node/joining.h"
#include "node/render.h"
#include "node/reply.h"

/* FAT, what most sticks have, holds files up to this. */
#define FILE_BYTES_MAX ((UINT64_C(4) << 30) - 1)
#define LOST_SHOWN 64u

static json_t *office_json(const struct view *view, const struct gmm_id *sign_pk)
{
    const struct view_office *office = view == NULL ? NULL : view_office(view, sign_pk);
    const struct view_participant *p = office == NULL ? NULL : view_participant(view, &office->pid);
    char hex[GMM_ID_HEX + 1];
    id_to_hex(sign_pk, hex);
    return json_pack("{s:s, s:s}", "participant", p == NULL ? "?" : p->id, "office",
                     office == NULL ? hex : office->office);
}

/* ---- export */

/* "650M", "4G": powers of 1,024. */
static enum gmm_err parse_size(uint64_t *out, const char *text, struct gmm_msg *msg)
{
    uint64_t n = 0;
    const char *p = text;
    unsigned shift = 0;
    for (; *p >= '0' && *p <= '9' && n < (UINT64_C(1) << 40); p++)
        n = 10 * n + (uint64_t)(*p - '0');
    if (*p == 'K' || *p == 'k')
        shift = 10;
    else if (*p == 'M' || *p == 'm')
        shift = 20;
    else if (*p == 'G' || *p == 'g')
        shift = 30;
    p += shift != 0;
    if (p == text || *p != '\0' || n >= (UINT64_C(1) << 32))
        return gmm_fail(msg, GMM_EUSAGE, "--max-size '%s': write a number of bytes, such as 650M or 4G", text);
    n <<= shift;
    if (n < LIMIT_BUNDLE_PART_MIN)
        return gmm_fail(msg, GMM_EUSAGE, "--max-size '%s' is too small: at least 64K", text);
    *out = n < FILE_BYTES_MAX ? n : FILE_BYTES_MAX;
    return GMM_OK;
}

/* Somebody to whom bundles can go: not us, certified, of a participant that takes part. */
static bool can_receive(struct node *node, const struct view *view, const struct view_office *office)
{
    const struct view_participant *p = view_participant(view, &office->pid);
    return p != NULL && p->status != VIEW_EXPELLED && office->status == VIEW_OFFICE_ACTIVE &&
           office->not_after_ms >= node_now_ms() && !id_equal(&office->sign_pk, &node->keystore->sign_pk);
}

/* "iom/hq", or "iom" for all its offices. */
static bool is_meant(const struct view *view, const struct view_office *office, const char *name)
{
    const struct view_participant *p = view_participant(view, &office->pid);
    const char *slash = strchr(name, '/');
    size_t len = slash == NULL ? strlen(name) : (size_t)(slash - name);
    return p != NULL && strlen(p->id) == len && memcmp(p->id, name, len) == 0 &&
           (slash == NULL || strcmp(slash + 1, office->office) == 0);
}

/* Whom bundles go to. */
struct readers {
    struct gmm_id *offices, *pids; /* pids: each once */
    size_t count, pid_count;
};

static enum gmm_err find_readers(struct readers *r, struct node *node, const char *name, struct gmm_msg *msg)
{
    const struct view *view = engine_view(node->engine);
    r->offices = calloc(view->office_count + 1, sizeof *r->offices);
    r->pids = calloc(view->office_count + 1, sizeof *r->pids);
    if (r->offices == NULL || r->pids == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < view->office_count; i++) {
        const struct view_office *office = &view->offices[i];
        bool known = false;
        if (!can_receive(node, view, office) || (name != NULL && !is_meant(view, office, name)))
            continue;
        r->offices[r->count++] = office->sign_pk;
        for (size_t k = 0; k < r->pid_count && !known; k++)
            known = id_equal(&r->pids[k], &office->pid);
        if (!known)
            r->pids[r->pid_count++] = office->pid;
    }
    if (r->count > 0)
        return GMM_OK;
    return name == NULL ? gmm_fail(msg, GMM_ENOTFOUND, "no other office is known here yet")
                        : gmm_fail(msg, GMM_ENOTFOUND, "no office '%s' can get a bundle: gmm office lists them", name);
}

/* No session will tell anybody what the reader lacks: what it shall open is given to it now. */
static enum gmm_err reach(struct node *node, const struct readers *r)
{
    unsigned late;
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; err == GMM_OK && i < r->pid_count; i++)
        err = groups_reach(node, &r->pids[i], false, &late);
    if (err == GMM_OK)
        return node_flush(node);
    node_discard(node);
    return err;
}

static json_t *sum_json(const struct view *view, const struct bundleout_sum *sum)
{
    json_t *row = office_json(view, &sum->to);
    json_t *more = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "bundle", (json_int_t)sum->number, "entries",
                             (json_int_t)sum->entries, "chunks", (json_int_t)sum->chunks, "first_file",
                             (json_int_t)sum->first_file, "last_file", (json_int_t)sum->last_file, "rests_on",
                             (json_int_t)sum->since);
    if (json_object_update(row, more) != 0) {
        json_decref(row);
        row = NULL;
    }
    json_decref(more);
    return row;
}

static void export_done(struct node *node, struct call *call, enum gmm_err err, const struct exporting_result *result,
                        const struct gmm_msg *msg)
{
    if (err != GMM_OK) {
        struct gmm_msg copy = *msg;
        reply_fail(call, err, &copy, NULL);
        return;
    }
    json_t *files = json_array(), *offices = json_array();
    for (uint32_t i = 0; i < result->file_count; i++)
        json_array_append_new(files, json_pack("{s:I}", "bytes", (json_int_t)result->sizes[i]));
    for (size_t i = 0; i < result->count; i++)
        json_array_append_new(offices, sum_json(engine_view(node->engine), &result->sums[i]));
    call_reply(call, json_pack("{s:o, s:o}", "files", files, "offices", offices));
}

static void bundle_export(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    uint64_t max = FILE_BYTES_MAX;
    const char *size = call_text(call, "max-size");
    struct readers readers = {0};
    enum bundleout_base base = call_flag(call, "full")         ? BUNDLEOUT_NOTHING
                               : call_flag(call, "since-last") ? BUNDLEOUT_SENT
                                                               : BUNDLEOUT_HELD;
    enum gmm_err err = joining_refusal(node, &msg);
    if (err == GMM_OK && size != NULL)
        err = parse_size(&max, size, &msg);
    if (err == GMM_OK)
        err = find_readers(&readers, node, call_text(call, "for"), &msg);
    if (err == GMM_OK)
        err = reach(node, &readers);
    if (err == GMM_OK)
        exporting_start(node, call, readers.offices, readers.count, base, max, export_done);
    else
        reply_fail(call, err, &msg, NULL);
    free(readers.offices);
    free(readers.pids);
}

static long long number(const json_t *object, const char *name)
{
    return (long long)json_integer_value(json_object_get(object, name));
}

static void export_render(const json_t *result, struct render *out)
{
    size_t i;
    const json_t *row;
    json_array_foreach(json_object_get(result, "files"), i, row)
    {
        char line[128];
        snprintf(line, sizeof line, _("%lld bytes"), number(row, "bytes"));
        render_field(out, reply_text(row, "path")[0] != '\0' ? reply_text(row, "path") : _("file"), line);
    }
    json_array_foreach(json_object_get(result, "offices"), i, row) render_line(
        out, "Bundle %lld for %s/%s: %lld entries, %lld pieces of attachments.", number(row, "bundle"),
        reply_text(row, "participant"), reply_text(row, "office"), number(row, "entries"), number(row, "chunks"));
    render_line(out, "Next: carry %s there, and gmm bundle import.",
                json_array_size(json_object_get(result, "files")) > 1 ? _("all of them") : _("it"));
}

/* ---- import */

static enum gmm_err add_lost(struct node *node, struct call *call, const struct gmm_id *from, json_t *array)
{
    struct bundlepeer peer;
    struct cargo_lost lost[LOST_SHOWN];
    enum gmm_err err = bundlepeer_load(&peer, node->store, from);
    size_t count = err == GMM_OK ? bundlepeer_lost(&peer, lost, LOST_SHOWN) : 0;
    for (size_t i = 0; i < count; i++) {
        json_t *row = office_json(engine_view(node->engine), from);
        json_object_set_new(row, "bundle", json_integer((json_int_t)lost[i].number));
        json_object_set_new(row, "part", lost[i].part == 0 ? json_null() : json_integer((json_int_t)lost[i].part));
        if (lost[i].part == 0)
            call_say(call, "bundle %llu of %s/%s has not arrived", (unsigned long long)lost[i].number,
                     reply_text(row, "participant"), reply_text(row, "office"));
        else
            call_say(call, "part %u of bundle %llu of %s/%s has not arrived", lost[i].part,
                     (unsigned long long)lost[i].number, reply_text(row, "participant"), reply_text(row, "office"));
        if (json_array_append_new(array, row) != 0)
            err = GMM_ENOMEM;
    }
    bundlepeer_close(&peer);
    return err;
}

static json_t *import_json(struct node *node, struct call *call, const struct bundlein_sum *sum)
{
    json_t *lost = json_array(), *from = json_array();
    for (size_t i = 0; i < sum->from_count; i++) {
        json_array_append_new(from, office_json(engine_view(node->engine), &sum->from[i]));
        (void)add_lost(node, call, &sum->from[i], lost);
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "received", (json_int_t)sum->entries, "objects",
                     (json_int_t)sum->objects, "chunks", (json_int_t)sum->chunks, "waiting", (json_int_t)sum->waiting,
                     "refused", (json_int_t)sum->refused, "from", from, "lost", lost);
}

static void import_done(struct node *node, struct call *call, enum gmm_err err, const struct bundlein_sum *sum,
                        const struct gmm_msg *why)
{
    struct gmm_msg msg = *why;
    if (err == GMM_OK && sum->sections == 0)
        err = gmm_fail(&msg, GMM_EDENIED,
                       "nothing in it is for this office: it was made for others, or for a key that is gone");
    if (err == GMM_OK) {
        call_reply(call, import_json(node, call, sum));
        return;
    }
    reply_fail(call, err, &msg,
               err == GMM_EDENIED    ? "ask for one with gmm bundle export FILE --for PARTICIPANT/OFFICE"
               : err == GMM_ECORRUPT ? "copy it again from where it was made, or ask for a new one"
               : err == GMM_ECLOSED  ? "import it again: it goes on from there"
                                     : NULL);
}

static void bundle_import(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    enum gmm_err err = node_is_active(node) ? GMM_OK : joining_refusal(node, &msg);
    if (err == GMM_OK)
        importing_start(node, call, import_done);
    else
        reply_fail(call, err, &msg, NULL);
}

static void import_render(const json_t *result, struct render *out)
{
    render_line(out, "Taken in: %lld entries, %lld pieces of attachments, %lld root objects.",
                number(result, "received"), number(result, "chunks"), number(result, "objects"));
    if (number(result, "waiting") > 0)
        render_line(out, "%lld items wait for what comes before them: import the other parts too.",
                    number(result, "waiting"));
    if (number(result, "refused") > 0)
        render_line(out, "%lld items were refused: they contradict what is held here.", number(result, "refused"));
}

/* ---- the table */

static const struct command_param export_params[] = {
    {"FILE", COMMAND_OUT, COMMAND_REQUIRED, NULL, "where to; further parts are FILE.2, FILE.3, …"},
    {"--for", COMMAND_TEXT, 0, "OFFICE", "PARTICIPANT/OFFICE, or PARTICIPANT; every other office when not given"},
    {"--since-last", COMMAND_FLAG, 0, NULL,
     "leave out what earlier bundles brought, although nobody has acknowledged them"},
    {"--full", COMMAND_FLAG, 0, NULL, "leave out nothing"},
    {"--max-size", COMMAND_TEXT, 0, "SIZE", "of one file, such as 650M; 4G when not given"},
};
static const struct command_param import_params[] = {
    {"FILE", COMMAND_IN, COMMAND_REQUIRED | COMMAND_REPEATED, NULL, "bundles, in any order"},
};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
    {.name = "bundle export",
     PARAMS(export_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = bundle_export,
     .render = export_render,
     .help = "Write a sealed file for offices that no network reaches.",
     .details = "It holds what the office may have and is not known to hold, by what it last said in a bundle or a "
                "session. Only that office can open it.",
     .example = "gmm bundle export /media/stick/for-dhaka --for ilo/co-dhaka"},
    {.name = "bundle import",
     PARAMS(import_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = bundle_import,
     .render = import_render,
     .help = "Take in bundles: in any order, partly, repeatedly.",
     .details = "What has not arrived is named. What came is acknowledged by the next bundle to its maker, or session.",
     .example = "gmm bundle import /media/stick/for-dhaka*"},
};
const struct command_family command_bundle = {commands, sizeof commands / sizeof commands[0]};
