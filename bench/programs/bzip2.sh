# block sorting, 128 KiB
N=$((14 * SCALE / 100 + 1))
head -c 131072 text >part
i=0; while [ $i -lt $N ]; do bzip2 <part; i=$((i + 1)); done
