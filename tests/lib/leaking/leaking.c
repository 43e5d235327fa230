/* Loses memory on purpose, behind what gmm does against being looked into: the sanitizer must see it all the same. */
#include <stdlib.h>
#include <string.h>

#include "keys/secret.h"

int main(void)
{
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    char *volatile lost = malloc(77);
    if (lost == NULL)
        return 1;
    memset(lost, 1, 77);
    lost = NULL;
    secret_close();
    return 0;
}
