/* rules.c - what may be emitted at all, whatever its operands mean: sets, prefixes, register
 * classes. Nothing is allowed because nobody thought of it: everything not named here is refused.
 */
#include "verify/verify_internal.h"

unsigned reg_number(ZydisRegister reg)
{
    ZydisRegister wide = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
    return (unsigned)ZydisRegisterGetId(wide) & 15;
}

bool is_low_byte_of_pointer(ZydisRegister reg)
{
    return reg == ZYDIS_REGISTER_SPL || reg == ZYDIS_REGISTER_BPL || reg == ZYDIS_REGISTER_SIL ||
           reg == ZYDIS_REGISTER_DIL;
}

static bool is_branch(const struct verifier *v)
{
    ZydisInstructionCategory category = v->z.meta.category;
    return category == ZYDIS_CATEGORY_COND_BR || category == ZYDIS_CATEGORY_UNCOND_BR ||
           category == ZYDIS_CATEGORY_CALL || category == ZYDIS_CATEGORY_RET;
}

/* Near ones only; those categories hold IRET, RETF, far forms and XBEGIN too. */
static bool may_branch(const struct verifier *v)
{
    bool near = v->z.meta.branch_type == ZYDIS_BRANCH_TYPE_NEAR ||
                v->z.meta.branch_type == ZYDIS_BRANCH_TYPE_SHORT;
    switch (v->z.mnemonic) {
    case ZYDIS_MNEMONIC_JB:
    case ZYDIS_MNEMONIC_JBE:
    case ZYDIS_MNEMONIC_JL:
    case ZYDIS_MNEMONIC_JLE:
    case ZYDIS_MNEMONIC_JNB:
    case ZYDIS_MNEMONIC_JNBE:
    case ZYDIS_MNEMONIC_JNL:
    case ZYDIS_MNEMONIC_JNLE:
    case ZYDIS_MNEMONIC_JNO:
    case ZYDIS_MNEMONIC_JNP:
    case ZYDIS_MNEMONIC_JNS:
    case ZYDIS_MNEMONIC_JNZ:
    case ZYDIS_MNEMONIC_JO:
    case ZYDIS_MNEMONIC_JP:
    case ZYDIS_MNEMONIC_JS:
    case ZYDIS_MNEMONIC_JZ:
    case ZYDIS_MNEMONIC_JECXZ:
    case ZYDIS_MNEMONIC_JRCXZ:
    case ZYDIS_MNEMONIC_LOOP:
    case ZYDIS_MNEMONIC_LOOPE:
    case ZYDIS_MNEMONIC_LOOPNE:
    case ZYDIS_MNEMONIC_JMP:
    case ZYDIS_MNEMONIC_CALL:
        return near;
    case ZYDIS_MNEMONIC_RET:
        return near && v->z.opcode == 0xc3;
    default:
        return false;
    }
}

ZydisInstructionAttributes effective_prefixes(const ZydisDecodedInstruction *insn)
{
    return insn->attributes & (ZYDIS_ATTRIB_HAS_LOCK | ZYDIS_ATTRIB_HAS_REP |
                               ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE);
}

