#include "node/groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/roles.h"
#include "node/times.h"

#define PREFIX_DIGITS 8u
#define SAME_NAME_MAX 16u

/* Who was expelled still reads what it holds; what it may write is asked elsewhere. */
static const struct view *view_of(struct node *node, struct gmm_msg *msg)
{
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    const struct view_participant *self = view == NULL ? NULL : engine_self(node->engine);
    if (self == NULL || self->status == VIEW_ADMITTED) {
        gmm_fail(msg, GMM_EDENIED, "this office is not active in a network yet: gmm status shows how it stands");
        return NULL;
    }
    return view;
}

/* ---- names */

enum gmm_err groups_name(struct node *node, const struct gmm_id *gid, char **name)
{
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    const struct view_group *group = view == NULL ? NULL : view_group(view, gid);
    char hex[GMM_ID_HEX + 1];
    *name = NULL;
    if (group != NULL && group->name != NULL) {
        *name = strdup(group->name);
        return *name == NULL ? GMM_ENOMEM : GMM_OK;
    }
    enum gmm_err err = projection_get_group_name(node->projection, gid, name);
    if (err != GMM_ENOTFOUND)
        return err;
    id_to_hex(gid, hex);
    *name = strndup(hex, 12);
    return *name == NULL ? GMM_ENOMEM : GMM_OK;
}

static bool is_prefix(const char *text)
{
    size_t n = strlen(text);
    return n >= PREFIX_DIGITS && n <= GMM_ID_HEX && strspn(text, "0123456789abcdef") == n;
}

struct matches {
    size_t count;
    struct gmm_id gids[SAME_NAME_MAX];
};

static void add_match(struct matches *m, const struct gmm_id *gid)
{
    for (size_t i = 0; i < m->count; i++)
        if (id_equal(&m->gids[i], gid))
            return;
    if (m->count < SAME_NAME_MAX)
        m->gids[m->count++] = *gid;
}

/* Circles that we are in, or `once` were, and only those; names of the others are not ours to know. */
static enum gmm_err match_circles(struct node *node, const struct view *view, const char *name, bool once,
                                  struct matches *m)
{
    struct gmm_id gids[SAME_NAME_MAX];
    size_t count = 0;
    enum gmm_err err = projection_groups_by_name(node->projection, name, gids, SAME_NAME_MAX, &count);
    if (err == GMM_ENOTFOUND)
        return GMM_OK;
    for (size_t i = 0; err == GMM_OK && i < count && i < SAME_NAME_MAX; i++) {
        const struct view_group *group = view_group(view, &gids[i]);
        if (group != NULL && group->kind == GROUP_CIRCLE &&
            (once ? view_removed_from(view, &gids[i], node_pid(node)) != NULL
                  : view_is_member(view, &gids[i], node_pid(node))))
            add_match(m, &gids[i]);
    }
    return err;
}

static void match_prefix(struct node *node, const struct view *view, const char *text, struct matches *m)
{
    char hex[GMM_ID_HEX + 1];
    if (!is_prefix(text))
        return;
    for (size_t i = 0; i < view->group_count; i++) {
        id_to_hex(&view->groups[i].gid, hex);
        if (strncmp(hex, text, strlen(text)) == 0 &&
            view_office_may_have(view, &view->groups[i].gid, &node->keystore->sign_pk, node_pid(node)))
            add_match(m, &view->groups[i].gid);
    }
}

/* An exact name wins over the beginning of an id. */
static enum gmm_err match(struct node *node, const struct view *view, const char *text, struct matches *m)
{
    m->count = 0;
    const struct view_group *group = view_group_by_name(view, text, node_pid(node));
    if (group != NULL) {
        add_match(m, &group->gid);
        return GMM_OK;
    }
    enum gmm_err err = match_circles(node, view, text, false, m);
    if (err == GMM_OK && m->count == 0)
        err = match_circles(node, view, text, true, m);
    if (err == GMM_OK && m->count == 0)
        match_prefix(node, view, text, m);
    return err;
}

static void offer(json_t *choices, const struct matches *m)
{
    char hex[GMM_ID_HEX + 1];
    for (size_t i = 0; choices != NULL && i < m->count; i++) {
        id_to_hex(&m->gids[i], hex);
        json_array_append_new(choices, json_string(hex));
    }
}

