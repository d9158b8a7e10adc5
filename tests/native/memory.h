/* memory.h - the memory of a case before and after, in code that both sides compile: whatever it
 * does wrong, it does wrong on both. */
#ifndef NATIVE_MEMORY_H
#define NATIVE_MEMORY_H

#include "case.h"

enum { N_WRITABLE = 5 };
static const uint32_t writable_pages[N_WRITABLE] = {LOW_PAGE, DATA_PAGE, DATA2_PAGE, STACK_PAGE,
                                                    HIGH_PAGE};

static inline void *test_pointer(uint32_t lin)
{
    return (void *)(uintptr_t)lin;
}

static inline void copy_words(void *to, const void *from, uint32_t n_bytes)
{
    unsigned long n = n_bytes / 4;
    __asm__ volatile("cld; rep movsl" : "+D"(to), "+S"(from), "+c"(n) : : "memory", "cc");
}

static inline void memory_reset(const struct batch_head *head, const struct test_case *test)
{
    for (unsigned i = 0; i < N_WRITABLE; i++) {
        copy_words(test_pointer(writable_pages[i]), head->pattern, TEST_PAGE_BYTES);
    }
    copy_words(test_pointer(MIDDLE_LIN), test->window, MIDDLE_BYTES);
    copy_words(test_pointer(END_LIN), test->window + MIDDLE_BYTES, END_BYTES);
    copy_words(test_pointer(STACK_LIN), test->window + MIDDLE_BYTES + END_BYTES, STACK_BYTES);
}

static inline void memory_record(struct test_result *result)
{
    uint32_t sum = 0, sum_of_sums = 0;
    for (unsigned i = 0; i < N_WRITABLE; i++) {
        const uint32_t *word = test_pointer(writable_pages[i]);
        for (unsigned at = 0; at < TEST_PAGE_BYTES / 4; at++) {
            sum += word[at];
            sum_of_sums += sum;
        }
    }
    result->checksum = sum ^ (sum_of_sums << 7 | sum_of_sums >> 25);
    copy_words(result->window, test_pointer(MIDDLE_LIN), MIDDLE_BYTES);
    copy_words(result->window + MIDDLE_BYTES, test_pointer(END_LIN), END_BYTES);
    copy_words(result->window + MIDDLE_BYTES + END_BYTES, test_pointer(STACK_LIN), STACK_BYTES);
}

#endif
