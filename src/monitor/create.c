/* create.c - makes and takes apart one machine: memory, view, cache, board, and the wires between
 * them. Errors are one line for the user. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bus/bus.h"
#include "monitor/console.h"
#include "monitor/host_check.h"
#include "monitor/machine_internal.h"
#include "monitor/recall.h"
#include "trace/trace.h"

enum {
    CACHE_BYTES = 96 << 20,
    TINY_CACHE_BYTES = 96 << 10,
    MAX_CODEPAGES = 12 << 10,
    TINY_CODEPAGES = 64
};

static char *message(const char *what, int error)
{
    char *line = NULL;
    if (asprintf(&line, "%s: %s", what, strerror(error < 0 ? -error : error)) < 0) {
        return NULL;
    }
    return line;
}

static void on_store(void *arg, uint32_t phys, uint32_t n_bytes)
{
    struct machine *machine = arg;
    while (n_bytes) {
        uint32_t here = PAGE_BYTES - (phys & (PAGE_BYTES - 1));
        here = here < n_bytes ? here : n_bytes;
        if (codepage_hit(&machine->pages, phys, here)) {
            codepage_store(&machine->pages, phys, here, mem_page_host(&machine->mem, phys));
        }
        phys += here;
        n_bytes -= here;
    }
}

static bool full_in(void *bus, uint16_t port, unsigned size, uint32_t *value)
{
    *value = bus_port_read(bus, port, size);
    return true;
}

static bool full_out(void *bus, uint16_t port, unsigned size, uint32_t value)
{
    bus_port_write(bus, port, size, value);
    return true;
}

static void on_a20(void *arg, bool open)
{
    struct machine *machine = arg;
    if (machine->cpu->a20 != open) {
        machine->cpu->a20 = open;
        if (machine->view) {
            view_paging_changed(machine->cpu);
        }
    }
}

/* The chip set shows other memory: nothing that was mapped or made from it may stay. */
static void on_memory(void *arg)
{
    struct machine *machine = arg;
    view_drop_all(machine->view);
    monitor_flush_code(machine);
    board_show_memory(machine->board);
    view_memory_changed(machine->cpu);
}

/* Loads what the command line names and brings the CPU to its entry state. */
int monitor_load(struct machine *machine, char **error)
{
    struct board_e820 map[32];
    unsigned n = board_memory_map(machine->board, map, ARRAY_SIZE(map));
    machine->cpu->poison_ptr = machine->run.poison;
    cpu_reset(machine->cpu);
    view_paging_changed(machine->cpu);
    if (load_guest(&machine->options.load, &machine->mem, map, n, machine->cpu, error) < 0) {
        return -1;
    }
    cpu_update_mode(machine->cpu);
    view_switch_mode(machine->cpu);
    return 0;
}

