/* sampler.c - the timer of -profile: HOST_SAMPLE_SIGNAL to the calling thread at a steady rate.
 * Owns the kernel timer; what a sample is, the handler in run/ decides.
 *
 * Not a timer of CPU time: Linux fires those at its own ticks only, when our other signals come
 * too, and the monitor would seem to take the time that it takes to serve them.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "host/host.h"

int host_sampler_start(unsigned hz)
{
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = HOST_SAMPLE_SIGNAL;
    event._sigev_un._tid = gettid();
    int id;
    long result = sys_call6(SYS_timer_create, CLOCK_MONOTONIC, (long)&event, (long)&id, 0, 0, 0);
    if (result < 0) {
        return (int)result;
    }
    struct itimerspec spec = {.it_interval = {.tv_nsec = 1000000000 / (long)hz},
                              .it_value = {.tv_nsec = 1000000000 / (long)hz}};
    result = sys_call6(SYS_timer_settime, id, 0, (long)&spec, 0, 0, 0);
    return result < 0 ? (int)result : id;
}

void host_sampler_stop(int id)
{
    sys_call6(SYS_timer_delete, id, 0, 0, 0, 0, 0);
}
