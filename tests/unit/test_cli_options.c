/* test_cli_options.c - unit tests of cli/: tables of command lines and what they mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ARGS = 32 };

/* Splits a line at blanks; ~ stands for a blank inside an argument. */
static int parse_line(struct parse *parse, struct options *options, char *line)
{
    char *argv[MAX_ARGS] = {"plex86"};
    int argc = 1;
    for (char *word = strtok(line, " "); word && argc < MAX_ARGS; word = strtok(NULL, " ")) {
        for (char *p = word; *p; p++) {
            *p = *p == '~' ? ' ' : *p;
        }
        argv[argc++] = word;
    }
    return parse_options(parse, options, argc, argv);
}

static const char no_message[] = "";

static void refused_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int result;
        const char *word;
    } rows[] = {
        {"", -1, "nothing to run"},
        {"-bogus", -1, "-bogus: unknown option"},
        {"--bogus", -1, "unknown option"},
        {"-", -1, "not an option"},
        {"--", -1, "unknown option"},
        {"disk.img", -1, "disk.img"},
        {"-kernel", -1, "needs an argument"},
        {"-kernel k -drive file=x", -1, "-drive is not supported yet"},
        {"-cdrom x", -1, "-cdrom is not supported yet"},
        {"-usb", -1, "-usb is not supported yet"},
        {"-gdb stdio", -1, "-gdb stdio is not supported yet"},
        {"-net user", -1, "-net user is not supported yet"},
        {"-nic user,model=e1000", -1, "not supported yet"},
        {"-vga std", -1, "-vga std is not supported yet"},
        {"-display gtk", -1, "not supported yet"},
        {"-monitor pty", -1, "not supported yet"},
        {"-device e1000,netdev=n", -1, "-device e1000 is not supported yet"},
        {"-M q35", -1, "-M q35 is not supported yet"},
        {"-M pc,nvdimm=on", -1, "nvdimm=on"},
        {"-smp 2", -1, "one CPU"},
        {"-smp cpus=1,cores=2", -1, "one CPU"},
        {"-smp x", -1, "not a number"},
        {"-m x", -1, "not a size"},
        {"-m 512MB", -1, "not a size"},
        {"-m -5", -1, "not a size"},
        {"-m 0x100", -1, "not a size"},
        {"-m 99999999999999999999", -1, "not a size"},
        {"-m 18446744073709551615T", -1, "not a size"},
        {"-m 512,slots=2", -1, "slots=2"},
        {"-m 3", -2, "4M to 3072M"},
        {"-m 4095k", -2, "4M to 3072M"},
        {"-m 0", -2, "4M to 3072M"},
        {"-m 3073", -2, "4M to 3072M"},
        {"-m 8G", -2, "4M to 3072M"},
        {"-append x -program p", -1, "-append needs -kernel"},
        {"-initrd x", -1, "-initrd needs -kernel"},
        {"-kernel k -program p", -1, "one of them"},
        {"-program p,addr=x", -1, "addr=N"},
        {"-program p,addr=0x100000000", -1, "addr=N"},
        {"-program p,base=0", -1, "addr=N"},
        {"-d foo", -1, "-d foo: unknown word"},
        {"-d int,foo", -1, "unknown word"},
        {"-engine fast", -1, "unknown word"},
        {"-rtc base=yesterday", -1, "YYYY"},
        {"-rtc base=2024-02-30", -1, "YYYY"},
        {"-rtc base=2024-02-01Tx", -1, "YYYY"},
        {"-rtc clock=vm", -1, "clock=vm"},
        {"-serial tcp::4444", -1, "not supported yet"},
        {"-serial file:", -1, "not supported yet"},
        {"-serial mon:file:x", -1, "not supported yet"},
        {"-serial null -serial null -serial null -serial null -serial null", -1, "four"},
        {"-kernel k -serial stdio -serial stdio", -1, "stdio can be"},
        {"-kernel k -nographic -debugcon stdio", -1, "stdio can be"},
        {"-kernel k -serial chardev:a", -1, "id=a"},
        {"-kernel k -device isa-debugcon,chardev=a", -1, "id=a"},
        {"-device isa-debugcon,iobase=1", -1, "needs chardev"},
        {"-kernel k -device pc-testdev,iobase=1", -1, "pc-testdev"},
        {"-device isa-debug-exit,iobase=x", -1, "iobase=N"},
        {"-device isa-debug-exit,iobase=0x10000", -1, "iobase=N"},
        {"-kernel k -device isa-debug-exit,iosize=5", -1, "iosize"},
        {"-kernel k -device isa-debug-exit,iosize=0", -1, "iosize"},
        {"-kernel k -device isa-debug-exit,iobase=0xffff,iosize=2", -1, "0x10000"},
        {"-chardev stdio", -1, "id=ID"},
        {"-chardev file,id=a", -1, "path=FILE"},
        {"-chardev pty,id=a", -1, "not supported yet"},
        {"-global e1000.mac=x", -1, "not supported yet"},
        {"-global isa-debugcon.iobase=x", -1, "not a port"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char line[256];
        struct parse parse;
        struct options options;
        strcpy(line, rows[i].line);
        int result = parse_line(&parse, &options, line);
        if (result != rows[i].result || !strstr(parse.message, rows[i].word)) {
            fail_msg("%s: result %d, message: %s", rows[i].line, result, parse.message);
        }
        assert_null(strchr(parse.message, '\n'));
        options_free(&options);
    }
}

