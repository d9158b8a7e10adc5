/* compress.c - a small LZ77 in the manner of LZ4, and Huffman coding, over 64 KiB of made-up text.
 */
#include "kernels.h"

enum { TEXT_BYTES = 65536, PACKED_BYTES = TEXT_BYTES * 2, HASH_BITS = 13, MIN_MATCH = 4 };
static uint8_t text[TEXT_BYTES], packed[PACKED_BYTES], unpacked[TEXT_BYTES];

static void make_text(void)
{
    static const char *const syllables[] = {"the ",  "ma",     "chine ", "re",    "en",    "code",
                                            "s ",    "guest ", "in",     "struc", "tion ", "a ",
                                            "page ", "of ",    "\n",     "x86 "};
    uint32_t seed = 59;
    for (unsigned i = 0; i < TEXT_BYTES;)
        for (const char *at = syllables[bench_random(&seed) >> 7 & 15]; *at && i < TEXT_BYTES;)
            text[i++] = *at++;
}

static inline uint32_t load32(const uint8_t *at)
{
    return *(const uint32_t __attribute__((aligned(1), may_alias)) *)at;
}

/* Tokens: a count of literals (0-255), these, a length (0: end), a 16-bit distance. */
static unsigned compress(void)
{
    static uint32_t last[1 << HASH_BITS];
    for (unsigned i = 0; i < 1 << HASH_BITS; i++)
        last[i] = 0;
    unsigned n_out = 0, literal = 0, at = 1;
    while (at + MIN_MATCH < TEXT_BYTES) {
        uint32_t word = load32(&text[at]), slot = word * 2654435761u >> (32 - HASH_BITS);
        unsigned from = last[slot];
        last[slot] = at;
        if (load32(&text[from]) != word && at - literal < 255) {
            at++;
            continue;
        }
        unsigned length = 0;
        while (length < 255 && at + length < TEXT_BYTES && text[from + length] == text[at + length])
            length++;
        packed[n_out++] = at - literal;
        while (literal < at)
            packed[n_out++] = text[literal++];
        if (length == 0) { /* only literals: copy one byte from the byte before or as it is */
            length = 1;
            from = at;
        }
        packed[n_out++] = length;
        packed[n_out++] = at - from;
        packed[n_out++] = (at - from) >> 8;
        if (from == at)
            packed[n_out++] = text[at];
        at += length;
        literal = at;
    }
    packed[n_out++] = TEXT_BYTES - literal;
    while (literal < TEXT_BYTES)
        packed[n_out++] = text[literal++];
    packed[n_out++] = 0;
    return n_out;
}

static void expand(void)
{
    unsigned in = 0, out = 0;
    for (;;) {
        for (unsigned n_literals = packed[in++]; n_literals; n_literals--)
            unpacked[out++] = packed[in++];
        unsigned length = packed[in++];
        if (length == 0)
            break;
        unsigned distance = packed[in] | packed[in + 1] << 8;
        in += 2;
        if (distance == 0) {
            unpacked[out++] = packed[in++];
            continue;
        }
        for (; length; length--, out++)
            unpacked[out] = unpacked[out - distance];
    }
    bench_require(out == TEXT_BYTES);
}

uint32_t kernel_lz_compress(unsigned n)
{
    uint32_t sum = 0;
    make_text();
    while (n--) {
        sum = bench_mix(sum, compress());
        text[n * 37 % TEXT_BYTES] ^= 1;
    }
    return sum;
}

uint32_t kernel_lz_expand(unsigned n)
{
    uint32_t sum = 0;
    make_text();
    compress();
    while (n--) {
        expand();
        sum = bench_mix(sum, unpacked[n % TEXT_BYTES]);
    }
    for (unsigned i = 0; i < TEXT_BYTES; i++)
        bench_require(unpacked[i] == text[i]);
    return sum;
}

/* Builds a code for the text, writes it bit by bit into packed, sums the bits. */
uint32_t kernel_huffman(unsigned n)
{
    uint32_t sum = 0;
    make_text();
    while (n--) {
        uint32_t weight[512] = {0}, code[256];
        uint16_t parent[512] = {0};
        uint8_t bits[256], side[512] = {0};
        for (unsigned i = 0; i < TEXT_BYTES; i++)
            weight[text[i]]++;
        unsigned n_nodes = 256, root = 0;
        for (;;) { /* joins the two lightest roots */
            unsigned least = 0, second = 0;
            uint32_t low = ~0u, high = ~0u;
            for (unsigned i = 0; i < n_nodes; i++) {
                if (weight[i] == 0 || parent[i])
                    continue;
                if (weight[i] < low)
                    high = low, second = least, low = weight[i], least = i;
                else if (weight[i] < high)
                    high = weight[i], second = i;
            }
            root = least;
            if (high == ~0u)
                break;
            weight[n_nodes] = low + high;
            parent[least] = parent[second] = n_nodes;
            side[second] = 1;
            n_nodes++;
        }
        for (unsigned i = 0; i < 256; i++) {
            code[i] = bits[i] = 0;
            for (unsigned at = i; weight[i] && at != root; at = parent[at])
                code[i] |= (uint32_t)side[at] << bits[i]++;
        }
        uint64_t pending = 0;
        unsigned n_pending = 0, n_out = 0;
        for (unsigned i = 0; i < TEXT_BYTES; i++) {
            pending = pending << bits[text[i]] | code[text[i]];
            n_pending += bits[text[i]];
            while (n_pending >= 8)
                packed[n_out++] = pending >> (n_pending -= 8);
        }
        for (unsigned i = 0; i < n_out; i += 97)
            sum = bench_mix(sum, packed[i]);
        text[n * 41 % TEXT_BYTES] = 'q';
    }
    return sum;
}
