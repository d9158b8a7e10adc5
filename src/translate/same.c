/* same.c - technique native in bulk: instructions that are the same bytes in 64-bit mode (struct
 * insn, same) are copied, in flat code, at sites nothing is known of. What comes out is what
 * native.c would put together, but for operands that the guest encoded longer than needed.
 *
 * Most instructions of most programs go this way: a dozen host instructions instead of 150.
 *
 * -engine no-copies switches it off.
 */
#include "translate/translate.h"

#include <string.h>

/* Longest: two prefixes and the instruction. Copies write 16 bytes. */
enum { ROOM_BYTES = 32, SHORTEST_SITE = 5 /* room for translate_patch's jump */ };
enum { REX = 0x40, REX_B = 0x41, SIB_NO_INDEX = 4 << 3 };

bool translate_may_copy(const struct translator *t)
{
    return t->is_flat && t->in->is_unhinted && !t->in->cross_next && !t->may_slot &&
           !(t->mode & MODE_STEP) && !(t->in->engine & ENGINE_NO_COPIES);
}

static inline uint8_t *put_all(uint8_t *at, const struct insn *insn)
{
    memcpy(at, insn->bytes, INSN_MAX_BYTES);
    return at + insn->n_bytes;
}

/* Opcode bytes; *modrm_at: where in the instruction ModRM is. */
static inline uint8_t *put_opcode(uint8_t *at, const struct insn *insn, unsigned *modrm_at)
{
    at[0] = insn->bytes[0];
    at[1] = insn->bytes[1];
    *modrm_at = insn->map ? 2 : 1;
    return at + *modrm_at;
}

/* ModRM and SIB of [base + index + disp], base RBP or R13 not without displacement; immediates. */
static inline uint8_t *put_operand(uint8_t *at, const struct insn *insn, unsigned sib, int32_t disp,
                                   bool needs_disp)
{
    const unsigned mod = !disp && !needs_disp ? 0 : disp == (int8_t)disp ? 1 : 2;
    at[0] = (uint8_t)(mod << 6 | (insn->modrm & 0x38) | 4);
    at[1] = (uint8_t)sib;
    memcpy(at + 2, &disp, 4);
    at += mod == 2 ? 6 : 2 + mod;
    memcpy(at, insn->bytes + insn->n_bytes - insn->imm_bytes, insn->imm_bytes);
    return at + insn->imm_bytes;
}

static inline bool is_small(int32_t disp)
{
    return disp == (int16_t)disp;
}

/* NULL: not here. */
static inline uint8_t *put_mem(const struct translator *t, const struct insn *insn, uint8_t *at)
{
    const bool is_high = (insn->roles & ROLE_REG8) && insn_reg(insn) >= 4; /* not beside REX */
    unsigned modrm_at;
    if (insn->base == GPR_ESP) {
        const int32_t disp = (int32_t)((uint32_t)insn->disp + (uint32_t)t->esp_pending);
        if (insn->index != INSN_NO_REG || !is_small(disp) || is_high) {
            return NULL;
        }
        uint8_t *start = at;
        *at++ = REX_B;
        at = put_opcode(at, insn, &modrm_at);
        at = put_operand(at, insn, SIB_NO_INDEX | (R12 & 7), disp, false);
        if (at - start < SHORTEST_SITE) {
            *at++ = 0x90;
        }
        return at;
    }
    const bool is_plain = insn->base != INSN_NO_REG && insn->index == INSN_NO_REG;
    if (insn->same == SAME_LOAD && is_plain && is_small(insn->disp)) {
        if (is_high) {
            return NULL;
        }
        *at++ = REX_B;
        at = put_opcode(at, insn, &modrm_at);
        return put_operand(at, insn, (unsigned)insn->base << 3 | (R13 & 7), insn->disp, true);
    }
    const bool is_short = insn->n_bytes + 2 < SHORTEST_SITE;
    if (is_short && is_high) {
        return NULL;
    }
    *at++ = emit_guest_prefix(&t->emit);
    *at++ = EMIT_ADDRESS32;
    if (is_short) {
        *at++ = REX;
    }
    if (insn->base != INSN_NO_REG || insn->index != INSN_NO_REG) {
        return put_all(at, insn);
    }
    /* no register: relative to RIP but for a SIB byte */
    at = put_opcode(at, insn, &modrm_at);
    *at++ = (uint8_t)((insn->modrm & 0x38) | 4);
    *at++ = SIB_NO_INDEX | 5;
    const unsigned rest = modrm_at + (insn_rm(insn) == 4 ? 2 : 1);
    memcpy(at, insn->bytes + rest, 8);
    return at + insn->n_bytes - rest;
}

bool translate_copy(struct translator *t, const struct insn *insn)
{
    uint8_t *at = t->emit.at;
    if (t->emit.end - at < ROOM_BYTES) {
        return false;
    }
    if (!insn->is_mem) {
        if ((insn->roles & ROLE_RM) && insn_rm(insn) == GPR_ESP) {
            return false;
        }
        t->emit.at = put_all(at, insn);
        return true;
    }
    if (insn->same == SAME_LEA) {
        const bool is_nop =
            insn->base == insn_reg(insn) && insn->index == INSN_NO_REG && !insn->disp;
        const bool has_register = insn->base != INSN_NO_REG || insn->index != INSN_NO_REG;
        if (insn->base == GPR_ESP || is_nop || !has_register) {
            return false;
        }
        t->emit.at = put_all(at, insn);
        return true;
    }
    at = put_mem(t, insn, at);
    if (at) {
        t->emit.at = at;
    }
    return at;
}
