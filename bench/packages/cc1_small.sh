# a build: small files, each compiled without much optimization and assembled
N=$((4 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do
    compile -O1 small.c -o small.s && package as small.s -o small.o || exit 1
i=$((i + 1)); done
cat small.o
