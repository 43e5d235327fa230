#include "node/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "keys/text.h"
#include "node/render.h"
#include "node/sys.h"

/* A signal while the terminal does not echo must not leave it so: it is noted, and raised again afterwards. */
static volatile sig_atomic_t signalled;
static const int held_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
#define HELD (sizeof held_signals / sizeof held_signals[0])

static void note_signal(int number)
{
    signalled = number;
}

static void hold_signals(struct sigaction before[HELD])
{
    struct sigaction note = {.sa_handler = note_signal};
    signalled = 0;
    for (size_t i = 0; i < HELD; i++)
        (void)sigaction(held_signals[i], &note, &before[i]);
}

static void release_signals(const struct sigaction before[HELD])
{
    for (size_t i = 0; i < HELD; i++)
        (void)sigaction(held_signals[i], &before[i], NULL);
    if (signalled != 0)
        (void)raise(signalled);
}

/* One line into out, without its end. Reads byte by byte: what follows the line is not ours. */
static enum gmm_err read_line(int fd, uint8_t *out, size_t max, size_t *len)
{
    *len = 0;
    for (;;) {
        uint8_t byte;
        ssize_t n = read(fd, &byte, 1);
        if (n < 0 && errno == EINTR && signalled == 0)
            continue;
        if (n <= 0)
            return GMM_ECLOSED;
        if (byte == '\n' || byte == '\r')
            return GMM_OK;
        if (*len == max)
            return GMM_ELIMIT;
        out[(*len)++] = byte;
        sodium_memzero(&byte, sizeof byte);
    }
}

enum gmm_err terminal_ask(void *arg, const char *prompt, uint8_t *out, size_t *len)
{
    struct termios before, silent;
    struct sigaction actions[HELD];
    (void)arg;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return GMM_ENOTFOUND;
    if (tcgetattr(fd, &before) != 0) {
        close(fd);
        return GMM_ENOTFOUND;
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
    silent.c_lflag |= ICANON | ECHONL | ISIG;
    hold_signals(actions);
    /* The prompt comes after the flush: what is typed once it stands there is not lost. */
    enum gmm_err err = tcsetattr(fd, TCSAFLUSH, &silent) == 0 ? GMM_OK : GMM_EIO;
    if (err == GMM_OK)
        err = sys_write_all(fd, prompt, strlen(prompt));
    if (err == GMM_OK)
        err = read_line(fd, out, TERMINAL_SECRET_BYTES, len);
    (void)tcsetattr(fd, TCSANOW, &before);
    close(fd);
    if (err != GMM_OK)
        sodium_memzero(out, TERMINAL_SECRET_BYTES);
    release_signals(actions);
    return err;
}

bool terminal_interactive(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool terminal_confirm(const char *question)
{
    uint8_t answer[16];
    size_t len;
    for (const char *line = question;; line++) {
        size_t n = strcspn(line, "\n");
        render_text_n(stderr, line, n);
        line += n;
        if (*line == '\0')
            break;
        fputc('\n', stderr);
    }
    fputs(_(" [y/N] "), stderr);
    fflush(stderr);
    signalled = 0;
    if (read_line(STDIN_FILENO, answer, sizeof answer, &len) != GMM_OK)
        return false;
    return (len == 1 && (answer[0] == 'y' || answer[0] == 'Y' || answer[0] == 'o' || answer[0] == 'O')) ||
           (len == 3 && memcmp(answer, "yes", 3) == 0) || (len == 3 && memcmp(answer, "oui", 3) == 0);
}

unsigned terminal_width(int fd)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    if (!isatty(fd))
        return 0;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    unsigned long n = columns != NULL ? strtoul(columns, NULL, 10) : 0;
    return n > 0 && n < 10000 ? (unsigned)n : 80;
}

bool terminal_colour(int fd)
{
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(fd) && (none == NULL || none[0] == '\0') && term != NULL && strcmp(term, "dumb") != 0;
}
