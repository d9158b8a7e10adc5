/* gen.h - cases from numbers: (seed, mode, number) -> one case, always the same one. */
#ifndef NATIVE_GEN_H
#define NATIVE_GEN_H

#include <Zydis/Zydis.h>
#include <stdbool.h>
#include <stddef.h>

#include "case.h"

enum { N_MAPS = 4, MAX_NAME = 48 };
enum form_prefix { PP_NONE, PP_66, PP_F2, PP_F3, PP_LOCK, N_PP };
enum form_shape { SHAPE_PLAIN, SHAPE_REG, SHAPE_MEM };

/* One encoding: what is not said here is random. */
struct form {
    uint8_t map, opcode, pp, shape, reg, rm;
};

enum mode_kind { MODE_FLAT32, MODE_SEG32, MODE_CODE16, MODE_SEQ32, N_MODES };
struct mode {
    const char *name;
    bool code32;
    bool segments;  /* with bases and limits, by the LDT */
    bool sequences; /* more than one instruction */
};
extern const struct mode modes[N_MODES];

struct forms {
    struct form *form;
    unsigned n;
};

struct rng {
    uint64_t state;
};
uint32_t rng_next(struct rng *rng);
static inline uint32_t rng_below(struct rng *rng, uint32_t n) /* n > 0 */
{
    return (uint32_t)((uint64_t)rng_next(rng) * n >> 32);
}
static inline bool rng_chance(struct rng *rng, unsigned percent)
{
    return rng_below(rng, 100) < percent;
}

/* What is to be done with the bytes of a case (classify.c). */
enum verdict {
    VERDICT_RUN,
    VERDICT_UD,     /* the guest's CPUID hides it: UD2 takes its place on the CPU underneath */
    VERDICT_OLD,    /* hidden, but the bytes had a meaning before: F3 is replaced there by DS */
    VERDICT_SKIP,   /* see why */
    VERDICT_NO_TSC, /* runs, but registers may differ */
};
struct classified {
    enum verdict verdict;
    const char *why;
};

struct generated {
    struct form form;
    unsigned form_index;
    uint8_t *native, *guest; /* the case's slot */
    uint32_t slot_lin;
    unsigned at, n_bytes; /* of the code in the slot */
    bool sequence;
    bool decoded;
    ZydisDecodedInstruction insn; /* of the first instruction, if decoded */
    struct classified class;
};

struct generator {
    uint64_t seed;
    enum mode_kind mode;
    struct forms forms;
    ZydisDecoder decoder;
};

/* One case being made. */
struct maker {
    struct rng rng;
    const struct generator *gen;
    struct test_case *test;
    uint8_t code[SLOT_BYTES];
    unsigned n;
    uint32_t lin; /* of code[0] */
    uint32_t seg_base[N_CASE_SEGS];
    unsigned mem_bytes; /* guess of the operand's size */
};

/* forms.c */
void forms_enumerate(struct forms *forms, bool code32);
/* generate.c: fills the case and both slots (native, guest: SLOT_BYTES each). */
enum { ANY_OPCODE = -1 };
/* opcode: map << 8 | opcode, for the forms of that one alone, or ANY_OPCODE. */
void generator_init(struct generator *gen, uint64_t seed, enum mode_kind mode, int opcode);
void generate_case(const struct generator *gen, uint64_t number, unsigned slot,
                   struct test_case *test, uint8_t *native, uint8_t *guest, struct generated *out);
/* state.c */
uint32_t state_integer(struct rng *rng);
uint32_t state_target(struct rng *rng, unsigned n_bytes);
void state_random(struct maker *maker);
/* encode.c: appends one instruction of this form and aims its memory operand. */
void encode_form(struct maker *maker, const struct form *form);
/* sequence.c: appends many, with pointers and branches. 32-bit flat code. */
void sequence_encode(struct maker *maker);
/* adjust.c: operands that the random ones would hardly ever make useful. */
void adjust_case(struct maker *maker, unsigned at, const ZydisDecodedInstruction *insn);
/* classify.c */
struct classified classify(const ZydisDecodedInstruction *insn, const uint8_t *bytes);
struct classified classify_undecoded(const ZydisDecoder *decoder, const uint8_t *bytes, unsigned n);
uint32_t undefined_flags(ZydisMnemonic mnemonic);

#endif
