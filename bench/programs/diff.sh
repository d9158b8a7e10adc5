# two texts with a difference in each tenth line
N=$((20 * SCALE / 100 + 1))
head -n 3000 text >a.txt
awk 'NR % 10 == 0 { $1 = "changed" } { print }' a.txt >b.txt
i=0; while [ $i -lt $N ]; do diff a.txt b.txt | grep -c changed; i=$((i + 1)); done
