# division of 64-bit numbers
N=$((100 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do factor $((1000000007 + i * 2)) $((70368744177663 - i)); i=$((i + 1)); done