static bool check_prefixes(struct verifier *v)
{
    bool guest = false, a32 = false, o16 = false, repeat = false;
    for (unsigned i = 0; i < v->z.raw.prefix_count; i++) {
        switch (v->z.raw.prefixes[i].value) {
        case 0x64:
        case 0x65: /* the window of the mode, and no other */
            if (v->z.raw.prefixes[i].value != (v->in->mode & MODE_USER ? 0x65 : 0x64)) {
                return verify_fail(v, RULE_PREFIX);
            }
            guest = true;
            break;
        case 0x67:
            a32 = true;
            break;
        case 0x66:
            o16 = true;
            break;
        case 0xf2:
        case 0xf3:
            repeat = true;
            break;
        case 0x26:
        case 0x2e:
        case 0x36:
        case 0x3e:
            return verify_fail(v, RULE_PREFIX);
        default: /* lock: the decoder knows where; REX */
            break;
        }
    }
    bool branch = is_branch(v), conditional = v->z.meta.category == ZYDIS_CATEGORY_COND_BR;
    bool has_memory = false;
    for (unsigned i = 0; i < v->z.operand_count; i++) {
        has_memory |= v->operand[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
                      is_guest_segment(v, v->operand[i].mem.segment);
    }
    if (branch && (guest || o16 || repeat || (a32 && !conditional))) {
        return verify_fail(v, RULE_PREFIX);
    }
    if (!branch && (guest != a32 || guest != has_memory)) {
        return verify_fail(v, RULE_PREFIX);
    }
    return true;
}

static bool may_be_emitted(const struct verifier *v)
{
    switch (v->z.mnemonic) {
    case ZYDIS_MNEMONIC_CLI: /* of the category of CLC */
    case ZYDIS_MNEMONIC_STI:
    case ZYDIS_MNEMONIC_STAC:
    case ZYDIS_MNEMONIC_CLAC:
    case ZYDIS_MNEMONIC_CMPXCHG16B:
    case ZYDIS_MNEMONIC_XLAT:
    case ZYDIS_MNEMONIC_MOVSXD: /* what 32-bit code calls ARPL */
        return false;
    case ZYDIS_MNEMONIC_LEA:
    case ZYDIS_MNEMONIC_PAUSE:
    case ZYDIS_MNEMONIC_LFENCE:
    case ZYDIS_MNEMONIC_MFENCE:
    case ZYDIS_MNEMONIC_SFENCE:
    case ZYDIS_MNEMONIC_CLFLUSH:
    case ZYDIS_MNEMONIC_SHLX:
    case ZYDIS_MNEMONIC_SHRX:
    case ZYDIS_MNEMONIC_SARX:
    case ZYDIS_MNEMONIC_RORX:
        return true;
    case ZYDIS_MNEMONIC_NOP:
    case ZYDIS_MNEMONIC_INT3: /* in place of a light call: see step_trap() */
        return true;
    default:
        break;
    }
    if (v->z.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY) {
        return false;
    }
    if (is_branch(v)) {
        return may_branch(v);
    }
    switch (v->z.meta.category) {
    case ZYDIS_CATEGORY_AES:
    case ZYDIS_CATEGORY_BINARY:
    case ZYDIS_CATEGORY_BITBYTE:
    case ZYDIS_CATEGORY_BLEND:
    case ZYDIS_CATEGORY_CMOV:
    case ZYDIS_CATEGORY_CONVERT:
    case ZYDIS_CATEGORY_DATAXFER:
    case ZYDIS_CATEGORY_FCMOV:
    case ZYDIS_CATEGORY_FLAGOP:
    case ZYDIS_CATEGORY_LOGICAL:
    case ZYDIS_CATEGORY_LOGICAL_FP:
    case ZYDIS_CATEGORY_MMX:
    case ZYDIS_CATEGORY_PCLMULQDQ:
    case ZYDIS_CATEGORY_RDRAND:
    case ZYDIS_CATEGORY_RDSEED:
    case ZYDIS_CATEGORY_ROTATE:
    case ZYDIS_CATEGORY_SEMAPHORE:
    case ZYDIS_CATEGORY_SETCC:
    case ZYDIS_CATEGORY_SHA:
    case ZYDIS_CATEGORY_SHIFT:
    case ZYDIS_CATEGORY_SSE:
    case ZYDIS_CATEGORY_STRINGOP:
    case ZYDIS_CATEGORY_STTNI:
    case ZYDIS_CATEGORY_X87_ALU:
        return true;
    default:
        return false;
    }
}

static bool is_fpu_word(ZydisRegister reg)
{
    return reg == ZYDIS_REGISTER_X87CONTROL || reg == ZYDIS_REGISTER_X87STATUS ||
           reg == ZYDIS_REGISTER_X87TAG || reg == ZYDIS_REGISTER_MXCSR;
}

/* Registers the guest has: general ones are looked at more closely in step.c. */
static bool check_register(struct verifier *v, const ZydisDecodedOperand *operand)
{
    ZydisRegister reg = operand->reg.value;
    switch (ZydisRegisterGetClass(reg)) {
    case ZYDIS_REGCLASS_GPR8:
    case ZYDIS_REGCLASS_GPR16:
    case ZYDIS_REGCLASS_GPR32:
    case ZYDIS_REGCLASS_GPR64:
    case ZYDIS_REGCLASS_X87:
    case ZYDIS_REGCLASS_MMX:
    case ZYDIS_REGCLASS_FLAGS:
        return true;
    case ZYDIS_REGCLASS_XMM:
        return ZydisRegisterGetId(reg) < 8 || verify_fail(v, RULE_REGISTER);
    case ZYDIS_REGCLASS_IP:
        return is_branch(v) || v->z.mnemonic == ZYDIS_MNEMONIC_INT3 ||
               verify_fail(v, RULE_REGISTER);
    default:
        return is_fpu_word(reg) || verify_fail(v, RULE_REGISTER);
    }
}

bool check_instruction(struct verifier *v)
{
    if (!may_be_emitted(v)) {
        return verify_fail(v, RULE_SET);
    }
    if (!check_prefixes(v)) {
        return false;
    }
    bool legacy = v->z.encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY; /* VEX.W: see step_shift() */
    if (legacy && v->z.raw.rex.W && v->z.mnemonic != ZYDIS_MNEMONIC_MOV &&
        v->z.mnemonic != ZYDIS_MNEMONIC_LEA) {
        return verify_fail(v, RULE_WIDE);
    }
    for (unsigned i = 0; i < v->z.operand_count; i++) {
        if (v->operand[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
            !check_register(v, &v->operand[i])) {
            return false;
        }
        if (v->operand[i].type == ZYDIS_OPERAND_TYPE_POINTER) {
            return verify_fail(v, RULE_SET);
        }
    }
    return true;
}

bool is_guest_op(const struct verifier *v)
{
    switch (v->z.mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_MOVZX:
    case ZYDIS_MNEMONIC_LEA:
    case ZYDIS_MNEMONIC_SHLX:
    case ZYDIS_MNEMONIC_SHRX:
    case ZYDIS_MNEMONIC_SARX:
    case ZYDIS_MNEMONIC_RORX:
    case ZYDIS_MNEMONIC_NOP:
    case ZYDIS_MNEMONIC_JMP:
    case ZYDIS_MNEMONIC_CALL:
    case ZYDIS_MNEMONIC_RET:
    case ZYDIS_MNEMONIC_JRCXZ: /* the guest's own has the address-size prefix: JECXZ */
        return false;
    default:
        return true;
    }
}