enum gmm_err groups_find(struct node *node, const char *name, struct gmm_id *gid, json_t *choices, struct gmm_msg *msg)
{
    struct matches m;
    const struct view *view = view_of(node, msg);
    if (view == NULL)
        return GMM_EDENIED;
    enum gmm_err err = match(node, view, name, &m);
    if (err != GMM_OK)
        return gmm_fail(msg, err, "the groups' names could not be read: %s", gmm_err_text(err));
    if (m.count == 0)
        return gmm_fail(msg, GMM_ENOTFOUND, "no group '%s' is known here", name);
    if (m.count > 1) {
        offer(choices, &m);
        return gmm_fail(msg, GMM_EAMBIGUOUS, "%zu groups are called '%s': give 8 digits or more of one's id", m.count,
                        name);
    }
    *gid = m.gids[0];
    return GMM_OK;
}

/* ---- words of --to and --with */

/* Words between commas, without the spaces around them; empty ones are left out. */
struct words {
    size_t count;
    char **text;
};

static void words_close(struct words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->text[i]);
    free(words->text);
    *words = (struct words){0};
}

static enum gmm_err add_word(struct words *words, const char *text, size_t len)
{
    while (len > 0 && text[0] == ' ') {
        text++;
        len--;
    }
    while (len > 0 && text[len - 1] == ' ')
        len--;
    if (len == 0)
        return GMM_OK;
    char **more = realloc(words->text, (words->count + 1) * sizeof *more);
    if (more == NULL)
        return GMM_ENOMEM;
    words->text = more;
    words->text[words->count] = strndup(text, len);
    if (words->text[words->count] == NULL)
        return GMM_ENOMEM;
    words->count++;
    return GMM_OK;
}

static enum gmm_err split(struct words *words, const char *const *args, size_t count)
{
    enum gmm_err err = GMM_OK;
    *words = (struct words){0};
    for (size_t i = 0; i < count && err == GMM_OK; i++)
        for (const char *at = args[i]; at != NULL && err == GMM_OK;) {
            const char *comma = strchr(at, ',');
            err = add_word(words, at, comma == NULL ? strlen(at) : (size_t)(comma - at));
            at = comma == NULL ? NULL : comma + 1;
        }
    if (err != GMM_OK)
        words_close(words);
    return err;
}

/* ---- members */

static int compare_ids(const void *a, const void *b)
{
    return id_compare(a, b);
}

/* A set: sorted, none twice, us among them when with_us. */
struct members {
    size_t count;
    struct gmm_id *pids;
};

static enum gmm_err collect(struct node *node, const struct view *view, char *const *ids, size_t count, bool with_us,
                            struct members *out, struct gmm_msg *msg)
{
    size_t n = 0;
    out->count = 0;
    out->pids = calloc(count + 1, sizeof *out->pids);
    if (out->pids == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const struct view_participant *p = view_participant_by_id(view, ids[i]);
        if (p == NULL)
            return gmm_fail(msg, GMM_ENOTFOUND, "no participant '%s' in the roster", ids[i]);
        if (p->status != VIEW_ACTIVE)
            return gmm_fail(msg, GMM_EDENIED, "'%s' is not an active participant: gmm roster shows how it stands",
                            ids[i]);
        out->pids[n++] = p->pid;
    }
    if (with_us)
        out->pids[n++] = *node_pid(node);
    qsort(out->pids, n, sizeof *out->pids, compare_ids);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || !id_equal(&out->pids[i], &out->pids[out->count - 1]))
            out->pids[out->count++] = out->pids[i];
    return GMM_OK;
}

static bool is_in(const struct gmm_id *members, size_t count, const struct gmm_id *pid)
{
    return bsearch(pid, members, count, sizeof *members, compare_ids) != NULL;
}

/* Of members: a suspended participant is one of its own internal group. */
static size_t count_offices(const struct view *view, const struct gmm_id *members, size_t count)
{
    size_t offices = 0;
    uint64_t now_ms = node_now_ms();
    for (size_t i = 0; i < view->office_count; i++) {
        const struct view_office *o = &view->offices[i];
        if (o->status == VIEW_OFFICE_ACTIVE && o->not_before_ms <= now_ms && now_ms < o->not_after_ms &&
            is_in(members, count, &o->pid))
            offices++;
    }
    return offices;
}

