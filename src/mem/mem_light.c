/* mem_light.c - the part of mem.h that light code calls: general registers only, no libc. */
#include "mem/mem.h"

uint8_t *mem_page_host(const struct mem *mem, uint32_t phys)
{
    uint32_t page = phys >> PAGE_SHIFT;
    uint8_t type = mem->page_type[page];
    if (type != MEM_RAM && type != MEM_ROM) {
        return NULL;
    }
    return mem->host + ((uint64_t)mem->page_fd[page] << PAGE_SHIFT) + (phys & (PAGE_BYTES - 1));
}
