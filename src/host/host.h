/* host.h - what the machine uses of its host process: signals, the timer, sleeping and waking.
 *
 * Owns threads and poll. The handlers of the two signals belong to run/.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <signal.h>
#include <stdatomic.h>

#include "bus/clock.h"

/* To the vCPU thread: "a timer is due" and "somebody has something for you". */
#define HOST_TIMER_SIGNAL (SIGRTMIN + 0)
#define HOST_KICK_SIGNAL  (SIGRTMIN + 1)
/* To the vCPU thread at a steady rate: -profile. */
#define HOST_SAMPLE_SIGNAL (SIGRTMIN + 2)

/* ---- host timer: one per machine, its signal goes to the thread that created it ---- */

struct host_timer {
    struct clock *clock;
    int id;                 /* kernel's, -1: none */
    uint64_t programmed_ns; /* guest time at which it will fire; UINT64_MAX: off */
};
int host_timer_create(struct host_timer *timer, struct clock *clock); /* 0 or -errno */
void host_timer_destroy(struct host_timer *timer);
/* Off until the next clock_run(): for a thread that sleeps with a time limit of its own. */
void host_timer_pause(struct host_timer *timer);
/* For clock_set_programmer(); arg is struct host_timer. Light. */
void host_timer_program(void *arg, uint64_t deadline_ns);

/* HOST_SAMPLE_SIGNAL to the calling thread, hz times per second. Timer id, or -errno. */
int host_sampler_start(unsigned hz);
void host_sampler_stop(int id);

/* ---- sleeping: the vCPU thread in HLT ---- */

struct host_wake {
    int fd; /* eventfd */
    atomic_int n_sleepers;
    atomic_int is_pending;
};
int host_wake_create(struct host_wake *wake); /* 0 or -errno */
void host_wake_destroy(struct host_wake *wake);
/* From any thread or signal handler: the current or next host_wake_sleep() returns at once. True if
 * somebody sleeps, false if the thread is busy elsewhere (and may need a kick). */
bool host_wake_up(struct host_wake *wake);
/* At most timeout_ns; any signal ends it too. */
void host_wake_sleep(struct host_wake *wake, uint64_t timeout_ns);

#endif
