/* The daemon's log: a line a fact on stderr, with the time (left out under systemd's journal, which adds its own).
 * Commands do not log: nothing is written until log_open. What came from others is made harmless.
 * In the daemon's own language, but for texts that it is just formatting for a reader of another. */
#ifndef GMM_NODE_LOG_H
#define GMM_NODE_LOG_H

void log_open(void);
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