/* "The circle with exactly these and us": one of ours first, then the one with the smallest id. */
static const struct view_group *find_circle(struct node *node, const struct view *view, const struct members *members)
{
    const struct view_group *found = NULL;
    for (size_t i = 0; i < view->group_count; i++) {
        const struct view_group *g = &view->groups[i];
        if (g->kind != GROUP_CIRCLE || g->member_count != members->count ||
            memcmp(g->members, members->pids, members->count * sizeof *members->pids) != 0)
            continue;
        if (found == NULL || (id_equal(&g->owner, node_pid(node)) && !id_equal(&found->owner, node_pid(node))))
            found = g;
    }
    return found;
}

/* ---- the audience */

/* We are no member: since when, and who may change that. */
static enum gmm_err refuse_outside(struct node *node, const struct view *view, const struct view_group *group,
                                   struct gmm_msg *msg)
{
    char officers[ROLES_TEXT_BYTES], time[TIMES_TEXT_BYTES], *name = NULL;
    const struct view_absence *removed = view_removed_from(view, &group->gid, node_pid(node));
    const struct view_office *by = removed == NULL ? NULL : view_office(view, &removed->log.author);
    const char *who =
        id_is_zero(&group->owner) ? roles_officers_text(view, &group->gid, officers) : roles_name(view, &group->owner);
    if (groups_name(node, &group->gid, &name) != GMM_OK)
        return GMM_ENOMEM;
    if (by == NULL) {
        gmm_fail(msg, GMM_EDENIED, "'%s' is not a member of the group '%s': %s can add it", node->card.id, name, who);
    } else {
        times_format(removed->from_ms, time);
        gmm_fail(msg, GMM_EDENIED, "'%s' was removed from the group '%s' by %s on %.10s: %s can add it again",
                 node->card.id, name, roles_name(view, &by->pid), time, who);
    }
    free(name);
    return GMM_EDENIED;
}

static enum gmm_err take_group(struct node *node, const struct view *view, const struct view_group *group,
                               struct groups_audience *out, struct gmm_msg *msg)
{
    const struct view_participant *self = view_participant(view, node_pid(node));
    if (self != NULL && self->status == VIEW_SUSPENDED && !view_is_member(view, &group->gid, node_pid(node)))
        return gmm_fail(msg, GMM_EDENIED, "'%s' is suspended: until it is restored it posts to internal only",
                        self->id);
    if (!view_is_member(view, &group->gid, node_pid(node)))
        return refuse_outside(node, view, group, msg);
    out->gid = group->gid;
    out->kind = group->kind;
    out->members = malloc((size_t)group->member_count * sizeof *out->members + 1);
    if (out->members == NULL)
        return GMM_ENOMEM;
    memcpy(out->members, group->members, (size_t)group->member_count * sizeof *out->members);
    out->member_count = group->member_count;
    out->offices = count_offices(view, out->members, out->member_count);
    if (out->offices == 0)
        return gmm_fail(msg, GMM_EUSAGE, "the audience is empty: no office could read it");
    return groups_name(node, &group->gid, &out->name);
}

static char *join_names(const struct view *view, const struct members *members)
{
    char text[LIMIT_NAME_TEXT + 1] = "";
    size_t used = 0;
    for (size_t i = 0; i < members->count; i++) {
        const struct view_participant *p = view_participant(view, &members->pids[i]);
        int n = snprintf(text + used, sizeof text - used, "%s%s", used == 0 ? "" : ", ", p == NULL ? "?" : p->id);
        if (n < 0 || (size_t)n >= sizeof text - used) {
            text[used] = '\0'; /* as many as there is room for */
            break;
        }
        used += (size_t)n;
    }
    return strdup(text);
}

static enum gmm_err take_participants(struct node *node, const struct view *view, const struct words *words,
                                      struct groups_audience *out, struct gmm_msg *msg)
{
    struct members members = {0};
    enum gmm_err err = collect(node, view, words->text, words->count, true, &members, msg);
    if (err == GMM_OK && members.count == 1)
        err =
            gmm_fail(msg, GMM_EUSAGE,
                     "the audience is empty but for '%s' itself: say --to internal for its own offices", node->card.id);
    const struct view_group *circle = err == GMM_OK ? find_circle(node, view, &members) : NULL;
    if (err == GMM_OK && circle != NULL) {
        err = take_group(node, view, circle, out, msg);
    } else if (err == GMM_OK) {
        out->kind = GROUP_CIRCLE;
        out->offices = count_offices(view, members.pids, members.count);
        out->name = join_names(view, &members);
        out->member_count = members.count;
        out->members = members.pids;
        members.pids = NULL;
        err = out->name == NULL ? GMM_ENOMEM : GMM_OK;
    }
    free(members.pids);
    return err;
}

