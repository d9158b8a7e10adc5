/* chain_light.c - where indirect jumps and calls go, counted by a call to C in each of them until
 * enough is known; then the call is taken out of the site, or the hub makes a chain of compares
 * (chain.c). Light. */
#include "monitor/machine_internal.h"

uint32_t light_target(struct cpu *cpu, const struct insn *insn);

/* Enough to meet each of eight targets that come in turn or at random. */
enum { SAMPLES = 32 };

static void note_target(struct jump_site *site, uint32_t target)
{
    for (unsigned i = 0; i < site->n_targets; i++) {
        if (site->targets[i] == target) {
            site->n_hits[i]++;
            return;
        }
    }
    if (site->n_targets < CHAIN_TARGETS) {
        site->targets[site->n_targets] = target;
        site->n_hits[site->n_targets++] = 1;
    }
}

/* One target is predicted, however late it is known. */
static bool wants_chain(const struct jump_site *site)
{
    unsigned n_known = 0;
    for (unsigned i = 0; i < site->n_targets; i++) {
        n_known += site->n_hits[i];
    }
    return site->n_targets > 1 && 4 * n_known >= 3 * SAMPLES;
}

/* Nothing comes back into the call that is taken out. What a guest's call comes back to stays
 * where it is; in front of a jump's look-up nothing is left. */
static void end_sampling(const struct cache *cache, const struct jump_site *site)
{
    static const uint8_t nops[JUMP_SAMPLING_BYTES] = {
        0x66, 0x66, 0x66, 0x0f, 0x1f, 0x84, 0, 0,    0,    0,    0,    0x66, 0x66,
        0x66, 0x0f, 0x1f, 0x84, 0,    0,    0, 0,    0,    0x66, 0x66, 0x66, 0x0f,
        0x1f, 0x84, 0,    0,    0,    0,    0, 0x0f, 0x1f, 0x40, 0};
    uint8_t *at = cache_writable(cache, site->host);
    const bool is_jump = site->insn.verdict == VERDICT_JMP_INDIRECT;
    const uint8_t *from = is_jump ? at + JUMP_SAMPLING_BYTES : nops;
    const uint64_t n_bytes =
        is_jump ? site->behind - site->host - JUMP_SAMPLING_BYTES : JUMP_SAMPLING_BYTES;
    for (uint64_t i = 0; i < n_bytes && i < JUMP_SAMPLING_BYTES; i++) {
        at[i] = from[i];
    }
}

/* The branch is done when this is over: the guest's state is that of the target. Answers as
 * light_dispatch(). */
uint32_t light_target(struct cpu *cpu, const struct insn *insn)
{
    struct machine *machine = cpu->machine;
    struct jump_site *site = (struct jump_site *)insn;
    const uint32_t target = (uint32_t)cpu->scratch[SCRATCH_TARGET];
    cpu->n_light[OP_TARGET]++;
    note_target(site, target);
    if (++site->n_samples < SAMPLES) {
        return LIGHT_NEXT;
    }
    cpu->eip = target - cpu->seg[SEG_CS].base;
    if (!wants_chain(site)) {
        end_sampling(&machine->cache, site);
        return LIGHT_JUMP;
    }
    cpu->exit_insn = (struct insn *)insn;
    cpu->exit_reason = EXIT_SITE;
    cpu->exit_arg[3] = CAUSE_TARGETS;
    return LIGHT_EXIT;
}
