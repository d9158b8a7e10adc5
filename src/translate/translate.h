/* translate.h - policy: scanned instructions -> host code of one unit. Place in the flow: scan ->
 * map -> translate -> emit -> cache. Reads no guest memory, owns no memory but its caller's buffer.
 *
 * Register conventions (design section 3): guest eax ecx edx ebx ebp esi edi in the host registers
 * of the same name with upper halves zero; r12 = window + ESP; r13 = window = GS.base; r14 =
 * I-view directory; r15 = struct cpu; rsp = host stack of guest calls; r8-r11 scratch.
 */
#ifndef TRANSLATE_TRANSLATE_H
#define TRANSLATE_TRANSLATE_H

#include "cache/codepage.h"
#include "cli/options.h"
#include "cpu/cpu.h"
#include "emit/emit.h"
#include "map/map.h"
#include "run/offsets.h"
#include "scan/scan.h"

/* How a site reaches memory. */
enum site_kind {
    SITE_DIRECT, /* prefixes only, or through r12/r13 */
    SITE_GS = 1, /* direct, but never the r13/r12 forms: base + disp wraps */
    SITE_DUAL = 2,
    SITE_CHECKED = 4,
    SITE_COMPUTED = 8, /* flat code, but FS or GS has a limit */
    SITE_LOOKUP = 16,  /* keeps meeting pages that are not mapped: runs in guest RAM itself */
};

/* What a looked-up site's call to C names. */
struct lookup_site {
    struct insn insn;
    uint32_t left;     /* uses until it is judged again */
    uint32_t n_spared; /* host faults it has spared since it was */
    uint32_t n_ever;   /* and since it was made */
    uint32_t stale;    /* the last epoch (view_age_lookups) in which it was asked and spared none */
    uint32_t n_stale;  /* how many there were since it last did */
    uint64_t counted;  /* tag of the look-up that was the last to be counted */
    uint32_t n_found;  /* pages that it was the first to find, lately, */
    uint16_t charged;  /* and cpu->lookup_charged[] of it then: how many were mapped after all */
    bool is_new;       /* charged says nothing yet */
};
enum { LOOKUP_REVIEW_USES = 512 };
static inline void translate_begin_lookup(struct lookup_site *site)
{
    site->left = LOOKUP_REVIEW_USES;
    site->n_spared = site->n_ever = 0;
    site->stale = site->n_stale = 0;
    site->counted = 0;
    site->n_found = 0;
    site->is_new = true;
}

/* What the sampling code of an indirect jump or call names: chain.c. */
enum {
    CHAIN_TARGETS = 4,
    JUMP_TARGETS = 8,
    JUMP_SAMPLING_BYTES = 17,
    JUMP_SAMPLING_SITE = 2, /* where in it the site is named */
    JUMP_CALL_BYTES = 5
};
struct jump_site {
    struct insn insn;
    uint64_t host, behind; /* of the sampling code, which comes before the look-up; behind both */
    uint64_t chain;        /* 0: none has been made */
    struct jump_site *next_judged;
    uint8_t n_samples, n_targets, n_other, n_chains;
    uint8_t last;            /* 1 + number of the target before; 0: another one */
    uint8_t n_asked, n_told; /* how often a target had been met before, and was followed as then */
    uint8_t n_hits[JUMP_TARGETS];
    uint8_t followed_by[JUMP_TARGETS]; /* as last */
    uint32_t targets[JUMP_TARGETS];
};

struct translate_input {
    const struct scan_result *scan;
    const struct scanner *scanner;
    const struct map *map; /* what insn->plant is about */
    struct cache *cache;
    struct codepage *page;
    unsigned engine;     /* enum engine_flags */
    uint64_t cross_next; /* crossing unit: expected directory entry of the next page, else 0 */
    /* what is known of the site at this page offset: enum site_kind bits */
    unsigned (*site)(void *arg, uint32_t page_off);
    bool is_unhinted; /* site() would say 0 for all offsets */
    /* Does the I-view lead from linear address lin to code that is "mov (%esp), %reg; ret"? Which
     * register. NULL: not asked. */
    bool (*thunk)(void *arg, uint32_t lin, unsigned *reg);
    /* the number of the slot that holds the 4-byte constant imm_off bytes behind, or -1; NULL: none
     */
    int (*slot)(void *arg, const struct insn *insn, unsigned imm_off);
    /* Is told what the unit is, in a form that translate_replay() makes it of again; NULL: nobody
     * asks. Valid during the call. */
    void (*record)(void *arg, const uint8_t *bytes, uint32_t n_bytes);
    void *arg;
};

