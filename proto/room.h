/* Arrays that grow by one: each owner keeps array, count and cap. */
#ifndef GMM_PROTO_ROOM_H
#define GMM_PROTO_ROOM_H

#include <stdlib.h>

/* Room for one more element of this size behind count of them; NULL when memory ends (the array stays as it was). */
static inline void *room_make(void *array, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return array;
    size_t more = *cap == 0 ? 16 : 2 * *cap;
    void *grown = realloc(array, more * size);
    if (grown != NULL)
        *cap = more;
    return grown;
}

#endif
