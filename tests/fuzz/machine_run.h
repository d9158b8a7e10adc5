/* machine_run.h - runs one random guest in one engine mode, and what it ended as. */
#ifndef FUZZ_MACHINE_RUN_H
#define FUZZ_MACHINE_RUN_H

#include "machine.h"

enum fuzz_kind { FUZZ_HALTED, FUZZ_STOPPED, FUZZ_TIMEOUT };

struct fuzz_end {
    enum fuzz_kind kind;
    int status;
    uint32_t count, n_resets; /* of the handlers */
    bool kicked,
        code_changed;    /* a REP over its own bytes may go on only if nothing interrupts it */
    bool tables_changed; /* what the TLB still held may have mattered */
    struct cpu cpu;
    uint8_t ram[FUZZ_RAM_BYTES];
};

enum { FUZZ_PLAIN_VARIANTS = 2, FUZZ_VARIANTS = 10 };

struct fuzz_bench;
struct fuzz_bench *fuzz_create(void);
void fuzz_destroy(struct fuzz_bench *bench);
const char *fuzz_variant_name(unsigned variant);
int fuzz_variant_number(const char *name); /* -1: no such */
/* The handlers halt at this count at the latest. UINT32_MAX: at what the seed says. */
void fuzz_limit(struct fuzz_bench *bench, uint32_t limit);
void fuzz_log(struct fuzz_bench *bench, unsigned log_mask);
const char *fuzz_end_name(const struct fuzz_end *end);
void fuzz_run(struct fuzz_bench *bench, uint64_t seed, unsigned variant, struct fuzz_plan *plan,
              struct fuzz_end *end);
/* True if the two ends differ: text says where. */
bool fuzz_compare(const struct fuzz_end *a, const struct fuzz_end *b, char *text, size_t n_bytes);
/* What no guest may change. NULL, or what is damaged. */
const char *fuzz_check(struct fuzz_bench *bench);

#endif
