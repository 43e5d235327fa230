/* gmm.conf, read with inih (cli.md: Home, Several people at one office). An unknown section or key is an error that
 * names the line. Everything has a default; a missing file is the defaults.
 *
 *   [node]    lang=fr  lock-memory=require|warn
 *   [network] listen=HOST:PORT (repeatable)  advertise=HOST:PORT (repeatable)  neighbours=0…32 (default: 4)
 *   [control] socket=PATH  group=NAME
 *   [people]  NAME=read,post,note,clear,release,admin   *=…      (no section: the owner of the home and root may do
 * all)
 *   [fetch]   what comes by itself; the rest stays on demand:  auto-max=BYTES (and less; default: no limit)
 *             auto-kinds=document,attachment (default: both)
 *             auto-marking=unclassified|confidential|strictly-confidential (and below; default: all)
 *   [relay]   what is kept of attachments for groups of others:  keep=BYTES (in all; default: 10 GiB)
 *             keep-group=BYTES (of one group; default: 2 GiB)
 *   [receipts] opened=yes|no  (tell others when a text is first opened here; default: yes)
 */
#ifndef GMM_NODE_CONFIG_H
#define GMM_NODE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/error.h"
#include "keys/limits.h"

#define CONFIG_READ 1u
#define CONFIG_POST 2u
#define CONFIG_NOTE 4u
#define CONFIG_CLEAR 8u
#define CONFIG_RELEASE 16u
#define CONFIG_ADMIN 32u /* roster, groups, keys, peers, doctor */
#define CONFIG_ALL 63u
#define CONFIG_FETCH_DOCUMENT 1u /* a document's own content */
#define CONFIG_FETCH_ATTACHMENT 2u
#define CONFIG_PEOPLE 256
#define CONFIG_NEIGHBOURS 32u

struct config_person {
    char name[LIMIT_PERSON_TEXT + 1];
    unsigned may;
};
struct config {
    char lang[LIMIT_LANG_TEXT + 1];
    bool allow_unlocked_memory;
    unsigned listen_count, advertise_count, people_count;
    char listen[LIMIT_ADDRESSES][LIMIT_ADDRESS_TEXT + 1];
    char advertise[LIMIT_ADDRESSES][LIMIT_ADDRESS_TEXT + 1];
    char socket[4096]; /* empty: control in the home */
    char socket_group[64];
    struct config_person people[CONFIG_PEOPLE];
    uint64_t fetch_auto_max;
    unsigned fetch_kinds;   /* CONFIG_FETCH_ */
    unsigned fetch_marking; /* the highest that comes by itself */
    uint64_t relay_most, relay_group_most;
    unsigned neighbours;      /* [network] neighbours: offices dialled beside those told, in all */
    bool keep_opened_private; /* [receipts] opened=no */
};

/* From text (fuzzed). GMM_EFORMAT with the line in msg; GMM_ELIMIT. */
enum gmm_err config_parse(struct config *out, const char *text, size_t len, struct gmm_msg *msg);
enum gmm_err config_load(struct config *out, const char *path, struct gmm_msg *msg);
/* What a Unix account may do: its own line, else "*", else nothing; without [people] everything for the owner and root,
 * nothing for others. */
unsigned config_may(const struct config *config, const char *account, bool owner_or_root);
const char *config_right_text(unsigned right);

#endif
