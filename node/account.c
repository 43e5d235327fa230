#include "node/account.h"

#include <pwd.h>
#include <stddef.h>
#include <stdio.h>

void account_name(uid_t uid, char out[LIMIT_PERSON_TEXT + 1])
{
    char names[4096];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(uid, &entry, names, sizeof names, &found) == 0 && found != NULL)
        snprintf(out, LIMIT_PERSON_TEXT + 1, "%s", found->pw_name);
    else
        snprintf(out, LIMIT_PERSON_TEXT + 1, "#%u", (unsigned)uid);
}
