/* text_light.c - the formatting of text.h. Light: general registers only, no libc, no state.
 *
 * Must not call anything but write(2), and that raw; must not allocate.
 */
#include "base/text.h"

#include "base/sys.h"

#include <errno.h>

void text_begin(struct text *text, char *bytes, uint32_t max_bytes)
{
    text->bytes = bytes;
    text->n_bytes = 0;
    text->max_bytes = max_bytes;
    text->cut = false;
    bytes[0] = 0;
}

void text_add_char(struct text *text, char c)
{
    if (text->n_bytes + 1 >= text->max_bytes) {
        text->cut = true;
        return;
    }
    text->bytes[text->n_bytes++] = c;
    text->bytes[text->n_bytes] = 0;
}

void text_add(struct text *text, const char *string)
{
    for (const char *p = string ? string : "(null)"; *p; p++) {
        text_add_char(text, *p);
    }
}

void text_add_hex(struct text *text, uint64_t value, unsigned min_digits)
{
    unsigned n_digits = 16;
    while (n_digits > 1 && n_digits > min_digits && !(value >> (4 * (n_digits - 1)))) {
        n_digits--;
    }
    while (n_digits--) {
        unsigned digit = (value >> (4 * n_digits)) & 15;
        text_add_char(text, (char)(digit < 10 ? '0' + digit : 'a' + digit - 10));
    }
}

void text_add_dec(struct text *text, uint64_t value)
{
    char digits[20];
    unsigned n = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (n--) {
        text_add_char(text, digits[n]);
    }
}

void text_add_int(struct text *text, int64_t value)
{
    if (value < 0) {
        text_add_char(text, '-');
    }
    text_add_dec(text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void text_add_bytes(struct text *text, const uint8_t *bytes, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (i) {
            text_add_char(text, ' ');
        }
        text_add_hex(text, bytes[i], 2);
    }
}

void text_write(struct text *text, int fd)
{
    uint32_t done = 0;
    while (done < text->n_bytes) {
        long n =
            sys_call6(SYS_write, fd, (long)(text->bytes + done), text->n_bytes - done, 0, 0, 0);
        if (n == -EINTR) {
            continue;
        }
        if (n <= 0) {
            break;
        }
        done += (uint32_t)n;
    }
    text_begin(text, text->bytes, text->max_bytes);
}