static void memory_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        uint64_t n_bytes;
    } rows[] = {
        {"-kernel k", MIB(128)},           {"-kernel k -m 512", MIB(512)},
        {"-kernel k -m 512M", MIB(512)},   {"-kernel k -m 512m", MIB(512)},
        {"-kernel k -m 2G", GIB(2)},       {"-kernel k -m size=64M", MIB(64)},
        {"-kernel k -m 4", MIB(4)},        {"-kernel k -m 3072", MIB(3072)},
        {"-kernel k -m 65535K", MIB(64)},  {"-kernel k -m 8388609b", MIB(8) + 4096},
        {"-m 8 -kernel k -m 16", MIB(16)},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char line[256];
        struct parse parse;
        struct options options;
        strcpy(line, rows[i].line);
        assert_int_equal(parse_line(&parse, &options, line), 0);
        assert_int_equal(options.ram_bytes, rows[i].n_bytes);
        options_free(&options);
    }
}

static void a_usual_line(void **state)
{
    (void)state;
    char rest[] =
        "--kernel k -nodefaults -display none -vga none -net none -nic none -monitor none "
        "-no-acpi -uuid x -name y";
    struct parse parse;
    struct options options;
    char first[] =
        "-M pc,accel=tcg,usb=off -cpu 486 -kernel bz -initrd rd -append root=x~y -nographic "
        "-no-reboot -d int,stats";
    assert_int_equal(parse_line(&parse, &options, first), 0);
    assert_string_equal(options.load.kernel, "bz");
    assert_string_equal(options.load.initrd, "rd");
    assert_string_equal(options.load.append, "root=x y");
    assert_string_equal(options.cpu_model, "486");
    assert_true(options.nographic && options.no_reboot && options.stats);
    assert_int_equal(options.log_mask, LOG_INT | LOG_STATS);
    assert_int_equal(options.board.serial[0].kind, SERIAL_STDIO);
    assert_true(options.board.mux_monitor_keys);
    assert_int_equal(options.board.rtc_base, -1);
    assert_string_equal(parse.notes,
                        "accelerator tcg ignored: plex86 runs guest code in its own way\n");
    options_free(&options);

    assert_int_equal(parse_line(&parse, &options, rest), 0);
    assert_string_equal(parse.notes, no_message);
    assert_int_equal(options.board.serial[0].kind, SERIAL_NONE);
    options_free(&options);
}

