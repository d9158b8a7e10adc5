/* parse_select.c - the first part of a rule: which instructions. CHOICE { "|" CHOICE }, each a
 * class, names with operands, or bytes.
 */
#include <Zydis/Zydis.h>
#include <stdlib.h>
#include <string.h>

#include "map/parse.h"

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Two of 0-9 a-f and ?, none else: 0f, 5?, ?? */
static bool is_byte_word(const struct token *token)
{
    return token->kind == TOKEN_WORD && strlen(token->word) == 2 &&
           (hex_digit(token->word[0]) >= 0 || token->word[0] == '?') &&
           (hex_digit(token->word[1]) >= 0 || token->word[1] == '?');
}

static bool is_byte_start(const struct lexer *lexer)
{
    return is_byte_word(&lexer->now) || lex_is(lexer, "[");
}

static bool parse_plain_byte(struct parser *parser, uint8_t *byte)
{
    const struct token *now = &parser->lexer.now;
    if (!is_byte_word(now) || strchr(now->word, '?')) {
        return parse_error(parser, "expected a byte, two hexadecimal digits, as in [c0-c7]");
    }
    *byte = (uint8_t)(hex_digit(now->word[0]) << 4 | hex_digit(now->word[1]));
    lex_next(&parser->lexer);
    return true;
}

static bool parse_byte_range(struct parser *parser, struct byte_word *word)
{
    lex_next(&parser->lexer);
    if (!parse_plain_byte(parser, &word->lo)) {
        return false;
    }
    if (!lex_is(&parser->lexer, "-")) {
        return parse_error(parser, "expected - and the last byte, as in [c0-c7]");
    }
    lex_next(&parser->lexer);
    if (!parse_plain_byte(parser, &word->hi)) {
        return false;
    }
    if (!lex_is(&parser->lexer, "]")) {
        return parse_error(parser, "expected ] behind the range of bytes");
    }
    if (word->hi < word->lo) {
        return parse_error(parser, "the range ends before it begins");
    }
    word->mask = 0xff;
    lex_next(&parser->lexer);
    return true;
}

static bool is_prefix_byte(const struct byte_word *word)
{
    static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
                                       0x66, 0x67, 0xf0, 0xf2, 0xf3};
    return word->mask == 0xff && word->lo == word->hi &&
           memchr(prefixes, word->lo, sizeof(prefixes));
}

static bool parse_bytes(struct parser *parser, struct map_choice *choice)
{
    choice->kind = CHOICE_BYTES;
    while (is_byte_start(&parser->lexer)) {
        const char *digits = parser->lexer.now.word;
        if (choice->n_pattern == MAP_MAX_PATTERN) {
            return parse_error(parser, "an instruction has at most 15 bytes");
        }
        struct byte_word *word = &choice->pattern[choice->n_pattern++];
        if (digits[0] == '[') {
            if (!parse_byte_range(parser, word)) {
                return false;
            }
            continue;
        }
        word->mask = (uint8_t)((digits[0] == '?' ? 0 : 0xf0) | (digits[1] == '?' ? 0 : 0x0f));
        word->lo = (uint8_t)((digits[0] == '?' ? 0 : hex_digit(digits[0])) << 4 |
                             (digits[1] == '?' ? 0 : hex_digit(digits[1])));
        word->hi = word->lo;
        lex_next(&parser->lexer);
    }
    choice->has_prefix = is_prefix_byte(&choice->pattern[0]);
    return true;
}

static const struct {
    const char *word;
    uint8_t kind;
} operand_words[] = {
    {"*", OPERAND_ANY},   {"reg", OPERAND_REG},     {"r", OPERAND_REG},   {"mem", OPERAND_MEM},
    {"m", OPERAND_MEM},   {"r/m", OPERAND_REG_MEM}, {"imm", OPERAND_IMM}, {"rel", OPERAND_REL},
    {"far", OPERAND_FAR}, {"sreg", OPERAND_SEG},    {"cr", OPERAND_CR},   {"dr", OPERAND_DR},
    {"st", OPERAND_ST},   {"mm", OPERAND_MM},       {"xmm", OPERAND_XMM},
};

static bool find_register(const char *word, struct operand_word *operand)
{
    for (unsigned i = 1; i <= ZYDIS_REGISTER_MAX_VALUE; i++) {
        const char *name = ZydisRegisterGetString((ZydisRegister)i);
        if (name && !strcmp(name, word)) {
            operand->kind = OPERAND_EXACTLY;
            operand->zydis_register = (uint16_t)i;
            return true;
        }
    }
    return false;
}

