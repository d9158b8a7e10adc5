# 64-bit rotations on a 32-bit machine
N=$((20 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do sha3sum <text; i=$((i + 1)); done
