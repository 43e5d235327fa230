/* doctor. */
#include <string.h>

#include "node/care.h"
#include "node/commands.h"
#include "node/render.h"
#include "node/reply.h"

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

/* ---- the table */

static const struct command_param doctor_params[] = {
    {"--rebuild", COMMAND_FLAG, COMMAND_WRITING, NULL, "make the catalogue and the search index anew"},
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
};
const struct command_family command_care = {commands, sizeof commands / sizeof commands[0]};
