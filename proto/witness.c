#include "proto/witness.h"

#include "proto/control_proof.h"

/* The heads that the anchor names, looked through for one in the run that the entry leads. */
static bool names_run(const struct control_anchor *anchor, const struct run *run)
{
    for (uint16_t i = 0; i < anchor->count; i++) {
        struct control_anchor_head head;
        control_anchor_head_at(anchor, i, &head);
        if (!id_equal(&head.author, &run->key.author) || head.instance != run->key.instance ||
            head.seq < run->first_seq || head.seq - run->first_seq >= run->count)
            continue;
        if (id_equal(&head.id, &run->entries[head.seq - run->first_seq].id))
            return true;
    }
    return false;
}

/* "Anchors of a log by its own author's participant claim nothing", but in a group internal, where each office counts.
 */
static bool counts(const struct evidence *e, const struct view *now, const struct run_key *by,
                   const struct view_office *office)
{
    const struct view_office *author = view_office(now, &e->header.author);
    const struct view_group *group = view_group(now, &by->group);
    if (id_equal(&by->author, &e->header.author))
        return false;
    return author == NULL || !id_equal(&author->pid, &office->pid) || (group != NULL && group->kind == GROUP_INTERNAL);
}

bool witness_at(const struct evidence *e, const struct view *now, size_t index, struct witness *out)
{
    struct header header;
    struct control_anchor anchor;
    const struct run *run = verified_run_view(e->group[index]);
    const struct run_entry *entry = &run->entries[0];
    const struct view_office *office = view_office(now, &run->key.author);
    if (office == NULL || header_decode(&header, entry->header) != GMM_OK || header.type != HEADER_GROUP_ANCHOR ||
        control_anchor_decode(&anchor, entry->body, entry->body_len) != GMM_OK || anchor.kind != CONTROL_ANCHOR_HEADS ||
        !counts(e, now, &run->key, office) || !view_stands_outside(now, &run->key, header.seq, header.time, NULL))
        return false;
    *out = (struct witness){.sign_pk = run->key.author, .pid = office->pid, .time_ms = header_time_ms(header.time)};
    return names_run(&anchor, verified_run_view(e->run));
}
