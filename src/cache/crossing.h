/* crossing.h - units of one instruction that ends in the next page. Such a unit holds for what the
 * next page was when it was made, so it begins with a guard, which compares that page's entry in
 * the I-view's directory with a constant:
 *
 *   mov %rcx, %r9; mov dir(%r14), %rcx; mov $(-entry), %r8; lea (%rcx,%r8), %rcx; jrcxz fits
 *   mov %r9, %rcx; mov $lin, %r8d; jmp stub, or the next such unit; fits: mov %r9, %rcx
 *
 * The entry is another one when the page was given up and entered again with another slot table:
 * then the same bytes are behind the border, and the constant is corrected in place. Direct
 * branches go on leading to the first unit that was made, so where the page is another one, the
 * guards lead from each unit of the instruction to the one that was right last.
 */
#ifndef CACHE_CROSSING_H
#define CACHE_CROSSING_H

#include "cache/codepage.h"

enum {
    CROSSING_STUB = 64, /* run/offsets.h: STUB_CROSS */
    CROSSING_JUMP = 24, /* from the constant to the field of the jump */
};

/* A unit of the instruction at off of page, right or not; NULL: it has none. */
const struct unit *crossing_find(const struct codepage *page, uint32_t off);
/* Second is what follows page now, in the directory too. The unit of the instruction at off that
 * was made from the same bytes, as it fits now; or NULL. Every other one leads to it. */
const struct unit *crossing_mend(struct codepages *pages, struct codepage *page, uint32_t off,
                                 const struct codepage *second);
/* Those that unit was made instead of lead to it. */
void crossing_succeed(const struct codepages *pages, const struct unit *unit);

#endif
