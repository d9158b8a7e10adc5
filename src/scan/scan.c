/* scan.c - follows what is statically certain from an entry point: fall-through and direct branches
 * inside the page, forward, within a budget; never recursive. PURE. */
#include "scan/scan.h"

#include <string.h>

enum { MAX_PENDING = 64 };

struct pending {
    uint32_t offs[MAX_PENDING];
    unsigned n;
};

static void pending_add(struct pending *pending, uint32_t off)
{
    if (pending->n < MAX_PENDING) {
        pending->offs[pending->n++] = off;
    }
}

/* Smallest pending target at or behind off; false if there is none near enough. */
static bool pending_next(const struct pending *pending, uint32_t off, uint32_t *next)
{
    uint32_t best = UINT32_MAX;
    for (unsigned i = 0; i < pending->n; i++) {
        if (pending->offs[i] >= off && pending->offs[i] < best) {
            best = pending->offs[i];
        }
    }
    if (best == UINT32_MAX || best - off > SCAN_MAX_GAP) {
        return false;
    }
    *next = best;
    return true;
}

static inline bool is_known(const struct scan_request *request, uint32_t off, bool behind_call)
{
    const uint8_t *maybe = request->maybe_known;
    return (!maybe || (maybe[off >> 3] & 1u << (off & 7))) &&
           request->known(request->arg, off, behind_call);
}

/* Near the end of the bytes a shape is known only if it ends there. */
static __attribute__((noinline)) struct shape *decode_at_end(const struct scanner *scanner,
                                                             const uint8_t *bytes, unsigned n_bytes,
                                                             uint32_t eip, struct insn *insn)
{
    uint8_t window[2 * SHAPE_MIN_BYTES] = {0};
    memcpy(window, bytes, n_bytes);
    struct shape *shape = shape_decode(scanner->shapes, window, eip, insn);
    return shape && insn->n_bytes <= n_bytes ? shape : NULL;
}

/* scan_decode(), with the usual answer first; then the shape, else NULL. */
static inline struct shape *decode(const struct scanner *scanner,
                                   const struct scan_request *request, const uint8_t *bytes,
                                   unsigned n_bytes, uint32_t eip, struct insn *insn)
{
    struct shape *shape = NULL;
    if (request->code32 && scanner->shapes) {
        shape = n_bytes >= SHAPE_MIN_BYTES ? shape_decode(scanner->shapes, bytes, eip, insn)
                                           : decode_at_end(scanner, bytes, n_bytes, eip, insn);
    }
    if (!shape) {
        scan_decode(scanner, bytes, n_bytes, request->code32, eip, false, insn);
    }
    return shape;
}

static inline void judge(const struct scan_request *request, struct shape *shape, struct insn *insn)
{
    if (shape && shape->is_judged && request->judges_shapes) {
        return;
    }
    request->judge(request->map, insn, request->site);
    if (shape && request->judges_shapes) {
        shape_note_judgement(shape, insn);
    }
}

enum { MAX_BLOCK_INSNS = 32, MAX_BLOCKS = 8 };

static void note_places(const struct scan_request *request, struct scan_result *result,
                        unsigned from)
{
    for (unsigned i = from; i < result->n_insns; i++) {
        result->at[(result->insns[i].eip - request->page_eip) & 4095] = (uint8_t)i;
    }
}

/* Enters the instructions from off up to the one at index, or up to one where control ends. False:
 * they do not lead there. */
static bool fill_gap(const struct scanner *scanner, const struct scan_request *request,
                     struct scan_result *result, unsigned index, uint32_t off, unsigned budget)
{
    struct insn block[MAX_BLOCK_INSNS];
    unsigned n = 0;
    uint32_t end = result->insns[index].eip - request->page_eip;
    bool open = true;
    while (open && off < end) {
        bool behind_call = n && scan_is_call(&block[n - 1]);
        if (n == MAX_BLOCK_INSNS || result->n_insns + n == budget ||
            is_known(request, off, behind_call)) {
            return false;
        }
        struct insn *insn = &block[n++];
        struct shape *shape = decode(scanner, request, request->page + off, request->end_off - off,
                                     request->page_eip + off, insn);
        if (insn->flags & (INSN_TRUNCATED | INSN_INVALID)) {
            return false;
        }
        judge(request, shape, insn);
        open = !scan_is_terminal(insn);
        off += insn->n_bytes;
    }
    if (off > end) {
        return false; /* into the middle of an instruction */
    }
    struct insn *at = &result->insns[index];
    memmove(at + n, at, (result->n_insns - index) * sizeof *at);
    memcpy(at, block, n * sizeof *at);
    result->n_insns += n;
    note_places(request, result, index);
    return true;
}

