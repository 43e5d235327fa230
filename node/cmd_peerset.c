/* peer set. */
#include "node/cmd_peerset.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "node/commands.h"
#include "node/net.h"
#include "node/peerlimits.h"
#include "node/render.h"
#include "node/reply.h"
#include "node/taking.h"

/* ---- what is shown */

static json_t *amount(uint64_t bytes)
{
    return bytes == 0 ? json_null() : json_integer((json_int_t)bytes);
}

static uint32_t today(void)
{
    struct tm local;
    time_t seconds = (time_t)(node_now_ms() / 1000u);
    if (localtime_r(&seconds, &local) == NULL)
        return 0;
    return (uint32_t)((local.tm_year + 1900) * 10000 + (local.tm_mon + 1) * 100 + local.tm_mday);
}

static json_t *limits_json(struct node *node, const struct view_office *office)
{
    struct peerlimits limits;
    if (office == NULL || peerlimits_load(node->store, &office->pid, office->office, &limits) != GMM_OK ||
        peerlimits_none(&limits))
        return json_null();
    json_t *windows = json_array();
    for (unsigned i = 0; i < limits.window_count; i++) {
        char text[PEERLIMITS_WINDOW_TEXT];
        peerlimits_format_window(&limits.windows[i], text);
        json_array_append_new(windows, json_string(text));
    }
    uint64_t used = limits.quota == 0 ? 0 : peerlimits_used(node->store, &office->pid, office->office, today());
    return json_pack("{s:o, s:o, s:o, s:o, s:I, s:b}", "rate_out", amount(limits.rate_out), "rate_in",
                     amount(limits.rate_in), "window", windows, "quota", amount(limits.quota), "used", (json_int_t)used,
                     "metered", limits.metered);
}

static bool is_named(const json_t *names, const char *name)
{
    size_t i;
    const json_t *value;
    json_array_foreach(names, i, value)
    {
        if (strcmp(json_string_value(value), name) == 0)
            return true;
    }
    return false;
}

static json_t *brings_json(struct node *node, const struct view_office *office)
{
    json_t *names = json_array();
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    const struct logs *logs = node->engine == NULL ? NULL : engine_logs(node->engine);
    for (size_t i = 0; view != NULL && office != NULL && i < logs_count(logs); i++) {
        const struct logs_log *log = logs_at(logs, i);
        const struct view_office *author =
            id_equal(&log->via, &office->sign_pk) ? view_office(view, &log->key.author) : NULL;
        const struct view_participant *p = author == NULL ? NULL : view_participant(view, &author->pid);
        char name[LIMIT_PARTICIPANT_ID + LIMIT_OFFICE_TEXT + 2];
        if (p == NULL || author == office)
            continue;
        snprintf(name, sizeof name, "%s/%s", p->id, author->office);
        if (!is_named(names, name))
            json_array_append_new(names, json_string(name));
    }
    return names;
}

void cmd_peerset_describe(struct node *node, const struct view_office *office, json_t *peer)
{
    json_object_set_new(peer, "limits", limits_json(node, office));
    json_object_set_new(peer, "brings", brings_json(node, office));
}

/* ---- whose link it is */

struct find {
    const char *address;
    struct gmm_id noise_pk;
    bool found, bound;
};

static enum gmm_err on_peer(void *arg, const struct store_peer *peer)
{
    struct find *find = arg;
    if (strcmp(peer->address, find->address) != 0)
        return GMM_OK;
    find->found = true;
    find->bound = peer->bound;
    find->noise_pk = peer->noise_pk;
    return GMM_OK;
}

/* "iom/hq", "iom" where it has one office, or an address that is bound. */
static enum gmm_err find_office(struct node *node, const char *ref, const struct view_office **out, struct gmm_msg *msg)
{
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    struct find find = {.address = ref};
    char id[LIMIT_PARTICIPANT_ID + 1];
    size_t len = strcspn(ref, "/");
    *out = NULL;
    enum gmm_err err = store_each_peer(node->store, on_peer, &find);
    if (err != GMM_OK)
        return err;
    if (find.found && !find.bound)
        return gmm_fail(msg, GMM_ENOTFOUND, "it is not known yet whose office answers at %s: gmm sync finds out", ref);
    if (view != NULL && find.found)
        *out = view_office_by_noise(view, &find.noise_pk);
    snprintf(id, sizeof id, "%.*s", (int)(len < sizeof id ? len : 0), ref);
    const struct view_participant *p = view == NULL || *out != NULL ? NULL : view_participant_by_id(view, id);
    unsigned count = 0;
    for (size_t i = 0; p != NULL && i < view->office_count; i++) {
        const struct view_office *office = &view->offices[i];
        if (!id_equal(&office->pid, &p->pid) || office->status != VIEW_OFFICE_ACTIVE ||
            (ref[len] == '/' && strcmp(office->office, ref + len + 1) != 0))
            continue;
        *out = office;
        count++;
    }
    if (count > 1)
        return gmm_fail(msg, GMM_EUSAGE, "'%s' has %u offices: write PARTICIPANT/OFFICE (gmm office lists them)", ref,
                        count);
    return *out != NULL ? GMM_OK
                        : gmm_fail(msg, GMM_ENOTFOUND,
                                   "no peer or office '%s' is known here: gmm peer and gmm office list them", ref);
}

/* ---- setting */

