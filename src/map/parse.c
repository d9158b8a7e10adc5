/* parse.c - from the text of rules to drafts of rules: the grammar of docs/map.md, one function per
 * line of it. The selectors are in parse_select.c, conditions and actions in parse_do.c.
 *
 * Every rule of a text is looked at, whatever was wrong with those before. No state, no files.
 */
#include "map/parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ERRORS = 100 };

static void append(char **lines, const char *line)
{
    size_t n_old = *lines ? strlen(*lines) : 0, n = strlen(line);
    char *longer = realloc(*lines, n_old + n + 2);
    if (!longer) {
        return;
    }
    memcpy(longer + n_old, line, n);
    memcpy(longer + n_old + n, "\n", 2);
    *lines = longer;
}

__attribute__((format(printf, 6, 0))) static void add_line(char **lines, unsigned n_before,
                                                           const char *name, unsigned line,
                                                           unsigned column, const char *format,
                                                           va_list args)
{
    char text[512];
    size_t n = 0;
    if (n_before >= MAX_ERRORS) {
        if (n_before == MAX_ERRORS) {
            append(lines, "more of these follow; here are the first hundred");
        }
        return;
    }
    if (line) {
        n = (size_t)snprintf(text, sizeof(text), "%.200s:%u:%u: ", name, line, column);
    }
    vsnprintf(text + n, sizeof(text) - n, format, args);
    append(lines, text);
}

void map_error(struct map_errors *errors, const char *name, unsigned line, unsigned column,
               const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_line(&errors->lines, errors->n++, name, line, column, format, args);
    va_end(args);
}

void map_warning(struct map_errors *errors, const char *name, unsigned line, unsigned column,
                 const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_line(&errors->warnings, errors->n_warnings++, name, line, column, format, args);
    va_end(args);
}

void map_errors_free(struct map_errors *errors)
{
    free(errors->lines);
    free(errors->warnings);
    *errors = (struct map_errors){0};
}

bool parse_error(struct parser *parser, const char *format, ...)
{
    char text[256];
    const struct token *now = &parser->lexer.now;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    const char *word = now->kind == TOKEN_END        ? "the end"
                       : now->kind == TOKEN_LINE_END ? "the end of the line"
                                                     : now->word;
    map_error(parser->errors, parser->name, now->line, now->column, "%s%s: %s", word,
              now->is_too_long ? "..." : "", text);
    return false;
}

bool parse_no_memory(struct parser *parser)
{
    return parse_error(parser, "no memory");
}

/* Decimal or 0x hex, whole word. */
bool parse_number(struct parser *parser, uint64_t max, const char *what, uint64_t *number)
{
    const struct token *now = &parser->lexer.now;
    char *end = NULL;
    bool digits = now->kind == TOKEN_WORD && now->word[0] >= '0' && now->word[0] <= '9';
    bool hex = digits && now->word[0] == '0' && now->word[1] == 'x';
    if (digits && !now->is_too_long && strlen(now->word) <= 20) {
        *number = strtoull(now->word, &end, hex ? 16 : 10);
    }
    if (!end || *end || (hex && !now->word[2])) {
        return parse_error(parser, "expected %s", what);
    }
    if (*number > max) {
        return parse_error(parser,
                           max > 999 ? "expected %s, at most 0x%llx" : "expected %s, at most %llu",
                           what, (unsigned long long)max);
    }
    lex_next(&parser->lexer);
    return true;
}

/* N, N-M (both included), N+BYTES. */
bool parse_range(struct parser *parser, uint64_t max, const char *what, uint64_t *first,
                 uint64_t *last)
{
    struct lexer *lexer = &parser->lexer;
    if (!parse_number(parser, max, what, first)) {
        return false;
    }
    *last = *first;
    struct lexer before = *lexer;
    if (lex_is(lexer, "-")) {
        lex_next(lexer);
        before = *lexer;
        if (!parse_number(parser, max, what, last)) {
            return false;
        }
    } else if (lex_is(lexer, "+")) {
        uint64_t n;
        lex_next(lexer);
        before = *lexer;
        if (!parse_number(parser, max, "a number of bytes", &n)) {
            return false;
        }
        if (n == 0 || n - 1 > max - *first) {
            *lexer = before;
            return parse_error(parser, "expected a range that is not empty and does not wrap");
        }
        *last = *first + n - 1;
    }
    if (*last < *first) {
        *lexer = before;
        return parse_error(parser, "the range ends before it begins");
    }
    return true;
}

