/* cpu.h - struct cpu: the architectural truth of one virtual CPU.
 *
 * INV-2: between two runs of guest code struct cpu *is* the guest's CPU; gdb, tests, emulation and
 * interrupt delivery all stand on that. While guest code runs, the general registers and arithmetic
 * flags live in host registers (see run/enter.S); everything else stays here.
 *
 * Offsets of the first part are used by assembly and emitted code through r15; every field emitted
 * code names must lie below 64 KiB and is reached as disp32(%r15).
 */
#ifndef CPU_CPU_H
#define CPU_CPU_H

#include "base/base.h"

enum gpr { GPR_EAX, GPR_ECX, GPR_EDX, GPR_EBX, GPR_ESP, GPR_EBP, GPR_ESI, GPR_EDI, N_GPR };
enum seg { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, N_SEG };

/* EFLAGS (SDM vol. 1, "EFLAGS Register") */
enum {
    FLAG_CF = 1u << 0,
    FLAG_FIXED = 1u << 1,
    FLAG_PF = 1u << 2,
    FLAG_AF = 1u << 4,
    FLAG_ZF = 1u << 6,
    FLAG_SF = 1u << 7,
    FLAG_TF = 1u << 8,
    FLAG_IF = 1u << 9,
    FLAG_DF = 1u << 10,
    FLAG_OF = 1u << 11,
    FLAG_IOPL = 3u << 12,
    FLAG_NT = 1u << 14,
    FLAG_RF = 1u << 16,
    FLAG_VM = 1u << 17,
    FLAG_AC = 1u << 18,
    FLAG_VIF = 1u << 19,
    FLAG_VIP = 1u << 20,
    FLAG_ID = 1u << 21,
    FLAGS_ARITH = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF | FLAG_DF,
    FLAGS_SYSTEM = FLAG_TF | FLAG_IOPL | FLAG_NT | FLAG_RF | FLAG_VM | FLAG_AC | FLAG_VIF |
                   FLAG_VIP | FLAG_ID, /* everything but FLAGS_ARITH, IF and the fixed bit */
};

enum {
    CR0_PE = 1u << 0,
    CR0_MP = 1u << 1,
    CR0_EM = 1u << 2,
    CR0_TS = 1u << 3,
    CR0_ET = 1u << 4,
    CR0_NE = 1u << 5,
    CR0_WP = 1u << 16,
    CR0_AM = 1u << 18,
    CR0_NW = 1u << 29,
    CR0_CD = 1u << 30,
    CR0_PG = 1u << 31,
    CR4_VME = 1u << 0,
    CR4_PVI = 1u << 1,
    CR4_TSD = 1u << 2,
    CR4_DE = 1u << 3,
    CR4_PSE = 1u << 4,
    CR4_PAE = 1u << 5,
    CR4_MCE = 1u << 6,
    CR4_PGE = 1u << 7,
    CR4_PCE = 1u << 8,
    CR4_OSFXSR = 1u << 9,
    CR4_OSXMMEXCPT = 1u << 10,
    CR4_UMIP = 1u << 11,
    EFER_NXE = 1u << 11, /* bit 0 (SCE) and LME are not offered */
};

enum vector {
    VEC_DE = 0,
    VEC_DB = 1,
    VEC_NMI = 2,
    VEC_BP = 3,
    VEC_OF = 4,
    VEC_BR = 5,
    VEC_UD = 6,
    VEC_NM = 7,
    VEC_DF = 8,
    VEC_TS = 10,
    VEC_NP = 11,
    VEC_SS = 12,
    VEC_GP = 13,
    VEC_PF = 14,
    VEC_MF = 16,
    VEC_AC = 17,
    VEC_MC = 18,
    VEC_XM = 19,
    VEC_STOPPED = 0xfe, /* no exception: a data access must wait for a debugger (view/acc.h) */
};
enum { PF_P = 1, PF_W = 2, PF_U = 4, PF_RSVD = 8, PF_I = 16 }; /* #PF error code bits */

