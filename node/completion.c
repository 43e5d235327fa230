#include "node/completion.h"

#include <string.h>

#include "keys/text.h"
#include "node/args.h"
#include "node/command.h"
#include "node/lang.h"

/* Where in a command's words somebody stands: "", "roster", "roster add". */
struct place {
    const char *name;
    size_t len;
};

static bool is_shown(const struct command *command)
{
    return (command->flags & COMMAND_HIDDEN) == 0;
}

static bool begins(const struct command *command, struct place at)
{
    return strncmp(command->name, at.name, at.len) == 0 &&
           (command->name[at.len] == '\0' || command->name[at.len] == ' ');
}

/* The place after one more word of the command; false: it has no more. */
static bool longer(const struct command *command, struct place *at)
{
    const char *rest = command->name + at->len;
    rest += *rest == ' ';
    if (*rest == '\0')
        return false;
    *at = (struct place){command->name, (size_t)(rest - command->name) + strcspn(rest, " ")};
    return true;
}

/* No command before this one of the table has that place. */
static bool is_first(size_t index, struct place at)
{
    for (size_t i = 0; i < index; i++)
        if (is_shown(command_at(i)) && begins(command_at(i), at))
            return false;
    return true;
}

typedef void place_fn(FILE *out, struct place at);

static void each_place(FILE *out, place_fn *fn)
{
    for (size_t i = 0; i < command_count(); i++) {
        struct place at = {"", 0};
        while (is_shown(command_at(i)) && longer(command_at(i), &at))
            if (is_first(i, at))
                fn(out, at);
    }
}

/* The words that may come next, each once; the command whose help describes it. */
typedef void word_fn(FILE *out, struct place at, const char *word, size_t len, const struct command *command);

static void each_next_word(FILE *out, struct place at, word_fn *fn)
{
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *command = command_at(i);
        struct place next = at;
        if (!is_shown(command) || (at.len > 0 && !begins(command, at)) || !longer(command, &next) || !is_first(i, next))
            continue;
        size_t start = at.len == 0 ? 0 : at.len + 1;
        fn(out, at, next.name + start, next.len - start, command);
    }
}

static const struct command *command_of(struct place at)
{
    for (size_t i = 0; i < command_count(); i++)
        if (is_shown(command_at(i)) && strlen(command_at(i)->name) == at.len && begins(command_at(i), at))
            return command_at(i);
    return NULL;
}

/* ---- bash and zsh: one function, a case a place ---- */

static void write_word(FILE *out, struct place at, const char *word, size_t len, const struct command *command)
{
    (void)at;
    (void)command;
    fprintf(out, " %.*s", (int)len, word);
}

static void write_options(FILE *out, struct place at)
{
    const struct command *command = command_of(at);
    for (size_t i = 0; command != NULL && i < command->param_count; i++)
        if (command_is_option(&command->params[i]))
            fprintf(out, " %s", command->params[i].name);
    for (size_t i = 0; i < args_global_count; i++)
        fprintf(out, " %s", args_globals[i].name);
}

static void write_case(FILE *out, struct place at)
{
    fprintf(out, "    \"%.*s\") next=\"", (int)at.len, at.name);
    each_next_word(out, at, write_word);
    write_options(out, at);
    fputs("\" ;;\n", out);
}

static void write_pattern(FILE *out, struct place at)
{
    fprintf(out, "|\"%.*s\"", (int)at.len, at.name);
}

static void write_body(FILE *out)
{
    fputs("        case \"${at:+$at }$word\" in\n        \"\"", out);
    each_place(out, write_pattern);
    fputs(") at=\"${at:+$at }$word\" ;;\n        esac\n    done\n    case \"$at\" in\n", out);
    write_case(out, (struct place){"", 0});
    each_place(out, write_case);
    fputs("    esac\n", out);
}

/* The languages of messages, where --lang awaits one. */
static void write_langs(FILE *out)
{
    for (unsigned i = 0; i < LANG_COUNT; i++)
        fprintf(out, "%s%s", i == 0 ? "" : " ", lang_name((enum lang)i));
}

