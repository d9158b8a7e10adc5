/* test_trace.c - the trace: the ring, the stream and back, damaged streams, a full disk. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "map/map.h"
#include "scan/scan.h"
#include "trace/format.h"
#include "trace/ring.h"

static uint32_t random_state;

static uint32_t random32(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static struct trace_event random_event(uint64_t tsc, unsigned n_sites)
{
    uint32_t all = random32(), site = all % n_sites;
    struct trace_event event = {.tsc = tsc & TRACE_TSC_MASK, .cr3 = (all >> 20 & 3) << 12};
    event.lin = site * 7;
    event.eip = event.lin - (site & 1 ? 0x1000 : 0);
    event.rule = (uint16_t)(site % 5);
    event.cs = (uint16_t)(site % 3 * 8);
    event.cpl = site % 2 * 3 & 3;
    event.is_again = site % 7 == 0;
    event.values = site % N_TRACE_VALUES;
    event.code32 = site % 4 != 0;
    event.n_bytes = (1 + site % INSN_MAX_BYTES) & 15;
    memset(event.bytes, (int)site, event.n_bytes);
    for (unsigned i = 0; i < trace_count_values((enum trace_values)event.values); i++) {
        event.value[i] = random32() >> (random32() & 31);
    }
    return event;
}

static struct trace_encoder *new_encoder(void)
{
    struct trace_encoder *encoder = calloc(1, sizeof *encoder);
    encoder->dictionary = calloc(TRACE_DICTIONARY, sizeof *encoder->dictionary);
    return encoder;
}

static void free_encoder(struct trace_encoder *encoder)
{
    free(encoder->dictionary);
    free(encoder);
}

/* What goes in comes out, with few sites (all known) and with more than the dictionary holds. */
static void round_trip(void **state)
{
    (void)state;
    enum { N = 60000 };
    static const unsigned n_sites[] = {9, 3 * TRACE_DICTIONARY};
    struct trace_event *events = calloc(N, sizeof *events);
    uint8_t *stream = malloc((size_t)N * TRACE_RECORD_BYTES);
    for (unsigned round = 0; round < ARRAY_SIZE(n_sites); round++) {
        struct trace_encoder *encoder = new_encoder();
        struct trace_decoder decoder;
        uint64_t tsc = TRACE_TSC_MASK - 1000; /* the ring's 56 bits of it wrap around */
        size_t n = trace_encode_header(encoder, 3000000000u, tsc, stream);
        assert_int_equal(n, TRACE_HEADER_BYTES);
        n += trace_encode_rule(3, "cpuid log", stream + n);
        random_state = 77 + round;
        for (unsigned i = 0; i < N; i++) {
            tsc += random32() >> (random32() & 31);
            events[i] = random_event(tsc, n_sites[round]);
            size_t used = trace_encode_event(encoder, &events[i], stream + n);
            assert_true(used <= TRACE_RECORD_BYTES);
            n += used;
        }
        n += trace_encode_end(stream + n);
        assert_true(trace_decode_begin(&decoder, stream, n));
        assert_int_equal(decoder.tsc_hz, 3000000000u);
        assert_int_equal(trace_decode(&decoder), TRACE_GOT_RULE);
        assert_int_equal(decoder.rule, 3);
        assert_string_equal(decoder.rule_text, "cpuid log");
        for (unsigned i = 0; i < N; i++) {
            assert_int_equal(trace_decode(&decoder), TRACE_GOT_EVENT);
            assert_memory_equal(&decoder.event, &events[i], sizeof events[i]);
        }
        assert_int_equal(trace_decode(&decoder), TRACE_GOT_END);
        trace_decode_free(&decoder);
        free_encoder(encoder);
    }
    free(events);
    free(stream);
}

