# bytes into text
N=$((14 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do head -c 131072 text | od -t x1 | tail -n 50; i=$((i + 1)); done
