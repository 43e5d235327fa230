#include "proto/polls.h"

#include <string.h>

#include "proto/room.h"

void polls_close(struct polls *polls)
{
    for (size_t i = 0; i < polls->count; i++)
        free(polls->list[i].votes);
    free(polls->list);
    *polls = (struct polls){0};
}

static struct poll *find(const struct polls *polls, uint32_t term)
{
    for (size_t i = 0; i < polls->count; i++)
        if (polls->list[i].term == term)
            return &polls->list[i];
    return NULL;
}

static struct poll *get(struct polls *polls, uint32_t term)
{
    struct poll *poll = find(polls, term);
    if (poll != NULL)
        return poll;
    void *grown = room_make(polls->list, polls->count, &polls->cap, sizeof *polls->list);
    if (grown == NULL)
        return NULL;
    polls->list = grown;
    poll = &polls->list[polls->count++];
    *poll = (struct poll){.term = term};
    return poll;
}

static struct poll_vote *vote_of(const struct poll *poll, unsigned participant)
{
    for (size_t i = 0; poll != NULL && i < poll->count; i++)
        if (poll->votes[i].participant == participant)
            return &poll->votes[i];
    return NULL;
}

static bool same(const struct change *a, const struct change *b)
{
    return a->len == b->len && memcmp(a->body, b->body, a->len) == 0;
}

enum polls_said polls_said(const struct polls *polls, unsigned participant, const struct change *ballot)
{
    const struct poll_vote *vote = vote_of(find(polls, ballot->ballot->term), participant);
    if (vote == NULL)
        return POLLS_NOTHING;
    return !vote->spoiled && same(vote->ballot, ballot) ? POLLS_SAME : POLLS_OTHER;
}

enum gmm_err polls_vote(struct polls *polls, unsigned participant, const struct change *ballot,
                        const struct state_set *electors)
{
    struct poll *poll = get(polls, ballot->ballot->term);
    if (poll == NULL)
        return GMM_ENOMEM;
    struct poll_vote *vote = vote_of(poll, participant);
    if (vote != NULL) {
        vote->spoiled = vote->spoiled || !same(vote->ballot, ballot);
        return GMM_OK;
    }
    void *grown = room_make(poll->votes, poll->count, &poll->cap, sizeof *poll->votes);
    if (grown == NULL)
        return GMM_ENOMEM;
    poll->votes = grown;
    poll->votes[poll->count++] =
        (struct poll_vote){.ballot = ballot, .participant = participant, .electors = *electors};
    return GMM_OK;
}

/* Do the votes up to this one that say the same make two thirds? */
static bool completes(const struct poll *poll, size_t last)
{
    const struct poll_vote *vote = &poll->votes[last];
    unsigned count = 0;
    for (size_t i = 0; i <= last; i++)
        count += !poll->votes[i].spoiled && same(poll->votes[i].ballot, vote->ballot) &&
                 state_set_has(&vote->electors, poll->votes[i].participant);
    return !vote->spoiled && count >= state_set_quota(state_set_count(&vote->electors));
}

const struct poll_vote *polls_won(const struct polls *polls, uint32_t term)
{
    const struct poll *poll = find(polls, term);
    for (size_t i = 0; poll != NULL && i < poll->count; i++)
        if (completes(poll, i))
            return &poll->votes[i];
    return NULL;
}
