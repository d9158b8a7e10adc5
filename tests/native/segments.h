/* segments.h - the local descriptor table that host process and guest have alike, and a copy of
 * what of the host's GDT user code can see. */
#ifndef NATIVE_SEGMENTS_H
#define NATIVE_SEGMENTS_H

#include "gen.h"

enum {
    LDT_DATA16,     /* the 64 KiB at DATA_LIN, B=0 */
    LDT_DATA32,     /* the same, B=1 */
    LDT_READ_ONLY,  /* the same, not writable */
    LDT_DOWN16,     /* expand-down above 1800h, B=0 */
    LDT_DOWN32,     /* expand-down above 1800h, B=1 */
    LDT_EXACT,      /* the two data pages, to the byte */
    LDT_ABSENT,     /* not present */
    LDT_EXECUTE,    /* code that cannot be read */
    LDT_READ_CODE,  /* code that can */
    LDT_PAGES,      /* limit in pages */
    LDT_FLAT,       /* base 0, 4 GiB */
    LDT_ODD,        /* base not on any boundary, short limit */
    LDT_CODE32,     /* the code with a base */
    LDT_CODE16 = 16 /* and following: 64 KiB of code each, 16-bit */
};
static inline uint16_t ldt_selector(unsigned index)
{
    return (uint16_t)(index << 3 | 7);
}

/* Linear base of what the selector names; 0 for the flat ones and for what is not there. */
uint32_t segment_base(uint16_t selector);
/* Loads this process's LDT; -1 with errno if the host's kernel refuses (modify_ldt(2)). */
int segments_install(void);
/* Can this host's processes have such an LDT? Asks a child. */
bool segments_available(void);
void segments_describe(struct batch_head *head); /* no LDT unless head->has_ldt */
/* A selector fit for this register of a case. */
uint16_t segment_choose(struct rng *rng, unsigned seg, bool code32, uint32_t slot_lin);
bool segment_is_big(uint16_t selector); /* B or D bit */

#endif
