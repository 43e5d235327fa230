/* What the parts of the network stand on (net_state.h): its handles and the way into the engine. */
#include <stdlib.h>

#include "node/log.h"
#include "node/net_state.h"

void net_handle_opened(struct net *net)
{
    net->handles++;
}

void net_handle_closed(struct net *net)
{
    if (--net->handles > 0 || !net->closing)
        return;
    free(net->read_buffer);
    free(net);
}

void net_step(struct net *net, struct engine_event *event)
{
    if (net->closing || net->failed != GMM_OK)
        return;
    net->touched = net->changed = true;
    if (node_step(net->node, event) != GMM_ENOMEM)
        return;
    log_warning("out of memory: the node stops");
    net->failed = GMM_ENOMEM;
    uv_stop(net->loop);
}
