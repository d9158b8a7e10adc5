/* timer.c - creation of the host timer; programming it is in timer_light.c.
 *
 * Owns the kernel timer. SIGEV_THREAD_ID sends the signal to exactly the vCPU thread, so guest code
 * is left without any other thread running.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "host/host.h"

int host_timer_create(struct host_timer *timer, struct clock *clock)
{
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = HOST_TIMER_SIGNAL;
    event._sigev_un._tid = gettid();
    *timer = (struct host_timer){.clock = clock, .id = -1, .programmed_ns = UINT64_MAX};
    int id;
    long result = sys_call6(SYS_timer_create, CLOCK_MONOTONIC, (long)&event, (long)&id, 0, 0, 0);
    if (result < 0) {
        return (int)result;
    }
    timer->id = id;
    clock_set_programmer(clock, host_timer_program, timer);
    return 0;
}

void host_timer_destroy(struct host_timer *timer)
{
    if (timer->id >= 0) {
        clock_set_programmer(timer->clock, NULL, NULL);
        sys_call6(SYS_timer_delete, timer->id, 0, 0, 0, 0, 0);
        timer->id = -1;
    }
}

void host_timer_pause(struct host_timer *timer)
{
    if (timer->id >= 0 && timer->programmed_ns != UINT64_MAX) {
        const struct itimerspec off = {0};
        sys_call6(SYS_timer_settime, timer->id, 0, (long)&off, 0, 0, 0);
        timer->programmed_ns = UINT64_MAX;
    }
}
