/* parse_do.c - the second and third part of a rule: where it holds, and what is to be done.
 */
#include <Zydis/Zydis.h>
#include <string.h>

#include "cpu/cpu.h"
#include "map/parse.h"

/* ---- conditions ---- */

static bool parse_cpl(struct parser *parser, struct map_rule *rule)
{
    uint64_t first, last;
    struct lexer before = parser->lexer;
    if (!parse_range(parser, 3, "a privilege level, 0 to 3", &first, &last)) {
        return false;
    }
    if (last == 1 || first == 2) {
        parser->lexer = before;
        return parse_error(parser, "rings 1 and 2 are known only together: write 1-2");
    }
    rule->select->rings =
        (uint8_t)((first == 0 ? RING_0 : 0) | (first <= 1 && last >= 2 ? RING_1_2 : 0) |
                  (last == 3 ? RING_3 : 0));
    return true;
}

static bool parse_mode(struct parser *parser, struct map_rule *rule)
{
    static const struct {
        const char *word;
        uint8_t place;
    } words[] = {{"real", PLACE_REAL},
                 {"v86", PLACE_V86},
                 {"prot16", PLACE_PROT16},
                 {"prot32", PLACE_PROT32},
                 {"prot", PLACE_PROT16 | PLACE_PROT32}};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (lex_is(&parser->lexer, words[i].word)) {
            rule->select->places |= words[i].place;
            lex_next(&parser->lexer);
            return true;
        }
    }
    return parse_error(parser, "expected a mode: real v86 prot16 prot32 prot");
}

static bool parse_lin(struct parser *parser, struct map_rule *rule, bool is_range)
{
    uint64_t first, last;
    struct lexer before = parser->lexer;
    if (!parse_range(parser, UINT32_MAX, "a linear address", &first, &last)) {
        return false;
    }
    if (is_range && first == last) { /* "in 0x60: log" means a port */
        parser->lexer = before;
        return parse_error(parser, "expected a range LO-HI or LO+BYTES; one address is \"at\", the "
                                   "port of IN is \"port\"");
    }
    rule->select->has_lin = true;
    rule->select->lin_first = (uint32_t)first;
    rule->select->lin_last = (uint32_t)last;
    return true;
}

static bool parse_at(struct parser *parser, struct map_rule *rule)
{
    return parse_lin(parser, rule, false);
}

static bool parse_in(struct parser *parser, struct map_rule *rule)
{
    return parse_lin(parser, rule, true);
}

static bool parse_page(struct parser *parser, struct map_rule *rule)
{
    uint64_t first, last;
    if (!parse_range(parser, (1ull << 36) - 1, "a physical address", &first, &last)) {
        return false;
    }
    rule->select->has_phys = true;
    rule->select->phys_first = first >> 12;
    rule->select->phys_last = last >> 12;
    return true;
}

static bool parse_data(struct parser *parser, struct map_rule *rule, uint8_t access)
{
    uint64_t first, last;
    bool physical = lex_is(&parser->lexer, "phys");
    if (physical) {
        lex_next(&parser->lexer);
    }
    if (!parse_range(parser, UINT32_MAX, physical ? "a physical address" : "a linear address",
                     &first, &last)) {
        return false;
    }
    rule->data = (struct map_data){
        .access = access, .physical = physical, .first = (uint32_t)first, .last = (uint32_t)last};
    return true;
}

static bool parse_reads(struct parser *parser, struct map_rule *rule)
{
    return parse_data(parser, rule, DATA_READ);
}

static bool parse_writes(struct parser *parser, struct map_rule *rule)
{
    return parse_data(parser, rule, DATA_WRITE);
}

static bool parse_touches(struct parser *parser, struct map_rule *rule)
{
    return parse_data(parser, rule, DATA_READ | DATA_WRITE);
}

static bool parse_port(struct parser *parser, struct map_rule *rule)
{
    uint64_t first, last;
    if (!parse_range(parser, UINT16_MAX, "a port", &first, &last)) {
        return false;
    }
    rule->has_port = true;
    rule->port_lo = (uint16_t)first;
    rule->port_hi = (uint16_t)last;
    return true;
}

static bool parse_value(struct parser *parser, struct map_rule *rule)
{
    uint64_t value, mask = UINT32_MAX;
    if (!parse_number(parser, UINT32_MAX, "a value", &value)) {
        return false;
    }
    if (lex_is(&parser->lexer, "/")) {
        lex_next(&parser->lexer);
        if (!parse_number(parser, UINT32_MAX, "a mask of the bits to compare", &mask)) {
            return false;
        }
    }
    rule->has_value = true;
    rule->value = (uint32_t)(value & mask);
    rule->value_mask = (uint32_t)mask;
    return true;
}

static const struct condition {
    const char *word;
    bool (*parse)(struct parser *parser, struct map_rule *rule);
    enum value_kind kind;
} conditions[] = {
    {"cpl", parse_cpl, VALUE_ANY},         {"mode", parse_mode, VALUE_ANY},
    {"at", parse_at, VALUE_ANY},           {"in", parse_in, VALUE_ANY},
    {"page", parse_page, VALUE_ANY},       {"port", parse_port, VALUE_ANY},
    {"value", parse_value, VALUE_ANY},     {"leaf", parse_value, VALUE_LEAF},
    {"msr", parse_value, VALUE_MSR},       {"vector", parse_value, VALUE_VECTOR},
    {"reads", parse_reads, VALUE_ANY},     {"writes", parse_writes, VALUE_ANY},
    {"touches", parse_touches, VALUE_ANY},
};