/* Cut anywhere it says so; with any byte changed it ends, reading nothing outside. */
static void damaged(void **state)
{
    (void)state;
    uint8_t stream[4096];
    struct trace_encoder *encoder = new_encoder();
    random_state = 5;
    size_t n = trace_encode_header(encoder, 1, 0, stream);
    for (unsigned i = 0; i < 40; i++) {
        struct trace_event event = random_event(100 * i, 20);
        n += trace_encode_event(encoder, &event, stream + n);
    }
    n += trace_encode_end(stream + n);
    assert_true(n < sizeof stream);
    for (size_t cut = 0; cut <= n; cut++) {
        uint8_t *copy = malloc(cut + 1); /* the exact size, for whoever runs this under ASan */
        struct trace_decoder decoder;
        enum trace_got got = TRACE_GOT_BAD;
        memcpy(copy, stream, cut);
        assert_int_equal(trace_decode_begin(&decoder, copy, cut), cut >= TRACE_HEADER_BYTES);
        if (cut >= TRACE_HEADER_BYTES) {
            while ((got = trace_decode(&decoder)) == TRACE_GOT_EVENT) {
            }
            assert_int_equal(got, cut == n ? TRACE_GOT_END : TRACE_GOT_CUT);
        }
        trace_decode_free(&decoder);
        free(copy);
    }
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t copy[sizeof stream];
        struct trace_decoder decoder;
        unsigned n_events = 0;
        memcpy(copy, stream, n);
        copy[TRACE_HEADER_BYTES + random32() % (n - TRACE_HEADER_BYTES)] = (uint8_t)random32();
        assert_true(trace_decode_begin(&decoder, copy, n));
        while (trace_decode(&decoder) <= TRACE_GOT_RULE) {
            char line[512];
            struct scanner scanner;
            scan_init(&scanner);
            trace_format_text(&scanner, &decoder.event, 0, line, sizeof line);
            assert_true(strlen(line) < sizeof line);
            assert_true(++n_events < n);
        }
        trace_decode_free(&decoder);
    }
    free_encoder(encoder);
}

static struct cpu cpu;
static struct scanner scanner;
static const uint16_t rule_1 = 1, rule_9 = 9;

static struct insn decoded(const char *bytes, unsigned n, uint32_t eip)
{
    struct insn insn;
    scan_decode(&scanner, (const uint8_t *)bytes, n, true, eip, true, &insn);
    return insn;
}

/* Through the ring and the thread into a file; the ring is smaller than the number of events. */
static void to_file(void **state)
{
    (void)state;
    enum { N = 5000 };
    char path[] = "/tmp/plex86-trace-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    struct trace *trace;
    const char *paths[] = {path}, *bad;
    struct trace_config config = {
        .paths = paths, .n_paths = 1, .tsc_hz = 1000000000u, .ring_bytes = 64 * 64};
    assert_int_equal(trace_create(&trace, &config, &bad), 0);
    trace_name_rule(trace, 9, "out log");
    scan_init(&scanner);
    struct insn out = decoded("\xe6\x80\x90", 3, 0x1000);
    out.op = OP_OUT;
    cpu.seg[SEG_CS].big = true;
    unsigned n_full = 0;
    for (unsigned i = 0; i < N; i++) {
        cpu_set_reg(&cpu, GPR_EAX, i);
        while (!trace_log(trace, &cpu, &out, &rule_9, 1)) {
            n_full++;
            trace_make_room(trace);
        }
    }
    assert_true(n_full > 0);
    trace->is_on = false; /* switched off: says yes, writes nothing */
    assert_true(trace_log(trace, &cpu, &out, &rule_9, 1));
    trace_destroy(trace);

    static uint8_t bytes[1 << 20];
    ssize_t n = read(fd, bytes, sizeof bytes);
    struct trace_decoder decoder;
    char line[320];
    assert_true(n > 0 && trace_decode_begin(&decoder, bytes, (size_t)n));
    assert_int_equal(trace_decode(&decoder), TRACE_GOT_RULE);
    assert_string_equal(decoder.rule_text, "out log");
    for (unsigned i = 0; i < N; i++) {
        assert_int_equal(trace_decode(&decoder), TRACE_GOT_EVENT);
        assert_int_equal(decoder.event.values, TRACE_PORT);
        assert_int_equal(decoder.event.value[0], 0x80);
        assert_int_equal(decoder.event.value[1], i & 0xff);
    }
    trace_format_json(&scanner, &decoder.event, 5, line, sizeof line);
    assert_non_null(strstr(line, "\"insn\":\"out %al, $0x80\""));
    assert_int_equal(trace_decode(&decoder), TRACE_GOT_END);
    assert_true(n < N * 10); /* compact */
    trace_decode_free(&decoder);
    close(fd);
    unlink(path);
}

