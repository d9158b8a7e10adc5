/* test_host_server.c - the door for one client: specs, a second client, clients that vanish, that
 * do not read; and all of it behind the sandbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/sandbox.h"
#include "host/server.h"

static char path[108], spec[128];

static int setup(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/plex86-test-door-%d", (int)getpid());
    snprintf(spec, sizeof spec, "unix:%s,server,nowait", path);
    return 0;
}

static int connect_client(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    strcpy(name.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return connect(fd, (struct sockaddr *)&name, sizeof name) == 0 ? fd : -1;
}

static void specs_that_are_none(void **state)
{
    (void)state;
    static const char *const specs[] = {"",
                                        "tcp",
                                        "tcp:",
                                        "tcp::",
                                        "tcp::x",
                                        "tcp::1x",
                                        "tcp::99999",
                                        "tcp::123456",
                                        "tcp:1234",
                                        "udp::1",
                                        "unix:",
                                        "1234",
                                        "tcp::0,wait",
                                        "unix:/x,server=off",
                                        "unix:/no/where/at/all"};
    for (unsigned i = 0; i < ARRAY_SIZE(specs); i++) {
        struct host_server server;
        char *error = NULL;
        if (host_server_open(&server, specs[i], &error) >= 0 || !error) {
            fail_msg("%s", specs[i]);
        }
        assert_int_equal(server.listen_fd, -1);
        free(error);
    }
}

static void tcp_listens_at_home_only(void **state)
{
    (void)state;
    struct host_server server;
    struct sockaddr_in name;
    socklen_t n = sizeof name;
    char *error = NULL;
    assert_int_equal(host_server_open(&server, "tcp::0", &error), 0);
    assert_int_equal(getsockname(server.listen_fd, (struct sockaddr *)&name, &n), 0);
    assert_int_equal(name.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    host_server_close(&server);
}

static void a_path_is_taken_and_given_back(void **state)
{
    (void)state;
    struct host_server server, second;
    struct stat status;
    char *error = NULL;
    assert_int_equal(host_server_open(&server, spec, &error), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_int_equal(host_server_open(&second, spec, &error), -EADDRINUSE);
    free(error);
    close(server.listen_fd); /* as if killed: the path stays, nobody listens */
    assert_int_equal(host_server_open(&second, spec, &error), 0);
    host_server_close(&second);
    assert_int_equal(stat(path, &status), -1);
    server.listen_fd = -1;
    host_server_close(&server);
}

static void on_ready(void *arg)
{
    sem_post(arg);
}

/* The number of the first check that fails, 0 if all hold. */
static int one_client(bool confined)
{
#define NEED(condition)                                                                            \
    if (!(condition)) {                                                                            \
        return __LINE__ % 250 + 1;                                                                 \
    }
    struct host_server server;
    char *error = NULL, bytes[16];
    static char much[1 << 20];
    sem_t ready;
    sem_init(&ready, 0, 0);
    NEED(host_server_open(&server, spec, &error) == 0);
    int first = connect_client(), second = connect_client(); /* the backlog takes them */
    NEED(first >= 0 && second >= 0);
    NEED(host_server_start(&server, on_ready, &ready) == 0);
    if (confined) {
        int result = host_sandbox_enter(&server.listen_fd, 1);
        NEED(result == 0 || result == -ENOSYS);
        NEED(result || (accept4(first, NULL, NULL, 0) == -1 && errno == EPERM));
    }
    NEED(sem_wait(&ready) == 0);
    NEED(host_server_read(&server, bytes, 16) == -1);
    NEED(host_server_accept(&server) && !host_server_accept(&server));
    NEED(read(second, bytes, 1) == 0); /* sent away */
    NEED(host_server_read(&server, bytes, 16) == 0);
    host_server_watch(&server);
    NEED(write(first, "abc", 3) == 3);
    NEED(sem_wait(&ready) == 0);
    NEED(host_server_read(&server, bytes, 2) == 2 && host_server_read(&server, bytes, 16) == 1);
    NEED(host_server_write(&server, "xyz", 3) && read(first, bytes, 16) == 3);
    host_server_watch(&server);
    close(first);
    NEED(sem_wait(&ready) == 0);
    NEED(host_server_read(&server, bytes, 16) == -1 && server.client_fd == -1);
    NEED(!host_server_write(&server, "x", 1));
    if (!confined) { /* a client that never reads is dropped, and the door stays open */
        first = connect_client();
        NEED(host_server_accept(&server));
        NEED(!host_server_write(&server, much, sizeof much));
        host_server_watch(&server);
        second = connect_client();
        NEED(sem_wait(&ready) == 0 && host_server_accept(&server));
        close(first);
        close(second);
    }
    host_server_close(&server);
    return 0;
}

static void clients(void **state)
{
    (void)state;
    assert_int_equal(one_client(false), 0);
}

static void clients_behind_the_sandbox(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();
    if (child == 0) {
        _exit(one_client(true));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(specs_that_are_none),
        cmocka_unit_test(tcp_listens_at_home_only),
        cmocka_unit_test(a_path_is_taken_and_given_back),
        cmocka_unit_test(clients),
        cmocka_unit_test(clients_behind_the_sandbox),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
