/* verify_internal.h - between the files of verify/: the abstract values and the state of one walk.
 */
#ifndef VERIFY_VERIFY_INTERNAL_H
#define VERIFY_VERIFY_INTERNAL_H

#include <Zydis/Zydis.h>

#include "cpu/cpu.h"
#include "map/map.h"
#include "run/offsets.h"
#include "verify/verify.h"
#include "view/view.h"

/* Host registers, as ModRM and REX number them. */
enum {
    V_RAX,
    V_RCX,
    V_RDX,
    V_RBX,
    V_RSP,
    V_RBP,
    V_RSI,
    V_RDI,
    V_R8,
    V_R9,
    V_R10,
    V_R11,
    V_R12,
    V_R13,
    V_R14,
    V_R15,
    N_HOST_REGS
};

/* What a 64-bit register is known to hold. */
enum value_kind {
    VALUE_JUNK,       /* nothing: may not be read */
    VALUE_INT,        /* lo..hi, within 32 bits; a guest value */
    VALUE_CONST,      /* the 64-bit constant lo */
    VALUE_POINTER,    /* window + (lo..hi) */
    VALUE_FOLD,       /* window + anything: only its low 32 bits are of use */
    VALUE_DUAL,       /* window of the value `of` */
    VALUE_SEG_BASE,   /* cpu->seg_base_ptr[] */
    VALUE_STAGING,    /* OP_RESOLVE's answer, or OP_LOOKUP's */
    VALUE_ENTRY,      /* directory entry of the page of value `of`, or of page lo if of is 0 */
    VALUE_SLOT,       /* slot of the linear address `of` */
    VALUE_TARGET,     /* host address of the unit at the linear address `of` */
    VALUE_REACH,      /* cpu->reach[] and kin: number lo of them */
    VALUE_MARGIN,     /* reach lo + the value `of` + hi - 1, 64 bits */
    VALUE_GATE,       /* its sign: CPU_GATE_INDEX or 0 */
    VALUE_DIFFERENCE, /* directory entry minus the expected one: for jrcxz only */
    VALUE_ELSEWHERE, /* EIP of a return minus the address behind the call, plus lo: for jrcxz (0) or
                        loop (1) */
    VALUE_COUNT,     /* the counter at field lo of struct cpu */
    VALUE_COUNTED,   /* the same plus one, or, of left[], minus one */
    VALUE_LEFT,      /* a countdown, asked whether it is zero: for jrcxz only */
    VALUE_OURS,      /* rsp, r14, r15 */
};
struct value {
    enum value_kind kind;
    uint32_t id;    /* equal ids: the same 64 bits */
    uint32_t of;    /* id of the value it was derived from */
    unsigned shift; /* VALUE_INT: the value `of` >> shift, if not 0 */
    int64_t lo, hi;
};

/* ESP as a pointer may lie outside the window by less than this at an instruction boundary: it
 * moves only behind an access that proved it to be inside (see memory.c), by at most 64 KiB + 4. A
 * multiple of 64 KiB, so that writing its low 16 bits stays inside. */
#define DRIFT        (INT64_C(1) << 17)
#define WINDOW_BYTES (INT64_C(1) << 32)
#define GUARD_BYTES  (INT64_C(1) << 31)
enum { UNKNOWN_ACCESS_BYTES = 4096, BIT_STRING_REACH = 1 << 28, MAX_FORWARD = 4 };

/* A limit check that held: n_bytes at the value `off` of the segment whose base the value `base`
 * is; reach: which check. sum: their sum, if it was made. Values by id. */
struct proven {
    uint32_t off, base, sum, n_bytes;
    int reach;
};
enum { MAX_PROVEN = 2 };

struct state {
    struct value reg[N_HOST_REGS];
    const struct insn *resolved; /* OP_RESOLVE or OP_LOOKUP ran for it, no other light call since */
    bool staged;                 /* staging was written, not yet committed */
    bool changed;   /* guest semantics have run: flags, memory or IF differ from entry */
    bool sample;    /* a countdown is at zero: a call is due */
    bool op_done;   /* the one instruction with guest semantics was seen */
    uint8_t df_due; /* CLD or STD ran: struct cpu's copy is due */
    uint8_t
        same_segment; /* not 0: the selector in hand is that of segment register same_segment - 1 */
    uint32_t
        flags_of; /* not 0: the host's flags are nothing, the guest's will be made of this value */
    uint32_t came_back; /* not 0: a return came to this landing, with the value of this id as EIP */
    uint32_t ret_target; /* [rsp] = VALUE_TARGET of this id was the last instruction */
    struct proven proven[MAX_PROVEN];
    bool thunk;          /* a call done in place */
    bool esp_lost;       /* r12 was written otherwise than by a constant sum */
    int64_t esp_moved;   /* r12 minus what it held when the instruction began */
    bool touched;        /* touched_lo..hi from r12 was accessed, at most 4096 bytes */
    uint32_t touched_of; /* or from this proven offset, if not 0 */
    int64_t touched_lo, touched_hi;
};

