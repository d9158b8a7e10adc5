# pack and unpack a tree of 200 files
N=$((20 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do
    rm -rf out; mkdir out
    tar cf out.tar tree && tar xf out.tar -C out
    cat out/tree/d7/f3.txt
i=$((i + 1)); done
find out -type f | wc -l; rm -rf out out.tar
