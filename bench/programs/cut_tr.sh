# fields and letters
N=$((25 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do cut -d ' ' -f 2,4 text | tr a-y b-z | tail -n 100; i=$((i + 1)); done
