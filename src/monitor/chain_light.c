/* chain_light.c - where indirect jumps and calls go, counted by a call to C in each of them until
 * enough is known; then the call is taken out of the site, or the hub makes a chain of compares
 * (site.c, translate/chain.c). Light. */
#include "monitor/machine_internal.h"

uint32_t light_target(struct cpu *cpu, const struct insn *insn);

/* Enough to meet each of eight targets that come in turn or at random. Programs have phases: now
 * and then some sites are judged again. */
enum { SAMPLES = 32, AGAIN_SITES = 32, AGAIN_TSC = 128 << 20 /* some 50 ms */ };

static void note_target(struct jump_site *site, uint32_t target)
{
    unsigned i = 0;
    while (i < site->n_targets && site->targets[i] != target) {
        i++;
    }
    if (i == JUMP_TARGETS) {
        site->n_other++;
        site->last = 0;
        return;
    }
    if (i == site->n_targets) {
        site->n_targets++;
        site->targets[i] = target;
        site->n_hits[i] = site->followed_by[i] = 0;
    }
    site->n_hits[i]++;
    if (site->last) {
        uint8_t *next = &site->followed_by[site->last - 1];
        site->n_asked += *next != 0;
        site->n_told += *next == i + 1;
        *next = (uint8_t)(i + 1);
    }
    site->last = (uint8_t)(i + 1);
}

/* Only one is predicted, however late it is known. More than a chain has, of a jump: a switch,
 * mostly. Where each case follows as it did before, its own conditional branches tell the CPU what
 * comes, and compares would only cost. */
static bool wants_chain(const struct jump_site *site)
{
    const bool few = site->n_targets <= CHAIN_TARGETS;
    return site->n_targets > 1 && 4 * site->n_other <= 3 * SAMPLES &&
           (few || scan_is_call(&site->insn) || 2 * site->n_told < site->n_asked);
}

static void put(const struct cache *cache, uint64_t host, const uint8_t *bytes, unsigned n_bytes)
{
    cache_put(cache_writable(cache, host), bytes, n_bytes);
}

/* The end of the look-up, where a call into a chain may stand. */
static void put_call(const struct cache *cache, const struct jump_site *site)
{
    const uint32_t base = (uint32_t)cache->exec; /* lea base(%r9), %r9; call *%r9 */
    const uint8_t end[JUMP_CALL_BYTES] = {(uint8_t)(base >> 16), (uint8_t)(base >> 24), 0x41, 0xff,
                                          0xd1};
    if (scan_is_call(&site->insn)) {
        put(cache, site->behind - JUMP_CALL_BYTES, end, JUMP_CALL_BYTES);
    }
}

/* What a guest's call comes back to stays where it is; in front of a jump's look-up nothing is
 * left.
 */
static void end_sampling(const struct cache *cache, const struct jump_site *site)
{
    static const uint8_t nops[JUMP_SAMPLING_BYTES] = {0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0,
                                                      0x0f, 0x1f, 0x84, 0,    0, 0, 0, 0};
    const uint64_t look_up = site->host + JUMP_SAMPLING_BYTES;
    if (scan_is_call(&site->insn)) {
        put(cache, site->host, nops, JUMP_SAMPLING_BYTES);
    } else {
        put(cache, site->host, cache_writable(cache, look_up), (unsigned)(site->behind - look_up));
    }
    put_call(cache, site);
}

/* A jump's look-up lies in front of where it was, and partly over it: upwards, its end first. */
static void put_look_up_back(const struct cache *cache, const struct jump_site *site)
{
    const uint64_t look_up = site->host + JUMP_SAMPLING_BYTES;
    const uint8_t *from = cache_writable(cache, site->host);
    uint8_t *to = cache_writable(cache, look_up);
    for (uint64_t i = site->behind - look_up; i--;) {
        to[i] = from[i];
    }
}

static void begin_sampling(const struct cache *cache, struct jump_site *site)
{
    const uint8_t jmp_rel32 = 0xe9; /* to its chain: the look-up is untouched */
    if (!scan_is_call(&site->insn) && *cache_writable(cache, site->host) != jmp_rel32) {
        put_look_up_back(cache, site);
    }
    translate_sampling_code(cache_writable(cache, site->host), site);
    put_call(cache, site);
    site->n_samples = site->n_targets = site->n_other = 0;
    site->last = site->n_asked = site->n_told = 0;
}

void monitor_judge_again(struct machine *machine, struct jump_site *site)
{
    struct judged *judged = &machine->judged[site->n_targets > 1];
    site->next_judged = NULL;
    *(judged->first ? &judged->last->next_judged : &judged->first) = site;
    judged->last = site;
}

void monitor_sample_again(struct machine *machine)
{
    const uint64_t now = __builtin_ia32_rdtsc();
    if (now - machine->tsc_sampled < AGAIN_TSC) {
        return;
    }
    machine->tsc_sampled = now;
    for (unsigned i = 0; i < 2 * AGAIN_SITES; i++) {
        struct judged *judged = &machine->judged[i % 2];
        struct jump_site *site = judged->first;
        if (!site) {
            continue;
        }
        judged->first = site->next_judged;
        const struct unit *unit = cache_find(&machine->cache, site->host);
        if (!unit->dead) {
            begin_sampling(&machine->cache, site);
        }
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
        monitor_judge_again(machine, site);
        return LIGHT_JUMP;
    }
    cpu->exit_insn = (struct insn *)insn;
    cpu->exit_reason = EXIT_SITE;
    cpu->exit_arg[3] = CAUSE_TARGETS;
    return LIGHT_EXIT;
}
