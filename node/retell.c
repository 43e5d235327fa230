#include "node/retell.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "keys/text.h"
#include "node/catalogue.h"
#include "node/lang.h"

#define PLACES_MAX 8u
#define DEPTH_MAX 3u
#define STEPS_MAX 200000u
#define LETTERS_MIN 8u /* of a text's own: what has fewer says nothing */

struct place {
    const char *p;
    size_t len;
};
struct found {
    const char *translation;
    struct place places[PLACES_MAX];
    size_t count, letters;
    unsigned *steps; /* left; a text made to be slow ends them, and stays as it is */
};

/* How many bytes a conversion has ("%.64s"), 0: this is none. *kind: its last letter; '%' for "%%". */
static size_t conversion(const char *format, char *kind)
{
    if (*format != '%')
        return 0;
    size_t n = 1 + strspn(format + 1, "-+ #0123456789.*hljzt");
    *kind = format[n];
    return *kind == '\0' ? 0 : n + 1;
}

static size_t literal_len(const char *format)
{
    return strcspn(format, "%");
}

/* Does the rest of a text follow from the rest of its form? Each place is as short as it can be. */
static bool follows(const char *form, const char *text, struct found *found)
{
    char kind;
    size_t len = literal_len(form), n;
    if (*found->steps == 0 || strncmp(form, text, len) != 0)
        return false;
    --*found->steps;
    form += len;
    text += len;
    if (*form == '\0')
        return *text == '\0';
    if ((n = conversion(form, &kind)) == 0)
        return false;
    if (kind == '%')
        return *text == '%' && follows(form + n, text + 1, found);
    if (found->count == PLACES_MAX)
        return false;
    struct place *place = &found->places[found->count++];
    size_t rest = strlen(text);
    for (size_t taken = 0; taken <= rest; taken++) {
        bool number = kind != 's';
        if (number && taken > 0 && !isdigit((unsigned char)text[taken - 1]))
            break;
        *place = (struct place){text, taken};
        size_t count = found->count;
        if ((!number || taken > 0) && follows(form + n, text + taken, found))
            return true;
        found->count = count;
    }
    found->count--;
    return false;
}

static size_t own_letters(const char *form)
{
    size_t letters = 0;
    char kind;
    while (*form != '\0') {
        size_t n = conversion(form, &kind);
        letters += n == 0 && isalpha((unsigned char)*form);
        form += n == 0 ? 1 : n;
    }
    return letters;
}

static bool find(const struct catalogue *catalogue, const char *text, struct found *best)
{
    const char *original, *translation;
    unsigned steps = STEPS_MAX;
    best->letters = 0;
    for (uint32_t i = 0; i < catalogue->count; i++) {
        struct found found = {.count = 0, .steps = &steps};
        if (!catalogue_at(catalogue, i, &original, &translation) || strchr(original, '%') == NULL ||
            strchr(original, '\004') != NULL)
            continue;
        found.letters = own_letters(original);
        if (found.letters < LETTERS_MIN || found.letters <= best->letters || !follows(original, text, &found))
            continue;
        found.translation = translation;
        *best = found;
    }
    return best->letters > 0;
}

static const char *tell(const struct catalogue *catalogue, const char *text, char out[RETELL_BYTES], unsigned depth);

/* The translation with its places filled. False: it does not fit. */
static bool fill(const struct catalogue *catalogue, const struct found *found, char out[RETELL_BYTES], unsigned depth)
{
    size_t at = 0, used = 0, n;
    char kind, part[RETELL_BYTES], inner[RETELL_BYTES];
    for (const char *form = found->translation; *form != '\0'; form += n) {
        const char *piece = form;
        size_t len = n = literal_len(form);
        if (len == 0 && (n = conversion(form, &kind)) == 0)
            return false;
        if (len == 0 && kind == '%') {
            len = 1;
        } else if (len == 0) {
            if (used == found->count || found->places[used].len >= sizeof part)
                return false;
            memcpy(part, found->places[used].p, found->places[used].len);
            part[found->places[used++].len] = '\0';
            piece = depth < DEPTH_MAX ? tell(catalogue, part, inner, depth + 1) : part;
            len = strlen(piece);
        }
        if (len >= RETELL_BYTES - at)
            return false;
        memcpy(out + at, piece, len);
        at += len;
    }
    out[at] = '\0';
    return true;
}

static const char *tell(const struct catalogue *catalogue, const char *text, char out[RETELL_BYTES], unsigned depth)
{
    struct found found;
    const char *whole = text[0] == '\0' ? NULL : catalogue_find(catalogue, text, 0);
    if (whole != NULL)
        return whole;
    return find(catalogue, text, &found) && fill(catalogue, &found, out, depth) ? out : text;
}

const char *retell(const char *text, char out[RETELL_BYTES])
{
    const struct catalogue *catalogue = lang_catalogue();
    return catalogue == NULL || strlen(text) >= RETELL_BYTES ? text : tell(catalogue, text, out, 0);
}
