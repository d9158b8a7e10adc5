# the same with cpio and a pipe
N=$((20 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do
    rm -rf out; mkdir out
    find tree | cpio -o -H newc 2>/dev/null | (cd out && cpio -id 2>/dev/null)
    cat out/tree/d3/f7.txt
i=$((i + 1)); done
find out -type f | wc -l; rm -rf out