static void serial_port_0(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum serial_kind kind;
        bool keys;
        const char *note;
    } rows[] = {
        {"-kernel k", SERIAL_NULL, false, "-nographic"},
        {"-program p", SERIAL_NULL, false, ""},
        {"-kernel k -display none", SERIAL_NULL, false, ""},
        {"-kernel k -debugcon stdio", SERIAL_NULL, false, ""},
        {"-kernel k -nographic", SERIAL_STDIO, true, ""},
        {"-kernel k -nographic -monitor none", SERIAL_STDIO, false, ""},
        {"-kernel k -nographic -nodefaults", SERIAL_NONE, false, ""},
        {"-kernel k -nographic -serial null", SERIAL_NULL, false, ""},
        {"-kernel k -nographic -serial file:x", SERIAL_FILE, false, ""},
        {"-kernel k -serial stdio", SERIAL_STDIO, false, ""},
        {"-kernel k -serial mon:stdio", SERIAL_STDIO, true, ""},
        {"-kernel k -nodefaults -serial stdio", SERIAL_STDIO, false, ""},
        {"-kernel k -serial none", SERIAL_NONE, false, ""},
        {"-kernel k -serial chardev:a -chardev stdio,id=a", SERIAL_STDIO, false, ""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char line[256];
        struct parse parse;
        struct options options;
        strcpy(line, rows[i].line);
        assert_int_equal(parse_line(&parse, &options, line), 0);
        if (options.board.serial[0].kind != rows[i].kind ||
            options.board.mux_monitor_keys != rows[i].keys ||
            (*rows[i].note ? !strstr(parse.notes, rows[i].note) : *parse.notes)) {
            fail_msg("%s: kind %d, keys %d, notes %s", rows[i].line, options.board.serial[0].kind,
                     options.board.mux_monitor_keys, parse.notes);
        }
        options_free(&options);
    }
    char line[] = "-kernel k -serial null -serial file:a,,b -serial none";
    struct parse parse;
    struct options options;
    assert_int_equal(parse_line(&parse, &options, line), 0);
    assert_int_equal(options.board.serial[1].kind, SERIAL_FILE);
    assert_string_equal(options.board.serial[1].path, "a,,b"); /* no list here, as in QEMU */
    assert_int_equal(options.board.serial[2].kind, SERIAL_NONE);
    assert_int_equal(options.board.serial[3].kind, SERIAL_NONE);
    options_free(&options);
}

static void debug_ports(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int exit_base, exit_bytes, con_base; /* -1: no such port */
        enum serial_kind kind;
    } rows[] = {
        {"-kernel k", -1, -1, -1, SERIAL_NONE},
        {"-kernel k -device isa-debug-exit", 0x501, 2, -1, SERIAL_NONE},
        {"-kernel k -device isa-debug-exit,iobase=0xf4,iosize=4", 0xf4, 4, -1, SERIAL_NONE},
        {"-kernel k -device isa-debug-exit,iobase=244,iosize=0x04", 0xf4, 4, -1, SERIAL_NONE},
        {"-kernel k -global isa-debug-exit.iobase=0xf4 -device isa-debug-exit", 0xf4, 2, -1, 0},
        {"-kernel k -device isa-debug-exit,iobase=1 -global isa-debug-exit.iobase=2", 1, 2, -1, 0},
        {"-kernel k -debugcon stdio", -1, -1, 0xe9, SERIAL_STDIO},
        {"-kernel k -debugcon file:x", -1, -1, 0xe9, SERIAL_FILE},
        {"-kernel k -debugcon null", -1, -1, 0xe9, SERIAL_NULL},
        {"-kernel k -debugcon stdio -global isa-debugcon.iobase=0x402", -1, -1, 0x402,
         SERIAL_STDIO},
        {"-kernel k -global isa-debugcon.iobase=0x402 -debugcon stdio", -1, -1, 0x402,
         SERIAL_STDIO},
        {"-kernel k -device isa-debugcon,iobase=0x402,chardev=c -chardev file,id=c,path=p", -1, -1,
         0x402, SERIAL_FILE},
        {"-kernel k -chardev stdio,id=c -device isa-debugcon,chardev=c", -1, -1, 0xe9,
         SERIAL_STDIO},
        {"-kernel k -device pc-testdev -device isa-debug-exit,iobase=0xf4", 0xf4, 2, -1, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char line[256];
        struct parse parse;
        struct options options;
        strcpy(line, rows[i].line);
        assert_int_equal(parse_line(&parse, &options, line), 0);
        const struct board_config *board = &options.board;
        assert_int_equal(board->has_testdev, strstr(rows[i].line, "pc-testdev") != NULL);
        assert_int_equal(board->has_debug_exit, rows[i].exit_base >= 0);
        assert_int_equal(board->n_debugcons, rows[i].con_base >= 0);
        if (board->has_debug_exit) {
            assert_int_equal(board->debug_exit_base, rows[i].exit_base);
            assert_int_equal(board->debug_exit_bytes, rows[i].exit_bytes);
        }
        if (board->n_debugcons) {
            assert_int_equal(board->debugcon[0].base, rows[i].con_base);
            assert_int_equal(board->debugcon[0].config.kind, rows[i].kind);
            assert_int_equal(board->debugcon[0].config.path != NULL, rows[i].kind == SERIAL_FILE);
        }
        options_free(&options);
    }
}

