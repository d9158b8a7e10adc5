/* text.h - tiny formatting into a buffer of the caller: hex, decimal, strings.
 *
 * Light (general registers only, no libc) and async-signal-safe: bug reports and signal handlers
 * use it while the guest's FPU state is live. What does not fit is cut; the buffer always holds a
 * NUL-terminated string. Everything else may use printf.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/base.h"

struct text {
    char *bytes;        /* the caller's buffer */
    uint32_t n_bytes;   /* used, without the final NUL */
    uint32_t max_bytes; /* size of the buffer, at least 1 */
    bool cut;           /* something did not fit */
};

void text_begin(struct text *text, char *bytes, uint32_t max_bytes);
void text_add_char(struct text *text, char c);
void text_add(struct text *text, const char *string); /* NULL adds "(null)" */
/* Lower-case hex without 0x; at least min_digits (0..16), zero-filled. */
void text_add_hex(struct text *text, uint64_t value, unsigned min_digits);
void text_add_dec(struct text *text, uint64_t value);
void text_add_int(struct text *text, int64_t value);
/* Byte dump: "90 0f a2". */
void text_add_bytes(struct text *text, const uint8_t *bytes, unsigned n);
/* Writes what was collected to a file descriptor and empties the text. Errors are ignored: there is
 * nobody to tell. */
void text_write(struct text *text, int fd);

#endif
