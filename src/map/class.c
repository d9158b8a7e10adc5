/* class.c - which instructions are in a class: classes.def, decided. By the instruction's form and
 * opcode alone; no state.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "map/map_internal.h"

static const struct {
    const char *word, *text;
} classes[] = {
#define CLASS(name, word, text) [CLASS_##name] = {word, text},
#include "map/classes.def"
#undef CLASS
};

static bool is_transfer(const struct insn *insn)
{
    return insn->op == OP_FAR_CALL || insn->op == OP_FAR_JMP || insn->op == OP_FAR_RET;
}

static bool is_segment(const struct insn *insn)
{
    return insn->op == OP_MOV_TO_SEG || insn->op == OP_MOV_FROM_SEG || insn->op == OP_PUSH_SEG ||
           insn->op == OP_POP_SEG || insn->op == OP_LOAD_FAR;
}

static bool is_privileged(const struct insn *insn)
{
    switch (insn->op) {
    case OP_MOV_FROM_CR:
    case OP_MOV_TO_CR:
    case OP_MOV_FROM_DR:
    case OP_MOV_TO_DR:
    case OP_LGDT:
    case OP_LIDT:
    case OP_LLDT:
    case OP_LTR:
    case OP_LMSW:
    case OP_CLTS:
    case OP_HLT:
    case OP_INVLPG:
    case OP_WBINVD:
    case OP_RDMSR:
    case OP_WRMSR:
    case OP_RDPMC:
    case OP_SYSEXIT:
        return true;
    default:
        return false;
    }
}

static bool is_table(const struct insn *insn)
{
    switch (insn->op) {
    case OP_LGDT:
    case OP_SGDT:
    case OP_LIDT:
    case OP_SIDT:
    case OP_LLDT:
    case OP_SLDT:
    case OP_LTR:
    case OP_STR:
    case OP_LAR:
    case OP_LSL:
    case OP_VERR:
    case OP_VERW:
    case OP_ARPL:
        return true;
    default:
        return false;
    }
}

static bool is_sensitive(const struct insn *insn)
{
    switch (insn->op) {
    case OP_SGDT:
    case OP_SIDT:
    case OP_SLDT:
    case OP_SMSW:
    case OP_STR:
    case OP_PUSHF:
    case OP_POPF:
    case OP_LAR:
    case OP_LSL:
    case OP_VERR:
    case OP_VERW:
    case OP_INT:
    case OP_IRET:
    case OP_CPUID:
    case OP_RDTSC:
    case OP_RDTSCP:
    case OP_CLI:
    case OP_STI:
        return true;
    default:
        return is_segment(insn) || is_transfer(insn) || insn_is_port(insn);
    }
}

static bool is_jcc(const struct insn *insn)
{
    return insn->verdict == VERDICT_JCC || insn->verdict == VERDICT_LOOP;
}

static bool is_flags(const struct insn *insn)
{
    bool one_byte = insn->map == 0 && !(insn->flags & INSN_INVALID);
    return insn->op == OP_PUSHF || insn->op == OP_POPF || insn->op == OP_CLI ||
           insn->op == OP_STI ||
           (one_byte && (insn->opcode == 0x9e || insn->opcode == 0x9f || insn->opcode == 0xf5 ||
                         insn->opcode == 0xf8 || insn->opcode == 0xf9 || insn->opcode == 0xfc ||
                         insn->opcode == 0xfd));
}

static bool is_stack(const struct insn *insn)
{
    switch (insn->op) {
    case OP_PUSH:
    case OP_POP:
    case OP_PUSHA:
    case OP_POPA:
    case OP_PUSHF:
    case OP_POPF:
    case OP_PUSH_SEG:
    case OP_POP_SEG:
    case OP_ENTER:
    case OP_LEAVE:
        return true;
    default:
        return false;
    }
}

static bool is_locked(const struct insn *insn)
{
    return (insn->prefixes & PREFIX_LOCK) ||
           (insn->is_mem && insn->mnemonic == ZYDIS_MNEMONIC_XCHG);
}

/* XLAT, and the two stores by DS:EDI, are memory too, but name it nowhere. */
static bool is_x87(const struct insn *insn)
{
    return insn->mnemonic == ZYDIS_MNEMONIC_FWAIT ||
           ((insn->flags & INSN_FPU) && !(insn->flags & (INSN_MMX | INSN_SSE)));
}

