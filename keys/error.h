/* The one list of what can go wrong, shared by every library of the program.
 *
 * Functions that can fail return `enum gmm_err` (0 on success, negative otherwise). Context for a person is put
 * in a caller's message buffer (`struct gmm_msg`), never in a global. The command line maps each code to one of the
 * exit statuses of the contract (node/exit.h).
 */
#ifndef GMM_KEYS_ERROR_H
#define GMM_KEYS_ERROR_H

#define GMM_ERRORS(X)                                                                                                  \
    X(GMM_OK, 0, "done")                                                                                               \
    X(GMM_ENOMEM, -1, "out of memory")                                                                                 \
    X(GMM_EFORMAT, -2, "malformed")                                                                                    \
    X(GMM_ELIMIT, -3, "a limit is exceeded")                                                                           \
    X(GMM_ESIGNATURE, -4, "the signature does not verify")                                                             \
    X(GMM_EKEY, -5, "not a usable public key")                                                                         \
    X(GMM_EDECRYPT, -6, "cannot be opened with this key")                                                              \
    X(GMM_EVERSION, -7, "of a version this program does not know")                                                     \
    X(GMM_ENETWORK, -8, "of another network")                                                                          \
    X(GMM_EEXPIRED, -9, "expired")                                                                                     \
    X(GMM_EORDER, -10, "out of order")                                                                                 \
    X(GMM_EFORK, -11, "a forked log")                                                                                  \
    X(GMM_EUNKNOWN, -12, "a prerequisite is not held yet")                                                             \
    X(GMM_EDENIED, -13, "not permitted")                                                                               \
    X(GMM_ENOTFOUND, -14, "not found")                                                                                 \
    X(GMM_EEXISTS, -15, "already there")                                                                               \
    X(GMM_EBUSY, -16, "in use")                                                                                        \
    X(GMM_EIO, -17, "input or output failed")                                                                          \
    X(GMM_EFULL, -18, "no space left")                                                                                 \
    X(GMM_ECORRUPT, -19, "damaged")                                                                                    \
    X(GMM_EPASSPHRASE, -20, "wrong or missing passphrase")                                                             \
    X(GMM_EUSAGE, -21, "wrong use")                                                                                    \
    X(GMM_EAMBIGUOUS, -22, "ambiguous")                                                                                \
    X(GMM_EUNREACHABLE, -23, "no peer reachable")                                                                      \
    X(GMM_ETIMEOUT, -24, "timed out")                                                                                  \
    X(GMM_ESTATE, -25, "not possible in this state")                                                                   \
    X(GMM_EABSENT, -26, "held, but its body is not")                                                                   \
    X(GMM_EFUTURE, -27, "timed ahead of our clock")                                                                    \
    X(GMM_ECLOSED, -28, "closed")                                                                                      \
    X(GMM_EMLOCK, -29, "memory cannot be locked")

enum gmm_err {
#define GMM_ERR_ENUM(name, value, text) name = (value),
    GMM_ERRORS(GMM_ERR_ENUM)
#undef GMM_ERR_ENUM
};

/* A message of the caller's for a person: what was wrong, which rule or value, what to do next. UTF-8, NUL-ended,
 * cut at a character when longer. Functions that take one may be given NULL. */
struct gmm_msg {
    char text[512];
};

/* The list's text for a code, in the reader's language (keys/text.h); "unknown error" for others. Static storage. */
const char *gmm_err_text(enum gmm_err err);
/* The list's name for a code ("GMM_EFORK"). Static storage. */
const char *gmm_err_name(enum gmm_err err);

/* Formats into msg, in the reader's language (a NULL msg is ignored), and returns err, so that a caller can `return
 * gmm_fail(msg, GMM_EX, …)`. */
enum gmm_err gmm_fail(struct gmm_msg *msg, enum gmm_err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
