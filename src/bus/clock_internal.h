/* clock_internal.h - struct clock, shared by clock.c (light) and clock_full.c (creation, steering).
 * Nobody else includes it.
 */
#ifndef BUS_CLOCK_INTERNAL_H
#define BUS_CLOCK_INTERNAL_H

#include "bus/clock.h"

struct clock {
    /* now = base_ns + ((tsc - base_tsc) * ns_per_tsc_2p32 >> 32) */
    uint64_t base_tsc, base_ns;
    uint64_t ns_per_tsc_2p32; /* 32.32 fixed point */
    uint64_t last_ns;         /* what was last told: a host TSC that steps back must not show */
    uint64_t tsc_hz;
    uint64_t raw_origin_ns, tsc_origin; /* CLOCK_MONOTONIC_RAW and TSC at creation */
    uint64_t refined_ns;                /* guest time of the last clock_refine() */
    bool is_manual;
    bool is_paused; /* base_ns is the time; the two below say since when */
    uint64_t paused_tsc, paused_raw_ns;
    uint64_t manual_ns, manual_step_ns;

    struct timer *head; /* armed timers, earliest first */
    bool is_running;    /* inside clock_run(): it programs the host timer once, at its end */
    void (*program)(void *arg, uint64_t deadline_ns);
    void *program_arg;
};

static inline uint64_t clock_read_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

#endif
