# lines by letters
N=$((20 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do sort text; i=$((i + 1)); done
