/* input.h - standard input on its way to a serial port.
 *
 * One I/O thread waits in poll() and only says "there is something"; the vCPU thread reads, so that
 * every byte and every chip belongs to one thread. The I/O thread polls again after each read.
 */
#ifndef HOST_INPUT_H
#define HOST_INPUT_H

#include <pthread.h>
#include <stdatomic.h>

#include "host/bytes.h"
#include "host/host.h"
#include "host/terminal.h"

enum { HOST_INPUT_BYTES = 1024 };

struct host_input {
    int fd;
    int control_fd; /* eventfd: tells the I/O thread to poll again, or to end */
    pthread_t thread;
    bool has_thread, is_closed;
    atomic_bool is_ready, must_end;
    bool is_terminal; /* a person: keys that are ours work even if the ring is full */
    uint8_t bytes[HOST_INPUT_BYTES]; /* ring: read, not yet taken by the guest */
    unsigned first, n_bytes;
    struct host_keys keys;
    struct host_wake *wake;
    void (*kick)(void *arg); /* makes the vCPU thread leave guest code */
    void *kick_arg;
    void (*on_key)(void *arg, enum host_key key); /* not HOST_KEY_GUEST */
    void *on_key_arg;
};

void host_input_init(struct host_input *input, int fd, bool has_mux_keys,
                     void (*on_key)(void *arg, enum host_key key), void *arg);
/* 0 or -errno. */
int host_input_start(struct host_input *input, struct host_wake *wake, void (*kick)(void *arg),
                     void *arg);
void host_input_stop(struct host_input *input); /* ends and joins the thread */
/* Reads if the I/O thread saw something and there is room. True if bytes wait for the guest. Call
 * it after the chips had their chance to take some. Full, never blocks. */
bool host_input_fill(struct host_input *input);
/* For struct byte_source; arg is struct host_input. Light. */
bool host_input_take(void *arg, uint8_t *byte);

#endif
