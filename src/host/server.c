/* server.c - a door for one client: listening, the I/O thread, reading and writing.
 *
 * Place in the flow: gdb/ and the monitor's control connections. Owns its sockets and its thread.
 * Knows nothing of what is said. A client that sends garbage, nothing, or does not read must not
 * hold the machine: reads never block, a write waits 5 seconds at most.
 */
#include "host/server.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { WRITE_PATIENCE_MS = 5000, REFUSED_AT_ONCE = 16 };

static int refuse(char **error, int code, const char *spec, const char *why)
{
    if (asprintf(error, "%s: %s", spec, why) < 0) {
        *error = NULL;
    }
    return code;
}

/* ---- opening ---- */

/* A socket that nobody listens on any more is left over from a process that was killed. */
static bool is_left_over(const struct sockaddr_un *name)
{
    struct stat status;
    if (stat(name->sun_path, &status) < 0 || !S_ISSOCK(status.st_mode)) {
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool left_over = fd >= 0 && connect(fd, (const struct sockaddr *)name, sizeof *name) < 0 &&
                     errno == ECONNREFUSED;
    if (fd >= 0) {
        close(fd);
    }
    return left_over;
}

static int open_unix(struct host_server *server, const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (!*path || strlen(path) >= sizeof name.sun_path) {
        return -ENAMETOOLONG;
    }
    strcpy(name.sun_path, path);
    server->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server->listen_fd < 0) {
        return -errno;
    }
    if (is_left_over(&name)) {
        unlink(path);
    }
    mode_t before = umask(S_IRWXG | S_IRWXO); /* who connects owns the guest */
    int failed = bind(server->listen_fd, (struct sockaddr *)&name, sizeof name);
    int error = errno;
    umask(before);
    if (failed) {
        return -error;
    }
    server->unix_path = strdup(path);
    return listen(server->listen_fd, 4) < 0 ? -errno : 0;
}

static int listen_at(struct host_server *server, const struct addrinfo *place)
{
    const int one = 1;
    int fd = socket(place->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -errno;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* clients inherit it */
    if (bind(fd, place->ai_addr, place->ai_addrlen) < 0 || listen(fd, 4) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    server->listen_fd = fd;
    return 0;
}

/* HOST:PORT, with brackets around an IPv6 address. */
static int open_tcp(struct host_server *server, char *host, const char **why)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char *port = strrchr(host, ':');
    struct addrinfo *places = NULL;
    if (!port || !port[1] || strspn(port + 1, "0123456789") != strlen(port + 1) ||
        strlen(port + 1) > 5 || atoi(port + 1) > 65535) {
        *why = "expected tcp:HOST:PORT or tcp::PORT";
        return -EINVAL;
    }
    *port++ = 0;
    if (*host == '[' && host[strlen(host) - 1] == ']') {
        host[strlen(host) - 1] = 0;
        host++;
    }
    int failed = getaddrinfo(*host ? host : "127.0.0.1", port, &hints, &places);
    if (failed) {
        *why = gai_strerror(failed);
        return -EADDRNOTAVAIL;
    }
    int error = -EADDRNOTAVAIL;
    for (struct addrinfo *place = places; place && error; place = place->ai_next) {
        error = listen_at(server, place);
    }
    freeaddrinfo(places);
    return error;
}

/* Cuts what follows the first comma; false if it would mean something. */
static bool cut_options(char *spec)
{
    static const char *const harmless[] = {"server", "server=on", "nowait", "wait=off"};
    char *rest = strchr(spec, ',');
    if (rest) {
        *rest++ = 0;
    }
    for (char *item; (item = strsep(&rest, ","));) {
        bool known = false;
        for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
            known |= strcmp(item, harmless[i]) == 0;
        }
        if (!known) {
            return false;
        }
    }
    return true;
}

int host_server_open(struct host_server *server, const char *spec, char **error)
{
    const char *why = NULL;
    *error = NULL;
    *server = (struct host_server){.listen_fd = -1, .client_fd = -1, .control_fd = -1};
    atomic_init(&server->polled_fd, -1);
    char *copy = strdup(spec);
    if (!copy) {
        return refuse(error, -ENOMEM, spec, strerror(ENOMEM));
    }
    int result = -EINVAL;
    if (!cut_options(copy)) {
        why = "after the address only server, nowait and wait=off may follow";
    } else if (strncmp(copy, "tcp:", 4) == 0) {
        result = open_tcp(server, copy + 4, &why);
    } else if (strncmp(copy, "unix:", 5) == 0) {
        result = open_unix(server, copy + 5);
    } else {
        why = "expected tcp:HOST:PORT, tcp::PORT or unix:PATH";
    }
    if (result < 0) {
        refuse(error, result, spec, why ? why : strerror(-result));
        host_server_close(server);
    }
    free(copy);
    return result;
}

int host_server_open_stdin(struct host_server *server)
{
    *server = (struct host_server){.listen_fd = -1, .client_fd = -1, .control_fd = -1};
    atomic_init(&server->polled_fd, -1);
    server->client_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    server->is_stdin = true;
    return server->client_fd < 0 ? -errno : 0;
}

