/* One request to a handler: its arguments, who asks, files it was given, and how it answers. The same for a request
 * over the control socket and for one in-process; a handler cannot tell (architecture: rule 5).
 *
 * Arguments are a JSON object made from the table of commands: an option's or positional's name without dashes and in
 * lower case → string, integer, true, or an array where it repeats. A file to read is {"fd": index, "name": hex of its
 * base name's bytes, "path": text for messages}; a file to write likewise ("fd"). Descriptors are always regular files
 * or memfds (clients copy pipes), so reading and writing them does not block.
 *
 * A handler answers exactly once, now or later: call_reply or call_fail. After that the call is gone. Until then it may
 * be kept (asynchronous commands register call_on_gone to hear that the client left; they still end the call with an
 * answer, there or later, which frees it and goes nowhere).
 */
#ifndef GMM_NODE_CALL_H
#define GMM_NODE_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "node/exit.h"
#include "node/lang.h"

struct call;

/* What carries a call: the control socket's connection or the in-process client. */
struct call_ops {
    /* A line for `watch`; or {"say": text}, {"progress": text}. Steals nothing. */
    void (*event)(void *arg, json_t *event);
    /* reply: the result, or {"error": {"exit","code","message","remedy","choices"}}; NULL: no memory for one. Steals
     * nothing. The call is gone afterwards. */
    void (*done)(void *arg, enum gmm_err err, json_t *reply);
};
/* The descriptors are the call's from now on (closed with it, and on failure). person: copied. NULL: out of memory. */
struct call *call_new(const char *command, json_t *args /* stolen */, const int *fds, unsigned fd_count,
                      const char *person, unsigned rights, const struct call_ops *ops, void *arg);
/* The client is gone: on_gone runs, later events and answers go nowhere; the answer frees. Not after `done`. */
void call_abandon(struct call *call);

const char *call_command(const struct call *call);
const json_t *call_args(const struct call *call);
const int *call_fds(const struct call *call, unsigned *count);
const char *call_text(const struct call *call, const char *name); /* NULL: not given */
bool call_flag(const struct call *call, const char *name);
int64_t call_int(const struct call *call, const char *name, int64_t otherwise);
size_t call_count(const struct call *call, const char *name); /* of a repeated argument; 0 or 1 for a single one */
const char *call_text_at(const struct call *call, const char *name, size_t index);
/* The descriptor of a file argument (index: of a repeated one); -1: not given. Stays the call's. *name gets the base
 * name's bytes (NUL-ended; names are never longer than 255 bytes), may be NULL. */
int call_file(const struct call *call, const char *name, size_t index, char base_name[256]);
/* The language that the call's messages are in: the one in use where it was made. Whoever goes on with a call later
 * (asynchronous commands) formats in it. */
enum lang call_lang(const struct call *call);
const char *call_person(const struct call *call);       /* the Unix account, from SO_PEERCRED or getuid */
bool call_may(const struct call *call, unsigned right); /* CONFIG_READ … */

void call_event(struct call *call, json_t *event /* stolen */);
/* A sentence for stderr, kept back by --quiet ('asked; the chair must admit'). */
void call_say(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* How far it is ('3 of 40 chunks'): shown on a terminal only, each over the one before. */
void call_progress(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
void call_reply(struct call *call, json_t *result /* stolen; NULL: out of memory is reported */);
/* The error object of a reply: {"exit","code","message","remedy","choices"}. code NULL: exit_code_text's; remedy NULL:
 * exit_remedy's; status: exit_of(err) but for the few cases of the contract that say otherwise. NULL: out of memory. */
json_t *call_error(enum exit_status status, const char *code, enum gmm_err err, const char *message, const char *remedy,
                   json_t *choices /* stolen, may be NULL */);
/* A result that is printed as such, with the exit status of err: what `verify` found. */
void call_reply_with(struct call *call, enum gmm_err err, json_t *result /* stolen */);
/* message: what was wrong; remedy: what to do next (NULL: exit_remedy's). Text of others in them is made harmless when
 * shown. */
void call_fail(struct call *call, enum gmm_err err, const char *message, const char *remedy);
/* Hands on an answer that came from elsewhere: err and reply as call_ops' done has them. */
void call_answer(struct call *call, enum gmm_err err, json_t *reply /* stolen */);
void call_fail_choices(struct call *call, enum gmm_err err, const char *message, const char *remedy,
                       json_t *choices /* stolen */);
void call_on_gone(struct call *call, void (*fn)(void *arg, struct call *call), void *arg);

#endif