static void write_bash(FILE *out)
{
    fputs("# bash completion of gmm: source <(gmm completion bash)\n_gmm() {\n    local at=\"\" next=\"\" word\n"
          "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n",
          out);
    write_body(out);
    fputs("    if [[ ${COMP_WORDS[COMP_CWORD-1]} == --lang ]]; then next=\"", out);
    write_langs(out);
    fputs("\"; fi\n", out);
    fputs("    mapfile -t COMPREPLY < <(compgen -W \"$next\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n}\n"
          "complete -o default -F _gmm gmm\n",
          out);
}

static void write_zsh(FILE *out)
{
    fputs(
        "#compdef gmm\n_gmm() {\n    local at=\"\" next=\"\" word\n    for word in \"${(@)words[2,CURRENT-1]}\"; do\n",
        out);
    write_body(out);
    fputs("    if [[ ${words[CURRENT-1]} == --lang ]]; then compadd -- ", out);
    write_langs(out);
    fputs("; return; fi\n", out);
    fputs("    compadd -- ${=next}\n    [[ $PREFIX == -* ]] || _files\n}\ncompdef _gmm gmm\n", out);
}

/* ---- fish: a line a word or option ---- */

static void write_quoted(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('\'', out);
}

static void write_fish_place(FILE *out, struct place at)
{
    fprintf(out, " '%.*s'", (int)at.len, at.name);
}

static void write_fish_word(FILE *out, struct place at, const char *word, size_t len, const struct command *command)
{
    fprintf(out, "complete -c gmm -n '__gmm_at \"%.*s\"' -a '%.*s' -d ", (int)at.len, at.name, (int)len, word);
    write_quoted(out, text_tr(command->help));
    fputc('\n', out);
}

static void write_fish_options(FILE *out, struct place at)
{
    const struct command *command = command_of(at);
    for (size_t i = 0; command != NULL && i < command->param_count; i++) {
        const struct command_param *param = &command->params[i];
        if (!command_is_option(param))
            continue;
        bool is_long = param->name[1] == '-';
        fprintf(out, "complete -c gmm -n '__gmm_at \"%.*s\"' %s %s %s-d ", (int)at.len, at.name, is_long ? "-l" : "-s",
                param->name + (is_long ? 2 : 1), param->kind == COMMAND_FLAG ? "" : "-r ");
        write_quoted(out, text_tr(param->help));
        fputc('\n', out);
    }
}

static void write_fish_at(FILE *out, struct place at)
{
    each_next_word(out, at, write_fish_word);
    write_fish_options(out, at);
}

static void write_fish(FILE *out)
{
    fputs("# fish completion of gmm: gmm completion fish | source\nset -g __gmm_places", out);
    each_place(out, write_fish_place);
    fputs("\nfunction __gmm_at\n    set -l at ''\n    for word in (commandline -opc)[2..-1]\n"
          "        set -l next (string trim \"$at $word\")\n"
          "        contains -- $next $__gmm_places; and set at $next\n    end\n    test \"$at\" = \"$argv[1]\"\nend\n",
          out);
    for (size_t i = 0; i < args_global_count; i++) {
        fprintf(out, "complete -c gmm -l %s %s-d ", args_globals[i].name + 2,
                args_globals[i].value != NULL ? "-r " : "");
        write_quoted(out, text_tr(args_globals[i].help));
        if (strcmp(args_globals[i].name, "--lang") == 0) {
            fputs(" -f -a '", out);
            write_langs(out);
            fputc('\'', out);
        }
        fputc('\n', out);
    }
    write_fish_at(out, (struct place){"", 0});
    each_place(out, write_fish_at);
}

bool completion_write(FILE *out, const char *shell)
{
    if (strcmp(shell, "bash") == 0)
        write_bash(out);
    else if (strcmp(shell, "zsh") == 0)
        write_zsh(out);
    else if (strcmp(shell, "fish") == 0)
        write_fish(out);
    else
        return false;
    return true;
}