/* A segment register with its hidden part (descriptor cache). limit is in bytes (granularity
 * already expanded). access = descriptor bits 40-47 (type, S, DPL, P); big = D/B bit.
 * A null selector loaded into a data segment has access = 0. */
struct segment {
    uint32_t base;
    uint32_t limit;
    uint16_t selector;
    uint8_t access;
    uint8_t big;
};
enum { /* struct segment .access */
       SEG_ACCESSED = 1,
       SEG_RW = 2,
       SEG_DC = 4,
       SEG_CODE = 8,
       SEG_S = 0x10,
       SEG_DPL = 0x60,
       SEG_PRESENT = 0x80,
};

struct table_register {
    uint32_t base;
    uint32_t limit;
}; /* GDTR, IDTR; limit in bytes - 1 */

/* What the guest did wrong, or what is to be delivered. A value, never a longjmp. */
struct fault {
    uint8_t vector;
    bool has_error;
    uint32_t error; /* without has_error: DR6_BD for the #DB of general detect, which is a fault */
    uint32_t cr2;   /* meaningful for VEC_PF: delivery writes it to CR2 */
};

/* Mode key: everything about the CPU's mode that changes how code is translated. A unit belongs to
 * one mode; cpu_update_mode() recomputes cpu->mode after any change of CR0, CPL, segments, VM, TF.
 */
enum mode_bits {
    MODE_USER = 1 << 0,     /* CPL 3 */
    MODE_CPL0 = 1 << 1,     /* CPL 0 (neither bit: CPL 1 or 2) */
    MODE_CODE32 = 1 << 2,   /* CS.D */
    MODE_STACK32 = 1 << 3,  /* SS.B */
    MODE_FLAT = 1 << 4,     /* CS DS ES SS: base 0, limit 4 GiB; DS ES SS writable; CS readable */
    MODE_PROT = 1 << 5,     /* CR0.PE */
    MODE_V86 = 1 << 6,      /* EFLAGS.VM */
    MODE_NM = 1 << 7,       /* CR0.TS or CR0.EM: FPU instructions need the slow path */
    MODE_STEP = 1 << 8,     /* TF, or debug registers armed: one instruction per unit */
    MODE_NOSSE = 1 << 10,   /* CR4.OSFXSR=0: SSE instructions are #UD */
    MODE_NOWP = 1 << 9,     /* CPL < 3 and paging on and CR0.WP=0: stores are checked */
    MODE_WATCH = 1 << 11,   /* every access is checked: alignment checking is on (CR0.AM, EFLAGS.AC,
                               CPL 3), or a debug register watches data */
    MODE_CSLIMIT = 1 << 12, /* CS ends below 4 GiB, but not as real and V86 mode have it */
};

enum reach { REACH_READ, REACH_WRITE };
enum { REACH_CODE16, REACH_CODE32 };

/* A computed access reads its segment's base at `field - CPU_GATE_INDEX + (CPU_GATE_INDEX or 0)`
 * from struct cpu: 0 if the limit forbids the access, and then it faults in the reserved addresses
 * below. */
enum { CPU_GATE_SHIFT = 44, CPU_GATE_INDEX = (1 << 20) - 1, CPU_GATE_BYTES = 1 << 20 };

/* Results of code reached lightly from guest code (general registers only, no libc). */
enum light_result {
    LIGHT_NEXT = 0,  /* done: go on after this instruction (eip was not changed by the callee) */
    LIGHT_JUMP = 1,  /* eip, CPL, segments, address space ... were set: re-enter at cpu->eip */
    LIGHT_FAULT = 2, /* cpu->fault is to be delivered, eip unchanged, nothing else changed */
    LIGHT_EXIT = 3,  /* the monitor must see it: cpu->exit_reason is set */
};

enum exit_reason {
#define EXIT(name, text) EXIT_##name,
#include "cpu/exits.def"
#undef EXIT
    N_EXIT_REASONS
};

/* SDM vol. 3, "Masking Exceptions and Interrupts When Switching Stacks"; vol. 2, "STI". */
enum shadow {
    SHADOW_INTERRUPTS = 1, /* STI */
    SHADOW_DEBUG = 2,      /* MOV SS, POP SS: debug exceptions too */
};

