# walk a tree, by name, size and type
N=$((80 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do find tree -type f -name '*[13].txt' -size +1 | wc -l; find tree -type d | wc -l; i=$((i + 1)); done
