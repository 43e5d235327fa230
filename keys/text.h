/* Texts for people, in the reader's language.
 *
 * The program's texts stand in its sources in English, and English is what a translation is found under. A text is
 * translated where it is formatted or shown: gmm_fail, call_say, render_line and the like do it for their formats, so
 * whoever writes a message writes plain English and nothing else. _() is for texts that go another way (an argument of
 * "%s"), N_() marks a text in a table that is translated where it is shown. node/po/messages.py finds them all.
 *
 * Which language holds for everything that this thread formats; whoever works for another reader says so for as long as
 * it does (text_use). JSON keys, codes and whatever a program reads never come through here.
 */
#ifndef GMM_KEYS_TEXT_H
#define GMM_KEYS_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* Finds the translation of a text (plural: the form for n of them), or NULL. The result lives as long as the process.
 */
typedef const char *text_find_fn(const char *english, bool plural, uint64_t n);

/* From now on in this thread; NULL: English. Returns what held before. */
text_find_fn *text_use(text_find_fn *find);
/* The text in the reader's language; itself where there is none. A translation of a format takes the same arguments. */
const char *text_tr(const char *english) __attribute__((format_arg(1)));
/* The text for n: `one` (under which the translations stand) or `many`. */
const char *text_n(const char *one, const char *many, uint64_t n) __attribute__((format_arg(1), format_arg(2)));

#define _(english) text_tr(english)
#define N_(english) english

#endif
