/* names.c - from a word to the instructions it names: the decoder's list, other spellings
 * (names.def), size letters, and the wildcards * and ?. No state.
 */
#include <stdlib.h>
#include <string.h>

#include "map/map_internal.h"

static const struct {
    const char *word, *name;
    uint8_t opsize, only_class;
} aliases[] = {
#define ALIAS(word, name, opsize, class_name) {word, name, opsize, CLASS_##class_name},
#include "map/names.def"
#undef ALIAS
};

/* The decoder's list is sorted. 0: not in it. */
static unsigned find_exactly(const char *word)
{
    unsigned lo = 1, hi = ZYDIS_MNEMONIC_MAX_VALUE + 1;
    while (lo < hi) {
        unsigned middle = (lo + hi) / 2;
        int order = strcmp(word, ZydisMnemonicGetString((ZydisMnemonic)middle));
        if (order == 0) {
            return middle;
        }
        if (order < 0) {
            hi = middle;
        } else {
            lo = middle + 1;
        }
    }
    return 0;
}

/* Backtracks to the last star only, so that no pattern costs more than its length times the word's.
 */
static bool is_like(const char *pattern, const char *word)
{
    const char *star = NULL, *resume = NULL;
    while (*word) {
        if (*pattern == '*') {
            star = pattern++;
            resume = word;
        } else if (*pattern == '?' || *pattern == *word) {
            pattern++;
            word++;
        } else if (star) {
            pattern = star + 1;
            word = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return !*pattern;
}

static int add_name(struct map_choice *choice, unsigned mnemonic)
{
    if ((choice->n_names & (choice->n_names - 1)) == 0) { /* grows by doubling */
        unsigned n_room = choice->n_names ? 2u * choice->n_names : 1;
        uint16_t *names = realloc(choice->names, n_room * sizeof(*names));
        if (!names) {
            return -1;
        }
        choice->names = names;
    }
    choice->names[choice->n_names++] = (uint16_t)mnemonic;
    return 0;
}

static int find_like(const char *pattern, struct map_choice *choice)
{
    for (unsigned i = 1; i <= ZYDIS_MNEMONIC_MAX_VALUE; i++) {
        if (is_like(pattern, ZydisMnemonicGetString((ZydisMnemonic)i)) && add_name(choice, i) < 0) {
            return -1;
        }
    }
    return choice->n_names;
}

/* "movs?": with b, d and w. */
static int find_each_size(const char *name, struct map_choice *choice)
{
    char sized[16];
    size_t n = strlen(name) - 1;
    memcpy(sized, name, n + 2);
    for (const char *letter = "bdw"; *letter; letter++) {
        sized[n] = *letter;
        if (add_name(choice, find_exactly(sized)) < 0) {
            return -1;
        }
    }
    return choice->n_names;
}

/* movl, addb, pushw: AT&T's letter says the operand size. */
static unsigned find_with_letter(const char *word, uint8_t *opsize)
{
    char name[32];
    size_t n = strlen(word);
    if (n < 3 || n >= sizeof(name)) {
        return 0;
    }
    *opsize = word[n - 1] == 'b' ? 1 : word[n - 1] == 'w' ? 2 : word[n - 1] == 'l' ? 4 : 0;
    memcpy(name, word, n - 1);
    name[n - 1] = 0;
    return *opsize ? find_exactly(name) : 0;
}

int map_find_names(const char *word, struct map_choice *choice)
{
    if (strpbrk(word, "*?")) {
        return find_like(word, choice);
    }
    unsigned mnemonic = find_exactly(word);
    for (size_t i = 0; i < ARRAY_SIZE(aliases) && !mnemonic; i++) {
        if (!strcmp(word, aliases[i].word)) {
            choice->opsize = aliases[i].opsize;
            choice->only_class = aliases[i].only_class;
            if (strchr(aliases[i].name, '?')) {
                return find_each_size(aliases[i].name, choice);
            }
            mnemonic = find_exactly(aliases[i].name);
        }
    }
    if (!mnemonic) {
        mnemonic = find_with_letter(word, &choice->opsize);
    }
    return mnemonic ? (add_name(choice, mnemonic) < 0 ? -1 : 1) : 0;
}

/* One letter too many, too few, other, or two swapped. */
static bool is_one_slip(const char *a, const char *b)
{
    size_t n_a = strlen(a), n_b = strlen(b), i = 0;
    while (a[i] && a[i] == b[i]) {
        i++;
    }
    if (!a[i] && !b[i]) {
        return false;
    }
    if (n_a == n_b) {
        return !strcmp(a + i + 1, b + i + 1) ||
               (a[i + 1] && a[i] == b[i + 1] && a[i + 1] == b[i] && !strcmp(a + i + 2, b + i + 2));
    }
    return n_a == n_b + 1 ? !strcmp(a + i + 1, b + i) : n_b == n_a + 1 && !strcmp(a + i, b + i + 1);
}

const char *map_closest_word(const char *word)
{
    if (strlen(word) < 3) {
        return NULL;
    }
    for (unsigned i = 0; i < N_CLASSES; i++) {
        if (is_one_slip(word, map_class_word((enum map_class)i))) {
            return map_class_word((enum map_class)i);
        }
    }
    for (unsigned i = 1; i <= ZYDIS_MNEMONIC_MAX_VALUE; i++) {
        if (is_one_slip(word, ZydisMnemonicGetString((ZydisMnemonic)i))) {
            return ZydisMnemonicGetString((ZydisMnemonic)i);
        }
    }
    return NULL;
}