/* Where the last x87 instruction was, as FLDENV and its kin load it. */
struct fpu_pointers {
    uint32_t ip, dp;
    uint16_t cs, ds, opcode;
};

struct insn;
struct view;
struct machine;
struct trace;

enum {
    CPU_STAGING_BYTES = 1024,
    CPU_DUAL_SLOTS = 2048,
    CPU_ACC_HINTS = 32,
    CPU_LOOKUPS = 256,
    CPU_LOOKUP_SITES = 2048,
    CPU_QUICK = 256,          /* the low byte of a page number */
    CPU_QUICK_USER = 1 << 24, /* page numbers have 20 bits */
    CPU_QUICK_NEVER = 1,
    CPU_QUICK_LIST = 64,
    CPU_COUNTERS = 4096,
    CPU_HOT_IMMS = 64,
    CPU_STACKS = 32,
    CPU_NO_KEY = 1 << 16
};

/* Eight bytes of guest memory, where the supervisor's window has them. */
struct acc_same {
    uint64_t host, value;
};

/* A way from one flat ring to another, or within ring 0, as it was taken (emul/ring.c): valid while
 * its bytes are what they were. Whatever else it stands on closes it: cpu_close_ways(). */
struct cpu_way {
    uint64_t generation; /* cpu->way_generation */
    uint32_t mode, new_mode;
    uint32_t n_same;         /* of same[]: gate, CS, SS; or CS, SS */
    struct acc_same same[3]; /* all in the window of all address spaces */
    uint64_t last;           /* host address of the TSS's ESP0, or any */
    struct segment cs, ss;
    uint32_t eip, keeps_if, dpl; /* of the gate */
    bool changes_ring;
};

struct cpu {
    /* ---- part 1: named by assembly and emitted code ---- */
    uint64_t gpr[N_GPR];   /* guest registers; upper halves zero. gpr[4] = ESP as guest value */
    uint32_t eip;          /* offset in CS */
    uint32_t arith;        /* FLAGS_ARITH bits, valid between runs */
    uint32_t iff;          /* guest IF: 0 or FLAG_IF */
    uint32_t sysflags;     /* FLAGS_SYSTEM bits */
    uint32_t intr;         /* 1 while the interrupt controller's INTR output is high */
    uint32_t exit_request; /* set by signals: leave guest code at the next boundary */
    uint32_t df; /* guest DF while guest code runs, 0 or FLAG_DF: RFLAGS has it too, but LAHF
                    does not read it and PUSHFQ takes 4 ns until its image is there */
    uint32_t exit_reason;
    uint64_t window; /* r13, GS.base: base of the D-view window of the current mode */
    uint64_t dir;    /* r14: I-view directory of the current mode */
    uint64_t
        seg_base_ptr[N_SEG]; /* &seg[i].base while the fast form of access is allowed (limit
                                4 GiB, present, writable data), else the poison page's address */
    struct segment seg[N_SEG];
    uint64_t host_rsp;        /* monitor's stack while guest code runs */
    struct cpu_stack {
        uint64_t rsp;            /* of guest code while C runs: the next call pushes below */
        uint32_t owner;          /* directory + 1; 0: none yet */
    } *stack_now;                /* cpu/stacks.h */
    struct view *view;        /* owner of windows and directories */
    uint64_t helper[64];      /* light helpers and stubs, called as call *helper[i](%r15) */
    uint64_t scratch[8];      /* for emitted code: spills inside one instruction */
    uint64_t dual_base[CPU_DUAL_SLOTS]; /* by lin >> 21: window where CPL<3 finds that 2 MiB */
    struct trace *trace;               /* where log rules write, or NULL */
    uint32_t staged_lin, staged_bytes; /* a checked store in flight: where staging goes */
    uint32_t insn_eip;                 /* EIP of the instruction a light helper was called for */
    uint32_t mode;                     /* enum mode_bits */
    uint64_t tsc_offset;               /* guest TSC = host TSC + this */
    /* What computed accesses need of segments (translate/computed.c): -(limit + 1) where the access
     * needs no more than that check, 0 where C must look at it. enum reach. */
    int64_t reach[2][N_SEG];        /* loads and stores through each segment register */
    int64_t stack_reach[2];         /* SS as the stack: never beyond FFFF while SS.B is 0 */
    int64_t code_reach[2];          /* branches with 16-bit operands, with 32-bit ones */
    uint32_t cs_minus;              /* 0 - CS base: linear address -> EIP by an addition */
    uint64_t count[CPU_COUNTERS];   /* of rules of the map that count */
    uint32_t hot_imm[CPU_HOT_IMMS]; /* constants of instructions that are written often (cache/) */
    /* Where a segment register was loaded from: loading the same selector again changes nothing
     * while the eight bytes at seg_lin are seg_raw. Not for CS and SS, null, LDT. */
    uint64_t seg_raw[N_SEG];
    uint32_t seg_lin[N_SEG];
    uint32_t seg_key[N_SEG];     /* the selector, or CPU_NO_KEY */
    uint64_t left[CPU_COUNTERS]; /* of those that sample: hits to the next event. count is what it
                                    will be then, so hits = count - left */
    /* What looked-up sites find without a call (translate/lookup.c), loads and stores, by the low
     * byte of the page number: tag + page number + right is 0. quick_delta: host address in guest
     * RAM - linear address. */
    uint32_t quick_tag[2][CPU_QUICK];
    uint64_t quick_delta[2][CPU_QUICK];

