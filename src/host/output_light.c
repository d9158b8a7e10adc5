/* output_light.c - bytes from the guest into the ring and from the ring to the host.
 *
 * Light: a UART's OUT ends here. Owns the promise that no byte is lost: a full ring is written at
 * once, board/ flushes after a millisecond, before sleeping, at a request to stop and at the end.
 */
#include <errno.h>
#include <poll.h>

#include "base/sys.h"
#include "host/output.h"

void host_output_put(void *arg, uint8_t byte)
{
    struct host_output *output = arg;
    if (output->n_bytes == HOST_OUTPUT_BYTES) {
        host_output_flush(output);
    }
    output->ring[output->n_bytes++] = byte;
    if (output->n_bytes == 1 && output->on_first) {
        output->on_first(output->arg);
    }
}

/* Standard output may have been handed to us non-blocking: wait for it with poll. */
static bool wait_writable(int fd)
{
    struct pollfd poll_fd;
    poll_fd.fd = fd;
    poll_fd.events = POLLOUT;
    poll_fd.revents = 0;
    long result = sys_call6(SYS_poll, (long)&poll_fd, 1, -1, 0, 0, 0);
    return result >= 0 || result == -EINTR;
}

void host_output_flush(struct host_output *output)
{
    unsigned done = 0;
    while (done < output->n_bytes && output->fd >= 0 && !output->is_broken) {
        long result = sys_call6(SYS_write, output->fd, (long)(output->ring + done),
                                (long)(output->n_bytes - done), 0, 0, 0);
        if (result > 0) {
            done += (unsigned)result;
        } else if (result == -EAGAIN) {
            output->is_broken = !wait_writable(output->fd);
        } else if (result != -EINTR) {
            output->is_broken = true;
        }
    }
    output->n_bytes = 0;
}