bool map_class_has(enum map_class class_index, const struct insn *insn)
{
    switch (class_index) {
    case CLASS_ALL:
        return true;
    case CLASS_PLAIN:
        return insn->verdict == VERDICT_NATIVE || insn->verdict == VERDICT_NOP;
    case CLASS_VIRTUALIZED:
        return insn->verdict != VERDICT_NATIVE && insn->verdict != VERDICT_NOP;
    case CLASS_UNDEFINED:
        return insn->verdict == VERDICT_HELPER_END && insn->op == OP_UD;
    case CLASS_BRANCH:
        return insn->op == OP_JMP || insn->op == OP_FAR_JMP;
    case CLASS_JCC:
        return is_jcc(insn);
    case CLASS_CALL:
        return insn->op == OP_CALL || insn->op == OP_FAR_CALL;
    case CLASS_RET:
        return insn->op == OP_RET || insn->op == OP_FAR_RET;
    case CLASS_FAR:
        return is_transfer(insn);
    case CLASS_IO:
        return insn_is_port(insn);
    case CLASS_SENSITIVE:
        return is_sensitive(insn);
    case CLASS_PRIVILEGED:
        return is_privileged(insn);
    case CLASS_SYSTEM:
        return is_sensitive(insn) || is_privileged(insn) || insn->op == OP_SYSENTER ||
               insn->op == OP_ARPL || insn->op == OP_BOUND;
    case CLASS_CR:
        return insn->op == OP_MOV_FROM_CR || insn->op == OP_MOV_TO_CR || insn->op == OP_LMSW ||
               insn->op == OP_SMSW || insn->op == OP_CLTS;
    case CLASS_DR:
        return insn->op == OP_MOV_FROM_DR || insn->op == OP_MOV_TO_DR;
    case CLASS_SEGMENT:
        return is_segment(insn);
    case CLASS_TABLES:
        return is_table(insn);
    case CLASS_MSR:
        return insn->op == OP_RDMSR || insn->op == OP_WRMSR;
    case CLASS_TIME:
        return insn->op == OP_RDTSC || insn->op == OP_RDTSCP || insn->op == OP_RDPMC;
    case CLASS_INT:
        return insn->op == OP_INT || insn->op == OP_IRET;
    case CLASS_FLAGS:
        return is_flags(insn);
    case CLASS_STACK:
        return is_stack(insn);
    case CLASS_STRING:
        return insn->op == OP_STRING || insn->op == OP_INS || insn->op == OP_OUTS;
    case CLASS_LOCK:
        return is_locked(insn);
    case CLASS_MEMORY:
        return insn->is_mem;
    case CLASS_FPU:
        return is_x87(insn);
    case CLASS_MMX:
        return insn->flags & INSN_MMX;
    case CLASS_SSE:
        return insn->flags & INSN_SSE;
    case N_CLASSES:
        break;
    }
    return false;
}

int map_find_class(const char *word)
{
    for (unsigned i = 0; i < N_CLASSES; i++) {
        if (!strcmp(word, classes[i].word)) {
            return (int)i;
        }
    }
    return -1;
}

const char *map_class_word(enum map_class class_index)
{
    return classes[class_index].word;
}

char *map_print_classes(void)
{
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *out = open_memstream(&text, &n_bytes);
    if (!out) {
        return NULL;
    }
    for (unsigned i = 0; i < N_CLASSES; i++) {
        fprintf(out, "%-12s %s\n", classes[i].word, classes[i].text);
    }
    fclose(out);
    return text;
}
