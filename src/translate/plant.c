/* plant.c - what the map plants before, in place of and behind an instruction: counters in place
 * (with a call where one says that a sample is due), or a call (by INT3: a trap) to light_plant(),
 * the same call as that to the instruction's own C function if it has one; the instruction itself
 * as a call or a trap.
 *
 * A call is `call *helper` with the operation and this one instruction's struct insn in registers;
 * a trap has INT3 in place of the call, and the host's signal makes the call happen
 * (run/signals.c). Place in the flow: translate_insn() asks here first.
 */
#include "translate/translate.h"

/* More than these are counted in C: 22 bytes each. */
enum { MAX_INLINE_COUNTS = 4 };

static bool samples(const struct map_rule *rule)
{
    return rule->actions & ACTION_SAMPLE;
}

static struct host_mem left_of(const struct map_rule *rule)
{
    return host_mem_base(R15, (int32_t)(CPU_LEFT + 8u * rule->counter));
}

/* LEA: no flag changes. Hits to the next sample are counted down: JRCXZ can ask for zero. */
static void emit_count(struct translator *t, const struct map_rule *rule)
{
    struct host_mem count = host_mem_base(R15, (int32_t)(CPU_COUNTS + 8u * rule->counter));
    struct host_mem next = host_mem_base(R8, samples(rule) ? -1 : 1);
    count = samples(rule) ? left_of(rule) : count;
    emit_load64(&t->emit, R8, &count);
    emit_lea64(&t->emit, R8, &next);
    emit_store64(&t->emit, &count, R8);
}

/* All rules have counted. One call for all samples that are due: C finds them by their zeros. */
static void emit_sample_call(struct translator *t, const struct insn *insn,
                             const struct map_plant *plant)
{
    struct emit *e = &t->emit;
    uint32_t due[MAX_INLINE_COUNTS];
    unsigned n = 0;
    emit_mov_rr64(e, R8, RCX);
    for (unsigned i = 0; i < plant->n_rules; i++) {
        const struct map_rule *rule = map_rule_at(t->in->map, plant->rules[i]);
        if (samples(rule)) {
            struct host_mem left = left_of(rule);
            emit_load64(e, RCX, &left);
            due[n++] = emit_loop_rel8(e, 0xe3, false);
        }
    }
    emit_mov_rr64(e, RCX, R8);
    uint32_t none = emit_loop_rel8(e, 0xeb, false);
    for (unsigned i = 0; i < n; i++) {
        emit_patch_rel8(e, due[i]);
    }
    emit_mov_rr64(e, RCX, R8);
    struct insn site = *insn;
    site.counted = true;
    translate_call_c(t, &site, OP_PLANT, false);
    emit_patch_rel8(e, none);
}

/* Where the instruction may begin twice for one execution, C code must know of it (plant_done). */
static bool may_begin_twice(const struct translator *t, const struct insn *insn)
{
    return (t->mode & MODE_STEP) || t->in->cross_next || insn->verdict == VERDICT_STRING ||
           insn->op == OP_INS || insn->op == OP_OUTS;
}

static const struct map_plant *plant_of(const struct translator *t, const struct insn *insn)
{
    return insn->plant ? map_plant_at(t->in->map, insn->plant) : NULL;
}

/* Its C function does the same as its native or inline form. */
static bool has_function(const struct insn *insn)
{
    return insn->verdict != VERDICT_NATIVE && insn->verdict != VERDICT_NOP;
}

static bool is_away(const struct insn *insn)
{
    return insn->technique == TECHNIQUE_CALL || insn->technique == TECHNIQUE_TRAP;
}

/* In any case, whatever mode and segments: the plant goes with that call. */
static bool calls_function(const struct insn *insn, const struct map_plant *plant)
{
    return insn->verdict == VERDICT_RDTSC || insn->verdict == VERDICT_HELPER ||
           insn->verdict == VERDICT_HELPER_END ||
           (has_function(insn) && (is_away(insn) || plant->has_after));
}

/* A call that comes anyway takes samples too, and adds its results to the event. */
static bool counts_inline(const struct translator *t, const struct insn *insn,
                          const struct map_plant *plant)
{
    return plant->counts_only && plant->n_rules <= MAX_INLINE_COUNTS && !may_begin_twice(t, insn) &&
           !(plant->samples && calls_function(insn, plant));
}

void translate_plant_before(struct translator *t, const struct insn *insn)
{
    const struct map_plant *plant = plant_of(t, insn);
    struct insn site = *insn;
    if (plant && counts_inline(t, insn, plant)) {
        for (unsigned i = 0; i < plant->n_rules; i++) {
            emit_count(t, map_rule_at(t->in->map, plant->rules[i]));
        }
        if (plant->samples) {
            emit_sample_call(t, insn, plant);
        }
        plant = NULL;
        site.plant = 0; /* or the call of the technique would count again */
    }
    t->plant_due = plant && calls_function(insn, plant);
    if (!t->plant_due && (plant || (is_away(insn) && !has_function(insn)))) {
        translate_call_c(t, &site, OP_PLANT, insn->technique == TECHNIQUE_TRAP);
    }
}

bool translate_plant_by_call(struct translator *t, const struct insn *insn)
{
    const struct map_plant *plant = plant_of(t, insn);
    if (!has_function(insn) || !(is_away(insn) || (plant && plant->has_after))) {
        return false;
    }
    translate_call_c(t, insn, (enum emul_op)insn->op, insn->technique == TECHNIQUE_TRAP);
    /* what the inline forms would have told of the site: a note for -d out_asm and the tests */
    t->unit_kind |= insn->verdict < VERDICT_CLI ? UNIT_CHECKED : 0;
    t->shadow_next =
        insn->op == OP_MOV_TO_SEG || insn->op == OP_POP_SEG || insn->verdict == VERDICT_STI;
    return true;
}

void translate_plant_after(struct translator *t, const struct insn *insn)
{
    const struct map_plant *plant = plant_of(t, insn);
    if (plant && plant->has_after && !has_function(insn)) {
        translate_call_c(t, insn, OP_PLANT_AFTER, false);
    }
}
