/* cpuid.c - what the guest is told it runs on (SDM vol. 2, "CPUID"). A lever: design.md section 9.
 *
 * A feature is offered if the host has it *and* it works here, never otherwise. No local APIC, MCE,
 * XSAVE, AVX, long mode. The host's answers were read once, at reset.
 */
#include "x86/cpuid.h"
#include "emul/local.h"

struct leaf {
    uint32_t eax, ebx, ecx, edx;
};

enum { MAX_BASIC = 0x16 };
static const uint32_t MAX_EXTENDED = 0x80000008u, HYPERVISOR = 0x40000000u,
                      MAX_HYPERVISOR = 0x40000010u;

static const uint32_t EDX1_ALWAYS = CPUID_VME | CPUID_DE | CPUID_PSE | CPUID_TSC | CPUID_MSR |
                                    CPUID_PAE | CPUID_SEP | CPUID_MTRR | CPUID_PGE | CPUID_PAT;
static const uint32_t EDX1_IF_HOST = CPUID_FPU | CPUID_CX8 | CPUID_CMOV | CPUID_CLFLUSH |
                                     CPUID_MMX | CPUID_FXSR | CPUID_SSE | CPUID_SSE2;
static const uint32_t ECX1_IF_HOST = CPUID_SSE3 | CPUID_PCLMULQDQ | CPUID_SSSE3 | CPUID_SSE41 |
                                     CPUID_SSE42 | CPUID_MOVBE | CPUID_POPCNT | CPUID_AES |
                                     CPUID_RDRAND;
static const uint32_t EBX7_IF_HOST = CPUID7_EBX_ERMS | CPUID7_EBX_RDSEED | CPUID7_EBX_SHA;

/* Deterministic cache parameters: type, level, ways, sets; 64-byte lines, not shared. */
static void cache_leaf(uint32_t index, struct leaf *leaf)
{
    static const struct {
        uint8_t type, level, ways;
        uint16_t sets;
    } cache[] = {
        {1, 1, 8, 64},
        {2, 1, 8, 64},
        {3, 2, 8, 512},
        {3, 3, 16, 8192},
    };
    if (index < ARRAY_SIZE(cache)) {
        leaf->eax = cache[index].type | (uint32_t)cache[index].level << 5 | 1u << 8;
        leaf->ebx = (uint32_t)(cache[index].ways - 1) << 22 | (64 - 1);
        leaf->ecx = cache[index].sets - 1;
    }
}

/* 15H so that EBX / EAX * ECX is the TSC's frequency: Linux then calibrates nothing. */
static void tsc_leaf(const struct cpu *cpu, struct leaf *leaf)
{
    uint64_t hz = cpu->tsc_hz;
    uint32_t ratio = 1;
    while (hz > UINT32_MAX) {
        hz /= 2;
        ratio *= 2;
    }
    if (hz) {
        leaf->eax = 1;
        leaf->ebx = ratio;
        leaf->ecx = (uint32_t)hz;
    }
}

static void feature_leaf(const struct cpu *cpu, struct leaf *leaf)
{
    leaf->eax = CPUID_SIGNATURE;
    leaf->ebx = 8u << 8 | 1u << 16; /* CLFLUSH line 8 * 8 bytes, one logical processor */
    leaf->ecx = (cpu->host_cpuid.ecx1 & ECX1_IF_HOST) | CPUID_HYPERVISOR;
    leaf->edx = (cpu->host_cpuid.edx1 & EDX1_IF_HOST) | EDX1_ALWAYS;
}

