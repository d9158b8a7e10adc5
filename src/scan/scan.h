/* scan.h - PURE: guest bytes + mode -> decoded instructions -> the list a unit is made of. Never
 * touches guest memory itself and keeps no state: its caller hands it the bytes.
 */
#ifndef SCAN_SCAN_H
#define SCAN_SCAN_H

#include <Zydis/Zydis.h>

#include "map/map.h"
#include "scan/insn.h"
#include "scan/shape.h"

enum { SCAN_MAX_INSNS = 192, SCAN_MAX_GAP = 256 };

struct scanner {
    ZydisDecoder code32, code16;
    struct shape_table *shapes; /* zeroed at first; NULL after scan_init(): Zydis each time */
};
void scan_init(struct scanner *scanner);

/* Decodes one instruction from up to n_bytes (at most 15 are looked at). code32: CS.D. Always fills
 * *insn (also when INSN_INVALID/INSN_TRUNCATED). Fills the memory operand's size and use too only
 * if operands is set (costs a second decode step). */
void scan_decode(const struct scanner *scanner, const uint8_t *bytes, unsigned n_bytes, bool code32,
                 uint32_t eip, bool operands, struct insn *insn);

/* What the scan found: instructions in ascending order of address. */
struct scan_result {
    unsigned n_insns;
    struct insn insns[SCAN_MAX_INSNS];
    /* by page offset: the index of the instruction that begins there, if that one does; else it
       means nothing */
    uint8_t at[4096];
    bool ends_open;    /* the last instruction falls through to next_off */
    uint32_t next_off; /* page offset after the last instruction (may be 4096) */
};
struct map_site;
struct scan_request {
    const uint8_t *page; /* the 4096 bytes of the code page */
    const uint8_t
        *next;       /* bytes of the following page, or NULL: then crossing instructions end it */
    unsigned n_next; /* how many of them are known (0..15) */
    uint32_t start_off; /* where in the page to begin */
    uint32_t end_off;   /* code ends here: 4096, or where the CS limit cuts the page */
    uint32_t page_eip;  /* EIP of the page's first byte */
    bool code32;
    unsigned max_insns; /* budget, at most SCAN_MAX_INSNS */
    bool leave_gaps;    /* what lies between blocks stays out, even if they branch there */
    /* true if the scan is to stop before off: it has code already. Behind a call it may have: the
     * code that lies there is what the host's return predictor expects (translate/layout.c). */
    bool (*known)(void *arg, uint32_t off, bool behind_call);
    void *arg;
    /* a bit for each byte of the page; where it is 0, known() would say no. NULL: always asked */
    const uint8_t *maybe_known;
    /* sets insn->verdict, op, technique and plant: the map */
    void (*judge)(void *map, struct insn *insn, const struct map_site *site);
    void *map;
    bool judges_shapes; /* it says the same of all instructions of a shape, now and whenever this
                           is set, and plants nothing */
    const struct map_site *site; /* for the map: mode and physical page of the code page */
};
/* The index of the instruction that begins at page offset off, EIP eip; or -1. */
static inline int scan_index(const struct scan_result *result, uint32_t off, uint32_t eip)
{
    const unsigned index = result->at[off];
    return index < result->n_insns && result->insns[index].eip == eip ? (int)index : -1;
}
void scan_page(const struct scanner *scanner, const struct scan_request *request,
               struct scan_result *result);

/* Kinds of control flow, from the verdict: asked of each instruction by several passes. */
enum {
    SCAN_TERMINAL = 1u << VERDICT_JMP | 1u << VERDICT_JMP_INDIRECT | 1u << VERDICT_RET |
                    1u << VERDICT_HELPER_END,
    SCAN_CALL = 1u << VERDICT_CALL | 1u << VERDICT_CALL_INDIRECT,
    SCAN_JUMP = 1u << VERDICT_JMP | 1u << VERDICT_JCC | 1u << VERDICT_LOOP,
    SCAN_DIRECT = SCAN_JUMP | 1u << VERDICT_CALL,
};
_Static_assert(N_VERDICTS <= 31, "verdicts are bits");

static inline bool scan_is(const struct insn *insn, uint32_t verdicts)
{
    return verdicts >> insn->verdict & 1;
}
/* Does execution never go on behind it? */
static inline bool scan_is_terminal(const struct insn *insn)
{
    return scan_is(insn, SCAN_TERMINAL);
}
/* Does its callee come back to what lies behind it? */
static inline bool scan_is_call(const struct insn *insn)
{
    return scan_is(insn, SCAN_CALL);
}
/* Direct branch (Jcc, JMP, LOOP, CALL rel): its target EIP. */
static inline bool scan_has_target(const struct insn *insn, uint32_t *target)
{
    if (!scan_is(insn, SCAN_DIRECT)) {
        return false;
    }
    *target = insn->eip + insn->n_bytes + insn->imm;
    /* SDM: 16-bit operand size clears EIP's upper half. In 16-bit code the base is hardly ever
     * 0, and the linear sum is right unless IP wraps: a hint is all the scanner needs there. */
    if (insn->opattr == 2 && insn->has_66) {
        *target &= 0xffff;
    }
    return true;
}

#endif