/* A full disk ends the tracing, not the guest. */
static void full_disk(void **state)
{
    (void)state;
    struct trace *trace;
    const char *paths[] = {"/dev/full"}, *bad;
    struct trace_config config = {.paths = paths, .n_paths = 1, .tsc_hz = 1, .ring_bytes = 64 * 64};
    int saved = dup(STDERR_FILENO), fds[2];
    char message[512] = "";
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(trace_create(&trace, &config, &bad), 0);
    dup2(fds[1], STDERR_FILENO);
    struct insn nop = decoded("\x90", 1, 0);
    for (unsigned i = 0; i < 1000; i++) {
        while (!trace_log(trace, &cpu, &nop, &rule_1, 1)) {
            trace_make_room(trace);
        }
    }
    assert_int_equal(atomic_load(&trace->error), ENOSPC);
    trace_destroy(trace);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(fds[1]);
    ssize_t n = read(fds[0], message, sizeof message - 1);
    assert_true(n > 0);
    assert_non_null(strstr(message, "No space left"));
    assert_ptr_equal(strchr(message, '\n'), message + n - 1); /* once */
    close(fds[0]);
}

static void no_such_place(void **state)
{
    (void)state;
    struct trace *trace;
    const char *paths[] = {"/nonexistent/trace"}, *bad;
    struct trace_config config = {.paths = paths, .n_paths = 1};
    assert_int_equal(trace_create(&trace, &config, &bad), -ENOENT);
}

static void set_registers(void)
{
    cpu_set_reg(&cpu, GPR_EAX, 0x11223344);
    cpu_set_reg(&cpu, GPR_ECX, 0x55667788);
    cpu_set_reg(&cpu, GPR_EDX, 0x3fd);
    cpu_set_reg(&cpu, GPR_EBX, 0x1234);
}

static struct insn with_function(const char *bytes, unsigned n, unsigned op)
{
    struct insn insn = decoded(bytes, n, 0x4000);
    insn.op = (uint8_t)op;
    insn.verdict = op == OP_UD ? VERDICT_NATIVE : VERDICT_HELPER;
    return insn;
}