    /* ---- part 2: C only ---- */
    _Alignas(64) uint8_t staging[CPU_STAGING_BYTES];
    _Alignas(64) uint8_t fpu[4096]; /* guest x87/SSE while parked: FXSAVE64 image (XSAVE later) */
    bool fpu_parked; /* true: guest FPU state is in fpu[]; false: live in host registers */

    uint8_t cpl;
    uint8_t interrupt_shadow; /* enum shadow: what waits until one more instruction is done */
    bool a20;                 /* A20 gate open */
    bool halted;
    bool nmi, nmi_blocked; /* one waits; from its delivery to the next IRET another has to wait */

    uint32_t cr0, cr2, cr3, cr4, efer;
    uint32_t dr[8];
    struct table_register gdtr, idtr;
    struct segment ldtr,
        tr; /* access holds the type (2 = LDT, 9/11 = 32-bit TSS avail/busy, 1/3) */
    uint32_t sysenter_cs, sysenter_esp, sysenter_eip;
    uint64_t msr_misc_enable, msr_pat, msr_mtrr_def_type, apic_base;
    uint64_t msr_mtrr_fix[11], msr_mtrr_var[16];

    struct fault fault;     /* with LIGHT_FAULT, EXIT_FAULT */
    bool in_delivery;       /* an exception is being delivered (for #DF) */
    struct insn *exit_insn; /* instruction that exited, or NULL */
    uint32_t exit_arg[4];   /* see exits.def */

    struct machine *machine;
    uint64_t n_light[128]; /* calls by light operation */
    uint64_t n_exit[64];   /* exits by reason */

