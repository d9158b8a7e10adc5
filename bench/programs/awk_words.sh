# associative arrays and fields
N=$((3 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do awk '{ for (i = 1; i <= NF; i++) n[$i]++ } END { for (w in n) s += n[w] * length(w); print NR, s }' text; i=$((i + 1)); done
