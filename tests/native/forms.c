/* forms.c - all encodings there are: four opcode maps, five prefixes, every ModRM.reg, register
 * and memory operands. No list of instructions: Zydis is asked only which opcodes have a ModRM
 * byte and which are followed by more than that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen.h"

static unsigned put_opcode(uint8_t *bytes, const struct form *form)
{
    static const uint8_t prefix[N_PP] = {0, 0x66, 0xf2, 0xf3, 0xf0};
    unsigned n = 0;
    if (form->pp != PP_NONE) {
        bytes[n++] = prefix[form->pp];
    }
    if (form->map) {
        bytes[n++] = 0x0f;
    }
    if (form->map >= 2) {
        bytes[n++] = form->map == 2 ? 0x38 : 0x3a;
    }
    bytes[n++] = form->opcode;
    return n;
}

/* Is there any ModRM byte behind this opcode that makes an instruction with one? */
static bool has_modrm(const ZydisDecoder *decoder, const struct form *form, bool *valid)
{
    ZydisDecodedInstruction insn;
    uint8_t bytes[24];
    *valid = false;
    for (unsigned modrm = 0; modrm < 256; modrm += modrm < 0xc0 ? 8 : 1) {
        memset(bytes, 0, sizeof(bytes));
        unsigned n = put_opcode(bytes, form);
        bytes[n] = (uint8_t)modrm;
        if (ZYAN_SUCCESS(
                ZydisDecoderDecodeInstruction(decoder, NULL, bytes, sizeof(bytes), &insn))) {
            *valid = true;
            if (!(insn.attributes & ZYDIS_ATTRIB_HAS_MODRM)) {
                return false;
            }
            if (insn.encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY) {
                return true;
            }
        }
    }
    return *valid;
}

static bool is_prefix(unsigned opcode)
{
    switch (opcode) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0x64:
    case 0x65:
    case 0x66:
    case 0x67:
    case 0xf0:
    case 0xf2:
    case 0xf3:
    case 0x0f:
        return true;
    default:
        return false;
    }
}

static void add(struct forms *forms, struct form form)
{
    if (!(forms->n & (forms->n + 1))) {
        forms->form = realloc(forms->form, (2 * forms->n + 2) * sizeof(form));
        if (!forms->form) {
            perror("native");
            exit(1);
        }
    }
    forms->form[forms->n++] = form;
}

static void add_opcode(struct forms *forms, const ZydisDecoder *decoder, struct form form)
{
    bool valid, modrm = has_modrm(decoder, &form, &valid);
    bool x87 = form.map == 0 && form.opcode >= 0xd8 && form.opcode <= 0xdf;
    if (valid && !modrm) {
        form.shape = SHAPE_PLAIN;
        add(forms, form);
        return;
    }
    /* Invalid everywhere: #UD, whatever follows. */
    for (form.reg = 0; form.reg < (valid ? 8 : 1); form.reg++) {
        form.shape = SHAPE_MEM;
        form.rm = 0;
        add(forms, form);
        form.shape = SHAPE_REG;
        unsigned n_rm = x87 || (form.map == 1 && form.opcode == 1) ? 8 : 2;
        for (unsigned i = 0; i < n_rm; i++) {
            form.rm = (uint8_t)(n_rm == 8 ? i : (form.reg * 3 + form.opcode + i * 5) & 7);
            add(forms, form);
        }
    }
}

void forms_enumerate(struct forms *forms, bool code32)
{
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, code32 ? ZYDIS_MACHINE_MODE_LEGACY_32 : ZYDIS_MACHINE_MODE_LEGACY_16,
                     code32 ? ZYDIS_STACK_WIDTH_32 : ZYDIS_STACK_WIDTH_16);
    memset(forms, 0, sizeof(*forms));
    for (unsigned map = 0; map < N_MAPS; map++) {
        for (unsigned opcode = 0; opcode < 256; opcode++) {
            if ((map == 0 && is_prefix(opcode)) ||
                (map == 1 && (opcode == 0x38 || opcode == 0x3a))) {
                continue;
            }
            for (unsigned pp = 0; pp < N_PP; pp++) {
                struct form form = {
                    .map = (uint8_t)map, .opcode = (uint8_t)opcode, .pp = (uint8_t)pp};
                add_opcode(forms, &decoder, form);
            }
        }
    }
}
