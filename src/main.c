/* main.c - argv in, exit code out.
 *
 * Everything between is cli/ (words), monitor/ (the machine). Errors are one line on stderr.
 * Signals are the machine's. Exit codes: the machine's own; 1 the host or the user failed us; 2
 * usage.
 */
#include "cli/options.h"
#include "gdb/gdb.h"
#include "monitor/machine.h"
#include "trace/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef PLEX86_BUILD
#define PLEX86_BUILD "unknown build" /* the Makefile says */
#endif

static bool write_pid_file(const char *path)
{
    FILE *file = fopen(path, "we");
    if (!file) {
        return false;
    }
    bool written = fprintf(file, "%ld\n", (long)getpid()) > 0;
    return fclose(file) == 0 && written;
}

static int run(const struct options *options)
{
    struct machine *machine;
    char *error = NULL;
    if (machine_create(&machine, options, &error) < 0) {
        fprintf(stderr, "plex86: %s\n", error ? error : "the machine could not be made");
        free(error);
        return 1;
    }
    struct gdb *gdb = NULL;
    int status = 1;
    if ((options->gdb || options->wait_at_start) &&
        gdb_open(&gdb, machine, options->gdb, options->wait_at_start, &error) < 0) {
        fprintf(stderr, "plex86: %s\n", error ? error : "-gdb: failed");
        free(error);
    } else {
        status = machine_run(machine);
    }
    gdb_close(gdb, status);
    machine_destroy(machine);
    return status;
}

/* A closed standard stream's number would be given to the next file opened: guest memory, perhaps.
 */
static bool standard_streams_are_open(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

/* `plex86 bench techniques ...`: the benchmark of the source tree that this binary was built in. */
static int bench(int argc, char **argv)
{
    static const char script[] = "bench/techniques/run";
    char self[4096], path[sizeof self + sizeof script];
    if (argc < 2 || strcmp(argv[1], "techniques") != 0) {
        fprintf(stderr, "usage: plex86 bench techniques [--quick] [--runs N] [--no-linux]\n");
        return 2;
    }
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = 0;
    const char *slash = strrchr(self, '/');
    snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash + 1 - self) : 0, self, script);
    if (access(path, X_OK) == 0 && setenv("PLEX86", self, 1) == 0) {
        argv[1] = path;
        execv(path, argv + 1);
    }
    fprintf(stderr, "plex86: bench: %s: %s; in the source tree it is make bench-techniques\n", path,
            strerror(errno));
    return 1;
}

int main(int argc, char **argv)
{
    if (!standard_streams_are_open()) {
        return 1; /* no stream to say it on may be open */
    }
    if (argc > 1 && strcmp(argv[1], "trace") == 0) {
        return trace_tool(argc - 1, argv + 1);
    }
    if (argc > 1 && strcmp(argv[1], "bench") == 0) {
        return bench(argc - 1, argv + 1);
    }
    struct options options;
    int result = options_parse(&options, argc, argv);
    if (options.show_version) {
        options_print_version(PLEX86_BUILD);
    }
    int status = result == 1 ? 0 : result == -1 ? 2 : 1;
    if (result == 0 && options.pid_path && !write_pid_file(options.pid_path)) {
        fprintf(stderr, "plex86: -pidfile %s: %s\n", options.pid_path, strerror(errno));
    } else if (result == 0) {
        status = run(&options);
        if (options.pid_path) {
            unlink(options.pid_path);
        }
    }
    options_free(&options);
    return status;
}