static enum gmm_err read_windows(const struct call *call, struct peerlimits *limits, struct gmm_msg *msg)
{
    size_t count = call_count(call, "window");
    if (count == 0)
        return GMM_OK;
    limits->window_count = 0;
    if (count == 1 && strcmp(call_text_at(call, "window", 0), "off") == 0)
        return GMM_OK;
    if (count > PEERLIMITS_WINDOWS)
        return gmm_fail(msg, GMM_EUSAGE, "more than %u windows", PEERLIMITS_WINDOWS);
    for (size_t i = 0; i < count; i++) {
        enum gmm_err err =
            peerlimits_parse_window(&limits->windows[limits->window_count++], call_text_at(call, "window", i), msg);
        if (err != GMM_OK)
            return err;
    }
    return GMM_OK;
}

static enum gmm_err read_limits(const struct call *call, struct peerlimits *limits, struct gmm_msg *msg)
{
    const char *rate = call_text(call, "rate"), *quota = call_text(call, "quota");
    enum gmm_err err = GMM_OK;
    if (call_flag(call, "metered") && call_flag(call, "unmetered"))
        return gmm_fail(msg, GMM_EUSAGE, "--metered or --unmetered, not both");
    if (rate == NULL && quota == NULL && call_count(call, "window") == 0 && !call_flag(call, "metered") &&
        !call_flag(call, "unmetered"))
        return gmm_fail(msg, GMM_EUSAGE, "nothing to set: give --rate, --window, --quota, --metered or --unmetered");
    if (rate != NULL)
        err = peerlimits_parse_rate(&limits->rate_out, &limits->rate_in, rate, msg);
    if (err == GMM_OK && quota != NULL)
        err = peerlimits_parse_size(&limits->quota, quota, msg);
    if (err == GMM_OK)
        err = read_windows(call, limits, msg);
    if (call_flag(call, "metered") || call_flag(call, "unmetered"))
        limits->metered = call_flag(call, "metered");
    return err;
}

static void peer_set(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct peerlimits limits = {0};
    const struct view_office *office = NULL;
    enum gmm_err err = find_office(node, call_text(call, "ref"), &office, &msg);
    if (err == GMM_OK)
        err = peerlimits_load(node->store, &office->pid, office->office, &limits);
    if (err == GMM_OK)
        err = read_limits(call, &limits, &msg);
    if (err == GMM_OK)
        err = store_begin(node->store, true);
    if (err == GMM_OK)
        err = peerlimits_save(node->store, &office->pid, office->office, &limits);
    if (err == GMM_OK)
        err = node_flush(node);
    if (err == GMM_OK)
        err = taking_load(node);
    if (err != GMM_OK) {
        reply_fail(call, err, &msg, NULL);
        return;
    }
    const struct view_participant *p = view_participant(engine_view(node->engine), &office->pid);
    json_t *result = json_pack("{s:s, s:s}", "participant", p == NULL ? "" : p->id, "office", office->office);
    cmd_peerset_describe(node, office, result);
    json_object_del(result, "brings");
    if (node->net != NULL)
        net_limits_changed(node->net);
    call_reply(call, result);
}

static void rate_line(const json_t *limits, const char *key, const char *label, struct render *out)
{
    const json_t *rate = json_object_get(limits, key);
    if (json_is_integer(rate))
        render_line(out, "%s: %lld bytes a second", label, (long long)json_integer_value(rate));
}

static void peer_set_render(const json_t *result, struct render *out)
{
    const json_t *limits = json_object_get(result, "limits"), *window;
    char name[512];
    size_t i;
    snprintf(name, sizeof name, "%s/%s", reply_text(result, "participant"), reply_text(result, "office"));
    render_field(out, "link with", name);
    if (!json_is_object(limits)) {
        render_line(out, "no limits");
        return;
    }
    rate_line(limits, "rate_out", "out", out);
    rate_line(limits, "rate_in", "in", out);
    json_array_foreach(json_object_get(limits, "window"), i, window)
    {
        render_field(out, "window", json_string_value(window));
    }
    if (json_is_integer(json_object_get(limits, "quota")))
        render_line(out, "a day: %lld bytes, %lld used today",
                    (long long)json_integer_value(json_object_get(limits, "quota")),
                    (long long)json_integer_value(json_object_get(limits, "used")));
    if (json_is_true(json_object_get(limits, "metered")))
        render_line(out, "metered: headers and small bodies only");
}

/* ---- the table */

static const struct command_param set_params[] = {
    {"REF", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the peer: PARTICIPANT/OFFICE, or its address as gmm peer lists it"},
    {"--rate", COMMAND_TEXT, 0, "OUT[/IN]", "at most so fast: 64kbit, 2mbit, 500kB a second; off"},
    {"--window", COMMAND_TEXT, COMMAND_REPEATED, "WINDOW",
     "only then, local time: \"mon-fri 18:00-08:00\", \"sat,sun\"; off"},
    {"--quota", COMMAND_TEXT, 0, "BYTES", "at most so many a day, both ways together: 500M, 2G; off"},
    {"--metered", COMMAND_FLAG, 0, NULL, "take headers and small bodies only; larger ones with get"},
    {"--unmetered", COMMAND_FLAG, 0, NULL, "take everything again"},
};

static const struct command commands[] = {
    {.name = "peer set",
     .params = set_params,
     .param_count = sizeof set_params / sizeof set_params[0],
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = peer_set,
     .render = peer_set_render,
     .help = "Limit what the link with an office carries.",
     .details =
         "What is not given stays as it is. Limits hold for the office at whatever address, for sessions that are open "
         "and later ones; gmm peer shows them.",
     .example = "gmm peer set iom/field --rate 64kbit --window \"22:00-06:00\" --quota 50M"},
};
const struct command_family command_peerset = {commands, sizeof commands / sizeof commands[0]};
