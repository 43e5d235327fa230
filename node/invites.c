#include "node/invites.h"

#include <stdio.h>
#include <string.h>

#include "node/atrest.h"
#include "node/net.h"

static bool is_wildcard(const char *address)
{
    return strncmp(address, "0.0.0.0:", 8) == 0 || strncmp(address, "[::]:", 5) == 0 || address[0] == ':';
}

/* A configured listener counts when somebody else could dial it as it stands. */
static bool is_dialable(const char *address)
{
    return address_ok(address, strlen(address)) && !is_wildcard(address);
}

uint8_t invites_addresses(struct node *node, char out[LIMIT_ADDRESSES][ADDRESS_BYTES])
{
    uint8_t count = 0;
    if (node->net != NULL) {
        size_t n = net_addresses(node->net, out, LIMIT_ADDRESSES);
        return (uint8_t)(n > LIMIT_ADDRESSES ? LIMIT_ADDRESSES : n);
    }
    for (unsigned i = 0; i < node->config.advertise_count && count < LIMIT_ADDRESSES; i++)
        snprintf(out[count++], ADDRESS_BYTES, "%s", node->config.advertise[i]);
    for (unsigned i = 0; i < node->config.listen_count && count < LIMIT_ADDRESSES; i++)
        if (is_dialable(node->config.listen[i]))
            snprintf(out[count++], ADDRESS_BYTES, "%s", node->config.listen[i]);
    return count;
}

static enum gmm_err put_addresses(struct node *node, const struct invites_terms *terms, struct invite *invite,
                                  struct gmm_msg *msg)
{
    if (terms->address_count > LIMIT_ADDRESSES)
        return gmm_fail(msg, GMM_EUSAGE, "an invite takes at most %u addresses", LIMIT_ADDRESSES);
    for (size_t i = 0; i < terms->address_count; i++) {
        if (!address_ok(terms->addresses[i], strlen(terms->addresses[i])))
            return gmm_fail(msg, GMM_EUSAGE, "'%s' is not an address: write it as HOST:PORT", terms->addresses[i]);
        snprintf(invite->addresses[i], sizeof invite->addresses[i], "%s", terms->addresses[i]);
    }
    invite->address_count = (uint8_t)terms->address_count;
    if (terms->address_count == 0)
        invite->address_count = invites_addresses(node, invite->addresses);
    if (invite->address_count == 0 && !terms->offline)
        return gmm_fail(msg, GMM_ESTATE,
                        "no address of this node is known that a newcomer could dial: give --address HOST:PORT, set "
                        "advertise in gmm.conf, or say --offline");
    return GMM_OK;
}

static bool is_elector(const struct view *view, const struct gmm_id *pid)
{
    const struct view_term *term = &view->terms[view->term - 1];
    for (uint16_t i = 0; i < term->elector_count; i++)
        if (id_equal(&term->electors[i], pid))
            return true;
    return false;
}

/* Who may propose the newcomer later: the chair, or where two thirds decide any of them. */
static enum gmm_err check_right(struct node *node, const struct view *view, bool replace, struct gmm_msg *msg)
{
    const struct charter *charter = directory_charter(engine_directory(node->engine));
    const struct view_participant *chair = view_participant(view, &view->chair);
    const struct view_office *own = view_office(view, &node->keystore->sign_pk);
    uint16_t roles = own == NULL ? 0 : own->roles;
    const char *name = chair == NULL ? "?" : chair->name;
    if (replace || charter->admission == CHARTER_BY_TWO_THIRDS) {
        if (!is_elector(view, node_pid(node)))
            return gmm_fail(msg, GMM_EDENIED,
                            "only participants of the electorate of term %u (%s) propose newcomers, and so invite "
                            "them; for a second office of your own say --office NAME",
                            (unsigned)view->term, name);
        if ((roles & CERTIFICATE_ROLE_VOTE) == 0)
            return gmm_fail(msg, GMM_EDENIED,
                            "this office lacks the role VOTE: invite from the one that votes for the participant");
        return GMM_OK;
    }
    if (!id_equal(&view->chair, node_pid(node)) && !id_equal(&view->acting, node_pid(node)))
        return gmm_fail(msg, GMM_EDENIED,
                        "only the chair of term %u (%s) admits participants, and so invites them; for a second office "
                        "of your own say --office NAME",
                        (unsigned)view->term, name);
    if ((roles & CERTIFICATE_ROLE_DECIDE) == 0)
        return gmm_fail(msg, GMM_EDENIED,
                        "this office lacks the role DECIDE: only the office that decides for the chair of term %u (%s) "
                        "admits, and so invites",
                        (unsigned)view->term, name);
    return GMM_OK;
}

