/* timer_light.c - programs the host timer. Light: called whenever a chip changes the earliest
 * deadline, which a tickless guest does thousands of times per second.
 *
 * Moving a deadline later costs nothing here: the timer is left to fire too early once, and
 * clock_run() then programs the rest. Only an earlier deadline costs a system call (0.2 us).
 */
#include <time.h>

#include "base/sys.h"
#include "host/host.h"

/* A programmed time that is nearer than this may have fired already: program again. */
#define TOO_NEAR_NS 20000u
/* The host's clock and ours differ by parts per million. The timer must not fire before our clock
 * says so, or the whole round is made twice. */
#define SLACK_NS    500u
#define SLACK_SHIFT 14u
/* Keeps that slack below 0.1 ms; a longer wait is made of several. */
#define LONGEST_NS 1000000000u

void host_timer_program(void *arg, uint64_t deadline_ns)
{
    struct host_timer *timer = arg;
    uint64_t now = clock_now_ns(timer->clock);
    if (deadline_ns >= timer->programmed_ns && timer->programmed_ns > now + TOO_NEAR_NS) {
        return;
    }
    if (deadline_ns == UINT64_MAX) {
        timer->programmed_ns = UINT64_MAX; /* fired or about to: nothing to take back */
        return;
    }
    uint64_t delay_ns = deadline_ns > now ? deadline_ns - now : 0;
    delay_ns = delay_ns < LONGEST_NS ? delay_ns : LONGEST_NS;
    timer->programmed_ns = now + delay_ns;
    delay_ns += (delay_ns >> SLACK_SHIFT) + SLACK_NS; /* never 0, which would mean "off" */
    struct itimerspec spec;
    spec.it_interval.tv_sec = 0;
    spec.it_interval.tv_nsec = 0;
    spec.it_value.tv_sec = (time_t)(delay_ns / 1000000000u);
    spec.it_value.tv_nsec = (long)(delay_ns % 1000000000u);
    sys_call6(SYS_timer_settime, timer->id, 0, (long)&spec, 0, 0, 0);
}
