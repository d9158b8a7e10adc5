# inflate
N=$((40 * SCALE / 100 + 1))
gzip <text >text.gz
i=0; while [ $i -lt $N ]; do gzip -dc <text.gz; i=$((i + 1)); done