/* Who may invite whom (cli.md: invite). */
static enum gmm_err check_terms(struct node *node, const struct view *view, const struct invites_terms *terms,
                                struct gmm_msg *msg)
{
    if (terms->for_id != NULL && !identity_id_ok(terms->for_id, strlen(terms->for_id)))
        return gmm_fail(msg, GMM_EUSAGE, "'%s' is not a participant's id", terms->for_id);
    if (terms->office != NULL) {
        if (!identity_office_ok(terms->office, strlen(terms->office)))
            return gmm_fail(msg, GMM_EUSAGE, "'%s' is not an office's name", terms->office);
        if (terms->for_id != NULL && strcmp(terms->for_id, node->card.id) != 0)
            return gmm_fail(msg, GMM_EUSAGE, "--office invites a second office of our own participant, '%s'",
                            node->card.id);
        if (!node->keystore->root_held)
            return gmm_fail(msg, GMM_EDENIED,
                            "only an office that holds the root of '%s' can certify, and so invite, another office",
                            node->card.id);
        const struct view_office *named = view_office_by_name(view, node_pid(node), terms->office);
        if (named != NULL && named->status != VIEW_OFFICE_REVOKED)
            return gmm_fail(msg, GMM_EEXISTS,
                            "'%s' has an office '%s' already: when its keys are lost, gmm office revoke %s first",
                            node->card.id, terms->office, terms->office);
        return GMM_OK;
    }
    enum gmm_err err = check_right(node, view, terms->replace, msg);
    if (err != GMM_OK)
        return err;
    const struct view_participant *named = terms->for_id == NULL ? NULL : view_participant_by_id(view, terms->for_id);
    bool taken = named != NULL && named->status != VIEW_EXPELLED;
    if (terms->replace && !taken)
        return gmm_fail(msg, GMM_EUSAGE, "--replace goes with --for ID of a participant whose root is lost");
    if (taken && !terms->replace)
        return gmm_fail(msg, GMM_EEXISTS, "'%s' is a participant already; when its root is lost say --replace",
                        terms->for_id);
    return GMM_OK;
}

static enum gmm_err fill(struct node *node, const struct view *view, const struct invites_terms *terms,
                         struct invite *invite, struct gmm_msg *msg)
{
    *invite = (struct invite){
        .nid = view->nid,
        .sign_pk = node->keystore->sign_pk,
        .noise_pk = node->keystore->noise_pk,
        .expires_ms = node_now_ms() + terms->valid_ms,
    };
    snprintf(invite->network, sizeof invite->network, "%s", view->name);
    snprintf(invite->inviter_id, sizeof invite->inviter_id, "%s", node->card.id);
    snprintf(invite->inviter_office, sizeof invite->inviter_office, "%s", node->card.office);
    if (terms->for_id != NULL && terms->office == NULL)
        snprintf(invite->for_id, sizeof invite->for_id, "%s", terms->for_id);
    if (terms->office != NULL) {
        snprintf(invite->office, sizeof invite->office, "%s", terms->office);
        invite->pid = *node_pid(node);
    }
    randombytes_buf(invite->secret, sizeof invite->secret);
    return put_addresses(node, terms, invite, msg);
}

enum gmm_err invites_make(struct node *node, const struct invites_terms *terms, struct invites_entry *out,
                          struct gmm_msg *msg)
{
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    memset(out, 0, sizeof *out);
    if (view == NULL || !node_is_active(node))
        return gmm_fail(msg, GMM_EDENIED, "this office is not admitted to a network: it can invite nobody");
    enum gmm_err err = check_terms(node, view, terms, msg);
    if (err == GMM_OK)
        err = fill(node, view, terms, &out->invite, msg);
    if (err == GMM_OK) {
        invite_id(out->id, out->invite.secret);
        if ((err = store_begin(node->store, true)) == GMM_OK)
            err = invites_put(node, out);
        if (err == GMM_OK)
            err = node_flush(node);
        if (err != GMM_OK)
            gmm_fail(msg, err, "the invite could not be kept: %s", gmm_err_text(err));
    }
    if (err != GMM_OK)
        invites_entry_close(out);
    return err;
}

