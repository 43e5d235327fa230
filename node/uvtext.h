/* What went wrong with a connection, in the program's words: those of libuv have no French. */
#ifndef GMM_NODE_UVTEXT_H
#define GMM_NODE_UVTEXT_H

/* Of a status of libuv. English, to be noted; whoever shows it tells it in the reader's language (node/retell.h). */
const char *uvtext(int status);

#endif
