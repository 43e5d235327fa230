/* bundle. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/bundleout.h"
#include "node/command.h"
#include "node/commands.h"
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

struct exporting {
    struct node *node;
    struct call *call;
    struct bundleout *out;
    enum bundleout_base base;
    json_t *offices;
};

static enum gmm_err export_one(struct exporting *e, const struct view_office *office, struct gmm_msg *msg)
{
    struct bundleout_sum sum;
    enum gmm_err err = bundleout_add(e->out, office, e->base, &sum, msg);
    if (err != GMM_OK)
        return err;
    json_t *row = office_json(engine_view(e->node->engine), &office->sign_pk);
    json_t *more =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "bundle", (json_int_t)sum.number, "entries",
                  (json_int_t)sum.entries, "chunks", (json_int_t)sum.chunks, "first_file", (json_int_t)sum.first_file,
                  "last_file", (json_int_t)sum.last_file, "rests_on", (json_int_t)sum.since);
    if (json_object_update(row, more) != 0 || json_array_append(e->offices, row) != 0)
        err = GMM_ENOMEM;
    json_decref(more);
    json_decref(row);
    call_progress(e->call, "%zu offices", json_array_size(e->offices));
    return err;
}

/* No session will tell anybody what the reader lacks: what it shall open is given to it now. */
static enum gmm_err reach_all(struct exporting *e, const char *name)
{
    const struct view *view = engine_view(e->node->engine);
    struct gmm_id *pids = calloc(view->participant_count + 1, sizeof *pids);
    size_t count = 0;
    unsigned late;
    enum gmm_err err = pids == NULL ? GMM_ENOMEM : GMM_OK;
    for (size_t i = 0; err == GMM_OK && i < view->office_count; i++) {
        const struct view_office *office = &view->offices[i];
        bool known = false;
        for (size_t k = 0; k < count && !known; k++)
            known = id_equal(&pids[k], &office->pid);
        if (!known && count < view->participant_count && can_receive(e->node, view, office) &&
            (name == NULL || is_meant(view, office, name)))
            pids[count++] = office->pid;
    }
    for (size_t i = 0; err == GMM_OK && i < count; i++)
        err = groups_reach(e->node, &pids[i], false, &late);
    free(pids);
    return err == GMM_OK ? node_flush(e->node) : err;
}

static enum gmm_err export_all(struct exporting *e, struct gmm_msg *msg)
{
    const char *name = call_text(e->call, "for");
    enum gmm_err err = reach_all(e, name);
    const struct view *view = engine_view(e->node->engine);
    size_t found = 0;
    for (size_t i = 0; err == GMM_OK && i < view->office_count; i++) {
        const struct view_office *office = &view->offices[i];
        if (!can_receive(e->node, view, office) || (name != NULL && !is_meant(view, office, name)))
            continue;
        found++;
        err = export_one(e, office, msg);
    }
    if (err == GMM_OK && found == 0)
        err = name == NULL
                  ? gmm_fail(msg, GMM_ENOTFOUND, "no other office is known here yet")
                  : gmm_fail(msg, GMM_ENOTFOUND, "no office '%s' can get a bundle: gmm office lists them", name);
    return err;
}

static json_t *export_json(struct exporting *e, enum gmm_err *err)
{
    const uint64_t *sizes;
    uint32_t count;
    json_t *files = json_array();
    *err = bundleout_end(e->out, &sizes, &count);
    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(files, json_pack("{s:I}", "bytes", (json_int_t)sizes[i]));
    return json_pack("{s:o, s:O}", "files", files, "offices", e->offices);
}

static void bundle_export(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    uint64_t max = FILE_BYTES_MAX;
    const char *size = call_text(call, "max-size");
    struct exporting e = {.node = node,
                          .call = call,
                          .base = call_flag(call, "full")         ? BUNDLEOUT_NOTHING
                                  : call_flag(call, "since-last") ? BUNDLEOUT_SENT
                                                                  : BUNDLEOUT_HELD,
                          .offices = json_array()};
    json_t *result = NULL;
    enum gmm_err err = joining_refusal(node, &msg);
    if (err == GMM_OK && size != NULL)
        err = parse_size(&max, size, &msg);
    if (err == GMM_OK) {
        e.out = bundleout_new(node, call_file(call, "file", 0, NULL), max);
        err = e.out == NULL || e.offices == NULL ? GMM_ENOMEM : export_all(&e, &msg);
    }
    if (err == GMM_OK)
        result = export_json(&e, &err);
    if (err == GMM_OK)
        err = node_flush(node);
    else
        node_discard(node);
    bundleout_free(e.out);
    json_decref(e.offices);
    if (err == GMM_OK) {
        call_reply(call, result);
        return;
    }
    json_decref(result);
    reply_fail(call, err, &msg, NULL);
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