/* ---- the I/O thread ---- */

/* True: poll again. False: end. */
static bool wait_for_control(struct host_server *server)
{
    struct pollfd poll_fd = {.fd = server->control_fd, .events = POLLIN};
    uint64_t n;
    while (poll(&poll_fd, 1, -1) < 0 && errno == EINTR) {
    }
    ssize_t done = read(server->control_fd, &n, sizeof n);
    return done == sizeof n && !atomic_load(&server->must_end);
}

/* Control comes alone when the set of descriptors has changed: then nobody is told. */
static void *io_thread(void *arg)
{
    struct host_server *server = arg;
    for (;;) {
        struct pollfd poll_fds[3] = {
            {.fd = server->control_fd, .events = POLLIN},
            {.fd = server->listen_fd, .events = POLLIN},
            {.fd = atomic_load(&server->polled_fd), .events = POLLIN},
        };
        int n;
        do {
            n = poll(poll_fds, 3, -1);
        } while (n < 0 && errno == EINTR);
        if (n < 0 || atomic_load(&server->must_end)) {
            return NULL;
        }
        if (poll_fds[1].revents || poll_fds[2].revents) {
            server->on_ready(server->on_ready_arg);
        }
        if (!wait_for_control(server)) {
            return NULL;
        }
    }
}

int host_server_start(struct host_server *server, void (*on_ready)(void *arg), void *arg)
{
    server->on_ready = on_ready;
    server->on_ready_arg = arg;
    server->control_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (server->control_fd < 0) {
        return -errno;
    }
    sigset_t all, before; /* signals of the process belong to the vCPU thread */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int error = pthread_create(&server->thread, NULL, io_thread, server);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    server->has_thread = !error;
    return -error;
}

static void tell_thread(struct host_server *server)
{
    uint64_t one = 1;
    ssize_t done = write(server->control_fd, &one, sizeof one);
    (void)done;
}

void host_server_watch(struct host_server *server)
{
    atomic_store(&server->polled_fd, server->client_fd);
    tell_thread(server);
}

void host_server_close(struct host_server *server)
{
    if (server->has_thread) {
        atomic_store(&server->must_end, true);
        tell_thread(server);
        pthread_join(server->thread, NULL);
        server->has_thread = false;
    }
    host_server_drop(server);
    if (server->control_fd >= 0) {
        close(server->control_fd);
    }
    if (server->listen_fd >= 0) {
        close(server->listen_fd);
    }
    if (server->unix_path) {
        unlink(server->unix_path);
        free(server->unix_path);
    }
    server->control_fd = server->listen_fd = -1;
    server->unix_path = NULL;
}

/* ---- the vCPU thread ---- */

bool host_server_accept(struct host_server *server)
{
    bool is_new = false;
    if (server->listen_fd < 0) {
        return false;
    }
    for (unsigned i = 0; i < REFUSED_AT_ONCE; i++) {
        int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            break;
        }
        if (server->client_fd < 0) {
            server->client_fd = fd;
            is_new = true;
        } else {
            close(fd);
        }
    }
    return is_new;
}

int host_server_read(struct host_server *server, void *bytes, unsigned max_bytes)
{
    if (server->client_fd < 0) {
        return -1;
    }
    struct pollfd poll_fd = {.fd = server->client_fd, .events = POLLIN};
    if (server->is_stdin && poll(&poll_fd, 1, 0) <= 0) { /* the user's descriptor stays blocking */
        return 0;
    }
    ssize_t n = read(server->client_fd, bytes, max_bytes);
    if (n > 0) {
        return (int)n;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    host_server_drop(server);
    return -1;
}

bool host_server_write(struct host_server *server, const void *bytes, unsigned n_bytes)
{
    const uint8_t *at = bytes;
    while (n_bytes && server->client_fd >= 0) {
        ssize_t n = write(server->client_fd, at, n_bytes);
        if (n > 0) {
            at += n;
            n_bytes -= (unsigned)n;
            continue;
        }
        struct pollfd poll_fd = {.fd = server->client_fd, .events = POLLOUT};
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n == 0 || errno != EAGAIN || poll(&poll_fd, 1, WRITE_PATIENCE_MS) == 0) {
            host_server_drop(server);
        }
    }
    return server->client_fd >= 0;
}

void host_server_drop(struct host_server *server)
{
    if (server->client_fd >= 0) {
        atomic_store(&server->polled_fd, -1);
        close(server->client_fd);
        server->client_fd = -1;
    }
}

void host_server_wait(struct host_server *server, bool (*is_interrupted)(void *arg), void *arg)
{
    struct pollfd poll_fds[2] = {{.fd = server->listen_fd, .events = POLLIN},
                                 {.fd = server->client_fd, .events = POLLIN}};
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGTRAP);
    sigdelset(&all, SIGABRT);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    if (!is_interrupted(arg)) {
        ppoll(poll_fds, 2, NULL, &before);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}
