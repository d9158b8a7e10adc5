# start of the C compiler: a file of one line
N=$((15 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do compile -O2 tiny.c -o tiny.s || exit 1; i=$((i + 1)); done
cat tiny.s