/* reg, r32, mem, m8, r/m16, imm8, cr, cr3, %eax ... */
static bool find_operand(const char *word, struct operand_word *operand)
{
    char name[WORD_BYTES];
    *operand = (struct operand_word){0};
    word += *word == '%';
    for (size_t i = 0; i < ARRAY_SIZE(operand_words); i++) {
        if (!strcmp(word, operand_words[i].word)) {
            operand->kind = operand_words[i].kind;
            return true;
        }
    }
    size_t n = strcspn(word, "0123456789");
    unsigned size = (unsigned)strtoul(word + n, NULL, 10);
    bool sized = size == 8 || size == 16 || size == 32 || size == 48 || size == 64 || size == 80 ||
                 size == 128;
    memcpy(name, word, n);
    name[n] = 0;
    for (size_t i = 0; i < ARRAY_SIZE(operand_words) && sized; i++) {
        if (!strcmp(name, operand_words[i].word) && operand_words[i].kind <= OPERAND_REL &&
            operand_words[i].kind != OPERAND_ANY &&
            strspn(word + n, "0123456789") == strlen(word + n)) {
            operand->kind = operand_words[i].kind;
            operand->size_bits = (uint16_t)size;
            return true;
        }
    }
    return find_register(word, operand);
}

static bool is_operand(const struct lexer *lexer)
{
    struct operand_word operand;
    return lexer->now.kind == TOKEN_WORD && !lexer->now.is_too_long &&
           find_operand(lexer->now.word, &operand);
}

static bool parse_operands(struct parser *parser, struct map_choice *choice)
{
    struct lexer *lexer = &parser->lexer;
    choice->has_operands = true;
    for (;;) {
        if (!is_operand(lexer)) {
            return parse_error(parser, "expected an operand: reg mem r/m imm rel far sreg cr dr st "
                                       "mm xmm, with a size (r32, m8), a register, or *");
        }
        if (choice->n_operands == MAP_MAX_OPERANDS) {
            return parse_error(parser, "too many operands");
        }
        find_operand(lexer->now.word, &choice->operands[choice->n_operands++]);
        lex_next(lexer);
        if (!lex_is(lexer, ",")) {
            return true;
        }
        lex_next(lexer);
    }
}

static bool parse_name(struct parser *parser, struct map_choice *choice)
{
    struct lexer *lexer = &parser->lexer;
    const char *word = lexer->now.word;
    int class_index = map_find_class(word);
    choice->kind = CHOICE_NAMES;
    if (!strcmp(word, "*")) {
        class_index = CLASS_ALL;
    }
    if (class_index >= 0) {
        choice->kind = CHOICE_CLASS;
        choice->class_index = (uint8_t)class_index;
        struct token token = lexer->now;
        lex_next(lexer);
        if (!is_operand(lexer)) {
            return true;
        }
        /* "call mem", "int imm": an instruction of that name with operands */
        if (map_find_names(token.word, choice) <= 0) {
            return parse_error(parser, "a class (%s) has no operands", token.word);
        }
        choice->kind = CHOICE_NAMES;
        return parse_operands(parser, choice);
    }
    int n = lexer->now.is_too_long ? 0 : map_find_names(word, choice);
    if (n < 0) {
        return parse_no_memory(parser);
    }
    if (n == 0) {
        const char *close = map_closest_word(word);
        return close ? parse_error(parser, "no such instruction or class; %s?", close)
                     : parse_error(parser,
                                   "expected an instruction, a class (-map help lists them), bytes "
                                   "(0f a2), or a condition");
    }
    lex_next(lexer);
    return is_operand(lexer) ? parse_operands(parser, choice) : true;
}

static struct map_choice *new_choice(struct map_select *select)
{
    struct map_choice *choices =
        realloc(select->choices, (select->n_choices + 1) * sizeof(*choices));
    if (!choices) {
        return NULL;
    }
    select->choices = choices;
    choices[select->n_choices] = (struct map_choice){0};
    return &choices[select->n_choices++];
}

static bool parse_choice(struct parser *parser, struct map_select *select)
{
    struct map_choice *choice = new_choice(select);
    if (!choice) {
        return parse_no_memory(parser);
    }
    if (is_byte_start(&parser->lexer)) {
        return parse_bytes(parser, choice);
    }
    if (parser->lexer.now.kind == TOKEN_WORD) {
        return parse_name(parser, choice);
    }
    return parse_error(parser, "expected an instruction, a class (-map help lists them) or bytes");
}

bool parse_choices(struct parser *parser, struct map_select *select)
{
    struct lexer *lexer = &parser->lexer;
    if (parse_at_condition(parser) || lex_is(lexer, ":")) {
        return true; /* no instructions named: all */
    }
    for (;;) {
        if (!parse_choice(parser, select)) {
            return false;
        }
        if (!lex_is(lexer, "|") && !lex_is(lexer, ",")) {
            return true;
        }
        lex_next(lexer);
    }
}
