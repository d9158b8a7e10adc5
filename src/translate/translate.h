/* translate.h - policy: scanned instructions -> host code of one unit. Place in the flow: scan ->
 * map -> translate -> emit -> cache. Reads no guest memory, owns no memory but its caller's buffer.
 *
 * Register conventions (design section 3): guest eax ecx edx ebx ebp esi edi in the host registers
 * of the same name with upper halves zero; r12 = window + ESP; r13 = window = GS.base; r14 =
 * I-view directory; r15 = struct cpu; rsp = host stack of guest calls; r8-r11 scratch.
 */
#ifndef TRANSLATE_TRANSLATE_H
#define TRANSLATE_TRANSLATE_H

#include "cache/codepage.h"
#include "cli/options.h"
#include "cpu/cpu.h"
#include "emit/emit.h"
#include "map/map.h"
#include "run/offsets.h"
#include "scan/scan.h"

/* How a site reaches memory. */
enum site_kind {
    SITE_DIRECT, /* prefixes only, or through r12/r13 */
    SITE_GS = 1, /* direct, but never the r13/r12 forms: base + disp wraps */
    SITE_DUAL = 2,
    SITE_CHECKED = 4,
};

struct translate_input {
    const struct scan_result *scan;
    const struct scanner *scanner;
    struct cache *cache;
    struct codepage *page;
    unsigned engine;     /* enum engine_flags */
    uint64_t cross_next; /* crossing unit: expected directory entry of the next page, else 0 */
    /* what is known of the site at this page offset: enum site_kind bits */
    unsigned (*site)(void *arg, uint32_t page_off);
    void *arg;
};

enum { MAX_FIXUPS = 512, MAX_LINKS = 256 };

struct translator {
    const struct translate_input *in;
    struct emit emit;
    uint32_t page_eip; /* EIP of the page's first byte */
    uint32_t mode;
    unsigned index;     /* instruction being translated */
    unsigned kind;      /* its site kind */
    unsigned unit_kind; /* enum unit_kind bits collected for it */
    uint16_t aux;
    bool commits; /* the checked access stores: OP_COMMIT is due behind it */
    bool shadow_next;
    uint32_t host_off[SCAN_MAX_INSNS + 1];
    struct unit_insn insns[SCAN_MAX_INSNS];
    struct {
        uint32_t field_off, target_index;
    } fixups[MAX_FIXUPS]; /* forward, inside the unit */
    unsigned n_fixups;
    struct {
        uint32_t field_off, target_eip;
    } exits[MAX_FIXUPS]; /* out of line */
    unsigned n_exits;
    struct {
        uint32_t field_off, target_off;
    } links[MAX_LINKS]; /* to be joined later */
    unsigned n_links;
};

/* Translates and commits; NULL if the cache is full (caller flushes and tries again). */
struct unit *translate_unit(struct codepages *pages, const struct translate_input *in);
/* Re-makes one instruction out of line with other site kinds, and plants a jump to it at its old
 * place. in->scan holds just that instruction. NULL if the cache is full. */
struct unit *translate_patch(struct codepages *pages, const struct translate_input *in,
                             struct unit *unit, const struct unit_insn *old, unsigned kind);

/* ---- between the files of this room ---- */
bool translate_flat(const struct translator *t); /* segments flat, 32-bit stack: direct forms */
void translate_native(struct translator *t, const struct insn *insn);
void translate_stack(struct translator *t, const struct insn *insn);
void translate_branch(struct translator *t, const struct insn *insn);
void translate_string(struct translator *t, const struct insn *insn);
void translate_inline(struct translator *t, const struct insn *insn);
/* A call to the C function op for insn. */
void translate_helper(struct translator *t, const struct insn *insn, enum emul_op op);
/* Emits what is needed so that *mem addresses insn's memory operand; uses r8, r9. value_reg forms
 * may use r10, r11. Adds delta to the offset (POP through ESP). Returns false for CHECKED sites
 * that need translate_commit() after the access. */
void translate_address(struct translator *t, const struct insn *insn, int32_t delta, bool load,
                       struct host_mem *mem);
/* Behind the access: stores of a checked site go from staging to memory. */
void translate_commit(struct translator *t, const struct insn *insn);
/* r12d holds a new ESP: make it a pointer again. is_written: a 32-bit write has surely cleared
 * r12's upper half. */
void translate_esp_fix(struct translator *t, bool is_written);
static inline int translate_reg(unsigned gpr)
{
    return gpr == GPR_ESP ? R12 : (int)gpr;
}
/* Leaves the unit for linear address of EIP target through the I-view. */
void translate_exit_direct(struct translator *t, uint32_t target_eip);
/* jmp (condition < 0) or jcc to target: joined, linked, or through the I-view. */
void translate_jump(struct translator *t, int condition, uint32_t target_eip);

#endif
