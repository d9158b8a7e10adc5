/* mkdata.c - writes the programs' input into the current directory, the same on every machine:
 * text (512 KiB of lines of words), numbers (20000 lines), tree/ (20 directories of 10 files),
 * words (2000 different ones).
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static uint32_t seed = 61;

/* Frequent words are short, as in speech. */
static void put_word(FILE *file, unsigned index)
{
    static const char *const syllables[] = {"ta", "ko", "ne",  "mi",  "ra", "su", "lo", "ve",
                                            "pi", "du", "sha", "gen", "or", "el", "is", "un"};
    do {
        fputs(syllables[index & 15], file);
        index >>= 4;
    } while (index);
}

static unsigned pick_word(void)
{
    unsigned limit = 16u << (bench_random(&seed) >> 9 & 7);
    return bench_random(&seed) % limit;
}

static void put_text(const char *path, long n_bytes)
{
    FILE *file = fopen(path, "w");
    bench_require(file);
    while (ftell(file) < n_bytes) {
        unsigned n_words = 4 + (bench_random(&seed) >> 5) % 9;
        for (unsigned i = 0; i < n_words; i++) {
            put_word(file, pick_word());
            fputc(i + 1 < n_words ? ' ' : '\n', file);
        }
    }
    fclose(file);
}

int main(void)
{
    char path[64];
    put_text("text", 512 << 10);
    FILE *numbers = fopen("numbers", "w"), *words = fopen("words", "w");
    bench_require(numbers && words);
    for (int i = 0; i < 20000; i++)
        fprintf(numbers, "%u %d\n", (unsigned)bench_random(&seed) % 1000000, i);
    for (unsigned i = 0; i < 2000; i++) {
        put_word(words, i);
        fputc('\n', words);
    }
    fclose(numbers);
    fclose(words);
    mkdir("tree", 0755);
    for (int i = 0; i < 20; i++) {
        snprintf(path, sizeof path, "tree/d%d", i);
        mkdir(path, 0755);
        for (int j = 0; j < 10; j++) {
            snprintf(path, sizeof path, "tree/d%d/f%d.txt", i, j);
            put_text(path, 500 + 400 * j);
        }
    }
    return 0;
}
