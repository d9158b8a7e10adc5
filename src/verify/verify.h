/* verify.h - the independent check of emitted code: decodes the host bytes of a unit and proves,
 * one guest instruction after another, that they stay inside the guest's view. Knows neither
 * translate/ nor emit/: what they meant to write is no argument here.
 *
 * What is proven, what is assumed: docs/verify.md. Every rule is one line of rules.def.
 * Place in the flow: behind cache_commit(), before the unit first runs (-engine verify), and again
 * over all units now and then and when code is thrown away: branches between units are patched
 * later.
 */
#ifndef VERIFY_VERIFY_H
#define VERIFY_VERIFY_H

#include "cache/cache.h"

enum verify_rule {
#define RULE(name, text) RULE_##name,
#include "verify/rules.def"
#undef RULE
    N_VERIFY_RULES
};

enum { VERIFY_SOME_REGISTER = 4 }; /* of thunk(): ESP it is never */
struct verify_input {
    const uint8_t *bytes; /* the unit, in any mapping */
    uint64_t exec;        /* where bytes[0] executes */
    uint32_t n_bytes, body_bytes;
    const struct unit_insn *insns;
    uint32_t n_insns;
    uint32_t page_eip;  /* EIP of the code page's first byte */
    uint32_t mode;      /* enum mode_bits */
    bool landings;      /* calls have them, returns trust the host's stack */
    bool is_patch;      /* its one instruction goes on into the exits region */
    uint32_t chain_off; /* not 0: from there on an address lies in r8d, and nobody else comes in */
    const uint8_t *guest; /* the 4096 bytes of the guest's code page, or NULL: not compared */
    uint64_t cache_exec;  /* the stubs are at cache_exec + STUB_* */
    const uint8_t *sites; /* where struct insn of light calls may lie */
    uint32_t n_site_bytes;
    /* Does a guest instruction of a live unit begin at host? Also asked for this unit's own. */
    bool (*is_entry)(void *arg, uint64_t host);
    /* Is that where a live unit expects an address in r8d? NULL: none does. */
    bool (*is_chain)(void *arg, uint64_t host);
    /* Does lin, where the directory's entry is `entry` in 32 bits, lead to "mov (%esp), %reg; ret"
     * in that mode? Its register, VERIFY_SOME_REGISTER if that cannot be said any more, or -1.
     * NULL: nothing does. */
    int (*thunk)(void *arg, uint32_t lin, uint32_t mode, uint32_t entry);
    /* Does lin, where the directory's entry is `entry` in 32 bits, lead to host in that mode? NULL:
     * nothing does. */
    bool (*bridge)(void *arg, uint64_t host, uint32_t lin, uint32_t mode, uint32_t entry);
    void *arg;
};

struct verify_finding {
    enum verify_rule rule;
    uint32_t host_off; /* of the offending host instruction, in the unit */
    uint32_t index;    /* guest instruction it belongs to; n_insns: the exits */
    uint8_t bytes[15], n_bytes;
};

/* 0, or -1 with the first *finding. */
int verify_unit(const struct verify_input *in, struct verify_finding *finding);
const char *verify_rule_text(enum verify_rule rule);

/* ---- the same for what is in the cache (sweep.c) ---- */

/* One unit that is being entered; guest as above. Prints a listing to stderr and stops (BUG) at a
 * finding. Now and then looks at all units. */
void verify_cached(const struct cache *cache, const struct unit *unit, const uint8_t *guest);
/* Every live unit as it stands now, patched branches included. Stops at a finding. Returns how
 * many. */
uint32_t verify_all(const struct cache *cache);
/* Fills *in for a unit of the cache. */
void verify_input_of(const struct cache *cache, const struct unit *unit, const uint8_t *guest,
                     struct verify_input *in);

#endif