static char *cut_text(const char *text, uint32_t start, uint32_t end)
{
    while (end > start && strchr(" \t\r\n", text[end - 1])) {
        end--;
    }
    return strndup(text + start, end - start);
}

static bool is_line_over(const struct parser *parser)
{
    return parser->lexer.now.kind == TOKEN_END || parser->lexer.now.kind == TOKEN_LINE_END;
}

static bool parse_rule(struct parser *parser, struct map_draft *draft)
{
    struct map_rule *rule = &draft->rule;
    rule->select = calloc(1, sizeof(*rule->select));
    if (!rule->select) {
        return parse_no_memory(parser);
    }
    return parse_choices(parser, rule->select) && parse_conditions(parser, rule) &&
           parse_dos(parser, rule);
}

static struct map_draft *new_draft(struct parser *parser)
{
    if ((parser->n_drafts & (parser->n_drafts - 1)) == 0) {
        unsigned n_room = parser->n_drafts ? 2 * parser->n_drafts : 1;
        struct map_draft *drafts = realloc(parser->drafts, n_room * sizeof(*drafts));
        if (!drafts) {
            parse_no_memory(parser);
            return NULL;
        }
        parser->drafts = drafts;
    }
    struct map_draft *draft = &parser->drafts[parser->n_drafts++];
    *draft = (struct map_draft){.rule = {.counter = MAP_NO_COUNTER}};
    draft->rule.source.line = parser->lexer.now.line;
    draft->rule.source.column = parser->lexer.now.column;
    return draft;
}

static void parse_line(struct parser *parser, uint32_t *lead)
{
    struct lexer *lexer = &parser->lexer;
    struct map_draft *draft = new_draft(parser);
    uint32_t start = lexer->now.start;
    if (!draft) {
        lex_skip_line(lexer);
        return;
    }
    if (lex_is(lexer, "clear")) {
        draft->clears = true;
        lex_next(lexer);
        parser->rule_end = lexer->last_end;
        if (!is_line_over(parser)) {
            parse_error(parser, "expected the end of the line behind \"clear\"");
        }
    } else if (parse_rule(parser, draft)) {
        draft->lead = start > *lead ? strndup(lexer->text + *lead, start - *lead) : NULL;
        draft->rule.text = cut_text(lexer->text, start, parser->rule_end);
        if (!draft->rule.text) {
            parse_no_memory(parser);
        }
    }
    uint32_t rule_end = parser->rule_end;
    lex_skip_line(lexer);
    *lead = rule_end;
}

bool map_parse(const char *name, const char *text, size_t n_bytes, struct map_draft **drafts,
               unsigned *n_drafts, struct map_errors *errors)
{
    struct parser parser = {.name = name, .errors = errors};
    unsigned n_before = errors->n;
    uint32_t lead = 0;
    if (n_bytes > MAP_MAX_TEXT_BYTES) {
        map_error(errors, name, 1, 1, "longer than %d MiB", MAP_MAX_TEXT_BYTES >> 20);
        n_bytes = 0;
    }
    lex_start(&parser.lexer, text, (uint32_t)n_bytes);
    while (parser.lexer.now.kind != TOKEN_END && errors->n <= MAX_ERRORS) {
        if (parser.lexer.now.kind == TOKEN_LINE_END) {
            lex_next(&parser.lexer);
        } else {
            parse_line(&parser, &lead);
        }
    }
    *drafts = parser.drafts;
    *n_drafts = parser.n_drafts;
    return errors->n == n_before;
}
