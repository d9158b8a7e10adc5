/* ring.c - INT, exceptions, interrupts and IRET in the shape that nearly all of them have: from
 * flat ring 3 to flat ring 0 and back, or within flat ring 0, through 32-bit gates and frames, with
 * tables and stacks in pages used a moment ago (SDM vol. 3, "Interrupt and Exception Handling").
 *
 * A way that was taken is remembered (struct cpu_way): what gate, descriptors and mode came to. The
 * next time the same bytes are compared where they lie, and nothing is taken apart. Where a way is
 * not known, the same checks as in deliver.c and iret.c are made in one pass. Those do whatever has
 * another shape, and every fault: a function here that says no has changed nothing, and says
 * nothing. Hot. cpu->no_rings (-engine no-rings) sends all of it the long way.
 */
#include "emul/local.h"

/* Of these bits of the mode MODE_ALL_FLAT must be there, and no other. */
enum { FLAT_NEEDS = MODE_ALL_FLAT | MODE_V86 | MODE_WATCH | MODE_STEP };

/* Present, not a segment, 32-bit interrupt or trap gate: bits 8-15 but the DPL and the T bit. */
enum { GATE_MASK = 0x9e00, GATE_32 = 0x8e00, GATE_IS_TRAP = 0x100 };

#define FLAT_DESC(pattern, ring) ((uint64_t)((pattern) | (uint32_t)(ring) << 13) << 32 | 0xffff)

/* Eight bytes of a table that a supervisor has used a moment ago. */
static bool read_same(struct cpu *cpu, uint32_t lin, struct acc_same *same)
{
    same->host = cpu->dual_base[lin >> 21] + lin;
    return acc_read_near8(cpu, lin, &same->value);
}

/* The selector's descriptor in the GDT is that flat one. */
static bool read_flat(struct cpu *cpu, uint32_t selector, unsigned ring, uint32_t pattern,
                      struct acc_same *same)
{
    return (selector & (SEL_TI | SEL_RPL)) == ring && selector > SEL_RPL &&
           (selector | 7) <= cpu->gdtr.limit &&
           read_same(cpu, cpu->gdtr.base + (selector & SEL_INDEX), same) &&
           (same->value & ~((uint64_t)FLAT_AVL << 32)) == FLAT_DESC(pattern, ring);
}

/* The same bytes are found there in every address space: no slot of the supervisor's window that
 * has been given to the private ones. */
static bool is_shared(const struct acc_same *same, uint64_t window)
{
    return same->host - window <= UINT32_MAX;
}

/* CS and SS were flat and are again: nothing that follows from them is another but the mode. */
static void go(struct cpu *cpu, const struct cpu_way *way)
{
    cpu->seg[SEG_CS] = way->cs;
    if (way->changes_ring) {
        cpu->seg[SEG_SS] = way->ss;
        cpu->cpl = way->ss.access >> 5 & 3;
    }
    cpu_set_flat_mode(cpu, way->new_mode);
}

/* CS may be typed as data, as reset leaves it, until it is loaded for the first time. */
static bool is_usual(const struct cpu *cpu)
{
    return (cpu->mode & FLAT_NEEDS) == MODE_ALL_FLAT && (cpu->mode & (MODE_USER | MODE_CPL0)) &&
           (cpu->seg[SEG_CS].access & SEG_CODE) && !cpu->no_rings;
}

/* Is the way still what it was? Then *last is what its last eight bytes are. */
static bool is_open(struct cpu *cpu, struct cpu_way *way, uint64_t *last)
{
    if (way->mode != cpu->mode || way->generation != cpu->way_generation) {
        return false;
    }
    cpu->acc_user = false;
    const struct acc_host got = acc_host_match(way->same, way->n_same, way->last);
    *last = got.value;
    return !got.failed;
}

/* ---- into ring 0 ---- */

/* A stack that was used before the last CR3 load is no near one: acc_write() knows whether the
 * window still has it. In one page, so that the first store proves that the others will succeed. */
static bool store(struct cpu *cpu, uint32_t lin, const uint32_t *words, unsigned n)
{
    if (__builtin_expect(acc_write_near(cpu, lin, words, n), 1)) {
        return true;
    }
    if ((lin & 4095) > 4096 - 4 * n) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        if (acc_write(cpu, lin + 4 * i, 4, ACC_SUP, words[i])) {
            return false;
        }
    }
    return true;
}

