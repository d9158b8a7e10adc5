/* jitdump.c - writes units as they are made in perf's jitdump format, so that `perf report` names
 * guest code and `perf annotate` shows it:
 *
 *     perf record -k mono ./plex86 -jitdump ...
 *     perf inject -j -i perf.data -o perf.jit.data && perf report -i perf.jit.data
 *
 * Source: Linux, tools/perf/Documentation/jitdump-specification.txt (version 1, little-endian).
 * perf finds the file because it sees it mapped executable.
 */
#include "monitor/jitdump.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/clock.h"
#include "cache/codepage.h"
#include "cpu/cpu.h"

struct jitdump {
    FILE *file;
    void *marker; /* the mapping that perf records */
    uint64_t n_units;
};

struct file_header {
    uint32_t magic, version, total_bytes, elf_machine, zero, pid;
    uint64_t time_ns, flags;
};
struct load_record {
    uint32_t id, total_bytes;
    uint64_t time_ns;
    uint32_t pid, tid;
    uint64_t host, code_host, code_bytes, index;
};
enum { JIT_CODE_LOAD = 0, JIT_MAGIC = 0x4a695444 };

int jitdump_create(struct jitdump **out)
{
    struct jitdump *dump = calloc(1, sizeof *dump);
    char path[64];
    snprintf(path, sizeof path, "jit-%ld.dump", (long)getpid());
    dump->file = dump ? fopen(path, "w+e") : NULL;
    if (!dump || !dump->file) {
        int error = errno;
        free(dump);
        return -error;
    }
    struct file_header header = {.magic = JIT_MAGIC,
                                 .version = 1,
                                 .total_bytes = sizeof header,
                                 .elf_machine = 62 /* EM_X86_64; elf.h does not live together with cpu.h */,
                                 .pid = (uint32_t)getpid(),
                                 .time_ns = clock_host_ns()};
    fwrite(&header, sizeof header, 1, dump->file);
    if (fflush(dump->file) != 0) {
        int error = errno;
        jitdump_destroy(dump);
        return -error;
    }
    dump->marker = cache_map_marker(fileno(dump->file));
    if (!dump->marker) {
        int error = errno;
        jitdump_destroy(dump);
        return -error;
    }
    *out = dump;
    return 0;
}

void jitdump_destroy(struct jitdump *dump)
{
    if (dump) {
        fclose(dump->file);
        free(dump); /* the marker stays: perf may look at the process's end */
    }
}

void jitdump_add(struct jitdump *dump, const struct cache *cache, const struct unit *unit)
{
    char name[64];
    const struct codepage *page = unit->page;
    int n_name =
        snprintf(name, sizeof name, "guest_%s_%08x%s", page->mode & MODE_USER ? "user" : "kernel",
                 page->lin_page << 12 | unit->insns[0].page_off, unit->is_patch ? "_patch" : "");
    uint64_t host = cache->exec + unit->off;
    struct load_record record = {.id = JIT_CODE_LOAD,
                                 .total_bytes =
                                     (uint32_t)(sizeof record + (size_t)n_name + 1 + unit->n_bytes),
                                 .time_ns = clock_host_ns(),
                                 .pid = (uint32_t)getpid(),
                                 .tid = (uint32_t)gettid(),
                                 .host = host,
                                 .code_host = host,
                                 .code_bytes = unit->n_bytes,
                                 .index = ++dump->n_units};
    fwrite(&record, sizeof record, 1, dump->file);
    fwrite(name, (size_t)n_name + 1, 1, dump->file);
    fwrite(cache->write + unit->off, unit->n_bytes, 1, dump->file);
}
