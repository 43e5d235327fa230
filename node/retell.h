/* What was put into words in English before anybody asked, told in the reader's language.
 *
 * A daemon notes why a peer was not reached, and another office why it refuses: sentences with names and numbers in
 * them already. Such a sentence is compared with the texts of the program; the one that it was made from, by the most
 * of its own letters, is filled anew in the other language with what stands in its places, and those in turn are told
 * anew. A sentence that is none of the program's stays as it is. */
#ifndef GMM_NODE_RETELL_H
#define GMM_NODE_RETELL_H

#define RETELL_BYTES 1024

/* out, or text itself: as it is in English, where it is unknown, or where it would be too long. */
const char *retell(const char *text, char out[RETELL_BYTES]);

#endif
