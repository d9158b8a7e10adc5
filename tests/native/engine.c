/* engine.c - runs a batch in a machine of this process, with the guest kernel of kernel.c, and
 * takes the results out of guest memory. Reaches into the machine for that alone. */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "monitor/machine_internal.h"

/* The two techniques that leave the code cache: what has a C function gets it, the rest runs
 * natively behind a call of the monitor or behind its signal. In the cases alone: the sum over
 * memory in the guest's kernel would be 30,000 signals each. */
const struct engine_way engine_ways[N_ENGINES] = {
    {"normal", NULL, NULL, 1},
    {"all-checked", "all-checked", NULL, 4},
    {"one-insn", "one-insn", NULL, 4},
    {"eager", "eager-lookup", NULL, 8},
    {"call", NULL, "all cpl 3: call", 4},
    {"trap", NULL, "all cpl 3: trap", 4},
    {"verify", "verify", NULL, 8},
};

int engine_run_batch(const char *kernel, const char *batch, const struct engine_way *way,
                     uint32_t n_cases, struct test_result *results)
{
    char ram[16], exit_device[64];
    snprintf(ram, sizeof(ram), "%d", KERNEL_RAM_MIB);
    snprintf(exit_device, sizeof(exit_device), "isa-debug-exit,iobase=%#x,iosize=4",
             KERNEL_EXIT_PORT);
    char *argv[] = {"plex86",     "-m",          ram,           "-kernel", (char *)kernel,
                    "-initrd",    (char *)batch, "-nodefaults", "-device", exit_device,
                    "-no-reboot", "-display",    "none",        NULL,      NULL,
                    NULL,         NULL,          NULL};
    int argc = 13;
    if (way->words) {
        argv[argc++] = "-engine";
        argv[argc++] = (char *)way->words;
    }
    if (way->rule) {
        argv[argc++] = "-map-rule";
        argv[argc++] = (char *)way->rule;
    }
    struct options options;
    struct machine *machine;
    char *error = NULL;
    if (options_parse(&options, argc, argv) != 0) {
        return -1;
    }
    if (machine_create(&machine, &options, &error) < 0) {
        fprintf(stderr, "native: %s\n", error ? error : "no machine");
        return -1;
    }
    int status = machine_run(machine);
    memcpy(results, machine->mem.host + KERNEL_RESULTS_PHYS, n_cases * sizeof(*results));
    return status == (KERNEL_EXIT_DONE << 1 | 1) ? 0 : status ? status : -1;
}
