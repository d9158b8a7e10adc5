/* parse_patch.c - the action "patch": registers and what becomes of them.
 */
#include <string.h>

#include "cpu/cpu.h"
#include "map/parse.h"

static const struct {
    const char *word;
    uint8_t reg, n_bytes, shift;
} registers[] = {
    {"eax", GPR_EAX, 4, 0}, {"ecx", GPR_ECX, 4, 0}, {"edx", GPR_EDX, 4, 0}, {"ebx", GPR_EBX, 4, 0},
    {"ebp", GPR_EBP, 4, 0}, {"esi", GPR_ESI, 4, 0}, {"edi", GPR_EDI, 4, 0}, {"ax", GPR_EAX, 2, 0},
    {"cx", GPR_ECX, 2, 0},  {"dx", GPR_EDX, 2, 0},  {"bx", GPR_EBX, 2, 0},  {"bp", GPR_EBP, 2, 0},
    {"si", GPR_ESI, 2, 0},  {"di", GPR_EDI, 2, 0},  {"al", GPR_EAX, 1, 0},  {"cl", GPR_ECX, 1, 0},
    {"dl", GPR_EDX, 1, 0},  {"bl", GPR_EBX, 1, 0},  {"ah", GPR_EAX, 1, 8},  {"ch", GPR_ECX, 1, 8},
    {"dh", GPR_EDX, 1, 8},  {"bh", GPR_EBX, 1, 8},
};

static bool parse_register(struct parser *parser, struct map_patch *patch)
{
    struct lexer *lexer = &parser->lexer;
    const char *word = lexer->now.kind == TOKEN_WORD ? lexer->now.word : "";
    word += *word == '%';
    for (size_t i = 0; i < ARRAY_SIZE(registers); i++) {
        if (strcmp(word, registers[i].word) != 0) {
            continue;
        }
        patch->reg = registers[i].reg;
        patch->n_bytes = registers[i].n_bytes;
        patch->shift = registers[i].shift;
        lex_next(lexer);
        if (patch->reg == GPR_EDX && patch->n_bytes == 4 && lex_is(lexer, ":")) {
            lex_next(lexer);
            if (!lex_is(lexer, "eax")) {
                return parse_error(parser, "expected eax: the pair is edx:eax");
            }
            lex_next(lexer);
            patch->reg = GPR_EAX;
            patch->n_bytes = 8;
        }
        return true;
    }
    if (!strcmp(word, "esp") || !strcmp(word, "sp")) {
        return parse_error(parser, "the stack pointer is no result: it cannot be patched");
    }
    return parse_error(parser, "expected skip or a result register: eax ... edi, ax, al, ah, "
                               "edx:eax");
}

/* N, ~N, -N, bit N, ~bit N */
static bool parse_operand_value(struct parser *parser, const struct map_patch *patch,
                                uint64_t *value)
{
    struct lexer *lexer = &parser->lexer;
    uint64_t all = patch->n_bytes == 8 ? UINT64_MAX : (1ull << 8 * patch->n_bytes) - 1;
    bool invert = lex_is(lexer, "~"), minus = lex_is(lexer, "-");
    if (invert || minus) {
        lex_next(lexer);
    }
    if (lex_is(lexer, "bit")) {
        uint64_t bit;
        lex_next(lexer);
        if (!parse_number(parser, 8ull * patch->n_bytes - 1, "the number of a bit", &bit)) {
            return false;
        }
        *value = 1ull << bit;
    } else if (!parse_number(parser, all, "a value that fits the register, or bit N", value)) {
        return false;
    }
    *value = invert ? ~*value & all : minus ? (0 - *value) & all : *value;
    return true;
}

static bool parse_scale(struct parser *parser, struct map_patch *patch)
{
    patch->divisor = 1;
    if (!parse_number(parser, UINT32_MAX, "a factor, N or N/M", &patch->value)) {
        return false;
    }
    if (!lex_is(&parser->lexer, "/")) {
        return true;
    }
    lex_next(&parser->lexer);
    struct lexer before = parser->lexer;
    if (!parse_number(parser, UINT32_MAX, "a divisor", &patch->divisor)) {
        return false;
    }
    parser->lexer = patch->divisor ? parser->lexer : before;
    return patch->divisor ? true : parse_error(parser, "the divisor is zero");
}

static bool parse_patch_item(struct parser *parser, struct map_rule *rule)
{
    static const struct {
        const char *sign;
        uint8_t op;
    } signs[] = {{"=", PATCH_SET},  {"&=", PATCH_AND}, {"|=", PATCH_OR},
                 {"^=", PATCH_XOR}, {"+=", PATCH_ADD}, {"*=", PATCH_SCALE}};
    if (lex_is(&parser->lexer, "skip")) {
        rule->patch_skip = true;
        lex_next(&parser->lexer);
        return true;
    }
    struct map_patch patch = {.divisor = 1};
    if (rule->n_patches == MAP_MAX_PATCHES) {
        return parse_error(parser, "at most four registers in one rule");
    }
    if (!parse_register(parser, &patch)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
        if (lex_is(&parser->lexer, signs[i].sign)) {
            patch.op = signs[i].op;
            lex_next(&parser->lexer);
            bool good = patch.op == PATCH_SCALE ? parse_scale(parser, &patch)
                                                : parse_operand_value(parser, &patch, &patch.value);
            rule->patches[rule->n_patches++] = patch;
            return good;
        }
    }
    return parse_error(parser, "expected = &= |= ^= += or *=");
}

bool parse_patch(struct parser *parser, struct map_rule *rule)
{
    do {
        lex_next(&parser->lexer); /* "patch", then each comma */
        if (rule->n_patches + rule->patch_skip && parse_at_do(parser)) {
            return true; /* "patch skip, count" */
        }
        if (!parse_patch_item(parser, rule)) {
            return false;
        }
    } while (lex_is(&parser->lexer, ","));
    return true;
}
