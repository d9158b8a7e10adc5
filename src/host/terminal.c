/* terminal.c - raw mode and the escape key.
 *
 * Owns the saved state of the terminal: the one thing that must survive whatever happens, so it is
 * static and restored by a function that a signal handler may call. Never sets O_NONBLOCK: that
 * flag belongs to the open file, which the user's shell shares.
 */
#include "host/terminal.h"

#include <errno.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved;
static volatile sig_atomic_t is_raw;

void host_terminal_raw(bool pass_signals)
{
    if (is_raw || !isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp() ||
        tcgetattr(STDIN_FILENO, &saved) < 0) {
        return; /* a background job that changes the terminal would be stopped by SIGTTOU */
    }
    struct termios raw = saved;
    raw.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
    if (pass_signals) {
        raw.c_lflag &= ~(tcflag_t)ISIG;
    }
    raw.c_cflag = (raw.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    is_raw = 1; /* first: a signal in between restores what is still there */
    if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0) {
        is_raw = 0;
    }
}

void host_terminal_restore(void)
{
    if (is_raw) {
        int saved_errno = errno;
        tcsetattr(STDIN_FILENO, TCSANOW, &saved);
        is_raw = 0;
        errno = saved_errno;
    }
}

const char host_keys_help[] = "\r\n"
                              "Ctrl-A x    quit\r\n"
                              "Ctrl-A b    send break\r\n"
                              "Ctrl-A h    this help\r\n"
                              "Ctrl-A Ctrl-A  send Ctrl-A\r\n";

enum host_key host_keys_feed(struct host_keys *keys, uint8_t byte)
{
    enum { CTRL_A = 1 };
    if (!keys->is_enabled) {
        return HOST_KEY_GUEST;
    }
    if (!keys->is_escaped) {
        keys->is_escaped = byte == CTRL_A;
        return keys->is_escaped ? HOST_KEY_NOTHING : HOST_KEY_GUEST;
    }
    keys->is_escaped = false;
    switch (byte) {
    case CTRL_A:
        return HOST_KEY_GUEST;
    case 'x':
        return HOST_KEY_QUIT;
    case 'h':
    case '?':
        return HOST_KEY_HELP;
    case 'b':
        return HOST_KEY_BREAK;
    case 'c':
        return HOST_KEY_NO_MONITOR;
    default:
        return HOST_KEY_NOTHING;
    }
}
