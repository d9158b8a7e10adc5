/* generate.c - one case from its number. Case n of a mode tests form n modulo the number of
 * forms, in an order that mixes them, so that any prefix of the numbers is a fair sample. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen.h"
#include "segments.h"

const struct mode modes[N_MODES] = {
    [MODE_FLAT32] = {"flat32", true, false, false},
    [MODE_SEG32] = {"segments32", true, true, false},
    [MODE_SEQ32] = {"sequences32", true, false, true},
    [MODE_CODE16] = {"code16", false, true, false},
};

/* Not there in the guest, and then NOPs as ever: bounds, shadow stacks, cache demotion. */
static void hide_new_nops(ZydisDecoder *decoder)
{
    ZydisDecoderEnableMode(decoder, ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE);
    ZydisDecoderEnableMode(decoder, ZYDIS_DECODER_MODE_CET, ZYAN_FALSE);
    ZydisDecoderEnableMode(decoder, ZYDIS_DECODER_MODE_CLDEMOTE, ZYAN_FALSE);
    ZydisDecoderEnableMode(decoder, ZYDIS_DECODER_MODE_WBNOINVD, ZYAN_FALSE);
}

static void keep_opcode(struct forms *forms, int opcode)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < forms->n; i++) {
        if ((forms->form[i].map << 8 | forms->form[i].opcode) == opcode) {
            forms->form[kept++] = forms->form[i];
        }
    }
    forms->n = kept ? kept : forms->n;
}

void generator_init(struct generator *gen, uint64_t seed, enum mode_kind mode, int opcode)
{
    bool code32 = modes[mode].code32;
    memset(gen, 0, sizeof(*gen));
    gen->seed = seed;
    gen->mode = mode;
    forms_enumerate(&gen->forms, code32);
    if (opcode != ANY_OPCODE) {
        keep_opcode(&gen->forms, opcode);
    }
    ZydisDecoderInit(&gen->decoder,
                     code32 ? ZYDIS_MACHINE_MODE_LEGACY_32 : ZYDIS_MACHINE_MODE_LEGACY_16,
                     code32 ? ZYDIS_STACK_WIDTH_32 : ZYDIS_STACK_WIDTH_16);
    hide_new_nops(&gen->decoder);
}

static unsigned form_of(const struct generator *gen, uint64_t number)
{
    const uint64_t prime = 1000003;
    return (unsigned)((number % gen->forms.n) * prime % gen->forms.n);
}

static void set_segments(struct maker *maker)
{
    static const uint16_t flat[N_CASE_SEGS] = {SEL_DATA32, SEL_CODE32, SEL_DATA32,
                                               SEL_DATA32, 0,          0};
    const struct mode *mode = &modes[maker->gen->mode];
    memcpy(maker->test->sel, flat, sizeof(flat));
    for (unsigned seg = 0; seg < N_CASE_SEGS; seg++) {
        if (mode->segments) {
            maker->test->sel[seg] = segment_choose(&maker->rng, seg, mode->code32, maker->lin);
        }
        maker->seg_base[seg] = segment_base(maker->test->sel[seg]);
    }
}

static bool by_stack(const ZydisDecodedInstruction *insn)
{
    unsigned mod = insn->raw.modrm.mod, rm = insn->raw.modrm.rm;
    if (insn->address_width == 16) {
        return rm == 2 || rm == 3 || (rm == 6 && mod != 0);
    }
    unsigned base = rm == 4 ? insn->raw.sib.base : rm;
    return (rm == 4 && base == 4) || (base == 5 && mod != 0);
}

/* TZCNT without F3 is BSF: on the CPU underneath an empty prefix takes its place. */
static void make_old(uint8_t *code, const ZydisDecodedInstruction *insn)
{
    uint8_t segment = by_stack(insn) ? 0x36 : 0x3e, *f3 = NULL;
    for (unsigned i = 0; i < insn->raw.prefix_count; i++) {
        uint8_t byte = code[i];
        if (byte == 0xf3) {
            f3 = &code[i];
        } else if ((byte & 0xe7) == 0x26 || (byte & 0xfe) == 0x64) {
            segment = byte;
        }
    }
    if (f3) {
        *f3 = segment;
    }
}

