/* verify.c - the walk over one unit: its table, its exits, and each guest instruction from
 * canonical state to canonical state. No loop needs a fixed point: branches backwards go to
 * boundaries only. */
#include <string.h>

#include "cache/bridge.h"
#include "verify/verify_internal.h"

const char *verify_rule_text(enum verify_rule rule)
{
    static const char *const texts[N_VERIFY_RULES] = {
#define RULE(name, text) #name ": " text,
#include "verify/rules.def"
#undef RULE
    };
    return rule < N_VERIFY_RULES ? texts[rule] : "?";
}

static void init_decoders(struct verifier *v)
{
    /* CPUID offers none of these: their bytes mean what they meant before (scan/decode.c) */
    static const ZydisDecoderMode off[] = {ZYDIS_DECODER_MODE_MPX, ZYDIS_DECODER_MODE_CET,
                                           ZYDIS_DECODER_MODE_LZCNT, ZYDIS_DECODER_MODE_TZCNT};
    bool code32 = v->in->mode & MODE_CODE32;
    ZydisDecoderInit(&v->host, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisDecoderInit(&v->guest,
                     code32 ? ZYDIS_MACHINE_MODE_LEGACY_32 : ZYDIS_MACHINE_MODE_LEGACY_16,
                     code32 ? ZYDIS_STACK_WIDTH_32 : ZYDIS_STACK_WIDTH_16);
    for (unsigned i = 0; i < ARRAY_SIZE(off); i++) {
        ZydisDecoderEnableMode(&v->guest, off[i], ZYAN_FALSE);
    }
}

static bool decode(struct verifier *v, uint32_t end)
{
    const uint8_t *at = v->in->bytes + v->off;
    if (!ZYAN_SUCCESS(
            ZydisDecoderDecodeFull(&v->host, at, v->in->n_bytes - v->off, &v->z, v->operand))) {
        return verify_fail(v, RULE_DECODE);
    }
    return v->off + v->z.length <= end || verify_fail(v, RULE_STRADDLE);
}

/* Nearest place where paths wait at or behind v->off; end if none. */
static uint32_t next_forward(const struct verifier *v, uint32_t end)
{
    uint32_t best = end;
    for (unsigned i = 0; i < v->n_forward; i++) {
        if (v->forward[i].off < best) {
            best = v->forward[i].off;
        }
    }
    return best;
}

static void take_forward(struct verifier *v)
{
    for (unsigned i = 0; i < v->n_forward; i++) {
        if (v->forward[i].off != v->off) {
            continue;
        }
        if (v->alive) {
            state_join(v, &v->state, &v->forward[i].state);
        } else {
            v->state = v->forward[i].state;
        }
        v->alive = true;
        v->forward[i] = v->forward[--v->n_forward];
        return;
    }
}

/* From begin, in canonical state, to end. False: a finding. v->alive: execution goes on at end.
 * What no path reaches (behind a jump that patched the place) is not looked at. */
static bool walk(struct verifier *v, uint32_t begin, uint32_t end)
{
    struct value esp = v->state.reg[V_R12];
    bool falls_in = v->alive;
    state_canonical(v, &v->state);
    v->off = begin;
    if (!pending_begin(v, &esp, falls_in)) {
        return false;
    }
    v->end_off = end;
    v->alive = true;
    v->n_forward = 0;
    v->after_call_off = 0;
    if (v->in->chain_off && !v->in_exits) {
        v->forward[v->n_forward].off = v->in->chain_off;
        v->forward[v->n_forward].state = v->state;
        v->forward[v->n_forward++].state.reg[V_R8] = value_int(v, 0, UINT32_MAX);
    }
    for (;;) {
        uint32_t next = next_forward(v, end);
        if (!v->alive) {
            v->off = next;
        }
        if (next < v->off) {
            v->off = next;
            return verify_fail(v, RULE_TARGET); /* into the middle of an instruction */
        }
        take_forward(v);
        if (v->off == end) {
            return true;
        }
        if (!decode(v, end) || !step_instruction(v)) {
            return false;
        }
        v->off += v->z.length;
    }
}

static bool ends_path(const struct verifier *v)
{
    return v->z.meta.category == ZYDIS_CATEGORY_UNCOND_BR ||
           v->z.meta.category == ZYDIS_CATEGORY_RET;
}

/* An exit begins behind the body and behind each jump that ends one. */
static bool mark_exits(struct verifier *v)
{
    bool begins = true;
    v->in_exits = true;
    for (v->off = v->in->body_bytes; v->off < v->in->n_bytes; v->off += v->z.length) {
        if (begins) {
            v->mark[v->off] = MARK_EXIT;
        }
        if (bridge_begins(v)) {
            v->z.length = BRIDGE_BYTES;
            begins = true;
            continue;
        }
        if (!decode(v, v->in->n_bytes)) {
            return false;
        }
        begins = ends_path(v);
    }
    return true;
}

static bool walk_exits(struct verifier *v)
{
    const struct verify_input *in = v->in;
    for (uint32_t begin = in->body_bytes; begin < in->n_bytes;) {
        uint32_t end = begin + 1;
        while (end < in->n_bytes && v->mark[end] != MARK_EXIT) {
            end++;
        }
        if (!walk(v, begin, end)) {
            return false;
        }
        if (v->alive) {
            return verify_fail(v, RULE_FALL_OFF);
        }
        begin = end;
    }
    return true;
}

static bool check_table(struct verifier *v)
{
    const struct verify_input *in = v->in;
    if (in->n_insns == 0 || in->body_bytes == 0 || in->body_bytes > in->n_bytes ||
        in->n_bytes > CACHE_UNIT_MAX_BYTES || in->insns[0].host_off != 0) {
        return verify_fail(v, RULE_TABLE);
    }
    memset(v->mark, MARK_NONE, in->n_bytes);
    for (uint32_t i = 0; i < in->n_insns; i++) {
        const struct unit_insn *insn = &in->insns[i];
        v->index = i;
        v->off = insn->host_off < in->n_bytes ? insn->host_off : 0;
        if (insn->host_off >= in->body_bytes || insn->n_bytes == 0 ||
            (i && insn->host_off <= in->insns[i - 1].host_off)) {
            return verify_fail(v, RULE_TABLE);
        }
        v->mark[insn->host_off] = unit_insn_pending(insn) ? MARK_NONE : MARK_INSN;
    }
    return true;
}

static void read_guest_insn(struct verifier *v, const struct unit_insn *insn)
{
    ZydisDecodedInstruction decoded;
    v->guest_mnemonic = ZYDIS_MNEMONIC_INVALID;
    v->guest_esp_known = false;
    if (v->in->guest && insn->page_off + insn->n_bytes <= 4096 &&
        ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&v->guest, NULL, v->in->guest + insn->page_off,
                                                   insn->n_bytes, &decoded))) {
        v->guest_mnemonic = decoded.mnemonic;
        v->guest_prefixes = effective_prefixes(&decoded);
        v->guest_width = decoded.operand_width;
        pending_read_guest(v, v->in->guest + insn->page_off, insn->n_bytes);
    }
}