static int create_parts(struct machine *machine, char **error)
{
    const struct options *options = &machine->options;
    bool tiny = options->engine & ENGINE_TINY_CACHE;
    struct view_options view_options = {
        .no_fault_around = options->engine & ENGINE_NO_FAULT_AROUND,
        .no_parking = options->engine & ENGINE_NO_PARKING,
        .no_early = options->engine & ENGINE_NO_EARLY_MAPS,
    };
    const char *board_error = NULL;

    int result = mem_create(&machine->mem, options->ram_bytes);
    if (result < 0) {
        *error = message("cannot make the guest's memory (memfd_create, mmap)", result);
        return -1;
    }
    machine->mem.on_store = on_store;
    machine->mem.on_store_arg = machine;
    result = cache_create(&machine->cache, tiny ? TINY_CACHE_BYTES : CACHE_BYTES);
    if (result < 0) {
        *error = message("cannot make the code cache (a memfd mapped twice, once executable, below "
                         "2 GiB; is it refused by seccomp, SELinux or a ulimit?)",
                         result);
        return -1;
    }
    struct board_config board = options->board;
    uint8_t *firmware = NULL;
    if (options->load.bios &&
        load_firmware(options->load.bios, &firmware, &board.firmware_bytes, error) < 0) {
        return -1;
    }
    board.firmware = firmware;
    board.firmware_runs = firmware && !options->load.kernel && !options->load.program;
    result =
        board_create(&machine->board, &machine->mem, &board, &machine->cpu->intr, &board_error);
    free(firmware);
    if (result < 0) {
        *error = board_error ? strdup(board_error) : message("cannot make the board", result);
        return -1;
    }
    result = view_create(&machine->view, &machine->mem, machine->cpu, &view_options);
    if (result < 0) {
        *error = message("cannot reserve address space for the guest's windows (ulimit -v, "
                         "vm.max_map_count)",
                         result);
        return -1;
    }
    result = codepages_create(&machine->pages, &machine->cache, machine->view,
                              tiny ? TINY_CODEPAGES : MAX_CODEPAGES);
    machine->pages.slot_values = machine->cpu->hot_imm;
    machine->pages.cpu = machine->cpu;
    machine->cache.no_landings = options->engine & ENGINE_NO_LANDINGS;
    machine->pages.never_loose = options->engine & ENGINE_NO_LOOSE;
    machine->pages.never_reuse = options->engine & ENGINE_NO_REUSE;
    machine->pages.fills_at_once = options->engine & ENGINE_NO_LATE_SLOTS;
    if (result >= 0) {
        result = run_create(&machine->run, machine->cpu, &machine->cache, machine->view);
    }
    if (result < 0) {
        *error = message("cannot map the engine's own tables", result);
        return -1;
    }
    return 0;
}

static int create_trace(struct machine *machine, char **error)
{
    const struct trace_config config = {.paths = machine->options.trace_paths,
                                        .n_paths = machine->options.n_traces,
                                        .starts_off = machine->options.trace_off,
                                        .tsc_hz = clock_tsc_hz(board_clock(machine->board))};
    const char *bad;
    int result = config.n_paths ? trace_create(&machine->cpu->trace, &config, &bad) : 0;
    if (result < 0) {
        char what[256];
        snprintf(what, sizeof what, "-trace %s: cannot be written", bad);
        *error = message(what, result);
    } else if (machine->cpu->trace) {
        monitor_name_rules(machine);
    }
    return result;
}

static int create_profile(struct machine *machine, char **error)
{
    const struct options *options = &machine->options;
    int result =
        options->profile_path ? profile_create(&machine->profile, options->profile_path) : 0;
    if (result < 0) {
        char what[256];
        snprintf(what, sizeof what, "-profile %s: cannot be written", options->profile_path);
        *error = message(what, result);
        return result;
    }
    machine->run.profile = machine->profile ? &machine->profile->run : NULL;
    result = options->jitdump ? jitdump_create(&machine->jitdump) : 0;
    if (result < 0) {
        *error = message("-jitdump: cannot write jit-PID.dump in the current directory", result);
    }
    return result;
}

/* One CPU model exists; names that mean "what you have" are taken for it. */
static char *check_cpu_model(const char *model)
{
    static const char *const names[] = {"plex86", "max", "host", "qemu32"};
    char *line = NULL;
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        if (!model || strcmp(model, names[i]) == 0) {
            return NULL;
        }
    }
    if (asprintf(&line,
                 "-cpu %s: no such model; there is one, plex86 (max, host and qemu32 mean it "
                 "too)",
                 model) < 0) {
        return NULL;
    }
    return line;
}

