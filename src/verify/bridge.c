/* bridge.c - bridges (cache/bridge.h), byte for byte: what they compare with is the directory's
 * entry of the page of the unit they lead to, and the look-up is what every exit does. */
#include <string.h>

#include "base/bytes.h"
#include "cache/bridge.h"
#include "verify/verify_internal.h"

static bool is_same(const uint8_t *at, const void *bytes, size_t n_bytes)
{
    return memcmp(at, bytes, n_bytes) == 0;
}

/* mov dir(%r14), %r10; mov %rcx, %r9; lea n(%r10), %ecx: nothing else begins so. */
static bool begins(const uint8_t *at)
{
    return is_same(at, (const uint8_t[]){0x4d, 0x8b, 0x96}, 3) &&
           is_same(at + 7, (const uint8_t[]){0x4c, 0x8b, 0xc9, 0x41, 0x8d, 0x8a}, 6);
}

static bool leads_to(const struct verifier *v, const uint8_t *at, uint64_t host, uint32_t lin)
{
    return v->in->bridge && v->in->is_entry(v->in->arg, host) &&
           v->in->bridge(v->in->arg, host, lin, v->in->mode, 1 - bytes_get_u32(at + BRIDGE_ENTRY));
}

/* What goes on if the gate is open. */
static bool is_built(const struct verifier *v, const uint8_t *at)
{
    const uint64_t next = v->in->exec + v->off + BRIDGE_LOOKUP;
    const uint64_t host = next + (uint64_t)(int64_t)(int32_t)bytes_get_u32(at + BRIDGE_JUMP + 1);
    return is_same(at + BRIDGE_GATE, (const uint8_t[]){0xe2, 8, 0x49, 0x8b, 0xc9}, 5) &&
           leads_to(v, at, host, bytes_get_u32(at + BRIDGE_LIN));
}

/* back: behind the call. */
static bool is_closed(const struct verifier *v, const uint8_t *at, uint64_t back)
{
    const uint32_t rel = (uint32_t)(v->in->cache_exec + STUB_BRIDGE - back);
    return at[BRIDGE_GATE] == 0xe8 && bytes_get_u32(at + BRIDGE_GATE + 1) == rel;
}

static bool is_given_up(const uint8_t *at)
{
    return is_same(at + BRIDGE_GATE, (const uint8_t[]){0xeb, 8, 0x0f, 0x1f, 0}, 5);
}

/* mov %r9, %rcx; mov $lin, %r8d; mov (%r10,%r8,4), %r9d; lea cache(%r9), %r9; jmp *%r9 */
static bool looks_up(const struct verifier *v, const uint8_t *at)
{
    const uint8_t *look_up = at + BRIDGE_LOOKUP;
    return is_same(look_up, (const uint8_t[]){0x49, 0x8b, 0xc9, 0x41, 0xb8}, 5) &&
           is_same(look_up + 9, (const uint8_t[]){0x47, 0x8b, 0x0c, 0x82, 0x4d, 0x8d, 0x89}, 7) &&
           bytes_get_u32(look_up + 16) == (uint32_t)v->in->cache_exec &&
           is_same(look_up + 20, (const uint8_t[]){0x41, 0xff, 0xe1}, 3);
}

/* mov $lin, %r8d and a call's: not what it is when it was given up. */
static bool call_begins(const struct verifier *v, const uint8_t *at)
{
    return v->in->n_bytes - v->off >= BRIDGE_CALL_BEFORE + BRIDGE_CALL_BYTES && !v->in_exits &&
           at[0] == 0x41 && at[1] == 0xb8 && begins(at + BRIDGE_CALL_BEFORE);
}

/* r8d is the target, r9 is rcx: as the stub for landings wants them. */
static bool call_is_built(const struct verifier *v, const uint8_t *at)
{
    const uint32_t gate = v->off + BRIDGE_CALL_BEFORE + BRIDGE_GATE;
    const uint32_t other = gate + 2 + (uint32_t)(int32_t)(int8_t)at[BRIDGE_GATE + 1];
    const uint64_t next = v->in->exec + v->off + BRIDGE_CALL_BEFORE + BRIDGE_CALL_BYTES;
    const uint64_t host = next + (uint64_t)(int64_t)(int32_t)bytes_get_u32(at + BRIDGE_JUMP + 1);
    return at[BRIDGE_GATE] == 0xe2 && landing_is_jump(v, other) &&
           is_same(at + BRIDGE_GATE + 2, (const uint8_t[]){0x49, 0x8b, 0xc9}, 3) &&
           leads_to(v, at, host, bytes_get_u32(at + BRIDGE_CALL_LIN));
}