static void place(struct maker *maker, unsigned at, uint8_t *native, uint8_t *guest,
                  struct generated *out)
{
    memset(guest, INT3, SLOT_BYTES);
    memcpy(guest + at, maker->code + at, out->n_bytes);
    memcpy(native, guest, SLOT_BYTES);
    if (out->class.verdict == VERDICT_UD) {
        memset(native + at, INT3, SLOT_BYTES - at);
        native[at] = 0x0f;
        native[at + 1] = 0x0b;
    } else if (out->class.verdict == VERDICT_OLD) {
        make_old(native + at, &out->insn);
    }
}

/* Sampled: a trap after the instruction, alignment checks, and NT, which says nothing to anyone but
 * IRET (that is a task switch then, or #GP in long mode). */
static void set_system_flags(struct maker *maker, const struct generated *out)
{
    enum { TF = 0x100, NT = 0x4000, AC = 0x40000 };
    struct rng *rng = &maker->rng;
    struct test_case *test = maker->test;
    bool iret = out->decoded && out->form.map == 0 && out->form.opcode == 0xcf;
    if (rng_chance(rng, 6) && segment_is_big(test->sel[CASE_SS]) && !out->sequence) {
        test->eflags |= TF;
    }
    if (rng_chance(rng, 3) && !iret) {
        test->eflags |= NT;
    }
    if (rng_chance(rng, 4) && !out->sequence) { /* sequences: nobody could tell what is open */
        test->eflags |= AC;
    }
}

/* An instruction that ends at the end of its page or goes on in the next one, which is missing. */
static void set_page_end(struct maker *maker, struct generated *out)
{
    unsigned to_end = (0u - maker->lin) % TEST_PAGE_BYTES;
    unsigned n = out->n_bytes;
    bool same = out->class.verdict == VERDICT_RUN || out->class.verdict == VERDICT_NO_TSC;
    if (to_end >= SLOT_BYTES || to_end < 32 || !same ||
        (out->decoded && out->insn.raw.imm[0].is_relative) || rng_chance(&maker->rng, 30)) {
        return;
    }
    unsigned at = to_end - 1 - rng_below(&maker->rng, n);
    memmove(maker->code + at, maker->code + out->at, n);
    out->at = at;
    maker->test->flags |= CASE_NEXT_PAGE_MISSING;
}

void generate_case(const struct generator *gen, uint64_t number, unsigned slot,
                   struct test_case *test, uint8_t *native, uint8_t *guest, struct generated *out)
{
    struct maker maker = {.gen = gen, .test = test};
    memset(test, 0, sizeof(*test));
    memset(out, 0, sizeof(*out));
    maker.rng.state = gen->seed * 0x9e3779b97f4a7c15u ^ number * 0xd1342543de82ef95u ^ gen->mode;
    maker.lin = SLOTS_LIN + slot * SLOT_BYTES;
    out->slot_lin = maker.lin;
    out->native = native;
    out->guest = guest;
    out->form_index = form_of(gen, number);
    out->form = gen->forms.form[out->form_index];
    set_segments(&maker);
    state_random(&maker);
    bool sequence = modes[gen->mode].sequences;
    out->at = maker.n =
        sequence ? rng_below(&maker.rng, 16) : 32 + rng_below(&maker.rng, SLOT_BYTES - 64);
    sequence ? sequence_encode(&maker) : encode_form(&maker, &out->form);
    out->n_bytes = maker.n - out->at;
    out->decoded = ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(
        &gen->decoder, NULL, maker.code + out->at, out->n_bytes, &out->insn));
    out->class = (struct classified){VERDICT_RUN, NULL};
    if (sequence) {
        out->sequence = true; /* no single instruction to speak of */
    } else if (!out->decoded) {
        out->class = classify_undecoded(&gen->decoder, maker.code + out->at, out->n_bytes);
    } else {
        out->n_bytes = out->insn.length;
        adjust_case(&maker, out->at, &out->insn);
        out->class = classify(&out->insn, maker.code + out->at);
    }
    if (!sequence) {
        set_page_end(&maker, out);
    }
    set_system_flags(&maker, out);
    if (out->class.verdict == VERDICT_SKIP) {
        test->flags |= CASE_SKIP;
    }
    if (!segment_is_big(test->sel[CASE_SS])) {
        /* IRET to a 16-bit stack leaves the upper half of ESP as the kernel had it */
        test->gpr[4] = (test->gpr[4] & 0xffff) | 0x100000;
    }
    test->eip = maker.lin + out->at - maker.seg_base[CASE_CS];
    place(&maker, out->at, native, guest, out);
}
