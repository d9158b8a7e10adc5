/* exercise.h - what the parts of the Linux exercise share. */
#ifndef EXERCISE_H
#define EXERCISE_H

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Prints "T ok PART.NAME" or "T FAIL PART.NAME: why" (why as in printf). A macro, because the reason's
 * arguments must be evaluated after the condition, which may run a body that faults. */
#define check(good, ...)                                                                           \
    do {                                                                                           \
        bool good_ = (good);                                                                       \
        check_print(good_, __VA_ARGS__);                                                           \
    } while (0)
void check_print(bool good, const char *name, const char *why, ...) __attribute__((format(printf, 3, 4)));
/* The usual case: two numbers that must be equal. */
void check_equal(const char *name, uint64_t got, uint64_t expected);
/* FNV-1a over bytes, to compare large results with one known number. */
uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n_bytes);
#define HASH_START 0xcbf29ce484222325ull

/* What the last signal said; filled by catch_fault(), which runs body and returns the signal's number
 * or 0. The registers are those of the faulting instruction. */
struct caught {
    int signal, code;
    uintptr_t fault_lin;
    greg_t regs[NGREG];
};
extern struct caught caught;
int catch_fault(void (*body)(void *arg), void *arg);

void ex_numerics(void);
void ex_memory(void);
void ex_signals(void);
void ex_threads(void);
void ex_selfmod(void);
void ex_processes(void);
void ex_odd(void);

#endif
