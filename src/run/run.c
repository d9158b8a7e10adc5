/* run.c - what enter.S and the handlers stand on: stubs, the guest call stack, FPU parking. */
#include "run/run.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cache/bridge.h"
#include "cache/crossing.h"
#include "cpu/stacks.h"
#include "host/host.h"
#include "run/offsets.h"

#define CHECK_OFFSET(field, offset)                                                                \
    _Static_assert(offsetof(struct cpu, field) == (offset), "run/offsets.h: " #field)
CHECK_OFFSET(gpr, CPU_GPR);
CHECK_OFFSET(eip, CPU_EIP);
CHECK_OFFSET(arith, CPU_ARITH);
CHECK_OFFSET(iff, CPU_IFF);
CHECK_OFFSET(sysflags, CPU_SYSFLAGS);
CHECK_OFFSET(intr, CPU_INTR);
CHECK_OFFSET(exit_request, CPU_EXIT_REQUEST);
CHECK_OFFSET(df, CPU_DF);
CHECK_OFFSET(exit_reason, CPU_EXIT_REASON);
CHECK_OFFSET(window, CPU_WINDOW);
CHECK_OFFSET(dir, CPU_DIR);
CHECK_OFFSET(seg_base_ptr, CPU_SEG_BASE_PTR);
CHECK_OFFSET(seg, CPU_SEG);
CHECK_OFFSET(seg[SEG_CS].base, CPU_CS_BASE);
CHECK_OFFSET(host_rsp, CPU_HOST_RSP);
CHECK_OFFSET(stack_now, CPU_STACK_NOW);
_Static_assert(offsetof(struct cpu_stack, rsp) == 0, "enter.S");
CHECK_OFFSET(helper, CPU_HELPER);
CHECK_OFFSET(scratch, CPU_SCRATCH);
CHECK_OFFSET(dual_base, CPU_DUAL_BASE);
CHECK_OFFSET(reach, CPU_REACH);
CHECK_OFFSET(stack_reach, CPU_STACK_REACH);
CHECK_OFFSET(code_reach, CPU_CODE_REACH);
CHECK_OFFSET(cs_minus, CPU_CS_MINUS);
CHECK_OFFSET(count, CPU_COUNTS);
CHECK_OFFSET(hot_imm, CPU_HOT_IMM);
CHECK_OFFSET(seg_raw, CPU_SEG_RAW);
CHECK_OFFSET(seg_lin, CPU_SEG_LIN);
CHECK_OFFSET(seg_key, CPU_SEG_KEY);
CHECK_OFFSET(left, CPU_LEFT);
CHECK_OFFSET(quick_tag, CPU_QUICK_TAG);
CHECK_OFFSET(quick_delta, CPU_QUICK_DELTA);
_Static_assert(STUB_BRIDGE == (int)BRIDGE_STUB && STUB_CROSS == (int)CROSSING_STUB, "cache/");
_Static_assert(sizeof(struct segment) == CPU_SEG_BYTES, "CPU_SEG_BYTES");
_Static_assert(offsetof(struct segment, selector) == CPU_SEG_SELECTOR, "CPU_SEG_SELECTOR");
_Static_assert(EXIT_MISS == EXIT_MISS_NUMBER && EXIT_REQUEST == EXIT_REQUEST_NUMBER &&
                   EXIT_STEP == EXIT_STEP_NUMBER && EXIT_CROSS == EXIT_CROSS_NUMBER,
               "exit numbers of run/offsets.h");

void run_light(void);
void run_light_end(void);
void run_target(void);
void run_exit_miss(void);
void run_exit_step(void);
void run_exit_cross(void);
void run_bridge(void);

static struct emit begin_stub(const struct cache *cache, uint32_t at, uint32_t max_bytes)
{
    uint8_t *start = cache->write + at;
    return (struct emit){
        .start = start, .at = start, .end = start + max_bytes, .exec = cache->exec + at};
}

/* Where returns go whose target must be looked up. */
static void write_return_stub(struct cache *cache, uint32_t at)
{
    struct emit emit = begin_stub(cache, at, 64);
    struct host_mem entry = host_mem_index(R14, R9, 8, 0), slot = host_mem_index(R10, R8, 4, 0);
    struct host_mem base = host_mem_base(R9, (int32_t)cache->exec), back = host_mem_base(RSP, -8);
    if (at == STUB_LANDING) {
        emit_mov_rr64(&emit, RCX, R9);
    } else {
        emit_lea64(&emit, RSP, &back);
    }
    emit_mov_ri32(&emit, R9, 12);
    emit_shrx32(&emit, R9, R8, R9);
    emit_load64(&emit, R10, &entry);
    emit_load32(&emit, R9, &slot);
    emit_lea64(&emit, R9, &base);
    emit_jmp_reg(&emit, R9);
    BUG_ON(emit.overflow);
}

/* rcx is the guest's again; where the call came from lies on the stack. */
static void write_bridge_stub(struct cache *cache)
{
    struct emit emit = begin_stub(cache, STUB_BRIDGE, CACHE_STUB_BYTES - STUB_BRIDGE);
    struct host_mem entry = host_mem_base(R15, CPU_HELPER_AT(HELPER_BRIDGE));
    emit_mov_rr64(&emit, RCX, R9);
    emit_jmp_mem(&emit, &entry);
    BUG_ON(emit.overflow);
}

void run_write_stubs(struct run *run)
{
    static const struct {
        uint32_t at, helper;
    } stubs[] = {{STUB_MISS, HELPER_MISS}, {STUB_STEP, HELPER_STEP}, {STUB_CROSS, HELPER_CROSS}};
    for (unsigned i = 0; i < ARRAY_SIZE(stubs); i++) {
        struct emit emit = begin_stub(run->cache, stubs[i].at, 32);
        struct host_mem entry = host_mem_base(R15, CPU_HELPER_AT(stubs[i].helper));
        emit_jmp_mem(&emit, &entry);
    }
    write_return_stub(run->cache, STUB_LANDING);
    write_return_stub(run->cache, STUB_BOTTOM);
    write_bridge_stub(run->cache);
}

static uint64_t cpu_map_bytes(void)
{
    return CPU_GATE_BYTES + ((sizeof(struct cpu) + 4095) & ~UINT64_C(4095));
}

struct cpu *run_map_cpu(void)
{
    uint8_t *map =
        mmap(NULL, cpu_map_bytes(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) {
        return NULL;
    }
    if (mprotect(map + CPU_GATE_BYTES, cpu_map_bytes() - CPU_GATE_BYTES, PROT_READ | PROT_WRITE)) {
        munmap(map, cpu_map_bytes());
        return NULL;
    }
    return (struct cpu *)(map + CPU_GATE_BYTES);
}

void run_unmap_cpu(struct cpu *cpu)
{
    munmap((uint8_t *)cpu - CPU_GATE_BYTES, cpu_map_bytes());
}

enum { STACKS_ALL = CPU_STACKS * STACKS_STRIDE + STACKS_GUARD };

/* The stacks of guest calls, empty, and behind them the poison page. */
static int map_stacks(struct run *run)
{
    struct cpu *cpu = run->cpu;
    run->stacks = mmap(NULL, STACKS_ALL + 4096, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (run->stacks == MAP_FAILED) {
        return -errno;
    }
    run->poison = (uint64_t)run->stacks + STACKS_ALL;
    stacks_begin(cpu, (uint64_t)run->stacks);
    for (unsigned i = 0; i < CPU_STACKS; i++) {
        if (mprotect(run->stacks + i * STACKS_STRIDE + STACKS_GUARD, STACKS_BYTES,
                     PROT_READ | PROT_WRITE) != 0) {
            return -errno;
        }
        *(uint64_t *)stacks_top(cpu, i) = run->cache->exec + STUB_BOTTOM;
    }
    return 0;
}

int run_create(struct run *run, struct cpu *cpu, struct cache *cache, struct view *view)
{
    memset(run, 0, sizeof(*run));
    run->cpu = cpu;
    run->cache = cache;
    run->view = view;
    int error = map_stacks(run);
    if (error) {
        return error;
    }
    cpu->scratch[SCRATCH_CACHE_EXEC] = cache->exec;
    cpu->scratch[SCRATCH_GS] = ~UINT64_C(0);
    cpu->scratch[SCRATCH_FS] = view_supervisor_window(view);
    cpu->scratch[SCRATCH_HOST_FS] = run_read_fs();
    if (!(uint32_t)cpu->scratch[SCRATCH_HOST_FS]) { /* enter.S takes it for a window's */
        return -EADDRNOTAVAIL;
    }
    cpu->helper[HELPER_LIGHT] = (uint64_t)run_light;
    cpu->helper[HELPER_LIGHT_END] = (uint64_t)run_light_end;
    cpu->helper[HELPER_TARGET] = (uint64_t)run_target;
    cpu->helper[HELPER_MISS] = (uint64_t)run_exit_miss;
    cpu->helper[HELPER_STEP] = (uint64_t)run_exit_step;
    cpu->helper[HELPER_CROSS] = (uint64_t)run_exit_cross;
    cpu->helper[HELPER_BRIDGE] = (uint64_t)run_bridge;
    run_write_stubs(run);
    return 0;
}

void run_destroy(struct run *run)
{
    if (run->stacks && run->stacks != MAP_FAILED) {
        munmap(run->stacks, STACKS_ALL + 4096);
    }
    if (run->alternate_map) {
        munmap(run->alternate_map, RUN_ALTERNATE_MAP_BYTES);
    }
}

void run_kick(struct run *run)
{
    __atomic_store_n(&run->cpu->exit_request, 1, __ATOMIC_RELAXED);
}

void run_interrupt(struct run *run)
{
    run_kick(run);
    if (run->tid) {
        syscall(SYS_tgkill, getpid(), run->tid, HOST_KICK_SIGNAL);
    }
}