enum run_flag { RUN_MEMBER = 1, RUN_GOES_ON = 2 /* behind it ESP may be pending */ };
enum { MAX_FIXUPS = 512, MAX_LINKS = 256, MAX_MOVES = 1024, MAX_JOINS = 128, MAX_SITES = 192 };

/* A rel32 of the unit, and where in the page it leads. */
struct join {
    uint32_t field_off, target_off;
};
/* For record.c: what a call to C names. */
struct made_site {
    uint32_t field_off; /* of the 8 bytes that name it */
    uint32_t n_bytes;
    bool is_jump; /* struct jump_site */
    struct insn *site;
};

struct translator {
    const struct translate_input *in;
    struct emit emit;
    uint32_t page_eip; /* EIP of the page's first byte */
    uint32_t mode;
    bool is_flat;       /* segments flat, 32-bit stack: direct forms */
    bool may_slot;      /* constants from slots: slot.c */
    unsigned index;     /* instruction being translated */
    unsigned n_insns;   /* of the unit: fewer than were scanned if they get too long */
    unsigned kind;      /* its site kind */
    unsigned unit_kind; /* enum unit_kind bits collected for it */
    uint16_t aux;
    uint32_t plant_end; /* emit offset behind what is planted before the instruction */
    bool plant_due;     /* what is planted goes with the call of the instruction's C function */
    bool commits;       /* the checked access stores: OP_COMMIT is due behind it */
    bool shadow_next;
    uint32_t host_off[SCAN_MAX_INSNS + 1];
    uint8_t branches[SCAN_MAX_INSNS]; /* indices of what has a known target ... */
    uint8_t movers[SCAN_MAX_INSNS];   /* and of what moves ESP by a constant */
    unsigned n_branches, n_movers;
    uint8_t loop_bytes[SCAN_MAX_INSNS]; /* at the head of a small loop: its size, else 0 */
    uint8_t run[SCAN_MAX_INSNS];        /* enum run_flag */
    bool samples;                       /* indirect branches may have their targets counted */
    int32_t esp_pending;                /* guest ESP = r12 + this: stack_run.c */
    struct unit_insn insns[SCAN_MAX_INSNS];
    struct {
        uint32_t field_off, target_index;
    } fixups[MAX_FIXUPS]; /* forward, inside the unit */
    unsigned n_fixups;
    struct {
        uint32_t field_off, target_eip, off;
    } exits[MAX_FIXUPS]; /* out of line */
    unsigned n_exits;
    struct join links[MAX_LINKS]; /* to be joined later */
    unsigned n_links;
    bool may_move;             /* what says where the unit is is noted, for cache/move.c */
    uint32_t moves[MAX_MOVES]; /* enum move_kind, offset in the unit */
    unsigned n_moves;
    uint8_t cross_off;            /* as in struct unit */
    uint32_t landing_jump;        /* emit offset of the last jump to STUB_LANDING, or 0 */
    struct join joins[MAX_JOINS]; /* to units that were there; for record.c */
    struct made_site sites[MAX_SITES];
    unsigned n_joins, n_sites; /* more than fit: it is not recorded */
};

/* May units of page lie elsewhere one day (cache/move.c, record.c)? */
static inline bool translate_may_move(const struct codepage *page, unsigned engine)
{
    const uint32_t is = MODE_FLAT | MODE_STACK32 | MODE_CODE32 | MODE_USER;
    return (page->mode & (is | MODE_STEP | MODE_V86)) == is && !(engine & ENGINE_NO_MOVES) &&
           !page->phys->loose;
}

/* Translates and commits; NULL if the cache is full (caller flushes and tries again). */
struct unit *translate_unit(struct codepages *pages, const struct translate_input *in);
/* Re-makes one instruction out of line with other site kinds, and plants a jump to it at its old
 * place. in->scan holds just that instruction. NULL if the cache is full. */
