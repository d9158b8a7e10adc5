/* map.h - the instruction virtualization map: for one instruction at one place, how it is done.
 *
 * Three answers, in struct insn. verdict and op: how it can be done at all (form.c). technique:
 * which of these ways is used. plant: what else happens there - counted, logged, stopped on,
 * patched. The last two are said by rules, text in the language of docs/map.md; default.map is the
 * built-in part of it, and later rules win. Unknown = virtualized: what no rule and no trusted
 * instruction set names is #UD or a call.
 *
 * PURE: no guest memory, no host but malloc. One thread: the vCPU's, once the machine runs.
 */
#ifndef MAP_MAP_H
#define MAP_MAP_H

#include <stddef.h>

#include "scan/insn.h"

enum emul_op {
#define OP(name, function) OP_##name,
#include "emul/ops.def"
#undef OP
    N_OPS,
    OP_RESOLVE = N_OPS, /* checked access: address -> scratch[0] */
    OP_COMMIT,          /* checked store: staging -> memory */
    OP_LOOKUP,          /* looked-up access: host address of the operand -> scratch[0] */
    OP_STI_PENDING,     /* STI found INTR high */
    OP_POPF_LATE,   /* POPF whose flags are gone already: changes more than the inline form can */
    OP_FPU_STORED,  /* FNSTENV/FNSAVE/FXSAVE ran: put the guest's pointers in */
    OP_FPU_LOADED,  /* FLDENV/FRSTOR/FXRSTOR/FNINIT ran: take the guest's pointers out */
    OP_MASK_MOVE,   /* MASKMOVQ, MASKMOVDQU where the direct form will not do */
    OP_PLANT,       /* what rules want before an instruction */
    OP_PLANT_AFTER, /* and behind one that has no C function */
    OP_TARGET,      /* an indirect jump or call goes to scratch[SCRATCH_TARGET] */
    N_LIGHT_OPS,
    OP_PLANTED = 0x80, /* a bit with OP_x: OP_PLANT first, all in one call */
};

/* How the translator deals with it when segments are flat; in other modes instructions that touch
 * memory or the stack take the checked form or their C function. */
enum verdict {
    VERDICT_NATIVE, /* runs on the CPU, operands re-encoded */
    VERDICT_PUSH,
    VERDICT_POP,
    VERDICT_PUSHA,
    VERDICT_POPA,
    VERDICT_ENTER,
    VERDICT_LEAVE,
    VERDICT_PUSHF,
    VERDICT_JMP,
    VERDICT_JCC,
    VERDICT_LOOP,
    VERDICT_CALL,
    VERDICT_CALL_INDIRECT,
    VERDICT_JMP_INDIRECT,
    VERDICT_RET,
    VERDICT_STRING,
    VERDICT_XLAT,
    VERDICT_NOP,
    VERDICT_CLI,
    VERDICT_STI,
    VERDICT_MOV_FROM_SEG,
    VERDICT_PUSH_SEG,
    VERDICT_RDTSC,
    VERDICT_HELPER,     /* a call to the C function insn->op; goes on behind it */
    VERDICT_HELPER_END, /* the same, but never goes on behind it (IRET, far jumps, HLT, #UD) */
    VERDICT_POPF,
    VERDICT_LOAD_SEG, /* MOV and POP to a segment register */
    N_VERDICTS,
};

/* Which way is used. A technique the instruction has no form for is never in struct insn. */
enum technique {
    TECHNIQUE_NATIVE, /* the instruction itself, re-encoded: VERDICT_NATIVE, VERDICT_NOP */
    TECHNIQUE_INLINE, /* a few host instructions in its place: all other verdicts but HELPER*.
                         Where a mode or a segment does not allow them: its C function, as ever */
    TECHNIQUE_CALL, /* a call to C; an instruction without C function (VERDICT_NATIVE, VERDICT_NOP)
                       runs behind it */
    TECHNIQUE_TRAP, /* the same by INT3 and the host's signal */
    N_TECHNIQUES,
};

enum map_action { /* bits of map_rule.actions; none: the rule names a technique only */
                  ACTION_EMULATE = 1, /* what earlier rules planted does not happen */
                  ACTION_COUNT = 2,
                  ACTION_LOG = 4,
                  ACTION_SAMPLE = 8, /* log, each sample_n-th time by the rule's counter */
                  ACTION_STOP = 16,
                  ACTION_PATCH = 32,
};

