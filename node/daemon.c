#include "node/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "node/args.h"
#include "node/assembly.h"
#include "node/client.h"
#include "node/control.h"
#include "node/embargoes.h"
#include "node/joining.h"
#include "node/log.h"
#include "node/net.h"
#include "node/terminal.h"

#define DEFAULT_PORT "7466"
#define EMBARGO_MS 5000u /* how often it is looked whether an embargo ends */
#define CLOSING_MS 1000u /* a resolver may still be at work: it is not waited for */

struct daemon {
    uv_loop_t loop;
    uv_signal_t interrupt, terminate, hangup;
    uv_timer_t limit, embargo;
    struct client *client;
    struct call *call;
    struct node *node;
    struct net *net;
    struct control *control;
    bool stopping, closed_in_vain;
};

/* ---- configuration ---- */

/* Options of the command line go before gmm.conf, also when it is read again. */
static enum gmm_err take_options(struct config *config, const struct call *call, struct gmm_msg *msg)
{
    size_t listens = call_count(call, "listen"), advertises = call_count(call, "advertise");
    if (listens > LIMIT_ADDRESSES || advertises > LIMIT_ADDRESSES)
        return gmm_fail(msg, GMM_ELIMIT, "more than %u addresses", LIMIT_ADDRESSES);
    if (call_flag(call, "no-listen") && listens > 0)
        return gmm_fail(msg, GMM_EUSAGE, "--listen and --no-listen exclude each other");
    for (size_t i = 0; i < advertises; i++) {
        const char *text = call_text_at(call, "advertise", i);
        if (!address_ok(text, strlen(text)))
            return gmm_fail(msg, GMM_EUSAGE, "'%s' is not an address: give HOST:PORT", text);
        snprintf(config->advertise[i], sizeof config->advertise[i], "%s", text);
    }
    if (advertises > 0)
        config->advertise_count = (unsigned)advertises;
    for (size_t i = 0; i < listens; i++) {
        const char *text = call_text_at(call, "listen", i);
        if (strlen(text) >= sizeof config->listen[i])
            return gmm_fail(msg, GMM_EUSAGE, "the address is too long: '%s'", text);
        snprintf(config->listen[i], sizeof config->listen[i], "%s", text);
    }
    if (listens > 0)
        config->listen_count = (unsigned)listens;
    return GMM_OK;
}

static void on_hangup(uv_signal_t *handle, int number)
{
    struct daemon *d = handle->data;
    static struct config config;
    struct gmm_msg msg = {.text = ""};
    char path[HOME_PATH_MAX];
    (void)number;
    (void)sd_notify(0, "RELOADING=1");
    enum gmm_err err = home_join(path, d->node->home, "gmm.conf", &msg);
    if (err == GMM_OK)
        err = config_load(&config, path, &msg);
    if (err == GMM_OK)
        err = take_options(&config, d->call, &msg);
    if (err == GMM_OK) {
        d->node->config = config;
        log_info("gmm.conf was read again (new addresses to listen on, and another control socket, take a restart)");
    } else
        log_warning("gmm.conf was not taken, the old one stays: %s", msg.text);
    (void)sd_notify(0, "READY=1");
}

/* ---- running ---- */

static void on_stop(uv_signal_t *handle, int number)
{
    struct daemon *d = handle->data;
    (void)number;
    d->stopping = true;
    uv_stop(&d->loop);
}