static void basic_leaf(const struct cpu *cpu, uint32_t number, uint32_t index, struct leaf *leaf)
{
    const uint32_t mhz = (uint32_t)(cpu->tsc_hz / 1000000);
    switch (number) {
    case 0:
        *leaf = (struct leaf){MAX_BASIC, 0x756e6547, 0x6c65746e, 0x49656e69};
        break;
    case 1:
        feature_leaf(cpu, leaf);
        break;
    case 2:
        *leaf = (struct leaf){0x76036301, 0x00f0b5ff, 0, 0x00c10000};
        break; /* see leaf 4 */
    case 4:
        cache_leaf(index, leaf);
        break;
    case 7:
        if (index == 0) {
            leaf->ebx = CPUID7_EBX_TSC_ADJUST | (cpu->host_cpuid.ebx7 & EBX7_IF_HOST);
            leaf->edx = CPUID7_EDX_SPEC_CTRL | CPUID7_EDX_ARCH_CAPABILITIES;
        }
        break;
    case 0x15:
        tsc_leaf(cpu, leaf);
        break;
    case 0x16:
        *leaf = (struct leaf){mhz, mhz, 100, 0};
        break;
    }
}

/* Twelve or sixteen characters as registers hold them. */
static uint32_t four_chars(const char *text)
{
    return (uint8_t)text[0] | (uint32_t)(uint8_t)text[1] << 8 | (uint32_t)(uint8_t)text[2] << 16 |
           (uint32_t)(uint8_t)text[3] << 24;
}

static void extended_leaf(const struct cpu *cpu, uint32_t number, struct leaf *leaf)
{
    static const char brand[48] = "plex86 Virtual CPU";
    const uint32_t edx81 = CPUID81_EDX_NX | CPUID81_EDX_RDTSCP;
    const char *part = brand + 16 * (number - 0x80000002u);
    switch (number) {
    case 0x80000000u:
        leaf->eax = MAX_EXTENDED;
        break;
    case 0x80000001u:
        leaf->ecx = CPUID81_ECX_LAHF;
        leaf->edx = cpu->host_cpuid.edx81 & edx81;
        break;
    case 0x80000002u:
    case 0x80000003u:
    case 0x80000004u:
        *leaf = (struct leaf){four_chars(part), four_chars(part + 4), four_chars(part + 8),
                              four_chars(part + 12)};
        break;
    case 0x80000006u:
        leaf->ecx = 256u << 16 | 6u << 12 | 64;
        break; /* L2: 256 KiB, 8-way */
    case 0x80000007u:
        leaf->edx = CPUID87_EDX_INVARIANT_TSC;
        break;
    case 0x80000008u:
        leaf->eax = 32u << 8 | CPUID_PHYS_BITS;
        break;
    }
}

static void hypervisor_leaf(const struct cpu *cpu, uint32_t number, struct leaf *leaf)
{
    if (number == HYPERVISOR) {
        *leaf = (struct leaf){MAX_HYPERVISOR, four_chars("plex"), four_chars("86pl"),
                              four_chars("ex86")};
    } else if (number == MAX_HYPERVISOR) {
        leaf->eax = (uint32_t)(cpu->tsc_hz / 1000); /* TSC in kHz, as VMware's and KVM's leaf */
    }
}

/* Never faults, in any mode and ring. */
enum light_result emul_cpuid(struct cpu *cpu, const struct insn *insn)
{
    (void)insn;
    struct leaf leaf = {0, 0, 0, 0};
    const uint32_t number = cpu_reg(cpu, GPR_EAX), index = cpu_reg(cpu, GPR_ECX);
    if (number >= HYPERVISOR && number < HYPERVISOR + 0x10000) {
        hypervisor_leaf(cpu, number, &leaf);
    } else if (number >= 0x80000000u && number <= MAX_EXTENDED) {
        extended_leaf(cpu, number, &leaf);
    } else { /* beyond the last leaf Intel's CPUs answer with the highest basic one */
        basic_leaf(cpu, number <= MAX_BASIC ? number : MAX_BASIC, index, &leaf);
    }
    cpu_set_reg(cpu, GPR_EAX, leaf.eax);
    cpu_set_reg(cpu, GPR_EBX, leaf.ebx);
    cpu_set_reg(cpu, GPR_ECX, leaf.ecx);
    cpu_set_reg(cpu, GPR_EDX, leaf.edx);
    return LIGHT_NEXT;
}
