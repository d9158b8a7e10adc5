/* clock_full.c - how fast the TSC runs: calibration before the start, steering afterwards.
 *
 * Owns every reading of host time besides RDTSC. Must not make guest time jump: clock_refine()
 * changes the rate only, and by at most 500 parts per million, which is what Linux's NTP code
 * allows itself.
 */
#include "bus/clock_internal.h"

#include <cpuid.h>
#include <stdlib.h>
#include <time.h>

#define NS_PER_S 1000000000ull

static uint64_t read_raw_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t clock_host_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

int64_t clock_host_utc_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * (int64_t)NS_PER_S + now.tv_nsec;
}

/* A pair (TSC, raw time) read as close together as five tries allow: one try may be interrupted. */
static void read_pair(uint64_t *tsc, uint64_t *raw_ns)
{
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < 5; i++) {
        uint64_t before = clock_read_tsc();
        uint64_t raw = read_raw_ns();
        uint64_t after = clock_read_tsc();
        if (after - before < best) {
            best = after - before;
            *tsc = before + (after - before) / 2;
            *raw_ns = raw;
        }
    }
}

/* What the CPU or the hypervisor under us says, 0 if nothing. SDM vol. 3, "Time-Stamp Counter":
 * leaf 15H gives ratio and crystal. Leaf 40000010H is VMware's and KVM's: TSC in kHz. */
static uint64_t cpuid_tsc_hz(void)
{
    unsigned a, b, c, d;
    if (__get_cpuid_max(0, NULL) >= 0x15) {
        __cpuid(0x15, a, b, c, d);
        if (a && b && c) {
            return (uint64_t)c * b / a;
        }
    }
    __cpuid(1, a, b, c, d);
    if (c >> 31) {
        __cpuid(0x40000000, a, b, c, d);
        if (a >= 0x40000010 && a < 0x40010000) {
            __cpuid(0x40000010, a, b, c, d);
            return (uint64_t)a * 1000;
        }
    }
    return 0;
}

static uint64_t measure_tsc_hz(uint64_t tsc_origin, uint64_t raw_origin_ns, uint64_t for_ns)
{
    while (read_raw_ns() - raw_origin_ns < for_ns) {
    }
    uint64_t tsc, raw_ns;
    read_pair(&tsc, &raw_ns);
    return (uint64_t)((unsigned __int128)(tsc - tsc_origin) * NS_PER_S / (raw_ns - raw_origin_ns));
}

static uint64_t scale_of_hz(uint64_t tsc_hz)
{
    return (uint64_t)(((unsigned __int128)NS_PER_S << 32) / tsc_hz);
}

/* A stated frequency is taken if a measurement of 0.2 ms or more agrees within 1 %; virtual
 * machines pass through leaf 15H of another host. Otherwise 2 ms or more, good for 20 parts per
 * million. */
static uint64_t find_tsc_hz(uint64_t tsc_origin, uint64_t raw_origin_ns)
{
    uint64_t stated = cpuid_tsc_hz();
    if (stated) {
        uint64_t rough = measure_tsc_hz(tsc_origin, raw_origin_ns, 200000);
        if (stated > rough - rough / 100 && stated < rough + rough / 100) {
            return stated;
        }
    }
    uint64_t hz = measure_tsc_hz(tsc_origin, raw_origin_ns, 2000000);
    return hz ? hz : NS_PER_S;
}

struct clock *clock_create(void)
{
    struct clock *clock = calloc(1, sizeof *clock);
    if (!clock) {
        return NULL;
    }
    read_pair(&clock->tsc_origin, &clock->raw_origin_ns);
    return clock;
}

void clock_start(struct clock *clock)
{
    if (clock->tsc_hz) {
        return;
    }
    clock->tsc_hz = find_tsc_hz(clock->tsc_origin, clock->raw_origin_ns);
    read_pair(&clock->tsc_origin, &clock->raw_origin_ns); /* guest time 0 is now */
    clock->base_tsc = clock->tsc_origin;
    clock->ns_per_tsc_2p32 = scale_of_hz(clock->tsc_hz);
}

struct clock *clock_create_manual(void)
{
    struct clock *clock = calloc(1, sizeof *clock);
    if (clock) {
        clock->is_manual = true;
        clock->tsc_hz = NS_PER_S;
    }
    return clock;
}

void clock_destroy(struct clock *clock)
{
    free(clock);
}

void clock_refine(struct clock *clock)
{
    enum { REFINE_EVERY_NS = 250 * 1000 * 1000, MAX_PPM = 500 };
    if (clock->is_manual || clock->is_paused) {
        return;
    }
    uint64_t now = clock_now_ns(clock);
    if (now - clock->refined_ns < REFINE_EVERY_NS) {
        return;
    }
    uint64_t tsc, raw_ns;
    read_pair(&tsc, &raw_ns);
    if (tsc <= clock->base_tsc || raw_ns <= clock->raw_origin_ns) {
        return;
    }
    /* From here on time is counted from this pair; what was told before stays a lower bound. */
    now = clock->base_ns +
          (uint64_t)((unsigned __int128)(tsc - clock->base_tsc) * clock->ns_per_tsc_2p32 >> 32);
    uint64_t true_ns = raw_ns - clock->raw_origin_ns;
    uint64_t scale = (uint64_t)(((unsigned __int128)true_ns << 32) / (tsc - clock->tsc_origin));
    int64_t ahead_ns = (int64_t)(now - true_ns);
    int64_t ppm = -ahead_ns / 1000; /* takes the error away over about one second */
    ppm = ppm > MAX_PPM ? MAX_PPM : ppm < -MAX_PPM ? -MAX_PPM : ppm;
    clock->base_tsc = tsc;
    clock->base_ns = now;
    clock->ns_per_tsc_2p32 = (uint64_t)((int64_t)scale + (int64_t)(scale / 1000000) * ppm);
    clock->refined_ns = now;
}

void clock_pause(struct clock *clock)
{
    if (clock->is_manual || clock->is_paused) {
        return;
    }
    clock_now_ns(clock); /* last_ns is what is told from now on */
    read_pair(&clock->paused_tsc, &clock->paused_raw_ns);
    clock->is_paused = true;
}

/* Everything that was measured before the pause moves along by its length, so that clock_refine()
 * compares running time with running time. */
uint64_t clock_resume(struct clock *clock)
{
    uint64_t tsc, raw_ns;
    if (!clock->is_paused) {
        return 0;
    }
    read_pair(&tsc, &raw_ns);
    uint64_t paused_tsc = tsc > clock->paused_tsc ? tsc - clock->paused_tsc : 0;
    uint64_t paused_ns = raw_ns - clock->paused_raw_ns;
    clock->base_tsc += paused_tsc;
    clock->tsc_origin += paused_tsc;
    clock->raw_origin_ns += paused_ns;
    clock->is_paused = false;
    if (clock->program) {
        clock->program(clock->program_arg, clock_next_deadline_ns(clock));
    }
    return paused_tsc;
}