/* "in" and "msr" are an instruction and a class too: a condition is followed by a number. */
static const struct condition *find_condition(const struct parser *parser)
{
    for (size_t i = 0; i < ARRAY_SIZE(conditions); i++) {
        if (lex_is(&parser->lexer, conditions[i].word)) {
            char next = lex_peek(&parser->lexer);
            bool shared = conditions[i].parse == parse_in || conditions[i].kind == VALUE_MSR;
            bool has_number = next >= '0' && next <= '9';
            return shared && !has_number ? NULL : &conditions[i];
        }
    }
    return NULL;
}

static bool is_about_data(const struct condition *condition)
{
    return condition->parse == parse_reads || condition->parse == parse_writes ||
           condition->parse == parse_touches;
}

bool parse_at_condition(const struct parser *parser)
{
    return find_condition(parser) != NULL;
}

bool parse_conditions(struct parser *parser, struct map_rule *rule)
{
    const struct condition *condition;
    while ((condition = find_condition(parser))) {
        struct map_select *select = rule->select;
        bool twice =
            (condition->parse == parse_cpl && select->rings) ||
            ((condition->parse == parse_at || condition->parse == parse_in) && select->has_lin) ||
            (condition->parse == parse_page && select->has_phys) ||
            (condition->parse == parse_port && rule->has_port) ||
            (condition->parse == parse_value && rule->has_value) ||
            (rule->data.access && is_about_data(condition));
        if (twice) {
            return parse_error(parser, "given twice: write two rules");
        }
        lex_next(&parser->lexer);
        if (condition->kind != VALUE_ANY) {
            select->value_kind = condition->kind;
        }
        if (!condition->parse(parser, rule)) {
            return false;
        }
    }
    return true;
}

/* ---- techniques and actions ---- */

static const struct {
    const char *word;
    bool is_technique;
    uint8_t what;
} dos[] = {
    {"native", true, TECHNIQUE_NATIVE}, {"inline", true, TECHNIQUE_INLINE},
    {"call", true, TECHNIQUE_CALL},     {"trap", true, TECHNIQUE_TRAP},
    {"emulate", false, ACTION_EMULATE}, {"count", false, ACTION_COUNT},
    {"log", false, ACTION_LOG},         {"sample", false, ACTION_SAMPLE},
    {"stop", false, ACTION_STOP},       {"patch", false, ACTION_PATCH},
};

static int find_do(const struct parser *parser)
{
    for (size_t i = 0; i < ARRAY_SIZE(dos); i++) {
        if (lex_is(&parser->lexer, dos[i].word)) {
            return (int)i;
        }
    }
    return -1;
}

bool parse_at_do(const struct parser *parser)
{
    return find_do(parser) >= 0;
}

static bool parse_technique(struct parser *parser, struct map_rule *rule, uint8_t technique)
{
    if (rule->has_technique) {
        return parse_error(parser, "a rule has one technique");
    }
    if (rule->has_port || rule->has_value) {
        return parse_error(parser, "the technique is chosen before the port or value is known");
    }
    if (rule->data.access) {
        return parse_error(parser, "the technique is chosen before it is known what data the "
                                   "instruction touches");
    }
    rule->has_technique = true;
    rule->technique = technique;
    lex_next(&parser->lexer);
    return true;
}

static bool parse_action(struct parser *parser, struct map_rule *rule, uint8_t action)
{
    if (rule->actions & action) {
        return parse_error(parser, "given twice");
    }
    if (action == ACTION_PATCH && rule->data.access) {
        return parse_error(parser, "what is read or written cannot be patched: a rule about data "
                                   "can stop log count sample emulate");
    }
    rule->actions |= action;
    if (action == ACTION_PATCH) {
        return parse_patch(parser, rule);
    }
    lex_next(&parser->lexer);
    if (action == ACTION_SAMPLE) {
        uint64_t n;
        struct lexer before = parser->lexer;
        if (!parse_number(parser, UINT32_MAX, "a number: log each N-th time", &n)) {
            return false;
        }
        parser->lexer = n ? parser->lexer : before;
        rule->sample_n = (uint32_t)n;
        return n ? true : parse_error(parser, "expected a number of 1 or more");
    }
    return true;
}

bool parse_dos(struct parser *parser, struct map_rule *rule)
{
    struct lexer *lexer = &parser->lexer;
    bool has_colon = lex_is(lexer, ":"), any = false;
    if (has_colon) {
        lex_next(lexer);
    }
    while (lexer->now.kind != TOKEN_END && lexer->now.kind != TOKEN_LINE_END) {
        int i = find_do(parser);
        if (i < 0) {
            return parse_error(parser, has_colon || any
                                           ? "expected native inline call trap, or emulate count "
                                             "log sample stop patch"
                                           : "expected a condition (cpl mode at in page port value "
                                             "leaf msr vector reads writes touches), or a colon "
                                             "and what to do");
        }
        if (dos[i].is_technique ? !parse_technique(parser, rule, dos[i].what)
                                : !parse_action(parser, rule, dos[i].what)) {
            return false;
        }
        any = true;
        parser->rule_end = lexer->last_end;
        if (lex_is(lexer, ",")) {
            lex_next(lexer);
            if (!parse_at_do(parser)) {
                return parse_error(parser, "expected a technique or an action behind the comma");
            }
        }
    }
    return any ? true
               : parse_error(parser, "expected what to do: native inline call trap, or emulate "
                                     "count log sample stop patch");
}
