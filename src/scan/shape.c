/* shape.c - see shape.h. Three quarters of an instruction's decoding say the same thing again for
 * each "mov disp(%ebp), %eax"; from the second one on, only what differs is read: 10 ns, not 90.
 *
 * Not remembered, so that Zydis is asked each time: 16-bit code, address size prefixes, two
 * prefixes of the kind that changes meaning, what may be VEX, EVEX or XOP (62, 8F, C4, C5), MOV to
 * and from control and debug registers (their ModRM never means memory), 3DNow, and whatever is
 * invalid. What is learned must give back the instruction it was learned
 * from, or it is not kept.
 *
 * -engine no-shapes switches it off.
 */
#include "scan/shape.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cpu/cpu.h"

enum kind_prefix { KIND_NONE, KIND_66, KIND_F0, KIND_F2, KIND_F3 };

/* What a first byte is. Prefixes, and what is not remembered, are none of these. */
enum { PLAIN = 1, MODRM = 2 | PLAIN };
#define ARITHMETIC(op) [op... op + 3] = MODRM, [op + 4 ... op + 5] = PLAIN
static const uint8_t first_bytes[256] = {
    ARITHMETIC(0x00),        ARITHMETIC(0x08),        ARITHMETIC(0x10),
    ARITHMETIC(0x18),        ARITHMETIC(0x20),        ARITHMETIC(0x28),
    ARITHMETIC(0x30),        ARITHMETIC(0x38),        [0x06 ... 0x07] = PLAIN,
    [0x0e] = PLAIN,          [0x16 ... 0x17] = PLAIN, [0x1e ... 0x1f] = PLAIN,
    [0x27] = PLAIN,          [0x2f] = PLAIN,          [0x37] = PLAIN,
    [0x3f ... 0x61] = PLAIN, [0x63] = MODRM,          [0x68] = PLAIN,
    [0x69] = MODRM,          [0x6a] = PLAIN,          [0x6b] = MODRM,
    [0x6c ... 0x7f] = PLAIN, [0x80 ... 0x8e] = MODRM, [0x90 ... 0xbf] = PLAIN,
    [0xc0 ... 0xc1] = MODRM, [0xc2 ... 0xc3] = PLAIN, [0xc6 ... 0xc7] = MODRM,
    [0xc8 ... 0xcf] = PLAIN, [0xd0 ... 0xd3] = MODRM, [0xd4 ... 0xd7] = PLAIN,
    [0xd8 ... 0xdf] = MODRM, [0xe0 ... 0xef] = PLAIN, [0xf1] = PLAIN,
    [0xf4 ... 0xf5] = PLAIN, [0xf6 ... 0xf7] = MODRM, [0xf8 ... 0xfd] = PLAIN,
    [0xfe ... 0xff] = MODRM,
};
#undef ARITHMETIC

static bool has_modrm_0f(unsigned op)
{
    switch (op) {
    case 0x05 ... 0x09:
    case 0x0b:
    case 0x0e:
    case 0x30 ... 0x37:
    case 0x77:
    case 0x80 ... 0x8f:
    case 0xa0 ... 0xa2:
    case 0xa8 ... 0xaa:
    case 0xc8 ... 0xcf:
        return false;
    default:
        return true;
    }
}

/* True if the byte is a prefix that shapes know; *kind and *seg take note. */
static bool take_prefix(unsigned byte, unsigned *kind, uint8_t *seg)
{
    switch (byte) {
    case 0x26:
        *seg = SEG_ES;
        return true;
    case 0x2e:
        *seg = SEG_CS;
        return true;
    case 0x36:
        *seg = SEG_SS;
        return true;
    case 0x3e:
        *seg = SEG_DS;
        return true;
    case 0x64:
        *seg = SEG_FS;
        return true;
    case 0x65:
        *seg = SEG_GS;
        return true;
    case 0x66:
    case 0xf0:
    case 0xf2:
    case 0xf3:
        if (*kind) {
            return false; /* which of two counts is not ours to say */
        }
        *kind = byte == 0x66 ? KIND_66 : byte == 0xf0 ? KIND_F0 : byte == 0xf2 ? KIND_F2 : KIND_F3;
        return true;
    default:
        return false;
    }
}

/* Of ModRM what belongs to the shape: reg, whether it means memory, and else rm where it may be
 * decoded. */
static inline unsigned form_of(unsigned modrm, unsigned decodes_rm)
{
    const unsigned is_reg = modrm >= 0xc0;
    return modrm & (0x38u | is_reg * 0xc0u | (is_reg & decodes_rm) * 7u);
}

