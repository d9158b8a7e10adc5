/* return.c - what far RET and IRET of protected mode have in common: the code segment to return to
 * and, towards an outer ring, the stack to go back to (SDM vol. 2, "RET", "IRET/IRETD"). Flags and
 * what is popped are their own business.
 */
#include "emul/local.h"

static int check_code(struct cpu *cpu, uint16_t selector, struct desc *cs)
{
    const uint32_t error = selector & SEL_ERROR;
    const unsigned rpl = selector & SEL_RPL;
    if (!error) {
        return emul_raise(cpu, VEC_GP, 0);
    }
    const int read = emul_read_desc(cpu, selector, cs);
    if (read) {
        return read < 0 ? -1 : emul_raise(cpu, VEC_GP, error);
    }
    if (!desc_is_code(cs) || rpl < cpu->cpl ||
        (desc_is_conforming(cs) ? desc_dpl(cs) > rpl : desc_dpl(cs) != rpl)) {
        return emul_raise(cpu, VEC_GP, error);
    }
    return desc_is_present(cs) ? 0 : emul_raise(cpu, VEC_NP, error);
}

int emul_check_return(struct cpu *cpu, const uint32_t *words, unsigned size, uint32_t outer_skip,
                      struct ret *ret)
{
    const unsigned rpl = words[1] & SEL_RPL;
    uint32_t stack[2];
    ret->eip = words[0];
    ret->cs_selector = (uint16_t)words[1];
    if (check_code(cpu, ret->cs_selector, &ret->cs)) {
        return -1;
    }
    ret->outer = rpl > cpu->cpl;
    if (ret->outer) {
        if (emul_peek_words(cpu, outer_skip, size, stack, 2) ||
            emul_check_stack_desc(cpu, (uint16_t)stack[1], rpl, VEC_GP, 0, &ret->ss)) {
            return -1;
        }
        ret->esp = stack[0];
        ret->ss_selector = (uint16_t)stack[1];
    }
    if (ret->eip > desc_limit(&ret->cs)) {
        return emul_raise(cpu, VEC_GP, 0);
    }
    return emul_set_accessed(cpu, &ret->cs) || (ret->outer && emul_set_accessed(cpu, &ret->ss)) ? -1
                                                                                                : 0;
}

void emul_return(struct cpu *cpu, const struct ret *ret)
{
    desc_to_segment(&ret->cs, ret->cs_selector, &cpu->seg[SEG_CS]);
    cpu->eip = ret->eip;
    if (ret->outer) {
        desc_to_segment(&ret->ss, ret->ss_selector, &cpu->seg[SEG_SS]);
        cpu_set_reg(cpu, GPR_ESP, emul_join_esp(cpu, &cpu->seg[SEG_SS], ret->esp));
        cpu->cpl = ret->cs_selector & SEL_RPL;
        emul_drop_inner_segments(cpu);
        cpu_update_segment(cpu, SEG_SS);
    }
    cpu_update_segment(cpu, SEG_CS);
    cpu_update_ring(cpu);
}
