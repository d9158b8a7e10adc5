/* bridge_light.c - a closed bridge was come to (cache/bridge.h): built, if the code it leads to is
 * there; and the guest goes on where it leads, by a miss if not. Light. */
#include "cache/bridge.h"
#include "monitor/machine_internal.h"
#include "view/view.h"

uint64_t light_bridge(struct cpu *cpu, uint64_t behind);

/* behind: where the call in the bridge returns to. Answers with the host address of the code it
 * leads to, or 0: cpu->eip is to be looked up. */
uint64_t light_bridge(struct cpu *cpu, uint64_t behind)
{
    struct machine *machine = cpu->machine;
    const uint32_t at = (uint32_t)(behind - machine->cache.exec) - BRIDGE_JUMP;
    const uint32_t lin = bridge_target(&machine->cache, at);
    const uint32_t *table = view_code_table(cpu, lin);
    if (bridge_is_call(&machine->cache, at)) { /* where the call of us had its word is room */
        cpu->stack_now->rsp -= 8;
        *(uint64_t *)cpu->stack_now->rsp = machine->cache.exec + at + BRIDGE_CALL_BYTES;
    }
    cpu->eip = lin - cpu->seg[SEG_CS].base;
    const uint32_t slot = table ? bridge_build(&machine->pages, at, table) : 0;
    return slot ? machine->cache.exec + slot : 0;
}
