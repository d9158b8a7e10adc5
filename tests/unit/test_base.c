/* test_base.c - unit tests of base/: text formatting, log lines, BUG. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void text_formats_numbers(void **state)
{
    (void)state;
    char bytes[256];
    struct text text;
    text_begin(&text, bytes, sizeof bytes);
    text_add_hex(&text, 0, 0);
    text_add_char(&text, ' ');
    text_add_hex(&text, 0xdeadbeef, 8);
    text_add_char(&text, ' ');
    text_add_hex(&text, 0x1f, 4);
    text_add_char(&text, ' ');
    text_add_hex(&text, UINT64_MAX, 0);
    text_add_char(&text, ' ');
    text_add_dec(&text, UINT64_MAX);
    text_add_char(&text, ' ');
    text_add_dec(&text, 0);
    text_add_char(&text, ' ');
    text_add_int(&text, INT64_MIN);
    text_add_char(&text, ' ');
    text_add_bytes(&text, (const uint8_t[]){0x90, 0x0f, 0xa2}, 3);
    text_add(&text, " ");
    text_add(&text, NULL);
    assert_string_equal(bytes, "0 deadbeef 001f ffffffffffffffff 18446744073709551615 0 "
                               "-9223372036854775808 90 0f a2 (null)");
    assert_false(text.cut);
    assert_int_equal(text.n_bytes, strlen(bytes));
}

static void text_cuts_at_the_end(void **state)
{
    (void)state;
    char bytes[8];
    memset(bytes, 'x', sizeof bytes);
    struct text text;
    text_begin(&text, bytes, 5);
    text_add(&text, "123");
    assert_false(text.cut);
    text_add_hex(&text, 0xabcd, 4);
    assert_true(text.cut);
    assert_string_equal(bytes, "123a");
    assert_int_equal(bytes[5], 'x');
    text_begin(&text, bytes, 1);
    text_add(&text, "1");
    assert_string_equal(bytes, "");
}

static void text_writes_and_empties(void **state)
{
    (void)state;
    int ends[2];
    char bytes[32], got[32] = {0};
    struct text text;
    assert_int_equal(pipe(ends), 0);
    text_begin(&text, bytes, sizeof bytes);
    text_add(&text, "hello");
    text_write(&text, ends[1]);
    assert_int_equal(text.n_bytes, 0);
    assert_int_equal(read(ends[0], got, sizeof got), 5);
    assert_string_equal(got, "hello");
    close(ends[0]);
    close(ends[1]);
}

static void log_writes_what_is_on(void **state)
{
    (void)state;
    char path[] = "/tmp/plex86-test-log-XXXXXX";
    close(mkstemp(path));
    struct log log;
    assert_int_equal(log_open(&log, 1 | 4, path), 0);
    assert_true(log_has(&log, 4));
    assert_false(log_has(&log, 2));
    assert_false(log_has(NULL, 1));
    log_line(&log, 1, "one %d", 1);
    log_line(&log, 2, "never");
    char big[3000];
    memset(big, 'a', sizeof big - 1);
    big[sizeof big - 1] = 0;
    log_line(&log, 4, "%s", big);
    log_close(&log);
    log_line(&log, 1, "after the end");

    char got[4096] = {0};
    FILE *file = fopen(path, "r");
    size_t n = fread(got, 1, sizeof got - 1, file);
    fclose(file);
    unlink(path);
    assert_memory_equal(got, "one 1\naaaa", 10);
    assert_int_equal(n, 6 + 1023);
    assert_string_equal(got + n - 5, "a...\n");
}

static void log_says_why_it_cannot_open(void **state)
{
    (void)state;
    struct log log;
    assert_int_equal(log_open(&log, 1, "/nonexistent/log"), -ENOENT);
    assert_false(log_has(&log, 1));
    log_line(&log, 1, "nowhere");
}

static void report_once(void *arg)
{
    dprintf(2, "reporter %s\n", (const char *)arg);
    BUG("inside the reporter");
}

/* windowed: FS.base is a window of the guest's, as in light code. */
static void check_bug(bool windowed)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        char text[] = "state";
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], 2);
        bug_set_reporter(report_once, text);
        if (windowed) { /* not by its name: ASan does something before functions without return */
            void (*volatile bug)(const char *, int, const char *) = bug_at;
            __asm__ volatile("wrfsbase %0" : : "r"(UINT64_C(0x200000000000)));
            bug("tests/unit/test_base.c", 1, "1 + 1 == 2");
        }
        BUG_ON(1 + 1 == 2);
    }
    close(ends[1]);
    char got[1024] = {0};
    size_t n_bytes = 0;
    for (ssize_t n; (n = read(ends[0], got + n_bytes, sizeof got - 1 - n_bytes)) > 0;) {
        n_bytes += (size_t)n;
    }
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_memory_equal(got, "BUG tests/unit/test_base.c:", 27);
    assert_non_null(strstr(got, ": 1 + 1 == 2\nreporter state\nBUG "));
    assert_non_null(strstr(got, ": inside the reporter\n"));
    assert_null(strstr(strstr(got, "reporter state") + 1, "reporter state"));
}

static void bug_reports_once_and_aborts(void **state)
{
    (void)state;
    check_bug(false);
    check_bug(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_formats_numbers),
        cmocka_unit_test(text_cuts_at_the_end),
        cmocka_unit_test(text_writes_and_empties),
        cmocka_unit_test(log_writes_what_is_on),
        cmocka_unit_test(log_says_why_it_cannot_open),
        cmocka_unit_test(bug_reports_once_and_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
