# assembly.awk - writes assembly: -v n=N functions of about thirty lines, with labels, data and relocations.
function random(limit) { seed = seed * 16807 % 2147483647; return seed % limit }
function reg() { return regs[random(6) + 1] }
BEGIN {
    seed = 1978
    split("%eax %ecx %edx %ebx %esi %edi", regs, " ")
    for (i = 0; i < n; i++) {
        printf "\t.text\n\t.p2align 4\n\t.globl f%d\n\t.type f%d, @function\nf%d:\n\tpushl %%ebp\n\tmovl %%esp, %%ebp\n", i, i, i
        for (j = 0; j < 5; j++) {
            printf "\tmovl %d(%%ebp), %s\n\tleal %d(%s,%s,4), %s\n", random(60) + 8, reg(), random(5000), reg(), reg(), reg()
            printf ".L%d_%d:\taddl $%d, %s\n\txorl table%d+%d(,%s,4), %s\n", i, j, random(100000), reg(), random(i + 1), random(60) * 4, reg(), reg()
            printf "\tcmpl %s, %s\n\tj%s .L%d_%d\n", reg(), reg(), random(2) ? "ne" : "b", i, random(j + 1)
        }
        printf "\tcall f%d\n\tleave\n\tret\n\t.size f%d, .-f%d\n", random(n), i, i
        printf "\t.data\n\t.p2align 2\ntable%d:\n\t.long f%d, .L%d_2-f%d, %d\n\t.zero 240\n\t.string \"function %d\"\n", i, random(n), i, i, random(1000000), i
    }
}
