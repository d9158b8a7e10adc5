# 20000 lines by number
N=$((6 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do sort -n numbers; i=$((i + 1)); done
