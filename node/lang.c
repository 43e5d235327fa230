#include "node/lang.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "node/catalogue.h"

static const char *const names[LANG_COUNT] = {"en", "fr"};

static const struct catalogue *french(void)
{
    static _Thread_local struct catalogue catalogue;
    if (catalogue.p == NULL && catalogue_open(&catalogue, lang_fr, lang_fr_len) != GMM_OK)
        return NULL;
    return &catalogue;
}

/* 'nplurals=2; plural=(n > 1)' */
static const char *find_french(const char *english, bool plural, uint64_t n)
{
    const struct catalogue *catalogue = french();
    return catalogue != NULL ? catalogue_find(catalogue, english, plural && n > 1) : NULL;
}

const struct catalogue *lang_catalogue(void)
{
    return lang_used() == LANG_FR ? french() : NULL;
}

const char *lang_name(enum lang lang)
{
    return names[lang];
}

enum gmm_err lang_parse(enum lang *out, const char *name)
{
    size_t len = strcspn(name, "_-.@");
    for (unsigned i = 0; i < LANG_COUNT; i++)
        if (len == strlen(names[i]) && strncasecmp(name, names[i], len) == 0) {
            *out = (enum lang)i;
            return GMM_OK;
        }
    return GMM_ENOTFOUND;
}

/* The first of a list "fr_CH:de:en" that is ours. */
static enum gmm_err parse_list(enum lang *out, const char *list)
{
    char name[32];
    while (*list != '\0') {
        size_t len = strcspn(list, ":");
        snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : 0), list);
        if (lang_parse(out, name) == GMM_OK)
            return GMM_OK;
        list += len + (list[len] == ':');
    }
    return GMM_ENOTFOUND;
}

enum lang lang_of_environment(char *(*get)(const char *name))
{
    static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    const char *value = NULL, *list = get("LANGUAGE");
    enum lang lang = LANG_EN;
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        value = get(variables[i]);
        if (value != NULL && value[0] != '\0' && strncasecmp(value, "C.", 2) != 0)
            break;
        value = NULL;
    }
    if (value != NULL && (strcmp(value, "C") == 0 || strcmp(value, "POSIX") == 0))
        return LANG_EN;
    if (list != NULL && parse_list(&lang, list) == GMM_OK)
        return lang;
    if (value != NULL)
        (void)lang_parse(&lang, value);
    return lang;
}

enum lang lang_use(enum lang lang)
{
    enum lang before = lang_used();
    (void)text_use(lang == LANG_FR ? find_french : NULL);
    return before;
}

enum lang lang_used(void)
{
    text_find_fn *now = text_use(NULL);
    (void)text_use(now);
    return now == find_french ? LANG_FR : LANG_EN;
}

const char *lang_word(const char *word)
{
    char original[64];
    int n = snprintf(original, sizeof original, "word\004%s", word);
    const char *found = n > 0 && (size_t)n < sizeof original ? text_tr(original) : original;
    return found != original ? found : word;
}
