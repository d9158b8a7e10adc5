/* lookup_light.c - looked-up sites: C finds where the operand lies in guest RAM, and the
 * instruction runs there. For sites that would fault in the window again and again: first touches
 * of fresh pages, copy on write. Whether that still pays is judged now and then; a site that meets
 * mapped pages is given back its direct form (site.c). Light.
 */
#include "monitor/machine_internal.h"

bool light_looks_up_again(struct cpu *cpu, const struct insn *insn);
enum light_result light_look_up(struct cpu *cpu, const struct insn *insn);
enum light_result light_string(struct cpu *cpu, const struct insn *insn);

static uint32_t operand_lin(const struct cpu *cpu, const struct insn *insn)
{
    uint32_t lin = (uint32_t)insn->disp; /* flat, 32-bit: see translate_may_look_up() */
    if (insn->base != INSN_NO_REG) {
        lin += cpu_reg(cpu, insn->base);
    }
    if (insn->index != INSN_NO_REG) {
        lin += cpu_reg(cpu, insn->index) * insn->scale;
    }
    if (translate_uses_fs_gs(insn)) { /* the emitted code has asked whether it may be used */
        lin += cpu->seg[insn->seg].base;
    }
    return lin;
}

static bool in_one_page(uint32_t lin, unsigned n_bytes)
{
    return (lin & (PAGE_BYTES - 1)) + n_bytes <= PAGE_BYTES;
}

/* The number that its pages are charged to: sites are apart far enough. */
static uint32_t number_of(const struct lookup_site *site)
{
    return (uint32_t)((uint64_t)site / sizeof(*site)) & (CPU_LOOKUP_SITES - 1);
}

/* Before it looks up. True: half of what it has found lately had to be mapped after all, because
 * others use it too. Then it spares nothing, but costs what a site costs. Those others have
 * some time to become looked-up sites too (run_faults_behind_lookup). */
static bool is_wasted(struct cpu *cpu, struct lookup_site *site)
{
    enum { LEAST = 24, LATELY = 64 };
    const struct machine *machine = cpu->machine;
    const uint16_t *charged = &cpu->lookup_charged[number_of(site)];
    cpu->lookup_by = number_of(site);
    if (site->is_new) {
        site->charged = *charged;
        site->is_new = false;
    }
    const uint32_t n = (uint16_t)(*charged - site->charged);
    if (n >= LEAST && 2 * n >= site->n_found) {
        return !(machine->options.engine & (ENGINE_EAGER_LOOKUP | ENGINE_TRUST_LOOKUP));
    }
    if (site->n_found >= LATELY) {
        site->n_found /= 2;
        site->charged += (uint16_t)(n / 2);
    }
    return false;
}

/* A page that was found before: true, and nothing else has happened. False where another site has
 * found it and this one would have faulted as well: that counts, for the site and for the page. */
bool light_looks_up_again(struct cpu *cpu, const struct insn *insn)
{
    struct lookup_site *site = (struct lookup_site *)insn;
    uint32_t lin = operand_lin(cpu, insn);
    const struct cpu_lookup *known = view_lookup_known(cpu, lin, insn->mem_write);
    if (!known || !in_one_page(lin, insn->mem_bytes) || site->left == 0) {
        return false;
    }
    if ((known->delta & 1) && site->counted != known->tag) {
        return false; /* to be counted as a visit, or a page that is hot here would never be mapped
                       */
    }
    site->left--;
    cpu->n_light[OP_LOOKUP]++;
    view_lookup_set_quick(cpu, lin, insn->mem_write, known);
    cpu->scratch[SCRATCH_HOST] = view_lookup_host(known, lin);
    return true;
}

