#include "proto/fold.h"

#include <stdlib.h>
#include <string.h>

#include "proto/authority.h"
#include "proto/view_state.h"

struct fold {
    const struct directory *directory;
    struct change **changes; /* in canonical order once sorted */
    size_t count, capacity;
    bool sorted, fresh;
    struct offices offices;
    struct state state;
    bool folded; /* offices and state are open */
    struct view_state view;
};

struct fold *fold_new(const struct directory *directory)
{
    struct fold *fold = calloc(1, sizeof *fold);
    if (fold != NULL)
        fold->directory = directory;
    return fold;
}

static void change_free(struct change *change)
{
    if (change == NULL)
        return;
    if (change->epoch != NULL)
        epoch_close(change->epoch);
    free(change->epoch);
    free(change->admit);
    free(change);
}

static void unfold(struct fold *fold)
{
    view_state_close(&fold->view);
    if (fold->folded) {
        state_close(&fold->state);
        offices_close(&fold->offices);
    }
    fold->folded = false;
    fold->fresh = false;
}

void fold_free(struct fold *fold)
{
    if (fold == NULL)
        return;
    unfold(fold);
    for (size_t i = 0; i < fold->count; i++)
        change_free(fold->changes[i]);
    free(fold->changes);
    free(fold);
}

void fold_touch(struct fold *fold)
{
    fold->fresh = false;
}

/* Reads once what is costly to read: a malformed body is found here and has no effect for ever. */
static enum gmm_err read_once(const struct fold *fold, struct change *change)
{
    enum gmm_err err = GMM_OK;
    const struct charter *charter = directory_charter(fold->directory);
    if (change->type == HEADER_ADMIT && charter != NULL) {
        if ((change->admit = malloc(sizeof *change->admit)) == NULL)
            return GMM_ENOMEM;
        err = control_admit_decode(change->admit, &charter->nid, change->body, change->len);
    } else if (change->type == HEADER_EPOCH) {
        if ((change->epoch = calloc(1, sizeof *change->epoch)) == NULL)
            return GMM_ENOMEM;
        err = epoch_decode(change->epoch, change->body, change->len);
    }
    if (err == GMM_ENOMEM || err == GMM_OK)
        return err;
    free(change->admit);
    free(change->epoch);
    change->admit = NULL;
    change->epoch = NULL;
    change->malformed = true;
    return GMM_OK;
}

static enum gmm_err change_make(const struct fold *fold, struct change **out, const struct header *header,
                                const struct gmm_id *id, const uint8_t *body, size_t len)
{
    struct change *change = calloc(1, sizeof *change + len + 1);
    if (change == NULL)
        return GMM_ENOMEM;
    uint8_t *copy = (uint8_t *)(change + 1);
    if (len > 0)
        memcpy(copy, body, len);
    change->id = *id;
    run_key_of(&change->log, header);
    change->seq = header->seq;
    change->time = header->time;
    change->type = header->type;
    change->body = copy;
    change->len = len;
    enum gmm_err err = read_once(fold, change);
    if (err != GMM_OK) {
        change_free(change);
        return err;
    }
    *out = change;
    return GMM_OK;
}

enum gmm_err fold_add(struct fold *fold, const uint8_t bytes[HEADER_BYTES], const struct gmm_id *id,
                      const uint8_t *body, size_t len)
{
    struct header header;
    if (header_decode(&header, bytes) != GMM_OK || !authority_knows(header.type))
        return GMM_OK;
    if (fold->count == fold->capacity) {
        size_t capacity = fold->capacity == 0 ? 64 : 2 * fold->capacity;
        struct change **changes = realloc(fold->changes, capacity * sizeof *changes);
        if (changes == NULL)
            return GMM_ENOMEM;
        fold->changes = changes;
        fold->capacity = capacity;
    }
    struct change *change = NULL;
    enum gmm_err err = change_make(fold, &change, &header, id, body, len);
    if (err != GMM_OK)
        return err;
    fold->changes[fold->count++] = change;
    fold->sorted = false;
    fold->fresh = false;
    return GMM_OK;
}

/* "Canonical order: by header time, then by entry id." */
static int compare_changes(const void *a, const void *b)
{
    const struct change *x = *(const struct change *const *)a, *y = *(const struct change *const *)b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return id_compare(&x->id, &y->id);
}

static enum gmm_err replay(struct fold *fold)
{
    enum gmm_err err = offices_make(&fold->offices, fold->directory);
    if (err != GMM_OK)
        return err;
    err = state_open(&fold->state, fold->directory, &fold->offices);
    if (err != GMM_OK) {
        offices_close(&fold->offices);
        return err;
    }
    fold->folded = true;
    if (!fold->sorted && fold->count > 1)
        qsort(fold->changes, fold->count, sizeof(struct change *), compare_changes);
    fold->sorted = true;
    for (size_t i = 0; i < fold->count; i++) {
        fold->state.position = i;
        if (i > 0 && id_equal(&fold->changes[i]->id, &fold->changes[i - 1]->id))
            continue;
        if (authority_judge(&fold->state, fold->changes[i], true, NULL) == GMM_ENOMEM)
            return GMM_ENOMEM;
    }
    fold->state.position = fold->count;
    return view_state_make(&fold->view, &fold->state);
}

const struct view *fold_view(struct fold *fold)
{
    if (fold->fresh)
        return &fold->view.view;
    unfold(fold);
    if (directory_charter(fold->directory) == NULL)
        return NULL;
    if (replay(fold) != GMM_OK) {
        unfold(fold);
        return NULL;
    }
    fold->fresh = true;
    return &fold->view.view;
}

enum gmm_err fold_authorize(struct fold *fold, const struct gmm_id *author, const struct gmm_id *group, uint16_t type,
                            const void *body, size_t len, uint64_t time, struct gmm_msg *msg)
{
    struct header header = {.type = type, .group = *group, .author = *author, .time = time};
    struct gmm_id id = {{0}};
    struct change *trial = NULL;
    if (fold_view(fold) == NULL)
        return gmm_fail(msg, GMM_EDENIED, "this office is not in a network yet");
    if (!authority_knows(type))
        return gmm_fail(msg, GMM_EFORMAT, "a record of a type that this program does not know");
    enum gmm_err err = change_make(fold, &trial, &header, &id, body, len);
    if (err != GMM_OK)
        return err;
    /* A trial stands after everything of its log, so a cut of a revoked key lies before it. */
    trial->seq = UINT64_MAX;
    err = authority_judge(&fold->state, trial, false, msg);
    change_free(trial);
    return err;
}
