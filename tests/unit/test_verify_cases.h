/* test_verify_cases.h - hand-made host code for test_verify_rules.c: each one guest instruction,
 * with the rule that must stop it. */
#ifndef TESTS_UNIT_TEST_VERIFY_CASES_H
#define TESTS_UNIT_TEST_VERIFY_CASES_H

#include "verify/verify.h"

/* Host bytes in hex; "aux": the string instruction begins; "jmp:X": jmp to host address X; "@R",
 * "@C",
 * "@H", "@E", "@P", "@A": light calls OP_RESOLVE, OP_COMMIT, CPUID, IRET, OP_PLANT, OP_PLANT_AFTER;
 * "@F": OP_POPF_LATE; "@J": OP_TARGET; "@S": OP_MOV_TO_SEG; "@T": CPUID by INT3; "@Q": planted
 * CPUID; "@B": planted OP_PLANT; "@0": without the call; "@N", "@M": IRET, CPUID by
 * HELPER_LIGHT_END; "@X", "@O": with a bad site, a bad operation. flag: M the guest's bytes are
 * known, B a mode with segment bases, L calls have landings, U ring 3. The AT&T text is what the
 * bytes were assembled from. rule N_VERIFY_RULES: must pass. */
static const struct rule_case {
    enum verify_rule rule;
    char flag;
    const char *text, *code;
} cases[] = {
    {N_VERIFY_RULES, 0, "xorl %eax, %eax", "31 c0"},
    {N_VERIFY_RULES, 0, "nop", "90"},
    {N_VERIFY_RULES, 0, "addl %fs:(%ecx), %eax", "64 67 03 01"},
    {N_VERIFY_RULES, 'U', "addl %gs:(%ecx), %eax", "65 67 03 01"},
    {N_VERIFY_RULES, 0, "movl 4(%r13,%rbx), %eax", "41 8b 44 1d 04"},
    {N_VERIFY_RULES, 0, "movl 8(%r12), %eax", "41 8b 44 24 08"},
    {N_VERIFY_RULES, 0, "movl %eax, -4(%r12); leaq -4(%r12), %r12",
     "41 89 44 24 fc 4d 8d 64 24 fc"},
    {N_VERIFY_RULES, 0, "movl (%r12), %eax; leaq 4(%r12), %r12", "41 8b 04 24 4d 8d 64 24 04"},
    {N_VERIFY_RULES, 0, "movl $0x12345678, %r12d; movl %r12d, %r12d; leaq (%r13,%r12), %r12",
     "41 bc 78 56 34 12 45 89 e4 4f 8d 64 25 00"},
    {N_VERIFY_RULES, 0, "leaq (%r13,%rdi), %rdi; AUX; stosb; movl %edi, %edi",
     "49 8d 7c 3d 00 aux aa 89 ff"},
    {N_VERIFY_RULES, 0,
     "leaq (%r13,%rsi), %rsi; leaq (%r13,%rdi), %rdi; AUX; rep movsl; movl %esi, %esi;"
     " movl %edi, %edi",
     "49 8d 74 35 00 49 8d 7c 3d 00 aux f3 a5 89 f6 89 ff"},
    {N_VERIFY_RULES, 0,
     "movl $21, %r9d; shrxl %r9d, %edi, %r9d; movq 832(%r15,%r9,8), %r9; leaq (%r9,%rdi),"
     " %rdi; AUX; rep stosl; movl %edi, %edi",
     "41 b9 15 00 00 00 c4 62 33 f7 cf 4f 8b 8c cf 40 03 00 00 49 8d 3c 39 aux f3 ab 89 ff"},
    {N_VERIFY_RULES, 0,
     "leal 4(%rax), %r8d; movl $21, %r9d; shrxl %r9d, %r8d, %r9d; movq 832(%r15,%r9,8),"
     " %r9; movl %ecx, (%r9,%r8)",
     "44 8d 40 04 41 b9 15 00 00 00 c4 42 33 f7 c8 4f 8b 8c cf 40 03 00 00 43 89 0c 01"},
    {N_VERIFY_RULES, 0, "movq 112(%r15), %r9; movl (%r9), %r9d; movl %fs:4(%eax,%r9d), %ecx",
     "4d 8b 4f 70 45 8b 09 64 67 42 8b 4c 08 04"},
    {N_VERIFY_RULES, 0, "@R; movq 768(%r15), %r8; addl %eax, (%r8); @C",
     "@R 4d 8b 87 00 03 00 00 41 01 00 @C"},
    {N_VERIFY_RULES, 0, "@H", "@H"},
    {N_VERIFY_RULES, 0, "@N; jmp *%r10", "@N 41 ff e2"},
    {RULE_HELPER, 0, "@N", "@N"},
    {RULE_HELPER, 0, "@N; jmp *%r9", "@N 41 ff e1"},
    {RULE_HELPER, 0, "@N; nop; jmp *%r10", "@N 90 41 ff e2"},
    {RULE_HELPER, 0, "@M; jmp *%r10", "@M 41 ff e2"},
    {RULE_INDIRECT, 0, "jmp *%r10", "41 ff e2"},
    {N_VERIFY_RULES, 0, "movl %eax, %r8d; @J; movl %r8d, %ecx", "41 89 c0 @J 44 89 c1"},
    {RULE_HELPER, 0, "@J", "@J"},
    {RULE_HELPER, 'M', "movl %eax, %r8d; @J", "41 89 c0 @J"},
    {RULE_HELPER, 0, "movl %eax, %r8d; movq $0, %r10; call *target(%r15)",
     "41 89 c0 49 ba 00 00 00 00 00 00 00 00 41 ff 97 30 01 00 00"},
    {RULE_CPU_WRITE, 0, "movl $1, target(%r15)", "41 c7 87 28 03 00 00 01 00 00 00"},
    {RULE_CPU_WRITE, 0, "movl %r9d, target(%r15)", "45 89 8f 28 03 00 00"},
    {RULE_CPU_READ, 0, "movl target(%r15), %r8d", "45 8b 87 28 03 00 00"},
    {N_VERIFY_RULES, 0, "@E", "@E"},
    {N_VERIFY_RULES, 0, "@P", "@P"},
    {N_VERIFY_RULES, 0, "@P; addl %eax, %ecx", "@P 01 c1"},
    {N_VERIFY_RULES, 0, "movl $CPUID, %r9d; movq $site, %r8; int3", "@T"},
    {N_VERIFY_RULES, 0, "addl %eax, %ecx; @A", "01 c1 @A"},
    {N_VERIFY_RULES, 0, "movq count(%r15), %r8; leaq 1(%r8), %r8; movq %r8, count(%r15); incl %eax",
     "4d 8b 87 e8 43 00 00 4d 8d 40 01 4d 89 87 e8 43 00 00 ff c0"},
    {RULE_COUNT, 0, "incl %eax; movq count(%r15), %r8; leaq 1(%r8), %r8; movq %r8, count(%r15)",
     "ff c0 4d 8b 87 e8 43 00 00 4d 8d 40 01 4d 89 87 e8 43 00 00"},
    {RULE_COUNT, 0, "movq count(%r15), %r8; leaq 2(%r8), %r8", "4d 8b 87 e8 43 00 00 4d 8d 40 02"},
    {RULE_COUNT, 0, "movq count(%r15), %r8; movq %r8, count(%r15)",
     "4d 8b 87 e8 43 00 00 4d 89 87 e8 43 00 00"},
    {RULE_COUNT, 0, "movq count(%r15), %r8; leaq 1(%r8), %r8; movq %r8, count+8(%r15)",
     "4d 8b 87 e8 43 00 00 4d 8d 40 01 4d 89 87 f0 43 00 00"},
    {RULE_COUNT, 0, "movq count(%r15), %r8; leaq 1(%r8), %r8; movq %r8, count(%r15) twice",
     "4d 8b 87 e8 43 00 00 4d 8d 40 01 4d 89 87 e8 43 00 00 4d 89 87 e8 43 00 00"},
    {RULE_COUNT, 0, "movq %rax, count(%r15)", "49 89 87 e8 43 00 00"},
    {RULE_CPU_READ, 0, "movq count+4(%r15), %r8", "4d 8b 87 ec 43 00 00"},
    {RULE_CPU_READ, 0, "movl count(%r15), %eax", "41 8b 87 e8 43 00 00"},
    {RULE_DEST, 0, "movq count(%r15), %rcx", "49 8b 8f e8 43 00 00"},
    {RULE_CPU_READ, 0, "movq hot_imm(%r15), %r8", "4d 8b 87 e8 c3 00 00"},
    {N_VERIFY_RULES, 0, "movl hot_imm(%r15), %eax", "41 8b 87 e8 c3 00 00"},
    {N_VERIFY_RULES, 0, "addl hot_imm+4(%r15), %ecx", "41 03 8f ec c3 00 00"},
    {RULE_CPU_READ, 0, "movl hot_imm+2(%r15), %eax", "41 8b 87 ea c3 00 00"},
    {RULE_CPU_READ, 0, "movl hot_imm end(%r15), %eax", "41 8b 87 e8 c4 00 00"},
    {RULE_CPU_WRITE, 0, "movl %eax, hot_imm(%r15)", "41 89 87 e8 c3 00 00"},
    {RULE_CPU_WRITE, 0, "addl %ecx, hot_imm(%r15)", "41 01 8f e8 c3 00 00"},
    {RULE_CPU_READ, 0, "movq left end(%r15), %r8", "4d 8b 87 48 45 01 00"},
    {N_VERIFY_RULES, 0, "movq left(%r15), %r8; leaq -1(%r8), %r8; movq %r8, left(%r15); incl %eax",
     "4d 8b 87 48 c5 00 00 4d 8d 40 ff 4d 89 87 48 c5 00 00 ff c0"},
    {RULE_COUNT, 0, "movq left(%r15), %r8; leaq 1(%r8), %r8", "4d 8b 87 48 c5 00 00 4d 8d 40 01"},
    {RULE_COUNT, 0, "movq count(%r15), %r8; leaq -1(%r8), %r8", "4d 8b 87 e8 43 00 00 4d 8d 40 ff"},
    {RULE_COUNT, 0, "incl %eax; movq left(%r15), %r8; leaq -1(%r8), %r8; movq %r8, left(%r15)",
     "ff c0 4d 8b 87 48 c5 00 00 4d 8d 40 ff 4d 89 87 48 c5 00 00"},
    {N_VERIFY_RULES, 0,
     "movq %rcx, %r8; movq left(%r15), %rcx; jrcxz 1f; movq %r8, %rcx; jmp 2f; 1: movq %r8, %rcx; "
     "@P; 2: incl %eax",
     "49 89 c8 49 8b 8f 48 c5 00 00 e3 05 4c 89 c1 eb 1a 4c 89 c1 @P ff c0"},
    {RULE_COUNT, 0,
     "movq %rcx, %r8; movq left(%r15), %rcx; jrcxz 1f; 1: movq %r8, %rcx; incl %eax (no call)",
     "49 89 c8 49 8b 8f 48 c5 00 00 e3 00 4c 89 c1 ff c0"},
    {RULE_COUNT, 0, "the same with another call",
     "49 89 c8 49 8b 8f 48 c5 00 00 e3 05 4c 89 c1 eb 1a 4c 89 c1 @H"},
    {RULE_BOUNDARY, 0, "movq left(%r15), %rcx", "49 8b 8f 48 c5 00 00"},
    {RULE_PRECISE, 0, "incl %eax; @P", "ff c0 @P"},
    {RULE_PRECISE, 0, "incl %eax; @Q", "ff c0 @Q"},
    {RULE_PRECISE, 0, "@Q; @Q", "@Q @Q"},
    {RULE_HELPER, 0, "@B", "@B"},
    {N_VERIFY_RULES, 0, "@Q", "@Q"},
    {RULE_HELPER, 0, "@0; incl %eax; int3", "@0 ff c0 41 b8 00 00 00 00 cc"},
    {RULE_SOURCE, 0, "rorxl $8, %eax, %r10d; addb %fs:(%r8d,%ebx), %r10b",
     "c4 63 7b f0 d0 08 64 67 45 02 14 18"},
    {N_VERIFY_RULES, 0,
     "rorxl $8, %eax, %r10d; addb 4(%r12), %r10b; rorxl $8, %eax, %eax; movb %r10b, %al;"
     " rorxl $24, %eax, %eax",
     "c4 63 7b f0 d0 08 45 02 54 24 04 c4 e3 7b f0 c0 08 44 88 d0 c4 e3 7b f0 c0 18"},
    {N_VERIFY_RULES, 0, "movl $0, 72(%r15)", "41 c7 47 48 00 00 00 00"},
    {N_VERIFY_RULES, 0,
     "movq %rax, %r8; movl $0, %r10d; lahf; seto %r10b; movzbl %ah, %eax; movl %eax, %r9d; movq "
     "%r8, %rax; ...",
     "49 89 c0 41 ba 00 00 00 00 9f 41 0f 90 c2 0f b6 c4 41 89 c1 4c 89 c0 c4 43 7b f0 d2 15 45 8b "
     "47 4c 47 8d 04 08 45 8b 4f 48 47 8d 0c 11 45 8b 57 58 47 8d 0c 11 47 8d 04 08 45 89 44 24 fc "
     "4d 8d 64 24 fc"},
    {RULE_FLAGS, 0, "movl $0, %r10d; lahf; seto ... without rax saved",
     "41 ba 00 00 00 00 9f 41 0f 90 c2 0f b6 c4 41 89 c1 4c 89 c0 c4 43 7b f0 d2 15 45 8b 47 4c 47 "
     "8d 04 08 45 8b 4f 48 47 8d 0c 11 45 8b 57 58 47 8d 0c 11 47 8d 04 08 45 89 44 24 fc 4d 8d 64 "
     "24 fc"},
    {RULE_FLAGS, 0, "movq %rax, %r8; movl $1, %r10d; lahf; seto ...",
     "49 89 c0 41 ba 01 00 00 00 9f 41 0f 90 c2 0f b6 c4 41 89 c1 4c 89 c0 c4 43 7b f0 d2 15 45 8b "
     "47 4c 47 8d 04 08 45 8b 4f 48 47 8d 0c 11 45 8b 57 58 47 8d 0c 11 47 8d 04 08 45 89 44 24 fc "
     "4d 8d 64 24 fc"},
    {RULE_PRECISE, 0, "addl %eax, %ecx; lahf; seto ...",
     "01 c1 49 89 c0 41 ba 00 00 00 00 9f 41 0f 90 c2 0f b6 c4 41 89 c1 4c 89 c0 c4 43 7b f0 d2 15 "
     "45 8b 47 4c 47 8d 04 08 45 8b 4f 48 47 8d 0c 11 45 8b 57 58 47 8d 0c 11 47 8d 04 08 45 89 44 "
     "24 fc 4d 8d 64 24 fc"},
    {RULE_MNEMONIC, 'M', "lahf for sub",
     "49 89 c0 41 ba 00 00 00 00 9f 41 0f 90 c2 0f b6 c4 41 89 c1 4c 89 c0 c4 43 7b f0 d2 15 45 8b "
     "47 4c 47 8d 04 08 45 8b 4f 48 47 8d 0c 11 45 8b 57 58 47 8d 0c 11 47 8d 04 08 45 89 44 24 fc "
     "4d 8d 64 24 fc"},
    {N_VERIFY_RULES, 0, "POPF, ring 0",
     "45 8b 04 24 49 89 c2 45 8b 4f 4c 45 0b 4f 58 45 33 c8 41 81 e1 00 75 24 00 45 0b 4f 50 74 19 "
     "@F eb 2b 45 8b c8 41 81 e1 00 02 00 00 45 89 4f 48 c4 c3 7b f0 c0 18 c4 43 7b f0 c0 0b 41 83 "
     "e0 01 41 80 c0 7f 9e 4c 89 d0 4d 8d 64 24 04"},
    {N_VERIFY_RULES, 'U', "POPF, ring 3",
     "45 8b 04 24 49 89 c2 45 8b 4f 4c 45 0b 4f 58 45 0b 4f 48 45 33 c8 41 81 e1 00 77 24 00 74 19 "
     "@F eb 1d c4 c3 7b f0 c0 18 c4 43 7b f0 c0 0b 41 83 e0 01 41 80 c0 7f 9e 4c 89 d0 4d 8d 64 24 "
     "04"},
    {RULE_MEM_MODE, 'U', "POPF of ring 0 in ring 3",
     "45 8b 04 24 49 89 c2 45 8b 4f 4c 45 0b 4f 58 45 33 c8 41 81 e1 00 75 24 00 45 0b 4f 50 74 19 "
     "@F eb 2b 45 8b c8 41 81 e1 00 02 00 00 45 89 4f 48 c4 c3 7b f0 c0 18 c4 43 7b f0 c0 0b 41 83 "
     "e0 01 41 80 c0 7f 9e 4c 89 d0 4d 8d 64 24 04"},
    {RULE_MEM_MODE, 0, "POPF of ring 3 in ring 0",
     "45 8b 04 24 49 89 c2 45 8b 4f 4c 45 0b 4f 58 45 0b 4f 48 45 33 c8 41 81 e1 00 77 24 00 74 19 "
     "@F eb 1d c4 c3 7b f0 c0 18 c4 43 7b f0 c0 0b 41 83 e0 01 41 80 c0 7f 9e 4c 89 d0 4d 8d 64 24 "
     "04"},
    {RULE_MEM_MODE, 'M', "POPF for sub",
     "45 8b 04 24 49 89 c2 45 8b 4f 4c 45 0b 4f 58 45 33 c8 41 81 e1 00 75 24 00 45 0b 4f 50 74 19 "
     "@F eb 2b 45 8b c8 41 81 e1 00 02 00 00 45 89 4f 48 c4 c3 7b f0 c0 18 c4 43 7b f0 c0 0b 41 83 "
     "e0 01 41 80 c0 7f 9e 4c 89 d0 4d 8d 64 24 04"},
    {RULE_FLAGS, 0, "POPF that sets no IF",
     "45 8b 04 24 49 89 c2 45 8b 4f 4c 45 0b 4f 58 45 33 c8 41 81 e1 00 75 24 00 45 0b 4f 50 74 19 "
     "@F eb 1d c4 c3 7b f0 c0 18 c4 43 7b f0 c0 0b 41 83 e0 01 41 80 c0 7f 9e 4c 89 d0 4d 8d 64 24 "
     "04"},
    {RULE_FLAGS, 0, "POPF, rax not saved",
     "45 8b 04 24 45 8b 4f 4c 45 0b 4f 58 45 33 c8 41 81 e1 00 75 24 00 45 0b 4f 50 74 19 @F eb 2b "
     "45 8b c8 41 81 e1 00 02 00 00 45 89 4f 48 c4 c3 7b f0 c0 18 c4 43 7b f0 c0 0b 41 83 e0 01 41 "
     "80 c0 7f 9e 4c 89 d0 4d 8d 64 24 04"},
    {RULE_FLAGS, 0, "POPF of a word that was not read: movl %ebx, %r8d",
     "41 89 d8 49 89 c2 45 8b 4f 4c 45 0b 4f 58 45 33 c8 41 81 e1 00 75 24 00 45 0b 4f 50 74 19 @F "
     "eb 2b 45 8b c8 41 81 e1 00 02 00 00 45 89 4f 48 c4 c3 7b f0 c0 18 c4 43 7b f0 c0 0b 41 83 e0 "
     "01 41 80 c0 7f 9e 4c 89 d0 4d 8d 64 24 04"},
    {RULE_FLAGS, 0, "POPF of another word: movl %ebx, %r8d behind the comparison",
     "45 8b 04 24 49 89 c2 45 8b 4f 4c 45 0b 4f 58 45 33 c8 41 81 e1 00 75 24 00 45 0b 4f 50 74 19 "
     "@F eb 2e 41 89 d8 45 8b c8 41 81 e1 00 02 00 00 45 89 4f 48 c4 c3 7b f0 c0 18 c4 43 7b f0 c0 "
     "0b 41 83 e0 01 41 80 c0 7f 9e 4c 89 d0 4d 8d 64 24 04"},
    {RULE_FLAGS, 0, "POPF, the flags are left as they are",
     "45 8b 04 24 49 89 c2 45 8b 4f 4c 45 0b 4f 58 45 33 c8 41 81 e1 00 75 24 00 45 0b 4f 50 74 19 "
     "@F eb 09 90 4c 89 d0 4d 8d 64 24 04"},
    {RULE_FLAGS, 0, "POPF, CPUID with the flags gone",
     "45 8b 04 24 49 89 c2 45 8b 4f 4c 45 0b 4f 58 45 33 c8 41 81 e1 00 75 24 00 45 0b 4f 50 74 19 "
     "@H eb 2b 45 8b c8 41 81 e1 00 02 00 00 45 89 4f 48 c4 c3 7b f0 c0 18 c4 43 7b f0 c0 0b 41 83 "
     "e0 01 41 80 c0 7f 9e 4c 89 d0 4d 8d 64 24 04"},
    {RULE_FLAGS, 0, "POPF, nothing where it is not the usual one",
     "45 8b 04 24 49 89 c2 45 8b 4f 4c 45 0b 4f 58 45 33 c8 41 81 e1 00 75 24 00 45 0b 4f 50 74 02 "
     "eb 2b 45 8b c8 41 81 e1 00 02 00 00 45 89 4f 48 c4 c3 7b f0 c0 18 c4 43 7b f0 c0 0b 41 83 e0 "
     "01 41 80 c0 7f 9e 4c 89 d0 4d 8d 64 24 04"},
    {RULE_FLAGS, 0, "OP_POPF_LATE with the flags live", "@F"},
    {RULE_FLAGS, 0, "orl intr, ...; sahf without a comparison",
     "45 8b 04 24 49 89 c2 45 8b c8 41 81 e1 00 02 00 00 45 89 4f 48 c4 c3 7b f0 c0 18 c4 43 7b f0 "
     "c0 0b 41 83 e0 01 41 80 c0 7f 9e 4c 89 d0 4d 8d 64 24 04"},
    {RULE_PRECISE, 0, "POPF, a load with the flags gone",
     "45 8b 04 24 49 89 c2 45 8b 4f 4c 45 0b 4f 58 45 33 c8 41 81 e1 00 75 24 00 45 0b 4f 50 74 19 "
     "@F eb 2f 64 67 8b 03 45 8b c8 41 81 e1 00 02 00 00 45 89 4f 48 c4 c3 7b f0 c0 18 c4 43 7b f0 "
     "c0 0b 41 83 e0 01 41 80 c0 7f 9e 4c 89 d0 4d 8d 64 24 04"},
    {RULE_TARGET, 0, "POPF that hops out of the instruction",
     "45 8b 04 24 49 89 c2 45 8b 4f 4c 45 0b 4f 58 45 33 c8 41 81 e1 00 75 24 00 45 0b 4f 50 74 7f "
     "@F"},
    {N_VERIFY_RULES, 0, "MOV to FS: movzwl %ax, %r8d; movq %rcx, %r9; the two comparisons; @S",
     "44 0f b7 c0 49 89 c9 45 8b 97 40 c5 00 00 41 f7 d2 43 8d 4c 10 01 e3 02 eb 20 4c 89 c9 45 8b "
     "87 28 c5 00 00 64 67 4d 8b 00 4d 8b 97 08 c5 00 00 49 f7 d2 4b 8d 4c 10 01 e3 1c 4c 89 c9 @S "
     "eb 03 4c 89 c9"},
    {RULE_MEM_MODE, 'U', "the same in ring 3",
     "44 0f b7 c0 49 89 c9 45 8b 97 40 c5 00 00 41 f7 d2 43 8d 4c 10 01 e3 02 eb 20 4c 89 c9 45 8b "
     "87 28 c5 00 00 65 67 4d 8b 00 4d 8b 97 08 c5 00 00 49 f7 d2 4b 8d 4c 10 01 e3 1c 4c 89 c9 @S "
     "eb 03 4c 89 c9"},
    {RULE_MEM_MODE, 'B', "the same with segment bases",
     "44 0f b7 c0 49 89 c9 45 8b 97 40 c5 00 00 41 f7 d2 43 8d 4c 10 01 e3 02 eb 20 4c 89 c9 45 8b "
     "87 28 c5 00 00 64 67 4d 8b 00 4d 8b 97 08 c5 00 00 49 f7 d2 4b 8d 4c 10 01 e3 1c 4c 89 c9 @S "
     "eb 03 4c 89 c9"},
    {RULE_MEM_MODE, 0, "the same for SS",
     "44 0f b7 c0 49 89 c9 45 8b 97 38 c5 00 00 41 f7 d2 43 8d 4c 10 01 e3 02 eb 20 4c 89 c9 45 8b "
     "87 20 c5 00 00 64 67 4d 8b 00 4d 8b 97 f8 c4 00 00 49 f7 d2 4b 8d 4c 10 01 e3 1c 4c 89 c9 @S "
     "eb 03 4c 89 c9"},
    {RULE_SEGMENT, 0, "the descriptor of GS for the selector of FS",
     "44 0f b7 c0 49 89 c9 45 8b 97 40 c5 00 00 41 f7 d2 43 8d 4c 10 01 e3 02 eb 20 4c 89 c9 45 8b "
     "87 2c c5 00 00 64 67 4d 8b 00 4d 8b 97 08 c5 00 00 49 f7 d2 4b 8d 4c 10 01 e3 1c 4c 89 c9 @S "
     "eb 03 4c 89 c9"},
    {RULE_SOURCE, 0, "rcx is not kept",
     "44 0f b7 c0 49 89 c1 45 8b 97 40 c5 00 00 41 f7 d2 43 8d 4c 10 01 e3 02 eb 20 4c 89 c9 45 8b "
     "87 28 c5 00 00 64 67 4d 8b 00 4d 8b 97 08 c5 00 00 49 f7 d2 4b 8d 4c 10 01 e3 1c 4c 89 c9 @S "
     "eb 03 4c 89 c9"},
    {RULE_PRECISE, 0, "the descriptor is loaded while rcx is ours",
     "44 0f b7 c0 49 89 c9 45 8b 97 40 c5 00 00 41 f7 d2 43 8d 4c 10 01 e3 02 eb 20 90 90 90 45 8b "
     "87 28 c5 00 00 64 67 4d 8b 00 4d 8b 97 08 c5 00 00 49 f7 d2 4b 8d 4c 10 01 e3 1c 4c 89 c9 @S "
     "eb 03 4c 89 c9"},
    {RULE_SOURCE, 0, "32 bits are compared with the selector",
     "41 89 c0 49 89 c9 45 8b 97 40 c5 00 00 41 f7 d2 43 8d 4c 10 01 e3 02 eb 20 4c 89 c9 45 8b 87 "
     "28 c5 00 00 64 67 4d 8b 00 4d 8b 97 08 c5 00 00 49 f7 d2 4b 8d 4c 10 01 e3 1c 4c 89 c9 @S eb "
     "03 4c 89 c9"},
    {N_VERIFY_RULES, 0, "cld; movl $0, 88(%r15)", "fc 41 c7 47 58 00 00 00 00"},
    {N_VERIFY_RULES, 0, "std; movl $0x400, 88(%r15)", "fd 41 c7 47 58 00 04 00 00"},
    {RULE_FLAGS, 0, "cld", "fc"},
    {RULE_FLAGS, 0, "std; movl $0, 88(%r15)", "fd 41 c7 47 58 00 00 00 00"},
    {RULE_FLAGS, 0, "movl $0, 88(%r15)", "41 c7 47 58 00 00 00 00"},
    {RULE_FLAGS, 0, "cld; movl $0, 88(%r15) twice",
     "fc 41 c7 47 58 00 00 00 00 41 c7 47 58 00 00 00 00"},
    {N_VERIFY_RULES, 0,
     "movl $0x1234567, %r8d; movq 0x91a0(%r14), %r10; movl (%r10,%r8,4), %r9d; leaq"
     " 0x10000000(%r9), %r9; jmp *%r9",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 41 ff e1"},
    {N_VERIFY_RULES, 0,
     "movl (%r12), %r8d; leaq 4(%r12), %r12; movl $12, %r9d; shrxl %r9d, %r8d, %r9d; movq"
     " (%r14,%r9,8), %r10; movl (%r10,%r8,4), %r9d; leaq 0x10000000(%r9), %r9; movq %r9, (%rsp); "
     "ret",
     "45 8b 04 24 4d 8d 64 24 04 41 b9 0c 00 00 00 c4 42 33 f7 c8 4f 8b 14 ce 47 8b 0c 82 4d 8d"
     " 89 00 00 00 10 4c 89 0c 24 c3"},
    {N_VERIFY_RULES, 0, "movl $0x100, %r8d; JMPHOST 0x10000000", "41 b8 00 01 00 00 jmp:10000000"},
    {N_VERIFY_RULES, 0, "JMPHOST 0x10001000", "jmp:10001000"},
    {N_VERIFY_RULES, 0,
     "movq %rcx, %r9; movq 16(%r14), %rcx; movq $-0x7f0012345678, %r8; leaq (%rcx,%r8),"
     " %rcx; jrcxz 1f; movq %r9, %rcx; movl $0x1ff0, %r8d; JMPHOST 0x10000040; 1: movq %r9, %rcx; "
     "incl %eax",
     "49 89 c9 49 8b 4e 10 49 b8 88 a9 cb ed ff 80 ff ff 4a 8d 0c 01 e3 0e 4c 89 c9 41 b8 f0 1f"
     " 00 00 jmp:10000040 4c 89 c9 ff c0"},
    {N_VERIFY_RULES, 0, ".byte 0x67; .byte 0xe2, 0x02; .byte 0xeb, 0x05; JMPHOST 0x10001000",
     "67 e2 02 eb 05 jmp:10001000"},
    {N_VERIFY_RULES, 0,
     "movl (%r12), %r8d; movl 28(%r12), %r8d; movl (%r12), %edi; movl 4(%r12), %esi; movl"
     " 28(%r12), %eax; leaq 32(%r12), %r12",
     "45 8b 04 24 45 8b 44 24 1c 41 8b 3c 24 41 8b 74 24 04 41 8b 44 24 1c 4d 8d 64 24 20"},
    {RULE_PREFIX, 0, "addl %gs:(%ecx), %eax", "65 67 03 01"}, /* the other window */
    {RULE_PREFIX, 'U', "addl %fs:(%ecx), %eax", "64 67 03 01"},
    {RULE_PREFIX, 0, "addl (%ecx), %eax", "67 03 01"},
    {RULE_PREFIX, 0, ".byte 0x67; addl (%rcx), %eax", "67 03 01"},
    {RULE_PREFIX, 0, "addl %fs:(%rcx), %eax", "64 03 01"},
    {RULE_MEM_FORM, 0, "movl (%rax), %ecx", "8b 08"},
    {RULE_PREFIX, 0, ".byte 0x36; movl (%r12), %eax", "36 41 8b 04 24"},
    {RULE_MEM_FORM, 0, "movl 0x1234(%rip), %eax", "8b 05 34 12 00 00"},
    {RULE_MEM_FORM, 0, "movabsl 0x1122334455667788, %eax", "a1 88 77 66 55 44 33 22 11"},
    {RULE_MEM_FORM, 0, "movl 0x1000, %eax", "8b 04 25 00 10 00 00"},
    {RULE_SET, 0, "syscall", "0f 05"},
    {RULE_SET, 0, "int $0x80", "cd 80"},
    {RULE_HELPER, 0, "int3", "cc"},
    {RULE_SET, 0, "cpuid", "0f a2"},
    {RULE_SET, 0, "rdtsc", "0f 31"},
    {RULE_SET, 0, "wrgsbase %rax", "f3 48 0f ae d8"},
    {RULE_SET, 0, "wrfsbase %rax", "f3 48 0f ae d0"},
    {RULE_SET, 0, "rdgsbase %rax", "f3 48 0f ae c8"},
    {RULE_SET, 0, "xsave (%r12)", "41 0f ae 24 24"},
    {RULE_SET, 0, "cli", "fa"},
    {RULE_SET, 0, "sti", "fb"},
    {RULE_SET, 0, "hlt", "f4"},
    {RULE_SET, 0, "inb $0x80, %al", "e4 80"},
    {RULE_SET, 0, "insb", "6c"},
    {RULE_SET, 0, "iretl", "cf"},
    {RULE_SET, 0, "lret", "cb"},
    {RULE_SET, 0, "xbegin .+10", "c7 f8 04 00 00 00"},
    {RULE_SET, 0, "ljmp *(%r12)", "41 ff 2c 24"},
    {RULE_SET, 0, "lcall *256(%r15)", "41 ff 9f 00 01 00 00"},
    {RULE_SET, 0, "rex.W lcall *256(%r15)", "49 ff 9f 00 01 00 00"},
    {RULE_SET, 0, "rex.W lret", "48 cb"},
    {RULE_SET, 0, "monitor", "0f 01 c8"},
    {RULE_SET, 0, "lfs (%r12), %eax", "41 0f b4 04 24"},
    {RULE_SET, 0, "tzcntl %eax, %ecx", "f3 0f bc c8"},
    {RULE_SET, 0, "lzcntl %eax, %ecx", "f3 0f bd c8"},
    {RULE_SET, 0, "sysenter", "0f 34"},
    {RULE_SET, 0, "popfq", "9d"},
    {RULE_SET, 0, "rdtscp", "0f 01 f9"},
    {RULE_SET, 0, "wrpkru", "0f 01 ef"},
    {RULE_SET, 0, "leave", "c9"},
    {RULE_SET, 0, "enter $8, $0", "c8 08 00 00"},
    {RULE_SET, 0, "pushq %rax", "50"},
    {RULE_SET, 0, "xlatb", "d7"},
    {RULE_SET, 0, "vmovaps %xmm0, %xmm1", "c5 f8 28 c8"},
    {RULE_SET, 0, "ud2", "0f 0b"},
    {RULE_SET, 0, "rdpid %eax", "f3 0f c7 f8"},
    {RULE_REGISTER, 0, "movl %eax, %ds", "8e d8"},
    {RULE_REGISTER, 0, "movq %cr3, %rax", "0f 20 d8"},
    {RULE_REGISTER, 0, "movaps %xmm8, %xmm0", "41 0f 28 c0"},
    {RULE_WIDE, 0, "addq %rcx, %rax", "48 01 c8"},
    {RULE_WIDE, 0, "movq %xmm0, %rax", "66 48 0f 7e c0"},
    {RULE_SET, 0, "movslq %eax, %rcx", "48 63 c8"},
    {RULE_SET, 0, "cmpxchg16b (%r12)", "49 0f c7 0c 24"},
    {RULE_DECODE, 0, ".byte 0x06", "06"},
    {RULE_SOURCE, 0, "movl %r13d, %eax", "44 89 e8"},
    {RULE_SOURCE, 0, "movl %r14d, %eax", "44 89 f0"},
    {RULE_SOURCE, 0, "movl %r15d, %eax", "44 89 f8"},
    {RULE_SOURCE, 0, "movl %esp, %eax", "89 e0"},
    {RULE_SOURCE, 0, "movl %r8d, %eax", "44 89 c0"},
    {RULE_SOURCE, 0, "@H; movl %r9d, %eax", "@H 44 89 c8"},
    {RULE_SOURCE, 0, "movl %r12d, %r8d; addl %r14d, %eax", "45 89 e0 44 01 f0"},
    {RULE_DEST, 0, "movl %eax, %r13d", "41 89 c5"},
    {RULE_DEST, 0, "movl %eax, %r14d", "41 89 c6"},
    {RULE_DEST, 0, "movl $1, %r15d", "41 bf 01 00 00 00"},
    {RULE_SOURCE, 0, "addl $8, %esp", "83 c4 08"},
    {RULE_SOURCE, 0, "subl $8, %esp", "83 ec 08"},
    {RULE_DEST, 0, "leaq 8(%r13), %r13", "4d 8d 6d 08"},
    {RULE_DEST, 0, "leaq 8(%r12), %rsp", "49 8d 64 24 08"},
    {RULE_DEST, 0, "movq $0x1122334455667788, %rax", "48 b8 88 77 66 55 44 33 22 11"},
    {RULE_SOURCE, 0, "movq %r12, %r8", "4d 89 e0"},
    {RULE_DEST, 0, "movq %rcx, %rax", "48 89 c8"},
    {RULE_DEST, 0, "movq 16(%r14), %rax", "49 8b 46 10"},
    {RULE_DEST, 0, "leaq (%r13,%rax), %rax", "49 8d 44 05 00"},
    {RULE_DEST, 0, "leaq (%r13,%rsi), %rdi", "49 8d 7c 35 00"},
    {RULE_DEST, 0, "leaq (%r13,%rax), %rcx", "49 8d 4c 05 00"},
    {RULE_REGISTER, 0, "movb %spl, %al", "40 88 e0"},
    {RULE_DEST, 0, "movb %al, %r12b", "41 88 c4"},
    {RULE_REGISTER, 0, "movb %sil, %al", "40 88 f0"},
    {RULE_SOURCE, 0, "xchgl %eax, %r8d", "41 90"},
    {RULE_BOUNDARY, 0, "movl $0x12345678, %r12d", "41 bc 78 56 34 12"},
    {RULE_BOUNDARY, 0, "movq %rcx, %r9; movq 16(%r14), %rcx", "49 89 c9 49 8b 4e 10"},
    {RULE_BOUNDARY, 0, "leaq 0x30000(%r12), %r12", "4d 8d a4 24 00 00 03 00"},
    {RULE_BOUNDARY, 0, "movl (%r12), %eax; leaq 0x40000(%r12), %r12",
     "41 8b 04 24 4d 8d a4 24 00 00 04 00"},
    {RULE_FOLD, 0, "leaq (%r13,%rdi), %rdi", "49 8d 7c 3d 00"},
    {RULE_FOLD, 0, "leaq (%r13,%rdi), %rdi; AUX; stosb", "49 8d 7c 3d 00 aux aa"},
    {RULE_FOLD, 0, "leaq (%r13,%rdi), %rdi; AUX; stosb; movl %esi, %edi",
     "49 8d 7c 3d 00 aux aa 89 f7"},
    {RULE_FOLD, 0, "leaq (%r13,%rsi), %rsi; leaq (%r13,%rdi), %rdi; AUX; movsb; movl %edi, %edi",
     "49 8d 74 35 00 49 8d 7c 3d 00 aux a4 89 ff"},
    {RULE_STRING, 0, "stosb", "aa"},
    {RULE_STRING, 0, "leaq (%r13,%rdi), %rdi; stosb; movl %edi, %edi", "49 8d 7c 3d 00 aa 89 ff"},
    {RULE_MEM_FORM, 0, "leaq (%r13,%rdi), %rdi; AUX; movsb; movl %edi, %edi",
     "49 8d 7c 3d 00 aux a4 89 ff"},
    {RULE_MEM_FORM, 0, "movl (%r13), %eax; movl 4(%rax,%rcx), %eax", "41 8b 45 00 8b 44 08 04"},
    {RULE_MEM_RANGE, 0, "movl 0x7fffffff(%r13,%rax), %ecx", "41 8b 8c 05 ff ff ff 7f"},
    {RULE_MEM_RANGE, 0, "movl (%r13,%rax,4), %ecx", "41 8b 4c 85 00"},
    {RULE_MEM_RANGE, 0, "btl %eax, -0x7f000000(%r12)", "41 0f a3 84 24 00 00 00 81"},
    {RULE_MEM_FORM, 0, "movl (%r13,%r12), %eax", "43 8b 44 25 00"},
    {RULE_MEM_FORM, 0, "movl (%r12,%r8), %eax", "43 8b 04 04"},
    {RULE_MEM_FORM, 0, "movl 0x100000(%r15), %eax", "41 8b 87 00 00 10 00"},
    {RULE_MEM_FORM, 0, "movl -8(%r15), %eax", "41 8b 47 f8"},
    {RULE_CPU_READ, 0, "movl (%r15), %eax", "41 8b 07"},
    {RULE_CPU_READ, 0, "movq 96(%r15), %r9", "4d 8b 4f 60"},
    {RULE_CPU_READ, 0, "movl 96(%r15), %eax", "41 8b 47 60"},
    {RULE_CPU_READ, 0, "movq 232(%r15), %r8", "4d 8b 87 e8 00 00 00"},
    {RULE_CPU_READ, 0, "movl 76(%r15), %eax", "41 8b 47 4c"},
    {RULE_CPU_READ, 0, "addl 72(%r15), %eax", "41 03 47 48"},
    {RULE_CPU_READ, 0, "movw 164(%r15), %ax", "66 41 8b 87 a4 00 00 00"},
    {RULE_CPU_WRITE, 0, "movl %eax, 72(%r15)", "41 89 47 48"},
    {RULE_CPU_WRITE, 0, "movl $1, 72(%r15)", "41 c7 47 48 01 00 00 00"},
    {RULE_CPU_WRITE, 0, "movl $0, 76(%r15)", "41 c7 47 4c 00 00 00 00"},
    {RULE_CPU_WRITE, 0, "movl $0, 84(%r15)", "41 c7 47 54 00 00 00 00"},
    {RULE_CPU_WRITE, 0, "movq %r8, 256(%r15)", "4d 89 87 00 01 00 00"},
    {RULE_CPU_WRITE, 0, "movl %eax, 768(%r15)", "41 89 87 00 03 00 00"},
    {RULE_CPU_WRITE, 0, "orl $0x200, 72(%r15)", "41 81 4f 48 00 02 00 00"},
    {RULE_CPU_WRITE, 0, "movl $0, 16(%r14)", "41 c7 46 10 00 00 00 00"},
    {RULE_LOOKUP, 0, "movq 832(%r15,%rax,8), %r9", "4d 8b 8c c7 40 03 00 00"},
    {RULE_LOOKUP, 0, "movl $12, %r9d; shrxl %r9d, %edi, %r9d; movq 832(%r15,%r9,8), %r9",
     "41 b9 0c 00 00 00 c4 62 33 f7 cf 4f 8b 8c cf 40 03 00 00"},
    {RULE_LOOKUP, 0, "movl $21, %r9d; shrxl %r9d, %eax, %r9d; movq 840(%r15,%r9,8), %r9",
     "41 b9 15 00 00 00 c4 62 33 f7 c8 4f 8b 8c cf 48 03 00 00"},
    {RULE_LOOKUP, 0,
     "movl $21, %r9d; shrxl %r9d, %eax, %r9d; movq 832(%r15,%r9,8), %r9; movl (%r9,%rcx), %eax",
     "41 b9 15 00 00 00 c4 62 33 f7 c8 4f 8b 8c cf 40 03 00 00 41 8b 04 09"},
    {RULE_LOOKUP, 0,
     "movl $21, %r9d; shrxl %r9d, %eax, %r9d; movq 832(%r15,%r9,8), %r9; movl 4(%r9,%rax), %eax",
     "41 b9 15 00 00 00 c4 62 33 f7 c8 4f 8b 8c cf 40 03 00 00 41 8b 44 01 04"},
    {RULE_LOOKUP, 0, "movq (%r14,%rax,8), %r10", "4d 8b 14 c6"},
    {RULE_LOOKUP, 0, "movq 0x800000(%r14), %r10", "4d 8b 96 00 00 80 00"},
    {RULE_LOOKUP, 0, "movq 4(%r14), %r10", "4d 8b 56 04"},
    {RULE_LOOKUP, 0, "movl $0x1234567, %r8d; movq 0x91a8(%r14), %r10; movl (%r10,%r8,4), %r9d",
     "41 b8 67 45 23 01 4d 8b 96 a8 91 00 00 47 8b 0c 82"},
    {RULE_LOOKUP, 0,
     "movl %eax, %r8d; movl $12, %r9d; shrxl %r9d, %r8d, %r9d; movq (%r14,%r9,8), %r10;"
     " movl %ecx, %r8d; movl (%r10,%r8,4), %r9d",
     "41 89 c0 41 b9 0c 00 00 00 c4 42 33 f7 c8 4f 8b 14 ce 41 89 c8 47 8b 0c 82"},
    {RULE_LOOKUP, 0,
     "movl $0x1234567, %r8d; movq 0x91a0(%r14), %r10; movl (%r10,%r8,4), %r9d; leaq"
     " 0x10000010(%r9), %r9",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 10 00 00 10"},
    {RULE_CPU_READ, 0, "movl 112(%r15), %r9d; movl (%r9), %r9d", "45 8b 4f 70 45 8b 09"},
    {RULE_LOOKUP, 0, "movq 112(%r15), %r9; movl 4(%r9), %r9d", "4d 8b 4f 70 45 8b 49 04"},
    {RULE_CPU_WRITE, 0, "movq 112(%r15), %r9; movl %eax, (%r9)", "4d 8b 4f 70 41 89 01"},
    {RULE_CPU_READ, 0, "movq 116(%r15), %r9", "4d 8b 4f 74"},
    {RULE_STAGING, 0, "movq 768(%r15), %r8", "4d 8b 87 00 03 00 00"},
    {RULE_STAGING, 0, "@R; movq 768(%r15), %r8; movl 4(%r8), %eax",
     "@R 4d 8b 87 00 03 00 00 41 8b 40 04"},
    {RULE_STAGING, 0, "@R; movq 768(%r15), %r8; movaps (%r8), %xmm0",
     "@R 4d 8b 87 00 03 00 00 41 0f 28 00"},
    {RULE_STAGING, 0, "@R; @H; movq 768(%r15), %r8", "@R @H 4d 8b 87 00 03 00 00"},
    {RULE_STAGING, 0, "@R; movq 768(%r15), %r8; btsl %eax, (%r8); @C",
     "@R 4d 8b 87 00 03 00 00 41 0f ab 00 @C"},
    {RULE_COMMIT, 0, "@R; movq 768(%r15), %r8; addl %eax, (%r8)",
     "@R 4d 8b 87 00 03 00 00 41 01 00"},
    {RULE_STAGING, 0, "@C", "@C"},
    {RULE_HOST_STACK, 0, "movq %rax, (%rsp)", "48 89 04 24"},
    {RULE_HOST_STACK, 0, "movl (%rsp), %eax", "8b 04 24"},
    {RULE_SET, 0, "popq %r8", "41 58"},
    {RULE_SET, 0, "pushfq; popq %r8", "9c 41 58"},
    {RULE_HOST_STACK, 0, "ret", "c3"},
    {RULE_SET, 0, "ret $8", "c2 08 00"},
    {RULE_SET, 0, "pushfq", "9c"},
    {RULE_HOST_STACK, 0, "movl 8(%rsp), %eax", "8b 44 24 08"},
    {RULE_HOST_STACK, 0,
     "movl $0x1234567, %r8d; movq 0x91a0(%r14), %r10; movl (%r10,%r8,4), %r9d; leaq"
     " 0x10000000(%r9), %r9; movq %r9, (%rsp); nop; ret",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 4c 89 0c 24 90 c3"},
    {N_VERIFY_RULES, 'L', "a call and its landing",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 41 ff d1 4c 8b c9 41 "
     "8d 88 ee af ff ff e3 05 jmp:10000060 49 8b c9"},
    {RULE_LANDING, 'L', "a call without a landing",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 41 ff d1 "},
    {RULE_LANDING, 'L', "a landing that goes on anyway",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 41 ff d1 4c 8b c9 41 "
     "8d 88 ee af ff ff e3 00 49 8b c9"},
    {RULE_LANDING, 'L', "a landing for loop that uses jrcxz",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 41 ff d1 4c 8b c9 41 "
     "8d 88 ef af ff ff e3 05 jmp:10000060 49 8b c9"},
    {RULE_LANDING, 'L', "a landing for another address",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 41 ff d1 4c 8b c9 41 "
     "8d 88 ef af ff ff e3 05 jmp:10000060 49 8b c9"},
    {RULE_LANDING, 'L', "a landing that asks for another register",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 41 ff d1  4c 8b c9 "
     "41 8d 89 ee af ff ff e3 05 jmp:10000060 49 8b c9"},
    {RULE_LANDING, 'L', "a landing that asks for EIP and another register",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 41 ff d1  4c 8b c9 "
     "41 8d 8c 00 ee af ff ff e3 05 jmp:10000060 49 8b c9"},
    {RULE_LANDING, 'L', "a landing that asks after EIP was changed",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 41 ff d1  4c 8b c9 "
     "41 b8 12 50 00 00 41 8d 88 ee af ff ff e3 05 jmp:10000060 49 8b c9"},
    {RULE_LANDING, 'L', "a landing that does not keep ECX for the stub",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 41 ff d1 41 8d 88 ee "
     "af ff ff e3 05 jmp:10000060 49 8b c9"},
    {RULE_BOUNDARY, 'L', "a landing that does not give ECX back",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 41 ff d1 4c 8b c9 41 "
     "8d 88 ee af ff ff e3 05 jmp:10000060"},
    {RULE_BOUNDARY, 'L', "a landing that goes to the stub for no code",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 41 ff d1 4c 8b c9 41 "
     "8d 88 ee af ff ff e3 05 jmp:10000000 49 8b c9"},
    {RULE_LANDING, 'L', "the stub for landings, where nobody came back",
     "41 b8 67 45 23 01 4c 8b c9 jmp:10000060"},
    {N_VERIFY_RULES, 'L', "movl (%r12), %r8d; leaq 4(%r12), %r12; ret",
     "45 8b 04 24 4d 8d 64 24 04 c3"},
    {RULE_HOST_STACK, 'L', "ret without an address", "c3"},
    {RULE_HOST_STACK, 'L', "a return that stores what it looked up",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 4c 89 0c 24 c3"},
    {N_VERIFY_RULES, 'L', "a second landing that uses the jump of the first",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 41 ff d1 4c 8b c9 41 "
     "8d 88 ee af ff ff e3 05 jmp:10000060 49 8b c9 41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b "
     "0c 82 4d 8d 89 00 00 00 10 41 ff d1 4c 8b c9 41 8d 88 ef af ff ff e2 d1 49 8b c9"},
    {RULE_LANDING, 'L', "the same, one off",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 41 ff d1 4c 8b c9 41 "
     "8d 88 ee af ff ff e3 05 jmp:10000060 49 8b c9 41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b "
     "0c 82 4d 8d 89 00 00 00 10 41 ff d1 4c 8b c9 41 8d 88 ee af ff ff e2 d1 49 8b c9"},
    {RULE_TARGET, 'L', "the same, jrcxz for loop",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 41 ff d1 4c 8b c9 41 "
     "8d 88 ee af ff ff e3 05 jmp:10000060 49 8b c9 41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b "
     "0c 82 4d 8d 89 00 00 00 10 41 ff d1 4c 8b c9 41 8d 88 ef af ff ff e3 d1 49 8b c9"},
    {RULE_LANDING, 'L', "the same, to another place",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 41 ff d1 4c 8b c9 41 "
     "8d 88 ee af ff ff e3 05 jmp:10000060 49 8b c9 41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b "
     "0c 82 4d 8d 89 00 00 00 10 41 ff d1 4c 8b c9 41 8d 88 ef af ff ff e2 d0 49 8b c9"},
    {RULE_LANDING, 'L', "the same with ECX for RCX",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 41 ff d1 4c 8b c9 41 "
     "8d 88 ee af ff ff e3 05 jmp:10000060 49 8b c9 41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b "
     "0c 82 4d 8d 89 00 00 00 10 41 ff d1 4c 8b c9 41 8d 88 ef af ff ff 67 e2 d0 49 8b c9"},
    {RULE_BOUNDARY, 'L', "the same, ECX not given back",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 41 ff d1 4c 8b c9 41 "
     "8d 88 ee af ff ff e3 05 jmp:10000060 49 8b c9 41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b "
     "0c 82 4d 8d 89 00 00 00 10 41 ff d1 4c 8b c9 41 8d 88 ef af ff ff e2 d1 "},
    {RULE_LANDING, 'L', "the same, ECX not kept for the stub",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 41 ff d1 4c 8b c9 41 "
     "8d 88 ee af ff ff e3 05 jmp:10000060 49 8b c9 41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b "
     "0c 82 4d 8d 89 00 00 00 10 41 ff d1 4c 8b ca 41 8d 88 ef af ff ff e2 d1 49 8b c9"},
    {RULE_TARGET, 0, "JMPHOST 0x10001001", "jmp:10001001"},
    {RULE_TARGET, 0, "JMPHOST 0x10000402", "jmp:10000402"},
    {RULE_TARGET, 0, "JMPHOST 0x20000000", "jmp:20000000"},
    {RULE_TARGET, 0, "JMPHOST 0x10000010", "jmp:10000010"},
    {RULE_STUB, 0, "JMPHOST 0x10000000", "jmp:10000000"},
    {RULE_TARGET, 0, "jz 1f; .byte 0xb8; 1: .byte 0x90, 0x90, 0x90, 0x90", "74 01 b8 90 90 90 90"},
    {RULE_TARGET, 0, "nop; 1: nop; jmp 1b", "90 90 eb fd"},
    {N_VERIFY_RULES, 0, "call in place of a thunk that loads %ebx",
     "41 c7 44 24 fc 12 50 00 00 41 b8 60 97 04 08 4d 8b 96 48 02 04 00 4c 8b c9 41 8d 8a cd "
     "ed ff ff e2 0b 49 8b c9 bb 12 50 00 00 0f 1f 84 call:100000e0"},
    {N_VERIFY_RULES, 0, "the same, closed",
     "41 c7 44 24 fc 12 50 00 00 41 b8 60 97 04 08 4d 8b 96 48 02 04 00 4c 8b c9 41 8d 8a 00 "
     "00 00 00 eb 0b 49 8b c9 ba 12 50 00 00 0f 1f 84 call:100000e0"},
    {RULE_BRIDGE, 0, "the entry of another page",
     "41 c7 44 24 fc 12 50 00 00 41 b8 60 97 04 08 4d 8b 96 48 02 04 00 4c 8b c9 41 8d 8a ce "
     "ed ff ff e2 0b 49 8b c9 bb 12 50 00 00 0f 1f 84 call:100000e0"},
    {RULE_BRIDGE, 0, "another entry of the directory",
     "41 c7 44 24 fc 12 50 00 00 41 b8 60 97 04 08 4d 8b 96 50 02 04 00 4c 8b c9 41 8d 8a cd "
     "ed ff ff e2 0b 49 8b c9 bb 12 50 00 00 0f 1f 84 call:100000e0"},
    {RULE_BRIDGE, 0, "the code at another address",
     "41 c7 44 24 fc 12 50 00 00 41 b8 64 97 04 08 4d 8b 96 48 02 04 00 4c 8b c9 41 8d 8a cd "
     "ed ff ff e2 0b 49 8b c9 bb 12 50 00 00 0f 1f 84 call:100000e0"},
    {RULE_BRIDGE, 0, "another register",
     "41 c7 44 24 fc 12 50 00 00 41 b8 60 97 04 08 4d 8b 96 48 02 04 00 4c 8b c9 41 8d 8a cd "
     "ed ff ff e2 0b 49 8b c9 ba 12 50 00 00 0f 1f 84 call:100000e0"},
    {RULE_BRIDGE, 0, "LOOP to elsewhere",
     "41 c7 44 24 fc 12 50 00 00 41 b8 60 97 04 08 4d 8b 96 48 02 04 00 4c 8b c9 41 8d 8a cd "
     "ed ff ff e2 0c 49 8b c9 bb 12 50 00 00 0f 1f 84 call:100000e0"},
    {RULE_BRIDGE, 0, "never asked",
     "41 c7 44 24 fc 12 50 00 00 41 b8 60 97 04 08 4d 8b 96 48 02 04 00 4c 8b c9 41 8d 8a cd "
     "ed ff ff 90 90 49 8b c9 bb 12 50 00 00 0f 1f 84 call:100000e0"},
    {RULE_BRIDGE, 0, "rcx is not given back",
     "41 c7 44 24 fc 12 50 00 00 41 b8 60 97 04 08 4d 8b 96 48 02 04 00 4c 8b c9 41 8d 8a cd "
     "ed ff ff e2 0b 49 8b ca bb 12 50 00 00 0f 1f 84 call:100000e0"},
    {RULE_BRIDGE, 0, "no call in the nop",
     "41 c7 44 24 fc 12 50 00 00 41 b8 60 97 04 08 4d 8b 96 48 02 04 00 4c 8b c9 41 8d 8a cd "
     "ed ff ff e2 0b 49 8b c9 bb 12 50 00 00 0f 1f 80 call:100000e0"},
    {RULE_BRIDGE, 0, "a call of another stub",
     "41 c7 44 24 fc 12 50 00 00 41 b8 60 97 04 08 4d 8b 96 48 02 04 00 4c 8b c9 41 8d 8a cd "
     "ed ff ff e2 0b 49 8b c9 bb 12 50 00 00 0f 1f 84 call:10000000"},
    {RULE_THUNK, 0, "another return address",
     "41 c7 44 24 fc 12 50 00 00 41 b8 60 97 04 08 4d 8b 96 48 02 04 00 4c 8b c9 41 8d 8a cd "
     "ed ff ff e2 0b 49 8b c9 bb 13 50 00 00 0f 1f 84 call:100000e0"},
    {RULE_THUNK, 0, "a second register",
     "41 c7 44 24 fc 12 50 00 00 41 b8 60 97 04 08 4d 8b 96 48 02 04 00 4c 8b c9 41 8d 8a cd "
     "ed ff ff e2 0b 49 8b c9 bb 12 50 00 00 0f 1f 84 call:100000e0 ba 12 50 00 00"},
    {RULE_THUNK, 0, "nothing is stored",
     "41 b8 60 97 04 08 4d 8b 96 48 02 04 00 4c 8b c9 41 8d 8a cd ed ff ff e2 0b 49 8b c9 bb "
     "12 50 00 00 0f 1f 84 call:100000e0"},
    {RULE_THUNK, 0, "stored elsewhere",
     "41 c7 44 24 f8 12 50 00 00 41 b8 60 97 04 08 4d 8b 96 48 02 04 00 4c 8b c9 41 8d 8a cd "
     "ed ff ff e2 0b 49 8b c9 bb 12 50 00 00 0f 1f 84 call:100000e0"},
    {RULE_THUNK, 0, "ESP as behind a call",
     "41 c7 44 24 fc 12 50 00 00 41 b8 60 97 04 08 4d 8b 96 48 02 04 00 4c 8b c9 41 8d 8a cd "
     "ed ff ff e2 0b 49 8b c9 bb 12 50 00 00 0f 1f 84 call:100000e0 4d 8d 64 24 fc"},
    {RULE_THUNK, 0, "behind a change of a register",
     "41 c7 44 24 fc 12 50 00 00 b8 01 00 00 00 41 b8 60 97 04 08 4d 8b 96 48 02 04 00 4c 8b "
     "c9 41 8d 8a cd ed ff ff e2 0b 49 8b c9 bb 12 50 00 00 0f 1f 84 call:100000e0"},
    {RULE_INDIRECT, 0, "jmp *%rax", "ff e0"},
    {RULE_INDIRECT, 0, "movl $1, %r8d; jmp *%r8", "41 b8 01 00 00 00 41 ff e0"},
    {RULE_INDIRECT, 0, "jmp *(%r12)", "41 ff 24 24"},
    {RULE_INDIRECT, 0, "jmp *256(%r15)", "41 ff a7 00 01 00 00"},
    {RULE_INDIRECT, 0, "call *%r9", "41 ff d1"},
    {RULE_INDIRECT, 0,
     "movl $0x1234567, %r8d; movq 0x91a0(%r14), %r10; movl (%r10,%r8,4), %r9d; leaq"
     " 0x10000000(%r9), %r9; movl %eax, %r8d; jmp *%r9",
     "41 b8 67 45 23 01 4d 8b 96 a0 91 00 00 47 8b 0c 82 4d 8d 89 00 00 00 10 41 89 c0 41 ff e1"},
    {RULE_HELPER, 0, "call *256(%r15)", "41 ff 97 00 01 00 00"},
    {RULE_HELPER, 0, "@0; call *264(%r15)", "@0 41 ff 97 08 01 00 00"},
    {RULE_HELPER, 0, "@X", "@X"},
    {RULE_HELPER, 0, "@O", "@O"},
    {RULE_MEM_FORM, 0, "call *(%rax)", "ff 10"},
    {RULE_WIDE, 0, ".byte 0xe2, 0x00", "e2 00"},
    {RULE_PREFIX, 0, ".byte 0x66; JMPHOST 0x10001000", "66 jmp:10001000"},
    {RULE_PREFIX, 0, ".byte 0xf2; JMPHOST 0x10001000", "f2 jmp:10001000"},
    {RULE_BOUNDARY, 0, "movq %rcx, %r9; movq 16(%r14), %rcx; JMPHOST 0x10001000",
     "49 89 c9 49 8b 4e 10 jmp:10001000"},
    {RULE_FOLD, 0, "leaq (%r13,%rdi), %rdi; JMPHOST 0x10001000", "49 8d 7c 3d 00 jmp:10001000"},
    {RULE_STRADDLE, 0, ".byte 0xb8", "b8"},
    {RULE_PRECISE, 0, "incl %ecx; movl (%r12), %eax", "ff c1 41 8b 04 24"},
    {RULE_PRECISE, 0, "movl %ecx, %eax; movl (%r12), %ecx", "89 c8 41 8b 0c 24"},
    {RULE_PRECISE, 0, "leaq 4(%r12), %r12; movl (%r12), %eax", "4d 8d 64 24 04 41 8b 04 24"},
    {RULE_TWICE, 0, "incl %eax; decl %eax", "ff c0 ff c8"},
    {RULE_PRECISE, 0, "movl $0, 72(%r15); movl (%r12), %eax",
     "41 c7 47 48 00 00 00 00 41 8b 04 24"},
    {RULE_PRECISE, 0, "movl (%r12), %edi; movl 4(%r12), %esi", "41 8b 3c 24 41 8b 74 24 04"},
    {RULE_PRECISE, 0, "incl %eax; @H", "ff c0 @H"},
    {RULE_MNEMONIC, 'M', "M incl %eax", "ff c0"},
    {RULE_MEM_MODE, 'B', "B movl (%r12), %eax", "41 8b 04 24"},
    {RULE_CPU_WRITE, 'U', "U movl $0, 72(%r15)", "41 c7 47 48 00 00 00 00"},
    /* computed accesses: tests follow the gate of translate/computed.c */
    {N_VERIFY_RULES, 'B',
     "leal 4(%rbx), %r8d; movq 17272(%r15), %r9; movl $44, %r11d; leaq 3(%r9,%r8), "
     "%r9; shrxq %r11, %r9, %r9; movl -1048379(%r15,%r9), %r9d; movl "
     "%fs:(%r8d,%r9d), %eax",
     "44 8d 43 04 4d 8b 8f 78 43 00 00 41 bb 2c 00 00 00 4f 8d 4c 01 03 c4 42 a3 f7 "
     "c9 47 8b 8c 0f c5 00 f0 ff 64 67 43 8b 04 08"},
    {N_VERIFY_RULES, 'B',
     "movzwl %bx, %r8d; movq 17320(%r15), %r9; movl $44, %r11d; leaq 3(%r9,%r8), "
     "%r9; shrxq %r11, %r9, %r9; movl -1048379(%r15,%r9), %r9d; addl %eax, "
     "%fs:(%r8d,%r9d)",
     "44 0f b7 c3 4d 8b 8f a8 43 00 00 41 bb 2c 00 00 00 4f 8d 4c 01 03 c4 42 a3 f7 "
     "c9 47 8b 8c 0f c5 00 f0 ff 64 67 43 01 04 08"},
    {N_VERIFY_RULES, 'B',
     "leal -2(%r12), %r8d; movzwl %r8w, %r8d; movq 17352(%r15), %r9; movl $44, "
     "%r11d; leaq 1(%r9,%r8), %r9; shrxq %r11, %r9, %r9; movl -1048391(%r15,%r9), "
     "%r9d; movw %ax, %fs:(%r8d,%r9d); movw %r8w, %r12w",
     "45 8d 44 24 fe 45 0f b7 c0 4d 8b 8f c8 43 00 00 41 bb 2c 00 00 00 4f 8d 4c 01 "
     "01 c4 42 a3 f7 c9 47 8b 8c 0f b9 00 f0 ff 64 67 66 43 89 04 08 66 45 89 c4"},
    {N_VERIFY_RULES, 'B',
     "movzwl %r12w, %r8d; movq 17344(%r15), %r9; movl $44, %r11d; leaq 3(%r9,%r8), "
     "%r9; shrxq %r11, %r9, %r9; movl -1048391(%r15,%r9), %r9d; movl "
     "%fs:(%r8d,%r9d), %r10d; movw %fs:2(%r8d,%r9d), %cx; leal 4(%r8), %r8d; movw "
     "%r8w, %r12w",
     "45 0f b7 c4 4d 8b 8f c0 43 00 00 41 bb 2c 00 00 00 4f 8d 4c 01 03 c4 42 a3 f7 "
     "c9 47 8b 8c 0f b9 00 f0 ff 64 67 47 8b 14 08 64 67 66 43 8b 4c 08 02 45 8d 40 "
     "04 66 45 89 c4"},
    {N_VERIFY_RULES, 'B',
     "leal 4(%rbx), %r8d; movq 17272(%r15), %r9; movl $44, %r11d; leaq 3(%r9,%r8), "
     "%r9; shrxq %r11, %r9, %r9; movl -1048379(%r15,%r9), %r9d; leal (%r8,%r9), "
     "%r8d; movl $21, %r9d; shrxl %r9d, %r8d, %r9d; movq 832(%r15,%r9,8), %r9; movl "
     "(%r9,%r8), %eax",
     "44 8d 43 04 4d 8b 8f 78 43 00 00 41 bb 2c 00 00 00 4f 8d 4c 01 03 c4 42 a3 f7 "
     "c9 47 8b 8c 0f c5 00 f0 ff 47 8d 04 08 41 b9 15 00 00 00 c4 42 33 f7 c8 4f 8b "
     "8c cf 40 03 00 00 43 8b 04 01"},
    {N_VERIFY_RULES, 'B',
     "movl 17376(%r15), %r8d; leal 0x1234(%r8), %r8d; movq 17360(%r15), %r9; movl "
     "$44, %r11d; leaq 0(%r9,%r8), %r9; shrxq %r11, %r9, %r9; movl "
     "-1048403(%r15,%r9), %r9d; nop",
     "45 8b 87 e0 43 00 00 45 8d 80 34 12 00 00 4d 8b 8f d0 43 00 00 41 bb 2c 00 00 "
     "00 4f 8d 0c 01 c4 42 a3 f7 c9 47 8b 8c 0f ad 00 f0 ff 90"},
    {RULE_MEM_MODE, 'B', "leal 4(%rbx), %r8d; movl $0, %r9d; movl %fs:(%r8d,%r9d), %eax",
     "44 8d 43 04 41 b9 00 00 00 00 64 67 43 8b 04 08"},
    {RULE_MEM_MODE, 'B',
     "leal 4(%rbx), %r8d; movq 17272(%r15), %r9; movl $44, %r11d; leaq 3(%r9,%r8), "
     "%r9; shrxq %r11, %r9, %r9; movl -1048379(%r15,%r9), %r9d; movl "
     "%fs:(%ebx,%r9d), %eax",
     "44 8d 43 04 4d 8b 8f 78 43 00 00 41 bb 2c 00 00 00 4f 8d 4c 01 03 c4 42 a3 f7 "
     "c9 47 8b 8c 0f c5 00 f0 ff 64 67 42 8b 04 0b"},
    {RULE_MEM_MODE, 'B',
     "leal 4(%rbx), %r8d; movq 17272(%r15), %r9; movl $44, %r11d; leaq 3(%r9,%r8), "
     "%r9; shrxq %r11, %r9, %r9; movl -1048379(%r15,%r9), %r9d; leal 1(%r8), %r8d; "
     "movl %fs:(%r8d,%r9d), %eax",
     "44 8d 43 04 4d 8b 8f 78 43 00 00 41 bb 2c 00 00 00 4f 8d 4c 01 03 c4 42 a3 f7 "
     "c9 47 8b 8c 0f c5 00 f0 ff 45 8d 40 01 64 67 43 8b 04 08"},
    {RULE_MEM_MODE, 'B',
     "leal 4(%rbx), %r8d; movq 17272(%r15), %r9; movl $44, %r11d; leaq 3(%r9,%r8), "
     "%r9; shrxq %r11, %r9, %r9; movl -1048379(%r15,%r9), %r9d; movl %fs:(%r8d), "
     "%eax",
     "44 8d 43 04 4d 8b 8f 78 43 00 00 41 bb 2c 00 00 00 4f 8d 4c 01 03 c4 42 a3 f7 "
     "c9 47 8b 8c 0f c5 00 f0 ff 64 67 41 8b 00"},
    {RULE_LIMIT, 'B',
     "leal 4(%rbx), %r8d; movq 17272(%r15), %r9; movl $44, %r11d; leaq 1(%r9,%r8), "
     "%r9; shrxq %r11, %r9, %r9; movl -1048379(%r15,%r9), %r9d; movl "
     "%fs:(%r8d,%r9d), %eax",
     "44 8d 43 04 4d 8b 8f 78 43 00 00 41 bb 2c 00 00 00 4f 8d 4c 01 01 c4 42 a3 f7 "
     "c9 47 8b 8c 0f c5 00 f0 ff 64 67 43 8b 04 08"},
    {RULE_LIMIT, 'B',
     "leal 4(%rbx), %r8d; movq 17272(%r15), %r9; movl $44, %r11d; leaq 3(%r9,%r8), "
     "%r9; shrxq %r11, %r9, %r9; movl -1048379(%r15,%r9), %r9d; movl "
     "%fs:1(%r8d,%r9d), %eax",
     "44 8d 43 04 4d 8b 8f 78 43 00 00 41 bb 2c 00 00 00 4f 8d 4c 01 03 c4 42 a3 f7 "
     "c9 47 8b 8c 0f c5 00 f0 ff 64 67 43 8b 44 08 01"},
    {RULE_LIMIT, 'B',
     "leal 4(%rbx), %r8d; movq 17272(%r15), %r9; movl $44, %r11d; leaq 3(%r9,%r8), "
     "%r9; shrxq %r11, %r9, %r9; movl -1048379(%r15,%r9), %r9d; movl "
     "%fs:-1(%r8d,%r9d), %eax",
     "44 8d 43 04 4d 8b 8f 78 43 00 00 41 bb 2c 00 00 00 4f 8d 4c 01 03 c4 42 a3 f7 "
     "c9 47 8b 8c 0f c5 00 f0 ff 64 67 43 8b 44 08 ff"},
    {RULE_LIMIT, 'B',
     "leal 4(%rbx), %r8d; movq 17272(%r15), %r9; movl $44, %r11d; leaq 3(%r9,%r8), "
     "%r9; shrxq %r11, %r9, %r9; movl -1048379(%r15,%r9), %r9d; movl %eax, "
     "%fs:(%r8d,%r9d)",
     "44 8d 43 04 4d 8b 8f 78 43 00 00 41 bb 2c 00 00 00 4f 8d 4c 01 03 c4 42 a3 f7 "
     "c9 47 8b 8c 0f c5 00 f0 ff 64 67 43 89 04 08"},
    {RULE_LIMIT, 'B',
     "leal 4(%rbx), %r8d; movq 17272(%r15), %r9; movl $44, %r11d; leaq 3(%r9,%r8), "
     "%r9; shrxq %r11, %r9, %r9; movl -1048379(%r15,%r9), %r9d; addl %eax, "
     "%fs:(%r8d,%r9d)",
     "44 8d 43 04 4d 8b 8f 78 43 00 00 41 bb 2c 00 00 00 4f 8d 4c 01 03 c4 42 a3 f7 "
     "c9 47 8b 8c 0f c5 00 f0 ff 64 67 43 01 04 08"},
    {RULE_LIMIT, 'B',
     "leal 4(%rbx), %r8d; movq 17360(%r15), %r9; movl $44, %r11d; leaq 3(%r9,%r8), "
     "%r9; shrxq %r11, %r9, %r9; movl -1048403(%r15,%r9), %r9d; movl "
     "%fs:(%r8d,%r9d), %eax",
     "44 8d 43 04 4d 8b 8f d0 43 00 00 41 bb 2c 00 00 00 4f 8d 4c 01 03 c4 42 a3 f7 "
     "c9 47 8b 8c 0f ad 00 f0 ff 64 67 43 8b 04 08"},
    {RULE_LIMIT, 'B',
     "leal 4(%rbx), %r8d; movq 17272(%r15), %r9; movl $44, %r11d; leaq 3(%r9,%r8), "
     "%r9; shrxq %r11, %r9, %r9; movl -1048415(%r15,%r9), %r9d; movl "
     "%fs:(%r8d,%r9d), %eax",
     "44 8d 43 04 4d 8b 8f 78 43 00 00 41 bb 2c 00 00 00 4f 8d 4c 01 03 c4 42 a3 f7 "
     "c9 47 8b 8c 0f a1 00 f0 ff 64 67 43 8b 04 08"},
    {RULE_LIMIT, 'B',
     "leal 4(%rbx), %r8d; movq 17272(%r15), %r9; movl $44, %r11d; leaq 3(%r9,%r8), "
     "%r9; shrxq %r11, %r9, %r9; movl -1048375(%r15,%r9), %r9d; movl "
     "%fs:(%r8d,%r9d), %eax",
     "44 8d 43 04 4d 8b 8f 78 43 00 00 41 bb 2c 00 00 00 4f 8d 4c 01 03 c4 42 a3 f7 "
     "c9 47 8b 8c 0f c9 00 f0 ff 64 67 43 8b 04 08"},
    {RULE_LIMIT, 'B',
     "leal 4(%rbx), %r8d; movq 17272(%r15), %r9; movl $44, %r11d; leaq -1(%r9,%r8), "
     "%r9; shrxq %r11, %r9, %r9; movl -1048379(%r15,%r9), %r9d; movb "
     "%fs:(%r8d,%r9d), %al",
     "44 8d 43 04 4d 8b 8f 78 43 00 00 41 bb 2c 00 00 00 4f 8d 4c 01 ff c4 42 a3 f7 "
     "c9 47 8b 8c 0f c5 00 f0 ff 64 67 43 8a 04 08"},
    {RULE_WIDE, 'B',
     "leal 4(%rbx), %r8d; movq 17272(%r15), %r9; movl $32, %r11d; leaq 3(%r9,%r8), "
     "%r9; shrxq %r11, %r9, %r9; movl -1048379(%r15,%r9), %r9d; movl "
     "%fs:(%r8d,%r9d), %eax",
     "44 8d 43 04 4d 8b 8f 78 43 00 00 41 bb 20 00 00 00 4f 8d 4c 01 03 c4 42 a3 f7 "
     "c9 47 8b 8c 0f c5 00 f0 ff 64 67 43 8b 04 08"},
    {RULE_CPU_READ, 'B', "movq 17380(%r15), %r9", "4d 8b 8f e4 43 00 00"},
    {RULE_CPU_READ, 0, "movl 17376(%r15), %ecx", "41 8b 8f e0 43 00 00"},
    {RULE_DEST, 'B', "movq 17272(%r15), %rcx", "49 8b 8f 78 43 00 00"},
    {RULE_MEM_FORM, 'B', "leal 4(%rbx), %r8d; movq 17272(%r15), %r9; movl (%r9,%r8), %eax",
     "44 8d 43 04 4d 8b 8f 78 43 00 00 43 8b 04 01"},
    {RULE_PRECISE, 'B',
     "incl %ebx; leal 4(%rbx), %r8d; movq 17272(%r15), %r9; movl $44, %r11d; leaq "
     "3(%r9,%r8), %r9; shrxq %r11, %r9, %r9; movl -1048379(%r15,%r9), %r9d; nop",
     "ff c3 44 8d 43 04 4d 8b 8f 78 43 00 00 41 bb 2c 00 00 00 4f 8d 4c 01 03 c4 42 "
     "a3 f7 c9 47 8b 8c 0f c5 00 f0 ff 90"},
    {RULE_PRECISE, 'B',
     "movzwl %r12w, %r8d; movq 17344(%r15), %r9; movl $44, %r11d; leaq 7(%r9,%r8), "
     "%r9; shrxq %r11, %r9, %r9; movl -1048391(%r15,%r9), %r9d; movl "
     "%fs:(%r8d,%r9d), %eax; movl %fs:4(%r8d,%r9d), %ecx",
     "45 0f b7 c4 4d 8b 8f c0 43 00 00 41 bb 2c 00 00 00 4f 8d 4c 01 07 c4 42 a3 f7 "
     "c9 47 8b 8c 0f b9 00 f0 ff 64 67 43 8b 04 08 64 67 43 8b 4c 08 04"},
};

#endif
