/* The languages of the program's messages: English, in which they are written, and French (node/po/fr.po, compiled into
 * the program: no installed locale and no other file is needed).
 *
 * Whoever serves a reader sets the language for as long as it works for them (lang_use); what a daemon says for nobody
 * in particular is in its own.
 */
#ifndef GMM_NODE_LANG_H
#define GMM_NODE_LANG_H

#include "keys/error.h"
#include "keys/text.h"

enum lang { LANG_EN, LANG_FR };
#define LANG_COUNT 2u

/* "en", "fr": stable. */
const char *lang_name(enum lang lang);
/* "fr", "FR", "fr_FR.UTF-8", "fr-CH" → LANG_FR. GMM_ENOTFOUND: none of ours. */
enum gmm_err lang_parse(enum lang *out, const char *name);
/* By LC_ALL, LC_MESSAGES, LANG, the first that names a language; "C.UTF-8" names none, "C" and "POSIX" are English.
 * $LANGUAGE, a list, goes before them, but not before a C. English where nothing says. get: getenv, or a test's. */
enum lang lang_of_environment(char *(*get)(const char *name));
/* For this thread; returns what held before. */
enum lang lang_use(enum lang lang);
enum lang lang_used(void);
/* The word for a value of the protocol or of JSON ("objection", "admitted", "hq"), where it is shown to people. A word
 * that is none of the program's own (a name that somebody gave) stays as it is. */
const char *lang_word(const char *word);

/* The texts of the language in use; NULL: English. */
struct catalogue;
const struct catalogue *lang_catalogue(void);

/* The compiled catalogue: made at build time from node/po/fr.po. */
extern const unsigned char lang_fr[];
extern const unsigned long lang_fr_len;

#endif