    /* acc.c and the fault handler: rights of the C access under way, and why it failed */
    uint8_t acc_user, acc_answer;
    struct acc_hint {
        uint32_t tag;  /* page | right | access, 0: free */
        uint32_t left; /* accesses until the window is tried again */
    } acc_hint[CPU_ACC_HINTS], acc_cold[CPU_ACC_HINTS];
    uint32_t acc_warm[2 * CPU_ACC_HINTS]; /* reads, writes: page | 4 | write, 0: free */
    /* view/lookup.c: translations that looked-up sites have used, valid as a TLB's are */
    struct cpu_lookup {
        uint64_t tag;   /* generation << 32 | page | right | access */
        uint64_t delta; /* host address of the byte in guest RAM - linear address; bit 0: the window
                           did not have the page when it was found */
    } lookup[CPU_LOOKUPS];
    uint32_t lookup_generation;
    uint64_t lookup_large[16]; /* 4 MiB regions where a large page, or paging off, was found */
    bool any_lookup_large;
    unsigned n_quick;                    /* of quick_tag that were set since all was forgotten */
    uint16_t quick_list[CPU_QUICK_LIST]; /* the first of them */
    uint32_t lookup_epoch;               /* counts view_age_lookups() */
    uint32_t lookup_paid;                /* the last epoch in which they spared many faults, */
    uint32_t lookup_n_spared;            /* n_spared when the present one began */
    uint64_t lookup_epoch_tsc;
    uint32_t n_spared;  /* host faults that look-ups have spared */
    uint32_t n_found;   /* pages that they were the first to find, each time one is given away */
    uint32_t n_charged; /* pages that were found, and had to be mapped after all */
    uint32_t lookup_by; /* who looks up: a number below CPU_LOOKUP_SITES */
    bool looks_up;      /* acc.h's accesses ask no window */
    uint64_t exit_host; /* a host address of the instruction that left by EXIT_SITE */
    /* cpu/stacks.c: host stacks of guest calls */
    struct cpu_stack stack[CPU_STACKS];
    uint64_t stacks_host;
    uint32_t n_stacks_emptied; /* times the one in use was */
    bool stacks_stale;         /* empty all before guest code is entered again */
    uint64_t n_stack_resets, n_host_faults, n_signals, n_steps;

    uint64_t poison_ptr; /* what seg_base_ptr holds for a segment without the fast form; set by the
                            machine before cpu_reset() */
    uint64_t tsc_hz;     /* frequency of the guest's (= the host's) TSC; set by the machine */
    /* what view_switch_mode() said last, for rings 0-2 and for ring 3: good for that mode until
     * cpu_forget_switches() */
    struct cpu_switch {
        uint32_t mode; /* UINT32_MAX: none */
        uint64_t window, dir;
        struct cpu_stack *stack;
    } switched[2];
    /* emul/ring.c */
    uint64_t way_generation;
    struct cpu_way way_in[2][256]; /* from ring 0, from ring 3; by vector */
    struct cpu_way way_out[4];     /* by RPL */
    bool no_rings;
    /* emul/known.c: what FS and GS were loaded with last, by selector, as ways are */
    struct cpu_known {
        uint64_t generation; /* cpu->way_generation */
        uint64_t raw;
        uint32_t lin, max_cpl;
        struct segment segment;
        uint64_t base_ptr;
        int64_t reach[2];
    } known[2][4];
    bool ports_full;     /* the FPU is parked: port access may run any C (see emul.h) */
    uint64_t msr_tsc_adjust, msr_debugctl, msr_bios_sign;
    uint32_t msr_tsc_aux, msr_spec_ctrl;
    uint32_t code_end;   /* MODE_CSLIMIT: linear address of the first byte beyond CS, else 0 */
    uint32_t debug_hits; /* DR6 bits 0-3 that the current instruction's accesses earned */
    uint16_t lookup_charged[CPU_LOOKUP_SITES]; /* of n_charged, by who found them */
    bool watch_hit;      /* the current instruction hit a watch of ours: repeats pause behind it */
    bool plant_done; /* what is planted at plant_done_lin has been done: the instruction begins a
                        second time for the same execution (a repeat goes on, a site is re-made) */
    uint32_t plant_done_lin;
    uint32_t port_last; /* what INS or OUTS moved last */
    bool acc_quiet;     /* pieces of an access that view/ has reported as a whole */
    /* x87 pointers (monitor/fpu_light.c): what the guest loaded, and what the host's registers held
     * when they were parked: addresses in the code cache, 0 = none since the guest loaded some */
    struct fpu_pointers fpu_pointers;
    uint32_t fpu_parked_ip, fpu_parked_dp;
    uint32_t fpu_checked_off; /* operand of the last x87 instruction that ran on staging */
    struct host_cpuid {
        uint32_t ecx1, edx1, ebx7, ecx81, edx81;
    } host_cpuid; /* at cpu_reset() */
};