static bool push(struct cpu *cpu, const struct entry *entry, bool inner, uint32_t esp)
{
    const uint32_t words[6] = {entry->error,  entry->return_eip,     cpu->seg[SEG_CS].selector,
                               entry->eflags, cpu_reg(cpu, GPR_ESP), cpu->seg[SEG_SS].selector};
    const unsigned first = entry->has_error ? 0 : 1, n = (inner ? 6 : 4) - first;
    const uint32_t lin = esp - 4 * n;
    if (lin > esp || !store(cpu, lin, words + first, n)) {
        return false;
    }
    cpu_set_reg(cpu, GPR_ESP, lin);
    return true;
}

static void enter(struct cpu *cpu, const struct cpu_way *way)
{
    cpu->eip = way->eip;
    cpu->sysflags &= ~(uint32_t)(FLAG_TF | FLAG_NT | FLAG_RF | FLAG_VM);
    cpu->iff &= way->keeps_if;
    go(cpu, way);
}

/* Takes the gate apart. False: another shape. *ss_esp: the TSS's ESP0 and SS0, from ring 3. */
static bool find_entry(struct cpu *cpu, const struct entry *entry, struct cpu_way *way,
                       uint64_t *ss_esp)
{
    struct acc_same *gate = &way->same[0], *cs = &way->same[1], *ss = &way->same[2], tss;
    if (entry->vector * 8 + 7 > cpu->idtr.limit ||
        !read_same(cpu, cpu->idtr.base + entry->vector * 8, gate)) {
        return false;
    }
    const uint32_t selector = (uint16_t)(gate->value >> 16), high = (uint32_t)(gate->value >> 32);
    way->dpl = high >> 13 & 3;
    if ((high & GATE_MASK) != GATE_32 || !read_flat(cpu, selector, 0, FLAT_CODE, cs)) {
        return false;
    }
    way->eip = (high & 0xffff0000u) | (uint16_t)gate->value;
    way->keeps_if = high & GATE_IS_TRAP ? FLAG_IF : 0;
    way->cs = emul_flat_segment(selector, 0, FLAT_CODE);
    way->changes_ring = cpu->mode & MODE_USER;
    way->n_same = 2;
    way->last = gate->host;
    if (!way->changes_ring) {
        return true;
    }
    if (!(cpu->tr.access & DESC_IS_32) || cpu->tr.limit < TSS32_ESP0 + 5 ||
        !read_same(cpu, cpu->tr.base + TSS32_ESP0, &tss) ||
        !read_flat(cpu, (uint16_t)(tss.value >> 32), 0, FLAT_DATA, ss)) {
        return false;
    }
    way->ss = emul_flat_segment((uint16_t)(tss.value >> 32), 0, FLAT_DATA);
    way->n_same = 3;
    way->last = tss.host;
    *ss_esp = tss.value;
    return true;
}

/* In ring 0, where cpu->window is the one that all address spaces share. */
static void remember(struct cpu *cpu, struct cpu_way *way, const struct cpu_way *found)
{
    bool shared = found->last - cpu->window <= UINT32_MAX;
    for (unsigned i = 0; i < found->n_same; i++) {
        shared = shared && is_shared(&found->same[i], cpu->window);
    }
    if (shared) {
        *way = *found;
        way->generation = cpu->way_generation;
    }
}

static bool enter_anew(struct cpu *cpu, const struct entry *entry, struct cpu_way *way)
{
    struct cpu_way found = {.mode = cpu->mode};
    uint64_t ss_esp = cpu_reg(cpu, GPR_ESP);
    if (!is_usual(cpu) || !find_entry(cpu, entry, &found, &ss_esp) || found.dpl < entry->min_dpl ||
        !push(cpu, entry, found.changes_ring, (uint32_t)ss_esp)) {
        return false;
    }
    cpu->cpl = 0;
    found.new_mode = cpu_flat_mode(cpu, 0);
    enter(cpu, &found);
    remember(cpu, way, &found);
    return true;
}

bool emul_enter_flat(struct cpu *cpu, const struct entry *entry)
{
    const bool inner = cpu->mode & MODE_USER;
    struct cpu_way *way = &cpu->way_in[inner][entry->vector & 255];
    uint64_t ss_esp;
    if (!is_open(cpu, way, &ss_esp) || way->dpl < entry->min_dpl) {
        return enter_anew(cpu, entry, way);
    }
    if (inner && (uint16_t)(ss_esp >> 32) != way->ss.selector) {
        return enter_anew(cpu, entry, way);
    }
    if (!push(cpu, entry, inner, inner ? (uint32_t)ss_esp : cpu_reg(cpu, GPR_ESP))) {
        return false;
    }
    enter(cpu, way);
    return true;
}

