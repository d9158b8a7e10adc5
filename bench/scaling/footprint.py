"""footprint.py - writes assembly for a program with so many bytes of code: functions of 40 to 400 bytes,
no two at the same place in a page, which footprint.c calls in pseudo-random order.

The assembler repeats BODIES different bodies with constants of their own; a body may call the function
before it, so that direct calls leave their page too.
"""
import random

BODIES = 101
REGISTERS = ("%eax", "%ecx", "%edx")


def body(chance, n_insns):
    text = []
    for i in range(n_insns):
        a, b = chance.sample(REGISTERS, 2)
        text.append(chance.choice((
            "addl $(count * 40503), A", "xorl $(count * 30011 + 7), A", "addl B, A", "subl B, A", "xorl B, A", "roll $5, A",
            "imull $69069, B, A", "leal 3(A,B,2), A", "movzwl %ax, %ecx", "movl (%esi), A", "addl A, 4(%esi)",
            "testl A, A; jns 2f; notl A; 2:", "cmpl B, A; jb 2f; addl $11, A; 2:", "movl A, 8(%esi)",
            "pushl B; popl A")).replace("A", a).replace("B", b))
    return text


def source(n_bytes):
    chance = random.Random(86)
    text = ["    .section .note.GNU-stack,\"\",@progbits", "    .data", "    .globl table, n_table", "    .balign 4", "table:",
            "    .text", "    .set count, 1"]
    # the mean instruction has about 3.4 bytes: what the assembler says is counted by the caller
    sizes = [chance.randrange(10, 110) for _ in range(BODIES)]
    mean = sum(sizes) / BODIES * 3.4 + 8
    repeats = max(1, round(n_bytes / mean / BODIES))
    n_bodies = min(BODIES, max(8, round(n_bytes / mean)))
    text.append("    .rept %d" % repeats)
    for number in range(n_bodies):
        text += ["1:"]
        lines = body(chance, sizes[number])
        if number % 3 == 2:
            lines.insert(len(lines) // 2, "call 0b")
        text += ["    " + line for line in lines]
        text += ["    addl 4(%esi), %eax", "    ret"]
        # a leaf for the next one's direct call, which must end: only functions without calls are named 0
        if number % 3 == 0:
            text += ["0:  imull $1103515245, %eax; addl $count, %eax; ret"]
        text += ["    .data; .long 1b; .text", "    .set count, count + 1"]
    text += ["    .endr", "    .data", "n_table: .long (. - table) / 4"]
    return "\n".join(text) + "\n"