/* Behind the last instruction: a patch goes on in its exits; else only where nobody comes back to.
 */
static bool check_end(struct verifier *v)
{
    if (v->in->is_patch && v->in->body_bytes < v->in->n_bytes) {
        return state_check_canonical(v);
    }
    return v->after_call_off == v->in->body_bytes || verify_fail(v, RULE_FALL_OFF);
}

static bool walk_body(struct verifier *v)
{
    const struct verify_input *in = v->in;
    for (uint32_t i = 0; i < in->n_insns; i++) {
        bool last = i + 1 == in->n_insns;
        uint32_t end = last ? in->body_bytes : in->insns[i + 1].host_off;
        v->index = i;
        v->in_exits = false;
        read_guest_insn(v, &in->insns[i]);
        if (!walk(v, in->insns[i].host_off, end)) {
            return false;
        }
        if (v->alive && !(last ? check_end(v) : state_check_next(v, i + 1))) {
            return false;
        }
    }
    return true;
}

int verify_unit(const struct verify_input *in, struct verify_finding *finding)
{
    struct verifier v;
    v.in = in;
    v.finding = finding;
    v.last_id = 64; /* below: what registers hold at a boundary, see entry_id() */
    v.in_exits = false;
    v.index = v.off = 0;
    v.guest_mnemonic = ZYDIS_MNEMONIC_INVALID;
    v.guest_esp_known = v.alive = false;
    state_canonical(&v, &v.state);
    init_decoders(&v);
    return check_table(&v) && mark_exits(&v) && walk_body(&v) && (v.in_exits = true) &&
                   walk_exits(&v)
               ? 0
               : -1;
}
