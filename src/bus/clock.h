/* clock.h - guest time and timers; the only place that reads host time. Light (vDSO-free: RDTSC
 * scaled by a factor calibrated against CLOCK_MONOTONIC, checked again at every full poll).
 *
 * One host timer (timer_create, SIGEV_THREAD_ID at the vCPU thread, owned by host/) is programmed
 * to the earliest deadline; its signal makes the vCPU leave guest code and call clock_run().
 */
#ifndef BUS_CLOCK_H
#define BUS_CLOCK_H

#include "base/base.h"

struct clock;
struct timer {
    uint64_t deadline_ns; /* guest time; UINT64_MAX = not armed */
    void (*expire)(void *arg, uint64_t now_ns);
    void *arg;
    struct timer *next; /* clock's own */
};

/* NULL: no memory. The clock stands at 0 until clock_start(), which finds out how fast the TSC runs
 * by the time passed since clock_create() and waits for more only if that was less than 2 ms. */
struct clock *clock_create(void);
void clock_start(struct clock *clock); /* again: nothing */
/* For tests: time stands still until clock_set_manual_ns(). */
struct clock *clock_create_manual(void);
void clock_set_manual_ns(struct clock *clock, uint64_t now_ns);
/* So much passes before each reading, as when the host runs others in between. */
void clock_set_manual_step_ns(struct clock *clock, uint64_t step_ns);
void clock_destroy(struct clock *clock);
uint64_t clock_now_ns(struct clock *clock);       /* since power-on; never goes backwards */
uint64_t clock_tsc_hz(const struct clock *clock); /* of the host TSC, which the guest sees */
void clock_add_timer(struct clock *clock, struct timer *timer); /* once, at chip creation */
void clock_arm(struct clock *clock, struct timer *timer, uint64_t deadline_ns);
void clock_disarm(struct clock *clock, struct timer *timer);
void clock_run(struct clock *clock); /* expires what is due */
/* The same if no other timer than this one is due (perhaps none at all: the host's may fire early);
 * else false, and nothing has happened. For signal handlers, where no chip may be called. */
bool clock_run_only(struct clock *clock, struct timer *timer);
uint64_t clock_next_deadline_ns(const struct clock *clock); /* UINT64_MAX if none */
/* Guest time stands still from pause to resume; both idempotent. clock_resume() returns by how much
 * the host's TSC went on meanwhile: the guest's has to be held back as far. The host timer is the
 * caller's to stop; clock_resume() programs it. Full. */
void clock_pause(struct clock *clock);
uint64_t clock_resume(struct clock *clock);
/* Compares the TSC scale with CLOCK_MONOTONIC_RAW over the whole run so far and steers guest time
 * towards it, by rate only: time neither jumps nor goes backwards. Full; call at every poll. */
void clock_refine(struct clock *clock);
/* The host's CLOCK_MONOTONIC, as other programs see it (jitdump). Full. */
uint64_t clock_host_ns(void);
/* The host's UTC now, in ns since 1970. Full. */
int64_t clock_host_utc_ns(void);
/* host/ installs this: program the host timer to fire at deadline (guest ns; UINT64_MAX = off). May
 * be called from light code: raw timer_settime system call only. */
void clock_set_programmer(struct clock *clock, void (*program)(void *arg, uint64_t deadline_ns),
                          void *arg);

#endif
