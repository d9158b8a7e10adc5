/* acc.c - C code's access to guest memory: through the windows, as guest code does; what a window
 * cannot give (MMIO, page with scanned code, supervisor page in a private slot, the wrap at 4 GiB)
 * goes by physical address. Light. */
#include "view/acc.h"

#include "view/view.h"
#include "view/view_internal.h"

struct acc_host acc_host_load1(uint64_t host);
struct acc_host acc_host_load2(uint64_t host);
struct acc_host acc_host_load4(uint64_t host);
struct acc_host acc_host_store1(uint64_t host, uint32_t value);
struct acc_host acc_host_store2(uint64_t host, uint32_t value);
struct acc_host acc_host_store4(uint64_t host, uint32_t value);

/* to, from or value, count */
struct acc_host acc_host_move1(uint64_t to, uint64_t from, uint64_t n);
struct acc_host acc_host_move2(uint64_t to, uint64_t from, uint64_t n);
struct acc_host acc_host_move4(uint64_t to, uint64_t from, uint64_t n);
struct acc_host acc_host_fill1(uint64_t to, uint64_t value, uint64_t n);
struct acc_host acc_host_fill2(uint64_t to, uint64_t value, uint64_t n);
struct acc_host acc_host_fill4(uint64_t to, uint64_t value, uint64_t n);

/* "Data breakpoints" are the debug registers' own business, alignment is emul/'s. */
static inline void watch(struct cpu *cpu, uint32_t lin, unsigned size, bool write)
{
    if (__builtin_expect(cpu->mode & MODE_WATCH, 0)) {
        cpu_debug_data(cpu, lin, size, write);
    }
}

static bool is_user(const struct cpu *cpu, enum acc_right right)
{
    return right == ACC_CPL && cpu->cpl == 3;
}

static uint32_t page_left(uint32_t lin)
{
    return PAGE_BYTES - (lin & (PAGE_BYTES - 1));
}

/* By physical address, size 1, 2 or 4 inside one page. */
static uint32_t phys_read(struct mem *mem, uint32_t phys, unsigned size)
{
    uint32_t value = 0;
    const uint8_t *host = mem_page_host(mem, phys);
    if (!host) {
        if (mem_type_of(mem, phys) == MEM_MMIO && mem->mmio_read) {
            return mem->mmio_read(mem->mmio_arg, phys, size);
        }
        return UINT32_MAX;
    }
    for (unsigned i = 0; i < size; i++) {
        value |= (uint32_t)host[i] << (8 * i);
    }
    return value;
}

static void phys_write(struct mem *mem, uint32_t phys, unsigned size, uint32_t value)
{
    enum mem_type type = mem_type_of(mem, phys);
    if (type == MEM_MMIO && mem->mmio_write) {
        mem->mmio_write(mem->mmio_arg, phys, size, value);
    }
    uint8_t *host = type == MEM_RAM ? mem_page_host(mem, phys) : NULL;
    if (!host) {
        return;
    }
    bool same = true; /* identical bytes need no invalidation (pitfall 37) */
    for (unsigned i = 0; i < size; i++) {
        same = same && host[i] == (uint8_t)(value >> (8 * i));
    }
    if (same) {
        return;
    }
    for (unsigned i = 0; i < size; i++) {
        host[i] = (uint8_t)(value >> (8 * i));
    }
    if (mem->on_store) {
        mem->on_store(mem->on_store_arg, phys, size);
    }
}

/* Tells of an access whose pages were walked without a fault. */
static int observe(struct cpu *cpu, struct view_sight *sight, bool user)
{
    struct walk walk;
    enum view_access access = sight->write ? VIEW_WRITE : VIEW_READ;
    uint32_t first = view_sight_first(sight);
    if (first < sight->n_bytes) {
        if (view_walk(cpu, sight->lin + first, access, user, true, &walk, NULL)) {
            return 0;
        }
        sight->phys_next = walk.phys;
    }
    return view_observe(cpu, sight) ? 0 : -1;
}

static inline bool is_quiet(const struct cpu *cpu)
{
    return __builtin_expect(!cpu->view->hides, 1) || cpu->acc_quiet;
}

/* Where a split policy may object, before anything is done. */
static inline bool asks_first(const struct cpu *cpu)
{
    return __builtin_expect(cpu->view->hides, 0) && view_hides_code(cpu->view) && !cpu->acc_quiet;
}

