/* site.c - an access that cannot be made the way its site does it: the site is re-made, once, as a
 * dual or checked one; and stores into pages with scanned code (pitfalls 35, 36). */
#include "monitor/machine_internal.h"
#include "verify/verify.h"

enum { WRITES_BEFORE_CHECKED = 6, FORGIVE_TSC = 100 << 20 }; /* some 40 ms */

static struct site_hint *hint_slot(struct machine *machine, uint32_t phys)
{
    return &machine->hints[(phys * 2654435761u) >> 18 & (SITE_HINTS - 1)];
}

/* Asked for each instruction that is translated, mostly in vain: one line of bits by page spares
 * the look into a large table. */
static uint64_t hint_page_bit(uint32_t phys, unsigned *word)
{
    uint32_t hash = (phys >> PAGE_SHIFT) * 2654435761u >> 20;
    *word = hash >> 6;
    return UINT64_C(1) << (hash & 63);
}

bool monitor_has_hints(const struct machine *machine, uint32_t phys_page)
{
    unsigned word;
    uint64_t bit = hint_page_bit(phys_page << PAGE_SHIFT, &word);
    return machine->hint_pages[word] & bit;
}

unsigned monitor_site_hint(struct machine *machine, uint32_t phys)
{
    unsigned word;
    uint64_t bit = hint_page_bit(phys, &word);
    if (!(machine->hint_pages[word] & bit)) {
        return 0;
    }
    const struct site_hint *hint = hint_slot(machine, phys);
    return hint->key == phys + 1 ? hint->kind : 0;
}

static unsigned add_hint(struct machine *machine, uint32_t phys, unsigned kind)
{
    struct site_hint *hint = hint_slot(machine, phys);
    unsigned word;
    uint64_t bit = hint_page_bit(phys, &word);
    machine->hint_pages[word] |= bit;
    if (hint->key != phys + 1) {
        *hint = (struct site_hint){.key = phys + 1};
    }
    hint->kind |= (uint8_t)kind;
    return hint->kind;
}

/* A dual site takes the window that holds its first byte's slot, and so cannot end in a private
 * slot when the first is shared. Strings that come down into a private slot only have to begin
 * again; else the first slot must become private too. False: it cannot. */
static bool joins_slots(struct machine *machine, const struct unit_insn *old)
{
    const uint32_t lin = (uint32_t)machine->cpu->exit_arg[1];
    const bool is_first_byte = lin % VIEW_MIN_SLOT_BYTES == 0;
    return is_first_byte ? view_make_private(machine->cpu, lin - 1) : old->kind & UNIT_STRING;
}

static unsigned kind_for(struct machine *machine, uint32_t phys_insn, const struct unit_insn *old)
{
    struct cpu *cpu = machine->cpu;
    if (cpu->exit_arg[0] == VIEW_DUAL) {
        return old->kind & UNIT_DUAL ? SITE_CHECKED : SITE_DUAL;
    }
    if (cpu->exit_arg[3] == CAUSE_SEGMENT &&
        !(monitor_site_hint(machine, phys_insn) & SITE_COMPUTED)) {
        return SITE_COMPUTED; /* FS or GS is not flat; if it is beyond its limit, it comes again */
    }
    if (cpu->exit_arg[3] == CAUSE_GUARD && !(monitor_site_hint(machine, phys_insn) & SITE_GS)) {
        return SITE_GS; /* base + disp left the window: the form that wraps as a 386 does */
    }
    return SITE_CHECKED;
}

/* A store into a page with scanned code, from elsewhere: while it is rare, drop the page's units
 * and let stores through. True if that was done. */
static bool give_way_to_store(struct machine *machine, const struct unit *unit)
{
    struct cpu *cpu = machine->cpu;
    struct walk walk;
    bool user = unit->page->mode & MODE_USER;
    if (view_hides_code(machine->view)) {
        return false; /* each store is to be seen */
    }
    if (cpu->exit_arg[0] != VIEW_CHECKED || !cpu->exit_arg[2] || cpu->exit_arg[3] ||
        view_walk(cpu, cpu->exit_arg[1], VIEW_WRITE, user, true, &walk, NULL) < 0) {
        return false;
    }
    uint32_t phys_page = walk.phys >> 12;
    if (!view_page_protected(machine->view, phys_page)) {
        return false;
    }
    struct physcode *phys = physcode_find(&machine->pages, phys_page);
    uint64_t now = __builtin_ia32_rdtsc();
    if (phys && now - phys->last_write_tsc > FORGIVE_TSC) {
        phys->n_writes =
            0; /* pages are reused, as code and as data; mixed ones are written often */
    }
    bool own = unit->page->phys->phys_page == phys_page || unit->cross_off;
    if (own || (phys && phys->n_writes >= WRITES_BEFORE_CHECKED)) {
        return false;
    }
    if (phys) {
        phys->last_write_tsc = now;
        codepage_invalidate(&machine->pages, phys_page);
    } else {
        view_unprotect_page(machine->view, phys_page);
    }
    return true;
}