/* ---- back ---- */

/* Data segments that ring 3 may keep: its own, or null without an RPL. */
static bool keeps_segments(const struct cpu *cpu)
{
    static const uint8_t data_segments[4] = {SEG_ES, SEG_DS, SEG_FS, SEG_GS};
    bool keeps = true;
    for (unsigned i = 0; i < 4; i++) {
        const struct segment *segment = &cpu->seg[data_segments[i]];
        const unsigned rights = segment->access & (SEG_PRESENT | SEG_DPL);
        keeps &= rights == (SEG_PRESENT | SEG_DPL) || !(segment->selector | segment->access);
    }
    return keeps;
}

enum { EIP, CS, EFLAGS, ESP, SS, N_WORDS };

static void leave(struct cpu *cpu, const struct cpu_way *way, const uint32_t words[N_WORDS])
{
    cpu_set_eflags(cpu, words[EFLAGS]); /* CPL 0 may set all but VM, which is 0 */
    cpu->eip = words[EIP];
    cpu_set_reg(cpu, GPR_ESP, way->changes_ring ? words[ESP] : cpu_reg(cpu, GPR_ESP) + 12);
    go(cpu, way);
    if (way->changes_ring && __builtin_expect(!keeps_segments(cpu), 0) &&
        emul_drop_inner_segments(cpu)) {
        cpu_update_ring(cpu);
    }
}

static bool leave_anew(struct cpu *cpu, const uint32_t words[N_WORDS], struct cpu_way *way)
{
    struct cpu_way found = {.mode = cpu->mode};
    const uint32_t cs = (uint16_t)words[CS], ss = (uint16_t)words[SS];
    const unsigned rpl = cs & SEL_RPL;
    if (!is_usual(cpu) || (rpl != 0 && rpl != 3) ||
        !read_flat(cpu, cs, rpl, FLAT_CODE, &found.same[0]) ||
        (rpl == 3 && !read_flat(cpu, ss, 3, FLAT_DATA, &found.same[1]))) {
        return false;
    }
    found.changes_ring = rpl == 3;
    found.n_same = rpl == 3 ? 2 : 1;
    found.last = found.same[0].host;
    found.cs = emul_flat_segment(cs, rpl, FLAT_CODE);
    found.ss = emul_flat_segment(ss, 3, FLAT_DATA);
    cpu->cpl = (uint8_t)rpl;
    found.new_mode = cpu_flat_mode(cpu, words[EFLAGS]);
    if (!(words[EFLAGS] & (FLAG_TF | FLAG_AC))) {
        remember(cpu, way, &found);
    }
    leave(cpu, &found, words);
    return true;
}

/* A frame at the very top of a page has three words: no return to ring 3. */
static bool read_frame(struct cpu *cpu, uint32_t esp, uint32_t words[N_WORDS])
{
    const bool is_short = (esp & 4095) > 4096 - 4 * N_WORDS;
    const unsigned n = is_short ? 3 : N_WORDS;
    return (acc_read_near(cpu, esp, words, n) || !emul_peek_words(cpu, 0, 4, words, n)) &&
           !(is_short && (words[CS] & SEL_RPL)) && !(words[EFLAGS] & FLAG_VM);
}

bool emul_iret_flat(struct cpu *cpu, const struct insn *insn)
{
    uint32_t words[N_WORDS];
    uint64_t last;
    if ((cpu->mode & (MODE_CPL0 | FLAT_NEEDS)) != (MODE_CPL0 | MODE_ALL_FLAT) ||
        (cpu->sysflags & FLAG_NT) || insn->opattr != 4 || cpu->no_rings ||
        !read_frame(cpu, cpu_reg(cpu, GPR_ESP), words)) {
        return false;
    }
    cpu->nmi_blocked = false; /* "Handling Multiple NMIs" */
    struct cpu_way *way = &cpu->way_out[words[CS] & SEL_RPL];
    if ((uint16_t)words[CS] != way->cs.selector || (words[EFLAGS] & (FLAG_TF | FLAG_AC)) ||
        (way->changes_ring && (uint16_t)words[SS] != way->ss.selector) ||
        !is_open(cpu, way, &last)) {
        return leave_anew(cpu, words, way);
    }
    leave(cpu, way, words);
    return true;
}