static int observe_lin(struct cpu *cpu, uint32_t lin, unsigned n_bytes, bool user, bool write,
                       const uint8_t *data)
{
    struct walk walk;
    if (!n_bytes ||
        view_walk(cpu, lin, write ? VIEW_WRITE : VIEW_READ, user, true, &walk, NULL) < 0) {
        return 0;
    }
    struct view_sight sight = {.lin = lin,
                               .phys = walk.phys,
                               .n_bytes = n_bytes,
                               .write = write,
                               .probe = !data,
                               .data = data};
    return observe(cpu, &sight, user);
}

int acc_ask(struct cpu *cpu, uint32_t lin, unsigned n_bytes, enum acc_right right, bool write)
{
    return asks_first(cpu) ? observe_lin(cpu, lin, n_bytes, is_user(cpu, right), write, NULL) : 0;
}

void acc_tell(struct cpu *cpu, uint32_t lin, unsigned n_bytes, enum acc_right right, bool write,
              const uint8_t *data)
{
    if (!is_quiet(cpu)) {
        observe_lin(cpu, lin, n_bytes, is_user(cpu, right), write, data);
    }
}

/* lin's page is at phys. */
static void tell(struct cpu *cpu, uint32_t lin, uint32_t phys, unsigned size, bool user, bool write,
                 uint32_t value)
{
    struct view_sight sight = {
        .lin = lin, .phys = phys, .n_bytes = size, .write = write, .data = (const uint8_t *)&value};
    observe(cpu, &sight, user);
}

static int slow_read(struct cpu *cpu, uint32_t lin, unsigned size, bool user, uint32_t *value)
{
    struct walk walk, next;
    struct mem *mem = cpu->view->mem;
    unsigned first = page_left(lin) < size ? page_left(lin) : size;
    if (view_walk(cpu, lin, VIEW_READ, user, false, &walk, &cpu->fault) < 0 ||
        (first < size &&
         view_walk(cpu, lin + first, VIEW_READ, user, false, &next, &cpu->fault) < 0) ||
        (asks_first(cpu) && observe_lin(cpu, lin, size, user, false, NULL) < 0)) {
        return -1;
    }
    if (first == size) {
        *value = phys_read(mem, walk.phys, size);
    } else {
        *value = 0;
        for (unsigned i = 0; i < size; i++) {
            uint32_t phys = i < first ? walk.phys + i : next.phys + (i - first);
            *value |= (phys_read(mem, phys, 1) & 0xff) << (8 * i);
        }
    }
    if (!is_quiet(cpu)) {
        tell(cpu, lin, walk.phys, size, user, false, *value);
    }
    return 0;
}

static int slow_write(struct cpu *cpu, uint32_t lin, unsigned size, bool user, uint32_t value)
{
    struct walk walk, next;
    struct mem *mem = cpu->view->mem;
    unsigned first = page_left(lin) < size ? page_left(lin) : size;
    if (view_walk(cpu, lin, VIEW_WRITE, user, false, &walk, &cpu->fault) < 0 ||
        (first < size &&
         view_walk(cpu, lin + first, VIEW_WRITE, user, false, &next, &cpu->fault) < 0) ||
        (asks_first(cpu) && observe_lin(cpu, lin, size, user, true, NULL) < 0)) {
        return -1;
    }
    if (!is_quiet(cpu)) {
        tell(cpu, lin, walk.phys, size, user, true, value);
    }
    if (first == size) {
        phys_write(mem, walk.phys, size, value);
        return 0;
    }
    for (unsigned i = 0; i < size; i++) {
        uint32_t phys = i < first ? walk.phys + i : next.phys + (i - first);
        phys_write(mem, phys, 1, value >> (8 * i));
    }
    return 0;
}

enum { HINT_USES = 64 };

/* A page that its window could not give will not be given a moment later: asking costs a signal (3
 * us), the slow path 0.1. Only a hint: the slow path is right for every page. A program that looks
 * through the ROM area for signatures makes 40,000 such reads. */
static uint32_t hint_tag(uint32_t lin, bool user, bool write)
{
    return (lin & ~(uint32_t)(PAGE_BYTES - 1)) | 4u | (user ? 2u : 0) | write;
}

static struct acc_hint *hint_of(struct cpu *cpu, uint32_t lin)
{
    return &cpu->acc_hint[(lin >> PAGE_SHIFT) % CPU_ACC_HINTS];
}

/* The slot of the window where such an access would be made, or NULL. */
static const struct view_slot *slot_for(const struct cpu *cpu, uint32_t lin, bool user)
{
    const struct view *view = cpu->view;
    const uint32_t window = view_window_for(cpu, lin, user) == window_base(view, VIEW_SUP)
                                ? (uint32_t)VIEW_SUP
                                : view->current;
    return slot_find(view, window, lin >> view->slot_shift);
}