static bool call_step(struct verifier *v, const uint8_t *at)
{
    const uint32_t page = bytes_get_u32(at + BRIDGE_CALL_LIN) >> PAGE_SHIFT;
    const uint64_t back = v->in->exec + v->off + BRIDGE_CALL_BEFORE + BRIDGE_JUMP;
    if (v->end_off - v->off < BRIDGE_CALL_BEFORE + BRIDGE_CALL_BYTES || v->in->mode & MODE_STEP ||
        !v->in->landings || bytes_get_u32(at + 3) != 8 * page || at[BRIDGE_JUMP] != 0xe8 ||
        !(call_is_built(v, at) || is_closed(v, at, back))) {
        return verify_fail(v, RULE_BRIDGE);
    }
    v->z.length = BRIDGE_CALL_BEFORE + BRIDGE_CALL_BYTES;
    if (!state_check_canonical(v)) {
        return false;
    }
    state_canonical(v, &v->state);
    v->state.esp_lost = true;
    landing_begin(v);
    return true;
}

/* Behind the store of the return address; the nop ends with the call of the stub. */
static bool is_thunk(const struct verifier *v, const uint8_t *at)
{
    const uint64_t back = v->in->exec + v->off + BRIDGE_CALL_BEFORE + BRIDGE_THUNK_BYTES;
    const uint32_t rel = (uint32_t)(v->in->cache_exec + STUB_BRIDGE - back);
    const uint32_t lin = bytes_get_u32(at + BRIDGE_CALL_LIN);
    const int reg = at[BRIDGE_JUMP] & 7;
    const int found =
        v->in->thunk && at[BRIDGE_GATE] == 0xe2
            ? v->in->thunk(v->in->arg, lin, v->in->mode, 1 - bytes_get_u32(at + BRIDGE_ENTRY))
            : -1;
    const bool gate = at[BRIDGE_GATE] == 0xeb || found == reg || found == VERIFY_SOME_REGISTER;
    return gate && bytes_get_u32(at + 3) == 8 * (lin >> PAGE_SHIFT) &&
           is_same(at + BRIDGE_GATE + 1, (const uint8_t[]){11, 0x49, 0x8b, 0xc9}, 4) &&
           is_same(at + BRIDGE_JUMP + 5, (const uint8_t[]){0x0f, 0x1f, 0x84, 0xe8}, 4) &&
           bytes_get_u32(at + BRIDGE_THUNK_STUB + 1) == rel;
}

static bool thunk_step(struct verifier *v, const uint8_t *at)
{
    if (v->end_off - v->off < BRIDGE_CALL_BEFORE + BRIDGE_THUNK_BYTES || v->in->mode & MODE_STEP ||
        !is_thunk(v, at)) {
        return verify_fail(v, RULE_BRIDGE);
    }
    v->z.length = BRIDGE_CALL_BEFORE + BRIDGE_THUNK_BYTES;
    return thunk_begin(v, at[BRIDGE_JUMP] & 7, bytes_get_u32(at + BRIDGE_JUMP + 1));
}

bool bridge_begins(const struct verifier *v)
{
    return v->in->n_bytes - v->off >= BRIDGE_BYTES && begins(v->in->bytes + v->off);
}

bool bridge_step(struct verifier *v, bool *taken)
{
    const uint8_t *at = v->in->bytes + v->off;
    if (call_begins(v, at)) {
        const bool thunk = (at[BRIDGE_CALL_BEFORE + BRIDGE_JUMP] & 0xf8) == 0xb8;
        at += BRIDGE_CALL_BEFORE;
        *taken = true;
        return thunk ? thunk_step(v, at) : call_step(v, at);
    }
    *taken = bridge_begins(v);
    if (!*taken) {
        return true;
    }
    const uint32_t page = bytes_get_u32(at + BRIDGE_LIN) >> PAGE_SHIFT;
    if (v->end_off - v->off < BRIDGE_BYTES || v->in->mode & MODE_STEP || !looks_up(v, at) ||
        bytes_get_u32(at + 3) != 8 * page || at[BRIDGE_JUMP] != 0xe9 ||
        !(is_built(v, at) || is_closed(v, at, v->in->exec + v->off + BRIDGE_JUMP) ||
          is_given_up(at))) {
        return verify_fail(v, RULE_BRIDGE);
    }
    v->z.length = BRIDGE_BYTES;
    v->alive = false;
    return state_check_canonical(v);
}