struct unit *translate_patch(struct codepages *pages, const struct translate_input *in,
                             struct unit *unit, const struct unit_insn *old, unsigned kind);
/* record.c: what is recorded, and where it is to be had. */
struct translate_replay {
    struct codepages *pages;
    struct codepage *page; /* its mode is what it was then, and the engine's words too */
    const uint8_t *guest;  /* its contents */
    /* as in struct translate_input; NULL: 0 for all. What is known of a site is not in a record. */
    unsigned (*site)(void *arg, uint32_t page_off);
    void *arg;
    const uint8_t *bytes; /* aligned to 8 */
    uint32_t n_bytes;
};
/* Units of a page in the order in which they were recorded. NULL: the cache is full, or it cannot
 * be had here: other bytes, something is known of a site, what it branches to is not there. */
struct unit *translate_replay(const struct translate_replay *in);
/* Takes the jump to patch away again. */
void translate_unplant(struct cache *cache, struct unit *patch);
/* And puts the jump to one that was taken away from this instruction there again; NULL: there is
 * none. */
struct unit *translate_plant_again(const struct cache *cache, const struct unit *over,
                                   const struct unit_insn *old);
/* chain.c: compares for the targets that site has met most. in->scan holds just that instruction.
 * NULL if the cache is full. */
struct unit *translate_chain(struct codepages *pages, const struct translate_input *in,
                             struct unit *unit, const struct jump_site *site);
_Static_assert(OP_TARGET == OP_TARGET_NUMBER, "run/offsets.h");
/* Behind a site's sampling code r8d is what it was: the target. C may be asked to make it anew
 * while the guest's FPU state is live. */
static inline void translate_sampling_code(uint8_t *code, const struct jump_site *site)
{
    enum { TARGET = CPU_HELPER_AT(HELPER_TARGET), SITE = JUMP_SAMPLING_SITE };
    const uint8_t bytes[JUMP_SAMPLING_BYTES] = {
        0x49,        0xba, 0,    0,
        0,           0,    0,    0,
        0,           0, /* mov $site, %r10 */
        0x41,        0xff, 0x97, TARGET & 0xff,
        TARGET >> 8, 0,    0, /* call *TARGET(%r15) */
    };
    for (unsigned i = 0; i < JUMP_SAMPLING_BYTES; i++) {
        code[i] = i - SITE < 8 ? (uint8_t)((uint64_t)site >> 8 * (i - SITE)) : bytes[i];
    }
}
/* From now on site goes by way of its chain. */
void translate_go_by_chain(const struct cache *cache, const struct jump_site *site);
/* May the site of insn, decoded with its operands, be SITE_LOOKUP in code of this mode? */
bool translate_may_look_up(const struct insn *insn, uint32_t mode);

static inline bool translate_uses_fs_gs(const struct insn *insn)
{
    return insn->seg == SEG_FS || insn->seg == SEG_GS;
}

/* ---- between the files of this room ---- */
/* unit.c: the parts of making a unit; what jumps back into a unit goes when that one goes. */
void translate_init(struct translator *t, const struct translate_input *in);
void translate_exits(struct translator *t);
/* Room for a unit of t->mode. False: the cache is full. */
bool translate_begin(struct translator *t, uint32_t max_bytes, uint32_t n_insns);
/* record.c: tells t->in->record what is about to be finished, if it may be replayed elsewhere. */
void translate_record(const struct translator *t, uint32_t body_bytes);
struct unit *translate_finish(struct codepages *pages, struct translator *t, uint32_t body_bytes);
void translate_belong(struct codepage *page, struct unit *unit, struct unit *to);
static inline bool translate_flat(const struct translator *t)
{
    return t->is_flat;
}
static inline unsigned translate_site(const struct translator *t, uint32_t page_off)
{
    return t->in->is_unhinted ? 0 : t->in->site(t->in->arg, page_off);
}
void translate_native(struct translator *t, const struct insn *insn);
void translate_stack(struct translator *t, const struct insn *insn);
void translate_branch(struct translator *t, const struct insn *insn);
void translate_string(struct translator *t, const struct insn *insn);
void translate_inline(struct translator *t, const struct insn *insn);
/* access.c: insn with the operand's size and use, which the scan leaves out. */
struct insn translate_with_operand(const struct translator *t, const struct insn *insn);
/* access.c: the operand's linear address into r8d, where segments are flat or FS, GS. */
void translate_linear(struct translator *t, const struct insn *insn, int32_t delta);
/* lookup.c: the operand's address in guest RAM into r8. */
void translate_lookup(struct translator *t, const struct insn *insn);
/* access.c: is a pending #MF due before its operand's faults? */
bool translate_meets_mf(const struct insn *insn);
/* segment.c: MOV and POP to a segment register. */
void translate_load_segment(struct translator *t, const struct insn *insn);
/* slot.c: the instruction with its constant from a slot (codepage_constant), if it has one; asked
 * only if t->may_slot. */
