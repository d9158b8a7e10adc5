/* identity.c - which program this is: the linker's build id, a hash of all that it is made of. */
#include "store/store.h"

#include <elf.h>
#include <link.h>
#include <string.h>

struct search {
    uint8_t *id;
    unsigned n_bytes, found;
};

static unsigned round_up(unsigned n)
{
    return (n + 3) & ~3u;
}

static void look_at_notes(struct search *search, const uint8_t *at, size_t n_bytes)
{
    ElfW(Nhdr) note;
    while (n_bytes >= sizeof(note)) {
        memcpy(&note, at, sizeof(note));
        const size_t size = sizeof(note) + round_up(note.n_namesz) + round_up(note.n_descsz);
        if (size > n_bytes) {
            return;
        }
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(at + sizeof(note), "GNU", 4) == 0) {
            search->found = note.n_descsz < search->n_bytes ? note.n_descsz : search->n_bytes;
            memcpy(search->id, at + sizeof(note) + 4, search->found);
            return;
        }
        at += size;
        n_bytes -= size;
    }
}

/* The first object is the program itself. */
static int look_at_program(struct dl_phdr_info *info, size_t n_bytes, void *arg)
{
    (void)n_bytes;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type == PT_NOTE) {
            look_at_notes(arg, (const uint8_t *)(info->dlpi_addr + header->p_vaddr),
                          header->p_memsz);
        }
    }
    return 1;
}

unsigned store_build_id(uint8_t *id, unsigned n_bytes)
{
    struct search search = {.id = id, .n_bytes = n_bytes};
    dl_iterate_phdr(look_at_program, &search);
    return search.found;
}
