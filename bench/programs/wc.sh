# counting words
N=$((70 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do wc text; i=$((i + 1)); done