/* The index of the instruction before which target lies in a gap, or 0. */
static unsigned find_gap(const struct scan_result *result, uint32_t target)
{
    unsigned low = 0, high = result->n_insns;
    while (low < high) { /* the first one at or behind target */
        unsigned middle = (low + high) / 2;
        if (result->insns[middle].eip < target) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0 || low == result->n_insns || result->insns[low].eip == target) {
        return 0;
    }
    const struct insn *before = &result->insns[low - 1];
    return before->eip + before->n_bytes <= target ? low : 0;
}

/* Compilers enter a loop in its middle: the jump there leaves a gap, and the loop branches back
 * into it. In a unit of its own the rest of the loop would cost two more jumps for each turn. */
static void fill_gaps(const struct scanner *scanner, const struct scan_request *request,
                      struct scan_result *result, unsigned budget)
{
    unsigned n_blocks = 0;
    for (unsigned i = 0; i < result->n_insns && n_blocks < MAX_BLOCKS; i++) {
        uint32_t target;
        const struct insn *insn = &result->insns[i];
        if (!scan_is(insn, SCAN_JUMP) || !scan_has_target(insn, &target)) {
            continue;
        }
        const uint32_t off = target - request->page_eip;
        if (off >= 4096 || scan_index(result, off, target) >= 0) {
            continue;
        }
        unsigned index = find_gap(result, target);
        if (index && fill_gap(scanner, request, result, index, off, budget)) {
            n_blocks++;
            i = index - 1; /* the block's own branches, and what has moved */
        }
    }
}

static void scan_blocks(const struct scanner *scanner, const struct scan_request *request,
                        struct scan_result *result, unsigned budget)
{
    struct pending pending;
    uint32_t off = request->start_off;

    pending.n = 0;
    result->n_insns = 0;
    result->ends_open = true;
    result->next_off = off;
    while (result->n_insns < budget && off < request->end_off) {
        struct insn *insn = &result->insns[result->n_insns];
        bool behind_call = result->n_insns && result->ends_open && scan_is_call(insn - 1);
        if (result->n_insns && is_known(request, off, behind_call)) {
            break;
        }
        uint8_t window[2 * INSN_MAX_BYTES];
        unsigned n = request->end_off - off;
        const uint8_t *bytes = request->page + off;
        if (n < INSN_MAX_BYTES && request->end_off == 4096 && request->next &&
            result->n_insns == 0) {
            for (unsigned i = 0; i < n + request->n_next && i < INSN_MAX_BYTES; i++) {
                window[i] = i < n ? bytes[i] : request->next[i - n];
            }
            bytes = window;
            n = n + request->n_next < INSN_MAX_BYTES ? n + request->n_next : INSN_MAX_BYTES;
        }
        struct shape *shape = decode(scanner, request, bytes, n, request->page_eip + off, insn);
        if ((insn->flags & (INSN_TRUNCATED | INSN_INVALID)) && result->n_insns) {
            break; /* ask again if execution really gets there */
        }
        if (insn->flags & INSN_TRUNCATED) {
            return; /* n_insns == 0: the caller must supply the next page */
        }
        judge(request, shape, insn);
        result->at[off & 4095] = (uint8_t)result->n_insns++;
        off += insn->n_bytes;
        result->next_off = off;
        result->ends_open = !scan_is_terminal(insn);
        uint32_t target;
        if (scan_is(insn, SCAN_JUMP) && scan_has_target(insn, &target) &&
            target - request->page_eip < 4096) {
            pending_add(&pending, target - request->page_eip);
        }
        if (off > 4096) {
            break; /* crossed into the next page: a unit of its own */
        }
        if (!result->ends_open) {
            uint32_t next;
            if (!pending_next(&pending, off, &next) || result->n_insns >= budget ||
                next >= request->end_off || is_known(request, next, false)) {
                break;
            }
            off = next;
        }
    }
    if (result->n_insns && !result->ends_open) {
        return;
    }
    result->next_off = off;
    if (result->n_insns == budget && budget > 1 && scan_is_call(&result->insns[budget - 1])) {
        result->next_off = result->insns[--result->n_insns].eip - request->page_eip;
    }
}

void scan_page(const struct scanner *scanner, const struct scan_request *request,
               struct scan_result *result)
{
    unsigned budget = request->max_insns < SCAN_MAX_INSNS ? request->max_insns : SCAN_MAX_INSNS;
    scan_blocks(scanner, request, result, budget);
    if (!request->leave_gaps) {
        fill_gaps(scanner, request, result, budget);
    }
}