bool translate_slot(struct translator *t, const struct insn *insn);
/* May it move ESP as those do that runs are made of? A first question. */
static inline bool translate_may_move_esp(const struct insn *insn)
{
    enum {
        MOVERS = SCAN_CALL | 1u << VERDICT_PUSH | 1u << VERDICT_POP | 1u << VERDICT_RET,
    };
    const bool of_esp = (insn->modrm & 0xc7) == (0xc0 | GPR_ESP) || insn_reg(insn) == GPR_ESP;
    const bool sum = insn->verdict == VERDICT_NATIVE && of_esp &&
                     ((insn->opcode & 0xfd) == 0x81 || insn->opcode == 0x8d);
    return scan_is(insn, MOVERS) | sum;
}
/* stack_run.c: marks runs; moves ESP, at once or where the run ends; makes r12 what ESP is. */
void translate_find_runs(struct translator *t);
void translate_move_esp(struct translator *t, int32_t delta);
void translate_settle_esp(struct translator *t);
static inline bool translate_in_run(const struct translator *t)
{
    return t->run[t->index] & RUN_MEMBER;
}
/* same.c: may instructions of this unit be copied; copies insn, of which insn->same is not 0, or
 * does nothing and returns false. */
bool translate_may_copy(const struct translator *t);
bool translate_copy(struct translator *t, const struct insn *insn);
/* stack_run.c: a native instruction of a run, if it has another form there. */
bool translate_run_native(struct translator *t, const struct insn *insn);
void translate_find_loops(struct translator *t);
/* At the head of a loop. */
void translate_align_loop(struct translator *t);
/* Is what a call comes back to translated now? */
static inline bool translate_behind_call(const struct translator *t)
{
    const struct insn *insn = &t->in->scan->insns[t->index];
    return t->index && scan_is_call(insn - 1) && insn[-1].eip + insn[-1].n_bytes == insn->eip;
}
/* What a call to C names: n_bytes that begin with insn. */
void *translate_make_site(struct translator *t, const struct insn *insn, uint32_t n_bytes);
/* 8 bytes at field_off name the site that was made last; for record.c. */
void translate_names_site(struct translator *t, uint32_t field_off, bool is_jump);
/* A call to the C function op for insn. */
void translate_helper(struct translator *t, const struct insn *insn, enum emul_op op);
/* The same; trap: by INT3, of which the signal handler makes that call. */
void translate_call_c(struct translator *t, const struct insn *insn, enum emul_op op, bool trap);
/* Does a rule or its technique ask for more than the instruction? plant.c is for those. */
static inline bool translate_is_touched(const struct insn *insn)
{
    return insn->plant || insn->technique >= TECHNIQUE_CALL;
}
/* plant.c: counters and calls that come before the instruction. */
void translate_plant_before(struct translator *t, const struct insn *insn);
/* The instruction itself by its C function, if the map says so. */
bool translate_plant_by_call(struct translator *t, const struct insn *insn);
void translate_plant_after(struct translator *t, const struct insn *insn);
/* Emits what is needed so that *mem addresses insn's memory operand; uses r8, r9. value_reg forms
 * may use r10, r11. Adds delta to the offset (POP through ESP). Returns false for CHECKED sites
 * that need translate_commit() after the access. */
void translate_address(struct translator *t, const struct insn *insn, int32_t delta, bool load,
                       struct host_mem *mem);