/* Peers, clients and files each take a descriptor. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static enum gmm_err listen_default(struct daemon *d, char bound[256], struct gmm_msg *msg)
{
    if (net_listen(d->net, "[::]:" DEFAULT_PORT, bound, NULL) == GMM_OK)
        return GMM_OK;
    return net_listen(d->net, "0.0.0.0:" DEFAULT_PORT, bound, msg);
}

static enum gmm_err start_listening(struct daemon *d, struct gmm_msg *msg)
{
    const struct config *config = &d->node->config;
    char bound[256];
    enum gmm_err err = GMM_OK;
    if (call_flag(d->call, "no-listen"))
        return GMM_OK;
    if (config->listen_count == 0)
        return listen_default(d, bound, msg);
    for (unsigned i = 0; i < config->listen_count && err == GMM_OK; i++)
        err = net_listen(d->net, config->listen[i], bound, msg);
    return err;
}

static void announce(struct daemon *d)
{
    bool json = client_args(d->client)->json;
    json_t *list = json_array();
    const char *bound;
    for (size_t i = 0; (bound = net_listening(d->net, i)) != NULL; i++) {
        (void)json_array_append_new(list, json_string(bound));
        log_info("listening on %s", bound);
        if (!json)
            printf("listening on %s\n", bound);
    }
    if (!json && net_listening(d->net, 0) == NULL)
        puts("ready");
    fflush(stdout);
    json_t *event = json ? json_pack("{s:o}", "listening", list) : NULL;
    if (event != NULL)
        call_event(d->call, event);
    else
        json_decref(list);
}

static enum gmm_err start(struct daemon *d, struct gmm_msg *msg)
{
    char path[HOME_PATH_MAX];
    enum gmm_err err = net_open(&d->net, d->node, &d->loop);
    if (err == GMM_OK)
        err = take_options(&d->node->config, d->call, msg);
    if (err == GMM_OK)
        err = control_path(path, d->node->home, &d->node->config, client_args(d->client)->socket, msg);
    if (err == GMM_OK)
        err = control_open(&d->control, d->node, &d->loop, path, msg);
    if (err == GMM_OK)
        err = start_listening(d, msg);
    if (err != GMM_OK)
        return err;
    announce(d);
    (void)sd_notify(0, "READY=1");
    net_dial_peers(d->net, true);
    joining_ask_again(d->node);
    net_touch(d->net);
    return GMM_OK;
}

static void on_limit(uv_timer_t *timer)
{
    struct daemon *d = timer->data;
    d->closed_in_vain = true;
}

static void on_embargo(uv_timer_t *timer)
{
    struct daemon *d = timer->data;
    embargoes_settle(d->node);
}

static void stop(struct daemon *d)
{
    (void)sd_notify(0, "STOPPING=1");
    control_close(d->control);
    joining_close(d->node);
    net_close(d->net);
    uv_close((uv_handle_t *)&d->interrupt, NULL);
    uv_close((uv_handle_t *)&d->terminate, NULL);
    uv_close((uv_handle_t *)&d->hangup, NULL);
    uv_close((uv_handle_t *)&d->embargo, NULL);
    uv_timer_start(&d->limit, on_limit, CLOSING_MS, 0);
    uv_unref((uv_handle_t *)&d->limit);
    while (!d->closed_in_vain && uv_run(&d->loop, UV_RUN_ONCE) != 0)
        ;
    uv_close((uv_handle_t *)&d->limit, NULL);
    (void)uv_run(&d->loop, UV_RUN_NOWAIT);
    (void)uv_loop_close(&d->loop);
}

static enum gmm_err run(struct daemon *d, struct gmm_msg *msg)
{
    if (uv_loop_init(&d->loop) != 0)
        return gmm_fail(msg, GMM_EIO, "the event loop cannot be made");
    uv_signal_init(&d->loop, &d->interrupt);
    uv_signal_init(&d->loop, &d->terminate);
    uv_signal_init(&d->loop, &d->hangup);
    uv_timer_init(&d->loop, &d->limit);
    uv_timer_init(&d->loop, &d->embargo);
    d->embargo.data = d;
    uv_timer_start(&d->embargo, on_embargo, EMBARGO_MS, EMBARGO_MS);
    d->interrupt.data = d->terminate.data = d->hangup.data = d->limit.data = d;
    uv_signal_start(&d->interrupt, on_stop, SIGINT);
    uv_signal_start(&d->terminate, on_stop, SIGTERM);
    uv_signal_start(&d->hangup, on_hangup, SIGHUP);
    enum gmm_err err = start(d, msg);
    bool started = err == GMM_OK;
    while (err == GMM_OK && !d->stopping) {
        uv_run(&d->loop, UV_RUN_DEFAULT);
        err = net_failed(d->net);
    }
    if (started)
        log_info("stopping");
    stop(d);
    return err;
}

void daemon_run(struct client *client, struct call *call)
{
    struct daemon d = {.client = client, .call = call};
    struct gmm_msg msg = {.text = ""};
    if (client_args(client)->read_only) {
        call_fail(call, GMM_EUSAGE, "a node that runs writes: 'run' does not go with --read-only",
                  "leave one of them out");
        return;
    }
    log_open();
    raise_descriptors();
    enum gmm_err err = assembly_open(&d.node, client_home(client), NODE_DAEMON,
                                     terminal_interactive() ? terminal_ask : NULL, NULL, &msg);
    if (err != GMM_OK) {
        json_t *error = client_open_error(err, &msg);
        call_answer(call, err, error != NULL ? json_pack("{s:o}", "error", error) : NULL);
        return;
    }
    if (!secret_is_locked())
        log_warning("the keys in memory are not locked: they could reach the swap space (raise LimitMEMLOCK)");
    err = run(&d, &msg);
    node_close(d.node);
    if (err == GMM_OK)
        call_reply(call, json_object());
    else if (err == GMM_ENOTFOUND || err == GMM_EDENIED)
        call_fail(call, GMM_ESTATE, msg.text, NULL);
    else
        call_fail(call, err, msg.text[0] != '\0' ? msg.text : NULL, NULL);
}
