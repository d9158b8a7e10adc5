/* board_life.c - the board while the machine runs: start, poll, wait, end.
 *
 * Place in the flow: the monitor calls these between runs of guest code. Full. Owns the order in
 * which things are looked at.
 */
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "board/board_internal.h"

static void say(struct board *board, const char *text)
{
    struct board_output *output = &board->output[0];
    while (output->is_open && *text) {
        host_output_put(&output->host, (uint8_t)*text++);
    }
}

static void handle_key(void *arg, enum host_key key)
{
    struct board *board = arg;
    switch (key) {
    case HOST_KEY_QUIT:
        say(board, "\r\nplex86: terminated\r\n");
        board_set_request(board, BOARD_EXIT, 0);
        break;
    case HOST_KEY_HELP:
        say(board, host_keys_help);
        break;
    case HOST_KEY_NO_MONITOR:
        say(board, "\r\nplex86: there is no monitor console; Ctrl-A h shows the keys\r\n");
        break;
    case HOST_KEY_BREAK:
        uart16550_receive_break(&board->serial[board->input_serial]);
        break;
    default:
        break;
    }
}

int board_start(struct board *board, void (*kick)(void *arg), void *arg)
{
    /* The default slack lets the kernel end HLT's sleep 50 us late. Costs nothing if refused. */
    prctl(PR_SET_TIMERSLACK, 1ul, 0, 0, 0);
    clock_start(board->clock);
    int error = host_timer_create(&board->host_timer, board->clock);
    if (error || board->input_serial < 0) {
        return error;
    }
    host_terminal_raw(board->config.mux_monitor_keys);
    host_input_init(&board->input, STDIN_FILENO, board->config.mux_monitor_keys, handle_key, board);
    return host_input_start(&board->input, &board->wake, kick, arg);
}

/* Timers first: an expiring receive timer takes bytes and so makes room for new ones. */
void board_poll(struct board *board)
{
    clock_refine(board->clock);
    clock_run(board->clock);
    if (board->input_serial >= 0 && host_input_fill(&board->input)) {
        uart16550_input_ready(&board->serial[board->input_serial]);
    }
}

void board_wait(struct board *board, uint64_t max_ns)
{
    board_flush(board);
    board_poll(board);
    if (!*board->intr && board->request == BOARD_RUN) {
        host_timer_pause(&board->host_timer); /* or the same deadline would wake us twice */
        uint64_t now = clock_now_ns(board->clock);
        uint64_t deadline = clock_next_deadline_ns(board->clock);
        uint64_t left = deadline > now ? deadline - now : 0;
        host_wake_sleep(&board->wake, left < max_ns ? left : max_ns);
        board_poll(board);
    }
}

void board_pause_time(struct board *board)
{
    clock_pause(board->clock);
    host_timer_pause(&board->host_timer); /* or it fires meanwhile and is taken for still set */
}

uint64_t board_resume_time(struct board *board)
{
    return clock_resume(board->clock);
}

void board_wake(struct board *board)
{
    host_wake_up(&board->wake);
}

void board_destroy(struct board *board)
{
    if (!board) {
        return;
    }
    host_input_stop(&board->input);
    if (board->input_serial >= 0) {
        host_terminal_restore();
    }
    for (unsigned i = 0; i < board->n_outputs; i++) {
        host_output_close(&board->output[i].host);
    }
    host_timer_destroy(&board->host_timer);
    host_wake_destroy(&board->wake);
    bus_destroy(board->bus);
    clock_destroy(board->clock);
    free(board);
}
