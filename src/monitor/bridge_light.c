/* bridge_light.c - a closed bridge was come to (cache/bridge.h): built, if the code it leads to is
 * there; and the guest goes on where it leads, by a miss if not. Light. */
#include "base/bytes.h"
#include "cache/bridge.h"
#include "monitor/machine_internal.h"
#include "view/view.h"

uint64_t light_bridge(struct cpu *cpu, uint64_t behind);

/* A call done in place: the return address is stored. Where that cannot be, the guest goes to the
 * target itself: the host's call stack is one short, and a return looks up. Answers as
 * light_bridge(). */
static uint64_t finish_thunk(struct cpu *cpu, uint32_t at, bool is_built)
{
    const struct cache *cache = &cpu->machine->cache;
    const struct unit *unit = cache_find(cache, cache->exec + at);
    const struct unit_insn *insn = cache_find_insn(cache, unit, cache->exec + at);
    const uint32_t esp = (uint32_t)cpu->gpr[GPR_ESP] + (uint32_t)unit_insn_pending(insn);
    if (!is_built) {
        cpu->gpr[GPR_ESP] = esp - 4;
        return 0;
    }
    const uint8_t *next = cache->write + at + BRIDGE_JUMP;
    const uint32_t lin = bytes_get_u32(next + 1);
    cpu->gpr[GPR_ESP] = esp;
    cpu->gpr[next[0] & 7] = lin;
    cpu->eip = lin - cpu->seg[SEG_CS].base;
    const bool goes_on = insn + 1 < unit->insns + unit->n_insns &&
                         insn[1].page_off == insn->page_off + insn->n_bytes;
    return goes_on ? cache->exec + unit->off + insn[1].host_off : 0;
}

/* behind: where the call in the bridge returns to. Answers with the host address of the code it
 * leads to, or 0: cpu->eip is to be looked up. */
uint64_t light_bridge(struct cpu *cpu, uint64_t behind)
{
    struct machine *machine = cpu->machine;
    const uint32_t at = bridge_of(&machine->cache, (uint32_t)(behind - machine->cache.exec));
    const uint32_t lin = bridge_target(&machine->cache, at);
    const uint32_t *table = view_code_table(cpu, lin);
    const bool is_thunk = bridge_is_thunk(&machine->cache, at);
    if (bridge_is_call(&machine->cache, at)) { /* where the call of us had its word is room */
        cpu->stack_now->rsp -= 8;
        *(uint64_t *)cpu->stack_now->rsp = machine->cache.exec + at + BRIDGE_CALL_BYTES;
    }
    cpu->eip = lin - cpu->seg[SEG_CS].base;
    const uint32_t slot = table ? bridge_build(&machine->pages, at, table) : 0;
    if (is_thunk) {
        return finish_thunk(cpu, at, slot != 0);
    }
    return slot ? machine->cache.exec + slot : 0;
}