/* The window has the page and must not write to it while it holds code: asking is for nothing. */
static bool is_still_protected(const struct cpu *cpu, uint32_t lin, bool user, bool write)
{
    const struct view *view = cpu->view;
    const uint32_t i = (lin >> PAGE_SHIFT) & (view->slot_pages - 1);
    const struct view_slot *slot = slot_for(cpu, lin, user);
    return write && slot && bit_get(slot->mapped, i) && !bit_get(slot->writable, i) &&
           page_is_protected(view, slot_phys_page(view, slot, i));
}

static inline bool is_known_slow(struct cpu *cpu, uint32_t lin, bool user, bool write)
{
    struct acc_hint *hint = hint_of(cpu, lin);
    if (__builtin_expect(hint->tag != hint_tag(lin, user, write), 1)) {
        return false;
    }
    if (--hint->left == 0) {
        const bool lasts = is_still_protected(cpu, lin, user, write);
        *hint = lasts ? (struct acc_hint){hint->tag, HINT_USES} : (struct acc_hint){0, 0};
    }
    return true;
}

static void note_slow(struct cpu *cpu, uint32_t lin, bool user, bool write)
{
    *hint_of(cpu, lin) = (struct acc_hint){hint_tag(lin, user, write), HINT_USES};
}

/* A supervisor's access to a page that its window does not hold: a few bytes by physical address
 * (0.1 us) are cheaper than a signal, mmap, and munmap when the page goes (6 us). Only the first
 * few; then the page is worth a mapping. Linux patches its code through a page that it maps for 4
 * bytes, 8000 times while it boots. INVLPG and CR3 loads make pages cold again. */
enum { COLD_USES = 8 };

static bool is_cold(struct cpu *cpu, uint32_t lin, bool user)
{
    const struct view *view = cpu->view;
    if (user || view->kind == PAGING_OFF) {
        return false;
    }
    const struct view_slot *slot = slot_for(cpu, lin, false);
    if (slot && bit_get(slot->mapped, (lin >> PAGE_SHIFT) & (view->slot_pages - 1))) {
        return false;
    }
    struct acc_hint *cold = &cpu->acc_cold[(lin >> PAGE_SHIFT) % CPU_ACC_HINTS];
    if (cold->tag != (lin | (PAGE_BYTES - 1))) {
        *cold = (struct acc_hint){lin | (PAGE_BYTES - 1), COLD_USES};
    }
    return cold->left && cold->left--;
}

void acc_make_all_cold(struct cpu *cpu)
{
    for (unsigned i = 0; i < CPU_ACC_HINTS; i++) {
        cpu->acc_cold[i].tag = 0;
        cpu->acc_warm[2 * i] = cpu->acc_warm[2 * i + 1] = 0;
    }
}

void acc_make_cold(struct cpu *cpu, uint32_t lin)
{
    cpu->acc_cold[(lin >> PAGE_SHIFT) % CPU_ACC_HINTS].tag = 0;
    *acc_warm_of(cpu, lin, false) = *acc_warm_of(cpu, lin, true) = 0;
}

static inline void note_warm(struct cpu *cpu, uint32_t lin, bool user, bool write)
{
    if (!user) {
        *acc_warm_of(cpu, lin, write) = acc_warm_tag(lin, write);
    }
}

enum { COLD_BYTES = 32 }; /* more than these are worth a mapping */

int acc_read(struct cpu *cpu, uint32_t lin, unsigned size, enum acc_right right, uint32_t *value)
{
    bool user = is_user(cpu, right);
    watch(cpu, lin, size, false);
    if (!(!user && acc_is_warm(cpu, lin, false)) &&
        (lin > UINT32_MAX - 3 || cpu->looks_up || is_known_slow(cpu, lin, user, false) ||
         is_cold(cpu, lin, user))) {
        return slow_read(cpu, lin, size, user, value);
    }
    uint64_t host = view_window_for(cpu, lin, user) + lin;
    struct acc_host got;
    cpu->acc_user = user;
    switch (size) {
    case 1:
        got = acc_host_load1(host);
        break;
    case 2:
        got = acc_host_load2(host);
        break;
    default:
        got = acc_host_load4(host);
        break;
    }
    if (__builtin_expect(got.failed, 0)) {
        if (cpu->acc_answer == VIEW_FAULT) {
            return -1;
        }
        *acc_warm_of(cpu, lin, false) = 0;
        note_slow(cpu, lin, user, false);
        return slow_read(cpu, lin, size, user, value);
    }
    note_warm(cpu, lin, user, false);
    *value = (uint32_t)got.value;
    return 0;
}

