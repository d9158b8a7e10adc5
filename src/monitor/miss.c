/* miss.c - no unit at this address yet: walk, scan, judge, translate, enter into the I-view. The
 * arrow bytes -> scan -> map -> translate -> cache begins here and nowhere else. */
#include <string.h>

#include "cache/bridge.h"
#include "cache/crossing.h"
#include "monitor/machine_internal.h"
#include "monitor/recall.h"
#include "verify/verify.h"
#include "view/acc.h"

void fpu_forget_host(struct machine *machine);

void monitor_flush_code(struct machine *machine)
{
    fpu_forget_host(machine);
    if (machine->options.engine & ENGINE_VERIFY) {
        verify_all(&machine->cache);
    }
    codepages_flush(&machine->pages);
    map_forget_plants(machine->map);
    cache_flush(&machine->cache);
    run_forget_often(&machine->run);
    machine->judged[0].first = machine->judged[1].first = NULL;
    machine->resume_host = 0;
}

struct site_arg {
    struct machine *machine;
    const struct codepage *page;
    bool owns_returns; /* what is behind a call is made anew with the call (translate/layout.c) */
};

/* Code that is written again and again: a unit alone. */
static bool is_hot(const struct site_arg *site, uint32_t off)
{
    const uint32_t phys = site->page->phys->phys_page << 12 | off;
    const struct codepages *pages = &site->machine->pages;
    return site->page->phys->loose && codepage_is_hot(pages, phys) &&
           !codepage_is_hot_imm(pages, phys, 1) && !codepage_is_hot_imm(pages, phys, 2);
}

/* The scan stops before code that is there already, before a breakpoint, and before hot code. */
static bool is_known(void *arg, uint32_t off, bool behind_call)
{
    const struct site_arg *site = arg;
    uint32_t slot = codepage_slot(site->page, off);
    bool ours = behind_call && site->owns_returns && slot &&
                !codepage_is_return(&site->machine->pages, slot);
    return (slot != 0 && !ours) || is_hot(site, off) ||
           (site->machine->breaks.n &&
            monitor_find_break(&site->machine->breaks, site->page->lin_page << 12 | off));
}

static unsigned site_kind(void *arg, uint32_t page_off)
{
    struct site_arg *site = arg;
    return monitor_site_hint(site->machine, site->page->phys->phys_page << 12 | page_off);
}

/* MOV (%ESP), %reg; RET at lin, as the I-view leads there now: translate/thunk.c. It stays that as
 * long as the unit does: a store, a breakpoint or a new rule drops it, and closes what leads there.
 */
static bool find_thunk(void *arg, uint32_t lin, unsigned *reg)
{
    struct machine *machine = ((struct site_arg *)arg)->machine;
    uint32_t *table = view_code_table(machine->cpu, lin), off = lin & (PAGE_BYTES - 1);
    struct codepage *page = table ? codepage_of_table(&machine->pages, table) : NULL;
    if (!page || page->mode != machine->cpu->mode || page->phys->loose || off + 4 > page->end_off) {
        return false;
    }
    const uint8_t *bytes = mem_page_host(&machine->mem, page->phys->phys_page << 12);
    if (!bytes || bytes[off] != 0x8b || (bytes[off + 1] & 0xc7) != 4 ||
        bytes[off + 1] == (4 | GPR_ESP << 3) || bytes[off + 2] != 0x24 || bytes[off + 3] != 0xc3) {
        return false; /* of most calls; to find the unit takes longer */
    }
    const uint32_t there = codepage_slot(page, off);
    if (!there) {
        return false;
    }
    struct map_site place = {.mode = page->mode, .phys_page = page->phys->phys_page};
    for (unsigned at = 0; at < 4; at += 3) {
        struct insn insn;
        scan_decode(&machine->scanner, bytes + off + at, at ? 1 : 3, true, lin + at, false, &insn);
        map_judge(machine->map, &insn, &place);
        if (insn.plant || insn.technique == TECHNIQUE_CALL || insn.technique == TECHNIQUE_TRAP) {
            return false;
        }
    }
    *reg = bytes[off + 1] >> 3;
    return bridge_thunk_register(&machine->cache, page, there) == (int)*reg;
}