enum map_patch_op {
    PATCH_SET,
    PATCH_AND,
    PATCH_OR,
    PATCH_XOR,
    PATCH_ADD,
    PATCH_SCALE, /* times value, divided by divisor, 128 bits between */
};
/* A result register after (with skip: instead of) the instruction: reg = reg op value. */
struct map_patch {
    uint8_t op;      /* enum map_patch_op */
    uint8_t reg;     /* enum gpr, never ESP */
    uint8_t n_bytes; /* 1, 2, 4; 8: the pair EDX:EAX */
    uint8_t shift;   /* 8: AH CH DH BH, else 0 */
    uint64_t value;  /* within n_bytes, but for PATCH_SCALE */
    uint64_t divisor;
};

enum {
    MAP_MAX_RULES = 32768,
    MAP_MAX_COUNTERS = 4096, /* of struct cpu's count[] */
    MAP_MAX_PATCHES = 4,
    MAP_PLANT_MAX = 30, /* rules of one plant; of more the last ones hold */
    MAP_NO_COUNTER = 0xffff,
};

struct map_select; /* select.h: which instructions, where */

/* A rule about data: it holds for an access of such an instruction to these bytes. */
enum map_data_access { DATA_READ = 1, DATA_WRITE = 2 };
struct map_data {
    uint8_t access; /* enum map_data_access; 0: no rule about data */
    bool physical;
    uint32_t first, last; /* linear or physical addresses; both belong to it */
};

struct map_rule {
    int id;          /* the user's number: 1 and up; the default map's rules have 0 */
    bool enabled;    /* false: a free slot */
    uint8_t actions; /* enum map_action */
    bool has_technique;
    uint8_t technique;
    uint16_t counter; /* index into cpu->count[], or MAP_NO_COUNTER */
    uint32_t sample_n;
    /* What is not known before the instruction runs. value: of OUT the value written, INT the
     * vector, CPUID the leaf (EAX), RDMSR and WRMSR the register (ECX), MOV to CR, DR and segment
     * registers, LMSW the value loaded. */
    bool has_port, has_value;
    uint16_t port_lo, port_hi; /* both belong to it */
    uint32_t value, value_mask;
    struct map_data data;
    bool patch_skip; /* the instruction itself does not happen */
    uint8_t n_patches;
    struct map_patch patches[MAP_MAX_PATCHES];
    uint64_t order; /* later rules win */
    struct {
        const char *name; /* of the text it comes from: a file, "-map-rule", "monitor" ... */
        unsigned line, column;
    } source;
    const char *text; /* the rule as written, without comment */
    struct map_select *select;
};

/* What map_plant_holds() has to know of a rule, small. */
struct map_gate {
    bool has_port, has_value, emulates;
    uint16_t port_lo, port_hi;
    uint32_t value, value_mask;
};

/* The observing, stopping and patching rules that hold for an instruction, in order; interned:
 * same set, same number. Valid until one of its rules is removed. */
struct map_plant {
    uint16_t n_rules; /* 0: a free slot */
    bool always;      /* no condition is left to run time: all of them hold */
    bool samples;     /* one of the rules does */
    bool counts_only; /* nothing but count and sample, no condition left to run time */
    bool observes;    /* nothing but "count" and "log": what follows is all there is to know */
    bool has_after;   /* a rule patches a result: something is due behind the instruction */
    struct map_gate gate[MAP_PLANT_MAX];
    uint16_t rules[MAP_PLANT_MAX]; /* indices for map_rule_at() */
    uint32_t log_bits;             /* those that log */
    uint16_t n_logs, n_counters;
    uint16_t log_ids[MAP_PLANT_MAX]; /* of all that log */
    uint16_t id[MAP_PLANT_MAX], counter[MAP_PLANT_MAX];
};

struct map_site {
    uint32_t mode;      /* enum mode_bits of the codepage */
    uint64_t phys_page; /* physical address >> 12 of the first byte */
};

struct map;
struct cpu;
/* With the default map and nothing else. NULL: no memory. */
struct map *map_create(void);
void map_destroy(struct map *map);

/* Sets verdict, op, technique and plant. insn->eip is the linear address. */
void map_judge(void *map, struct insn *insn, const struct map_site *site);

/* ---- rules ---- */

