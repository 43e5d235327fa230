#include "keys/text.h"

#include <stddef.h>

static _Thread_local text_find_fn *used;

text_find_fn *text_use(text_find_fn *find)
{
    text_find_fn *before = used;
    used = find;
    return before;
}

const char *text_tr(const char *english)
{
    const char *found = used != NULL && english != NULL && english[0] != '\0' ? used(english, false, 0) : NULL;
    return found != NULL ? found : english;
}

const char *text_n(const char *one, const char *many, uint64_t n)
{
    const char *found = used != NULL ? used(one, true, n) : NULL;
    if (found != NULL)
        return found;
    return n == 1 ? one : many;
}
