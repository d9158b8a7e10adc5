# deflate 512 KiB, N times
N=$((4 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do gzip -6 <text; i=$((i + 1)); done
