#include "node/help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/args.h"
#include "node/lang.h"
#include "node/printer.h"
#include "node/render.h"

static const char *kind_text(enum command_param_kind kind)
{
    switch (kind) {
    case COMMAND_FLAG:
        return "flag";
    case COMMAND_TEXT:
        return "text";
    case COMMAND_INT:
        return "number";
    case COMMAND_TIME:
        return "time";
    case COMMAND_SPAN:
        return "span";
    case COMMAND_DEADLINE:
        return "deadline";
    case COMMAND_IN:
        return "input-file";
    case COMMAND_OUT:
        return "output-file";
    case COMMAND_WORDS:
        return "words";
    case COMMAND_LINE:
        return "line-or-file";
    case COMMAND_JSON:
        return "json";
    }
    return "text";
}

static json_t *text_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

static json_t *param_json(const struct command_param *param)
{
    return json_pack("{s:s, s:s, s:o, s:b, s:b, s:s}", "name", param->name, "kind", kind_text(param->kind), "value",
                     text_or_null(param->value), "required", (param->flags & COMMAND_REQUIRED) != 0, "repeated",
                     (param->flags & COMMAND_REPEATED) != 0, "help", text_tr(param->help));
}

static json_t *command_json(const struct command *command)
{
    json_t *params = json_array();
    for (size_t i = 0; i < command->param_count; i++)
        (void)json_array_append_new(params, param_json(&command->params[i]));
    return json_pack("{s:s, s:s, s:o, s:o, s:o}", "name", command->name, "help", text_tr(command->help), "details",
                     text_or_null(text_tr(command->details)), "example", text_or_null(command->example), "params",
                     params);
}

static json_t *globals_json(void)
{
    json_t *options = json_array();
    for (size_t i = 0; i < args_global_count; i++)
        (void)json_array_append_new(options, json_pack("{s:s, s:o, s:s}", "name", args_globals[i].name, "value",
                                                       text_or_null(args_globals[i].value), "help",
                                                       text_tr(args_globals[i].help)));
    return options;
}

json_t *help_json(const struct command *command, const char *words)
{
    json_t *list = json_array();
    size_t len = strlen(words);
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *c = command_at(i);
        bool wanted = command != NULL ? c == command : strncmp(c->name, words, len) == 0;
        if (wanted && (c->flags & COMMAND_HIDDEN) == 0)
            (void)json_array_append_new(list, command_json(c));
    }
    return json_pack("{s:b, s:o, s:o}", "full", command != NULL, "commands", list, "options", globals_json());
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

/* Breaks a text at spaces into lines of the terminal's width; the first one begins at column `at`. */
static void write_wrapped(struct render *out, size_t at, size_t indent, const char *text)
{
    size_t width = out->width > 40 ? out->width : 100;
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        char word[256];
        snprintf(word, sizeof word, "%.*s", (int)len, text);
        size_t columns = render_width(word);
        if (at > indent && at + 1 + columns > width) {
            fprintf(out->out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            fputc(' ', out->out);
            at++;
        }
        fputs(word, out->out);
        at += columns;
        text += len + (text[len] == ' ');
    }
    fputc('\n', out->out);
}

#define HELP_COLUMN 24u
static void write_entry(struct render *out, const char *name, const char *value, const char *help)
{
    size_t width = 2 + render_width(name) + (value[0] != '\0' ? 1 + render_width(value) : 0);
    fprintf(out->out, "  %s%s%s", name, value[0] != '\0' ? " " : "", value);
    if (width + 2 > HELP_COLUMN) {
        fputc('\n', out->out);
        width = 0;
    }
    fprintf(out->out, "%*s", (int)(HELP_COLUMN - width), "");
    write_wrapped(out, HELP_COLUMN, HELP_COLUMN, help);
}

static void write_usage(const json_t *command, struct render *out)
{
    char *text = NULL;
    size_t size = 0, i;
    const json_t *param;
    FILE *f = open_memstream(&text, &size);
    if (f == NULL)
        return;
    fprintf(f, "gmm %s", member(command, "name"));
    json_array_foreach(json_object_get(command, "params"), i, param)
    {
        bool required = json_is_true(json_object_get(param, "required"));
        const char *value = lang_word(member(param, "value"));
        fprintf(f, " %s%s%s%s%s%s", required ? "" : "[", member(param, "name"), value[0] != '\0' ? "\u00a0" : "", value,
                required ? "" : "]", json_is_true(json_object_get(param, "repeated")) ? "\u2026" : "");
    }
    fclose(f);
    if (text != NULL)
        write_wrapped(out, 0, 0, text);
    free(text);
}

static void write_command(const json_t *command, struct render *out)
{
    size_t i;
    const json_t *param;
    write_usage(command, out);
    fputc('\n', out->out);
    write_wrapped(out, 0, 0, member(command, "help"));
    if (json_array_size(json_object_get(command, "params")) > 0)
        fputc('\n', out->out);
    json_array_foreach(json_object_get(command, "params"), i, param)
    {
        write_entry(out, member(param, "name"), lang_word(member(param, "value")), member(param, "help"));
    }
    if (member(command, "details")[0] != '\0') {
        fputc('\n', out->out);
        write_wrapped(out, 0, 0, member(command, "details"));
    }
    if (member(command, "example")[0] != '\0')
        fprintf(out->out, _("\nExample:\n  %s\n"), member(command, "example"));
}

void help_render(const json_t *result, struct render *out)
{
    size_t i;
    const json_t *item, *commands = json_object_get(result, "commands");
    if (json_is_true(json_object_get(result, "full"))) {
        write_command(json_array_get(commands, 0), out);
        return;
    }
    render_line(out, "gmm [OPTION\u2026] COMMAND \u2026\n\nCommands ('gmm help COMMAND' tells more):");
    json_array_foreach(commands, i, item)
    {
        write_entry(out, member(item, "name"), "", member(item, "help"));
    }
    render_line(out, "\nOptions, before or after the command:");
    json_array_foreach(json_object_get(result, "options"), i, item)
    {
        write_entry(out, member(item, "name"), lang_word(member(item, "value")), member(item, "help"));
    }
}

int help_print(const struct command *command, bool json)
{
    struct printer printer = {.json = json};
    json_t *result = help_json(command, "");
    enum gmm_err err = GMM_ENOMEM;
    if (result != NULL)
        err = printer_result(&printer, command_find("help"), result);
    json_decref(result);
    return (int)exit_of(err);
}
