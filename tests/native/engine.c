/* engine.c - runs a batch in a machine of this process, with the guest kernel of kernel.c, and
 * takes the results out of guest memory. Reaches into the machine for that alone. */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "monitor/machine_internal.h"

int engine_run_batch(const char *kernel, const char *batch, const char *engine, uint32_t n_cases,
                     struct test_result *results)
{
    char ram[16], exit_device[64];
    snprintf(ram, sizeof(ram), "%d", KERNEL_RAM_MIB);
    snprintf(exit_device, sizeof(exit_device), "isa-debug-exit,iobase=%#x,iosize=4",
             KERNEL_EXIT_PORT);
    char *argv[] = {"plex86",     "-m",          ram,           "-kernel", (char *)kernel,
                    "-initrd",    (char *)batch, "-nodefaults", "-device", exit_device,
                    "-no-reboot", "-display",    "none",        "-engine", (char *)engine,
                    NULL};
    int argc = *engine ? 15 : 13;
    argv[argc] = NULL;
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
