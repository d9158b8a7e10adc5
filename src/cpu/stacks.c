/* stacks.c - which host stack guest calls and returns use: see stacks.h. Between two runs of guest
 * code cpu->stack_now->rsp is the truth; a handler that interrupts guest code looks
 * at n_stacks_emptied (run/signals.c). Owns cpu->stack[]; never touches what lies on a stack. */
#include "cpu/stacks.h"

void stacks_begin(struct cpu *cpu, uint64_t host)
{
    cpu->stacks_host = host;
    cpu->stack_now = cpu->stack_now ? cpu->stack_now : cpu->stack;
    stacks_empty_all(cpu);
}

void stacks_switch(struct cpu *cpu, uint32_t number)
{
    const unsigned index = stacks_index(number);
    struct cpu_stack *stack = &cpu->stack[index];
    cpu->stack_now = stack;
    if (stack->owner != number + 1) { /* whose former owner may be remembered to have it */
        stack->owner = number + 1;
        stack->rsp = stacks_top(cpu, index);
        cpu_forget_switches(cpu);
    }
}

static void empty(struct cpu *cpu, unsigned index)
{
    cpu->stack[index].rsp = stacks_top(cpu, index);
    cpu->n_stacks_emptied += &cpu->stack[index] == cpu->stack_now;
}

void stacks_empty(struct cpu *cpu, uint32_t number)
{
    const unsigned index = stacks_index(number);
    if (cpu->stack[index].owner == number + 1) {
        empty(cpu, index);
    }
}

void stacks_empty_all(struct cpu *cpu)
{
    for (unsigned i = 0; i < CPU_STACKS; i++) {
        empty(cpu, i);
    }
}