int machine_create(struct machine **out, const struct options *options, char **error)
{
    run_prepare_process();
    *error = check_cpu_model(options->cpu_model);
    if (*error) {
        return -1;
    }
    *error = monitor_check_host();
    if (*error) {
        return -1;
    }
    struct machine *machine = calloc(1, sizeof(*machine));
    struct cpu *cpu = machine ? run_map_cpu() : NULL;
    if (!cpu) {
        free(machine);
        *error = message("out of memory", ENOMEM);
        return -1;
    }
    machine->cache.fd = machine->mem.fd = -1;
    machine->cpu = cpu;
    machine->options = *options;
    machine->hints = calloc(SITE_HINTS, sizeof(*machine->hints));
    machine->shapes = shape_table_create();
    cpu->machine = machine;
    cpu->a20 = true;
    scan_init(&machine->scanner);
    if (!(options->engine & ENGINE_NO_SHAPES)) {
        machine->scanner.shapes = machine->shapes;
    }
    machine->owns_map = !options->map;
    machine->map = options->map ? options->map : map_create();
    if (!machine->map || !machine->hints || !machine->shapes) {
        *error = message("out of memory", ENOMEM);
        machine_destroy(machine);
        return -1;
    }
    machine->log = stderr;
    if (options->log_path && !(machine->log = fopen(options->log_path, "we"))) {
        *error = message("cannot open the log file given by -D", errno);
        return -1;
    }
    if (create_parts(machine, error) < 0 || create_profile(machine, error) < 0 ||
        recall_create(machine, error) < 0) {
        machine_destroy(machine);
        return -1;
    }
    machine->run.no_lookup = options->engine & (ENGINE_NO_LOOKUP | ENGINE_ALL_CHECKED);
    machine->cpu->no_rings = options->engine & ENGINE_NO_RINGS;
    machine->run.lookup_at_once = options->engine & ENGINE_EAGER_LOOKUP;
    view_set_observer(machine->view, monitor_observe, options->split != SPLIT_HIDE);
    monitor_start_counters(machine);
    monitor_watch_rules(machine);
    struct bus *bus = board_bus(machine->board);
    machine->ports_light = (struct emul_ports){bus_port_read_light, bus_port_write_light, bus};
    machine->ports_full = (struct emul_ports){full_in, full_out, bus};
    machine->mem.mmio_read = (uint32_t(*)(void *, uint32_t, unsigned))bus_mmio_read;
    machine->mem.mmio_write = (void (*)(void *, uint32_t, unsigned, uint32_t))bus_mmio_write;
    machine->mem.mmio_arg = bus;
    board_connect_nmi(machine->board, &machine->cpu->nmi);
    machine->epoch_timer.expire = monitor_end_epoch;
    machine->epoch_timer.arg = machine;
    if (!(options->engine & ENGINE_NO_QUICK_EPOCHS)) {
        machine->run.on_timer = monitor_end_epoch_quickly;
    }
    machine->clock = board_clock(machine->board);
    clock_add_timer(machine->clock, &machine->epoch_timer);
    board_set_a20_hook(machine->board, on_a20, machine);
    board_set_memory_hook(machine->board, on_memory, machine);
    run_park_fpu(cpu); /* the guest starts with the state after FNINIT */
    if (monitor_load(machine, error) < 0) {
        machine_destroy(machine);
        return -1;
    }
    clock_start(board_clock(machine->board));
    cpu->tsc_hz = clock_tsc_hz(board_clock(machine->board));
    if (create_trace(machine, error) < 0 ||
        (options->monitor && console_open(machine, options->monitor, error) < 0)) {
        machine_destroy(machine);
        return -1;
    }
    *out = machine;
    return 0;
}

void machine_destroy(struct machine *machine)
{
    trace_destroy(machine->cpu->trace);
    console_close(machine);
    profile_destroy(machine->profile);
    jitdump_destroy(machine->jitdump);
    recall_destroy(machine->recall);
    if (machine->board) {
        board_destroy(machine->board);
    }
    run_destroy(&machine->run);
    if (machine->pages.tables) {
        codepages_destroy(&machine->pages);
    }
    if (machine->view) {
        view_destroy(machine->view);
    }
    cache_destroy(&machine->cache);
    mem_destroy(&machine->mem);
    free(machine->hints);
    free(machine->shapes);
    free(machine->breaks.list);
    free(machine->watches.list);
    run_unmap_cpu(machine->cpu);
    if (machine->owns_map) {
        map_destroy(machine->map);
    }
    if (machine->log && machine->log != stderr) {
        fclose(machine->log);
    }
    free(machine);
}
