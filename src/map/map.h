/* map.h - the instruction virtualization map: the verdict for one instruction.
 *
 * Unknown = virtualized: what no rule and no trusted instruction set names is #UD or a call.
 * map/default.def is the built-in map.
 */
#ifndef MAP_MAP_H
#define MAP_MAP_H

#include "scan/insn.h"

enum emul_op {
#define OP(name, function) OP_##name,
#include "emul/ops.def"
#undef OP
    N_OPS,
    OP_RESOLVE = N_OPS, /* checked access: address -> scratch[0] */
    OP_COMMIT,          /* checked store: staging -> memory */
    OP_STI_PENDING,     /* STI found INTR high */
    OP_FPU_STORED,      /* FNSTENV/FNSAVE/FXSAVE ran: put the guest's pointers in */
    OP_FPU_LOADED,      /* FLDENV/FRSTOR/FXRSTOR/FNINIT ran: take the guest's pointers out */
    OP_MASK_MOVE,       /* MASKMOVQ, MASKMOVDQU where the direct form will not do */
    N_LIGHT_OPS,
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
    N_VERDICTS,
};

struct map {
    struct {
        uint8_t verdict, op;
    } rule[2048]; /* by ZydisMnemonic */
};
void map_init(struct map *map);
void map_judge(void *map, struct insn *insn);

#endif