/* EFLAGS as the guest's PUSHF would see it (RF and VM included as they stand). */
static inline bool cpu_takes_nmi(const struct cpu *cpu)
{
    return cpu->nmi && !cpu->nmi_blocked;
}
/* What the shadow of STI and MOV SS holds off is not looked at. */
static inline bool cpu_takes_interrupt(const struct cpu *cpu)
{
    return (cpu->intr && cpu->iff) || cpu_takes_nmi(cpu);
}
static inline uint32_t cpu_eflags(const struct cpu *cpu)
{
    return (cpu->arith & FLAGS_ARITH) | cpu->iff | cpu->sysflags | FLAG_FIXED;
}
/* Sets all of EFLAGS without any privilege check. Caller runs cpu_update_mode() when TF/VM changed.
 */
static inline void cpu_set_eflags(struct cpu *cpu, uint32_t eflags)
{
    cpu->arith = eflags & FLAGS_ARITH;
    cpu->iff = eflags & FLAG_IF;
    cpu->sysflags = eflags & FLAGS_SYSTEM;
}
static inline unsigned cpu_iopl(const struct cpu *cpu)
{
    return (cpu->sysflags >> 12) & 3;
}
static inline uint32_t cpu_reg(const struct cpu *cpu, unsigned reg)
{
    return (uint32_t)cpu->gpr[reg];
}
static inline void cpu_set_reg(struct cpu *cpu, unsigned reg, uint32_t v)
{
    cpu->gpr[reg] = v;
}

/* cpu.c: power-up state of SDM vol. 3, "Processor State After Reset". Keeps view/machine/helpers.
 */
void cpu_reset(struct cpu *cpu);
/* mode.c: recomputes mode and seg_base_ptr from CR0, CPL, segments, flags, DR7. Cheap, light. Sets
 * window and dir through view_switch_mode() when the mode or ring changed. */
void cpu_update_mode(struct cpu *cpu);
/* mode.c: recomputes seg_base_ptr[seg] and what computed accesses need (after a load of that
 * segment register). */
void cpu_update_segment(struct cpu *cpu, enum seg seg);
/* mode.c: cpu_update_mode() for a caller that has run cpu_update_segment() for each segment
 * register it loaded: the hot half, for interrupts and their returns. */
void cpu_update_ring(struct cpu *cpu);
/* mode.c: the same when mode had MODE_FLAT, CODE32 and STACK32 before, CS and SS were replaced by
 * flat 32-bit ones, DS and ES are as they were, and CPL is 0 or 3: system calls and interrupts. */
void cpu_update_flat_ring(struct cpu *cpu);
/* mode.c: what it would set with these flags; and to set it. */
uint32_t cpu_flat_mode(const struct cpu *cpu, uint32_t eflags);
void cpu_set_flat_mode(struct cpu *cpu, uint32_t mode);
/* view/ would answer otherwise now. */
static inline void cpu_forget_switches(struct cpu *cpu)
{
    cpu->switched[0].mode = cpu->switched[1].mode = UINT32_MAX;
}
/* Something that struct cpu_way does not compare has changed: IDTR, GDTR, TR, CR0, the windows. */
static inline void cpu_close_ways(struct cpu *cpu)
{
    cpu->way_generation++;
}
/* debug.c: SDM vol. 3, "Debug Registers". What the armed ones say, as DR6 bits 0-3. Light. */
uint32_t cpu_debug_code(const struct cpu *cpu, uint32_t lin);
uint32_t cpu_debug_port(const struct cpu *cpu, uint32_t port, unsigned size_bytes);
/* The same for an access to data, added to cpu->debug_hits. */
void cpu_debug_data(struct cpu *cpu, uint32_t lin, unsigned n_bytes, bool write);
/* True if alignment checking is on ("Alignment Check Exception (#AC)"). Implies MODE_WATCH. */
static inline bool cpu_checks_alignment(const struct cpu *cpu)
{
    return (cpu->mode & MODE_WATCH) && cpu->cpl == 3 && (cpu->cr0 & CR0_AM) &&
           (cpu->sysflags & FLAG_AC);
}
/* True if CS DS ES SS are all "flat" in the sense of MODE_FLAT. */
bool cpu_is_flat(const struct cpu *cpu);

#endif
