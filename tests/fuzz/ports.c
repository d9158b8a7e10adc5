/* ports.c - storms on the board: random ports, sizes and values, addresses where no RAM is, time
 * that jumps, resets when they are asked for. No crash, no hang, no vector that an 8259 could not
 * send. */
#include "board/board_internal.h"
#include "bus/clock_internal.h"
#include "simple.h"

static struct mem mem;
static struct board *board;
static uint32_t intr;
static uint64_t now_ns;

static uint32_t pick_port(struct random *random)
{
    static const uint16_t known[] = {
        0x00,  0x08,  0x0d,  0x20,  0x21,  0x40,  0x43,  0x60, 0x61,  0x64,  0x70,  0x71,  0x80,
        0x92,  0xa0,  0xa1,  0xc0,  0xd0,  0xe9,  0xf0,  0xf4, 0x2f8, 0x3f8, 0x4d0, 0x510, 0x511,
        0x514, 0x600, 0x604, 0x608, 0xcf8, 0xcfc, 0x378, 0xb2, 0xb3,  0xcf9, 0xfffe};
    if (random_percent(random, 15)) {
        return random_u32(random) & 0xffff;
    }
    return (RANDOM_PICK(random, known) +
            (random_percent(random, 60) ? 0 : random_below(random, 16))) &
           0xffff;
}

static uint32_t pick_value(struct random *random)
{
    static const uint32_t values[] = {0,          1,          0x10,       0x11,  0x20, 0x34,
                                      0x36,       0x80,       0xff,       0xd1,  0xdf, 0xfe,
                                      0x80000000, 0x80000059, 0xffffffff, 0x2000};
    return random_percent(random, 50) ? RANDOM_PICK(random, values) : random_u32(random);
}

static bool step(struct random *random)
{
    static const unsigned sizes[] = {1, 1, 1, 2, 4};
    unsigned size = RANDOM_PICK(random, sizes);
    uint32_t port = pick_port(random), value = pick_value(random), phys = random_u32(random);
    int status;
    switch (random_below(random, 10)) {
    case 0 ... 2:
        bus_port_read(board->bus, port, size);
        break;
    case 3 ... 6:
        bus_port_write(board->bus, port, size, value);
        break;
    case 7:
        if (random_percent(random, 50)) {
            bus_mmio_read(board->bus, phys, size);
        } else {
            bus_mmio_write(board->bus, phys, size, value);
        }
        break;
    case 8:
        now_ns += random_u32(random) >> random_below(random, 32);
        clock_set_manual_ns(board->clock, now_ns);
        board_poll(board);
        break;
    default:
        if (intr && board_ack_interrupt(board) > 0xff) {
            simple_say("a vector above FF");
            return true;
        }
    }
    if (board_get_request(board, &status) != BOARD_RUN) {
        board_reset(board);
        if (board_get_request(board, &status) != BOARD_RUN) {
            simple_say("a request outlives reset");
            return true;
        }
    }
    return false;
}

static bool one(uint64_t seed)
{
    struct random random = {seed};
    board_reset(board);
    for (unsigned i = 0; i < 2000; i++) {
        if (step(&random)) {
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    const char *error = NULL;
    struct board_config config = {.has_debug_exit = true,
                                  .debug_exit_base = 0xf4,
                                  .debug_exit_bytes = 4,
                                  .n_debugcons = 1,
                                  .rtc_base = 1000000000};
    config.debugcon[0].base = 0xe9;
    config.debugcon[0].config.kind = SERIAL_NULL;
    config.parallel.kind = SERIAL_NULL;
    for (unsigned i = 0; i < 4; i++) {
        config.serial[i].kind = SERIAL_NULL;
    }
    if (mem_create(&mem, 2 << 20) || board_create(&board, &mem, &config, &intr, &error)) {
        fprintf(stderr, "ports: %s\n", error ? error : "no memory");
        return 3;
    }
    board->clock->is_manual = true;
    board->clock->manual_ns = now_ns = 1000000000;
    return simple_main(argc, argv, "ports", one);
}