/* Decodes the instruction of the site, with its verdict. */
static const struct insn *decode_site(struct machine *machine, const struct codepage *page,
                                      const struct unit_insn *old)
{
    const uint8_t *bytes = mem_page_host(&machine->mem, page->phys->phys_page << 12);
    struct scan_result *scan = &machine->scan;
    struct map_site site = {.mode = page->mode, .phys_page = page->phys->phys_page};
    BUG_ON(!bytes);
    scan_decode(&machine->scanner, bytes + old->page_off, old->n_bytes,
                (page->mode & MODE_CODE32) != 0, (page->lin_page << 12) + old->page_off, true,
                &scan->insns[0]);
    map_judge(machine->map, &scan->insns[0], &site);
    scan->n_insns = 1;
    scan->ends_open = !scan_is_terminal(&scan->insns[0]);
    return &scan->insns[0];
}

/* What decode_site() has left in machine->scan. */
static struct translate_input site_input(struct machine *machine, struct codepage *page)
{
    return (struct translate_input){
        .scan = &machine->scan,
        .scanner = &machine->scanner,
        .map = machine->map,
        .cache = &machine->cache,
        .page = page,
        .engine = machine->options.engine,
    };
}

static void show_made(struct machine *machine, const struct unit *unit)
{
    if (machine->jitdump) {
        jitdump_add(machine->jitdump, &machine->cache, unit);
    }
    if (machine->options.log_mask & LOG_OUT_ASM) {
        monitor_log_unit(machine, unit);
    }
}

/* Out of line, in unit's place from now on. */
static void enter_patch(struct machine *machine, const struct unit *unit, const struct unit *patch)
{
    if (machine->options.engine & ENGINE_VERIFY) {
        verify_cached(&machine->cache, patch,
                      mem_page_host(&machine->mem, unit->page->phys->phys_page << 12));
        verify_cached(&machine->cache, unit, NULL); /* the jump planted into it */
    }
    machine->resume_host = machine->cache.exec + patch->off + patch->insns[0].plant_bytes;
    show_made(machine, patch);
}

/* The instruction of the site, made anew. */
static void patch_site(struct machine *machine, struct unit *unit, const struct unit_insn *old,
                       unsigned kind)
{
    const struct translate_input in = site_input(machine, unit->page);
    const struct unit *patch = translate_patch(&machine->pages, &in, unit, old, kind);
    if (!patch) {
        monitor_flush_code(machine);
        return;
    }
    enter_patch(machine, unit, patch);
}

/* The site keeps meeting pages that are not mapped. Always by a patch: units begin direct, and a
 * patch can be taken away again. */
static void look_up(struct machine *machine, struct unit *unit, const struct unit_insn *old)
{
    const struct codepage *page = unit->page;
    uint64_t host = machine->cpu->exit_host;
    uint32_t phys_insn = page->phys->phys_page << 12 | old->page_off;
    const struct site_hint *hint = hint_slot(machine, phys_insn);
    bool known = hint->key == phys_insn + 1;
    if (run_may_fault_more(&machine->run, host, known ? hint->n_given_back : 0)) {
        return;
    }
    if (unit->cross_off || unit->dead || (known && hint->kind & ~(unsigned)(SITE_DUAL | SITE_GS)) ||
        !translate_may_look_up(decode_site(machine, page, old), page->mode) ||
        (machine->cpu->exit_arg[2] && !machine->scan.insns[0].mem_write)) {
        /* the last one: its own store, not the operand */
        run_never_often(&machine->run, host);
        return;
    }
    if (unit_insn_in_run(unit, old)) { /* first it is to stand outside of any run */
        add_hint(machine, phys_insn, SITE_GS);
        machine->resume_host = 0;
        codepage_invalidate(&machine->pages, page->phys->phys_page);
        return;
    }
    machine->n_site_patches[SITE_LOOKUP]++;
    const struct unit *patch = machine->options.engine & ENGINE_NO_REUSE
                                   ? NULL
                                   : translate_plant_again(&machine->cache, unit, old);
    if (patch) {
        machine->n_sites_again++;
        enter_patch(machine, unit, patch);
        return;
    }
    patch_site(machine, unit, old, SITE_LOOKUP);
}

/* The patch's site meets mapped pages now: it was better direct. exit_arg[1]: how many faults it
 * has spared; if enough to have paid for itself, it may try again as early as it did; and if others
 * spare many, their pages may be those it would have met. exit_arg[0]: VIEW_CHECKED where its pages
 * had to be mapped after all. */
