/* shrink.c - slot tables of code that no address space has any more, of programs that have ended:
 * given back to the host. The code stays, and is found as before a part was filled for the first
 * time (codepage_light.c); so this costs a few look-ups where the program is run again. Called
 * between two runs of the guest. Full.
 *
 * -engine no-reuse switches it off.
 */
#include <sys/mman.h>

#include "cache/codepage.h"

enum { PART_BYTES = 4096 };

/* Parts that are empty, or of no use: side by side they go back in one call. */
struct spare {
    const struct codepages *pages;
    uint64_t first, end; /* numbers, from the first part of the first table */
    bool any;            /* some of them were filled */
};

static void give_back(struct spare *spare)
{
    if (spare->any) {
        madvise((uint8_t *)spare->pages->tables + spare->first * PART_BYTES,
                (spare->end - spare->first) * PART_BYTES, MADV_DONTNEED);
    }
    spare->any = false;
}

static void look_at(struct spare *spare, struct codepages *pages, uint32_t index)
{
    struct codepage *page = &pages->pages[index];
    bool asked = false, needed = false;
    for (unsigned part = 0; part < CODEPAGE_PARTS; part++) {
        const uint64_t number = (uint64_t)index * CODEPAGE_PARTS + part;
        if (page->asked[part] == PART_FILLED) {
            if (!asked) {
                asked = true;
                needed = view_has_code(pages->view, page->lin_page << PAGE_SHIFT, page->table,
                                       page->phys->phys_page);
            }
            if (needed) {
                give_back(spare);
                spare->first = number + 1;
                continue;
            }
            page->asked[part] = 0;
            pages->n_filled--;
            pages->n_given_back++;
            spare->any = true;
        }
        spare->end = number + 1;
    }
}

/* Looking costs some ms: when much was filled since, or some a while ago. */
static bool is_due(const struct codepages *pages)
{
    enum { SOME_PARTS = 256 };
    const uint64_t a_while_tsc = UINT64_C(1) << 31; /* some 0.8 s */
    if (pages->n_filled < SHRINK_PARTS || pages->n_filled < pages->filled_after + SOME_PARTS ||
        pages->never_reuse || pages->fills_at_once) {
        return false;
    }
    return pages->n_filled >= pages->filled_after + SHRINK_PARTS ||
           __builtin_ia32_rdtsc() - pages->tsc_shrunk > a_while_tsc;
}

void codepages_shrink(struct codepages *pages)
{
    if (!is_due(pages)) {
        return;
    }
    struct spare spare = {.pages = pages};
    for (uint32_t index = 0; index < pages->n_pages; index++) {
        look_at(&spare, pages, index);
    }
    give_back(&spare);
    pages->filled_after = pages->n_filled;
    pages->tsc_shrunk = __builtin_ia32_rdtsc();
}