static enum gmm_err one_word(struct node *node, const struct view *view, const struct words *words,
                             struct groups_audience *out, json_t *choices, struct gmm_msg *msg)
{
    struct matches m;
    const char *word = words->text[0];
    bool participant = view_participant_by_id(view, word) != NULL;
    enum gmm_err err = match(node, view, word, &m);
    if (err != GMM_OK)
        return gmm_fail(msg, err, "the groups' names could not be read: %s", gmm_err_text(err));
    if (participant && (m.count == 0 || is_prefix(word)))
        return take_participants(node, view, words, out, msg);
    if (m.count > 1 || (m.count == 1 && participant)) {
        offer(choices, &m);
        return gmm_fail(msg, GMM_EAMBIGUOUS,
                        "'%s' names more than one group or participant: give 8 digits or more of a "
                        "group's id",
                        word);
    }
    if (m.count == 1)
        return take_group(node, view, view_group(view, &m.gids[0]), out, msg);
    return gmm_fail(msg, GMM_ENOTFOUND, "no group or participant '%s' is known here: see gmm group list and gmm roster",
                    word);
}

static enum gmm_err many_words(struct node *node, const struct view *view, const struct words *words,
                               struct groups_audience *out, struct gmm_msg *msg)
{
    struct matches m;
    for (size_t i = 0; i < words->count; i++) {
        if (view_participant_by_id(view, words->text[i]) != NULL)
            continue;
        enum gmm_err err = match(node, view, words->text[i], &m);
        if (err != GMM_OK)
            return gmm_fail(msg, err, "the groups' names could not be read: %s", gmm_err_text(err));
        if (m.count > 0)
            return gmm_fail(msg, GMM_EUSAGE,
                            "--to takes one group, or participants only; '%s' is a group. For another audience make a "
                            "circle: gmm group create NAME --with ID,…",
                            words->text[i]);
    }
    return take_participants(node, view, words, out, msg);
}

enum gmm_err groups_resolve(struct node *node, const char *const *to, size_t count, struct groups_audience *out,
                            json_t *choices, struct gmm_msg *msg)
{
    struct words words, whole = {0};
    struct matches m = {0};
    *out = (struct groups_audience){0};
    const struct view *view = view_of(node, msg);
    if (view == NULL)
        return GMM_EDENIED;
    enum gmm_err err = split(&words, to, count);
    if (err != GMM_OK)
        return err;
    /* A circle's name may hold commas. */
    if (count == 1 && words.count > 1 && match(node, view, to[0], &m) == GMM_OK && m.count > 0)
        err = add_word(&whole, to[0], strlen(to[0]));
    if (err == GMM_OK && words.count == 0)
        err = gmm_fail(msg, GMM_EUSAGE, "the audience is empty: --to names one group, or participants");
    else if (err == GMM_OK && whole.count == 1)
        err = one_word(node, view, &whole, out, choices, msg);
    else if (err == GMM_OK && words.count == 1)
        err = one_word(node, view, &words, out, choices, msg);
    else if (err == GMM_OK)
        err = many_words(node, view, &words, out, msg);
    if (err == GMM_OK && !id_is_zero(&out->gid) && !view_may_post(view, &out->gid, node_pid(node), msg))
        err = GMM_EDENIED;
    words_close(&words);
    words_close(&whole);
    if (err != GMM_OK)
        groups_audience_close(out);
    return err;
}

void groups_audience_close(struct groups_audience *audience)
{
    free(audience->name);
    free(audience->members);
    *audience = (struct groups_audience){0};
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

json_t *groups_readers(struct node *node, const struct groups_audience *audience)
{
    const struct view *view = engine_view(node->engine);
    const char **ids = calloc(audience->member_count + 1, sizeof *ids);
    json_t *array = json_array();
    size_t count = 0;
    for (size_t i = 0; ids != NULL && view != NULL && i < audience->member_count; i++) {
        const struct view_participant *p = view_participant(view, &audience->members[i]);
        if (p != NULL)
            ids[count++] = p->id;
    }
    if (ids != NULL)
        qsort(ids, count, sizeof *ids, compare_texts);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_string(ids[i]));
    free(ids);
    return array;
}

/* ---- circles */

