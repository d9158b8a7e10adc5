/* wake.c - how the vCPU thread sleeps in HLT and is woken.
 *
 * An eventfd, because it remembers: a wake-up between the decision to sleep and the sleep is not
 * lost, whatever signals do. The flag spares the write when nobody sleeps.
 */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "host/host.h"

int host_wake_create(struct host_wake *wake)
{
    wake->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    atomic_init(&wake->n_sleepers, 0);
    atomic_init(&wake->is_pending, 0);
    return wake->fd < 0 ? -errno : 0;
}

void host_wake_destroy(struct host_wake *wake)
{
    if (wake->fd >= 0) {
        close(wake->fd);
        wake->fd = -1;
    }
}

/* Sequentially consistent on both sides: either we see the sleeper, or it sees is_pending. */
bool host_wake_up(struct host_wake *wake)
{
    atomic_store(&wake->is_pending, 1);
    if (!atomic_load(&wake->n_sleepers)) {
        return false;
    }
    int saved_errno = errno;
    uint64_t one = 1;
    ssize_t done = write(wake->fd, &one, sizeof one);
    (void)done; /* a full counter wakes as well */
    errno = saved_errno;
    return true;
}

void host_wake_sleep(struct host_wake *wake, uint64_t timeout_ns)
{
    atomic_store(&wake->n_sleepers, 1);
    if (!atomic_exchange(&wake->is_pending, 0)) {
        struct pollfd poll_fd = {.fd = wake->fd, .events = POLLIN};
        struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / 1000000000u),
                                   .tv_nsec = (long)(timeout_ns % 1000000000u)};
        if (ppoll(&poll_fd, 1, &timeout, NULL) > 0) {
            uint64_t n;
            ssize_t done = read(wake->fd, &n, sizeof n);
            (void)done;
        }
        atomic_store(&wake->is_pending, 0);
    }
    atomic_store(&wake->n_sleepers, 0);
}
