#include "node/printer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "keys/text.h"
#include "node/render.h"
#include "node/terminal.h"

void printer_close(struct printer *p)
{
    json_decref(p->held);
    p->held = NULL;
}

static void clear_progress(struct printer *p)
{
    if (p->progress)
        fputs("\r\033[K", stderr);
    p->progress = false;
}

static void show_progress(struct printer *p, const char *text)
{
    if (p->quiet || p->json || !isatty(STDERR_FILENO))
        return;
    clear_progress(p);
    render_text_n(stderr, text, strlen(text));
    fflush(stderr);
    p->progress = true;
}

static void write_sentence(struct printer *p, const char *text)
{
    clear_progress(p);
    render_text_n(stderr, text, strlen(text));
    fputc('\n', stderr);
}

void printer_say(struct printer *p, const char *text)
{
    if (p->quiet)
        return;
    if (!p->json) {
        write_sentence(p, text);
        return;
    }
    if (p->held == NULL)
        p->held = json_array();
    if (p->held != NULL)
        (void)json_array_append_new(p->held, render_json_text(text));
}

void printer_release(struct printer *p)
{
    for (size_t i = 0; i < json_array_size(p->held); i++)
        write_sentence(p, json_string_value(json_array_get(p->held, i)));
    printer_close(p);
    clear_progress(p);
}

enum gmm_err printer_event(struct printer *p, const json_t *event)
{
    const char *say = json_string_value(json_object_get(event, "say"));
    const char *progress = json_string_value(json_object_get(event, "progress"));
    if (say != NULL)
        printer_say(p, say);
    else if (progress != NULL)
        show_progress(p, progress);
    else {
        clear_progress(p);
        enum gmm_err err = render_json(stdout, event);
        return err == GMM_OK && fflush(stdout) != 0 ? GMM_EIO : err;
    }
    return GMM_OK;
}

enum gmm_err printer_result(struct printer *p, const struct command *command, const json_t *result)
{
    struct render r = {.out = stdout, .width = terminal_width(STDOUT_FILENO), .colour = terminal_colour(STDOUT_FILENO)};
    enum gmm_err err = GMM_OK;
    clear_progress(p);
    if (p->json)
        err = render_json(stdout, result);
    else if (command->render != NULL)
        command->render(result, &r);
    if (err == GMM_OK && (fflush(stdout) != 0 || ferror(stdout)))
        err = GMM_EIO;
    if (err == GMM_OK)
        printer_release(p);
    return err;
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

/* A sentence: with a full stop, unless it ends otherwise. */
static void write_clause(const char *text, bool capital)
{
    size_t len = strlen(text), at = 0;
    char first[8];
    if (capital && strncmp(text, "gmm", 3) != 0 && (at = render_capital(first, text)) > 0)
        fputs(first, stderr);
    render_text_n(stderr, text + at, len - at);
    if (len > 0 && strchr(".!?", text[len - 1]) == NULL)
        fputc('.', stderr);
}

/* One that could be meant: a word, or an item with what tells it from the others. */
static void write_choice(const json_t *choice)
{
    static const char *const names[] = {"id", "kind", "lang", "version", "title"};
    if (json_is_string(choice)) {
        const char *text = json_string_value(choice);
        render_text_n(stderr, text, strlen(text));
    }
    for (size_t i = 0; json_is_object(choice) && i < sizeof names / sizeof names[0]; i++) {
        const json_t *value = json_object_get(choice, names[i]);
        const char *text = json_string_value(value);
        if (i > 0 && (text != NULL || json_is_integer(value)))
            fputs("  ", stderr);
        if (text != NULL)
            render_text_n(stderr, text, strlen(text));
        else if (json_is_integer(value))
            fprintf(stderr, "%lld", (long long)json_integer_value(value));
    }
}

void printer_error(struct printer *p, const json_t *error)
{
    if (p->json) {
        json_t *document = json_pack("{s:O}", "error", error);
        if (document == NULL || render_json(stdout, document) != GMM_OK || fflush(stdout) != 0)
            fputs(_("gmm: the error could not be written\n"), stderr);
        json_decref(document);
        return;
    }
    clear_progress(p);
    fputs("gmm: ", stderr);
    write_clause(member(error, "message"), false);
    if (member(error, "remedy")[0] != '\0') {
        fputc(' ', stderr);
        write_clause(member(error, "remedy"), true);
    }
    fputc('\n', stderr);
    const json_t *choices = json_object_get(error, "choices");
    for (size_t i = 0; i < json_array_size(choices); i++) {
        fputs("  ", stderr);
        write_choice(json_array_get(choices, i));
        fputc('\n', stderr);
    }
}
