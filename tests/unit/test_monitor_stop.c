/* test_monitor_stop.c - a debugger's view of a running machine: asked stops, single steps, the end.
 * Each machine runs in a child process, because a running one sandboxes its process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/options.h"
#include "cpu/cpu.h"
#include "monitor/debug.h"
#include "monitor/machine_internal.h"
#include "monitor/rules.h"

enum { ORIGIN = 0x100000, FAILED = 99 };

struct script {
    unsigned n_stops;
    enum debug_go (*next)(struct script *script, struct machine *machine, const struct stop *stop,
                          int *status);
};

/* clc; stc; nop; inc %eax; jmp back to nop */
static const uint8_t loop_program[] = {0xf8, 0xf9, 0x90, 0x40, 0xeb, 0xfc};

static enum debug_go stopped(void *arg, struct machine *machine, const struct stop *stop,
                             int *status)
{
    struct script *script = arg;
    script->n_stops++;
    return script->next(script, machine, stop, status);
}

static int run_machine(const uint8_t *program, size_t n_bytes, struct script *script)
{
    char path[] = "/tmp/plex86-stop-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, program, n_bytes), n_bytes);
    close(fd);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        char *argv[] = {"plex86", "-program", path, "-m", "8", "-nographic", NULL};
        struct options options;
        struct machine *machine;
        char *error = NULL;
        struct debugger debugger = {.stopped = stopped, .arg = script};
        alarm(20);
        if (options_parse(&options, 6, argv) != 0 || machine_create(&machine, &options, &error)) {
            fprintf(stderr, "%s\n", error ? error : "options");
            _exit(FAILED);
        }
        machine_set_debugger(machine, &debugger);
        machine_ask_stop(machine);
        _exit(machine_run(machine));
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    unlink(path);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "stop %u: not so: %s (eip %x why %d)\n", script->n_stops, #condition,  \
                    machine->cpu->eip, stop->why);                                                 \
            *status = FAILED;                                                                      \
            return DEBUG_END;                                                                      \
        }                                                                                          \
    } while (0)

static enum debug_go step_script(struct script *script, struct machine *machine,
                                 const struct stop *stop, int *status)
{
    static const uint32_t offs[] = {0, 1, 2, 3, 4, 2, 3, 4, 2};
    const struct cpu *cpu = machine->cpu;
    unsigned i = script->n_stops - 1;
    EXPECT(stop->why == (i ? STOP_STEP : STOP_ASKED));
    EXPECT(cpu->eip == ORIGIN + offs[i] && stop->lin == cpu->eip);
    EXPECT(!!(cpu->arith & FLAG_CF) == (i >= 2));
    EXPECT(cpu_reg(cpu, GPR_EAX) == (i > 6 ? 2u : i > 3));
    EXPECT(!(cpu->sysflags & FLAG_TF));
    if (i + 1 == sizeof(offs) / sizeof(offs[0])) {
        *status = 7;
        return DEBUG_END;
    }
    return DEBUG_STEP;
}

static void test_steps(void **state)
{
    (void)state;
    struct script script = {.next = step_script};
    assert_int_equal(run_machine(loop_program, sizeof(loop_program), &script), 7);
}

/* A debugger that moves EIP and changes registers is obeyed. */
static enum debug_go change_script(struct script *script, struct machine *machine,
                                   const struct stop *stop, int *status)
{
    struct cpu *cpu = machine->cpu;
    switch (script->n_stops) {
    case 1:
        cpu->eip = ORIGIN + 3;
        cpu_set_reg(cpu, GPR_EAX, 41);
        return DEBUG_STEP;
    case 2:
        EXPECT(cpu_reg(cpu, GPR_EAX) == 42 && cpu->eip == ORIGIN + 4);
        machine_ask_stop(machine);
        return DEBUG_CONTINUE;
    default:
        EXPECT(stop->why == STOP_ASKED);
        *status = 7;
        return DEBUG_END;
    }
}

static void test_changes(void **state)
{
    (void)state;
    struct script script = {.next = change_script};
    assert_int_equal(run_machine(loop_program, sizeof(loop_program), &script), 7);
}

/* movl $5, data; movl data+3, %eax; incl data; std; mov $data+8, %edi; mov $3, %ecx; rep stosb; hlt
 * with data at 00100100 */
static const uint8_t data_program[] = {0xc7, 0x05, 0x00, 0x01, 0x10, 0x00, 0x05, 0x00, 0x00,
                                       0x00, 0xa1, 0x03, 0x01, 0x10, 0x00, 0xff, 0x05, 0x00,
                                       0x01, 0x10, 0x00, 0xfd, 0xbf, 0x08, 0x01, 0x10, 0x00,
                                       0xb9, 0x03, 0x00, 0x00, 0x00, 0xf3, 0xaa, 0xf4};

