/* bridge.h - bridges: how a direct branch leaves its page. The target's entry in the I-view's
 * directory is compared with the one the bridge was built for; if it is that, a jump leads to the
 * unit, else the slot is looked up. A slot table has 16 KiB for each page of code, so what is
 * looked up misses the caches of the CPU and its TLB, an entry does not.
 *
 *    0  mov dir(%r14), %r10; mov %rcx, %r9; lea n(%r10), %ecx      n: 1 - entry, in 32 bits
 *   17  gate: closed     call stub       C looks whether the bridge can be built (monitor/)
 *             open       loop 27; mov %r9, %rcx
 *             given up   jmp 27
 *   22  jmp unit
 *   27  mov %r9, %rcx; mov $lin, %r8d; mov (%r10,%r8,4), %r9d; lea cache(%r9), %r9; jmp *%r9
 *
 * A call has it where it stands: each further place in the code is one more line to wait for. In
 * front of it is mov $lin, %r8d; its 22 is a call, and 27 what that comes back to; LOOP leads to a
 * jump to STUB_LANDING, which looks up and forgets where to come back to. Given up, it is the
 * look-up:
 *
 *    7  mov (%r10,%r8,4), %r9d; jmp 17; n; lea cache(%r9), %r9; call *%r9
 *
 * A call of "mov (%esp), %reg; ret", by which position-independent code learns where it is, has one
 * too (translate/thunk.c); what it leads to is known to be that, so it is done in place. Behind
 * the store of the return address and mov $lin, %r8d:
 *
 *   17  gate: closed     jmp 30; mov %r9, %rcx
 *             open       loop 30; mov %r9, %rcx
 *   22  mov $next, %reg
 *   27  nop whose last five bytes are, from 30 on, call stub
 *
 * No flags; LOOP falls through where all is well (docs/decisions/0016, 0018). The entry says which
 * page, mode and code is there now; so a bridge need not know about mappings, only about its unit:
 * a codepage has a list of those that lead to it, and closes them when its units are dropped.
 */
#ifndef CACHE_BRIDGE_H
#define CACHE_BRIDGE_H

#include "cache/codepage.h"

enum {
    BRIDGE_ENTRY = 13, /* n */
    BRIDGE_GATE = 17,
    BRIDGE_JUMP = 22,
    BRIDGE_LOOKUP = 27,
    BRIDGE_LIN = 32,
    BRIDGE_CALL_LIN = -4,
    BRIDGE_CALL_BEFORE = 6, /* bytes of mov $lin, %r8d */
    BRIDGE_CALL_BYTES = 27, /* behind them */
    BRIDGE_BYTES = 50,
    BRIDGE_THUNK_STUB = 30,
    BRIDGE_THUNK_BYTES = 35, /* behind mov $lin, %r8d */
    BRIDGE_STUB = 224,       /* run/offsets.h: STUB_BRIDGE */
    BRIDGE_TABLE_BYTES = VIEW_TABLE_SLOTS * sizeof(uint32_t),
    BRIDGE_FIRST_PAGE = 16, /* below, the directory's displacement has one byte */
};

/* Is the bridge at offset `at` of the cache a call's? Not if it was given up. Light. */
static inline bool bridge_is_call(const struct cache *cache, uint32_t at)
{
    return cache->write[at + BRIDGE_JUMP] == 0xe8;
}
/* Is it a call's that is done in place? Light. */
static inline bool bridge_is_thunk(const struct cache *cache, uint32_t at)
{
    return (cache->write[at + BRIDGE_JUMP] & 0xf8) == 0xb8;
}
/* Whose call of the stub returns to behind? Light. */
uint32_t bridge_of(const struct cache *cache, uint32_t behind);
/* Is slot of page the first of "mov (%esp), %reg; ret", as it is made when nothing was asked for?
 * Which register; or -1. Light. */
int bridge_thunk_register(const struct cache *cache, const struct codepage *page, uint32_t slot);
/* Its target. Light. */
uint32_t bridge_target(const struct cache *cache, uint32_t at);
/* The low half of what a directory holds where lin leads to table. Light. */
uint32_t bridge_entry(const uint32_t *table, uint32_t lin);
/* Builds the bridge at `at` to what table, where the directory leads for its target, has there, and
 * says where in the cache that is, or 0; if it cannot be built, it stays as it is, or is given up,
 * and one to what is done in place says 0. Light. */
uint32_t bridge_build(struct codepages *pages, uint32_t at, const uint32_t *table);
/* Nobody gets to units of page by a bridge any more. Light. */
void bridge_close_all(struct codepages *pages, struct codepage *page);

#endif