/* Prefixes, and maps beyond the first. */
static __attribute__((noinline)) struct shape_head read_long_head(const uint8_t *bytes)
{
    enum { MAX_PREFIXES = 3 }; /* so that none is too long */
    struct shape_head head = {.seg = INSN_NO_REG};
    unsigned kind = KIND_NONE, at = 0, map = 0;
    while (at < MAX_PREFIXES && take_prefix(bytes[at], &kind, &head.seg)) {
        at++;
    }
    unsigned op = bytes[at++];
    if (op == 0x0f) {
        map = 1;
        op = bytes[at++];
        head.has_modrm = has_modrm_0f(op);
        if (op == 0x38 || op == 0x3a) {
            map = op == 0x38 ? 2 : 3;
            op = bytes[at++];
        } else if (op == 0x0f || (op >= 0x20 && op <= 0x27) || (op >= 0x39 && op <= 0x3f)) {
            return head;
        }
    } else {
        if (!(first_bytes[op] & PLAIN)) {
            return head;
        }
        head.has_modrm = first_bytes[op] == MODRM;
    }
    unsigned form = 0;
    if (head.has_modrm) {
        head.modrm = bytes[at++];
        form = form_of(head.modrm, map || op >= 0xc6);
    }
    head.n_bytes = (uint8_t)at;
    head.key = 1u << 31 | kind << 18 | map << 16 | op << 8 | form;
    return head;
}

static inline struct shape_head read_head(const uint8_t *bytes)
{
    const unsigned op = bytes[0], what = first_bytes[op];
    if (!(what & PLAIN)) {
        return read_long_head(bytes);
    }
    const unsigned has_modrm = what >> 1, modrm = bytes[1] & (0u - has_modrm);
    return (struct shape_head){
        .key = 1u << 31 | op << 8 | form_of(modrm, op >= 0xc6),
        .n_bytes = (uint8_t)(1 + has_modrm),
        .seg = INSN_NO_REG,
        .modrm = (uint8_t)modrm,
        .has_modrm = has_modrm,
    };
}

struct shape_head shape_read_head(const uint8_t *bytes)
{
    return read_head(bytes);
}

struct shape_table *shape_table_create(void)
{
    struct shape_table *table = aligned_alloc(_Alignof(struct shape_table), sizeof(*table));
    if (table) {
        memset(table, 0, sizeof(*table));
    }
    return table;
}

/* Each has four places, side by side: with two, common ones took turns at being forgotten. */
enum { SHAPE_WAYS = 4 };
static unsigned slot_of(uint32_t key)
{
    return key * 2654435761u >> (32 - SHAPE_BITS);
}

static __attribute__((noinline)) struct shape *find_elsewhere(struct shape_table *table,
                                                              uint32_t key)
{
    for (unsigned way = 1; way < SHAPE_WAYS; way++) {
        struct shape *shape = &table->shapes[slot_of(key) ^ way];
        if (shape->key == key) {
            return shape;
        }
    }
    return NULL;
}

static inline struct shape *find_shape(struct shape_table *table, uint32_t key)
{
    struct shape *shape = &table->shapes[slot_of(key)];
    return __builtin_expect(shape->key == key, 1) ? shape : find_elsewhere(table, key);
}

/* A free place, or the first, whose shape takes the last one's. */
static struct shape *place_for(struct shape_table *table, uint32_t key)
{
    struct shape *first = &table->shapes[slot_of(key)];
    for (unsigned way = 0; way < SHAPE_WAYS; way++) {
        struct shape *shape = &table->shapes[slot_of(key) ^ way];
        if (!shape->key) {
            return shape;
        }
    }
    table->shapes[slot_of(key) ^ (SHAPE_WAYS - 1)] = *first;
    return first;
}

/* SIB and displacement behind ModRM. Returns the offset behind them. Without a branch: which bytes
 * follow changes with each instruction. */
static inline unsigned read_memory(struct insn *insn, const uint8_t *bytes, unsigned at)
{
    const unsigned mod = insn->modrm >> 6, rm = insn->modrm & 7, has_sib = rm == 4;
    const unsigned sib = bytes[at] & (0u - has_sib), index = sib >> 3 & 7;
    const unsigned base = has_sib ? sib & 7 : rm;
    at += has_sib;
    insn->sib = (uint8_t)sib;
    insn->scale = (uint8_t)(1u << (sib >> 6));
    insn->index = (uint8_t)(index | (0u - (!has_sib | (index == 4))));
    const unsigned no_base = (mod == 0) & (base == 5), has_32 = (mod == 2) | no_base;
    insn->base = (uint8_t)(base | (0u - no_base));
    const uint32_t there = bytes_get_u32(bytes + at), low = (uint32_t)(int8_t)there;
    insn->disp = (int32_t)((there & (0u - has_32)) | (low & (0u - (mod == 1))));
    at += 4 * has_32 + (mod == 1);
    const unsigned of_stack =
        ((base & 6) == GPR_ESP) & !no_base & !insn->seg_override; /* ESP, EBP */
    insn->seg = (uint8_t)(of_stack ? SEG_SS : insn->seg);
    return at;
}

