/* base.h - the few words every room uses. Knows no x86 and no guest.
 *
 * Owns: BUG/BUG_ON (kind 3 of HACKING.md "Errors": we are wrong), min/max, fixed-width shorthands.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a)                   (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define KIB(n)                          ((uint64_t)(n) << 10)
#define MIB(n)                          ((uint64_t)(n) << 20)
#define GIB(n)                          ((uint64_t)(n) << 30)

/* Prints "BUG file:line: text", then whatever the registered reporter adds (guest registers, last
 * events), then ends the process by SIGABRT. Async-signal-safe, uses no libc formatting. */
_Noreturn void bug_at(const char *file, int line, const char *text);
#define BUG(text) bug_at(__FILE__, __LINE__, text)
#define BUG_ON(condition)                                                                          \
    do {                                                                                           \
        if (__builtin_expect(!!(condition), 0)) {                                                  \
            bug_at(__FILE__, __LINE__, #condition);                                                \
        }                                                                                          \
    } while (0)

/* Registers a function that bug_at() calls once before it stops, to show the guest's state. */
void bug_set_reporter(void (*report)(void *arg), void *arg);

#endif
