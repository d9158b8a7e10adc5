# the classic pipeline
N=$((3 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do tr ' ' '\n' <text | sort | uniq -c | sort -rn | head -n 200; i=$((i + 1)); done
