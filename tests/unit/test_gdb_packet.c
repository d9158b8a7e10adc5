/* test_gdb_packet.c - gdb's packets: frames, damage, escapes, and whatever bytes a client may send.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "gdb/packet.h"

static struct gdb_decoder decoder;
static struct gdb_reply reply;

static int setup(void **state)
{
    (void)state;
    memset(&decoder, 0, sizeof decoder);
    return 0;
}

/* The last event that was something. */
static enum gdb_event feed(const char *text)
{
    enum gdb_event last = GDB_NOTHING;
    for (; *text; text++) {
        enum gdb_event event = gdb_decode(&decoder, (uint8_t)*text);
        last = event ? event : last;
    }
    return last;
}

static void good_packets(void **state)
{
    (void)state;
    assert_int_equal(feed("$#00"), GDB_PACKET);
    assert_int_equal(decoder.n_bytes, 0);
    assert_int_equal(feed("junk$m0,4#fd"), GDB_PACKET);
    assert_string_equal((char *)decoder.bytes, "m0,4");
    assert_int_equal(feed("$m0,4#FD"), GDB_PACKET);
    assert_int_equal(feed("$a}\x03}]#"), GDB_NOTHING);
    uint8_t sum = (uint8_t)('a' + '}' + 3 + '}' + ']');
    char text[3] = {"0123456789abcdef"[sum >> 4], "0123456789abcdef"[sum & 15], 0};
    assert_int_equal(feed(text), GDB_PACKET);
    assert_int_equal(decoder.n_bytes, 3);
    assert_memory_equal(decoder.bytes, "a#}", 3);
}

static void single_bytes(void **state)
{
    (void)state;
    assert_int_equal(feed("+"), GDB_ACK);
    assert_int_equal(feed("-"), GDB_NAK);
    assert_int_equal(feed("\x03"), GDB_INTERRUPT);
    assert_int_equal(feed("$\x03#03"), GDB_PACKET); /* inside it is data */
}

static void damage(void **state)
{
    (void)state;
    assert_int_equal(feed("$m0,4#fe"), GDB_DAMAGED);
    assert_int_equal(feed("$m0,4#x"), GDB_DAMAGED);
    assert_int_equal(feed("$m0,4#fx"), GDB_DAMAGED);
    assert_int_equal(feed("$m0,$g"), GDB_DAMAGED); /* the rest got lost: the next one counts */
    assert_int_equal(feed("#67"), GDB_PACKET);
    assert_string_equal((char *)decoder.bytes, "g");
    assert_int_equal(feed("$}#7d"), GDB_PACKET); /* an escape that escapes nothing */
    assert_int_equal(decoder.n_bytes, 0);
}

static void too_long(void **state)
{
    (void)state;
    for (int longer = 0; longer < 2; longer++) {
        uint8_t sum = 0;
        feed("$");
        for (int i = 0; i < GDB_PACKET_BYTES + longer * 100000; i++, sum += 'x') {
            assert_int_equal(gdb_decode(&decoder, 'x'), GDB_NOTHING);
        }
        gdb_decode(&decoder, '#');
        gdb_decode(&decoder, (uint8_t) "0123456789abcdef"[sum >> 4]);
        assert_int_equal(gdb_decode(&decoder, (uint8_t) "0123456789abcdef"[sum & 15]),
                         longer ? GDB_DAMAGED : GDB_PACKET);
    }
    assert_int_equal(feed("$g#67"), GDB_PACKET);
}

/* Seeded; what comes out must be inside the buffer, and a good packet must get through after it. */
static void any_bytes(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int round = 0; round < 2000; round++) {
        for (int i = 0; i < 200; i++) {
            seed = seed * 1664525 + 1013904223;
            uint8_t byte = (uint8_t)(seed >> 24);
            byte = byte & 0x80 ? byte : (uint8_t) "$#}+-*09afAFgZzX\x03"[byte % 17];
            gdb_decode(&decoder, byte);
            assert_true(decoder.n_bytes <= GDB_PACKET_BYTES);
        }
        feed("#00"); /* whatever was open is closed */
        feed("00");
        assert_int_equal(feed("$g#67"), GDB_PACKET);
        assert_string_equal((char *)decoder.bytes, "g");
    }
}

static const char *framed(void)
{
    const uint8_t *packet;
    unsigned n = gdb_reply_end(&reply, &packet);
    static char text[64];
    memcpy(text, packet, n);
    text[n] = 0;
    return text;
}

static void replies(void **state)
{
    (void)state;
    gdb_reply_begin(&reply);
    assert_string_equal(framed(), "$#00");
    gdb_put(&reply, "OK");
    assert_string_equal(framed(), "$OK#9a");
    gdb_reply_begin(&reply);
    gdb_put_number(&reply, 0);
    gdb_put_char(&reply, ',');
    gdb_put_number(&reply, 0xc0100000);
    gdb_put_hex(&reply, "\x01\xff", 2);
    assert_memory_equal(framed(), "$0,c010000001ff#", 16);
    gdb_reply_begin(&reply);
    assert_int_equal(gdb_put_binary(&reply, "a$#}*b", 6), 6);
    assert_memory_equal(framed(),
                        "$a}\x04}\x03}]}\x0a"
                        "b#",
                        12);
}

static void replies_that_do_not_fit(void **state)
{
    (void)state;
    static const uint8_t many[GDB_PACKET_BYTES + 8];
    gdb_reply_begin(&reply);
    gdb_put_hex(&reply, many, GDB_PACKET_BYTES / 2);
    assert_false(reply.is_cut);
    gdb_put_char(&reply, 'x');
    assert_true(reply.is_cut);
    gdb_reply_begin(&reply);
    gdb_put_char(&reply, 'l');
    assert_int_equal(gdb_put_binary(&reply, many, sizeof many), GDB_PACKET_BYTES - 1);
    assert_int_equal(gdb_put_binary(&reply, "}", 1), 0);
}

static struct gdb_words words(const char *text)
{
    return (struct gdb_words){(const uint8_t *)text, (const uint8_t *)text + strlen(text)};
}

static void reading(void **state)
{
    (void)state;
    uint32_t number;
    uint8_t bytes[4];
    struct gdb_words in = words("m,c0100000,:0aFf3");
    assert_true(gdb_take_char(&in, 'm') && gdb_take(&in, ",") && gdb_take_number(&in, &number));
    assert_int_equal(number, 0xc0100000);
    assert_false(gdb_take_char(&in, ':'));
    assert_true(gdb_take(&in, ",:") && gdb_take_hex(&in, bytes, 2));
    assert_int_equal(bytes[1], 0xff);
    assert_false(gdb_take_hex(&in, bytes, 1));
    assert_false(gdb_take(&in, "34"));
    in = words("");
    assert_false(gdb_take_number(&in, &number) || gdb_take_char(&in, 0));
    in = words("100000000");
    assert_false(gdb_take_number(&in, &number));
    in = words("-1");
    assert_false(gdb_take_number(&in, &number));
    in = words("0g");
    assert_false(gdb_take_hex(&in, bytes, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(good_packets, setup), cmocka_unit_test_setup(single_bytes, setup),
        cmocka_unit_test_setup(damage, setup),       cmocka_unit_test_setup(too_long, setup),
        cmocka_unit_test_setup(any_bytes, setup),    cmocka_unit_test(replies),
        cmocka_unit_test(replies_that_do_not_fit),   cmocka_unit_test(reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
