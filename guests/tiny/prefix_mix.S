/* Prefixes: 66 on everything, redundant and repeated ones, segment overrides, REP on what is no
 * string, LOCK where allowed, the 15-byte limit. */
#include "lib.inc"
main:
    movl $0x11111111, %eax
    .byte 0x66, 0xb8, 0x22, 0x22      /* movw */
    CHECK(%eax, $0x11112222)
    .byte 0x66, 0x66, 0x05, 0x11, 0x11
    CHECK(%eax, $0x11113333)
    .byte 0x66, 0x40                  /* incw %ax */
    CHECK(%eax, $0x11113334)
    movl $0x1111ffff, %eax
    .byte 0x66, 0x40
    CHECK(%eax, $0x11110000)
    .byte 0x66, 0x48
    CHECK(%eax, $0x1111ffff)
    .byte 0x66, 0xfe, 0xc0            /* 66 with a byte op means nothing */
    CHECK(%eax, $0x1111ff00)
    .byte 0x66, 0x81, 0xc0, 0x34, 0x12
    CHECK(%eax, $0x11111134)
    .byte 0x66, 0x83, 0xc0, 0xff      /* addw $-1 */
    CHECK(%eax, $0x11111133)
    .byte 0x66, 0xf7, 0xd0
    CHECK(%eax, $0x1111eecc)
    .byte 0x66, 0xd1, 0xe0
    CHECK(%eax, $0x1111dd98)
    .byte 0x66, 0x69, 0xc8, 2, 0      /* imulw $2, %ax, %cx */
    CHECKW(%cx, $0xbb30)
    .byte 0x66, 0x98                  /* cbw */
    CHECKW(%ax, $0xff98)
    .byte 0x66, 0x99
    CHECKW(%dx, $0xffff)
    .byte 0x66, 0xa9, 0, 0x80         /* testw $0x8000, %ax */
    ASSERT(s)
    .byte 0x66, 0x0f, 0xb6, 0xc8      /* movzbw */
    CHECKW(%cx, $0x98)
    .byte 0x66, 0x0f, 0xa4, 0xc8, 4   /* shldw $4 */
    CHECKW(%ax, $0xf980)
    .byte 0x66, 0x8d, 0x05            /* leaw */
    .long 0x12345678
    CHECKW(%ax, $0x5678)
    .byte 0x66, 0xc7, 0x05
    .long mem
    .word 0xabcd
    CHECK(mem, $0x1122abcd)
    /* redundant segment prefixes: the last one counts; all flat here */
    movl $mem, %ebx
    .byte 0x3e, 0x26, 0x2e, 0x36, 0x8b, 0x03
    CHECK(%eax, $0x1122abcd)
    .byte 0x64, 0x3e, 0x8b, 0x03
    CHECK(%eax, $0x1122abcd)
    /* override with another base: T0 at mem+4 */
    SETDESC T0, mem + 4, 0xfff, 0x92, 0x4
    movl $T0, %ecx
    movl %ecx, %fs
    .byte 0x3e, 0x64, 0x8b, 0x05      /* ds, then fs: fs */
    .long 0
    CHECK(%eax, $0x55667788)
    .byte 0x64, 0x3e, 0x8b, 0x05      /* fs, then ds: ds */
    .long mem
    CHECK(%eax, $0x1122abcd)
    movl %fs:4, %eax
    CHECK(%eax, $0x99aabbcc)
    movl $KDS, %ecx
    movl %ecx, %fs
    /* branch hints, rep ret, rep nop, bnd */
    xorl %ecx, %ecx
    .byte 0x3e, 0x74, 0
    .byte 0x2e, 0x75, 0
    call 1f
    jmp 2f
1:  .byte 0xf3, 0xc3
2:  .byte 0xf2, 0xeb, 0
    .byte 0xf3, 0x90
    .byte 0xf3, 0x40                  /* rep inc: inc once */
    .byte 0xf2, 0x40
    CHECK(%eax, $0x99aabbce)
    .byte 0xf3, 0x89, 0xc2            /* rep mov */
    CHECK(%edx, %eax)
    .byte 0xf3, 0x8b, 0x03
    CHECK(%eax, $0x1122abcd)
    .byte 0xf3, 0x0f, 0xaf, 0xc0      /* rep imul */
    /* f3 bsf/bsr: tzcnt/lzcnt if CPUID says so, else bsf/bsr; same result for a single high bit */
    movl $0x100, %eax
    .byte 0xf3, 0x0f, 0xbc, 0xc8
    CHECK(%ecx, $8)
    movl $1, %eax
    cpuid
    movl %ecx, %esi
    movl $0x80000000, %eax
    cpuid
    xorl %edi, %edi
    cmpl $0x80000001, %eax
    jb 3f
    movl $0x80000001, %eax
    cpuid
    movl %ecx, %edi
3:  movl $0x100, %eax
    .byte 0xf3, 0x0f, 0xbd, 0xc8      /* lzcnt: 23, bsr: 8 */
    btl $5, %edi
    jc 4f
    CHECK(%ecx, $8)
    jmp 5f
4:  CHECK(%ecx, $23)
5:  /* f3 0f b8 popcnt or #UD */
    btl $23, %esi
    jnc 6f
    movl $0xf0f0, %eax
    .byte 0xf3, 0x0f, 0xb8, 0xc8
    CHECK(%ecx, $8)
    jmp 7f
6:  FAULTS(UD, 0, .byte 0xf3; .byte 0x0f; .byte 0xb8; .byte 0xc8)
7:  /* lock with every allowed form */
    movl $mem, %ebx
    movl $0, (%ebx)
    movl $1, %eax
    movl $3, %ecx
    lock addl %ecx, (%ebx)
    lock orl $4, (%ebx)
    lock adcb $0, (%ebx)
    lock sbbw $0, (%ebx)
    lock andl $-1, (%ebx)
    lock subl %eax, (%ebx)
    lock xorl $0, (%ebx)
    lock incl (%ebx)
    lock decl (%ebx)
    lock notl (%ebx)
    lock negl (%ebx)
    CHECK((%ebx), $7)
    lock xchgl %eax, (%ebx)
    lock xaddl %ecx, (%ebx)
    CHECK((%ebx), $4)
    CHECK(%ecx, $1)
    CHECK(%eax, $7)
    /* lock on a cache-line-splitting operand */
    movl $split, %edx
    lock incl (%edx)
    CHECK((%edx), $1)
    lock cmpxchgl %ecx, (%edx)
    CHECK(%eax, $1)
    /* exactly 15 bytes is fine */
    .byte 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90
    movl $0x100, %ebx
    movl $mem, %esi
    .byte 0x3e, 0x36, 0x3e, 0x3e, 0x81, 0x84, 0x1e
    .long -0x100
    .long 0x12345678
    CHECK(mem, $0x1234567c)
    /* 16 is #GP(0), whatever is inside */
    FAULTS(GP, 0, .fill 15, 1, 0x66; nop)
    FAULTS(GP, 0, .fill 16, 1, 0x3e; .byte 0x0f; .byte 0x0b)
    FAULTS(GP, 0, .fill 5, 1, 0x3e; addl $0x12345678, 0x11223344(%esi,%ebx))
    PASS
    .data
    .balign 64
mem: .long 0x11221122, 0x55667788, 0x99aabbcc
    .space 256
    .balign 64
    .skip 62
split: .long 0, 0