/* access.c: offset of the operand, plus delta, into r8d; no flags. */
void translate_offset(struct translator *t, const struct insn *insn, int32_t delta);
/* access.c: *mem addresses linear r8d in the window that its top bits call for; uses r9. */
void translate_dual(struct translator *t, struct host_mem *mem);
/* computed.c: may this site, which is not flat, take the computed form? */
bool translate_computed(const struct translator *t);
/* computed.c: r9d = base of seg, or a fault unless n_bytes at offset off_reg are within the int64_t
 * field `reach` of struct cpu; uses r11. */
void translate_gate(struct translator *t, int off_reg, int32_t reach, enum seg seg,
                    unsigned n_bytes);
/* computed_stack.c: stack instructions of code that is not flat. False: a C function is due. */
bool translate_computed_stack(struct translator *t, const struct insn *insn);
/* computed_stack.c: pushes size bytes of `value` (not r8, r9, r11), or of r11 after adding r11d =
 * cs_minus + lin if value is R11: a return offset. */
void translate_computed_push(struct translator *t, int value, uint32_t lin, unsigned size);
/* computed_stack.c: r10d = word of size bytes on top, r8d = ESP after it and extra bytes, for
 * translate_computed_set_esp(). */
void translate_computed_pop(struct translator *t, unsigned size, uint32_t extra);
void translate_computed_set_esp(struct translator *t);
/* computed_branch.c: the same for branches. */
bool translate_computed_branch(struct translator *t, const struct insn *insn);
/* computed_string.c: the same for string instructions and XLAT. */
bool translate_computed_string(struct translator *t, const struct insn *insn);
/* branch.c, for computed_branch.c: jmp rel32 to target; the LOOP family with ECX; the host's call
 * to target; jmp or call to linear address r8d; return there, over the host's return slot. */
void translate_jump_long(struct translator *t, uint32_t target_eip);
void translate_loop(struct translator *t, const struct insn *insn, uint32_t target_eip);
void translate_call_known(struct translator *t, const struct insn *insn, uint32_t target_eip);
void translate_go_indirect(struct translator *t, bool call);
/* chain.c: the same for the indirect jump or call insn, r8d is its target. */
void translate_go_sampled(struct translator *t, const struct insn *insn);
/* branch.c: the call insn's push; what it comes back to. */
void translate_push_return(struct translator *t, const struct insn *insn);
void translate_landing(struct translator *t, const struct insn *insn);
void translate_return(struct translator *t);
/* branch.c: the same, of code that loads reg; next: where it returns to. False: it cannot be. */
bool translate_thunk_bridge(struct translator *t, unsigned reg, uint32_t target_eip, uint32_t next);
/* thunk.c: the call in place, if its target only loads the return address. */
bool translate_thunk(struct translator *t, const struct insn *insn, uint32_t target_eip);
/* inline.c: EFLAGS as PUSHF shows them into r8d; uses r9, r10. */
void translate_flags_image(struct translator *t);
/* inline.c: behind CLD, STD: struct cpu's copy of DF. */
void translate_direction(struct translator *t, bool set);
/* computed.c: translate_address() for it; uses r8, r9, r11. False: the checked form is due. */
bool translate_computed_address(struct translator *t, const struct insn *insn, int32_t delta,
                                struct host_mem *mem);
/* Behind the access: stores of a checked site go from staging to memory. */
void translate_commit(struct translator *t, const struct insn *insn);
/* r12d holds a new ESP: make it a pointer again. is_written: a 32-bit write has surely cleared
 * r12's upper half. */
void translate_esp_fix(struct translator *t, bool is_written);
static inline int translate_reg(unsigned gpr)
{
    return gpr == GPR_ESP ? R12 : (int)gpr;
}
/* The last n_bytes that were emitted say where the unit is, in this way. */
void translate_note(struct translator *t, enum move_kind kind, unsigned n_bytes);
/* r32 = linear address lin of code; r64 = directory entry of its page. */
void translate_load_lin(struct translator *t, int reg, uint32_t lin);
void translate_load_entry(struct translator *t, int reg, uint32_t lin);
/* 32-bit store of a linear address of code. */
void translate_store_lin(struct translator *t, const struct host_mem *mem, uint32_t lin);
/* Leaves the unit for linear address of EIP target through the I-view. */
void translate_exit_direct(struct translator *t, uint32_t target_eip);
/* jmp (condition < 0) or jcc to target: joined, linked, or through the I-view. */
void translate_jump(struct translator *t, int condition, uint32_t target_eip);

#endif