static void record(void *arg, const uint8_t *bytes, uint32_t n_bytes)
{
    const struct site_arg *site = arg;
    recall_record(site->machine, site->page, bytes, n_bytes);
}

/* The constant of an instruction that nothing else of is ever written. */
static int slot_of(void *arg, const struct insn *insn, unsigned imm_off)
{
    struct site_arg *site = arg;
    if (!site->page->phys->loose) {
        return -1;
    }
    const uint32_t phys = site->page->phys->phys_page << 12 | (insn->eip & (PAGE_BYTES - 1));
    const uint8_t *bytes = mem_page_host(&site->machine->mem, phys + imm_off);
    uint32_t value;
    memcpy(&value, bytes, sizeof(value));
    return codepage_constant(&site->machine->pages, phys, imm_off, value);
}

/* Where in lin's page CS ends ("Limit Checking"). */
static uint32_t code_end_off(const struct cpu *cpu, uint32_t lin)
{
    return cpu->code_end && (cpu->code_end ^ lin) >> 12 == 0 ? cpu->code_end & (PAGE_BYTES - 1)
                                                             : PAGE_BYTES;
}

/* The codepage that has this page's code at an address where nobody is any more, moved to here; or
 * NULL. What knows code by its address must not exist: rules, breakpoints, names. */
static struct codepage *move_page(struct machine *machine, uint32_t phys_page, uint32_t lin_page,
                                  uint32_t end_off)
{
    struct codepages *pages = &machine->pages;
    const uint32_t mode = machine->cpu->mode;
    if (!(mode & MODE_USER) || (machine->options.engine & ENGINE_NO_MOVES) || machine->breaks.n ||
        machine->jitdump || !map_is_default(machine->map) ||
        codepage_find(pages, phys_page, lin_page, mode, end_off)) {
        return NULL;
    }
    struct codepage *page = codepage_find_left(pages, phys_page, mode, end_off);
    if (!page) {
        return NULL;
    }
    fpu_forget_host(machine); /* it knows the last x87 instruction by its host address */
    if (!codepage_move(pages, page, lin_page)) {
        return NULL;
    }
    if (machine->options.engine & ENGINE_VERIFY) {
        for (const struct unit *unit = page->units; unit; unit = unit->next) {
            verify_cached(&machine->cache, unit, NULL);
        }
    }
    return page;
}

/* The codepage of the instruction at lin, entered into the directory. NULL: cpu->fault. */
static struct codepage *enter_page(struct machine *machine, uint32_t lin)
{
    struct cpu *cpu = machine->cpu;
    uint32_t *table = view_code_table(cpu, lin);
    struct codepage *page = table ? codepage_of_table(&machine->pages, table) : NULL;
    uint32_t end_off = code_end_off(cpu, lin);
    if (page && page->end_off == end_off) {
        return page;
    }
    struct walk walk;
    if (view_walk(cpu, lin, VIEW_FETCH, cpu->cpl == 3, false, &walk, &cpu->fault) < 0) {
        return NULL;
    }
    page = move_page(machine, walk.phys >> 12, lin >> 12, end_off);
    if (!page) {
        page = codepage_get(&machine->pages, walk.phys >> 12, lin >> 12, cpu->mode, end_off);
    }
    view_map_code(cpu, lin, &walk, page->table);
    return page;
}

/* The instruction begins or ends beyond CS. */
static bool code_ends(struct cpu *cpu)
{
    cpu->fault = (struct fault){.vector = VEC_GP, .has_error = true};
    return false;
}

