# $(command) and a pipe for each turn
N=$((3 * SCALE + 1))
s=0
i=0; while [ $i -lt $N ]; do t=$(echo $i | cat); s=$((s + t)); i=$((i + 1)); done
echo $s
