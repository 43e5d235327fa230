/* gmm.conf from anybody: no crash, and what is accepted keeps the bounds that the rest of the node relies on. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "node/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config config;
    struct gmm_msg msg = {.text = ""};
    enum gmm_err err = config_parse(&config, (const char *)data, size, &msg);
    if (err != GMM_OK) {
        must(msg.text[0] != '\0');
        must(config.people_count == 0 && config.listen_count == 0 && config.advertise_count == 0);
        return 0;
    }
    must(memchr(config.lang, '\0', sizeof config.lang) != NULL);
    must(memchr(config.socket, '\0', sizeof config.socket) != NULL);
    must(config.listen_count <= LIMIT_ADDRESSES && config.advertise_count <= LIMIT_ADDRESSES);
    must(config.people_count <= CONFIG_PEOPLE);
    for (unsigned i = 0; i < config.people_count; i++) {
        must(memchr(config.people[i].name, '\0', sizeof config.people[i].name) != NULL);
        must(config.people[i].may != 0 && (config.people[i].may & ~CONFIG_ALL) == 0);
    }
    for (unsigned i = 0; i < config.listen_count; i++)
        must(strchr(config.listen[i], ':') != NULL);
    return 0;
}
