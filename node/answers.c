#include "node/answers.h"

#include <stdlib.h>

struct answers {
    struct answers *next;
    struct call *call;
    json_t *reply;
};

bool answers_can_wait(const struct node *node)
{
    return node->net != NULL;
}

static void give(struct call *call, json_t *reply, enum gmm_err err)
{
    if (err == GMM_OK) {
        call_reply(call, reply);
        return;
    }
    json_decref(reply);
    call_fail(call, err, err == GMM_EFULL ? N_("the disk is full; nothing was posted; free some space") : NULL, NULL);
}

void answers_hold(struct node *node, struct call *call, json_t *reply)
{
    struct answers *held = malloc(sizeof *held);
    if (held == NULL) {
        give(call, reply, node_flush(node));
        return;
    }
    *held = (struct answers){node->answers, call, reply};
    node->answers = held;
}

/* In the order they came. An answer may end its client, but asks for nothing. */
void answers_give(struct node *node, enum gmm_err err)
{
    struct answers *held = node->answers, *first = NULL;
    node->answers = NULL;
    while (held != NULL) {
        struct answers *before = held->next;
        held->next = first;
        first = held;
        held = before;
    }
    while (first != NULL) {
        struct answers *next = first->next;
        give(first->call, first->reply, err);
        free(first);
        first = next;
    }
}
