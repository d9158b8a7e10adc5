/* offsets.h - where assembly and emitted code find things in struct cpu. Asserted in run/run.c. */
#ifndef RUN_OFFSETS_H
#define RUN_OFFSETS_H

#define CPU_GPR          0
#define CPU_EIP          64
#define CPU_ARITH        68
#define CPU_IFF          72
#define CPU_SYSFLAGS     76
#define CPU_INTR         80
#define CPU_EXIT_REQUEST 84
#define CPU_DF           88
#define CPU_EXIT_REASON  92
#define CPU_WINDOW       96
#define CPU_DIR          104
#define CPU_SEG_BASE_PTR 112
#define CPU_SEG          160
#define CPU_SEG_BYTES    12
#define CPU_SEG_BASE     0
#define CPU_SEG_SELECTOR 8
#define CPU_CS_BASE      (CPU_SEG + CPU_SEG_BYTES)
#define CPU_HOST_RSP     232
#define CPU_STACK_NOW    240
#define CPU_HELPER       256
#define CPU_SCRATCH      768
#define CPU_DUAL_BASE    832
#define CPU_REACH        17248
#define CPU_STACK_REACH  17344
#define CPU_CODE_REACH   17360
#define CPU_CS_MINUS     17376
#define CPU_COUNTS       17384
#define CPU_HOT_IMM      50152
#define CPU_SEG_RAW      50408
#define CPU_SEG_LIN      50456
#define CPU_SEG_KEY      50480
#define CPU_LEFT         50504
#define CPU_QUICK_TAG    83272
#define CPU_QUICK_DELTA  85320

/* struct cpu .helper[]: entry points that emitted code calls or jumps to */
#define HELPER_LIGHT     0 /* call: C function number r9d for instruction r8 */
#define HELPER_MISS      1 /* jmp: no unit at linear address r8d */
#define HELPER_STEP      2 /* jmp: one instruction done, next is at linear address r8d */
#define HELPER_CROSS     3 /* jmp: page-crossing unit at r8d must be checked again */
#define HELPER_BRIDGE    5 /* jmp: a bridge is closed; its return address lies on the stack */
#define HELPER_TARGET    6 /* call: OP_TARGET for struct insn r10; r8d = target, before and after */
#define HELPER_LIGHT_END 4 /* as HELPER_LIGHT, never goes on behind it: "jmp *%r10" follows */

/* struct cpu .scratch[] */
#define SCRATCH_HOST       0 /* OP_RESOLVE's or OP_LOOKUP's answer: host pointer */
#define SCRATCH_RETURN     1 /* where the light call under way returns to */
#define SCRATCH_GS         2 /* what GS.base holds */
#define SCRATCH_LIN        3 /* linear address a miss/step/cross exit is about */
#define SCRATCH_CACHE_EXEC 4
#define SCRATCH_TARGET     5 /* OP_TARGET: linear address an indirect branch goes to */
#define SCRATCH_FS         6 /* FS.base while the guest's FPU state is live: the supervisor's window */
#define SCRATCH_HOST_FS    7 /* FS.base else: the thread's own */

/* stubs at the beginning of the code cache */
#define STUB_MISS    0
#define STUB_STEP    32
#define STUB_CROSS   64
#define STUB_LANDING 96  /* a return came to another call's landing: r8d = EIP, r9 = rcx */
#define STUB_BRIDGE  224 /* called from a closed bridge: r9 = rcx (cache/bridge.h) */
#define STUB_BOTTOM  160 /* what the lowest word of a call stack leads to: r8d = EIP */

/* of signal handlers */
#define ALTERNATE_STACK_BYTES 0x40000

/* enum exit_reason, for assembly */
#define EXIT_MISS_NUMBER    1
#define EXIT_REQUEST_NUMBER 3
#define EXIT_STEP_NUMBER    7
#define EXIT_CROSS_NUMBER   10
#define OP_TARGET_NUMBER    76

#define CPU_SCRATCH_AT(n) (CPU_SCRATCH + 8 * (n))
#define CPU_HELPER_AT(n)  (CPU_HELPER + 8 * (n))

#endif