/* The host's address that this call will return to lies in the site. */
static enum light_result leave_for_site(struct cpu *cpu, enum site_cause cause,
                                        enum view_answer answer, uint32_t lin, bool write)
{
    cpu->exit_host = cpu->scratch[SCRATCH_RETURN] - 1;
    cpu->exit_arg[0] = answer;
    cpu->exit_arg[1] = lin;
    cpu->exit_arg[2] = write;
    cpu->exit_arg[3] = cause;
    cpu->exit_reason = EXIT_SITE;
    return LIGHT_EXIT;
}

/* A short string instruction costs four times as much in C as a look-up. */
enum { STRING_WEIGHT = 4 };

enum { LEAST_SPARED = 3 };  /* a signal spared is worth 150 look-ups */
enum { PAID = 16 };         /* faults spared in a review: others may pay as well */
enum { STALE_EPOCHS = 64 }; /* in which others spare many faults and this site none: 50 ms */

/* Is a review due, and is it the end? A fault spared is worth some 5 us, a look-up costs 10 to 40
 * ns: one in LOOKUP_REVIEW_USES pays. Pages that another site has found are found quickly, and
 * nobody knows how often, so while look-ups pay on the whole a site has more time. */
static bool is_given_up(const struct cpu *cpu, struct lookup_site *site, uint32_t weight,
                        bool is_quick)
{
    if (site->left >= weight) {
        site->left -= weight;
        return false;
    }
    if (site->n_spared < LEAST_SPARED &&
        !(is_quick && view_lookups_pay(cpu) && site->n_stale < STALE_EPOCHS)) {
        return true;
    }
    if (site->n_spared >= PAID) {
        struct machine *machine = cpu->machine;
        run_note_lookups(&machine->run, true);
    }
    site->left = LOOKUP_REVIEW_USES;
    site->n_spared = 0;
    return false;
}

/* What it met now. */
static void note_spared(const struct cpu *cpu, struct lookup_site *site, uint32_t before)
{
    const int32_t change = (int32_t)(cpu->n_spared - before); /* < 0: a page was charged */
    const uint32_t n = change > 0 ? (uint32_t)change : 0;
    site->n_spared += n;
    site->n_ever += n;
    if (n) {
        site->n_stale = 0;
    } else if (site->stale != cpu->lookup_epoch) {
        site->stale = cpu->lookup_epoch;
        if (++site->n_stale >= STALE_EPOCHS) {
            site->n_spared = site->left = 0;
        }
    }
}

/* Operands on two pages lie side by side only in the window. */
static enum view_answer map_pages(struct cpu *cpu, uint32_t lin, bool write)
{
    const bool user = cpu->cpl == 3;
    const uint32_t pages[2] = {lin, (lin | (PAGE_BYTES - 1)) + 1};
    const uint64_t window = view_window_for(cpu, lin, user);
    if (pages[1] == 0 || view_window_for(cpu, pages[1], user) != window) {
        return VIEW_CHECKED;
    }
    enum view_answer answer = VIEW_MAPPED;
    for (unsigned i = 0; i < 2 && answer == VIEW_MAPPED; i++) {
        if (!view_is_mapped(cpu, pages[i], write, user)) {
            answer = view_fault(cpu, window, pages[i], write ? VIEW_WRITE : VIEW_READ, user);
        }
    }
    cpu->scratch[SCRATCH_HOST] = window + lin;
    return answer;
}

/* What is found quickly is not counted, so an epoch must end though nobody asks anything: else the
 * sites of a tight loop would stay what they are until the guest's next tick. */
enum { EPOCH_NS = 900000 };

static void end_epoch_soon(struct cpu *cpu)
{
    struct machine *machine = cpu->machine;
    if (machine->epoch_timer.deadline_ns == UINT64_MAX) {
        clock_arm(machine->clock, &machine->epoch_timer, clock_now_ns(machine->clock) + EPOCH_NS);
    }
}

/* The epoch timer's: the next one is armed at once, which spares a system call. */
void monitor_end_epoch(void *arg, uint64_t now_ns)
{
    struct machine *machine = arg;
    if (machine->cpu->n_quick && !machine->cpu->halted) {
        clock_arm(machine->clock, &machine->epoch_timer, now_ns + EPOCH_NS);
    }
}