/* What is said of the operands before the instruction runs. */
static void values(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        uint8_t n, op, values;
        uint32_t value[2];
    } rows[] = {
        {"\xec", 1, OP_IN, TRACE_PORT_READ, {0x3fd, 0}},
        {"\xef", 1, OP_OUT, TRACE_PORT, {0x3fd, 0x11223344}},
        {"\x66\xef", 2, OP_OUT, TRACE_PORT, {0x3fd, 0x3344}},
        {"\x0f\xa2", 2, OP_CPUID, TRACE_LEAF, {0x11223344, 0x55667788}},
        {"\xcd\x80", 2, OP_INT, TRACE_VECTOR, {0x80, 0x11223344}},
        {"\xcc", 1, OP_INT, TRACE_VECTOR, {3, 0x11223344}},
        {"\x0f\x22\xd9", 3, OP_MOV_TO_CR, TRACE_OPERAND, {0x55667788, 0}},
        {"\x0f\x02\xc3", 3, OP_LAR, TRACE_SELECTOR, {0x1234, 0}},
        {"\x0f\x01\x03", 3, OP_SGDT, TRACE_ADDRESS, {0x1234, 0}},
        {"\x0f\x00\xc8", 3, OP_STR, TRACE_NO_VALUES, {0, 0}},
        {"\x8b\x43\x04", 3, OP_UD, TRACE_MEMORY_REG, {0x1238, 0x11223344}},
        {"\x89\x43\x04", 3, OP_UD, TRACE_MEMORY, {0x1238, 0x11223344}},
        {"\x66\xc7\x03\x00\xf0", 5, OP_UD, TRACE_MEMORY, {0x1234, 0xf000}},
        {"\xc6\x03\xff", 3, OP_UD, TRACE_MEMORY, {0x1234, 0xff}},
        {"\xff\x03", 2, OP_UD, TRACE_ADDRESS, {0x1234}},
        {"\x0f\x6f\x03", 3, OP_UD, TRACE_ADDRESS, {0x1234}},
        {"\x0f\x58\xc1", 3, OP_UD, TRACE_NO_VALUES, {0}},
        {"\x0f\x6e\xc0", 3, OP_UD, TRACE_OPERAND, {0x11223344}},
        {"\x88\xe5", 2, OP_UD, TRACE_OPERANDS, {0x77, 0x33}},
        {"\x83\xc1\xff", 3, OP_UD, TRACE_OPERANDS, {0x55667788, 0xffffffff}},
        {"\x51", 1, OP_PUSH, TRACE_OPERAND, {0x55667788, 0}},
        {"\xf8", 1, OP_UD, TRACE_NO_VALUES, {0, 0}},
    };
    struct trace *trace;
    const char *paths[] = {"/dev/null"}, *bad;
    struct trace_config config = {.paths = paths, .n_paths = 1, .tsc_hz = 1};
    assert_int_equal(trace_create(&trace, &config, &bad), 0);
    set_registers();
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        struct insn insn = with_function(rows[i].bytes, rows[i].n, rows[i].op);
        assert_int_equal(insn.n_bytes, rows[i].n);
        assert_true(trace_log(trace, &cpu, &insn, &rule_1, 1));
        const struct trace_event *event = &trace->ring[i];
        assert_int_equal(event->lin, 0x4000);
        assert_int_equal(event->values, rows[i].values);
        for (unsigned j = 0; j < trace_count_values(event->values) && j < 2; j++) {
            assert_int_equal(event->value[j], rows[i].value[j]);
        }
    }
    trace_destroy(trace);
}

