/* match.c - does a rule hold for this instruction at this place? Place in the flow: the inner half
 * of map_judge(). What only the running instruction knows (a port in DX) is left to map_light.c.
 */
#include <stdlib.h>

#include "cpu/cpu.h"
#include "map/map_internal.h"

static bool is_prefix(uint8_t byte)
{
    switch (byte) {
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
        return true;
    default:
        return false;
    }
}

static bool matches_bytes(const struct map_choice *choice, const struct insn *insn)
{
    unsigned at = 0;
    while (!choice->has_prefix && at + 1u < insn->n_bytes && is_prefix(insn->bytes[at])) {
        at++;
    }
    if (choice->n_pattern > insn->n_bytes - at) {
        return false;
    }
    for (unsigned i = 0; i < choice->n_pattern; i++) {
        uint8_t byte = insn->bytes[at + i] & choice->pattern[i].mask;
        if (byte < choice->pattern[i].lo || byte > choice->pattern[i].hi) {
            return false;
        }
    }
    return true;
}

/* Decodes the operands once for all rules that ask. */
static bool decode_operands(struct map_match *match)
{
    if (match->has_decoded) {
        return match->is_decoded;
    }
    match->has_decoded = true;
    bool code32 = !match->site || match->site->mode & MODE_CODE32;
    match->is_decoded = !(match->insn->flags & INSN_INVALID) &&
                        ZYAN_SUCCESS(ZydisDecoderDecodeFull(
                            code32 ? &match->map->code32 : &match->map->code16, match->insn->bytes,
                            match->insn->n_bytes, &match->zydis, match->operands));
    return match->is_decoded;
}

static bool is_register_kind(enum operand_kind kind, ZydisRegister reg)
{
    switch (ZydisRegisterGetClass(reg)) {
    case ZYDIS_REGCLASS_GPR8:
    case ZYDIS_REGCLASS_GPR16:
    case ZYDIS_REGCLASS_GPR32:
        return kind == OPERAND_REG || kind == OPERAND_REG_MEM;
    case ZYDIS_REGCLASS_SEGMENT:
        return kind == OPERAND_SEG;
    case ZYDIS_REGCLASS_CONTROL:
        return kind == OPERAND_CR;
    case ZYDIS_REGCLASS_DEBUG:
        return kind == OPERAND_DR;
    case ZYDIS_REGCLASS_X87:
        return kind == OPERAND_ST;
    case ZYDIS_REGCLASS_MMX:
        return kind == OPERAND_MM;
    case ZYDIS_REGCLASS_XMM:
        return kind == OPERAND_XMM;
    default:
        return false;
    }
}

static bool matches_operand(const struct operand_word *word, const ZydisDecodedOperand *operand)
{
    if (word->size_bits && word->size_bits != operand->size) {
        return false;
    }
    switch (operand->type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
        return word->kind == OPERAND_ANY ||
               (word->kind == OPERAND_EXACTLY
                    ? word->zydis_register == operand->reg.value
                    : is_register_kind((enum operand_kind)word->kind, operand->reg.value));
    case ZYDIS_OPERAND_TYPE_MEMORY:
        return word->kind == OPERAND_ANY || word->kind == OPERAND_MEM ||
               word->kind == OPERAND_REG_MEM;
    case ZYDIS_OPERAND_TYPE_POINTER:
        return word->kind == OPERAND_ANY || word->kind == OPERAND_FAR;
    case ZYDIS_OPERAND_TYPE_IMMEDIATE:
        return word->kind == OPERAND_ANY ||
               word->kind == (operand->imm.is_relative ? OPERAND_REL : OPERAND_IMM);
    default:
        return false;
    }
}

/* The operands an assembler would be told: not the hidden ones (the stack of PUSH). */
static bool matches_operands(const struct map_choice *choice, struct map_match *match)
{
    if (!decode_operands(match)) {
        return false;
    }
    unsigned n = match->zydis.operand_count_visible;
    if (n != choice->n_operands) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        if (!matches_operand(&choice->operands[i], &match->operands[i])) {
            return false;
        }
    }
    return true;
}

static bool has_name(const struct map_choice *choice, unsigned mnemonic)
{
    for (unsigned i = 0; i < choice->n_names; i++) {
        if (choice->names[i] == mnemonic) {
            return true;
        }
    }
    return false;
}

bool map_choice_matches(const struct map_choice *choice, struct map_match *match)
{
    const struct insn *insn = match->insn;
    switch (choice->kind) {
    case CHOICE_CLASS:
        return map_class_has((enum map_class)choice->class_index, insn);
    case CHOICE_BYTES:
        return matches_bytes(choice, insn);
    case CHOICE_NAMES:
        return !(insn->flags & INSN_INVALID) && has_name(choice, insn->mnemonic) &&
               (!choice->opsize || choice->opsize == insn->opsize) &&
               map_class_has((enum map_class)choice->only_class, insn) &&
               (!choice->has_operands || matches_operands(choice, match));
    }
    return false;
}

bool map_has_asked_values(const struct map_rule *rule, const struct insn *insn)
{
    if (rule->has_port && !insn_is_port(insn)) {
        return false;
    }
    if (rule->has_value && !map_has_value(insn)) {
        return false;
    }
    switch (rule->select->value_kind) {
    case VALUE_LEAF:
        return insn->op == OP_CPUID;
    case VALUE_MSR:
        return insn->op == OP_RDMSR || insn->op == OP_WRMSR;
    case VALUE_VECTOR:
        return insn->op == OP_INT;
    default:
        return true;
    }
}

/* One that the instruction has as an immediate is compared here. */
static bool matches_values(const struct map_rule *rule, const struct insn *insn)
{
    uint32_t port = insn->imm & 0xff;
    if (!map_has_asked_values(rule, insn)) {
        return false;
    }
    if (rule->has_port && insn->opcode >= 0xe4 && insn->opcode <= 0xe7 &&
        (port < rule->port_lo || port > rule->port_hi)) {
        return false;
    }
    return !rule->has_value || insn->op != OP_INT ||
           (map_value_of(insn, NULL) & rule->value_mask) == rule->value;
}

bool map_rule_matches(const struct map_rule *rule, struct map_match *match)
{
    const struct map_select *select = rule->select;
    if (match->site && !map_matches_place(select, match->insn->eip, match->site)) {
        return false;
    }
    if ((rule->has_port || rule->has_value) && !matches_values(rule, match->insn)) {
        return false;
    }
    for (unsigned i = 0; i < select->n_choices; i++) {
        if (map_choice_matches(&select->choices[i], match)) {
            return true;
        }
    }
    return select->n_choices == 0;
}

void map_select_free(struct map_select *select)
{
    if (!select) {
        return;
    }
    for (unsigned i = 0; i < select->n_choices; i++) {
        free(select->choices[i].names);
    }
    free(select->choices);
    free(select);
}

bool map_rule_range(const struct map_rule *rule, uint32_t *first, uint32_t *last)
{
    *first = rule->select->has_lin ? rule->select->lin_first : 0;
    *last = rule->select->has_lin ? rule->select->lin_last : UINT32_MAX;
    return rule->select->has_lin;
}
