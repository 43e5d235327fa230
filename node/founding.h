/* The first steps of an office (product story 8): keys and a home; and the founding of a network. */
#ifndef GMM_NODE_FOUNDING_H
#define GMM_NODE_FOUNDING_H

#include "node/node.h"

struct founding_office {
    const char *participant, *name, *office, *lang; /* lang NULL: "en" */
    unsigned kind, level;                           /* keys/identity.h; 0: not a word of the vocabulary */
};
/* What founding_init would refuse about these words and this folder, before anybody is asked for a passphrase. */
enum gmm_err founding_check(const char *home, const struct founding_office *office, struct gmm_msg *msg);
/* Makes the home: folder, gmm.conf (one that is there stays), keystore with root, next root, signing, transport and
 * first wrap key, and the self-signed card. lock: how the keystore is sealed. *card: what it made. GMM_EUSAGE names the
 * field that is not well formed; GMM_EEXISTS: there is an office already; GMM_EBUSY, GMM_EIO, GMM_EFULL, GMM_EMLOCK. */
enum gmm_err founding_init(const char *home, const struct founding_office *office, const struct keystore_lock *lock,
                           struct card *card, struct gmm_msg *msg);

struct founding_network {
    const char *name;
    uint64_t term_until_ms;            /* 0: the end of 31 December of this year */
    enum charter_admission admission;  /* 0: by the chair */
    const char *leads[LIMIT_THEMATIC]; /* participant ids; NULL: the chair */
};
/* The charter, signed by this home's root, and this office's certificate with every role. Goes on with a founding of
 * the same name that was interrupted. GMM_EEXISTS: the home is in a network, or waits to join one. */
enum gmm_err founding_network(struct node *node, const struct founding_network *network, struct gmm_msg *msg);
/* The last second of the year of now_ms. */
uint64_t founding_year_end(uint64_t now_ms);

#endif
