#include "node/exit.h"

#include <stddef.h>
#include <string.h>

#include "keys/text.h"

enum exit_status exit_of(enum gmm_err err)
{
    switch (err) {
    case GMM_OK:
        return EXIT_DONE;
    case GMM_ECORRUPT:
    case GMM_EFORK:
    case GMM_ESIGNATURE:
        return EXIT_INTEGRITY;
    case GMM_ENOTFOUND:
        return EXIT_NOT_FOUND;
    case GMM_EDENIED:
    case GMM_EEXPIRED:
        return EXIT_DENIED;
    case GMM_EUNREACHABLE:
    case GMM_ETIMEOUT:
    case GMM_EABSENT:
        return EXIT_UNREACHABLE;
    case GMM_EUSAGE:
    case GMM_EAMBIGUOUS:
        return EXIT_USAGE;
    case GMM_ENOMEM:
    case GMM_EFORMAT:
    case GMM_ELIMIT:
    case GMM_EKEY:
    case GMM_EDECRYPT:
    case GMM_EVERSION:
    case GMM_ENETWORK:
    case GMM_EORDER:
    case GMM_EUNKNOWN:
    case GMM_EEXISTS:
    case GMM_EBUSY:
    case GMM_EIO:
    case GMM_EFULL:
    case GMM_EPASSPHRASE:
    case GMM_ESTATE:
    case GMM_EFUTURE:
    case GMM_ECLOSED:
    case GMM_EMLOCK:
        return EXIT_FAILED;
    }
    return EXIT_FAILED;
}

/* One row a code: its stable word, and what a person can do when nothing better is known. */
struct exit_words {
    enum gmm_err err;
    const char *code;
    const char *remedy;
};

static const struct exit_words words[] = {
    {GMM_OK, "done", ""},
    {GMM_ENOMEM, "no-memory", "free some memory, then try again"},
    {GMM_EFORMAT, "malformed", "get the file or text again from where it came"},
    {GMM_ELIMIT, "limit", "use less of it: docs/protocol.md lists the limits"},
    {GMM_ESIGNATURE, "signature", "get it again from another office"},
    {GMM_EKEY, "key", "ask its owner for a new one"},
    {GMM_EDECRYPT, "undecipherable", "check that it was made for this office"},
    {GMM_EVERSION, "version", "bring both programs to the same version"},
    {GMM_ENETWORK, "other-network", "use the home that belongs to that network"},
    {GMM_EEXPIRED, "expired", "ask for a new one"},
    {GMM_EORDER, "order", "give what comes before it first"},
    {GMM_EFORK, "fork", "see 'gmm status' for the office concerned, and call it"},
    {GMM_EUNKNOWN, "prerequisite", "run 'gmm sync', then try again"},
    {GMM_EDENIED, "not-permitted", "ask whoever holds that role"},
    {GMM_ENOTFOUND, "not-found", "check the reference, or run 'gmm sync' first"},
    {GMM_EEXISTS, "exists", "choose another name, or use what is there"},
    {GMM_EBUSY, "busy", "try again when the other command has ended"},
    {GMM_EIO, "io", "check the file and its permissions"},
    {GMM_EFULL, "no-space", "free some space, then try again"},
    {GMM_ECORRUPT, "damaged", "'gmm verify' names what is damaged; restore it from a backup"},
    {GMM_EPASSPHRASE, "passphrase", "type it on a terminal, or name a file with it in GMM_PASSPHRASE_FILE"},
    {GMM_EUSAGE, "usage", "see 'gmm help'"},
    {GMM_EAMBIGUOUS, "ambiguous", "give more of it, or the full id"},
    {GMM_EUNREACHABLE, "unreachable", "check the connection, or add a peer with 'gmm peer add HOST:PORT'"},
    {GMM_ETIMEOUT, "timeout", "try again, or allow more time"},
    {GMM_ESTATE, "state", "see 'gmm status'"},
    {GMM_EABSENT, "absent", "run 'gmm sync' when an office that has it can be reached"},
    {GMM_EFUTURE, "clock", "set this machine's clock"},
    {GMM_ECLOSED, "closed", "try again"},
    {GMM_EMLOCK, "memory-lock", "raise the limit of locked memory (ulimit -l), or set lock-memory=warn in gmm.conf"},
};

static const struct exit_words *find(enum gmm_err err)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (words[i].err == err)
            return &words[i];
    return NULL;
}

const char *exit_code_text(enum gmm_err err)
{
    const struct exit_words *w = find(err);
    return w != NULL ? w->code : "failed";
}

enum gmm_err exit_err(const char *code, int status)
{
    static const enum gmm_err by_status[] = {GMM_EIO,     GMM_EIO,          GMM_EUSAGE,  GMM_ENOTFOUND,
                                             GMM_EDENIED, GMM_EUNREACHABLE, GMM_ECORRUPT};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (code != NULL && words[i].err != GMM_OK && strcmp(words[i].code, code) == 0)
            return words[i].err;
    return status > 0 && status < (int)(sizeof by_status / sizeof by_status[0]) ? by_status[status] : GMM_EIO;
}

const char *exit_remedy(enum gmm_err err)
{
    const struct exit_words *w = find(err);
    return w != NULL ? text_tr(w->remedy) : "";
}