/* And when it has: in the same event, of each rule; what comes in between finds it without. */
static void results(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        uint8_t n, op, before, done;
        uint32_t value[6];
    } rows[] = {
        {"\xec", 1, OP_IN, TRACE_PORT_READ, TRACE_DONE_PORT, {0x3fd, 0x88}},
        {"\x66\xed", 2, OP_IN, TRACE_PORT_READ, TRACE_DONE_PORT, {0x3fd, 0x8888}},
        {"\x0f\xa2",
         2,
         OP_CPUID,
         TRACE_LEAF,
         TRACE_DONE_LEAF,
         {0x11223344, 0x55667788, 0x88888888, 0x99999999, 0xaaaaaaaa, 0xbbbbbbbb}},
        {"\x0f\x32",
         2,
         OP_RDMSR,
         TRACE_MSR_READ,
         TRACE_DONE_MSR,
         {0x55667788, 0x88888888, 0xbbbbbbbb}},
        {"\x0f\x31", 2, OP_RDTSC, TRACE_NO_VALUES, TRACE_DONE_TSC, {0x88888888, 0xbbbbbbbb}},
        {"\x0f\x01\xf9",
         3,
         OP_RDTSCP,
         TRACE_NO_VALUES,
         TRACE_DONE_TSCP,
         {0x88888888, 0xbbbbbbbb, 0xaaaaaaaa}},
        {"\x0f\x20\xc2", 3, OP_MOV_FROM_CR, TRACE_NO_VALUES, TRACE_DONE_VALUE, {0xbbbbbbbb}},
        {"\x66\x0f\x01\xe0", 4, OP_SMSW, TRACE_NO_VALUES, TRACE_DONE_VALUE, {0x8888}},
        {"\x0f\x00\x0b", 3, OP_STR, TRACE_ADDRESS, TRACE_DONE_MEMORY, {0x1234, 0x28}},
        {"\x0f\x01\x03", 3, OP_SGDT, TRACE_ADDRESS, TRACE_DONE_TABLE, {0x1234, 0x77, 0x12345678}},
        {"\x66\x0f\x01\x0b",
         4,
         OP_SIDT,
         TRACE_ADDRESS,
         TRACE_DONE_TABLE,
         {0x1234, 0x7ff, 0x345678}},
        {"\x0f\x03\xc3", 3, OP_LSL, TRACE_SELECTOR, TRACE_DONE_QUERY, {0x1234, 0x88888888, 1}},
        {"\x0f\x00\xe3", 3, OP_VERR, TRACE_SELECTOR, TRACE_DONE_VERIFY, {0x1234, 1}},
        {"\xf3\x6d",
         2,
         OP_INS,
         TRACE_PORT_STRING,
         TRACE_DONE_PORT_STRING,
         {0x3fd, 0x6000, 0x55667788, 0x55667788 - 0xaaaaaaaa, 0x4711}},
        {"\x6e",
         1,
         OP_OUTS,
         TRACE_PORT_STRING,
         TRACE_DONE_PORT_STRING,
         {0x3fd, 0x7000, 0x55667788, 1, 0x4711}},
    };
    struct trace *trace;
    const char *paths[] = {"/dev/null"}, *bad;
    struct trace_config config = {.paths = paths, .n_paths = 1, .tsc_hz = 1};
    const uint16_t both[] = {1, 9};
    assert_int_equal(trace_create(&trace, &config, &bad), 0);
    cpu.tr.selector = 0x28;
    cpu.gdtr = (struct table_register){.base = 0x12345678, .limit = 0x77};
    cpu.idtr = (struct table_register){.base = 0x12345678, .limit = 0x7ff};
    cpu_set_reg(&cpu, GPR_EDI, 0x6000);
    cpu_set_reg(&cpu, GPR_ESI, 0x7000);
    cpu.port_last = 0x4711;
    cpu.arith = FLAG_ZF;
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        struct insn insn = with_function(rows[i].bytes, rows[i].n, rows[i].op);
        uint64_t put = atomic_load(&trace->put);
        assert_int_equal(insn.n_bytes, rows[i].n);
        for (unsigned interrupted = 0; interrupted < 2; interrupted++, put += 4) {
            const struct trace_event *event = &trace->ring[put];
            set_registers();
            assert_true(trace_log(trace, &cpu, &insn, both, 2));
            assert_int_equal(atomic_load(&trace->put), put);
            assert_int_equal(event->values, rows[i].before);
            if (interrupted) {
                trace_close(trace);
                assert_int_equal(atomic_load(&trace->put), put + 2);
                assert_int_equal(trace_kind_of(event), TRACE_BEFORE);
                event += 2;
            }
            cpu_set_reg(&cpu, GPR_EAX, 0x88888888);
            cpu_set_reg(&cpu, GPR_EBX, 0x99999999);
            cpu_set_reg(&cpu, GPR_ECX, 0xaaaaaaaa);
            cpu_set_reg(&cpu, GPR_EDX, 0xbbbbbbbb);
            assert_int_equal(trace_complete(trace, &cpu, &insn), !interrupted);
            if (interrupted) {
                assert_true(trace_log_after(trace, &cpu, &insn, 1));
                assert_true(trace_log_after(trace, &cpu, &insn, 9));
            }
            for (unsigned rule = 0; rule < 2; rule++) {
                assert_int_equal(event[rule].values, rows[i].done);
                assert_int_equal(event[rule].rule, both[rule]);
                assert_int_equal(trace_kind_of(&event[rule]),
                                 interrupted ? TRACE_AFTER : TRACE_DONE);
                for (unsigned j = 0; j < trace_count_values(rows[i].done); j++) {
                    assert_int_equal(event[rule].value[j], rows[i].value[j]);
                }
            }
            put -= interrupted ? 0 : 2;
        }
    }
    trace_destroy(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),    cmocka_unit_test(damaged), cmocka_unit_test(values),
        cmocka_unit_test(results),       cmocka_unit_test(to_file), cmocka_unit_test(full_disk),
        cmocka_unit_test(no_such_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
