/* select.h - what a rule's text selects: instructions by name, class, operands or bytes, and places
 * by mode, address and page. map/'s own. */
#ifndef MAP_SELECT_H
#define MAP_SELECT_H

#include "map/map.h"

enum { MAP_MAX_OPERANDS = 4, MAP_MAX_PATTERN = 15 };

/* Operand words: a class with a size, or one register. */
enum operand_kind {
    OPERAND_ANY,
    OPERAND_REG, /* general; size_bits 0: any */
    OPERAND_MEM,
    OPERAND_REG_MEM, /* r/m */
    OPERAND_IMM,
    OPERAND_REL, /* of a direct branch */
    OPERAND_FAR, /* selector:offset in the instruction */
    OPERAND_SEG,
    OPERAND_CR,
    OPERAND_DR,
    OPERAND_ST,
    OPERAND_MM,
    OPERAND_XMM,
    OPERAND_EXACTLY, /* zydis_register */
};
struct operand_word {
    uint8_t kind;
    uint16_t size_bits;
    uint16_t zydis_register;
};

/* One byte of a pattern: lo..hi after masking. */
struct byte_word {
    uint8_t mask, lo, hi;
};

/* One alternative between two bars. */
struct map_choice {
    enum choice_kind { CHOICE_CLASS, CHOICE_NAMES, CHOICE_BYTES } kind;
    uint8_t class_index;
    uint8_t opsize; /* names with a size letter (movl): operand size in bytes, else 0 */
    uint8_t n_operands;
    bool has_operands, has_prefix; /* has_prefix: the pattern begins with a prefix byte */
    uint8_t n_pattern;
    uint8_t only_class; /* enum map_class: far of lcall, string of movs; else all */
    uint16_t n_names;
    uint16_t *names; /* ZydisMnemonic, ascending; malloc'ed */
    struct operand_word operands[MAP_MAX_OPERANDS];
    struct byte_word pattern[MAP_MAX_PATTERN];
};

/* mode words */
enum map_place { PLACE_REAL = 1, PLACE_V86 = 2, PLACE_PROT16 = 4, PLACE_PROT32 = 8 };
enum map_ring { RING_0 = 1, RING_1_2 = 2, RING_3 = 4 };

struct map_select {
    unsigned n_choices; /* 0: all */
    struct map_choice *choices;
    uint8_t rings;  /* enum map_ring; 0: any */
    uint8_t places; /* enum map_place; 0: any */
    bool has_lin, has_phys;
    uint32_t lin_first, lin_last;
    uint64_t phys_first, phys_last; /* page numbers */
    enum value_kind { VALUE_ANY, VALUE_LEAF, VALUE_MSR, VALUE_VECTOR } value_kind;
};

void map_select_free(struct map_select *select);

#endif