enum { DF_CLEAR = 1, DF_SET = 2 }; /* state.df_due */
enum { MARK_NONE, MARK_INSN, MARK_EXIT };

struct verifier {
    const struct verify_input *in;
    struct verify_finding *finding;
    ZydisDecoder host, guest;
    uint8_t mark[CACHE_UNIT_MAX_BYTES];
    uint32_t last_id;
    /* the guest instruction */
    uint32_t index, end_off; /* end_off: where the next one or the exits begin */
    bool in_exits;
    ZydisMnemonic guest_mnemonic;              /* INVALID: not known */
    ZydisInstructionAttributes guest_prefixes; /* LOCK and the repeats */
    unsigned guest_width;                      /* operand size in bits */
    bool guest_esp_known;                      /* by how much it moves ESP */
    int64_t guest_esp_move;
    struct state state;
    bool alive;              /* execution gets to off */
    uint32_t after_call_off; /* behind a guest call: r12 is ESP; without a landing nobody returns
                                there but by prediction */
    struct {
        uint32_t off;
        struct state state;
    } forward[MAX_FORWARD];
    unsigned n_forward;
    /* the host instruction */
    uint32_t off;
    ZydisDecodedInstruction z;
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
};

/* Behind whose base the guest's memory lies: FS for the supervisor's window, GS for a private one.
 */
static inline bool is_guest_segment(const struct verifier *v, ZydisRegister segment)
{
    return segment == (v->in->mode & MODE_USER ? ZYDIS_REGISTER_GS : ZYDIS_REGISTER_FS);
}

/* Records the finding; always false. */
bool verify_fail(struct verifier *v, enum verify_rule rule);

/* ---- value.c ---- */
struct value value_int(struct verifier *v, int64_t lo, int64_t hi);
struct value value_of_kind(struct verifier *v, enum value_kind kind, uint32_t of);
/* The state at an instruction boundary. Ids of guest registers are fixed: see is_entry_value(). */
void state_canonical(struct verifier *v, struct state *state);
void state_join(struct verifier *v, struct state *state, const struct state *other);
/* May guest instruction `next` of this unit begin in this state? n_insns: any other one. */
bool state_check_next(struct verifier *v, uint32_t next);
bool state_check_canonical(struct verifier *v);
static inline bool is_guest_reg(unsigned reg)
{
    return reg < V_R8 && reg != V_RSP;
}
static inline bool is_scratch(unsigned reg)
{
    return reg >= V_R8 && reg <= V_R11;
}
static inline uint32_t entry_id(unsigned reg)
{
    return reg + 1;
}
/* No guest register, no flag, no memory was changed since the instruction began. */
bool state_is_entry(const struct state *state);

/* ---- rules.c: what may be emitted at all ---- */
bool check_instruction(struct verifier *v);
/* LOCK and the repeats, as they took effect. */
ZydisInstructionAttributes effective_prefixes(const ZydisDecodedInstruction *insn);
/* Has guest semantics of its own, unlike the moves that translation itself needs. */
bool is_guest_op(const struct verifier *v);
unsigned reg_number(ZydisRegister reg);
bool is_low_byte_of_pointer(ZydisRegister reg); /* spl bpl sil dil: the guest has none of them */

/* ---- memory.c ---- */
enum memory_class {
    MEMORY_GUEST,
    MEMORY_STAGING,
    MEMORY_CPU,
    MEMORY_DUAL,
    MEMORY_DIRECTORY,
    MEMORY_SLOT,
    MEMORY_SEG_BASE,
    MEMORY_GATE, /* a segment's base, or a fault; of: register of the gate */
    MEMORY_RSP
};
struct memory {
    enum memory_class kind;
    uint32_t n_bytes;
    uint32_t field; /* MEMORY_CPU: offset in struct cpu */
    uint32_t of;    /* value the lookup was made by */
    int64_t page;   /* MEMORY_DIRECTORY: linear page, if of is 0 */
};
bool memory_classify(struct verifier *v, const ZydisDecodedOperand *operand, struct memory *memory);
/* base + index * scale + disp as a 64-bit pointer. False: no rule gives it a meaning. */
bool memory_sum(struct verifier *v, const ZydisDecodedOperandMem *mem, struct value *sum);
/* All segments are flat, code and stack 32-bit. */
bool memory_is_flat(const struct verifier *v);
/* An access with these actions is made: ranges, rights, precision. Refines r12. */
bool memory_access(struct verifier *v, const ZydisDecodedOperand *operand,
                   const struct memory *memory);

