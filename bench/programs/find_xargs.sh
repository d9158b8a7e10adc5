# a program for each file
N=$((2 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do find tree -name 'f[0-4].txt' | sort | xargs -n 1 wc -c | sort -n | tail -n 3; i=$((i + 1)); done