static void engine_log_program(void **state)
{
    (void)state;
    char line[] = "-program a,,b,addr=0x200000 -engine one-insn,tiny-cache -engine verify "
                  "-d in_asm,guest_errors -D log -pidfile pid -stats -accel plex86";
    struct parse parse;
    struct options options;
    assert_int_equal(parse_line(&parse, &options, line), 0);
    assert_string_equal(options.load.program, "a,b");
    assert_int_equal(options.load.program_phys, 0x200000);
    assert_int_equal(options.engine, ENGINE_ONE_INSN | ENGINE_TINY_CACHE | ENGINE_VERIFY);
    assert_int_equal(options.log_mask, LOG_IN_ASM | LOG_GUEST_ERRORS);
    assert_string_equal(options.log_path, "log");
    assert_string_equal(options.pid_path, "pid");
    assert_true(options.stats);
    assert_string_equal(parse.notes, no_message);
    options_free(&options);
    char plain[] = "-program p";
    assert_int_equal(parse_line(&parse, &options, plain), 0);
    assert_int_equal(options.load.program_phys, 0x100000);
    options_free(&options);
}

static void clocks(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int64_t seconds;
    } rows[] = {
        {"-kernel k -rtc base=utc", -1},
        {"-kernel k -rtc base=utc,clock=host", -1},
        {"-kernel k -rtc base=2006-06-17", 1150502400},
        {"-kernel k -rtc base=2006-06-17T16:01:21", 1150560081},
        {"-kernel k -rtc base=1999-12-31T23:59:59", 946684799},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char line[256];
        struct parse parse;
        struct options options;
        strcpy(line, rows[i].line);
        assert_int_equal(parse_line(&parse, &options, line), 0);
        assert_int_equal(options.board.rtc_base, rows[i].seconds);
        options_free(&options);
    }
}

static void helps(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum parse_help help;
    } rows[] = {
        {"-help", PARSE_HELP},
        {"--help", PARSE_HELP},
        {"-h", PARSE_HELP},
        {"-version", PARSE_VERSION},
        {"--version", PARSE_VERSION},
        {"-d help", PARSE_HELP_LOG},
        {"-d int,help", PARSE_HELP_LOG},
        {"-engine help", PARSE_HELP_ENGINE},
        {"-M help", PARSE_HELP_MACHINE},
        {"-machine help", PARSE_HELP_MACHINE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char line[64];
        struct parse parse;
        struct options options;
        strcpy(line, rows[i].line);
        assert_int_equal(parse_line(&parse, &options, line), 1);
        assert_int_equal(parse.help, rows[i].help);
        options_free(&options);
    }
}

static void lists_are_cut(void **state)
{
    (void)state;
    char list[] = "a,,b,,,c,";
    char *rest = list;
    assert_string_equal(value_next(&rest), "a,b,");
    assert_string_equal(value_next(&rest), "c");
    assert_string_equal(value_next(&rest), "");
    assert_null(value_next(&rest));
    uint64_t number;
    assert_true(value_number("0x10", 16, &number));
    assert_int_equal(number, 16);
    assert_false(value_number("17", 16, &number));
    assert_false(value_number("", 16, &number));
    assert_false(value_number(" 1", 16, &number));
    assert_false(value_number("1 ", 16, &number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_lines), cmocka_unit_test(memory_sizes),
        cmocka_unit_test(a_usual_line),  cmocka_unit_test(serial_port_0),
        cmocka_unit_test(debug_ports),   cmocka_unit_test(engine_log_program),
        cmocka_unit_test(clocks),        cmocka_unit_test(helps),
        cmocka_unit_test(lists_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
