/* input.c - the I/O thread, and reading on the vCPU thread.
 *
 * Owns the process's second thread. A terminal, a pipe, a file, /dev/null and a closed descriptor
 * all work; end of file ends the polling for good. The user's descriptor stays blocking: we ask
 * poll() before each read.
 */
#include "host/input.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* True: poll the input again. False: end. */
static bool wait_for_control(struct host_input *input)
{
    struct pollfd poll_fd = {.fd = input->control_fd, .events = POLLIN};
    uint64_t n;
    while (poll(&poll_fd, 1, -1) < 0 && errno == EINTR) {
    }
    ssize_t done = read(input->control_fd, &n, sizeof n);
    return done == sizeof n && !atomic_load(&input->must_end);
}

static void *io_thread(void *arg)
{
    struct host_input *input = arg;
    do {
        struct pollfd poll_fds[2] = {{.fd = input->fd, .events = POLLIN},
                                     {.fd = input->control_fd, .events = POLLIN}};
        int n;
        do {
            n = poll(poll_fds, 2, -1);
        } while (n < 0 && errno == EINTR);
        if (n < 0 || atomic_load(&input->must_end) || (poll_fds[0].revents & POLLNVAL)) {
            return NULL;
        }
        if (poll_fds[0].revents) { /* POLLHUP too: read() will say what it means */
            atomic_store(&input->is_ready, true);
            if (!host_wake_up(input->wake)) {
                input->kick(input->kick_arg);
            }
        }
    } while (wait_for_control(input));
    return NULL;
}

void host_input_init(struct host_input *input, int fd, bool has_mux_keys,
                     void (*on_key)(void *arg, enum host_key key), void *arg)
{
    *input = (struct host_input){.fd = fd, .control_fd = -1, .on_key = on_key, .on_key_arg = arg};
    input->keys.is_enabled = has_mux_keys;
    input->is_terminal = isatty(fd);
}

int host_input_start(struct host_input *input, struct host_wake *wake, void (*kick)(void *arg),
                     void *arg)
{
    input->wake = wake;
    input->kick = kick;
    input->kick_arg = arg;
    input->control_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (input->control_fd < 0) {
        return -errno;
    }
    sigset_t all, before; /* signals of the process belong to the vCPU thread */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int error = pthread_create(&input->thread, NULL, io_thread, input);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    input->has_thread = !error;
    return -error;
}

static void tell_thread(struct host_input *input)
{
    uint64_t one = 1;
    ssize_t done = write(input->control_fd, &one, sizeof one);
    (void)done;
}

void host_input_stop(struct host_input *input)
{
    if (input->has_thread) {
        atomic_store(&input->must_end, true);
        tell_thread(input);
        pthread_join(input->thread, NULL);
        input->has_thread = false;
    }
    if (input->control_fd >= 0) {
        close(input->control_fd);
        input->control_fd = -1;
    }
}

/* Keeps the guest's bytes as far as there is room, tells the board about the rest. */
static void sort_keys(struct host_input *input, const uint8_t *bytes, unsigned n_read)
{
    for (unsigned i = 0; i < n_read; i++) {
        enum host_key key = host_keys_feed(&input->keys, bytes[i]);
        if (key != HOST_KEY_GUEST) {
            if (key != HOST_KEY_NOTHING && input->on_key) {
                input->on_key(input->on_key_arg, key);
            }
        } else if (input->n_bytes < HOST_INPUT_BYTES) {
            input->bytes[(input->first + input->n_bytes++) % HOST_INPUT_BYTES] = bytes[i];
        }
    }
}

/* A pipe waits until half of the ring is free, so that a guest that reads byte by byte does not
 * cost a wake-up each. A terminal is always read: the guest may hang and the user wants to quit;
 * what he typed beyond a full ring is dropped. */
bool host_input_fill(struct host_input *input)
{
    uint8_t bytes[HOST_INPUT_BYTES];
    size_t room = input->is_terminal ? sizeof bytes : HOST_INPUT_BYTES - input->n_bytes;
    if (input->is_closed || room < HOST_INPUT_BYTES / 2 ||
        !atomic_exchange(&input->is_ready, false)) {
        return input->n_bytes != 0;
    }
    struct pollfd poll_fd = {.fd = input->fd, .events = POLLIN};
    ssize_t n_read = -1;
    errno = EAGAIN; /* if poll says no: another process took it, so do not block in read */
    if (poll(&poll_fd, 1, 0) > 0) {
        n_read = read(input->fd, bytes, room);
    }
    if (n_read == 0 || (n_read < 0 && errno != EAGAIN && errno != EINTR)) {
        input->is_closed =
            true; /* the I/O thread goes on waiting for control, which costs nothing */
    } else {
        sort_keys(input, bytes, n_read > 0 ? (unsigned)n_read : 0);
        tell_thread(input);
    }
    return input->n_bytes != 0;
}
