/* parse.h - what the parser's files share. */
#ifndef MAP_PARSE_H
#define MAP_PARSE_H

#include "map/lex.h"
#include "map/map_internal.h"

enum { MAP_MAX_TEXT_BYTES = 16 << 20 };

struct parser {
    struct lexer lexer;
    const char *name;
    struct map_errors *errors;
    struct map_draft *drafts;
    unsigned n_drafts;
    uint32_t rule_end; /* behind the last token taken of the rule */
};

/* Each takes what it knows and leaves the first token it does not. False: said what is wrong. */
bool parse_choices(struct parser *parser, struct map_select *select);
bool parse_conditions(struct parser *parser, struct map_rule *rule);
bool parse_dos(struct parser *parser, struct map_rule *rule);
bool parse_patch(struct parser *parser, struct map_rule *rule);

bool parse_number(struct parser *parser, uint64_t max, const char *what, uint64_t *number);
bool parse_range(struct parser *parser, uint64_t max, const char *what, uint64_t *first,
                 uint64_t *last);
/* Is the token in hand the beginning of a condition, of a technique or action? */
bool parse_at_condition(const struct parser *parser);
bool parse_at_do(const struct parser *parser);

/* "WORD: what was expected", of the token in hand. Always false. */
__attribute__((format(printf, 2, 3))) bool parse_error(struct parser *parser, const char *format,
                                                       ...);
bool parse_no_memory(struct parser *parser);

#endif