static enum gmm_err post_name(struct node *node, const struct gmm_id *gid, const char *name, struct gmm_msg *msg)
{
    struct buffer plain;
    struct gmm_id id;
    const struct record_group_name record = {.name = {name, strlen(name)}};
    buffer_init(&plain, LIMIT_BODY_BYTES);
    enum gmm_err err = record_group_name_encode(&plain, &record);
    if (err == GMM_OK)
        err = node_append(node, gid, HEADER_GROUP_NAME, plain.p, plain.len, NULL, &id, msg);
    buffer_close_wiped(&plain);
    return err;
}

static enum gmm_err make_circle(struct node *node, const char *name, const struct gmm_id *members, size_t count,
                                bool history_full, struct gmm_id *gid, struct gmm_msg *msg)
{
    struct control_group group = {.kind = GROUP_CIRCLE, .history = history_full};
    struct buffer body;
    struct gmm_id id;
    const struct gmm_id nid = engine_view(node->engine)->nid;
    if (count > LIMIT_PARTICIPANTS)
        return gmm_fail(msg, GMM_ELIMIT, "a circle takes at most %u participants", LIMIT_PARTICIPANTS);
    randombytes_buf(group.random, sizeof group.random);
    group.member_count = (uint16_t)count;
    memcpy(group.members, members, count * sizeof *members);
    epoch_group_id(gid, &nid, GROUP_CIRCLE, node_pid(node), group.random, sizeof group.random);
    buffer_init(&body, LIMIT_BODY_BYTES);
    enum gmm_err err = control_group_encode(&body, &group);
    if (err == GMM_OK)
        err = node_append(node, gid, HEADER_GROUP, body.p, body.len, NULL, &id, msg);
    buffer_close(&body);
    return err == GMM_OK ? post_name(node, gid, name, msg) : err;
}

enum gmm_err groups_make(struct node *node, struct groups_audience *audience, struct gmm_msg *msg)
{
    if (!id_is_zero(&audience->gid))
        return GMM_OK;
    return make_circle(node, audience->name, audience->members, audience->member_count, false, &audience->gid, msg);
}

static enum gmm_err check_name(struct node *node, const struct view *view, const char *name, struct gmm_msg *msg)
{
    struct matches m;
    if (!identity_name_ok(name, strlen(name)))
        return gmm_fail(msg, GMM_EUSAGE, "a circle's name is 1 to 255 bytes of text without control characters");
    if (view_participant_by_id(view, name) != NULL)
        return gmm_fail(msg, GMM_EEXISTS, "'%s' is a participant: choose another name for the circle", name);
    enum gmm_err err = match(node, view, name, &m);
    if (err == GMM_OK && m.count > 0)
        return gmm_fail(msg, GMM_EEXISTS, "there is a group '%s' already: choose another name", name);
    return err;
}

enum gmm_err groups_create(struct node *node, const char *name, const char *const *with, size_t count,
                           bool history_full, struct gmm_id *gid, struct gmm_msg *msg)
{
    struct words words;
    struct members members = {0};
    const struct view *view = view_of(node, msg);
    if (view == NULL)
        return GMM_EDENIED;
    enum gmm_err err = check_name(node, view, name, msg);
    if (err != GMM_OK)
        return err;
    err = split(&words, with, count);
    if (err == GMM_OK)
        err = collect(node, view, words.text, words.count, true, &members, msg);
    if (err == GMM_OK && members.count == 1)
        err = gmm_fail(msg, GMM_EUSAGE, "the circle would have no member but '%s': name others with --with ID,…",
                       node->card.id);
    if (err == GMM_OK)
        err = make_circle(node, name, members.pids, members.count, history_full, gid, msg);
    words_close(&words);
    free(members.pids);
    return err;
}

enum gmm_err groups_announce(struct node *node, const struct gmm_id *gid, struct gmm_msg *msg)
{
    char *name = NULL;
    const struct view *view = engine_view(node->engine);
    const struct view_group *group = view == NULL ? NULL : view_group(view, gid);
    if (group == NULL || group->kind != GROUP_CIRCLE)
        return GMM_OK;
    enum gmm_err err = projection_get_group_name(node->projection, gid, &name);
    if (err == GMM_ENOTFOUND)
        return GMM_OK;
    if (err == GMM_OK)
        err = post_name(node, gid, name, msg);
    free(name);
    return err;
}

