/* native.S - the calls of bare.S as a 32-bit process, for bench/bare/run to compare with. Same loops, same
 * output, by write(2). */
#define BATCHES 40
    .macro bench name, loops, per, setup, op
    movl $BATCHES, batches
    movl $-1, least
    \setup
    jmp 7f
    .balign 64
7:  rdtsc
    movl %eax, ticks
    movl $\loops, %ebp
9:
    .rept \per
    \op
    .endr
    decl %ebp
    jnz 9b
    rdtsc
    subl ticks, %eax
    cmpl least, %eax
    jae 8f
    movl %eax, least
8:  decl batches
    jnz 7b
    .pushsection .data
.Lname\@: .ascii "\name "
.Lend\@:
    .popsection
    movl $.Lname\@, %ecx
    movl $(.Lend\@ - .Lname\@), %edx
    movl $(\loops * \per), %ebx
    call say
    .endm

#define LSTR_(x...) #x
#define LSTR(x...) LSTR_(x)
#define BENCH(name, loops, per, setup, op...) bench name, loops, per, LSTR setup, LSTR(op)

    .globl _start
_start:
    BENCH(call_ret, 500, 16, (nop), call nothing)
    BENCH(call_indirect, 500, 8, (movl $nothing, %ebx), call *%ebx)
    BENCH(call_deep_8, 500, 1, (nop), call deep1)
    movl $1, %eax
    xorl %ebx, %ebx
    int $0x80

/* ecx, edx: text; ebx: operations */
say:
    pushl %ebx
    call write
    popl %eax
    movb $' ', number + 8
    call say_number
    movl least, %eax
    movb $'\n', number + 8
say_number:
    movl $8, %ecx
    movl $number, %edi
1:  roll $4, %eax
    movl %eax, %edx
    andl $15, %edx
    movb digits(%edx), %dl
    movb %dl, (%edi)
    incl %edi
    loop 1b
    movl $number, %ecx
    movl $9, %edx
write:
    movl $4, %eax
    movl $1, %ebx
    int $0x80
    ret

nothing:
    ret
    .macro DEEP n, next
deep\n:
    call deep\next
    ret
    .endm
    DEEP 1, 2
    DEEP 2, 3
    DEEP 3, 4
    DEEP 4, 5
    DEEP 5, 6
    DEEP 6, 7
    DEEP 7, 8
deep8:
    ret

    .data
digits: .ascii "0123456789abcdef"
number: .skip 9
    .balign 4
batches: .long 0
least: .long 0
ticks: .long 0
