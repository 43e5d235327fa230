/* A time as its reader writes it: in the language of messages, by the locale and the time zone of the environment
 * (cli.md: Times). It stands beside UTC, never in its place, and never in JSON or in what programs read. */
#ifndef GMM_NODE_LOCALTIME_H
#define GMM_NODE_LOCALTIME_H

#include <stdint.h>

#define LOCALTIME_BYTES 96

/* "14 mars 2014, 17:00". Empty where it would say what UTC beside it says: in English, in a zone that is at UTC then;
 * and where it cannot be made. The zone: $TZ, else the machine's. The locale: the first of LC_ALL, LC_TIME, LANG that
 * is of the language of messages; else that language alone. */
const char *localtime_text(uint64_t ms, char out[LOCALTIME_BYTES]);

#endif
