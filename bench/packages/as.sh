# the assembler: a thousand functions, 47,000 lines
N=$((7 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do package as source.s -o out.o || exit 1; i=$((i + 1)); done
cat out.o