static enum gmm_err check_change(const struct view *view, const struct gmm_id *gid, bool add,
                                 const struct members *members, struct gmm_msg *msg)
{
    const struct view_group *group = view_group(view, gid);
    if (group == NULL)
        return gmm_fail(msg, GMM_ENOTFOUND, "the group is not known here");
    if (group->kind == GROUP_ALL || group->kind == GROUP_INTERNAL)
        return gmm_fail(msg, GMM_EUSAGE, "the members of '%s' follow from the roster: gmm roster, gmm office",
                        group->name);
    for (size_t i = 0; i < members->count; i++) {
        const struct view_participant *p = view_participant(view, &members->pids[i]);
        bool member = view_is_member(view, gid, &members->pids[i]);
        if (member == add)
            return gmm_fail(msg, add ? GMM_EEXISTS : GMM_ENOTFOUND,
                            add ? "'%s' is a member already" : "'%s' is not a member", p == NULL ? "?" : p->id);
    }
    return members->count == 0 ? gmm_fail(msg, GMM_EUSAGE, "name the participants") : GMM_OK;
}

/* A removed participant may be suspended: only its id counts. */
static enum gmm_err collect_any(const struct view *view, const struct words *words, struct members *out,
                                struct gmm_msg *msg)
{
    out->pids = calloc(words->count + 1, sizeof *out->pids);
    if (out->pids == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < words->count; i++) {
        const struct view_participant *p = view_participant_by_id(view, words->text[i]);
        if (p == NULL)
            return gmm_fail(msg, GMM_ENOTFOUND, "no participant '%s' in the roster", words->text[i]);
        out->pids[out->count++] = p->pid;
    }
    return GMM_OK;
}

enum gmm_err groups_change(struct node *node, const struct gmm_id *gid, bool add, const char *const *ids, size_t count,
                           struct gmm_msg *msg)
{
    struct words words;
    struct members members = {0};
    struct control_members change = {0};
    struct buffer body;
    struct gmm_id id;
    const struct view *view = view_of(node, msg);
    if (view == NULL)
        return GMM_EDENIED;
    enum gmm_err err = split(&words, ids, count);
    if (err != GMM_OK)
        return err;
    buffer_init(&body, LIMIT_BODY_BYTES);
    err = add ? collect(node, view, words.text, words.count, false, &members, msg)
              : collect_any(view, &words, &members, msg);
    if (err == GMM_OK)
        err = check_change(view, gid, add, &members, msg);
    if (err == GMM_OK && members.count > LIMIT_PARTICIPANTS)
        err = GMM_ELIMIT;
    if (err == GMM_OK) {
        change.member_count = (uint16_t)members.count;
        memcpy(change.members, members.pids, members.count * sizeof *members.pids);
        err = control_members_encode(&body, &change);
    }
    if (err == GMM_OK)
        err = node_append(node, gid, add ? HEADER_ADD : HEADER_REMOVE, body.p, body.len, NULL, &id, msg);
    /* An epoch that includes a removed office is never used for sending; who is new needs one, and the circle's name.
     */
    view = engine_view(node->engine);
    if (err == GMM_OK && view != NULL && view_is_member(view, gid, node_pid(node))) {
        err = node_ensure_epoch(node, gid, !add, msg);
        if (err == GMM_OK && add)
            err = groups_announce(node, gid, msg);
    }
    buffer_close(&body);
    words_close(&words);
    free(members.pids);
    return err;
}

static bool has_epoch(const struct view *view, const struct gmm_id *gid)
{
    for (size_t i = 0; i < view->epoch_count; i++)
        if (id_equal(&view->epochs[i].gid, gid))
            return true;
    return false;
}

enum gmm_err groups_reach(struct node *node, const struct gmm_id *pid, bool is_new, unsigned *late)
{
    struct gmm_msg why = {.text = ""};
    const struct view *view = engine_view(node->engine);
    size_t count = 0;
    *late = 0;
    if (view == NULL)
        return GMM_ENOMEM;
    struct gmm_id *gids = calloc(view->group_count + 1, sizeof *gids);
    if (gids == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < view->group_count; i++)
        if (view_is_member(view, &view->groups[i].gid, pid) &&
            view_is_member(view, &view->groups[i].gid, node_pid(node)) && has_epoch(view, &view->groups[i].gid))
            gids[count++] = view->groups[i].gid;
    for (size_t i = 0; i < count; i++)
        if (node_ensure_epoch(node, &gids[i], false, &why) != GMM_OK ||
            (is_new && groups_announce(node, &gids[i], &why) != GMM_OK))
            (*late)++;
    free(gids);
    return GMM_OK;
}