int acc_write(struct cpu *cpu, uint32_t lin, unsigned size, enum acc_right right, uint32_t value)
{
    bool user = is_user(cpu, right);
    watch(cpu, lin, size, true);
    if (!(!user && acc_is_warm(cpu, lin, true)) &&
        (lin > UINT32_MAX - 3 || cpu->looks_up || is_known_slow(cpu, lin, user, true) ||
         is_cold(cpu, lin, user))) {
        return slow_write(cpu, lin, size, user, value);
    }
    uint64_t host = view_window_for(cpu, lin, user) + lin;
    struct acc_host got;
    cpu->acc_user = user;
    switch (size) {
    case 1:
        got = acc_host_store1(host, value);
        break;
    case 2:
        got = acc_host_store2(host, value);
        break;
    default:
        got = acc_host_store4(host, value);
        break;
    }
    if (__builtin_expect(got.failed, 0)) {
        if (cpu->acc_answer == VIEW_FAULT) {
            return -1;
        }
        *acc_warm_of(cpu, lin, true) = 0;
        note_slow(cpu, lin, user, true);
        return slow_write(cpu, lin, size, user, value);
    }
    note_warm(cpu, lin, user, true);
    return 0;
}

int acc_probe_write(struct cpu *cpu, uint32_t lin, unsigned n_bytes, enum acc_right right)
{
    struct walk walk;
    bool user = is_user(cpu, right);
    if (n_bytes == 0) {
        return 0;
    }
    if (view_walk(cpu, lin, VIEW_WRITE, user, false, &walk, &cpu->fault) < 0) {
        return -1;
    }
    if (page_left(lin) < n_bytes) {
        uint32_t next = (lin | (PAGE_BYTES - 1)) + 1;
        if (view_walk(cpu, next, VIEW_WRITE, user, false, &walk, &cpu->fault) < 0) {
            return -1;
        }
    }
    return asks_first(cpu) ? observe_lin(cpu, lin, n_bytes, user, true, NULL) : 0;
}

/* What is left of n when the handler gave up. */
static unsigned count_done(struct acc_host got, unsigned n)
{
    return got.failed ? n - (unsigned)got.value : n;
}

unsigned acc_move(struct cpu *cpu, uint32_t to, uint32_t from, unsigned size, unsigned n)
{
    bool user = is_user(cpu, ACC_CPL);
    if (n * size <= COLD_BYTES && !cpu->looks_up &&
        (is_cold(cpu, to, user) || is_cold(cpu, from, user))) {
        return 0;
    }
    uint64_t to_host = view_window_for(cpu, to, user) + to;
    uint64_t from_host = view_window_for(cpu, from, user) + from;
    if (cpu->looks_up && (!view_look_up_ram(cpu, from, false, &from_host) ||
                          !view_look_up_ram(cpu, to, true, &to_host))) {
        return 0;
    }
    cpu->acc_user = user;
    switch (size) {
    case 1:
        return count_done(acc_host_move1(to_host, from_host, n), n);
    case 2:
        return count_done(acc_host_move2(to_host, from_host, n), n);
    default:
        return count_done(acc_host_move4(to_host, from_host, n), n);
    }
}

unsigned acc_fill(struct cpu *cpu, uint32_t to, uint32_t value, unsigned size, unsigned n)
{
    bool user = is_user(cpu, ACC_CPL);
    if (n * size <= COLD_BYTES && !cpu->looks_up && is_cold(cpu, to, user)) {
        return 0;
    }
    uint64_t host = view_window_for(cpu, to, user) + to;
    if (cpu->looks_up && !view_look_up_ram(cpu, to, true, &host)) {
        return 0;
    }
    cpu->acc_user = user;
    switch (size) {
    case 1:
        return count_done(acc_host_fill1(host, value, n), n);
    case 2:
        return count_done(acc_host_fill2(host, value, n), n);
    default:
        return count_done(acc_host_fill4(host, value, n), n);
    }
}

unsigned acc_fetch(struct cpu *cpu, uint32_t lin, uint8_t *out, unsigned n_bytes)
{
    struct walk walk;
    unsigned done = 0;
    while (done < n_bytes) {
        if (view_walk(cpu, lin + done, VIEW_FETCH, cpu->cpl == 3, false, &walk, &cpu->fault) < 0) {
            return done;
        }
        uint32_t left = page_left(lin + done);
        for (; left && done < n_bytes; left--, done++) {
            const uint8_t *host = mem_page_host(cpu->view->mem, walk.phys);
            out[done] = host ? *host : 0xff;
            walk.phys++;
        }
    }
    return done;
}