/* ---- gate.c: limit checks ---- */
/* False: field is no reach. */
bool gate_load_reach(struct verifier *v, uint32_t field, struct value *value);
bool gate_sum(struct verifier *v, const struct value *reach, const ZydisDecodedOperandMem *mem,
              struct value *sum);
bool gate_shift(struct verifier *v, const struct value *margin, const struct value *count,
                struct value *gate);
bool gate_classify(struct verifier *v, const struct value *gate, const ZydisDecodedOperandMem *mem,
                   struct memory *memory);
/* The load went through: base is what it loaded. */
bool gate_load_base(struct verifier *v, const struct memory *memory, struct value *base);
/* A 32-bit sum without displacement is about to be written as a new value. */
void gate_note_sum(struct verifier *v, const ZydisDecodedOperandMem *mem);
/* The proof the operand's address stands on, or NULL. */
const struct proven *gate_find(const struct verifier *v, const ZydisDecodedOperandMem *mem,
                               int64_t *off);
bool gate_check(struct verifier *v, const struct proven *proven, int64_t off, uint32_t n_bytes,
                bool writes);

/* ---- pending.c: runs of stack instructions ---- */
/* Guest ESP minus r12 where the instruction began, as the table says. */
int32_t pending_before(const struct verifier *v);
/* How the guest's instruction moves ESP. */
void pending_read_guest(struct verifier *v, const uint8_t *bytes, unsigned n_bytes);
/* May execution go on at instruction `next` of this unit? n_insns: where nothing is pending. */
bool pending_check(struct verifier *v, uint32_t next);
/* The instruction begins; esp: r12 as the one before left it, if execution falls in from there. */
bool pending_begin(struct verifier *v, const struct value *esp, bool falls_in);

/* ---- flags.c: PUSHF, POPF, DF ---- */
/* *taken: the instruction begins one of the known sequences; v->z.length is then all of it. False:
 * a finding. */
bool flags_step(struct verifier *v, bool *taken);
/* A store to the copy of DF. */
bool flags_store_df(struct verifier *v, const struct memory *memory);

/* ---- thunk.c: calls done in place ---- */
/* Behind a bridge that puts lin into reg. */
bool thunk_begin(struct verifier *v, unsigned reg, uint32_t lin);
/* All must be as behind the thunk's return. */
bool thunk_check(struct verifier *v);

/* ---- landing.c: what calls come back to ---- */
void landing_begin(struct verifier *v);
/* A 32-bit sum of r8 and a constant for rcx: is it asked whether EIP is that behind the call? */
bool landing_difference(struct verifier *v, const ZydisDecodedOperandMem *mem);
/* A branch to STUB_LANDING. */
bool landing_leave(struct verifier *v);
/* Is at off of this unit a jump to STUB_LANDING? */
bool landing_is_jump(const struct verifier *v, uint64_t off);
/* LOOP to host, behind a call. */
bool landing_loop(struct verifier *v, uint64_t host);

/* ---- segment.c: as flags_step() ---- */
bool segment_step(struct verifier *v, bool *taken);

/* ---- bridge.c: as flags_step() ---- */
bool bridge_step(struct verifier *v, bool *taken);
/* Does one begin at v->off? */
bool bridge_begins(const struct verifier *v);

/* ---- lookup.c: as flags_step() ---- */
bool lookup_step(struct verifier *v, bool *taken);

/* ---- step.c, moves.c, branch.c: the effect of one host instruction ---- */
bool step_instruction(struct verifier *v);
bool write_reg(struct verifier *v, unsigned reg, unsigned width, bool conditional,
               const struct value *value);
bool read_reg(struct verifier *v, ZydisRegister reg);
bool step_mov(struct verifier *v);
bool step_movzx(struct verifier *v);
bool step_lea(struct verifier *v);
bool step_shift(struct verifier *v); /* shrx, shlx, rorx */
bool step_branch(struct verifier *v);
/* branch.c: the paths meet again at off, further down in the instruction's own code. */
bool step_forward(struct verifier *v, uint32_t off);
bool step_call(struct verifier *v);
/* The C function for insn r8 with operation r9d. */
bool step_light_call(struct verifier *v);
bool step_trap(struct verifier *v); /* INT3 */
bool step_ret(struct verifier *v);
/* moves.c: a constant of the guest's code that is written often: 32 bits of the guest's. */
bool is_hot_imm(const struct memory *memory);
static inline bool is_cpu_field(const struct memory *memory, uint32_t field, uint32_t n_bytes)
{
    return memory->kind == MEMORY_CPU && memory->field == field && memory->n_bytes == n_bytes;
}

#endif
