#include "node/stepwise.h"

#include "node/call.h"
#include "node/net.h"

static void on_gone(void *arg, struct call *call)
{
    struct stepwise *s = arg;
    (void)call;
    s->gone = true;
}

static void end(struct stepwise *s)
{
    enum lang before = lang_use(call_lang(s->call));
    s->node->stepwise = s->next;
    call_on_gone(s->call, NULL, NULL);
    s->end(s);
    (void)lang_use(before);
}

bool stepwise_slice(struct node *node)
{
    struct stepwise *s = node->stepwise;
    if (s == NULL || s->waits)
        return false;
    enum lang before = lang_use(call_lang(s->call));
    bool over = s->gone || s->step(s);
    (void)lang_use(before);
    if (over)
        end(s);
    if (node->net != NULL)
        net_touch(node->net); /* what came goes on to peers, and to who waits for it */
    return node->stepwise != NULL && !node->stepwise->waits;
}

void stepwise_start(struct stepwise *s, struct node *node, struct call *call)
{
    struct stepwise **at = &node->stepwise;
    s->next = NULL;
    s->node = node;
    s->call = call;
    while (*at != NULL)
        at = &(*at)->next;
    *at = s;
    call_on_gone(call, on_gone, s);
    while (node->net == NULL && stepwise_slice(node)) {
    }
}

void stepwise_close(struct node *node)
{
    while (node->stepwise != NULL) {
        struct stepwise *s = node->stepwise;
        if (s->err == GMM_OK)
            s->err = gmm_fail(&s->msg, GMM_ECLOSED, "the node stops");
        end(s);
    }
}
