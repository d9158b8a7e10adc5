/* lex.h - a rule text cut into words. map/'s own. */
#ifndef MAP_LEX_H
#define MAP_LEX_H

#include "map/map_internal.h"

enum { WORD_BYTES = 48 };

enum token_kind { TOKEN_END, TOKEN_LINE_END, TOKEN_WORD, TOKEN_SIGN, TOKEN_BAD };
struct token {
    enum token_kind kind;
    unsigned line, column;
    uint32_t start, end;   /* in the text */
    bool is_too_long;      /* word holds only its beginning */
    char word[WORD_BYTES]; /* in small letters; of a sign its characters */
};

struct lexer {
    const char *text;
    uint32_t n_bytes, at;
    uint32_t line_start; /* where the current line begins */
    uint32_t last_end;   /* behind the token before the one in hand */
    unsigned line;
    struct token now; /* the token in hand */
};
void lex_start(struct lexer *lexer, const char *text, uint32_t n_bytes);
void lex_next(struct lexer *lexer);      /* to the next token */
void lex_skip_line(struct lexer *lexer); /* to the line's end */
/* Is the token in hand this word or sign? */
bool lex_is(const struct lexer *lexer, const char *word);
/* The character behind the token in hand, blanks skipped, 0 at the end: to tell "in 0x100" from
 * "in al, dx". */
char lex_peek(const struct lexer *lexer);

#endif
