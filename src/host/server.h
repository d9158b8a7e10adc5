/* server.h - a listening socket with at most one client: gdb's, or a control connection.
 *
 * One I/O thread waits in poll() and only says "there is something"; accepting, reading and writing
 * happen on the vCPU thread, as with standard input. Everything but the accept is plain read() and
 * write(), which the sandbox allows anyway.
 */
#ifndef HOST_SERVER_H
#define HOST_SERVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/base.h"

struct host_server {
    int listen_fd, client_fd; /* -1: none */
    int control_fd;           /* eventfd: tells the I/O thread to poll again, or to end */
    char *unix_path;          /* to be unlinked at the end, or NULL */
    pthread_t thread;
    bool has_thread, is_stdin;
    atomic_bool must_end;
    atomic_int polled_fd; /* client the I/O thread is to watch, -1: only the door */
    void (*on_ready)(void *arg);
    void *on_ready_arg;
};

/* spec as QEMU writes it: tcp:HOST:PORT, tcp::PORT, unix:PATH; ",server[=on]", ",nowait" and
 * ",wait=off" may follow and change nothing. Without HOST only this host may connect.
 * 0, or -errno with *error = one malloc'ed line (-EINVAL: spec is no such thing). */
int host_server_open(struct host_server *server, const char *spec, char **error);
/* The same for standard input, as the client that is there from the start; who it is answers
 * elsewhere. */
int host_server_open_stdin(struct host_server *server);
/* Starts the I/O thread. It calls on_ready(arg) once when a client knocks, sends or goes away, then
 * waits for host_server_watch(). 0 or -errno. */
int host_server_start(struct host_server *server, void (*on_ready)(void *arg), void *arg);
/* Ends the thread, closes everything. After host_server_open() failed, too. */
void host_server_close(struct host_server *server);

/* ---- the vCPU thread; none blocks but host_server_wait() and, for at most 5 s, _write() ---- */

/* on_ready may be called again. */
void host_server_watch(struct host_server *server);
/* Takes a client if one waits and there is none; sends all others away. True: a new one. */
bool host_server_accept(struct host_server *server);
/* Bytes read, 0 if none are there, -1 if the client is gone (it is dropped). */
int host_server_read(struct host_server *server, void *bytes, unsigned max_bytes);
/* All of it, or the client is dropped: false. */
bool host_server_write(struct host_server *server, const void *bytes, unsigned n_bytes);
void host_server_drop(struct host_server *server);
/* Sleeps until the client or the door has something, or a signal comes. is_interrupted is asked
 * while signals are held back, so none is missed; true: does not sleep. */
void host_server_wait(struct host_server *server, bool (*is_interrupted)(void *arg), void *arg);

#endif
