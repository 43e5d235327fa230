#include "node/dispatch.h"

#include <stdio.h>

#include "node/backlog.h"
#include "node/command.h"
#include "node/joining.h"

static enum gmm_err check_rights(const struct command *command, const struct call *call, struct gmm_msg *msg)
{
    if (command->right == 0 || call_may(call, command->right))
        return GMM_OK;
    unsigned lacking = 1; /* the first of several */
    while ((command->right & lacking) == 0 || call_may(call, lacking))
        lacking <<= 1;
    return gmm_fail(msg, GMM_EDENIED, "account '%s' may not %s here", call_person(call), config_right_text(lacking));
}

static enum gmm_err check(struct node *node, const struct command *command, const struct call *call,
                          struct gmm_msg *msg)
{
    unsigned fd_count;
    (void)call_fds(call, &fd_count);
    enum gmm_err err = command_check(command, call_args(call), fd_count, msg);
    if (err == GMM_OK && node->read_only && (command->flags & COMMAND_WRITES) != 0)
        err = gmm_fail(msg, GMM_EUSAGE, "'%s' writes, and this home was opened to be read only", command->name);
    if (err == GMM_OK && node->keystore == NULL && (command->flags & COMMAND_KEYLESS) == 0)
        err = gmm_fail(msg, GMM_EPASSPHRASE, "'%s' needs the keys, and they are closed", command->name);
    if (err != GMM_OK || (command->flags & COMMAND_UNJOINED) != 0)
        return err;
    /* who is suspended still reads what it holds */
    bool reads = (command->flags & COMMAND_WRITES) == 0 && node->engine != NULL && engine_view(node->engine) != NULL;
    return reads ? GMM_OK : joining_refusal(node, msg);
}

static enum gmm_err catch_up(struct node *node, const struct command *command, struct gmm_msg *msg)
{
    if (node->read_only || (command->flags & COMMAND_JUDGES) != 0)
        return GMM_OK;
    if ((command->flags & COMMAND_BEHIND) == 0)
        return backlog_before(node, (command->flags & COMMAND_WRITES) != 0, msg);
    (void)backlog_own(node);
    (void)node_flush(node);
    return GMM_OK;
}

void dispatch_call(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    const struct command *command = command_find(call_command(call));
    if (command == NULL || command->handler == NULL) {
        call_fail(call, GMM_EUSAGE, "the node has no such command", NULL);
        return;
    }
    enum gmm_err err = check_rights(command, call, &msg);
    if (err != GMM_OK) {
        call_fail(call, err, msg.text, "ask the IT officer: [people] in gmm.conf says who may what");
        return;
    }
    err = check(node, command, call, &msg);
    if (err == GMM_OK)
        err = catch_up(node, command, &msg);
    if (err != GMM_OK)
        call_fail(call, err, msg.text, NULL);
    else
        command->handler(node, call);
}
