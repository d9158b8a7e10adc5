/* encode.c - one instruction of a form: prefixes, opcode, a random ModRM shape, random immediates;
 * then registers or the displacement are chosen so that a memory operand is where one is wanted. */
#include <string.h>

#include "gen.h"

enum { EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI, NONE };

struct operand {
    unsigned base, index, scale; /* NONE, NONE */
    unsigned disp_at, disp_bytes;
    unsigned seg;
};

static void put(struct maker *maker, unsigned byte)
{
    maker->code[maker->n++] = (uint8_t)byte;
}

static void put_random(struct maker *maker, unsigned n_bytes)
{
    uint32_t value = state_integer(&maker->rng);
    for (unsigned i = 0; i < n_bytes; i++) {
        put(maker, value >> i % 4 * 8);
    }
}

/* SDM vol. 2, table "16-Bit Addressing Forms with the ModR/M Byte". */
static void shape_16(struct maker *maker, unsigned reg, struct operand *op)
{
    static const uint8_t base[8] = {EBX, EBX, EBP, EBP, NONE, NONE, EBP, EBX};
    static const uint8_t index[8] = {ESI, EDI, ESI, EDI, ESI, EDI, NONE, NONE};
    unsigned mod = rng_below(&maker->rng, 3), rm = rng_below(&maker->rng, 8);
    put(maker, mod << 6 | reg << 3 | rm);
    op->base = mod == 0 && rm == 6 ? NONE : base[rm];
    op->index = index[rm];
    op->disp_bytes = mod == 1 ? 1 : mod == 2 || (mod == 0 && rm == 6) ? 2 : 0;
}

/* Tables "32-Bit Addressing Forms with the ModR/M Byte" and "... with the SIB Byte". */
static void shape_32(struct maker *maker, unsigned reg, struct operand *op)
{
    unsigned mod = rng_below(&maker->rng, 3), rm = rng_below(&maker->rng, 8);
    put(maker, mod << 6 | reg << 3 | rm);
    op->base = rm;
    if (rm == 4) {
        unsigned index = rng_below(&maker->rng, 8);
        op->base = rng_below(&maker->rng, 8);
        op->scale = rng_below(&maker->rng, 4);
        put(maker, op->scale << 6 | index << 3 | op->base);
        op->index = index == ESP ? NONE : index;
    }
    if (op->base == EBP && mod == 0) {
        op->base = NONE;
    }
    op->disp_bytes = mod == 1 ? 1 : mod == 2 || op->base == NONE ? 4 : 0;
}

static uint32_t sum(const struct maker *maker, const struct operand *op, unsigned without)
{
    const uint32_t *gpr = maker->test->gpr;
    uint32_t value = 0;
    if (op->base != NONE && op->base != without) {
        value += gpr[op->base];
    }
    if (op->index != NONE && op->index != without) {
        value += gpr[op->index] << op->scale;
    }
    if (op->disp_bytes) {
        int32_t disp = 0;
        memcpy(&disp, maker->code + op->disp_at, op->disp_bytes);
        value += (uint32_t)(op->disp_bytes == 1 ? (int8_t)disp : disp);
    }
    return value;
}

static void aim(struct maker *maker, const struct operand *op, bool addr16)
{
    struct rng *rng = &maker->rng;
    uint32_t *gpr = maker->test->gpr;
    /* A code segment that does not reach the data: other slots may hold something else for the CPU
     * underneath, the first bytes of this one do not. */
    bool own = op->seg == CASE_CS && maker->seg_base[CASE_CS];
    uint32_t lin = own ? maker->lin + rng_below(rng, 16) : state_target(rng, maker->mem_bytes);
    uint32_t off = lin - maker->seg_base[op->seg];
    bool full = op->disp_bytes == (addr16 ? 2 : 4);
    bool no_register = op->base == NONE && op->index == NONE;
    if (full && (no_register || rng_chance(rng, 50))) {
        uint32_t disp = off - sum(maker, op, NONE);
        memset(maker->code + op->disp_at, 0, op->disp_bytes);
        disp = off - sum(maker, op, NONE);
        memcpy(maker->code + op->disp_at, &disp, op->disp_bytes);
    } else if (op->base == op->index && op->base != NONE) {
        uint32_t rest = off - sum(maker, op, op->base);
        gpr[op->base] = rest / (1 + (1u << op->scale));
    } else if (op->base != NONE && (op->base != ESP || op->index == NONE)) {
        uint32_t value = off - sum(maker, op, op->base);
        gpr[op->base] = addr16 ? (gpr[op->base] & 0xffff0000) | (value & 0xffff) : value;
    } else if (op->index != NONE) {
        uint32_t value = (off - sum(maker, op, op->index)) >> op->scale;
        gpr[op->index] = addr16 ? (gpr[op->index] & 0xffff0000) | (value & 0xffff) : value;
    }
}

static void put_prefixes(struct maker *maker, const struct form *form, bool *addr16, int *seg)
{
    static const uint8_t mandatory[N_PP] = {0, 0x66, 0xf2, 0xf3, 0xf0};
    static const uint8_t override[N_CASE_SEGS] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    struct rng *rng = &maker->rng;
    uint8_t prefix[4];
    unsigned n = 0;
    bool lock = form->pp == PP_LOCK;
    if (rng_chance(rng, 7)) {
        *seg = (int)rng_below(rng, N_CASE_SEGS);
        prefix[n++] = override[*seg];
    }
    if (rng_chance(rng, *addr16 ? 25 : 5)) {
        *addr16 = !*addr16;
        prefix[n++] = 0x67;
    }
    if (form->pp != PP_66 && rng_chance(rng, 4 + 20 * lock)) {
        prefix[n++] = 0x66;
    }
    if (form->pp != PP_NONE) {
        prefix[n++] = mandatory[form->pp];
    }
    for (unsigned i = n; i > 1; i--) { /* any order will do */
        unsigned other = rng_below(rng, i);
        uint8_t byte = prefix[i - 1];
        prefix[i - 1] = prefix[other];
        prefix[other] = byte;
    }
    for (unsigned i = 0; i < n; i++) {
        put(maker, prefix[i]);
    }
}

void encode_form(struct maker *maker, const struct form *form)
{
    static const uint8_t sizes[] = {1, 2, 4, 4, 8, 16, 10, 4};
    struct rng *rng = &maker->rng;
    struct operand op = {.base = NONE, .index = NONE};
    bool addr16 = !modes[maker->gen->mode].code32;
    int seg = -1;
    maker->mem_bytes = sizes[rng_below(rng, sizeof(sizes))];
    put_prefixes(maker, form, &addr16, &seg);
    if (form->map) {
        put(maker, 0x0f);
    }
    if (form->map >= 2) {
        put(maker, form->map == 2 ? 0x38 : 0x3a);
    }
    put(maker, form->opcode);
    if (form->shape == SHAPE_REG) {
        put(maker, 0xc0u | form->reg << 3 | form->rm);
    } else if (form->shape == SHAPE_MEM) {
        addr16 ? shape_16(maker, form->reg, &op) : shape_32(maker, form->reg, &op);
        op.disp_at = maker->n;
        put_random(maker, op.disp_bytes);
        op.seg = seg >= 0 ? (unsigned)seg : op.base == ESP || op.base == EBP ? CASE_SS : CASE_DS;
        aim(maker, &op, addr16);
    }
    put_random(maker, 4);
    put_random(maker, 4); /* as many as it has: the decoder says */
}
