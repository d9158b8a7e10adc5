/* terminal.h - the user's terminal in raw mode, and the keys that are ours and not the guest's. */
#ifndef HOST_TERMINAL_H
#define HOST_TERMINAL_H

#include "base/base.h"

/* Standard input to raw mode, if it is a terminal and we are in its foreground. pass_signals:
 * Ctrl-C and friends go to the guest (with mux keys), else they stay signals. Nothing to do is
 * success. */
void host_terminal_raw(bool pass_signals);
/* Back to what it was. Async-signal-safe, may be called any number of times: call it on every way
 * out of the process, BUG and signals included. */
void host_terminal_restore(void);

enum host_key {                 /* what a byte from the user means */
                HOST_KEY_GUEST, /* the byte is for the guest */
                HOST_KEY_NOTHING,
                HOST_KEY_QUIT,
                HOST_KEY_HELP,
                HOST_KEY_BREAK,
                HOST_KEY_NO_MONITOR,
};
struct host_keys {
    bool is_enabled;
    bool is_escaped; /* Ctrl-A was pressed */
};
/* QEMU's -nographic keys: Ctrl-A, then x quit, h help, b break, c monitor (there is none), s save
 * (nothing to save), Ctrl-A itself. */
enum host_key host_keys_feed(struct host_keys *keys, uint8_t byte);
extern const char host_keys_help[];

#endif