/* Scans from off; a crossing first instruction gets the next page's bytes. False: cpu->fault. */
static bool scan(struct machine *machine, struct codepage *page, uint32_t lin,
                 struct codepage **second)
{
    static const uint8_t nothing[PAGE_BYTES] = {[0 ... PAGE_BYTES - 1] = 0xff};
    struct cpu *cpu = machine->cpu;
    const uint8_t *bytes = mem_page_host(&machine->mem, page->phys->phys_page << 12);
    uint8_t next[INSN_MAX_BYTES];
    struct site_arg site = {.machine = machine,
                            .page = page,
                            .owns_returns = !(machine->options.engine & ENGINE_NO_ALIGN)};
    struct map_site place = {.mode = page->mode, .phys_page = page->phys->phys_page};
    struct scan_request request = {
        .page = bytes ? bytes : nothing,
        .start_off = lin & (PAGE_BYTES - 1),
        .page_eip = (page->lin_page << 12),
        .code32 = cpu->mode & MODE_CODE32,
        .end_off = page->end_off,
        .max_insns = (cpu->mode & MODE_STEP) || (machine->options.engine & ENGINE_ONE_INSN) ||
                             is_hot(&site, lin & (PAGE_BYTES - 1))
                         ? 1
                         : SCAN_MAX_INSNS,
        .leave_gaps = machine->options.engine & ENGINE_NO_GAPS,
        .known = is_known,
        .arg = &site,
        /* hot code and breakpoints lie where nothing was scanned, too */
        .maybe_known = page->phys->loose || machine->breaks.n ? NULL : page->phys->scanned,
        .judge = map_judge,
        .map = machine->map,
        .judges_shapes = map_is_default(machine->map),
        .site = &place,
    };
    *second = NULL;
    scan_page(&machine->scanner, &request, &machine->scan);
    if (machine->scan.n_insns) {
        return true;
    }
    uint32_t next_lin = (lin | (PAGE_BYTES - 1)) + 1;
    if (page->end_off < PAGE_BYTES || next_lin == cpu->code_end) {
        return code_ends(cpu);
    }
    unsigned n = acc_fetch(cpu, next_lin, next, sizeof(next));
    if (n == 0) {
        return false; /* #PF of the second page: CR2 is its first byte */
    }
    *second = enter_page(machine, next_lin);
    if (!*second) {
        return false;
    }
    n = n < (*second)->end_off ? n : (*second)->end_off;
    request.next = next;
    request.n_next = n;
    request.max_insns = 1;
    scan_page(&machine->scanner, &request, &machine->scan);
    return machine->scan.n_insns != 0 || code_ends(cpu);
}

static struct unit *translate(struct machine *machine, struct codepage *page,
                              struct codepage *second)
{
    struct site_arg site = {.machine = machine, .page = page};
    struct translate_input in = {
        .scan = &machine->scan,
        .scanner = &machine->scanner,
        .map = machine->map,
        .cache = &machine->cache,
        .page = page,
        .engine = machine->options.engine,
        .site = site_kind,
        .is_unhinted = !monitor_has_hints(machine, page->phys->phys_page),
        .thunk = find_thunk,
        .slot = slot_of,
        .record = recall_wants(machine, page) ? record : NULL,
        .arg = &site,
    };
    if (second) {
        in.cross_next = view_code_entry(second->table, second->lin_page << 12);
    }
    struct unit *unit = translate_unit(&machine->pages, &in);
    if (unit && second) {
        const struct insn *insn = &machine->scan.insns[0];
        uint32_t in_first = PAGE_BYTES - (insn->eip & (PAGE_BYTES - 1));
        codepage_add_depend(&machine->pages, page, second->phys->phys_page,
                            insn->n_bytes - in_first);
        crossing_succeed(&machine->pages, unit);
    }
    return unit;
}

void monitor_note_unit(struct machine *machine, const struct unit *unit)
{
    if (machine->options.engine & ENGINE_VERIFY) {
        verify_cached(&machine->cache, unit,
                      mem_page_host(&machine->mem, unit->page->phys->phys_page << 12));
    }
    if (machine->jitdump) {
        jitdump_add(machine->jitdump, &machine->cache, unit);
    }
    if (machine->options.log_mask & (LOG_IN_ASM | LOG_OUT_ASM)) {
        monitor_log_unit(machine, unit);
    }
}

