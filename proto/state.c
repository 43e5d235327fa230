#include "proto/state.h"

#include <stdlib.h>
#include <string.h>

#include "proto/room.h"

/* Where a pid stands, or belongs, in by_pid. */
static unsigned pid_slot(const struct state *s, const struct gmm_id *pid)
{
    unsigned low = 0, high = s->participant_count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (id_compare(&s->participants[s->by_pid[middle]].pid, pid) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

unsigned state_participant(const struct state *s, const struct gmm_id *pid)
{
    unsigned slot = pid_slot(s, pid);
    if (slot == s->participant_count || !id_equal(&s->participants[s->by_pid[slot]].pid, pid))
        return STATE_NOBODY;
    return s->by_pid[slot];
}

unsigned state_participant_by_id(const struct state *s, const char *id)
{
    for (unsigned i = 0; i < s->participant_count; i++)
        if (!s->standing[i].expelled && strcmp(s->participants[i].id, id) == 0)
            return i;
    return STATE_NOBODY;
}

/* Of those in the set (NULL: all). */
static unsigned owner_in(const struct state *s, const struct state_set *set, const struct gmm_id *sign_pk,
                         bool *claimed)
{
    size_t count, first = offices_of_key(s->offices, sign_pk, &count);
    unsigned owner = STATE_NOBODY, joined = STATE_NOBODY, claims = 0;
    for (size_t i = first; i < first + count; i++) {
        const struct gmm_id *pid = &s->offices->certs[i].cert->pid;
        if (i > first && id_equal(pid, &s->offices->certs[i - 1].cert->pid))
            continue;
        unsigned p = state_participant(s, pid);
        if (p == STATE_NOBODY || (set != NULL && !state_set_has(set, p)))
            continue;
        claims++;
        owner = p;
        /* The founder (0) has no join signature: its first office stands behind any that has one. */
        if (id_equal(&s->participants[p].sign_pk, sign_pk) && (joined == STATE_NOBODY || joined == 0))
            joined = p;
    }
    *claimed = claims > 0;
    return claims > 1 ? joined : owner;
}

unsigned state_owner(const struct state *s, const struct gmm_id *sign_pk, bool *claimed)
{
    return owner_in(s, NULL, sign_pk, claimed);
}

unsigned state_owner_among(const struct state *s, const struct state_set *set, const struct gmm_id *sign_pk)
{
    bool claimed;
    return owner_in(s, set, sign_pk, &claimed);
}

static size_t group_slot(const struct state *s, const struct gmm_id *gid)
{
    size_t low = 0, high = s->group_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (id_compare(&s->groups[middle]->gid, gid) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct state_group *state_group(const struct state *s, const struct gmm_id *gid)
{
    size_t slot = group_slot(s, gid);
    return slot < s->group_count && id_equal(&s->groups[slot]->gid, gid) ? s->groups[slot] : NULL;
}

bool state_has_lead(const struct state *s, unsigned thematic)
{
    const struct lead *lead = leads_at(&s->leads, thematic, s->now);
    return lead == NULL ? s->charter->leads[thematic][0] != '\0' : !leads_lapsed(lead, s->now);
}

unsigned state_lead(const struct state *s, unsigned thematic)
{
    const struct lead *lead = leads_at(&s->leads, thematic, s->now);
    if (!state_has_lead(s, thematic))
        return s->chair;
    if (lead == NULL)
        return state_participant_by_id(s, s->charter->leads[thematic]);
    return state_participant(s, &lead->change->lead->pid);
}

/* Thematic groups by the charter's policy: "open: every active participant but observers; listed: chair and lead". */
static bool by_charter(const struct state *s, const struct state_group *g, unsigned participant)
{
    if (s->charter->thematic == CHARTER_THEMATIC_OPEN)
        return s->participants[participant].kind != IDENTITY_OBSERVER;
    return participant == s->chair || participant == state_lead(s, g->thematic);
}

/* What a chair or a lead wrote to a listed group stands when it is neither any more. */
static bool once_by_charter(const struct state *s, const struct state_group *g, unsigned participant)
{
    const struct view_participant *p = &s->participants[participant];
    if (g->kind != GROUP_THEMATIC || s->charter->thematic != CHARTER_THEMATIC_LISTED)
        return false;
    for (uint32_t i = 0; i < s->term->number; i++)
        if (id_equal(&s->terms->list[i].chair, &p->pid))
            return true;
    return strcmp(s->charter->leads[g->thematic], p->id) == 0 || leads_had(&s->leads, g->thematic, &p->pid, s->now);
}

bool state_entitled(const struct state *s, const struct state_group *g, unsigned participant)
{
    if (state_set_has(&g->added, participant))
        return true;
    if (state_set_has(&g->removed, participant))
        return false;
    switch (g->kind) {
    case GROUP_ALL:
        return true;
    case GROUP_THEMATIC:
        return by_charter(s, g, participant);
    case GROUP_CIRCLE:
    case GROUP_INTERNAL:
        break;
    }
    return participant == g->owner;
}

/* "A suspended participant is a member of no group but its own internal." */
bool state_is_member(const struct state *s, const struct state_group *g, unsigned participant)
{
    enum view_status status = s->participants[participant].status;
    if (status == VIEW_SUSPENDED)
        return g->kind == GROUP_INTERNAL && g->owner == participant;
    return status == VIEW_ACTIVE && state_entitled(s, g, participant);
}

bool state_was_member(const struct state *s, const struct state_group *g, unsigned participant)
{
    return (state_set_has(&g->former, participant) || once_by_charter(s, g, participant)) &&
           !state_is_member(s, g, participant);
}

static struct state_group *group_new(struct state *s, const struct gmm_id *gid, enum epoch_group_kind kind)
{
    void *grown = room_make(s->groups, s->group_count, &s->group_cap, sizeof(struct state_group *));
    if (grown == NULL)
        return NULL;
    s->groups = grown;
    struct state_group *g = calloc(1, sizeof *g);
    if (g == NULL)
        return NULL;
    g->gid = *gid;
    g->kind = kind;
    g->owner = STATE_NOBODY;
    g->history_full = true;
    size_t slot = group_slot(s, gid);
    memmove(s->groups + slot + 1, s->groups + slot, (s->group_count - slot) * sizeof(struct state_group *));
    s->groups[slot] = g;
    s->group_count++;
    return g;
}

/* "Internal" exists for each participant from the start. */
static enum gmm_err found_internal(struct state *s, unsigned owner)
{
    static const char name[] = "internal";
    struct gmm_id gid;
    epoch_group_id(&gid, &s->charter->nid, GROUP_INTERNAL, &s->participants[owner].pid, name, sizeof name - 1);
    struct state_group *g = group_new(s, &gid, GROUP_INTERNAL);
    if (g == NULL)
        return GMM_ENOMEM;
    g->owner = owner;
    return GMM_OK;
}

static enum gmm_err found_common(struct state *s)
{
    static const struct gmm_id nobody = {{0}};
    struct gmm_id gid;
    epoch_group_id(&gid, &s->charter->nid, GROUP_ALL, &nobody, "all", 3);
    if (group_new(s, &gid, GROUP_ALL) == NULL)
        return GMM_ENOMEM;
    for (unsigned i = 0; i < LIMIT_THEMATIC; i++) {
        const char *name = charter_thematic_name(i);
        epoch_group_id(&gid, &s->charter->nid, GROUP_THEMATIC, &nobody, name, strlen(name));
        struct state_group *g = group_new(s, &gid, GROUP_THEMATIC);
        if (g == NULL)
            return GMM_ENOMEM;
        g->thematic = i;
    }
    return GMM_OK;
}

/* The root that a participant has now: the last of its chain that the directory holds. */
static void newest_root(const struct state *s, struct view_participant *p)
{
    const struct identity_rotation *rotation;
    while (p->root_n < LIMIT_ROOT_ROTATIONS &&
           (rotation = directory_rotation(s->directory, &p->pid, p->root_n + 1)) != NULL) {
        p->root_n++;
        p->root_pk = rotation->root_pk;
        p->next_commit = rotation->next_commit;
    }
}

static void set_status(struct state *s, unsigned participant)
{
    const struct state_standing *standing = &s->standing[participant];
    enum view_status status = standing->certified ? VIEW_ACTIVE : VIEW_ADMITTED;
    if (standing->suspended)
        status = VIEW_SUSPENDED;
    if (standing->expelled)
        status = VIEW_EXPELLED;
    s->participants[participant].status = status;
}

static enum gmm_err begin_absence(struct state *s, unsigned participant, const struct state_group *group,
                                  uint64_t from_ms)
{
    void *grown = room_make(s->absences, s->absence_count, &s->absence_cap, sizeof *s->absences);
    if (grown == NULL)
        return GMM_ENOMEM;
    s->absences = grown;
    s->absences[s->absence_count++] = (struct state_absence){
        .participant = participant, .group = group, .change = s->record, .from_ms = from_ms, .until_ms = UINT64_MAX};
    return GMM_OK;
}

static void end_absence(struct state *s, unsigned participant, const struct state_group *group)
{
    for (size_t i = 0; i < s->absence_count; i++) {
        struct state_absence *a = &s->absences[i];
        if (a->participant == participant && a->group == group && a->until_ms == UINT64_MAX)
            a->until_ms = header_time_ms(s->now);
    }
}

/* Adds the participant; the authorising function has seen that there is room. "A participant is active when its
 * admission and a certificate of its that is not void are held." */
static enum gmm_err enroll(struct state *s, const struct view_participant *p, const struct change *admission,
                           bool by_chair)
{
    const struct office_cert *first;
    unsigned index = s->participant_count, slot = pid_slot(s, &p->pid);
    struct view_participant *added = &s->participants[index];
    *added = *p;
    s->standing[index] = (struct state_standing){.certified = offices_certified(s->offices, &p->pid, &first),
                                                 .by_chair = by_chair,
                                                 .kind = p->kind,
                                                 .admitted_term = s->term->number,
                                                 .admission = admission};
    set_status(s, index);
    if (first != NULL && id_is_zero(&added->sign_pk)) {
        added->sign_pk = first->cert->sign_pk;
        added->noise_pk = first->cert->noise_pk;
    }
    newest_root(s, added);
    memmove(s->by_pid + slot + 1, s->by_pid + slot, (index - slot) * sizeof *s->by_pid);
    s->by_pid[slot] = (uint16_t)index;
    s->participant_count++;
    if (p->kind == IDENTITY_OBSERVER && begin_absence(s, index, NULL, 0) != GMM_OK)
        return GMM_ENOMEM;
    return found_internal(s, index);
}

static enum gmm_err found(struct state *s)
{
    const struct charter *c = s->charter;
    struct view_participant p = {.pid = c->founder_pid, .root_pk = c->founder_root_pk, .kind = c->founder_kind};
    p.next_commit = c->founder_next_commit;
    p.since_ms = c->time_ms;
    memcpy(p.id, c->founder_id, sizeof p.id);
    memcpy(p.name, c->founder_name, sizeof p.name);
    enum gmm_err err = enroll(s, &p, NULL, false);
    if (err == GMM_OK)
        err = found_common(s);
    state_at(s, c->time_ms << 16);
    return err;
}

enum gmm_err state_open(struct state *s, const struct directory *directory, const struct offices *offices,
                        struct terms *terms)
{
    *s = (struct state){.directory = directory, .offices = offices, .terms = terms, .reached = 1};
    s->charter = directory_charter(directory);
    s->term = &terms->list[0];
    s->chair = STATE_NOBODY;
    s->participants = calloc(LIMIT_PARTICIPANTS, sizeof *s->participants);
    s->standing = calloc(LIMIT_PARTICIPANTS, sizeof *s->standing);
    s->by_pid = calloc(LIMIT_PARTICIPANTS, sizeof *s->by_pid);
    s->wrap_pks = calloc(offices->count + 1, sizeof *s->wrap_pks);
    enum gmm_err err = GMM_ENOMEM;
    if (s->participants != NULL && s->standing != NULL && s->by_pid != NULL && s->wrap_pks != NULL)
        err = found(s);
    if (err != GMM_OK)
        state_close(s);
    return err;
}

void state_close(struct state *s)
{
    for (size_t i = 0; i < s->group_count; i++)
        free(s->groups[i]);
    free(s->groups);
    free(s->participants);
    free(s->standing);
    free(s->by_pid);
    free(s->electorates);
    free(s->acts);
    free(s->handovers);
    leads_close(&s->leads);
    polls_close(&s->polls);
    proposals_close(&s->proposals);
    free(s->removals);
    free(s->circle_cuts);
    free(s->absences);
    free(s->doubts);
    free(s->lefts);
    free(s->erasures);
    free(s->history);
    free(s->wrap_pks);
    free(s->epochs);
    free(s->complaints.list);
    free(s->wraps.list);
    free(s->strays.list);
    *s = (struct state){0};
}

void state_at(struct state *s, uint64_t time)
{
    s->now = time;
    s->term = terms_at(s->terms, time);
    s->chair = state_participant(s, &s->term->chair);
}

enum gmm_err state_admit(struct state *s, const struct change *change, const struct control_admit *admit, bool by_chair)
{
    struct view_participant p = {.pid = admit->pid, .root_pk = admit->root_pk, .next_commit = admit->next_commit};
    p.kind = admit->kind;
    p.sign_pk = admit->sign_pk;
    p.noise_pk = admit->noise_pk;
    p.since_ms = header_time_ms(s->now);
    memcpy(p.id, admit->id, sizeof p.id);
    memcpy(p.name, admit->name, sizeof p.name);
    enum gmm_err err = enroll(s, &p, change, by_chair);
    state_at(s, s->now); /* the chair may be known from here on */
    return err;
}

/* It was a member of all these; what it wrote before is judged by the removal's cuts. */
static void leave_groups(struct state *s, unsigned participant)
{
    for (size_t i = 0; i < s->group_count; i++)
        if (state_is_member(s, s->groups[i], participant))
            state_set_put(&s->groups[i]->former, participant, true);
}

static enum gmm_err remove_from(struct state *s, unsigned participant, const struct change *change)
{
    void *grown = room_make(s->removals, s->removal_count, &s->removal_cap, sizeof *s->removals);
    if (grown == NULL)
        return GMM_ENOMEM;
    s->removals = grown;
    s->removals[s->removal_count++] = (struct state_removal){
        .participant = participant, .change = change, .time = s->now, .until = UINT64_MAX, .term = s->term->number};
    leave_groups(s, participant);
    return GMM_OK;
}

enum gmm_err state_suspend(struct state *s, unsigned participant, const struct change *change)
{
    enum gmm_err err = remove_from(s, participant, change);
    s->standing[participant].suspended = err == GMM_OK;
    set_status(s, participant);
    return err;
}

enum gmm_err state_expel(struct state *s, unsigned participant, const struct change *change)
{
    enum gmm_err err = remove_from(s, participant, change);
    s->standing[participant].expelled = err == GMM_OK;
    s->standing[participant].expelled_term = s->term->number;
    set_status(s, participant);
    return err;
}

void state_restore(struct state *s, unsigned participant)
{
    for (size_t i = 0; i < s->removal_count; i++)
        if (s->removals[i].participant == participant && s->removals[i].until == UINT64_MAX)
            s->removals[i].until = s->now;
    s->standing[participant].suspended = s->standing[participant].expelled = false;
    set_status(s, participant);
}

enum gmm_err state_replace(struct state *s, unsigned old, unsigned by, const struct change *change)
{
    for (size_t i = 0; i < s->group_count; i++) {
        struct state_group *g = s->groups[i];
        if (g->kind == GROUP_INTERNAL)
            continue;
        state_set_put(&g->added, by, state_set_has(&g->added, old));
        state_set_put(&g->removed, by, state_set_has(&g->removed, old));
    }
    enum gmm_err err = state_expel(s, old, change);
    for (size_t i = 0; i < s->group_count && err == GMM_OK; i++)
        if (s->groups[i]->kind == GROUP_CIRCLE && s->groups[i]->owner == old)
            s->groups[i]->owner = by;
    if (err == GMM_OK && s->reached > 1)
        state_set_put(&s->electorates[s->reached - 1], by, state_set_has(&s->electorates[s->reached - 1], old));
    return err;
}

enum gmm_err state_amend(struct state *s, unsigned participant, const struct control_amend *amend)
{
    struct view_participant *p = &s->participants[participant];
    bool was = p->kind == IDENTITY_OBSERVER, is = amend->kind == IDENTITY_OBSERVER;
    memcpy(p->name, amend->name, sizeof amend->name);
    p->kind = amend->kind;
    if (was == is)
        return GMM_OK;
    if (is)
        return begin_absence(s, participant, NULL, header_time_ms(s->now));
    end_absence(s, participant, NULL);
    return GMM_OK;
}

size_t state_removal(const struct state *s, unsigned participant)
{
    for (size_t i = s->removal_count; i > 0; i--)
        if (s->removals[i - 1].participant == participant && s->removals[i - 1].until == UINT64_MAX)
            return i - 1;
    return SIZE_MAX;
}

enum gmm_err state_cut_circle(struct state *s, const struct change *change, size_t removal)
{
    void *grown = room_make(s->circle_cuts, s->circle_cut_count, &s->circle_cut_cap, sizeof *s->circle_cuts);
    if (grown == NULL)
        return GMM_ENOMEM;
    s->circle_cuts = grown;
    s->circle_cuts[s->circle_cut_count++] = (struct state_circle_cut){.change = change, .removal = removal};
    return GMM_OK;
}

enum gmm_err state_remember(struct state *s, const struct change *change, const struct gmm_id *subject,
                            const struct gmm_id *by, const char *text)
{
    void *grown = room_make(s->history, s->history_count, &s->history_cap, sizeof *s->history);
    if (grown == NULL)
        return GMM_ENOMEM;
    s->history = grown;
    s->history[s->history_count++] = (struct view_event){.time = s->now,
                                                         .type = change->type,
                                                         .term = s->term->number,
                                                         .subject = *subject,
                                                         .by = *by,
                                                         .entry = change->id,
                                                         .text = text};
    return GMM_OK;
}

void state_wrapkey(struct state *s, const struct gmm_id *sign_pk, const struct gmm_id *wrap_pk)
{
    size_t count, first = offices_of_key(s->offices, sign_pk, &count);
    if (count > 0)
        s->wrap_pks[first] = *wrap_pk;
}

/* What it wrote before it was removed stands, what is timed later does not. */
static enum gmm_err take_out(struct state *s, struct state_group *g, unsigned participant)
{
    if (!state_is_member(s, g, participant))
        return GMM_OK;
    state_set_put(&g->former, participant, true);
    return begin_absence(s, participant, g, header_time_ms(s->now) + 1);
}

static enum gmm_err put_members(struct state *s, struct state_group *g, const struct gmm_id *members, size_t count,
                                bool in)
{
    for (size_t i = 0; i < count; i++) {
        unsigned p = state_participant(s, &members[i]);
        if (p == STATE_NOBODY)
            continue;
        if (!in && take_out(s, g, p) != GMM_OK)
            return GMM_ENOMEM;
        if (in)
            end_absence(s, p, g);
        state_set_put(&g->added, p, in);
        state_set_put(&g->removed, p, !in);
    }
    return GMM_OK;
}

enum gmm_err state_found_circle(struct state *s, const struct change *change, unsigned owner,
                                const struct control_group *circle)
{
    struct state_group *g = group_new(s, &change->log.group, GROUP_CIRCLE);
    if (g == NULL)
        return GMM_ENOMEM;
    g->owner = owner;
    g->history_full = circle->history != 0;
    g->vouched = offices_revoked(s->offices, &change->log.author, &s->participants[owner].pid) != NULL;
    return put_members(s, g, circle->members, circle->member_count, true);
}

enum gmm_err state_add(struct state *s, struct state_group *g, const struct control_members *members)
{
    return put_members(s, g, members->members, members->member_count, true);
}

enum gmm_err state_remove(struct state *s, struct state_group *g, const struct control_members *members)
{
    return put_members(s, g, members->members, members->member_count, false);
}

/* Where a relay stands, or belongs. */
static unsigned relay_slot(const struct state_group *g, const struct gmm_id *sign_pk)
{
    unsigned slot = 0;
    while (slot < g->relay_count && id_compare(&g->relays[slot], sign_pk) < 0)
        slot++;
    return slot;
}

bool state_relays(const struct state_group *g, const struct gmm_id *sign_pk)
{
    unsigned slot = relay_slot(g, sign_pk);
    return slot < g->relay_count && id_equal(&g->relays[slot], sign_pk);
}

void state_relay(struct state_group *g, const struct gmm_id *sign_pk, bool on)
{
    unsigned slot = relay_slot(g, sign_pk);
    struct gmm_id *at = &g->relays[slot];
    if (state_relays(g, sign_pk) == on || (on && g->relay_count == LIMIT_RELAYS))
        return;
    if (on) {
        memmove(at + 1, at, (g->relay_count - slot) * sizeof *at);
        *at = *sign_pk;
        g->relay_count++;
    } else {
        g->relay_count--;
        memmove(at, at + 1, (g->relay_count - slot) * sizeof *at);
    }
}

enum gmm_err state_epoch(struct state *s, const struct change *change, bool by_member)
{
    void *grown = room_make(s->epochs, s->epoch_count, &s->epoch_cap, sizeof *s->epochs);
    if (grown == NULL)
        return GMM_ENOMEM;
    s->epochs = grown;
    s->epochs[s->epoch_count++] = (struct state_epoch){.change = change, .by_member = by_member};
    return GMM_OK;
}

enum gmm_err state_left(struct state *s, const struct change *change)
{
    void *grown = room_make(s->lefts, s->left_count, &s->left_cap, sizeof(struct change *));
    if (grown == NULL)
        return GMM_ENOMEM;
    s->lefts = grown;
    s->lefts[s->left_count++] = change;
    return GMM_OK;
}

enum gmm_err state_erase(struct state *s, const struct change *change, unsigned participant)
{
    void *grown = room_make(s->erasures, s->erasure_count, &s->erasure_cap, sizeof *s->erasures);
    if (grown == NULL)
        return GMM_ENOMEM;
    s->erasures = grown;
    s->erasures[s->erasure_count++] = (struct state_erasure){change, participant};
    return GMM_OK;
}

enum gmm_err state_note(struct state *s, struct state_notes *notes, const struct gmm_id *epoch_id,
                        const struct gmm_id *sign_pk, const struct change *change)
{
    void *grown = room_make(notes->list, notes->count, &notes->cap, sizeof *notes->list);
    if (grown == NULL)
        return GMM_ENOMEM;
    notes->list = grown;
    notes->list[notes->count++] =
        (struct state_note){.epoch_id = *epoch_id, .sign_pk = *sign_pk, .change = change, .position = s->position};
    return GMM_OK;
}
