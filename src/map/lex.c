/* lex.c - cuts a rule text into words, signs and line ends. Comments and blanks vanish; a line that
 * ends with | or , or \ goes on. Takes any bytes whatever.
 */
#include "map/lex.h"

#include <string.h>

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '?' || c == '%' || c == '$' || c == '(' || c == ')';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static char char_at(const struct lexer *lexer, uint32_t at)
{
    return at < lexer->n_bytes ? lexer->text[at] : '\n';
}

/* A star belongs to a word (j*), but not the one of "*=". */
static bool is_word_char(const struct lexer *lexer, uint32_t at)
{
    char c = char_at(lexer, at);
    return is_letter(c) || (c == '*' && char_at(lexer, at + 1) != '=');
}

static void skip_blanks(struct lexer *lexer)
{
    for (;;) {
        char c = char_at(lexer, lexer->at);
        bool goes_on =
            c == '\\' && char_at(lexer, lexer->at + 1) == '\n' && lexer->at + 1 < lexer->n_bytes;
        if (goes_on) {
            lexer->at += 2;
            lexer->line++;
            lexer->line_start = lexer->at;
        } else if (c == '#') {
            while (char_at(lexer, lexer->at) != '\n') {
                lexer->at++;
            }
        } else if (is_blank(c)) {
            lexer->at++;
        } else {
            return;
        }
    }
}

static void take_char(struct token *token, unsigned *n, char c)
{
    if (*n + 1 < WORD_BYTES) {
        token->word[(*n)++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        token->word[*n] = 0;
    } else {
        token->is_too_long = true;
    }
}

static void take_word(struct lexer *lexer)
{
    struct token *token = &lexer->now;
    unsigned n = 0;
    token->kind = TOKEN_WORD;
    while (lexer->at < lexer->n_bytes && is_word_char(lexer, lexer->at)) {
        take_char(token, &n, lexer->text[lexer->at++]);
    }
    if (!strcmp(token->word, "r") && char_at(lexer, lexer->at) == '/') { /* r/m, r/m32 */
        take_char(token, &n, lexer->text[lexer->at++]);
        while (lexer->at < lexer->n_bytes && is_word_char(lexer, lexer->at)) {
            take_char(token, &n, lexer->text[lexer->at++]);
        }
    }
}

static void take_sign(struct lexer *lexer, char c)
{
    struct token *token = &lexer->now;
    bool doubled = char_at(lexer, lexer->at + 1) == '=' && strchr("&|^+*", c);
    token->kind = TOKEN_SIGN;
    token->word[0] = c;
    token->word[1] = doubled ? '=' : 0;
    token->word[2] = 0;
    lexer->at += doubled ? 2 : 1;
}

/* What is no text is shown by its number. */
static void take_bad(struct lexer *lexer, char c)
{
    static const char digits[] = "0123456789abcdef";
    unsigned byte = (uint8_t)c;
    char *word = lexer->now.word;
    lexer->now.kind = TOKEN_BAD;
    lexer->at++;
    if (byte > 0x20 && byte < 0x7f) {
        word[0] = c;
        word[1] = 0;
        return;
    }
    memcpy(word, "byte 0x", 7);
    word[7] = digits[byte >> 4];
    word[8] = digits[byte & 15];
    word[9] = 0;
}

void lex_next(struct lexer *lexer)
{
    bool may_go_on = lexer->now.kind == TOKEN_SIGN && (lex_is(lexer, "|") || lex_is(lexer, ","));
    lexer->last_end = lexer->now.end;
    skip_blanks(lexer);
    while (may_go_on && lexer->at < lexer->n_bytes && lexer->text[lexer->at] == '\n') {
        lexer->line_start = ++lexer->at;
        lexer->line++;
        skip_blanks(lexer);
    }
    lexer->now = (struct token){
        .line = lexer->line, .column = lexer->at - lexer->line_start + 1, .start = lexer->at};
    if (lexer->at >= lexer->n_bytes) {
        lexer->now.kind = TOKEN_END;
        return;
    }
    char c = lexer->text[lexer->at];
    if (c == '\n') {
        lexer->now.kind = TOKEN_LINE_END;
        lexer->line_start = ++lexer->at;
        lexer->line++;
    } else if (is_word_char(lexer, lexer->at)) {
        take_word(lexer);
    } else if (c && strchr(":,|-/~=&^+[]*", c)) {
        take_sign(lexer, c);
    } else {
        take_bad(lexer, c);
    }
    lexer->now.end = lexer->at;
}

void lex_skip_line(struct lexer *lexer)
{
    while (lexer->now.kind != TOKEN_LINE_END && lexer->now.kind != TOKEN_END) {
        lex_next(lexer);
    }
}

bool lex_is(const struct lexer *lexer, const char *word)
{
    return (lexer->now.kind == TOKEN_WORD || lexer->now.kind == TOKEN_SIGN) &&
           !lexer->now.is_too_long && !strcmp(lexer->now.word, word);
}

char lex_peek(const struct lexer *lexer)
{
    struct lexer ahead = *lexer;
    skip_blanks(&ahead);
    return ahead.at < ahead.n_bytes ? ahead.text[ahead.at] : 0;
}

void lex_start(struct lexer *lexer, const char *text, uint32_t n_bytes)
{
    *lexer = (struct lexer){.text = text, .n_bytes = n_bytes, .line = 1};
    lex_next(lexer);
}
