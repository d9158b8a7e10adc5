/* known.c - loads of a segment register with what it holds already, or, FS and GS, held a moment
 * ago: kernels load their own and null in turn, on each way in and out (SDM vol. 3, "Segment
 * Descriptors").
 *
 * What desc.c made of a descriptor is kept, and good while its eight bytes are the same and nothing
 * has closed the ways (struct cpu_way). FS and GS are read through struct segment, so what they
 * hold is no part of the mode. A function here that says no has changed nothing. Hot. -engine
 * no-rings sends all of it the long way.
 */
#include "emul/local.h"

static struct cpu_known *known_of(struct cpu *cpu, enum seg seg, uint32_t selector)
{
    return &cpu->known[seg - SEG_FS][selector >> 3 & 3];
}

/* "Privilege Level Checking When Accessing Data Segments": the RPL is the selector's own. */
static uint32_t max_cpl_of(const struct segment *segment)
{
    const bool conforms = (segment->access & (SEG_CODE | SEG_DC)) == (SEG_CODE | SEG_DC);
    return conforms ? 3 : segment->access >> 5 & 3;
}

void emul_remember_segment(struct cpu *cpu, enum seg seg, const struct desc *desc)
{
    const struct segment *segment = &cpu->seg[seg];
    if (seg < SEG_FS || (segment->selector & SEL_TI)) {
        return;
    }
    *known_of(cpu, seg, segment->selector) = (struct cpu_known){
        .generation = cpu->way_generation,
        .raw = cpu->seg_raw[seg],
        .segment = *segment,
        .lin = desc->lin,
        .max_cpl = max_cpl_of(segment),
        .base_ptr = cpu->seg_base_ptr[seg],
        .reach = {cpu->reach[REACH_READ][seg], cpu->reach[REACH_WRITE][seg]},
    };
}

/* The eight bytes at lin, in a page used a moment ago, are these. */
static bool is_same(struct cpu *cpu, uint32_t lin, uint64_t bytes)
{
    uint64_t now;
    return acc_read_near8(cpu, lin, &now) && now == bytes;
}

static bool load_null(struct cpu *cpu, enum seg seg, uint32_t selector)
{
    cpu->seg[seg] = (struct segment){.selector = (uint16_t)selector};
    cpu->seg_base_ptr[seg] = cpu->poison_ptr;
    cpu->reach[REACH_READ][seg] = cpu->reach[REACH_WRITE][seg] = 0;
    cpu->seg_key[seg] = CPU_NO_KEY;
    return true;
}

static bool load(struct cpu *cpu, enum seg seg, uint32_t selector)
{
    if (cpu->seg_key[seg] == selector) {
        return max_cpl_of(&cpu->seg[seg]) >= cpu->cpl &&
               is_same(cpu, cpu->seg_lin[seg], cpu->seg_raw[seg]);
    }
    if (seg < SEG_FS) {
        return false;
    }
    if (selector <= SEL_RPL) {
        return load_null(cpu, seg, selector);
    }
    const struct cpu_known *known = known_of(cpu, seg, selector);
    if (known->segment.selector != selector || known->generation != cpu->way_generation ||
        known->max_cpl < cpu->cpl || !is_same(cpu, known->lin, known->raw)) {
        return false;
    }
    cpu->seg[seg] = known->segment;
    cpu->seg_base_ptr[seg] = known->base_ptr;
    cpu->reach[REACH_READ][seg] = known->reach[REACH_READ];
    cpu->reach[REACH_WRITE][seg] = known->reach[REACH_WRITE];
    cpu->seg_raw[seg] = known->raw;
    cpu->seg_lin[seg] = known->lin;
    cpu->seg_key[seg] = selector;
    return true;
}

bool emul_load_known(struct cpu *cpu, const struct insn *insn, bool pops)
{
    const unsigned seg = pops ? insn->opcode >> 3 & 7u : insn_reg(insn);
    const uint32_t needs = MODE_PROT | MODE_STACK32,
                   mode = cpu->mode & (needs | MODE_V86 | MODE_WATCH | MODE_STEP);
    uint32_t selector;
    if (mode != needs || seg >= N_SEG || seg == SEG_CS || seg == SEG_SS || insn->is_mem) {
        return false;
    }
    if (!pops) {
        return load(cpu, (enum seg)seg, (uint16_t)cpu_reg(cpu, insn_rm(insn)));
    }
    const uint32_t esp = cpu_reg(cpu, GPR_ESP);
    if (!(cpu->mode & MODE_CPL0) || !(cpu->mode & MODE_FLAT) || insn->opattr != 4 ||
        !acc_read_near(cpu, esp, &selector, 1) || !load(cpu, (enum seg)seg, (uint16_t)selector)) {
        return false;
    }
    cpu_set_reg(cpu, GPR_ESP, esp + 4);
    return true;
}
