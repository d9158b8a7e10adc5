# not a test: input of the others, beside what mkdata writes
for i in 1 2 3 4 5 6 7 8; do cat text; done >blob
awk -v n=$((18 * SCALE / 100 + 1)) -f "$HERE/source.awk" >source.c
awk -v n=1 -f "$HERE/source.awk" >small.c
echo 'int x; int f(int a) { return a * 3 + x; }' >tiny.c
awk -v n=1000 -f "$HERE/assembly.awk" >source.s