uint64_t monitor_find_unit(struct machine *machine)
{
    struct cpu *cpu = machine->cpu;
    uint32_t lin = cpu->eip + cpu->seg[SEG_CS].base;
    if (cpu->eip > cpu->seg[SEG_CS].limit && !code_ends(cpu)) {
        return 0;
    }
    for (unsigned attempt = 0;; attempt++) {
        BUG_ON(attempt > 2);
        if (!codepages_have_room(&machine->pages) || !map_has_room(machine->map)) {
            monitor_flush_code(machine);
        }
        struct codepage *page = enter_page(machine, lin), *second;
        if (!page) {
            return 0;
        }
        uint32_t slot = codepage_look_up(&machine->pages, page, lin & (PAGE_BYTES - 1));
        if (slot) {
            return machine->cache.exec + slot;
        }
        codepage_settle(&machine->pages, page);
        uint64_t start = __builtin_ia32_rdtsc();
        if (!page->units && recall_page(machine, page)) {
            slot = codepage_look_up(&machine->pages, page, lin & (PAGE_BYTES - 1));
            if (slot) {
                machine->tsc_translating += __builtin_ia32_rdtsc() - start;
                return machine->cache.exec + slot;
            }
        }
        if (!scan(machine, page, lin, &second)) {
            return 0;
        }
        struct unit *unit = translate(machine, page, second);
        machine->tsc_translating += __builtin_ia32_rdtsc() - start;
        if (!unit) {
            monitor_flush_code(machine);
            continue;
        }
        machine->n_insns_translated += unit->n_insns;
        machine->n_translated_bytes += unit->n_bytes;
        monitor_note_unit(machine, unit);
        return machine->cache.exec + unit->off;
    }
}

/* Those that lead to unit have other jumps now, and its constant is another one. */
static void check_crossings(struct machine *machine, const struct unit *right)
{
    const struct unit *unit = machine->options.engine & ENGINE_VERIFY ? right->page->units : NULL;
    for (; unit; unit = unit->next) {
        if (unit->cross_off && unit->low_off == right->low_off) {
            verify_cached(&machine->cache, unit, NULL);
        }
    }
}

enum found monitor_mend_crossing(struct machine *machine, uint64_t *host)
{
    struct cpu *cpu = machine->cpu;
    const uint32_t lin = cpu->eip + cpu->seg[SEG_CS].base, off = lin & (PAGE_BYTES - 1);
    const uint32_t next_lin = (lin | (PAGE_BYTES - 1)) + 1;
    uint32_t *table = view_code_table(cpu, lin);
    struct codepage *page = table ? codepage_of_table(&machine->pages, table) : NULL;
    if (!page || !crossing_find(page, off) || cpu->eip > cpu->seg[SEG_CS].limit) {
        return FOUND_NOTHING;
    }
    const struct unit *unit = NULL;
    if (codepages_have_room(&machine->pages) && next_lin != cpu->code_end) {
        const struct codepage *second = enter_page(machine, next_lin);
        if (!second) {
            return FOUND_FAULT; /* of the second page: CR2 is its first byte */
        }
        /* the frame may be page's own, and have moved */
        const bool is_there = page->lin_page == lin >> 12 && second->mode == page->mode;
        unit = is_there ? crossing_mend(&machine->pages, page, off, second) : NULL;
    }
    if (!unit) { /* the slot leads to a unit that would ask again */
        codepage_clear_slot(&machine->pages, page, off);
        return FOUND_NOTHING;
    }
    check_crossings(machine, unit);
    *host = machine->cache.exec + unit->off + unit->insns[0].host_off;
    return machine->breaks.n ? FOUND_NOTHING : FOUND_UNIT;
}