static enum debug_go watch_script(struct script *script, struct machine *machine,
                                  const struct stop *stop, int *status)
{
    static const struct {
        uint32_t off, data_off;
        bool write;
    } hits[] = {{0, 0, true}, {15, 0, true}, {32, 7, true}};
    const struct cpu *cpu = machine->cpu;
    unsigned i = script->n_stops - 2;
    if (script->n_stops ==
        1) { /* the store at 0 and the one at 7, not the load nor what is beside */
        EXPECT(machine_watch_add(machine, ORIGIN + 0x100, 1, false, true) == 1);
        EXPECT(machine_watch_add(machine, ORIGIN + 0x107, 1, false, true) == 2);
        EXPECT(machine_watch_add(machine, ORIGIN + 0x107, 0, true, true) == -1);
        EXPECT(machine_watch_add(machine, UINT32_MAX, 2, true, true) == -1);
        EXPECT(machine_watch_add(machine, ORIGIN + 0x103, 1, true, false) == 3);
        EXPECT(machine_watch_remove(machine, 3) && !machine_watch_remove(machine, 3));
        return DEBUG_CONTINUE;
    }
    EXPECT(stop->why == STOP_WATCH && stop->lin == ORIGIN + hits[i].off);
    EXPECT(stop->data_lin == ORIGIN + 0x100 + hits[i].data_off && stop->write == hits[i].write);
    EXPECT(stop->watch == (i < 2 ? 1 : 2));
    EXPECT(i == 2 ? cpu_reg(cpu, GPR_ECX) == 1 && cpu->eip == ORIGIN + 32
                  : cpu->eip > stop->lin); /* the repeat pauses behind its second iteration */
    if (i == 2) {
        *status = 7;
        return DEBUG_END;
    }
    return i ? DEBUG_CONTINUE : DEBUG_STEP;
}

static enum debug_go step_or_watch_script(struct script *script, struct machine *machine,
                                          const struct stop *stop, int *status)
{
    if (script->n_stops == 3) { /* the step behind the first hit */
        EXPECT(stop->why == STOP_STEP && machine->cpu->eip == ORIGIN + 15);
        return DEBUG_CONTINUE;
    }
    script->n_stops -= script->n_stops > 3;
    enum debug_go go = watch_script(script, machine, stop, status);
    script->n_stops += script->n_stops > 2;
    return go;
}

static void test_watches(void **state)
{
    (void)state;
    struct script script = {.next = step_or_watch_script};
    assert_int_equal(run_machine(data_program, sizeof(data_program), &script), 7);
}

/* Rules added and removed on the way: each turn stops at the NOP once, is counted once, and steps
 * from there do not stop there again. */
static enum debug_go rule_script(struct script *script, struct machine *machine,
                                 const struct stop *stop, int *status)
{
    static int count_id, stop_id;
    const struct cpu *cpu = machine->cpu;
    char *error = NULL;
    if (script->n_stops == 1) {
        count_id = machine_add_rule(machine, "nop: count", &error);
        stop_id = machine_add_rule(machine, "nop: stop", &error);
        EXPECT(count_id > 0 && stop_id > 0);
        EXPECT(machine_add_rule(machine, "nop: dance", &error) == -1 && error);
        return DEBUG_CONTINUE;
    }
    const struct map_rule *rule = map_rule_by_id(machine->map, count_id);
    uint64_t n = cpu->count[rule->counter];
    if (script->n_stops < 6) { /* turns 1 to 4 */
        EXPECT(stop->why == STOP_RULE && stop->rule == stop_id && cpu->eip == ORIGIN + 2);
        EXPECT(n == script->n_stops - 1 && cpu_reg(cpu, GPR_EAX) == n - 1);
        return script->n_stops == 5 ? DEBUG_STEP : DEBUG_CONTINUE;
    }
    EXPECT(n == (script->n_stops < 9 ? 4 : 5));
    if (script->n_stops < 9) { /* inc, jmp, the NOP again: a step to it is no stop of the rule's */
        EXPECT(stop->why == STOP_STEP);
        EXPECT(cpu->eip == ORIGIN + (script->n_stops == 6 ? 3u : script->n_stops == 7 ? 4 : 2));
        if (script->n_stops == 8) {
            EXPECT(machine_remove_rule(machine, stop_id) && !machine_remove_rule(machine, stop_id));
            stop_id = machine_add_rule(machine, "at 0x100003: stop", &error);
            EXPECT(stop_id > 0);
            return DEBUG_CONTINUE;
        }
        return DEBUG_STEP;
    }
    *status =
        stop->why == STOP_RULE && stop->rule == stop_id && cpu->eip == ORIGIN + 3 ? 7 : FAILED;
    return DEBUG_END;
}

static void test_rules(void **state)
{
    (void)state;
    struct script script = {.next = rule_script};
    assert_int_equal(run_machine(loop_program, sizeof(loop_program), &script), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_watches),
        cmocka_unit_test(test_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
