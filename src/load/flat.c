/* flat.c - -program FILE: a flat 32-bit binary that begins at its first byte, in ring 3, as in the
 * posts that began plex86 (`000B.00100002`: selector 0B is GDT entry 1 with RPL 3).
 *
 * There is no system under it: IDTR's limit is 0, so every exception ends the run.
 */
#include "load/room.h"

#include <errno.h>

enum { FLAT_CODE = 0x0b, FLAT_DATA = 0x13, FLAT_STACK_BYTES = 65536 };

/* Conventional memory below the EBDA: RAM on every PC. (A0000-FFFFF is not.) */
#define FLAT_LOW_BEGIN 0x1000ull
#define FLAT_LOW_END   0x90000ull

static int find_low_or_any(struct place *place, uint64_t n_bytes, uint32_t *phys)
{
    if (place_find_high(place, FLAT_LOW_BEGIN, FLAT_LOW_END, n_bytes, phys) == 0) {
        return 0;
    }
    return place_find_high(place, MIB(1), GIB(4), n_bytes, phys); /* the program fills low memory */
}

int flat_load(const struct load_request *request, struct place *place, struct cpu *cpu,
              char **error)
{
    struct load_file program;
    int result =
        load_file_open(&program, "program", request->program, place_ram_bytes(place), error);
    if (result < 0) {
        return result;
    }
    uint32_t phys = request->program_phys;
    if (!program.n_bytes) {
        result = load_fail(error, ENOEXEC, "the program %s is empty", request->program);
    } else if (place_claim(place, phys, program.n_bytes) < 0) {
        result = load_fail(error, ENOSPC,
                           "the program %s (%llu bytes) does not fit at %#x: that is not all RAM; "
                           "give another addr= or more memory with -m",
                           request->program, (unsigned long long)program.n_bytes, phys);
    }
    struct entry entry = {.code = FLAT_CODE, .data = FLAT_DATA, .eip = phys};
    uint32_t stack_phys = 0;
    if (!result && (find_low_or_any(place, FLAT_STACK_BYTES, &stack_phys) < 0 ||
                    find_low_or_any(place, ENTRY_GDT_BYTES, &entry.gdt_phys) < 0)) {
        result = load_fail(error, ENOSPC,
                           "the program %s leaves no memory for a stack; give more with -m",
                           request->program);
    }
    if (!result) {
        entry.esp = stack_phys + FLAT_STACK_BYTES;
        result = load_file_copy(&program, 0, program.n_bytes, place, phys, error);
    }
    if (!result) {
        entry_set(cpu, place, &entry);
    }
    load_file_free(&program);
    return result;
}