static inline unsigned read_immediates(const struct shape *shape, struct insn *insn,
                                       const uint8_t *bytes, unsigned at)
{
    static const uint32_t masks[5] = {0, 0xff, 0xffff, 0, 0xffffffff};
    const unsigned n = shape->imm_bytes;
    insn->imm = ((bytes_get_u32(bytes + at) & masks[n]) ^ shape->imm_sign) - shape->imm_sign;
    insn->imm_at = (uint8_t)(n ? at : 0);
    at += n;
    if (shape->imm2_bytes) {
        insn->imm2 = bytes_get_u32(bytes + at) & masks[shape->imm2_bytes];
        at += shape->imm2_bytes;
    }
    return at;
}

/* Bytes beyond the instruction are 0, as scan_decode() leaves them. */
static inline void copy_bytes(struct insn *insn, const uint8_t *bytes, unsigned n)
{
    static const uint8_t ones[2 * INSN_MAX_BYTES] = {[0 ... INSN_MAX_BYTES - 1] = 0xff};
    uint64_t low, high, low_mask, high_mask; /* 0-7, 7-14 */
    memcpy(&low, bytes, 8);
    memcpy(&high, bytes + 7, 8);
    memcpy(&low_mask, ones + INSN_MAX_BYTES - n, 8);
    memcpy(&high_mask, ones + INSN_MAX_BYTES - n + 7, 8);
    low &= low_mask;
    high &= high_mask;
    memcpy(insn->bytes + 7, &high, 8);
    memcpy(insn->bytes, &low, 8);
}

static inline __attribute__((always_inline)) void fill(const struct shape *shape,
                                                       const struct shape_head *head,
                                                       const uint8_t *bytes, uint32_t eip,
                                                       struct insn *insn)
{
    unsigned at = head->n_bytes;
    memcpy(&insn->opsize, shape, SHAPE_TAIL + sizeof(shape->key));
    insn->eip = eip;
    insn->modrm = head->modrm;
    insn->seg = SEG_DS;
    if (head->seg != INSN_NO_REG) {
        insn->seg_override = true;
        insn->seg = head->seg;
        insn->same = SAME_NOT;
    }
    if (insn->is_mem && insn->has_modrm) {
        at = read_memory(insn, bytes, at);
    } else if (shape->is_moffs) {
        insn->disp = (int32_t)bytes_get_u32(bytes + at);
        at += 4;
    }
    at = read_immediates(shape, insn, bytes, at);
    insn->n_bytes = (uint8_t)at;
    copy_bytes(insn, bytes, at);
}

struct shape *shape_decode(struct shape_table *table, const uint8_t *bytes, uint32_t eip,
                           struct insn *insn)
{
    const struct shape_head head = read_head(bytes);
    struct shape *shape = head.key ? find_shape(table, head.key) : NULL;
    if (shape) {
        fill(shape, &head, bytes, eip, insn);
    }
    return shape;
}

void shape_note_judgement(struct shape *shape, const struct insn *insn)
{
    enum {
        JUDGED_FROM = offsetof(struct insn, verdict),
        JUDGED_END = offsetof(struct insn, counted)
    };
    memcpy(shape->tail + JUDGED_FROM - SHAPE_FROM, &insn->verdict, JUDGED_END - JUDGED_FROM);
    shape->is_judged = true;
}

void shape_learn(struct shape_table *table, const struct shape_head *head, const uint8_t *bytes,
                 const ZydisDecodedInstruction *zydis, const struct insn *insn)
{
    const unsigned imm_bytes = zydis->raw.imm[0].size / 8;
    struct insn common = *insn;
    common.sib = 0;
    common.base = common.index = INSN_NO_REG;
    common.scale = 1;
    common.disp = 0;
    common.imm2 = 0;
    common.seg_override = false;
    common.same = (uint8_t)insn_find_same(&common);
    struct shape shape = {
        .imm_bytes = (uint8_t)imm_bytes,
        .imm2_bytes = zydis->raw.imm[1].size / 8,
        .is_moffs = insn->is_mem && !insn->has_modrm,
    };
    if (insn->n_bytes > INSN_MAX_BYTES || insn->has_modrm != head->has_modrm ||
        shape.imm_bytes > 4 || shape.imm2_bytes > 4) {
        return;
    }
    if (imm_bytes && zydis->raw.imm[0].is_signed) {
        shape.imm_sign = UINT32_C(1) << (8 * imm_bytes - 1);
    }
    memcpy(shape.tail, &common.opsize, SHAPE_TAIL);
    shape.key = head->key;
    struct insn again = {0}, expected = *insn;
    expected.shape = head->key;
    fill(&shape, head, bytes, insn->eip, &again);
    if (memcmp(&again, &expected, sizeof again) == 0) {
        *place_for(table, head->key) = shape;
    }
}