/* The host timer's signal over guest code. An epoch may end under it: a comparison that has just
 * found its page has what it needs, and what was found stays right (view/lookup.c says when it does
 * not). To bring the guest out for that takes single steps to a boundary, of which each is a signal
 * and, in a virtual machine, two exits for DR6. */
bool monitor_end_epoch_quickly(struct cpu *cpu)
{
    struct machine *machine = cpu->machine;
    const uint32_t epoch = cpu->lookup_epoch;
    if (!clock_run_only(machine->clock, &machine->epoch_timer)) {
        return false;
    }
    view_age_lookups(cpu);
    machine->n_quick_epochs += cpu->lookup_epoch != epoch;
    return true;
}

enum light_result light_look_up(struct cpu *cpu, const struct insn *insn)
{
    struct lookup_site *site = (struct lookup_site *)insn;
    view_age_lookups(cpu);
    const uint32_t lin = operand_lin(cpu, insn), n_spared = cpu->n_spared, n_found = cpu->n_found;
    const bool write = insn->mem_write;
    enum view_answer answer = VIEW_MAPPED;
    if (is_wasted(cpu, site)) {
        return leave_for_site(cpu, CAUSE_SELDOM, VIEW_CHECKED, 0, write);
    }
    if (is_given_up(cpu, site, 1, true)) {
        return leave_for_site(cpu, CAUSE_SELDOM, VIEW_MAPPED, site->n_ever, write);
    }
    if ((lin & 15) && insn_must_be_aligned(insn)) {
        cpu->fault = (struct fault){.vector = VEC_GP, .has_error = true};
        return LIGHT_FAULT;
    }
    const struct cpu_lookup *known = view_lookup_known(cpu, lin, write);
    if (!in_one_page(lin, insn->mem_bytes)) {
        answer = map_pages(cpu, lin, write);
    } else if (known && site->counted == known->tag) { /* a review was due: nothing was spared */
        cpu->scratch[SCRATCH_HOST] = view_lookup_host(known, lin);
    } else {
        answer = view_look_up(cpu, lin, write, &cpu->scratch[SCRATCH_HOST]);
    }
    note_spared(cpu, site, n_spared);
    site->n_found += cpu->n_found - n_found;
    switch (answer) {
    case VIEW_MAPPED:
        site->counted = view_lookup_tag(cpu, lin, write, cpu->cpl == 3);
        known = view_lookup_known(cpu, lin, write);
        if (known && in_one_page(lin, insn->mem_bytes)) {
            view_lookup_set_quick(cpu, lin, write, known);
            end_epoch_soon(cpu);
        }
        return LIGHT_NEXT;
    case VIEW_FAULT:
        return LIGHT_FAULT;
    default:
        return leave_for_site(cpu, CAUSE_PAGE, answer, lin, write);
    }
}

enum light_result light_string(struct cpu *cpu, const struct insn *insn)
{
    struct lookup_site *site = (struct lookup_site *)insn;
    if (!insn->looks_up) {
        return emul_string(cpu, insn);
    }
    const uint32_t n_spared = cpu->n_spared, n_found = cpu->n_found;
    if (is_wasted(cpu, site)) {
        return leave_for_site(cpu, CAUSE_SELDOM, VIEW_CHECKED, 0, false);
    }
    /* downwards C goes one by one, which is slower than the CPU */
    if (is_given_up(cpu, site, STRING_WEIGHT, false) || (cpu->arith & FLAG_DF)) {
        return leave_for_site(cpu, CAUSE_SELDOM, VIEW_MAPPED, site->n_ever, false);
    }
    cpu->looks_up = true;
    const enum light_result result = emul_string(cpu, insn);
    cpu->looks_up = false;
    note_spared(cpu, site, n_spared);
    site->n_found += cpu->n_found - n_found;
    return result;
}
