/* output.h - where bytes from the guest go: a ring in memory in front of a file descriptor. */
#ifndef HOST_OUTPUT_H
#define HOST_OUTPUT_H

#include "host/bytes.h"

enum { HOST_OUTPUT_BYTES = 4096 };

struct host_output {
    int fd; /* -1: bytes vanish */
    bool owns_fd;
    bool is_broken; /* the reader went away; bytes vanish from then on */
    unsigned n_bytes;
    uint8_t ring[HOST_OUTPUT_BYTES];
    void (*on_first)(void *arg); /* the ring is no longer empty: flush it soon. Light. */
    void *arg;
};

/* path NULL: standard output. 0 or -errno of open (the file is truncated). */
int host_output_open(struct host_output *output, const char *path, void (*on_first)(void *arg),
                     void *arg);
void host_output_close(struct host_output *output); /* flushes */
/* Light. For struct byte_sink; arg is struct host_output. A full ring is written at once. */
void host_output_put(void *arg, uint8_t byte);
/* Light, async-signal-safe but not against a put it interrupts. Waits for the reader. */
void host_output_flush(struct host_output *output);

#endif