enum { SPARED_ENOUGH = 16 };
static void give_back(struct machine *machine, struct unit *patch, const struct unit_insn *insn)
{
    uint32_t phys_insn = patch->page->phys->phys_page << 12 | insn->page_off;
    struct site_hint *hint = hint_slot(machine, phys_insn);
    machine->resume_host = 0;
    add_hint(machine, phys_insn, 0);
    const bool has_paid = machine->cpu->exit_arg[1] >= SPARED_ENOUGH;
    const bool is_wasted = machine->cpu->exit_arg[0] == VIEW_CHECKED;
    if (has_paid) {
        hint->n_given_back = 0;
    } else if (is_wasted || !view_lookups_pay(machine->cpu)) {
        hint->n_given_back += hint->n_given_back < UINT8_MAX;
    }
    if (!(machine->options.engine & ENGINE_TRUST_LOOKUP)) {
        run_note_lookups(&machine->run, has_paid);
    }
    machine->n_sites_given_back++;
    translate_unplant(&machine->cache, patch);
    translate_begin_lookup((struct lookup_site *)machine->cpu->exit_insn); /* for the next time */
    uint64_t host = machine->cache.exec + patch->planted_at;
    struct unit *unit = cache_find(&machine->cache, host);
    const struct unit_insn *old = cache_find_insn(&machine->cache, unit, host);
    if (machine->options.engine & ENGINE_VERIFY) {
        verify_cached(&machine->cache, unit, NULL);
    }
    if (!unit_insn_pending(old)) {
        machine->resume_host = host + old->plant_bytes;
    }
}

enum { MAX_CHAINS = 3 };

/* False: there is no room, and everything has been thrown away. */
static bool make_chain(struct machine *machine, struct unit *unit, struct jump_site *site)
{
    decode_site(machine, unit->page, cache_find_insn(&machine->cache, unit, site->host));
    const struct translate_input in = site_input(machine, unit->page);
    const struct unit *chain = translate_chain(&machine->pages, &in, unit, site);
    if (!chain) {
        monitor_flush_code(machine);
        return false;
    }
    machine->n_chains++;
    site->n_chains++;
    site->chain = machine->cache.exec + chain->off + chain->chain_off;
    if (machine->options.engine & ENGINE_VERIFY) {
        verify_cached(&machine->cache, chain, NULL);
    }
    show_made(machine, chain);
    return true;
}

/* An indirect branch has gone where it goes, which is enough to know its targets. */
static void go_by_chain(struct machine *machine)
{
    struct jump_site *site = (struct jump_site *)machine->cpu->exit_insn;
    struct unit *unit = cache_find(&machine->cache, site->host);
    BUG_ON(!unit);
    if (unit->dead || (site->n_chains < MAX_CHAINS && !make_chain(machine, unit, site))) {
        return;
    }
    translate_go_by_chain(&machine->cache, site);
    monitor_judge_again(machine, site);
    if (machine->options.engine & ENGINE_VERIFY) {
        verify_cached(&machine->cache, unit, NULL);
    }
}

static void remake_site(struct machine *machine)
{
    struct cpu *cpu = machine->cpu;
    if (cpu->exit_arg[3] == CAUSE_TARGETS) {
        machine->resume_host = 0;
        go_by_chain(machine);
        return;
    }
    struct unit *unit = cache_find(&machine->cache, cpu->exit_host);
    const struct unit_insn *old =
        unit ? cache_find_insn(&machine->cache, unit, cpu->exit_host) : NULL;
    BUG_ON(!old);
    cpu->exit_host = machine->cache.exec + unit->off + old->host_off;
    cpu->plant_done = true; /* where the way back is not exact, C code knows */
    cpu->plant_done_lin = (unit->page->lin_page << 12) + old->page_off;
    machine->resume_host = unit_insn_pending(old) ? 0 : cpu->exit_host + old->plant_bytes;
    if (cpu->exit_arg[3] == CAUSE_OFTEN) {
        look_up(machine, unit, old);
        return;
    }
    if (cpu->exit_arg[3] == CAUSE_SELDOM) {
        give_back(machine, unit, old);
        return;
    }
    if (give_way_to_store(machine, unit) ||
        (cpu->exit_arg[0] == VIEW_DUAL && (old->kind & UNIT_DUAL) && joins_slots(machine, old))) {
        return;
    }
    struct codepage *page = unit->page;
    uint32_t phys_insn = page->phys->phys_page << 12 | old->page_off;
    unsigned want = kind_for(machine, phys_insn, old);
    unsigned kind = add_hint(machine, phys_insn, want);
    machine->n_site_patches[want]++;
    machine->resume_host = 0;
    if (unit->cross_off || unit->dead || (page->mode & MODE_STEP)) {
        codepage_clear_slot(&machine->pages, page,
                            old->page_off); /* made anew by the next miss, with the hint */
        return;
    }
    if (unit_insn_in_run(unit, old)) { /* made anew with the hint, outside of any run */
        codepage_invalidate(&machine->pages, page->phys->phys_page);
        return;
    }
    decode_site(machine, page, old);
    patch_site(machine, unit, old, kind);
}

void monitor_remake_site(struct machine *machine)
{
    remake_site(machine);
    machine->resume_behind = machine->resume_host;
}