/* What is wrong with a text: "NAME:LINE:COLUMN: WORD: what was expected", one line each. */
struct map_errors {
    char *lines; /* malloc'ed; NULL: none */
    unsigned n;
    char *warnings; /* the same of rules that are taken but can never hold */
    unsigned n_warnings;
};
void map_errors_free(struct map_errors *errors);
/* One more line of errors: "name:line:column: text". line 0: text alone. Beyond a hundred: counted.
 */
__attribute__((format(printf, 5, 6))) void map_error(struct map_errors *errors, const char *name,
                                                     unsigned line, unsigned column,
                                                     const char *format, ...);

__attribute__((format(printf, 5, 6))) void map_warning(struct map_errors *errors, const char *name,
                                                       unsigned line, unsigned column,
                                                       const char *format, ...);

/* All rules of a text, or none: -1 with every error listed. A text ends at n_bytes. */
int map_add_text(struct map *map, const char *name, const char *text, size_t n_bytes,
                 struct map_errors *errors);
/* One rule, at the end. Its id > 0, or -1 with the first error in *message, malloc'ed. With an id,
 * *message is the first warning, or NULL. */
int map_add_rule(struct map *map, const char *name, const char *text, char **message);
/* false: no such rule. The caller drops all code that was judged by it, now: its slots are used
 * again. */
bool map_remove_rule(struct map *map, int id);
/* Is there room for whatever may be planted? If not, the caller drops all code and calls
 * map_forget_plants(). */
bool map_has_room(const struct map *map);
/* No rule but the built-in ones: judgements do not depend on addresses. */
bool map_is_default(const struct map *map);
void map_forget_plants(struct map *map); /* no code made by this map is left */

/* index from struct map_plant, or 0 to map_n_rules() - 1 (then some are not enabled). Light. */
const struct map_rule *map_rule_at(const struct map *map, unsigned index);
static inline const struct map_plant *map_plant_at(const struct map *map, unsigned plant)
{
    return *(struct map_plant *const *)map + plant; /* the first of its members */
}
unsigned map_n_rules(const struct map *map);
const struct map_rule *map_rule_by_id(const struct map *map, int id); /* NULL: none */
/* Where the rule can hold: linear addresses, both ends included. False: anywhere. */
bool map_rule_range(const struct map_rule *rule, uint32_t *first, uint32_t *last);

/* ---- at run time. Light ---- */

/* What a condition "value" is about, when insn is about to run and struct cpu has the guest's
 * registers; gate.h has that of "port". */
uint32_t map_value_of(const struct insn *insn, const struct cpu *cpu);
bool map_has_value(const struct insn *insn);
/* The rules of a plant that hold now, as bits (bit i: plant->rules[i]): conditions are met, and no
 * later rule that holds says "emulate". Of several that stop (or patch) the highest bit wins. */
unsigned map_plant_holds(const struct map_plant *plant, const struct insn *insn,
                         const struct cpu *cpu);

/* ---- accesses ---- */

/* A data access to a page that some rule is about. */
struct map_access {
    const struct insn *insn;  /* NULL: the CPU's own, for an interrupt or exception */
    uint32_t eip;             /* linear address of insn, or of what the event came before */
    struct map_site site;     /* its place */
    uint32_t lin, n_bytes;    /* over at most two pages */
    uint32_t phys, phys_next; /* of the first byte, of the second page's first byte */
    bool write;
};
/* The next rule that is about these bytes and this place, in no order. -1: no more. Begin with at
 * all zero. Light. */
bool map_has_data_rules(const struct map *map);
struct map_data_at {
    uint8_t list;
    uint32_t i;
};
int map_next_data_rule(const struct map *map, const struct map_access *access,
                       struct map_data_at *at);
/* Does it hold for this instruction (as far as that is known before it runs), and does no later
 * rule "emulate" it away? Light; -1: ask map_judge_data(), which remembers the answer. */
int map_recall_data(const struct map *map, unsigned index, const struct map_access *access);
bool map_judge_data(struct map *map, unsigned index, const struct map_access *access,
                    const struct cpu *cpu);
/* A condition "port" or "value" of a rule that holds else. Light. */
bool map_rule_holds(const struct map_rule *rule, const struct insn *insn, const struct cpu *cpu);

/* ---- for the user ---- */

const char *map_technique_name(enum technique technique);
/* All rules in effective order, as a text that gives the same map. malloc'ed. */
char *map_print(const struct map *map);
/* The classes, one line each. malloc'ed. */
char *map_print_classes(void);

#endif