static char state_letter(enum invites_state state)
{
    switch (state) {
    case INVITES_OPEN:
        return 'o';
    case INVITES_USED:
        return 'u';
    case INVITES_REVOKED:
        return 'r';
    }
    return 'r';
}

static enum invites_state letter_state(char letter)
{
    return letter == 'o' ? INVITES_OPEN : letter == 'u' ? INVITES_USED : INVITES_REVOKED;
}

enum gmm_err invites_put(struct node *node, const struct invites_entry *entry)
{
    struct buffer plain, sealed;
    struct store_invite row = {
        .expires_ms = entry->invite.expires_ms, .state = state_letter(entry->state), .used_by = entry->used_by};
    memcpy(row.id, entry->id, sizeof row.id);
    buffer_init(&plain, INVITE_BYTES_MAX);
    buffer_init(&sealed, INVITE_BYTES_MAX + ATREST_OVERHEAD);
    enum gmm_err err = invite_make(&plain, &entry->invite);
    if (err == GMM_OK)
        err = atrest_seal(&sealed, node->keystore->node, LABEL_INVITE_KEPT, entry->id, sizeof entry->id, plain.p,
                          plain.len);
    if (err == GMM_OK) {
        row.sealed = sealed.p;
        row.sealed_len = sealed.len;
        err = store_put_invite(node->store, &row);
    }
    buffer_close_wiped(&plain);
    buffer_close(&sealed);
    return err;
}

static enum gmm_err open_row(struct node *node, const struct store_invite *row, struct invites_entry *out)
{
    uint8_t plain[INVITE_BYTES_MAX];
    memset(out, 0, sizeof *out);
    if (row->sealed_len < ATREST_OVERHEAD || row->sealed_len - ATREST_OVERHEAD > sizeof plain)
        return GMM_ECORRUPT;
    size_t len = row->sealed_len - ATREST_OVERHEAD;
    enum gmm_err err = atrest_open(plain, node->keystore->node, LABEL_INVITE_KEPT, row->id, sizeof row->id, row->sealed,
                                   row->sealed_len);
    if (err == GMM_OK && invite_open(&out->invite, plain, len) != GMM_OK)
        err = GMM_ECORRUPT;
    sodium_memzero(plain, sizeof plain);
    memcpy(out->id, row->id, sizeof out->id);
    out->state = letter_state(row->state);
    out->used_by = row->used_by;
    return err;
}

struct walk {
    struct node *node;
    const uint8_t *id; /* NULL: every one */
    struct invites_entry *found;
    bool done;
    invites_fn *fn;
    void *arg;
};

static enum gmm_err on_row(void *arg, const struct store_invite *row)
{
    struct walk *walk = arg;
    struct invites_entry entry;
    if (walk->id != NULL) {
        if (walk->done || memcmp(row->id, walk->id, sizeof row->id) != 0)
            return GMM_OK;
        walk->done = true;
        return open_row(walk->node, row, walk->found);
    }
    enum gmm_err err = open_row(walk->node, row, &entry);
    if (err == GMM_OK)
        err = walk->fn(walk->arg, &entry);
    invites_entry_close(&entry);
    return err;
}

enum gmm_err invites_find(struct node *node, const uint8_t id[CARD_INVITE_ID_BYTES], struct invites_entry *out)
{
    uint8_t wanted[CARD_INVITE_ID_BYTES];
    struct walk walk = {.node = node, .id = wanted, .found = out};
    memcpy(wanted, id, sizeof wanted); /* it may be out's own */
    memset(out, 0, sizeof *out);
    enum gmm_err err = store_each_invite(node->store, on_row, &walk);
    if (err == GMM_OK && !walk.done)
        err = GMM_ENOTFOUND;
    if (err != GMM_OK)
        invites_entry_close(out);
    return err;
}

enum gmm_err invites_each(struct node *node, invites_fn *fn, void *arg)
{
    struct walk walk = {.node = node, .fn = fn, .arg = arg};
    return store_each_invite(node->store, on_row, &walk);
}

void invites_entry_close(struct invites_entry *entry)
{
    invite_close(&entry->invite);
}
