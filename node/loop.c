#include "node/loop.h"

#include <signal.h>

#include "node/command.h"
#include "node/control.h"
#include "node/dispatch.h"
#include "node/joining.h"
#include "node/net.h"

#define LAST_CLIENTS_MS 10000u /* for those who asked over our control socket meanwhile */
#define CLOSING_MS 1000u       /* a resolver may still be at work: it is not waited for */

struct runner {
    uv_loop_t loop;
    uv_signal_t interrupt, terminate;
    uv_timer_t limit;
    struct node *node;
    struct net *net;
    struct control *control;
    bool interrupted, timed_out;
};

static void on_signal(uv_signal_t *handle, int number)
{
    struct runner *runner = handle->data;
    (void)number;
    runner->interrupted = true;
    uv_stop(&runner->loop);
}

static void on_limit(uv_timer_t *timer)
{
    struct runner *runner = timer->data;
    runner->timed_out = true;
}

static enum gmm_err start(struct runner *runner, struct node *node, struct gmm_msg *msg)
{
    if (uv_loop_init(&runner->loop) != 0)
        return gmm_fail(msg, GMM_EIO, "the event loop cannot be made");
    runner->node = node;
    uv_signal_init(&runner->loop, &runner->interrupt);
    uv_signal_init(&runner->loop, &runner->terminate);
    uv_timer_init(&runner->loop, &runner->limit);
    runner->interrupt.data = runner->terminate.data = runner->limit.data = runner;
    uv_signal_start(&runner->interrupt, on_signal, SIGINT);
    uv_signal_start(&runner->terminate, on_signal, SIGTERM);
    return net_open(&runner->net, node, &runner->loop);
}

static void limit(struct runner *runner, uint64_t ms)
{
    uv_update_time(&runner->loop);
    runner->timed_out = false;
    uv_timer_start(&runner->limit, on_limit, ms, 0);
}

static void stop(struct runner *runner)
{
    if (runner->control != NULL && !runner->interrupted) {
        control_stop(runner->control);
        limit(runner, LAST_CLIENTS_MS);
        while (control_busy(runner->control) > 0 && !runner->timed_out && !runner->interrupted)
            uv_run(&runner->loop, UV_RUN_ONCE);
    }
    control_close(runner->control);
    joining_close(runner->node);
    net_close(runner->net);
    uv_close((uv_handle_t *)&runner->interrupt, NULL);
    uv_close((uv_handle_t *)&runner->terminate, NULL);
    limit(runner, CLOSING_MS);
    uv_unref((uv_handle_t *)&runner->limit);
    while (!runner->timed_out && uv_run(&runner->loop, UV_RUN_ONCE) != 0)
        ;
    uv_close((uv_handle_t *)&runner->limit, NULL);
    (void)uv_run(&runner->loop, UV_RUN_NOWAIT);
    (void)uv_loop_close(&runner->loop);
}

static void serve_meanwhile(struct runner *runner, const char *control_path)
{
    if (!runner->node->read_only)
        (void)control_open(&runner->control, runner->node, &runner->loop, control_path, NULL);
    if (!net_dialled(runner->net) && net_joins(runner->net, &(struct net_join){.why = ""}, 1) == 0)
        net_dial_peers(runner->net, false);
}

static enum gmm_err call_with_network(struct node *node, const char *control_path, struct call *call,
                                      const bool *answered, struct gmm_msg *msg)
{
    struct runner runner = {.node = node};
    enum gmm_err err = start(&runner, node, msg);
    if (err != GMM_OK) {
        call_abandon(call);
        call_fail(call, err, NULL, NULL); /* frees it: no handler has it */
        return err;
    }
    dispatch_call(node, call);
    if (!*answered)
        serve_meanwhile(&runner, control_path);
    while (!*answered && !runner.interrupted && net_failed(runner.net) == GMM_OK)
        uv_run(&runner.loop, UV_RUN_ONCE);
    if (!*answered) {
        err = net_failed(runner.net) != GMM_OK ? net_failed(runner.net)
                                               : gmm_fail(msg, GMM_ECLOSED, "interrupted; what arrived stays");
        call_abandon(call);
    }
    stop(&runner);
    return err;
}

enum gmm_err loop_call(struct node *node, const char *control_path, struct call *call, const bool *answered,
                       struct gmm_msg *msg)
{
    const struct command *command = command_find(call_command(call));
    if (command != NULL && (command->flags & (COMMAND_NETWORK | COMMAND_STREAM)) != 0)
        return call_with_network(node, control_path, call, answered, msg);
    dispatch_call(node, call);
    if (!*answered) {
        call_abandon(call);
        return gmm_fail(msg, GMM_ESTATE, "this needs a running node: gmm run");
    }
    return GMM_OK;
}
